/* SPDX-License-Identifier: ISC
 *
 * What real servers say, and what it is about: tables in policy-rows*.c; here echoes of what
 * was asked, submission, and texts that are long or hostile.
 */
#include "test.h"

#include "policy-rows.h"
#include "smtp/policy.h"

#include <stdio.h>

static const struct smtp_asked usual = {
	.sender = { "<s@t.example>", 13 }, .recipient = { "<u@d.example>", 13 },
	.helo = { "probe.t.example", 15 }, .client = { "192.0.2.1", 9 }, .port = 25,
};

static enum refusal refusal_of(int code, const char *enhanced, struct str text,
                               const struct smtp_asked *asked)
{
	struct smtp_reply r = { .code = code, .text = text };
	str_copy(r.enhanced, sizeof(r.enhanced), str_of(enhanced));
	return smtp_refusal(&r, asked);
}

/* All rows that are wrong, not the first only. */
static int wrong_rows(const struct policy_row *rows)
{
	int wrong = 0;
	for (; rows->text; rows++) {
		struct str text = str_of(rows->text);
		enum refusal is = refusal_of(rows->code, rows->enhanced, text, &usual);
		if (is == rows->is)
			continue;
		print_error("%d %s %s: is %s, expected %s\n", rows->code, rows->enhanced,
		            rows->text, refusal_name(is), refusal_name(rows->is));
		wrong++;
	}
	return wrong;
}

static void test_servers(void **state)
{
	(void)state;
	assert_int_equal(wrong_rows(policy_servers), 0);
}

static void test_relay(void **state)
{
	(void)state;
	assert_int_equal(wrong_rows(policy_relay), 0);
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(wrong_rows(policy_identity), 0);
}

static void test_languages(void **state)
{
	(void)state;
	assert_int_equal(wrong_rows(policy_languages), 0);
}

static void test_both(void **state)
{
	(void)state;
	assert_int_equal(wrong_rows(policy_both), 0);
}

/* What was asked, repeated in the answer, must not decide. */
static const struct echo {
	const char *sender, *recipient, *helo, *client;
	int code;
	const char *enhanced, *text;
	enum refusal is;
} echoes[] = {
	/* A recipient that spells a denial */
	{ "<s@t.example>", "<relay-denied@d.example>", "", "", 550, "",
	  "<relay-denied@d.example>: mailbox", UNKNOWN },
	{ "<s@t.example>", "<relay-denied@d.example>", "", "", 450, "",
	  "<relay-denied@d.example>: mailbox", UNKNOWN },
	{ "<s@t.example>", "<relay-denied@d.example>", "", "", 550, "",
	  "relay-denied: what?", UNKNOWN },
	{ "<s@t.example>", "<relay-denied@d.example>", "", "", 550, "",
	  "relay-denied@d.example... what?", UNKNOWN },
	{ "<s@t.example>", "<relay-denied@d.example>", "", "", 554, "5.7.1",
	  "<relay-denied@d.example>: Relay access denied", RELAY },
	{ "<s@t.example>", "<\"relay access denied\"@d.example>", "", "", 550, "",
	  "\"relay access denied\"@d.example what?", UNKNOWN },
	{ "<s@t.example>", "<\"relay access denied\"@d.example>", "", "", 550, "",
	  "relay access denied: what?", UNKNOWN },
	{ "<s@t.example>", "<\"relay access denied\"@d.example>", "", "", 550, "",
	  "(RELAY ACCESS DENIED) what?", UNKNOWN },
	{ "", "", "", "", 550, "", "\"relay access denied\"@d.example what?", UNKNOWN },
	{ "", "", "", "", 550, "", "<relay access denied> what?", UNKNOWN },
	{ "", "", "", "", 550, "", "{relay-denied@d.example} what?", UNKNOWN },
	{ "<s@t.example>", "<relay%denied@r.example>", "", "", 550, "",
	  "relay%denied: what?", UNKNOWN },
	{ "<s@t.example>", "<denied!relaying>", "", "", 550, "", "denied!relaying... what?", UNKNOWN },
	{ "<s@t.example>", "<@r.example:relaying-denied@d.example>", "", "", 550, "",
	  "relaying-denied at d.example: what?", UNKNOWN },
	{ "<s@t.example>", "<relaying(is denied)@d.example>", "", "", 550, "",
	  "<relaying(is denied)@d.example> what?", UNKNOWN },
	{ "<s@t.example>", "<relaying(is denied)@d.example>", "", "", 550, "",
	  "relaying(is denied)@d.example what?", UNKNOWN },
	{ "<s@t.example>", "< relaying denied @d.example >", "", "", 550, "",
	  "relaying denied @d.example what?", UNKNOWN },
	{ "<s@t.example>", "<u@relay.denied.example>", "", "", 550, "",
	  "relay.denied.example: what?", UNKNOWN },
	{ "<s@t.example>", "<u@d.example> ORCPT=rfc822;relay-denied@d.example", "", "", 550, "",
	  "ORCPT=rfc822;relay-denied@d.example what?", UNKNOWN },
	{ "<s@t.example>", " relaying-denied@d.example", "", "", 550, "",
	  "relaying-denied@d.example what?", UNKNOWN },
	/* HELO and sender that spell one */
	{ "<s@t.example>", "<u@d.example>", "relaying.denied.example", "", 550, "",
	  "relaying.denied.example: what?", UNKNOWN },
	{ "<s@t.example>", "<u@d.example>", "relaying-denied", "", 550, "",
	  "relaying-denied [192.0.2.1] what?", UNKNOWN },
	{ "<relaying-denied@t.example>", "<u@d.example>", "", "", 550, "",
	  "relaying-denied: what?", UNKNOWN },
	{ "<s@t.example>", "<u@d.example>", "", "relaying denied", 550, "", "relaying denied",
	  UNKNOWN },
	/* Ones that spell identity or time */
	{ "<blacklist@t.example>", "<u@d.example>", "", "", 554, "5.7.1",
	  "<blacklist@t.example> to <u@d.example>: Relay access denied", RELAY },
	{ "<blacklist@t.example>", "<u@d.example>", "", "", 554, "5.7.1",
	  "Relay access denied for blacklist", RELAY },
	{ "<s@t.example>", "<greylist-later-busy@retry.example>", "", "", 454, "4.7.1",
	  "<greylist-later-busy@retry.example>: Relay access denied", RELAY },
	{ "<s@t.example>", "<try.again.later@busy.example>", "", "", 454, "4.7.1",
	  "try.again.later@busy.example... Relaying denied", RELAY },
	{ "<s@t.example>", "<u@d.example>", "spamhaus.example", "", 550, "5.7.1",
	  "spamhaus.example is not permitted to relay", RELAY },
	{ "<s@t.example>", "<u@d.example>", "", "2001:db8::bad", 550, "5.7.1",
	  "[IPv6:2001:db8::bad] is not permitted to relay", RELAY },
	{ "<s@t.example>", "<u@d.example>", "", "2001:db8::bad", 550, "5.7.1",
	  "2001:db8::bad is refused", CLIENT },
	/* What is left of an address is no status. */
	{ "<s@92.>", "<u@d.example>", "", "92.4.2.1", 550, "", "[92.4.2.1] what?", UNKNOWN },
	{ "<s@t.example> 5", "<u@92>", "", "92.5.2.1", 450, "", "what, 92.5.2.1?", UNKNOWN },
	/* A part of a word is no echo. */
	{ "<s@t.example>", "<relay@d.example>", "", "", 550, "", "relaying denied", RELAY },
};

static void test_echoes(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(*echoes); i++) {
		const struct echo *e = &echoes[i];
		const struct smtp_asked asked = {
			.sender = str_of(e->sender), .recipient = str_of(e->recipient),
			.helo = str_of(e->helo), .client = str_of(e->client), .port = 25,
		};
		enum refusal is = refusal_of(e->code, e->enhanced, str_of(e->text), &asked);
		if (is == e->is)
			continue;
		print_error("%s: %s: is %s, expected %s\n", e->recipient, e->text, refusal_name(is),
		            refusal_name(e->is));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* A submission server that lets nobody in without a login says no to all. */
static void test_submission(void **state)
{
	(void)state;
	struct str shut = STR("<unknown[192.0.2.1]>: Client host rejected: Access denied");
	struct str listed = STR("Client host rejected: Access denied. You are on our blacklist");
	struct smtp_asked asked = usual;
	assert_int_equal(refusal_of(554, "5.7.1", shut, &asked), REFUSAL_CLIENT);
	asked.login_offered = true;
	assert_int_equal(refusal_of(554, "5.7.1", shut, &asked), REFUSAL_CLIENT);
	asked.port = 587;
	assert_int_equal(refusal_of(554, "5.7.1", shut, &asked), REFUSAL_RELAY);
	assert_int_equal(refusal_of(554, "5.7.1", listed, &asked), REFUSAL_CLIENT);
	assert_int_equal(refusal_of(454, "4.7.1", shut, &asked), REFUSAL_CLIENT);
	asked.port = 465;
	assert_int_equal(refusal_of(554, "5.7.1", shut, &asked), REFUSAL_RELAY);
	asked.login_offered = false;
	assert_int_equal(refusal_of(554, "5.7.1", shut, &asked), REFUSAL_CLIENT);
}

/* Texts are cut where we stop reading: what stands before counts, wherever the cut is. */
static void test_long_texts(void **state)
{
	(void)state;
	static char text[20000];
	static const char denial[] = "Relaying denied ";
	static const char fills[] = { 'x', ' ', '<', '"', '@', '.', ';', '\n', '\0', '\xe4', '\xe3',
	                              '[', '#', '/' };
	for (size_t f = 0; f < sizeof(fills); f++) {
		memset(text, fills[f], sizeof(text));
		memcpy(text, denial, sizeof(denial) - 1);
		for (size_t n = 8180; n < 8210; n++)
			assert_int_equal(refusal_of(550, "5.7.1", (struct str){ text, n }, &usual),
			                 REFUSAL_RELAY);
	}
	for (size_t n = 1000; n < 9000; n += 7) {
		memset(text, 'x', n);
		for (size_t i = 0; i < n; i += n % 5 + 2)
			text[i] = ' ';
		assert_int_equal(refusal_of(454, "4.7.1", (struct str){ text, n }, &usual),
		                 REFUSAL_UNKNOWN);
	}
	assert_int_equal(refusal_of(550, "", (struct str){ NULL, 0 }, &usual), REFUSAL_UNKNOWN);
}

/* Every single byte and every pair, alone and in a denial: nothing but the denial counts. */
static void test_bytes(void **state)
{
	(void)state;
	for (int a = 0; a < 256; a++) {
		char text[] = "Relaying\n  denied";
		text[9] = (char)a;
		enum refusal is = refusal_of(550, "", (struct str){ text, sizeof(text) - 1 }, &usual);
		bool parts = strchr(".;!?<@", a) && a;
		if (!parts)
			assert_int_equal(is, REFUSAL_RELAY);
		for (int b = 0; b < 256; b++) {
			const char pair[2] = { (char)a, (char)b };
			assert_int_equal(refusal_of(550, "", (struct str){ pair, 2 }, &usual),
			                 REFUSAL_UNKNOWN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers), cmocka_unit_test(test_relay),
		cmocka_unit_test(test_identity), cmocka_unit_test(test_languages),
		cmocka_unit_test(test_both), cmocka_unit_test(test_echoes),
		cmocka_unit_test(test_submission), cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
