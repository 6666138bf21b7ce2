"""What a role would refuse is refused before anything is taken over: by `config check`, at the
start and on HUP, with the same line."""

import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import BINARY, GIVE_UP_S, TOP, Box, Supervisor, wait_until
from test_run import listed, smtp_banner

LONG = ".".join(["x" * 60] * 4)


EC = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


def make_pair(directory, name, days=365, kind=EC, lock="-nodes"):
    """Certificate and key, self-signed."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-subj", "/CN=x.test", "-days",
                    str(days), "-keyout", key, "-out", certificate, *lock.split()],
                   check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def tls():
    """Files of every kind that a certificate and a key should not be."""
    with tempfile.TemporaryDirectory(prefix="portreeve-tls-") as name:
        directory = Path(name)
        make_pair(directory, "good")
        make_pair(directory, "other")
        make_pair(directory, "rsa", kind=["rsa:2048"])
        make_pair(directory, "locked", lock="-passout pass:secret")
        (directory / "empty").touch()
        (directory / "text").write_text("no PEM\n")
        (directory / "half.pem").write_bytes((directory / "good.pem").read_bytes()[:200])
        os.mkfifo(directory / "fifo")
        yield directory


def pair(certificate, key):
    return {"collector": f'certificate = "TLS/{certificate}"\n key = "TLS/{key}"'}


# What stands in the sections, and how the line goes on behind the file's name.
BROKEN = {
    # The zones.
    "code": ({"dnsbl": "code = {127.0.0.1}"}, "dnsbl.code: expected "),
    "code of errors": ({"dnsbl": "code = {127.255.255.254}"}, "dnsbl.code: expected "),
    "code outside": ({"dnsbl": "code = {192.0.2.1}"}, "dnsbl.code: expected "),
    "code of 6": ({"dnsbl": 'code = {"::1"}'}, "dnsbl.code: expected "),
    "two codes": ({"dnsbl": "code = {127.0.0.2, 127.0.0.4}"}, "dnsbl.code: expected "),
    "no zone": ({"dnsbl": 'zone = ""'}, "dnsbl.zone: expected "),
    "root zone": ({"dnsbl": 'zone = "."'}, "dnsbl.zone: expected "),
    "long zone": ({"dnsbl": f'zone = "{LONG}.yyyyyyy"'}, "dnsbl."),
    "same zones": ({"dnsbl": 'zone = "a.test"\n output_zone = "a.test"'},
                   "dnsbl.output_zone: expected a zone outside dnsbl.zone"),
    "zone in zone": ({"dnsbl": 'zone = "a.test"\n output_zone = "b.a.test"'},
                     "dnsbl.output_zone: expected "),
    "zone around zone": ({"dnsbl": 'zone = "b.a.test"\n output_zone = "a.test"'},
                         "dnsbl.output_zone: expected "),
    "output code": ({"dnsbl": 'output_zone = "o.test"\n output_code = {127.0.0.1}'},
                    "dnsbl.output_code: expected "),
    "output text": ({"dnsbl": 'output_zone = "o.test"\n output_text = "100%"'},
                    "dnsbl.output_text: expected "),
    "text": ({"dnsbl": 'text = "listed: %s"'}, "dnsbl.text: expected "),
    "no text": ({"dnsbl": 'text = ""'}, "dnsbl.text: expected "),
    "long text": ({"dnsbl": f'text = "{"x" * 240}%a"'}, "dnsbl.text: expected "),
    "text in UTF-8": ({"dnsbl": 'text = "gelistet: \u00fc"'}, "dnsbl.text: expected "),
    "hostmaster": ({"dnsbl": 'hostmaster = "nobody"'}, "dnsbl.hostmaster: expected "),
    "hostmaster's host": ({"dnsbl": 'hostmaster = "a@b c"'}, "dnsbl.hostmaster: expected "),
    "nameserver": ({"dnsbl": 'nameserver = {"not a host"}'}, "dnsbl.nameserver: expected "),
    "nameserver at the zone": ({"dnsbl": 'zone = "a.test"\n nameserver = {"a.test"}'},
                               "dnsbl.nameserver: expected "),
    "nameserver at an address": (
        {"dnsbl": 'zone = "a.test"\n nameserver = {"1.2.0.192.a.test"}'},
        "dnsbl.nameserver: expected "),
    # Addresses.
    "twice": ({"listen": ["127.0.0.1:SMTP", "127.0.0.1:SMTP"]}, "collector.listen: expected "),
    "all and one": ({"listen": ["0.0.0.0:SMTP", "127.0.0.1:SMTP"]}, "collector.listen: expected "),
    "another role's": ({"listen": ["127.0.0.1:DNS"]}, "dnsbl.listen: expected "),
    "too many": ({"listen": [f"127.0.1.{i}:SMTP" for i in range(17)]},
                 "collector.listen: expected 1 to 16 values, found 17"),
    "port": ({"tester": "ports = {0}"}, "tester.ports: expected "),
    "no port": ({"tester": "ports = {}"}, "tester.ports: expected "),
    "resolver": ({"general": 'resolver = {"name.test"}'}, "resolver: expected "),
    "range": ({"tester": "rate = 0"}, "tester.rate: expected "),
    "watchdog": ({"general": "role_watchdog = 2h"}, "role_watchdog: expected "),
    # Certificate and key.
    "key alone": ({"collector": 'key = "TLS/good.key"'}, "collector.key: expected together"),
    "no certificate": (pair("none", "good.key"), "collector.certificate: expected a PEM chain"),
    "no key": (pair("good.pem", "none"), "collector.key: expected a PEM key"),
    "another's key": (pair("good.pem", "other.key"),
                      "collector.key: expected the key of the certificate"),
    "another kind of key": (pair("good.pem", "rsa.key"),
                            "collector.key: expected the key of the certificate"),
    "locked key": (pair("locked.pem", "locked.key"),
                   "collector.key: expected a PEM key without a passphrase"),
    "empty certificate": (pair("empty", "good.key"), "collector.certificate: expected a PEM chain"),
    "half a certificate": (pair("half.pem", "good.key"),
                           "collector.certificate: expected a PEM chain"),
    "text for a key": (pair("good.pem", "text"), "collector.key: expected a PEM key"),
    "directory": (pair("", "good.key"), "collector.certificate: expected a PEM chain"),
    "FIFO": (pair("good.pem", "fifo"), "collector.key: expected a PEM key"),
    # The mail gateway.
    "gateway's key alone": ({"gateway": 'key = "TLS/good.key"'}, "gateway.key: expected together"),
    "gateway without its key": (
        {"gateway": 'certificate = "TLS/good.pem"\n key = "TLS/none"'},
        "gateway.key: expected a file that can be read"),
    "gateway's FIFO": ({"gateway": 'certificate = "TLS/good.pem"\n key = "TLS/fifo"'},
                       "gateway.key: expected a file that can be read"),
    "gateway's other key": ({"gateway": 'certificate = "TLS/good.pem"\n key = "TLS/other.key"'},
                            "gateway.key: expected the key of the certificate"),
    "login in clear": ({"gateway": 'submission = {"127.0.0.1:5870"}'},
                       "gateway.certificate: expected where gateway.submission"),
    "no such backend": ({"gateway": 'auth = "ldap:x"'}, 'gateway.auth: "ldap:x": expected accounts,'),
    "domain that is none": ({"gateway": 'domains = {"a b"}'},
                            'gateway.domains: "a b": expected a domain name'),
    "recipients of nobody": ({"gateway": 'domains = {"a.test"}\n recipients = {"b.test /x"}'},
                             'gateway.recipients: "b.test /x": expected a domain of'),
    "recipients nowhere": ({"gateway": 'domains = {"a.test"}\n recipients = {"a.test TLS/none"}'},
                           "gateway.recipients: expected a file"),
    "recipients that wait": ({"gateway": 'domains = {"a.test"}\n recipients = {"a.test TLS/fifo"}'},
                             "gateway.recipients: expected a file"),
    "recipients that are none": (
        {"gateway": 'domains = {"a.test"}\n recipients = {"a.test /etc/passwd"}'},
        "gateway.recipients: /etc/passwd:1: expected an address of a.test"),
    "gateway for nobody": ({"gateway": 'listen = {"127.0.0.1:2525"}'},
                           "gateway.domains: expected one or more"),
    "gateway's address": (
        {"gateway": 'listen = {"127.0.0.1:SMTP"}\n domains = {"ours.test"}'},
        "gateway.listen: expected an address and port that is not taken"),
    "everybody is a proxy": ({"gateway": 'proxy_peers = {"0.0.0.0/0"}'},
                             "gateway.proxy_peers: expected single hosts"),
    "everybody says XCLIENT": ({"gateway": 'xclient_peers = {"192.0.2.1/32", "::/0"}'},
                               "gateway.xclient_peers: expected single hosts"),
    "a trusted net": ({"gateway": 'trusted_hosts = {"192.0.2.0/24 printer"}'},
                      "gateway.trusted_hosts: expected an address and an account"),
    "a trusted host of nobody": ({"gateway": 'trusted_hosts = {"192.0.2.1"}'},
                                 "gateway.trusted_hosts: expected an address and an account"),
    "a trusted proxy": (
        {"gateway": 'trusted_hosts = {"192.0.2.1 a"}\n proxy_peers = {"192.0.2.0/24"}'},
        "gateway.trusted_hosts: expected a host that is no proxy"),
    "loopback trusted": ({"gateway": 'trusted_hosts = {"127.0.0.1 a"}'},
                         "gateway.trusted_hosts: expected a host that can be trusted"),
    "a name's certificate": ({"gateway": 'sni = {"a.test TLS/good.pem"}'},
                             "gateway.sni: expected a host name and the paths"),
    "certificates by name alone": ({"gateway": 'sni = {"a.test TLS/good.pem TLS/good.key"}'},
                                   "gateway.certificate: expected one for who asks for no name"),
    "a name's other key": (
        {"gateway": 'certificate = "TLS/good.pem"\n key = "TLS/good.key"\n '
                    'sni = {"a.test TLS/good.pem TLS/other.key"}'},
        "gateway.key: expected the key of the certificate"),
    "local socket": ({"gateway": 'local_socket = "gateway.sock"'},
                     "gateway.local_socket: expected an absolute path"),
    "control socket": ({"gateway": 'control_socket = "./x"'},
                       "gateway.control_socket: expected an absolute path"),
    "mailboxes": ({"gateway": 'mailboxes = "mail"'}, "gateway.mailboxes: expected an absolute path"),
    "no smarthost's password": ({"gateway": 'smarthost = "s.test"\n smarthost_login = "us"\n'
                                            'smarthost_password_file = "/nowhere/password"'},
                                "gateway.smarthost_password_file: expected a file"),
    "memory": ({"gateway": "memory = 16M"}, "gateway.memory: expected gateway.message_size"),
    "segments": ({"gateway": "segment_size = 16M"}, "gateway.segment_size: expected "),
    # The rest.
    "role twice": ({"general": "roles = {dnsbl, dnsbl}"}, "roles: expected each role once"),
    "contact": ({"general": "contact = nobody"}, "contact: expected a mail address"),
    "domains": ({"tester": 'domain = "a.test"\n domain2 = "a.test"'}, "tester.domain2: expected "),
    "own nets": ({"trace": 'own_nets = {"10.0.0"}'}, 'trace.own_nets: "10.0.0": expected '),
    "own hosts": ({"trace": 'own_hosts = {"a b"}'}, 'trace.own_hosts: "a b": expected '),
    "from": ({"report": "from = nobody"}, "report.from: expected a mail address"),
    "return path": ({"report": f'return_path = "{"b" * 39}@a.test"'},
                    "report.return_path: expected "),
    "keep": ({"store": "keep_tests = 1d"}, "store.keep_tests: expected "),
    "syntax": ({"general": "dnsbl {"}, ""),
    # The example file's.
    "example's host": ({"general": 'hostname = "probe.example.net"'}, "hostname: expected your own"),
    "example's mail": ({"general": 'contact = "a@EXAMPLE.net"'}, "contact: expected your own"),
    "example's domain": ({"tester": 'domain = "returns.example.net"'}, "tester.domain: expected "),
    "example's zone": ({"dnsbl": 'zone = "relays.example.org"'}, "dnsbl.zone: expected your own"),
    "example's net": ({"trace": 'own_nets = {"3fff:12::/32"}'}, "trace.own_nets: expected your own"),
    # What must fit together.
    "domain in zone": ({"dnsbl": 'zone = "a.test"', "tester": 'domain = "mx.a.test"'},
                       "tester.domain: expected a domain outside dnsbl.zone"),
    "no password": ({"report": 'smarthost_password_file = "/nowhere/password"'},
                    "report.smarthost_password_file: expected a file"),
    "no template": ({"report": 'templates = {"/"}'}, "report.templates: expected a file"),
}
if os.geteuid() == 0:
    BROKEN["user"] = ({"general": 'user = "no-such-user"'}, "user: expected an existing user")


MORE = ("trace", "store", "report", "gateway")


def break_settings(box, name, tls):
    """Writes the file, and returns the line that all say."""
    sections, expected = BROKEN[name]
    sections = dict(sections)
    listen = sections.pop("listen", ["127.0.0.1:SMTP"])
    more = "".join(f"{name} {{\n {sections.pop(name)}\n}}\n" for name in MORE if name in sections)
    box.configure(**sections)
    text = box.config.read_text() + more
    text = text.replace(f'listen = {{"127.0.0.1:{box.smtp}"}}',
                        "listen = {" + ", ".join(f'"{at}"' for at in listen) + "}", 1)
    text = text.replace(":SMTP", f":{box.smtp}").replace(":DNS", f":{box.dns}")
    box.config.write_text(text.replace("TLS/", f"{tls}/"))
    done = box.run("config", "check", code=78)
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    found = line.removeprefix("portreeve: config: ")
    assert found.startswith(str(box.config)), line
    assert re.match(r"(:\d+)?: ?" + re.escape(expected), found.removeprefix(str(box.config))), line
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_check_and_start(box, tls, name):
    line = break_settings(box, name, tls)
    done = box.run("run", code=78)
    assert done.stderr == f"portreeve: run: {line}\n"
    assert not box.state.exists()


@pytest.fixture(scope="module")
def running():
    """One supervisor for all rows: none of them may change anything."""
    directory = Path(tempfile.mkdtemp(prefix="portreeve-cli-"))
    directory.chmod(0o755)
    box = Box(directory)
    run = Supervisor(box)
    run.wait_log("supervisor ready")
    yield box, run
    assert run.stop() == 0


@pytest.mark.parametrize("name", BROKEN)
def test_reload_keeps_the_old(running, tls, name):
    box, run = running
    kept, reloaded, died = (run.log().count(text)
                            for text in ("settings-kept", "reloaded", "role-died"))
    line = break_settings(box, name, tls)
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("settings-kept", times=kept + 1)
    assert line in run.log().replace('\\"', '"').replace("\\\\", "\\")
    assert run.log().count("reloaded") == reloaded
    assert run.log().count("role-died") == died
    assert listed(box) == ["127.0.0.2"]


def kill(run, role):
    """By its process id, as a crash would; waits until another one is ready."""
    ready = run.log().count(f"role-ready role={role}")
    os.kill(run.roles()[role], signal.SIGKILL)
    run.wait_log(f"role-ready role={role}", times=ready + 1)


def test_trap(box, supervisor, tls):
    """A broken file, HUP, then every role dies: all are there again with the old settings."""
    run = supervisor()
    run.wait_log("supervisor ready")
    for name in ("code", "same zones", "another's key"):
        kept = run.log().count("settings-kept")
        break_settings(box, name, tls)
        run.process.send_signal(signal.SIGHUP)
        run.wait_log("settings-kept", times=kept + 1)
    for role in ("dnsbl", "collector", "tester"):
        kill(run, role)
    assert listed(box) == ["127.0.0.2"]
    assert smtp_banner(box).startswith(b"220 ")
    assert "cannot-start" not in run.log()
    assert run.stop() == 0


def test_roles_that_do_not_run_here_yet(box, supervisor, tls):
    """A role that the file no longer names still runs, and its settings must still be right."""
    run = supervisor()
    run.wait_log("supervisor ready")
    box.configure(general='roles = {"dnsbl"}', **{
        key: value.replace("TLS/", f"{tls}/") for key, value in pair("good.pem", "none").items()})
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("settings-kept")
    kill(run, "collector")
    assert smtp_banner(box).startswith(b"220 ")
    assert run.stop() == 0


def offered(box):
    """The certificate that STARTTLS shows, as PEM; None if it is not offered."""
    with socket.create_connection(("127.0.0.1", box.smtp), GIVE_UP_S) as client:
        lines = client.makefile("rwb", buffering=0)

        def say(command):
            lines.write(command + b"\r\n")
            while (line := lines.readline())[3:4] == b"-":
                replies.append(line)
            replies.append(line)

        replies = []
        lines.readline()
        say(b"EHLO client.test")
        if not any(b"STARTTLS" in line for line in replies):
            return None
        say(b"STARTTLS")
        assert replies[-1].startswith(b"220 ")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(client) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))


def reload(run):
    reloaded = run.log().count("reloaded")
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded", times=reloaded + 1)


def test_renewed_certificate(box, supervisor):
    """HUP takes it over, though the role's user could not read the key, and in the same process; as
    it takes over that there is one, or none any more."""
    run = supervisor()
    run.wait_log("supervisor ready")
    collector = run.roles()["collector"]
    assert offered(box) is None
    certificate, key = make_pair(box.directory, "own")
    key.chmod(0o600)
    box.configure(collector=f'certificate = "{certificate}"\n key = "{key}"')
    reload(run)
    first = wait_until(lambda: offered(box), "STARTTLS")
    assert first == certificate.read_text()
    make_pair(box.directory, "own")
    reload(run)
    wait_until(lambda: offered(box) == certificate.read_text() != first, "the new certificate")
    box.configure()
    reload(run)
    wait_until(lambda: offered(box) is None, "the end of STARTTLS")
    assert run.roles()["collector"] == collector
    assert "restart-needed" not in run.log()
    assert run.stop() == 0


def test_renewal_that_went_half(box, supervisor, tls):
    """A new key without its certificate: the old pair stays, on HUP and in a new process, until
    both are there."""
    certificate, key = make_pair(box.directory, "own")
    box.configure(collector=f'certificate = "{certificate}"\n key = "{key}"')
    run = supervisor()
    run.wait_log("supervisor ready")
    old = certificate.read_text()
    key.write_bytes((tls / "other.key").read_bytes())
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("settings-kept")
    assert "collector.key: expected the key of the certificate" in run.log()
    assert offered(box) == old
    kill(run, "collector")
    assert offered(box) == old
    certificate.write_bytes((tls / "other.pem").read_bytes())
    reload(run)
    wait_until(lambda: offered(box) == (tls / "other.pem").read_text(), "the new pair")
    assert "no-starttls" not in run.log() and "certificate-kept" not in run.log()
    assert run.stop() == 0


def test_service_manager_sees_the_refusal(box, supervisor):
    with tempfile.TemporaryDirectory() as directory, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = Path(directory) / "notify"
        manager.bind(str(path))
        manager.settimeout(30)
        run = supervisor({"NOTIFY_SOCKET": str(path)})

        def hear():
            while (message := manager.recv(4096)).startswith(b"STATUS="):
                pass
            return message

        def line():
            while not (message := manager.recv(4096)).startswith(b"STATUS="):
                pass
            return message.decode()

        def reload():
            run.process.send_signal(signal.SIGHUP)
            assert hear().startswith(b"RELOADING=1\n")
            return hear()

        assert hear() == b"READY=1"

        good = box.config.read_text()
        box.configure(dnsbl="code = {192.0.2.1}")
        state = reload()
        assert state.startswith(b"READY=1\nSTATUS=settings kept: ")
        assert b"dnsbl.code: expected " in state and state.count(b"\n") == 1
        # It is said as long as it is so.
        assert "3 roles run" in (kept := line()) and "; settings kept: " in kept
        box.config.write_text(good)
        assert reload() == b"READY=1\nSTATUS=settings taken over"
        assert "settings" not in line()
        assert reload() == b"READY=1"
        assert run.stop() == 0


def test_unit_checks_before_it_reloads():
    """The first ExecReload that fails makes `systemctl reload` fail, and the rest is not run."""
    lines = [line for line in (TOP / "dist" / "portreeve.service.in").read_text().splitlines()
             if line.startswith("ExecReload=")]
    run = next(line for line in (TOP / "dist" / "portreeve.service.in").read_text().splitlines()
               if line.startswith("ExecStart="))
    assert lines == [
        "ExecReload=" + run.removeprefix("ExecStart=").replace(" run ", " config check "),
        "ExecReload=/bin/sh -c \"kill -HUP $MAINPID\""]


@pytest.mark.parametrize("days, remark", [
    (3, "collector.certificate: expires within 14 days"), (365, None)])
def test_certificate_that_expires(box, supervisor, days, remark):
    certificate, key = make_pair(box.directory, "own", days)
    box.configure(collector=f'certificate = "{certificate}"\n key = "{key}"')
    done = box.run("config", "check")
    assert done.stdout == "the configuration is good\n"
    assert done.stderr == (f"portreeve: config: {remark}\n" if remark else "")
    told = {"remarks": [remark]} if remark else {}
    assert box.objects("config", "check") == [{"good": True, **told}]
    run = supervisor()
    run.wait_log("supervisor ready")
    assert (f'settings-remark what="{remark}"' in run.log()) == bool(remark)


@pytest.mark.parametrize("name, remark", [
    ("x.test", ""), ("X.Test", ""), ("mx.x.test", 'is not for the name "mx.x.test"')])
def test_certificate_of_another_name(box, tls, name, remark):
    box.configure(general=f'hostname = "{name}"',
                  collector=f'certificate = "{tls}/good.pem"\n key = "{tls}/good.key"')
    said = box.run("config", "check").stderr
    assert said == (f"portreeve: config: collector.certificate: {remark}\n" if remark else "")


def test_example_file():
    """As it comes, it is no configuration: one line that names all that must be edited."""
    done = subprocess.run([BINARY, "config", "check", "-c", TOP / "dist" / "portreeve.conf"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78 and not done.stdout
    (line,) = done.stderr.splitlines()
    for name in ("hostname", "contact", "objection_url", "tester.domain", "tester.domain2",
                 "tester.collector", "tester.source", "collector.listen", "dnsbl.zone",
                 "dnsbl.listen"):
        assert re.search(rf"\b{re.escape(name)}\b", line), name


def test_foreign_address(box):
    """It may come later (of a pair of machines, say): a remark, no error."""
    box.configure(tester="source = {192.0.2.77}")
    done = box.run("config", "check")
    assert "tester.source: 192.0.2.77 is no address of this machine now" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes networks")
def test_untrusted_host(box):
    """As the gateway judges it at its start; a remark, as the network may change."""
    box.configure('gateway { trusted_hosts = {"10.9.8.7 printer", "10.9.8.1 fax", "10.9.8.2 phone"} }')
    network = "ip link set lo up; ip addr add 10.9.8.7/24 dev lo; ip route add 10.1.0.0/16 via 10.9.8.1; "
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", network + 'exec "$@"', "sh", BINARY, "config", "check",
         "-c", box.config, "--state", box.state],
        check=True, capture_output=True, text=True, timeout=60, cwd=box.directory)
    said = [line for line in done.stderr.splitlines() if "trusted_hosts" in line]
    assert len(said) == 2, done.stderr
    assert "10.9.8.7 is an address of this machine" in said[0]
    assert "10.9.8.1 is a gateway of this machine" in said[1]


def remarks(box):
    return box.run("config", "check").stderr


@pytest.mark.parametrize("settings, remark", [
    ({"tester": 'domain = "a.brothers.test"\n domain2 = "b.brothers.test"'},
     "tester.domain2: is under brothers.test, as tester.domain is"),
    ({"tester": 'domain = "a.one.co.uk"\n domain2 = "b.one.co.uk"'}, "is under one.co.uk"),
    ({"tester": 'domain = "one.co.uk"\n domain2 = "two.co.uk"'}, None),
    ({"tester": 'domain = "notexample.com"\n domain2 = "example.test"'}, None)])
def test_what_is_odd(box, settings, remark):
    box.configure(**settings)
    said = remarks(box)
    assert remark in said if remark else "under" not in said


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb"])
def test_state_directory_that_roles_cannot_read(box, name):
    done = subprocess.run([BINARY, "run", "-c", box.config, "--state", box.directory / name],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "state_directory: expected " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_state_directory_that_is_none(box):
    box.state.write_text("")
    assert "expected a directory" in box.run("config", "check", code=78).stderr


def test_reload_at_any_time_of_a_start(box, supervisor):
    """HUP ends no role that is just being started, and its settings reach it."""
    run = supervisor()
    run.wait_log("supervisor ready")
    os.kill(run.roles()["dnsbl"], signal.SIGKILL)
    run.wait_log("role-died role=dnsbl")
    number = 0

    def reload_until_ready():
        nonlocal number
        number += 1
        box.configure(dnsbl=f'zone = "zone{number}.test"')
        reloaded = run.log().count("reloaded")
        run.process.send_signal(signal.SIGHUP)
        run.wait_log("reloaded", times=reloaded + 1)
        return run.log().count("role-ready role=dnsbl") == 2

    wait_until(reload_until_ready, "the role")
    wait_until(lambda: listed(box, f"2.0.0.127.zone{number}.test") == ["127.0.0.2"], "the last zone")
    assert "signal=1 " not in run.log()
    assert run.stop() == 0


def test_reload_while_a_role_is_down(box, supervisor):
    """New settings reach a role that is started after them."""
    run = supervisor()
    run.wait_log("supervisor ready")
    os.kill(run.roles()["dnsbl"], signal.SIGKILL)
    run.wait_log("role-died role=dnsbl")
    box.configure(dnsbl='zone = "later.test"')
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded")
    wait_until(lambda: listed(box, "2.0.0.127.later.test") == ["127.0.0.2"], "the new zone")
    assert run.stop() == 0
