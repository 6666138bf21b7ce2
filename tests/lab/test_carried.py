"""What is carried into the closed room: another configuration, an instance, sockets."""

import os
import signal
import subprocess

import pytest
from test_closed import (INSIDE, LOOPBACK, ROOM, EximMachine, OpenSMTPDMachine, PostfixMachine, SendmailMachine,
                         machine)

from lab.lab import Lab

POSTFIX = machine(PostfixMachine, "carried-postfix", LOOPBACK)
EXIM = machine(EximMachine, "carried-exim", LOOPBACK)
SENDMAIL = machine(SendmailMachine, "carried-sendmail", LOOPBACK)
OPENSMTPD = machine(OpenSMTPDMachine, "carried-opensmtpd", LOOPBACK)
STRANGER, OWN = "8.8.8.8", {"127.0.0.1"}
BOTH = OWN | {STRANGER}
HOSTS = [POSTFIX, EXIM, SENDMAIL, OPENSMTPD]

# Where it stands, what of it the copy changes so that all may relay, and the change.
OPENED = {
    POSTFIX: ("/etc/postfix", "main.cf", "mynetworks = 127.0.0.0/8 [::1]/128", "mynetworks = 0.0.0.0/0 [::]/0"),
    EXIM: ("/etc/exim4/exim4.conf", "", "relay_from_hosts = <; 127.0.0.1 ; ::1", "relay_from_hosts = *"),
    SENDMAIL: ("/etc/mail/sendmail.cf", "", "R$*\t\t\t$#error $@ 5.7.1 $: \"550 Relaying denied\"", "R$*\t\t\t$@ RELAY"),
    OPENSMTPD: ("/etc/smtpd.conf", "", "from local for any", "from any for any"),
}


@pytest.fixture(scope="module")
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert ROOM.exists(), f"{ROOM}: there is no such program; build it first"
    with Lab("carried", HOSTS) as lab:
        yield lab


def relayed(host, *options):
    """{asker: whether a stranger's recipient is taken}; the control was."""
    answers = host.ask(*BOTH, options=options)
    assert set(answers) == BOTH
    assert {control for control, _ in answers.values()} == {250}, answers
    return {asker for asker, (_, code) in answers.items() if code == 250}


def opened_copy(host, at, owner):
    """Another configuration, by which all may relay."""
    place, name, was, becomes = OPENED[host]
    host.run("rm", "-rf", at)
    host.run("mkdir", "-p", os.path.dirname(at))
    host.run("cp", "-a", place, at)
    file = f"{at}/{name}" if name else at
    text = host.read(file)
    assert was in text
    host.write(file, text.replace(was, becomes))
    host.run("chown", "-R", owner, at)
    host.run("chmod", "-R", "go=u" if owner != "root" else "go-w", at)


@pytest.mark.parametrize("at, owner", [("/var/home/bob/new", "root"), ("/tmp/new/conf", "bob")])
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_another_configuration(room, host, at, owner):
    opened_copy(host, at, owner)
    assert relayed(host, "-c", at) == BOTH
    assert relayed(host) == OWN, "its own is what it was"


def test_its_own_place_is_no_other(room):
    assert relayed(POSTFIX, "-c", "/etc/postfix") == OWN


@pytest.mark.parametrize("at, why", [
    ("/etc/postfix/none", "not found"), ("/etc/postfix/main.cf", "invalid"), ("/dev/null", "invalid")])
def test_a_configuration_that_is_none(room, at, why):
    done = POSTFIX.run(INSIDE, "-c", at, "ask", "postfix", POSTFIX.v4, "<bob>", "8.8.8.8", check=False)
    assert done.returncode == 2 and why in done.stdout, done.stdout


def test_a_configuration_is_read_only(room):
    opened_copy(POSTFIX, "/tmp/new", "bob")
    done = POSTFIX.run(INSIDE, "-c", "/tmp/new", "run", "/bin/sh", "-c", "cat /etc/postfix/main.cf; touch /etc/postfix/x",
                       check=False)
    assert done.returncode and "Read-only" in done.stdout, done.stdout


def test_an_instance(room):
    """A second Postfix with its own configuration, queue and data, anywhere."""
    host = POSTFIX
    host.run("cp", "-a", "/etc/postfix", "/etc/postfix-out")
    for name, value in {"queue_directory": "/var/home/out/queue", "data_directory": "/var/home/out/data",
                        "multi_instance_name": "postfix-out", "multi_instance_enable": "yes",
                        "mynetworks": "0.0.0.0/0 [::]/0"}.items():
        host.run("postconf", "-c", "/etc/postfix-out", "-e", f"{name} = {value}")
    before = host.read("/etc/postfix/main.cf")
    host.run("sh", "-c", "printf 'multi_instance_directories = /etc/postfix-out\nmulti_instance_enable = yes\n"
                         "multi_instance_wrapper = postmulti -p --\n' >> /etc/postfix/main.cf")
    host.make_directory("/var/home/out/queue")
    host.make_directory("/var/home/out/queue/etc")
    host.write("/var/home/out/queue/etc/hosts", "")
    host.make_directory("/var/home/out/data", owner="postfix")
    trees = ("-t", "/var/home/out/queue", "-t", "/var/home/out/data")
    try:
        assert relayed(host, "-i", "/etc/postfix-out", *trees) == BOTH
        assert relayed(host, *trees) == OWN, "the first one alone"
        assert host.run("find", "/var/home/out", "-mindepth", "2").stdout == \
            "/var/home/out/queue/etc\n/var/home/out/queue/etc/hosts\n"
    finally:
        host.write("/etc/postfix/main.cf", before)


KNOCK = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('{}'); s.sendall(b'knock'); print(s.recv(9))"
LISTENER = """
import os, socket, sys
path = sys.argv[1]
os.path.exists(path) and os.unlink(path)
s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); print('ready', flush=True)
while True:
    c, _ = s.accept(); c.recv(9); c.sendall(b'who'); c.close()
"""


@pytest.fixture
def door(room, request):
    path = request.param
    POSTFIX.run("mkdir", "-p", os.path.dirname(path))
    listener = subprocess.Popen(POSTFIX._inside(["python3", "-c", LISTENER, path]), stdout=subprocess.PIPE,
                                start_new_session=True)
    try:
        assert listener.stdout.readline() == b"ready\n"
        yield path
    finally:
        os.killpg(listener.pid, signal.SIGKILL)
        listener.wait()
        POSTFIX.run("rm", "-f", path)


DOORS = ["/run/dovecot/auth", "/var/spool/postfix/private/auth2", "/tmp/a/door", "/var/home/bob/door"]


@pytest.mark.parametrize("door", DOORS, indirect=True)
def test_a_socket_is_let_in(door):
    knock = ("run", "/usr/bin/python3", "-c", KNOCK.format(door))
    assert POSTFIX.run(INSIDE, *knock, check=False).returncode == 1
    assert POSTFIX.run(INSIDE, "-s", door, *knock).stdout == "b'who'\n"


@pytest.mark.parametrize("door", DOORS[:1], indirect=True)
def test_only_a_socket_is_let_in(door):
    done = POSTFIX.run(INSIDE, "-s", "/etc/passwd", "run", "/bin/true", check=False)
    assert done.returncode == 2 and "expected a socket" in done.stdout, done.stdout


def test_a_file_is_kept(room):
    """As certificates and keys are that a configuration names, where the room has no file else."""
    host = POSTFIX
    host.run("sh", "-ec", "mkdir -p /run/secrets/..1 /tmp/deep; cd /run/secrets; ln -s ..1 ..data; ln -s ..data/key key; "
                          "echo secret | tee ..1/key > /tmp/deep/key; echo other > ..1/other; chown bob ..1/key; "
                          "chmod 640 ..1/key; mkfifo fifo; ln -s /etc/hostname name")
    kept = ("/run/secrets/key", "/tmp/deep/key", "/run/secrets/fifo", "/run/secrets/none", "/run/secrets/name",
            "/etc/passwd", "/run/secrets")
    look = ("run", "/bin/sh", "-c", "cat /run/secrets/key /tmp/deep/key; stat -Lc '%U %a' /run/secrets/key; "
                                    "find /run/secrets -type f -o -type p; find /tmp -type f")
    try:
        done = host.run(INSIDE, *(word for path in kept for word in ("-k", path)), *look)
        assert done.stdout == "secret\nsecret\nbob 640\n/run/secrets/..1/key\n/tmp/deep/key\n"
        done = host.run(INSIDE, *look, check=False)
        assert "secret\n" not in done.stdout and "/key\n" not in done.stdout, done.stdout
    finally:
        host.run("rm", "-r", "/run/secrets", "/tmp/deep")
