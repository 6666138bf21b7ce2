"""Dovecot beside a mail server that is not its own: it has the mailboxes and the passwords.

A host that has both is a subclass of this and of the server's class.
"""

from ..wait import wait_until

CONFIGURATION = """\
protocols = lmtp
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
ssl = no
mail_location = maildir:/var/mail/%n
auth_mechanisms = plain login
auth_username_format = %Lu
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=plain /etc/dovecot/users
}}
userdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
postmaster_address = postmaster@{domain}
hostname = {fqdn}
"""

LMTP, AUTH = "/run/dovecot/lmtp", "/run/dovecot/auth-client"
CONFIGURATION_FILE = "/etc/dovecot/dovecot.conf"


class Dovecot:
    """`people` {address: password}: those who have a mailbox."""

    packages = ("dovecot-lmtpd",)
    system_accounts = ("dovecot", "dovenull", "vmail")

    def start_dovecot(self, people):
        user = self._ids["vmail"]
        self.write(CONFIGURATION_FILE, CONFIGURATION.format(domain=self.domains[0], fqdn=self.fqdn))
        self.write("/etc/dovecot/users", "".join(
            f"{address}:{password}:{user}:{user}::/var/home/vmail::\n"
            for address, password in people.items()))
        self.make_directory("/run/dovecot")
        self.make_directory("/var/home/vmail", owner="vmail")
        self.start("dovecot", "-F", "-c", CONFIGURATION_FILE)
        wait_until(lambda: all(self.path(one).exists() for one in (LMTP, AUTH)),
                   "Dovecot's sockets")

    def kept(self, user):
        """The messages in a mailbox of Dovecot's, whole."""
        return [path.read_text(errors="replace") for path in self.path(f"/var/mail/{user}/new").glob("*")]
