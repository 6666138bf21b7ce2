# SPDX-License-Identifier: ISC
"""One host, or one site, cannot close the collector or the name server to everybody else."""

import os
import resource
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest
from conftest import wait_until
from processes import cpu_seconds

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces are root's")

DESCRIPTORS = 48


def connect(to, source, family=socket.AF_INET):
    connection = socket.socket(family)
    connection.settimeout(10)
    connection.bind((source, 0))
    connection.connect(to)
    return connection


def first_line(connection):
    try:
        return connection.makefile("rb").readline()
    except (ConnectionError, TimeoutError):
        return b""


def greeted(port, source, address="127.0.0.1", family=socket.AF_INET):
    with connect((address, port), source, family) as connection:
        return first_line(connection).startswith(b"220 ")


@pytest.fixture
def collector(box, supervisor):
    def start(descriptors=None, **collector):
        rows = "\n".join(f"{name} = {value}" for name, value in collector.items())
        box.configure(general='roles = {"collector"}', collector=rows)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors or soft, hard))
        try:
            run = supervisor()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        run.wait_log("supervisor ready")
        return run
    return start


def test_refused_connections_close_nothing(box, collector):
    """More than a hundred a second from one address that is over its limit, and held open."""
    collector()
    held = [connect(("127.0.0.1", box.smtp), "127.0.0.5") for _ in range(20)]
    assert all(first_line(one).startswith(b"220 ") for one in held)
    began, refused, strangers = time.monotonic(), [], 0
    while time.monotonic() - began < 6:
        refused += [connect(("127.0.0.1", box.smtp), "127.0.0.5") for _ in range(15)]
        if time.monotonic() - began < strangers / 10:
            select.select([], [], [], 0.1)
        # Neighbours and others.
        for source in (f"127.0.0.{10 + strangers % 200}", f"127.7.{strangers % 200}.1"):
            assert greeted(box.smtp, source), f"a stranger was refused after {len(refused)}"
        strangers += 1
    assert len(refused) > 600
    assert all(first_line(one).startswith(b"421 ") for one in refused[:5] + refused[-5:])
    for one in held + refused:
        one.close()


def test_crowded_network_makes_room(box, collector):
    """All places are taken, by many networks; an empty one still gets in."""
    collector(sessions=60, sessions_per_host=20)
    held = []
    for host in range(300):
        one = connect(("127.0.0.1", box.smtp), f"127.1.{host % 25}.{1 + host // 25}")
        if first_line(one).startswith(b"220 "):
            held.append(one)
    assert 30 < len(held) <= 60
    for net in range(10):
        assert greeted(box.smtp, f"127.2.{net}.1")
    for one in held:
        one.close()


def test_transactions_are_not_taken_away(box, collector):
    collector(sessions=8, sessions_per_host=4)
    working = connect(("127.0.0.1", box.smtp), "127.3.0.1")
    lines = working.makefile("rwb", buffering=0)
    lines.readline()
    for command in (b"HELO x.test", b"MAIL FROM:<>"):
        lines.write(command + b"\r\n")
        assert lines.readline().startswith(b"250")
    others = [connect(("127.0.0.1", box.smtp), f"127.4.{n}.1") for n in range(40)]
    assert any(first_line(one) for one in others)
    lines.write(b"NOOP\r\n")
    assert lines.readline().startswith(b"250")
    for one in [working, *others]:
        one.close()


def test_no_descriptor_left(box, collector):
    """It neither spins nor goes away, and serves a stranger meanwhile."""
    run = collector(DESCRIPTORS, sessions=500, sessions_per_host=400)
    pid = run.roles()["collector"]
    held = [connect(("127.0.0.1", box.smtp), f"127.5.{n % 7}.1") for n in range(200)]
    wait_until(lambda: "connections-refused" in run.log(), "the limit")
    before = cpu_seconds(pid)
    strangers = []
    for n in range(4):
        strangers.append(greeted(box.smtp, f"127.6.{n}.1"))
        time.sleep(0.5)         # the time that is measured
    assert cpu_seconds(pid) - before < 0.5
    assert all(strangers)
    for one in held:
        one.close()
    wait_until(lambda: greeted(box.smtp, "127.5.0.1"), "service again")
    assert run.roles()["collector"] == pid


def test_no_descriptor_and_nobody_idle(box, collector):
    """Every session is in a transaction: it waits for one to end."""
    run = collector(DESCRIPTORS, sessions=500, sessions_per_host=400)
    pid = run.roles()["collector"]
    held = []
    for n in range(DESCRIPTORS - len(list(Path(f"/proc/{pid}/fd").iterdir())) - 1):
        one = connect(("127.0.0.1", box.smtp), f"127.8.{n}.1")
        one.sendall(b"HELO x.test\r\nMAIL FROM:<>\r\n")
        replies = one.makefile("rb")
        assert [replies.readline()[:3] for _ in range(3)] == [b"220", b"250", b"250"]
        held.append(one)
    waiting = [connect(("127.0.0.1", box.smtp), f"127.9.{n}.1") for n in range(30)]
    before = cpu_seconds(pid)
    select.select(waiting[20:], [], [], 2)
    assert cpu_seconds(pid) - before < 0.5
    for one in held + waiting:
        one.close()
    wait_until(lambda: greeted(box.smtp, "127.10.0.1"), "service again")


# ---- IPv6, in a namespace of its own ------------------------------------------------------

CLIENT = """
import socket, sys
port, held, answers = int(sys.argv[1]), [], []
def connect(source):
    one = socket.socket(socket.AF_INET6)
    one.settimeout(10)
    one.bind((source, 0))
    one.connect(("2001:db8::1", port))
    line = one.makefile("rb").readline()
    return one, line[:3].decode()
for n in range(500):
    one, code = connect(f"2001:db8:1:{n % 25:x}::{1 + n // 25:x}")
    held.append(one)
    answers.append(code)
stranger = connect("2001:db8:2::1")[1]
print(answers.count("220"), answers.count("421"), stranger)
"""


@ROOT
def test_one_site_of_ipv6(box, tmp_path):
    """500 idle sessions from 25 /64s of one /48: a stranger still gets in."""
    name = f"portreeve-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        def inside(*command, **keywords):
            return subprocess.run(["ip", "netns", "exec", name, *command], check=True, **keywords)

        inside("ip", "link", "set", "lo", "up")
        addresses = ["2001:db8::1", "2001:db8:2::1"] + [
            f"2001:db8:1:{net:x}::{host:x}" for net in range(25) for host in range(1, 21)]
        batch = "\n".join(f"addr add {one}/128 dev lo nodad" for one in addresses)
        inside("ip", "-6", "-batch", "-", input=batch, text=True)
        box.config.write_text(box.config.read_text().replace("127.0.0.1:", "[2001:db8::1]:")
                              + 'roles = {"collector"}\n')
        log = tmp_path / "log"
        with log.open("wb") as out:
            run = subprocess.Popen(
                ["ip", "netns", "exec", name, os.environ["PORTREEVE"], "run", "-c", box.config,
                 "--state", box.state], stderr=out, cwd=box.directory)
        try:
            wait_until(lambda: "supervisor ready" in log.read_text(), "the collector")
            done = inside("/usr/bin/python3", "-c", CLIENT, str(box.smtp), capture_output=True,
                          text=True)
            taken, refused, stranger = done.stdout.split()
            assert stranger == "220", done.stdout
            assert int(taken) <= 125 and int(taken) + int(refused) == 500
        finally:
            run.terminate()
            run.wait(30)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


# ---- the name server ------------------------------------------------------------------------

def test_name_server_over_tcp(box, supervisor):
    """The same limits: whoever holds connections holds them from nobody else."""
    box.configure(general='roles = {"dnsbl"}')
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    run = supervisor()
    run.wait_log("supervisor ready")
    held = [connect(("127.0.0.1", box.dns), f"127.11.0.{1 + n // 20}") for n in range(300)]
    query = dns.message.make_query("2.0.0.127.relays.portreeve.test", "A")
    stop = threading.Event()

    def knock():
        while not stop.wait(0.005):
            held.append(connect(("127.0.0.1", box.dns), "127.11.0.1"))

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        for n in range(5):
            answer = dns.query.tcp(query, "127.0.0.1", port=box.dns, timeout=5,
                                   source=f"127.12.{n}.1")
            assert answer.answer
    finally:
        stop.set()
        knocking.join()
    for one in held:
        one.close()


def test_equal_answers_are_cut(box, supervisor):
    """Beyond 20 a second to one network and question: the question and TC, never silence."""
    box.configure(general='roles = {"dnsbl"}')
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    run = supervisor()
    run.wait_log("supervisor ready")
    zone = "relays.portreeve.test"

    def burst(names, source):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.bind((source, 0))
            asker.connect(("127.0.0.1", box.dns))
            asker.settimeout(10)
            answers = []
            for start in range(0, len(names), 50):
                for name in names[start:start + 50]:
                    asker.send(dns.message.make_query(name, "TXT").to_wire())
                answers += [dns.message.from_wire(asker.recv(4096), ignore_trailing=True)
                            for _ in names[start:start + 50]]
            return answers

    for name in (f"1.2.0.192.{zone}", f"2.0.0.127.{zone}", zone, "example.org"):
        answers = burst([name] * 500, "127.13.0.1")
        cut = [one for one in answers if one.flags & dns.flags.TC]
        assert len(cut) > 300, name
        assert not any(one.answer or one.authority for one in cut)
    assert not any(one.flags & dns.flags.TC
                   for one in burst([f"{n}.3.0.192.{zone}" for n in range(250)], "127.13.0.1"))
    assert not any(one.flags & dns.flags.TC
                   for one in burst([f"2.0.0.127.{zone}"] * 10, "127.14.0.1"))
    query = dns.message.make_query(f"2.0.0.127.{zone}", "TXT")
    for _ in range(30):
        assert dns.query.tcp(query, "127.0.0.1", port=box.dns, timeout=5).answer
    assert run.stop() == 0
