# SPDX-License-Identifier: ISC
"""The role from its start to its end: a user's mail reaches another's mailbox, a stranger's does not
pass through, and what was acknowledged outlives a kill."""

import os
import signal
import smtplib
import socket
import ssl

import pytest
from client import UNCHECKED, mail
from conftest import ALICE, BOB, STRANGER, make_pair, wait_until


def ready(post):
    post.wait_log("role-ready role=gateway")


def test_from_user_to_user(post):
    post.start()
    ready(post)
    post.submit(BOB, "from alice")
    text = post.wait_mail(BOB, "from alice")
    assert "with ESMTPSA id " in text and "Return-Path: <" + ALICE in text
    assert "Message-ID: <" in text and "Date: " in text
    # The account stands in the log, and leads from there to the message.
    post.wait_log(f"account={ALICE} from={ALICE} to={BOB}")
    assert post.stop() == 0


def test_nobody_elses_name(post):
    """Neither in the envelope nor in the header, and no relay without a login."""
    post.start()
    ready(post)
    with post.user() as client, pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail(BOB, ["somebody@far.example"], mail(BOB, "somebody@far.example"))
    with post.user() as client, pytest.raises(smtplib.SMTPDataError):
        client.sendmail(ALICE, ["somebody@far.example"], mail(BOB, "somebody@far.example"))
    with post.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        assert client.code("RCPT TO:<somebody@far.example>") == 550
    assert post.world.messages == []


def test_kill(post):
    """Acknowledged mail that waits for its delivery is there after kill -9, at once and once."""
    post.start(smarthost="[127.0.0.1]:1")        # nobody listens there
    ready(post)
    for number in range(20):
        post.submit("somebody@far.example", f"number {number}")
    os.kill(post.role(), signal.SIGKILL)
    post.wait_log("role-ready role=gateway", times=2)
    post.wait_log("queue-open messages=20")
    post.reload(smarthost=f"[127.0.0.1]:{post.world.port}")
    for number in range(20):
        post.wait_taken(post.world, f"number {number}\r\n")
    assert len(post.world.messages) == 20
    assert post.stop() == 0


def test_certificates_by_name(post):
    """Another name, another certificate; a reload brings new ones, and sessions stay."""
    certificate, key = make_pair(post.directory, "mail.second.example")
    post.start(sni=[f"mail.second.example {certificate} {key}"])
    ready(post)

    def shown(name):
        with socket.create_connection(("127.0.0.1", post.submissions)) as one, \
                UNCHECKED.wrap_socket(one, server_hostname=name) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))

    assert shown("mail.second.example") == certificate.read_text()
    assert shown("mx.ours.example") == post.certificate.read_text()
    with post.stranger() as old:
        old.hello()
        make_pair(post.directory, "mail.second.example")
        post.reload()
        wait_until(lambda: shown("mail.second.example") == certificate.read_text(), "the new one")
        old.envelope(STRANGER, ALICE)


def test_inner_host_is_asked(post):
    """Without a file of its recipients it is asked at RCPT, by a session without a message."""
    post.start(recipients=None)
    ready(post)
    post.inner.replies["RCPT"] = lambda argument: "250 ok" if "carol" in argument else "550 5.1.1 no"
    for _ in range(2):
        assert post.receive("carol@inner.example", "to carol")[0] == 250
    with post.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        assert client.ask("RCPT TO:<nobody@inner.example>", 550)[1].startswith("550 5.1.1")
        # It can't be asked: later, and nobody is refused for good.
        post.inner.replies["RCPT"] = "451 not now"
        assert client.code("RCPT TO:<dave@inner.example>") == 451
    post.inner.replies.clear()
    assert post.stop() == 0


@pytest.mark.parametrize("with_file", [False, True])
def test_inner_host_does_not_take_it(post, with_file):
    """What it does not offer is refused at RCPT, not taken and lost; with a file, once it was sent mail."""
    post.inner.offers = ("SIZE 3000",)
    post.start(**{} if with_file else {"recipients": None})
    if with_file:
        assert post.receive("carol@inner.example", "first")[0] == 250
        post.wait_taken(post.inner, "first")
    with post.stranger() as client:
        client.hello()
        client.ask("MAIL FROM:<x@far.example> SIZE=3001", 250)
        assert client.ask("RCPT TO:<carol@inner.example>", 552)[1].startswith("552 5.3.4")
        client.ask(f"RCPT TO:<{ALICE}>", 250)
        client.ask("RSET", 250)
        client.ask("MAIL FROM:<\xc3\xa4@far.example> SMTPUTF8", 250)
        assert client.ask("RCPT TO:<carol@inner.example>", 550)[1].startswith("550 5.6.7")
        if not with_file:
            assert client.ask("RCPT TO:<\xc3\xa4@inner.example>", 553)[1].startswith("553 5.6.7")
    assert post.queue() == []


def test_inner_host_with_a_file(post):
    """Who it has is known; whether it takes what is rare is asked of it before it is taken."""
    post.start()
    with post.stranger() as client:
        client.hello()
        client.ask("MAIL FROM:<\xc3\xa4@far.example> SMTPUTF8", 250)
        assert client.ask("RCPT TO:<carol@inner.example>", 550)[1].startswith("550 5.6.7")
        client.ask("RCPT TO:<nobody@inner.example>", 550)
    post.reload(transports=["inner.example smtp:127.0.0.1:1"])
    with post.stranger() as client:
        client.hello()
        client.ask("MAIL FROM:<\xc3\xa4@far.example> SMTPUTF8", 250)
        assert client.ask("RCPT TO:<carol@inner.example>", 451)[1].startswith("451 4.3.0")
        client.ask("RSET", 250)
        client.ask("MAIL FROM:<a@far.example> SMTPUTF8 SIZE=1000", 250)
        client.ask("RCPT TO:<carol@inner.example>", 250)
    assert post.queue() == [] and post.inner.messages == []


def test_own_senders(post):
    """Whether a stranger may say that a user of ours sends; at a reload from the next session on."""
    post.start()
    assert post.receive(BOB, "by default", sender=ALICE)[0] == 250
    post.reload(own_senders="refuse")
    with post.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{ALICE}>", 250)
        assert client.ask(f"RCPT TO:<{BOB}>", 553)[1].startswith("553 5.7.1")
        client.ask("RCPT TO:<postmaster@ours.example>", 250)
    post.submit(BOB, "from who is logged in")
    post.wait_mail(BOB, "from who is logged in")


def test_many_files_of_recipients(post):
    """In one directory and in many: the role starts, and reads them again where it may."""
    domains = [f"d{number}.example" for number in range(60)]
    files = []
    for number, domain in enumerate(domains):
        folder = post.directory / ("same" if number < 30 else f"folder{number}")
        folder.mkdir(exist_ok=True)
        (folder / domain).write_text(f"one@{domain}\n")
        files.append(f"{domain} {folder / domain}")
    transports = [f"{domain} smtp:127.0.0.1:{post.inner.port}" for domain in domains]
    post.start(domains=["ours.example", *domains], transports=transports, recipients=files)
    ready(post)
    post.receive("one@d0.example")
    post.receive("one@d59.example")
    (post.directory / "same" / "d0.example").unlink()
    (post.directory / "same" / "d0.example").write_text("other@d0.example\n")
    post.reload()

    def taken():
        with post.stranger() as client:
            client.hello()
            client.ask(f"MAIL FROM:<{STRANGER}>", 250)
            return client.code("RCPT TO:<other@d0.example>") == 250
    wait_until(taken, lambda: f"the new file:\n{post.log()}")
