"""A witness's word: said from outside to real mail servers that trust who says it, found in their
logs, and by what address it came.

Four servers that let the tester relay; one whose clients come through a proxy that opens
connections of its own, as a container runtime's does: by its IPv6 address alone; and one whose
kernel gives all who come by IPv4 an address of its own.
"""

import json

import pytest
from bridge import ByProxy
from conftest import BINARY

from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.portreeve import Portreeve

V4, V6 = "192.0.2.10", "2001:db8:2::10"     # the tester's
LOST = "your clients' addresses are lost before they reach it"
KEPT, IS_LOST, UNKNOWN = 0, 1, 3


class Proxied(ByProxy, Postfix):
    pass


NAT = """\
table ip hide {
	chain incoming {
		type nat hook input priority 100; policy accept;
		tcp dport 25 ip saddr != 127.0.0.0/8 snat to 10.9.9.1
	}
}
"""


class Translated(Postfix):
    """IPv6 reaches it as it is; IPv4 by a source NAT."""

    packages = (*Postfix.packages, "nftables")

    def configure(self):
        super().configure()
        self.run("ip", "addr", "add", "10.9.9.1/32", "dev", "lo")
        self.write("/var/nat", NAT)
        self.run("nft", "-f", "/var/nat")


class Encrypted(Postfix):
    """Takes no MAIL before STARTTLS."""

    def start_services(self):
        super().start_services()
        self.change(smtpd_tls_security_level="encrypt")


class Syslogged(OpenSMTPD):
    """In the foreground, as a container runs it, but by syslog."""

    def start_services(self):
        self.daemon = self.start("smtpd", "-F")
        self.wait_port(25)


def server(kind, name, number, **keywords):
    return kind(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                domains=[f"{name}.example"], users=["bob"], **keywords)


TRUSTING = [
    server(Postfix, "postfix", 1, settings={"mynetworks": f"127.0.0.0/8 {V4} [{V6}]/128"}),
    # Exim's own log_selector, which leaves syntax errors out of mainlog.
    server(Exim, "exim", 2, relay_from=f"<; 127.0.0.1 ; ::1 ; {V4} ; {V6}"),
    server(Exim, "exim-debian", 3, relay_from=f"<; 127.0.0.1 ; ::1 ; {V4} ; {V6}",
           settings="tls_advertise_hosts =\nlog_selector = +smtp_protocol_error "
                    "+smtp_syntax_error +tls_certificate_verified +tls_peerdn\n"),
    server(Sendmail, "sendmail", 4, access=f"Connect:{V4}\tRELAY\nConnect:IPv6:{V6}\tRELAY\n"),
    server(Encrypted, "postfix-tls", 8, tls=True,
           settings={"mynetworks": f"127.0.0.0/8 {V4} [{V6}]/128"}),
    server(Syslogged, "opensmtpd", 5, relay_from=f'src {{ "{V4}", "{V6}" }}'),
]
PROXIED = server(Proxied, "proxied", 6, settings={
    "mynetworks": "127.0.0.0/8 172.16.0.0/12", "inet_protocols": "ipv4"})
TRANSLATED = server(Translated, "translated", 7, settings={"mynetworks": "127.0.0.0/8 10.0.0.0/8"})
LOSING = [PROXIED, TRANSLATED]
FILES = {"exim": "/var/log/exim-main", "exim-debian": "/var/log/exim-main",
         "sendmail": "/var/log/syslog", "opensmtpd": "/var/log/syslog"}


@pytest.fixture(scope="module")
def lab():
    probe = Portreeve(BINARY, roles=False)
    lab = Lab("witness", [*TRUSTING, *LOSING, probe], probe.delegations())
    lab.probe = probe
    with lab:
        for network in ("198.51.100.0/24", "2001:db8:100::/64"):
            probe.portreeve("permit", "add", network, "--consent", "range", "--by", "the tests")
        for host in (*TRUSTING, *LOSING):
            host.copy(BINARY, "/usr/local/bin/portreeve")
        yield lab


def said(lab, host):
    """A word of the host's, said to it from outside; the word."""
    word = json.loads(host.run("portreeve", "witness", "--json").stdout)["word"]
    done, rows = lab.probe.objects("test", host.fqdn, "--word", word, "--port", "25")
    assert {row["address"] for row in rows} == set(host.addresses), done.stdout
    for row in rows:
        assert row["said"], row
        commands = [line["said"].split(" ")[0] for line in row["lines"]]
        before = ["EHLO", "EXPN", "MAIL", "STARTTLS"] if host.name == "postfix-tls" else []
        assert commands == [*before, "EHLO", "EXPN", "MAIL", "RCPT", "QUIT"], row
        assert row["lines"][-2]["code"] // 100 == 5, row
    return word


def read(host, word, *arguments, wanted=True):
    """What the host finds of it: exit code, rows by family, the answer."""
    log = FILES.get(host.name)
    for family in (4, 6) if wanted else ():
        # Its last line; Exim's own log_selector leaves it out.
        last = f"{word}-{family}-25" + ("" if host.name == "exim" else "@a..b")
        host.wait_text(log or "/var/log/mail.log", last)
    done = host.run("portreeve", "witness", "--read", "--json", "--word", word,
                    *(["--log", log] if log else []), *arguments, check=False)
    answer = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return done.returncode, {row["family"]: row for row in answer["seen"]}, answer


@pytest.mark.parametrize("host", TRUSTING, ids=lambda host: host.name)
def test_a_server_that_trusts_the_tester_tells_who_came(lab, host):
    word = said(lab, host)
    code, seen, answer = read(host, word, "--seen-as", V4, "--seen-as", V6)
    assert code == KEPT and answer["verdict"] == "kept", answer
    assert {family: row["seen_as"] for family, row in seen.items()} == {4: V4, 6: V6}
    assert all(row["mta"] == host.name.split("-")[0] and row["port"] == 25
               for row in seen.values())
    assert answer["unplaced"] == 0
    # Nobody else's word is taken for it.
    assert read(host, "pwkeyqaaicamcakbqh6usq", wanted=False)[0] == UNKNOWN


def test_a_proxy_is_found_before_anything_goes_wrong(lab):
    word = said(lab, PROXIED)
    code, seen, answer = read(PROXIED, word, "--seen-as", V4, "--seen-as", V6)
    assert code == IS_LOST and answer["verdict"] == "lost", answer
    assert seen[4]["verdict"] == "kept" and seen[4]["seen_as"] == V4
    assert seen[6]["seen_as"] == "172.18.0.1"
    assert seen[6]["sentence"] == f"the server saw us as 172.18.0.1, not {V6}: {LOST}"
    assert seen[6]["causes"][0] == "C1"
    text = PROXIED.run("portreeve", "witness", "--read", "--word", word, check=False)
    assert text.returncode == IS_LOST and "over IPv6 to port 25" in text.stdout
    assert "C1" in text.stdout and "portreeve explain C1" in text.stdout, text.stdout


def test_a_source_nat_is_named_by_its_rule(lab):
    word = said(lab, TRANSLATED)
    code, seen, answer = read(TRANSLATED, word, "--seen-as", V4, "--seen-as", V6)
    assert code == IS_LOST, answer
    assert seen[6]["verdict"] == "kept" and seen[6]["seen_as"] == V6
    assert seen[4]["sentence"] == f"the server saw us as 10.9.9.1, not {V4}: {LOST}"
    assert seen[4]["causes"][0] == "C3"
    assert "10.9.9.1" in seen[4]["evidence"] and "snat to 10.9.9.1" in seen[4]["line"], answer


def test_the_journal_is_read_too(lab):
    """By journalctl, which the lab has not: one that prints what the real one prints."""
    host = TRUSTING[0]
    word = said(lab, host)
    host.wait_text("/var/log/mail.log", word)
    day = "2026-11-28T11:58:36+0000"
    lines = "".join(f"{day} {line.split(' ', 3)[3]}\n"
                    for line in host.read("/var/log/mail.log").replace("  ", " ").splitlines()
                    if line.count(" ") > 3)
    host.write("/var/journal", lines)
    host.write("/usr/bin/journalctl", "#!/bin/sh\nexec cat /var/journal\n", mode=0o755)
    host.write("/var/log/mail.log", "")
    code, seen, answer = read(host, word, wanted=False)
    assert answer["read"][0] == "journal"
    assert code == KEPT and {row["seen_as"] for row in seen.values()} == {V4, V6}, answer
    assert seen[4]["logged"] == day


def test_no_word_is_said_without_consent(lab):
    done = lab.probe.portreeve("test", "203.0.113.77", "--word", "pwkeyqaaicamcakbqh6usq",
                               check=False)
    assert done.returncode == 77 and "no consent" in done.stdout
