"""Where namespaces are forbidden: a second Postfix beside the first, exim -bh, sendmail -bt."""

import contextlib
import json
import os
import random
import subprocess

import pytest
from conftest import BINARY
from test_closed import EximMachine, OpenSMTPDMachine, PostfixMachine, SendmailMachine, machine

from lab.lab import Lab
from lab.wait import wait_until

SOUND = machine(PostfixMachine, "beside-sound", ())
OPEN = machine(PostfixMachine, "beside-open", (), settings={
    "mynetworks": "127.0.0.0/8, 0.0.0.0/0", "smtpd_milters": "unix:/run/none/socket",
    "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"})
# Its DNS knows none of the audit's names: these refuse everybody, and say nothing of relaying.
STRICT = machine(PostfixMachine, "beside-strict", (), settings={
    "smtpd_recipient_restrictions": "warn_if_reject reject_unknown_client_hostname, reject_unknown_sender_domain, "
                                    "reject_rbl_client bl.example, reject_unauth_destination"})
EXIM = machine(EximMachine, "beside-exim", (), relay_from="<; 127.0.0.1 ; ::1 ; 172.16.0.0/12")
SENDMAIL = machine(SendmailMachine, "beside-sendmail", (), access="Connect:172 RELAY\n")
OPENSMTPD = machine(OpenSMTPDMachine, "beside-opensmtpd", ())
HOSTS = [SOUND, OPEN, STRICT, EXIM, SENDMAIL, OPENSMTPD]
INSIDE = "/usr/local/bin/portreeve"
KILLS = 30 if os.environ.get("CAMPAIGN") else 5
WHOLE_S = 4.0  # about as long as it takes to start, ask and end
# As in a container: root without the right to make namespaces or mounts.
BOUND = ("setpriv", "--bounding-set", "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,"
         "+net_bind_service,+sys_chroot")
AUDIT = (*BOUND, INSIDE, "audit", "--json")
ORDINARY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture(scope="module", autouse=True)
def room():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("beside", HOSTS) as lab:
        for host in HOSTS:
            host.copy(BINARY, INSIDE)
            host.run("mkdir", "-p", "/run/systemd")
            host.write("/run/systemd/container", "docker\n")
            if host.kind == "postfix":
                wait_until(lambda host=host: "daemon started" in host.read("/var/log/mail.log") +
                      host.read("/var/log/syslog"), "it to have said all")
        yield lab


def state(host):
    """All but when the directory for temporary ones was last written to."""
    files, *rest = host.state()
    return ["".join(line for line in files.splitlines(True) if not line.startswith("/tmp ")), *rest]


def audit(host, command=AUDIT):
    done = host.run(*command, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        pytest.fail(done.stdout)


def is_as_before(host, before):
    for was, is_now in zip(before, state(host)):
        assert is_now == was or (isinstance(was, list) and set(is_now) <= set(was))


@pytest.mark.parametrize("host, verdict", [(SOUND, (0, "closed")), (OPEN, (1, "world")), (STRICT, (0, "closed"))],
                         ids=["sound", "open", "strict"])
def test_the_verdict(host, verdict):
    before = state(host)
    code, answer = audit(host)
    assert (code, answer["verdict"]) == verdict, answer
    unasked = json.dumps(answer["unasked"])
    assert "XCLIENT" in unasked
    assert ("reject_rbl_" in unasked) == (host is STRICT)
    is_as_before(host, before)


@pytest.mark.parametrize("host, network, way", [(EXIM, "172.16.0.0/12", "exim -bh"),
                                               (SENDMAIL, "172.0.0.0/8", "sendmail -bt")],
                         ids=["exim", "sendmail"])
def test_the_modes_that_are_made_for_it(host, network, way):
    before = state(host)
    code, answer = audit(host)
    assert (code, answer["verdict"]) == (2, "wide"), answer
    wide = [row for row in answer["who"] if row["network"] == network]
    assert [row["forms"] for row in wide] == [["plain"]] and wide[0]["by"], answer
    assert not [row for row in answer["who"] if row["client"].startswith("stranger")], answer
    assert way in json.dumps(answer["unasked"])
    is_as_before(host, before)


@pytest.mark.parametrize("host, file, line", [
    (EXIM, "/etc/exim4/exim4.conf", "  accept  hosts         = +relay_from_hosts"),
    (SENDMAIL, "/etc/mail/access", "Connect:172 RELAY")], ids=["exim", "sendmail"])
def test_the_rule_that_decided(host, file, line):
    """In the room, by the server's own trace."""
    code, answer = audit(host, (INSIDE, "audit", "--json"))
    assert "closed room" in answer["how"], answer
    number = host.read(file).splitlines().index(line) + 1
    decided = {row["network"]: [(of["file"], of["line"]) for of in row["decided"]] for row in answer["who"]}
    assert decided["172.16.0.0/12" if host is EXIM else "172.0.0.0/8"] == [(file, number)], decided
    assert not [finding for finding in answer["findings"] if "another line" in finding["title"]], answer


@pytest.mark.parametrize("host, verdict, why", [
    (EXIM, "wide", "exim -bh"), (SENDMAIL, "wide", "may not read Sendmail's tables"),
    (SOUND, "unknown", "only root can start a second Postfix"), (OPENSMTPD, "unknown", "closed room alone")],
    ids=["exim", "sendmail", "postfix", "opensmtpd"])
def test_an_ordinary_user_in_a_container(host, verdict, why):
    before = state(host)
    code, answer = audit(host, (*ORDINARY, INSIDE, "audit", "--json", "--in-container"))
    assert (code, answer["verdict"]) == ({"wide": 2, "unknown": 3}[verdict], verdict), answer
    assert why in json.dumps(answer), answer
    is_as_before(host, before)


def of_audit(host):
    """The audit itself and its watcher, as many as there are, by their numbers."""
    return [line.split()[0] for line in host.processes() if f"{INSIDE} audit" in line]


@pytest.mark.parametrize("part", range(KILLS))
def test_killed_at_any_instant(part):
    """Nothing of it is left."""
    before = state(SOUND)
    runs = subprocess.Popen(SOUND._inside(AUDIT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        runs.wait((part + random.random()) * WHOLE_S / KILLS)
    for number in of_audit(SOUND)[:1]:
        SOUND.run("kill", "-9", number, check=False)
    runs.wait()
    wait_until(lambda: set(SOUND.processes()) <= set(before[3]), "all of it to end")
    is_as_before(SOUND, before)


def kill_with_watcher(await_moment):
    """An audit and who watches it, at that moment of it: the server ends all the same."""
    before = set(SOUND.processes())
    runs = subprocess.Popen(SOUND._inside(AUDIT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)
    await_moment(runs)
    SOUND.run("sh", "-c", f"kill -9 {' '.join(of_audit(SOUND))}", check=False)
    runs.wait()
    wait_until(lambda: set(SOUND.processes()) <= before,
               lambda: f"its processes to end: {set(SOUND.processes()) - before}")


def has_place():
    return "portreeve-beside-" in SOUND.run("ls", "/tmp").stdout


def test_killed_with_its_watcher():
    """Nobody is there to remove anything: the next audit removes its files."""
    before = state(SOUND)
    for part in range(KILLS):
        def some_time(runs, part=part):
            with contextlib.suppress(subprocess.TimeoutExpired):
                runs.wait((part + random.random()) * WHOLE_S / KILLS)
        kill_with_watcher(some_time)
    kill_with_watcher(lambda _: wait_until(has_place, "its directory"))
    assert has_place()
    code, answer = audit(SOUND)
    assert (code, answer["verdict"]) == (0, "closed"), answer
    is_as_before(SOUND, before)


@pytest.mark.parametrize("after_s", (0, 0.3, 1))
def test_the_watcher_alone_is_killed(after_s):
    """The audit goes on without a server, says so, and cleans up."""
    before = state(SOUND)
    runs = subprocess.Popen(SOUND._inside(AUDIT), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                            start_new_session=True)
    wait_until(lambda: [line for line in SOUND.processes() if "/tmp/portreeve-" in line],
               "the second one to run")
    seen = SOUND.run("ps", "-eo", "pid,ppid,args", "--no-headers").stdout
    rows = [line.split()[:2] for line in seen.splitlines() if f"{INSIDE} audit" in line and "setpriv" not in line]
    numbers = {number for number, _ in rows}
    (watcher,) = {line.split()[1] for line in seen.splitlines() if "/tmp/portreeve-" in line} & numbers
    with contextlib.suppress(subprocess.TimeoutExpired):
        runs.wait(after_s)
    SOUND.run("kill", "-9", watcher)
    printed, _ = runs.communicate(timeout=90)
    assert json.loads(printed.splitlines()[0])["verdict"] in ("unknown", "closed"), printed
    wait_until(lambda: set(SOUND.processes()) <= set(before[3]), "all of it to end")
    is_as_before(SOUND, before)


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
