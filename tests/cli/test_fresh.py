"""Every command in a process of its own, with input that reaches its libraries: what one use
has initialised must not hide that another forgot to. And text in any bytes, for machines."""

import base64
import hashlib
import json
import os
import re
import socket
import sqlite3
import subprocess

import dns.rcode
import pytest
from aiosmtpd.controller import Controller
from conftest import BINARY, free_port
from names import NameServer
from smtp_socket import Server

HELP = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = set(re.findall(r"^  (\w+)  ", HELP, re.M))

RECEIVED = (b"Received: from relay.isp-lab.net (relay.isp-lab.net [198.51.100.25])\r\n"
            b"\tby mx.ours.test (Postfix) with ESMTP id 1 for <zq@ours.test>;\r\n"
            b"\tSat, 21 Nov 2026 10:00:00 +0000\r\n")
INNER = b"From: =?utf-8?b?SsO8cmdlbg==?= <a@b.test>\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\ninner\r\n"
PARTS = (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
         b"--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
         b"Content-Transfer-Encoding: quoted-printable\r\n\r\nsch=F6n, zq@ours.test\r\n"
         b"--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
         b"\r\nPGI+w6Q8L2I+\r\n"
         b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + INNER +
         b"--x\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base64.encodebytes(INNER).replace(b"\n", b"\r\n") + b"--x--\r\n")

# The first thing in a message that needs a library.
MESSAGES = {
    "encoded-subject": b"Subject: =?iso-8859-1?q?sch=F6n_zq=40ours.test?=\r\n\r\nhi\r\n",
    "encoded-from": b"From: =?utf-8?b?SsO8cmdlbg==?= <a@b.test>\r\n\r\nhi\r\n",
    "unknown-charset": b"Subject: =?x-none?q?=F6?= =?utf-8?b?!!!?= =?\r\n\r\nhi\r\n",
    "eight-bit": b"Subject: sch\xf6n\r\nFrom: J\xc3\xbcrgen <a@b.test>\r\n\r\nsch\xf6n \xff\x00\r\n",
    "parts": PARTS,
    "all": b"Subject: =?utf-8?q?=C3=A4?=\r\n" + PARTS,
    "nothing": b"\r\n",
}


def message(box, name):
    path = box.directory / "message.eml"
    path.write_bytes(RECEIVED + MESSAGES[name])
    return path


def lists(name, kind):
    """A blocklist that lists 192.0.2.1 and, as each must, 127.0.0.2."""
    if not name.startswith(("1.2.0.192.", "2.0.0.127.")):
        return dns.rcode.NXDOMAIN
    return {"A": ["127.0.0.2"], "TXT": ['"sch\\246n"']}.get(kind, [])


@pytest.fixture
def names():
    server = NameServer(lists)
    yield server.address
    server.close()


class Refuses:
    async def handle_RCPT(self, *_):
        return "554 5.7.1 Relay access denied"


@pytest.fixture
def closed():
    """The port of a mail server that relays for nobody."""
    controller = Controller(Refuses(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def bundle(box):
    """Evidence as a tester signs it."""
    payload = json.dumps({"address": "192.0.2.1", "verdict": "open", "operator": "J\u00fcrgen"})
    text, signature = box.directory / "payload", box.directory / "signature"
    text.write_text(payload)
    key = box.state / "keys" / "evidence.pem"
    openssl = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text]
    subprocess.run([*openssl, "-out", signature], check=True)
    der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    path = box.directory / "bundle.json"
    path.write_text(json.dumps({
        "portreeve_evidence": 1, "key_id": hashlib.sha256(der[-32:]).hexdigest()[:16],
        "signature": base64.b64encode(signature.read_bytes()).decode(), "payload": payload}))
    return path


def fresh_test(box, command, port):
    box.permit("127.0.0.1", "owner")
    done = box.run(command, "127.0.0.1", "--port", str(port), "--wait", "0", code=None)
    assert done.returncode in (0, 2) and "127.0.0.1" in done.stdout, (done.stdout, done.stderr)


def fresh_audit(box):
    """By its configuration alone; on its page the letters of a domain."""
    place = box.directory / "postfix"
    place.mkdir()
    (place / "main.cf").write_text(
        "mynetworks = 127.0.0.0/8 0.0.0.0/0\nsmtpd_relay_restrictions = permit_mynetworks, "
        "reject_unauth_destination\n# n\u00f6\nmydestination = n\u00f6.example\n")
    (place / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    page = box.directory / "page.html"
    read = ["audit", "--reading", "--mta", "postfix", "--config", place]
    assert box.run(*read, code=1).stdout.startswith("Open to the whole Internet")
    box.run(*read, "--html", page, code=1)
    assert "Open to the whole Internet" in page.read_text()
    found = json.loads(box.run(*read, "--json", code=1).stdout)
    assert found["verdict"] == "world" and found["who"][0]["client"] == "stranger4"
    assert found["who"][0]["by"][0]["line"] == 1 and found["findings"][0]["cause"] == "C6"


def fresh_diff(box):
    """Between a closed configuration and one that is open to all."""
    for name, networks in ("closed", "127.0.0.0/8"), ("open", "0.0.0.0/0"):
        place = box.directory / name
        place.mkdir()
        (place / "main.cf").write_text(
            f"mynetworks = {networks}\nsmtpd_relay_restrictions = permit_mynetworks, "
            "reject_unauth_destination\n")
        (place / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    diff = ["audit", "--mta", "postfix", "--diff"]
    done = box.run(*diff, box.directory / "closed", box.directory / "open", code=1)
    assert "widens" in done.stdout and "0.0.0.0/0" in done.stdout
    done = box.run(*diff, box.directory / "open", box.directory / "closed")
    assert "narrows" in done.stdout and "widens" not in done.stdout
    done = box.run(*diff, box.directory / "closed", box.directory / "open", "--json", code=1)
    assert json.loads(done.stdout)["widened"] > 0


def fresh_sendmail(box):
    """Its recipients are read by a library, and so are names that are no ASCII."""
    server = Server(box.directory / "gateway.sock")
    box.run("sendmail", "--socket", box.directory / "gateway.sock", "-t", text="From: J\u00fcrgen "
            "<a@b.test>\nTo: =?utf-8?q?=C3=A4?= <c@d.test>\n\nhi\n")
    assert b"From: =?utf-8?b?SsO8cmdlbg==?=\r\n <a@b.test>" in server.messages[0]
    server.close()


def fresh_evidence(box):
    box.run("keys", "rotate")
    done = box.run("evidence", "verify", bundle(box))
    assert "good signature; address 192.0.2.1" in done.stdout


def fresh_report(box):
    done = box.run("report", message(box, "all"), "--own-host", "*.ours.test", "--to",
                   "abuse@isp-lab.net", "--dry-run")
    assert "Subject: FW: =?" in done.stdout


def listed(box):
    box.run("list", "add", "192.0.2.1", "--why", "seen")


def fresh_retest(box):
    listed(box)
    box.permit("192.0.2.1", "owner")
    box.run("retest", "192.0.2.1", code=None)


def fresh_run(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    with socket.create_connection(("127.0.0.1", box.smtp), timeout=10) as connection:
        assert connection.makefile("rb").readline().startswith(b"220 ")
    assert run.stop() == 0


# What each does first in its process; preparations are made by other processes.
FRESH = {
    "run": lambda box, get: fresh_run(box, get("supervisor")),
    "nominate": lambda box, get: box.run("nominate", "192.0.2.1", "--reason", "sp\u00e4m",
                                         "--message", message(box, "all")),
    "permit": lambda box, get: box.permit("192.0.2.0/24"),
    "user": lambda box, get: box.run("user", "add", "ann", "--scram", "--address",
                                     "ann@b\u00fccher.example", text="s\u00e9same\n"),
    "queue": lambda box, get: (box.permit("192.0.2.0/24"),
                               box.run("queue", "list", "--sender", "\u00e4@b.example", code=69)),
    "exclude": lambda box, get: box.run("exclude", "add", "192.0.2.0/24", "--why", "n\u00f6"),
    "test": lambda box, get: fresh_test(box, "test", get("closed")),
    "scan": lambda box, get: fresh_test(box, "scan", get("closed")),
    "list": lambda box, get: listed(box),
    "retest": lambda box, get: fresh_retest(box),
    "delist": lambda box, get: (listed(box), box.run("delist", "192.0.2.1", "--why", "done")),
    "audit": lambda box, get: (fresh_audit(box), fresh_diff(box)),
    "evidence": lambda box, get: fresh_evidence(box),
    "trace": lambda box, get: box.run("trace", "--own-host", "*.ours.test", message(box, "all")),
    "report": lambda box, get: fresh_report(box),
    "check": lambda box, get: box.run("check", "192.0.2.1", "--zone", "bl.test", "--resolver",
                                      get("names"), code=1),
    "backup": lambda box, get: (listed(box), box.run("backup", box.directory / "copy.db")),
    "expire": lambda box, get: (listed(box), box.run("expire")),
    "keys": lambda box, get: (box.run("keys", "rotate"), box.run("keys", "export")),
    "config": lambda box, get: box.run("config", "check"),
    "doctor": lambda box, get: box.run("doctor", "--to", f"127.0.0.1:{box.smtp}", code=1),
    "use": lambda box, get: box.run("use", "exim"),
    "top": lambda box, get: (listed(box), box.run("top", "--once", code=69)),
    "status": lambda box, get: (listed(box), box.run("status", code=3)),
    "explain": lambda box, get: (box.run("explain"), box.run("explain", "e14", "--mta", "exim")),
    "witness": lambda box, get: (box.run("witness"),
                                 box.run("witness", "--read", "--log", "/dev/null", code=3)),
    "gate": lambda box, get: box.run("gate", "--mta", "exim", "--config", "/none", code=1),
    "clock": lambda box, get: (listed(box), box.run("clock", "accept")),
    "sendmail": lambda box, get: fresh_sendmail(box),
}


def test_every_command_is_here():
    """One that is missing: give it input that reaches its libraries."""
    assert set(FRESH) == COMMANDS


@pytest.mark.parametrize("command", sorted(FRESH))
def test_fresh(box, command, request):
    FRESH[command](box, request.getfixturevalue)


@pytest.mark.parametrize("name", sorted(MESSAGES))
@pytest.mark.parametrize("arguments", [
    ["report", "--own-host", "*.ours.test", "--to", "abuse@isp-lab.net", "--dry-run"],
    ["report", "--own-host", "*.ours.test", "--to", "abuse@isp-lab.net", "--make"],
    ["report", "bounce"],
    ["trace", "--own-host", "*.ours.test"],
    ["trace", "--own-host", "*.ours.test", "--json"],
    ["trace", "--own-host", "*.ours.test", "--svg", "chain.svg"],
    ["nominate", "192.0.2.1", "--reason", "spam", "--message"],
], ids=lambda arguments: " ".join(arguments[:1] + arguments[-1:]))
def test_messages(box, name, arguments):
    done = box.run(*arguments, message(box, name), code=None)
    expected = 65 if "bounce" in arguments else 0
    assert done.returncode == expected, (done.returncode, done.stderr)


def test_batch(box):
    lines = "".join(json.dumps({"id": name, "message": base64.b64encode(RECEIVED + text).decode()})
                    + "\n" for name, text in MESSAGES.items())
    done = box.run("trace", "--batch", "--own-host", "*.ours.test", text=lines, code=None)
    assert done.returncode >= 0 and len(done.stdout.splitlines()) == len(MESSAGES)


# ---- text in any bytes ----------------------------------------------------------------------

LATIN = os.fsdecode(b"J\xfcrgen")


@pytest.mark.parametrize("arguments", [
    ["nominate", "192.0.2.1", "--reason", LATIN],
    ["nominate", "192.0.2.1", "--reason", "x", "--by", LATIN],
    ["permit", "add", "192.0.2.1", "--consent", "range", "--by", LATIN],
    ["exclude", "add", "192.0.2.1", "--why", LATIN],
    ["exclude", "add", "192.0.2.1", "--why", "x", "--by", LATIN],
    ["list", "add", "192.0.2.1", "--why", LATIN],
    ["delist", "192.0.2.1", "--why", LATIN],
    ["retest", "192.0.2.1", "--by", LATIN],
])
def test_words_are_utf8(box, arguments):
    done = box.run(*arguments, code=64)
    assert done.stderr.endswith('"J\\xfcrgen": expected a text in UTF-8\n')
    assert not (box.state / "portreeve.db").exists()


def test_words_in_utf8_stay(box):
    box.run("list", "add", "192.0.2.1", "--why", "J\u00fcrgen \u4e2d \U0001f600")
    assert box.objects("list")[0]["reason"] == "J\u00fcrgen \u4e2d \U0001f600"


BAD = b"J\xfcrgen \xc3\xbc \xff\xed\xa0\x80\x01"
SHOWN = "J\\xfcrgen \u00fc \\xff\\xed\\xa0\\x80\x01"


def spoil(path, blobs=()):
    """Each text of each row is one that is no UTF-8, as an older version may have stored it."""
    with sqlite3.connect(path) as database:
        database.text_factory = bytes
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("PRAGMA writable_schema = ON")
        tables = [row[0].decode() for row in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT IN ('cursors', 'secrets', 'scans', 'meta', 'heartbeat')")]
        for table in tables:
            columns = database.execute(f"PRAGMA table_info({table})").fetchall()
            for column in [row[1].decode() for row in columns if row[2] == b"TEXT"]:
                if column not in ("id", "test_id"):
                    database.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT)", (BAD,))
    database.close()


def test_rows_in_any_bytes(box):
    """What was stored before it was refused is still shown."""
    box.run("exclude", "add", "192.0.2.9", "--why", "asked")
    box.run("list", "add", "192.0.2.7", "--why", "seen")
    box.age("192.0.2.1")
    box.run("report", message(box, "all"), "--own-host", "*.ours.test", "--to",
            "abuse@isp-lab.net", "--make")
    for name in ("portreeve.db", "returns/returns.db"):
        spoil(box.state / name)
    box.own()
    rows = {verb: box.objects(*verb.split()) for verb in (
        "permit list", "exclude list", "list", "list tests", "list returns", "list journal",
        "list nominations", "list outputs", "report list", "keys list", "config show")}
    assert rows["permit list"][0]["by"] == SHOWN
    assert rows["exclude list"][0]["why"] == SHOWN
    assert rows["list"][0]["reason"] == SHOWN
    assert rows["list tests"][0]["who"] == SHOWN
    assert rows["list returns"][0]["helo"] == rows["list returns"][0]["mail_from"] == SHOWN
    assert rows["list journal"][0]["why"] == rows["list journal"][0]["who"] == SHOWN
    assert rows["list nominations"][0]["reason"] == SHOWN
    assert rows["report list"][0]["contact"] == SHOWN


def test_names_of_files_in_any_bytes(box):
    box.run("keys", "rotate")
    path = os.fsdecode(os.fsencode(box.directory) + b"/J\xfcrgen")
    os.rename(bundle(box), path)
    (row,) = box.objects("evidence", "verify", path)
    assert row["file"].endswith("/J\\xfcrgen")
    (row,) = box.objects("backup", path + ".db")
    assert row["file"].endswith("/J\\xfcrgen.db")


def test_configuration_in_any_bytes(box):
    box.config.write_bytes(b'operator = "J\xfcrgen"\n' + box.config.read_bytes())
    (row,) = box.objects("config", "show")
    assert row["operator"] == "J\\xfcrgen"
    (report,) = box.objects("report", message(box, "all"), "--own-host", "*.ours.test", "--to",
                            "abuse@isp-lab.net", "--dry-run")
    assert report["xarf"]["reporter"]["org"] == "J?rgen"
