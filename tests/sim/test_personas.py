# SPDX-License-Identifier: ISC
"""The simulated hosts are what they are said to be: asked by a plain client, without the tester."""

import socket

import pytest

from conftest import SECOND_SOURCE, USUAL_PORT, Host, wait_until

HERE = "127.0.0.1"
PLAIN = "user@destination.example"

# Who is asked, and the persona that it becomes after the others were asked.
PLAYED = ["greylisting-then-open", "sly-greylisting-fr", "sly-spares-postmaster", "few-connections",
          "fixed-bans-by-reset", "fixed-bans-at-the-banner", "fixed-bans-in-the-firewall",
          "fixed-cpanel", "fixed-forged-sender", "fixed-proxy", "proxy-or-hangs-up",
          "sly-hangs-up-after-354", "sly-banner-521", "sly-at-helo", "sly-sender-domain",
          "long-quoted-double-at", "long-own-bang", "long-nested-percent", "long-x400",
          "long-decnet", "long-host-comment", "long-is-501", "ftp", "ssh", "http", "pop3"]
SWITCHED = ["sly-goes-dark", "sly-knows-the-tester", "fixed-opensmtpd"]


class Talk:
    """A connection to a host; what it says."""

    def __init__(self, address, source=HERE):
        self.peer = socket.create_connection((address, USUAL_PORT), timeout=20,
                                             source_address=(source, 0))
        self.stream = self.peer.makefile("rwb", buffering=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.peer.close()

    def reply(self):
        """All lines of it; "" at the end of the connection."""
        lines = [self.stream.readline()]
        while lines[-1][:3].isdigit() and lines[-1][3:4] == b"-":
            lines.append(self.stream.readline())
        return b"".join(lines).decode()

    def say(self, line):
        self.stream.write(f"{line}\r\n".encode())
        return self.reply()

    def hello(self):
        """The host's name."""
        assert self.reply().startswith("220 ")
        return self.say("HELO client.example").split(" ", 1)[1].strip()

    def envelope(self, recipient, sender="someone@client.example"):
        """What the recipient hears."""
        self.say("RSET")
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        return self.say(f"RCPT TO:<{recipient}>")


@pytest.fixture(scope="module")
def field(make_field):
    names = [*PLAYED, *SWITCHED]
    hosts = [Host(f"127.60.{n}.25", USUAL_PORT, "open" if name in SWITCHED else name,
                  name if name in SWITCHED else "") for n, name in enumerate(names)]
    one = make_field(hosts)
    one.address = {name: host.address for name, host in zip(names, hosts)}
    yield one
    assert one.stop() == 0


def test_greylisting_yields(field):
    with Talk(field.address["greylisting-then-open"]) as talk:
        talk.hello()
        assert "Greylisted" in talk.envelope(PLAIN)
        assert talk.envelope("other@destination.example").startswith("450"), "a triplet of its own"
        wait_until(lambda: talk.envelope(PLAIN).startswith("250"), "the end of the greylisting")
    with Talk(field.address["greylisting-then-open"], SECOND_SOURCE) as talk:
        talk.hello()
        assert talk.envelope(PLAIN).startswith("450"), "another client"


@pytest.mark.parametrize("name, code", [("sly-greylisting-fr", "450"),
                                        ("sly-spares-postmaster", "554")])
def test_the_postmaster_is_spared(field, name, code):
    with Talk(field.address[name]) as talk:
        host = talk.hello()
        for recipient in (PLAIN, f"nobody@{host}"):
            assert talk.envelope(recipient).startswith(code)
        assert talk.envelope("postmaster").startswith("250")
        assert talk.envelope(f"postmaster@{host}").startswith("250")


def test_words_are_said_byte_for_byte(field):
    with Talk(field.address["sly-greylisting-fr"]) as talk:
        talk.hello()
        assert f"450 4.7.1 <{PLAIN}>: destinataire refusé" in talk.envelope(PLAIN)
    with Talk(field.address["fixed-cpanel"]) as talk:
        talk.hello()
        first, second, third = talk.envelope(PLAIN).splitlines()
        assert first.startswith("550-Please") and f"[{HERE}]" in second
        assert third == "550 authentication."


def banned(address):
    """How a banned client is met: by a greeting, or by an error."""
    try:
        with Talk(address) as talk:
            return talk.reply()[:3] or "closed"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize("name, how", [("fixed-bans-by-reset", "reset"),
                                       ("fixed-bans-at-the-banner", "554"),
                                       ("fixed-bans-in-the-firewall", "refused")])
def test_bans(field, name, how):
    address = field.address[name]
    with Talk(address) as talk:
        talk.hello()
        for _ in range(4):
            assert talk.envelope(PLAIN).startswith("554")
        assert talk.envelope(PLAIN).startswith("554") and talk.reply() == ""
    assert banned(address) == how
    if how != "refused":         # there nobody listens at all
        with Talk(address, SECOND_SOURCE) as talk:
            assert talk.reply().startswith("220"), "another client"
    wait_until(lambda: banned(address) == "220", "the end of the ban")


def test_few_connections(field):
    address = field.address["few-connections"]
    replies = [banned(address) for _ in range(4)]
    assert replies == ["220", "220", "220", "421"]
    wait_until(lambda: banned(address) == "220", "the end of the limit")


def test_forged_senders_are_refused(field):
    with Talk(field.address["fixed-forged-sender"]) as talk:
        host = talk.hello()
        assert talk.say(f"MAIL FROM:<user@{host}>").startswith("550 5.1.8")
        assert talk.envelope(PLAIN).startswith("554 5.7.1")


def test_proxy_headers(field):
    header = f"PROXY TCP4 {HERE} {HERE} 1 25"
    with Talk(field.address["proxy-or-hangs-up"]) as talk:
        assert talk.reply() == ""
    with Talk(field.address["proxy-or-hangs-up"]) as talk:
        assert talk.say(header).startswith("220")
    with Talk(field.address["fixed-proxy"]) as talk:
        talk.reply()
        assert talk.say(header) == ""


def test_who_takes_no_part(field):
    with Talk(field.address["sly-banner-521"]) as talk:
        assert talk.reply().startswith("521 mx.example does not relay")
    with Talk(field.address["sly-at-helo"]) as talk:
        assert talk.reply().startswith("220")
        assert talk.say("EHLO client.example").startswith("550 5.7.1 <client.example>")
    with Talk(field.address["sly-sender-domain"]) as talk:
        talk.hello()
        assert talk.say("MAIL FROM:<a@client.example>").startswith("550 5.1.7 <a@client.example>")
    with Talk(field.address["sly-hangs-up-after-354"]) as talk:
        talk.hello()
        assert talk.envelope(PLAIN).startswith("250")
        assert talk.say("DATA").startswith("354") and talk.reply() == ""


# Recipients at a host R that mean U@D, and what the others of that host must not mean.
LONG = {
    "long-quoted-double-at": '"u@d.example@{R}"',
    "long-own-bang": "{R}!d.example!u",
    "long-nested-percent": "u%d.example%{R}@{R}",
    "long-x400": '"/c=us/admd= /prmd=xyz/dd.rfc-822=u(a)d.example/"@{R}',
    "long-decnet": '"{R}::smtp%\\"u@d.example\\""@{R}',
    "long-host-comment": "u@d.example({R})@{R}",
}


@pytest.mark.parametrize("name", LONG)
def test_long_forms(field, name):
    with Talk(field.address[name]) as talk:
        host = talk.hello()
        assert 30 <= len(host) <= 60
        for other, form in LONG.items():
            expected = "250" if other == name else "5"
            assert talk.envelope(form.format(R=host)).startswith(expected), other
        for simple in ("u@d.example", "u%d.example", "d.example!u", '"u@d.example"',
                       f"u%d.example@{host}", f"d.example!u@{host}", f"u@d.example@{host}"):
            assert talk.envelope(simple).startswith("5"), simple


def test_too_long(field):
    with Talk(field.address["long-is-501"]) as talk:
        host = talk.hello()
        assert talk.envelope(f"{'u' * 65}@{host}").startswith("501")
        assert talk.envelope(f"{'u' * 64}@{host}").startswith("550")


@pytest.mark.parametrize("name, greeting, answer", [("ftp", "220 ", "500"), ("pop3", "+OK", "-ERR"),
                                                    ("ssh", "SSH-", "Inv"), ("http", "", "HTTP")])
def test_other_servers(field, name, greeting, answer):
    with Talk(field.address[name]) as talk:
        if greeting:
            assert talk.reply().startswith(greeting)
        assert talk.say("EHLO client.example").startswith(answer)


def test_after_the_switch(field):
    for name in SWITCHED:
        with Talk(field.address[name]) as talk:
            talk.hello()
            assert talk.envelope(PLAIN).startswith("250")
    field.switch()
    assert banned(field.address["sly-goes-dark"]) == "refused"
    for source, code in ((HERE, "554"), (SECOND_SOURCE, "250")):
        with Talk(field.address["sly-knows-the-tester"], source) as talk:
            talk.hello()
            assert talk.envelope(PLAIN).startswith(code)
    with Talk(field.address["fixed-opensmtpd"]) as talk:
        talk.hello()
        assert talk.envelope(PLAIN) == f"550 Invalid recipient: <{PLAIN}>\r\n"
