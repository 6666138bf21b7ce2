# SPDX-License-Identifier: ISC
"""`portreeve doctor` with a name server of its own: on loopback, which the configuration names as
a laboratory's range, each record, port, clock and owner right, and then each of them wrong."""

import contextlib
import os
import pty
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import BINARY, wait_until
from names import NameTable
from ports import free_port
from test_clock import known
from test_reload import make_pair

SMTP = "127.0.0.25"              # where port 25 is ours
ONE, TWO, HOST, ZONE = "one.portreeve-lab.net", "two.portreeve-lab.org", \
    "probe.portreeve-lab.net", "relays.portreeve-lab.net"
REVERSE = "25.0.0.127.in-addr.arpa"
NOBODY_HAS = 61234

RECORDS = {
    (ONE, "MX"): [f"10 {HOST}."], (TWO, "MX"): [f"10 {HOST}."], (HOST, "A"): [SMTP],
    (REVERSE, "PTR"): [f"{HOST}."], (HOST, "TXT"): ['"v=spf1 a -all"'],
    (ONE, "TXT"): ['"some-verification=1"', f'"v=spf1 a:{HOST} -all"'],
    (TWO, "TXT"): [f'"v=spf1 a:{HOST} -all"'],
    (f"2.0.0.127.{ZONE}", "A"): ["127.0.0.2"],
}


@pytest.fixture
def names():
    server = NameTable(dict(RECORDS))
    yield server
    server.close()


def may_have_port_25():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((SMTP, 25))
        except OSError:
            return False
    return True


port_25 = pytest.mark.skipif(not may_have_port_25(), reason="port 25 is not ours to use")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def configure(box, names, collector=f"{SMTP}:25", general="", extra=""):
    box.config.write_text(f"""
hostname = "{HOST}"
contact = "postmaster@portreeve-lab.net"
resolver = {{"127.0.0.1:{names.port}"}}
{general}
tester {{
  domain = "{ONE}"
  domain2 = "{TWO}"
  collector = "{collector}"
  source = {{"{SMTP}"}}
}}
collector {{
  listen = {{"{collector}"}}
  {extra}
}}
dnsbl {{
  zone = "{ZONE}"
  listen = {{"{SMTP}:{box.dns}"}}
}}
list {{
  allow_special = {{"127.0.0.0/8"}}
}}
""")


def examine(box, *arguments, code=1):
    """The findings, by what they are about."""
    found = box.objects("doctor", *arguments, code=code)
    return {row["about"]: row for row in found if "about" in row}


def bad(findings):
    return {about: row for about, row in findings.items()
            if row["status"] not in ("ok", "better")}


@pytest.fixture
def well(box, names, supervisor):
    """All is right, and the roles run."""
    configure(box, names)
    run = supervisor()
    run.wait_log("supervisor ready")
    return box


@port_25
def test_all_is_right(well, names):
    findings = examine(well, code=0)
    assert bad(findings) == {}, bad(findings)
    assert findings[f"MX of {ONE}"]["text"] == HOST
    assert findings[f"reverse name of {SMTP}"]["status"] == "ok"
    assert findings[f"delegation of {ZONE}"]["status"] == "ok"
    assert findings[f"SPF of {ONE}"]["text"] == f"v=spf1 a:{HOST} -all"
    assert findings[f"collector.listen {SMTP}:25"]["text"] == "collector listens"
    assert "relays none" in findings[f"port 25 in: the collector at {SMTP}:25"]["text"]
    assert findings["time last known"]["status"] == "ok"
    assert findings["port 25 out"]["status"] == "better"
    # Nobody but the resolver is asked, and of our own names only.
    assert {name for name, _ in names.asked} <= {
        *(name for name, _ in RECORDS), f"1.0.0.127.{ZONE}"}
    # What it was called for is not kept: no mail, no test.
    assert well.objects("list", "tests") == []


def test_records(box, names):
    configure(box, names, f"127.0.0.1:{box.smtp}")
    shown = box.run("doctor", "--records").stdout.splitlines()
    lines = {line for line in shown if line and not line.startswith(";")}
    for line in (f"{ONE}. IN MX 10 mx.{ONE}.", f"{HOST}. IN A {SMTP}",
                 f"{REVERSE}. IN PTR {HOST}.", f"{ZONE}. IN NS ns.{ZONE}.",
                 f"ns.{ZONE}. IN A {SMTP}"):
        assert line in lines, shown
    assert names.asked == []
    rows = box.objects("doctor", "--records")
    assert {row["record"] for row in rows} == lines
    for row in rows:
        assert row["record"] == f"{row['name']}. IN {row['type']} {row['value']}"


WRONG = {
    "no-mx": ((ONE, "MX"), (), f"MX of {ONE}", "missing", f"{ONE}. IN MX 10 {HOST}."),
    "mx-elsewhere": ((TWO, "MX"), ["10 mail.portreeve-lab.com."], f"MX of {TWO}", "missing", ""),
    "no-address": ((HOST, "A"), (), f"address of {HOST}, our name in HELO", "missing",
                   f"{HOST}. IN A {SMTP}"),
    "another-address": ((HOST, "A"), ["127.0.0.99"], f"MX of {ONE}", "differs", ""),
    "no-ptr": ((REVERSE, "PTR"), (), f"reverse name of {SMTP}", "missing",
               f"{REVERSE}. IN PTR {HOST}."),
    "another-ptr": ((REVERSE, "PTR"), ["dyn-25.isp-lab.net."], f"reverse name of {SMTP}",
                    "differs", f"{REVERSE}. IN PTR {HOST}."),
    "spf": ((ONE, "TXT"), ['"v=spf1 mx:x.net -all"', '"v=spf1 -all"'], f"SPF of {ONE}", "differs",
            f'{ONE}. IN TXT "v=spf1 a:{HOST} -all"'),
    "no-delegation": ((f"2.0.0.127.{ZONE}", "A"), (), f"delegation of {ZONE}", "missing",
                      f"{ZONE}. IN NS ns.{ZONE}."),
    "the-world": ((f"1.0.0.127.{ZONE}", "A"), ["127.0.0.2"], f"delegation of {ZONE}", "differs",
                  f"{ZONE}. IN NS ns.{ZONE}."),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_record(box, names, name):
    key, values, about, status, todo = WRONG[name]
    configure(box, names)
    names.records[key] = values
    row = examine(box)[about]
    assert row["status"] == status
    assert todo in row.get("todo", ""), row


def test_silent_resolver_is_no_missing_record(box, names):
    """Bounded in time, and nothing is said of what was not answered."""
    configure(box, names)
    for key in [*names.records, (f"1.0.0.127.{ZONE}", "A"), (HOST, "AAAA")]:
        names.records[key] = None
    begun = time.monotonic()
    findings = examine(box)
    assert time.monotonic() - begun < 15
    for about in (f"MX of {ONE}", f"reverse name of {SMTP}", f"delegation of {ZONE}"):
        assert findings[about]["status"] == "unknown", findings[about]


def test_nothing_runs(box, names):
    configure(box, names)
    findings = examine(box)
    assert "not running" in findings[f"dnsbl.listen {SMTP}:{box.dns}"]["text"]
    assert findings[f"dnsbl.listen {SMTP}:{box.dns}"]["todo"] == \
        "systemctl enable --now portreeve"
    row = findings[f"port 25 in: the collector at {SMTP}:25"]
    assert row["status"] == "wrong" and "connection refused" in row["text"]
    assert not box.state.exists()


class Server:
    """Says something to whoever connects, and keeps what he says."""

    def __init__(self, greeting):
        self.heard = b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, args=(greeting,), daemon=True)
        self.thread.start()

    def serve(self, greeting):
        peer, _ = self.socket.accept()
        with peer:
            peer.sendall(greeting)
            while data := peer.recv(4096):
                self.heard += data


@pytest.mark.parametrize("greeting, status, words", [
    (b"220 mx.example ESMTP\r\n", "ok", "it greets: 220 mx.example ESMTP"),
    (b"220-mx.example\r\n220 go on\r\n", "ok", "220-mx.example"),
    (b"554 5.7.1 not you\r\n", "wrong", "refuses us"),
    (b"\x1b[2JSSH-2.0\r\n", "wrong", "\\x1b[2JSSH"),
])
def test_out_to_a_named_host(box, names, greeting, status, words):
    configure(box, names)
    server = Server(greeting)
    row = examine(box, "--to", f"127.0.0.1:{server.port}")[
        f"port {server.port} out: to 127.0.0.1:{server.port} at 127.0.0.1:{server.port} from "
        f"{SMTP}"]
    assert row["status"] == status and words in row["text"], row
    server.thread.join(10)
    assert server.heard == b"QUIT\r\n"
    server.socket.close()


def serve_slowly(pieces, after):
    """A server that greets in pieces, and whether somebody spoke before they had all come."""
    spoke = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = listener.accept()
        with peer, contextlib.suppress(OSError):
            for piece in pieces:
                if select.select([peer], [], [], 0.05)[0]:
                    spoke.append(piece)
                    return
                peer.sendall(piece)
            if after:
                spoke.append(peer.recv(100))
            while not after:
                peer.sendall(b"x" * 65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, spoke, thread


PIECES = {
    "bytes": ([bytes([c]) for c in b"220 mx.example\r\n"], [b"QUIT\r\n"], "ok", "220 mx.example"),
    "teaser": ([b"220-wait\r\n", b"220-for", b" it\r\n220", b" mx\r\n"], [b"QUIT\r\n"], "ok",
               "220-wait"),
    "flood": ([b"220-mx.example\r\n"], [], "ok", "220-mx.example"),
    "no line": ([b"2"], [], "wrong", "refuses us or is no mail server: 2"),
}


@pytest.mark.parametrize("name", sorted(PIECES))
def test_greeting_in_pieces(box, names, name):
    """Who speaks before its end is taken for a spammer; and half a code is none."""
    pieces, spoke, status, words = PIECES[name]
    configure(box, names)
    listener, heard, thread = serve_slowly(pieces, bool(spoke))
    port = listener.getsockname()[1]
    row = examine(box, "--to", f"127.0.0.1:{port}")[
        f"port {port} out: to 127.0.0.1:{port} at 127.0.0.1:{port} from {SMTP}"]
    thread.join(10)
    listener.close()
    assert heard == spoke and row["status"] == status and words in row["text"], (heard, row)


@root_only
@pytest.mark.parametrize("owner", [None, 0, 65534])
def test_root_hears_no_network(box, names, owner):
    """Whosever the state directory is: what strangers answer is read by no root."""
    configure(box, names, general='user = "nobody"')
    if owner is not None:
        box.state.mkdir(mode=0o750)
        os.chown(box.state, owner, owner)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(10)
        process = subprocess.Popen([BINARY, "doctor", "-c", box.config, "--state", box.state,
                                    "--to", f"127.0.0.1:{mute.getsockname()[1]}"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peer, _ = mute.accept()
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        peer.close()
        process.terminate()
        process.wait(10)
    assert "\nUid:\t65534\t65534\t65534\t65534\n" in status, status


def test_out_refused_and_silent(box, names):
    configure(box, names)
    closed = free_port()
    names.records[("mx.portreeve-lab.com", "A")] = ["127.0.0.1"]
    row = examine(box, "--to", f"mx.portreeve-lab.com:{closed}")[
        f"port {closed} out: to mx.portreeve-lab.com:{closed} at 127.0.0.1:{closed} from {SMTP}"]
    assert "connection refused" in row["text"]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        begun = time.monotonic()
        row = examine(box, "--to", f"127.0.0.1:{port}")[
            f"port {port} out: to 127.0.0.1:{port} at 127.0.0.1:{port} from {SMTP}"]
        assert "no answer in time" in row["text"] and time.monotonic() - begun < 15
    assert "no address found" in box.run("doctor", "--to", "none.portreeve-lab.com",
                                         code=68).stderr


def test_a_port_of_another_program(box, names):
    port = free_port()
    configure(box, names, f"127.0.0.1:{port}")
    with socket.create_server(("127.0.0.1", port)):
        findings = examine(box)
    row = findings[f"collector.listen 127.0.0.1:{port}"]
    assert row["status"] == "wrong" and "another program, \"" in row["text"], row
    assert "others bring mail to port 25 only" in box.run("doctor", code=1).stdout


@root_only
def test_owners(box, names):
    """What is said is what mends it."""
    configure(box, names, general='user = "nobody"')
    box.run("exclude", "add", "203.0.113.1", "--why", "seen")
    assert examine(box)["state directory"]["status"] == "ok"
    for path in (box.state, box.state / "portreeve.db", box.state / "keys"):
        os.chown(path, NOBODY_HAS, NOBODY_HAS)
        row = examine(box)["state directory"]
        assert row["status"] == "wrong" and f"user id {NOBODY_HAS}, which no user" in row["text"]
        assert row["todo"] == f"chown -R --no-dereference nobody: {box.state}"
        start = box.run("run", code=73)
        assert row["todo"] in start.stderr, start.stderr
        subprocess.run(row["todo"], shell=True, check=True)
        assert examine(box)["state directory"]["status"] == "ok"
    (box.state / "keys").chmod(0o755)
    assert examine(box)["keys"]["todo"] == f"chmod 700 {box.state}/keys"
    box.run("exclude", "add", "203.0.113.2", "--why", "seen")


def test_jumped_clock(box, names):
    configure(box, names)
    box.run("exclude", "add", "203.0.113.1", "--why", "seen")
    for days, words in ((10, "behind by 8"), (-10, "ahead by 8")):
        known(box, days * 86400)
        row = examine(box)["time last known"]
        assert row["status"] == "wrong" and f"the clock is {words}" in row["text"], row
        assert row["todo"] == "portreeve clock accept"
    box.run("clock", "accept")
    assert examine(box)["time last known"]["status"] == "ok"


def test_mailboxes_that_nobody_reads(box, names):
    configure(box, names)
    box.run("exclude", "add", "203.0.113.1", "--why", "seen")
    assert "postmaster@ and abuse@" not in examine(box)
    box.config.write_text(box.config.read_text() + '\ngateway { domains = {"a.test", "b.test"} }\n')
    row = examine(box)["postmaster@ and abuse@"]
    assert row["status"] == "missing" and "in a.test, b.test:" in row["text"], row
    _, *words = row["todo"].split()
    box.run(*words, text="secret\n")
    assert examine(box)["postmaster@ and abuse@"]["status"] == "ok"


def test_mail_server_alone(box, names):
    """What is no role's here has defaults, and the defaults are nobody's wish."""
    configure(box, names, general='roles = {"gateway"}')
    found = examine(box, code=2)
    assert not [about for about in found
                if "collector" in about or ONE in about or ZONE in about or "server" in about], found
    assert found[f"address of {HOST}, our name in HELO"]["status"] == "ok"


def test_mail_of_the_gateway(box, names):
    """Where mail for its domains goes, and where it goes on; nothing of it is asked of anybody else."""
    domain, smtp, submissions = "mail.portreeve-lab.net", free_port(), free_port()
    certificate, key = make_pair(box.directory, "good")          # for x.test
    names.records[(domain, "MX")] = [f"10 {HOST}."]
    names.records[(f"inner.{domain}", "A")] = [SMTP]
    configure(box, names, general='roles = {"gateway"}')
    box.config.write_text(f"""{box.config.read_text()}
gateway {{
  domains = {{"{domain}"}}
  listen = {{"{SMTP}:{smtp}"}}
  submissions = {{"{SMTP}:{submissions}"}}
  certificate = "{certificate}"
  key = "{key}"
  transports = {{"{domain} smtp:inner.{domain}:{smtp}"}}
}}
""")
    found = examine(box)
    assert found[f"MX of {domain}"]["status"] == "ok", found
    assert "in a circle" in found[f"inner host of {domain}"]["text"]
    assert "role gateway is not running" in found[f"gateway.submissions {SMTP}:{submissions}"]["text"]
    assert found["certificates of the gateway"]["text"] == f"none is for {HOST}, this machine's name"
    assert (f"inner.{domain}", "A") in names.asked
    records = {row["record"] for row in box.objects("doctor", "--records")}
    assert {f"{domain}. IN MX 10 {HOST}.", f'{domain}. IN TXT "v=spf1 a:{HOST} -all"'} <= records
    names.records[(domain, "MX")] = ["10 mail.portreeve-lab.com."]
    names.records[("mail.portreeve-lab.com", "A")] = ["127.0.0.99"]
    row = examine(box)[f"MX of {domain}"]
    assert row["status"] == "differs" and row["todo"] == f"{domain}. IN MX 10 {HOST}.", row


def test_broken_configuration(box):
    box.config.write_text("tester { domain = \"a..b\" }")
    told = [box.run(*words, code=78).stderr for words in (("config", "check"), ("doctor",))]
    assert told[0].split(": ", 2)[2] == told[1].split(": ", 2)[2]


def test_progress_on_a_terminal(box, names):
    configure(box, names)
    names.records[(ONE, "MX")] = None
    leader, follower = pty.openpty()
    done = subprocess.Popen([BINARY, "doctor", "-c", box.config, "--state", box.state],
                            stderr=follower, stdout=subprocess.DEVNULL)
    os.close(follower)
    text = b""

    def shown():
        nonlocal text
        if select.select([leader], [], [], 0.1)[0]:
            text += os.read(leader, 4096)
        return b"asking" in text

    wait_until(shown, "the progress")
    done.terminate()
    done.wait(10)
    os.close(leader)
