/* SPDX-License-Identifier: ISC
 *
 * Exim's configuration, one file or Debian's: who may relay by it, and by which line.
 */
#include "memory-files.h"

#include "audit/read-exim.h"

#define CONF "/etc/exim4/exim4.conf"
#define STRANGER "203.0.113.9"
#define HEAD \
	"domainlist local_domains = @ : example.org\n" \
	"domainlist relay_to_domains = example.net\n" \
	"hostlist relay_from_hosts = <; 127.0.0.1 ; ::1 ; 10.0.0.0/8\n" \
	"acl_smtp_rcpt = acl_check_rcpt\n"
#define ACL "begin acl\nacl_check_rcpt:\n"                                      /* 6 lines */
#define TAIL \
	"  accept hosts = +relay_from_hosts\n" \
	"  accept authenticated = *\n" \
	"  require message = relay not permitted\n" \
	"          domains = +local_domains : +relay_to_domains\n" \
	"  require verify = recipient\n  accept\n"
#define SOUND HEAD ACL TAIL

static const struct reading_row rows[] = {
	{ "sound", { { CONF, SOUND } }, false,
	  { { STRANGER, "", 'n' }, { "10.1.1.1", "", 'y', CONF, 3 }, { "127.0.0.1", "", 'y', CONF, 3 },
	    { STRANGER, "l", 'y', CONF, 8 }, { STRANGER, "nhstcrm", 'n' } }, "25" },
	{ "as Exim's own, conditions before", { { CONF, HEAD ACL
		"  accept hosts = :\n    control = dkim_disable_verify\n"
		"  deny domains = +local_domains\n    local_parts = ^[.] : ^.*[@%!/|]\n"
		"  deny message = no\n domains = !+local_domains\n local_parts = ^[./|]\n"
		"  accept local_parts = postmaster\n   domains = +local_domains\n"
		"  require verify = sender\n  deny dnslists = bl.example\n" TAIL } }, false,
	  { { STRANGER, "", 'n' }, { "10.1.1.1", "", 'y', CONF, 3 }, { STRANGER, "r", 'n' } } },
	{ "no check of the domains", { { CONF, HEAD ACL
		"  accept hosts = +relay_from_hosts\n  require verify = recipient\n  accept\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 9 } } },
	{ "an accept before it", { { CONF, HEAD ACL "  warn set acl_m0 = 1\n  accept verify = sender\n"
		TAIL } }, true, { { STRANGER, "", 'y', CONF, 8 } } },
	{ "everybody in the list", { { CONF,
		"hostlist relay_from_hosts = *\nacl_smtp_rcpt = a\n\n\nbegin acl\na:\n"
		"  accept hosts = +relay_from_hosts\n  deny\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 1 }, { "2001:db8::1", "", 'y', CONF, 1 } } },
	{ "no ACL at all", { { CONF, "primary_hostname = a.example\n" } }, false,
	  { { STRANGER, "", 'n' }, { "127.0.0.1", "", 'n' } }, "25" },
	{ "accept as the ACL", { { CONF, "acl_smtp_rcpt = accept\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 1 } } },
	{ "an ACL by an expansion", { { CONF, "acl_smtp_rcpt = ${if eq{1}{2}{a}{b}}\n" ACL TAIL } },
	  false, { { STRANGER, "", '?' } } },
	{ "senders, HELO, names, TLS", { { CONF, HEAD ACL "  accept senders = *@example.org\n"
		"  accept condition = ${if eq{$sender_helo_name}{friend}}\n"
		"  accept hosts = *.example.org\n  accept encrypted = *\n"
		"  accept verify = certificate\n" TAIL } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "s", 'y', CONF, 7 }, { STRANGER, "h", '?', CONF, 8 },
	    { STRANGER, "n", 'y', CONF, 9 }, { STRANGER, "t", 'y', CONF, 10 } } },
	{ "postmaster everywhere", { { CONF, HEAD ACL "  accept local_parts = postmaster : abuse\n"
		TAIL } }, false, { { STRANGER, "r", 'y', CONF, 7 }, { STRANGER, "", 'n' } } },
	{ "domains of everybody", { { CONF, "domainlist relay_to_domains = *\nacl_smtp_rcpt = a\n\n\n"
		"begin acl\na:\n  require domains = +relay_to_domains\n  accept\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 1 } } },
	{ "domains that Debian requires, by MX", { { CONF,
		"domainlist relay_to_domains = example.net : @mx_any\nacl_smtp_rcpt = a\nbegin acl\na:\n"
		"  require domains = +relay_to_domains\n  accept\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "m", 'y', CONF, 1 } } },
	{ "wide local domains", { { CONF,
		"domainlist local_domains = example.net : *.com\nacl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = +local_domains\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 1 } } },
	{ "wide domains, domains by MX", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = *.com : example.org\n  accept domains = @mx_any\n  deny\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 4 }, { STRANGER, "m", 'y', CONF, 5 } } },
	{ "recipients by patterns", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept recipients = \\N^.*@example[.]org$\\N : ^.*@example.net\\$ : a@example.com\n"
		"  accept recipients = ^.*@example[.]org\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 5 } } },
	{ "not local is foreign", { { CONF, HEAD ACL "  accept domains = !+local_domains\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 7 } } },
	{ "hosts taken out", { { CONF, "hostlist lan = !10.9.0.0/16 : 10.0.0.0/8 : 192.168.1.1/24\n"
		"acl_smtp_rcpt = a\nbegin acl\na:\n  accept hosts = +lan\n" } }, false,
	  { { "10.9.1.1", "", 'n' }, { "10.8.1.1", "", 'y' }, { "192.168.1.9", "", 'y' },
	    { STRANGER, "", 'n' } } },
	{ "all but some", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n  deny !hosts = 10.0.0.0/8\n"
		"  accept\n" } }, false, { { STRANGER, "", 'n' }, { "10.1.1.1", "", 'y', CONF, 5 } } },
	{ "require hosts", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  require hosts = 10.0.0.0/8 : @[]\n  accept\n" } }, false,
	  { { STRANGER, "", 'n' }, { "10.1.1.1", "", 'y' }, { "own", "", 'y' } } },
	{ "require a login", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  require authenticated = *\n  accept\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "l", 'y', CONF, 5 } } },
	{ "endpass", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = 10.0.0.0/8\n endpass\n encrypted = *\n  accept\n" } }, true,
	  { { "10.1.1.1", "", 'n' }, { "10.1.1.1", "t", 'y', CONF, 4 }, { STRANGER, "", 'y', CONF, 7 } } },
	{ "IPv6 in a list with colons", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = 10.0.0.1 : 2001::db8::::/32 : ::::1\n" } }, false,
	  { { "2001:db8::5", "", 'y' }, { "::1", "", 'y' }, { "10.0.0.1", "", 'y' },
	    { STRANGER, "", 'n' } } },
	{ "hosts in a file, in a map", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = /etc/exim4/nets\n  accept hosts = net-iplsearch;/etc/x\n" },
		{ "/etc/exim4/nets", "# ours\n10.0.0.0/8\n2001:db8::/32 # six\n" } }, false,
	  { { "10.1.1.1", "", 'y', CONF, 4 }, { "2001:db8::1", "", 'y' }, { STRANGER, "", '?' } } },
	{ "hosts that a panel keeps in text", { { CONF, "hostlist relay_hosts = net-iplsearch;/h : "
		"net-lsearch;/l : net8-lsearch;/n\nacl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = +relay_hosts\n" },
		{ "/h", "# a comment\n10.0.0.0/8: yes\n\"2001:db8::/32\"\n203.0.113.7\n" },
		{ "/l", "198.51.100.1: x\n198.51.100.0/24: no\n" }, { "/n",
		  "192.0.0.0/8: x\n172.16.1.1: no\n" } },
	  false, { { "10.1.1.1", "", 'y', CONF, 1 }, { "2001:db8::9", "", 'y' },
	    { "203.0.113.7", "", 'y' }, { "198.51.100.1", "", 'y' }, { "198.51.100.2", "", 'n' },
	    { "192.0.2.1", "", 'y' }, { "172.16.1.1", "", 'n' }, { STRANGER, "n", 'n' } } },
	{ "hosts by their names, as without net", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = lsearch;/h\n  accept hosts = iplsearch;/h\n" }, { "/h", "203.0.113.9\n" } },
	  false, { { STRANGER, "", 'n' }, { STRANGER, "n", 'y', CONF, 4 } } },
	{ "domains in text", { { CONF, "domainlist local_domains = lsearch;/d : dsearch,filter=dir;/v\n"
		"acl_smtp_rcpt = a\nbegin acl\na:\n  accept domains = +local_domains\n" },
		{ "/d", "example.org: x\n*: nobody\n*.com\n" }, { "/v/example.net", "" } }, false,
	  { { STRANGER, "r", 'n' } } },
	{ "domains with a default", { { CONF, "domainlist local_domains = lsearch*@;/d\n"
		"acl_smtp_rcpt = a\nbegin acl\na:\n  accept domains = +local_domains\n" },
		{ "/d", "example.org: x\n*: all\n" } }, true, { { STRANGER, "", 'y', CONF, 1 } } },
	{ "domains by patterns", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = wildlsearch;/d\n  accept domains = partial-lsearch;/d\n" },
		{ "/d", "example.org\n*.com\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 4 } } },
	{ "partial ones", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = partial-lsearch;/d\n  accept domains = partial1-lsearch;/d\n" },
		{ "/d", "example.org\n*.com\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 5 } } },
	{ "partial ones of nothing", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = partial0-lsearch;/d\n" }, { "/d", "*: x\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 4 } } },
	{ "other maps", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept domains = cdb;/d : lsearch;d\n  accept hosts = net-mysql;SELECT 1\n" } }, false,
	  { { STRANGER, "", '?', CONF, 5 } } },
	{ "macros, conditions, includes, continuations", { { CONF,
		"NETS = 10.0.0.0/8\n.ifdef NOT_THERE\nNETS == *\n.else\nLAN = NETS : \\\n"
		"   # a comment within\n   192.168.0.0/16\n.endif\n.ifndef LAN\nLAN = *\n.endif\n"
		"hostlist relay_from_hosts = LAN\nacl_smtp_rcpt = a\nbegin acl\n"
		".include /etc/exim4/acl\n.include_if_exists /etc/none\n" },
		{ "/etc/exim4/acl", "a:\n  accept hosts = +relay_from_hosts\n" } }, false,
	  { { "10.1.1.1", "", 'y', CONF, 5 }, { "192.168.1.1", "", 'y' }, { STRANGER, "", 'n' } } },
	{ "names of hosts, a domain without a dot", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept hosts = localhost : mx.example.org\n  accept domains = com\n" } }, false,
	  { { "127.0.0.1", "", 'y', CONF, 4 }, { "::1", "", 'y' }, { STRANGER, "nr", 'n' } } },
	{ "ports", { { CONF, "daemon_smtp_ports = smtp : 465 : 587\ntls_on_connect_ports = 465\n"
		"acl_smtp_rcpt = accept\nlocal_interfaces = <; 127.0.0.1 ; [::1]:26 ; 127.0.0.1.27\n" } },
	  false, { { STRANGER, "", 'y' } }, "25 465t 587 26 27" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_reading(&rows[i], audit_read_exim, CONF);
}

/* ---- routers ------------------------------------------------------------------- */

/* As tried with Exim 4.96. */
#define ROUTERS "begin routers\n"                                               /* line 13 */
#define OPENED(options) SOUND ROUTERS "opened:\n  driver = redirect\n" options
#define OF_OWN "  domains = +local_domains\n"
#define REMOTE \
	"remote:\n  driver = dnslookup\n  domains = ! +local_domains\n  transport = t\n  no_more\n"

static const struct reading_row router_rows[] = {
	{ "nothing is routed", { { CONF, SOUND ROUTERS REMOTE "user:\n  driver = accept\n"
		"  check_local_user\n  transport = l\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "%!@p", 'n' }, { "10.1.1.1", "", 'y', CONF, 3 } } },
	{ "a percent sign by sg", { { CONF, OPENED(OF_OWN "  local_parts = ^.*%\n"
		"  data = ${sg{$local_part}{%}{@}}\n") REMOTE } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "%", 'y', CONF, 18 }, { STRANGER, "!", 'n' },
	    { STRANGER, "@", 'n' }, { STRANGER, "%r", 'y', CONF, 18 }, { "10.1.1.1", "", 'y', CONF, 3 } } },
	{ "whatever the local part", { { CONF, OPENED(OF_OWN "  data = ${sg{$local_part}{%}{@}}\n") } },
	  false, { { STRANGER, "%", 'y', CONF, 17 }, { STRANGER, "@", 'y', CONF, 17 },
	    { STRANGER, "!", '?', CONF, 17 } } },
	{ "the local part as an address", { { CONF, OPENED(OF_OWN "  data = ${local_part}\n") } }, false,
	  { { STRANGER, "@", 'y', CONF, 17 }, { STRANGER, "%", '?' } } },
	{ "its quoted form", { { CONF, OPENED(OF_OWN
		"  data = ${quote_local_part:$local_part}@example.org\n") } }, false,
	  { { STRANGER, "%!@p", 'n' } } },
	{ "another domain, a map of aliases", { { CONF, OPENED(OF_OWN
		"  data = $local_part@example.org\naliases:\n driver = redirect\n"
		" data = ${lookup{$local_part}lsearch{/etc/aliases}}\n") } }, false,
	  { { STRANGER, "%!@p", 'n' } } },
	{ "what a database makes of it", { { CONF, OPENED(OF_OWN
		"  data = ${lookup mysql{SELECT to FROM a WHERE is='${quote_mysql:$local_part}'}}\n") } },
	  false, { { STRANGER, "%", '?', CONF, 17 }, { STRANGER, "", 'n' } } },
	{ "taken apart under a condition", { { CONF, OPENED(OF_OWN
		"  condition = ${if match{$local_part}{%}}\n"
		"  data = ${extract{1}{%}{$local_part}}@${extract{2}{%}{$local_part}}\n") } }, false,
	  { { STRANGER, "%", 'y', CONF, 18 }, { STRANGER, "!", 'n' }, { STRANGER, "@", 'n' } } },
	{ "by address_data", { { CONF, OPENED(OF_OWN "  address_data = ${tr{$local_part}{%}{@}}\n"
		"  data = $address_data\n") } }, false, { { STRANGER, "%", 'y', CONF, 18 } } },
	{ "a bang path", { { CONF, OPENED(OF_OWN "  data = ${if match{$local_part}"
		"{\\N^([^!]+)!(.+)$\\N}{$2@$1}}\n") } }, false,
	  { { STRANGER, "!", 'y', CONF, 17 }, { STRANGER, "%", '?' } } },
	{ "a negation is no bang path", { { CONF, OPENED(OF_OWN
		"  condition = ${if !eq{$local_part}{x}}\n  data = ${sg{$local_part}{-at-}{@}}\n") } },
	  false, { { STRANGER, "!", 'n' } } },
	{ "SRS by a pattern", { { CONF, OPENED(OF_OWN "  local_parts = ^(?i)srs0=\n"
		"  data = ${sg{$local_part}{^srs0=.*=.*=(.*)=(.*)\\$}{\\$2@\\$1}}\n") } }, false,
	  { { STRANGER, "p", 'y', CONF, 18 }, { STRANGER, "%", 'n' } } },
	{ "SRS by a prefix", { { CONF, OPENED(OF_OWN "  local_part_prefix = srs0=\n"
		"  local_parts = ^(.*)=(.*)=(.*)=(.*)\\$\n  data = $4@$3\n") } }, false,
	  { { STRANGER, "p", 'y', CONF, 19 }, { STRANGER, "%", 'n' } } },
	{ "SRS with its secret", { { CONF, OPENED(OF_OWN
		"  condition = ${if inbound_srs {$local_part} {secret}}\n  data = $srs_recipient\n") } },
	  false, { { STRANGER, "p", 'n' } } },
	{ "SRS without one", { { CONF, OPENED(OF_OWN
		"  condition = ${if inbound_srs {$local_part} {}}\n  data = $srs_recipient\n") } },
	  false, { { STRANGER, "p", 'y', CONF, 18 } } },
	{ "for some users, or by a file", { { CONF, OPENED(OF_OWN "  check_local_user\n"
		"  data = ${sg{$local_part}{%}{@}}\nalso:\n driver = redirect\n"
		" require_files = /etc/x\n data = ${sg{$local_part}{%}{@}}\n") } }, false,
	  { { STRANGER, "%", '?', CONF, 22 } } },
	{ "of foreign domains", { { CONF, OPENED("  domains = ! +local_domains\n"
		"  data = ${sg{$local_part}{%}{@}}\n") } }, false, { { STRANGER, "%", 'n' } } },
	{ "rewritten", { { CONF, SOUND "begin rewrite\n\\N^(.*)%(.*)@example\\.org$\\N $1@$2 Tq\n" } },
	  false, { { STRANGER, "%", 'y', CONF, 14 }, { STRANGER, "!", 'n' } } },
	{ "rewritten before the ACL, of headers", { { CONF, SOUND "begin rewrite\n"
		"^(.*)%(.*)@example $1@$2 S\n^(.*)%(.*)@example $1@$2 hF\n" } }, false,
	  { { STRANGER, "%", 'n' } } },
};

/* The same router behind ACLs that look at the local part, or at something else. */
#define HACK "opened:\n driver = redirect\n data = ${sg{$local_part}{%}{@}}\n"
static const struct reading_row routed_rows[] = {
	{ "Exim's own rule on local parts", { { CONF, HEAD ACL "  deny domains = +local_domains\n"
		"    local_parts = ^[.] : ^.*[@%!/|]\n" TAIL ROUTERS HACK } }, false,
	  { { STRANGER, "%", 'n' }, { STRANGER, "", 'n' } } },
	{ "a rule on others", { { CONF, HEAD ACL "  deny domains = +local_domains\n"
		"    local_parts = ^[.] : ^.*[/|] : ^[^%]*x\n" TAIL ROUTERS HACK } }, false,
	  { { STRANGER, "%", 'y', CONF, 18 } } },
	{ "for other domains", { { CONF, HEAD ACL "  deny domains = !+local_domains\n"
		"    local_parts = ^.*%\n" TAIL ROUTERS HACK } }, false,
	  { { STRANGER, "%", 'y', CONF, 18 } } },
	{ "a condition", { { CONF, HEAD ACL "  deny condition = ${if match{$local_part}{%}}\n"
		TAIL ROUTERS HACK } }, false, { { STRANGER, "%", 'n' } } },
	{ "recipients", { { CONF, HEAD ACL "  deny recipients = ^.*%.*@example.org\n"
		TAIL ROUTERS HACK } }, false, { { STRANGER, "%", 'n' } } },
	{ "who logs in", { { CONF, "domainlist local_domains = example.org\nacl_smtp_rcpt = a\nbegin acl\n"
		"a:\n  require authenticated = *\n  accept\n" ROUTERS HACK } }, false,
	  { { STRANGER, "%", 'n' }, { STRANGER, "%l", 'y', CONF, 10 } } },
	{ "an ACL by an expansion", { { CONF, "acl_smtp_rcpt = ${if eq{1}{2}{a}{b}}\n" ROUTERS HACK } },
	  false, { { STRANGER, "%", '?', CONF, 5 }, { STRANGER, "", '?', CONF, 1 } } },
	{ "no ACL", { { CONF, ROUTERS HACK } }, false, { { STRANGER, "%", 'n' } } },
	{ "verified, and nobody takes a foreign domain", { { CONF, "domainlist local_domains = example.org\n"
		"acl_smtp_rcpt = a\nbegin acl\na:\n  accept verify = recipient\n" ROUTERS
		"user:\n driver = accept\n domains = +local_domains\n" } }, false,
	  { { STRANGER, "", 'n' } } },
	{ "verified, and a smarthost does", { { CONF, "domainlist local_domains = example.org\n"
		"acl_smtp_rcpt = a\nbegin acl\na:\n  accept verify = recipient\n" ROUTERS
		"smart:\n driver = manualroute\n domains = ! +local_domains\n route_list = * a.example\n" } },
	  true, { { STRANGER, "", 'y', CONF, 5 } } },
	{ "verified, and domains of a map may be foreign", { { CONF, "acl_smtp_rcpt = a\nbegin acl\na:\n"
		"  accept verify = recipient\n" ROUTERS
		"some:\n driver = accept\n domains = mysql;SELECT 1\n" } },
	  true, { { STRANGER, "", 'y', CONF, 4 } } },
};

static void test_routers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(router_rows) / sizeof(router_rows[0]); i++)
		check_reading(&router_rows[i], audit_read_exim, CONF);
	for (size_t i = 0; i < sizeof(routed_rows) / sizeof(routed_rows[0]); i++)
		check_reading(&routed_rows[i], audit_read_exim, CONF);
}

/* ---- Debian's ------------------------------------------------------------------ */

#define DEBIAN "/etc/exim4/update-exim4.conf.conf"
#define MADE "/var/lib/exim4/config.autogenerated"
#define MAIN \
	"UPEX4CmacrosUPEX4C = 1\ndomainlist local_domains = MAIN_LOCAL_DOMAINS\n" \
	"domainlist relay_to_domains = MAIN_RELAY_TO_DOMAINS\n" \
	"hostlist relay_from_hosts = MAIN_RELAY_NETS\n" \
	".ifdef MAIN_LOCAL_INTERFACES\nlocal_interfaces = MAIN_LOCAL_INTERFACES\n.endif\n" \
	".ifndef MAIN_ACL_CHECK_RCPT\nMAIN_ACL_CHECK_RCPT = acl_check_rcpt\n.endif\n" \
	"acl_smtp_rcpt = MAIN_ACL_CHECK_RCPT\n"
#define SETTINGS(nets, more) \
	"# comment\ndc_eximconfig_configtype='internet'\ndc_relay_nets='" nets "'\n" more

static const struct reading_row debian_rows[] = {
	{ "generated: the line is the one to change", { { MADE,
		"MAIN_RELAY_NETS=172.16.0.0/12 : 127.0.0.1 : ::::1\nMAIN_LOCAL_DOMAINS=@:localhost\n"
		"MAIN_RELAY_TO_DOMAINS=\n" MAIN ACL TAIL },
		{ DEBIAN, SETTINGS("172.16.0.0/12", "") } }, false,
	  { { "172.18.0.1", "", 'y', DEBIAN, 3 }, { STRANGER, "", 'n' } }, "25" },
	{ "generated before the last change", { { MADE,
		"MAIN_RELAY_NETS=10.0.0.0/8 : 127.0.0.1 : ::::1\nMAIN_LOCAL_DOMAINS=@:localhost\n"
		"MAIN_RELAY_TO_DOMAINS=\n" MAIN ACL TAIL },
		{ DEBIAN, SETTINGS("172.16.0.0/12", "") } }, false,
	  { { "172.18.0.1", "", 'n' }, { "10.0.0.1", "", 'y', MADE, 1 } }, "25" },
	{ "a template", { { "/etc/exim4/exim4.conf.template", MAIN ACL TAIL },
		{ DEBIAN, SETTINGS("10.0.0.0/8;2001:db8::/32",
		 "dc_use_split_config='false'\ndc_local_interfaces='127.0.0.1 ; ::1'\n") } }, false,
	  { { "10.0.0.1", "", 'y', DEBIAN, 3 }, { "2001:db8::1", "", 'y' }, { "::1", "", 'y' },
	    { STRANGER, "", 'n' } }, "25 25" },
	{ "ports by the daemon's options", { { CONF, "acl_smtp_rcpt = accept\n" },
		{ "/etc/default/exim4", "#SMTPLISTENEROPTIONS='-oX 26'\n"
		  "SMTPLISTENEROPTIONS=\"-oX 25:587 -oP /run/x\"\n" } }, true,
	  { { STRANGER, "", 'y' } }, "25 587" },
	{ "addresses by the daemon's options", { { CONF, "acl_smtp_rcpt = accept\n" },
		{ "/etc/default/exim4", "SMTPLISTENEROPTIONS='-oX 127.0.0.1'\n" } }, false,
	  { { STRANGER, "", 'y' } }, "25" },
	{ "split, with a part of one's own", { { DEBIAN, SETTINGS("", "dc_use_split_config='true'\n") },
		{ "/etc/exim4/conf.d/acl/10_head", ACL "  accept\n" },
		{ "/etc/exim4/conf.d/acl/20.dpkg-old", "  accept\n" },
		{ "/etc/exim4/conf.d/acl/30_tail", "  accept\n" },
		{ "/etc/exim4/conf.d/acl/10_head.rul", ACL TAIL },
		{ "/etc/exim4/conf.d/main/01_main", MAIN } }, false,
	  { { "127.0.0.1", "", 'y', DEBIAN, 3 }, { STRANGER, "", 'n' } } },
};

static void test_debian(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(debian_rows) / sizeof(debian_rows[0]); i++)
		check_reading(&debian_rows[i], audit_read_exim, NULL);
}

/* ---- what multiplies itself -------------------------------------------------------- */

static void read_hostile(const char *text)
{
	struct memory_file list[] = { { CONF, text }, { 0 } };
	struct audit_files files = { memory_read, memory_list, list };
	struct arena a = { 0 };
	struct audit_reading r;
	assert_int_equal(audit_read_exim(&files, CONF, &a, &r), ERR_OK);
	arena_fini(&a);
}

static void test_hostile(void **state)
{
	(void)state;
	struct buf text = { 0 };
	read_hostile(".include " CONF "\n.include " CONF "\n");
	buf_add_cstr(&text, "AA = xxxxxxxxxxxxxxxx\n");
	for (char c = 'B'; c <= 'Z'; c++)
		buf_printf(&text, "%c%c = %c%c%c%c\n", c, c, c - 1, c - 1, c - 1, c - 1);
	buf_add_cstr(&text, "hostlist a = ZZ\n");
	read_hostile(buf_cstr(&text));
	buf_clear(&text);
	for (char c = 'a'; c < 'z'; c++)
		buf_printf(&text, "hostlist %c = +%c : +%c : +%c\n", c, c + 1, c + 1, c + 1);
	buf_add_cstr(&text, "hostlist z = +a\nacl_smtp_rcpt = x\nbegin acl\nx:\n accept hosts = +a\n");
	read_hostile(buf_cstr(&text));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_routers),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
