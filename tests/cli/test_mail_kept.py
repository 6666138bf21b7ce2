# SPDX-License-Identifier: ISC
"""Mail for postmaster and abuse, as the real collector keeps it from inside its sandbox."""

import os
import signal
import smtplib
import threading

from conftest import wait_until

PEOPLE = ["postmaster@collector.portreeve.test", "abuse@collector.portreeve.test"]


def send(box, body, to=PEOPLE):
    with smtplib.SMTP("127.0.0.1", box.smtp, timeout=10) as client:
        client.sendmail("someone@elsewhere.test", to, body)


def kept(box):
    return sorted((box.state / "mail" / "new").iterdir())


def whole_mails(box):
    """How many there are; each must be whole whenever one looks."""
    for path in kept(box):
        with path.open("rb") as mail:
            mail.seek(0, os.SEEK_END)
            mail.seek(max(mail.tell() - 5, 0))
            assert mail.read() == b"END\r\n", path
    return len(kept(box))


def test_one_mail_for_both(box, supervisor):
    box.configure(general='roles = {"collector"}')
    run = supervisor()
    run.wait_log("supervisor ready")
    send(box, "Subject: hello\r\n\r\nbody\r\n")
    send(box, "Subject: hello\r\n\r\nbody\r\n")
    assert len(kept(box)) == 1
    text = kept(box)[0].read_text()
    assert "Delivered-To: postmaster\n" in text and "Delivered-To: abuse\n" in text
    assert text.endswith("Subject: hello\n\nbody\n")
    assert not list((box.state / "mail" / "tmp").iterdir())
    assert run.stop() == 0


def test_killed_collector_leaves_no_half_mail(box, supervisor):
    box.configure(general='roles = {"collector"}', collector="message_size = 4M")
    run = supervisor()
    run.wait_log("supervisor ready")
    body = "Subject: long\r\n\r\n" + ("x" * 70 + "\r\n") * 40000
    stop, up = threading.Event(), threading.Event()
    up.set()

    def deliver(who):
        n = 0
        while not stop.is_set():
            n += 1
            try:
                send(box, f"X-Number: {who}.{n}\r\n{body}END\r\n")
            except (OSError, smtplib.SMTPException):
                up.wait()

    senders = [threading.Thread(target=deliver, args=(n,)) for n in range(3)]
    for one in senders:
        one.start()
    try:
        for killed in range(1, 5):
            wanted = whole_mails(box) + 3
            wait_until(lambda wanted=wanted: whole_mails(box) >= wanted, "mail")
            up.clear()
            os.kill(run.roles()["collector"], signal.SIGKILL)
            whole_mails(box)
            run.wait_log("role-ready role=collector", times=killed + 1)
            up.set()
    finally:
        stop.set()
        up.set()
        for one in senders:
            one.join()
    whole_mails(box)
