# SPDX-License-Identifier: ISC
"""Who logs in may send, in the names that are his; and what becomes of who guesses."""

import re
import smtplib
from concurrent.futures import ThreadPoolExecutor

import pytest
from client import UNCHECKED, Raw, mail
from conftest import ALICE, BOB, FAR, PASSWORDS

CAROL = f"carol@{FAR}"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_mechanisms(running, mechanism):
    with running.user(ALICE, mechanism=mechanism) as client:
        assert client.sendmail(ALICE, [CAROL], mail(ALICE, CAROL, f"by {mechanism}")) == {}
    message = running.wait_taken(running.world, f"by {mechanism}")
    assert (message.sender, message.recipients) == (ALICE, [CAROL])
    assert "laptop.example" in message.text and "ESMTPSA" in message.text


def test_tls_at_once(running):
    with smtplib.SMTP_SSL("127.0.0.1", running.submissions, context=UNCHECKED, timeout=60) as client:
        client.login(ALICE, PASSWORDS[ALICE])
        assert client.sendmail(ALICE, [CAROL], mail(ALICE, CAROL, "on 465")) == {}
    running.wait_taken(running.world, "on 465")


def test_not_without_tls(running):
    with Raw(running.submission) as client:
        assert "AUTH" not in client.hello()
        assert client.login(ALICE, PASSWORDS[ALICE]) in (530, 538, 503, 502)
        assert client.code(f"MAIL FROM:<{ALICE}>") == 530
        client.starttls()
        assert re.search("AUTH .*PLAIN", client.hello())
        assert client.login(ALICE, PASSWORDS[ALICE]) == 235


def test_not_on_port_25(running):
    with running.stranger() as client:
        assert "AUTH" not in client.hello()
        client.starttls()
        assert "AUTH" not in client.hello()
        assert 500 <= client.login(ALICE, PASSWORDS[ALICE]) < 560


def test_nobody_sends_there_without_a_login(running):
    with Raw(running.submission) as client:
        client.hello()
        client.starttls()
        client.hello()
        assert client.code(f"MAIL FROM:<{ALICE}>") == 530


def test_wrong_password(running):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        running.user(BOB, "open sesame")
    assert refusal.value.smtp_code == 535
    with pytest.raises(smtplib.SMTPAuthenticationError) as other:
        running.user("nobody@ours.example", "open sesame")
    assert other.value.smtp_error == refusal.value.smtp_error, "which names there are is told"
    running.wait_log("127.0.0.1")
    assert "sesame" not in running.log()


@pytest.mark.parametrize("sender", [BOB, CAROL, "alice@far.example", "alice@elsewhere.ours.example"])
def test_sender_of_somebody_else(running, sender):
    with running.user() as client:
        code, text = client.docmd("MAIL", f"FROM:<{sender}>")
        if code == 250:
            code, text = client.docmd("RCPT", f"TO:<{CAROL}>")
        assert code in (550, 553), text


@pytest.mark.parametrize("head", [f"From: <{BOB}>", f"From: {ALICE}, {BOB}",
                                  f"From: <{ALICE}>\r\nFrom: <{BOB}>", f"From: \"{ALICE}\" <{BOB}>",
                                  f"From: <{ALICE}\r\n >, <{BOB}>", f"from : {BOB}", f"FROM: a:{BOB};",
                                  "From: Alice", "From:", f"From: =?utf-8?q?{BOB}?= <{BOB}>"])
def test_header_from_of_somebody_else(running, head):
    with running.user() as client:
        client.docmd("MAIL", f"FROM:<{ALICE}>")
        client.docmd("RCPT", f"TO:<{CAROL}>")
        code, text = client.data(f"{head}\r\nX-Kind: forged\r\n\r\nHello.\r\n")
        assert 500 <= code < 560, text
    assert not any("X-Kind: forged" in one.text for one in running.world.messages)


def test_no_header_from(running):
    """It gets that of who sends it."""
    with running.user() as client:
        client.docmd("MAIL", f"FROM:<{ALICE}>")
        client.docmd("RCPT", f"TO:<{CAROL}>")
        assert client.data("Subject: from nobody\r\n\r\nHello.\r\n")[0] == 250
    assert f"From: <{ALICE}>" in running.wait_taken(running.world, "from nobody").text


def test_null_sender_of_a_login(running):
    with running.user() as client:
        assert client.docmd("MAIL", "FROM:<>")[0] == 250
        assert client.docmd("RCPT", f"TO:<{CAROL}>")[0] == 250
        assert client.data(mail(ALICE, CAROL, "read, as you asked"))[0] == 250
        client.docmd("MAIL", "FROM:<>")
        client.docmd("RCPT", f"TO:<{CAROL}>")
        assert 500 <= client.data(mail(BOB, CAROL, "forged"))[0] < 560
    assert running.wait_taken(running.world, "read, as you asked").sender == ""


def test_alias(post):
    post.configure()
    post.add_users()
    post.run("user", "alias", ALICE, "add", "sales@ours.example")
    post.start()
    post.submit(CAROL, "as sales", sender=ALICE)
    with post.user() as client:
        client.sendmail("sales@ours.example", [CAROL], mail("sales@ours.example", CAROL, "in its name"))
    assert post.wait_taken(post.world, "in its name").sender == "sales@ours.example"
    assert post.receive("sales@ours.example", "an order")[0] == 250
    post.wait_mail(ALICE, "an order")


def test_locked_and_removed(post):
    """From the next login on, without a restart."""
    post.start()
    post.run("user", "lock", ALICE)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        post.user()
    post.run("user", "remove", BOB)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        post.user(BOB)


def test_changed_password(post):
    post.start()
    post.run("user", "passwd", ALICE, text="new one\n")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        post.user()
    post.user(password="new one").quit()


def guess(post, password):
    """The code that a login gets; 421 where it is not even talked to."""
    try:
        post.user(ALICE, password)
    except smtplib.SMTPResponseException as refusal:
        return refusal.smtp_code
    except (smtplib.SMTPException, OSError):
        return 421
    return 235


def test_guessing(post):
    """Who guesses is shut out by address, and the right password does not let in either; another address is
    not, as the account is locked later than that."""
    post.start(connections_per_second=1000, sessions_per_host=100)
    with ThreadPoolExecutor(30) as pool:
        codes = set(pool.map(lambda n: guess(post, f"guess {n}"), range(30)))
    assert codes <= {535, 454, 421} and 535 in codes
    assert guess(post, PASSWORDS[ALICE]) in (535, 454, 421)
    post.wait_log("login-failed")
    with Raw(post.submission, source="127.0.0.77") as client:
        client.hello()
        client.starttls()
        client.hello()
        assert client.login(ALICE, PASSWORDS[ALICE]) == 235


def from_address(post, source, name, password):
    """The code that a login from there gets."""
    with Raw(post.submission, source=source) as client:
        client.hello()
        client.starttls()
        client.hello()
        return client.login(name, password)


CROWD = {"connections_per_second": 1000, "sessions_per_host": 100, "sessions_per_net": 1000}


def test_account_under_attack(post):
    """Guessed by both of its names it is one account; its owner gets in on the road and at home."""
    post.configure(**CROWD)
    post.add_users()
    post.run("user", "alias", ALICE, "add", "sales@ours.example")
    post.start()
    right = PASSWORDS[ALICE]
    assert from_address(post, "127.7.7.7", ALICE, right) == 235, "at home"
    names = [ALICE, "Sales@ours.example"] * 10
    guesses = [(f"127.1.0.{n}", name) for n in (1, 2) for name in names]
    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(lambda one: from_address(post, *one, "x"), guesses)) == {535}
    rows = [("127.1.0.3", right, 535),      # the guessers' network waits, whoever it is there
            ("127.2.0.1", "oops", 535), ("127.2.0.2", right, 535), ("127.3.0.1", right, 235),
            ("127.7.7.7", right, 235)]
    for source, password, code in rows:
        assert from_address(post, source, "sales@ours.example", password) == code, (source, password)
    assert post.log().count("too many wrong guesses") == 2
    assert from_address(post, "127.1.0.4", BOB, PASSWORDS[BOB]) == 235


def test_known_over_a_restart(post):
    """Who has logged in from an address stays in there; a damaged file costs that alone."""
    post.start(**CROWD)
    home = "127.7.7.7"
    assert from_address(post, home, ALICE, PASSWORDS[ALICE]) == 235
    for damaged in (False, True):
        post.stop()
        if damaged:
            (post.state / "spool/known").write_bytes(b"portreeve known 1\n")
        post.start()
        with ThreadPoolExecutor(20) as pool:
            assert set(pool.map(lambda n: from_address(post, home, f"n{n}", "x"), range(20))) == {535}
        assert from_address(post, home, BOB, PASSWORDS[BOB]) == 535
        assert from_address(post, home, ALICE, PASSWORDS[ALICE]) == (535 if damaged else 235)
        assert ("known-places-lost" in post.log()) == damaged


def test_who_sent_what(running):
    """From a message to account, client and time."""
    running.submit(CAROL, "whose is this?")
    message = running.wait_taken(running.world, "whose is this?")
    queue_id = re.search(r"by mx\.ours\.example .*?id ([0-9A-Z]+)", message.text, re.S)[1]
    running.wait_log(queue_id)
    line = next(one for one in running.log().splitlines() if queue_id in one and ALICE in one)
    assert "127.0.0.1" in line
