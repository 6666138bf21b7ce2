"""One lab for all tests of this directory: every mail server, sound and broken.

It needs root.  The program tested is $PORTREEVE, or build/portreeve.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))

from lab import cast
from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.portreeve import Portreeve

BINARY = Path(os.environ.get("PORTREEVE", TOP / "build" / "portreeve"))


@dataclass
class Peer:
    """A mail server to be judged, at one of its addresses.

    form     the plainest form of the catalogue that it relays; None: none
    verdict  what the tester must say
    """

    host: Host
    address: str
    form: str | None
    verdict: str

    def __str__(self):
        return f"{self.host.name}-{'v6' if ':' in self.address else 'v4'}"


_numbers = iter(range(101, 250))


def peers(server, name, form=None, verdict=None, sound=(), **keywords):
    """A new host; gives one Peer for each of its addresses.

    sound   families ("v4", "v6") in which the open host is closed all the same
    """
    number = next(_numbers)
    host = server(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                  domains=[f"{name}.example"], users=["bob", "postmaster"], **keywords)
    for family, address in (("v4", host.v4), ("v6", host.v6)):
        opened_by = None if family in sound else form
        yield Peer(host, address, opened_by, verdict or ("open" if opened_by else "closed"))


def from_cast():
    """The relays of the demo are peers too."""
    forms = {"open": "E01", "input": "E01", "bypass": "E06"}
    for host in cast.relays():
        for address in host.addresses:
            yield Peer(host, address, forms.get(host.name), host.truth)


PEERS = [
    *from_cast(),

    # The IPv4 part of mynetworks is right.
    *peers(Postfix, "sixopen", "E01", sound=["v4"],
           settings={"mynetworks": "127.0.0.0/8 [::]/0"}),
    # Both offer STARTTLS, and TLS on port 465.
    *peers(Postfix, "tls-closed", tls=True),
    *peers(Postfix, "tls-open", "E01", tls=True, settings={"mynetworks": cast.EVERYBODY}),

    # Takes everybody's mail, as a honeypot does, and throws it away.
    *peers(Postfix, "sinkhole", verdict="accepting",
           settings={"mynetworks": cast.EVERYBODY, "default_transport": "discard:"}),
    # Takes mail for any name of its own domain: that is no relay, whatever the name looks like.
    *peers(Postfix, "catchall", settings={"local_recipient_maps": "", "luser_relay": "bob"}),
    # Takes mail for users it does not have, and bounces it to the sender it was told.
    *peers(Postfix, "bouncer", verdict="backscatter", settings={"local_recipient_maps": ""}),

    *peers(Exim, "exim-closed"),
    *peers(Exim, "exim-open", "E01", relay_from="*"),
    *peers(Exim, "exim-percent", "E14", percent_hack=True),

    *peers(OpenSMTPD, "opensmtpd-closed"),
    *peers(OpenSMTPD, "opensmtpd-open", "E01", relay_from="any"),

    *peers(Sendmail, "sendmail-closed"),
    *peers(Sendmail, "sendmail-open", "E01", features=["promiscuous_relay"]),
    *peers(Sendmail, "sendmail-local", "E06", features=["relay_local_from"]),
]


class Witness(Host):
    """Takes all mail of its domain and notes it: see lab/sink.py."""

    DOMAIN = "witness.example"

    def __init__(self):
        super().__init__("witness", f"mx.{self.DOMAIN}", "203.0.113.10", "2001:db8:3::10",
                         domains=[self.DOMAIN, "stranger.example"])

    def start_services(self):
        self.start("sink.py")
        self.wait_port(25)

    def taken(self):
        """What came, as [(peer, recipient)]."""
        lines = (self.log / "sink.py").read_text().splitlines()
        return [tuple(line.split(" ", 1)) for line in lines]


@pytest.fixture(scope="session")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    witness = Witness()
    hosts = [witness, *dict.fromkeys(peer.host for peer in PEERS)]
    delegations = {}
    probe = None
    if BINARY.exists():
        probe = Portreeve(BINARY, roles=False, wait=5)
        hosts.append(probe)
        delegations = probe.delegations()
    lab = Lab("peers", hosts, delegations)
    lab.witness, lab.probe = witness, probe
    with lab:
        yield lab
