/* SPDX-License-Identifier: ISC
 *
 * What an audit finds in servers of four kinds that let too many relay: severity, cause, evidence
 * and the lines to paste; and that it finds nothing in their sound neighbours.
 */
#include "findings-host.h"

#define MAIN "/etc/postfix/main.cf"
#define MASTER "/etc/postfix/master.cf"
#define SMTP "smtp inet n - y - - smtpd\n"
#define NEW "compatibility_level = 3.6\nmyhostname = mx.example.org\n"   /* two lines */
#define RELAY "smtpd_relay_restrictions = "
#define GUARD "reject_unauth_destination"
#define DOCKER FOUND_HOST "docker0 bridge 172.18.0.1/16\n" \
	"run docker-proxy -proto tcp -host-ip 2001:db8:5::5 -host-port 25 " \
	"-container-ip 172.18.0.2 -container-port 25\n"
#define INSIDE "lo loopback 127.0.0.1/8\neth0 ethernet 172.18.0.2/16\n" \
	"default eth0 172.18.0.1\nin docker\n"
#define LAN "lo loopback 127.0.0.1/8 ::1/128\neth0 ethernet 192.168.1.5/24\n" \
	"default eth0 192.168.1.1\n"

#define EDIT "| postconf -e '"
#define RELOAD "' && postfix reload\n"
#define STRANGER4 "stranger4 8.8.8.8 0.0.0.0/0 25 "
#define STRANGER6 "stranger6 2a00::25 ::/0 25 "
#define BRIDGE "bridge 172.18.0.1 172.18.0.1/32 25 E01"

static const struct found_row postfix_rows[] = {
	{ "strangers arrive by Docker's gateway, and the whole block is trusted", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 [::1]/128, 172.16.0.0/12 10.8.0.0/24\n" },
	    { MASTER, SMTP } }, DOCKER,
	  BRIDGE " a\nrange 172.16.0.9 172.16.0.0/12 25 E01\n", "1/0/0",
	  { "open C1", "arrive as 172.18.0.1", "docker-proxy", MAIN ":3 (mynetworks) lets "
	    "172.16.0.0/12 relay, at port 25",
	    EDIT "mynetworks = 127.0.0.0/8 [::1]/128 10.8.0.0/24" RELOAD,
	    "mynetworks = !172.18.0.1 127.0.0.0/8" } },
	{ "the same by a service's own mynetworks", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" },
	    { MASTER, SMTP "  -o mynetworks=127.0.0.0/8,172.18.0.0/16\n" } }, DOCKER,
	  BRIDGE " a\n", "1/0/0",
	  { "open C1", MASTER ":1", "| postconf -P 'smtp/inet/mynetworks=127.0.0.0/8" RELOAD,
	    "#postconf -P 'smtp/inet/mynetworks=!172.18.0.1,127.0.0.0/8,172.18.0.0/16" RELOAD } },
	{ "slips in a list", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 192.168.1.5/24 10.0.0.0, [::1]/128\n" },
	    { MASTER, SMTP } }, LAN, NULL, "0/1/0",
	  { "warn  mynetworks is not read as it looks", MAIN ":3: 192.168.1.5/24 has bits of a host",
	    "Is 192.168.1.0/24 meant?", MAIN ":3: 10.0.0.0 has no length", "Is 10.0.0.0/8 meant?",
	    EDIT "mynetworks = 127.0.0.0/8 192.168.1.0/24 10.0.0.0/8 [::1]/128" RELOAD } },
	{ "a file of networks that is not there", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 /etc/postfix/nets\n" }, { MASTER, SMTP } }, LAN, NULL,
	  "0/1/0", { "warn  mynetworks is not read as it looks", "/etc/postfix/nets can't be read" } },
	{ "another instance", MTA_POSTFIX,
	  { { "/etc/postfix-out/main.cf", NEW "mynetworks = 127.0.0.0/8 172.0.0.0/8\n" },
	    { "/etc/postfix-out/master.cf", SMTP } }, NULL, "range 172.0.0.1 172.0.0.0/8 25 E01\n",
	  "0/1/0", { "| postconf -c /etc/postfix-out -e 'mynetworks = 127.0.0.0/8' "
	             "&& postfix -c /etc/postfix-out reload\n" }, .directory = "/etc/postfix-out" },
	{ "an image: nothing runs by it", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 172.0.0.0/8\n" }, { MASTER, SMTP } }, NULL,
	  "range 172.0.0.1 172.0.0.0/8 25 E01\n", "0/1/0",
	  { "| postconf -c '/srv/an image/etc/postfix' -e 'mynetworks = 127.0.0.0/8'\n" },
	  .root = "/srv/an image" },
	{ "in a container", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 172.0.0.0/8\n" }, { MASTER, SMTP } }, NULL,
	  "range 172.0.0.1 172.0.0.0/8 25 E01\n", "0/1/0",
	  { "| # Inside of mail, process 7; and in its image", EDIT "mynetworks = 127.0.0.0/8" RELOAD },
	  .container = "mail, process 7" },
	{ "what a shell and Postfix would read otherwise", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "check_client_access inline:{{it's = OK}}, check_sender_access "
	      "regexp:{{/^(.*)@a/ $$1}}, permit_mynetworks\n" }, { MASTER, SMTP } }, NULL,
	  STRANGER4 "E01\n", "1/0/0",
	  { EDIT RELAY "permit_mynetworks, " GUARD ", check_client_access inline:{{it'\\''s = OK}}, "
	    "check_sender_access regexp:{{/^(.*)@a/ $$1}}" RELOAD } },
	{ "a service's list with braces, which postconf -P does not take", MTA_POSTFIX,
	  { { MAIN, NEW }, { MASTER, SMTP "  -o { smtpd_relay_restrictions = check_client_access "
	      "inline:{{1.2.3.4 = OK}}, check_client_access static:OK, reject }\n" } }, NULL,
	  STRANGER4 "E01\n", "1/0/0",
	  { EDIT "smtpd_relay_restrictions_of_smtp = " GUARD ", check_client_access inline:{{1.2.3.4 "
	    "= OK}}, check_client_access static:OK, reject' && postconf -P 'smtp/inet/"
	    "smtpd_relay_restrictions=$smtpd_relay_restrictions_of_smtp" RELOAD } },
	{ "strangers arrive by loopback", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, permit_sasl_authenticated, " GUARD ", reject_rbl_client "
	      "bl.example\n" }, { MASTER, SMTP } },
	  "lo loopback 127.0.0.1/8\neth0 ethernet 203.0.113.5/24\n"
	  "run forkproxy -- 1 3 tcp:[::]:25 1 4 tcp:127.0.0.1:25\n",
	  "loopback 127.0.0.1 127.0.0.1/32 25 E01 a\n", "1/0/0",
	  { "open C5", EDIT RELAY "permit_sasl_authenticated, " GUARD ", reject_rbl_client bl.example"
	    RELOAD } },
	{ "a file of networks, with one's own LAN in a block", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 cidr:/etc/postfix/nets\n" }, { MASTER, SMTP },
	    { "/etc/postfix/nets", "192.168.0.0/16 OK\n" } }, LAN,
	  "range 192.168.0.1 192.168.0.0/16 25 E01\n", "0/1/0",
	  { "| sed -i '1 s|^192\\.168\\.0\\.0/16.*|#&\\n192.168.1.0/24 OK|' /etc/postfix/nets && "
	    "postfix reload\n" } },
	{ "a pattern takes SRS addresses apart, beside a table", MTA_POSTFIX,
	  { { MAIN, NEW "virtual_alias_maps = hash:/etc/postfix/virtual, "
	      "regexp:{{/^SRS0=.*=.*=(.*)=(.*)@/ $$2@$$1}}\n" }, { MASTER, SMTP } }, NULL,
	  STRANGER4 "E41\n", "1/0/0",
	  { "open C11", EDIT "virtual_alias_maps = hash:/etc/postfix/virtual" RELOAD } },
	{ "in a table", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 hash:/etc/postfix/nets\n" }, { MASTER, SMTP },
	    { "/etc/postfix/nets", "192.0.2.7 OK\n172.18.0.1 OK\n" } }, DOCKER, BRIDGE " a\n",
	  "1/0/0", { "open C1", "/etc/postfix/nets:2",
	    "| sed -i '2 s|^172\\.18\\.0\\.1.*|#&|' /etc/postfix/nets "
	             "&& postmap hash:/etc/postfix/nets && postfix reload\n" } },
	{ "perhaps so: we are inside a container", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 172.18.0.0/16\n" }, { MASTER, SMTP } },
	  INSIDE, "gateway 172.18.0.1 172.18.0.1/32 25 E01 p\n", "0/1/0",
	  { "warn ", "172.18.0.1", "portreeve witness shows whether",
	    "| # And in the image or the settings of the container, or the next one is as before:\n"
	    EDIT "mynetworks = 127.0.0.0/8" RELOAD } },
	{ "the router of one's own LAN may be everybody", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 192.168.1.0/24\n" }, { MASTER, SMTP } }, LAN,
	  "gateway 192.168.1.1 192.168.1.1/32 25 E01 p\n", "0/1/0",
	  { "warn C3", "the router 192.168.1.1",
	    EDIT "mynetworks = 127.0.0.0/8 !192.168.1.1 192.168.1.0/24" RELOAD, "!| # Or" } },
	{ "a block that is too wide, with a network of one's own in it", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 192.168.0.0/16\n" }, { MASTER, SMTP } }, LAN,
	  "range 192.168.0.1 192.168.0.0/16 25 E01\n", "0/1/0",
	  { "warn C6", "192.168.0.0/16 is a whole block",
	    "This machine's own network in it is 192.168.1.0/24.",
	    EDIT "mynetworks = 127.0.0.0/8 192.168.1.0/24" RELOAD, "postconf -xh mynetworks" } },
	{ "a mistyped range", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 172.0.0.0/8\n" }, { MASTER, SMTP } }, NULL,
	  "range 172.0.0.1 172.0.0.0/8 25 E01\nrange 172.0.0.1 172.0.0.0/8 587 E01\n", "0/1/0",
	  { "warn C6", "172.0.0.0/8 is mostly public: 172.16.0.0/12 is its private part",
	    "at ports 25 and 587", EDIT "mynetworks = 127.0.0.0/8" RELOAD } },
	{ "a whole cloud", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 40.92.0.0/15\n" }, { MASTER, SMTP } }, NULL,
	  "range 40.92.0.1 40.92.0.0/15 25 E01\n", "0/1/0",
	  { "warn C13", "40.92.0.0/15 is of Microsoft 365", "| # Ask for a certificate",
	    EDIT "mynetworks = 127.0.0.0/8" RELOAD } },
	{ "the provider's network, by mynetworks_style", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks_style = subnet\n" }, { MASTER, SMTP } }, NULL,
	  "neighbour 203.0.113.2 203.0.113.0/24 25 E01\n"
	  "neighbour 2001:db8:5::2 2001:db8:5::/64 25 E01\n", "0/1/0",
	  { "warn C6", MAIN ":3", "203.0.113.0/24 is the public network of eth0",
	    "by mynetworks_style = subnet",
	    EDIT "mynetworks = 127.0.0.0/8 [::1]/128" RELOAD } },
	{ "a bridge's own address, without a proxy that is seen", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 172.18.0.0/16\n" }, { MASTER, SMTP } },
	  FOUND_HOST "docker0 bridge 172.18.0.1/16\n", BRIDGE "\n", "0/1/0",
	  { "warn C6", "172.18.0.1 is this machine's own address on docker0, a bridge" } },
	{ "everybody is trusted", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8 0.0.0.0/0\n" }, { MASTER, SMTP } }, NULL,
	  STRANGER4 "E01,E02\n", "1/0/0",
	  { "open C6", "by IPv4, at port 25", EDIT "mynetworks = 127.0.0.0/8" RELOAD } },
	{ "everybody beside one network: loopback stays", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 0.0.0.0/0 192.168.7.0/24\n" }, { MASTER, SMTP } }, NULL,
	  STRANGER4 "E01,E02\n", "1/0/0",
	  { "open C6", EDIT "mynetworks = 192.168.7.0/24 127.0.0.0/8" RELOAD } },
	{ "a table that says OK to all before the guard", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_client_access static:OK, "
	      "check_policy_service { inet:127.0.0.1:10023, timeout = 10s }, " GUARD "\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "E01\n" STRANGER6 "E01\n", "1/0/0",
	  { "open C10", "by IPv4 and IPv6", MAIN ":3", EDIT RELAY "permit_mynetworks, " GUARD
	    ", check_client_access static:OK, check_policy_service { inet:127.0.0.1:10023, "
	    "timeout = 10s }" RELOAD } },
	{ "a table of senders before the guard", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_sender_access hash:/etc/postfix/s, "
	      GUARD "\n" }, { MASTER, SMTP }, { "/etc/postfix/s", "partner.example OK\n" } },
	  NULL, STRANGER4 "E09\n" STRANGER6 "E09\n", "1/0/0",
	  { "open C31", "/etc/postfix/s:1", EDIT RELAY "permit_mynetworks, " GUARD
	    ", check_sender_access hash:/etc/postfix/s" RELOAD, "E09" } },
	{ "a HELO", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_helo_access hash:/etc/postfix/h, "
	      "reject_rbl_client bl.example, defer_unauth_destination\n" },
	    { MASTER, SMTP }, { "/etc/postfix/h", "localhost OK\n" } },
	  NULL, STRANGER4 "S01a\n", "1/0/0",
	  { "open C41", EDIT RELAY "permit_mynetworks, defer_unauth_destination, "
	    "check_helo_access hash:/etc/postfix/h, reject_rbl_client bl.example" RELOAD } },
	{ "a sender that a table has", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_sender_access hash:/t, " GUARD "\n" },
	    { MASTER, SMTP }, { "/t", "partner.example OK\n" } }, NULL, STRANGER4 "A12\n", "1/0/0",
	  { "open C31", "MAIL FROM:<a@b.example>", "a spammer writes such a sender" } },
	{ "a reverse name that a table has", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_client_access hash:/t, " GUARD "\n" },
	    { MASTER, SMTP }, { "/t", "com OK\n" } }, NULL, STRANGER4 "A14\n", "1/0/0",
	  { "open C42", "a spammer gives his own address such a name" } },
	{ "a database has all domains", MTA_POSTFIX,
	  { { MAIN, NEW "relay_domains = sqlite:/etc/postfix/d\n" }, { MASTER, SMTP } }, NULL,
	  STRANGER4 "E01\n", "1/0/1", { "open C33", "sqlite:/etc/postfix/d",
	                               EDIT "relay_domains =" RELOAD, "mend its query" } },
	{ "domains that name this server as MX", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, permit_mx_backup, " GUARD "\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "A05 m\n", "0/1/0",
	  { "warn C39", MAIN ":3", EDIT RELAY "permit_mynetworks, " GUARD RELOAD } },
	{ "role addresses of everybody", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_recipient_access hash:/etc/postfix/r, "
	      GUARD "\n" }, { MASTER, SMTP }, { "/etc/postfix/r", "postmaster@ OK\n" } }, NULL,
	  STRANGER4 "A03 s\n", "0/1/0",
	  { "warn C33", "the postmaster of somebody else (A03)", "/etc/postfix/r:1", MAIN ":3",
	    EDIT RELAY "permit_mynetworks, " GUARD ", check_recipient_access hash:/etc/postfix/r" RELOAD,
	    "!wide open" } },
	{ "a certificate of anybody", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_tls_ask_ccert = yes\nsmtpd_tls_security_level = may\n"
	      RELAY "permit_tls_all_clientcerts, " GUARD "\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "A10 tc\n", "1/0/0",
	  { "open C44", MAIN ":5", EDIT RELAY GUARD RELOAD } },
	{ "a login with a wrong password", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_sasl_auth_enable = yes\nsmtpd_tls_security_level = may\n"
	      "smtpd_tls_auth_only = yes\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "A09 tl\n", "1/0/1",
	  { "open C8", MAIN ":3", EDIT "smtpd_sasl_auth_enable = no" RELOAD } },
	{ "the percent hack", MTA_POSTFIX,
	  { { MAIN, NEW "allow_untrusted_routing = yes\nrelay_domains = behind.example\n"
	      "swap_bangpath = no\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "E14,E25\n", "1/0/1",
	  { "open C34", "in these forms: percent hack (E14), \"RCPT TO:<u@elsewhere.test>\". The server",
	    "a spammer writes each of his recipients so", "In Postfix this is up to allow_untrusted",
	    EDIT "swap_bangpath = yes' 'allow_untrusted_routing = no" RELOAD,
	    "!| swap_bangpath" } },
	{ "domains by a pattern", MTA_POSTFIX,
	  { { MAIN, NEW "relay_domains = example.org, static:all\nrelay_recipient_maps = hash:/r\n" },
	    { MASTER, SMTP } }, NULL, STRANGER4 "E01\n", "1/0/0",
	  { "open C33", MAIN ":3", EDIT "relay_domains = example.org" RELOAD } },
	{ "XCLIENT from anybody", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_authorized_xclient_hosts = 0.0.0.0/0\n" }, { MASTER, SMTP } },
	  NULL, STRANGER4 "S04 x\n", "1/0/0",
	  { "open C7", MAIN ":3", EDIT "smtpd_authorized_xclient_hosts =" RELOAD } },
	{ "Debian's defaults", MTA_POSTFIX,
	  { { MAIN, "smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\nbiff = no\n"
	      "append_dot_mydomain = no\nreadme_directory = no\ncompatibility_level = 3.6\n"
	      "smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem\n"
	      "smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key\n"
	      "smtpd_tls_security_level=may\nsmtp_tls_CApath=/etc/ssl/certs\n"
	      "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated "
	      "defer_unauth_destination\nmyhostname = mx.example.org\n"
	      "alias_maps = hash:/etc/aliases\nmyorigin = /etc/mailname\n"
	      "mydestination = $myhostname, example.org, localhost.example.org, , localhost\n"
	      "relayhost = \nmynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n"
	      "mailbox_size_limit = 0\nrecipient_delimiter = +\ninet_interfaces = all\n"
	      "inet_protocols = all\n" }, { MASTER, SMTP } },
	  NULL, "", "0/0/1", { "advice C17" }, "3.7.11" },
};

#define EXIM "/etc/exim4/exim4.conf"
#define UPDATE "/etc/exim4/update-exim4.conf.conf"
#define TEMPLATE "/etc/exim4/exim4.conf.template"
#define ACL "acl_smtp_rcpt = check\ndomainlist local_domains = example.org\n" \
	"domainlist relay_to_domains =\n"
#define CHECK "begin acl\ncheck:\n  accept hosts = +relay_from_hosts\n" \
	"  accept authenticated = *\n" \
	"  require domains = +local_domains : +relay_to_domains\n  accept\n"
#define DEBIAN "UPEX4CmacrosUPEX4C = 1\ndomainlist local_domains = MAIN_LOCAL_DOMAINS\n" \
	"domainlist relay_to_domains = MAIN_RELAY_TO_DOMAINS\n" \
	"hostlist relay_from_hosts = MAIN_RELAY_NETS\nacl_smtp_rcpt = check\n" CHECK
#define INTERNET "dc_eximconfig_configtype='internet'\ndc_other_hostnames='example.org'\n" \
	"dc_local_interfaces='127.0.0.1 ; ::1'\n"

static const struct found_row exim_rows[] = {
	{ "a list with an IPv6 address whose colons part it", MTA_EXIM,
	  { { "/etc/exim4/exim4.conf", "hostlist relay_from_hosts = 127.0.0.1 : 2001:db8::/32\n"
	      "acl_smtp_rcpt = rcpt\nbegin acl\nrcpt:\n  accept hosts = +relay_from_hosts\n" } },
	  NULL, NULL, "0/1/0",
	  { "warn  relay_from_hosts is not read as it looks", ":1: 2001 is a piece of an IPv6 address",
	    "in place of line 1:\n| hostlist relay_from_hosts = <; 127.0.0.1 ; ::1\n" } },
	{ "any password, where no login is offered any more", MTA_EXIM,
	  { { "/etc/exim4/exim4.conf", "auth_advertise_hosts =\nbegin authenticators\nplain:\n"
	      "  driver = plaintext\n  server_prompts = :\n  server_condition = true\n" } },
	  NULL, NULL, "0/0/0", { NULL } },
	{ "any password", MTA_EXIM,
	  { { "/etc/exim4/exim4.conf", "hosts_proxy =\nbegin authenticators\nplain:\n"
	      "  driver = plaintext\n  server_prompts = :\n  server_condition = true\n" } },
	  NULL, NULL, "0/1/1",
	  { "warn C8", ":6: the authenticator plain has server_condition = true",
	    "| # In /etc/exim4/exim4.conf, above its first \"begin\":\n| auth_advertise_hosts =\n" } },
	{ "Debian's relay nets, and strangers arrive by the bridge", MTA_EXIM,
	  { { UPDATE, INTERNET "dc_use_split_config='false'\n"
	      "dc_relay_nets='10.9.0.0/24 ; 172.16.0.0/12 ; fd00::/64'\n" }, { TEMPLATE, DEBIAN } },
	  DOCKER, BRIDGE " a\n", "1/0/0",
	  { "open C1", UPDATE ":5", "| dc_relay_nets='10.9.0.0/24 ; fd00::/64'\n",
	    "| update-exim4.conf && systemctl restart exim4\n", "exim4 -bh 172.18.0.1" } },
	{ "a list of one's own, too wide", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1 : ::::1 : 192.168.0.0/16\n" ACL CHECK } },
	  LAN, "range 192.168.0.1 192.168.0.0/16 25 E01\n", "0/1/0",
	  { "warn C6", "| hostlist relay_from_hosts = 127.0.0.1 : ::::1 : 192.168.1.0/24\n" } },
	{ "everybody", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = <; 127.0.0.1 ; *\n" ACL CHECK } }, NULL,
	  STRANGER4 "E01\n" STRANGER6 "E01\nrange 1.0.0.1 0.0.0.0/0 25 E01\n", "1/0/0",
	  { "open C6", "IPv4 and IPv6", "| hostlist relay_from_hosts = <; 127.0.0.1 ; ::1\n" } },
	{ "everybody and nobody else", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = *\n" ACL CHECK } }, NULL, STRANGER4 "E01\n",
	  "1/0/0", { "| hostlist relay_from_hosts = 127.0.0.0/8 : ::::1\n" } },
	{ "an accept of senders before the check", MTA_EXIM,
	  { { EXIM, ACL "hostlist relay_from_hosts = 127.0.0.1\nbegin acl\ncheck:\n"
	      "  accept sender_domains = partner.example\n  accept hosts = +relay_from_hosts\n"
	      "  require domains = +local_domains : +relay_to_domains\n  accept\n" } }, NULL,
	  STRANGER4 "E09\n", "1/0/0",
	  { "open C31", EXIM ":7", "in place of line 7:\n|   accept  authenticated = *\n" } },
	{ "a router behind the check", MTA_EXIM,
	  { { EXIM, ACL "domainlist local_domains = example.org\nbegin acl\ncheck:\n"
	      "  require domains = +local_domains\n  accept\nbegin routers\nold:\n"
	      "  driver = redirect\n  data = ${sg{$local_part}{%}{@}}\n" } }, NULL,
	  STRANGER4 "E14\n", "1/0/0",
	  { "open C34", EXIM ":12", EXIM ":8", "Nothing is routed by way of a local part" } },
	{ "a list of domains of another name", MTA_EXIM,
	  { { EXIM, ACL "domainlist far = *\nbegin acl\ncheck:\n  accept domains = +far\n" } },
	  NULL, STRANGER4 "E01\n", "1/0/0", { EXIM ":4", EXIM ":7", "|   accept  authenticated = *\n" } },
	{ "relays to all domains", MTA_EXIM,
	  { { UPDATE, INTERNET "dc_use_split_config='false'\ndc_relay_domains='*'\n" },
	    { TEMPLATE, DEBIAN } }, NULL, STRANGER4 "E01\n", "1/0/0",
	  { "open C33", UPDATE ":5", "| dc_relay_domains=''\n" } },
	{ "Debian's internet site", MTA_EXIM,
	  { { UPDATE, INTERNET "dc_use_split_config='false'\ndc_relay_nets=''\n"
	      "dc_relay_domains=''\n" }, { TEMPLATE, DEBIAN } }, NULL, "", "0/0/0", { NULL } },
};

#define MC "/etc/mail/sendmail.mc"
#define ACCESS "/etc/mail/access"
#define FEATURES "FEATURE(`access_db')dnl\n"

static const struct found_row sendmail_rows[] = {
	{ "a macro file that sendmail.cf was not made of", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "#####  $Id: relay_entire_domain.m4,v 8.13 $  #####\n"
	      "C{R}old.example\nC{R}both.example\nSRelay_ok\n" },
	    { "/etc/mail/sendmail.mc", "FEATURE(`access_db')dnl\nRELAY_DOMAIN(`both.example')dnl\n" } },
	  NULL, NULL, "0/1/0",
	  { "warn  Sendmail does not do what sendmail.mc says", "not in force: access_db (line 1).",
	    "still in force: ", "relay_entire_domain (line 1)", "old.example (line 2)",
	    "!both.example", "/etc/mail/sendmail.mc:1", "| sendmailconfig\n" } },
	{ "one that it was made of", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "#####  $Id: relay_entire_domain.m4,v 8.13 $  #####\n"
	      "C{R}both.example\nC{R}$={VirtHost}\nSRelay_ok\n" },
	    { "/etc/mail/sendmail.mc", "DOMAIN(`debian-mta')dnl\nFEATURE(`relay_entire_domain')dnl\n"
	      "FEATURE(`mailertable')dnl\nRELAY_DOMAIN(`both.example')dnl\n" } },
	  NULL, NULL, "0/0/0", { NULL } },
	{ "one that includes what we can't see", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "#####  $Id: relay_entire_domain.m4,v 8.13 $  #####\n"
	      "SRelay_ok\n" },
	    { "/etc/mail/sendmail.mc", "DOMAIN(`ours')dnl\n" } }, NULL, NULL, "0/0/0", { NULL } },
	{ "no macro file at all", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "#####  $Id: relay_entire_domain.m4,v 8.13 $  #####\n"
	      "SRelay_ok\n" } }, NULL, NULL, "0/0/0", { NULL } },
	{ "a bridge's network in access, and strangers arrive by it", MTA_SENDMAIL,
	  { { MC, FEATURES }, { ACCESS, "Connect:10.1.2 RELAY\nConnect:172.18   RELAY\n" } },
	  INSIDE, "gateway 172.18.0.1 172.18.0.1/32 25 E01 p\n", "0/1/0",
	  { "warn C", ACCESS ":2", "| #Connect:172.18 RELAY\n",
	    "| makemap hash " ACCESS " < " ACCESS "\n", "172.18.0.0/16" } },
	{ "the machine's own address, which needs no line", MTA_SENDMAIL,
	  { { MC, FEATURES }, { ACCESS, "" } }, DOCKER, BRIDGE " a\n", "1/0/0",
	  { "open C1", "A rule that is built in lets 172.18.0.1 relay",
	    "above MAILER_DEFINITIONS:\n| define(`confDONT_PROBE_INTERFACES', `True')dnl\n| # Then:\n" } },
	{ "a block in relay-domains", MTA_SENDMAIL,
	  { { MC, FEATURES }, { ACCESS, "" }, { "/etc/mail/relay-domains", "192.168\n" } }, LAN,
	  "range 192.168.0.1 192.168.0.0/16 25 E01\n", "0/1/0",
	  { "warn C6", "/etc/mail/relay-domains:1", "| #192.168\n", "| 192.168.1\n",
	    "| systemctl restart sendmail\n" } },
	{ "promiscuous_relay", MTA_SENDMAIL,
	  { { MC, FEATURES "FEATURE(`promiscuous_relay')dnl\n" }, { ACCESS, "" } }, NULL,
	  STRANGER4 "E01\n", "1/0/0",
	  { "open C10", MC ":2", "| dnl FEATURE(`promiscuous_relay')", "| sendmailconfig\n" } },
	{ "relay_based_on_MX", MTA_SENDMAIL,
	  { { MC, FEATURES "FEATURE(`relay_based_on_MX')dnl\n" }, { ACCESS, "" } }, NULL,
	  STRANGER4 "A05 m\n", "0/1/0", { "warn C39", MC ":2", "| dnl FEATURE(`relay_based_on_MX')" } },
	{ "a sound one", MTA_SENDMAIL, { { MC, FEATURES }, { ACCESS, "Connect:127 RELAY\n" } },
	  NULL, "", "0/0/0", { NULL } },
};

#define SMTPD "/etc/smtpd.conf"
#define LISTEN "table domains { example.org }\nlisten on all\naction \"local\" mbox\n" \
	"action \"out\" relay\nmatch from any for domain <domains> action \"local\"\n"

static const struct found_row opensmtpd_rows[] = {
	{ "strangers arrive by its own address on a bridge", MTA_OPENSMTPD,
	  { { "/etc/smtpd.conf", "listen on 0.0.0.0\naction \"relay\" relay\n"
	      "match from local for any action \"relay\"\n" } }, DOCKER, BRIDGE " a\n", "1/0/0",
	  { "open C1", "/etc/smtpd.conf:3", "in place of line 3:\n| match from socket for any action "
	    "\"relay\"\n| match from src { 127.0.0.1, ::1 } for any action \"relay\"\n" } },
	{ "and by loopback, which no from means, too", MTA_OPENSMTPD,
	  { { "/etc/smtpd.conf", "listen on 0.0.0.0\naction \"relay\" relay\n"
	      "match for any action \"relay\"\n" } },
	  "lo loopback 127.0.0.1/8\neth0 ethernet 203.0.113.5/24\n"
	  "run forkproxy -- 1 3 tcp:[::]:25 1 4 tcp:127.0.0.1:25\n",
	  "loopback 127.0.0.1 127.0.0.1/32 25 E01 a\n", "1/0/0",
	  { "open C5", "| match from socket for any action \"relay\"\n| # Then:\n" } },
	{ "a bridge's network, and strangers arrive by it", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "match from src { 10.9.0.0/24, 172.16.0.0/12 } for any action \"out\"\n" } },
	  DOCKER, BRIDGE " a\n", "1/0/0",
	  { "open C1", SMTPD ":6", "| match from src { 10.9.0.0/24 } for any action \"out\"\n",
	    "| smtpd -n && systemctl restart opensmtpd\n" } },
	{ "a table that is too wide", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "table lan { 192.168.0.0/16 }\n"
	      "match from src <lan> for any action \"out\"\n" } },
	  LAN, "range 192.168.0.1 192.168.0.0/16 25 E01\n", "0/1/0",
	  { "warn C6", "| match from src { 192.168.1.0/24 } for any action \"out\"\n" } },
	{ "from any for any", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "match from any for any action \"out\"\n" } }, NULL,
	  STRANGER4 "E01\n" STRANGER6 "E01\n", "1/0/0",
	  { "open C10", SMTPD ":6", "| match from local for any action \"out\"\n" } },
	{ "a sender", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "match from any mail-from \"@example.org\" for any action \"out\"\n" } },
	  NULL, STRANGER4 "E09\n", "1/0/0",
	  { "open C31", "| #match from any mail-from", "| match from any auth for any action "
	    "\"out\"\n" } },
	{ "Debian's defaults", MTA_OPENSMTPD,
	  { { SMTPD, "table aliases file:/etc/aliases\nlisten on localhost\n"
	      "action \"local\" maildir alias <aliases>\naction \"relay\" relay\n"
	      "match from local for local action \"local\"\n"
	      "match from local for any action \"relay\"\n" } }, NULL, "", "0/0/0", { NULL } },
};

/* ---- the configuration alone, the network, our own ---- */

#define SASL "smtpd_sasl_auth_enable = yes\nsmtpd_tls_security_level = may\n" \
	"smtpd_tls_auth_only = yes\nsmtpd_sender_restrictions = reject_sender_login_mismatch\n"

static const struct found_row config_rows[] = {
	{ "XCLIENT from a whole block", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_authorized_xclient_hosts = 127.0.0.1 10.0.0.0/8\n" },
	    { MASTER, SMTP } }, NULL, NULL, "0/1/0",
	  { "warn C7", MAIN ":3", "believes XCLIENT from 10.0.0.0/8",
	    EDIT "smtpd_authorized_xclient_hosts = 127.0.0.1" RELOAD } },
	{ "XCLIENT from the filter on the machine", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_authorized_xclient_hosts = 127.0.0.1 [::1]\n" }, { MASTER, SMTP } },
	  NULL, NULL, "0/0/0", { NULL } },
	{ "a PROXY header from whoever reaches the port", MTA_POSTFIX,
	  { { MAIN, NEW }, { MASTER, SMTP "10025 inet n - y - - smtpd\n"
	      "  -o smtpd_upstream_proxy_protocol=haproxy\n" } }, NULL, NULL, "0/0/1",
	  { "advice C7", "Port 10025 takes a PROXY header", "tcp dport 10025" } },
	{ "a PROXY header on loopback", MTA_POSTFIX,
	  { { MAIN, NEW }, { MASTER, SMTP "127.0.0.1:10025 inet n - y - - smtpd\n"
	      "  -o smtpd_upstream_proxy_protocol=haproxy\n" } }, NULL, NULL, "0/0/0", { NULL } },
	{ "PROXY from everybody", MTA_EXIM,
	  { { EXIM, "hosts_proxy = 0.0.0.0/0\nhostlist relay_from_hosts = 127.0.0.1\n" ACL
	      CHECK } }, NULL, NULL, "0/1/0", { "warn C7", EXIM ":1", "| hosts_proxy =\n" } },
	{ "PROXY from the proxy", MTA_EXIM,
	  { { EXIM, "hosts_proxy = 10.0.0.7\nhostlist relay_from_hosts = 127.0.0.1\n" ACL
	      CHECK } }, NULL, NULL, "0/0/0", { NULL } },
	{ "proxy-v2 on all addresses", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "listen on 0.0.0.0 port 10025 proxy-v2\n"
	      "match from local for any action \"out\"\n" } }, NULL, NULL, "0/0/1",
	  { "advice C7", SMTPD ":6", "Port 10025" } },
	{ "proxy-v2 on loopback", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "listen on 127.0.0.1 port 10025 proxy-v2\n"
	      "match from local for any action \"out\"\n" } }, NULL, NULL, "0/0/0", { NULL } },
	{ "a second MX of anybody's domain", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, permit_mx_backup, " GUARD "\n" },
	    { MASTER, SMTP } }, NULL, NULL, "0/1/0",
	  { "warn C39", MAIN ":3", EDIT RELAY "permit_mynetworks, " GUARD RELOAD } },
	{ "of one's customers", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, permit_mx_backup, " GUARD "\n"
	      "permit_mx_backup_networks = 192.0.2.0/24\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL } },
	{ "certificates of public authorities", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_tls_ask_ccert = yes\nsmtpd_tls_CApath = /etc/ssl/certs\n"
	      RELAY "permit_tls_all_clientcerts, " GUARD "\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/1/0", { "warn C44", MAIN ":4", MAIN ":5", EDIT RELAY GUARD RELOAD } },
	{ "certificates of one's own authority", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_tls_ask_ccert = yes\nsmtpd_tls_CAfile = /etc/postfix/our-ca.pem\n"
	      RELAY "permit_tls_all_clientcerts, " GUARD "\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL } },
	{ "anonymous logins", MTA_POSTFIX,
	  { { MAIN, NEW SASL "smtpd_sasl_security_options = noplaintext\n" }, { MASTER, SMTP } },
	  NULL, NULL, "0/1/0",
	  { "warn C8", MAIN ":7", EDIT "smtpd_sasl_security_options = noanonymous, noplaintext" RELOAD } },
	{ "logins in clear", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_sasl_auth_enable = yes\nsmtpd_sender_restrictions = "
	      "reject_authenticated_sender_login_mismatch\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/1", { "advice C9", MAIN ":3", EDIT "smtpd_tls_auth_only = yes" RELOAD } },
	{ "sound logins", MTA_POSTFIX, { { MAIN, NEW SASL }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL } },
	{ "a condition that is always true", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\n" ACL CHECK "begin authenticators\n"
	      "login:\n  driver = plaintext\n  public_name = LOGIN\n  server_condition = true\n" } },
	  NULL, NULL, "0/1/1", { "warn C8", EXIM ":15", "authenticator login", "advice C15" } },
	{ "a condition that looks", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\n" ACL CHECK "begin authenticators\n"
	      "login:\n  driver = plaintext\n  server_condition = ${if saslauthd{{$auth1}{$auth2}}"
	      "}\n" } }, NULL, NULL, "0/0/1",
	  { "advice C15", "Who logs in (login) may send as anybody", EXIM ":14",
	    "condition = ${if eqi{$authenticated_id}{$sender_address}}" } },
	{ "logins that are bound to senders", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\n" ACL CHECK
	      "  deny authenticated = *\n       !condition = ${if eqi{$authenticated_id}"
	      "{$sender_address}}\nbegin authenticators\n"
	      "login:\n  driver = dovecot\n  server_socket = /run/dovecot/auth-client\n" } },
	  NULL, NULL, "0/0/0", { NULL } },
	{ "logins that are not offered", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\nauth_advertise_hosts =\n" ACL CHECK
	      "begin authenticators\nlogin:\n  driver = dovecot\n  server_socket = /s\n" } },
	  NULL, NULL, "0/0/0", { NULL } },
	{ "any sender of a login", MTA_POSTFIX,
	  { { MAIN, NEW }, { MASTER, SMTP "submission inet n - y - - smtpd\n"
	      "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_tls_security_level=encrypt\n"
	      "  -o smtpd_sender_restrictions=reject_non_fqdn_sender\n" } }, NULL, NULL, "0/0/1",
	  { "advice C15", "port 587", " && postconf -e 'smtpd_sender_login_maps = hash:",
	    "/inet/smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch,"
	    "reject_non_fqdn_sender' && postfix" } },
	{ "any sender of a login", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "listen on all port 587 tls-require pki mail auth\n"
	      "match auth from any for any action \"out\"\n" } }, NULL, NULL, "0/0/1",
	  { "advice C15",
	    "| listen on all port 587 tls-require pki mail auth senders <senders_of_logins>\n" } },
	{ "its own senders", MTA_OPENSMTPD,
	  { { SMTPD, LISTEN "listen on all port 587 tls-require pki mail auth senders <u>\n"
	      "match auth from any for any action \"out\"\n" } }, NULL, NULL, "0/0/0", { NULL } },
	{ "a bare LF, by default", MTA_POSTFIX, { { MAIN, NEW }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/1", { "advice C17", EDIT "smtpd_forbid_bare_newline = normalize" RELOAD, "!apt-get" },
	  "3.7.11-0+deb12u1" },
	{ "a Postfix that cannot", MTA_POSTFIX, { { MAIN, NEW }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/1", { "advice C17", "apt-get install --only-upgrade postfix" },
	  "3.7.6-0+deb12u2" },
	{ "normalized", MTA_POSTFIX,
	  { { MAIN, NEW "smtpd_forbid_bare_newline = normalize\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL }, "3.7.11-0+deb12u1" },
	{ "a newer one", MTA_POSTFIX, { { MAIN, NEW }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL }, "3.10.5-1" },
	{ "it takes no mail from others", MTA_POSTFIX,
	  { { MAIN, NEW "inet_interfaces = loopback-only\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL }, "3.7.11-0+deb12u1" },
	{ "an old Exim", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\n" ACL CHECK } }, NULL, NULL, "0/0/1",
	  { "advice C17", "from 4.97.1 on", "CVE-2023-51766" }, "4.96-15+deb12u3" },
	{ "a mended one", MTA_EXIM,
	  { { EXIM, "hostlist relay_from_hosts = 127.0.0.1\n" ACL CHECK } }, NULL, NULL, "0/0/0",
	  { NULL }, "4.96-15+deb12u10" },
	{ "Debian's Sendmail", MTA_SENDMAIL, { { MC, FEATURES }, { ACCESS, "" } }, NULL, NULL,
	  "0/0/0", { NULL }, "8.17.1.9-2+deb12u2" },
	{ "an old one", MTA_SENDMAIL, { { MC, FEATURES }, { ACCESS, "" } }, NULL, NULL,
	  "0/0/1", { "advice C17", "CVE-2023-51765" }, "8.15.2-8" },
	{ "mail for nobody", MTA_POSTFIX,
	  { { MAIN, NEW "local_recipient_maps =\nrelay_domains = behind.example\n" },
	    { MASTER, SMTP } }, NULL, NULL, "0/0/2",
	  { "advice C18", MAIN ":3", MAIN ":4", EDIT "local_recipient_maps = proxy:unix:passwd",
	    "/relay_recipients && postconf -e 'relay_recipient_maps = hash:" } },
	{ "names that are looked up", MTA_POSTFIX,
	  { { MAIN, NEW "relay_domains = behind.example\nrelay_recipient_maps = hash:/r\n"
	      "local_recipient_maps =\nluser_relay = root\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL } },
	{ "a satellite that listens to all", MTA_POSTFIX,
	  { { MAIN, NEW "relayhost = [mx.example.net]\nmydestination =\n" }, { MASTER, SMTP } },
	  NULL, NULL, "0/0/1", { "advice ", MAIN ":3",
	    EDIT "inet_interfaces = loopback-only' && systemctl restart " } },
	{ "a satellite", MTA_POSTFIX,
	  { { MAIN, NEW "relayhost = [mx.example.net]\nmydestination =\n"
	      "inet_interfaces = loopback-only\n" }, { MASTER, SMTP } }, NULL, NULL, "0/0/0",
	  { NULL } },
	{ "a smarthost of a LAN", MTA_POSTFIX,
	  { { MAIN, NEW "relayhost = [mx.example.net]\nmydestination =\n"
	      "mynetworks = 127.0.0.0/8 192.168.1.0/24\n" }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL } },
	{ "a filter's port", MTA_POSTFIX,
	  { { MAIN, NEW "content_filter = smtp:[127.0.0.1]:10024\n" },
	    { MASTER, SMTP "10025 inet n - n - - smtpd\n  -o content_filter=\n" } }, NULL, NULL,
	  "0/0/1", { "advice", MASTER ":2",
	    "| postconf -F '10025/inet/service=127.0.0.1:10025' && systemctl" } },
	{ "a filter's port on loopback", MTA_POSTFIX,
	  { { MAIN, NEW "content_filter = smtp:[127.0.0.1]:10024\n" },
	    { MASTER, SMTP "127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n" } },
	  NULL, NULL, "0/0/0", { NULL } },
};

static const struct found_row network_rows[] = {
	{ "strangers arrive by the bridge, which nobody trusts", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, DOCKER, NULL, "0/0/1",
	  { "advice C1 Strangers arrive as 172.18.0.1", "docker-proxy",
	    "Keep that address out of mynetworks", "portreeve witness" } },
	{ "inside of a container", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, INSIDE, NULL, "0/0/1",
	  { "advice C2", "We are inside Docker", "portreeve audit on the host" } },
	{ "a LAN behind a router", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, LAN, NULL, "0/0/0",
	  { NULL } },
	{ "a catcher of mail", MTA_POSTFIX, { { MAIN, NEW }, { MASTER, SMTP } }, NULL, NULL,
	  "0/1/0", { "warn C12", "mailpit (process 77) listens at port 1025" }, NULL, NULL,
	  "mailpit 0.0.0.0 1025" },
	{ "a catcher at home", MTA_POSTFIX, { { MAIN, NEW }, { MASTER, SMTP } }, NULL, NULL,
	  "0/0/0", { NULL }, NULL, NULL, "mailpit 127.0.0.1 1025" },
	{ "the server says otherwise", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, NULL, NULL, "0/1/0",
	  { "warn  The server and our reading", "Mail of 192.0.2.77 for a foreign domain is taken",
	    "seems to say no", "Please tell us" }, NULL,
	  "range 192.0.2.77 192.0.2.0/24 25 taken\nloopback 127.0.0.1 127.0.0.1/32 25 taken\n" },
	{ "the server says the same", MTA_POSTFIX,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, NULL, NULL, "0/0/0",
	  { NULL }, NULL,
	  "stranger4 8.8.8.8 0.0.0.0/0 25 refused\nloopback 127.0.0.1 127.0.0.1/32 25 taken\n" },
	{ "clients in a directory", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_client_access ldap:/etc/postfix/l, " GUARD
	      "\nmynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, NULL, NULL, "0/0/1",
	  { "advice  Parts of the configuration", "ldap:/etc/postfix/l" } },
	{ "patterns, and the server was asked", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, " GUARD ", check_client_access pcre:/p\n"
	      "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP } }, NULL, NULL, "0/0/0", { NULL } },
	{ "patterns, and it was not", MTA_POSTFIX,
	  { { MAIN, NEW RELAY "permit_mynetworks, check_client_access pcre:/p, " GUARD "\n"
	      "mynetworks = 127.0.0.0/8\n" }, { MASTER, SMTP }, { "/p", "/x/ REJECT\n" } },
	  NULL, NULL, "0/0/1",
	  { "advice  Parts of", "pcre:/p" }, NULL, NULL, NULL, true },
};

#define RUN_ALL(rows) \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++) \
		found_run(&(rows)[i])

static void test_postfix(void **state)
{
	(void)state;
	RUN_ALL(postfix_rows);
}

static void test_exim(void **state)
{
	(void)state;
	RUN_ALL(exim_rows);
}

static void test_sendmail(void **state)
{
	(void)state;
	RUN_ALL(sendmail_rows);
}

static void test_opensmtpd(void **state)
{
	(void)state;
	RUN_ALL(opensmtpd_rows);
}

static void test_config(void **state)
{
	(void)state;
	RUN_ALL(config_rows);
}

static void test_network(void **state)
{
	(void)state;
	RUN_ALL(network_rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix),
		cmocka_unit_test(test_exim),
		cmocka_unit_test(test_sendmail),
		cmocka_unit_test(test_opensmtpd),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
