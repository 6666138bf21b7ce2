# SPDX-License-Identifier: ISC
"""`portreeve user`: accounts of the gateway, their addresses, and how passwords get in."""

import fcntl
import os
import pty
import re
import select
import signal
import sqlite3
import stat
import subprocess
import termios

import pytest
from conftest import BINARY, GIVE_UP_S


@pytest.fixture(name="users")
def _users(box):
    box.config.write_text(box.config.read_text() + '\ngateway { domains = {"Example.org"} }\n')
    box.run("user", "add", "ann", text="correct horse\n")
    return box


def row(box, name):
    (found,) = [account for account in box.objects("user", "list") if account["name"] == name]
    return found


def secrets(box, name):
    with sqlite3.connect(box.state / "accounts.db") as database:
        return database.execute("SELECT hash, scram FROM accounts WHERE name = ?",
                                (name,)).fetchone()


def test_add(users):
    account = row(users, "ann")
    assert account["addresses"] == ["ann@example.org"]
    assert account["mailbox"] == "example.org/ann"
    assert account["password"] and not account["scram"] and not account["locked"]
    assert "uid" not in account
    word, keys = secrets(users, "ann")
    assert word.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and keys == ""
    for path in users.state.glob("*.db*"):
        text = path.read_bytes().decode("latin-1")
        assert "correct horse" not in text
        assert path.name.startswith("accounts.db") or word not in text
        assert not path.name.startswith("accounts.db") or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_all_that_may_be_given(users):
    done = users.run("user", "add", "Bob@Example.net", "--uid", "nobody", "--scram", "--address",
                     "Bob@example.org", "--address", "@B\u00fccher.example", text="s\u00e9same\n")
    assert "@xn--bcher-kva.example is at no domain of gateway.domains" in done.stderr
    account = row(users, "bob@example.net")
    assert account["addresses"] == ["@xn--bcher-kva.example", "bob@example.org"]
    assert account["mailbox"] == "example.org/bob" and account["scram"] and account["uid"] > 0
    keys = secrets(users, "bob@example.net")[1]
    assert re.fullmatch(r"SCRAM-SHA-256\$20000:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=", keys)
    users.run("user", "passwd", "bob@example.net", text="other\n")
    assert row(users, "bob@example.net")["scram"] and secrets(users, "bob@example.net")[1] != keys


def test_default_address(users):
    assert "none@example.org" in users.run("user", "add", "none", "--no-password").stdout
    users.config.write_text(users.config.read_text().replace('"Example.org"', '"a.test", "b.test"'))
    done = users.run("user", "add", "two", "--no-password", code=64)
    assert "expected --address ADDRESS, as gateway.domains has 2" in done.stderr
    users.run("user", "add", "two@b.test", "--no-password")
    assert row(users, "two@b.test")["addresses"] == ["two@b.test"]
    users.config.write_text(users.config.read_text().replace('"a.test", "b.test"', ""))
    done = users.run("user", "add", "three", "--no-password")
    assert "gateway.domains is empty and there is no --address" in done.stderr


def test_generate(users):
    done = users.run("user", "add", "bob", "--generate")
    assert re.search(r"^password: [a-z2-7]{5}(-[a-z2-7]{5}){3}$", done.stdout, re.M)
    (made,) = users.objects("user", "passwd", "bob", "--generate")
    assert made["generated"] not in done.stdout
    assert "generated" not in row(users, "bob")


def test_changes(users):
    assert "info@example.org" in users.run("user", "alias", "ANN", "add", "Info@example.org").stdout
    assert row(users, "ann")["addresses"] == ["ann@example.org", "info@example.org"]
    users.run("user", "alias", "ann", "remove", "ann@example.org")
    assert row(users, "ann")["addresses"] == ["info@example.org"]
    assert row(users, "ann")["mailbox"] == "example.org/ann"
    users.run("user", "lock", "ann")
    assert row(users, "ann")["locked"] and "locked" in users.run("user", "list").stdout
    users.run("user", "unlock", "ann")
    assert not row(users, "ann")["locked"]
    assert "stays in example.org/ann" in users.run("user", "remove", "ann").stdout
    assert users.objects("user", "list") == []
    assert "there is no account" in users.run("user", "list").stdout


def test_lost(users):
    """The file of the accounts is gone: that is no list without accounts."""
    (users.state / "accounts.db").unlink()
    done = users.run("user", "list", code=75)
    assert "accounts.db: no such file: expected the one that was there" in done.stderr
    users.run("list")


@pytest.mark.parametrize("arguments, code, words", [
    (["add", "ann"], 73, "the account ann is there already"),
    (["add", "eve", "--address", "ann@example.org"], 73, "ann@example.org is of the account ann"),
    (["lock", "eve"], 66, 'no account has the name "eve"'),
    (["remove", "eve"], 66, 'no account has the name "eve"'),
    (["passwd", "eve"], 66, 'no account has the name "eve"'),
    (["alias", "eve", "add", "x@example.org"], 66, 'no account has the name "eve"'),
    (["alias", "ann", "remove", "x@example.org"], 66, "has no address x@example.org"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_refused(users, arguments, code, words):
    assert words in users.run("user", *arguments, code=code, text="secret\n").stderr
    assert [account["name"] for account in users.objects("user", "list")] == ["ann"]


@pytest.mark.parametrize("text, words", [
    ("", "expected one line, the password of ann"),
    ("\n", "expected one line, the password of ann"),
    ("a\nb\n", "expected one line, the password of ann"),
    ("a\x07\n", "expected a password without control characters"),
    ("x" * 1100 + "\n", "expected one line of at most 1024 bytes"),
    ("x" * 1025, "expected a password of at most 1024 bytes"),
])
def test_password_by_a_pipe(users, text, words):
    before = secrets(users, "ann")
    assert words in users.run("user", "passwd", "ann", code=65, text=text).stderr
    assert secrets(users, "ann") == before


def type_in(box, *lines):
    """At a terminal: its output and the exit status. As a terminal starts it, whoever started us."""
    def at_terminal():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    ours, theirs = pty.openpty()
    with subprocess.Popen([BINARY, "user", "passwd", "ann", "-c", box.config, "--state", box.state],
                          stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                          preexec_fn=at_terminal) as process:
        os.close(theirs)
        seen = b""
        lines = list(lines)
        while True:
            if not select.select([ours], [], [], GIVE_UP_S)[0]:
                process.kill()
                pytest.fail(f"it waits for ever behind {seen}")
            try:
                more = os.read(ours, 4096)
            except OSError:                  # its last holder has closed it
                break
            if not more:
                break
            seen += more
            if seen.endswith(b": ") and lines:
                seen += b"|"
                os.write(ours, lines.pop(0))
        code = process.wait(60)
    os.close(ours)
    return seen.decode(), code


def test_password_by_a_terminal(users):
    before = secrets(users, "ann")
    seen, code = type_in(users, b"mellon\n", b"mellon\n")
    assert code == 0 and "mellon" not in seen
    assert "password of ann: |" in seen and "password of ann, again: |" in seen
    after = secrets(users, "ann")
    assert after != before
    seen, code = type_in(users, b"mellon\n", b"melon\n")
    assert code == 65 and "the two are not the same" in seen
    _, code = type_in(users, b"\x03")        # Ctrl-C ends it as ever
    assert code == -2
    _, code = type_in(users, b"\n")
    assert code == 65
    assert secrets(users, "ann") == after
