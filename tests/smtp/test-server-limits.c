/* SPDX-License-Identifier: ISC
 *
 * Every limit of the SMTP server, from both sides; what it keeps in memory; the
 * form of its replies; and its end from outside.
 */
#include "dialogue.h"

#include <stdlib.h>

#define HELLO "S: 220 mx.test ESMTP\nC: HELO c.test\nS: 250 mx.test\n"
#define MAIL "C: MAIL FROM:<a@b>\nS: 250 2.1.0 OK\n"
#define RCPT "C: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n"
#define EVENTS "E: CONNECT\nE: HELO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
#define TEN "1234567890"
#define BASE64_OF_6 "YWFhYWFh"
#define BASE64_OF_42 \
	BASE64_OF_6 BASE64_OF_6 BASE64_OF_6 BASE64_OF_6 BASE64_OF_6 BASE64_OF_6 BASE64_OF_6
/* 255 would be the most. */
#define BASE64_OF_258 \
	BASE64_OF_42 BASE64_OF_42 BASE64_OF_42 BASE64_OF_42 BASE64_OF_42 BASE64_OF_42 BASE64_OF_6

static const struct script counted[] = {
	{ "a command line", { .limits.line_bytes = 20 }, .text = HELLO
	  "C: NOOP 678901234567890\nS: 250*\nC: NOOP 6789012345678901\nS: 500 5.5.2 Line too long\n"
	  "C: NOOP " TEN TEN TEN TEN TEN "\nS: 500 5.5.2 Line too long\nC: NOOP\nS: 250*\n"
	  "c: NOOP " TEN TEN TEN "\\nNOOP\\r\\n\nS: 500*\nC: NOOP\nS: 250*\n" },
	{ "a text line", { .limits.text_line_bytes = 10 }, .text = HELLO MAIL RCPT
	  "C: DATA\nS: 354*\nC: " TEN "\nC: .\nS: 250 2.0.0 Taken\n" MAIL RCPT
	  "C: DATA\nS: 354*\nC: " TEN "1\nC: x\nC: .\nS: 554 5.6.0*\nC: NOOP\nS: 250*\n"
	  EVENTS "E: TEXT " TEN "\\x0d\\n\nE: MESSAGE\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: ABORT" },
	{ "a message", { .limits.message_bytes = 12 }, .text = HELLO MAIL RCPT
	  "C: DATA\nS: 354*\nC: " TEN "\nC: .\nS: 250 2.0.0 Taken\n" MAIL RCPT
	  "C: DATA\nS: 354*\nC: " TEN "1\nC: .\nS: 552 5.3.4*\n" MAIL
	  EVENTS "E: TEXT " TEN "\\x0d\\n\nE: MESSAGE\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: ABORT\nE: MAIL <a@b>" },
	{ "a message too big and bad: the worst is said", { .limits.message_bytes = 12 },
	  .text = HELLO MAIL RCPT "C: DATA\nS: 354*\nC: " TEN TEN "\nC: a\\rb\nC: .\n"
	    "S: 554 5.6.0*\n"
	  EVENTS "E: ABORT" },
	{ "recipients", { .limits.recipients = 2 }, .text = HELLO MAIL RCPT
	  "C: RCPT TO:<refuse@d>\nS: 550*\n" RCPT "C: RCPT TO:<c@d>\nS: 452 4.5.3*\n"
	  "C: DATA\nS: 354*\nC: .\nS: 250*\n" MAIL RCPT RCPT "C: RCPT TO:<c@d>\nS: 452 4.5.3*\n" },
	{ "errors", { .limits.errors = 3 }, .text = HELLO
	  "C: XX\nS: 500*\nC: MAIL FROM:<later@b>\nS: 450*\nC: NOOP\nS: 250*\nC: RCPT\nS: 503*\n"
	  "S: 421 4.7.0 Too many errors\nC: NOOP\n"
	  "E: CONNECT\nE: HELO c.test\nE: UNKNOWN XX\nE: MAIL <later@b>\nE: CLOSE" },
	{ "errors, at a long line", { .limits = { .errors = 1, .line_bytes = 20 } }, .text = HELLO
	  "C: NOOP " TEN TEN TEN "\nS: 500*\nS: 421*\nC: NOOP\n" },
	{ "errors, at the end of a message", { .limits = { .errors = 1, .message_bytes = 5 } },
	  .text = HELLO MAIL RCPT "C: DATA\nS: 354*\nC: " TEN "\nC: .\nS: 552*\nS: 421*\nC: NOOP\n"
	  EVENTS "E: ABORT\nE: CLOSE" },
	{ "errors, at a greeting that refuses", { .limits.errors = 1 }, .connect_code = 554,
	  .text = "S: 554*\nS: 421*\nC: QUIT\nE: CONNECT\nE: CLOSE" },
	{ "errors, at a BDAT", { .limits.errors = 1 }, .text = HELLO
	  "C: BDAT 6\nS: 503*\nS: 421*\nc: NOOP\\r\\n\n" },
	{ "errors, within AUTH",
	  { .limits.errors = 1, .offer_auth_plain = true, .auth_in_clear = true },
	  .text = "S: 220*\nC: EHLO x\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\n"
	    "S: 250-8BITMIME\n"
	  "S: 250-AUTH*\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
	  "C: AUTH PLAIN\nS: 334 \nC: *\nS: 501*\nS: 421*\nC: NOOP\n" },
	{ "commands", { .limits.commands = 3 }, .text = HELLO
	  "C: NOOP\nS: 250*\nC: NOOP\nS: 250*\nC: QUIT\nS: 421 4.7.0 Too many commands\n"
	  "C: NOOP\n" },
	{ "transactions", { .limits.transactions = 2 }, .text = HELLO MAIL "C: RSET\nS: 250*\n"
	  "C: MAIL FROM:<refuse@b>\nS: 550*\n" MAIL "C: RSET\nS: 250*\n"
	  "C: MAIL FROM:<a@b>\nS: 421 4.7.0*\nC: NOOP\n" },
	{ "the name in AUTH", { .offer_auth_plain = true, .auth_in_clear = true },
	  .text = "S: 220*\nC: EHLO x\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\n"
	    "S: 250-8BITMIME\n"
	  "S: 250-AUTH*\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
	  "C: AUTH LOGIN " BASE64_OF_258 "\n"
	  "S: 500 5.5.6*\nC: NOOP\nS: 250*\n" },
};

static void test_limits(void **state) { (void)state; RUN_SCRIPTS(counted); }

/* --- without a script --- */

static struct smtp_server *server(const struct smtp_server_limits *limits)
{
	struct smtp_server_options options = { .hostname = "mx.test" };
	if (limits)
		options.limits = *limits;
	return smtp_server_create(&options);
}

static int code_for(enum smtp_server_event_type type)
{
	switch (type) {
	case SMTP_SERVER_CONNECT: return 220;
	case SMTP_SERVER_DATA: return 354;
	case SMTP_SERVER_HELO:
	case SMTP_SERVER_MAIL:
	case SMTP_SERVER_RCPT:
	case SMTP_SERVER_MESSAGE: return 250;
	case SMTP_SERVER_UNKNOWN: return 500;
	default: return 0;
	}
}

/* Says yes to all; stops at an event of `until`, unanswered. */
static bool run(struct smtp_server *s, enum smtp_server_event_type until)
{
	struct smtp_server_event ev;
	while (smtp_server_next(s, &ev)) {
		if (ev.type == until)
			return true;
		if (code_for(ev.type))
			smtp_server_reply(s, code_for(ev.type), NULL, NULL);
	}
	return false;
}

static bool ends_with(struct smtp_server *s, struct str want)
{
	struct str out = smtp_server_output(s);
	return out.n >= want.n && str_prefix(str_from(out, out.n - want.n), want);
}

static void to_data(struct smtp_server *s)
{
	smtp_server_input(s, STR("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
	assert_false(run(s, SMTP_SERVER_CLOSE));
	assert_true(ends_with(s, STR("\r\n354 \r\n")));
}

static void test_endless_line(void **state)
{
	(void)state;
	struct smtp_server *s = server(NULL);
	char block[4096];
	size_t fed = 0;
	memset(block, 'x', sizeof(block));
	while (!run(s, SMTP_SERVER_CLOSE)) {
		assert_true(smtp_server_input(s, (struct str){ block, sizeof(block) }));
		fed += sizeof(block);
		assert_true(fed < 2 * 1048576);
	}
	assert_true(fed > 1048576);
	assert_true(ends_with(s, STR("421 4.7.0 Line too long\r\n")));
	smtp_server_destroy(s);
}

static void test_endless_message(void **state)
{
	(void)state;
	const struct smtp_server_limits limits = { .message_bytes = 1000000 };
	struct smtp_server *s = server(&limits);
	size_t fed = 0, aborts = 0;
	to_data(s);
	for (bool closed = false; !closed;) {
		struct smtp_server_event ev;
		smtp_server_input(s, STR("0123456789012345678901234567890123456789\r\n"));
		fed += 42;
		assert_true(fed < 4000000);
		while (smtp_server_next(s, &ev)) {
			aborts += ev.type == SMTP_SERVER_ABORT;
			closed = ev.type == SMTP_SERVER_CLOSE;
		}
	}
	assert_true(fed > 3000000);
	assert_int_equal(aborts, 1);
	assert_true(ends_with(s, STR("421 4.3.4 The message does not end\r\n")));
	smtp_server_destroy(s);
}

static void test_input_waits_behind_a_reply(void **state)
{
	(void)state;
	struct smtp_server *s = server(NULL);
	size_t noops = 0;
	assert_true(run(s, SMTP_SERVER_CONNECT));
	while (smtp_server_input(s, STR("NOOP\r\n")))
		assert_true(++noops < 20000);
	assert_false(smtp_server_wants_input(s));
	/* It was taken all the same. */
	noops++;
	assert_true(noops * 6 >= 16384);
	smtp_server_reply(s, 220, NULL, NULL);
	assert_true(smtp_server_wants_input(s));
	assert_true(run(s, SMTP_SERVER_CLOSE));
	assert_true(ends_with(s, STR("421 4.7.0 Too many commands\r\n")));
	smtp_server_destroy(s);
}

static void test_shutdown(void **state)
{
	(void)state;
	struct smtp_server_event ev;
	struct smtp_server *s = server(NULL);
	to_data(s);
	smtp_server_input(s, STR("text\r\n"));
	smtp_server_shutdown(s, "4.4.2", "Timeout");
	assert_true(ends_with(s, STR("421 4.4.2 Timeout\r\n")));
	assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_ABORT);
	assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_CLOSE);
	assert_false(smtp_server_next(s, &ev));
	smtp_server_shutdown(s, "4.4.2", "Again");
	assert_true(ends_with(s, STR("421 4.4.2 Timeout\r\n")));
	smtp_server_destroy(s);
}

static void test_answer_after_shutdown_is_dropped(void **state)
{
	(void)state;
	struct smtp_server_event ev;
	struct smtp_server *s = server(NULL);
	smtp_server_input(s, STR("HELO x\r\n"));
	assert_true(run(s, SMTP_SERVER_HELO));
	smtp_server_shutdown(s, "4.3.2", "Going down");
	smtp_server_reply(s, 250, NULL, NULL);
	assert_true(ends_with(s, STR("421 4.3.2 Going down\r\n")));
	assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_CLOSE);
	smtp_server_destroy(s);
}

static void test_form_of_replies(void **state)
{
	(void)state;
	char long_text[1201];
	memset(long_text, 'x', 1200);
	long_text[1200] = '\0';
	static const struct { int code; const char *enhanced, *text, *line; } rows[] = {
		{ 250, NULL, "OK", "250 2.1.0 OK\r\n" },
		{ 250, "", "OK", "250 OK\r\n" },
		{ 250, "2.1.7", "", "250 2.1.7 \r\n" },
		{ 250, NULL, NULL, "250 2.1.0 \r\n" },
		{ 450, NULL, "later", "450 4.0.0 later\r\n" },
		{ 550, NULL, "no", "550 5.0.0 no\r\n" },
		{ 550, "5.7.1", "one\ntwo\n", "550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 \r\n" },
		{ 550, "5.7.1", "a\r\xc3\xbc\x01\tb", "550 5.7.1 a?????b\r\n" },
		{ 550, "5.1000.10001", "x", "550 5.1000.1000 x\r\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_server *s = server(NULL);
		smtp_server_input(s, STR("HELO x\r\nMAIL FROM:<a@b>\r\n"));
		assert_true(run(s, SMTP_SERVER_MAIL));
		smtp_server_output_sent(s, smtp_server_output(s).n);
		smtp_server_reply(s, rows[i].code, rows[i].enhanced, rows[i].text);
		CHECK_ROW(rows[i].line, str_eq(smtp_server_output(s), str_of(rows[i].line)));
		smtp_server_destroy(s);
	}
	struct smtp_server *s = server(NULL);
	smtp_server_input(s, STR("HELO x\r\nMAIL FROM:<a@b>\r\n"));
	assert_true(run(s, SMTP_SERVER_MAIL));
	smtp_server_output_sent(s, smtp_server_output(s).n);
	smtp_server_reply(s, 550, "5.7.1", long_text);
	struct str out = smtp_server_output(s), line;
	size_t lines = 0, xs = 0;
	while (str_token(&out, "\n", &line)) {
		assert_true(line.n + 1 <= 512);
		struct str start = lines++ < 2 ? STR("550-5.7.1 x") : STR("550 5.7.1 x");
		assert_true(str_prefix(line, start));
		for (size_t i = 0; i < line.n; i++)
			xs += line.p[i] == 'x';
	}
	assert_int_equal(lines, 3);
	assert_int_equal(xs, 1200);
	smtp_server_destroy(s);
}

/* Whoever speaks before the greeting went out, however long that was held, and nobody else. */
static void test_early(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool asked = i & 1, early = i & 2;
		struct smtp_server *s = server(NULL);
		if (asked)
			assert_true(run(s, SMTP_SERVER_CONNECT));
		if (early)
			smtp_server_input(s, STR("E"));
		if (!asked)
			assert_true(run(s, SMTP_SERVER_CONNECT));
		assert_int_equal(smtp_server_state(s).early, early);
		smtp_server_reply(s, 220, NULL, NULL);
		smtp_server_input(s, STR("EHLO x\r\n"));
		assert_false(run(s, SMTP_SERVER_CLOSE));
		assert_int_equal(smtp_server_state(s).early, early);
		smtp_server_destroy(s);
	}
}

static void test_timeouts(void **state)
{
	(void)state;
	struct smtp_server *s = server(NULL);
	assert_int_equal(smtp_server_timeout_ms(s), 300000);
	smtp_server_shutdown(s, "4.3.2", "x");
	assert_int_equal(smtp_server_timeout_ms(s), 10000);
	smtp_server_destroy(s);
	smtp_server_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits), cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_endless_message),
		cmocka_unit_test(test_input_waits_behind_a_reply), cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_answer_after_shutdown_is_dropped),
		cmocka_unit_test(test_form_of_replies), cmocka_unit_test(test_early),
		cmocka_unit_test(test_timeouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
