"""Every field that a command prints for programs is described in portreeve-json(5); conftest.py
looks, and tests/forms.py says where. Here each form is printed at least once."""

import json
import re

import forms
from conftest import TOP
from test_fresh import closed  # noqa: F401
from test_trace import MESSAGE, OWN

BUNDLE = TOP / "tests" / "store" / "bundle-0.1.json"
KEY = TOP / "tests" / "store" / "bundle-0.1.pem"


def test_of_a_host(box, closed):
    box.permit("127.0.0.1", "owner")
    done = box.run("test", "--json", "127.0.0.1", "--port", str(closed), "--wait", "0", code=None)
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["address"] == "127.0.0.1" and row["cases"] and row["output"] == ""
    forms.check(["test"], row)


def test_every_form(box):
    box.objects("permit", "add", "192.0.2.0/24", "--consent", "owner", "--by", "me", "--until",
                "2099-12-31")
    box.objects("exclude", "add", "198.51.100.0/24", "--why", "asked us")
    for address, code in (("192.0.2.1", 0), ("198.51.100.1", 77), ("203.0.113.1", 0)):
        box.objects("nominate", address, "--reason", "spam", code=code)
    box.objects("list", "add", "192.0.2.9", "--why", "seen")
    box.objects("retest", "192.0.2.9")
    for what in ("permit", "exclude"):
        assert box.objects(what, "list")
    for what in ("listings", "tests", "journal", "nominations"):
        assert box.objects("list", what)
    box.age("192.0.2.1")
    assert box.objects("list", "returns")
    box.objects("list", "--undecided")
    assert box.objects("list", "--count") == [{"count": 1}]
    box.objects("delist", "192.0.2.9", "--why", "was wrong")
    for words in (["keys", "rotate"], ["keys", "list"], ["config", "check"], ["expire"],
                  ["backup", box.directory / "copy.db"], ["clock"], ["clock", "accept"],
                  ["permit", "remove", "192.0.2.0/24"]):
        assert box.objects(*words)


def test_trace_forms(box):
    path = box.directory / "spam.eml"
    path.write_text(MESSAGE)
    (row,) = box.objects("trace", *OWN, path)
    for owner, words in ((row, "why"), (row, "relay_why"), (row["return_path"], "why"),
                         *((hop, "why") for hop in row["hops"])):
        codes = owner[f"{words}_codes"]
        assert len(codes) == len(owner[words]) and all(re.fullmatch("[a-z_]+", c) for c in codes)
    assert row["hops"][0]["why_codes"] == ["handover"]
    own = box.directory / "own.eml"
    own.write_text(MESSAGE.replace("a@far.example", "u@our.example\nTo: u@our.example"))
    assert box.objects("trace", "learn", own, own)


def test_batch_forms(box):
    lines = [json.dumps({"id": 1.5, "message": MESSAGE, "own_hosts": ["*.our.example"]}), "no"]
    done = box.run("trace", "--batch", text="\n".join(lines) + "\n", code=65)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["id"] == 1.5 and "error" in rows[1]
    forms.check(["trace"], rows)


def test_bundle_signed_before(box):
    """Made by version 0.1 with another writer: it stays good."""
    (row,) = box.objects("evidence", "verify", BUNDLE, "--key", KEY)
    assert row["good"] and row["payload"]["address"] == "192.0.2.1"
    changed = box.directory / "changed.json"
    changed.write_text(BUNDLE.read_text().replace("192.0.2.1", "192.0.2.2", 1))
    box.run("evidence", "verify", changed, "--key", KEY, code=65)
