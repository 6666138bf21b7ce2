# SPDX-License-Identifier: ISC
"""Nobody who has not logged in gets anything anywhere but to a mailbox of ours."""

import pytest
from client import Raw, mail
from conftest import ALICE, BOB, FAR, INNER, OURS, STRANGER

# Every way in which some server was once talked into passing mail on to victim@far.example.
ELSEWHERE = [
    f"victim@{FAR}", f"victim%{FAR}@{OURS}", f"victim%{FAR}@[127.0.0.1]", f"victim%{FAR}",
    f"{FAR}!victim", f"{FAR}!victim@{OURS}", f"{OURS}!{FAR}!victim", f"@{OURS}:victim@{FAR}",
    f"@[127.0.0.1]:victim@{FAR}", f"@{OURS},@{INNER}:victim@{FAR}", f'"victim@{FAR}"',
    f'"victim@{FAR}"@{OURS}', f'"victim%{FAR}"@{OURS}', f'"{FAR}!victim"@{OURS}',
    f"victim@{FAR}@{OURS}", f"victim@{FAR}@[127.0.0.1]", f"victim@[192.0.2.1]", "victim@[IPv6:::1]",
    f"victim@{FAR}.", f"victim@{FAR}%{OURS}", f"victim(@{OURS})@{FAR}", f"victim@{OURS}@{FAR}",
    f"victim={FAR}@{OURS}", f"victim/{FAR}@{OURS}", f"victim:{FAR}@{OURS}",
    f"victim@{FAR}\\@{OURS}", f"victim@{FAR},{ALICE}", f"<victim@{FAR}>", f"SMTP:victim@{FAR}",
    f"victim%{FAR}%{OURS}@{INNER}", f"victim%{FAR}@{INNER}", f"victim@localhost", "victim@127.0.0.1",
    "victim", "victim@", f"@{FAR}", "@", f"victim@{FAR} ", f" victim@{FAR}", f"victim@xn--{FAR}",
]
SENDERS = [STRANGER, "", ALICE, f"postmaster@{OURS}", "root@localhost", f"x@[127.0.0.1]", f"victim@{FAR}"]


@pytest.fixture
def dialogue(running):
    with running.stranger() as client:
        client.hello()
        yield client
    assert running.world.connections == 0 and running.inner.messages == [], "something was relayed"


@pytest.mark.parametrize("recipient", ELSEWHERE)
def test_no_form_of_address_leads_elsewhere(dialogue, recipient):
    for sender in SENDERS:
        dialogue.ask("RSET", 250)
        code, _ = dialogue.ask(f"MAIL FROM:<{sender}>")
        if code != 250:
            assert 500 <= code < 560
            continue
        code, text = dialogue.ask(f"RCPT TO:<{recipient}>")
        assert 500 <= code < 560, text


def test_after_a_recipient_of_ours(dialogue):
    """The second recipient is asked about as the first one is."""
    dialogue.envelope(STRANGER, ALICE)
    assert dialogue.code(f"RCPT TO:<victim@{FAR}>") == 550


def test_from_loopback_by_ipv6(running):
    with Raw(running.port, address="::1") as client:
        client.hello()
        client.ask(f"MAIL FROM:<root@{OURS}>", 250)
        assert client.code(f"RCPT TO:<victim@{FAR}>") == 550


@pytest.mark.parametrize("name", ["localhost", "mx.ours.example", OURS, "[127.0.0.1]", "127.0.0.1"])
def test_whatever_name_it_says(running, name):
    with running.stranger() as client:
        client.hello(name)
        if client.code(f"MAIL FROM:<{ALICE}>") == 250:
            assert client.code(f"RCPT TO:<victim@{FAR}>") == 550


@pytest.mark.parametrize("word", ["XCLIENT NAME=localhost ADDR=127.0.0.1 LOGIN=alice",
                                  "XFORWARD NAME=localhost ADDR=127.0.0.1",
                                  "AUTH PLAIN AGFsaWNlAHNlY3JldA==", "AUTH EXTERNAL =",
                                  "TURN", "ETRN far.example", "ATRN", "BURL imap://x LAST"])
def test_no_word_makes_anybody_else_of_it(running, word):
    with running.stranger() as client:
        client.hello()
        assert 500 <= client.code(word) < 560
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        assert client.code(f"RCPT TO:<victim@{FAR}>") == 550


@pytest.mark.parametrize("head", [b"PROXY TCP4 203.0.113.1 127.0.0.1 1 25\r\n",
                                  b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)])
def test_no_proxy_header_of_a_stranger(running, head):
    """It talks before its turn, or says what no command is: an error or the end, never another client."""
    with running.stranger() as client:
        client.send(head)
        try:
            code, text = client.reply()
        except Exception:  # it hung up
            return
        assert code >= 421, text
    assert "203.0.113.1" not in running.log()


def test_postmaster_without_a_domain(running):
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, "Postmaster")
        client.ask("DATA", 354)
        client.send(mail(STRANGER, "postmaster", "to whom it may concern") + "\r\n.\r\n")
        assert client.reply()[0] == 250


def test_what_is_ours_comes_in(running):
    assert running.receive(BOB, "for bob")[0] == 250
    text = running.wait_mail(BOB, "for bob")
    assert text.startswith(f"Return-Path: <{STRANGER}>")
    received = text[text.index("Received:"):]
    assert "client.example" in received and "127.0.0.1" in received
    assert running.receive(f"carol@{INNER}", "for carol")[0] == 250
    assert running.wait_taken(running.inner, "for carol").recipients == [f"carol@{INNER}"]
    running.inner.messages.clear()


def test_nobody_of_that_name(running):
    """Refused at RCPT: nothing is taken that would have to be returned."""
    with running.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        for nobody in (f"nobody@{OURS}", f"nobody@{INNER}"):
            code, text = client.ask(f"RCPT TO:<{nobody}>")
            assert code == 550 and "5.1.1" in text
