# SPDX-License-Identifier: ISC
"""Postfix, Exim and Dovecot: what they send us, and what we send them, over TLS."""

import re

import pytest
from office import ALICE, BOB, CAROL, DAVE, DAVID, DORA, DOVES

from lab.wait import wait_until

PEERS = {"postfix": ("carol", CAROL), "exim": ("dave", DAVE)}
each_peer = pytest.mark.parametrize("name", PEERS)


def write(host, user, recipient, subject, text="Hello."):
    """A user of that host writes, with the host's own `sendmail`."""
    sender = f"{user}@{host.domains[0]}"
    host.run("sendmail", "-f", sender, recipient, user=user,
             text=f"From: {sender}\nTo: {recipient}\nSubject: {subject}\n\n{text}\n")


@each_peer
def test_they_deliver_to_us(lab, name):
    user, address = PEERS[name]
    write(getattr(lab, name), user, ALICE, f"from {name}")
    text = lab.gateway.wait_mail(ALICE, f"from {name}")
    # Exim has the host's name in what its users send.
    assert re.match(f"Return-Path: <{user}@(mail.)?{address.partition('@')[2]}>", text)
    assert re.search(r"with ESMTPS\b", text), text
    assert getattr(lab, name).fqdn in text


@each_peer
def test_we_deliver_to_them(lab, name):
    user, address = PEERS[name]
    lab.submit(address, f"to {name}")
    text = getattr(lab, name).wait_mail(user, f"to {name}")
    assert re.search(r"using TLSv1\.[23]|\(TLS1\.[23]\)", text), text


@each_peer
def test_eight_bit_and_long(lab, name):
    user, address = PEERS[name]
    body = "Grüße: " + "ß" * 300 + "\\n.\\n..\\nend"
    lab.submit(address, f"eight bit to {name}", body=body)
    text = getattr(lab, name).wait_mail(user, f"eight bit to {name}")
    assert "Grüße: " in text and "\n.\n..\n" in text


@each_peer
def test_they_refuse(lab, name):
    """The sender is told, by the words that they said."""
    lab.submit(f"noone@{name}.example", f"noone at {name}")
    text = lab.gateway.wait_mail(ALICE, f"noone@{name}.example")
    assert "multipart/report" in text and "Action: failed" in text
    assert re.search(r"Diagnostic-Code: smtp; 550", text)
    assert text.startswith("Return-Path: <>")


@each_peer
def test_we_refuse(lab, name):
    """Their bounce has our text."""
    user, _ = PEERS[name]
    write(getattr(lab, name), user, "nobody@ours.example", "to nobody of ours")
    text = getattr(lab, name).wait_mail(user, "nobody@ours.example")
    assert "5.1.1" in text


def test_mail_of_a_listed_host(lab):
    write(lab.listed, "eve", BOB, "from a listed host")
    text = lab.listed.wait_mail("eve", "listed by")
    # As Postfix folds it.
    told = " ".join(text.split())
    assert "203.0.113.66 is listed by list.example" in told
    assert "https://list.example/?ip=203.0.113.66" in told
    assert not any("from a listed host" in one for one in lab.gateway.maildir(BOB))
    write(lab.listed, "eve", "postmaster@ours.example", "why am I listed?")
    wait_until(lambda: "why am I listed?" in str(
        lab.gateway.maildir("postmaster@ours.example") + lab.gateway.maildir(ALICE)), "postmaster's mail")


# ---- Dovecot ---------------------------------------------------------------------------------

def test_dovecot_by_lmtp(lab):
    write(lab.postfix, "carol", DORA, "to Dovecot")
    text = wait_until(lambda: next(
        (one for one in lab.dove.kept("dora") if "to Dovecot" in one), None), "mail in Dovecot's mailbox")
    assert "ESMTPS" in text and CAROL in text


def test_dovecot_has_nobody_of_that_name(lab):
    done = lab.client.run("swaks", "--server", lab.dove.v4, "--from", CAROL, "--to", "nobody@dove.example",
                          "--quit-after", "RCPT", check=False)
    assert re.search(r"<\*\* +550 5\.1\.1", done.stdout), done.stdout


def test_dovecot_knows_the_passwords(lab):
    lab.submit(CAROL, "a dove's mail", sender=DORA, server=lab.dove, password=DOVES[DORA])
    assert "ESMTPSA" in lab.postfix.wait_mail("carol", "a dove's mail")
    for sender, password in ((DORA, "wrong"), (DORA, DOVES[DAVID]), ("nobody@dove.example", "x")):
        done = lab.client.run("swaks", "--server", lab.dove.v4, "--port", "587", "-tls", "--auth", "PLAIN",
                              "--auth-user", sender, "--auth-password", password, "--from", sender,
                              "--to", CAROL, check=False)
        assert "535 5.7.8" in done.stdout


# ---- one message stays one, by way of us -----------------------------------------------------

SMUGGLE = """\
import smtplib, ssl, sys
server, name, password, recipient, marker, inside = sys.argv[1:]
context = ssl._create_unverified_context()
inside = inside.encode().decode("unicode_escape").encode("latin-1")
body = (b"From: <" + name.encode() + b">\\r\\nSubject: " + marker.encode() + b"\\r\\n\\r\\nfirst" + inside +
        b"MAIL FROM:<x@stranger.example>\\r\\nRCPT TO:<" + recipient.encode() +
        b">\\r\\nDATA\\r\\nSubject: smuggled\\r\\n\\r\\nhidden\\r\\n.\\r\\n")
with smtplib.SMTP(server, 587) as client:
    client.starttls(context=context)
    client.login(name, password)
    client.mail(name)
    client.rcpt(recipient)
    client.send(b"BDAT %d LAST\\r\\n" % len(body) + body)
    print(client.getreply())
"""


@each_peer
@pytest.mark.parametrize("inside", [r"\r\n.\r\n", r"\r\n..\r\n", r"\n.\n", r"\r\n.\n", r"\r.\r", r"\n.\r\n",
                                    r"\r\n.\r", r"\r\n\0.\r\n"])
def test_what_the_next_hop_reads(lab, name, inside):
    user, address = PEERS[name]
    host = getattr(lab, name)
    marker = f"hop {inside.encode().hex()}."
    done = lab.client.run("/usr/bin/python3", "-c", SMUGGLE, lab.gateway.v4, ALICE, "correct horse", address,
                          marker, inside)
    if inside.startswith(r"\r\n.") and inside.endswith(r".\r\n"):
        assert "(250" in done.stdout
        text = host.wait_mail(user, marker)
        assert "hidden" in text
    else:
        assert "(5" in done.stdout, done.stdout
        lab.submit(address, f"after {marker}")
        host.wait_mail(user, f"after {marker}")
        assert f"Subject: {marker}" not in host.mailbox(user)
    assert not any(one.partition("\n\n")[0].count("Subject: smuggled")
                   for one in host.mailbox(user).split("\nFrom "))
