# SPDX-License-Identifier: ISC
"""`portreeve doctor` where all of it is real: NSD has the names, Unbound resolves them, Postfix is
called.

A lab of its own: two Portreeves, one that is the MX of its domains and has its zone delegated, and
the same before anybody has created a record.
"""

import os

import pytest
from conftest import BINARY

from lab.lab import Lab
from lab.mta.postfix import Postfix
from lab.portreeve import DOMAIN, DOMAIN2, ZONE, Portreeve


class Unnamed(Portreeve):
    """Of names that nobody has created."""

    def __init__(self, binary):
        super().__init__(binary, name="unnamed")
        self.fqdn, self.v4, self.v6 = "unnamed.newcomer.example", "192.0.2.11", "2001:db8:2::11"
        self.domains = ()

    def configure(self):
        super().configure()
        path = "/etc/portreeve.conf"
        text = self.read(path)
        for name in (DOMAIN, DOMAIN2, ZONE):
            text = text.replace(f'"{name}"', f'"{name}.newcomer.test"')
        self.write(path, text.replace('nameserver = {"ns.portreeve.example"}', ""))


class Ward:
    def __init__(self):
        self.probe = Portreeve(BINARY)
        self.unnamed = Unnamed(BINARY)
        self.called = Postfix("called", "mx.called.example", "198.51.100.20", "2001:db8:100::20",
                              domains=["called.example"], users=["postmaster"])
        self.lab = Lab("doctor", [self.probe, self.unnamed, self.called],
                       self.probe.delegations())


@pytest.fixture(scope="module")
def ward():
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    ward = Ward()
    with ward.lab:
        yield ward


def examine(host, *arguments):
    done, found = host.objects("doctor", *arguments, check=False)
    return done.returncode, {row["about"]: row for row in found if "about" in row}, \
        {row["record"] for row in found if "record" in row}


def bad(findings):
    return {about: row for about, row in findings.items()
            if row["status"] not in ("ok", "better")}


def test_all_is_right(ward):
    code, findings, _ = examine(ward.probe, "--to", ward.called.fqdn)
    assert (code, bad(findings)) == (0, {})
    out = [row for about, row in findings.items() if about.startswith("port 25 out")]
    assert len(out) == 2 and all("it greets: 220 mx.called.example" in row["text"] for row in out)
    assert findings[f"delegation of {ZONE}"]["status"] == "ok"
    # Nobody takes the collector for a relay that has been asked.
    assert ward.probe.portreeve("list", "tests", "--count").stdout.strip() == "0"


def test_a_blocked_port_25(ward):
    """As a provider does it: what goes out is dropped."""
    ward.probe.run("ip", "route", "add", "blackhole", "198.51.100.20/32")
    code, findings, _ = examine(ward.probe, "--to", "198.51.100.20")
    (row,) = bad(findings).values()
    assert code == 1 and row["about"].startswith("port 25 out") and row["status"] == "wrong"
    ward.probe.run("ip", "route", "del", "blackhole", "198.51.100.20/32")


def test_before_any_record(ward):
    code, findings, records = examine(ward.unnamed)
    name = "newcomer.test"
    wrong = bad(findings)
    assert code == 1
    for about in (f"MX of {DOMAIN}.{name}", f"MX of {DOMAIN2}.{name}",
                  f"delegation of {ZONE}.{name}"):
        row = wrong.pop(about)
        assert row["status"] == "missing" and row["todo"] in records, row
    assert wrong == {}
