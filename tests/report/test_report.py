"""From a message to a report, its way to the desk, and what comes of it."""

import base64
import datetime
import email
import email.policy
import email.utils
import hashlib
import json
import re
import socket
import ssl
import subprocess
import threading

import jsonschema
import pytest
from aiosmtpd.smtp import AuthResult
from conftest import ARRIVAL, BINARY, DsnController, Smarthost, network, spam
from terminal import on_terminal

ADDRESS = "198.51.100.25"
DESK = "abuse@isp-lab.net"
DIGEST = r"[a-z2-7]{16}"


def parsed(report):
    return email.message_from_string(report["message"], policy=email.policy.SMTP)


# ---- the two forms ----------------------------------------------------------


def test_arf(box):
    report = box.report()
    mail = parsed(report)
    assert not mail.defects
    assert mail["To"] == DESK and "reports@ours" in mail["From"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(rf"<portreeve-report\.{report['id']}-{DIGEST}@desk\.ours\.portreeve-lab\.org>",
                        mail["Message-ID"])
    # RFC 5965 2 f: the message's subject behind what forwarding puts before it.
    assert re.fullmatch(rf"FW: You have won, {DIGEST} 1", mail["Subject"])
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "feedback-report"
    text, feedback, copy = mail.iter_parts()
    assert [part.get_content_type() for part in (text, feedback, copy)] == [
        "text/plain", "message/feedback-report", "message/rfc822"]
    assert ADDRESS in text.get_content() and "198.51.100.0-198.51.100.127" in text.get_content()
    # The fields of RFC 5965: those that must be there, each once.
    (fields,) = feedback.get_payload()
    names = [name for name, _ in fields.items()]
    for name in ("Feedback-Type", "User-Agent", "Version", "Source-IP", "Incidents",
                 "Arrival-Date", "Reporting-MTA", "Original-Mail-From", "Original-Rcpt-To"):
        assert names.count(name) == 1, name
    assert "Source-Port" not in names
    assert fields["Feedback-Type"] == "abuse" and fields["Version"] == "1"
    assert fields["Source-IP"] == ADDRESS and fields["Incidents"] == "1"
    assert fields["Arrival-Date"] == email.utils.format_datetime(ARRIVAL)
    original = copy.get_content()
    assert not original.defects
    assert original["Message-ID"] == "<spam-1@sender.portreeve-lab.net>"
    assert len(original.get_all("Received")) == 2
    assert all(ord(c) < 128 for c in report["message"])
    assert max(len(line) for line in report["message"].splitlines()) < 998


def test_redaction(box):
    """No recipient and no third person is named, wherever they stand; hosts are."""
    first, second = box.report(), box.report(number=2)
    for report in (first, second):
        evidence = base64.b64decode(report["xarf"]["evidence"][0]["payload"]).decode()
        for text in (report["message"], json.dumps(report["xarf"]), evidence):
            for person in ("jane", "Jane", "bob@", "bob%"):
                assert person not in text, (person, text)
        assert "relay.isp-lab.net" in report["message"]
        assert "dyn-9.access-lab.com [203.0.113.9]" in report["message"]
    # RFC 6590: the same person, the same digest, in all reports.
    _, feedback, copy = parsed(second).iter_parts()
    recipient = feedback.get_payload()[0]["Original-Rcpt-To"]
    assert re.fullmatch(f"<{DIGEST}@ours.portreeve-lab.org>", recipient)
    assert recipient in first["message"]
    body = copy.get_content().get_content()
    assert f"Dear {recipient[1:-1]}," in body
    assert re.search(rf"http://win\.example\.net/\?u={DIGEST}%40ours", body)
    assert re.match(rf"You have won, {DIGEST} 2", copy.get_content()["Subject"])


def test_proved_sender_is_named(box):
    """A sender that its own domain vouches for is no third person."""
    results = ("Authentication-Results: mx.ours.portreeve-lab.org; dmarc=pass"
               " header.from=sender.portreeve-lab.net\n")
    text = spam(replace={"Delivered-To:": results + "Delivered-To:"})
    report = box.report(text=text)
    assert "prize@sender.portreeve-lab.net" in report["message"]
    assert "win@sender" not in report["message"]
    fields = list(parsed(report).iter_parts())[1].get_payload()[0]
    assert "dmarc=pass" in fields["Authentication-Results"]


# XARF 4.2, what its core and messaging/spam ask for, as we read the public specification.
# Stricter in one point: no field that it does not name.
TEXT = {"type": "string"}
CONTACT = {"type": "object", "required": ["org", "contact", "domain"],
           "additionalProperties": False,
           "properties": {"org": {"type": "string", "maxLength": 200},
                          "contact": {"type": "string", "format": "email"},
                          "domain": {"type": "string", "pattern": r"^[a-z0-9.-]+$"}}}
XARF = {
    "type": "object", "additionalProperties": False,
    "required": ["xarf_version", "report_id", "timestamp", "reporter", "sender",
                 "source_identifier", "category", "type", "protocol"],
    "if": {"properties": {"protocol": {"const": "smtp"}}},
    "then": {"required": ["smtp_from", "source_port"]},
    "properties": {
        "xarf_version": {"type": "string", "pattern": r"^4\.[0-9]+\.[0-9]+$"},
        "report_id": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "reporter": CONTACT, "sender": CONTACT,
        "source_identifier": {"type": "string", "format": "ipv4"},
        "source_port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "category": {"const": "messaging"}, "type": {"const": "spam"},
        "protocol": {"enum": ["smtp", "sms", "chat", "social_media", "other"]},
        "smtp_from": {"type": "string", "format": "email"},
        "smtp_to": {"type": "string", "format": "email"},
        "subject": {"type": "string", "maxLength": 500},
        "message_id": {"type": "string", "maxLength": 200},
        "evidence_source": TEXT,
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "description": {"type": "string", "maxLength": 1000},
        "tags": {"type": "array", "maxItems": 20, "items": {
            "type": "string", "pattern": r"^[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+.-]*$"}},
        "evidence": {"type": "array", "maxItems": 50, "minItems": 1, "items": {
            "type": "object", "required": ["content_type", "payload"],
            "additionalProperties": False,
            "properties": {"content_type": TEXT,
                           "description": {"type": "string", "maxLength": 500},
                           "payload": {"type": "string", "pattern": r"^[A-Za-z0-9+/]+={0,2}$"},
                           "hash": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                           "size": {"type": "integer", "minimum": 0, "maximum": 5242880}}}}}}


def validate(xarf):
    jsonschema.Draft202012Validator(
        XARF, format_checker=jsonschema.FormatChecker()).validate(xarf)
    (evidence,) = xarf["evidence"]
    payload = base64.b64decode(evidence["payload"], validate=True)
    assert len(payload) == evidence["size"]
    assert evidence["hash"] == "sha256:" + hashlib.sha256(payload).hexdigest()


def test_xarf(box):
    report = box.report()
    validate(report["xarf"])
    assert report["xarf"]["source_identifier"] == ADDRESS
    # No port is written down, so none is told.
    assert "source_port" not in report["xarf"] and report["xarf"]["protocol"] == "other"
    assert report["xarf"]["tags"] == ["protocol:smtp"]
    assert report["xarf"]["timestamp"] == ARRIVAL.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = json.loads(box.run("show", report["id"], "--xarf").stdout)
    assert shown == report["xarf"]


def test_source_port(box):
    """Where our border wrote the port down, both forms tell it."""
    text = spam(replace={
        "from relay.isp-lab.net (relay.isp-lab.net [198.51.100.25])\n"
        "\tby mx.ours.portreeve-lab.org (Postfix) with ESMTP id 4AB1C2D3E4\n":
        "from relay.isp-lab.net ([198.51.100.25]:50387 helo=friend)\n"
        "\tby mx.ours.portreeve-lab.org with esmtp (Exim 4.96) id 1abcde-000001-AB\n"})
    report = box.report(text=text)
    validate(report["xarf"])
    assert (report["xarf"]["protocol"], report["xarf"]["source_port"]) == ("smtp", 50387)
    fields = list(parsed(report).iter_parts())[1].get_payload()[0]
    assert fields["Source-Port"] == "50387"


def test_xarf_by_mail(box):
    box.configure(report='format = "xarf"')
    report = box.report()
    text, feedback, attached = parsed(report).iter_parts()
    assert feedback.get_payload()[0]["Feedback-Type"] == "xarf"
    assert attached.get_filename() == "xarf.json"
    sent = json.loads(attached.get_content())
    validate(sent)
    assert sent == report["xarf"]
    assert max(len(line) for line in report["message"].splitlines()) < 998


def test_header_only(box):
    box.configure(report="body = no")
    part = list(parsed(box.report()).iter_parts())[2]
    assert part.get_content_type() == "text/rfc822-headers"
    copy = email.message_from_string(part.get_payload(), policy=email.policy.SMTP)
    assert copy["Subject"] and not copy.get_content().strip()
    assert copy["Content-Transfer-Encoding"] == "base64"       # the message's own


def test_origin(box):
    """The believed origin's network, if the user says so."""
    box.registry.set("/wide/ip/203.0.113.9",
                     network("203.0.113.0", "203.0.113.255", "abuse@access-lab.com"))
    report = box.report("--origin")
    assert (report["source"], report["contact"]) == ("203.0.113.9", "abuse@access-lab.com")
    assert report["relay"] == ADDRESS


# ---- one report a network and day -------------------------------------------


def test_incidents(box):
    first = box.report()
    assert (first["state"], first["incidents"]) == ("made", 1)
    # The same message again is not another incident.
    done = box.run("-", text=spam(), code=73)
    assert f"in report {first['id']} already" in done.stderr
    # Another message of another host in the same network is.
    text = spam(2, replace={"[198.51.100.25]": "[198.51.100.99]"})
    box.registry.set("/narrow/ip/198.51.100.99", network())
    second = box.report(text=text)
    assert (second["id"], second["incidents"], second["source"]) == (first["id"], 2,
                                                                      "198.51.100.99")
    assert "Incidents: 2\r\n" in second["message"]
    # Once it is sent, what follows that day is counted, and told the next day.
    box.run("send", first["id"])
    third = box.report(number=3)
    assert (third["id"], third["state"], third["incidents"]) == (first["id"], "sent", 3)
    assert "message" not in third
    assert "Incidents: 2" in box.json("show", first["id"])[0]["message"]
    assert len(box.smarthost.mails) == 1


def test_another_network(box):
    """Outside of the range that the registry named, it is another report."""
    first = box.report()
    box.registry.set("/narrow/ip/198.51.101.1",
                     network("198.51.101.0", "198.51.101.255", "abuse@other-lab.net"))
    other = box.report(text=spam(2, replace={"[198.51.100.25]": "[198.51.101.1]"}))
    assert other["id"] != first["id"] and other["contact"] == "abuse@other-lab.net"


# ---- guards -----------------------------------------------------------------

GUARDS = {
    "a report": ("Content-Type: multipart/report; report-type=feedback-report", "report"),
    "a report of ours": ("X-Portreeve-Report: abcdefgh", "report"),
    "automatic": ("Auto-Submitted: auto-replied", "Auto-Submitted"),
    "an answer": ("In-Reply-To: <portreeve-report.abcdefgh-a@desk>", "answers a report"),
    "a bounce": ("Content-Type: multipart/report; report-type=delivery-status", "bounce"),
}


@pytest.mark.parametrize("case", GUARDS)
def test_guard(box, case):
    line, why = GUARDS[case]
    done = box.run("-", text=spam(replace={"From: ": line + "\nFrom: "}), code=65)
    assert why in done.stderr and len(done.stderr.splitlines()) == 1
    assert not box.registry.asked and not box.names.asked


def test_guard_null_sender(box):
    text = spam(replace={"Return-Path: <win@sender.portreeve-lab.net>": "Return-Path: <>"})
    assert "sender is empty" in box.run("-", text=text, code=65).stderr
    report = box.report("--null-sender", text=text)
    assert report["xarf"]["protocol"] == "other" and "smtp_from" not in report["xarf"]


def test_no_report_to_ourselves(box):
    box.registry.set("/narrow/ip/198.51.100.25", network(email="abuse@ours.portreeve-lab.org"))
    done = box.run("-", text=spam(), code=69)
    assert "it is our own" in done.stderr
    done = box.run("-", "--to", "x@mail.ours.portreeve-lab.org", text=spam(), code=64)
    assert "no report is made to ourselves" in done.stderr


def test_not_our_border(box):
    done = box.run("-", "--own-host", "*.elsewhere-lab.org", text=spam(), code=65)
    assert "handed over to a host of ours" in done.stderr


def test_our_own_report_is_refused(box):
    report = box.report()
    text = spam(replace={"MIME-Version": f"X-Portreeve-Report: {report['id']}\nMIME-Version"})
    box.run("-", text=text, code=65)


def test_made_says_how_to_send(box):
    done = box.run("-", text=spam())
    (row,) = box.json("list")
    assert done.stdout.endswith(
        f'report {row["id"]}: made for {DESK}; "portreeve report send {row["id"]}" sends it\n')


# ---- sending ----------------------------------------------------------------


def test_send(box):
    report = box.report("--send")
    assert report["state"] == "sent" and report["sent"]
    (mail,) = box.smarthost.mails
    token = parsed(report)["Message-ID"].split(".")[1].split("@")[0]
    assert mail.mail_from == f"bounces+{token}@ours.portreeve-lab.org" and mail.rcpt_tos == [DESK]
    assert token.startswith(report["id"])
    # aiosmtpd gives what stood between DATA and the dot.
    assert mail.content.decode() == report["message"]
    assert "cannot" not in box.run("list").stdout
    box.run("send", report["id"], code=65)
    assert len(box.smarthost.mails) == 1


def test_envelope_id(box):
    """A smarthost that offers it is asked to name the report in a bounce (RFC 3461)."""
    box.smarthost.close()
    box.smarthost = Smarthost(DsnController)
    box.configure()
    report = box.report("--send")
    assert report["state"] == "sent"
    token = parsed(report)["Message-ID"].split(".")[1].split("@")[0]
    assert box.smarthost.options == [f"RET=HDRS ENVID={token}", "NOTIFY=FAILURE"]


def test_return_path_delimiter(box):
    box.configure(report='return_path_delimiter = "none"')
    box.report("--send")
    assert box.smarthost.mails[0].mail_from == "bounces@ours.portreeve-lab.org"
    box.configure(report=f'return_path = "{"b" * 39}@ours.portreeve-lab.org"')
    assert "return_path" in box.run("-", text=spam(2), code=78).stderr


def test_wrong_border(box):
    """What is wrong in the configuration is told as its fault, and named."""
    box.configure(general='trace {\n  own_nets = {"10.0.0"}\n}\n')
    done = box.run("-", text=spam(), code=78)
    assert f'{box.config}: trace.own_nets: "10.0.0": expected' in done.stderr
    assert '"10.0.0": expected' in box.run("-", "--own-net", "10.0.0", text=spam(), code=64).stderr


def test_null_return_path(box):
    box.configure(report='return_path = ""')
    # libconfuse takes the later of two values.
    box.report("--send")
    assert box.smarthost.mails[0].mail_from in ("", "<>")


def test_refused_recipient(box):
    box.smarthost.refused[DESK] = "550 5.1.1 no such user"
    done = box.run("-", "--send", text=spam(), code=68)
    assert "no such user" in done.stderr
    (row,) = box.json("list")
    assert row["state"] == "bounced" and "5.1.1" in row["why"]
    # The desk is dead: the next day's report goes elsewhere, or nowhere.
    done = box.run("-", text=spam(2, replace={"[198.51.100.25]": "[198.51.100.99]"}), code=69)
    assert "HTTP" not in done.stderr


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.9", "127.0.0.1"],
                                       ["127.0.0.1", "127.0.0.9"], ["::1", "127.0.0.1"],
                                       ["127.0.0.9", "127.0.0.10", "127.0.0.1", "127.0.0.11"]])
def test_any_address_of_the_smarthost(box, addresses):
    """RFC 5321 5.1: one address after the other, until one answers."""
    box.names.hosts["smart.ours.portreeve-lab.org"] = addresses
    box.config.write_text(box.config.read_text().replace(
        f'"127.0.0.1:{box.smarthost.port}"',
        f'"smart.ours.portreeve-lab.org:{box.smarthost.port}"'))
    report = box.report()
    box.json("send", report["id"])
    assert len(box.smarthost.mails) == 1


def test_no_address_of_the_smarthost_answers(box):
    box.names.hosts["smart.ours.portreeve-lab.org"] = ["127.0.0.9", "127.0.0.10"]
    box.config.write_text(box.config.read_text().replace(
        f'"127.0.0.1:{box.smarthost.port}"',
        f'"smart.ours.portreeve-lab.org:{box.smarthost.port}"'))
    report = box.report()
    box.run("send", report["id"], code=75)
    assert not box.smarthost.mails


def test_refused_for_policy(box):
    """A report that is not liked says nothing about the desk."""
    box.smarthost.refused[DESK] = "550 5.7.1 not from you"
    box.run("-", "--send", text=spam(), code=68)
    assert box.json("contact", ADDRESS)[0]["contact"] == DESK


def test_refused_for_now(box):
    box.smarthost.refused[DESK] = "451 4.3.0 later"
    box.run("-", "--send", text=spam(), code=75)
    (row,) = box.json("list")
    assert row["state"] == "made"
    box.smarthost.refused.clear()
    box.run("send", row["id"])
    assert box.state_of(row["id"])["state"] == "sent"


def test_no_smarthost(box):
    box.configure(report='smarthost = ""')
    done = box.run("-", "--send", text=spam(), code=78)
    assert "report.smarthost" in done.stderr


def test_old_message(box):
    """It needs a yes, when it is made and sent at once as when it is sent later; this is said."""
    old = spam(age=datetime.timedelta(days=5))
    assert "only by --yes: its message came 5 days ago" in box.run("-", "--dry-run", text=old).stderr
    assert "--yes" not in box.run("-", "--dry-run", text=spam()).stderr
    done = box.run("-", "--send", text=old, code=77)
    assert "its message came 5 days ago" in done.stderr and "--yes" in done.stderr
    (row,) = box.json("list")
    assert row["state"] == "made" and box.smarthost.mails == []
    box.run("send", row["id"], code=77)
    box.run("send", row["id"], "--yes")
    assert len(box.smarthost.mails) == 1
    box.configure(report="old_after = 10d")
    box.registry.set("/narrow/ip/198.51.101.1", network("198.51.101.0", "198.51.101.255"))
    text = spam(2, age=datetime.timedelta(days=5), replace={"[198.51.100.25]": "[198.51.101.1]"})
    assert box.report("--send", text=text)["state"] == "sent"


@pytest.mark.parametrize("line, name", [
    ('hostname = "desk.ours.portreeve-lab.org"', "hostname"),
    ('contact = "postmaster@ours.portreeve-lab.org"', "contact")])
def test_nobody_configured(box, line, name):
    """What the machine calls itself sends nothing."""
    text = box.config.read_text()
    assert line in text
    box.config.write_text(text.replace(line, "").replace(
        'from = "reports@ours.portreeve-lab.org"', ""))
    done = box.run("-", "--send", text=spam(), code=78)
    assert f"{name}: expected" in done.stderr and "nobody configured" in done.stderr
    assert box.smarthost.mails == []


def test_own_lines(box):
    text = spam(replace={"From: \"Prize": "List-Id: <team.ours.portreeve-lab.org>\nFrom: \"Prize"})
    assert "team.ours" not in box.report("--dry-run", text=text)["message"]
    message = box.report("--own-lines", text=text)["message"]
    assert "team.ours" in message and "Delivered-To" in message


def test_smarthost_is_away(box):
    box.smarthost.close()
    done = box.run("-", "--send", text=spam(), code=75)
    assert "nobody listens" in done.stderr
    assert box.json("list")[0]["state"] == "made"


def test_terminal_is_a_dry_run(box):
    (box.directory / "spam").write_text(spam())
    with (box.directory / "told").open("w") as told:
        code, shown = on_terminal([BINARY, "report", "-c", box.config, "--state", box.state, "spam"],
                                  cwd=box.directory, stderr=told)
    assert code == 0
    assert b"Feedback-Type: abuse" in shown
    assert "a dry run" in (box.directory / "told").read_text()
    assert box.json("list") == [] and box.smarthost.mails == []


@pytest.mark.parametrize("answer, state", [(b"n\n", "made"), (b"\n", "made"), (b"y\n", "sent")])
def test_terminal_asks(box, answer, state):
    (box.directory / "spam").write_text(spam())
    code, shown = on_terminal([BINARY, "report", "-c", box.config, "--state", box.state, "spam", "--send"],
                              typed=answer, cwd=box.directory, stderr=subprocess.DEVNULL)
    assert code == 0
    assert shown.index(b"Feedback-Type: abuse") < shown.index(b"Send this to abuse@isp-lab.net?")
    assert box.json("list")[0]["state"] == state
    assert len(box.smarthost.mails) == (state == "sent")


# ---- what becomes of it -----------------------------------------------------


def bounce(report, status="5.1.1", action="failed", recipient=DESK, body="", returned=True):
    original = report["message"] if returned else "From: nobody@example.org\r\n\r\n"
    return f"""\
From: MAILER-DAEMON@mail.isp-lab.net
To: bounces@ours.portreeve-lab.org
Subject: Undelivered mail
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
{body}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.isp-lab.net

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} unknown user

--b
Content-Type: message/rfc822

{original}
--b--
"""


def came_back(report, text, sender="", **fields):
    """What a mail server delivers to the envelope sender of a report."""
    token = parsed(report)["Message-ID"].split(".")[1].split("@")[0]
    lines = [f"Return-Path: <{sender}>", f"Delivered-To: bounces+{token}@ours.portreeve-lab.org",
             *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\n".join(lines) + "\n\n" + text


def test_from_message_to_dead_contact(box):
    """The whole way: message, report, smarthost, bounce, dead contact, another contact."""
    report = box.report("--send")
    assert len(box.smarthost.mails) == 1
    done = box.run("bounce", "-", text=bounce(report))
    assert f"{DESK}: dead" in done.stdout
    row = box.state_of(report["id"])
    assert row["state"] == "bounced" and "5.1.1" in row["why"]
    # Its network's next report goes to whom the next source names.
    box.names.records["25.100.51.198.abuse-contacts.abusix.zone"] = ["noc@backup-lab.net"]
    box.configure(sources='"rdap", "abusix"', report="cache = 0")
    answer = box.json("contact", ADDRESS)[0]
    assert answer["contact"] == "noc@backup-lab.net"
    assert [one["source"] for one in answer["answers"]] == ["rdap", "abusix"]
    # After a while it is given another chance.
    box.configure(report="dead_for = 0")
    assert box.json("contact", ADDRESS)[0]["contact"] == DESK


def test_bounces_that_do_not_count(box):
    report = box.report("--send")
    made_up = "Message-ID: <portreeve-report.aaaaaaaa-aaaaaaaaaaaaaaaa@x>\r\n\r\n"
    by_id = f"Message-ID: <portreeve-report.{report['id']}@x>\r\n\r\n"
    for text in (bounce(report, returned=False), spam(), bounce({"message": made_up}),
                 bounce({"message": by_id}),
                 came_back(report, "What is this?", sender="joe@isp-lab.net", From="joe@isp-lab.net")):
        assert len(box.run("bounce", "-", text=text, code=65).stderr.splitlines()) == 1
    assert "only a delay" in box.run(
        "bounce", "-", text=bounce(report, action="delayed", status="4.4.1")).stdout
    assert "an automatic answer" in box.run("bounce", "-", text=came_back(
        report, "Thank you for your report.", From=DESK, Auto_Submitted="auto-replied")).stdout
    assert box.state_of(report["id"])["state"] == "sent"
    # A spammer's text, returned within a mere delay, is no bounce.
    forged = dict(report, message=report["message"] + "\r\nFinal-Recipient: rfc822; " + DESK +
                  "\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n")
    box.run("bounce", "-", text=bounce(forged, action="delayed", status="4.4.1"))
    assert box.state_of(report["id"])["state"] == "sent"
    # A full mailbox, or somebody else behind the desk, does not kill the desk.
    box.run("bounce", "-", text=bounce(report, recipient="late@elsewhere-lab.net"))
    assert box.state_of(report["id"])["state"] == "bounced"
    assert box.json("contact", ADDRESS)[0]["contact"] == DESK


QMAIL = f"""\
Hi. This is the qmail-send program at mail.isp-lab.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{DESK}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

"""
DAEMON = "MAILER-DAEMON@mail.isp-lab.net"


def test_bounce_of_qmail(box):
    report = box.report("--send")
    text = came_back(report, QMAIL + report["message"], From=DAEMON, Subject="failure notice")
    assert f"{DESK}: dead" in box.run("bounce", "-", text=text).stdout
    assert "no mailbox" in box.state_of(report["id"])["why"]


def test_bounce_of_no_form(box):
    """Whatever it is: with the null sender, to the address that only this report had."""
    report = box.report("--send")
    text = came_back(report, "It did not work out.\n", From=DAEMON, Subject="Sorry")
    assert box.json("bounce", "-", text=text) == [{"id": report["id"], "state": "bounced"}]
    assert box.state_of(report["id"])["why"] == "Sorry"
    # Why is not told: the desk gets another chance, but not a third.
    assert box.json("contact", ADDRESS)[0]["contact"] == DESK
    box.registry.set("/narrow/ip/198.51.101.1", network("198.51.101.0", "198.51.101.255"))
    second = box.report("--send", text=spam(2, replace={"[198.51.100.25]": "[198.51.101.1]"}))
    assert second["id"] != report["id"] and second["contact"] == DESK
    text = came_back(second, "It did not work out.\n", From=DAEMON, Subject="Sorry")
    assert f"{DESK}: dead" in box.run("bounce", "-", text=text).stdout
    assert "contact" not in box.json("contact", ADDRESS, code=69)[0]


def test_bounce_comes_late_or_twice(box):
    """A state is never taken back, but a dead desk is a dead desk."""
    report = box.report("--send")
    box.run("close", report["id"])
    done = box.run("bounce", "-", text=bounce(report))
    assert f"{DESK}: dead" in done.stdout and "closed" in done.stdout
    box.run("bounce", "-", text=bounce(report))
    assert box.state_of(report["id"])["why"] == "the operator's word"


def test_bounce_of_a_nomination(box):
    """It says nothing about the report."""
    (box.directory / "list.eml").write_text(TEMPLATE)
    box.configure(report='templates = {"list.eml"}')
    report = box.report("--nominate", "--send")
    sent = box.smarthost.mails[1].content.decode()
    box.run("bounce", "-", text=bounce({"message": sent}, recipient="relays@list-lab.net"), code=65)
    assert box.state_of(report["id"])["state"] == "sent"
    assert box.smarthost.mails[1].mail_from == "bounces@ours.portreeve-lab.org"


def test_states(box):
    report = box.report("--send")
    box.run("answer", report["id"], "--why", "they shut it off")
    row = box.state_of(report["id"])
    assert (row["state"], row["why"]) == ("answered", "they shut it off")
    box.run("close", report["id"])
    assert box.state_of(report["id"])["state"] == "closed"
    box.run("answer", report["id"], code=77)
    box.run("close", "nosuchid", code=66)
    assert "closed" in box.run("list").stdout


# ---- nominations ------------------------------------------------------------


def test_nominate_here(box):
    box.report("--nominate", "--by", "stranger")
    box.configure(tester='trusted_submitters = {"spamtrap"}')
    box.report("--nominate", "--by", "spamtrap", number=2)
    rows = [json.loads(line) for line in
            box.other("list", "nominations", "--json").stdout.splitlines()]
    assert {(row["address"], row["by"], row["consent"], row["message"]) for row in rows} == {
        (ADDRESS, "stranger", "none", True), (ADDRESS, "spamtrap", "evidence", True)}


TEMPLATE = """\
To: Nominations <relays@list-lab.net>
Subject: Relay {{relay}}

Please test {{ relay }}, which took spam at {{time}} (report {{id}}).

{{header}}
"""


def test_nominate_there(box):
    (box.directory / "list.eml").write_text(TEMPLATE)
    box.configure(report='templates = {"list.eml"}')
    report = box.report("--nominate", "--send")
    arf, mail = box.smarthost.mails
    assert arf.rcpt_tos == [DESK] and mail.rcpt_tos == ["relays@list-lab.net"]
    sent = email.message_from_bytes(mail.content, policy=email.policy.SMTP)
    assert not sent.defects
    assert sent["Subject"] == f"Relay {ADDRESS}"
    assert sent["Auto-Submitted"] == "auto-generated"
    text = sent.get_content()
    assert f"report {report['id']}" in text and "Received: from relay.isp-lab.net" in text
    assert "jane" not in text


@pytest.mark.parametrize("template", [
    "To: x@list-lab.net\n\n{{password}}\n", "To: {{contact}}\n\nhello\n",
    "Subject: nobody\n\nhello\n", "To: x@list-lab.net\nSubject: {{header}}\n\nhello\n",
    "no header at all\n", "To: x@list-lab.net\n\n{{relay\n", ""])
def test_bad_template(box, template):
    (box.directory / "list.eml").write_text(template)
    box.configure(report='templates = {"list.eml"}')
    done = box.run("-", "--nominate", "--send", text=spam(), code=78)
    assert "list.eml" in done.stderr
    assert len(box.smarthost.mails) == 1       # the report itself


# ---- TLS and login ----------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """For 127.0.0.1, and only our own authority vouches for it."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=lab",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key",
                    "-out", folder / "cert"], check=True, capture_output=True)
    return folder


def tls_smarthost(box, certificate, **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert", certificate / "key")
    box.smarthost.close()
    box.smarthost = Smarthost(tls_context=context, **options)
    return box.smarthost


def test_tls_if_offered(box, certificate):
    smarthost = tls_smarthost(box, certificate, require_starttls=True)
    box.configure()
    assert box.report("--send")["state"] == "sent"
    assert len(smarthost.mails) == 1


def test_tls_that_proves_nothing(box, certificate):
    smarthost = tls_smarthost(box, certificate)
    box.configure(report='smarthost_tls = "must"')
    done = box.run("-", "--send", text=spam(), code=75)
    assert "TLS with the smarthost failed" in done.stderr
    assert smarthost.mails == []


def test_tls_that_proves_the_smarthost(box, certificate, monkeypatch):
    tls_smarthost(box, certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))
    certificate.parent.chmod(0o755)
    certificate.parent.parent.chmod(0o755)
    certificate.chmod(0o755)
    box.configure(report='smarthost_tls = "must"')
    assert box.report("--send")["state"] == "sent"


def test_tls_is_demanded(box):
    box.configure(report='smarthost_tls = "must"')
    done = box.run("-", "--send", text=spam(), code=75)
    assert "offers no TLS" in done.stderr
    assert box.smarthost.mails == []


def login_box(box, password):
    def check(server, session, envelope, mechanism, data):
        box.smarthost.logins.append((mechanism, data.login, data.password))
        return AuthResult(success=data.password == b"p\xc3\xa4ss word", handled=False)

    box.smarthost.close()
    box.smarthost = Smarthost(authenticator=check, auth_required=True, auth_require_tls=False)
    (box.directory / "password").write_text(password + "\n")
    (box.directory / "password").chmod(0o644)
    box.configure(report='smarthost_user = "reporter"\n'
                  f'smarthost_password_file = "{box.directory}/password"')


def test_login(box):
    login_box(box, "päss word")
    assert box.report("--send")["state"] == "sent"
    assert box.smarthost.logins == [("PLAIN", b"reporter", "päss word".encode())]
    assert b"AUTH" not in box.smarthost.mails[0].content


def test_login_fails(box):
    login_box(box, "wrong")
    done = box.run("-", "--send", text=spam(), code=69)
    assert "535" in done.stderr and "wrong" not in done.stderr
    assert box.json("list")[0]["state"] == "made"


def test_no_password(box):
    box.configure(report='smarthost_user = "reporter"\nsmarthost_password_file = "nowhere"')
    done = box.run("-", "--send", text=spam(), code=78)
    assert "smarthost_password_file" in done.stderr


# ---- what is said, and how it is left -----------------------------------------


def scripted(box, replies):
    """Talks once by a table of (prefix of a command, reply); what the client said."""
    said = []
    listener = socket.create_server(("127.0.0.1", 0))
    box.smarthost.port = listener.getsockname()[1]

    def talk():
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as wire:
            wire.write(b"220 smart.test\r\n")
            for line in wire:
                said.append(line.decode().rstrip("\r\n"))
                reply = next((r for p, r in replies if said[-1].startswith(p)), None)
                reply = reply or ("221 bye" if said[-1] == "QUIT" else "250 ok")
                wire.write(reply.replace("\n", "\r\n").encode() + b"\r\n")
                if said[-1] == "QUIT" or reply.startswith("421"):
                    break
        listener.close()

    talker = threading.Thread(target=talk, daemon=True)
    talker.start()
    return said, talker


@pytest.mark.parametrize("replies, said, words", [
    ([("EHLO", "421 not now")], ["EHLO"], "421"),
    ([("EHLO", "451 later")], ["EHLO", "QUIT"], "451"),
    ([("EHLO", "550 not you")], ["EHLO", "QUIT"], "550"),
    ([("EHLO", "500 what"), ("MAIL", "550 no")], ["EHLO", "HELO", "MAIL", "QUIT"], "550"),
    ([("EHLO", "502 what"), ("HELO", "550 no")], ["EHLO", "HELO", "QUIT"], "550"),
    ([("MAIL", "421 closing")], ["EHLO", "MAIL"], "421"),
    ([("RCPT", "550 5.1.1 nobody")], ["EHLO", "MAIL", "RCPT", "QUIT"], "nobody"),
    ([("DATA", "451 later")], ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"], "451"),
])
def test_leaves_by_quit(box, replies, said, words):
    heard, talker = scripted(box, replies)
    box.configure()
    done = box.run("-", "--send", text=spam(), code=None)
    talker.join(10)
    assert done.returncode in (68, 69, 75) and words in done.stderr
    assert [line.split()[0] for line in heard] == said


def b64(text):
    return base64.b64encode(text.encode()).decode()


LONG = "p" * 3000


@pytest.mark.parametrize("offer, password, replies, said", [
    ("AUTH PLAIN LOGIN", "pw", [("AUTH", "235 in")], ["AUTH PLAIN " + b64("\0reporter\0pw")]),
    ("AUTH LOGIN", "pw", [("AUTH", "334 VXNlcm5hbWU6"), (b64("reporter"), "334 UGFzc3dvcmQ6"),
                          (b64("pw"), "235 in")], ["AUTH LOGIN", b64("reporter"), b64("pw")]),
    ("AUTH PLAIN", LONG, [("AUTH", "334 "), (b64("\0reporter\0" + LONG), "235 in")],
     ["AUTH PLAIN", b64("\0reporter\0" + LONG)]),
    ("AUTH PLAIN", "pw", [("AUTH", "334 "), ("*", "501 cancelled")],
     ["AUTH PLAIN " + b64("\0reporter\0pw"), "*", "QUIT"]),
    ("AUTH CRAM-MD5 NTLM", "pw", [], ["QUIT"]),
    ("SIZE 1000", "pw", [], ["QUIT"]),
    ("AUTH PLAIN", "pw", [("AUTH", "535 5.7.8 no")],
     ["AUTH PLAIN " + b64("\0reporter\0pw"), "QUIT"]),
])
def test_mechanisms(box, offer, password, replies, said):
    heard, talker = scripted(box, [("EHLO", "250-smart.test\n250 " + offer),
                                   ("DATA", "550 enough"), *replies])
    (box.directory / "password").write_text(password + "\n")
    (box.directory / "password").chmod(0o644)
    box.configure(report='smarthost_user = "reporter"\n'
                  f'smarthost_password_file = "{box.directory}/password"')
    done = box.run("-", "--send", text=spam(), code=None)
    talker.join(10)
    assert done.returncode in (69, 75)
    assert heard[1:1 + len(said)] == said
    assert heard[-1] == "QUIT"
    assert b64("pw") not in done.stderr
    if not offer.startswith("AUTH PLAIN") and not offer.startswith("AUTH LOGIN"):
        assert "offers no login" in done.stderr
