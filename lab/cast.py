"""The hosts of the demo: who they are, and what they really are."""

from .gateway import Gateway
from .host import Host
from .mta.postfix import Postfix
from .portreeve import ZONE

EVERYBODY = "0.0.0.0/0 [::]/0"
LOCAL = "127.0.0.0/8 [::1]/128"


def relays():
    """The mail servers that are nominated, open and closed ones."""
    output = Postfix(
        "output", "out.multihop.example", "198.51.100.31", "2001:db8:100::31",
        truth="closed", story="takes mail from its own input host only",
        settings={"mynetworks": f"{LOCAL} 198.51.100.30 [2001:db8:100::30]"})
    return [
        Postfix("open", "relay.open.example", "198.51.100.10", "2001:db8:100::10",
                domains=["open.example"], users=["alice", "postmaster"],
                truth="open", story="mynetworks holds the whole Internet",
                settings={"mynetworks": EVERYBODY}),
        Postfix("closed", "mail.closed.example", "198.51.100.20", "2001:db8:100::20",
                domains=["closed.example"], users=["bob", "postmaster"],
                truth="closed", story="properly configured"),
        Postfix("input", "in.multihop.example", "198.51.100.30", "2001:db8:100::30",
                domains=["multihop.example"], users=["carol", "postmaster"],
                truth="open", story=f"hands everybody's mail to {output.fqdn}",
                settings={"mynetworks": EVERYBODY, "relayhost": f"[{output.fqdn}]"}),
        output,
        Postfix("bypass", "mail.bypass.example", "198.51.100.40", "2001:db8:100::40",
                domains=["bypass.example"], users=["dave", "postmaster"],
                truth="open", story="believes whoever says to be a local sender",
                settings={"smtpd_relay_restrictions":
                          "permit_mynetworks, "
                          "check_sender_access inline:{bypass.example=OK}, "
                          "reject_unauth_destination"}),
    ]


def receiver():
    """A mail server whose admin uses the list."""
    server = Postfix(
        "receiver", "mx.reader.example", "192.0.2.25", "2001:db8:2::25",
        domains=["reader.example"], users=["reader", "postmaster"],
        settings={"smtpd_recipient_restrictions":
                  f"permit_mynetworks, reject_unauth_destination, reject_rbl_client {ZONE}",
                  # A Postfix server process keeps what a list said for as long as it lives.
                  "max_use": "1"})
    server.packages += ("bind9-dnsutils",)
    return server


def spammer():
    """A machine on some dial-up line, without a mail server."""
    return Host("spammer", "line-66.access.example", "203.0.113.66", "2001:db8:3::66")


PASSWORD = "not the dog's name"


def isp(binary):
    """A provider whose mail server is Portreeve's own, and uses the list."""
    return Gateway(binary, "isp", "mx.isp.example", "192.0.2.40", "2001:db8:2::40",
                   domains=["isp.example"], accounts={"ann@isp.example": PASSWORD}, truth="closed",
                   story="Portreeve's gateway", settings={"blocklists": [ZONE]})


def laptop():
    """A customer of that provider, on the road."""
    host = Host("laptop", "line-7.access.example", "203.0.113.7", "2001:db8:3::7")
    host.packages = ("curl",)
    return host
