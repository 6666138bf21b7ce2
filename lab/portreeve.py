"""The host on which Portreeve runs, with the configuration it has in the lab."""

import json
from pathlib import Path

from .host import Host

ZONE = "relays.portreeve.example"
NAMESERVER = "ns.portreeve.example"
DOMAIN, DOMAIN2 = "returns.portreeve.example", "returns.second.example"
CONFIGURATION_FILE = "/etc/portreeve.conf"

CONFIGURATION = """\
state_directory = "/var/lib/portreeve"
user = "portreeve"
roles = {{"tester", "collector", "dnsbl"}}
hostname = "{fqdn}"
contact = "abuse@{domain}"
operator = "the lab's list operator"
resolver = {{"{resolver}"}}

tester {{
    domain = "{domain}"
    domain2 = "{domain2}"
    collector = "{v4}:25"
    source = {{"{v4}", "{v6}"}}
    ports = {{25}}
    wait = "{wait}s"
    rate = 50
    {tester}
}}

collector {{
    listen = {{"{v4}:25", "[{v6}]:25"}}
}}

dnsbl {{
    zone = "{zone}"
    listen = {{"{v4}:53", "[{v6}]:53"}}
    nameserver = {{"{nameserver}"}}
    hostmaster = "hostmaster@{domain}"
    ttl = "5s"
    negative_ttl = "1s"
}}

# The lab lives in documentation ranges.
list {{
    allow_special = {{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"}}
}}
{sections}
"""

# Exit codes of `portreeve test`
CLOSED, OPEN = 0, 1


class Portreeve(Host):
    """`binary` is the program to run; it is copied onto the host.

    tester    more lines of the configuration's section tester
    sections  more sections of it
    """

    packages = ("bind9-dnsutils",)
    system_accounts = ("portreeve",)

    def __init__(self, binary, name="probe", roles=True, wait=10, tester="", sections=""):
        super().__init__(name, "probe.portreeve.example", "192.0.2.10", "2001:db8:2::10",
                         domains=(DOMAIN, DOMAIN2))
        self.binary = Path(binary)
        self.roles = roles
        self.wait = wait
        self.tester, self.sections = tester, sections

    def delegations(self):
        """What the lab's DNS must know of the zone that this host serves."""
        return {ZONE: (NAMESERVER, self.addresses)}

    def configure(self):
        self.copy(self.binary, "/usr/local/bin/portreeve")
        self.make_directory("/var/lib/portreeve", mode=0o700, owner="portreeve")
        self.write(CONFIGURATION_FILE, CONFIGURATION.format(
            fqdn=self.fqdn, v4=self.v4, v6=self.v6, domain=DOMAIN, domain2=DOMAIN2,
            resolver=self.lab.resolver, zone=ZONE, nameserver=NAMESERVER, wait=self.wait,
            tester=self.tester, sections=self.sections))

    def start_services(self):
        if self.roles:
            self.start("portreeve", "run", "-c", CONFIGURATION_FILE)
            self.wait_port(25)
            self.wait_port(53, udp=True)

    def portreeve(self, command, *arguments, seconds=120, check=True):
        """Run one command of Portreeve; gives its CompletedProcess."""
        return self.run("portreeve", command, "-c", CONFIGURATION_FILE, *arguments,
                        seconds=seconds, check=check)

    def objects(self, command, *arguments, check=True):
        """Run one command with --json; gives its CompletedProcess and the objects printed, one a line."""
        done = self.portreeve(command, "--json", *arguments, check=check)
        lines = (line for line in done.stdout.splitlines() if line.startswith("{"))
        return done, [json.loads(line) for line in lines]

    def listed(self):
        """The addresses on the list."""
        _, listings = self.objects("list")
        return {listing["address"] for listing in listings}
