/* SPDX-License-Identifier: ISC
 *
 * The conversation that we hold in our own name, as dialogues: what the server says and what
 * must be said then, line by line.
 */
#include "test.h"

#include "relaytest/mailing.h"

#include <stdio.h>

static const char *const both[] = { "<a@one.test>", "<b@two.test>" };
static const struct mailing_setup mail = {
	.helo = "us.test", .from = "<>", .recipients = both, .n = 2,
	.message = { "Hello\n.dot\n", 11 },
};
static const struct mailing_setup tls_mail = {
	.helo = "us.test", .from = "<>", .recipients = both, .n = 2, .starttls = true,
	.message = { "Hello\n", 6 },
};
static const char *const wide[] = { "<j\xc3\xbc@one.test>", "<b@two.test>" };
static const struct mailing_setup wide_mail = {
	.helo = "us.test", .from = "<>", .recipients = wide, .n = 2, .message = { "Hello\n", 6 },
};
static const struct mailing_setup only_wide = {
	.helo = "us.test", .from = "<>", .recipients = wide, .n = 1, .message = { "Hello\n", 6 },
};
static const struct mailing_setup question = {
	.helo = "us.test", .from = "<>", .recipients = both, .n = 2, .stranger = "<c@one.test>",
};

#define GREET "S 220 x\nC EHLO us.test\nS 250 x\nC MAIL FROM:<>\nS 250 x\n"
#define ONE "C RCPT TO:<a@one.test>\n"
#define TWO "C RCPT TO:<b@two.test>\n"
#define STRANGER "C RCPT TO:<c@one.test>\n"
#define MESSAGE "C Hello\nC ..dot\nC .\n"
#define BYE "C QUIT\nS 221 x\n"

/* S: the server says; C: we must say; T: TLS must start now; end: it must be over then. */
static const struct row {
	const char *name;
	const struct mailing_setup *setup;
	const char *dialogue;
	bool taken, unanswered;
	const char *why;
} rows[] = {
	{ "to the first", &mail,
	  GREET ONE "S 250 x\nC DATA\nS 354 x\n" MESSAGE "S 250 x\n" BYE, true, false, "" },
	{ "to the second", &mail,
	  GREET ONE "S 550 x\n" TWO "S 250 x\nC DATA\nS 354 x\n" MESSAGE "S 250 x\n" BYE,
	  true, false, "" },
	{ "to nobody", &mail, GREET ONE "S 550 x\n" TWO "S 550 5.1.1 who\n" BYE, false, false,
	  "it said \"550 5.1.1 who\" to RCPT TO:<b@two.test>" },
	{ "refused at the end", &mail,
	  GREET ONE "S 250 x\nC DATA\nS 354 x\n" MESSAGE "S 554 no\n" BYE, false, false,
	  "it said \"554 no\" to the message" },
	{ "421 at the end", &mail,
	  GREET ONE "S 250 x\nC DATA\nS 354 x\n" MESSAGE "S 421 no\n", false, false,
	  "it said \"421 no\" to the message" },
	{ "no 354", &mail, GREET ONE "S 250 x\nC DATA\nS 554 no\n" BYE, false, false,
	  "it said \"554 no\" to DATA" },
	{ "turned away", &mail, "S 554 no\n" BYE, false, false, "it greeted with \"554 no\"" },
	{ "421: it closes, and QUIT is not owed", &mail, "S 421 no\n", false, false,
	  "it greeted with \"421 no\"" },
	{ "421 later", &mail, GREET ONE "S 421 no\n", false, false,
	  "it said \"421 no\" to RCPT TO:<a@one.test>" },
	{ "no ESMTP", &mail,
	  "S 220 x\nC EHLO us.test\nS 502 x\nC HELO us.test\nS 250 x\nC MAIL FROM:<>\n"
	  "S 550 no\n" BYE, false, false, "it said \"550 no\" to MAIL FROM:<>" },
	{ "EHLO is not known, by other codes", &mail,
	  "S 220 x\nC EHLO us.test\nS 500 x\nC HELO us.test\nS 504 no\n" BYE, false, false,
	  "it said \"504 no\" to HELO us.test" },
	{ "EHLO is refused, not unknown", &mail,
	  "S 220 x\nC EHLO us.test\nS 550 no\n" BYE, false, false,
	  "it said \"550 no\" to EHLO us.test" },
	{ "no HELO either", &mail,
	  "S 220 x\nC EHLO us.test\nS 502 x\nC HELO us.test\nS 550 no\n" BYE, false, false,
	  "it said \"550 no\" to HELO us.test" },
	{ "EHLO later", &mail, "S 220 x\nC EHLO us.test\nS 450 no\n" BYE, false, false,
	  "it said \"450 no\" to EHLO us.test" },
	{ "escaped", &mail, "S 554 a\x1b[31m\"b\n" BYE, false, false,
	  "it greeted with \"554 a\\x1b[31m\\\"b\"" },
	{ "TLS is not wanted", &mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 STARTTLS\nC MAIL FROM:<>\nS 421 no\n", false,
	  false, "it said \"421 no\" to MAIL FROM:<>" },
	{ "TLS", &tls_mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 STARTTLS\nC STARTTLS\nS 220 x\nT\n"
	  "C EHLO us.test\nS 250-x\nS 250 STARTTLS\nC MAIL FROM:<>\nS 250 x\n" ONE
	  "S 250 x\nC DATA\nS 354 x\nC Hello\nC .\nS 250 x\n" BYE, true, false, "" },
	{ "TLS refused", &tls_mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 STARTTLS\nC STARTTLS\nS 454 x\n"
	  "C MAIL FROM:<>\nS 250 x\n" ONE "S 250 x\nC DATA\nS 354 x\nC Hello\nC .\nS 250 x\n" BYE,
	  true, false, "" },
	{ "more behind STARTTLS in clear", &tls_mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 STARTTLS\nC STARTTLS\nS 220 x\\r\\n250 y\n",
	  false, false, "it sent more behind STARTTLS in clear" },
	{ "another 3xx", &mail,
	  GREET ONE "S 250 x\nC DATA\nS 355 x\n" MESSAGE "S 259 x\n" BYE, true, false, "" },
	{ "SMTPUTF8 is not offered: the address is left out", &wide_mail,
	  GREET TWO "S 250 x\nC DATA\nS 354 x\nC Hello\nC .\nS 250 x\n" BYE, true, false, "" },
	{ "SMTPUTF8 is not offered, and there is no other address", &only_wide, GREET BYE, false,
	  false, "it does not offer SMTPUTF8, which the address needs" },
	{ "SMTPUTF8", &wide_mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 SMTPUTF8\nC MAIL FROM:<> SMTPUTF8\nS 250 x\n"
	  "C RCPT TO:<j\xc3\xbc@one.test>\nS 250 x\nC DATA\nS 354 x\nC Hello\nC .\nS 250 x\n"
	  BYE, true, false, "" },
	{ "SMTPUTF8 is offered and not needed", &mail,
	  "S 220 x\nC EHLO us.test\nS 250-x\nS 250 SMTPUTF8\nC MAIL FROM:<>\nS 550 no\n" BYE,
	  false, false, "it said \"550 no\" to MAIL FROM:<>" },
	{ "the question", &question,
	  GREET ONE "S 250 x\n" TWO "S 250 x\n" STRANGER "S 550 x\n" BYE, true, false, "" },
	{ "not the second", &question, GREET ONE "S 250 x\n" TWO "S 550 no\n" BYE, false, false,
	  "it said \"550 no\" to RCPT TO:<b@two.test>" },
	{ "not now", &question, GREET ONE "S 451 no\n" BYE, false, false,
	  "it said \"451 no\" to RCPT TO:<a@one.test>" },
	{ "a stranger is taken", &question,
	  GREET ONE "S 250 x\n" TWO "S 250 x\n" STRANGER "S 250 x\n" BYE, false, false,
	  "it said \"250 x\" to RCPT TO:<c@one.test>, which is no token of ours" },
	{ "a stranger may come later", &question,
	  GREET ONE "S 250 x\n" TWO "S 250 x\n" STRANGER "S 450 x\n" BYE, false, false,
	  "it said \"450 x\" to RCPT TO:<c@one.test>" },
	/* The last: the input ends before the answer. */
	{ "no answer to the message", &mail,
	  GREET ONE "S 250 x\nC DATA\nS 354 x\n" MESSAGE "open\n", false, true, "" },
};

static struct str next_line(struct str *rest)
{
	size_t lf = str_find(*rest, '\n');
	struct str line = { rest->p, lf };
	*rest = str_from(*rest, lf + 1);
	return line;
}

static void hear(const struct row *row, struct mailing *m, struct str line)
{
	struct str out = mailing_output(m);
	size_t end = str_search(out, STR("\r\n"));
	if (end == SIZE_MAX || !str_eq((struct str){ out.p, end }, line))
		fail_msg("%s: expected \"%.*s\", said \"%.*s\"", row->name, STR_ARG(line),
		         STR_ARG(out));
	mailing_output_sent(m, end + 2);
}

/* In two pieces, as a network brings it. */
static enum mailing_step tell(struct mailing *m, struct str line)
{
	struct buf bytes = { 0 };
	size_t more = str_search(line, STR("\\r\\n"));
	if (more != SIZE_MAX) {
		buf_printf(&bytes, "%.*s\r\n%.*s", (int)more, line.p,
		           STR_ARG(str_from(line, more + 4)));
	} else {
		buf_add_str(&bytes, (struct str){ line.p, 2 });
		assert_int_equal(mailing_received(m, buf_str(&bytes)), MAILING_WAITS);
		buf_clear(&bytes);
		buf_add_str(&bytes, str_from(line, 2));
	}
	buf_add_cstr(&bytes, "\r\n");
	enum mailing_step step = mailing_received(m, buf_str(&bytes));
	buf_fini(&bytes);
	return step;
}

static void check(const struct row *row)
{
	struct mailing *m = mailing_create(row->setup);
	struct str rest = str_of(row->dialogue);
	struct mailing_result result;
	enum mailing_step step = MAILING_WAITS;
	bool open = false;
	while (rest.n) {
		struct str line = next_line(&rest);
		open = line.p[0] == 'o';
		if (line.p[0] == 'S' && step != MAILING_OVER) {
			CHECK_ROW(row->name, step == MAILING_WAITS && mailing_output(m).n == 0);
			step = tell(m, str_from(line, 2));
		} else if (line.p[0] == 'C') {
			hear(row, m, str_from(line, 2));
		} else if (line.p[0] == 'T') {
			CHECK_ROW(row->name, step == MAILING_START_TLS);
			mailing_secured(m);
			step = MAILING_WAITS;
		}
	}
	mailing_result(m, &result);
	CHECK_ROW(row->name, mailing_output(m).n == 0);
	CHECK_ROW(row->name, (step == MAILING_OVER) == !open);
	CHECK_ROW(row->name, result.decided == !open && result.taken == row->taken);
	CHECK_ROW(row->name, result.unanswered == row->unanswered);
	if (*row->why && strcmp(result.why, row->why) != 0)
		fail_msg("%s: why \"%s\"", row->name, result.why);
	CHECK_ROW(row->name, (*result.why != '\0') == (!row->taken && !open));
	mailing_destroy(m);
}

static void test_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* What cannot stand on a line is not sent at all. */
static void test_broken_recipient(void **state)
{
	(void)state;
	static const char *const bad[] = { "<a@b>\r\nDATA" };
	const struct mailing_setup setup = { .helo = "us.test", .from = "<>", .recipients = bad,
	                                     .n = 1, .message = { "x\n", 2 } };
	struct mailing *m = mailing_create(&setup);
	struct mailing_result result;
	mailing_received(m, STR("220 x\r\n"));
	mailing_received(m, STR("250 x\r\n"));
	mailing_received(m, STR("250 x\r\n"));
	mailing_result(m, &result);
	assert_true(result.decided && !result.taken);
	assert_int_equal(str_search(mailing_output(m), STR("DATA")), SIZE_MAX);
	mailing_destroy(m);
	mailing_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_broken_recipient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
