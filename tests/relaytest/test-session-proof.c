/* SPDX-License-Identifier: ISC
 *
 * What proves a relay, and what does not: returns, confirmations under the second domain,
 * legitimate MXs, honeypots, catch-alls, bounces.
 */
#include "host.h"

#define TOKEN "????????????????????????????"
#define RELAYS_ALL "RCPT * => 250 2.1.5 Ok\n"
/* It is an MX of our first domain, and of nothing else. */
#define MX_OF_FIRST "RCPT TO:<" TOKEN "@one.test> => 250 2.1.5 Ok\n"

static void test_open(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "for all", .rules = RELAYS_ALL, .fate = RELAY, .verdict = VERDICT_OPEN,
		  .accepted = 2, .connections_max = 4, .catch_all = true,
		  .cases = "E01:message:250 E01/1:message:250 X02:none" },
		{ .name = "for all, lock-step", .ehlo = "SIZE", .rules = RELAYS_ALL, .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E01:message:250 E01/1:message:250" },
		{ .name = "for all, HELO only", .rules = "EHLO * => 500 What?\n" RELAYS_ALL,
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2, .cases = "E01/1:message:250" },
		{ .name = "IPv6", .ipv6 = true, .rules = RELAYS_ALL, .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2, .catch_all = true },
		{ .name = "null sender", .rules = "1*MAIL FROM:<> => 250 Ok\n"
		  "MAIL FROM:<> => 250 Ok", .verdict = VERDICT_CLOSED },
		{ .name = "percent hack", .rules = "RCPT TO:<*%*@mx.host.test> => 250 Ok",
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E01:rcpt:554 E14:message:250 E14/1:message:250" },
		{ .name = "source route", .rules = "RCPT TO:<@* => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E21:message:250 E21/1:message:250" },
		{ .name = "quoted", .rules = "RCPT TO:<\"*\"> => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E11:message:250 E11/1:message:250" },
		{ .name = "BDAT forgotten", .ehlo = "PIPELINING CHUNKING",
		  .rules = RELAYS_ALL "DATA => 554 5.7.1 Relaying denied", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2, .catch_all = true,
		  .cases = "E01:data:554 S11:message:250 S11/1:message:250" },
		{ .name = "DATA after a refusal", .rules = "DATA => 354 Go on", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E01:rcpt:554 S20:message:250 S20/1:message:250" },
		{ .name = "comes back late", .rules = RELAYS_ALL, .fate = RELAY_LATE,
		  .verdict = VERDICT_OPEN, .accepted = -1, .catch_all = true,
		  .cases = "E01/1:message:250" },
		{ .name = "comes back three messages later", .rules = RELAYS_ALL, .fate = RELAY,
		  .lag = 3, .verdict = VERDICT_OPEN, .accepted = -1,
		  .catch_all = true, .cases = "E01/1:message:250" },
		{ .name = "hangs up when it has the message", .rules = RELAYS_ALL
		  ". => 250 Ok !closed", .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .catch_all = true },
		{ .name = "all forms on request", .all = true, .messages = 20, .rules = RELAYS_ALL,
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 20,
		  .catch_all = true, .cases = "E01/1:message:250 E06/1:message:250" },
	};
	PLAY_ALL(plays);
}

/* …to those alone who come over TLS, from elsewhere, with a login or under another name. */
static void test_open_to_some(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "under STARTTLS only", .ehlo = "PIPELINING STARTTLS",
		  .rules = "(tls)RCPT * => 250 Ok", .fate = RELAY, .verdict = VERDICT_OPEN,
		  .accepted = 2, .catch_all = true,
		  .cases = "E01:rcpt:554 S09-E01:message:250 S09-E01/1:message:250" },
		{ .name = "percent hack under STARTTLS only", .ehlo = "PIPELINING STARTTLS",
		  .rules = "(tls)RCPT TO:<*%*@mx.host.test> => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E14:rcpt:554 S09-E14/1:message:250" },
		{ .name = "in clear, and STARTTLS is put off", .ehlo = "PIPELINING STARTTLS",
		  .rules = "RCPT TO:<*%*@mx.host.test> => 250 Ok\n"
		           "STARTTLS => 454 4.7.0 TLS not available",
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E14/1:message:250 S09-E01:skipped" },
		{ .name = "under STARTTLS, then it is put off", .ehlo = "PIPELINING STARTTLS",
		  .rules = "(tls)RCPT * => 250 Ok\n2*STARTTLS => 220 Go ahead\n"
		           "STARTTLS => 454 4.7.0 TLS not available",
		  .fate = RELAY, .verdict = VERDICT_INCONCLUSIVE, .catch_all = true,
		  .accepted = -1 },
		{ .name = "after XCLIENT", .ehlo = "PIPELINING XCLIENT", .fate = RELAY,
		  .rules = "(xclient)RCPT * => 250 Ok", .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "S04/1:message:250" },
		{ .name = "after a PROXY header", .fate = RELAY,
		  .rules = "(proxy)RCPT * => 250 Ok\nBANNER => -\n"
		           "PROXY* => 220 mx.host.test ESMTP", .verdict = VERDICT_OPEN,
		  .accepted = 2, .cases = "S05a/1:message:250" },
		{ .name = "any password", .consent = CONSENT_OWNER, .ehlo = "PIPELINING AUTH=PLAIN",
		  .rules = "AUTH * => 235 Welcome\n(auth)RCPT * => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "S10/1:message:250" },
		{ .name = "an account that may use another's sender", .account = true,
		  .consent = CONSENT_OWNER, .ehlo = "PIPELINING AUTH=PLAIN", .fate = RELAY,
		  .rules = "1*AUTH * => 535 No\nAUTH * => 235 Welcome\n(auth)RCPT * => 250 Ok",
		  .verdict = VERDICT_CLOSED,
		  .cases = "S10:helo:535 S14:rcpt:250" },
		{ .name = "HELO localhost", .rules = "(localhost)RCPT * => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "S01a/1:message:250" },
		{ .name = "HELO with its own name", .rules = "(mx.host.test)RCPT * => 250 Ok",
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "S02a/1:message:250" },
	};
	PLAY_ALL(plays);
}

/* Order of the proof: message, return, the same form with the domains swapped, stop. */
static void test_order(void **state)
{
	(void)state;
	static const struct play p = { .name = "order", .rules = RELAYS_ALL, .fate = RELAY,
	                               .verdict = VERDICT_OPEN, .accepted = 2, .catch_all = true };
	struct seen seen;
	play(&p, &seen);
	assert_int_equal(seen.intents, 2);
	assert_int_equal(seen.messages, 2);
	assert_true(seen_count(&seen, "RCPT TO:<" TOKEN "@two.example>") == 1);
	assert_true(seen_count(&seen, "MAIL FROM:<" TOKEN "@one.test>") >= 1);
	const struct case_result *first = seen_result(&seen, "E01", 0);
	assert_true(first->returned == 1 && first->output.family == 4);
	seen_fini(&seen);
}

static void test_not_proved(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "keeps what it takes", .rules = RELAYS_ALL, .verdict = VERDICT_ACCEPTING,
		  .accepted = 7, .catch_all = true },
		{ .name = "of three messages one is kept for a proof", .messages = 3,
		  .rules = RELAYS_ALL, .verdict = VERDICT_ACCEPTING, .accepted = 2,
		  .catch_all = true },
		{ .name = "bounces", .rules = RELAYS_ALL, .fate = BOUNCE,
		  .verdict = VERDICT_BACKSCATTER, .accepted = 7,
		  .catch_all = true },
		{ .name = "sends something else to the token", .rules = RELAYS_ALL,
		  .fate = RELAY_UNMARKED, .verdict = VERDICT_ACCEPTING, .accepted = 7,
		  .catch_all = true },
		{ .name = "honeypot lets one out", .rules = RELAYS_ALL, .fate = RELAY_ONE,
		  .verdict = VERDICT_ACCEPTING, .accepted = 7, .finding = "relays-test-mail",
		  .catch_all = true, .cases = "E01/1:message:250" },
		{ .name = "catch-all at its own name",
		  .rules = "RCPT TO:*@mx.host.test> => 250 Ok\nRCPT TO:*@[[]192.0.2.1]> => 250 Ok",
		  .verdict = VERDICT_CLOSED, .accepted = -1,
		  .catch_all = true },
		{ .name = "catch-all that bounces",
		  .rules = "RCPT TO:*@mx.host.test> => 250 Ok", .fate = BOUNCE,
		  .verdict = VERDICT_BACKSCATTER, .accepted = -1,
		  .catch_all = true },
		{ .name = "catch-all and percent hack",
		  .rules = "RCPT TO:*@mx.host.test> => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2, .catch_all = true },
	};
	PLAY_ALL(plays);
}

/* A legitimate MX of our first domain must never look open, however its mail comes back. */
static void test_legitimate_mx(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "MX", .rules = MX_OF_FIRST, .fate = RELAY, .verdict = VERDICT_CLOSED,
		  .accepted = 1, .finding = "legitimate-mx",
		  .cases = "E01:message:250 E01/1:rcpt:554 E02:rcpt:554" },
		{ .name = "MX, lock-step", .ehlo = "SIZE", .rules = MX_OF_FIRST, .fate = RELAY,
		  .verdict = VERDICT_CLOSED, .accepted = 1, .finding = "legitimate-mx" },
		{ .name = "MX, refuses our own sender",
		  .rules = "MAIL FROM:*@one.test> => 550 5.7.1 "
		  "Forged\n" MX_OF_FIRST, .fate = RELAY, .verdict = VERDICT_CLOSED, .accepted = 1,
		  .finding = "legitimate-mx", .cases = "E01/1:mail:550" },
		{ .name = "MX, one message behind", .rules = MX_OF_FIRST, .fate = RELAY, .lag = 1,
		  .verdict = VERDICT_CLOSED, .accepted = -1, .finding = "legitimate-mx" },
		{ .name = "MX, three messages behind", .rules = MX_OF_FIRST, .fate = RELAY,
		  .lag = 3,
		  .verdict = VERDICT_CLOSED, .accepted = -1, .finding = "legitimate-mx" },
		{ .name = "MX, all at the end", .rules = MX_OF_FIRST, .fate = RELAY_LATE,
		  .verdict = VERDICT_CLOSED, .accepted = -1, .finding = "legitimate-mx" },
		{ .name = "MX, all forms", .all = true, .rules = MX_OF_FIRST, .fate = RELAY_LATE,
		  .verdict = VERDICT_CLOSED, .accepted = -1, .finding = "legitimate-mx" },
		{ .name = "MX, and open to the percent hack",
		  .rules = MX_OF_FIRST "RCPT TO:<*%*@mx.host.test> => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 3,
		  .cases = "E01/1:rcpt:554 E14:message:250 E14/1:message:250" },
		{ .name = "MX that keeps what strangers send with percents",
		  .rules = MX_OF_FIRST "RCPT TO:<*%* => 250 Ok\n", .fate = RELAY_ONE,
		  .verdict = VERDICT_ACCEPTING, .accepted = -1, .finding = "legitimate-mx" },
	};
	PLAY_ALL(plays);
}

/* A confirmation that got no answer in words says nothing: neither "legitimate MX" nor
 * "closed" for a host whose first message came back. */
static void test_silent_confirmation(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "banned after the proof", .rules = RELAYS_ALL "4*BANNER => 220 Hello\n"
		  "BANNER => 554 5.7.1 You are banned !closed", .fate = RELAY, .lag = 3,
		  .verdict = VERDICT_INCONCLUSIVE, .accepted = -1,
		  .catch_all = true },
		{ .name = "hangs up on the confirmation",
		  .rules = "RCPT TO:*two.example* => - !closed\n"
		  RELAYS_ALL, .fate = RELAY, .verdict = VERDICT_INCONCLUSIVE, .accepted = -1,
		  .catch_all = true },
		{ .name = "hangs up at connect after the proof", .rules = RELAYS_ALL
		  "1*CONNECT => 0\nCONNECT => - !refused", .fate = RELAY,
		  .verdict = VERDICT_INCONCLUSIVE, .accepted = 1,
		  .catch_all = true },
		{ .name = "confirmation put off",
		  .rules = "RCPT TO:*two.example* => 451 4.3.0 Later\n"
		  RELAYS_ALL, .fate = RELAY, .verdict = VERDICT_INCONCLUSIVE, .accepted = -1,
		  .catch_all = true, .cases = "E01/1:rcpt:451" },
	};
	PLAY_ALL(plays);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_to_some),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_not_proved),
		cmocka_unit_test(test_legitimate_mx),
		cmocka_unit_test(test_silent_confirmation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
