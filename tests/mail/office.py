# SPDX-License-Identifier: ISC
"""The lab of these tests: the gateway, real mail servers around it, users' machines and strangers."""

from lab.gateway import Gateway
from lab.host import Host
from lab.lab import Lab
from lab.mta.dovecot import AUTH, LMTP, Dovecot
from lab.mta.exim import Exim
from lab.mta.postfix import Postfix
from lab.portreeve import Portreeve

OURS, DOVE = "ours.example", "dove.example"
ALICE, BOB = f"alice@{OURS}", f"bob@{OURS}"
PASSWORDS = {ALICE: "correct horse", BOB: "battery staple"}
DORA, DAVID = f"dora@{DOVE}", f"david@{DOVE}"
DOVES = {DORA: "olive branch", DAVID: "white feather"}
CAROL, DAVE = "carol@postfix.example", "dave@exim.example"
RECIPIENTS = "/etc/dove.recipients"
LISTED, LIST = "203.0.113.66", "list.example"


class DoveGateway(Dovecot, Gateway):
    """The edge in front of Dovecot, which has the mailboxes and the passwords."""

    packages = Gateway.packages + Dovecot.packages
    system_accounts = Gateway.system_accounts + Dovecot.system_accounts

    def configure(self):
        self.write(RECIPIENTS, f"{DORA}\n{DAVID}\n")
        super().configure()

    def start_services(self):
        self.start_dovecot(DOVES)
        super().start_services()


class Client(Host):
    """A user's machine."""

    packages = ("swaks", "libnet-ssleay-perl", "msmtp", "curl", "gsasl")


class Witness(Host):
    """Takes all mail and notes it: see lab/sink.py."""

    def start_services(self):
        self.start("sink.py")
        self.wait_port(25)

    def taken(self):
        return [tuple(line.split(" ", 1)) for line in (self.log / "sink.py").read_text().splitlines()]


class Office(Lab):
    def __init__(self, binary):
        self.gateway = Gateway(
            binary, "gateway", f"mx.{OURS}", "192.0.2.20", "2001:db8:2::20", domains=[OURS],
            accounts=PASSWORDS, settings={"blocklists": [LIST]})
        self.dove = DoveGateway(
            binary, "dove", f"mx.{DOVE}", "192.0.2.30", "2001:db8:2::30", domains=[DOVE],
            settings={"auth": f"dovecot:{AUTH}", "transports": [f"{DOVE} lmtp:{LMTP}"],
                      "recipients": [f"{DOVE} {RECIPIENTS}"]})
        self.postfix = Postfix(
            "postfix", "mail.postfix.example", "198.51.100.10", "2001:db8:100::10",
            domains=["postfix.example"], users=["carol", "postmaster"], tls=True,
            settings={"smtp_tls_security_level": "encrypt", "smtp_tls_loglevel": "1"})
        self.exim = Exim("exim", "mail.exim.example", "198.51.100.20", "2001:db8:100::20",
                         domains=["exim.example"], users=["dave", "postmaster"], tls=True)
        self.listed = Postfix("listed", "mail.listed.example", LISTED, "2001:db8:3::66",
                              domains=["listed.example"], users=["eve", "postmaster"],
                              settings={"smtp_address_preference": "ipv4"})
        self.client = Client("client", "laptop.ours.example", "203.0.113.5", "2001:db8:3::5")
        self.witness = Witness("witness", "mx.witness.example", "203.0.113.10", "2001:db8:3::10",
                               domains=["witness.example", "stranger.example"])
        self.witness.records = (
            f"2.0.0.127.{LIST}. A 127.0.0.2", f"66.113.0.203.{LIST}. A 127.0.0.2",
            f'66.113.0.203.{LIST}. TXT "open relay, see https://list.example/?ip=203.0.113.66"')
        self.probe = Portreeve(binary, roles=False, wait=5)
        super().__init__("mail", [self.gateway, self.dove, self.postfix, self.exim, self.listed,
                                  self.client, self.witness, self.probe], self.probe.delegations())

    def submit(self, recipient, subject, sender=ALICE, server=None, password=None, body="Hello."):
        """A user sends by swaks; it must go well."""
        server = server or self.gateway
        return self.client.run(
            "swaks", "--server", server.v4, "--port", "587", "-tls", "--auth", "PLAIN",
            "--auth-user", sender, "--auth-password", password or PASSWORDS[sender],
            "--from", sender, "--to", recipient, "--header", f"Subject: {subject}", "--body", body,
            "--h-From", sender)
