"""The server that runs is the one that is asked: by other files and options than the system's own, beside another of
its kind, and where how it was started cannot be seen.

What the machine's files say is closed in all of these; what runs may be open.
"""

import os

import pytest
from layout import CODES, EXIM, LAN, NO_LAN, OPENSMTPD, POSTFIX, SENDMAIL, shell

from lab.lab import Lab

OPEN = 2526         # a port that no mail server is likely to have


@pytest.fixture(scope="module")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("running", [POSTFIX, EXIM, SENDMAIL, OPENSMTPD]) as made:
        yield made


@pytest.fixture
def started(lab):
    """Starts a program on a host until the test ends."""
    running = []

    def start(host, port, *command):
        process = host.start(*command)
        running.append((host, process, port))
        host.wait_port(port)
        return process
    yield start
    for host, process, port in running:
        host.stop(process, port)
        host.restore()


def verdicts(host, *options):
    code, reports, printed = host.audit(*options)
    return code, [report["verdict"] for report in reports], printed


@pytest.mark.parametrize("options", [("-C", "/etc/exim4/open.conf"), ("-DRELAY=*",)], ids=["file", "macro"])
def test_a_second_exim(started, options):
    shell(EXIM, "cd /etc/exim4; sed -i 's/^hostlist relay_from_hosts = .*/RELAY = 127.0.0.1\\nhostlist "
                "relay_from_hosts = <; RELAY/' exim4.conf; sed 's/^RELAY = .*/RELAY = */' exim4.conf > open.conf")
    started(EXIM, OPEN, "exim4", "-bdf", "-oX", OPEN, *options)
    assert verdicts(EXIM)[:2] == (CODES["world"], ["closed", "world"])


def test_a_second_exim_that_is_closed(started):
    started(EXIM, OPEN, "exim4", "-bdf", "-oX", OPEN)
    assert verdicts(EXIM)[:2] == (CODES["closed"], ["closed", "closed"])


def test_a_second_sendmail(started):
    shell(SENDMAIL, "cd /etc/mail; (sed 's/Port=smtp/Port=2526/' sendmail.mc | sed '/^MAILER_DEF/i "
                    "FEATURE(`promiscuous_relay'\"'\"')dnl' ) > open.mc; m4 open.mc > open.cf; "
                    "sed -i 's,mta/sendmail.pid,mta/open.pid,' open.cf")
    started(SENDMAIL, OPEN, "/usr/libexec/sendmail/sendmail", "-bD", "-q10m", "-C", "/etc/mail/open.cf")
    assert verdicts(SENDMAIL)[:2] == (CODES["world"], ["closed", "world"])


def test_a_sendmail_that_hides(started):
    """Its title hides the command line, and somebody took its pid file away."""
    shell(SENDMAIL, "cd /etc/mail; sed 's/Port=smtp/Port=2526/; s,mta/sendmail.pid,mta/other.pid,' sendmail.cf > "
                    "other.cf")
    started(SENDMAIL, OPEN, "/usr/libexec/sendmail/sendmail", "-bD", "-q10m", "-C", "/etc/mail/other.cf")
    SENDMAIL.wait_text("/run/sendmail/mta/other.pid", "other.cf")
    SENDMAIL.run("rm", "/run/sendmail/mta/other.pid")
    code, reports, printed = SENDMAIL.audit()
    assert code == CODES["unknown"], printed
    assert f"port {OPEN} of this machine" in reports[0]["summary"], printed
    assert "by which options is not known" in reports[0]["summary"], printed


def test_an_opensmtpd_by_another_file(lab):
    host = OPENSMTPD
    shell(host, "sed 's/from local for any/from any for any/' /etc/smtpd.conf > /etc/open.conf")
    host.stop(host.daemon, 25)
    try:
        host.daemon = host.start("smtpd", "-d", "-f", "/etc/open.conf")
        host.wait_port(25)
        assert verdicts(host)[:2] == (CODES["world"], ["world"])
    finally:
        host.stop(host.daemon, 25)
        host.start_services()


def test_an_exim_of_ones_own(started):
    """Beside that of the package: it has its own way to its configuration."""
    EXIM.run("sh", "-ec", "mkdir -p /etc/own; cp $(command -v exim4) /etc/own/exim")
    started(EXIM, OPEN, "/etc/own/exim", "-bdf", "-oX", OPEN)
    code, reports, printed = EXIM.audit()
    assert code == CODES["unknown"], printed
    assert "whose program is /etc/own/exim" in reports[0]["summary"], printed


@pytest.mark.parametrize("host, file", [(SENDMAIL, "/etc/mail/sendmail.cf"), (OPENSMTPD, "/etc/smtpd.conf")],
                         ids=["sendmail", "opensmtpd"])
def test_what_runs_is_of_another_day(lab, host, file):
    """They read their configuration once: the answer is about the file, and says so."""
    def said():
        code, reports, printed = host.audit()
        assert code == CODES["closed"], printed
        return [row["why"] for row in reports[0]["unasked"] if row["what"].startswith("what runs now (process ")]
    try:
        host.run("touch", "-d", "1 hour ago", file)
        assert said() == []
        host.run("touch", "-d", "1 hour", file)
        (why,) = said()
        assert f"started before {file} was changed" in why
    finally:
        host.restore()


@pytest.fixture
def stopped(lab):
    """A host whose mail server does not run."""
    hosts = []

    def stop(host):
        host.stop(host.daemon, 25)
        hosts.append(host)
    yield stop
    for host in hosts:
        host.restore()
        host.start_services()


def test_a_sendmail_as_debian_would_start_it(stopped):
    stopped(SENDMAIL)
    shell(SENDMAIL, "cd /etc/mail; sed \"s/^MAILER_DEFINITIONS/FEATURE(\\`promiscuous_relay')dnl\\n&/\" sendmail.mc > "
                    "my.mc; m4 my.mc > my.cf; echo 'DAEMON_PARMS=\"-C/etc/mail/my.cf\";' > sendmail.conf")
    assert verdicts(SENDMAIL)[:2] == (CODES["world"], ["world"])


@pytest.mark.parametrize("units", [
    {"/usr/lib/systemd/system/opensmtpd.service": "[Service]\nExecStart=/usr/sbin/smtpd\n",
     "/etc/systemd/system/opensmtpd.service.d/10-open.conf":
     "[Service]\nEnvironment=FILE=/etc/open.conf\nExecStart=\nExecStart=/usr/sbin/smtpd -f ${FILE}\n"},
    {"/etc/systemd/system/opensmtpd.service":
     "[Service]\nEnvironmentFile=-/etc/default/smtpd\nExecStart=/usr/sbin/smtpd $OPTIONS\n",
     "/etc/default/smtpd": "OPTIONS=-f /etc/open.conf\n"},
], ids=["override", "unit"])
def test_an_opensmtpd_as_systemd_would_start_it(stopped, units):
    host = OPENSMTPD
    stopped(host)
    try:
        for name, text in units.items():
            host.write(name, text)
        shell(host, "sed 's/from local for any/from any for any/' /etc/smtpd.conf > /etc/open.conf")
        assert verdicts(host)[:2] == (CODES["world"], ["world"])
    finally:
        host.run("rm", "-f", *units, "/etc/open.conf")


def test_an_exim_that_a_shell_would_start(stopped):
    """What systemd runs is no command of Exim's, so that its options are not known."""
    stopped(EXIM)
    EXIM.write("/etc/systemd/system/exim4.service.d/x.conf",
               "[Service]\nExecStart=\nExecStart=/bin/sh -c 'exec exim4 -bd $(cat /etc/exim4/options)'\n")
    try:
        code, reports, printed = EXIM.audit()
    finally:
        EXIM.run("rm", "-r", "/etc/systemd/system/exim4.service.d")
    assert code == CODES["unknown"], printed
    assert "the server as it is started" in reports[0]["summary"], printed


def test_more_is_trusted_than_is_asked(lab):
    """All of them are as sound as the first hundred, which nobody has heard the server say."""
    host = POSTFIX
    try:
        shell(host, LAN.format("10.77.0.1/24") + "; "
                    "postconf -e 'mynetworks = 127.0.0.0/8 '\"$(seq -f 10.77.0.%g 2 200 | tr '\\n' ' ')\"")
        code, reports, printed = host.audit()
        assert code == CODES["unknown"], printed
        assert "all networks and trusted ranges" in reports[0]["summary"], printed
    finally:
        host.restore()
        host.run("sh", "-c", NO_LAN, check=False)
