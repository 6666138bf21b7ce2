# SPDX-License-Identifier: ISC
"""What the gateway brings to others: by MX as a real resolver tells it, over connections that are
used again, with a login at a smarthost."""

import base64

import pytest
from conftest import ALICE, FAR, STRANGER, wait_until
from sink import Sink

TO = f"someone@{FAR}"


@pytest.fixture
def by_mx(post):
    """Mail exchangers are at 127.0.0.1, at the port of `world`."""
    post.names.records |= {
        (FAR, "MX"): [f"20 mx.{FAR}.", f"10 gone.{FAR}.", f"30 far.{FAR}."],
        (f"mx.{FAR}", "A"): ["127.0.0.1"],
        (f"gone.{FAR}", "A"): ["127.0.0.9"],        # where nobody listens
        (f"far.{FAR}", "A"): ["127.0.0.8"],
    }
    return post.start(smarthost=None, remote_port=post.world.port)


def test_the_first_that_takes_it(by_mx):
    by_mx.submit(TO, "by mx")
    message = by_mx.wait_taken(by_mx.world, "by mx")
    assert (message.sender, message.recipients) == (ALICE, [TO])
    assert message.helo == "mx.ours.example"
    by_mx.wait_log(f"host=mx.{FAR}[127.0.0.1]")
    assert "laboratory" in by_mx.log()


def test_connections_are_used_again(by_mx):
    for number in range(20):
        by_mx.submit(TO, f"number {number}.")
    wait_until(lambda: len(by_mx.world.messages) == 20, "20 messages")
    assert by_mx.world.connections < 10


@pytest.mark.parametrize("records, status", [
    ({(FAR, "MX"): ["0 ."]}, "5.1.10"),
    ({}, "5.1.2"),
    ({(FAR, "MX"): [f"10 mx.{FAR}."], (f"mx.{FAR}", "A"): ["10.0.0.1"]}, "5.4.4"),
    ({(FAR, "MX"): [f"10 mx.{FAR}."], (f"mx.{FAR}", "AAAA"): ["fe80::1"]}, "5.4.4"),
    ({(FAR, "MX"): ["10 mx.ours.example."], ("mx.ours.example", "A"): ["127.0.0.1"]}, "5.4.6"),
    ({(FAR, "A"): ["192.168.0.1"], (FAR, "MX"): []}, "5.4.4"),
])
def test_a_domain_without_a_way(post, records, status):
    """Told at once, not after days; and nothing is connected to."""
    post.names.records |= records
    post.start(smarthost=None, remote_port=post.world.port)
    post.submit(TO, "no way")
    bounce = post.wait_mail(ALICE, f"Status: {status}")
    assert TO in bounce and bounce.startswith("Return-Path: <>")
    assert post.world.connections == 0


def test_loopback_is_no_mail_exchanger(post):
    """Where the port is 25, a stranger's MX never leads to this machine."""
    post.names.records |= {(FAR, "MX"): [f"10 mx.{FAR}."], (f"mx.{FAR}", "A"): ["127.0.0.1"]}
    post.start(smarthost=None)
    post.submit(TO, "to loopback")
    assert "loopback" in post.wait_mail(ALICE, "Status: 5.4.")


def test_lmtp_answers_for_each(post):
    """One of two is refused behind the text: the other has it."""
    store = Sink(lmtp=True)
    replies = iter(["250 taken\r\n550 5.2.2 full"])
    store.replies["."] = lambda _: next(replies)
    try:
        post.start(transports=[f"{FAR} lmtp:127.0.0.1:{store.port}"])
        with post.user() as client:
            client.sendmail(ALICE, [TO, f"other@{FAR}"], f"From: {ALICE}\nSubject: two\n\nHello.\n")
        bounce = post.wait_mail(ALICE, "Status: 5.2.2")
        assert f"other@{FAR}" in bounce
        post.wait_log("delivered id=")
        assert not any(line.upper().startswith(b"EHLO") for line in store.commands)
    finally:
        store.close()


@pytest.mark.parametrize("policy, logs_in", [
    ("127.0.0.1 encrypt", True),
    ("127.0.0.1 verify", False),        # nobody has signed that certificate
    (None, False),                      # … which has to be proven where nothing is said
])
def test_a_smarthost_that_wants_a_login(post, policy, logs_in):
    smarthost = Sink(certificate=(post.certificate, post.key), offers=("AUTH PLAIN", "PIPELINING"))
    smarthost.replies["AUTH"] = "235 welcome"
    password = post.directory / "password"
    password.write_text("open sesame\n")
    password.chmod(0o644)
    try:
        post.start(smarthost=f"[127.0.0.1]:{smarthost.port}", smarthost_login="us",
                   smarthost_password_file=password, tls_policies=[policy] if policy else None)
        post.submit(TO, "by smarthost")
        if logs_in:
            assert post.wait_taken(smarthost, "by smarthost").tls
        else:
            post.wait_log("TLS failed")
        secret = base64.b64encode(b"\0us\0open sesame")
        assert any(secret in line for line in smarthost.commands) == logs_in
        assert "sesame" not in post.log()
    finally:
        smarthost.close()


def test_a_message_in_a_circle(post):
    """What was delivered to a mailbox and comes back is returned, not delivered again."""
    post.start()
    post.receive(ALICE, "circle")
    text = post.wait_mail(ALICE, "circle")
    assert text.startswith(f"Return-Path: <{STRANGER}>\nDelivered-To: {ALICE}\n")
    code, _ = post.receive(ALICE, f"again\r\nDelivered-To: {ALICE}")
    assert code == 250
    post.wait_log("status=5.4.6")
