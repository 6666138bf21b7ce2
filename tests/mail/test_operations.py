# SPDX-License-Identifier: ISC
"""The gateway while it works: new settings and certificates, peers that say who they are, lists, its end."""

import re
import socket
import ssl
import threading

import pytest
from client import UNCHECKED, Gone, mail
from conftest import ALICE, BOB, FAR, OURS, STRANGER, make_pair, wait_until

CAROL = f"carol@{FAR}"


# ---- new settings ----------------------------------------------------------------------------

def served(port, name=None):
    """The certificate that STARTTLS shows."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        stream = plain.makefile("rb")
        stream.readline()
        plain.sendall(b"EHLO a.example\r\n")
        while stream.readline()[3:4] == b"-":
            pass
        plain.sendall(b"STARTTLS\r\n")
        stream.readline()
        with UNCHECKED.wrap_socket(plain, server_hostname=name) as over:
            return ssl.DER_cert_to_PEM_cert(over.getpeercert(True))


def test_renewed_certificate(post):
    """For who comes then; a session goes on with what it has."""
    other, key = make_pair(post.directory, "other.example")
    post.start(sni=[f"other.example {other} {key}"])
    assert served(post.port) == post.certificate.read_text()
    assert served(post.port, "other.example") == other.read_text()
    with post.user() as client:
        make_pair(post.directory, "mx.ours.example")
        post.reload()
        assert served(post.port) == post.certificate.read_text()
        assert client.sendmail(ALICE, [BOB], mail(ALICE, BOB, "as if nothing was")) == {}
    post.wait_mail(BOB, "as if nothing was")


def test_settings_of_the_next_session(post):
    post.start()
    with post.stranger() as old:
        old.hello()
        post.reload(domains=[OURS, "inner.example", "new.example"], message_size="1M")
        with post.stranger() as new:
            assert "SIZE 1048576" in new.hello()
            new.ask(f"MAIL FROM:<{STRANGER}>", 250)
            assert "5.1.1" in new.ask("RCPT TO:<a@new.example>", 550)[1]
        old.ask("NOOP", 250)


@pytest.mark.parametrize("name, value", [
    ("proxy_peers", ["0.0.0.0/0"]), ("proxy_peers", ["::/0"]), ("xclient_peers", ["0.0.0.0/0"]),
    ("xclient_peers", ["::/0"]), ("proxy_peers", ["0.0.0.0/1", "128.0.0.0/1"]), ("domains", ["mün.example"]),
    ("transports", ["ours.example lmtp:unix:/run/lmtp"]), ("trusted_hosts", ["alice@ours.example"]),
    ("trusted_hosts", ["192.0.2.0/24 alice@ours.example"]), ("transports", ["ours.example carrier:pigeon"]),
    ("blocklists", ["list.example weight=x"]), ("auth", "guess"), ("smarthost", "a b"),
    ("tls_policies", ["far.example maybe"]), ("key", None)])
def test_settings_that_are_wrong(post, name, value):
    post.configure(**{name: value})
    done = post.run("config", "check", code=None)
    assert done.returncode != 0 and f"gateway.{name}" in done.stderr, done


@pytest.mark.parametrize("given, missing", [
    ({"smarthost": "s.test", "smarthost_login": "us"}, "smarthost_password_file"),
    ({"smarthost": "s.test", "smarthost_password_file": "word"}, "smarthost_login"),
    ({"smarthost": None, "smarthost_login": "us", "smarthost_password_file": "word"}, "smarthost")])
def test_half_a_login_at_the_smarthost(post, tmp_path, given, missing):
    (tmp_path / "word").write_text("secret\n")
    post.configure(**{name: str(tmp_path / "word") if value == "word" else value
                      for name, value in given.items()})
    done = post.run("config", "check", code=78)
    assert f"gateway.{missing}: expected" in done.stderr, done


def test_peers_that_may_say_who_they_are(post):
    """Only what the configuration names may; what it says counts for lists and logs, and lets nobody
    relay."""
    post.start(xclient_peers=["127.0.0.1"])
    with post.stranger() as client:
        assert "XCLIENT" in client.hello()
        client.ask("XCLIENT ADDR=203.0.113.9 NAME=far.example LOGIN=alice@ours.example", 220)
        client.hello()
        client.envelope(STRANGER, ALICE)
        assert client.code(f"RCPT TO:<{CAROL}>") == 550
        client.ask("DATA", 354)
        client.send(mail(STRANGER, ALICE, "by a proxy") + "\r\n.\r\n")
        assert client.reply()[0] == 250
    assert "203.0.113.9" in post.wait_mail(ALICE, "by a proxy")


def test_proxy_header(post):
    post.start(proxy_peers=["127.0.0.1"])
    with post.stranger(greeted=False) as client:
        client.send("PROXY TCP4 203.0.113.9 127.0.0.1 1025 25\r\n")
        assert client.reply()[0] == 220
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        client.send(mail(STRANGER, ALICE, "behind a proxy") + "\r\n.\r\n")
        assert client.reply()[0] == 250
    assert "203.0.113.9" in post.wait_mail(ALICE, "behind a proxy")


# ---- blocklists --------------------------------------------------------------------------------

LISTED = "203.0.113.9"


@pytest.fixture
def listing(post):
    """A list that is well, and a client that is on it."""
    post.names.records |= {
        ("2.0.0.127.list.example", "A"): ["127.0.0.2"],
        ("9.113.0.203.list.example", "A"): ["127.0.0.2"],
        ("9.113.0.203.list.example", "TXT"): ['"open relay, see https://list.example/9"'],
        ("9.113.0.203.white.example", "A"): ["127.0.0.2"], ("2.0.0.127.white.example", "A"): ["127.0.0.2"],
    }

    def as_listed(recipient):
        with post.stranger() as client:
            client.hello()
            client.ask(f"XCLIENT ADDR={LISTED}", 220)
            client.hello()
            client.ask(f"MAIL FROM:<{STRANGER}>", 250)
            return client.ask(f"RCPT TO:<{recipient}>")

    def start(**settings):
        post.start(xclient_peers=["127.0.0.1"], blocklists=["list.example"], **settings)
        wait_until(lambda: as_listed(ALICE)[0] != 250 or settings.get("allowlists") or
                   settings.get("blocklist_action"), "the list to be known as well")
        return post, as_listed
    return start


def test_listed(listing):
    post, as_listed = listing()
    code, text = as_listed(ALICE)
    assert code == 550 and "5.7.1" in text
    assert LISTED in text and "list.example" in text and "https://list.example/9" in text
    assert as_listed(f"postmaster@{OURS}")[0] in (250, 550)
    assert as_listed("postmaster")[0] == 250
    post.submit(CAROL, "users are not asked about")


def test_allowed(listing):
    _, as_listed = listing(allowlists=["white.example"])
    wait_until(lambda: as_listed(ALICE)[0] == 250, "the other list")


def test_warned_only(listing):
    post, as_listed = listing(blocklist_action="warn")
    assert as_listed(ALICE)[0] == 250
    post.wait_log("list.example")


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["127.255.255.254"], ["192.0.2.1"], []], ids=str)
def test_answers_that_are_none(post, answer):
    post.names.records |= {("2.0.0.127.list.example", "A"): ["127.0.0.2"],
                           ("9.113.0.203.list.example", "A"): answer}
    post.start(xclient_peers=["127.0.0.1"], blocklists=["list.example"])
    with post.stranger() as client:
        client.hello()
        client.ask(f"XCLIENT ADDR={LISTED}", 220)
        client.hello()
        client.envelope(STRANGER, ALICE)


def test_sick_list(post):
    """It lists everybody: that counts for nothing, and is reported."""
    post.names.look_up = lambda name, kind: ["127.0.0.2"] if kind == "A" else []
    post.start(xclient_peers=["127.0.0.1"], blocklists=["list.example"])
    post.wait_log("list.example")
    with post.stranger() as client:
        client.hello()
        client.ask(f"XCLIENT ADDR={LISTED}", 220)
        client.hello()
        client.envelope(STRANGER, ALICE)


# ---- programs of this machine, and the end -----------------------------------------------------

def test_graceful_stop(post):
    """Sessions between two messages are told; the message that waits for the disk gets its answer."""
    post.start()
    idle = post.stranger()
    idle.hello()
    assert post.stop() == 0
    code, _ = idle.reply()
    assert code == 421
    assert idle.over()


def test_many_at_once(post):
    """Twenty sessions, each with messages, none lost."""
    post.start(sessions_per_host=100, connections_per_second=1000)
    failed = []

    def work(number):
        try:
            with post.stranger() as client:
                client.hello()
                for n in range(20):
                    client.envelope(STRANGER, ALICE)
                    client.ask("DATA", 354)
                    client.send(mail(STRANGER, ALICE, f"{number} {n} of many") + "\r\n.\r\n")
                    assert client.reply()[0] == 250
        except (OSError, AssertionError, Gone) as error:
            failed.append(error)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    wait_until(lambda: len(post.maildir(ALICE)) == 400, lambda: f"all: {len(post.maildir(ALICE))}")
    subjects = {re.search(r"Subject: (.*of many)", one)[1] for one in post.maildir(ALICE)}
    assert len(subjects) == 400


def test_notices(post):
    """What waits long is told of, once; what waits too long is returned."""
    post.world.replies["MAIL"] = "450 4.3.2 later"
    post.start(warn_after="1s", give_up="60s", retry_first="1s", retry_most="1s")
    post.submit(CAROL, "a long wait")
    text = post.wait_mail(ALICE, "Action: delayed")
    assert "4.3.2" in text and "Auto-Submitted: auto-" in text
    assert sum("Action: delayed" in one for one in post.maildir(ALICE)) == 1
