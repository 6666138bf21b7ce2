"""One spam message, from its arrival to the closing of the report about it.

A lab of its own, with real mail servers: the spam is traced, the relay that it
names is nominated, tested, listed and refused, the network's abuse desk gets a
report, the relay is repaired and retested, and that closes the report.
"""

import os

import pytest
from conftest import BINARY

from lab import cast
from lab.lab import Lab
from lab.mta.postfix import Postfix
from lab.portreeve import DOMAIN, ZONE, Portreeve
from lab.wait import wait_until

CONTACTS = "contacts.example"        # a zone with abuse contacts, as Abusix's
DESK = "abuse@desk.isp.example"
US = "reports@reader.example"
READER = "reader@reader.example"

SPAM = """\
From: "Garden Office" <office@garden-office.example>
To: reader@reader.example
Subject: Your garden dwarfs are ready
Message-ID: <dwarfs-1@garden-office.example>
Date: Sat, 21 Nov 2026 10:00:00 +0000

Dear reader, forty dwarfs, painted by hand, half the price until Sunday!
"""

SECTIONS = f"""\
trace {{
    own_hosts = {{"mx.reader.example"}}
}}

report {{
    sources = {{"abusix"}}
    abusix_zone = "{CONTACTS}"
    from = "{US}"
    return_path = "{US}"
    smarthost = "mx.reader.example"
}}
"""


class Play:
    """The hosts, and what they do."""

    def __init__(self):
        self.probe = Portreeve(BINARY, wait=5, tester='trusted_submitters = {"the desk"}',
                               sections=SECTIONS)
        self.relay = cast.relays()[0]
        # The spam must come by the address that is nominated.
        self.relay.settings["smtp_address_preference"] = "ipv4"
        self.receiver = cast.receiver()
        # It is Portreeve's smarthost, too.
        self.receiver.settings["mynetworks"] = f"{cast.LOCAL} {self.probe.v4} [{self.probe.v6}]"
        self.desk = Postfix("desk", "mx.isp.example", "198.51.100.60", "2001:db8:100::60",
                            domains=["desk.isp.example"], users=["abuse", "postmaster"])
        self.number = ".".join(reversed(self.relay.v4.split(".")))
        self.desk.records = (f'{self.number}.{CONTACTS}. TXT "{DESK}"',)
        self.spammer = cast.spammer()
        hosts = [self.probe, self.relay, self.receiver, self.desk, self.spammer]
        self.lab = Lab("closure", hosts, self.probe.delegations())

    def report(self, *arguments):
        """A command of `portreeve report`; gives the one report that it prints."""
        _, (report,) = self.probe.objects("report", *arguments)
        return report

    def answer(self):
        """What the list says of the relay to the receiving server."""
        return self.receiver.run("dig", "+short", f"{self.number}.{ZONE}", "A").stdout.strip()

    def write_as(self, user, recipient, subject):
        """A user of the relay's host writes a mail there."""
        sender = f"{user}@{self.relay.domains[0]}"
        self.relay.run("sendmail", "-f", sender, recipient, user=user,
                       text=f"From: {sender}\nTo: {recipient}\nSubject: {subject}\n\nHello!\n")


@pytest.fixture
def play():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    play = Play()
    with play.lab:
        yield play


def spam_arrives(play):
    """The spammer's mail comes to the reader by way of the relay; gives it, as delivered."""
    play.spammer.run("send.py", play.relay.v4, "--from", "office@garden-office.example",
                     "--to", READER, text=SPAM)
    delivered = play.receiver.wait_mail("reader", "garden dwarfs")
    return delivered.partition("\n")[2]        # without the mailbox's own line


def traced(play, file):
    done, (trace,) = play.probe.objects("trace", "--dns", file)
    assert trace["handover"] == trace["relay"] == play.relay.v4, done.stdout
    assert (trace["origin"], trace["chain"]) == (play.spammer.v4, "linked")
    assert [hop["zone"] for hop in trace["hops"]] == ["handover", "linked"]
    assert {address: (found["name"], found["confirmed"])
            for address, found in trace["dns"].items()} == {
        play.relay.v4: (play.relay.fqdn, True), play.spammer.v4: (play.spammer.fqdn, True)}


def nominated(play, file):
    """Only a trusted submitter's word is a consent; it queues the test."""
    play.probe.portreeve("trace", "--nominate", "--by", "somebody", file)
    _, nominations = play.probe.objects("list", "nominations")
    assert [row["consent"] for row in nominations] == ["none"]
    assert not play.probe.objects("list", "tests")[1]
    play.probe.portreeve("trace", "--nominate", "--by", "the desk", file)
    _, nominations = play.probe.objects("list", "nominations")
    (row,) = [row for row in nominations if row["by"] == "the desk"]
    assert (row["address"], row["consent"]) == (play.relay.v4, "evidence")
    _, (test,) = play.probe.objects("list", "tests")
    assert (test["address"], test["port"]) == (play.relay.v4, 25)


def refused(play):
    """The receiver refuses what comes from the relay; the bounce names the list."""
    wait_until(lambda: play.answer() == "127.0.0.2", "the list to answer in the DNS")
    play.write_as("alice", READER, "Dinner?")
    assert ZONE in play.relay.wait_mail("alice", "blocked using")
    assert "Dinner?" not in play.receiver.mailbox("reader")


def reported(play, file):
    """The abuse desk gets the report; gives its id."""
    sent = play.report(file, "--send")
    assert (sent["state"], sent["contact"], sent["contact_source"]) == ("sent", DESK, "abusix")
    assert sent["source"] == sent["relay"] == play.relay.v4
    mail = play.desk.wait_mail("abuse", "report-type=feedback-report")
    assert f"Source-IP: {play.relay.v4}" in mail
    assert "forty dwarfs" in mail
    assert READER not in mail
    row = play.report("list")
    assert (row["id"], row["state"]) == (sent["id"], "sent")
    return sent["id"]


def repaired(play):
    """The relay's admin repairs it, and asks for the retest by mail from the host."""
    play.relay.change(mynetworks=cast.LOCAL)
    assert play.relay.v4 in play.probe.listed(), "nobody asked, and nobody looked"
    play.write_as("postmaster", f"retest@{DOMAIN}", "Fixed")
    wait_until(lambda: not play.probe.listed(), "the relay to be delisted")


def test_from_message_to_closure(play):
    file = "/tmp/spam.eml"
    play.probe.write(file, spam_arrives(play))
    traced(play, file)
    nominated(play, file)
    wait_until(lambda: play.probe.listed() == {play.relay.v4}, "the relay to be listed")
    refused(play)
    report = reported(play, file)
    repaired(play)
    row = play.report("list")
    assert (row["id"], row["state"]) == (report, "closed")
    assert "retest" in row["why"]
