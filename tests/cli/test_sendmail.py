"""`portreeve sendmail`, as programs call /usr/sbin/sendmail."""

import getpass
import os
import re
import subprocess

import pytest
from conftest import BINARY
from smtp_socket import Server, nobody

USER = getpass.getuser()


@pytest.fixture
def server(box):
    server = Server(box.directory / "gateway.sock")
    yield server
    server.close()
    assert not server.faults


def call(box, *words, text="Subject: x\n\nhi\n", code=0, program=None):
    socket = box.directory / "gateway.sock"
    program = program or [BINARY, "sendmail", "--socket", socket]
    done = subprocess.run([*program, *words], check=False, capture_output=True, timeout=120,
                          input=text if isinstance(text, bytes) else text.encode(), cwd=box.directory)
    assert done.returncode == code, done
    return done


def header(message):
    text = message.split(b"\r\n\r\n")[0].decode()
    fields = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
    return [field.partition(": ")[::2] for field in fields]


def envelope(server):
    return [line for line in server.lines if line.startswith(("MAIL", "RCPT"))]


def test_a_message(box, server):
    call(box, "b@there.test", "Al <c@there.test>, d@there.test")
    assert [line.split(" SIZE")[0] for line in envelope(server)] == [
        f"MAIL FROM:<{USER}@gateway.test>", "RCPT TO:<b@there.test>", "RCPT TO:<c@there.test>",
        "RCPT TO:<d@there.test>"]
    message, = server.messages
    fields = dict(header(message))
    assert re.fullmatch(rf'("[^"]*" )?<{USER}@gateway\.test>', fields["From"])
    assert re.fullmatch(r"<[0-9a-f]{16}@gateway\.test>", fields["Message-ID"])
    assert fields["Subject"] == "x" and "Date" in fields
    assert message.endswith(b"\r\n\r\nhi\r\n")


def test_nothing_is_added_twice(box, server):
    call(box, "-f", "a@b.test", "b@there.test",
         text="from: a@b.test\ndate: x\nmessage-id: <1@b.test>\n\n")
    assert header(server.messages[0]) == [("from", "a@b.test"), ("date", "x"),
                                          ("message-id", "<1@b.test>")]
    assert envelope(server)[0].startswith("MAIL FROM:<a@b.test> ")


def test_those_in_the_header(box, server):
    call(box, "-t", "-oi", text="To: b@x.test, Al\n <c@x.test>\nCc: g: d@x.test;\n"
         "Bcc: e@x.test,\n b@x.test\nSubject: x\n\nhi\n")
    assert [line.split("<")[1] for line in envelope(server)[1:]] == [
        "b@x.test>", "c@x.test>", "d@x.test>", "e@x.test>"]
    assert b"bcc" not in server.messages[0].lower() and b"e@x.test" not in server.messages[0]


def test_resent(box, server):
    call(box, "-t", text="To: b@x.test\nResent-To: c@x.test\nResent-Bcc: d@x.test\n\nhi\n")
    assert [line.split("<")[1] for line in envelope(server)[1:]] == ["c@x.test>", "d@x.test>"]
    assert "Resent-Bcc" not in dict(header(server.messages[0]))


def test_names_of_this_machine(box, server):
    """As cron writes it, whose header has no domains."""
    call(box, "-i", "-FCronDaemon", "-odi", "-oem", "-f", "root", "root",
         text="From: root (Cron Daemon)\nTo: root\nSubject: sch\u00f6n\n\nhi\n")
    fields = dict(header(server.messages[0]))
    assert fields["From"] == "<root@gateway.test>"
    assert fields["To"] == "<root@gateway.test>"
    assert envelope(server)[0].startswith("MAIL FROM:<root@gateway.test> ")
    assert envelope(server)[1] == "RCPT TO:<root@gateway.test>"


def test_a_name_in_letters(box, server):
    call(box, "-F", "J\u00fcrgen \"x\" <y@z>", "b@x.test", text="\nhi\n")
    assert dict(header(server.messages[0]))["From"] == \
        f"=?utf-8?b?SsO8cmdlbiAieCIgPHlAej4=?= <{USER}@gateway.test>"


@pytest.mark.parametrize("text, body", [
    ("hi\n", b"hi\r\n"), ("hi", b"hi\r\n"), ("", b""), ("hi\n.\nmore\n", b"hi\r\n"),
    ("\na\rb\r\nc\n", b"a\r\nb\r\nc\r\n"), ("\na\0b\n", b"ab\r\n"), ("..a\n", b"..a\r\n"),
    ("no field\nX: y\n", b"no field\r\nX: y\r\n"), ("\n.a\n.\n", b".a\r\n"),
    ("\n" + "x" * 200000 + "\n", b"x" * 200000 + b"\r\n"),
], ids=range(10))
def test_texts(box, server, text, body):
    call(box, "b@x.test", text=text)
    assert server.messages[0].split(b"\r\n\r\n", 1)[1] == body


def test_a_dot_is_text(box, server):
    call(box, "-i", "b@x.test", text="\na\n.\nb\n.")
    assert server.messages[0].endswith(b"\r\n\r\na\r\n.\r\nb\r\n.\r\n")


def test_eight_bits(box, server):
    call(box, "b@x.test", text="\nsch\u00f6n\n")
    assert " BODY=8BITMIME" in server.lines[1] and "SMTPUTF8" not in server.lines[1]
    call(box, "\u00fc@x.test", text="\nhi\n")
    assert "SMTPUTF8" in server.lines[-4] and server.lines[-3] == "RCPT TO:<\u00fc@x.test>"


def test_notices(box, server):
    call(box, "-N", "success,delay", "-R", "hdrs", "-V", "a+b c", "-f", "<>", "b@x.test")
    mail, rcpt = envelope(server)
    assert mail.startswith("MAIL FROM:<> ") and " RET=HDRS" in mail and " ENVID=a+2Bb+20c" in mail
    assert rcpt == "RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY"


REFUSALS = [
    ({"RCPT TO:<B@": "550 5.1.1 no such user"}, 67, ['b@x.test: "550 5.1.1 no such user"']),
    ({"RCPT TO:<B@": "550 5.7.1 not you", "RCPT TO:<C@": "450 later"}, 77,
     ['b@x.test: "550 5.7.1 not you"', 'c@x.test: "450 later"']),
    ({"RCPT TO:<C@": "550 5.1.2 no such domain"}, 68, ['c@x.test: "550 5.1.2 no such domain"']),
    ({"MAIL": "451 4.3.0 not now"}, 75, ['"451 4.3.0 not now"']),
    ({"MAIL": "550 5.7.1 not yours"}, 77, ['"550 5.7.1 not yours": "portreeve user alias" gives an '
                                           f'account the address {USER}@gateway.test']),
    ({"MAIL": "530 5.7.0 who?"}, 77, [f'"530 5.7.0 who?": the user {USER} has no account; "portreeve '
                                      f'user add {USER} --uid {USER} --no-password --address '
                                      f'{USER}@gateway.test" makes one']),
    ({".": "452 4.3.1 full"}, 75, ['"452 4.3.1 full"']),
    ({".": "550 5.7.1 From is not yours"}, 77, ['"550 5.7.1 From is not yours"']),
    ({".": "554 5.6.0 no mail"}, 65, ['"554 5.6.0 no mail"']),
    ({"DATA": "554 no"}, 69, ['"554 no"']),
    ({"CONNECT": "421 4.3.2 down"}, 75, ['"421 4.3.2 down"']),
    ({"EHLO": "502 no"}, 69, ['"502 no"']),
    ({"DATA": "250 \x1b[2J\x07"}, 75, ['"250  [2J "']),
]


@pytest.mark.parametrize("answers, code, lines", REFUSALS, ids=range(len(REFUSALS)))
def test_refused(box, server, answers, code, lines):
    """All of them, or nobody gets it; each refusal is a line."""
    server.answers = answers
    done = call(box, "b@x.test", "c@x.test", code=code)
    assert done.stderr.decode().splitlines() == [f"portreeve: sendmail: {line}" for line in lines]
    if "." not in answers:
        assert not server.messages


def test_size(box, server):
    done = call(box, "b@x.test", text="\n" + "x\n" * 600000, code=65)
    assert b"longer than the gateway takes" in done.stderr and "QUIT" in server.lines


@pytest.mark.parametrize("words, text, said", [
    (["b@x.test> NOTIFY=NEVER"], "\n", ""), (["b@x.test\r\nRSET"], "\n", ""), (["<b@x.test"], "\n", ""),
    (["@a:b@x.test"], "\n", ""), (["b c@x.test"], "\n", ""),
    ([], "\n", "expected a recipient"), (["-t"], "To: x: ;\n\n", "expected a recipient in To"),
    (["-t"], "Subject: x\n\nTo: b@x.test\n", "expected a recipient in To"),
    (["-f", "a b@c", "b@x.test"], "\n", "-f: expected an address"),
    (["-f", "a@b.test> SIZE=1", "b@x.test"], "\n", "-f: expected an address"),
], ids=range(10))
def test_addresses_that_are_none(box, server, words, text, said):
    """Nothing of an address gets into a command, whatever a program passes on."""
    done = call(box, *words, text=text, code=None if not said else 64) if said else \
        subprocess.run([BINARY, "sendmail", "--socket", box.directory / "gateway.sock", *words],
                       input=text, capture_output=True, text=True, check=False, timeout=120)
    assert said in (done.stderr if isinstance(done.stderr, str) else done.stderr.decode())
    for line in server.lines:
        assert re.fullmatch(r"EHLO \S+|MAIL FROM:<[^<> ]*>( SIZE=\d+)?|RCPT TO:<[^<> ]*>|DATA|QUIT",
                            line), line


def test_nobody_is_there(box):
    done = call(box, "b@x.test", code=75)
    assert b"gateway.sock: expected the gateway's socket: No such file" in done.stderr
    nobody(box.directory / "gateway.sock")
    done = call(box, "b@x.test", code=75)
    assert b"nobody answers; expected the role gateway to run" in done.stderr
    done = call(box, "-bs", text="EHLO x\n", code=75)
    assert b"expected the gateway to answer: Connection refused" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_who_may_not(box, server):
    (box.directory / "gateway.sock").chmod(0o600)
    done = subprocess.run([BINARY, "sendmail", "--socket", box.directory / "gateway.sock", "b@x.test"],
                          input="\n", capture_output=True, text=True, check=False, user=12345,
                          group=12345, extra_groups=[], cwd="/")
    assert done.returncode == 77 and "expected the right to write to it" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_anybody_may(box, server):
    """Who has no name here sends as his number."""
    (box.directory / "gateway.sock").chmod(0o666)
    done = subprocess.run([BINARY, "sendmail", "--socket", box.directory / "gateway.sock", "b@x.test"],
                          input="\n", capture_output=True, text=True, check=False, user=12345,
                          group=12345, extra_groups=[], cwd="/")
    assert done.returncode == 0 and "<uid12345@gateway.test>" in server.lines[1], done


def test_smtp_through(box, server):
    server.answers = {"WAITS": 0.3}
    done = call(box, "-bs", text="EHLO me\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\nDATA\n"
                "Subject: x\n\nhi\n.\nQUIT\n")
    assert done.stdout.startswith(b"220 gateway.test") and done.stdout.endswith(b"221 2.0.0 bye\r\n")
    assert server.messages == [b"Subject: x\r\n\r\nhi\r\n"]


def test_the_dialogue_is_shown(box, server):
    done = call(box, "-v", "b@x.test")
    assert b">>> RCPT TO:<b@x.test>\n<<< 250 2.0.0 ok\n>>> DATA\n" in done.stdout


@pytest.fixture
def linked(box):
    """The program by the names that others look for."""
    for name in ("sendmail", "mailq", "newaliases"):
        (box.directory / name).symlink_to(BINARY.absolute())
    box.config.write_text(f'gateway {{\n  local_socket = "{box.directory}/gateway.sock"\n}}\n')
    return box


def test_links(linked, server):
    call(linked, "-C", linked.config, "-t", text="To: b@x.test\n\nhi\n",
         program=[linked.directory / "sendmail"])
    assert envelope(server)[1] == "RCPT TO:<b@x.test>"
    linked.config.write_text(f'state_directory = "{linked.state}"\n')
    done = call(linked, "-C", linked.config, program=[linked.directory / "mailq"], code=66)
    assert b"portreeve: queue: state directory" in done.stderr
    assert call(linked, program=[linked.directory / "newaliases"]).stderr == b""


def test_where_the_socket_is(box, server):
    """By the configuration, or in the state directory; or there is none."""
    server.answers = {"MAIL": "550 5.7.1 found"}
    box.config.write_text(f'gateway {{\n  local_socket = "{box.directory}/gateway.sock"\n}}\n')
    assert "found" in box.run("sendmail", "b@x.test", text="\n", code=77).stderr
    box.config.write_text("")
    done = box.run("sendmail", "b@x.test", text="\n", code=75)
    assert f"{box.state}/gateway.sock: expected the gateway's socket" in done.stderr
    done = subprocess.run([BINARY, "sendmail", "-c", box.config, "b@x.test"], input="\n", text=True,
                          capture_output=True, check=False, env={"STATE_DIRECTORY": str(box.directory)})
    assert "/run/portreeve/gateway.sock: expected the gateway's socket" in done.stderr, done
    box.config.write_text('gateway {\n  local_socket = "none"\n}\n')
    assert 'found "none"' in box.run("sendmail", "b@x.test", text="\n", code=69).stderr
