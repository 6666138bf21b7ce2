"""The lab's names: all of them in one zone, and a resolver for everybody.

NSD serves the root zone.  It holds each host's name and address, the reverse
names, the MX of each mail domain, and one delegation for each zone that
somebody in the lab serves himself.  Unbound resolves for all hosts, as a
provider's resolver would: it asks the root and follows delegations.

It keeps an answer, or the lack of one, no longer than a second: the lab's
hours are short.
"""

import ipaddress

from .host import Host
from .wait import wait_until

NSD_ADDRESS = "192.0.2.54"
RESOLVER_ADDRESS = "192.0.2.53"

NSD_CONF = f"""\
server:
    ip-address: {NSD_ADDRESS}
    server-count: 1
    xfrdir: "/run/nsd"
    username: nsd
    zonesdir: "/etc/nsd"
    database: ""
    pidfile: "/run/nsd.pid"
    xfrdfile: "/run/nsd/xfrd.state"
remote-control:
    control-enable: no
zone:
    name: "."
    zonefile: "root.zone"
"""

UNBOUND_CONF = f"""\
server:
    interface: {RESOLVER_ADDRESS}
    access-control: 0.0.0.0/0 allow
    username: "unbound"
    directory: "/etc/unbound"
    chroot: ""
    pidfile: "/run/unbound.pid"
    logfile: ""
    use-syslog: no
    num-threads: 1
    module-config: "iterator"
    cache-max-ttl: 1
    cache-max-negative-ttl: 1
    infra-host-ttl: 1
    # The lab's networks are for documentation; unbound answers for their
    # reverse names itself unless told that somebody serves them.
{{local}}
stub-zone:
    name: "."
    stub-addr: {NSD_ADDRESS}
remote-control:
    control-enable: no
"""

REVERSE_ZONES = ("2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.",
                 "8.b.d.0.1.0.0.2.ip6.arpa.", "example.", "test.", "invalid.")

HEAD = f"""\
$ORIGIN .
$TTL 60
.        SOA  ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 1
.        NS   ns.lab.example.
ns.lab.example. A {NSD_ADDRESS}
"""


def zone(hosts, delegations, aliases=()):
    """The text of the root zone.

    delegations  {zone: (name of its server, [addresses])}
    aliases      [(name, host)]: more names for a host's addresses
    """
    lines = [HEAD]
    for host in hosts:
        for address in host.addresses:
            lines.append(f"{host.fqdn}. {_type(address)} {address}")
            lines.append(f"{ipaddress.ip_address(address).reverse_pointer}. PTR {host.fqdn}.")
        lines += [f"{domain}. MX 10 {host.fqdn}." for domain in host.domains]
        lines += host.records
    for name, host in aliases:
        lines += [f"{name}. {_type(address)} {address}" for address in host.addresses]
    for name, (server, addresses) in delegations.items():
        lines.append(f"{name}. NS {server}.")
        lines += [f"{server}. {_type(address)} {address}" for address in addresses]
    return "\n".join(lines) + "\n"


def _type(address):
    return "AAAA" if ":" in address else "A"


class Names(Host):
    """The host with both name servers."""

    packages = ("nsd", "unbound", "bind9-dnsutils")
    system_accounts = ("nsd", "unbound")

    def __init__(self, delegations):
        super().__init__("names", "names.lab.example", RESOLVER_ADDRESS, "2001:db8:2::53")
        self.delegations = delegations

    @property
    def addresses(self):
        return [*super().addresses, NSD_ADDRESS]

    def configure(self):
        self.make_directory("/run/nsd", owner="nsd")
        self.write("/etc/nsd/nsd.conf", NSD_CONF)
        self.write("/etc/nsd/root.zone", zone(self.lab.hosts, self.delegations))
        local = "".join(f'    local-zone: "{name}" nodefault\n' for name in REVERSE_ZONES)
        self.write("/etc/unbound/unbound.conf", UNBOUND_CONF.format(local=local))

    def start_services(self):
        self.start("nsd", "-d", "-c", "/etc/nsd/nsd.conf")
        self.start("unbound", "-d", "-c", "/etc/unbound/unbound.conf")
        wait_until(self._answers, "an answer from the lab's name servers")

    def _answers(self):
        asked = self.run("dig", "+short", "+time=1", "+tries=1", "ns.lab.example", check=False)
        return asked.stdout.strip() == NSD_ADDRESS
