"""OpenSMTPD.

The sound configuration is Debian's with the listener on all addresses.  The
open one says `from any` where it meant `from local`, which is one word.
"""

from ..host import Host

CONFIGURATION = """\
table domains {{ {domains} }}

listen on 0.0.0.0
listen on ::

{virtual}action "local" mbox{catching}
action "relay" relay

match from any for domain <domains> action "local"
match for local action "local"
match from {relay_from} for any action "relay"
"""

QUEUE = {"corrupt": 0o700, "incoming": 0o700, "purge": 0o700, "queue": 0o700,
         "temporary": 0o700}


class OpenSMTPD(Host):
    """`catch_all` is who gets the mail for unknown users."""

    packages = ("opensmtpd",)
    system_accounts = ("opensmtpd", "opensmtpq")

    def __init__(self, *arguments, relay_from="local", catch_all="", **keywords):
        super().__init__(*arguments, **keywords)
        self.relay_from, self.catch_all = relay_from, catch_all

    def configure(self):
        domains = ", ".join(f'"{domain}"' for domain in (self.fqdn, *self.domains))
        self.write("/etc/smtpd.conf", CONFIGURATION.format(
            domains=domains, relay_from=self.relay_from,
            virtual=f'table everybody {{ "@" = "{self.catch_all}" }}\n\n' if self.catch_all else "",
            catching=" virtual <everybody>" if self.catch_all else ""))
        self.write("/etc/aliases", "")
        self.make_directory("/var/lib/opensmtpd/empty", mode=0o711)
        self.make_directory("/var/spool/smtpd", mode=0o711)
        for name, mode in QUEUE.items():
            self.make_directory(f"/var/spool/smtpd/{name}", mode, owner="opensmtpq", group="root")
        self.make_directory("/var/spool/smtpd/offline", 0o770, owner="root", group="opensmtpq")
        self.run("smtpd", "-n")

    def start_services(self):
        self.daemon = self.start("smtpd", "-d")
        self.wait_port(25)
