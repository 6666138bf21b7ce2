# SPDX-License-Identifier: ISC
"""`evidence show`: the page on a terminal and as HTML, what was signed as it stands, bundles that
are damaged, another's or a stranger's, and hostile text in all of it."""

import base64
import hashlib
import html.parser
import json
import os
import re
import sqlite3
import subprocess

import forms
import pytest
from conftest import BINARY, TOP
from terminal import on_terminal

OLD = TOP / "tests" / "store" / "bundle-0.1.json"
OLD_KEY = TOP / "tests" / "store" / "bundle-0.1.pem"
HOSTILE = "<script>alert(1)</script>\"'&\u202egpj\u009b31m<img src=x onerror=y>\\x1b[2J\u2028&lt;"
TOKEN = "anuxzjv53abayge5sw3mgnl4kmfm"
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]")
VOID = {"meta", "rect", "path"}
ALLOWED = VOID | {"html", "head", "title", "style", "body", "main", "section", "h1", "h2", "p", "dl",
                  "dt", "dd", "bdi", "ol", "ul", "li", "span", "code", "small", "strong", "svg",
                  "text"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "dir", "role",
              "viewbox", "aria-hidden", "x", "y", "width", "height", "rx", "d", "stroke-width"}


class Reader(html.parser.HTMLParser):
    """Only our elements and attributes, each one closed where it must be."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.data, self.marked, self.seen = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.data.append(data)
            assert not data.strip() or self.open[-1] not in ("ol", "ul", "dl", "html", "head", "svg")

    def handle_comment(self, data):
        raise AssertionError(data)

    def unknown_decl(self, data):
        raise AssertionError(data)

    def handle_pi(self, data):
        raise AssertionError(data)

    def text(self):
        return "".join(self.data)


def check_html(text):
    reader = Reader(text)
    policy = [attrs["content"] for tag, attrs in reader.seen if "http-equiv" in attrs]
    assert len(policy) == 1 and policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert text.startswith("<!DOCTYPE html>") and text.count("<style>") == 1
    assert not re.search(r"url\(|@import|https?:|javascript:", text) and not HIDDEN.search(text)
    assert "prefers-color-scheme:dark" in text and "@media print" in text and "viewport" in text
    return reader


def payload(**more):
    lines = ["0 ! connected", f"0 < 220 {HOSTILE}", "1 > MAIL FROM:<s@b.example>", "2 < 250 ok",
             f"2 > RCPT TO:<{TOKEN}%a.example@h>", f"3 < 250 yes {HOSTILE}", "3 > DATA",
             "4 < 354 go", "4 > From: x", "4 > .", "5 < 250 queued"]
    back = {"kind": "recipient", "case": "E14", "attempt": 0, "marked": True, "peer": "192.0.2.9",
            "time": "2026-11-21T21:09:23Z", "token": TOKEN, "helo": HOSTILE,
            "mail_from": "<s@b.example>", "rcpt_to": f"<{TOKEN}@a.example>",
            "message_sha256": "ab", "message": f"Received: from {HOSTILE}\r\n\tby <v\u2026@third.example>"
            f"\r\nTo: {TOKEN}\r\n\r\nbody\r\n"}
    return {"version": 1, "created": "2026-11-21T21:10:00Z", "operator": HOSTILE, "contact": HOSTILE,
            "address": "192.0.2.1", "port": 25, "verdict": "open", "test": "abcdefgh",
            "consent": "owner", "started": "2026-11-21T21:09:19Z", "seconds": 3.5,
            "replay": "portreeve test 192.0.2.1 --port 25", "cases": [], "returns": [back],
            "transcript": "\n".join(lines) + "\n", **more}


class Signed:
    """A bundle as a tester signs it, in the store and in a file."""

    def __init__(self, box, content):
        self.box = box
        self.text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        key = box.state / "keys" / "evidence.pem"
        text, signature = box.directory / "payload", box.directory / "signature"
        text.write_text(self.text)
        subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text, "-out",
                        signature], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        digest = hashlib.sha256(self.text.encode()).digest()[:20]
        self.id = "ev-" + base64.b32encode(digest).decode().lower()
        self.bundle = json.dumps({
            "portreeve_evidence": 1, "key_id": hashlib.sha256(der[-32:]).hexdigest()[:16],
            "signature": base64.b64encode(signature.read_bytes()).decode(), "payload": self.text})
        self.path = box.directory / "bundle.json"
        self.path.write_text(self.bundle)

    def keep(self, bundle=None, id_=None):
        """As the row that a test would have made of it."""
        self.box.run("list", "add", "192.0.2.1", "--why", "seen")
        database = sqlite3.connect(self.box.state / "portreeve.db")
        with database:
            database.execute("INSERT INTO evidence (id, address, time_s, bundle) "
                             "SELECT ?, address, 1, ? FROM listings",
                             (id_ or self.id, (bundle or self.bundle).encode()))
        database.close()
        self.box.own()


@pytest.fixture
def signed(box):
    box.run("keys", "rotate")
    return Signed(box, payload())


def test_a_page_to_read(box, signed):
    signed.keep()
    for what in ("192.0.2.1", signed.id, signed.path):
        page = box.run("evidence", "show", what).stdout
        assert page.startswith("The signature is good")
        for text in ("Evidence: 192.0.2.1, port 25: an open relay", "2026-11-21 21:09:19 UTC",
                     "Form          E14", "Likely cause  C", "=> +0.003 it", "Received: from", "How long it stays",
                     " => 2 > RCPT TO:", signed.id):
            assert text in page, text
        assert all(len(line) <= 80 for line in page.split("\n"))
        assert not HIDDEN.search(page)
    assert "The address is listed" in box.run("evidence", "show", "192.0.2.1").stdout
    box.run("delist", "192.0.2.1", "--why", "seen")
    assert "The address has no listing" in box.run("evidence", "show", signed.id).stdout
    assert "read from a file" in box.run("evidence", "show", signed.path).stdout


def test_what_was_signed_as_it_stands(box, signed):
    signed.keep()
    for what in ("192.0.2.1", signed.id, signed.path):
        assert box.run("evidence", "show", "--json", what).stdout == signed.text + "\n"
    forms.check(["evidence", "show"], json.loads(signed.text))


def test_as_html(box, signed):
    signed.keep()
    path = box.directory / "page.html"
    assert box.run("evidence", "show", "192.0.2.1", "--html", path).stdout == ""
    text = path.read_text()
    reader = check_html(text)
    assert path.stat().st_mode & 0o777 == 0o644
    page = reader.text()
    assert "an open relay" in page and "<script>alert(1)</script>" in page and "&lt;" in page
    assert "\\xe2\\x80\\xaegpj" in page and [tag for tag, _ in reader.seen].count("svg") == 1
    assert sum(attrs.get("class") == "mark" for _, attrs in reader.seen) > 8
    box.run("evidence", "show", "192.0.2.1", "--html", path, code=73)
    assert path.read_text() == text
    box.run("evidence", "show", "192.0.2.1", "--html", path, "--force")
    assert box.run("evidence", "show", "192.0.2.1", "--html", "-").stdout == text
    for words in (["export", "192.0.2.1"], ["verify", signed.path], ["show", "192.0.2.1", "--json"]):
        done = box.run("evidence", *words, "--html", box.directory / "other.html", code=64)
        assert "--html: expected with show alone" in done.stderr
    assert not (box.directory / "other.html").exists()


@pytest.mark.parametrize("content", [
    {}, {"returns": [1, {"kind": "recipient"}], "transcript": "x" * 100000},
    {"transcript": "0 > DATA\n" * 30000}, {"verdict": HOSTILE, "consent": HOSTILE, "test": HOSTILE},
    {"returns": [{"kind": "recipient", "case": HOSTILE, "token": HOSTILE, "peer": HOSTILE,
                  "time": HOSTILE, "message": f"{HOSTILE}\n" * 500}], "replay": HOSTILE},
])
def test_any_payload(box, content):
    box.run("keys", "rotate")
    path = Signed(box, content).path
    page = box.run("evidence", "show", path).stdout
    assert all(len(line) <= 80 for line in page.split("\n")) and not HIDDEN.search(page)
    check_html(box.run("evidence", "show", path, "--html", "-").stdout)


def test_a_strangers_bundle(box, tmp_path):
    box.run("keys", "rotate")
    done = box.run("evidence", "show", OLD, code=65)
    assert done.stdout.startswith("!" * 80 + "\nTHE SIGNATURE WAS NOT CHECKED")
    assert "--key names it" in done.stderr
    assert box.run("evidence", "show", OLD, "--json", code=65).stdout == ""
    done = box.run("evidence", "show", OLD, "--key", OLD_KEY)
    assert done.stdout.startswith("The signature is good") and "8731c6a74068f920" in done.stdout
    # Without any state: the page all the same, and that nothing was checked.
    bare = [BINARY, "evidence", "show", OLD, "--state", tmp_path / "none"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert done.returncode == 65 and "THE SIGNATURE WAS NOT CHECKED" in done.stdout
    done = subprocess.run([*bare, "--key", OLD_KEY], capture_output=True, text=True, check=True)
    assert not done.stderr and not (tmp_path / "none").exists()


@pytest.mark.parametrize("change", [
    lambda text: text.replace("192.0.2.1", "192.0.2.7", 1), lambda text: text.replace("E14", "E15", 1),
    lambda text: re.sub('"signature": "..', '"signature": "AA', text),
])
def test_damaged(box, signed, change):
    bundle = change(signed.bundle)
    assert bundle != signed.bundle
    signed.path.write_text(bundle)
    done = box.run("evidence", "show", signed.path, code=65)
    assert done.stdout.startswith("!" * 80 + "\nDO NOT RELY ON THIS: ") and "signature" in done.stderr
    page = box.run("evidence", "show", signed.path, "--html", "-", code=65).stdout
    assert check_html(page).text().strip().startswith("Evidence: ")
    assert page.index('role="alert"') < page.index("<h1>")
    signed.keep(bundle)
    assert "DO NOT RELY" in box.run("evidence", "show", "192.0.2.1", code=65).stdout
    assert box.run("evidence", "show", "192.0.2.1", "--json", code=65).stdout == ""


def test_another_in_its_place(box, signed):
    """The database may be in hostile hands: a good bundle of another test, or address."""
    signed.keep(id_="ev-another")
    for what in ("192.0.2.1", "ev-another"):
        done = box.run("evidence", "show", what, code=65)
        assert "the database has the bundle of another test" in done.stderr
    other = Signed(box, payload(address="198.51.100.1"))
    box.run("delist", "192.0.2.1", "--why", "x")
    other.keep()
    box.run("evidence", "show", "192.0.2.1", code=65)
    assert box.run("evidence", "show", other.id).stdout.startswith("The signature is good")


@pytest.mark.parametrize("text", ["", "{}", "no bundle", "[1]", '{"portreeve_evidence": 1}'])
def test_no_bundle(box, text):
    box.run("keys", "rotate")
    path = box.directory / "file"
    path.write_text(text)
    for words in ([], ["--html", box.directory / "page.html"]):
        done = box.run("evidence", "show", path, *words, code=65)
        assert "not an evidence bundle" in done.stderr and not done.stdout
    assert not (box.directory / "page.html").exists()


def test_unreadable_payload(box):
    box.run("keys", "rotate")
    path = Signed(box, "no JSON \u202e<b>").path
    done = box.run("evidence", "show", path, code=65)
    assert "DO NOT RELY" in done.stdout and "is not a JSON object" in done.stderr
    check_html(box.run("evidence", "show", path, "--html", "-", code=65).stdout)


def printed(words, **environment):
    code, page = on_terminal(words, env={**os.environ, "TERM": "xterm", **environment})
    assert code == 0
    return page.decode()


def test_on_a_terminal(box, signed):
    words = [BINARY, "evidence", "show", signed.path, "--state", box.state, "-c", box.config]
    page = printed(words, PAGER="cat", LC_ALL="C.UTF-8", NO_COLOR="")
    assert "\x1b[32mThe signature is good" in page and "v\u2026@third.example" in page
    assert "\u202e" not in page and "\x9b" not in page
    assert set(re.findall(r"\x1b\[\d*;?\d*.", page)) <= {f"\x1b[{n}m" for n in
                                                        ("0", "1", "31", "32", "33", "1;31")}
    assert "\x1b" not in printed(words, PAGER="cat", NO_COLOR="1")
    assert printed(words, PAGER="head -c 7", NO_COLOR="1") == "The sig"
