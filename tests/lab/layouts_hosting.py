"""Layouts of products that run mail servers in 2026, written by us after what they do: the order of their
restrictions, their ports, maps, filters and trusted networks. Where a product asks MySQL, LDAP or a service of
its own, SQLite stands for it: what such a map says is asked all the same.

All are sound as their makers ship them, but for those that trust the gateway of their own container network.
"""

from layout import EXIM, LAN, MASTER, NO_LAN, POSTFIX, case, exim, postfix, shell
from layouts import LOGIN, MAKE_DB, POSTSCREEN, SCHEMA, SQL, WITHOUT_25

TABLES = {"domain": SQL.format("name", "domain"), "box": SQL.format("place", "mailbox"),
          "alias": SQL.format("place", "mailbox"), "none": SQL.format("name", "domain") + "domain = none.example\n",
          "schema": SCHEMA}
AMAVIS = "amavis unix - - n - 2 smtp\n127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n" \
    "  -o mynetworks=127.0.0.0/8\n  -o smtpd_recipient_restrictions=permit_mynetworks,reject\n" \
    "  -o smtpd_relay_restrictions=permit_mynetworks,reject\n"


def submission(port, restrictions="permit_sasl_authenticated,reject", more=""):
    return f"{port} inet n - n - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n" \
           f"  -o smtpd_client_restrictions={restrictions}\n{more}"


def in_container(change, address="172.22.1.10", gateway="172.22.1.1"):
    """A change, inside of a container whose network's gateway is the only way out."""
    def change_all(host):
        change(host)
        shell(host, "ip route show default > /run/default; touch /run/.containerenv; "
              "mount --bind /run/.containerenv /run/.containerenv; "
              + LAN.format(f"{address}/24") + f"; ip route replace default via {gateway} dev lan0")
    return change_all


OUT_OF_IT = "umount /run/.containerenv; rm -f /run/.containerenv; ip route del default; ip route add $(cat /run/default); " + NO_LAN


# ---- containers

MAILSERVER = LOGIN | {
    "smtpd_relay_restrictions": "permit_mynetworks permit_sasl_authenticated defer_unauth_destination",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated, permit_mynetworks, reject_unauth_destination, "
                                    "check_policy_service unix:private/policyd-spf, reject_unauth_pipelining",
    "smtpd_sender_restrictions": "$sender_login, permit_sasl_authenticated, permit_mynetworks, "
                                 "reject_unknown_sender_domain",
    "sender_login": "reject_authenticated_sender_login_mismatch",
    "smtpd_sender_login_maps": "texthash:/etc/postfix/alias",
    "virtual_mailbox_domains": "/etc/postfix/domain", "virtual_mailbox_maps": "texthash:/etc/postfix/box",
    "virtual_alias_maps": "texthash:/etc/postfix/alias", "virtual_transport": "lmtp:unix:/run/dovecot/lmtp",
    "smtpd_milters": "inet:127.0.0.1:11332", "milter_default_action": "accept"}
MAILSERVER_FILES = {"domain": "one.example\n", "box": "a@one.example one/a\n", "alias": "a@one.example a@one.example\n"}


def mailserver(networks):
    return in_container(postfix(MAILSERVER | {"mynetworks": networks}, POSTSCREEN.format("")
                                + submission(587), **MAILSERVER_FILES), "172.18.0.2", "172.18.0.1")


case("docker-mailserver", POSTFIX, mailserver("127.0.0.0/8 [::1]/128 [fe80::]/64"), undo=OUT_OF_IT, advice=["C2"])
case("docker-mailserver-trusts-network", POSTFIX, mailserver("127.0.0.0/8 [::1]/128 172.16.0.0/12"), "wide", ["C1"],
     ["gateway", "neighbour", "range"], undo=OUT_OF_IT, campaign=True)

MAILCOW = LOGIN | {
    "mynetworks": "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 [fe80::]/10 172.22.1.0/24",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated, permit_mynetworks, "
                                    "check_recipient_access proxy:sqlite:/etc/postfix/none, "
                                    "reject_invalid_helo_hostname, reject_unauth_destination",
    "virtual_mailbox_domains": "proxy:sqlite:/etc/postfix/domain",
    "virtual_mailbox_maps": "proxy:sqlite:/etc/postfix/box", "virtual_alias_maps": "proxy:sqlite:/etc/postfix/alias",
    "relay_domains": "proxy:sqlite:/etc/postfix/none", "relay_recipient_maps": "proxy:sqlite:/etc/postfix/box",
    "smtpd_sender_login_maps": "proxy:sqlite:/etc/postfix/alias",
    "smtpd_sender_restrictions": "reject_authenticated_sender_login_mismatch, permit_mynetworks, "
                                 "permit_sasl_authenticated, reject_unlisted_sender",
    "virtual_transport": "lmtp:inet:127.0.0.1:24", "smtpd_milters": "inet:127.0.0.1:9900",
    "milter_default_action": "tempfail"}
case("mailcow", POSTFIX, in_container(postfix(
    MAILCOW, POSTSCREEN.format("  -o smtpd_sasl_auth_enable=no\n")
    + submission(587, "permit_mynetworks,permit_sasl_authenticated,reject")
    + submission(588, "permit_mynetworks,permit_sasl_authenticated,reject"), run=MAKE_DB, **TABLES)),
    "wide", ["C1"], ["gateway", "neighbour", "range"], undo=OUT_OF_IT)

# XCLIENT is believed from the same network: who mends the one is told of the other then.
case("mailu", POSTFIX, in_container(postfix({
    "mynetworks": "127.0.0.1/32 [::1]/128 192.168.203.0/24", "smtpd_authorized_xclient_hosts": "192.168.203.0/24",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "virtual_mailbox_domains": "sqlite:/etc/postfix/domain", "virtual_alias_maps": "sqlite:/etc/postfix/alias",
    "virtual_mailbox_maps": "sqlite:/etc/postfix/box", "relay_domains": "sqlite:/etc/postfix/none",
    "relay_recipient_maps": "sqlite:/etc/postfix/box", "virtual_transport": "lmtp:inet:127.0.0.1:2525"},
    MASTER + "10025 inet n - n - - smtpd\n  -o smtpd_client_restrictions=$submission\n"
    "  -o submission=permit_mynetworks,reject\n", run=MAKE_DB, **TABLES), "192.168.203.10", "192.168.203.1"),
    "wide", ["C1"], ["gateway", "neighbour", "range"], undo=OUT_OF_IT, campaign=True, by_hand=True)

# ---- panels and appliances

case("iredmail", POSTFIX, postfix(LOGIN | {
    "mynetworks": "127.0.0.1 [::1]", "content_filter": "amavis:[127.0.0.1]:10024",
    "virtual_mailbox_domains": "proxy:sqlite:/etc/postfix/domain",
    "virtual_mailbox_maps": "proxy:sqlite:/etc/postfix/box", "virtual_alias_maps": "proxy:sqlite:/etc/postfix/alias",
    "relay_domains": "$mydestination, proxy:sqlite:/etc/postfix/none",
    "relay_recipient_maps": "proxy:sqlite:/etc/postfix/box",
    "smtpd_sender_login_maps": "proxy:sqlite:/etc/postfix/alias",
    "smtpd_sender_restrictions": "reject_non_fqdn_sender, reject_unlisted_sender, permit_mynetworks, "
                                 "permit_sasl_authenticated, check_sender_access texthash:/etc/postfix/senders",
    "smtpd_recipient_restrictions": "reject_non_fqdn_recipient, reject_unlisted_recipient, "
                                    "check_policy_service inet:127.0.0.1:7777, permit_mynetworks, "
                                    "permit_sasl_authenticated, reject_unauth_destination, "
                                    "check_policy_service inet:127.0.0.1:12340",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"},
    POSTSCREEN.format("") + AMAVIS + submission(
        587, more="  -o smtpd_sender_restrictions=reject_sender_login_mismatch\n"),
    run=MAKE_DB, senders="spam.example REJECT\n", **TABLES))

case("ispconfig", POSTFIX, postfix(LOGIN | {
    "smtpd_recipient_restrictions": "permit_mynetworks, reject_unknown_recipient_domain, check_recipient_access "
                                    "proxy:sqlite:/etc/postfix/none, permit_sasl_authenticated, "
                                    "reject_non_fqdn_recipient, reject_unauth_destination, check_policy_service "
                                    "inet:127.0.0.1:10023",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_sender_restrictions": "check_sender_access regexp:/etc/postfix/originating, permit_mynetworks, "
                                 "check_sender_access proxy:sqlite:/etc/postfix/none, permit_sasl_authenticated, "
                                 "reject_non_fqdn_sender, check_sender_access regexp:/etc/postfix/foreign",
    "smtpd_client_restrictions": "check_client_access proxy:sqlite:/etc/postfix/none, permit_inet_interfaces, "
                                 "permit_mynetworks, permit_sasl_authenticated, permit",
    "relay_domains": "proxy:sqlite:/etc/postfix/none", "relay_recipient_maps": "proxy:sqlite:/etc/postfix/box",
    "virtual_mailbox_domains": "proxy:sqlite:/etc/postfix/domain",
    "virtual_mailbox_maps": "proxy:sqlite:/etc/postfix/box", "virtual_alias_domains": "proxy:sqlite:/etc/postfix/none",
    "virtual_alias_maps": "proxy:sqlite:/etc/postfix/alias", "content_filter": "amavis:[127.0.0.1]:10024",
    "receive_override_options": "no_address_mappings"},
    MASTER + AMAVIS + submission(587), run=MAKE_DB, originating="/^/ FILTER amavis:[127.0.0.1]:10026\n",
    foreign="/^/ FILTER amavis:[127.0.0.1]:10024\n", **TABLES), campaign=True)

PLESK = "hash:/var/spool/postfix/plesk/{}"
case("plesk", POSTFIX, postfix({
    "mynetworks": "127.0.0.0/8, [::1]/128, 198.51.100.101/32",
    "virtual_mailbox_domains": "$virtual_mailbox_maps, " + PLESK.format("virtual_domains"),
    "virtual_mailbox_maps": ", " + PLESK.format("vmailbox"), "transport_maps": ", " + PLESK.format("transport"),
    "virtual_maps": "", "virtual_uid_maps": "static:30", "virtual_gid_maps": "static:31",
    "virtual_mailbox_base": "/var/mail", "smtpd_milters": ", inet:127.0.0.1:12768",
    "smtpd_sasl_auth_enable": "yes", "smtpd_tls_auth_only": "yes", "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_path": "private/plesk_saslauthd",
    "smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "virtual_alias_maps": "$virtual_maps, " + PLESK.format("virtual")},
    MASTER + submission(587),
    run="mkdir -p /var/spool/postfix/plesk; cd /var/spool/postfix/plesk; echo 'one.example x' > virtual_domains; "
        "echo 'a@one.example one.example/a' > vmailbox; echo 'b@one.example a@one.example' > virtual; "
        "echo 'one.example virtual:' > transport; postmap virtual_domains vmailbox virtual transport"),
    undo="rm -rf /var/spool/postfix/plesk")

GATEWAY = {
    "mynetworks": "127.0.0.0/8, [::1]/128, {}", "relay_domains": "hash:/etc/postfix/domains",
    "relay_transport": "smtp:[192.168.7.20]:25", "smtpd_client_restrictions": "reject_unauth_pipelining",
    "smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination, reject_non_fqdn_recipient, "
                                    "check_recipient_access regexp:/etc/postfix/rcpts",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination", "relay_recipient_maps": "",
    "message_size_limit": "10485760"}
GATEWAY_PORTS = "smtp inet n - n - 100 smtpd\n  -o smtpd_proxy_filter=127.0.0.1:10024\n" \
    "26 inet n - n - 100 smtpd\n  -o smtpd_proxy_filter=127.0.0.1:10023\n" \
    "  -o smtpd_recipient_restrictions=permit_mynetworks,reject_unauth_destination\n" \
    "127.0.0.1:10025 inet n - n - - smtpd\n  -o mynetworks=127.0.0.0/8\n" \
    "  -o smtpd_recipient_restrictions=permit_mynetworks,reject\n" + WITHOUT_25


def mail_gateway(network):
    settings = GATEWAY | {"mynetworks": GATEWAY["mynetworks"].format(network)}
    return postfix(settings, GATEWAY_PORTS, "postmap /etc/postfix/domains; " + LAN.format(
        network.replace(".0/", ".2/")), domains="primary.example OK\n", rcpts="/^nobody@/ REJECT\n")


case("mail-gateway", POSTFIX, mail_gateway("192.168.7.0/24"), undo=NO_LAN)
case("mail-gateway-of-provider", POSTFIX, mail_gateway("203.0.113.0/24"), "wide", ["C6"], ["neighbour", "range"],
     undo=NO_LAN, campaign=True)

ZIMBRA = LOGIN | {
    "mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.0/24", "virtual_alias_domains": "sqlite:/etc/postfix/none",
    "virtual_alias_maps": "sqlite:/etc/postfix/alias", "virtual_mailbox_domains": "sqlite:/etc/postfix/domain",
    "virtual_mailbox_maps": "sqlite:/etc/postfix/box", "virtual_transport": "error",
    "transport_maps": "sqlite:/etc/postfix/transport", "content_filter": "amavis:[127.0.0.1]:10024",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, permit_mynetworks, reject_unauth_destination",
    "smtpd_recipient_restrictions": "reject_non_fqdn_recipient, permit_sasl_authenticated, permit_mynetworks, "
                                    "reject_unauth_destination, reject_unlisted_recipient, permit",
    "smtpd_sender_restrictions": "check_sender_access regexp:/etc/postfix/tag, permit_mynetworks, "
                                 "permit_sasl_authenticated, permit_tls_clientcerts",
    "smtpd_milters": "inet:127.0.0.1:7026", "local_header_rewrite_clients": "permit_mynetworks"}
case("zimbra", POSTFIX, postfix(
    ZIMBRA, MASTER + AMAVIS + submission(587) + submission(
        465, more="  -o smtpd_tls_security_level=none\n"), run=MAKE_DB + "; " + LAN.format("192.168.7.2/24"),
    tag="/^/ FILTER amavis:[127.0.0.1]:10026\n", transport=SQL.format("'lmtp:127.0.0.1:7025'", "mailbox"), **TABLES),
    undo=NO_LAN, campaign=True)

case("mailman3", POSTFIX, postfix(
    {"transport_maps": "hash:/var/lib/mailman3/data/postfix_lmtp", "unknown_local_recipient_reject_code": "550",
     "local_recipient_maps": "proxy:unix:passwd.byname $alias_maps hash:/var/lib/mailman3/data/postfix_lmtp",
     "relay_domains": "hash:/var/lib/mailman3/data/postfix_domains", "owner_request_special": "no"},
    run="mkdir -p /var/lib/mailman3/data; cd /var/lib/mailman3/data; "
        "echo 'lists.example lists.example' > postfix_domains; "
        "echo 'team@lists.example lmtp:[127.0.0.1]:8024' > postfix_lmtp; postmap postfix_domains postfix_lmtp"),
    undo="rm -rf /var/lib/mailman3")

# ---- Exim

LISTS_ROUTER = "mailman_router:\n  driver = accept\n  domains = +mm_domains\n" \
    "  condition = ${if exists{/var/lib/mailman3/lists/${local_part}.$domain}}\n" \
    "  transport = remote_smtp\n\n"
case("mailman3", EXIM, exim(
    ("domainlist relay_to_domains =\n", "domainlist mm_domains = lists.example\n"
     "domainlist relay_to_domains = +mm_domains\n"),
    ("begin routers\n\n", "begin routers\n\n" + LISTS_ROUTER)))

PANEL_ACL = """\
acl_check_rcpt:
  accept hosts = :
  accept hosts = +recent_authed_mail_ips
         endpass
         verify = recipient
  deny   local_parts = ^.*[@%!/|]
  accept authenticated = *
  accept hosts = +relay_hosts
  accept domains = +relay_domains
         endpass
         message = unrouteable address
         verify = recipient
  deny   message = relay not permitted

"""


def panel(lists, acl, run=""):
    """The lists of domains and hosts, and the ACL, of a panel in the place of the sound file's."""
    def change(host):
        text = host.read("/etc/exim4/exim4.conf")
        top, rest = text.split("domainlist local_domains", 1)
        _, rest = rest.split("acl_smtp_rcpt", 1)
        rules, rest = rest.split("acl_check_rcpt:\n", 1)
        rest = rest[rest.index("acl_check_data:"):]
        host.write("/etc/exim4/exim4.conf", top + lists + "acl_smtp_rcpt" + rules + acl + rest)
        shell(host, run + "; exim4 -bV")
    return change


case("cpanel", EXIM, panel(
    "domainlist local_domains = lsearch;/etc/localdomains\n"
    "domainlist relay_domains = lsearch;/etc/localdomains : lsearch;/etc/secondarymx\n"
    "hostlist relay_hosts = net-iplsearch;/etc/relayhosts : 127.0.0.1\n"
    "hostlist recent_authed_mail_ips = net-iplsearch;/etc/recent_authed_mail_ips\n", PANEL_ACL,
    "printf 'exim.example\\nmail.exim.example\\none.example\\n' > /etc/localdomains; : > /etc/secondarymx; "
    "echo 192.0.2.77 > /etc/relayhosts; : > /etc/recent_authed_mail_ips"),
    undo="cd /etc; rm -f localdomains secondarymx relayhosts recent_authed_mail_ips")

DIRECT_ACL = """\
acl_check_rcpt:
  accept hosts = :
  deny   local_parts = ^.*[@%!/|]
  accept hosts = +relay_hosts
  accept domains = +local_domains : +relay_domains
         endpass
         verify = recipient
  accept hosts = +auth_relay_hosts
         endpass
         message = authentication required
         authenticated = *
  deny   message = relay not permitted

"""
case("directadmin", EXIM, panel(
    "domainlist local_domains = lsearch;/etc/virtual/domains\ndomainlist relay_domains = lsearch;/etc/virtual/domains\n"
    "hostlist auth_relay_hosts = *\nhostlist relay_hosts = net-iplsearch;/etc/virtual/pophosts : 127.0.0.1\n",
    DIRECT_ACL,
    "mkdir -p /etc/virtual; printf 'exim.example\\nmail.exim.example\\n' > /etc/virtual/domains; "
    ": > /etc/virtual/pophosts"), undo="rm -rf /etc/virtual")
