/* SPDX-License-Identifier: ISC
 *
 * The traces of exim -bh and sendmail -bt, as Exim 4.96 and Sendmail 8.17 print them.
 */
#include "test.h"

#include "audit/trace.h"

#define FILE_AT(line) " (/etc/exim4/exim4.conf " line ")\n"
#define FAILED(verb) ">>> " verb ": condition test failed in ACL \"acl_check_rcpt\"\n"
#define BEGIN ">>> using ACL \"acl_check_rcpt\"\n"

static const char loopback[] =
	">>> host in pipelining_connect_advertise_hosts? yes (matched \"*\")\n\n"
	"**** SMTP testing session as if from host 127.0.0.1\n**** This is not for real!\n\n"
	"220 mail.e-closed.example ESMTP Exim 4.96 Sat, 28 Nov 2026 15:37:40 +0000\n"
	BEGIN ">>> processing \"accept\"" FILE_AT("24") ">>> check hosts = :\n"
	">>> host in \":\"? no (end of list)\n" FAILED("accept")
	">>> processing \"require\"" FILE_AT("38") ">>> check verify = sender\n"
	">>> require: condition test succeeded in ACL \"acl_check_rcpt\"\n"
	">>> processing \"accept\"" FILE_AT("40") ">>> check hosts = +relay_from_hosts\n"
	">>> host in \"<; 127.0.0.1 ; ::1\"? yes (matched \"127.0.0.1\")\n"
	">>> check control = submission\n>>> check control = dkim_disable_verify\n"
	">>> accept: condition test succeeded in ACL \"acl_check_rcpt\"\n"
	">>> end of ACL \"acl_check_rcpt\": ACCEPT\n"
	"250 Accepted\n221 mail.e-closed.example closing connection\n";

static const char stranger[] =
	BEGIN ">>> processing \"accept\"" FILE_AT("40") ">>> check hosts = +relay_from_hosts\n"
	FAILED("accept") ">>> processing \"require\"" FILE_AT("48")
	">>>   message: relay not permitted\n"
	">>> check domains = +local_domains : +relay_to_domains\n"
	">>> require: condition test failed in ACL \"acl_check_rcpt\"\n"
	">>> end of ACL \"acl_check_rcpt\": not OK\n"
	"LOG: H=(x) [8.8.8.8] F=<> rejected RCPT <someone@recipient.example>: relay not permitted\n";

static const char nested[] =
	BEGIN ">>> processing \"accept\"" FILE_AT("50") ">>> check acl = acl_trusted\n"
	">>>  using ACL \"acl_trusted\"\n>>>  processing \"accept\"" FILE_AT("80")
	">>>  check hosts = 10.0.0.0/8\n"
	">>>  accept: condition test succeeded in ACL \"acl_trusted\"\n"
	">>>  end of ACL \"acl_trusted\": ACCEPT\n"
	">>> accept: condition test succeeded in ACL \"acl_check_rcpt\"\n"
	">>> end of ACL \"acl_check_rcpt\": ACCEPT\n"
	">>> using ACL \"acl_check_quit\"\n>>> processing \"accept\"" FILE_AT("99")
	">>> accept: condition test succeeded in ACL \"acl_check_quit\"\n"
	">>> end of ACL \"acl_check_quit\": ACCEPT\n";

static void the_statement_that_took_it(void **state)
{
	(void)state;
	static const struct {
		const char *trace, *name;
		bool taken;
		const char *verb, *file;
		unsigned line;
		const char *condition;
	} rows[] = {
		{ loopback, NULL, true, "accept", "/etc/exim4/exim4.conf", 40,
		  "hosts = +relay_from_hosts" },
		{ loopback, "acl_check_rcpt", true, "accept", "/etc/exim4/exim4.conf", 40,
		  "hosts = +relay_from_hosts" },
		{ loopback, "acl_other", false, "", "", 0, "" },
		{ stranger, NULL, false, "", "", 0, "" },
		{ nested, "acl_check_rcpt", true, "accept", "/etc/exim4/exim4.conf", 50,
		  "acl = acl_trusted" },
		{ nested, NULL, true, "accept", "/etc/exim4/exim4.conf", 99, "" },
		/* The last command counts. */
		{ ">>> using ACL \"a\"\n>>> processing \"accept\" (x 1)\n"
		  ">>> end of ACL \"a\": ACCEPT\n>>> using ACL \"a\"\n"
		  ">>> processing \"deny\" (x 2)\n>>> end of ACL \"a\": DENY\n", NULL, false, "",
		  "", 0, "" },
		/* Before 4.93 there is no place; a file may have a space in its name. */
		{ ">>> using ACL \"a\"\n>>> processing \"accept\"\n>>> end of ACL \"a\": ACCEPT\n",
		  NULL, true, "accept", "", 0, "" },
		{ ">>> using ACL \"a\"\n>>> processing \"accept\" (/etc/my exim.conf 7)\n"
		  ">>> end of ACL \"a\": ACCEPT\n", NULL, true, "accept", "/etc/my exim.conf", 7,
		  "" },
		{ ">>> end of ACL \"a\": ACCEPT\n>>> processing \"accept\" (x 1)\n", NULL, false,
		  "", "", 0, "" },
		{ "", NULL, false, "", "", 0, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_trace_acl acl;
		assert_int_equal(audit_trace_exim(str_of(rows[i].trace), rows[i].name, &acl),
		                 rows[i].taken);
		assert_true(str_eq(acl.verb, str_of(rows[i].verb)));
		assert_true(str_eq(acl.file, str_of(rows[i].file)));
		assert_int_equal(acl.line, rows[i].line);
		assert_true(str_eq(acl.condition, str_of(rows[i].condition)));
	}
}

static void acls_without_end_are_borne(void **state)
{
	(void)state;
	struct buf trace = { 0 };
	struct audit_trace_acl acl;
	for (int i = 0; i < 1000; i++)
		buf_add_cstr(&trace, ">>> using ACL \"a\"\n>>> processing \"accept\" (x 1)\n");
	for (int i = 0; i < 1001; i++)
		buf_add_cstr(&trace, ">>> end of ACL \"a\": ACCEPT\n");
	assert_true(audit_trace_exim(buf_str(&trace), NULL, &acl));
	assert_int_equal(acl.line, 1);
	buf_fini(&trace);
}

/* ---- Sendmail -------------------------------------------------------------------------- */

#define RELAYED(name) name "         returns: RELAY\n"

static const char sendmail_session[] =
	"ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>\n"
	"> > Q0\n> > > check_relay        input: client . asker . example $| 8 . 8 . 8 . 8\n"
	"check_relay      returns: client . asker . example $| 8 . 8 . 8 . 8\n"
	"> Q1\n> > check_mail         input: < asker @ sender . example >\n"
	"tls_client         input: $| MAIL\n"
	"A                  input: < 8 . 8 . 8 . 8 > < ? > < ! \"TLS_Clt\" > < >\n"
	"TLS_connection   returns: OK\ntls_client       returns: OK\n"
	"check_mail       returns: $# error $@ 5 . 1 . 8 $: \"553 Domain of sender address \" \" "
	"does not exist\"\n"
	"> check_rcpt         input: < someone @ recipient . example >\n"
	"RelayTLS         returns: NO\nRelay_ok         returns: client . asker . example\n"
	"Basic_check_rcpt returns: $# error $@ 5 . 7 . 1 $: \"550 Relaying denied\"\n"
	"check_rcpt       returns: $# error $@ 5 . 7 . 1 $: \"550 Relaying denied\"\n"
	"> Q2\n> check_rcpt         input: < someone @ recipient . example >\n"
	"D                  input: < recipient . example > < ? > < + To > < x >\n"
	"D                returns: < ? > < x >\n"
	"Relay_ok           input: < someone @ recipient . example >\n"
	"A                  input: < 192 . 0 . 2 . 7 > < ? > < + Connect > < 192 . 0 . 2 . 7 >\n"
	"A                  input: < 192 . 0 . 2 > < ? > < + Connect > < 192 . 0 . 2 . 7 >\n"
	"A                returns: < RELAY > < 192 . 0 . 2 . 7 >\n"
	"A                returns: < RELAY > < 192 . 0 . 2 . 7 >\n"
	RELAYED("Relay_ok") RELAYED("Basic_check_rcpt") RELAYED("check_rcpt")
	"> Q3\n> check_rcpt         input: < x @ c >\n"
	"D                  input: < c > < ? > < + To > < x < @ c > >\nD      returns: < ? > < x >\n"
	RELAYED("Relay_ok") RELAYED("check_rcpt")
	"> Q4\n> Undefined ruleset check_mail\n> Undefined ruleset check_rcpt\n"
	"> Q5\n> check_rcpt input: < x @ c >\ncheck_rcpt       returns: $# discard $: discard\n"
	"> Q6\ncheck_rcpt       returns: $# error $@ 4 . 7 . 1 $: \"450 later\"\n"
	"> Q7\ncheck_rcpt       returns: $# error $: no such user\n"
	"> Q99\ncheck_rcpt       returns: RELAY\n";

static void what_rulesets_say(void **state)
{
	(void)state;
	static const struct {
		int relay, mail, rcpt;
		const char *enhanced, *text, *ruleset, *key;
	} rows[] = {
		{ 250, 0, 0, "", "", "", "" },
		{ 0, 553, 550, "5.7.1", "Relaying denied", "", "c" },
		{ 0, 0, 250, "", "", "Relay_ok", "Connect:192.0.2" },
		{ 0, 0, 250, "", "", "Relay_ok", "" },
		{ 0, 250, 250, "", "", "", "" },
		{ 0, 0, 0, "", "", "", "" },
		{ 0, 0, 450, "4.7.1", "later", "", "" },
		{ 0, 0, 550, "", "no such user", "", "" },
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct audit_bt_answer answers[ROWS];
	assert_false(audit_trace_sendmail(STR(sendmail_session), answers, ROWS));
	for (size_t i = 0; i < ROWS; i++) {
		assert_int_equal(answers[i].relay.code, rows[i].relay);
		assert_int_equal(answers[i].mail.code, rows[i].mail);
		assert_int_equal(answers[i].rcpt.code, rows[i].rcpt);
		assert_string_equal(answers[i].rcpt.enhanced, rows[i].enhanced);
		assert_string_equal(answers[i].rcpt.text, rows[i].text);
		assert_string_equal(answers[i].ruleset, rows[i].ruleset);
		if (rows[i].rcpt == 250)
			assert_string_equal(answers[i].key, rows[i].key);
	}
	assert_string_equal(answers[1].mail.enhanced, "5.1.8");
}

static void a_table_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	struct audit_bt_answer one;
	static const char text[] =
		"> Q0\ncheck_rcpt input: < x @ c >\n"
		"hash map \"access\": unsafe map file /etc/mail/access.db: Permission denied\n"
		"check_rcpt returns: $# error $@ 4 . 3 . 0 $: \"451 Temporary system failure.\"\n";
	assert_true(audit_trace_sendmail(STR(text), &one, 1));
	assert_int_equal(one.rcpt.code, 451);
	assert_false(audit_trace_sendmail(STR(""), &one, 1));
	assert_int_equal(one.rcpt.code, 0);
	assert_false(audit_trace_sendmail(STR("> Q0\ncheck_rcpt returns: OK\n"), NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_statement_that_took_it),
		cmocka_unit_test(acls_without_end_are_borne),
		cmocka_unit_test(what_rulesets_say),
		cmocka_unit_test(a_table_that_cannot_be_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
