"""Exim.

A complete configuration in the manner of Exim's own default file.  The sound
one relays for the host itself only; `relay_from_hosts` and a percent
hack are the two classic ways to open it.
"""

from ..host import Host

CONFIGURATION = """\
primary_hostname = {fqdn}
domainlist local_domains = {domains}
domainlist relay_to_domains =
hostlist relay_from_hosts = {relay_from}

acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data

exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim-%s
never_users = root
host_lookup = *
dns_dnssec_ok = 0
prdr_enable = true
ignore_bounce_errors_after = 2d
timeout_frozen_after = 7d
{settings}
begin acl

acl_check_rcpt:
  accept  hosts = :
          control = dkim_disable_verify

  deny    domains       = +local_domains
          local_parts   = ^[.] : ^.*[@{percent}!/|]
          message       = restricted characters in address

  deny    domains       = !+local_domains
          local_parts   = ^[./|] : ^.*[@{percent}!] : ^.*/\\\\.\\\\./
          message       = restricted characters in address

  accept  local_parts   = postmaster
          domains       = +local_domains

  require verify        = sender

  accept  hosts         = +relay_from_hosts
          control       = submission
          control       = dkim_disable_verify

  accept  authenticated = *
          control       = submission
          control       = dkim_disable_verify

  require message       = relay not permitted
          domains       = +local_domains : +relay_to_domains

  require verify        = recipient

  accept

acl_check_data:
  accept

begin routers

{percent_router}dnslookup:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8
  no_more

localuser:
  driver = accept
  check_local_user
  transport = local_delivery
  cannot_route_message = Unknown user

{catch_all_router}begin transports

remote_smtp:
  driver = smtp
  hosts_try_prdr =
{transport}
local_delivery:
  driver = appendfile
  file = /var/mail/$local_part_data
  delivery_date_add
  envelope_to_add
  return_path_add
  user = $local_part_data
  mode = 0600

begin retry

*  *  F,2h,15s; F,4d,1h

begin rewrite

begin authenticators
"""


# Written to keep old addresses alive, and after the check of the domain.  (Exim's
# own percent_hack_domains works before it, and opens nothing.)
PERCENT_ROUTER = """\
percent_hack:
  driver = redirect
  domains = +local_domains
  local_parts = ^.*%
  data = ${sg{$local_part}{%}{@}}

"""


# Before the addresses that nobody has are refused.
CATCH_ALL_ROUTER = """\
catch_all:
  driver = redirect
  domains = +local_domains
  data = {user}

"""


CERTIFICATE, KEY = "/etc/exim4/certificate.pem", "/etc/exim4/key.pem"


class Exim(Host):
    """`settings` are lines for the main part; `catch_all` is who gets mail for unknown users; `tls`
    makes a certificate, offers STARTTLS, and sends to nobody without it."""

    packages = ("exim4-daemon-light", "openssl")
    system_accounts = ("Debian-exim",)

    def __init__(self, *arguments, relay_from="<; 127.0.0.1 ; ::1", percent_hack=False,
                 settings="tls_advertise_hosts =\n", catch_all="", tls=False, **keywords):
        super().__init__(*arguments, **keywords)
        self.tls = tls
        self.relay_from = relay_from
        self.percent_hack = percent_hack
        self.settings, self.catch_all = settings, catch_all
        if tls:
            self.settings = f"tls_certificate = {CERTIFICATE}\ntls_privatekey = {KEY}\n"

    def configure(self):
        if self.tls:
            self.make_certificate(CERTIFICATE, KEY, owner="Debian-exim")
        self.write("/etc/exim4/exim4.conf", CONFIGURATION.format(
            fqdn=self.fqdn,
            domains=" : ".join(("@", "localhost", *self.domains)),
            relay_from=self.relay_from,
            settings=self.settings,
            transport="  hosts_require_tls = *\n" if self.tls else "",
            catch_all_router=CATCH_ALL_ROUTER.format(user=self.catch_all) if self.catch_all else "",
            percent_router=PERCENT_ROUTER if self.percent_hack else "",
            # The sound server refuses % in addresses; one that is to rewrite it cannot.
            percent="" if self.percent_hack else "%"))
        self.make_directory("/var/spool/exim4", mode=0o750, owner="Debian-exim")
        self.set_owner("/var/log", 0o755, "Debian-exim", "Debian-exim")
        self.run("exim4", "-bV")  # says what is wrong with the configuration, if anything is

    def start_services(self):
        self.daemon = self.start("exim4", "-bdf", "-q10s")
        self.wait_port(25)
