"""The closed room on hosts of the lab: the installed server is started a second time and asked.

The program is build's tests/closed/closed-room, $CLOSED_ROOM or beside $PORTREEVE.
"""

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import BINARY

from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.wait import wait_until

ROOM = Path(os.environ.get("CLOSED_ROOM", BINARY.parent / "tests/closed/closed-room"))
INSIDE = "/usr/local/bin/closed-room"
STRANGERS = ["8.8.8.8", "2a00::1"]
ASKERS = [*STRANGERS, "127.0.0.1", "172.18.0.1", "::1"]


class Machine:
    """Beside a mail server of the lab: the closed room on it."""

    kind = ""
    relays_for = frozenset()

    def configure(self):
        super().configure()
        self.copy(ROOM, INSIDE)

    def ask(self, *askers, options=()):
        """{asker: (reply to the control, reply to a stranger's recipient)}"""
        answers = {}
        for own, family in ((self.v4, [asker for asker in askers if ":" not in asker]),
                            (self.v6, [asker for asker in askers if ":" in asker])):
            if family:
                done = self.run(INSIDE, *options, "ask", self.kind, own, f"<bob@{self.domains[0]}>", *family)
                for line in done.stdout.splitlines():
                    asker, control, code = line.split()[:3]
                    answers[asker] = int(control), int(code)
        return answers

    def inside(self, script):
        return self.run(INSIDE, "run", "/bin/sh", "-c", script, check=False)

    def state(self):
        """What an audit must leave as it was."""
        files = self.run("find", "/var/spool", "/var/lib", "/run", "/tmp", "/var/tmp",
                         "-printf", "%p %m %u %T@ %s\n", check=False).stdout
        return files, self.read("/var/log/mail.log"), self.read("/var/log/syslog"), \
            self.processes(), self.run("cat", "/proc/self/mountinfo").stdout

    def processes(self):
        seen = self.run("ps", "-ww", "-eo", "pid,args", "--no-headers").stdout
        return [line for line in seen.splitlines()
                if " ps -ww" not in line and not line.endswith(("/exim4 -q", "[exim4] <defunct>"))]


class PostfixMachine(Machine, Postfix):
    kind = "postfix"


class EximMachine(Machine, Exim):
    kind = "exim"


class EximOfAllMachine(EximMachine):
    """The one that understands PROXY headers."""

    packages = ("exim4-daemon-heavy",)


class SendmailMachine(Machine, Sendmail):
    kind = "sendmail"


class OpenSMTPDMachine(Machine, OpenSMTPD):
    kind = "opensmtpd"


# Behind "begin authenticators", with which the configuration of the lab's Exim ends.
PLAIN = """\
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{bob}}{eq{$auth3}{right}}}}
  server_set_id = $auth2
"""

_numbers = iter(range(101, 250))
LOOPBACK = {"127.0.0.1", "::1"}


def machine(server, name, relays_for, **keywords):
    number = next(_numbers)
    host = server(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                  domains=[f"{name}.example"], users=["bob"], **keywords)
    host.relays_for = set(relays_for)
    return host


HOSTS = [
    machine(PostfixMachine, "closed", LOOPBACK),
    machine(PostfixMachine, "world", ASKERS, settings={"mynetworks": "0.0.0.0/0 [::]/0"}),
    machine(PostfixMachine, "bridge", LOOPBACK | {"172.18.0.1"},
            settings={"mynetworks": "127.0.0.0/8 [::1]/128 172.16.0.0/12"}),
    machine(EximOfAllMachine, "exim-closed", LOOPBACK),
    machine(EximMachine, "exim-open", ASKERS, relay_from="*"),
    machine(SendmailMachine, "sendmail-closed", LOOPBACK),
    machine(SendmailMachine, "sendmail-open", ASKERS, features=["promiscuous_relay"]),
    machine(OpenSMTPDMachine, "opensmtpd-closed", LOOPBACK),
    machine(OpenSMTPDMachine, "opensmtpd-open", ASKERS, relay_from="any"),
]
TLS = machine(PostfixMachine, "tls", LOOPBACK, tls=True)
HOSTS.append(TLS)
each_host = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@pytest.fixture(scope="module")
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert ROOM.exists(), f"{ROOM}: there is no such program; build it first"
    with Lab("closed", HOSTS) as lab:
        yield lab


@each_host
def test_who_may_relay(room, host):
    answers = host.ask(*ASKERS)
    assert set(answers) == set(ASKERS)
    assert {control for control, _ in answers.values()} == {250}
    assert {asker for asker, (_, code) in answers.items() if code == 250} == host.relays_for, answers


@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_under_tls(room, how):
    assert TLS.ask(f"8.8.8.8/{how}") == {"8.8.8.8": (250, 554)}
    assert TLS.ask(f"2a00::1/{how}") == {"2a00::1": (250, 554)}


@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_without_tls(room, how):
    assert HOSTS[0].ask(f"8.8.8.8/{how}") == {"8.8.8.8": (0, 0)}


def claims(host, *askers, options=(), at=None):
    """{asker: (what came of its claim, reply to the control, reply to a stranger's recipient)}"""
    done = host.run(INSIDE, *options, "ask", host.kind, at or host.v4, f"<bob@{host.domains[0]}>", *askers)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [asker.split("/")[0] for asker in askers], done.stdout
    return {asker: (claim, int(control), int(code))
            for asker, (_, control, code, claim, *_) in zip(askers, lines)}


REFUSED, STILL_STRANGER, RELAYS = ("refused", 0, 0), ("taken", 250, 554), ("taken", 250, 250)


def another(host, place, **texts):
    """A copy of a server's configuration, with more at the end of its files."""
    host.run("rm", "-rf", "/tmp/claims")
    host.run("cp", "-a", place, "/tmp/claims")
    for name, text in texts.items():
        file = f"/tmp/claims/{name.replace('_', '.')}"
        host.write(file, host.read(file) + text)
    return "-c", "/tmp/claims"


def test_claims_that_a_sound_server_refuses(room):
    asked = {
        "8.8.8.1/xclient:127.0.0.1": REFUSED,
        "8.8.8.2/proxy1:127.0.0.1": REFUSED,
        "8.8.8.3/proxy2:127.0.0.1": REFUSED,
        "8.8.8.4/port25": STILL_STRANGER,
        "8.8.8.5/starttls/login:bob:wrong": REFUSED,
        "8.8.8.6/cert": REFUSED,
    }
    assert claims(TLS, *asked) == asked


def test_claims_that_postfix_believes(room):
    file = "/etc/postfix/client"
    TLS.run(INSIDE, "certificate", file)
    options = another(
        TLS, "/etc/postfix",
        master_cf="2525 inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy\n"
                  "2465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n",
        main_cf="smtpd_authorized_xclient_hosts = 8.8.8.1, [2a00::1]\nsmtpd_tls_ask_ccert = yes\n"
                f"smtpd_tls_CAfile = {file}.authority\nsmtpd_relay_restrictions = permit_mynetworks, "
                "permit_tls_all_clientcerts, reject_unauth_destination\n")
    asked = {
        "8.8.8.1/xclient:127.0.0.1": RELAYS,
        "8.8.8.1/xclient:::1": RELAYS,
        "8.8.8.1/xclient:8.8.4.4": STILL_STRANGER,
        "8.8.8.2/xclient:127.0.0.1": REFUSED,
        "8.8.8.2/port:2525/proxy1:127.0.0.1": RELAYS,
        "8.8.8.2/port:2525/proxy1:::1": RELAYS,
        "8.8.8.2/port:2525/proxy2:127.0.0.1": RELAYS,
        "8.8.8.2/port:2525/proxy2:8.8.4.4": STILL_STRANGER,
        "8.8.8.2/port:2465/tls/cert:/etc/postfix/client": RELAYS,
        "8.8.8.2/cert": STILL_STRANGER,
        "8.8.8.2/cert:/etc/postfix/client": RELAYS,
    }
    assert claims(TLS, *asked, options=options) == asked


def test_claims_that_exim_believes(room):
    host = next(host for host in HOSTS if host.name == "exim-closed")
    options = another(host, "/etc/exim4/exim4.conf")
    text = host.read("/tmp/claims").replace("begin acl\n", "hosts_proxy = 8.8.8.2\nbegin acl\n", 1).replace(
        "  accept  authenticated = *\n",
        "  accept  condition = ${if eq{$sender_host_port}{25}}\n\n  accept  authenticated = *\n", 1)
    host.write("/tmp/claims", text + PLAIN)
    asked = {
        "8.8.8.2/proxy1:127.0.0.1": RELAYS,
        "8.8.8.2/proxy2:127.0.0.1": RELAYS,
        "8.8.8.2/proxy2:8.8.4.4": ("taken", 250, 550),
        "8.8.8.3/proxy1:127.0.0.1": REFUSED,
        "8.8.8.3/proxy2:127.0.0.1": REFUSED,
        "8.8.8.4/port25": RELAYS,
        "8.8.8.5": ("-", 250, 550),
        "8.8.8.5/login:bob:right": RELAYS,
        "8.8.8.5/login:bob:wrong": REFUSED,
    }
    assert claims(host, *asked, options=options) == asked
    asked = {"2a00::1/port25": RELAYS, "2a00::2/proxy1:::1": REFUSED, "2a00::2": ("-", 250, 550)}
    assert claims(host, *asked, options=options, at=host.v6) == asked


@each_host
def test_nothing_is_left_or_touched(room, host):
    before = host.state()
    host.ask("8.8.8.8")
    for was, is_now in zip(before, host.state()):
        # Of the servers' own processes some end meanwhile.
        assert is_now == was or (isinstance(was, list) and set(is_now) <= set(was))


def unasked(host, what):
    """Why an audit did not ask it; empty: nothing of it is said."""
    done = host.run("/usr/local/bin/portreeve", "audit", "--json", check=False)
    report = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return [row["why"] for row in report["unasked"] if row["what"] == what]


def test_the_same_networks_are_derived(room):
    host = HOSTS[0]
    host.change(mynetworks_style="subnet")
    host.run("postconf", "-X", "mynetworks")
    try:
        outside = host.run("postconf", "-xh", "mynetworks").stdout
        assert host.inside("postconf -xh mynetworks").stdout == outside
        assert host.v4 in outside
        # An interface that is down counts inside alone: the audit says so.
        host.copy(BINARY, "/usr/local/bin/portreeve")
        assert unasked(host, "networks of the interfaces") == []
        host.run("ip", "link", "add", "br9", "type", "bridge")
        host.run("ip", "addr", "add", "10.9.9.1/24", "dev", "br9")
        said, = unasked(host, "networks of the interfaces")
        assert "only on this machine nothing; only in the room 10.9.9.0/24" in said
    finally:
        host.run("ip", "link", "del", "br9", check=False)
        host.change(mynetworks="127.0.0.0/8 [::1]/128")


def test_the_server_cannot_call_itself(room):
    """At its own address it would answer, at any other nobody does; DNS does."""
    host = HOSTS[0]
    call = ("import errno, socket, sys; s = socket.create_server(('', 25)); t = socket.create_server(('::', 25), "
            "family=socket.AF_INET6)\n"
            "for at in sys.argv[1:]:\n"
            "    try: socket.create_connection((at, 25), 5); print('taken')\n"
            "    except OSError as e: print(errno.errorcode[e.errno])")
    done = host.run(INSIDE, "run", "/usr/bin/python3", "-c", call, host.v4, host.v6, "127.0.0.9", "8.8.8.8",
                    "172.18.0.1", "2a00::1")
    assert done.stdout.split() == ["taken"] * 3 + ["ENETUNREACH"] * 3, done.stdout


def test_a_mount_in_the_spool_is_in_memory_too(room):
    host = HOSTS[0]
    below = "/var/spool/postfix/deferred"
    host.run("mount", "-t", "tmpfs", "-o", "mode=0711,uid=1000", "x", below)
    try:
        host.write(f"{below}/A/MESSAGE", "secret")
        seen = host.inside(f"stat -c '%a %u' {below}; touch {below}/mine && find {below} -type f")
        assert seen.stdout.split("\n") == ["711 1000", f"{below}/mine", ""]
        assert host.run("find", below, "-type", "f").stdout == f"{below}/A/MESSAGE\n"
    finally:
        host.run("umount", below)


def of_room(host, start):
    """The ids of the processes whose command begins so, the eldest first."""
    found = [line.split(None, 1) for line in host.processes()]
    return sorted((int(number) for number, command in found if command.startswith(start)))


def test_kill_ends_the_room(room):
    host = HOSTS[0]
    before = host.processes()
    stays = host.start(INSIDE, "stay", "/usr/bin/setsid", "-f", "/bin/sleep", "4711")
    wait_until(lambda: of_room(host, "/bin/sleep 4711"), "the room to run")
    host.run("kill", "-9", of_room(host, f"{INSIDE} stay")[0])
    wait_until(lambda: set(host.processes()) <= set(before), "all of it to end")
    stays.wait()


MUST_FAIL = {
    "write a file": "touch /etc/made",
    "write to the root": "touch /made",
    "mount": "mount -t tmpfs x /mnt",
    "make it writable": "mount -o remount,rw /",
    "take a cover away": "umount /var/spool/postfix || umount /run",
    "another user namespace": "unshare -U true",
    "the kernel's settings": "echo 1 > /proc/sys/kernel/panic",
    "the magic key": "echo h > /proc/sysrq-trigger",
    "a disk": "mknod /tmp/disk b 8 0",
    "the host name": "hostname other",
    "the network": "ip link set lo down",
    "the hypervisor": "python3 -c 'import socket; socket.socket(40, 1)'",
    "raw packets": "python3 -c 'import socket; socket.socket(2, 3, 1)'",
    "key rings": "python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(250, 0, -4, 1) == -1)'",
    "processes outside": "ps -eo args | grep '[k]eeper.py'",
    "process 1's memory": "cat /proc/1/environ || readlink /proc/1/fd/3",
    "a message in the queue": "find /var/spool/postfix -type f -path '*maildrop*' | grep .",
    "a socket": "find /run /tmp /var -type s | grep .",
    "its log": "ls /var/log/mail.log",
}


@pytest.mark.parametrize("what", MUST_FAIL)
def test_out_of_reach(room, what):
    done = HOSTS[0].inside(MUST_FAIL[what])
    assert done.returncode not in (0, 127), done.stdout


# What is held outside while it is tried in the room, and how it is tried: that fails where nobody is
# there, or where somebody holds it.
HELD = {
    "pipe": ("os.mkfifo(path); hold(os.open(path, os.O_RDONLY | os.O_NONBLOCK))",
             "os.write(os.open(path, os.O_WRONLY | os.O_NONBLOCK), b'x')"),
    "socket": ("s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); hold(s)",
               "socket.socket(socket.AF_UNIX).connect(path)"),
    "flock": ("f = open(path, 'w'); fcntl.flock(f, fcntl.LOCK_EX); hold(f)",
              "f = open(path); fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB); hold(f)"),
    "fcntl": ("f = open(path, 'w'); fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB); hold(f)",
              "f = open(path); fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB); hold(f)"),
}
# Below an overlay of the lab's, its directory in memory, and a mount in that; and a file that is a mount.
PLACES = {f"{place}/{what}": what for place in ("/etc/postfix", "/var/home/bob", "/var/home/mount") for what in HELD}
PLACES |= {"/opt/flock": "flock", "/opt/fcntl": "fcntl"}
# To each path its work; prints what came of it.
PATHS = """
import fcntl, json, os, signal, socket, sys
kept = []
hold = kept.append
def work(path, words):
    try:
        exec(words)
        return True
    except OSError:
        return False
def all_of(works):
    print(json.dumps({path: work(path, words) for path, words in works.items()}), flush=True)
"""


def works(which, paths=None):
    return repr({path: HELD[PLACES[path]][which] for path in paths or PLACES})


@contextmanager
def process(command):
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        started.stdout.close()


@contextmanager
def held(host, paths=None):
    script = f"{PATHS}all_of({works(0, paths)}); signal.pause()"
    with process(host._inside(["python3", "-c", script])) as holder:
        assert all(json.loads(holder.stdout.readline()).values())
        yield


@pytest.fixture(scope="module")
def places(room):
    host = HOSTS[0]
    host.run("mkdir", "-p", "/var/home/mount")
    host.run("mount", "-t", "tmpfs", "x", "/var/home/mount")
    host.run("mount", "-t", "tmpfs", "x", "/opt")
    for path in "flock", "fcntl":
        host.run("touch", f"/var/home/{path}", f"/opt/{path}")
        host.run("mount", "--bind", f"/var/home/{path}", f"/opt/{path}")
    yield host
    host.run("umount", "-R", "/opt", "/var/home/mount")


@pytest.fixture(scope="module")
def tried(places):
    """{path: whether it can be done outside, and in the room}, while it is held outside"""
    script = f"{PATHS}all_of({works(1)})"
    with held(places):
        outside = json.loads(places.run("python3", "-c", script).stdout)
        inside = json.loads(places.run(INSIDE, "run", "/usr/bin/python3", "-c", script).stdout)
    places.run("rm", *(path for path, what in PLACES.items() if what in ("pipe", "socket")))
    return {path: (outside[path], inside[path]) for path in PLACES}


@pytest.mark.parametrize("path", PLACES)
def test_what_is_held_outside_is_not_in_the_room(tried, path):
    """Neither a pipe nor a socket is reached, and no lock is in the way."""
    assert tried[path] == ((True, False) if PLACES[path] in ("pipe", "socket") else (False, True))


def test_locks_of_the_room_and_sockets_bound_later(places):
    """A program in the room locks files, waits, and knocks at sockets that are bound meanwhile."""
    locks = [path for path, what in PLACES.items() if what in ("flock", "fcntl")]
    doors = [path for path, what in PLACES.items() if what == "socket"]
    places.run("touch", *locks)
    script = (f"{PATHS}all_of({works(1, locks)}); open('/tmp/locked', 'x'); signal.sigwait([signal.SIGUSR1]); "
              f"all_of({works(1, doors)})")
    begins = ("import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); "
              f"os.execv('/usr/bin/python3', ['room-waits', '-c', {script!r}])")
    with process(places._inside([INSIDE, "run", "/usr/bin/python3", "-c", begins])) as waits:
        number = wait_until(lambda: [
            number for number in of_room(places, "room-waits")
            if places.run("test", "-e", f"/proc/{number}/root/tmp/locked", check=False).returncode == 0],
                            "it to wait in the room")[0]
        with held(places, [*locks, *doors]):
            places.run("kill", "-USR1", number)
            said = [json.loads(line) for line in waits.communicate()[0].splitlines()]
    places.run("rm", *doors)
    assert said == [dict.fromkeys(locks, True), dict.fromkeys(doors, False)]


def test_what_can_be_in_no_overlay_is_left_out(places):
    """/etc is an overlay of the lab's; above another one there can be no third."""
    places.run("mkdir", "/opt/deep", "/opt/empty")
    places.run("mount", "-t", "overlay", "-o", "lowerdir=/etc/postfix:/opt/empty", "x", "/opt/deep")
    done = places.run(INSIDE, "run", "/bin/ls", "/opt/deep")
    places.run("umount", "/opt/deep")
    assert done.stdout == "/opt/deep: it cannot be in the closed room (overlay): Invalid argument\n"


def test_no_room_in_a_chroot(places):
    """A program in the room could leave it."""
    done = places.run("unshare", "-m", "sh", "-c", "mkdir /opt/root && mount --rbind / /opt/root && "
                      f"exec chroot /opt/root {INSIDE} run /bin/true", check=False)
    assert (done.returncode, done.stdout) == (2, "not supported: no closed room can be made in a chroot\n")


@pytest.mark.parametrize("name", ["main.cf", "master.cf"])
def test_a_pipe_as_a_file(room, name):
    host = HOSTS[0]
    host.run("mv", f"/etc/postfix/{name}", "/etc/postfix/kept")
    host.run("mkfifo", f"/etc/postfix/{name}")
    try:
        done = host.run(INSIDE, "ask", "postfix", host.v4, "<bob>", "8.8.8.8", check=False)
        assert done.returncode == 2 and "timed out" in done.stdout, done.stdout
    finally:
        host.run("mv", "/etc/postfix/kept", f"/etc/postfix/{name}")


def test_a_server_that_does_not_start(room):
    host = HOSTS[0]
    host.run("postconf", "-e", "inet_interfaces = 192.0.2.77.5")
    try:
        done = host.run(INSIDE, "ask", "postfix", host.v4, "<bob>", "8.8.8.8", check=False)
        assert done.returncode == 2 and "fatal" in done.stdout, done.stdout
    finally:
        host.run("postconf", "-e", "inet_interfaces = all")
