"""`witness --read` on logs that are named: what is said, in which words, with which exit code.
And `test --word`, to a server that notes what it hears."""

import socketserver
import threading

import pytest
from conftest import free_port

WORD, OTHER = "pwkeyqaaicamcakbqh6usq", "pwkeyqqcikbmga2dqpkhvq"
OLD = "pwjyqacaqdaqcqmbyijmmq"          # of 2024
HEAD = "Nov 28 12:15:23 mail postfix/smtpd[249]: "
LOST = "your clients' addresses are lost before they reach it"
LAST_PART = 256 << 20


def line(address, way="-4-25", word=WORD):
    return (f"{HEAD}warning: Illegal address syntax from unknown[{address}] in RCPT command: "
            f"<{word}{way}@a..b>\n")


def read(box, log, *arguments, code):
    done = box.run("witness", "--read", "--log", "-", "--word", WORD, *arguments, code=code,
                   text=log)
    return done.stdout, done.stderr


@pytest.mark.parametrize("log, arguments, code, said, noted", [
    (line("203.0.113.5"), [], 0, ["203.0.113.5  kept  over IPv4 to port 25"], ["IPv6, too"]),
    (line("203.0.113.5") + line("2001:db8::5", "-6-25"), [], 0, ["over IPv6 to port 25"], []),
    (line("203.0.113.5"), ["--seen-as", "203.0.113.5"], 0, ["by their own addresses"], []),
    (line("172.18.0.1", "-6-25"), ["--seen-as", "2001:db8::5"], 1,
     [f"the server saw us as 172.18.0.1, not 2001:db8::5: {LOST}", "C1  ", "explain C1"], []),
    (line("10.0.0.1"), [], 1, ["unless the tester itself has that address"], []),
    (line("203.0.113.5") + line("10.0.0.1", "-4-587"), [], 1, ["kept", "lost"], []),
    (line("203.0.113.6"), ["--seen-as", "203.0.113.5"], 3, ["unknown"], []),
    (line("203.0.113.5", word=OTHER), [], 3, [], ["the word stands in none of: -"]),
    ("nothing of a server\n", [], 3, [], ["nothing of a mail server's sessions"]),
    ("", [], 3, [], ["nothing of a mail server's sessions"]),
    (f"{HEAD}warning: reject: ETRN {WORD}... from x[10.0.0.1]\n", [], 3, [],
     ["1 line with the word names no address"]),
])
def test_read(box, log, arguments, code, said, noted):
    out, err = read(box, log, *arguments, code=code)
    assert all(text in out for text in said), out
    assert all(text in err for text in noted), err


def test_words_of_other_days_do_not_count_unless_named(box):
    done = box.run("witness", "--read", "--log", "-", code=3,
                   text=line("10.0.0.1", word=OLD))
    assert "10.0.0.1" not in done.stdout
    word = box.objects("witness")[0]["word"]
    done = box.run("witness", "--read", "--log", "-", code=0, text=line("203.0.113.5", word=word))
    assert word in done.stdout


def test_several_logs(box):
    for name, address in (("one", "203.0.113.5"), ("two", "10.0.0.1")):
        (box.directory / name).write_text(line(address))
    answer = box.objects("witness", "--read", "--word", WORD, "--log", "one", "--log", "two",
                         code=1)[0]
    assert answer["read"] == ["one", "two"] and answer["verdict"] == "lost"
    assert [row["verdict"] for row in answer["seen"]] == ["kept", "lost"]


def test_the_last_part_of_a_file_begins_at_a_line(box):
    """Where it is cut a stranger's text may stand, which looks like a line."""
    path = box.directory / "large"
    forged = line("10.0.0.1").rstrip("\n").encode()
    with path.open("wb") as log:
        log.write(b"x" * 100 + forged)
        log.seek(LAST_PART + 100 - len(line("203.0.113.5")) - 1)
        log.write(b"\n" + line("203.0.113.5").encode())
    assert path.stat().st_size == LAST_PART + 100
    answer = box.objects("witness", "--read", "--word", WORD, "--log", "large", code=0)[0]
    assert [row["seen_as"] for row in answer["seen"]] == ["203.0.113.5"]


class Listener(socketserver.StreamRequestHandler):
    """Takes all but the malformed recipient."""

    def handle(self):
        self.wfile.write(b"220 mx.example ESMTP\r\n")
        for text in self.rfile:
            self.server.heard.append(text.decode().rstrip("\r\n"))
            self.wfile.write(b"501 5.1.3 syntax\r\n" if text.startswith(b"RCPT") else b"250 ok\r\n")


@pytest.fixture
def server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Listener) as listening:
        listening.heard, listening.daemon_threads = [], True
        threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
        yield listening
        listening.shutdown()


def test_the_word_is_said_gently(box, server):
    port = str(server.server_address[1])
    refused = box.run("test", "127.0.0.1", "--word", WORD, "--port", port, code=77)
    assert "no consent" in refused.stderr and not server.heard
    box.permit("127.0.0.0/8")
    rows = box.objects("test", "127.0.0.1", "--word", WORD, "--port", port)
    said = f"{WORD}-4-{port}"
    assert [text.partition(".")[0] for text in server.heard] == [
        f"EHLO {said}", f"EXPN {said}", "MAIL FROM:<>", f"RCPT TO:<{said}@a", "QUIT"]
    assert rows[0]["said"] is True and len(rows[0]["lines"]) == 5
    # No interval is kept, and no test is written down.
    done = box.run("test", "127.0.0.1", "--word", WORD, "--port", port)
    assert f"portreeve witness --read --word {WORD}" in done.stdout
    assert box.objects("list", "tests") == []


def test_nobody_hears_it(box):
    box.permit("127.0.0.0/8")
    done = box.run("test", "127.0.0.1", "--word", WORD, "--port", str(free_port()), code=2)
    assert "nobody answers there" in done.stdout and "witness --read" not in done.stdout
