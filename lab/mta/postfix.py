"""Postfix.

The base is a properly closed server with Debian's own restrictions; a host's
`settings` (parameters of main.cf) then make it what the story needs.
"""

from ..host import Host

# What a sound server says; the rest is Postfix's default.
BASE = {
    "compatibility_level": "3.6",
    "maillog_file": "/var/log/mail.log",
    "inet_interfaces": "all",
    "inet_protocols": "all",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "mail_spool_directory": "/var/mail",
    "alias_maps": "",
    "biff": "no",
    # The lab's servers have no certificates.
    "smtpd_tls_security_level": "none",
    "smtp_tls_security_level": "none",
    # Nobody waits for hours here.
    "minimal_backoff_time": "2s",
    "maximal_backoff_time": "2s",
    "queue_run_delay": "2s",
}

MASTER = """\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


# Port 465, TLS from the first byte.
SMTPS = "465       inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"

CERTIFICATE = "/etc/postfix/certificate.pem"


class Postfix(Host):
    """`tls` makes a certificate, offers STARTTLS and listens on port 465 as well."""

    packages = ("postfix", "openssl")
    system_accounts = ("postfix", "postdrop")

    def __init__(self, *arguments, settings=None, tls=False, **keywords):
        super().__init__(*arguments, **keywords)
        self.settings = BASE | {
            "myhostname": self.fqdn,
            "mydestination": ", ".join(("localhost", self.fqdn, *self.domains)),
            "myorigin": self.domains[0] if self.domains else self.fqdn,
        } | (settings or {})
        self.tls = tls

    def configure(self):
        if self.tls:
            self._make_certificate()
        lines = (f"{name} = {value}\n" for name, value in self.settings.items())
        self.write("/etc/postfix/main.cf", "".join(lines))
        self.write("/etc/postfix/master.cf", MASTER + (SMTPS if self.tls else ""))
        self.make_directory(self.settings.get("queue_directory", "/var/spool/postfix"))
        self.make_directory("/var/lib/postfix", owner="postfix")
        for program in ("postdrop", "postqueue"):  # as Debian's set-up does
            self.set_owner(f"/usr/sbin/{program}", 0o2755, "root", "postdrop")

    def _make_certificate(self):
        self.make_certificate(f"{CERTIFICATE}.public", CERTIFICATE)
        self.run("sh", "-c", f"cat {CERTIFICATE}.public >> {CERTIFICATE}")
        self.settings |= {"smtpd_tls_security_level": "may", "smtpd_tls_chain_files": CERTIFICATE,
                          "smtpd_tls_received_header": "yes"}

    def start_services(self):
        self.run("postfix", "start")
        self.wait_port(25)

    def change(self, **settings):
        """Change parameters of main.cf, as an admin would, and reload."""
        for name, value in settings.items():
            self.run("postconf", "-e", f"{name} = {value}")
            self.settings[name] = value
        self.run("postfix", "reload")
