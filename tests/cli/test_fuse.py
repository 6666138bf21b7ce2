# SPDX-License-Identifier: ISC
"""What may never be published: by command, by configuration, and in a database that somebody
else has written."""

import os
import sqlite3
import subprocess

import dns.message
import dns.query
import pytest

from conftest import BINARY, wait_until

NEVER = {
    "0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "224.0.0.1": "multicast",
    "239.255.255.255": "multicast", "240.0.0.1": "reserved", "255.255.255.255": "broadcast",
    "127.0.0.1": "test entry", "127.0.0.2": "test entry", "::": "unspecified",
    "::ffff:127.0.0.2": "test entry", "ff02::1": "multicast", "2002:7f00:2::1": "test entry",
}
SPECIAL = {
    "10.1.2.3": "private", "172.31.255.255": "private", "192.168.0.1": "private",
    "100.64.0.1": "private", "127.0.0.3": "loopback", "169.254.1.1": "link-local",
    "192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.1": "documentation",
    "198.19.255.255": "benchmarking", "::1": "loopback", "fc00::1": "private",
    "fdff::1": "private", "fe80::1": "link-local", "2001:db8::1": "documentation",
    "2002:a00:1::1": "private", "64:ff9b::a00:1": "private", "::ffff:10.0.0.1": "private",
    "2001:0:808:808:0:0:f5ff:fffe": "private",
}
EVERYTHING = '"0.0.0.0/0", "::/0"'


def add(box, address, code):
    return box.run("list", "add", address, "--why", "x", "--by", "me", code=code)


def refused(box, address, word):
    done = add(box, address, 77)
    assert "may not be published" in done.stderr and word in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.count(address) == 1 and "portreeve.conf(5)" in done.stderr


def test_special_addresses(box):
    box.configure(special="")
    for address, word in {**NEVER, **SPECIAL}.items():
        refused(box, address, word)
    assert box.objects("list") == [] and box.objects("list", "journal") == []
    add(box, "8.8.8.8", 0)
    add(box, "2600::1", 0)


def test_what_can_be_allowed(box):
    box.configure(special=EVERYTHING)
    for address, word in NEVER.items():
        refused(box, address, word)
    for address in SPECIAL:
        add(box, address, 0)


def test_own_addresses(box):
    box.configure(special=EVERYTHING, tester="""
  source = {"8.8.1.1", "2600:1::1"}
  trusted_source = {"8.8.1.2"}
""", dnsbl='nameserver_address = {"8.8.1.4"}')
    for address in ("8.8.1.1", "2600:1::1", "8.8.1.2", "8.8.1.4", "2002:808:101::1"):
        refused(box, address, "own")
    add(box, "8.8.1.3", 0)


RANGES = {
    "0.0.0.0/0": "wider than list.widest, which is /24", "8.8.0.0/23": "wider than list.widest",
    "0.0.0.0/24": "unspecified", "127.0.0.0/24": "127.0.0.1 in it is a test entry",
    "224.0.0.0/24": "multicast", "255.255.255.0/24": "reserved", "10.1.2.0/24": "private",
    "127.1.0.0/24": "loopback", "8.8.1.0/24": "8.8.1.1 in it is an address of our own",
    "8.8.1.0/31": "8.8.1.1 in it is an address of our own",
    "::/0": "wider than list.widest, which is /48", "::/64": "unspecified",
    "2600:1::/64": "2600:1::1 in it is an address of our own", "fe80::/64": "link-local",
    "ff02::/64": "multicast", "2001:db8::/64": "documentation", "2002:a00:1::/64": "private",
    "2002:808:101::/48": "own", "64:ff9b::a00:0/120": "private",
}


def test_ranges(box):
    box.configure(special="", tester='source = {"8.8.1.1", "2600:1::1"}')
    for address, word in RANGES.items():
        refused(box, address, word)
    assert box.objects("list") == [] and box.objects("list", "journal") == []
    for address in ("8.8.8.0/24", "8.8.1.2/31", "2600:2::/48", "2600:1:0:1::/64", "2600:1::2/127"):
        add(box, address, 0)
    # What becomes our own later is not published any more, and said to be so.
    box.configure(special="", tester='source = {"8.8.8.8"}')
    shown = {row["address"]: row.get("not_published") for row in box.objects("list")}
    assert "our own" in shown["8.8.8.0/24"] and shown["8.8.1.2/31"] is None


@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own takes root")
def test_own_interfaces(box):
    """Who listens on all addresses listens on those of the interfaces."""
    box.configure(special=EVERYTHING)
    listed = ("8.8.2.1", "2600:2::1", "2002:808:201::1")
    script = """
ip link add one type veth peer name two
ip addr add 8.8.2.1/24 dev one
ip addr add 2600:2::1/64 dev one nodad
for address in "$@"; do
    "$program" list add -c "$config" --state "$state" "$address" --why x --by me
done
"""

    def add_all(*addresses):
        return subprocess.run(
            ["unshare", "-n", "sh", "-c", script, "sh", *addresses], check=False, text=True,
            capture_output=True, env={**os.environ, "program": str(BINARY),
                                      "config": str(box.config), "state": str(box.state)})

    box.config.write_text(box.config.read_text().replace('"127.0.0.1:', '"0.0.0.0:'))
    done = add_all(*listed, "8.8.2.2")
    assert done.stderr.count("may not be published") == len(listed), done.stderr
    assert done.stderr.count("own") == len(listed) and done.returncode == 0
    box.config.write_text(box.config.read_text().replace('"0.0.0.0:', '"8.8.9.9:'))
    assert add_all(*listed).stderr == ""


@pytest.mark.parametrize("value, expected", [
    ('widest = {"0.0.0.0/24"}', "list.widest: expected an IPv4 range"),
    ('widest = {"0.0.0.0/24", "10.0.0.0/8"}', "list.widest: expected an IPv4 range"),
    ('widest = {"0.0.0.0/4", "::/48"}', "list.widest: expected an IPv4 range"),
    ('widest = {"/24", "::/48"}', "list.widest: expected an address or address/length"),
    ('allow_special = {"10.1.2.3/8"}', "list.allow_special: expected an address"),
])
def test_settings(box, value, expected):
    box.config.write_text(f"list {{ {value} }}")
    assert expected in box.run("config", "check", code=78).stderr


def ask(box, name, rdtype="A"):
    query = dns.message.make_query(f"{name}.relays.portreeve.test", rdtype)
    try:
        answer = dns.query.udp(query, "127.0.0.1", port=box.dns, timeout=1)
    except (ConnectionRefusedError, dns.exception.Timeout):
        return None
    return [str(rr) for rrset in answer.answer for rr in rrset]


def test_a_list_of_an_older_version(box, supervisor):
    """Written by hand or before there was a fuse: not published, said once, removable."""
    add(box, "192.0.2.9", 0)
    with sqlite3.connect(box.state / "portreeve.db") as db:
        for octets in ((10, 1, 2, 3), (224, 0, 0, 5), (127, 0, 0, 1)):
            db.execute("INSERT INTO listings (address, reason, since_s, last_test_s, recheck_s, evidence_id, "
                       "by_operator) VALUES (?, 'open relay', 1, 1, 9999999999, '', 0)",
                       (bytes((4, *octets)),))
    db.close()
    box.own()
    run = supervisor()
    run.wait_log("supervisor ready")
    wait_until(lambda: ask(box, "9.2.0.192"), "the good one")
    assert ask(box, "3.2.1.10") == [] and ask(box, "5.0.0.224") == []
    assert ask(box, "1.0.0.127") == [] and ask(box, "2.0.0.127") == ["127.0.0.2"]
    add(box, "192.0.2.10", 0)
    wait_until(lambda: ask(box, "10.2.0.192"), "a change")
    assert run.log().count("list-entries-refused") == 1
    shown = {row["address"]: row.get("not_published") for row in box.objects("list")}
    assert shown["192.0.2.9"] is None and "private" in shown["10.1.2.3"]
    assert "(not published: a multicast address" in box.run("list").stdout
    for address in ("10.1.2.3", "224.0.0.5", "127.0.0.1"):
        box.run("delist", address, "--why", "never should have been")


def test_a_word_is_no_proof(box, supervisor):
    box.run("list", "add", "192.0.2.9", "--why", "spam seen")
    assert "by the operator's word: spam seen" in box.run("list").stdout
    run = supervisor()
    run.wait_log("supervisor ready")
    assert wait_until(lambda: ask(box, "9.2.0.192"), "the listing") == ["127.0.0.4"]
    [text] = ask(box, "9.2.0.192", "TXT")
    assert "192.0.2.9 is listed by its operator's word: spam seen" in text
    assert "open relay" not in text
