"""What the supervisor says of itself without being asked (STATUS=), and the counters (USR1)."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import dns.message
import dns.query
import pytest
from conftest import wait_until


class Manager:
    """A service manager: what it was told, and when."""

    def __init__(self, directory):
        self.path = directory / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(30)
        self.lines, self.times = [], []

    def status(self):
        """The next line."""
        while not (message := self.socket.recv(8192)).startswith(b"STATUS="):
            pass
        self.lines.append(message.decode("ascii")[7:])
        self.times.append(time.monotonic())
        return self.lines[-1]

    def wait(self, pattern):
        """The next line that is like this."""
        while not re.search(pattern, line := self.status()):
            pass
        return line


@pytest.fixture
def manager(box):
    made = Manager(box.directory)
    yield made
    made.socket.close()


def counters(run, role, times=1):
    """Of the newest of so many lines."""
    found = re.compile(rf"^\S+ info {role} counters (.*)$", re.M)
    wait_until(lambda: len(found.findall(run.log())) >= times, f"counters of {role}")
    line = found.findall(run.log())[-1]
    return {key: int(value) for key, value in (word.split("=") for word in line.split())}


def test_status_follows_the_roles(box, supervisor, manager):
    run = supervisor({"NOTIFY_SOCKET": str(manager.path)})
    all_run = "3 roles run: tester, collector, dnsbl; "
    assert manager.wait("^3 roles.*listed") == all_run + "0 listed, serial 0"
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    assert manager.wait("1 listed") == all_run + "1 listed, serial 1"
    for _ in range(3):
        os.kill(run.roles()["dnsbl"], signal.SIGKILL)
        assert manager.wait("again").startswith(
            "2 roles run: tester, collector; dnsbl starts again in ")
        assert "(signal 9)" in manager.lines[-1]
        # It runs before it has told what it serves.
        assert manager.wait("^3 roles.*listed") == all_run + "1 listed, serial 1"
    # It counts down.
    os.kill(run.roles()["dnsbl"], signal.SIGKILL)
    before = len(manager.lines)
    manager.wait("^3 roles")
    left = [int(found[1]) for line in manager.lines[before:]
            if (found := re.search("again in ([0-9]) s", line))]
    assert len(left) >= 3 and left == sorted(set(left), reverse=True)
    assert run.stop() == 0
    assert all(line.isprintable() and len(line) <= 600 for line in manager.lines)
    assert all(a != b for a, b in zip(manager.lines, manager.lines[1:]))


def test_status_is_not_told_too_often(box, supervisor, manager):
    run = supervisor({"NOTIFY_SOCKET": str(manager.path)})
    manager.wait("^3 roles")
    for number in range(1, 21):
        box.run("list", "add", f"192.0.2.{number}", "--why", "seen by hand")
    manager.wait("20 listed")
    took = manager.times[-1] - manager.times[0]
    assert len(manager.times) <= 2 + took * 4
    assert run.stop() == 0


def test_counters_of_each_role(box, supervisor):
    box.configure(dnsbl="rrl_rate = 2")
    run = supervisor()
    run.wait_log("supervisor ready")

    def ask(name, kind="A", tcp=False):
        query = dns.message.make_query(name, kind)
        return (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", port=box.dns,
                                                         timeout=10)

    ask("2.0.0.127.relays.portreeve.test")
    ask("9.2.0.192.relays.portreeve.test")
    ask("1.2.0.192.elsewhere.test", tcp=True)
    for _ in range(4):
        ask("8.2.0.192.relays.portreeve.test")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"no message", ("127.0.0.1", box.dns))
        client.sendto(b"\0\1" + bytes(10), ("127.0.0.1", box.dns))
        client.settimeout(10)
        client.recv(512)
    with socket.create_connection(("127.0.0.1", box.smtp), timeout=10) as client:
        lines = client.makefile("rb")
        lines.readline()
        for line in (b"HELO a.test", b"MAIL FROM:<a@a.test>", b"RCPT TO:<b@b.test>", b"QUIT"):
            client.sendall(line + b"\r\n")
            lines.readline()
    run.process.send_signal(signal.SIGUSR1)
    name = counters(run, "dnsbl")
    assert {key: name[key] for key in (
        "queries", "listed", "nxdomain", "refused", "formerr", "rrl-cut", "ignored",
        "tcp-queries", "tcp-connections", "tcp-refused", "serial")} == {
            "queries": 9, "listed": 1, "nxdomain": 3, "refused": 1, "formerr": 1, "rrl-cut": 2,
            "ignored": 1, "tcp-queries": 1, "tcp-connections": 1, "tcp-refused": 0, "serial": 0}
    mail = counters(run, "collector")
    assert (mail["connections"], mail["recipients-refused"], mail["messages"]) == (1, 1, 0)
    tests = counters(run, "tester")
    assert tests["running"] == tests["open"] == 0
    assert run.log().count(" counters ") == 3
    # One alone, and after a reload, which forgets nothing.
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("supervisor reloaded")
    os.kill(run.roles()["collector"], signal.SIGUSR1)
    assert counters(run, "collector", times=2)["connections"] == 1
    assert run.log().count(" counters ") == 4
    assert run.stop() == 0


def test_counters_at_any_time(box, supervisor):
    """From the first moment on nobody dies of it, however often it comes."""
    run = supervisor()
    end = time.monotonic() + 2
    # Until exec() it is the test's own process.
    wait_until(lambda: ignores_usr1(run.process.pid), "the signal to be taken")
    while time.monotonic() < end:
        for pid in (run.process.pid, *run.roles().values()):
            try:
                if ignores_usr1(pid):
                    os.kill(pid, signal.SIGUSR1)
            except (ProcessLookupError, FileNotFoundError):
                pass
    run.wait_log("supervisor ready")
    assert "role-died" not in run.log()
    assert run.stop() == 0


def ignores_usr1(pid):
    """Or catches it."""
    fields = dict(line.split(":\t", 1) for line in
                  Path(f"/proc/{pid}/status").read_text().splitlines())
    masks = int(fields["SigIgn"], 16) | int(fields["SigCgt"], 16)
    return bool(masks & 1 << signal.SIGUSR1 - 1)
