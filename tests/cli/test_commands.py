"""What each command does to the state, and what it says for machines."""

import json
import os
import re
import sqlite3
import subprocess

import pytest
from conftest import BINARY
from terminal import on_terminal

HELP = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = re.findall(r"^  (\w+)  ", HELP, re.M)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    done = subprocess.run([BINARY, command, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Usage: portreeve {command}")
    assert "--state DIR" in done.stdout
    assert not done.stderr
    assert not [line for line in done.stdout.splitlines() if len(line) > 80]
    assert "[\n" not in done.stdout and not re.search(r"^ *[\]|]", done.stdout, re.M)


def test_program_help():
    assert {"run", "nominate", "permit", "exclude", "test", "scan", "list", "retest", "delist",
            "evidence", "check", "backup", "keys", "config"} <= set(COMMANDS)
    assert "role" not in COMMANDS
    done = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"portreeve \d+\.\d+\.\d+\n", done.stdout)


def test_role_is_not_for_users():
    done = subprocess.run([BINARY, "role", "tester"], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "expected to be started by" in done.stderr


# ---- consent ------------------------------------------------------------------------------


def test_permit(box):
    (added,) = box.objects("permit", "add", "192.0.2.0/24", "--consent", "range", "--by", "me",
                           "--until", "2099-12-31")
    (listed,) = box.objects("permit", "list")
    assert listed == added
    assert TIME.fullmatch(listed.pop("created"))
    assert listed == {"range": "192.0.2.0/24", "consent": "range", "by": "me",
                      "until": "2099-12-31T00:00:00Z"}
    assert box.objects("permit", "remove", "192.0.2.0/24") == [{"range": "192.0.2.0/24",
                                                                "removed": True}]
    assert box.objects("permit", "list") == []
    assert "nothing is permitted" in box.run("permit", "list").stdout
    actions = [entry["action"] for entry in box.objects("list", "journal")]
    assert len(actions) == 2


def test_permit_twice(box):
    box.permit("192.0.2.0/24")
    done = box.run("permit", "add", "192.0.2.0/24", "--consent", "range", "--by", "the tests",
                   code=None)
    assert done.returncode >= 64 and len(done.stderr.splitlines()) == 1


def test_trusted_submitter(box):
    box.configure(tester='trusted_submitters = {"spamtrap"}')
    box.run("permit", "add", "192.0.2.1", "--consent", "evidence", "--by", "spamtrap")
    box.run("permit", "add", "192.0.2.2", "--consent", "evidence", "--by", "me", code=77)
    assert [row["range"] for row in box.objects("permit", "list")] == ["192.0.2.1"]


def test_exclude(box):
    box.run("exclude", "add", "2001:db8::/32", "--why", "asked us", "--by", "me")
    (row,) = box.objects("exclude", "list")
    assert TIME.fullmatch(row.pop("created"))
    assert row == {"range": "2001:db8::/32", "by": "me", "why": "asked us"}
    box.run("exclude", "remove", "2001:db8::/32")
    assert box.objects("exclude", "list") == []


# ---- nominations ----------------------------------------------------------------------------


def test_nominate_without_consent(box):
    (row,) = box.objects("nominate", "192.0.2.1", "--reason", "spam", "--by", "me")
    assert row == {"address": "192.0.2.1", "nomination": 1, "consent": "none", "excluded": False,
                   "tests": []}
    assert "nobody has consented" in box.run("nominate", "192.0.2.1", "--reason", "spam").stdout
    assert box.objects("list", "tests") == []
    rows = box.objects("list", "nominations")
    assert [row["reason"] for row in rows] == ["spam", "spam"]
    assert rows[0]["message"] is False


def test_nominate_queues_every_port(box):
    box.permit("192.0.2.0/24")
    (row,) = box.objects("nominate", "192.0.2.1", "--reason", "spam")
    assert row["consent"] == "range" and row["rule"] == "192.0.2.0/24"
    assert [(test["port"], test["outcome"]) for test in row["tests"]] == [(25, "queued"),
                                                                         (587, "queued")]
    (row,) = box.objects("nominate", "192.0.2.1", "--reason", "again")
    assert [test["outcome"] for test in row["tests"]] == ["pending", "pending"]
    tests = box.objects("list", "tests")
    assert {(test["port"], test["state"], test["reason"]) for test in tests} == {
        (25, "queued", "nominated"), (587, "queued", "nominated")}
    assert box.objects("list", "tests", "192.0.2.2") == []


def test_nominate_excluded(box):
    box.permit("192.0.2.0/24")
    box.run("exclude", "add", "192.0.2.1", "--why", "asked us", "--by", "me")
    done = box.run("nominate", "192.0.2.1", "--reason", "spam", code=77)
    assert "192.0.2.1 is excluded by me" in done.stderr
    assert box.objects("list", "tests") == []
    assert len(box.objects("list", "nominations")) == 1


def finish_tests(box, seconds_ago):
    """The tests that are queued have ended so long ago."""
    with sqlite3.connect(box.state / "portreeve.db") as db:
        columns = [row[1] for row in db.execute("pragma table_info(tests)")]
        assert {"state", "finished_s"} <= set(columns), columns
        db.execute("update tests set state = 3, verdict = 2, "
                   "finished_s = cast(strftime('%s', 'now') as integer) - ?", (seconds_ago,))
    db.close()


@pytest.mark.parametrize("ground, seconds_ago, code", [
    ("range", 3600, 75), ("range", 86401, 0), ("owner", 3600, 0)])
def test_nominate_one_test_a_day(box, ground, seconds_ago, code):
    box.permit("192.0.2.1", ground)
    box.run("nominate", "192.0.2.1", "--reason", "spam")
    finish_tests(box, seconds_ago)
    done = box.run("nominate", "192.0.2.1", "--reason", "spam", code=code)
    queued = [test for test in box.objects("list", "tests") if test["state"] == "queued"]
    assert len(queued) == (0 if code else 2)
    if code:
        assert "tester.interval" in done.stderr


def test_nominate_message(box):
    message = box.directory / "spam.eml"
    message.write_text("Received: from x\r\n\r\nspam\r\n")
    box.run("nominate", "192.0.2.1", "--reason", "spam", "--message", message)
    box.run("nominate", "192.0.2.2", "--reason", "spam", "--message", "-", text="Subject: spam\n\n")
    assert [row["message"] for row in box.objects("list", "nominations")] == [True, True]


# ---- the list --------------------------------------------------------------------------------


def test_operators_word(box):
    assert box.objects("list", "add", "192.0.2.1", "--why", "seen by hand", "--by", "me") == [
        {"address": "192.0.2.1", "listed": True}]
    box.run("list", "add", "192.0.2.1", "--why", "again", code=73)
    (row,) = box.objects("list")
    assert TIME.fullmatch(row["since"])
    assert (row["address"], row["reason"], row["by_operator"], row["proofs"]) == (
        "192.0.2.1", "seen by hand", True, [])
    assert "192.0.2.1" in box.run("list").stdout
    box.run("delist", "192.0.2.1", "--why", "was wrong", "--by", "me")
    assert box.objects("list") == []
    entries = box.objects("list", "journal", "192.0.2.1")
    assert [(entry["who"], entry["why"]) for entry in entries][-2:] == [
        ("me", "seen by hand"), ("me", "was wrong")]
    serials = [entry["serial"] for entry in entries]
    assert serials == sorted(set(serials))


def test_ranges_by_word(box):
    """A range and an address inside it: both are shown, each goes by itself, and what stays is said."""
    box.permit("192.0.2.0/24")
    assert box.objects("list", "add", "192.0.2.0/25", "--why", "spam", "--by", "me") == [
        {"address": "192.0.2.0/25", "prefix": 25, "listed": True}]
    box.run("list", "add", "192.0.2.0/25", "--why", "again", code=73)
    box.run("list", "add", "192.0.2.7", "--why", "by name")
    box.run("list", "add", "192.0.2.64/26", "--why", "a part")
    box.run("list", "add", "2001:db8:1:2::/64", "--why", "six")
    rows = box.objects("list")
    assert [(row["address"], row.get("prefix"), row["reason"]) for row in rows] == [
        ("192.0.2.0/25", 25, "spam"), ("192.0.2.7", None, "by name"),
        ("192.0.2.64/26", 26, "a part"), ("2001:db8:1:2::/64", 64, "six")]
    assert all(row["by_operator"] and row["proofs"] == [] for row in rows)
    assert [row["address"] for row in box.objects("list", "192.0.2.127")] == [
        "192.0.2.0/25", "192.0.2.64/26"]
    assert [row["address"] for row in box.objects("list", "2001:db8:1:2:ffff:ffff:ffff:ffff")] == [
        "2001:db8:1:2::/64"]
    for address in ("192.0.2.128", "192.0.1.255", "2001:db8:1:3::", "2001:db8:1:1:ffff::"):
        assert box.objects("list", address) == []
    shown = box.run("list", "192.0.2.9").stdout
    assert "192.0.2.0/25" in shown and "by the operator's word: spam" in shown

    for part in ("192.0.2.9", "192.0.2.0/26"):
        line = box.run("delist", part, "--why", "x", code=77).stderr
        assert "part of 192.0.2.0/25" in line and "delist that range" in line
    assert "no test ends" in box.run("retest", "192.0.2.9", code=77).stderr
    assert "portreeve list 192.0.2.0/24" in box.run("delist", "192.0.2.0/24", "--why", "x",
                                                    code=66).stderr
    assert box.objects("list", "tests") == []
    assert box.objects("delist", "192.0.2.7", "--why", "x") == [
        {"address": "192.0.2.7", "listed": True, "within": "192.0.2.0/25"}]
    box.run("list", "add", "192.0.2.8/32", "--why", "by name")
    assert box.objects("delist", "192.0.2.0/25", "--why", "x") == [
        {"address": "192.0.2.0/25", "prefix": 25, "inside": 2, "listed": False}]
    assert "192.0.2.64/26: delisted" in box.run("delist", "192.0.2.64/26", "--why", "x").stdout
    assert [row["address"] for row in box.objects("list")] == ["192.0.2.8", "2001:db8:1:2::/64"]
    entries = box.objects("list", "journal", "192.0.2.127")
    assert [(entry["action"], entry["subject"]) for entry in entries if "list" in entry["action"]] \
        == [("list", "192.0.2.0/25"), ("list", "192.0.2.64/26"), ("delist", "192.0.2.0/25"),
            ("delist", "192.0.2.64/26")]


def test_a_range_and_exclusions(box):
    box.run("exclude", "add", "192.0.2.9", "--why", "asked us")
    line = box.run("list", "add", "192.0.2.0/28", "--why", "x", code=77).stderr
    assert "192.0.2.9 in it is excluded" in line and "end the exclusion first" in line
    box.run("list", "add", "192.0.2.0/29", "--why", "x")
    box.run("exclude", "add", "192.0.2.1", "--why", "asked us")
    assert [row["address"] for row in box.objects("list")] == ["192.0.2.0/29"]   # it stays


def test_wrong_name_leaves_no_test(box):
    box.permit("192.0.2.0/24")
    assert '"a..b"' in box.run("test", "192.0.2.1", "a..b", code=64).stderr
    assert box.objects("list", "tests") == []


def test_scan_of_nobody_is_no_success(box):
    assert "4 not permitted" in box.run("scan", "192.0.2.0/30", "--port", "25", code=77).stderr


def test_retest(box):
    box.permit("192.0.2.0/24")
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    assert box.objects("retest", "192.0.2.1", "--by", "me") == [
        {"address": "192.0.2.1", "queued": 1}]
    (test,) = box.objects("list", "tests")
    assert (test["port"], test["reason"], test["who"]) == (25, "retest", "me")
    box.run("list", "add", "198.51.100.1", "--why", "seen by hand")
    assert "no consent" in box.run("retest", "198.51.100.1", code=77).stderr
    assert len(box.objects("list", "tests")) == 1
    box.run("exclude", "add", "192.0.2.1", "--why", "asked us")
    assert "excluded" in box.run("retest", "192.0.2.1", code=77).stderr
    assert len(box.objects("list")) == 2       # an exclusion delists nobody


@pytest.mark.parametrize("what", ["listings", "tests", "returns", "outputs", "journal",
                                  "nominations"])
def test_empty_lists(box, what):
    box.run("keys", "rotate")
    assert box.objects("list", what) == []
    assert len(box.run("list", what).stdout.splitlines()) == 1


# ---- keys, backup, configuration ----------------------------------------------------------------


def test_keys(box):
    box.run("keys", "rotate")
    box.run("keys", "rotate")
    rows = box.objects("keys", "list")
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [row["signs"] for row in rows] == [False, False, True]
    pem = box.run("keys", "export").stdout
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    path = box.directory / "public.pem"
    box.run("keys", "export", path)
    assert path.read_text() == pem
    # Nothing secret is ever printed.
    secret = (box.state / "keys" / "evidence.pem").read_text().splitlines()[1]
    for verb in ("list", "export"):
        assert secret not in box.run("keys", verb).stdout


def test_keys_are_private(box):
    box.run("keys", "rotate")
    assert (box.state / "keys").stat().st_mode & 0o077 == 0
    assert box.state.stat().st_mode & 0o007 == 0


def test_expire(box):
    box.age("192.0.2.1")
    ports = 2
    gone = {"dry_run": True, "tests": ports, "evidence": 0, "returns": 1, "requests": 0}
    assert box.objects("expire", "--dry-run") == [gone]
    assert len(box.objects("list", "tests")) == 2 * ports
    done = box.run("expire")
    assert done.stdout == ("removed 2 tests, 0 bundles of evidence, 1 returned messages, "
                           "0 retest requests\n")
    assert len(box.objects("list", "tests")) == ports
    assert box.objects("list", "returns") == []
    assert box.objects("expire") == [{**gone, "dry_run": False, "tests": 0, "returns": 0}]


def test_backup(box):
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    copy = box.directory / "copy.db"
    assert box.objects("backup", copy) == [{"file": str(copy), "verified": True}]
    before = copy.read_bytes()
    box.run("backup", copy, code=73)
    assert copy.read_bytes() == before
    with sqlite3.connect(copy) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()


def test_config_show_reads_back(box):
    first = box.run("config", "show", "--prose").stdout
    box.config.write_text(first)
    assert box.run("config", "show", "--prose").stdout == first
    plain = box.run("config", "show").stdout
    box.config.write_text(plain)
    assert box.run("config", "show").stdout == plain
    assert box.objects("config", "check") == [{"good": True}]
    shown = box.objects("config", "show")[0]
    assert shown["tester"]["wait"] == 30 and shown["tester"]["ports"] == [25, 587]
    assert shown["log_level"] == "info" and shown["resolver"] == []


# ---- terminals -----------------------------------------------------------------------------------


def printed(box, command, *arguments, **environment):
    """What a command prints on a terminal."""
    code, shown = on_terminal([BINARY, command, "-c", box.config, "--state", box.state, *arguments],
                              stdin=None, stderr=None, env={**os.environ, **environment})
    assert code == 0
    return shown


def test_colour(box):
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment["PAGER"] = "cat"
    assert b"\x1b[" in printed(box, "list", **environment)
    assert b"\x1b[" not in printed(box, "list", NO_COLOR="1", PAGER="cat")
    assert "\x1b[" not in box.run("list").stdout


@pytest.mark.parametrize("pager, seen", [
    ("sed s/^/paged:/", True), ("cat", False), ("", False), (None, False)])
def test_pager(box, pager, seen):
    """What people read goes through $PAGER on a terminal, with its colours; JSON and counts do not,
    nor anything without a terminal."""
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    environment = {"PATH": "/usr/bin:/bin"} if pager is None else {"PAGER": pager}
    if "NO_COLOR" in os.environ:
        environment["NO_COLOR"] = ""
    shown = printed(box, "list", **environment)
    assert b"192.0.2.1" in shown and (b"paged:" in shown) == seen
    assert pager is None or b"\x1b[" in shown
    for words in (["list", "--json"], ["list", "--count"]):
        assert b"paged:" not in printed(box, *words, **environment)
    assert "paged:" not in box.run("list").stdout


def test_pager_that_is_left(box):
    """A pager that is left at once, or that is not there, is no failure of the command."""
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    with sqlite3.connect(box.state / "portreeve.db") as db:
        db.executemany("insert into listings (address, reason, since_s, last_test_s, recheck_s, "
                       "evidence_id, by_operator) select ?, ?, since_s, last_test_s, recheck_s, "
                       "evidence_id, by_operator from listings limit 1",
                       [[b"\x04\xc6\x33" + i.to_bytes(2, "big"), "long " * 40]
                        for i in range(2000)])
    db.close()
    box.own()
    printed(box, "list", PAGER="true")
    printed(box, "list", PAGER="/no/such/pager")


def test_hostile_text_is_escaped(box):
    """Text that others wrote cannot reach the terminal raw; the command line is checked at once, so
    it is put into the database by hand."""
    box.run("list", "add", "192.0.2.1", "--why", "plain", "--by", "me")
    with sqlite3.connect(box.state / "portreeve.db") as db:
        changed = db.execute("update listings set reason = ?", ("\x1b[2Jgone\r\n",)).rowcount
    db.close()
    assert changed == 1
    shown = box.run("list").stdout
    assert "\x1b" not in shown and "\\x1b[2Jgone" in shown
    (row,) = box.objects("list")
    assert row["reason"] == "\x1b[2Jgone\r\n"       # JSON has its own escapes
    assert "\x1b" not in json.dumps(row)
