"""Where namespaces are forbidden: a second Postfix beside the first, asked by XCLIENT."""

import json
import os
import subprocess

import pytest
from conftest import BINARY
from test_closed import PostfixMachine, machine

from lab.lab import Lab
from lab.wait import until

SOUND = machine(PostfixMachine, "beside-sound", ())
OPEN = machine(PostfixMachine, "beside-open", (), settings={
    "mynetworks": "127.0.0.0/8, 0.0.0.0/0", "smtpd_milters": "unix:/run/none/socket",
    "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"})
HOSTS = [SOUND, OPEN]
INSIDE = "/usr/local/bin/portreeve"
# As in a container: root without the right to make namespaces or mounts.
BOUND = ("setpriv", "--bounding-set", "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,"
         "+net_bind_service,+sys_chroot")
AUDIT = (*BOUND, INSIDE, "audit", "--json")


@pytest.fixture(scope="module", autouse=True)
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("beside", HOSTS) as lab:
        for host in HOSTS:
            host.copy(BINARY, INSIDE)
            until("it to have said all", lambda host=host: "daemon started" in host.read("/var/log/mail.log") +
                  host.read("/var/log/syslog"), 20)
        yield lab


def state(host):
    """All but when the directory for temporary ones was last written to."""
    files, *rest = host.state()
    return ["".join(line for line in files.splitlines(True) if not line.startswith("/tmp ")), *rest]


def audit(host):
    done = host.run(*AUDIT, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        pytest.fail(done.stdout)


@pytest.mark.parametrize("host, verdict", [(SOUND, (0, "closed")), (OPEN, (1, "world"))], ids=["sound", "open"])
def test_the_verdict(host, verdict):
    before = state(host)
    code, answer = audit(host)
    assert (code, answer["verdict"]) == verdict, answer
    assert "XCLIENT" in json.dumps(answer["unasked"])
    for was, is_now in zip(before, state(host)):
        assert is_now == was or (isinstance(was, list) and set(is_now) <= set(was))


def test_killed():
    """Nothing of it is left."""
    before = state(SOUND)
    runs = subprocess.Popen(SOUND._inside(AUDIT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)
    until("the second one to run", lambda: [line for line in SOUND.processes() if "/tmp/portreeve-" in line], 20)
    audits = [line.split()[0] for line in SOUND.processes() if f"{INSIDE} audit" in line]
    SOUND.run("kill", "-9", audits[0])
    runs.wait()
    until("all of it to end", lambda: set(SOUND.processes()) <= set(before[3]), 20)
    for was, is_now in zip(before, state(SOUND)):
        assert is_now == was or (isinstance(was, list) and set(is_now) <= set(was))


def test_what_goes_by_the_connection_is_not_asked():
    before = SOUND.read("/etc/postfix/main.cf")
    SOUND.write("/etc/postfix/main.cf", before + "smtpd_relay_restrictions = permit_inet_interfaces, "
                                                 "reject_unauth_destination\n")
    try:
        code, answer = audit(SOUND)
        assert answer["verdict"] != "world", answer
        assert "permit_inet_interfaces" in json.dumps(answer), answer
    finally:
        SOUND.write("/etc/postfix/main.cf", before)
