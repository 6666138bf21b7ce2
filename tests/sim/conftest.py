# SPDX-License-Identifier: ISC
"""Many simulated mail hosts, and the program that scans them.

$PORTREEVE names the program, $SIMULATOR the simulator; without it, the one built beside the
program. All runs in a network namespace of its own where the system allows that: only there
are IPv6 addresses and the ports below 1024 to be had.
"""

import collections
import contextlib
import ctypes
import functools
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests")]
import lab.wait
from ports import free_port

PORTREEVE = Path(os.environ.get("PORTREEVE", TOP / "build-asan" / "portreeve"))
SIMULATOR = Path(os.environ.get("SIMULATOR", PORTREEVE.parent / "tests" / "sim" / "simulator"))

GIVE_UP_S = 600         # a scan may take as long as all else that runs beside it
wait_until = functools.partial(lab.wait.wait_until, seconds=GIVE_UP_S)
USUAL_PORT = 2601
PROOF_WAIT_S = 2
DOMAIN = "returns.example.test"
SECOND_DOMAIN = "second.example.test"          # of the sender, or of a confirmation's recipient
TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{28}(?![a-z0-9])", re.I)
TRUSTED_V4, TRUSTED_V6 = "127.0.77.66", "2001:db8:ffff::66"
SECOND_SOURCE = "127.0.0.2"
HERE_V6 = "2001:db8:ffff::1"

# Who the program becomes where it is started by root. In a namespace that a plain user made,
# root is that user, and there is nobody else.
USER = "nobody" if os.getuid() == 0 else "root"

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def enter_namespace():
    """Whether this process has a network of its own now: loopback, and nothing else."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)):
        return False
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    return True


def add_addresses(addresses):
    batch = "".join(f"addr add {one}/128 dev lo nodad\n" for one in addresses)
    subprocess.run(["ip", "-6", "-batch", "-"], input=batch, text=True, check=True)


# How long a scan waits for hosts that said "later": the tester's rounds are seconds apart here.
PATIENCE = "2min"

Persona = collections.namedtuple("Persona", "name truth copies port was afterwards")
# `later` is the persona that it becomes when the simulator is told to switch.
Host = collections.namedtuple("Host", "address port persona later", defaults=[""])
Event = collections.namedtuple("Event", "name address port persona text time_ms")


def read_personas():
    lines = subprocess.run([SIMULATOR, "--personas"], check=True, capture_output=True, text=True)
    fields = (line.split() for line in lines.stdout.splitlines())
    return [Persona(name, truth, int(copies), int(port), was, afterwards)
            for name, truth, copies, port, was, afterwards in fields]


def scanned(personas):
    """Those whose truth a first test can find: they have copies, or a port of their own."""
    return [one for one in personas if one.copies or one.port]


def other_address(address):
    """Where what a multi-hop host relays comes from."""
    if ":" in address:
        family, at = socket.AF_INET6, 4
    else:
        family, at = socket.AF_INET, 1
    octets = bytearray(socket.inet_pton(family, address))
    octets[at] = 254
    return socket.inet_ntop(family, bytes(octets))


# Where the two sides are: an address for each, and the words that start a program there.
Place = collections.namedtuple("Place", "here there start_here start_there")
LOOPBACK = Place("127.0.0.1", "127.0.0.1", [], [])


class Field:
    """A set of simulated hosts, and a state directory for the program that tests them."""

    def __init__(self, directory, hosts, isolated, place=LOOPBACK, tester=""):
        self.directory, self.hosts, self.isolated = directory, hosts, isolated
        self.place, self.tester = place, tester
        self.collector, self.dns = free_port(), free_port()
        self.log_path = directory / "simulator.log"
        self.simulator = None
        self.configure()

    def configure(self):
        v6 = self.isolated
        listen = [f"{self.place.here}:{self.collector}"]
        trusted = [TRUSTED_V4]
        if v6:
            listen.append(f"[{HERE_V6}]:{self.collector}")
            trusted.append(TRUSTED_V6)
        quoted = [", ".join(f'"{one}"' for one in words) for words in (listen, trusted)]
        (self.directory / "portreeve.conf").write_text(f"""
hostname = "tester.example"
user = "{USER}"
resolver = {{"{self.place.there}:{self.dns}"}}
roles = {{"tester", "collector"}}
tester {{
  ports = {{{USUAL_PORT}}}
  domain = "{DOMAIN}"
  domain2 = "{SECOND_DOMAIN}"
  collector = "{self.place.here}:{self.collector}"
  trusted_source = {{{quoted[1]}}}
  wait = 4
  proof_wait = {PROOF_WAIT_S}
  rate = 1000
  connect_timeout = 4
  command_timeout = 4
  session_timeout = 40
  ask_again = 1
  {self.tester}
}}
collector {{
  listen = {{{quoted[0]}}}
}}
list {{
  allow_special = {{"127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"}}
}}
""")

    def start(self):
        text = "".join(f"{one.address} {one.port} {one.persona} {one.later}\n"
                       for one in self.hosts)
        (self.directory / "hosts").write_text(text)
        command = [*self.place.start_there, SIMULATOR,
                   "--hosts", self.directory / "hosts", "--log", self.log_path,
                   "--collector", f"{self.place.here}:{self.collector}",
                   "--dns", f"{self.place.there}:{self.dns}", "--first-domain", DOMAIN,
                   "--trusted-client", TRUSTED_V4, "--unknown-client", SECOND_SOURCE]
        if self.isolated:
            command += ["--collector", f"[{HERE_V6}]:{self.collector}",
                        "--trusted-client", TRUSTED_V6]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.simulator.stdout.readline() == "ready\n"
        for range_ in ("127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"):
            self.run("permit", "add", range_, "--consent", "owner", "--by", "the tests")

    def switch(self):
        """Each host becomes what it is later."""
        self.simulator.send_signal(signal.SIGUSR1)
        assert self.simulator.stdout.readline() == "switched\n"

    def stop(self):
        """The simulator must end well: with a sanitizer that says that it has no leaks."""
        if self.simulator.poll() is None:
            self.simulator.send_signal(signal.SIGTERM)
        return self.simulator.wait(GIVE_UP_S)

    def command(self, name, *arguments):
        return [*self.place.start_here, PORTREEVE, name, "-c", self.directory / "portreeve.conf",
                "--state", self.directory / "state", *arguments]

    def run(self, name, *arguments, codes=(0,)):
        done = subprocess.run(self.command(name, *arguments), check=False, capture_output=True,
                              text=True, timeout=GIVE_UP_S)
        assert done.returncode in codes, (done.returncode, done.stderr)
        return done

    @contextlib.contextmanager
    def roles(self):
        """The roles, as long as they are needed; gives the supervisor."""
        with (self.directory / "run.log").open("w") as log, \
                subprocess.Popen(self.command("run"), stderr=log) as supervisor:
            try:
                yield supervisor
            finally:
                supervisor.send_signal(signal.SIGTERM)
                supervisor.wait(GIVE_UP_S)

    def listed(self):
        """The addresses on the list."""
        lines = self.run("list", "--json").stdout.splitlines()
        return {json.loads(line)["address"] for line in lines}

    def scan_arguments(self, port, *more, hosts=None):
        """Of all hosts, or these."""
        path = self.directory / f"targets-{port}"
        path.write_text("".join(f"{one.address}\n" for one in hosts or self.hosts if one.port == port))
        return ["scan", "--file", str(path), "--port", str(port), "--patience", PATIENCE, "--json",
                *more]

    def scan(self, port, *more, hosts=None):
        """The results of a scan, by address."""
        done = self.run(*self.scan_arguments(port, *more, hosts=hosts), codes=(0, 1, 2))
        results = map(json.loads, done.stdout.splitlines())
        return {result["address"]: result for result in results}

    def events(self, *names):
        fields = (line.split(" ", 5) for line in self.log_path.read_text().splitlines())
        events = (Event(name, address, int(port), persona, text, int(time_ms))
                  for time_ms, name, address, port, persona, text in fields)
        return [event for event in events if not names or event.name in names]

    def query(self, text):
        """Rows of the store whose first column is an address, by that address."""
        store = sqlite3.connect(f"file:{self.directory}/state/portreeve.db?mode=ro", uri=True)
        rows = store.execute(text).fetchall()
        store.close()
        return {socket.inet_ntop(socket.AF_INET if address[0] == 4 else socket.AF_INET6,
                                 address[1:]): rest for address, *rest in rows}

    def stored_verdicts(self, where="verdict > 0"):
        """What the store says of each address, for runs that could not print it."""
        names = ["none", "open", "closed", "accepting", "backscatter", "unreachable",
                 "inconclusive"]
        rows = self.query("SELECT address, verdict FROM tests "
                          f"WHERE state = 3 AND {where} ORDER BY key")
        return {address: names[verdict] for address, (verdict,) in rows.items()}

    def interrupted(self):
        """Addresses that were sent a message whose answer died with the tester."""
        return set(self.query("SELECT address, count(*) FROM tests JOIN results ON test = key "
                              "WHERE text = 'interrupted' GROUP BY address"))


def spread(personas, count, seed):
    """`count` hosts of the usual port over 127.0.0.0/8: of each persona its share, at least one."""
    dice = random.Random(seed)
    usual = [one for one in personas if one.port == 0 and one.copies]
    whole = sum(one.copies for one in usual)
    names = [one.name for one in usual
             for _ in range(max(1, one.copies * (count - len(usual)) // whole))]
    names += ["closed"] * (count - len(names))
    taken = set()
    hosts = []
    for name in names:
        address = None
        while address is None or address in taken:
            address = f"127.{dice.randint(1, 250)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
        taken.add(address)
        hosts.append(Host(address, USUAL_PORT, name))
    return hosts


@pytest.fixture(scope="session")
def isolated():
    if not enter_namespace():
        return False
    add_addresses([TRUSTED_V6, HERE_V6])
    return True


@pytest.fixture(scope="session")
def personas():
    return read_personas()


@pytest.fixture(scope="session")
def make_field(isolated):
    fields = []

    def make(hosts, place=LOOPBACK, tester=""):
        # The program becomes another user: it must be able to get there.
        directory = Path(tempfile.mkdtemp(prefix="portreeve-sim-"))
        directory.chmod(0o755)
        field = Field(directory, hosts, isolated and place is LOOPBACK, place,
                      tester)
        fields.append(field)
        field.start()
        return field

    yield make
    for field in fields:
        field.stop()
        shutil.rmtree(field.directory)
