# SPDX-License-Identifier: ISC
"""One message stays one: whatever another server might take for its end, on the way in and out.

Each of these was a hole in a server of renown: SMTP smuggling (2023), its variants with a bare CR, with
NUL, in chunks, behind a header line that the server adds itself.
"""

import pytest
from client import Gone, Raw, mail
from conftest import ALICE, BOB, FAR, INNER, STRANGER

# What is no end of a message, though one server or another took it for one.
BARE = ["\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r.\n", "\r\n.\r\r\n",
        "\r\r\n.\r\r\n", "\n\r\n.\n", "\r\n\0.\r\n", "\r\n.\0\r\n", "\r\n.\r\0\n", "\0\r\n.\r", "\n..\n"]
# And what is content.
CONTENT = ["\r\n. \r\n", "\r\n..\r\n", "\r\n.\t\r\n", "\r\n .\r\n", "\r\n\xff.\r\n", "\r\n.\xa0\r\n"]

SECOND = f"MAIL FROM:<admin@ours.example>\r\nRCPT TO:<{BOB}>\r\nDATA\r\nSubject: smuggled\r\n\r\nhidden"


def alone(post, marker):
    """The message is there, and what was hidden in it is no message of its own."""
    text = post.wait_mail(ALICE, marker)
    assert text.count("\nReceived: ") == 1
    assert not any("Subject: smuggled" in one for one in post.maildir(BOB))
    return text


def after(client):
    """The codes of all that is answered until it hangs up or says that it is there."""
    client.send("\r\n.\r\nNOOP\r\nQUIT\r\n")
    codes = []
    try:
        while True:
            codes.append(client.reply()[0])
            if codes[-1] == 221:
                return codes
    except Gone:
        return codes


@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", BARE, ids=repr)
def test_no_bare_line_ends(running, end, over_tls):
    with running.stranger() as client:
        client.hello()
        if over_tls:
            client.starttls()
            client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        client.send(f"Subject: the first of two\r\n\r\nfirst{end}{SECOND}")
        codes = after(client)
        assert 500 <= codes[0] < 560 or codes[0] == 421, codes
        assert 250 not in codes[:1] and 354 not in codes, "it read on as commands"
    for name in (ALICE, BOB):
        assert not any("the first of two" in one or "smuggled" in one for one in running.maildir(name))


@pytest.mark.parametrize("end", CONTENT, ids=repr)
def test_what_is_content(running, end):
    marker = f"content {CONTENT.index(end)}."
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        client.send(f"Subject: {marker}\r\n\r\nfirst{end}{SECOND}\r\n.\r\n")
        client.reply()
    if end.isascii():
        text = alone(running, marker)
        assert "hidden" in text


@pytest.mark.parametrize("end", BARE, ids=repr)
def test_nor_in_chunks(running, end):
    body = f"Subject: a chunk of two\r\n\r\nfirst{end}{SECOND}\r\n".encode("latin-1")
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.send(f"BDAT {len(body)} LAST\r\n".encode() + body)
        assert 500 <= client.reply()[0] < 560
    assert not any("a chunk of two" in one for one in running.maildir(ALICE))


def test_chunks_that_end_anywhere(running):
    """The end of a line, and a line that is a dot, in two chunks."""
    body = f"Subject: cut up\r\n\r\nfirst\r\n.\r\n{SECOND}".encode()
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        for at in range(len(body)):
            client.send(f"BDAT 1{' LAST' if at + 1 == len(body) else ''}\r\n".encode() + body[at:at + 1])
        for _ in body:
            assert client.reply()[0] == 250
        client.ask("NOOP", 250)
    text = alone(running, "cut up")
    assert text.endswith(("hidden", "hidden\n", "hidden\r\n"))


# ---- the next hop --------------------------------------------------------------------------

@pytest.mark.parametrize("inside", ["\r\n.\r\n", "\r\n..\r\n", "\r\n...\r\n", "\r\n.", ".\r\n.\r\n."],
                         ids=repr)
@pytest.mark.parametrize("where", ["inner", "world"])
def test_dots_on_the_way_out(running, inside, where):
    """What comes in a chunk has no dots doubled; what goes out by DATA has."""
    marker = f"dots {abs(hash((inside, where)))}."
    body = f"From: <{ALICE}>\r\nSubject: {marker}\r\n\r\nfirst{inside}{SECOND}\r\n".encode()
    with running.user() as client:
        recipient = f"carol@{INNER}" if where == "inner" else f"carol@{FAR}"
        client.docmd("MAIL", f"FROM:<{ALICE}>")
        client.docmd("RCPT", f"TO:<{recipient}>")
        client.send(f"BDAT {len(body)} LAST\r\n".encode() + body)
        assert client.getreply()[0] == 250
    sink = getattr(running, where)
    message = running.wait_taken(sink, marker)
    lines = message.data.split(b"\r\n")
    assert b"." not in lines, "the next hop would have read commands"
    sent = body.split(b"\r\n\r\n", 1)[1].split(b"\r\n")
    assert [line[line.startswith(b"."):] for line in lines][-len(sent):] == sent
    assert b"\n" not in message.data.replace(b"\r\n", b"") and b"\r" not in message.data.replace(b"\r\n", b"")
    assert sum(marker in one.text for one in sink.messages) == 1


def test_no_end_of_line_at_the_end(running):
    body = f"From: <{ALICE}>\r\nSubject: no end\r\n\r\nlast".encode()
    with running.user() as client:
        client.docmd("MAIL", f"FROM:<{ALICE}>")
        client.docmd("RCPT", f"TO:<carol@{FAR}>")
        client.send(f"BDAT {len(body)} LAST\r\n".encode() + body)
        assert client.getreply()[0] == 250
    assert running.wait_taken(running.world, "no end").data.endswith(b"\r\nlast\r\n")


# ---- by way of what the server adds itself ---------------------------------------------------

NAMES = [b"a\rReceived:x", b"a\nX-Smuggled: yes", b"a\0b", b"a\r\r", b"\x1b[2J", b"a) by mx.ours.example (b",
         b"x" * 400, b"\xff\xfe", b"[127.0.0.1]\n.\n", b"a\x0bb\x0cc"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_that_is_a_header(running, name):
    """HELO's word stands in the Received line: it is no line of its own there."""
    marker = f"greeted as {NAMES.index(name)}."
    with running.stranger() as client:
        if client.code(b"EHLO " + name) == 250:
            client.envelope(STRANGER, ALICE)
            client.ask("DATA", 354)
            client.send(mail(STRANGER, ALICE, marker) + "\r\n.\r\n")
            assert client.reply()[0] == 250
            text = running.wait_mail(ALICE, marker)
            head = text[:text.index("\n\n" if "\n\n" in text else "\r\n\r\n")]
            assert "\nX-Smuggled" not in head and "\0" not in head and "\x1b" not in head
            assert sum(line.startswith("Received:") for line in head.splitlines()) == 1


@pytest.mark.parametrize("line", [
    b"MAIL FROM:<a@b.example\nRCPT TO:<victim@far.example>>", b"MAIL FROM:<a\r@b.example>",
    b'MAIL FROM:<"a\nb"@c.example>', b'MAIL FROM:<"a\\\nb"@c.example>', b"MAIL FROM:<a@b.example>\n",
    b"MAIL FROM:<a@b.example> ENVID=a+0D+0AX-Smuggled:+20yes\n", b"MAIL FROM:<a\0@b.example>",
    b"MAIL FROM:<a@b.example> SIZE=1\rRCPT TO:<victim@far.example>"], ids=repr)
def test_no_line_end_in_a_sender(running, line):
    with running.stranger() as client:
        client.hello()
        code, text = client.ask(line)
        assert 500 <= code < 560, text
        assert client.code("NOOP") in (250, 421)


def test_a_notification_has_no_lines_of_strangers(post):
    """What ENVID and ORCPT hold in xtext, and what a server says, is no header of the report."""
    post.world.replies["RCPT"] = "550 5.1.1 nobody\r here\x1b[2J X-Smuggled: yes"
    post.start()
    with post.user() as client:
        code, _ = client.docmd("MAIL", f"FROM:<{ALICE}> RET=HDRS ENVID=a+0D+0AX-Smuggled:+20yes")
        if code != 250:
            assert 500 <= code < 560
            client.docmd("MAIL", f"FROM:<{ALICE}>")
        code, _ = client.docmd("RCPT", f"TO:<carol@{FAR}> NOTIFY=FAILURE "
                                       "ORCPT=rfc822;a+0D+0AX-Smuggled:+20yes")
        if code != 250:
            assert 500 <= code < 560
            client.docmd("RCPT", f"TO:<carol@{FAR}>")
        assert client.data(mail(ALICE, f"carol@{FAR}", "to nobody"))[0] == 250
    report = post.wait_mail(ALICE, "5.1.1")
    assert not any(line.startswith("X-Smuggled") for line in report.splitlines())
    assert "\x1b" not in report and "multipart/report" in report


def test_commands_behind_starttls(running):
    """What was sent in clear is not answered under TLS."""
    with running.stranger() as client:
        client.hello()
        client.send("STARTTLS\r\nRSET\r\nNOOP\r\n")
        code, _ = client.reply()
        if code != 220:
            assert code >= 421
            return
        from client import UNCHECKED
        try:
            over = UNCHECKED.wrap_socket(client.socket)
        except OSError:
            return
        over.sendall(b"EHLO b.example\r\n")
        first = over.recv(4096)
        assert first.startswith(b"250-"), first


def test_replies_are_one_line_each(running):
    """No answer holds what the client sent in a form that another could read as an answer."""
    with Raw(running.port) as client:
        for line in (b"EHLO a\r250 fine", b"FOO\n250 fine", b"MAIL FROM:<a\n250 fine@b>", b"RCPT TO:<\xff>"):
            assert client.code(line) >= 500
