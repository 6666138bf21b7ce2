/* SPDX-License-Identifier: ISC
 *
 * What sendmail -bt says, as Sendmail 8.17 prints it.
 */
#include "test.h"

#include "audit/trace.h"

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
		cmocka_unit_test(what_rulesets_say),
		cmocka_unit_test(a_table_that_cannot_be_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
