# SPDX-License-Identifier: ISC
"""The defects that were found in the best mail servers in 2025 and 2026, each here as a test of ours.
(Smuggling by way of the server's own header lines is in test_smuggling.py, EMFILE in test_faults.py.)"""

import socket
import ssl

import pytest
from client import Raw
from conftest import ALICE, BOB, FAR, OURS, PASSWORDS, STRANGER

CAROL = f"carol@{FAR}"


def alive(post, role):
    assert post.role() == role, post.log()[-4000:]
    with post.stranger() as client:
        client.hello()
        client.ask("NOOP", 250)


@pytest.mark.parametrize("chunk", [b"BDAT 1000 LAST\r\n" + b"x" * 10, b"BDAT 1000\r\n",
                                   b"BDAT 10\r\n" + b"x" * 10, b"DATA\r\nSubject: x\r\n\r\n.",
                                   b"BDAT 1000 LAST\r\n" + b"Subject: x\r\n\r\n." * 3])
@pytest.mark.parametrize("then", [b"", b"QUIT\r\n", b"\r\n.\r\n", b"x" * 2000, b"MAIL FROM:<>\r\n"])
def test_tls_ends_in_a_chunk(running, chunk, then):
    """TLS is closed within a chunk, and the connection goes on in clear: it does not, with us."""
    role = running.role()
    for _ in range(3):
        client = running.stranger()
        client.hello()
        client.starttls()
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.send(chunk)
        try:
            client.socket.settimeout(60)
            client.socket._sslobj.shutdown()     # our close_notify alone, without waiting for theirs
        except ssl.SSLError:
            pass
        try:
            plain = client.socket.detach()
            with socket.socket(fileno=plain) as bare:
                bare.sendall(then)
                bare.settimeout(60)
                bare.shutdown(socket.SHUT_WR)
                while bare.recv(4096):
                    pass
        except OSError:
            pass
    alive(running, role)
    assert not any("Subject: x" in one for one in running.maildir(ALICE))


@pytest.mark.parametrize("size", ["", "-1", "x", "1 FIRST", "18446744073709551615", "18446744073709551616",
                                  "9223372036854775807", "00000000000000000000000000000001", "1 LAST LAST",
                                  "0x10", "1e3", "4294967296", " 5", "99999999999999999999999999 LAST"])
def test_sizes_of_chunks(running, size):
    role = running.role()
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.send(f"BDAT {size}\r\nx")
        client.socket.shutdown(socket.SHUT_WR)   # it may well wait for all that was announced
        assert client.over()
    alive(running, role)


def test_chunk_before_its_time(running):
    """The octets of a chunk that is refused are read past, and are no commands."""
    with running.stranger() as client:
        client.hello()
        body = b"MAIL FROM:<a@b.example>\r\n"
        client.send(f"BDAT {len(body)} LAST\r\n".encode() + body)
        assert client.reply()[0] == 503
        client.ask("NOOP", 250)
        client.envelope(STRANGER, ALICE)
        client.send("BDAT 3\r\nabc")
        assert client.reply()[0] == 250
        assert client.code("DATA") == 503
        assert client.code(f"RCPT TO:<{BOB}>") == 503


QUOTED = ["'; DROP TABLE accounts; --", "' OR '1'='1", '"', "\\", "%", "_", "a' UNION SELECT 'x", "a\\", "*",
          "../../etc/passwd", "..", ".", "a/../../bob", "\t", "a b", "-rf", "${run{id}}", "$(id)", "`id`",
          "|id", ":include:/etc/passwd", "alice\\0", "ALICE'"]


@pytest.mark.parametrize("word", QUOTED)
def test_quoted_local_parts_are_no_keys(running, word):
    """In RCPT, in MAIL, and as the name of a login."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    with running.stranger() as client:
        client.hello()
        for line in (f'MAIL FROM:<"{escaped}"@{OURS}>', f'RCPT TO:<"{escaped}"@{OURS}>',
                     f"RCPT TO:<{word}@{OURS}>"):
            code, text = client.ask(line)
            assert code == 250 if line.startswith("MAIL") and code == 250 else 500 <= code < 560, text
            if code != 250 and line.startswith("MAIL"):
                client.ask(f"MAIL FROM:<{STRANGER}>", 250)
    for n, name in enumerate((word, f"{word}@{OURS}", f'"{escaped}"@{OURS}')):
        # From an address of its own: who guesses often waits.
        with Raw(running.submission, source=f"127.9.{QUOTED.index(word)}.{n + 1}") as client:
            client.hello()
            client.starttls()
            client.hello()
            assert client.login(name, "x") in (535, 454, 501)
    assert {row["name"] for row in running.objects("user", "list")} == set(PASSWORDS)


def test_renegotiation_and_old_versions(running):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with running.stranger() as client:
            client.hello()
            client.ask("STARTTLS", 220)
            with pytest.raises((ssl.SSLError, OSError)):
                context.wrap_socket(client.socket)


def test_twice_the_same_word(running):
    """Parameters that come twice, or that nobody knows."""
    with running.stranger() as client:
        client.hello()
        for words in ("SIZE=1 SIZE=2", "BODY=8BITMIME BODY=7BIT", "FOO=bar", "SIZE=", "SIZE=x", "RET=ALL",
                      "=", "AUTH=<> X", "BODY=BINARYMIME"):
            code, text = client.ask(f"MAIL FROM:<{STRANGER}> {words}")
            if code == 250:
                assert words == "RET=ALL", words
                client.ask("RSET", 250)
            else:
                assert 500 <= code < 560, text
