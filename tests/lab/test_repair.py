"""Repaired servers come off the list by one retest, each with its own words.

A lab of its own: every server is opened in a way that is typical of it, proved and listed; then its
admin sets it right, and asks once.
"""

import os
from dataclasses import dataclass

import pytest
from conftest import BINARY

from lab import cast
from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import BASE, Postfix
from lab.mta.sendmail import Sendmail
from lab.portreeve import Portreeve
from lab.wait import wait_until

RANGES = ("198.51.100.0/24", "2001:db8:100::/48")

# A test is not tried anew: the one retest decides.
TESTER = "retries = 0"


@dataclass
class Case:
    """A host, and what its admin changes to repair it."""

    host: Host
    repair: dict


_numbers = iter(range(101, 250))


def case(server, name, opened, repair):
    number = next(_numbers)
    host = server(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                  domains=[f"{name}.example"], users=["bob", "postmaster"], **opened)
    return Case(host, repair)


CASES = [
    case(Postfix, "postfix", {"settings": {"mynetworks": cast.EVERYBODY}},
         {"mynetworks": cast.LOCAL}),
    # As Debian sets it up: "defer_unauth_destination" says 454.
    case(Postfix, "postfix-454", {"settings": {"mynetworks": cast.EVERYBODY}},
         {"mynetworks": cast.LOCAL,
          "smtpd_relay_restrictions": "permit_mynetworks, defer_unauth_destination"}),
    case(Postfix, "postfix-forged",
         {"settings": {"smtpd_relay_restrictions":
                       "permit_mynetworks, check_sender_access "
                       "inline:{mail.postfix-forged.example=OK}, reject_unauth_destination"}},
         {"smtpd_relay_restrictions": BASE["smtpd_relay_restrictions"]}),
    case(Exim, "exim", {"relay_from": "*"}, {"relay_from": "<; 127.0.0.1 ; ::1"}),
    case(Exim, "exim-percent", {"percent_hack": True}, {"percent_hack": False}),
    case(OpenSMTPD, "opensmtpd", {"relay_from": "any"}, {"relay_from": "local"}),
    case(Sendmail, "sendmail", {"features": ["promiscuous_relay"]}, {"features": ()}),
    case(Sendmail, "sendmail-local", {"features": ["relay_local_from"]}, {"features": ()}),
]
# Nobody repairs this one.
LEFT = case(Postfix, "postfix-left", {"settings": {"mynetworks": cast.EVERYBODY}}, {})


def addresses(cases):
    return {address for one in cases for address in one.host.addresses}


@pytest.fixture(scope="module")
def probe():
    """Portreeve, with every host proved and listed."""
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    probe = Portreeve(BINARY, wait=5, tester=TESTER)
    hosts = [probe, *(one.host for one in [*CASES, LEFT])]
    everybody = addresses([*CASES, LEFT])
    with Lab("repair", hosts, probe.delegations()):
        for network in RANGES:
            probe.portreeve("permit", "add", network, "--consent", "range", "--by", "the tests")
        for address in sorted(everybody):
            probe.portreeve("nominate", address, "--by", "the tests", "--reason", "to be tested")
        wait_until(lambda: probe.listed() == everybody,
                   lambda: f"the proofs against {everybody - probe.listed()}", 270)
        yield probe


def retest_of(probe, address):
    """The retest as it is stored, once it has ended."""
    def ended():
        _, tests = probe.objects("list", "tests", address)
        return [test for test in tests if test["reason"] == "retest" and test["state"] == "done"]
    (test,) = wait_until(ended, f"the retest of {address}", 180)
    return test


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.host.name)
def test_comes_off_by_one_retest(probe, one):
    one.host.change(**one.repair)
    assert addresses([one]) <= probe.listed(), "nobody asked, and nobody looked"
    for address in one.host.addresses:
        probe.portreeve("retest", address)
    for address in one.host.addresses:
        assert retest_of(probe, address)["verdict"] == "closed"
    assert probe.listed().isdisjoint(addresses([one]))


def test_who_was_not_repaired_stays(probe):
    probe.portreeve("retest", LEFT.host.v4)
    assert retest_of(probe, LEFT.host.v4)["verdict"] == "open"
    assert LEFT.host.v4 in probe.listed()
