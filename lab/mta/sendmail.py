"""Sendmail.

The macro file is Debian's, listening everywhere and without its delays; the
`features` of a host are what an admin added, such as `promiscuous_relay`, and
`macros` are other lines of that file.
"""

from ..host import Host

# However busy the machine is: at a load average of 12 Sendmail would refuse all connections, and from 8
# on queue what it has taken.
MACROS = """\
divert(-1)
define(`_USE_ETC_MAIL_')
include(`/usr/share/sendmail/cf/m4/cf.m4')
divert(0)dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp, Addr={v4}')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr={v6}')dnl
define(`confPRIVACY_FLAGS',dnl
`needmailhelo,needexpnhelo,needvrfyhelo,restrictqrun,restrictexpand,nobodyreturn,authwarnings')dnl
define(`confDONT_PROBE_INTERFACES', `False')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDOMAIN_NAME', `{fqdn}')dnl
FEATURE(`use_cw_file')dnl
FEATURE(`local_lmtp', `/usr/libexec/sendmail/mail.local')dnl
FEATURE(`access_db')dnl
{features}{macros}MAILER_DEFINITIONS
MAILER(`local')dnl
MAILER(`smtp')dnl
"""


PROGRAM = "/usr/libexec/sendmail/sendmail"


class Sendmail(Host):
    packages = ("sendmail-bin",)
    system_accounts = ("smmta", "smmsp")

    def __init__(self, *arguments, features=(), access="", macros="", **keywords):
        super().__init__(*arguments, **keywords)
        self.features, self.access, self.macros = features, access, macros

    def configure(self):
        features = "".join(f"FEATURE(`{feature}')dnl\n" for feature in self.features)
        self.write("/etc/mail/sendmail.mc", MACROS.format(
            fqdn=self.fqdn, v4=self.v4, v6=self.v6, features=features, macros=self.macros))
        self.write("/etc/mail/local-host-names", "".join(f"{name}\n" for name in (self.fqdn, *self.domains)))
        self.write("/etc/mail/aliases", "")
        self.write("/etc/mail/access", self.access)
        # m4 prints its warnings (it has one for promiscuous_relay) on standard error.
        self.run("sh", "-c", "m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf")
        self.run("makemap", "hash", "/etc/mail/access", text=self.access)
        self.make_directory("/var/spool/mqueue", mode=0o750, owner="smmta", group="smmsp")
        self.make_directory("/run/sendmail/mta", owner="smmta", group="smmsp")
        self.run(PROGRAM, "-bi")  # the table of aliases

    def start_services(self):
        self.daemon = self.start(PROGRAM, "-bD", "-q10s")
        self.wait_port(25)
