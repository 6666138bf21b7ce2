# SPDX-License-Identifier: ISC
"""What waits: the operator's words on it, the live view, reports, and a kill."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import termios

import pytest
from client import mail
from conftest import ALICE, BINARY, FAR, wait_until

CAROL = f"carol@{FAR}"


@pytest.fixture
def waiting(post):
    """One message waits."""
    post.world.replies["MAIL"] = "450 4.3.2 later"
    post.start(retry_first="1h", retry_most="1h")
    post.submit(CAROL, "patience")
    wait_until(lambda: "4.3.2" in json.dumps(post.queue()), lambda: f"a first try: {post.queue()}")
    return post


def let(post):
    del post.world.replies["MAIL"]


def test_list_and_show(waiting):
    [row] = waiting.queue()
    assert row["from"] == ALICE
    shown = waiting.run("queue", "show", row["id"]).stdout
    for text in (row["id"], ALICE, CAROL, "450 4.3.2 later", "127.0.0.1"):
        assert text in shown
    assert row["id"] in waiting.run("queue", "list").stdout


def test_flush(waiting):
    [row] = waiting.queue()
    let(waiting)
    waiting.run("queue", "flush", row["id"])
    waiting.wait_taken(waiting.world, "patience")
    wait_until(lambda: waiting.queue() == [], "an empty queue")


def test_hold_and_release(waiting):
    [row] = waiting.queue()
    waiting.run("queue", "hold", row["id"])
    let(waiting)
    waiting.run("queue", "flush", row["id"])
    waiting.stop()
    waiting.start()                      # it is held after a restart, too
    assert [one["id"] for one in waiting.queue()] == [row["id"]]
    assert waiting.world.messages == []
    waiting.run("queue", "release", row["id"])
    waiting.run("queue", "flush", row["id"])
    waiting.wait_taken(waiting.world, "patience")


def test_drop(waiting):
    [row] = waiting.queue()
    waiting.run("queue", "drop", row["id"])
    assert waiting.queue() == []
    assert waiting.maildir(ALICE) == []
    assert waiting.run("queue", "show", row["id"], code=None).returncode != 0


def test_kill_and_start(waiting):
    """What was acknowledged is there after it was killed."""
    [row] = waiting.queue()
    role = waiting.role()
    os.kill(role, signal.SIGKILL)
    wait_until(lambda: waiting.role() not in (None, role), "another role")
    waiting.wait_log("role-ready", times=2)
    wait_until(lambda: [one["id"] for one in waiting.queue()] == [row["id"]], lambda: str(waiting.queue()))
    let(waiting)
    waiting.run("queue", "flush", row["id"])
    waiting.wait_taken(waiting.world, "patience")


# ---- top -------------------------------------------------------------------------------------

def test_top_once(waiting):
    with waiting.stranger() as client:
        client.hello("guest.example")
        state = waiting.objects("top")[0]
        assert state["queue"]["messages"] == 1 and state["counters"]["messages"] == 1
        assert any(one["helo"] == "guest.example" for one in state["sessions"])
        shown = waiting.run("top", "--once").stdout
        assert "1 messages, 1 recipients" in shown and "guest.example" in shown
        assert "later" in shown


def test_top_live(waiting):
    """On a terminal it is drawn anew until q, and leaves the terminal as it was."""
    parent, child = pty.openpty()
    before = termios.tcgetattr(child)
    process = subprocess.Popen([BINARY, "top", "-c", waiting.config, "--state", waiting.state],
                               stdin=child, stdout=child, stderr=child, cwd=waiting.directory,
                               env={**os.environ, "TERM": "xterm"})
    shown = b""

    def read():
        nonlocal shown
        while select.select([parent], [], [], 0)[0]:
            shown += os.read(parent, 65536)
        return shown
    wait_until(lambda: read().count(b"\x1b[H") >= 2, lambda: f"a second picture: {shown}")
    os.write(parent, b"q")
    wait_until(lambda: (read(), process.poll() is not None)[1], "its end")
    read()
    assert process.returncode == 0
    assert b"1 messages, 1 recipients" in shown
    assert shown.startswith(b"\x1b[?1049h") and shown.endswith(b"\x1b[?1049l")
    assert termios.tcgetattr(child) == before
    os.close(parent)
    os.close(child)


def test_top_without_a_gateway(post):
    post.configure()
    post.add_users()
    done = post.run("top", "--once", code=69)
    assert done.stdout == "" and re.fullmatch("portreeve: top: .+\n", done.stderr)


# ---- reports, and text of others -------------------------------------------------------------

def test_report_that_causes_a_report(post):
    """A report that cannot be delivered is the end of it."""
    post.inner.replies["RCPT"] = post.world.replies["RCPT"] = "550 5.1.1 nobody"
    post.configure()
    post.add_users()
    inner = "carol@inner.example"
    post.run("user", "alias", ALICE, "add", inner)
    post.start()
    with post.user() as client:
        client.sendmail(inner, [CAROL], mail(inner, CAROL, "there and back"))
    wait_until(lambda: any(b"RCPT TO:<carol@inner" in line for line in post.inner.commands), "the report")
    wait_until(lambda: post.queue() == [], lambda: f"an empty queue: {post.queue()}")
    assert [line for line in post.inner.commands if line.startswith(b"MAIL")] == \
        [line for line in post.inner.commands if line.startswith(b"MAIL FROM:<>")]
    assert len([line for line in post.inner.commands if line.startswith(b"MAIL")]) == 1
    assert len([line for line in post.world.commands if line.startswith(b"MAIL")]) == 1


def test_no_report_to_strangers(post):
    """Nothing that a stranger sends makes us write to anybody else."""
    post.inner.replies["."] = "550 5.7.1 no"
    post.start()
    for sender in (f"victim@{FAR}", "", f"postmaster@{FAR}"):
        post.receive("carol@inner.example", "to be refused", sender=sender)
    wait_until(lambda: post.queue() == [] or all(row.get("held") for row in post.queue()),
               lambda: f"the end of it: {post.queue()}")
    assert post.world.connections == 0


CRAFTED = ["\x1b]0;owned\x07\x1b[2J", "\x9b2J", "\u202egnp.exe", "a\tb", "\\x1b[2J", "{\"id\": 1}",
           "<script>", "=?utf-8?q?=1b[2J?="]


@pytest.mark.parametrize("word", CRAFTED, ids=repr)
def test_crafted_message_in_the_queue_list(post, word):
    """What strangers and servers said is shown as text, never to the terminal as it is."""
    post.world.replies["RCPT"] = lambda _: f"450 4.2.0 {word.encode().decode('latin-1')} wait"
    post.start()
    with post.user() as client:
        client.command_encoding = "utf-8"
        client.mail(ALICE)
        client.docmd("RCPT", f"TO:<carol@{FAR}>")
        client.data(mail(ALICE, CAROL, word).encode())
    wait_until(lambda: "4.2.0" in json.dumps(post.queue()), lambda: f"the reason: {post.queue()}")
    row = post.queue()[0]
    for words in (("queue", "list"), ("queue", "show", row["id"]), ("top", "--once")):
        shown = post.run(*words).stdout
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown), words
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", post.log())
