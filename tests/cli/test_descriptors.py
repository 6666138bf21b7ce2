# SPDX-License-Identifier: ISC
"""What a shell leaves open or closes: no role inherits it, no file gets a standard number."""

import hashlib
import os
import pty
import signal
import subprocess

import pytest
from conftest import BINARY, GIVE_UP_S, wait_until
from processes import roles_of
from test_run import listed, smtp_banner

SETTINGS, READY, SOCKETS = 3, 4, 5
ROLE_SOCKETS = {"tester": 0, "collector": 1, "dnsbl": 2}
CLOSED = ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"]


def shell(box, command, redirections):
    """Starts `portreeve COMMAND` as a shell does with these redirections."""
    first, *rest = command
    line = f'program=$0 config=$1 state=$2; shift 2; ' \
           f'exec "$program" {first} -c "$config" --state "$state" "$@" {redirections}'
    return subprocess.Popen(["/bin/sh", "-c", line, BINARY, box.config, box.state, *rest],
                            cwd=box.directory)


def descriptors(pid):
    found = {}
    for link in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(link)] = os.readlink(f"/proc/{pid}/fd/{link}")
        except FileNotFoundError:
            pass
    return found


def mode(pid, number):
    """O_RDONLY, O_WRONLY or O_RDWR."""
    with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii") as info:
        flags = next(line.split()[1] for line in info if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE


def serving(box, process):
    """The roles, once all of them answer."""
    def answers():
        try:
            return listed(box) == ["127.0.0.2"] and smtp_banner(box).startswith(b"220 ")
        except OSError:
            return False

    wait_until(answers, "the roles to answer")
    return wait_until(lambda: len(found := roles_of(process.pid)) == 3 and found, "three roles")


def kill_and_wait(box, process, role):
    """The roles, after that one was killed and started again."""
    old = roles_of(process.pid)[role]
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: roles_of(process.pid).get(role, old) != old, f"another {role}")
    return serving(box, process)


@pytest.fixture
def run(box):
    """Starts `portreeve run` by a shell; ends it."""
    started = []

    def start(redirections):
        started.append(shell(box, ["run"], redirections))
        return started[-1], serving(box, started[-1])

    yield start
    for one in started:
        one.send_signal(signal.SIGTERM)
        assert one.wait(GIVE_UP_S) == 0


def check_role(role, pid, log):
    """What the supervisor handed over, and what the role opened itself, is all there is."""
    found = descriptors(pid)
    assert found[0] == found[1] == "/dev/null" and mode(pid, 0) == os.O_RDONLY
    assert found[2] == log
    assert found[SETTINGS].startswith("/memfd:portreeve-settings")
    assert mode(pid, SETTINGS) == os.O_RDONLY
    handed_over = range(SOCKETS, SOCKETS + ROLE_SOCKETS[role])
    assert all(found[number].startswith("socket:") for number in handed_over)
    files = [number for number, to in found.items() if to.startswith("/memfd:portreeve-files")]
    assert files == ([SOCKETS + 1] if role == "collector" else [])     # certificate and key
    assert all(mode(pid, number) == os.O_RDONLY for number in files)
    return found


def test_an_inherited_descriptor_reaches_no_role(box, run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("only for root")
    log = box.directory / "run.log"
    process, roles = run(f'9<"{secret}" 7>>"{secret}" 3<"{secret}" 5<"{secret}" 0<"{secret}" '
                         f'2>"{log}"')
    for role, pid in roles.items():
        assert str(secret) not in check_role(role, pid, str(log)).values()
    beyond = {number: to for number, to in descriptors(process.pid).items() if number > 2}
    assert str(secret) not in beyond.values()
    assert secret.read_text() == "only for root"


def test_a_restarted_role_gets_the_same(box, run):
    log = box.directory / "run.log"
    process, roles = run(f'2>"{log}"')

    def handed_over(pid):
        found = check_role("dnsbl", pid, str(log))
        return {number: found[number] for number in range(SOCKETS + 2) if number != READY}

    before = handed_over(roles["dnsbl"])
    assert handed_over(kill_and_wait(box, process, "dnsbl")["dnsbl"]) == before


def test_a_terminal_is_only_written(box, run):
    """What its user types is not for the roles."""
    box.configure(general='log_level = "error"')
    ours, theirs = pty.openpty()
    try:
        process, roles = run(f'2<>"{os.ttyname(theirs)}"')
        assert mode(process.pid, 2) == os.O_RDWR
        for role, pid in roles.items():
            check_role(role, pid, os.ttyname(theirs))
            assert mode(pid, 2) == os.O_WRONLY
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_the_supervisor_is_heard(box, kind):
    """It opens pipe and terminal anew, so as not to wait: that stays open."""
    ours, theirs = os.pipe() if kind == "pipe" else pty.openpty()
    with subprocess.Popen([BINARY, "run", "-c", box.config, "--state", box.state],
                          stderr=theirs, cwd=box.directory) as process:
        os.close(theirs)
        os.set_blocking(ours, False)
        said = ""

        def hears(word):
            nonlocal said
            try:
                said += os.read(ours, 65536).decode()
            except OSError:
                pass        # nothing yet, or a terminal that everybody has left
            return word in said

        try:
            wait_until(lambda: hears(" supervisor ready roles=3"), "the roles to be ready")
        finally:
            process.terminate()
        wait_until(lambda: hears(" supervisor stopping "), "the end")
    os.close(ours)


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_standard_descriptors(box, run, closed):
    """The settings are not standard error: a role that is started again finds them whole."""
    process, roles = run(closed)
    for number in range(3):
        if f"{number}<&-" in closed or f"{number}>&-" in closed:
            assert descriptors(process.pid)[number] == "/dev/null"
    for role, pid in roles.items():
        log = descriptors(pid)[2]
        assert log == "/dev/null" or "2>&-" not in closed
        check_role(role, pid, log)
    os.kill(roles["tester"], signal.SIGKILL)     # the supervisor writes a line of log
    roles = kill_and_wait(box, process, "dnsbl")
    with open(f"/proc/{roles['dnsbl']}/fd/{SETTINGS}", encoding="utf-8") as settings:
        text = settings.read()
    assert "role-died" not in text and f'"127.0.0.1:{box.dns}"' in text


def files(box):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in box.state.rglob("*") if path.is_file() and path.suffix != ".db-shm"}


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("command", [["list"], ["list", "journal"], ["permit", "list"],
                                     ["keys", "list"], ["config", "show"]])
def test_commands_write_into_no_file(box, command, closed):
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    before = files(box)
    code = shell(box, command, closed).wait(GIVE_UP_S)
    # What cannot be written is an error, as it is with other programs.
    assert code == (74 if "1>&-" in closed else 0)
    assert files(box) == before


@pytest.mark.parametrize("closed", CLOSED)
def test_errors_go_into_no_file(box, closed):
    """A line on standard error, while databases and keys are open."""
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    before = files(box)
    assert shell(box, ["delist", "192.0.2.77", "--why", "never there"], closed).wait(GIVE_UP_S)
    assert files(box) == before


@pytest.mark.parametrize("closed", CLOSED)
def test_backup_is_whole(box, closed):
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    output = box.directory / "copy.db"
    before = files(box)
    code = shell(box, ["backup", str(output)], closed).wait(GIVE_UP_S)
    assert code == (74 if "1>&-" in closed else 0)
    assert files(box) == before
    box.run("backup", str(box.directory / "second.db"))
    done = subprocess.run([BINARY, "list", "-c", box.config, "--state", box.state],
                          capture_output=True, text=True, check=True)
    assert "192.0.2.1" in done.stdout
    assert output.read_bytes().startswith(b"SQLite format 3\0")
    assert b"written and verified" not in output.read_bytes()
