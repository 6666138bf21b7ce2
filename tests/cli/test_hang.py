"""A log that nobody reads holds nobody up, and a role that hangs is noticed."""

import contextlib
import ctypes
import fcntl
import os
import pty
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import tty
from pathlib import Path

import pytest
from conftest import BINARY, wait_until
from processes import roles_of
from test_run import ROLES, alive, listed, smtp_banner


class Unread:
    """What a program gets as its stderr, full already, with nobody who reads."""

    def __init__(self, kind):
        if kind == "pipe":
            self.reader, self.writer = os.pipe()
            fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 4096)
        elif kind == "socket":
            one, two = socket.socketpair()
            self.reader, self.writer = one.detach(), two.detach()
        else:
            self.reader, self.writer = pty.openpty()
            tty.setraw(self.writer)
        self.flags = fcntl.fcntl(self.writer, fcntl.F_GETFL)
        os.set_blocking(self.writer, False)
        for size in (1000, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(self.writer, b"x" * size)
        os.set_blocking(self.writer, True)

    def drain(self):
        got = b""
        while select.select([self.reader], [], [], 0)[0]:
            got += os.read(self.reader, 65536)
        return got.decode()

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_log_that_nobody_reads(box, kind):
    """Starts, serves, loses a role and gets another, reloads and stops; then says how much is
    missing."""
    box.configure(general="log_level = debug")
    log = Unread(kind)
    run = subprocess.Popen([BINARY, "run", "-c", box.config, "--state", box.state],
                           stderr=log.writer, cwd=box.directory)
    try:
        wait_until(lambda: listed(box) == ["127.0.0.2"], "an answer")
        assert smtp_banner(box).startswith(b"220 ")
        box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
        wait_until(lambda: listed(box, "1.2.0.192.relays.portreeve.test") == ["127.0.0.4"],
                   "the listing")
        for role in ("dnsbl", "collector"):
            old = wait_until(lambda name=role: roles_of(run.pid).get(name), "the role")
            os.kill(old, signal.SIGKILL)
            wait_until(lambda name=role, was=old:
                       roles_of(run.pid).get(name, was) != was, "another one")
        wait_until(lambda: listed(box) == ["127.0.0.2"], "an answer again")
        for i in range(50):            # each from a network of its own: one has a rate
            assert smtp_banner(box, f"127.0.{i}.5").startswith(b"220 ")
        box.configure(general="log_level = debug", dnsbl='zone = "later.test"')
        run.send_signal(signal.SIGHUP)
        wait_until(lambda: listed(box, "2.0.0.127.later.test") == ["127.0.0.2"], "the new zone")
        # The mode of what others share stays as it was.
        assert fcntl.fcntl(log.writer, fcntl.F_GETFL) == log.flags
        log.drain()
        run.send_signal(signal.SIGHUP)
        text = ""

        def lost():
            nonlocal text
            text += log.drain()
            return "warn supervisor log-lost n=" in text and "reloaded" in text
        wait_until(lost, lambda: f"what was lost, and what came then, in:\n{text}")
    finally:
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 0
        log.close()


@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_log_of_the_supervisor(box, kind):
    """Its lines are in the log, and not in whatever it opened next: with one role and no socket
    that would be the roles' settings."""
    box.configure(general='roles = {"tester"}')
    log = Unread(kind)
    log.drain()
    text = ""

    def wait_log(what, times=1):
        def found():
            nonlocal text
            text += log.drain()
            return text.count(what) >= times
        wait_until(found, lambda: f"{what!r} in {text!r}")

    run = subprocess.Popen([BINARY, "run", "-c", box.config, "--state", box.state],
                           stderr=log.writer, cwd=box.directory)
    try:
        wait_log("supervisor ready roles=1")
        run.send_signal(signal.SIGHUP)
        wait_log("supervisor reloaded")
        os.kill(roles_of(run.pid)["tester"], signal.SIGKILL)
        wait_log("supervisor role-died role=tester signal=9")
        wait_log("supervisor role-ready role=tester", times=2)
        assert "settings" not in text
    finally:
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 0
        log.close()


def test_complaint_that_nobody_reads(box):
    """What is said before a role starts again waits as little: DNS comes back with a full log and
    a clock that has jumped, both at once."""
    log = Unread("pipe")
    run = subprocess.Popen([BINARY, "run", "-c", box.config, "--state", box.state],
                           stderr=log.writer, cwd=box.directory)
    try:
        wait_until(lambda: listed(box) == ["127.0.0.2"], "an answer")
        with contextlib.closing(sqlite3.connect(box.state / "portreeve.db", timeout=30)) as db, db:
            db.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, 1000000000)")
        old = roles_of(run.pid)["dnsbl"]
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: roles_of(run.pid).get("dnsbl", old) != old, "another one")
        wait_until(lambda: listed(box) == ["127.0.0.2"], "an answer again")
    finally:
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 0
        log.close()


def test_command_may_wait(box):
    """A command's error line waits for its reader, as for a pager: nothing of it is lost."""
    log = Unread("pipe")
    box.config.write_text("tester { rate = fast }")
    done = subprocess.Popen([BINARY, "list", "-c", box.config, "--state", box.state],
                            stderr=log.writer)
    wait_until(lambda: "pipe" in Path(f"/proc/{done.pid}/wchan").read_text() or done.poll(),
               "the command to write")
    text = ""

    def told():
        nonlocal text
        text += log.drain()
        return "tester.rate: expected a number" in text
    wait_until(told, "the error line")
    assert done.wait(30) == 78
    log.close()


WATCHDOG_S = 5


@pytest.mark.parametrize("role", sorted(ROLES))
def test_stopped_role(box, supervisor, role):
    """A stopped process is a fair hang: it takes not even SIGABRT."""
    box.configure(general=f"role_watchdog = {WATCHDOG_S}s")
    run = supervisor()
    run.wait_log("supervisor ready")
    before = run.roles()
    began = time.monotonic()
    os.kill(before[role], signal.SIGSTOP)
    run.wait_log(f"role-hangs role={role} pid={before[role]}")
    assert time.monotonic() - began >= WATCHDOG_S * 0.7
    run.wait_log(f"role-ready role={role}", times=2)
    assert f"role-died role={role} signal=9" in run.log()
    after = run.roles()
    assert not alive(before[role]) and after[role] != before[role]
    assert {name: after[name] for name in ROLES - {role}} == {
        name: before[name] for name in ROLES - {role}}
    assert smtp_banner(box).startswith(b"220 ")
    assert listed(box) == ["127.0.0.2"]
    assert run.stop() == 0


def test_watchdog_by_reload(box, supervisor):
    """Off it lets a stopped role be; shortened on HUP it takes nobody who has not spoken yet
    for one that hangs."""
    box.configure(general="role_watchdog = 0")
    run = supervisor()
    run.wait_log("supervisor ready")
    roles = run.roles()
    os.kill(roles["tester"], signal.SIGSTOP)
    box.configure(general=f"role_watchdog = {WATCHDOG_S}s")
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("role-ready role=tester", times=2)
    assert run.log().count("role-hangs") == run.log().count("role-hangs role=tester") == 1
    assert {**run.roles(), "tester": 0} == {**roles, "tester": 0}
    assert run.stop() == 0


def test_own_sleep_kills_nobody(box, supervisor):
    """The supervisor and its roles are all stopped, as by a machine that was: they go on."""
    box.configure(general=f"role_watchdog = {WATCHDOG_S}s")
    run = supervisor()
    run.wait_log("supervisor ready")
    roles = run.roles()
    everyone = [run.process.pid, *roles.values()]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + 2 * WATCHDOG_S
    wait_until(lambda: time.monotonic() > end, "the time to pass")
    for pid in everyone:        # the supervisor first: it looks before they can speak
        os.kill(pid, signal.SIGCONT)
    end = time.monotonic() + WATCHDOG_S
    wait_until(lambda: time.monotonic() > end, "several looks")
    assert "role-hangs" not in run.log()
    assert run.roles() == roles
    assert run.stop() == 0


def test_role_that_hangs_before_it_is_ready(box, supervisor):
    """The time is longer then, but it ends, too."""
    box.configure(general="role_watchdog = 1s")
    run = supervisor()
    run.wait_log("supervisor ready")
    os.kill(run.roles()["dnsbl"], signal.SIGKILL)
    pid = wait_until(lambda: run.roles().get("dnsbl"), "another one")
    os.kill(pid, signal.SIGSTOP)
    if f"role-ready role=dnsbl pid={pid}" in run.log():
        pytest.skip("it was ready too soon")
    began = time.monotonic()
    run.wait_log(f"role-hangs role=dnsbl pid={pid}")
    assert time.monotonic() - began > 5
    wait_until(lambda: listed(box) == ["127.0.0.2"], "an answer again")
    assert run.stop() == 0


LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


class Stopped:
    """A single thread, stopped wherever it is, while its process goes on."""

    def __init__(self, pid, tid):
        self.pid, self.tid = pid, tid
        LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        if LIBC.ptrace(PTRACE_SEIZE, tid, None, None) != 0:
            pytest.skip("a thread of the roles may not be traced here")
        assert LIBC.ptrace(PTRACE_INTERRUPT, tid, None, None) == 0
        os.waitpid(tid, WALL)

    def let_go(self):
        assert LIBC.ptrace(PTRACE_DETACH, self.tid, None, None) == 0

    def bury(self):
        """Its process is gone once this is."""
        os.waitpid(self.tid, WALL)


def stop_second_thread(pid):
    other, = {int(p.name) for p in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    return Stopped(pid, other)


def send_mail(box):
    """For the postmaster; the answer is still to come."""
    connection = socket.create_connection(("127.0.0.1", box.smtp), timeout=30)
    lines = connection.makefile("rb")
    assert lines.readline().startswith(b"220 ")
    for line in ("HELO client.example", "MAIL FROM:<a@client.example>",
                 "RCPT TO:<postmaster>", "DATA"):
        connection.sendall(line.encode() + b"\r\n")
        assert lines.readline()[:1] in b"23"
    connection.sendall(b"Subject: hello\r\n\r\nhello\r\n.\r\n")
    return connection, lines


def test_second_thread_that_hangs(box, supervisor):
    """It is said, the role serves on, and goes on with it; TERM ends the roles without theirs."""
    box.configure(general="role_watchdog = 2s")
    run = supervisor()
    run.wait_log("supervisor ready")
    before = run.roles()
    follower = stop_second_thread(before["dnsbl"])
    run.wait_log("error dnsbl step-hangs role=dnsbl for-ms=2")
    assert listed(box) == ["127.0.0.2"]
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    assert listed(box, "1.2.0.192.relays.portreeve.test") == []
    follower.let_go()
    wait_until(lambda: listed(box, "1.2.0.192.relays.portreeve.test") == ["127.0.0.4"],
               "the listing")
    run.wait_log("info dnsbl step-goes-on role=dnsbl")
    assert run.log().count("step-hangs") == 1

    follower = stop_second_thread(before["dnsbl"])
    syncer = stop_second_thread(before["collector"])
    connection, lines = send_mail(box)
    with connection:
        run.wait_log("error collector step-hangs role=collector")
        assert smtp_banner(box, "127.0.7.7").startswith(b"220 ")
        assert run.roles() == before
        run.process.send_signal(signal.SIGTERM)
        for one in (follower, syncer):
            one.bury()
        assert not lines.readline().startswith(b"250 ")
    assert run.process.wait(30) == 0
    for role in ("dnsbl", "collector"):
        assert f"error {role} stop-timeout role={role} after-ms=10000" in run.log()
    assert "supervisor stop-timeout" not in run.log()


def test_trial_that_hangs(box, supervisor):
    """DNS serves on without its store; the process that looks for a new one hangs: it is ended, and
    another one looks."""
    box.configure(general='roles = {"dnsbl"}\nrole_watchdog = 1s')
    run = supervisor()
    run.wait_log("supervisor ready")
    keys = os.open(box.state / "keys", os.O_RDONLY)
    fcntl.flock(keys, fcntl.LOCK_EX)       # a trial waits for it, and can be caught
    for name in ("portreeve.db", "portreeve.db-wal", "portreeve.db-shm"):
        (box.state / name).rename(box.state / f"old-{name}")
    shutil.copy(box.state / "old-portreeve.db", box.state / "portreeve.db")
    box.own()

    def trial():
        path = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children")
        for pid in path.read_text().split():
            with contextlib.suppress(OSError):       # it may be gone
                if Path(f"/proc/{pid}/comm").read_text() == "trial\n":
                    return int(pid)
        return None
    caught = wait_until(trial, "a trial")
    os.kill(caught, signal.SIGSTOP)
    run.wait_log(f"trial-hangs role=dnsbl pid={caught}")
    assert listed(box) == ["127.0.0.2"]
    os.close(keys)
    run.wait_log("role-starts-again role=dnsbl")
    run.wait_log("role-ready role=dnsbl", times=2)
    assert run.log().count("trial-hangs") == 1
    assert run.stop() == 0


def test_roles_have_names(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    for role, pid in run.roles().items():
        assert Path(f"/proc/{pid}/comm").read_text() == f"{role}\n"


@pytest.mark.parametrize("mine", [True, False])
def test_watchdog_of_another_process(box, mine):
    """WATCHDOG_PID says whose it is: sd_watchdog_enabled(3)."""
    with tempfile.TemporaryDirectory() as directory, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = Path(directory) / "notify"
        manager.bind(str(path))
        manager.settimeout(30)
        pid = "$$" if mine else "1"
        run = subprocess.Popen(
            ["sh", "-c", f'WATCHDOG_PID={pid} exec "$@"', "sh", BINARY, "run", "-c", box.config,
             "--state", box.state], cwd=box.directory, stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"})
        while (said := manager.recv(4096)).startswith(b"STATUS="):
            pass
        assert said == (b"WATCHDOG=1" if mine else b"READY=1")
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 0
