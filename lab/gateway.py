"""Portreeve as a mail server: the role `gateway` on a host of its own."""

import json
import os
import signal
from pathlib import Path

from . import net
from .host import Host
from .wait import wait_until

CONFIGURATION_FILE = "/etc/portreeve.conf"
CERTIFICATE, KEY = "/etc/portreeve.pem", "/etc/portreeve.key"

CONFIGURATION = """\
state_directory = "{state}"
user = "portreeve"
roles = {{"gateway"}}
hostname = "{fqdn}"
resolver = {{"{resolver}"}}

gateway {{
{lines}
}}

# The lab lives in documentation ranges.
list {{
    allow_special = {{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"}}
}}
"""


def quoted(value):
    """A value as the configuration has it: a number, a text, or a list of texts."""
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(quoted(one) for one in value) + "}"
    return str(value) if isinstance(value, int) else f'"{value}"'


class Gateway(Host):
    """`binary` is the program to run; it is copied onto the host.

    accounts  {name: password} of its users, whose address is the name
    settings  more parameters of the section gateway, or others than those below
    state     its state directory; /var/log/state is on the machine's disk, all else in memory
    """

    packages = ("openssl",)
    system_accounts = ("portreeve",)

    def __init__(self, binary, *arguments, accounts=None, settings=None,
                 state="/var/lib/portreeve", **keywords):
        super().__init__(*arguments, **keywords)
        self.binary = Path(binary)
        self.accounts = accounts or {}
        self.state = state
        self.settings = {
            "listen": [f"{self.v4}:25", f"[{self.v6}]:25"],
            "submission": [f"{self.v4}:587", f"[{self.v6}]:587"],
            "submissions": [f"{self.v4}:465", f"[{self.v6}]:465"],
            "certificate": CERTIFICATE,
            "key": KEY,
            "domains": list(self.domains),
            # A host's /var is in memory.
            "spool_anywhere": "yes",
            # Nobody waits for hours here.
            "retry_first": "2s",
            "retry_most": "2s",
        } | (settings or {})

    # -- coming up ---------------------------------------------------------

    def configure(self):
        self.copy(self.binary, "/usr/local/bin/portreeve")
        self.make_directory(self.state, mode=0o700, owner="portreeve")
        self.make_certificate(CERTIFICATE, KEY, owner="portreeve")
        self.write_settings()
        for name, password in self.accounts.items():
            self.portreeve("user", "add", name, "--scram", text=f"{password}\n")

    def write_settings(self):
        lines = "\n".join(f"    {name} = {quoted(value)}" for name, value in self.settings.items())
        self.write(CONFIGURATION_FILE, CONFIGURATION.format(
            state=self.state, fqdn=self.fqdn, resolver=self.lab.resolver, lines=lines))

    def start_services(self):
        self.daemon = self.start("portreeve", "run", "-c", CONFIGURATION_FILE)
        for port in (25, 587, 465):
            self.wait_port(port)

    def change(self, **settings):
        """Other parameters, as an admin would set them, and a reload."""
        self.settings |= settings
        self.write_settings()
        self.portreeve("config", "check")
        done = self.said("reloaded")
        os.kill(net.child_of(self.daemon.pid), signal.SIGHUP)
        wait_until(lambda: self.said("reloaded") > done, f"{self.name} to reload")

    # -- commands ----------------------------------------------------------

    def portreeve(self, command, *arguments, text=None, check=True):
        """Run one command of Portreeve; gives its CompletedProcess."""
        return self.run("portreeve", command, "-c", CONFIGURATION_FILE, *arguments,
                        text=text, check=check)

    def objects(self, command, *arguments):
        """Run one command with --json; gives the objects printed, one a line."""
        done = self.portreeve(command, "--json", *arguments)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    # -- what there is to see ----------------------------------------------

    def says(self):
        """Its log."""
        return (self.log / "portreeve").read_text(errors="replace")

    def said(self, text):
        return self.says().count(text)

    def wait_said(self, text):
        wait_until(lambda: text in self.says(),
                   lambda: f"{text!r} in the log of {self.name}:\n{self.says()}")

    def maildir(self, address):
        """The messages in the mailbox of an address, whole."""
        local, _, domain = address.rpartition("@")
        folder = self.path(f"{self.state}/mailboxes/{domain}/{local}")
        return [path.read_text(errors="replace") for part in ("new", "cur")
                for path in sorted((folder / part).glob("*"))]

    def wait_mail(self, address, text):
        """Wait for a message that holds `text`; gives that message."""
        return wait_until(lambda: next((one for one in self.maildir(address) if text in one), None),
                          lambda: f"{text!r} in the mailbox of {address}; the log:\n"
                                  + self.says()[-3000:])
