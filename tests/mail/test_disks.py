# SPDX-License-Identifier: ISC
"""Disks and services that fail below a queue that waits: the disk full, or one that cannot last; no DNS; no
store."""

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

import dns.rcode
import pytest
from client import Gone, Raw, mail
from conftest import ALICE, BINARY, FAR, STRANGER, wait_until

CAROL = f"carol@{FAR}"


def ask_rcpt(post, recipient):
    with post.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        return client.ask(f"RCPT TO:<{recipient}>")


def asked(post, recipient):
    """The code; 421 while nobody is there."""
    try:
        return ask_rcpt(post, recipient)[0]
    except (OSError, Gone):
        return 421


@pytest.fixture
def small_disk(post):
    """The state directory on an ext4 of its own, of which there is little."""
    if os.geteuid():
        pytest.skip("a file system can be mounted by root alone")
    image = post.directory / "disk"
    with image.open("wb") as file:
        file.truncate(72 << 20)
    made = subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", image],
                          capture_output=True, check=False)
    post.state.mkdir()
    if made.returncode or subprocess.run(["mount", "-o", "loop", image, post.state], check=False,
                                         capture_output=True).returncode:
        pytest.skip("no loop device here")
    os.chown(post.state, *owner())
    yield post
    post.stop()
    subprocess.run(["umount", post.state], check=True)


def test_full_disk(small_disk):
    """4xx while it is full; what waits goes out from the reserve; then all is as before."""
    post = small_disk
    post.configure(message_size="1M", segment_size="4M", spool_size="32M")
    post.add_users()
    post.world.replies["MAIL"] = "450 4.3.2 later"
    post.start(retry_first="1s", retry_most="1s")
    taken, code = 0, 250
    while code == 250:
        with post.user() as client:
            code, text = client.mail(ALICE)
            if code == 250:
                client.rcpt(CAROL)
                code, text = client.data(mail(ALICE, CAROL, f"number {taken}.", "x" * 70 + "\n", ) +
                                         ("y" * 76 + "\r\n") * 6000)
            taken += code == 250
        assert taken < 200
    assert code == 452 and b"4.3.1" in text, text
    assert taken > 3
    del post.world.replies["MAIL"]
    wait_until(lambda: len(post.world.messages) >= taken,
               lambda: f"{taken} messages, {len(post.world.messages)} came:\n{post.log()[-4000:]}")
    wait_until(lambda: not post.queue(), "an empty queue")
    post.submit(CAROL, "there is room again")
    post.wait_taken(post.world, "there is room again")
    subjects = {one.text.split("number ")[1].split(".")[0] for one in post.world.messages
                if "number " in one.text}
    assert len(subjects) == taken


def owner():
    for name in ("portreeve", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            continue
    return 0, 0


def mount(post, options):
    subprocess.run(["mount", "-o", options, *([post.directory / "disk"] if "loop" in options else []),
                    post.state], check=True)


SMALL = {"message_size": "1M", "segment_size": "4M", "spool_size": "32M"}


def test_disk_that_becomes_read_only(small_disk):
    """As ext4 does by itself when it meets an error: 4xx, and a line in the log that is said once. What was
    acknowledged is there when the disk has been mounted anew."""
    post = small_disk
    post.configure(**SMALL)
    post.add_users()
    post.world.replies["MAIL"] = "450 4.3.2 later"
    post.start()
    # What was made at the start; the messages are safe by themselves.
    subprocess.run(["sync", "-f", post.state], check=True)
    for n in range(5):
        post.submit(CAROL, f"number {n}.")
    mount(post, "remount,abort")
    codes = [received(post, "refused") for _ in range(20)]
    assert all(400 <= code < 500 for code in codes), codes
    post.wait_log("queue-unwritten")
    assert post.log().count("queue-unwritten") == 1 and post.role()
    post.stop()
    subprocess.run(["umount", post.state], check=True)
    subprocess.run(["e2fsck", "-fy", post.directory / "disk"], check=False, stdout=subprocess.DEVNULL)
    mount(post, "loop")
    del post.world.replies["MAIL"]
    post.start()
    for n in range(5):
        post.wait_taken(post.world, f"number {n}.")
    assert post.receive(subject="well again")[0] == 250
    post.wait_mail(ALICE, "well again")
    assert not any("refused" in one for one in post.maildir(ALICE))


def received(post, subject):
    """The code of a message from outside; 421 while nobody is there."""
    try:
        return post.receive(subject=subject)[0]
    except (OSError, Gone):
        return 421
    except AssertionError as refusal:        # before its text
        return int(str(refusal.args[0][1])[:3])


def test_start_on_a_read_only_disk(small_disk):
    """It says what is missing and ends, for whoever starts services to try again; then all is well."""
    post = small_disk
    post.configure(**SMALL)
    post.add_users()
    post.start()
    assert post.receive(subject="before")[0] == 250
    post.wait_mail(ALICE, "before")
    post.stop()
    mount(post, "remount,ro")
    done = post.run("run", code=None)
    assert done.returncode and "not writable" in done.stderr, done
    mount(post, "remount,rw")
    post.start()
    assert post.receive(subject="after")[0] == 250
    post.wait_mail(ALICE, "after")


def test_queue_that_cannot_last(post):
    """On tmpfs it does not start, and says so; a loud override is there."""
    memory = Path("/dev/shm")
    if subprocess.run(["stat", "-f", "-c", "%T", memory], capture_output=True,
                      text=True, check=False).stdout.strip() != "tmpfs":
        pytest.skip("no tmpfs here")
    post.state = Path(tempfile.mkdtemp(dir=memory)) / "state"
    post.state.parent.chmod(0o755)
    try:
        post.configure(spool_anywhere=None)
        post.add_users()
        with post.log_path.open("ab") as log:
            post.process = subprocess.Popen(
                [BINARY, "run", "-c", post.config,
                 "--state", post.state], stderr=log, cwd=post.directory)
        post.wait_log("tmpfs")
        with pytest.raises((OSError, Gone)):
            Raw(post.port)
        post.stop()
        post.start(spool_anywhere="yes")
        assert post.receive(subject="in memory")[0] == 250
    finally:
        post.stop()
        shutil.rmtree(post.state.parent)


def test_dead_dns(post):
    """No name server: mail comes in and waits; when there is one it goes on."""
    answers = {"dead": True}

    def answer(name, kind):
        if answers["dead"]:
            return None if len(post.names.asked) % 2 else dns.rcode.SERVFAIL
        return post.names.records.get((name, kind), [])
    post.names.look_up = answer
    post.start(smarthost=f"smart.far.example:{post.world.port}", blocklists=["list.example"],
               blocklist_timeout="1s")
    assert post.receive(subject="while dead")[0] == 250
    post.wait_mail(ALICE, "while dead")
    post.submit(CAROL, "waits for a name")
    wait_until(lambda: any("smart.far.example" in str(row) for row in post.queue()),
               lambda: f"a reason in the queue: {post.queue()}")
    post.names.records["smart.far.example", "A"] = ["127.0.0.1"]
    answers["dead"] = False


def test_accounts_that_are_lost(post):
    """It does not start as a server without users."""
    post.start()
    post.stop()
    kept = (post.state / "accounts.db").rename(post.directory / "kept")
    done = post.run("run", code=None)
    assert done.returncode == 73, done.stderr
    assert "accounts.db: expected the database that was there" in done.stderr
    owner = post.state.stat()
    shutil.move(kept, post.state / "accounts.db")
    os.chown(post.state / "accounts.db", owner.st_uid, owner.st_gid)
    post.start()
    assert asked(post, ALICE) == 250


@pytest.mark.parametrize("name", ["portreeve.db", "accounts.db"])
def test_store_that_is_gone(post, name):
    """The accounts cannot be read: 4xx, and nobody's mail is refused for good."""
    post.start()
    database = post.state / name
    away = database.with_suffix(".away")
    database.rename(away)
    database.mkdir()
    try:
        code = asked(post, ALICE)
        assert code == 250 or 400 <= code < 500, code
        try:
            post.user()
        except smtplib.SMTPAuthenticationError as refusal:
            assert refusal.smtp_code == 454
        except (smtplib.SMTPException, OSError):
            pass                         # it is just being started again
    finally:
        database.rmdir()
        away.rename(database)
    wait_until(lambda: asked(post, ALICE) == 250, "the mailbox again")
    assert post.receive(subject="all well")[0] == 250
