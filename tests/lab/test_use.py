"""What `portreeve use` prints, in the servers that it is for, against our own DNS.

A lab of its own.  Each server has what was printed laid into a sound configuration; a client that
is listed gets a refusal (or a symbol) that says why, one that is not listed gets none, and neither
does an answer by which a resolver tells of an error.
"""

import json
import os
import re
import subprocess
import tempfile

import pytest
from conftest import BINARY

from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.postfix import Postfix
from lab.portreeve import ZONE, Portreeve
from lab.wait import wait_until

# What a resolver may answer for every name: an error, another's code, and a proof.
ANSWERS = {"errors.example": "127.255.255.254", "others.example": "127.0.0.9",
           "proved.example": "127.0.0.2"}
WHY = "spam was seen"
SENDER = "bob@postfix.example"        # exists, which Exim wants to know
MESSAGE = "From: <a@sender.example>\nTo: <bob@{domain}>\nSubject: Hello\n\nHello!\n"


class Probe(Portreeve):
    records = tuple(f"*.{zone}. A {answer}" for zone, answer in ANSWERS.items())


def printed(server, zone=ZONE):
    """{file: text} of `portreeve use` with that zone in the configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write(f'dnsbl {{ zone = "{zone}" }}\n')
        conf.flush()
        done = subprocess.run([BINARY, "use", server, "-c", conf.name, "--json"], check=True,
                              capture_output=True, text=True)
    objects = map(json.loads, done.stdout.splitlines())
    return {found["file"]: found["text"] for found in objects}


class WithPostfix(Postfix):
    server = "postfix"
    zone = ZONE

    def configure(self):
        super().configure()
        files = printed(self.server, self.zone)
        self.write("/etc/postfix/main.cf",
                   self.read("/etc/postfix/main.cf") + files.pop("/etc/postfix/main.cf"))
        for text in files.values():
            master = re.sub(r"^smtp +inet.*\n", "", self.read("/etc/postfix/master.cf"), flags=re.M)
            self.write("/etc/postfix/master.cf", master + text)

    def use(self, zone):
        if zone == self.zone:
            return
        self.zone = zone
        self.configure()
        self.run("postfix", "reload")


class WithPostscreen(WithPostfix):
    """A client is not remembered: each is asked about, and nobody waits long."""

    server = "postscreen"

    def configure(self):
        self.settings |= {"postscreen_cache_map": "", "postscreen_greet_wait": "2s"}
        super().configure()


class WithExim(Exim):
    zone = ZONE

    def configure(self):
        super().configure()
        (text,) = printed("exim", self.zone).values()
        self.write("/etc/exim4/exim4.conf", self.read("/etc/exim4/exim4.conf").replace(
            "acl_check_rcpt:\n", f"acl_check_rcpt:\n{text}\n"))
        self.run("exim4", "-bV")

    def use(self, zone):
        if zone != self.zone:
            self.change(zone=zone)


class WithSpamAssassin(Host):
    packages = ("spamassassin",)

    def configure(self):
        self.write("/etc/spamassassin/local.cf",
                   f"dns_available yes\ntrusted_networks {self.v4} {self.v6}\nuse_bayes 0\n"
                   "dns_query_restriction deny *\n"
                   f"dns_query_restriction allow {ZONE} {' '.join(ANSWERS)}\n")
        self.use(ZONE)

    def use(self, zone):
        for file, text in printed("spamassassin", zone).items():
            self.write(file, text)
        assert not self.run("spamassassin", "--lint").stdout

    def symbols(self, client):
        done = self.run("spamassassin", "--test-mode",
                        text=f"Received: from client.example (client.example [{client}])\n"
                             f"\tby {self.fqdn} (Postfix) with ESMTP id 4XyZ1234Abz\n"
                             "\tfor <bob@filter.example>; Sat, 28 Nov 2026 06:00:00 +0000\n"
                             + MESSAGE.format(domain="filter.example"))
        return set(re.findall(r"\bPORTREEVE_\w+", done.stdout))


class WithRspamd(Host):
    packages = ("rspamd",)
    system_accounts = ("_rspamd",)

    def configure(self):
        for path in ("/var/lib/rspamd", "/run/rspamd"):
            self.make_directory(path, owner="_rspamd")
        self.write("/etc/rspamd/local.d/logging.inc", 'type = "console";\n')
        # Else it compiles all the world's top-level domains, and then its patterns, for minutes.
        self.write("/etc/rspamd/tld.dat", "example\n")
        self.write("/etc/rspamd/local.d/options.inc",
                   'url_tld = "/etc/rspamd/tld.dat";\ndisable_hyperscan = true;\n')
        self.write_zone(ZONE)

    def write_zone(self, zone):
        self.zone = zone
        for file, text in printed("rspamd", zone).items():
            self.write(file, text)
        assert "syntax OK" in self.run("rspamadm", "configtest").stdout

    def start_services(self):
        self.daemon = self.start("rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd")
        self.wait_port(11334)

    def use(self, zone):
        if zone == self.zone:
            return
        self.stop(self.daemon, 11334)
        self.write_zone(zone)
        self.start_services()

    def symbols(self, client):
        done = self.run("rspamc", "--json", "--ip", client, "--from", "a@sender.example", "symbols",
                        text=MESSAGE.format(domain="filter.example"))
        return {name for name in json.loads(done.stdout)["symbols"] if name.startswith("PORTREEVE")}


class Field:
    def __init__(self):
        self.probe = Probe(BINARY)
        self.listed = Host("listed", "line-66.access.example", "203.0.113.66", "2001:db8:3::66")
        self.other = Host("other", "line-67.access.example", "203.0.113.67", "2001:db8:3::67")
        keywords = {"users": ["bob", "postmaster"]}
        self.servers = [
            kind(name, f"mx.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                 domains=[f"{name}.example"], **keywords)
            for number, (name, kind) in enumerate(
                (("postfix", WithPostfix), ("postscreen", WithPostscreen), ("exim", WithExim)), 10)]
        self.filters = [
            WithSpamAssassin("assassin", "mx.filter.example", "198.51.100.20", "2001:db8:100::20"),
            WithRspamd("rspamd", "mx2.filter.example", "198.51.100.21", "2001:db8:100::21")]
        self.lab = Lab("use", [self.probe, self.listed, self.other, *self.servers, *self.filters],
                       self.probe.delegations())


@pytest.fixture(scope="module")
def field():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    field = Field()
    with field.lab:
        for address in field.listed.addresses:
            field.probe.portreeve("list", "add", address, "--why", WHY)
        name = ".".join(reversed(field.listed.v4.split("."))) + "." + ZONE
        wait_until(lambda: "127.0.0.4" in field.probe.run("dig", "+short", name, "A").stdout,
                   "the list to answer in the DNS")
        yield field


def knock(client, server, family):
    """One mail; the exit code of send.py, and the dialogue."""
    address = server.v4 if family == "v4" else server.v6
    done = client.run("send.py", address, "--from", SENDER, "--helo", client.fqdn,
                      "--to", f"bob@{server.domains[0]}", check=False,
                      text=MESSAGE.format(domain=server.domains[0]))
    return done.returncode, done.stdout


@pytest.mark.parametrize("number, log", [(0, None), (1, ""), (2, "/var/log/exim-reject")],
                         ids=["postfix", "postscreen", "exim"])
def test_listed_is_refused(field, number, log):
    """postscreen's refusal has only the zone; of Exim's many lines send.py shows the first."""
    server = field.servers[number]
    server.use(ZONE)
    for family in ("v4", "v6"):
        code, dialogue = knock(field.listed, server, family)
        refusal = [line for line in dialogue.splitlines() if re.search(r"S: 55[04] ", line)]
        assert code == 1 and ZONE in refusal[0], dialogue
        says = server.read(log) if log else refusal[0]
        assert log == "" or WHY in says, says
        assert knock(field.other, server, family)[0] == 0
    server.wait_mail("bob", "Hello!")


@pytest.mark.parametrize("number", [0, 1, 2], ids=["postfix", "postscreen", "exim"])
@pytest.mark.parametrize("zone, code", zip(ANSWERS, (0, 0, 1)))
def test_only_our_codes_refuse(field, number, zone, code):
    server = field.servers[number]
    server.use(zone)
    found, dialogue = knock(field.other, server, "v4")
    assert found == code, dialogue


@pytest.mark.parametrize("number", [0, 1], ids=["spamassassin", "rspamd"])
def test_listed_has_its_symbol(field, number):
    found = field.filters[number]
    found.use(ZONE)
    for client in field.listed.addresses:
        assert found.symbols(client) == {"PORTREEVE_WORD"}
    for client in field.other.addresses:
        assert not found.symbols(client)


@pytest.mark.parametrize("number", [0, 1], ids=["spamassassin", "rspamd"])
@pytest.mark.parametrize("zone, symbols", [("errors.example", set()), ("proved.example", {"PORTREEVE_RELAY"})])
def test_only_our_codes_have_a_symbol(field, number, zone, symbols):
    found = field.filters[number]
    found.use(zone)
    assert found.symbols(field.other.v4) == symbols
