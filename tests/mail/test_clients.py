# SPDX-License-Identifier: ISC
"""The mail programs that people have log in and send, by each mechanism and port."""

import pytest
from office import ALICE, BOB, CAROL, PASSWORDS

from lab.gateway import CERTIFICATE

MAIL = "From: {sender}\nTo: {to}\nSubject: {subject}\n\nHello.\n"


@pytest.fixture(scope="module")
def client(lab):
    """It trusts the gateway's certificate, and no other."""
    lab.client.copy(lab.gateway.path(CERTIFICATE), "/etc/gateway.pem", mode=0o644)
    return lab.client


def arrived(lab, subject):
    text = lab.postfix.wait_mail("carol", subject)
    assert ALICE in text and "ESMTPSA" in text
    assert any(address in text for address in lab.client.addresses)


@pytest.mark.parametrize("way", ["-tls --port 587 --auth PLAIN", "-tls --port 587 --auth LOGIN",
                                 "-tlsc --port 465 --auth PLAIN"])
def test_swaks(lab, client, way):
    subject = f"swaks {way}".replace("-", "").replace(" ", ".")
    client.run("swaks", "--server", lab.gateway.v4, *way.split(), "--auth-user", ALICE, "--auth-password",
               PASSWORDS[ALICE], "--from", ALICE, "--h-From", ALICE, "--to", CAROL,
               "--h-Subject", subject)
    arrived(lab, subject)


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256"])
def test_msmtp(lab, client, mechanism):
    subject = f"msmtp.{mechanism}"
    client.write("/etc/msmtprc", f"""\
account default
host mx.ours.example
port 587
tls on
tls_trust_file /etc/gateway.pem
auth {mechanism}
user {ALICE}
password {PASSWORDS[ALICE]}
from {ALICE}
""", mode=0o600)
    client.run("msmtp", "-C", "/etc/msmtprc", CAROL,
               text=MAIL.format(sender=ALICE, to=CAROL, subject=subject))
    arrived(lab, subject)


@pytest.mark.parametrize("url, mechanism", [("smtp://mx.ours.example:587", "PLAIN"),
                                            ("smtp://mx.ours.example:587", "LOGIN"),
                                            ("smtps://mx.ours.example:465", "PLAIN")])
def test_curl(lab, client, url, mechanism):
    subject = f"curl.{mechanism}.{url.partition(':')[0]}"
    client.run("curl", "--silent", "--show-error", "--ssl-reqd", "--crlf", "--cacert", "/etc/gateway.pem",
               url, "--mail-from", ALICE, "--mail-rcpt", CAROL, "--user", f"{ALICE}:{PASSWORDS[ALICE]}",
               "--login-options", f"AUTH={mechanism}", "--upload-file", "-",
               text=MAIL.format(sender=ALICE, to=CAROL, subject=subject))
    arrived(lab, subject)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
def test_gsasl(lab, client, mechanism):
    words = ["gsasl", "--smtp", "--connect=mx.ours.example:587", f"--mechanism={mechanism}",
             # With a channel to bind to, and without PLUS, it would say that somebody took PLUS away.
             *([] if mechanism.endswith("PLUS") else ["--no-cb"]),
             f"--authentication-id={ALICE}", "--x509-ca-file=/etc/gateway.pem"]
    done = client.run(*words, f"--password={PASSWORDS[ALICE]}", text="QUIT\r\n", check=False)
    assert "235 " in done.stdout, done.stdout
    done = client.run(*words, "--password=wrong", text="QUIT\r\n", check=False)
    assert "235 " not in done.stdout


def test_a_sender_that_is_not_theirs(lab, client):
    done = client.run("swaks", "--server", lab.gateway.v4, "-tls", "--port", "587", "--auth", "PLAIN",
                      "--auth-user", ALICE, "--auth-password", PASSWORDS[ALICE], "--from", BOB,
                      "--h-From", BOB, "--to", CAROL, check=False)
    assert done.returncode and " 55" in done.stdout
