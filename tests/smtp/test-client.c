/* SPDX-License-Identifier: ISC
 *
 * The SMTP client: replies in any form and any pieces, what it sends, what it
 * learns, when it gives up.
 */
#include "test.h"

#include "base/err.h"
#include "smtp/client.h"

#include <stdio.h>
#include <stdlib.h>

enum { RANDOM_RUNS = 20 };

#define NOTE(x) SMTP_NOTE_##x

struct row {
	const char *name;
	const char *verbs;        /* queued behind the banner, with tags 1, 2, … */
	const char *input;
	const char *events;       /* "VERB#tag code [enhanced] text|text\n", "BROKEN why\n" */
	unsigned notes;
};

static const struct row rows[] = {
	{ "a banner", "", "220 mx.test ESMTP\r\n", "banner#0 220 [] mx.test ESMTP\n", 0 },
	{ "a banner of three lines", "", "220-mx.test\r\n220-\r\n220 end\r\n",
	  "banner#0 220 [] mx.test||end\n", 0 },
	{ "a banner that refuses", "", "554 5.7.1 go away\r\n",
	  "banner#0 554 [5.7.1] go away\n", 0 },
	{ "pipelined", "MAIL RCPT DATA",
	  "220 x\r\n250 2.1.0 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n354 go\r\n",
	  "banner#0 220 [] x\nMAIL#1 250 [2.1.0] ok\nRCPT#2 550 [5.1.1] no|such user\n"
	  "DATA#3 354 [] go\n", 0 },
	{ "no text", "MAIL RCPT", "220\r\n250\r\n250 \r\n",
	  "banner#0 220 [] \nMAIL#1 250 [] \nRCPT#2 250 [] \n", 0 },
	{ "an incomplete reply", "MAIL", "220 x\r\n250-a\r\n250 b", "banner#0 220 [] x\n", 0 },
	{ "a continuation without text", "MAIL", "220 x\r\n250-\r\n250\r\n",
	  "banner#0 220 [] x\nMAIL#1 250 [] |\n", 0 },
	{ "LF alone", "MAIL", "220 x\n250-a\n250 b\n", "banner#0 220 [] x\nMAIL#1 250 [] a|b\n",
	  NOTE(LF_ONLY) },
	{ "CRCRLF", "", "220 x\r\r\n", "banner#0 220 [] x\n", 0 },
	{ "a CR inside", "", "220 a\rb\r\n", "banner#0 220 [] a\rb\n", 0 },
	{ "codes disagree, the last counts", "RCPT", "220 x\r\n250-2.1.5 a\r\n550 5.7.1 b\r\n",
	  "banner#0 220 [] x\nRCPT#1 550 [5.7.1] a|b\n", NOTE(CODES_DISAGREE) },
	{ "an enhanced code on the first line only", "RCPT", "220 x\r\n550-5.7.1 a\r\n550 b\r\n",
	  "banner#0 220 [] x\nRCPT#1 550 [5.7.1] a|b\n", 0 },
	{ "no enhanced codes", "MAIL RCPT DATA RSET NOOP",
	  "220 x\r\n250 3.1.0 a\r\n250 2.1 b\r\n250 2.1.1234 c\r\n250 2.1.0.1 d\r\n250 2..1 e\r\n",
	  "banner#0 220 [] x\nMAIL#1 250 [] 3.1.0 a\nRCPT#2 250 [] 2.1 b\n"
	  "DATA#3 250 [] 2.1.1234 c\n"
	  "RSET#4 250 [] 2.1.0.1 d\nNOOP#5 250 [] 2..1 e\n", 0 },
	{ "the longest enhanced code", "MAIL", "220 x\r\n450 4.123.456\r\n",
	  "banner#0 220 [] x\nMAIL#1 450 [4.123.456] \n", 0 },
	{ "none in EHLO and greeting", "EHLO", "220 2.0.0 x\r\n250-2.0.0 x\r\n250 SIZE 5\r\n",
	  "banner#0 220 [] 2.0.0 x\nEHLO#1 250 [] 2.0.0 x|SIZE 5\n", 0 },
	{ "garbage around", "MAIL", "hello\r\n220-x\r\n\r\n99 x\r\n220 y\r\n250x\r\n199 a\r\n"
	  "600 b\r\n"
	  "25\r\n\xff\r\n250 z\r\n", "banner#0 220 [] x|y\nMAIL#1 250 [] z\n", NOTE(GARBAGE) },
	{ "nobody asked", "", "220 x\r\n421 4.4.2 bye\r\n",
	  "banner#0 220 [] x\nother#4294967295 421 [4.4.2] bye\n", NOTE(UNASKED) },
	{ "seven replies too many", "NOOP", "220 x\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n",
	  "banner#0 220 [] x\nNOOP#1 250 [] a\nother#4294967295 250 [] b\n"
	  "other#4294967295 250 [] c\nother#4294967295 250 [] d\n", NOTE(UNASKED) },
	{ "all verbs", "EHLO HELO BDAT QUIT AUTH XCLIENT message other",
	  "220 x\r\n250 a\r\n250 b\r\n250 c\r\n221 d\r\n235 e\r\n220 f\r\n250 g\r\n250 h\r\n",
	  "banner#0 220 [] x\nEHLO#1 250 [] a\nHELO#2 250 [] b\nBDAT#3 250 [] c\nQUIT#4 221 [] d\n"
	  "AUTH#5 235 [] e\nXCLIENT#6 220 [] f\nmessage#7 250 [] g\nother#8 250 [] h\n", 0 },
};

static enum smtp_verb verb_of(struct str name)
{
	for (int v = SMTP_BANNER; v <= SMTP_OTHER; v++)
		if (str_eq(name, str_of(smtp_verb_name((enum smtp_verb)v))))
			return (enum smtp_verb)v;
	fail_msg("no verb %.*s", STR_ARG(name));
	return SMTP_OTHER;
}

static void queue(struct smtp_client *c, const char *verbs)
{
	struct str rest = str_of(verbs), name;
	for (uint32_t tag = 1; str_token(&rest, " ", &name); tag++)
		assert_int_equal(smtp_client_command(c, verb_of(name), tag, name), ERR_OK);
}

static void drain(struct smtp_client *c, struct buf *log)
{
	struct smtp_client_event ev;
	while (smtp_client_next(c, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			buf_printf(log, "BROKEN %.*s\n", STR_ARG(ev.text));
			continue;
		}
		buf_printf(log, "%s#%u %d [%s] ", smtp_verb_name(ev.verb), ev.tag, ev.reply.code,
		           ev.reply.enhanced);
		for (size_t i = 0; i < ev.reply.text.n; i++)
			buf_add_byte(log, ev.reply.text.p[i] == '\n' ? '|' : ev.reply.text.p[i]);
		buf_add_byte(log, '\n');
	}
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16 & 0x7fff;
}

/* In pieces of 1 to `piece` bytes, or whole (0), each from a copy that is gone. */
static void feed(struct smtp_client *c, struct str input, size_t piece, unsigned seed,
                 struct buf *log)
{
	while (input.n) {
		size_t n = piece == 0 ? input.n : 1 + next_random(&seed) % piece;
		if (n > input.n)
			n = input.n;
		char *copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, input.p, n);
		smtp_client_input(c, (struct str){ copy, n });
		free(copy);
		drain(c, log);
		input = str_from(input, n);
	}
}

static void check_row(const struct row *r, size_t piece, unsigned seed)
{
	struct buf log = { 0 };
	struct smtp_client *c = smtp_client_create(NULL);
	queue(c, r->verbs);
	feed(c, str_of(r->input), piece, seed, &log);
	if (!str_eq(buf_str(&log), str_of(r->events)))
		fail_msg("%s, pieces of %zu: should be\n%sbut is\n%s", r->name, piece, r->events,
		         buf_cstr(&log));
	CHECK_ROW(r->name, smtp_client_notes(c) == r->notes);
	smtp_client_destroy(c);
	buf_fini(&log);
}

static void test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_row(&rows[i], 0, 0);
		check_row(&rows[i], 1, 0);
		for (unsigned seed = 1; seed <= RANDOM_RUNS; seed++)
			check_row(&rows[i], seed, seed);
	}
}

static void test_nul(void **state)
{
	(void)state;
	for (size_t piece = 0; piece < 8; piece++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		feed(c, STR("\0\r\n220\0\r\n220 a\0b\r\n"), piece, 3, &log);
		assert_true(str_eq(buf_str(&log), STR("banner#0 220 [] a\0b\n")));
		assert_int_equal(smtp_client_notes(c), SMTP_NOTE_GARBAGE);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

/* --- limits --- */

/* Repeats `block` until the client gives up; returns the bytes it took. */
static size_t feed_until_broken(struct smtp_client *c, struct str block, struct str *why)
{
	struct smtp_client_event ev;
	for (size_t fed = 0; fed < 20000000;) {
		smtp_client_input(c, block);
		fed += block.n;
		while (smtp_client_next(c, &ev))
			if (ev.type == SMTP_CLIENT_BROKEN) {
				*why = ev.text;
				assert_false(smtp_client_next(c, &ev));
				smtp_client_input(c, STR("220 x\r\n"));
				assert_false(smtp_client_next(c, &ev));
				return fed;
			}
	}
	fail_msg("never broken");
	return 0;
}

static void test_broken(void **state)
{
	(void)state;
	char xs[4096];
	memset(xs, 'x', sizeof(xs));
	const struct { const char *name; struct str block; size_t least, most; } endless[] = {
		{ "an endless line", { xs, sizeof(xs) }, 1048576, 1048576 + 4096 },
		{ "an endless banner", STR("220-welcome\r\n"), 256 * 13, 258 * 13 },
		{ "endless garbage", STR("garbage\r\n"), 64 * 9, 66 * 9 },
		{ "endless LFs", STR("\n"), 64, 66 },
		{ "endless replies", STR("250 x\r\n"), 17 * 7, 19 * 7 },
	};
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		struct str why = STR("");
		struct smtp_client *c = smtp_client_create(NULL);
		size_t fed = feed_until_broken(c, endless[i].block, &why);
		CHECK_ROW(endless[i].name, fed >= endless[i].least && fed <= endless[i].most);
		CHECK_ROW(endless[i].name, why.n > 0);
		smtp_client_destroy(c);
	}
}

/* The code is known from the first bytes: the rest of the line is not waited for. */
static void test_long_refusal_is_not_waited_for(void **state)
{
	(void)state;
	static const struct smtp_client_limits limits = { .line_bytes = 10 };
	struct smtp_client *c = smtp_client_create(&limits);
	struct smtp_client_event ev;
	smtp_client_command(c, SMTP_NOOP, 7, STR("NOOP"));
	smtp_client_input(c, STR("554 4567890123"));
	assert_true(smtp_client_next(c, &ev));
	assert_int_equal(ev.verb, SMTP_BANNER);
	assert_int_equal(ev.reply.code, 554);
	assert_true(str_eq(ev.reply.text, STR("456789")));
	smtp_client_input(c, STR("456789\r\n250 done\r\n"));
	assert_true(smtp_client_next(c, &ev));
	assert_int_equal(ev.tag, 7);
	assert_int_equal(ev.reply.code, 250);
	assert_int_equal(smtp_client_notes(c), SMTP_NOTE_LONG_LINE);
	assert_false(smtp_client_next(c, &ev));
	smtp_client_destroy(c);

	/* "220 " may still be followed by anything: only a refusal is final. */
	c = smtp_client_create(&limits);
	smtp_client_input(c, STR("220 4567890123"));
	assert_false(smtp_client_next(c, &ev));
	smtp_client_destroy(c);
}

static void test_long_line_is_cut(void **state)
{
	(void)state;
	static const struct smtp_client_limits limits = { .line_bytes = 10, .reply_bytes = 15 };
	static const struct { const char *input, *text; unsigned notes; } cut[] = {
		{ "220 456789\r\n", "456789", 0 },
		{ "220 4567890\r\n", "456789", NOTE(LONG_LINE) },
		{ "220 4567890123456789012345678901234567890\r\n", "456789", NOTE(LONG_LINE) },
		{ "220 4567890123456789012345678901234567890\n", "456789",
		  NOTE(LONG_LINE) | NOTE(LF_ONLY) },
		{ "220-456789\r\n220 456789\r\n", "456789\n456789", 0 },
		{ "220-456789\r\n220-456789\r\n220 4\r\n", "456789\n456789\n4", 0 },
		{ "220-456789\r\n220-456789\r\n220 45\r\n", "456789\n456789\n4", NOTE(LONG_LINE) },
		{ "220-456789\r\n220-456789\r\n220-1\r\n220 2\r\n", "456789\n456789\n"
		  "1", NOTE(LONG_LINE) },
	};
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		for (size_t piece = 0; piece < 20; piece++) {
			struct smtp_client *c = smtp_client_create(&limits);
			struct buf log = { 0 }, want = { 0 };
			feed(c, str_of(cut[i].input), piece, 7, &log);
			buf_printf(&want, "banner#0 220 [] %s\n", cut[i].text);
			for (size_t k = 0; k + 1 < want.n; k++)
				if (want.p[k] == '\n')
					want.p[k] = '|';
			CHECK_ROW(cut[i].input, str_eq(buf_str(&log), buf_str(&want)));
			CHECK_ROW(cut[i].input, smtp_client_notes(c) == cut[i].notes);
			smtp_client_destroy(c);
			buf_fini(&log);
			buf_fini(&want);
		}
	}
}

static void test_limits_from_both_sides(void **state)
{
	(void)state;
	static const struct smtp_client_limits limits = { .reply_lines = 2, .session_bytes = 40 };
	static const struct { const char *input; bool broken; } sides[] = {
		{ "220-a\r\n220 b\r\n", false },
		{ "220-a\r\n220-b\r\n220 c\r\n", true },
		{ "220 5678901234567890123456789012345678\r\n", false },
		{ "220 56789012345678901234567890123456789\r\n", true },
	};
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(&limits);
		feed(c, str_of(sides[i].input), 0, 0, &log);
		bool broken = str_prefix(buf_str(&log), STR("BROKEN "));
		CHECK_ROW(sides[i].input, broken == sides[i].broken);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

/* --- what it sends --- */

static void check_output(struct smtp_client *c, const char *want)
{
	struct str out = smtp_client_output(c);
	if (!str_eq(out, str_of(want)))
		fail_msg("should send \"%s\", sends \"%.*s\"", want, STR_ARG(out));
	smtp_client_output_sent(c, out.n);
	assert_int_equal(smtp_client_output(c).n, 0);
}

/* With nothing to say to a 334. */
static void test_empty_answer(void **state)
{
	(void)state;
	struct smtp_client *c = smtp_client_create(NULL);
	assert_int_equal(smtp_client_command(c, SMTP_AUTH, 1, STR("")), ERR_OK);
	check_output(c, "\r\n");
	assert_int_equal(smtp_client_command(c, SMTP_OTHER, 2, STR("")), ERR_INVALID);
	smtp_client_destroy(c);
}

static void test_commands(void **state)
{
	(void)state;
	char line[2050];
	memset(line, 'x', sizeof(line));
	struct smtp_client *c = smtp_client_create(NULL);
	assert_int_equal(smtp_client_outstanding(c), 1);
	assert_int_equal(smtp_client_awaiting(c), SMTP_BANNER);
	smtp_client_preamble(c, STR("PROXY UNKNOWN\r\n"));
	assert_int_equal(smtp_client_outstanding(c), 1);
	assert_int_equal(smtp_client_command(c, SMTP_EHLO, 1, STR("EHLO x")), ERR_OK);
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, STR("a\rb")), ERR_INVALID);
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, STR("a\nb")), ERR_INVALID);
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, STR("a\0b")), ERR_INVALID);
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, (struct str){ line, 2049 }),
	                 ERR_INVALID);
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, STR("")), ERR_INVALID);
	assert_int_equal(smtp_client_outstanding(c), 2);
	check_output(c, "PROXY UNKNOWN\r\nEHLO x\r\n");
	assert_int_equal(smtp_client_command(c, SMTP_MAIL, 2, (struct str){ line, 2048 }), ERR_OK);
	assert_int_equal(smtp_client_output(c).n, 2050);
	smtp_client_output_sent(c, 2049);
	check_output(c, "\n");
	smtp_client_destroy(c);
	smtp_client_destroy(NULL);
}

static void test_messages(void **state)
{
	(void)state;
	static const struct { const char *message, *data, *bdat; } messages[] = {
		{ "", ".\r\n", "BDAT 0 LAST\r\n" },
		{ "a", "a\r\n.\r\n", "BDAT 3 LAST\r\na\r\n" },
		{ "a\r\n", "a\r\n.\r\n", "BDAT 3 LAST\r\na\r\n" },
		{ "a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n.\r\n", "BDAT 12 LAST\r\na\r\nb\r\nc\r\n"
		  "d\r\n" },
		{ ".\n..\n.a\nb.\n", "..\r\n...\r\n..a\r\nb.\r\n.\r\n",
		  "BDAT 15 LAST\r\n.\r\n..\r\n.a\r\nb.\r\n" },
		{ "a\n\r\nb\n", "a\r\n\r\nb\r\n.\r\n", "BDAT 8 LAST\r\na\r\n\r\nb\r\n" },
		{ "a\n.\nMAIL\n", "a\r\n..\r\nMAIL\r\n.\r\n", "BDAT 12 LAST\r\na\r\n.\r\n"
		  "MAIL\r\n" },
		{ "\r.\r", "\r\n..\r\n.\r\n", "BDAT 5 LAST\r\n\r\n.\r\n" },
	};
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct smtp_client *c = smtp_client_create(NULL);
		smtp_client_message(c, 7, str_of(messages[i].message));
		check_output(c, messages[i].data);
		smtp_client_bdat(c, 8, str_of(messages[i].message));
		check_output(c, messages[i].bdat);
		struct buf log = { 0 };
		feed(c, STR("220 x\r\n250 a\r\n250 b\r\n"), 0, 0, &log);
		assert_string_equal(buf_cstr(&log),
		                    "banner#0 220 [] x\nmessage#7 250 [] a\nBDAT#8 250 [] b\n");
		buf_fini(&log);
		smtp_client_destroy(c);
	}
}

static void test_many_outstanding(void **state)
{
	(void)state;
	struct smtp_client *c = smtp_client_create(NULL);
	struct smtp_client_event ev;
	uint32_t next = 0;
	/* Shifted first, so that the ring wraps and grows. */
	for (uint32_t tag = 1; tag <= 50; tag++)
		assert_int_equal(smtp_client_command(c, SMTP_NOOP, tag, STR("NOOP")), ERR_OK);
	for (int i = 0; i < 40; i++) {
		smtp_client_input(c, STR("250 x\r\n"));
		assert_true(smtp_client_next(c, &ev) && ev.tag == next++);
	}
	for (uint32_t tag = 51; tag <= 1000; tag++)
		assert_int_equal(smtp_client_command(c, SMTP_NOOP, tag, STR("NOOP")), ERR_OK);
	assert_int_equal(smtp_client_outstanding(c), 961);
	while (next <= 1000) {
		smtp_client_input(c, STR("250 x\r\n"));
		assert_true(smtp_client_next(c, &ev) && ev.tag == next++);
		assert_false(smtp_client_next(c, &ev));
	}
	assert_int_equal(smtp_client_outstanding(c), 0);
	assert_int_equal(smtp_client_awaiting(c), SMTP_OTHER);
	smtp_client_destroy(c);
}

/* --- what it learns --- */

static void test_extensions(void **state)
{
	(void)state;
	static const struct { const char *input; unsigned extensions; uint64_t size; } offers[] = {
		{ "250 mx\r\n", 0 },
		{ "250 PIPELINING\r\n", 0 },
		{ "250-mx\r\n250 PIPELINING\r\n", SMTP_EXT_PIPELINING },
		{ "250-mx\r\n250-SIZE\r\n250 8bitmime\r\n", SMTP_EXT_SIZE | SMTP_EXT_8BITMIME },
		{ "250-mx\r\n250 SIZE 123\r\n", SMTP_EXT_SIZE },
		{ "250-mx\r\n250 SIZE 99999999999999999999\r\n", SMTP_EXT_SIZE },
		{ "250-mx\r\n250 SIZE x\r\n", SMTP_EXT_SIZE },
		{ "250-mx\r\n250 AUTH=LOGIN\r\n", SMTP_EXT_AUTH | SMTP_EXT_AUTH_LOGIN },
		{ "250-mx\r\n250 auth Login\tplain \r\n",
		  SMTP_EXT_AUTH | SMTP_EXT_AUTH_LOGIN | SMTP_EXT_AUTH_PLAIN },
		{ "250-mx\r\n250-AUTH CRAM-MD5 XPLAIN\r\n250 AUTH=PLAIN NTLM\r\n",
		  SMTP_EXT_AUTH | SMTP_EXT_AUTH_PLAIN },
		{ "250-mx\r\n250 AUTH\r\n", SMTP_EXT_AUTH },
		{ "250-mx\r\n250 SIZE PLAIN\r\n", SMTP_EXT_SIZE },
		{ "250-mx\r\n250-AUTH PLAIN LOGIN\r\n250-XCLIENT NAME\r\n250 XFORWARD NAME\r\n",
		  SMTP_EXT_AUTH | SMTP_EXT_AUTH_PLAIN | SMTP_EXT_AUTH_LOGIN |
		  SMTP_EXT_XCLIENT | SMTP_EXT_XFORWARD },
		{ "250-mx\r\n250-STARTTLS\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250-DSN\r\n"
		  "250 ENHANCEDSTATUSCODES\r\n", SMTP_EXT_STARTTLS | SMTP_EXT_CHUNKING |
		  SMTP_EXT_SMTPUTF8 | SMTP_EXT_DSN | SMTP_EXT_ENHANCED },
		{ "250-mx\r\n250-\r\n250- \r\n250-STARTTLSX\r\n250-XSIZE 5\r\n250 PIPELINING x\r\n",
		  SMTP_EXT_PIPELINING },
		{ "250-mx\n250-PIPELINING\n250 SIZE 7\n", SMTP_EXT_PIPELINING | SMTP_EXT_SIZE },
		{ "500-mx\r\n500 PIPELINING\r\n", 0 },
	};
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		queue(c, "EHLO");
		feed(c, STR("220 x\r\n"), 0, 0, &log);
		feed(c, str_of(offers[i].input), 0, 0, &log);
		CHECK_ROW(offers[i].input, smtp_client_extensions(c) == offers[i].extensions);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

static void test_sizes_and_limits(void **state)
{
	(void)state;
	static const struct { const char *line; struct smtp_offer offer; } said[] = {
		{ "SIZE", { 0 } }, { "SIZE 0", { 0 } }, { "SIZE x", { 0 } }, { "SIZE -1", { 0 } },
		{ "SIZE 10240000", { .size_max = 10240000 } },
		{ "size 7 8", { .size_max = 7 } }, { "SIZE=7", { 0 } },
		{ "SIZE 99999999999999999999", { 0 } }, { "XSIZE 7", { 0 } },
		{ "LIMITS", { 0 } }, { "LIMITSX RCPTMAX=5", { 0 } }, { "XLIMITS RCPTMAX=5", { 0 } },
		{ "LIMITS RCPTMAX=1", { .recipients_max = 1 } },
		{ "limits rcptmax=999999 Mailmax=20 RCPTDOMAINMAX=3",
		  { .recipients_max = 999999, .mails_max = 20, .domains_max = 3 } },
		{ "LIMITS FUTURE NEW=x;y RCPTMAX=5", { .recipients_max = 5 } },
		{ "LIMITS RCPTMAX=0 MAILMAX=1000000 RCPTDOMAINMAX=03", { 0 } },
		{ "LIMITS RCPTMAX= MAILMAX==5 =RCPTMAX=5 RCPTMAX RCPTDOMAINMAX=5x", { 0 } },
		{ "LIMITS RCPTMAX=-5 MAILMAX=99999999999999999999", { 0 } },
	};
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		queue(c, "EHLO EHLO");
		feed(c, STR("220 x\r\n250-mx\r\n250 "), 0, 0, &log);
		feed(c, str_of(said[i].line), 0, 0, &log);
		feed(c, STR("\r\n"), 0, 0, &log);
		struct smtp_offer got = smtp_client_offer(c), want = said[i].offer;
		CHECK_ROW(said[i].line, got.size_max == want.size_max);
		CHECK_ROW(said[i].line, got.recipients_max == want.recipients_max);
		CHECK_ROW(said[i].line, got.mails_max == want.mails_max);
		CHECK_ROW(said[i].line, got.domains_max == want.domains_max);
		/* What the newest EHLO does not say does not count any more. */
		feed(c, STR("250-mx\r\n250 DSN\r\n"), 0, 0, &log);
		got = smtp_client_offer(c);
		CHECK_ROW(said[i].line, got.size_max == 0 && got.recipients_max == 0);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

static void test_server_name(void **state)
{
	(void)state;
	static const struct { const char *input, *name; } names[] = {
		{ "", "" },
		{ "220 mx.test ESMTP\r\n", "mx.test" },
		{ "220 mx.test\r\n250 other.test hello\r\n", "other.test" },
		{ "220-mx.test\r\n220 second\r\n", "mx.test" },
		{ "220 \r\n", "" },
		{ "220 m\xc3\xbcx.test ESMTP\r\n", "" },
		{ "220 a\1b\r\n", "" },
		{ "554 mx.test no\r\n", "" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		queue(c, "EHLO");
		feed(c, str_of(names[i].input), 0, 0, &log);
		CHECK_ROW(names[i].input, strcmp(smtp_client_server_name(c), names[i].name) == 0);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

static void test_starttls(void **state)
{
	(void)state;
	struct buf log = { 0 };
	struct smtp_client *c = smtp_client_create(NULL);
	queue(c, "EHLO STARTTLS");
	feed(c, STR("220 x\r\n250-x\r\n250-SIZE 5\r\n250 STARTTLS\r\n"), 0, 0, &log);
	assert_int_equal(smtp_client_extensions(c), SMTP_EXT_STARTTLS | SMTP_EXT_SIZE);
	feed(c, STR("220 2.0.0 go\r\n"), 0, 0, &log);
	assert_false(smtp_client_injected(c));
	smtp_client_tls_started(c);
	assert_int_equal(smtp_client_extensions(c), 0);
	queue(c, "EHLO");
	feed(c, STR("250-x\r\n250 PIPELINING\r\n"), 0, 0, &log);
	assert_int_equal(smtp_client_extensions(c), SMTP_EXT_PIPELINING);
	assert_false(smtp_client_injected(c));
	smtp_client_destroy(c);
	buf_fini(&log);
}

static void test_injected(void **state)
{
	(void)state;
	static const char *const tails[] = { "250 injected\r\n", "x" };
	for (size_t i = 0; i < 2; i++)
		for (int at_once = 0; at_once < 2; at_once++) {
			struct buf log = { 0 }, input = { 0 };
			struct smtp_client *c = smtp_client_create(NULL);
			queue(c, "STARTTLS EHLO");
			buf_printf(&input, "220 x\r\n220 go\r\n%s", at_once ? tails[i] : "");
			feed(c, buf_str(&input), 0, 0, &log);
			if (!at_once)
				feed(c, str_of(tails[i]), 0, 0, &log);
			assert_true(smtp_client_injected(c));
			assert_string_equal(buf_cstr(&log), "banner#0 220 [] x\n"
			  "STARTTLS#1 220 [] go\n");
			smtp_client_destroy(c);
			buf_fini(&log);
			buf_fini(&input);
		}
}

static void test_starttls_refused(void **state)
{
	(void)state;
	struct buf log = { 0 };
	struct smtp_client *c = smtp_client_create(NULL);
	queue(c, "STARTTLS NOOP");
	feed(c, STR("220 x\r\n454 4.7.0 no\r\n250 ok\r\n"), 0, 0, &log);
	assert_false(smtp_client_injected(c));
	assert_string_equal(buf_cstr(&log),
	                    "banner#0 220 [] x\nSTARTTLS#1 454 [4.7.0] no\nNOOP#2 250 [] ok\n");
	smtp_client_destroy(c);
	buf_fini(&log);
}

static void test_timeouts(void **state)
{
	(void)state;
	static const struct { const char *verb; int64_t minutes; } rules[] = {
		{ "MAIL", 5 }, { "RCPT", 5 }, { "DATA", 2 }, { "message", 10 }, { "BDAT", 10 },
		{ "QUIT", 5 },
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		assert_int_equal(smtp_client_timeout_ms(c), 5 * 60000);
		queue(c, rules[i].verb);
		feed(c, STR("220 x\r\n"), 0, 0, &log);
		if (rules[i].minutes == 10)
			assert_int_equal(smtp_client_timeout_ms(c), 3 * 60000);
		smtp_client_output_sent(c, smtp_client_output(c).n);
		CHECK_ROW(rules[i].verb, smtp_client_timeout_ms(c) == rules[i].minutes * 60000);
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

/* QUIT may be said to whoever can take it for a command, once. */
static void test_leave(void **state)
{
	(void)state;
	static const struct {
		const char *name, *verbs, *input;
		bool said;
	} leaves[] = {
		{ "before the greeting", "", "", false },
		{ "greeted", "", "220 x\r\n", true },
		{ "turned away", "", "554 no\r\n", true },
		{ "421", "", "421 later\r\n", false },
		{ "421 out of the blue", "EHLO", "220 x\r\n250 x\r\n421 bye\r\n", false },
		{ "HELO refused", "EHLO", "220 x\r\n550 no\r\n", true },
		{ "RCPT unanswered", "MAIL RCPT", "220 x\r\n250 x\r\n", true },
		{ "DATA unanswered", "MAIL RCPT DATA", "220 x\r\n250 x\r\n250 x\r\n", false },
		{ "DATA granted", "DATA", "220 x\r\n354 go\r\n", false },
		{ "DATA granted by another 3xx", "DATA", "220 x\r\n350 go\r\n", false },
		{ "DATA refused", "DATA", "220 x\r\n503 no\r\n", true },
		{ "message unanswered", "DATA message", "220 x\r\n354 go\r\n", true },
		{ "AUTH under way", "AUTH", "220 x\r\n", false },
		{ "STARTTLS unanswered", "STARTTLS", "220 x\r\n", false },
		{ "STARTTLS granted", "STARTTLS", "220 x\r\n220 go\r\n", false },
		{ "STARTTLS refused", "STARTTLS", "220 x\r\n454 no\r\n", true },
		{ "QUIT was said", "QUIT", "220 x\r\n", false },
	};
	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++) {
		struct buf log = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		queue(c, leaves[i].verbs);
		feed(c, str_of(leaves[i].input), 0, 0, &log);
		smtp_client_output_sent(c, smtp_client_output(c).n);
		CHECK_ROW(leaves[i].name, smtp_client_leave(c) == leaves[i].said);
		CHECK_ROW(leaves[i].name, str_eq(smtp_client_output(c), leaves[i].said ?
		                                 STR("QUIT\r\n") : STR("")));
		CHECK_ROW(leaves[i].name, !smtp_client_leave(c));
		smtp_client_destroy(c);
		buf_fini(&log);
	}
}

/* A server that broke the rules can still be told, but not what never spoke SMTP. */
static void test_leave_broken(void **state)
{
	(void)state;
	static const struct { const char *line; unsigned times; bool said; } breaks[] = {
		{ "250-X\r\n", 300, true }, { "SSH-2.0-x\r\n", 100, false },
	};
	for (size_t i = 0; i < 2; i++) {
		struct buf log = { 0 }, input = { 0 };
		struct smtp_client *c = smtp_client_create(NULL);
		queue(c, "EHLO");
		buf_add_cstr(&input, "220 x\r\n");
		for (unsigned k = 0; k < breaks[i].times; k++)
			buf_add_cstr(&input, breaks[i].line);
		feed(c, buf_str(&input), 0, 0, &log);
		smtp_client_output_sent(c, smtp_client_output(c).n);
		CHECK_ROW(breaks[i].line, smtp_client_is_broken(c));
		CHECK_ROW(breaks[i].line, smtp_client_leave(c) == breaks[i].said);
		smtp_client_destroy(c);
		buf_fini(&log);
		buf_fini(&input);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies), cmocka_unit_test(test_nul),
		cmocka_unit_test(test_broken), cmocka_unit_test(test_long_line_is_cut),
		cmocka_unit_test(test_long_refusal_is_not_waited_for),
		cmocka_unit_test(test_limits_from_both_sides),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_empty_answer), cmocka_unit_test(test_messages),
		cmocka_unit_test(test_many_outstanding), cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_sizes_and_limits),
		cmocka_unit_test(test_server_name), cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_injected), cmocka_unit_test(test_starttls_refused),
		cmocka_unit_test(test_timeouts), cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
