"""Who stands in, in the closed room, for what a server asks and is not there."""

import json
import os
import signal
import subprocess

import pytest
from conftest import BINARY
from test_carried import BOTH, LISTENER, OWN, STRANGER
from test_closed import INSIDE, LOOPBACK, ROOM, PostfixMachine, SendmailMachine, machine

from lab.lab import Lab

POSTFIX = machine(PostfixMachine, "standin-postfix", LOOPBACK, settings={"smtpd_client_connection_count_limit": "0"})
SENDMAIL = machine(SendmailMachine, "standin-sendmail", LOOPBACK, macros=(
    "INPUT_MAIL_FILTER(`one', `S=local:/run/one/socket, F=T')dnl\n"
    "INPUT_MAIL_FILTER(`two', `S=inet:8891@192.0.2.8, F=T')dnl\n"))
HOSTS = [POSTFIX, SENDMAIL]


@pytest.fixture(scope="module")
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert ROOM.exists(), f"{ROOM}: there is no such program; build it first"
    with Lab("standin", HOSTS) as lab:
        yield lab


def codes(host, *stand_ins):
    """{asker: (control, a stranger's recipient)}"""
    options = [word for stand_in in stand_ins for word in ("-m", stand_in)]
    return host.ask(STRANGER, *OWN, options=options)


def gives_answers(host):
    done = host.run(INSIDE, "ask", host.kind, host.v4, f"<bob@{host.domains[0]}>", STRANGER, check=False)
    return not done.returncode and done.stdout.split()[1:3] == ["250", "554"]


# The parameters of main.cf by which it asks, and who stands in there.
ASKED = {
    "a milter at a path": ({"smtpd_milters": "unix:/run/filter/socket"}, "milter=/run/filter/socket"),
    "a milter in the spool": ({"smtpd_milters": "unix:private/filter"}, "milter=/var/spool/postfix/private/filter"),
    "a milter at a port": ({"smtpd_milters": "inet:127.0.0.1:8891"}, "milter=127.0.0.1:8891"),
    "a milter at another host": ({"smtpd_milters": "inet:10.9.9.9:8891"}, "milter=10.9.9.9:8891"),
    "a milter at another host by IPv6": ({"smtpd_milters": "inet:[2001:db8:9::9]:8891"}, "milter=[2001:db8:9::9]:8891"),
    "an old milter": ({"smtpd_milters": "inet:127.0.0.1:8891", "milter_protocol": "2"}, "milter=127.0.0.1:8891"),
    "a policy service": ({"smtpd_recipient_restrictions": "check_policy_service inet:127.0.0.1:10023"},
                         "policy=127.0.0.1:10023"),
    "a policy service in the spool": ({"smtpd_client_restrictions": "check_policy_service unix:private/policy"},
                                      "policy=/var/spool/postfix/private/policy"),
    "who checks passwords": ({"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
                              "smtpd_sasl_path": "private/auth"}, "auth=/var/spool/postfix/private/auth"),
    "who checks no plain ones": ({"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
                                  "smtpd_sasl_path": "inet:127.0.0.1:12345",
                                  "smtpd_sasl_security_options": "noanonymous, noplaintext"}, "auth=127.0.0.1:12345"),
    "a proxy before the queue": ({"smtpd_proxy_filter": "127.0.0.1:10024"}, "filter=127.0.0.1:10024"),
}

# One of each kind is asked without it, too.
FIRST = {"a milter at a path", "a policy service", "a proxy before the queue", "who checks passwords"}


# `make test` asks these; CAMPAIGN=1 all.
SHORT = FIRST | {"a milter at another host", "who checks no plain ones"}


@pytest.mark.parametrize("what", ASKED if os.environ.get("CAMPAIGN") else sorted(SHORT))
def test_postfix(room, what):
    settings, stand_in = ASKED[what]
    before = POSTFIX.read("/etc/postfix/main.cf")
    POSTFIX.write("/etc/postfix/main.cf", before + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    try:
        if what in FIRST:
            assert not gives_answers(POSTFIX)
        assert codes(POSTFIX, stand_in) == {STRANGER: (250, 554), "127.0.0.1": (250, 250)}
    finally:
        POSTFIX.write("/etc/postfix/main.cf", before)


def test_sendmail(room):
    assert codes(SENDMAIL) == {asker: (0, 0) for asker in BOTH}
    assert codes(SENDMAIL, "milter=/run/one/socket", "milter=192.0.2.8:8891") == \
        {STRANGER: (250, 550), "127.0.0.1": (250, 250)}


def test_over_a_socket_that_cannot_be_made(room):
    """Its directory is read-only inside; the machine's own there is covered."""
    path = "/var/home/bob/door"
    before = POSTFIX.read("/etc/postfix/main.cf")
    listener = subprocess.Popen(POSTFIX._inside(["python3", "-c", LISTENER, path]), stdout=subprocess.PIPE,
                                start_new_session=True)
    try:
        assert listener.stdout.readline() == b"ready\n"
        POSTFIX.write("/etc/postfix/main.cf", f"{before}smtpd_milters = unix:{path}\n")
        assert codes(POSTFIX, f"milter={path}") == {STRANGER: (250, 554), "127.0.0.1": (250, 250)}
    finally:
        POSTFIX.write("/etc/postfix/main.cf", before)
        os.killpg(listener.pid, signal.SIGKILL)
        listener.wait()


def test_where_nobody_can_stand_in(room):
    done = POSTFIX.run(INSIDE, "-m", "milter=/etc/none/socket", "run", "/bin/true")
    assert "/etc/none/socket: nobody can stand in there" in done.stdout


def test_only_that_port_is_reached(room):
    call = ("import errno, socket, sys; s = socket.create_server(('', 25))\n"
            "for port in 25, 8891:\n"
            "    try: socket.create_connection(('10.9.9.9', port), 5); print('taken')\n"
            "    except OSError as e: print(errno.errorcode[e.errno])")
    done = POSTFIX.run(INSIDE, "-m", "milter=10.9.9.9:8891", "run", "/usr/bin/python3", "-c", call)
    assert done.stdout.split() == ["ENETUNREACH", "taken"]


def test_the_audit_finds_whom_it_asks(room):
    """By the configuration alone, and what could not be asked is said."""
    host = POSTFIX
    before = host.read("/etc/postfix/main.cf")
    host.copy(BINARY, "/usr/local/bin/portreeve")
    host.write("/etc/postfix/main.cf", before + "smtpd_milters = unix:/run/filter/socket, inet:milter.example:8891\n"
               "smtpd_client_restrictions = check_policy_service inet:127.0.0.1:10023\n"
               "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n")
    try:
        done = host.run("portreeve", "audit", "--json", check=False)
        answer = json.loads(done.stdout)
        assert (done.returncode, answer["verdict"]) == (0, "closed"), done.stdout
        unasked = {row["what"] for row in answer["unasked"]}
        assert {"a milter: unix:/run/filter/socket", "a milter: inet:milter.example:8891",
                "a policy service: inet:127.0.0.1:10023", "who checks passwords: private/auth"} <= unasked
    finally:
        host.write("/etc/postfix/main.cf", before)
