/* SPDX-License-Identifier: ISC
 *
 * sendmail.mc and sendmail.cf: who may relay by them, and by which line.
 */
#include "memory-files.h"

#include "audit/read-sendmail.h"

#define MC "/etc/mail/sendmail.mc"
#define CF "/etc/mail/sendmail.cf"
#define ACCESS "/etc/mail/access"
#define DOMAINS "/etc/mail/relay-domains"
#define STRANGER "203.0.113.9"
#define HEAD \
	"divert(-1)\nFEATURE(`promiscuous_relay')\ndivert(0)dnl\n" \
	"include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`debian')dnl\n" \
	"FEATURE(`no_default_msa')dnl\n"                                        /* 6 lines */
#define DB HEAD "FEATURE(`access_db', , `skip')dnl\n"

static const struct reading_row macro_rows[] = {
	{ "Debian's default", { { MC, DB
		"dnl DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr=::1')dnl\n"
		"DAEMON_OPTIONS(`Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1')dnl\n"
		"DAEMON_OPTIONS(`Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1')dnl\n" },
		{ ACCESS, "# Connect:10 RELAY\nConnect:localhost\tRELAY\nGreetPause:localhost 0\n" } },
	  false, { { "127.0.0.1", "", 'y' }, { "own", "", 'y' }, { STRANGER, "", 'n' },
	           { "10.0.0.1", "", 'n' } }, "25 587l" },
	{ "promiscuous", { { MC, HEAD "FEATURE(`promiscuous_relay')dnl\n" } }, true,
	  { { STRANGER, "", 'y', MC, 7 }, { "2001:db8::1", "", 'y', MC, 7 } }, "25" },
	{ "commented out by dnl", { { MC, HEAD "dnl FEATURE(`promiscuous_relay')dnl\n" } }, false,
	  { { STRANGER, "", 'n' } } },
	{ "a # is no comment", { { MC, HEAD "# FEATURE(`promiscuous_relay')dnl\n" } }, true,
	  { { STRANGER, "", 'y', MC, 7 } } },
	{ "in quotes", { { MC, HEAD "`FEATURE(`promiscuous_relay')'dnl\n" } }, false,
	  { { STRANGER, "", 'n' } } },
	{ "over lines, and in an included file", { { MC, HEAD "include(`/etc/mail/m4/mine.m4')dnl\n" },
		{ "/etc/mail/m4/mine.m4", "dnl\nFEATURE(\n  `promiscuous_relay')dnl\n" } }, true,
	  { { STRANGER, "", 'y', "/etc/mail/m4/mine.m4", 2 } } },
	{ "access by beginnings", { { MC, DB }, { ACCESS,
		"Connect:10 RELAY\n10.9 OK\nConnect:10.8.1\tREJECT\nConnect:10.8.1.1 RELAY\n"
		"IPv6:2001:db8 RELAY\nConnect:IPv6:2001:db9::1 RELAY\n192.168.1.1 RELAY\n" } }, false,
	  { { "10.1.1.1", "", 'y', ACCESS, 1 }, { "10.9.1.1", "", 'n' }, { "10.8.1.2", "", 'n' },
	    { "10.8.1.1", "", 'y', ACCESS, 4 }, { "2001:db8:7::1", "", 'y', ACCESS, 5 },
	    { "2001:db9::1", "", 'y', ACCESS, 6 }, { "192.168.1.1", "", 'y', ACCESS, 7 },
	    { "2001:db9::2", "", 'n' } } },
	{ "loopback refused", { { MC, DB }, { ACCESS, "Connect:127.0.0.1 REJECT\n" } }, false,
	  { { "127.0.0.1", "", 'n' }, { "::1", "", 'y' } } },
	{ "class R", { { MC, HEAD "RELAY_DOMAIN(`172.16')dnl\n" },
		{ DOMAINS, "# ours\n10.1\nexample.org\ncom # wide\n" } }, false,
	  { { "10.1.2.3", "", 'y', DOMAINS, 2 }, { "172.16.1.1", "", 'y', MC, 7 },
	    { "10.2.0.1", "", 'n' }, { STRANGER, "r", 'y', DOMAINS, 4 },
	    { STRANGER, "n", 'y', DOMAINS, 3 }, { STRANGER, "", 'n' } } },
	{ "another class file", { { MC, HEAD "define(`confCR_FILE', `-o /etc/mail/more')dnl\n"
		"RELAY_DOMAIN_FILE(`/etc/mail/most')dnl\n" },
		{ "/etc/mail/more", "10\n" }, { "/etc/mail/most", "11\n" }, { DOMAINS, "12\n" } }, false,
	  { { "10.1.1.1", "", 'y', "/etc/mail/more", 1 }, { "11.1.1.1", "", 'y', "/etc/mail/most", 1 },
	    { "12.1.1.1", "", 'n' } } },
	{ "left to the hub behind", { { MC, HEAD "FEATURE(`loose_relay_check')dnl\n"
		"FEATURE(`nouucp', `nospecial')dnl\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "%", '?', MC, 7 }, { STRANGER, "!", '?', MC, 8 },
	    { STRANGER, "@p", 'n' } } },
	{ "refused there", { { MC, HEAD "FEATURE(`nouucp', `reject')dnl\n" } }, false,
	  { { STRANGER, "!", 'n' } } },
	{ "senders", { { MC, DB "FEATURE(`relay_local_from')dnl\n" } , { ACCESS, "From:a RELAY\n" } },
	  false, { { STRANGER, "", 'n' }, { STRANGER, "s", 'y', MC, 8 } } },
	{ "senders of access", { { MC, DB "FEATURE(`relay_mail_from', `domain')dnl\n" },
		{ ACCESS, "From:example.org RELAY\n" } }, false,
	  { { STRANGER, "s", 'y', ACCESS, 1 }, { STRANGER, "", 'n' } } },
	{ "senders of access without the feature", { { MC, DB },
		{ ACCESS, "From:example.org RELAY\nFrom:example.net OK\n" } }, false,
	  { { STRANGER, "s", 'n' } } },
	{ "MX, whole domain, certificates, logins", { { MC, DB "FEATURE(`relay_based_on_MX')dnl\n"
		"FEATURE(`relay_entire_domain')dnl\nTRUST_AUTH_MECH(`PLAIN LOGIN')dnl\n" },
		{ ACCESS, "CertIssuer:/C=XX/O=Public+20CA RELAY\n" } }, false,
	  { { STRANGER, "m", 'y', MC, 8 }, { STRANGER, "n", 'y', MC, 9 },
	    { STRANGER, "l", 'y', MC, 10 }, { STRANGER, "tc", 'y', ACCESS, 1 },
	    { STRANGER, "", 'n' } }, "25" },
	{ "OK does not relay", { { MC, DB }, { ACCESS, "Connect:203.0.113 OK\nTo:com OK\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'n' } } },
	{ "To: of a wide domain", { { MC, DB }, { ACCESS, "To:com RELAY\nTo:example.org RELAY\n" } },
	  false, { { STRANGER, "r", 'y', ACCESS, 1 }, { STRANGER, "", 'n' } } },
	{ "hosts only", { { MC, HEAD "FEATURE(`relay_hosts_only')dnl\n" }, { DOMAINS, "com\n" } },
	  false, { { STRANGER, "r", 'n' } } },
	{ "raw lines", { { MC, HEAD "LOCAL_CONFIG\nC{R}10.3\nFR-o /etc/mail/rows %[^\\#]\n" },
		{ "/etc/mail/rows", "10.4\n" } }, false,
	  { { "10.3.0.1", "", 'y', MC, 8 }, { "10.4.0.1", "", 'y', "/etc/mail/rows", 1 } } },
	{ "the ports of old", { { MC, "dnl\n" } }, false, { { STRANGER, "", 'n' } }, "25 587" },
	{ "TLS from the first byte", { { MC, HEAD
		"DAEMON_OPTIONS(`Name=A, Port=465, M=sa')dnl\nDAEMON_OPTIONS(`P=2525,A=0.0.0.0')dnl\n" } },
	  false, { { STRANGER, "", 'n' } }, "465tl 2525" },
};

#define CF_HEAD \
	"#\n#####  $Id: access_db.m4,v 8.28 2013-11-22 20:51:11 ca Exp $  #####\n" \
	"Cwlocalhost\nFw-o /etc/mail/local-host-names %[^\\#]\nFR-o /etc/mail/relay-domains %[^\\#]\n" \
	"Kaccess hash -T<TMPF> /etc/mail/access\n"
#define CF_END "O DaemonPortOptions=Family=inet,\n\tName=MTA-v4, Port=smtp\nSRelay_ok\nR$*\t\t$: x\n"

static const struct reading_row file_rows[] = {
	{ "sound", { { CF, CF_HEAD CF_END }, { ACCESS, "Connect:10 RELAY\n" } }, false,
	  { { STRANGER, "", 'n' }, { "10.0.0.1", "", 'y', ACCESS, 1 }, { "127.0.0.1", "", 'y' } }, "25" },
	{ "a feature, its line in the macro file", { { CF, CF_HEAD
		"#####  $Id: promiscuous_relay.m4,v 8.13 2013-11-22 20:51:11 ca Exp $  #####\n" CF_END },
		{ ACCESS, "" }, { MC, HEAD "FEATURE(`promiscuous_relay')dnl\n" } }, true,
	  { { STRANGER, "", 'y', MC, 7 } } },
	{ "a feature without a macro file", { { CF, CF_HEAD
		"#####  $Id: promiscuous_relay.m4,v 8.13 2013-11-22 20:51:11 ca Exp $  #####\n" CF_END },
		{ ACCESS, "" } }, true, { { STRANGER, "", 'y', CF, 7 } } },
	{ "the macro file alone says it", { { CF, CF_HEAD CF_END }, { ACCESS, "" },
		{ MC, HEAD "FEATURE(`promiscuous_relay')dnl\nRELAY_DOMAIN(`10')dnl\n" } }, false,
	  { { STRANGER, "", 'n' }, { "10.0.0.1", "", 'n' } } },
	{ "a class file and continued lines", { { CF, CF_HEAD "C{TrustAuthMech}PLAIN\n LOGIN\n" CF_END },
		{ ACCESS, "" }, { DOMAINS, "192.168.7\n" } }, false,
	  { { "192.168.7.7", "", 'y', DOMAINS, 1 }, { STRANGER, "l", 'y', CF, 7 } } },
	{ "rules of one's own", { { CF, CF_HEAD CF_END
		"SLocal_check_rcpt\nR$*\t\t$@ RELAY\n" }, { ACCESS, "" } }, false,
	  { { STRANGER, "", '?', CF, 12 } } },
	{ "rules of one's own that refuse", { { CF, CF_HEAD CF_END
		"SLocal_check_rcpt\nR$*\t\t$#error $: 550 no\n" }, { ACCESS, "" } }, false,
	  { { STRANGER, "", 'n' } } },
	{ "rules that refuse nothing", { { CF, "Cwlocalhost\n" } }, false, { { STRANGER, "", '?' } } },
};

static void test_macro_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(macro_rows) / sizeof(macro_rows[0]); i++)
		check_reading(&macro_rows[i], audit_read_sendmail, MC);
}

static void test_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++)
		check_reading(&file_rows[i], audit_read_sendmail, CF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_macro_file), cmocka_unit_test(test_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
