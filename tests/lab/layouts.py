"""The layouts that test_audit.py has audited: Debian's defaults, satellites, lists, hosting, containers, proxies,
firewalls, hostile files; and each cause in each server that can have it.

Where a cause is shown: here, by a product (layouts_hosting.py), opened by its parameter (E: test_explain.py).

           Postfix                     Exim                  Sendmail           OpenSMTPD
  C1 to C5 docker-proxy-6, -4; source-nat, socket-proxyd; cluster; lxd-forkproxy: each in each server
  C6       bridge-block, typo, ...  E  bridge-block, typo E  bridge-block    E  bridge-block, typo  E
  C7       XCLIENT, PROXY           E  proxy-header-...      it knows neither   proxy-v2            E
  C8       anonymous-logins            any-password          any-password       by its checker alone (PAM): not opened here
  C9       logins-in-clear (advice)    a stolen password is no fault of the configuration
  C10      one-port                 E  E                     E                  E
  C11      srs-by-pattern           E  srs-by-secret      E  srs-by-rule        srs-by-secret: no rule or table of
                                                                                its own takes an address apart
  C14      by all four, as by every server without SPF or DMARC: what refuses it (a milter, DATA) is never asked
  C15      logins, own-senders         the same              it has no rule     logins, own-senders
  C17      bare-lf, no-bare-lf         the same              the same           a bare LF ends a line, but what comes
                                                                                behind it at once is refused
  C18      backup-mx-for-all-names  E  names-not-verified    names of its own machine are looked up at RCPT
  C44      any-certificate             any-certificate       any-certificate    verified-clients: Debian 12's finishes no
                                                                                TLS handshake, so nobody gets in
"""

from layout import (
    BRIDGE, EXIM, FORGOTTEN, LAN, MASTER, NO_BRIDGE, NO_LAN, OPENSMTPD, POSTFIX, SENDMAIL, SHIPPED, SUBMISSION,
    UNREADABLE, case, certificate, debian_exim, debian_postfix, exim, installed, opensmtpd, postfix, proxied, sendmail, shell,
    with_network,
)

WITHOUT_25 = "".join(line + "\n" for line in MASTER.splitlines()[1:])
# {}: options of the smtpd behind it.
POSTSCREEN = "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n{}" \
    "dnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy\n" + WITHOUT_25

# ---- Postfix

# Its certificate is there on a machine, and not on the lab's: then nobody gets TLS, here and there.
case("debian-internet-site", POSTFIX, debian_postfix(), advice=[""])
case("debian-snakeoil", POSTFIX, with_network(debian_postfix(), certificate(
    "/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/private/ssl-cert-snakeoil.key")), unsaid=[""],
     undo="rm /etc/ssl/certs/ssl-cert-snakeoil.pem /etc/ssl/private/ssl-cert-snakeoil.key")
case("debian-satellite", POSTFIX, debian_postfix("inet_interfaces = loopback-only",
                                                relayhost="[smtp.provider.example]"))
case("debian-local-only", POSTFIX, debian_postfix("inet_interfaces = loopback-only", "default_transport = error",
                                                 "relay_transport = error"))
case("lab", POSTFIX, postfix())
case("smarthost", POSTFIX, postfix({"relayhost": "[smtp.provider.example]:587"}))
case("lists", POSTFIX, postfix(
    {"alias_maps": "hash:/etc/postfix/aliases", "virtual_alias_domains": "lists.example",
     "virtual_alias_maps": "hash:/etc/postfix/virtual"},
    aliases="team: bob, alice@elsewhere.example\n", virtual="team@lists.example team\nall@lists.example bob\n",
    run="postalias /etc/postfix/aliases; postmap /etc/postfix/virtual"))
case("backup-mx", POSTFIX, postfix(
    {"relay_domains": "primary.example", "relay_recipient_maps": "hash:/etc/postfix/relay"},
    relay="info@primary.example OK\n", run="postmap /etc/postfix/relay"))
VIRTUAL = {"virtual_mailbox_base": "/var/mail", "virtual_uid_maps": "static:1000", "virtual_gid_maps": "static:1000"}


def virtual(kind, run="", more=None, **files):
    """Virtual domains and mailboxes in tables of that kind."""
    tables = {"virtual_mailbox_domains": f"{kind}:/etc/postfix/domains", "virtual_mailbox_maps": f"{kind}:/etc/postfix/boxes"}
    files = {"domains": "one.example OK\ntwo.example OK\n", "boxes": "a@one.example one/a\n"} | files
    return postfix(VIRTUAL | tables | (more or {}), run=run, **files)


SQL = "dbpath = /etc/postfix/mail.db\nquery = SELECT {} FROM {} WHERE name = '%s'\n"
SCHEMA = """\
CREATE TABLE domain (name TEXT PRIMARY KEY);
INSERT INTO domain VALUES ('one.example'), ('two.example');
CREATE TABLE mailbox (name TEXT PRIMARY KEY, place TEXT);
INSERT INTO mailbox VALUES ('a@one.example', 'one/a');
"""
MAKE_DB = "python3 -c \"import sqlite3; sqlite3.connect('/etc/postfix/mail.db')" \
    ".executescript(open('/etc/postfix/schema').read())\""


def in_sqlite(kind="sqlite", **more):
    return virtual(kind, MAKE_DB, more, domains=SQL.format("name", "domain"), boxes=SQL.format("place", "mailbox"),
                   schema=SCHEMA, all="dbpath = /etc/postfix/mail.db\nquery = SELECT 'OK' WHERE '%s' != ''\n")


case("virtual-texthash", POSTFIX, virtual("texthash"))
case("virtual-hash", POSTFIX, virtual("hash", "postmap /etc/postfix/domains /etc/postfix/boxes"))
case("virtual-lmdb", POSTFIX, virtual("lmdb", "postmap lmdb:/etc/postfix/domains lmdb:/etc/postfix/boxes"))
case("virtual-sqlite", POSTFIX, in_sqlite())
case("virtual-sqlite-by-proxy", POSTFIX, in_sqlite("proxy:sqlite"), campaign=True)
case("virtual-lmdb-top-level", POSTFIX, virtual(
    "lmdb", "postmap lmdb:/etc/postfix/domains lmdb:/etc/postfix/boxes lmdb:/etc/postfix/relay",
    {"relay_domains": "lmdb:/etc/postfix/relay"}, relay="example OK\n"), "wide", ["C33"], ["stranger4", "stranger6"],
     line="example OK")
case("virtual-sqlite-all", POSTFIX, in_sqlite(relay_domains="sqlite:/etc/postfix/all"), "world", ["C33"],
     ["stranger4", "stranger6"], line="sqlite:/etc/postfix/all")
case("panel", POSTFIX, postfix(
    {"virtual_mailbox_domains": "/etc/postfix/domains", "virtual_mailbox_maps": "texthash:/etc/postfix/boxes",
     "virtual_transport": "lmtp:unix:private/dovecot-lmtp", "smtpd_milters": "unix:/run/rspamd/milter.sock",
     "milter_default_action": "tempfail", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"},
    MASTER + SUBMISSION.format(port=587, level="none"), domains="one.example\n", boxes="a@one.example one/a\n"))
case("sasl-at-25-no-socket", POSTFIX, postfix(
    {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"}),
     campaign=True, advice=["C9", "C15"])
case("submission-only", POSTFIX, postfix(
    {}, WITHOUT_25 + SUBMISSION.format(port=587, level="none") + SUBMISSION.format(port=465, level="none")))
case("postscreen", POSTFIX, postfix({}, POSTSCREEN.format("")), campaign=True)


def testing_all(host):
    """To all of its clients it greets late."""
    postfix({"mynetworks": "192.0.2.7", "inet_interfaces": host.v4}, POSTSCREEN.format(""))(host)


case("postscreen-tests-all", POSTFIX, testing_all, campaign=True)
case("lan", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.0/24"},
                             run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("container-network", POSTFIX, postfix({}, run=BRIDGE), undo=NO_BRIDGE, campaign=True)

case("bridge-block", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 172.16.0.0/12"}, run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("subnet-style", POSTFIX, postfix({"mynetworks": None, "mynetworks_style": "subnet"},
                                      run=LAN.format("203.0.113.66/24")),
     "wide", ["C6"], ["neighbour", "range"], undo=NO_LAN)
case("typo", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 172.0.0.0/8"}), "wide", ["C6"], ["range"])
case("one-port", POSTFIX, postfix({}, MASTER + "2525 inet n - n - - smtpd\n"
                                  "  -o { smtpd_relay_restrictions = check_client_access static:OK, reject }\n"),
     "world", ["C10"], ["stranger4", "stranger6"], line="check_client_access static:OK")
case("one-port-networks", POSTFIX, postfix({}, MASTER + "2525 inet n - n - - smtpd\n  -o mynetworks=0.0.0.0/0\n"),
     "world", ["C6"], ["stranger4", "range"], line="mynetworks=0.0.0.0/0", campaign=True)

# Slips: what the server makes of a list is not what it looks like.
case("host-bits", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.2/24"},
                                   run=LAN.format("192.168.7.2/24")), "unknown", [""], undo=NO_LAN)
case("no-mask", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.0"},
                                 run=LAN.format("192.168.7.2/24")), advice=[""], undo=NO_LAN)
case("no-brackets", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 ::1/128"}), "unknown", [""])
case("semicolons", POSTFIX, postfix({"mynetworks": "127.0.0.0/8;192.168.7.0/24"}, run=LAN.format("192.168.7.2/24")),
     causes=[""], undo=NO_LAN)
case("excluded-too-late", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 192.168.7.0/24 !192.168.7.9"},
                                           run=LAN.format("192.168.7.2/24")), advice=[""], undo=NO_LAN)

# A certificate of any authority of the system's, which Let's Encrypt gives to everybody. Its own the server has as
# containers do, where the closed room has no other file.
SECRETS = "/run/secrets/..data/cert", "/run/secrets/..data/key"
IN_RUN = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/run/secrets/cert",
          "smtpd_tls_key_file": "/run/secrets/key"}
LINKED = "; ln -s ..data/cert ..data/key /run/secrets/"
NO_SECRETS = "rm -r /run/secrets"
case("key-in-run", POSTFIX, postfix(IN_RUN, run=certificate(*SECRETS) + LINKED), unsaid=[""], undo=NO_SECRETS)
case("any-certificate", POSTFIX, postfix(
    IN_RUN | {"smtpd_tls_ask_ccert": "yes", "smtpd_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
              "smtpd_relay_restrictions": "permit_mynetworks, permit_tls_all_clientcerts, reject_unauth_destination"},
    run=certificate(*SECRETS) + LINKED), "world", ["C44"], ["stranger4", "stranger6"], undo=NO_SECRETS)
# Its owner may mend it any time: what is behind it then is not known.
case("another-key", POSTFIX, postfix(
    {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/etc/postfix/cert",
     "smtpd_tls_key_file": "/etc/postfix/other"},
    run=certificate("/etc/postfix/cert", "/etc/postfix/key") + "; "
        + certificate("/etc/postfix/another", "/etc/postfix/other")), "unknown", says="key values mismatch")

# Who says what a line names is let in: asked by the words of the line, else it is not known.
BELIEF = "permit_mynetworks, {} texthash:/etc/postfix/access, reject_unauth_destination"


def believing(rule, access):
    return postfix({"smtpd_relay_restrictions": BELIEF.format(rule)}, access=access)


case("sender-of-a-list", POSTFIX, believing("check_sender_access", "partner.net OK\n"), "world", ["C31"],
     ["stranger4", "stranger6"], line="partner.net OK")
case("helo-of-a-list", POSTFIX, believing("check_helo_access", "mx.partner.net OK\n"), "world", ["C41"],
     ["stranger4", "stranger6"], campaign=True)
case("names-of-a-top-level", POSTFIX, believing("check_client_access", "com OK\n"), "world", ["C42"],
     ["stranger4", "stranger6"], campaign=True)
case("client-of-a-list", POSTFIX, believing("check_client_access", "mx.partner.net OK\nbad.net REJECT\n"))
case("beginning-of-addresses", POSTFIX, believing("check_client_access", "60.1 OK\n"), "wide", ["C6"], ["range"],
     line="60.1 OK", campaign=True)
case("pattern-of-addresses", POSTFIX, postfix(
    {"smtpd_relay_restrictions": "check_client_access regexp:/etc/postfix/access, reject_unauth_destination"},
    access="/^(54|60)\\./ OK\n"), "unknown", [""], by_hand=True)
case("top-level-of-recipients", POSTFIX, postfix({"relay_domains": "com"}), "wide", ["C33"],
     ["stranger4", "stranger6"], campaign=True)

# Who is believed from there says that he is this machine.
case("xclient-from-a-range", POSTFIX, postfix({"smtpd_authorized_xclient_hosts": "60.0.0.0/8"}), "wide", ["C7"], ["range"])
case("xclient-from-a-lan", POSTFIX, postfix({"smtpd_authorized_xclient_hosts": "192.168.7.0/24"},
                                            run=LAN.format("192.168.7.2/24")), undo=NO_LAN, campaign=True)

LOGIN = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth",
         "smtpd_tls_auth_only": "yes"}
OWNERS = {"smtpd_sender_login_maps": "texthash:/etc/postfix/owners",
          "smtpd_sender_restrictions": "reject_sender_login_mismatch"}
case("anonymous-logins", POSTFIX, postfix(LOGIN | {"smtpd_sasl_security_options": ""}), causes=["C8"])
case("logins-in-clear", POSTFIX, postfix(LOGIN | {"smtpd_tls_auth_only": "no"}), advice=["C9", "C15"])
case("own-senders", POSTFIX, postfix(LOGIN | OWNERS, owners="bob@postfix.example bob\n"), unsaid=["C8", "C9", "C15"])
SRS = "/^SRS[01][=+-].*=.*=(.*)=(.*)@/ $$2@$$1"
case("srs-by-pattern", POSTFIX, postfix({"virtual_alias_maps": f"regexp:{{{{{SRS}}}}}"}), "world", ["C11"],
     ["stranger4", "stranger6"])
case("postsrsd", POSTFIX, postfix(
    {"sender_canonical_maps": "tcp:localhost:10001", "recipient_canonical_maps": "tcp:localhost:10002",
     "sender_canonical_classes": "envelope_sender", "recipient_canonical_classes": "envelope_recipient, header_recipient"}),
     unsaid=["C11"])
case("postsrsd-2", POSTFIX, postfix(
    {"sender_canonical_maps": "socketmap:unix:srs:forward", "recipient_canonical_maps": "socketmap:unix:srs:reverse"}),
     unsaid=["C11"])
case("bare-lf", POSTFIX, postfix({"smtpd_forbid_bare_newline": "no"}), advice=["C17"])
case("no-bare-lf", POSTFIX, postfix({"smtpd_forbid_bare_newline": "normalize"}), unsaid=["C17"])
case("backup-mx-for-all-names", POSTFIX, postfix({"relay_domains": "primary.example"}), advice=["C18"])

# ---- Exim

LOCAL = "127.0.0.1 ; ::1"
for split in ("true", "false"):
    name = "split" if split == "true" else "unsplit"
    case(f"debian-internet-{name}", EXIM, debian_exim("internet", split))
    case(f"debian-local-{name}", EXIM, debian_exim("local", split, LOCAL))
    case(f"debian-smarthost-{name}", EXIM, debian_exim("smarthost", split, smarthost="smtp.provider.example::587"),
         campaign=split == "true")
    case(f"debian-satellite-{name}", EXIM, debian_exim("satellite", split, LOCAL, smarthost="smtp.provider.example"))
case("lan", EXIM, debian_exim("internet", nets="192.168.7.0/24", run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("backup-mx", EXIM, debian_exim("internet", domains="primary.example"))
case("bridge-block", EXIM, debian_exim("internet", nets="172.16.0.0/12", run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("typo", EXIM, debian_exim("internet", nets="172.0.0.0/8"), "wide", ["C6"], ["range"])
case("world", EXIM, debian_exim("internet", nets="0.0.0.0/0"), "world", ["C6"], ["stranger4", "range"])

AUTHENTICATOR = "begin authenticators\n\nplain:\n  driver = plaintext\n  public_name = PLAIN\n" \
    "  server_prompts = :\n  server_set_id = $auth2\n  server_condition = {}\n"


def logins(condition, *more):
    return exim(("begin authenticators\n", AUTHENTICATOR.format(condition)), *more)


PASSWORD = "${if and{{eq{$auth2}{bob}}{crypteq{$auth3}{\\{md5\\}XAc5wpDLBcEUSyr9OBMLTA==}}}}"
OWN_SENDER = ("  require verify        = sender\n",
              "  deny    authenticated = *\n          !condition = ${if eqi{$authenticated_id}{$sender_address}}\n\n"
              "  require verify        = sender\n")
case("proxy-header-from-all", EXIM, exim(("tls_advertise_hosts =\n", "tls_advertise_hosts =\nhosts_proxy = *\n")),
     "world", ["C7"], ["stranger4", "stranger6"])
case("proxy-header-from-a-range", EXIM, exim(("tls_advertise_hosts =\n",
                                             "tls_advertise_hosts =\nhosts_proxy = 60.0.0.0/8\n")),
     "wide", ["C7"], ["range"])
case("any-password", EXIM, logins("true"), "world", ["C8"], ["stranger4", "stranger6"])
case("logins", EXIM, logins(PASSWORD), advice=["C15"], unsaid=["C8"])
case("own-senders", EXIM, logins(PASSWORD, OWN_SENDER), unsaid=["C8", "C15"])
case("srs-by-secret", EXIM, exim(
    ("tls_advertise_hosts =\n", "tls_advertise_hosts =\nSRS_SECRET = x\n"),
    ("begin routers\n", "begin routers\n\nsrs:\n  driver = redirect\n  senders = :\n"
     "  condition = ${if inbound_srs {$local_part} {SRS_SECRET}}\n  data = $srs_recipient\n\n")), unsaid=["C11"])
case("bare-lf", EXIM, installed("exim4-base", "4.96-15+deb12u3", debian_exim("internet")), advice=["C17"],
     undo=FORGOTTEN)
case("no-bare-lf", EXIM, installed("exim4-base", "4.96-15+deb12u11", debian_exim("internet")), unsaid=["C17"],
     undo=FORGOTTEN)
ADVERTISED = "tls_advertise_hosts =\n"
OWN = "tls_advertise_hosts = *\ntls_certificate = /run/secrets/cert\ntls_privatekey = /run/secrets/key\n"
READABLE = "; chgrp Debian-exim /run/secrets/..data/*; chmod g+r /run/secrets/..data/*"
case("certificate-of-its-own-making", EXIM, exim((ADVERTISED, "")), unsaid=[""])
case("no-certificate", EXIM, exim((ADVERTISED, OWN)), advice=[""])
case("no-certificate-by-name", EXIM, exim((ADVERTISED, OWN.replace("/run/secrets/cert", "/run/$tls_in_sni.pem"))),
     "unknown", says="TLS error")
case("any-certificate", EXIM, exim(
    (ADVERTISED, OWN + "tls_try_verify_hosts = *\ntls_verify_certificates = /etc/ssl/certs/ca-certificates.crt\n"),
    ("acl_check_rcpt:\n", "acl_check_rcpt:\n\n  accept verify = certificate\n"),
    run=certificate(*SECRETS) + LINKED + READABLE), "world", ["C44"], ["stranger4", "stranger6"], undo=NO_SECRETS, by_hand=True)
TRUSTED = "  accept  hosts         = +relay_from_hosts\n"


def accepting(condition, run=""):
    return exim((TRUSTED, f"  accept  {condition}\n" + TRUSTED), run=run)


case("sender-of-a-list", EXIM, accepting("senders = *@partner.net"), "world", ["C31"], ["stranger4", "stranger6"])
case("sender-of-a-file", EXIM, accepting("senders = lsearch;/etc/exim4/senders",
                                         "echo 'bob@partner.net: x' > /etc/exim4/senders"), "unknown", ["C31"],
     by_hand=True)
case("by-night", EXIM, accepting("condition = ${if >{${substr{8}{2}{$tod_zulu}}}{99}}"), "unknown", [""], by_hand=True)
case("top-level-of-recipients", EXIM, accepting("domains = *.net"), "wide", ["C33"], ["stranger4", "stranger6"],
     campaign=True)
case("names-not-verified", EXIM, exim(("  require verify        = recipient\n\n", "")), advice=["C18"])

# To Exim these are names, which it would ask DNS for.
case("colons", EXIM, exim(("hostlist relay_from_hosts =", "hostlist relay_from_hosts = 2001:db8:7::/48 :")),
     "unknown", [""])

# ---- Sendmail

case("length", SENDMAIL, sendmail(access="Connect:192.168.7.0/24 RELAY\n", run=LAN.format("192.168.7.2/24")),
     causes=[""], undo=NO_LAN)
case("lab", SENDMAIL, sendmail())
case("submission", SENDMAIL, sendmail(
    "DAEMON_OPTIONS(`Name=MSP-v4, Family=inet, Port=submission, M=Ea')dnl\n"))
# As Debian's file has it. Nobody else has a name there.
case("localhost-by-name", SENDMAIL, sendmail(
    access="Connect:localhost RELAY\nConnect:127 RELAY\nConnect:IPv6:::1 RELAY\n"))
case("smarthost", SENDMAIL, sendmail(macros="define(`SMART_HOST', `[smtp.provider.example]')dnl\n"))
case("lan", SENDMAIL, sendmail(access="Connect:192.168.7 RELAY\n", run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("virtual", SENDMAIL, sendmail("FEATURE(`virtusertable')dnl\nVIRTUSER_DOMAIN(`one.example')dnl\n",
                                   virtusertable="@one.example bob\n",
                                   run="makemap hash /etc/mail/virtusertable < /etc/mail/virtusertable"))
case("backup-mx", SENDMAIL, sendmail(access="To:primary.example RELAY\n"))
# The file by which it runs is not made of the macro file beside it: neither way.
case("not-made-anew", SENDMAIL, sendmail(
    run="sed -i \"s/^MAILER_DEFINITIONS/RELAY_DOMAIN(\\`partner.example')dnl\\n&/\" /etc/mail/sendmail.mc"),
     causes=[""])
case("still-in-force", SENDMAIL, sendmail("FEATURE(`relay_entire_domain')dnl\n",
                                          run="sed -i /relay_entire_domain/d /etc/mail/sendmail.mc"), causes=[""])
case("bridge-block", SENDMAIL, sendmail(access="Connect:172 RELAY\n", run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)

case("names-of-a-top-level", SENDMAIL, sendmail(access="Connect:com RELAY\n"), "world", ["C42"],
     ["stranger4", "stranger6"])
case("client-of-a-list", SENDMAIL, sendmail(access="Connect:mx.partner.net RELAY\n"), campaign=True)

# By the sender's domain of an SRS address, and by its user; what is no such address stays.
SRS_RULE = """\
LOCAL_CONFIG
Ksrsd regex -s1 ^SRS0=[^=]*=[^=]*=([^=]*)=(.*)$$
Ksrsu regex -s2 ^SRS0=[^=]*=[^=]*=([^=]*)=(.*)$$
LOCAL_RULE_0
R$+ < @ $=w . >	$: <$(srsd $1 $: $)> $1 < @ $2 . >
R<$+> $+ < @ $=w . >	$#esmtp $@ $1 $: $(srsu $2 $) < @ $1 >
R<> $*	$: $1
"""
case("srs-by-rule", SENDMAIL, sendmail(rules=SRS_RULE), "world", ["C11"], ["stranger4", "stranger6"], by_hand=True)
case("any-password", SENDMAIL, sendmail(
    macros="TRUST_AUTH_MECH(`PLAIN')dnl\ndefine(`confAUTH_MECHANISMS', `PLAIN')dnl\n",
    run="mkdir -p /etc/sasl2; printf 'pwcheck_method: alwaystrue\nmech_list: PLAIN\n' > /etc/sasl2/Sendmail.conf"),
    "world", ["C8"], ["stranger4", "stranger6"], undo="rm -r /etc/sasl2")
# Who has a certificate that it could verify may relay.
VERIFIED = "LOCAL_RULESETS\nSLocal_check_rcpt\nR$*\t$: $1 $| $&{verify}\nR$* $| OK\t$#OK\nR$* $| $*\t$: $1\n"
case("any-certificate", SENDMAIL, sendmail(
    macros="define(`confSERVER_CERT', `/run/secrets/..data/cert')dnl\ndefine(`confSERVER_KEY', "
           "`/run/secrets/..data/key')dnl\ndefine(`confCACERT', `/etc/ssl/certs/ca-certificates.crt')dnl\n"
           "define(`confCACERT_PATH', `/etc/ssl/certs')dnl\n",
    rules=VERIFIED, run=certificate(*SECRETS)), "world", ["C44", ""], ["stranger4", "stranger6"], undo=NO_SECRETS,
     by_hand=True)
case("bare-lf", SENDMAIL, installed("sendmail-bin", "8.17.1.9-2+deb12u1", sendmail()), advice=["C17"], undo=FORGOTTEN)
case("no-bare-lf", SENDMAIL, installed("sendmail-bin", "8.17.1.9-2+deb12u2", sendmail()), unsaid=["C17"],
     undo=FORGOTTEN)

# ---- OpenSMTPD

PUBLIC = SHIPPED.replace("listen on localhost\n", "listen on 0.0.0.0\nlisten on ::\n") \
    + 'match from any for domain "opensmtpd.example" action "local"\n'
case("shipped", OPENSMTPD, opensmtpd(SHIPPED))
case("public", OPENSMTPD, opensmtpd(PUBLIC))
case("satellite", OPENSMTPD, opensmtpd(SHIPPED.replace('"relay" relay',
                                                          '"relay" relay host smtp://smtp.provider.example')))
case("lan", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 192.168.7.0/24 for any action "relay"\n',
                                 LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("virtual", OPENSMTPD, opensmtpd(
    "table boxes file:/etc/boxes\n" + PUBLIC + 'action "virtual" maildir virtual <boxes>\n'
    'match from any for domain "one.example" action "virtual"\n', boxes="a@one.example bob\n"))
case("backup-mx", OPENSMTPD, opensmtpd(PUBLIC + 'action "backup" relay backup\n'
                                  'match from any for domain "primary.example" action "backup"\n'))
case("bridge-block", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 172.16.0.0/12 for any action "relay"\n', BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("typo", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 172.0.0.0/8 for any action "relay"\n'),
     "wide", ["C6"], ["range"])

case("no-mask", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 192.168.7.0 for any action "relay"\n',
                                    LAN.format("192.168.7.2/24")), advice=[""], undo=NO_LAN)
case("pattern-of-names", OPENSMTPD, opensmtpd(PUBLIC + 'match from rdns regex "partner" for any action "relay"\n'),
     "world", ["C42"], ["stranger4", "stranger6"])
case("helo-of-a-list", OPENSMTPD, opensmtpd(PUBLIC + 'match from any helo "mx.partner.net" for any action "relay"\n'),
     "world", ["C41"], ["stranger4", "stranger6"], campaign=True)

CERTIFICATE = "cd /etc/ssl && openssl req -x509 -newkey rsa:2048 -noenc -days 30 " \
    "-subj /CN=mail -keyout smtpd.key -out smtpd.pem 2>&1 && chmod 600 smtpd.key"
PKI = 'pki mail cert "/etc/ssl/smtpd.pem"\npki mail key "/etc/ssl/smtpd.key"\n'
SECURE = PKI + PUBLIC + "listen on 0.0.0.0 port 587 tls-require pki mail auth{}\n"
# Debian 12's finishes no handshake with anybody.
case("logins", OPENSMTPD, opensmtpd(SECURE.format("") + 'match auth from any for any action "relay"\n', CERTIFICATE),
     advice=["C15", ""])
case("verified-clients", OPENSMTPD, opensmtpd(
    PKI + PUBLIC.replace("listen on 0.0.0.0\n", "listen on 0.0.0.0 tls-require verify pki mail\n")
    + 'match from any tls for any action "relay"\n', CERTIFICATE), "unknown", advice=[""],
     says="Must issue a STARTTLS command first")
case("own-senders", OPENSMTPD, opensmtpd(
    "table owners file:/etc/owners\n" + SECURE.format(" senders <owners>")
    + 'match auth from any for any action "relay"\n', CERTIFICATE, owners="bob bob@opensmtpd.example\n"),
    unsaid=["C15"])
case("srs-by-secret", OPENSMTPD, opensmtpd(
    'srs key "a secret of its own"\n' + PUBLIC.replace('"relay" relay', '"relay" relay srs')), unsaid=["C11"])

# ---- ways by which strangers arrive (C1 to C5) -----------------------------------------------------------

BY_BRIDGE, BY_LOOPBACK = ["gateway", "neighbour", "range"], ["loopback", "range"]
DOCKER = "docker-proxy -proto tcp -host-ip {ip} -host-port {{port}} -container-ip {to} -container-port 25"
DOCKER_6, DOCKER_4, DOCKER_ALL = (DOCKER.format(ip=ip, to="172.18.0.1") for ip in ("{v6}", "0.0.0.0", "::"))
FORKPROXY = "forkproxy -- 1 3 tcp:[::]:{port} 1 4 tcp:127.0.0.1:25"
OWN_BRIDGE, LOOPBACK = "127.0.0.0/8 [::1]/128 172.18.0.0/16", "127.0.0.0/8 [::1]/128"
TRUSTED_LAN = "127.0.0.0/8 [::1]/128 192.168.7.0/24"
NAT = LAN.format("192.168.7.2/24") + "; nft add table ip nat; " \
    "nft 'add chain ip nat {chain} {{ type nat hook {hook} priority 100; }}'; " \
    "nft 'add rule ip nat {chain} {rule}'"
SOURCE_NAT = NAT.format(chain="c", hook="input", rule="tcp dport 25 snat to 192.168.7.2")
CLUSTER = NAT.format(chain="KUBE-POSTROUTING", hook="input", rule="tcp dport 25 snat to 192.168.7.2")
OUTWARDS = NAT.format(chain="c", hook="postrouting", rule="oifname eth0 masquerade")
NO_NAT = "nft delete table ip nat; " + NO_LAN


def trusting(networks, run=""):
    return postfix({"mynetworks": networks}, run=run)


case("docker-proxy-6", POSTFIX, proxied(trusting(OWN_BRIDGE, BRIDGE), DOCKER_6), "world", ["C1"], BY_BRIDGE,
     undo=NO_BRIDGE)
case("docker-proxy-4", POSTFIX, proxied(trusting(OWN_BRIDGE, BRIDGE), DOCKER_4), "world", ["C2"], BY_BRIDGE,
     undo=NO_BRIDGE)
case("docker-proxy-not-trusted", POSTFIX, proxied(trusting(LOOPBACK, BRIDGE), DOCKER_ALL), undo=NO_BRIDGE,
     advice=["C2"])
case("socket-proxyd", POSTFIX, proxied(postfix(), "systemd-socket-proxyd 127.0.0.1:25"), "world", ["C3"], BY_LOOPBACK)
case("socat-6", POSTFIX, proxied(postfix(), "socat TCP6-LISTEN:2525,fork TCP4:127.0.0.1:25"), "world", ["C3"],
     BY_LOOPBACK, campaign=True)
case("source-nat", POSTFIX, trusting(TRUSTED_LAN, SOURCE_NAT), "world", ["C3"], BY_BRIDGE, undo=NO_NAT)
case("cluster", POSTFIX, trusting(TRUSTED_LAN, CLUSTER), "world", ["C4"], BY_BRIDGE, undo=NO_NAT)
case("lxd-forkproxy", POSTFIX, proxied(postfix(), FORKPROXY), "world", ["C5"], BY_LOOPBACK)
case("masquerade-outwards", POSTFIX, trusting(TRUSTED_LAN, OUTWARDS), undo=NO_NAT)

# Sendmail and OpenSMTPD trust the machine's own addresses, a bridge's among them, by themselves.
OWN = {EXIM: debian_exim("internet", nets="172.18.0.0/16 ; 192.168.7.0/24"),
       SENDMAIL: sendmail(listen="all"), OPENSMTPD: opensmtpd(PUBLIC)}
for host, change in OWN.items():
    by = BY_BRIDGE if host is EXIM else ["gateway"]
    case("docker-proxy-6", host, proxied(with_network(change, BRIDGE), DOCKER_6), "world", ["C1"], by, undo=NO_BRIDGE)
    case("docker-proxy-4", host, proxied(with_network(change, BRIDGE), DOCKER_4), "world", ["C2"], by, undo=NO_BRIDGE)
    case("source-nat", host, with_network(change, SOURCE_NAT), "world", ["C3"], by, undo=NO_NAT)
    case("cluster", host, with_network(change, CLUSTER), "world", ["C4"], by, undo=NO_NAT)
    case("lxd-forkproxy", host, proxied(change, FORKPROXY), "world", ["C5"], BY_LOOPBACK)


# ---- what can't be asked ---------------------------------------------------------------------------------

def instead(place, script):
    """A change: something else in the place of a file."""
    return lambda host: shell(host, f"rm {place}; {script}")


FIFO, LINE = "mkfifo {}", "head -c 10000000 /dev/zero | tr '\\0' x > {0}; echo >> {0}"
for host, place in ((POSTFIX, "/etc/postfix/main.cf"), (EXIM, "/etc/exim4/exim4.conf"),
                    (SENDMAIL, "/etc/mail/sendmail.cf"), (OPENSMTPD, "/etc/smtpd.conf")):
    # Sendmail's is not read by us as a file alone: the second server says that it is none.
    case("fifo", host, instead(place, FIFO.format(place)), "unknown" if host is SENDMAIL else UNREADABLE,
         campaign=host is SENDMAIL)
    case("line-of-10-MB", host, instead(place, LINE.format(place)), UNREADABLE)
case("no-such-interface", POSTFIX, postfix({"inet_interfaces": "no-such-host.example"}), "unknown")
case("never-greets", POSTFIX, postfix({}, MASTER.replace("smtp      inet  n - n - - smtpd",
                                                         "smtp inet n n n - 0 spawn user=nobody argv=/bin/sleep 600")),
     "unknown")
# A table that is never read to its end: each process waits for it before it greets.
case("waits-before-it-greets", POSTFIX, postfix(
    {"smtpd_client_restrictions": "check_client_access texthash:/etc/postfix/fifo"}, run="mkfifo /etc/postfix/fifo"),
     "unknown", says="no answer in time; the server says: postfix/", seconds=25)
case("dies-before-it-greets", POSTFIX, postfix(
    {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "none-such", "maillog_file": None}), "unknown",
     says="the server says: postfix/smtpd: fatal: ", seconds=25)
case("no-such-kind-of-table", POSTFIX, postfix(
    {"smtpd_client_restrictions": "check_client_access none-such:/etc/postfix/x"}),
     "unknown", says="the server says: postfix/smtpd: error: unsupported dictionary type: none-such", campaign=True)
case("no-such-section", EXIM, exim(("begin acl\n", "begin none-such\n")), "unknown",
     says='"none-such" is not a known configuration section name')
case("include-of-itself", EXIM, instead("/etc/exim4/exim4.conf",
                                        "echo .include /etc/exim4/exim4.conf > /etc/exim4/exim4.conf"),
     "unknown")
case("include-of-itself", OPENSMTPD, instead("/etc/smtpd.conf", "echo 'include \"/etc/smtpd.conf\"' > /etc/smtpd.conf"),
     "unknown")
case("not-a-configuration", SENDMAIL, instead("/etc/mail/sendmail.cf", "echo DZ8.17.1 > /etc/mail/sendmail.cf"),
     "unknown", says="does not start: sendmail: NOQUEUE: SYSERR(root): No local mailer defined")
case("no-such-interface", OPENSMTPD, opensmtpd("listen on none-such\n"), "unknown",
     says="does not start: smtpd: invalid virtual ip or interface: none-such")


