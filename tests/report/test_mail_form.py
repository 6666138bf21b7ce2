# SPDX-License-Identifier: ISC
"""Reports of messages as senders write them, read by another parser, which must find no fault:
ASCII in short lines whatever was in the message, the network's name or our own."""

import email
import email.message
import email.policy
import email.utils
import re

import pytest
from conftest import network, spam

STRICT = email.policy.SMTP.clone(raise_on_defect=True)

MESSAGES = {
    "plain": {},
    "8-bit body": {"body": "Gr\u00fc\u00dfe, \u4f60\u597d \U0001f600\n"},
    "a line of 5000 bytes": {"body": "x" * 5000 + "\n"},
    "a line of 5000 characters": {"body": "\u00fc" * 5000 + "\n"},
    "control characters": {"body": "a\x08\x0c\x7fb\n\x1b[31m\n"},
    "dots and From": {"body": ".\n..\nFrom here\n.\n"},
    "what looks like a boundary": {"body": "--=_portreeve_\n--=_portreeve_x--\n"},
    "no end of line": {"body": "end"},
    "8-bit subject": {"Subject": "Gewinn f\u00fcr S\u00ed\u00e9 \U0001f389 " * 20},
    "subject of one word": {"Subject": "x" * 2000},
    "subject of one 8-bit word": {"Subject": "\u00fc" * 600},
    "subject with a broken encoded word": {"Subject": "=?utf-8?q?=FF=FE?= =?utf-8?b?//4=?="},
    "subject with a line in an encoded word": {"Subject": "=?utf-8?q?a=0D=0ABcc:_x@y.net?="},
    "subject that looks encoded": {"Subject": "=?x?= =?utf-8?q?"},
    "8-bit names": {"From": "J\u00fcrgen M\u00fcller <prize@sender.portreeve-lab.net>"},
    "8-bit address": {"From": "j\u00fcrgen@m\u00fcller.example"},
    "a long list": {"Cc": ", ".join(f"u{i}@other{i}.example" for i in range(300))},
    "8-bit field of no standard": {"X-Mailer": "\u5927\u91cf\u90ae\u4ef6 v1"},
}


def message(**change):
    text = spam()
    head, _, body = text.partition("\n\n")
    body = change.pop("body", body)
    for name, value in change.items():
        old = re.search(rf"^{name}: .*$", head, re.M)
        head = head.replace(old[0], f"{name}: {value}") if old else f"{head}\n{name}: {value}"
    return f"{head}\n\n{body}"


def check_lines(text):
    lines = text.split("\r\n")
    assert all(ord(c) < 128 and c not in "\r\n\0" for line in lines for c in line)
    assert max(map(len, lines)) <= 998
    for line in text.partition("\r\n\r\n")[0].split("\r\n"):
        assert len(line) <= 78 or " " not in line.strip().partition(": ")[2], line
        assert len(re.findall(r"=\?", line)) == 0 or len(line) <= 76, line


def check_once(mail):
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
                 "Auto-Submitted"):
        assert len(mail.get_all(name)) == 1, name
    assert not {"Cc", "Bcc"} & set(mail.keys())
    assert email.utils.parsedate_to_datetime(mail["Date"]).tzinfo


def check_parts(mail, text):
    boundary = mail.get_boundary()
    assert len(boundary) <= 70 and re.fullmatch(r"[0-9A-Za-z'()+_,./:=?-]+", boundary)
    assert text.count(f"\r\n--{boundary}") == 4
    told, feedback, copy = mail.iter_parts()
    assert told.get_content_type() == "text/plain"
    told.get_content()
    assert feedback.get_content_type() == "message/feedback-report"
    assert feedback.get("Content-Transfer-Encoding", "7bit") == "7bit"
    (fields,) = feedback.get_payload()
    for name in ("Feedback-Type", "User-Agent", "Version"):
        assert len(fields.get_all(name)) == 1
    assert not fields.get_payload()
    assert re.fullmatch(r"<[^<>\s]*>", fields["Original-Mail-From"])
    for part in mail.walk():
        assert not part.defects, part.defects
        for value in part.values():
            assert not value.defects, (value, value.defects)
    return copy


def check_report(report):
    text = report["message"]
    text = text if "\r\n" in text else text.replace("\n", "\r\n")
    check_lines(text)
    mail = email.message_from_string(text, policy=STRICT)
    check_once(mail)
    return check_parts(mail, text)


@pytest.mark.parametrize("name", MESSAGES)
def test_message(box, name):
    report = box.report(text=message(**MESSAGES[name]))
    copy = check_report(report)
    assert copy.get_content_type() == "message/rfc822"
    assert copy.get("Content-Transfer-Encoding", "7bit") == "7bit"


NAMES = ["ISP-LAB", "Telef\u00f3nica de Espa\u00f1a", "\u4e2d\u56fd\u7535\u4fe1", "a\r\nBcc: x@y.net",
         "x" * 3000, "=?utf-8?q?x?="]


@pytest.mark.parametrize("name", NAMES)
def test_network_and_operator(box, name):
    box.registry.set("/narrow/ip/198.51.100.25", network(name=name))
    line = name.replace("\r\n", " ")
    box.config.write_text(box.config.read_text().replace('"Portreeve\'s tests"', f'"{line[:200]}"'))
    check_report(box.report())
