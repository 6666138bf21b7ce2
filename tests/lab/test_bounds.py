"""What a closed room may take of the machine, and what is left of it however it ends."""

import os
import random
import signal
import subprocess
import time

import pytest
from test_carried import KNOCK, LISTENER
from test_closed import INSIDE, LOOPBACK, ROOM, PostfixMachine, machine, of_room

from lab.lab import Lab
from lab.wait import wait_until

KILLS = 100 if os.environ.get("CAMPAIGN") else 10
HOST = machine(PostfixMachine, "bounds", LOOPBACK)


@pytest.fixture(scope="module", autouse=True)
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert ROOM.exists(), f"{ROOM}: there is no such program; build it first"
    with Lab("bounds", [HOST]) as lab:
        yield lab


def test_killed_at_any_instant():
    """Processes, mounts, files, sockets and log are what they were."""
    wait_until(lambda: "daemon started" in HOST.read("/var/log/mail.log") +
          HOST.read("/var/log/syslog"), "it to have said all")
    before = HOST.state()
    whole = 1.5  # about as long as it takes to make, ask and end
    for part in range(KILLS):
        asks = HOST.start(INSIDE, "-m", "milter=/run/filter/socket", "ask", "postfix", HOST.v4, "<bob>", "8.8.8.8")
        try:
            asks.wait((part + random.random()) * whole / KILLS)
        except subprocess.TimeoutExpired:
            pass
        for number in of_room(HOST, f"{INSIDE} ")[:1]:
            HOST.run("kill", "-9", number, check=False)
        asks.wait()
        wait_until(lambda: set(HOST.processes()) <= set(before[3]), "all of it to end")
    for was, is_now in zip(before, HOST.state()):
        assert is_now == was or (isinstance(was, list) and set(is_now) <= set(was))


BOMBS = {
    "processes": (("-P", "60"), "while :; do sleep 20 & done", "too many"),
    "forks": (("-P", "60"), "f() { f | f & }; f; sleep 20", "too many"),
    "threads": (("-P", "60"), "python3 -c 'import threading, time\n"
                              "while True: threading.Thread(target=time.sleep, args=(20,)).start()'", "too many"),
    "memory": (("-M", "60"), "python3 -c 'b = b\"x\" * (90 << 20); import time; time.sleep(20)'", "too much memory"),
    "memory of many": (("-M", "60"), "for i in 1 2 3 4 5; do python3 -c 'b = b\"x\" * (20 << 20); import time; "
                                     "time.sleep(20)' & done; sleep 20", "too much memory"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_ends_the_room(what):
    options, script, why = BOMBS[what]
    before = HOST.processes()
    began = time.monotonic()
    done = HOST.run(INSIDE, *options, "run", "/bin/sh", "-c", script, check=False)
    assert done.returncode == 2 and why in done.stdout, done.stdout
    assert time.monotonic() - began < 15
    wait_until(lambda: set(HOST.processes()) <= set(before), "all of it to end")


def test_what_one_process_may_take():
    done = HOST.run(INSIDE, "run", "/usr/bin/python3", "-c", "b'x' * (600 << 20)", check=False)
    assert "MemoryError" in done.stdout
    done = HOST.run(INSIDE, "run", "/bin/sh", "-c", "head -c 100M /dev/zero > /tmp/file; stat -c %s /tmp/file", check=False)
    assert int(done.stdout.split()[-1]) <= 64 << 20
    assert HOST.run(INSIDE, "run", "/usr/bin/python3", "-c", "import os; os.memfd_create('x')", check=False).returncode == 1
    assert HOST.run(INSIDE, "run", "/bin/cat", "/proc/self/oom_score_adj").stdout == "1000\n"


@pytest.fixture
def door():
    path = "/var/home/bob/door"
    listener = subprocess.Popen(HOST._inside(["python3", "-c", LISTENER, path]), stdout=subprocess.PIPE,
                                start_new_session=True)
    try:
        assert listener.stdout.readline() == b"ready\n"
        yield path
    finally:
        os.killpg(listener.pid, signal.SIGKILL)
        listener.wait()
        HOST.run("rm", "-f", path)


@pytest.mark.parametrize("bound, at, seen", [
    ("/var/home/bob", "/opt/bob", "/opt/bob/door"),
    ("/var/home/bob/door", "/opt/door", "/opt/door"),
    ("/var", "/opt/a b", "/opt/a b/home/bob/door"),
])
def test_a_socket_by_another_path(door, bound, at, seen):
    HOST.run("mount", "-t", "tmpfs", "x", "/opt")
    try:
        HOST.run("touch" if bound == door else "mkdir", at)
        HOST.run("mount", "--bind", bound, at)
        assert HOST.run("python3", "-c", KNOCK.format(seen)).stdout == "b'who'\n"
        assert HOST.run(INSIDE, "run", "/usr/bin/python3", "-c", KNOCK.format(seen), check=False).returncode == 1
        # By the first path it may be let in, and by that alone.
        knock = ("run", "/usr/bin/python3", "-c", KNOCK.format(door))
        assert HOST.run(INSIDE, "-s", door, *knock).stdout == "b'who'\n"
    finally:
        HOST.run("umount", "-R", "/opt")


HOLDER = """
import ctypes, os, signal, sys
space = os.open(f'/proc/{sys.argv[1]}/ns/pid_for_children', os.O_RDONLY)
assert ctypes.CDLL(None).setns(space, 0) == 0
if not os.fork(): signal.pause()
print('held', flush=True); signal.pause()
"""


def test_an_end_that_does_not_come():
    """A process that cannot end holds its namespace: who made the room goes on all the same."""
    began = time.monotonic()
    runs = HOST.start(INSIDE, "run", "/bin/sleep", "2")
    holder = None
    try:
        keeper = wait_until(lambda: of_room(HOST, f"{INSIDE} ")[1:2], "the room to run")[0]
        holder = subprocess.Popen(HOST._inside(["python3", "-c", HOLDER, str(keeper)]), stdout=subprocess.PIPE,
                                  start_new_session=True)
        assert holder.stdout.readline() == b"held\n"
        assert runs.wait(20) == 0
        assert 5 < time.monotonic() - began < 15
    finally:
        if holder:
            os.killpg(holder.pid, signal.SIGKILL)
            holder.wait()
        runs.wait(20)
