# SPDX-License-Identifier: ISC
"""SCRAM-SHA-256, by a client of the test's own; those of others are in test_clients.py."""

import smtplib
import time

import pytest
from client import mail
from conftest import ALICE, BOB, FAR, PASSWORDS

CAROL = f"carol@{FAR}"


def test_scram(post):
    """Only for accounts that ask for it; the server proves that it knows the password."""
    post.configure()
    post.run("user", "add", ALICE, "--scram", text=f"{PASSWORDS[ALICE]}\n")
    post.run("user", "add", BOB, text=f"{PASSWORDS[BOB]}\n")
    post.start()
    with post.user(ALICE, mechanism="SCRAM-SHA-256") as client:
        assert client.sendmail(ALICE, [CAROL], mail(ALICE, CAROL, "by SCRAM")) == {}
    post.wait_taken(post.world, "by SCRAM")
    for name, password in ((ALICE, "wrong"), (BOB, PASSWORDS[BOB]), ("nobody@ours.example", "x")):
        with pytest.raises(smtplib.SMTPAuthenticationError):
            post.user(name, password, "SCRAM-SHA-256")


def test_guesses_are_answered_late(post):
    """As those by PLAIN are."""
    post.configure()
    post.run("user", "add", ALICE, "--scram", text=f"{PASSWORDS[ALICE]}\n")
    post.start()
    for wrong in range(4):
        since = time.monotonic()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            post.user(ALICE, "wrong", "SCRAM-SHA-256")
    assert wrong == 3 and time.monotonic() - since >= 1.9
    post.user(ALICE, PASSWORDS[ALICE], "SCRAM-SHA-256").quit()
