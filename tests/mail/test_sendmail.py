# SPDX-License-Identifier: ISC
"""Programs of this machine, by `portreeve sendmail`; and who is told what became of a message."""

import os
import subprocess

import pytest
from conftest import ALICE, BINARY, FAR, INNER, OURS, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
CRON = f"cron@{OURS}"
CAROL = f"carol@{FAR}"


@pytest.fixture
def post(post):
    """The account of root's programs has the address that they send as by themselves, too."""
    post.start()
    post.run("user", "add", "root", "--no-password", "--uid", "root", "--address", CRON,
             "--address", "root@mx.ours.example")
    return post


def send(post, *words, text, code=0, uid=0):
    done = subprocess.run([BINARY, "sendmail", "--socket", post.state / "gateway.sock", *words],
                          input=text, capture_output=True, text=True, check=False, timeout=60, cwd="/",
                          user=uid, group=uid, extra_groups=[])
    assert done.returncode == code, done
    return done.stderr


def test_cron(post):
    """As it calls sendmail, and as it writes."""
    post.state.chmod(0o755)
    send(post, "-i", "-FCronDaemon", "-B8BITMIME", "-oem", ALICE,
         text="From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@here> true\n\nout\rput\n.\nx\n")
    text = post.wait_mail(ALICE, "Cron <root@here> true")
    assert "Return-Path: <root@mx.ours.example>" in text
    assert "\nFrom: <root@mx.ours.example>\n" in text and text.endswith("\nout\nput\n.\nx\n")
    post.wait_log(" queued ")
    line = next(line for line in post.log().splitlines() if " queued " in line)
    assert "account=root" in line and "peer=local" in line


def test_only_as_itself(post):
    post.state.chmod(0o755)
    assert "5.7.1" in send(post, "-f", ALICE, CAROL, text="\nhi\n", code=77)
    assert "5.7.1" in send(post, "-f", CRON, CAROL, text=f"From: {ALICE}\n\nhi\n", code=77)
    assert "no account" in send(post, ALICE, text="\nhi\n", code=77, uid=12345)
    post.wait_log(" refused peer=local:12345 ")
    assert "5.1.1" in send(post, "-f", CRON, f"nobody@{OURS}", text="\nhi\n", code=67)
    assert post.world.messages == [] and post.maildir(ALICE) == []


def test_elsewhere(post):
    send(post, "-t", "-f", CRON, text=f"To: {CAROL}\nBcc: dave@{FAR}\nSubject: away\n\nhi\n")
    taken = post.wait_taken(post.world, "Subject: away")
    assert "Bcc" not in taken.text


def test_told(post):
    """The program's account gets the notice."""
    post.world.replies["."] = "550 5.7.1 not here"
    send(post, "-f", CRON, "-V", "job 7", CAROL, text="\nhi\n")
    text = wait_until(lambda: next((path.read_text() for path in post.state.glob("mailboxes/*/*/new/*")),
                                   None), post.log)
    assert "Original-Envelope-Id: job 7" in text and "550 5.7.1 not here" in text


def test_a_stranger_is_told_nothing(post):
    """What the inner host refuses after all is a postmaster's; it is told once."""
    post.inner.replies["."] = "550 5.7.1 looks like spam"
    code, _ = post.receive(f"carol@{INNER}", "unwanted")
    assert code == 250
    text = post.wait_mail(f"postmaster@{OURS}", "looks like spam")
    assert "A message from outside could not be delivered" in text
    assert "from <stranger@stranger.example>" in text and "Subject: unwanted" in text
    wait_until(lambda: post.queue() == [], "an empty queue")
    assert len(post.maildir(f"postmaster@{OURS}")) == 1
    assert post.world.messages == [] and post.world.connections == 0
