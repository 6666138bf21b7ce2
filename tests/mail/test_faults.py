# SPDX-License-Identifier: ISC
"""What goes wrong on real machines: an answer that says so, a line in the log, and all well by itself when
the cause has ended. What was acknowledged is there, what was not is nowhere.

    full disk             test_disks.py: test_full_disk; tests/gateway/test-queue-disk.c
    read-only disk        test_disks.py: test_disk_that_becomes_read_only, test_start_on_a_read_only_disk
    missing certificate   test_missing_certificate; test_operations.py: test_renewed_certificate
    dead DNS              test_disks.py: test_dead_dns; test_operations.py: test_sick_list
    dead auth backend     test_backend_that_is_gone, test_backend_that_lies; tests/gateway/test-login.c
    dead store            test_disks.py: test_store_that_is_gone
    clock jump            tests/gateway/test-queue.c, test-retry.c; tests/world/mail
    10,000 connections    test_ten_thousand_connections, test_no_descriptor_left
    endless lines         test_endless_line, test_endless_line_in_a_message
    endless headers       test_endless_header
    a million recipients  test_million_recipients
    half-open             test_half_open, test_half_closed
"""

import os
import resource
import smtplib
import socket
import threading
import time

import pytest
from client import Gone, mail
from conftest import ALICE, FAR, PASSWORDS, STRANGER, listed_name, wait_until
from processes import cpu_seconds

CAROL = f"carol@{FAR}"


def test_file_size_limit(post):
    """A disk that takes no more, in its simplest form."""
    post.configure()
    post.add_users()
    post.start(limits=[(resource.RLIMIT_FSIZE, 96 << 20)])
    post.submit(CAROL, "fits")
    post.wait_taken(post.world, "fits")


@pytest.mark.parametrize("what", ["certificate", "key"])
def test_missing_certificate(post, what):
    """A reload that finds none keeps the one it has; a start says what is missing."""
    post.start()
    good = getattr(post, what).read_bytes()
    getattr(post, what).unlink()
    post.process.send_signal(1)
    post.wait_log(str(getattr(post, what)))
    post.submit(CAROL, "with the old one")
    post.wait_taken(post.world, "with the old one")
    assert post.run("config", "check", code=None).returncode != 0
    getattr(post, what).write_bytes(good)
    getattr(post, what).chmod(0o644)
    post.run("config", "check")
    post.reload()
    post.submit(CAROL, "and again")
    post.wait_taken(post.world, "and again")


def test_mailboxes_that_may_not_be_written_to(post):
    """It is said at the start, not only when mail waits; once it may be, the mail comes in."""
    boxes = post.directory / "boxes"
    boxes.mkdir(0o755)
    post.start(mailboxes=str(boxes))
    post.wait_log(f"mailboxes-not-writable directory={boxes} ")
    post.receive(ALICE, "comes later")
    post.wait_log("the mailbox may not be written to")
    boxes.chmod(0o777)
    post.run("queue", "flush", "--all")
    post.wait_log(" delivered ")


def test_backend_that_is_gone(post):
    """Dovecot's socket is not there: nobody is let in, nobody is locked out, and then all is well."""
    path = post.directory / "auth-client"
    post.start(auth=f"dovecot:{path}", login_timeout="2s", login_processes=2)
    post.wait_log(" login-down ")
    for password in (PASSWORDS[ALICE], "wrong"):
        with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
            post.user(password=password)
        assert refusal.value.smtp_code == 454
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(16)                  # accepts, and never says a word
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        post.user()
    assert refusal.value.smtp_code == 454
    threading.Thread(target=serve_logins, args=(listener,), daemon=True).start()
    wait_until(lambda: logged_in(post), lambda: f"a login:\n{post.log()[-4000:]}")
    post.wait_log(" login-up ")
    listener.close()


def serve_logins(listener):
    """As Dovecot: everybody is who he says."""
    def serve(connection):
        stream = connection.makefile("rwb")
        stream.write(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tab\nDONE\n")
        stream.flush()
        for line in stream:
            if line.startswith(b"AUTH\t"):
                stream.write(b"OK\t" + line.split(b"\t")[1] + b"\tuser=alice@ours.example\n")
                stream.flush()
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def logged_in(post):
    try:
        with post.user():
            return True
    except smtplib.SMTPException:
        return False


def test_backend_that_lies(post):
    """What is no answer of Dovecot's is no login."""
    path = post.directory / "auth-client"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(16)
    says = [b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tab\nDONE\n"]
    answers = [b"OK\t999\tuser=alice@ours.example\n", b"OK\n", b"\0\0\0", b"OK\t1" + b"x" * 20000 + b"\n",
               b"FAIL\t1\tuser=a\ttemp\n", b"CONT\t1\t\n"]

    def serve():
        for answer in answers:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(says[0])
                    while b"AUTH\t" not in connection.recv(4096):
                        pass
                    connection.sendall(answer)
            except OSError:
                return
    threading.Thread(target=serve, daemon=True).start()
    post.start(auth=f"dovecot:{path}", login_timeout="2s", login_processes=1)
    for _ in answers:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            post.user()
    listener.close()


def asked(post, recipient):
    """The code; 421 while nobody is there."""
    try:
        return ask_rcpt(post, recipient)[0]
    except (OSError, Gone):
        return 421


def ask_rcpt(post, recipient):
    with post.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        return client.ask(f"RCPT TO:<{recipient}>")


def test_no_descriptor_left(post):
    """An accept loop that has none neither spins nor goes away."""
    post.configure()
    post.add_users()
    post.start(limits=[(resource.RLIMIT_NOFILE, 128)], sessions=1000, sessions_per_host=1000,
               sessions_per_net=1000, connections_per_second=10000)
    role = post.role()
    held = []
    for n in range(300):
        try:
            held.append(socket.create_connection(("127.0.0.1", post.port), timeout=60,
                                                 source_address=(f"127.5.{n % 7}.1", 0)))
        except OSError:
            break
    before, began = cpu_seconds(role), time.monotonic()
    wait_until(lambda: time.monotonic() - began > 2, "the time that is measured")
    assert cpu_seconds(role) - before < 0.5
    for one in held:
        one.close()
    wait_until(lambda: answers(post), "service again")
    assert post.receive(subject="after the crowd")[0] == 250
    assert post.role() == role


def test_ten_thousand_connections(post):
    """They are held, each with its greeting, and whoever speaks is served."""
    many, room = 10000, 12000
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * room and os.geteuid():
        pytest.skip("so many descriptors are root's to take")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, max(room, before[1])))
    held = []
    try:
        post.start(limits=[(resource.RLIMIT_NOFILE, room)], sessions=2 * many, sessions_per_host=100,
                   sessions_per_net=many, connections_per_second=100000)
        for n in range(many):
            held.append(socket.create_connection(
                ("127.0.0.1", post.port), timeout=60,
                source_address=(f"127.20.{n % 100}.{n // 100 + 1}", 0)))
        for one in held:
            assert one.recv(3) == b"220"
        role = post.role()
        assert post.receive(subject="one more")[0] == 250
        for one in held[::1000]:
            one.sendall(b"QUIT\r\n")
            assert b"221" in one.makefile("rb").read()
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    wait_until(lambda: answers(post), "service again")
    assert post.receive(subject="after the crowd")[0] == 250 and post.role() == role


def answers(post):
    try:
        with post.stranger() as client:
            return client.code("NOOP") == 250
    except (OSError, Gone, AssertionError):
        return False


def test_endless_line(running):
    with running.stranger() as client:
        try:
            for _ in range(200):
                client.send(b"x" * 65536)
            client.send(b"\r\n")
            assert client.reply()[0] >= 421
        except (OSError, Gone):
            pass
    assert answers(running)


def test_endless_line_in_a_message(running):
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        try:
            client.send(b"Subject: endless\r\n\r\n")
            for _ in range(700):
                client.send(b"x" * 65536)
            client.send(b"\r\n.\r\n")
            assert 500 <= client.reply()[0] < 560
        except (OSError, Gone):
            pass
    assert answers(running)
    assert not any("endless" in one for one in running.maildir(ALICE))


@pytest.mark.parametrize("header", [b"X: y\r\n", b"Received: from a by b; now\r\n", b" folded\r\n",
                                    b"X" * 900 + b": y\r\n"], ids=["many", "hops", "folded", "long"])
def test_endless_header(running, header):
    with running.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        try:
            client.send(b"Subject: endless\r\n")
            block = header * (65536 // len(header))
            for _ in range(600):
                client.send(block)
            client.send(b"\r\n.\r\n")
            assert 500 <= client.reply()[0] < 560
        except (OSError, Gone):
            pass
    assert answers(running)


def test_million_recipients(running):
    """A hundred are taken; the others are put off, until it has had enough."""
    with running.stranger() as client:
        client.hello()
        client.ask(f"MAIL FROM:<{STRANGER}>", 250)
        codes, said = {}, 0
        try:
            for _ in range(1000):
                client.send(f"RCPT TO:<{ALICE}>\r\n" * 1000)
                for _ in range(1000):
                    code, _ = client.reply()
                    codes[code] = codes.get(code, 0) + 1
                    said += 1
        except (OSError, Gone):
            pass
    assert codes.get(250, 0) <= 100 and set(codes) <= {250, 452, 421, 550, 554}, codes
    assert said < 10000 or sum(codes.values()) == 1000000
    assert answers(running)


def test_half_open(running):
    """Connections that go away at every point, with and without a word."""
    role = running.role()
    script = [b"EHLO a.example\r\n", b"STARTTLS\r\n",
              b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"x" * 300]
    letter = [b"EHLO a.example\r\n", f"MAIL FROM:<{STRANGER}>\r\n".encode(),
              f"RCPT TO:<{ALICE}>\r\n".encode(), b"DATA\r\n", b"Subject: half\r\n\r\nha", b"lf\r\n.", b"\r"]
    for lines in (script, letter):
        for upto in range(1, len(lines) + 1):
            for reset in (False, True):
                client = running.stranger()
                for line in lines[:upto]:
                    client.send(line)
                if reset:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
    assert answers(running) and running.role() == role
    assert not any("Subject: half" in one for one in running.maildir(ALICE))


def test_half_closed(running):
    """A client that has no more to say gets its answers, though the disk is awaited meanwhile."""
    for _ in range(10):
        with running.stranger() as client:
            client.hello()
            client.envelope(STRANGER, ALICE)
            client.ask("DATA", 354)
            client.send(mail(STRANGER, ALICE, "half closed") + "\r\n.\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            assert client.reply()[0] == 250
            assert client.over()


def test_errors_are_counted(post):
    post.start(errors_max=5)
    with post.stranger() as client:
        client.hello()
        codes = []
        with pytest.raises(Gone):
            for _ in range(50):
                codes.append(client.code("WHAT"))
        assert codes[-1] == 421 and len(codes) <= 7, codes


def test_too_big(post):
    post.start(message_size="64K", segment_size="4M")
    with post.stranger() as client:
        assert "SIZE 65536" in client.hello()
        assert client.code(f"MAIL FROM:<{STRANGER}> SIZE=70000") == 552
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        client.send(mail(STRANGER, ALICE, "big", "x" * 70 + "\n") + ("y" * 70 + "\r\n") * 1000 + "\r\n.\r\n")
        assert client.reply()[0] == 552
        client.ask("RSET", 250)
        client.envelope(STRANGER, ALICE)
        client.send("BDAT 70000 LAST\r\n" + "z" * 70000)
        assert client.reply()[0] == 552


def test_circle(post):
    post.start(hops_max=10)
    head = "Received: from a by b; Sat, 28 Nov 2026 10:00:00 +0000\r\n"
    with post.stranger() as client:
        client.hello()
        client.envelope(STRANGER, ALICE)
        client.ask("DATA", 354)
        client.send(head * 11 + mail(STRANGER, ALICE, "round and round") + "\r\n.\r\n")
        code, text = client.reply()
        assert code == 554 and "5.4.6" in text


def test_dead_inner_host(post):
    """It cannot be asked who it has: 4xx, not a bounce later."""
    post.inner.close()
    post.start(recipients=None)
    code, text = ask_rcpt(post, "carol@inner.example")
    assert 400 <= code < 500, text


def test_inner_host_that_says_no(post):
    """Its later refusal of a stranger's mail is no message to a stranger."""
    post.start()
    post.inner.replies["."] = "550 5.7.1 looks like spam"
    code, _ = post.receive("carol@inner.example", "unwanted")
    if code == 250:
        wait_until(lambda: b"DATA\r\n" in post.inner.commands, "a try")
        post.wait_log("5.7.1")
    assert post.world.messages == [] and post.world.connections == 0


def test_listed_client(post):
    """Refused with the reason and the evidence; postmaster and whoever logs in are let through."""
    post.names.records |= {
        (listed_name("127.0.0.9", "list.example"), "A"): ["127.0.0.2"],
        (listed_name("127.0.0.9", "list.example"), "TXT"): ['"open relay, see https://list.example/9"'],
        (listed_name("127.0.0.2", "list.example"), "A"): ["127.0.0.2"],
    }
    post.start(blocklists=["list.example"])
    code, text = ask_rcpt(post, ALICE)
    assert code == 250, text
