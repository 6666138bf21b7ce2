# SPDX-License-Identifier: ISC
"""`portreeve check` against lists that work, and lists that must not be believed."""

import json
import os
import subprocess

import pytest

PORTREEVE = os.environ.get("PORTREEVE", "build/portreeve")


def check(*words):
    return subprocess.run([PORTREEVE, "check", *words], capture_output=True, text=True,
                          timeout=60, check=False)


def report(address, zone, resolver):
    done = check(address, "--zone", f"{zone}.list.test", "--resolver", resolver, "--json")
    assert not done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("address, zone, code, result", [
    ("192.0.2.9", "good", 1, "listed"),
    ("192.0.2.8", "good", 0, "not listed"),
    ("2001:db8::1", "good", 1, "listed"),
    ("2001:db8::2", "good", 0, "not listed"),
    ("192.0.2.9", "no-text", 1, "listed"),
    ("192.0.2.9", "empty", 2, "sick"),
    ("192.0.2.9", "everything", 2, "sick"),
    ("192.0.2.9", "parked", 2, "sick"),
    ("192.0.2.9", "blocked", 2, "sick"),
    ("192.0.2.9", "one", 2, "sick"),
    ("192.0.2.9", "refused", 2, "sick"),
    ("192.0.2.9", "servfail", 2, "sick"),
    ("192.0.2.9", "formerr", 2, "sick"),
    ("192.0.2.9", "odd", 2, "sick"),
    ("192.0.2.8", "odd", 0, "not listed"),
    ("192.0.2.9", "no-ipv6", 1, "listed"),
    ("2001:db8::1", "no-ipv6", 2, "sick"),
    ("192.0.2.9", "silent", 2, "sick"),
])
def test_verdict(resolver, address, zone, code, result):
    found_code, found = report(address, zone, resolver)
    assert (found_code, found["result"]) == (code, result), found
    assert found["address"] == address and found["zone"] == f"{zone}.list.test"
    assert bool(found.get("problem")) == (result == "sick")


def test_text(resolver):
    _, found = report("192.0.2.9", "good", resolver)
    assert found["codes"] == ["127.0.0.2"]
    assert found["text"] == ['because \\"so\\"']
    done = check("192.0.2.9", "--zone", "good.list.test", "--resolver", resolver)
    assert done.returncode == 1
    assert done.stdout == ('192.0.2.9 good.list.test: listed with 127.0.0.2\n'
                           '  because \\"so\\"\n')


@pytest.mark.parametrize("zones, code", [
    (["good", "empty"], 1), (["empty", "good"], 1), (["empty", "refused"], 2),
    (["no-text", "good"], 1),
])
def test_several(resolver, zones, code):
    done = check("192.0.2.9", "--zone", ",".join(f"{zone}.list.test" for zone in zones),
                 "--resolver", resolver, "--json")
    assert done.returncode == code
    assert sorted(json.loads(line)["zone"] for line in done.stdout.splitlines()) == \
        sorted(f"{zone}.list.test" for zone in zones)


def test_zone_given_twice(resolver):
    done = check("192.0.2.9", "--zone", "empty.list.test", "--zone", "good.list.test",
                 "--resolver", resolver)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize("words, told", [
    (["999.1"], "999.1"),
    (["192.0.2.9", "--resolver", "nowhere"], "nowhere"),
    (["192.0.2.9", "--resolver", "127.0.0.1:70000"], "70000"),
    (["192.0.2.9", "--zone", "a b"], "a b"),
    (["192.0.2.9", "--zone", ""], "zone"),
    (["192.0.2.9", "--zone", "x" * 64 + ".example"], "xxxx"),
    (["2001:db8::1", "--zone", ".".join(["x" * 49] * 4)], "xxxx"),
    ([], "ADDRESS"),
    (["192.0.2.9", "192.0.2.8"], "192.0.2.8"),
])
def test_bad_input(words, told):
    done = check(*words)
    assert done.returncode >= 64
    assert told in done.stderr and len(done.stderr.splitlines()) == 1 and not done.stdout


def test_each_address_of_a_name(resolver):
    done = check("mail.hosts.list.test", "--zone", "good.list.test,empty.list.test",
                 "--resolver", resolver, "--json")
    found = {(a["address"], a["zone"]): a["result"] for a in map(json.loads, done.stdout.split("\n")[:-1])}
    assert done.returncode == 1
    assert found == {("192.0.2.8", "good.list.test"): "not listed",
                     ("192.0.2.9", "good.list.test"): "listed",
                     ("192.0.2.8", "empty.list.test"): "sick",
                     ("192.0.2.9", "empty.list.test"): "sick"}


@pytest.mark.parametrize("text", ["[2001:db8::1]", "[IPv6:2001:db8::1]", "2001:db8::1"])
def test_brackets(resolver, text):
    assert report(text, "good", resolver)[0] == 1


@pytest.mark.parametrize("text, code", [("[", 64), ("[]", 64), ("a..b", 64), ("1.2.3", 64),
                                        ("nobody.good.list.test", 68)])
def test_no_host(resolver, text, code):
    done = check(text, "--zone", "good.list.test", "--resolver", resolver)
    assert done.returncode == code and len(done.stderr.splitlines()) == 1
