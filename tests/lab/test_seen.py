"""By which address a real server saw the tester, read from its own Received line.

Each server is behind a proxy at one port, as in a container, and trusts the proxy's address: it is
open there, and says why.  At port 25 it sees who comes, and is closed.  One more is open to all.
"""

import json
import os
import subprocess
from dataclasses import dataclass

import pytest
from conftest import BINARY

from lab import cast
from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.portreeve import Portreeve, ZONE
from lab.wait import wait_until

RANGES = "198.51.100.0/24", "2001:db8:100::/64"
PUBLISHED = 2525
LOST = "your clients' addresses are lost before they reach it"

BRIDGE = ("172.18.0.2", "172.18.0.1")
LOOPBACK = ("127.0.0.1", "127.0.0.1")


def behind(server, onwards):
    """The server with a proxy before it, from one address of the machine to another."""
    class Behind(server):
        def configure(self):
            for address in {*onwards} - {"127.0.0.1"}:
                self.run("ip", "address", "add", f"{address}/16", "dev", "lo")
            super().configure()

        def start_services(self):
            super().start_services()
            self.start("proxy.py", PUBLISHED, *onwards)
            self.wait_port(PUBLISHED)
    return Behind


@dataclass
class Seen:
    host: Host
    address: str
    seen: str | None      # by the server
    causes: list          # the first of them
    port: int = PUBLISHED

    def __str__(self):
        return f"{self.host.name}-{self.address}-{self.port}"

    @property
    def known(self):
        return "2001:db8:2::10" if ":" in self.address else "192.0.2.10"


def host(server, number, name, **keywords):
    return server(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                  domains=[f"{name}.example"], users=["bob", "postmaster"], **keywords)


POSTFIX = host(behind(Postfix, BRIDGE), 101, "postfix",
               settings={"mynetworks": "127.0.0.0/8 172.18.0.0/16"})
EXIM = host(behind(Exim, LOOPBACK), 102, "exim")
SENDMAIL = host(behind(Sendmail, LOOPBACK), 103, "sendmail", macros=(
    "DAEMON_OPTIONS(`Family=inet, Name=MTA-lo, Port=smtp, Addr=127.0.0.1')dnl\n"))
OPENSMTPD = host(behind(OpenSMTPD, LOOPBACK), 104, "opensmtpd")
TO_ALL = host(Postfix, 105, "all",
              settings={"mynetworks": cast.EVERYBODY, "smtpd_banner": "$myhostname ESMTP"})

HOSTS = [POSTFIX, EXIM, SENDMAIL, OPENSMTPD, TO_ALL]
OPEN = [
    Seen(POSTFIX, POSTFIX.v4, "172.18.0.1", ["C2", "C1", "C3"]),
    Seen(POSTFIX, POSTFIX.v6, "172.18.0.1", ["C1", "C2"]),
    Seen(EXIM, EXIM.v4, "127.0.0.1", ["C5", "C2"]),
    Seen(SENDMAIL, SENDMAIL.v4, "127.0.0.1", ["C5", "C2"]),
    Seen(OPENSMTPD, OPENSMTPD.v4, "127.0.0.1", ["C5", "C2"]),
    Seen(TO_ALL, TO_ALL.v4, None, [], 25),
]
LOSING = [one for one in OPEN if one.seen]


class Field:
    def __init__(self):
        self.probe = Portreeve(BINARY, wait=3)
        self.lab = Lab("seen", [self.probe, *HOSTS], self.probe.delegations())

    def judge(self):
        """{(address, port): result} of all, from one command."""
        _, objects = self.probe.objects("test", "--port", f"25,{PUBLISHED}", *(
            address for host in HOSTS for address in host.addresses), check=False)
        return {(result["address"], result["port"]): result for result in objects}


@pytest.fixture(scope="module")
def field():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    field = Field()
    with field.lab:
        for allowed in RANGES:
            field.probe.portreeve("permit", "add", allowed, "--consent", "owner", "--by", "the tests")
        field.results = field.judge()
        yield field


each_open = pytest.mark.parametrize("one", OPEN, ids=str)
each_losing = pytest.mark.parametrize("one", LOSING, ids=str)


@each_open
def test_the_test_says_it(field, one):
    result = field.results[one.address, one.port]
    assert result["verdict"] == "open", result["reason"]
    assert result.get("seen_as") == one.seen
    assert result.get("known_as") == (one.known if one.seen else None)
    assert result["causes"][:len(one.causes)] == one.causes


@pytest.mark.parametrize("server", HOSTS[:-1], ids=lambda server: server.name)
def test_closed_where_it_sees_who_comes(field, server):
    for address in server.addresses:
        assert field.results[address, 25]["verdict"] == "closed"
        assert "seen_as" not in field.results[address, 25]


@each_open
def test_evidence_says_it(field, one):
    id = field.results[one.address, one.port]["evidence"]
    signed = json.loads(field.probe.portreeve("evidence", "show", id, "--json").stdout)
    assert signed["seen_as"] == (one.seen or "")
    assert signed["known_as"] == (one.known if one.seen else "")
    page = " ".join(field.probe.portreeve("evidence", "show", id).stdout.split())
    html = field.probe.portreeve("evidence", "show", id, "--html", "-").stdout
    said = f"the server saw us as {one.seen}, not {one.known}: {LOST}"
    assert (said in page) == bool(one.seen)
    assert ("the server saw us" in html) == bool(one.seen)


@each_open
def test_the_listing_says_it(field, one):
    (listing,) = field.probe.objects("list", one.address)[1]
    assert listing.get("seen_as") == one.seen
    assert listing["causes"][:len(one.causes)] == one.causes
    text = " ".join(field.probe.portreeve("list", one.address).stdout.split())
    assert ("the server saw us as" in text) == bool(one.seen)


@each_open
def test_dns_says_it(field, one):
    reverse = field.probe.run("python3", "-c", "import ipaddress, sys; print(ipaddress.ip_address("
                              "sys.argv[1]).reverse_pointer)", one.address).stdout
    name = reverse.strip().rsplit(".", 2)[0] + "." + ZONE

    def answer():
        return field.probe.run("dig", "+short", f"@{field.probe.v4}", name, "TXT").stdout
    text = wait_until(answer, f"{name} to be answered")
    assert (f"the server saw us as {one.seen}, not {one.known}" in text) == bool(one.seen)
    assert len(text.strip().strip('"')) <= 255


def test_named_by_its_line_where_its_greeting_hides_it(field):
    result = field.results[TO_ALL.v4, 25]
    assert result["mta"] == "postfix"
    done = field.probe.portreeve("evidence", "show", result["evidence"])
    assert "is a guess by its Received line" in " ".join(done.stdout.split())


def test_in_words(field):
    """Of a server that is tested again."""
    done = field.probe.portreeve("test", "--port", str(PUBLISHED), POSTFIX.v4, check=False)
    text = " ".join(done.stdout.split())
    assert f"the server saw us as 172.18.0.1, not 192.0.2.10: {LOST}" in text
    assert "172.16.0.0/12, which Docker's bridges have by default" in text
    assert "Likeliest cause, C2: " in text
