"""The gate at real servers: yes for the sound one, no for what is wide unless each row is allowed or a
witness outside was seen by its own address, by the gate before the server runs, and by its log after.

One server's clients come over IPv6 through a proxy that opens connections of its own, as a container
runtime's does: there the witness shows that trust in the bridge is trust in all.
"""

import json
import os
import time

import pytest
from bridge import ByProxy
from conftest import BINARY

from lab.lab import Lab
from lab.mta.postfix import Postfix
from lab.portreeve import Portreeve
from lab.wait import wait_until

CONFIGURATION = "/etc/gate.conf"
WITNESS4, WITNESS6 = "192.0.2.10", "2001:db8:2::10"
LAN = "127.0.0.0/8 172.16.0.0/12"

# An audit takes some seconds: the shorter form has those tests that nothing else stands for.
campaign = pytest.mark.skipif(not os.environ.get("CAMPAIGN"), reason="in the long form, with CAMPAIGN=yes")


class Gated(Postfix):
    """A mail server with a gate."""

    def configure(self):
        super().configure()
        self.copy(BINARY, "/usr/local/bin/portreeve")
        self.order()

    def order(self, **rows):
        """What the gate's configuration says besides."""
        lines = [f'{name} = {{{", ".join(json.dumps(one) for one in value)}}}'
                 if isinstance(value, list) else f"{name} = {json.dumps(value)}"
                 for name, value in rows.items()]
        self.write(CONFIGURATION, f'hostname = "{self.fqdn}"\nresolver = {{"{self.lab.resolver}"}}\n'
                                  "gate {\n" + "\n".join(lines) + "\n}\n")

    def gate(self):
        """Exit code, what `--json` says, and the line of a no."""
        done = self.run("portreeve", "gate", "--json", "-c", CONFIGURATION, check=False, seconds=150)
        lines = done.stdout.splitlines()
        return (done.returncode, json.loads(next(line for line in lines if line.startswith("{"))),
                "\n".join(line for line in lines if "SHUT" in line))


class Proxied(ByProxy, Gated):
    pass


def server(kind, name, number, **settings):
    return kind(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                domains=[f"{name}.example"], users=["bob"], settings=settings)


SOUND = server(Gated, "sound", 1)
WORLD = server(Gated, "world", 2, mynetworks="0.0.0.0/0")
WIDE = server(Gated, "wide", 3, mynetworks=LAN)
PROXIED = server(Proxied, "proxied", 4, mynetworks=LAN, inet_protocols="ipv4")
HOSTS = [SOUND, WORLD, WIDE, PROXIED]


@pytest.fixture(scope="module")
def lab():
    probe = Portreeve(BINARY, roles=False)
    with Lab("gate", [*HOSTS, probe], probe.delegations()) as made:
        keys, secret = "/etc/witness.keys", "/etc/mx.key"
        hosts = [word for host in (WIDE, PROXIED) for word in ("--host", host.fqdn)]
        probe.write(keys, probe.run("portreeve", "keys", "witness", "mx", secret, *hosts, "--network",
                                    "198.51.100.0/24", "--network", "2001:db8:100::/48").stdout, 0o600)
        probe.write("/etc/witness.conf", f"""
user = "portreeve"
hostname = "{probe.fqdn}"
roles = {{"witness"}}
resolver = {{"{made.resolver}"}}
witness {{
 listen = {{"{probe.v4}:4025"}}
 keys = "{keys}"
}}
list {{
 allow_special = {{"192.0.2.0/24"}}
}}
""")
        probe.run("portreeve", "config", "check", "-c", "/etc/witness.conf")
        probe.start("portreeve", "run", "-c", "/etc/witness.conf")
        probe.wait_port(4025)
        for host in (WIDE, PROXIED):
            host.write("/etc/mx.key", probe.read(secret), 0o600)
            host.witness = {"witness": f"{probe.v4}:4025", "key": "/etc/mx.key",
                            "seen_as": [WITNESS4, WITNESS6]}
        yield made


def test_closed(lab):
    code, said, _ = SOUND.gate()
    assert (code, said["answer"], said["kept"]) == (0, "yes", False), said
    text = SOUND.run("portreeve", "gate", "-c", CONFIGURATION, seconds=150).stdout
    assert text.startswith("yes: closed: no stranger can relay"), text    # not "open", which it is not
    began = time.monotonic()
    code, said, _ = SOUND.gate()
    assert (code, said["answer"], said["kept"]) == (0, "yes", True), said
    assert time.monotonic() - began < 3        # 1 s on a machine with nothing else to do
    SOUND.run("postconf", "-e", "mynetworks = 127.0.0.0/8 0.0.0.0/0")
    code, said, line = SOUND.gate()
    assert (code, said["answer"], said["kept"]) == (1, "no", False), said
    assert "whole Internet" in line


@campaign
def test_world(lab):
    WORLD.order(allow=["stranger4 0.0.0.0/0", "stranger6 ::/0"])
    code, said, line = WORLD.gate()
    assert (code, said["answer"]) == (1, "no"), said
    assert "SHUT" in line


def test_cannot_look(lab):
    WORLD.order(kept="")
    WORLD.run("mv", "/usr/lib/postfix/sbin/master", "/usr/lib/postfix/sbin/master.away", check=False)
    code, said, line = WORLD.gate()
    assert (code, said["answer"]) == (1, "blind"), said
    assert "could not look" in line
    WORLD.write(CONFIGURATION, "gate {\n nothing = yes\n}\n")
    code, said, line = WORLD.gate()
    assert (code, said["answer"]) == (1, "blind"), said
    assert "could not look" in line and "nothing" in line
    WORLD.order(kept="")
    done = WORLD.run("portreeve", "gate", "-c", CONFIGURATION, "--with-socket", "/none", check=False)
    assert done.returncode == 1 and "--with-socket: /none: expected a socket" in done.stdout


def test_doubt(lab):
    """What is allowed by name does not pass as long as a stranger could not be asked at another port."""
    original = WIDE.read("/etc/postfix/master.cf")
    WIDE.order(allow=["range 172.16.0.0/12"])
    assert WIDE.gate()[0] == 0
    try:
        WIDE.write("/etc/postfix/master.cf", original + """
2525 inet n - y - - smtpd
 -o smtpd_client_restrictions=permit_mynetworks,defer
 -o smtpd_delay_reject=no
""")
        code, said, line = WIDE.gate()
        assert (code, said["answer"], said["kept"]) == (1, "blind", False), said
        assert "a stranger, by IPv4 could not be asked at port 2525" in line
    finally:
        WIDE.write("/etc/postfix/master.cf", original)


def test_allowed(lab):
    done = WIDE.run("portreeve", "audit", "--json", check=False, seconds=150)
    rows = json.loads(next(one for one in done.stdout.splitlines() if one.startswith("{")))["who"]
    names = [f'{row["client"]} {row["network"]} {row["port"]}' for row in rows]
    WIDE.order(allow=names)
    code, said, _ = WIDE.gate()
    assert (code, said["answer"]) == (0, "yes"), said
    assert "each of those" in said["why"]


@campaign
def test_not_allowed(lab):
    WIDE.order(allow=["range 10.0.0.0/8 25"])
    code, said, line = WIDE.gate()
    assert (code, said["answer"]) == (1, "no"), said
    assert 'may relay, and gate.allow does not name' in line
    assert "range 172.16.0.0/12 25" in line


@campaign
def test_witness_by_the_log(lab):
    WIDE.order(**WIDE.witness)
    code, said, _ = WIDE.gate()
    assert (code, said["answer"]) == (0, "yes"), said
    assert "by its own address" in said["why"]


def test_witness_that_comes_by_the_bridge(lab):
    PROXIED.order(**PROXIED.witness)
    code, said, line = PROXIED.gate()
    assert (code, said["answer"]) == (1, "no"), said
    assert "the witness came as 172.18.0.1" in line
    assert f"[{PROXIED.v6}]:25" in line


def test_witness_before_the_server_runs(lab):
    WIDE.order(**WIDE.witness, kept="")
    WIDE.run("postfix", "stop")
    wait_until(lambda: not WIDE.listens(25), "port 25 to be free")
    log = WIDE.read("/var/log/mail.log")
    code, said, _ = WIDE.gate()
    assert (code, said["answer"]) == (0, "yes"), said
    assert "by its own address" in said["why"]
    assert WIDE.read("/var/log/mail.log") == log and not WIDE.listens(25)


@campaign
def test_witness_that_is_not_there(lab):
    WIDE.order(**(WIDE.witness | {"witness": f"{WITNESS4}:4026"}), kept="")
    code, said, line = WIDE.gate()
    assert (code, said["answer"]) == (1, "blind"), said
    assert f"the witness could not look: gate.witness {WITNESS4}:4026: nobody listens there" in line


def test_what_a_witness_says_no_to(lab):
    """Whose mistake it is, and what is expected."""
    WIDE.order(**(WIDE.witness | {"host": SOUND.fqdn}), kept="")
    code, said, line = WIDE.gate()
    assert (code, said["answer"]) == (1, "blind"), said
    assert "it may not visit gate.host: expected it in host= of the key's row there" in line
