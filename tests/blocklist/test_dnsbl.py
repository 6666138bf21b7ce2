# SPDX-License-Identifier: ISC
"""The list in DNS, seen by another implementation (dnspython)."""

import fcntl
import ipaddress
import random
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from conftest import LISTED, OUTPUT_ZONE, ZONE
from lab.wait import wait_until

SOA_TTL, TTL, NS_TTL = 60, 300, 3600


def reverse(address):
    """The labels of an address, last octet or nibble first."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return str(ip).split(".")[::-1]
    return list(ip.exploded.replace(":", ""))[::-1]


class Model:
    """The zone as a plain table: every name that exists, and what is there."""

    def __init__(self, listed):
        self.data = {(): {"SOA", "NS"}, ("ns",): {"A", "AAAA"}}
        for address in [*listed, "127.0.0.2", "::ffff:127.0.0.2"]:
            self.data[tuple(reverse(address))] = {"A", "TXT"}
        self.names = {labels[i:] for labels in self.data for i in range(len(labels) + 1)}

    def rcode(self, labels):
        return "NOERROR" if tuple(label.lower() for label in labels) in self.names else "NXDOMAIN"

    def has(self, labels, rdtype):
        there = self.data.get(tuple(label.lower() for label in labels), set())
        return bool(there) if rdtype == "ANY" else rdtype in there


def check_against(model, server, labels, rdtype, tcp):
    name = ".".join([*labels, ZONE])
    answer = server.ask(name, rdtype, tcp=tcp, use_edns=random.choice([-1, 0]))
    told = f"{name} {rdtype}: {answer}"
    assert dns.rcode.to_text(answer.rcode()) == model.rcode(labels), told
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA, told
    assert bool(answer.answer) == model.has(labels, rdtype), told
    if answer.answer:
        assert not answer.authority, told
        return
    [soa] = answer.authority
    assert soa.rdtype == dns.rdatatype.SOA and soa.ttl == SOA_TTL, told
    assert soa.name == dns.name.from_text(ZONE), told


def test_against_a_plain_table(server):
    random.seed(1)
    model = Model(LISTED)
    known = sorted(model.names)
    pieces = ["0", "1", "2", "3", "10", "192", "255", "256", "00", "a", "f", "g", "ns", "*", "_x"]
    for i in range(1500):
        labels = list(random.choice(known))
        mood = random.randrange(5)
        if mood == 1 and labels:
            labels[random.randrange(len(labels))] = random.choice(pieces)
        elif mood == 2:
            labels.insert(0, random.choice(pieces))
        elif mood == 3 and labels:
            labels = labels[random.randrange(len(labels)):]
        elif mood == 4:
            labels = [label.upper() for label in labels]
        check_against(model, server, labels, random.choice(
            ["A", "A", "TXT", "AAAA", "NS", "SOA", "MX", "ANY", "CAA", "TYPE65280"]), i % 20 == 0)


def test_every_step_of_qname_minimisation(server):
    for address in LISTED:
        labels = reverse(address)
        for i in range(len(labels) + 1):
            for rdtype in ("A", "NS"):
                answer = server.ask(".".join([*labels[i:], ZONE]), rdtype)
                assert answer.rcode() == dns.rcode.NOERROR


def test_listed(server):
    for address in LISTED:
        name = ".".join([*reverse(address), ZONE])
        answer = server.ask(name)
        # By the operator's word: no proof is claimed.
        assert [str(rr) for rr in answer.answer[0]] == ["127.0.0.4"]
        assert answer.answer[0].ttl == TTL
        [[text]] = [rr.strings for rr in server.ask(name, "TXT").answer[0]]
        assert text.startswith(f"{address} is listed by its operator's word: test.".encode())
        assert b"open relay" not in text


def test_rfc5782_entries(server):
    for good, bad in (("127.0.0.2", "127.0.0.1"), ("::ffff:127.0.0.2", "::ffff:127.0.0.1")):
        assert server.ask(".".join([*reverse(good), ZONE])).answer
        assert server.ask(".".join([*reverse(good), ZONE]), "TXT").answer
        assert server.ask(".".join([*reverse(bad), ZONE])).rcode() == dns.rcode.NXDOMAIN
        assert server.ask(".".join([*reverse(good), OUTPUT_ZONE])).answer[0][0].address == \
            "127.0.0.3"


def test_apex(server):
    answer = server.ask(ZONE, "NS")
    assert str(answer.answer[0][0]) == f"ns.{ZONE}." and answer.answer[0].ttl == NS_TTL
    assert {str(rr) for rrset in answer.additional for rr in rrset} == \
        {"192.0.2.53", "2001:db8::53"}
    soa = server.ask(ZONE, "SOA").answer[0][0]
    assert (soa.mname, soa.rname) == (dns.name.from_text(f"ns.{ZONE}"),
                                      dns.name.from_text(f"hostmaster.{ZONE}"))
    assert soa.serial == len(LISTED) and soa.minimum == SOA_TTL


def test_any_is_hinfo(server):
    answer = server.ask(f"2.0.0.127.{ZONE}", "ANY")
    assert [rr.rdtype for rr in answer.answer[0]] == [dns.rdatatype.HINFO]
    assert answer.answer[0][0].cpu == b"RFC8482"


def test_case_is_kept(server):
    name = dns.name.from_text("2.0.0.127.bL.eXaMpLe")
    answer = server.ask(dns.message.make_query(name, "A"))
    assert answer.question[0].name.labels == name.labels
    assert answer.answer[0].name.labels == name.labels


def test_foreign_names_are_refused(server):
    for name in ("example.org", "example", ".", "2.0.0.127.xbl.example"):
        answer = server.ask(name, "A", use_edns=0)
        assert answer.rcode() == dns.rcode.REFUSED and not answer.answer
        assert not answer.flags & dns.flags.AA
        [option] = answer.options
        assert (option.otype, option.code) == (dns.edns.OptionType.EDE, 20)
        assert not server.ask(name, "A").opt


def test_edns(server):
    answer = server.ask(ZONE, "SOA", use_edns=0, want_dnssec=True)
    assert answer.edns == 0 and answer.payload == 1232 and answer.ednsflags & dns.flags.DO
    query = dns.message.make_query(ZONE, "SOA")
    query.use_edns(3)
    answer = server.ask(query)
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0 and not answer.answer


def test_what_we_do_not_do(server):
    for rdtype in ("AXFR", "IXFR"):
        raw = dns.message.make_query(ZONE, rdtype).to_wire()
        assert send(server, raw)[3] & 15 == dns.rcode.REFUSED
    raw = bytearray(dns.message.make_query(ZONE, "SOA").to_wire())
    raw[2] |= 5 << 3
    assert send(server, raw)[3] & 15 == dns.rcode.NOTIMP
    raw[2] = 0
    raw[5] = 2
    assert send(server, raw)[3] & 15 == dns.rcode.FORMERR
    query = dns.message.make_query("version.bind", "TXT", dns.rdataclass.CH)
    assert server.ask(query).rcode() == dns.rcode.REFUSED


def send(server, raw):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(bytes(raw), ("127.0.0.1", server.port))
        return s.recv(4096)


def test_garbage_does_no_harm(server):
    random.seed(2)
    good = dns.message.make_query(f"2.0.0.127.{ZONE}", "TXT", use_edns=0).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for i in range(5000):
            raw = bytearray(random.randbytes(random.randrange(80)) if i % 2 else good)
            for _ in range(random.randrange(4)):
                if raw:
                    raw[random.randrange(len(raw))] = random.randrange(256)
            s.sendto(bytes(raw), ("127.0.0.1", server.port))
    wait_until(server.answers, "an answer")


def test_pipelined_tcp(server):
    queries = [dns.message.make_query(".".join([*reverse(a), ZONE]), "A") for a in LISTED * 20]
    stream = b"".join(struct.pack("!H", len(w)) + w for w in (q.to_wire() for q in queries))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        s.sendall(stream)
        file = s.makefile("rb")
        for query in queries:
            answer = dns.message.from_wire(file.read(struct.unpack("!H", file.read(2))[0]))
            assert query.is_response(answer) and answer.answer


def test_a_change_shows_within_a_second(server):
    serial = server.ask(ZONE, "SOA").answer[0][0].serial
    name = f"99.2.0.192.{ZONE}"
    assert server.ask(name).rcode() == dns.rcode.NXDOMAIN
    server.command("list", "add", "192.0.2.99", "--why", "test", "--by", "me")
    began = time.monotonic()
    wait_until(lambda: server.ask(name).answer, "the listing")
    assert time.monotonic() - began < 1
    assert server.ask(ZONE, "SOA").answer[0][0].serial == serial + 1
    server.command("delist", "192.0.2.99", "--why", "fixed", "--by", "me")
    began = time.monotonic()
    wait_until(lambda: not server.ask(name).answer, "the delisting")
    assert time.monotonic() - began < 1
    assert server.ask(name).rcode() == dns.rcode.NXDOMAIN
    assert server.ask(ZONE, "SOA").answer[0][0].serial == serial + 2


def text_of(server, address):
    answer = server.ask(".".join([*reverse(address), ZONE]), "TXT").answer
    return answer[0][0].strings[0].decode() if answer else None


@pytest.mark.parametrize("net", ["192.0.2.96/28", "203.0.113.0/24", "198.51.100.254/31",
                                 "2001:db8:7:8::/64", "2001:db8:9::/48", "2001:db8:a::10/124"])
def test_edges_of_a_range(server, net):
    """The first and the last address, one before and one behind; by word, with the range's text."""
    network = ipaddress.ip_network(net)
    first, last = network[0], network[-1]
    serial = server.ask(ZONE, "SOA").answer[0][0].serial
    server.command("list", "add", net, "--why", "spam from all of it", "--by", "me")
    wait_until(lambda: text_of(server, first), "the range")
    for address in (first, last, network[network.num_addresses // 2]):
        answer = server.ask(".".join([*reverse(address), ZONE]))
        assert [str(rr) for rr in answer.answer[0]] == ["127.0.0.4"]
        assert text_of(server, address).startswith(
            f"{address} is in {network}, which is listed by its operator's word: spam from all")
        labels = reverse(address)
        for i in range(len(labels) + 1):            # each step of a resolver that minimises
            assert server.ask(".".join([*labels[i:], ZONE]), "NS").rcode() == dns.rcode.NOERROR
    for address in (first - 1, last + 1):
        assert server.ask(".".join([*reverse(address), ZONE])).rcode() == dns.rcode.NXDOMAIN
    # One inside it by its own name: it answers for itself, and stays alone.
    server.command("list", "add", str(last), "--why", "by name", "--by", "me")
    wait_until(lambda: "word: by name" in text_of(server, last), "the one inside it")
    server.command("delist", net, "--why", "over", "--by", "me")
    wait_until(lambda: text_of(server, first) is None, "the end of the range")
    assert "word: by name" in text_of(server, last)
    server.command("delist", str(last), "--why", "over", "--by", "me")
    wait_until(lambda: text_of(server, last) is None, "the end of the one")
    assert server.ask(ZONE, "SOA").answer[0][0].serial == serial + 4


def test_a_locked_database_delays_no_answer(server):
    """Whoever reads in WAL mode locks one of five bytes of the -shm file: here they are taken, so
    that the follower waits for seconds in each read."""
    serial = server.ask(ZONE, "SOA").answer[0][0].serial
    with open(server.state / "portreeve.db-shm", "r+b") as shm:
        def take_all():
            try:
                fcntl.lockf(shm, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 123)
            except BlockingIOError:
                return False            # it reads just now
            return True
        wait_until(take_all, "the locks")
        slowest, until, asked = 0, time.monotonic() + 2, 0
        while time.monotonic() < until:
            began, asked = time.monotonic(), asked + 1
            [soa] = server.ask(f"x{asked}.{ZONE}").authority
            assert soa[0].serial == serial
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.5
    server.command("list", "add", "198.51.100.99", "--why", "test", "--by", "me")
    wait_until(lambda: server.ask(".".join([*reverse("198.51.100.99"), ZONE])).answer, "the listing")
    server.command("delist", "198.51.100.99", "--why", "fixed", "--by", "me")
    wait_until(lambda: server.ask(ZONE, "SOA").answer[0][0].serial == serial + 2, "its serial")


def test_reload(server):
    server.configure(ttl='"77s"')
    server.reload()
    wait_until(lambda: server.answers()[0].ttl == 77, "the new TTL")
    # A wrong setting changes nothing.
    server.configure(code='{"127.0.0.1"}')
    server.reload()
    wait_until(lambda: "expected" in server.log.read_text(), "the error")
    assert server.ask(f"2.0.0.127.{ZONE}").answer[0][0].address == "127.0.0.2"
    server.configure()
    server.reload()
    wait_until(lambda: server.answers()[0].ttl == TTL, "the old TTL")


def test_parts_of_texts(server):
    """A text of the operator's own names reason, date and page; a setting that cannot do is refused."""
    name = ".".join([*reverse(LISTED[0]), ZONE])
    server.configure(text_word='"%r, since %d: %u"', url='"https://bl.example/?ip=%a"')
    server.reload()

    def text():
        return server.ask(name, "TXT").answer[0][0].strings[0].decode()

    wait_until(lambda: text().startswith("test, since 20"), "the new text")
    assert text().endswith(f": https://bl.example/?ip={LISTED[0]}")
    server.configure(text_word='"%u"')
    server.reload()
    wait_until(lambda: "expected dnsbl.url for %u" in server.log.read_text(), "the error")
    server.configure()
    server.reload()
    wait_until(lambda: "by its operator's word: test" in text(), "the usual text")
