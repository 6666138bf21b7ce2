/* SPDX-License-Identifier: ISC
 *
 * One door to four servers: for configurations and clients the answer, the cause that the deciding
 * line is known for, and the lines by which it is so, in their order.
 */
#include "test.h"

#include "host.h"
#include "memory-files.h"

#include "audit/config.h"

#define STRANGER "203.0.113.9"
#define MAIN "/etc/postfix/main.cf"
#define MASTER "/etc/postfix/master.cf"
#define SMTP "smtp inet n - y - - smtpd\n"
#define NEW "compatibility_level = 3.6\nmyhostname = mx.example.org\n"   /* two lines */
#define RELAY "smtpd_relay_restrictions = "

/* What is asked: "203.0.113.9", "203.0.113.9 +ns" (letters as in memory-files.h), "203.0.113.9
 * >example.net" (the domain of its mail), at a port or 0;
 * and the answer as "yes C6: mynetworks main.cf:3, smtpd_relay_restrictions default". */
struct asked {
	const char *client;
	uint16_t port;
	const char *answer;
};
enum { ASKED_MAX = 7 };

struct config_row {
	const char *title;
	enum mta mta;
	const char *directory;
	struct memory_file files[FILES_OF_ROW];
	struct asked asked[ASKED_MAX];
};

static const char host_words[] =
	"lo loopback 127.0.0.1/8 ::1/128\n"
	"eth0 ethernet 192.0.2.2/24 2001:db8:5::2/64\n"
	"docker0 bridge 172.18.0.1/16\n";

#define GUARD "reject_unauth_destination"
#define BY_DEFAULT "smtpd_relay_restrictions default"

static const struct config_row rows[] = {
	{ "Postfix, networks by default", MTA_POSTFIX, NULL, { { MAIN, NEW }, { MASTER, SMTP } },
	  { { "127.0.0.1", 25, "yes: mynetworks_style default, " BY_DEFAULT },
	    { "192.0.2.2", 25, "yes: mynetworks_style default, " BY_DEFAULT },
	    { "192.0.2.3", 25, "no: " BY_DEFAULT }, { STRANGER " +nhstcrm", 25, "no: " BY_DEFAULT },
	    { STRANGER " +l", 25, "no: " BY_DEFAULT } } },
	{ "Postfix, the style is set", MTA_POSTFIX, "/etc/postfix/",
	  { { MAIN, NEW "mynetworks_style = subnet\n" }, { MASTER, SMTP } },
	  { { "172.18.9.9", 0, "yes: mynetworks_style main.cf:3, " BY_DEFAULT },
	    { "2001:db8:5::77", 25, "yes: mynetworks_style main.cf:3, " BY_DEFAULT },
	    { "172.19.0.1", 25, "no: " BY_DEFAULT } } },
	{ "Postfix, the world is trusted", MTA_POSTFIX, MAIN,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\n  0.0.0.0/0\n" }, { MASTER, SMTP } },
	  { { STRANGER, 25, "yes C6: mynetworks main.cf:3, " BY_DEFAULT },
	    { "127.0.0.1", 25, "yes: mynetworks main.cf:3, " BY_DEFAULT },
	    { "2001:db8::9", 25, "no: " BY_DEFAULT } } },
	{ "Postfix, networks in a file, hosts by name", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "mynetworks = /etc/nets, .example.org\n" }, { MASTER, SMTP },
	    { "/etc/nets", "127.0.0.0/8\n10.0.0.0/8\n" } },
	  { { "10.1.1.1", 25, "yes: mynetworks nets:2, mynetworks main.cf:3, " BY_DEFAULT },
	    { "10.1.1.1 +n", 25, "yes: mynetworks nets:2, mynetworks main.cf:3, " BY_DEFAULT },
	    { STRANGER " +n", 25, "yes C42: mynetworks main.cf:3, " BY_DEFAULT },
	    { STRANGER, 25, "no: " BY_DEFAULT } } },
	{ "Postfix, an override of master.cf wins", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "mynetworks = 10.0.0.0/8\nmine = " GUARD "\n" RELAY "$mine\n" },
	    { MASTER, SMTP "2525 inet n - y - - smtpd\n  -o " RELAY "permit_mynetworks,reject\n"
	      "  -o mynetworks=198.51.100.0/24\n2526 inet n - y - - smtpd\n"
	      "  -o { mine = permit_mynetworks, " GUARD " }\n" } },
	  { { "198.51.100.7", 25, "no: smtpd_relay_restrictions main.cf:5" },
	    { "10.1.1.1", 25, "no: smtpd_relay_restrictions main.cf:5" },
	    { "10.1.1.1", 2526, "yes: mynetworks main.cf:3, smtpd_relay_restrictions main.cf:5, "
	      "mine master.cf:5" },
	    { "10.1.1.1", 0, "yes: mynetworks main.cf:3, smtpd_relay_restrictions main.cf:5, "
	      "mine master.cf:5" },
	    { STRANGER, 0, "no: smtpd_relay_restrictions main.cf:5" } } },
	{ "Postfix, overrides in the short form", MTA_POSTFIX, NULL,
	  { { MAIN, NEW }, { MASTER, SMTP "2525 inet n - y - - smtpd\n"
	      "  -o smtpd_relay_restrictions=permit_mynetworks,reject\n"
	      "  -o mynetworks=198.51.100.0/24\n"
	      "587 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n" } },
	  { { "198.51.100.7", 2525, "yes: mynetworks master.cf:2, smtpd_relay_restrictions master.cf:2" },
	    { "198.51.100.7", 25, "no: " BY_DEFAULT },
	    { STRANGER " +l", 587, "yes: " BY_DEFAULT ", smtpd_sasl_auth_enable master.cf:5" },
	    { STRANGER " +l", 25, "no: " BY_DEFAULT },
	    { STRANGER " +l", 0, "yes: " BY_DEFAULT ", smtpd_sasl_auth_enable master.cf:5" } } },
	{ "Postfix, tables by what a client shows", MTA_POSTFIX, NULL,
	  { { MAIN, NEW RELAY "check_client_access hash:/c,\n check_sender_access hash:/s,\n"
	      " check_helo_access hash:/h, permit_mx_backup, check_recipient_access hash:/r,\n"
	      " " GUARD "\n" }, { MASTER, SMTP },
	    { "/c", "10.2 OK\nfriend.example OK\n" }, { "/s", "bad@x REJECT\nboss@example.org OK\n" },
	    { "/h", "mx.example.org OK\n" }, { "/r", "abuse@ OK\n" } },
	  { { "10.2.3.4", 25, "yes: check_client_access c:1, smtpd_relay_restrictions main.cf:3" },
	    { STRANGER " +n", 25, "yes C42: check_client_access c:2, smtpd_relay_restrictions main.cf:3" },
	    { STRANGER " +s", 25, "yes C31: check_sender_access s:2, smtpd_relay_restrictions main.cf:3" },
	    { STRANGER " +h", 25, "yes C41: check_helo_access h:1, smtpd_relay_restrictions main.cf:3" },
	    { STRANGER " +m", 25, "some C39: smtpd_relay_restrictions main.cf:3, "
	      "permit_mx_backup_networks default" },
	    { STRANGER " +r", 25, "some C39: smtpd_relay_restrictions main.cf:3, "
	      "permit_mx_backup_networks default" },
	    { STRANGER, 25, "no: smtpd_relay_restrictions main.cf:3" } } },
	{ "Postfix, static tables, own domains, any certificate", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "smtpd_tls_ask_ccert = yes\nsmtpd_restriction_classes = open\n"
	      "open = permit\n" RELAY "permit_tls_all_clientcerts, " GUARD "\n" },
	    { MASTER, SMTP "26 inet n - y - - smtpd\n  -o { " RELAY "check_helo_access static:OK,"
	      " reject }\n27 inet n - y - - smtpd\n  -o { " RELAY "open, reject }\n"
	      "28 inet n - y - - smtpd\n -o { " RELAY "check_policy_service unix:p, reject }\n" } },
	  { { STRANGER " +c", 25, "yes C44: smtpd_relay_restrictions main.cf:6, "
	      "smtpd_tls_ask_ccert main.cf:3" },
	    { STRANGER, 25, "no: smtpd_relay_restrictions main.cf:6" },
	    { STRANGER, 26, "yes C10: smtpd_relay_restrictions master.cf:2" },
	    { STRANGER, 27, "yes C10: open main.cf:5, smtpd_relay_restrictions master.cf:4" },
	    { STRANGER, 28, "perhaps: smtpd_relay_restrictions master.cf:6" } } },
	{ "Postfix, all domains are own ones", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "relay_domains = static:all\n" }, { MASTER, SMTP } },
	  { { STRANGER, 25, "yes C33: relay_domains main.cf:3, " BY_DEFAULT } } },
	{ "Postfix, a top level domain among its own", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "relay_domains = example.net com\n" RELAY GUARD "\n" }, { MASTER, SMTP } },
	  { { STRANGER " +r", 25, "some C33: relay_domains main.cf:3, "
	      "smtpd_relay_restrictions main.cf:4" },
	    { STRANGER, 25, "no: smtpd_relay_restrictions main.cf:4" } } },
	{ "Postfix, a top level domain in a table", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "relay_domains = localhost hash:/r\n" RELAY GUARD "\n" }, { MASTER, SMTP },
	    { "/r", "example.net x\nde x\n" } },
	  { { STRANGER " +r", 25, "some C33: relay_domains r:2, smtpd_relay_restrictions main.cf:4" },
	    { STRANGER, 25, "no: smtpd_relay_restrictions main.cf:4" } } },
	{ "Postfix, its names stand for no other", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "relay_domains = com example.net\nparent_domain_matches_subdomains =\n"
	      RELAY GUARD "\n" }, { MASTER, SMTP } },
	  { { STRANGER " +r", 25, "no: smtpd_relay_restrictions main.cf:5" } } },
	{ "Postfix, mail for elsewhere ends in an error", MTA_POSTFIX, MAIN,
	  { { MAIN, NEW "mynetworks = 127.0.0.0/8\ndefault_transport = error: no mail leaves\n" },
	    { MASTER, SMTP } },
	  { { "127.0.0.1", 25, "perhaps: mynetworks main.cf:3, " BY_DEFAULT },
	    { STRANGER, 25, "no: " BY_DEFAULT } } },
	{ "Exim, one file", MTA_EXIM, "/etc/mine",
	  { { "/etc/mine/exim.conf", "hostlist lan = 10.0.0.0/8\nacl_smtp_rcpt = a\nbegin acl\na:\n"
	      "  accept hosts = +lan\n  accept authenticated = *\n  accept senders = *@example.org\n"
	      "  accept local_parts = postmaster\n  deny\n" } },
	  { { "10.1.1.1", 0, "yes: lan exim.conf:1, acl_smtp_rcpt exim.conf:5" },
	    { STRANGER, 25, "no: acl_smtp_rcpt exim.conf:9" },
	    { STRANGER " +l", 25, "yes: acl_smtp_rcpt exim.conf:6" },
	    { STRANGER " +s", 25, "yes C31: acl_smtp_rcpt exim.conf:7" },
	    { STRANGER " +r", 25, "some C33: acl_smtp_rcpt exim.conf:8" } } },
	{ "Postfix, a table that routes by the local part", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "mynetworks = 127.0.0.1\nallow_percent_hack = no\nallow_untrusted_routing = yes\n"
	      "virtual_alias_maps = hash:/v, pcre:/p\n" }, { MASTER, SMTP }, { "/v", "a@b.example c\n" },
	    { "/p", "# as it was\n!/^[^%]*$/ x\n/^(.*)!(.*)@/i  $1\n/^(.*)%(.*)@/i  $1@$2\n" } },
	  { { STRANGER " +%", 25, "perhaps C34: virtual_alias_maps p:4, virtual_alias_maps main.cf:6, "
	      "allow_percent_hack main.cf:4, allow_untrusted_routing main.cf:5" },
	    { STRANGER " +!", 25, "no: smtpd_relay_restrictions default" },
	    { STRANGER, 25, "no: smtpd_relay_restrictions default" },
	    { "127.0.0.1 +%", 25, "yes: mynetworks main.cf:3, " BY_DEFAULT } } },
	{ "Postfix, a pattern in main.cf itself", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "recipient_canonical_maps = regexp:{{/^srs0=.*=.*=(.*)=(.*)@/ $$2@$$1}}\n" },
	    { MASTER, SMTP } },
	  { { STRANGER " +p", 25, "perhaps C11: recipient_canonical_maps main.cf:3" },
	    { STRANGER " +%!@", 25, "no: smtpd_relay_restrictions default" } } },
	{ "Postfix, an address in quotes", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "resolve_dequoted_address = no\nvirtual_alias_maps = proxy:regexp:/p\n" },
	    { MASTER, SMTP }, { "/p", "/^\"?(.*)@(.*[.]example)\"?@mail[.]/ $1@$2\n" } },
	  { { STRANGER " +@", 25, "perhaps C37: virtual_alias_maps p:1, virtual_alias_maps main.cf:4, "
	      "resolve_dequoted_address main.cf:3" },
	    { STRANGER " +%!p", 25, "no: smtpd_relay_restrictions default" } } },
	{ "Exim, a router behind the relay check", MTA_EXIM, "/etc/mine",
	  { { "/etc/mine/exim.conf", "domainlist local_domains = example.org\nacl_smtp_rcpt = a\n"
	      "begin acl\na:\n  require domains = +local_domains\n          verify = recipient\n"
	      "  accept\nbegin routers\nhack:\n  driver = redirect\n  local_parts = ^.*%\n"
	      "  data = ${sg{$local_part}{%}{@}}\nremote:\n  driver = dnslookup\n"
	      "  domains = ! +local_domains\n" } },
	  { { STRANGER, 25, "no: acl_smtp_rcpt exim.conf:5" },
	    { STRANGER " +%", 25, "yes C34: data exim.conf:12, "
	      "acl_smtp_rcpt exim.conf:7" },
	    { STRANGER " +!", 25, "no: acl_smtp_rcpt exim.conf:5" } } },
	{ "Exim, all that a router takes", MTA_EXIM, "/etc/mine",
	  { { "/etc/mine/exim.conf", "domainlist local_domains = example.org\nacl_smtp_rcpt = a\n"
	      "begin acl\na:\n  require verify = recipient\n  accept\nbegin routers\n"
	      "smart:\n  driver = manualroute\n  domains = ! +local_domains\n"
	      "  route_list = * smart.example\n" } },
	  { { STRANGER, 25, "yes C10: acl_smtp_rcpt exim.conf:6, domains exim.conf:10" } } },
	{ "Exim, Debian's in a directory of another name", MTA_EXIM, "/old/exim4/",
	  { { "/old/exim4/update-exim4.conf.conf", "dc_eximconfig_configtype='internet'\n"
	      "dc_use_split_config='false'\ndc_relay_nets='10.0.0.0/8'\n" },
	    { "/old/exim4/exim4.conf.template", "UPEX4CmacrosUPEX4C = 1\n"
	      "hostlist relay_from_hosts = MAIN_RELAY_NETS\nacl_smtp_rcpt = a\nbegin acl\na:\n"
	      "  accept hosts = +relay_from_hosts\n  deny\n" } },
	  { { "10.1.1.1", 0, "yes: relay_from_hosts update-exim4.conf.conf:3, "
	      "acl_smtp_rcpt exim4.conf.template:6" },
	    { STRANGER, 0, "no: acl_smtp_rcpt exim4.conf.template:7" } } },
	{ "Exim, elsewhere, open", MTA_EXIM, NULL,
	  { { "/etc/exim/exim.conf", "acl_smtp_rcpt = accept\n" } },
	  { { STRANGER, 0, "yes C10: acl_smtp_rcpt exim.conf:1" } } },
	{ "Sendmail", MTA_SENDMAIL, "/etc/mail",
	  { { "/etc/mail/sendmail.mc", "FEATURE(`access_db')dnl\nFEATURE(`relay_based_on_MX')dnl\n" },
	    { "/etc/mail/access", "Connect:10 RELAY\nFrom:x@y OK\nConnect:friend.example RELAY\n" } },
	  { { "127.0.0.1", 0, "yes: built in default" },
	    { "10.1.1.1", 25, "yes: access access:1" }, { STRANGER, 25, "no: " },
	    { STRANGER " +n", 25, "yes C42: access access:3" },
	    { STRANGER " +m", 25, "some C39: FEATURE sendmail.mc:2" } } },
	{ "Sendmail, promiscuous", MTA_SENDMAIL, "/etc/mail/sendmail.mc",
	  { { "/etc/mail/sendmail.mc", "dnl\nFEATURE(`promiscuous_relay')dnl\n" } },
	  { { STRANGER, 25, "yes C10: FEATURE sendmail.mc:2" } } },
	{ "OpenSMTPD", MTA_OPENSMTPD, NULL,
	  { { "/etc/smtpd.conf", "listen on all\nlisten on all port 587 auth\naction a relay\n"
	      "match from local for any action a\nmatch from src 10.0.0.0/8 for any action a\n"
	      "match auth from any for any action a\n" } },
	  { { "10.1.1.1", 25, "yes: match smtpd.conf:5" }, { "10.1.1.1", 587, "no:  smtpd.conf:2" },
	    { STRANGER " +l", 587, "yes: match smtpd.conf:6" }, { STRANGER, 0, "no: " },
	    { "127.0.0.1", 0, "yes: match smtpd.conf:4" } } },
	{ "Postfix, domains to which it relays", MTA_POSTFIX, NULL,
	  { { MAIN, NEW "relay_domains = com, b.example.net\n" }, { MASTER, SMTP } },
	  { { STRANGER " >a.com", 25, "yes C33: relay_domains main.cf:3, " BY_DEFAULT },
	    { STRANGER " >b.example.net", 25, "yes C33: relay_domains main.cf:3, " BY_DEFAULT },
	    { STRANGER " >a.org", 25, "no: " BY_DEFAULT } } },
	{ "Exim, domains to which it relays", MTA_EXIM, "/etc/mine",
	  { { "/etc/mine/exim.conf", "domainlist far = a.example : *.com\nacl_smtp_rcpt = a\n"
	      "begin acl\na:\n  accept domains = +far\n  accept domains = !*.org : *.net\n"
	      "  accept local_parts = com\n  deny\n" } },
	  { { STRANGER " >b.com", 0, "some C33: far exim.conf:1, acl_smtp_rcpt exim.conf:5" },
	    { STRANGER " >b.net", 0, "some C33: acl_smtp_rcpt exim.conf:6" },
	    { STRANGER " >b.org", 0, "no: acl_smtp_rcpt exim.conf:8" },
	    { STRANGER, 0, "no: acl_smtp_rcpt exim.conf:8" } } },
	{ "Exim, domains that it requires", MTA_EXIM, "/etc/mine",
	  { { "/etc/mine/exim.conf", "domainlist far = a.example : *.com\nacl_smtp_rcpt = a\n"
	      "begin acl\na:\n  require domains = +far\n  accept\n" } },
	  { { STRANGER " >b.com", 0, "some C33: far exim.conf:1, acl_smtp_rcpt exim.conf:6" },
	    { STRANGER " >b.net", 0, "no: acl_smtp_rcpt exim.conf:5" },
	    { STRANGER " +r", 0, "some C33: far exim.conf:1, acl_smtp_rcpt exim.conf:6" } } },
	{ "Sendmail, domains to which it relays", MTA_SENDMAIL, "/etc/mail",
	  { { "/etc/mail/sendmail.mc", "FEATURE(`access_db')dnl\n" },
	    { "/etc/mail/access", "To:com RELAY\nTo:b.example.net RELAY\n" } },
	  { { STRANGER " >a.com", 25, "some C33: access access:1" },
	    { STRANGER " >a.org", 25, "no: " }, { STRANGER " >acom", 25, "no: " } } },
	{ "OpenSMTPD, domains to which it relays", MTA_OPENSMTPD, NULL,
	  { { "/etc/smtpd.conf", "listen on all\naction a relay\ntable far { \"*.com\", b.example }\n"
	      "match from any for domain <far> action a\nmatch from any for domain \"*.net\" action a\n" } },
	  { { STRANGER " >a.com", 25, "some C33: match smtpd.conf:4" },
	    { STRANGER " >a.net", 25, "some C33: match smtpd.conf:5" },
	    { STRANGER " >a.org", 25, "no: " } } },
	{ "OpenSMTPD, where others keep it, by a table", MTA_OPENSMTPD, NULL,
	  { { "/etc/smtpd/smtpd.conf", "listen on all\ntable t sqlite:/x\naction a relay\n"
	      "match from src <t> for any action a\n" } },
	  { { STRANGER, 25, "perhaps: match smtpd.conf:4" } } },
};

static const struct audit_port *port_of(const struct audit_reading *r, uint16_t number)
{
	for (size_t i = 0; i < r->port_n; i++)
		if (r->ports[i].port == number)
			return &r->ports[i];
	if (number)
		fail_msg("no port %u", number);
	return NULL;
}

static void write_why(const struct audit_why *why, struct buf *out)
{
	static const char *const answers[] = { "no", "yes", "perhaps" };
	buf_printf(out, "%s%s%s:", why->some ? "some" : answers[why->answer],
	           *why->cause ? " " : "", why->cause);
	if (!why->by_n)
		buf_add_byte(out, ' ');
	for (size_t i = 0; i < why->by_n; i++) {
		const struct audit_line *line = &why->by[i];
		const char *slash = strrchr(line->place.file, '/');
		buf_printf(out, "%s %s ", i ? "," : "", line->parameter);
		if (line->place.line)
			buf_printf(out, "%s:%u", slash ? slash + 1 : line->place.file, line->place.line);
		else
			buf_add_cstr(out, "default");
		assert_non_null(line->place.text);
		if (!line->place.line && !str_casesuffix(str_of(line->place.text), STR(" (default)")))
			fail_msg("\"%s\" is no default's text", line->place.text);
	}
}

static void check_asked(const char *title, struct audit_config *config, const struct asked *asked)
{
	struct str rest = str_of(asked->client), ip;
	struct audit_client client = { .port = port_of(audit_config_reading(config), asked->port) };
	struct audit_why why;
	struct buf said = { 0 };
	str_word(&rest, &ip);
	client.ip = host_ip(ip);
	const char *plus = strchr(asked->client, '+');
	const char *to = strchr(asked->client, '>');
	client.to = to ? to + 1 : NULL;
	client.shows = shows_of(plus ? plus + 1 : "");
	audit_config_explain(config, &client, &why);
	write_why(&why, &said);
	if (strcmp(buf_cstr(&said), asked->answer))
		fail_msg("%s: %s at %u:\n expected %s\n    found %s", title, asked->client,
		         asked->port, asked->answer, buf_cstr(&said));
	buf_fini(&said);
}

static int read_row(const struct config_row *row, struct arena *a, struct audit_config **config)
{
	struct facts facts;
	struct audit_files files = { memory_read, memory_list, (void *)row->files };
	host_build(&facts, a, host_words);
	const struct audit_config_given given = { row->mta, row->directory, "mx.example.org",
	                                          "3.7.11", &facts };
	return audit_config_read(&files, &given, a, config);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct audit_config *config;
		const int err = read_row(&rows[i], &a, &config);
		if (err != ERR_OK)
			fail_msg("%s: %s", rows[i].title, err_text(err));
		assert_int_equal(audit_config_reading(config)->mta, rows[i].mta);
		for (size_t k = 0; k < ASKED_MAX && rows[i].asked[k].client; k++)
			check_asked(rows[i].title, config, &rows[i].asked[k]);
		arena_fini(&a);
	}
}

/* The words of a default, and of the line of master.cf. */
static void test_texts(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct audit_config *config;
	struct audit_why why;
	struct audit_client client = { .ip = host_ip(STR("127.0.0.1")) };
	assert_int_equal(read_row(&rows[0], &a, &config), ERR_OK);
	audit_config_explain(config, &client, &why);
	assert_string_equal(why.by[0].place.text, "mynetworks_style = host (default)");
	assert_string_equal(why.by[1].place.text, "smtpd_relay_restrictions = permit_mynetworks, "
	                    "permit_sasl_authenticated, defer_unauth_destination (default)");
	assert_int_equal(read_row(&rows[5], &a, &config), ERR_OK);
	client.ip = host_ip(STR("198.51.100.7"));
	audit_config_explain(config, &client, &why);
	assert_string_equal(why.by[0].place.text,
	                    "2525 inet ... smtpd -o mynetworks=198.51.100.0/24");
	arena_fini(&a);
}

static void test_settings(void **state)
{
	(void)state;
	static const struct config_row postfix = { "", MTA_POSTFIX, NULL,
		{ { MAIN, NEW "relayhost = a\n" }, { MASTER, SMTP "587 inet n - y - - smtpd\n"
		  "  -o relayhost=b\n" } }, { { 0 } } };
	static const struct config_row smtpd = { "", MTA_OPENSMTPD, NULL,
		{ { "/etc/smtpd.conf", "smtp max-message-size 1M\nlisten on all tag T proxy-v2\n" } },
		{ { 0 } } };
	struct arena a = { 0 };
	struct audit_config *config;
	assert_int_equal(read_row(&postfix, &a, &config), ERR_OK);
	assert_string_equal(audit_config_setting(config, "", "relayhost")->value, "a");
	assert_string_equal(audit_config_setting(config, "smtp", "relayhost")->value, "a");
	assert_string_equal(audit_config_setting(config, "587", "relayhost")->value, "b");
	assert_int_equal(audit_config_setting(config, "587", "relayhost")->place.line, 2);
	assert_null(audit_config_setting(config, "", "no_such_parameter"));
	assert_int_equal(read_row(&smtpd, &a, &config), ERR_OK);
	assert_null(audit_config_setting(config, "", "proxy-v2"));
	assert_int_equal(audit_config_setting(config, "T", "proxy-v2")->place.line, 2);
	assert_int_equal(audit_config_setting(config, "T", "smtp")->place.line, 1);
	arena_fini(&a);
}

/* By what a client is believed who says that it is this machine. */
static void test_claims(void **state)
{
	(void)state;
	static const struct { struct config_row row; bool proxy; const char *answer; } claims[] = {
		{ { "XCLIENT", MTA_POSTFIX, NULL,
		    { { MAIN, NEW "smtpd_authorized_xclient_hosts = 0.0.0.0/0\n" }, { MASTER, SMTP } },
		    { { 0 } } }, false,
		  "yes C7: smtpd_authorized_xclient_hosts main.cf:3, mynetworks_style default, " BY_DEFAULT },
		{ { "nobody", MTA_POSTFIX, NULL, { { MAIN, NEW }, { MASTER, SMTP } }, { { 0 } } }, false,
		  "no: " },
		{ { "PROXY", MTA_POSTFIX, NULL, { { MAIN, NEW "mynetworks = 127.0.0.1\n" }, { MASTER, SMTP
		    "  -o smtpd_upstream_proxy_protocol=haproxy\n" } }, { { 0 } } }, true,
		  "yes C7: smtpd_upstream_proxy_protocol master.cf:1, mynetworks main.cf:3, " BY_DEFAULT },
		{ { "Exim", MTA_EXIM, NULL,
		    { { "/etc/exim4/exim4.conf", "hosts_proxy = *\n"
		    "acl_smtp_rcpt = a\nbegin acl\na:\n  accept hosts = 127.0.0.1\n" } }, { { 0 } } }, true,
		  "yes C7: hosts_proxy exim4.conf:1, acl_smtp_rcpt exim4.conf:5" },
		{ { "OpenSMTPD", MTA_OPENSMTPD, NULL, { { "/etc/smtpd.conf", "listen on all proxy-v2\n"
		    "action a relay\nmatch for any action a\n" } }, { { 0 } } }, true,
		  "yes C7: proxy-v2 smtpd.conf:1, match smtpd.conf:3" },
	};
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct arena a = { 0 };
		struct buf said = { 0 };
		struct audit_config *config;
		struct audit_why why;
		assert_int_equal(read_row(&claims[i].row, &a, &config), ERR_OK);
		audit_config_explain_claim(config, claims[i].proxy,
		                           &audit_config_reading(config)->ports[0], &why);
		write_why(&why, &said);
		assert_string_equal(buf_cstr(&said), claims[i].answer);
		buf_fini(&said);
		arena_fini(&a);
	}
}

/* What a recipient holds in its local part, of the catalogue's forms. */
static void test_form_routes(void **state)
{
	(void)state;
	static const struct { const char *form; unsigned signs; } forms[] = {
		{ "E01", 0 }, { "E06", 0 }, { "E21", 0 }, { "E32", 0 }, { "A06", 0 }, { "A01", 0 },
		{ "none", 0 }, { "E13", AUDIT_BY_PERCENT }, { "E14", AUDIT_BY_PERCENT },
		{ "X01", AUDIT_BY_PERCENT }, { "E31b", AUDIT_BY_PERCENT }, { "E24", AUDIT_BY_BANG },
		{ "E25", AUDIT_BY_BANG }, { "E11", AUDIT_BY_AT }, { "E16", AUDIT_BY_AT },
		{ "E18", AUDIT_BY_AT }, { "E31a", AUDIT_BY_AT }, { "E39", AUDIT_BY_AT },
		{ "S13", AUDIT_BY_AT }, { "E41", AUDIT_BY_PACKED }, { "E35", AUDIT_BY_PACKED },
		{ "E34b", AUDIT_BY_PERCENT | AUDIT_BY_AT },
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (audit_form_routes(forms[i].form) != forms[i].signs)
			fail_msg("%s: expected %#x, found %#x", forms[i].form, forms[i].signs,
			         audit_form_routes(forms[i].form));
}

/* Nothing is there: the error, and a configuration that can be asked all the same. */
static void test_nothing(void **state)
{
	(void)state;
	for (enum mta mta = MTA_FIRST; mta <= MTA_LAST_WHOLE; mta++)
		for (int given = 0; given < 2; given++) {
			const struct config_row row = { "", mta, given ? "/none" : NULL, { { 0 } },
			                                { { 0 } } };
			struct arena a = { 0 };
			struct audit_config *config = NULL;
			assert_int_equal(read_row(&row, &a, &config), ERR_NOT_FOUND);
			assert_true(audit_config_reading(config)->unread_n > 0);
			check_asked("nothing", config, &(struct asked){ STRANGER, 0,
				mta == MTA_POSTFIX ? "no: smtpd_relay_restrictions default"
				                   : "no: " });
			arena_fini(&a);
		}
}

/* From where one is believed: networks alone, and not everywhere. */
static void test_believed(void **state)
{
	(void)state;
	static const struct believed {
		struct config_row row;
		const char *ranges;
	} rows_[] = {
		{ { "Postfix", MTA_POSTFIX, NULL, { { MAIN, NEW "smtpd_authorized_xclient_hosts = "
		    "127.0.0.1, proxy.example 60.0.0.0/8 [2001:db8::]/32 0.0.0.0/0\n" },
		  { MASTER, SMTP } }, { { 0 } } }, "127.0.0.1 60.0.0.0/8 2001:db8::/32 " },
		{ { "Exim", MTA_EXIM, NULL, { { "/etc/exim4/exim4.conf",
		    "hosts_proxy = <; 192.0.2.1 ; 2001:db8::1\nhosts_xclient = *\n" } }, { { 0 } } },
		  "192.0.2.1 2001:db8::1 " },
		{ { "nobody", MTA_POSTFIX, NULL, { { MAIN, NEW }, { MASTER, SMTP } }, { { 0 } } }, "" },
	};
	for (size_t i = 0; i < sizeof(rows_) / sizeof(*rows_); i++) {
		struct arena a = { 0 };
		struct buf said = { 0 };
		struct audit_config *config;
		struct prefix ranges[8];
		char text[PREFIX_TEXT_MAX];
		assert_int_equal(read_row(&rows_[i].row, &a, &config), ERR_OK);
		const size_t n = audit_config_believed(config, "", &a, ranges, 8);
		for (size_t k = 0; k < n; k++)
			buf_printf(&said, "%s ", prefix_format(&ranges[k], text));
		assert_string_equal(buf_cstr(&said), rows_[i].ranges);
		assert_true(audit_config_believed(config, "", &a, ranges, 1) <= 1);
		buf_fini(&said);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_form_routes),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
