/* SPDX-License-Identifier: ISC
 *
 * Transcripts read again: which lines decided, however commands and answers stand.
 */
#include "test.h"

#include "proof/transcript.h"

#include <stdio.h>

/* Each row's lines; those behind a '*' are the ones to be marked. */
static const struct {
	const char *name, *token, *text;
	bool found;
} rows[] = {
	{ "one by one", "tok1",
	  " 0 ! connected\n 0 < 220 hi\n 0 > EHLO t\n 1 < 250-a\n 1 < 250 b\n"
	  "*2 > MAIL FROM:<s@x>\n*3 < 250 ok\n*3 > RCPT TO:<tok1@d>\n*4 < 250-o\n*4 < 250 k\n"
	  "*5 > DATA\n*6 < 354 go\n 6 > From: x\n 6 > MAIL FROM:<tok1@d>\n 6 > DATA\n*6 > .\n"
	  "*7 < 250 queued\n 8 > QUIT\n 9 < 221 bye\n", true },
	{ "many at once, and only the last is sent", "tok1",
	  " 0 ! connected\n 0 < 220 hi\n 0 > MAIL FROM:<s@x>\n 0 > RCPT TO:<tok1@d>\n 0 > RSET\n"
	  " 0 > MAIL FROM:<s@x>\n 0 > RCPT TO:<tok2@d>\n 0 > RSET\n 1 < 250 a\n 1 < 550 b\n"
	  " 1 < 250 c\n 1 < 250 d\n 1 < 250 e\n 1 < 250 f\n*2 > MAIL FROM:<s@x>\n"
	  "*2 > RCPT TO:<tok1@d>\n*2 > DATA\n*3 < 250 g\n*3 < 250 h\n*3 < 354 i\n 3 > From: x\n"
	  "*3 > .\n*4 < 250 j\n", true },
	{ "the token in the sender", "tok1",
	  "*0 > MAIL FROM:<tok1@x>\n*0 < 250 a\n*1 > RCPT TO:<u@d>\n*1 < 250 a\n*1 > DATA\n"
	  "*1 < 354 a\n*1 > .\n*2 < 250 a\n", true },
	{ "in capitals", "tok1",
	  "*0 > MAIL FROM:<s@x>\n*0 < 250 a\n*1 > RCPT TO:<TOK1%d@h>\n*1 < 250 a\n*1 > DATA\n"
	  "*1 < 354 a\n*1 > .\n*2 < 250 a\n", true },
	{ "by BDAT", "tok1",
	  "*0 > MAIL FROM:<s@x>\n*0 < 250 a\n*1 > RCPT TO:<tok1@d>\n*1 < 250 a\n 1 > From: x\n"
	  " 1 > RSET\n*1 > .\n*2 < 250 a\n", true },
	{ "never sent", "tok1",
	  " 0 > MAIL FROM:<s@x>\n 0 < 250 a\n 1 > RCPT TO:<tok1@d>\n 1 < 550 a\n 1 > RSET\n"
	  " 1 < 250 a\n 1 > MAIL FROM:<s@x>\n 1 < 250 a\n 1 > RCPT TO:<tok2@d>\n 1 < 250 a\n"
	  " 1 > DATA\n 1 < 354 a\n 1 > .\n 2 < 250 a\n", false },
	{ "a new connection has no envelope", "tok1",
	  " 0 > MAIL FROM:<s@x>\n 0 > RCPT TO:<tok1@d>\n 1 ! connected\n 1 < 220 a\n 1 > .\n"
	  " 2 < 250 a\n", false },
	{ "no answer at the end", "tok1",
	  "*0 > MAIL FROM:<s@x>\n*0 < 250 a\n*1 > RCPT TO:<tok1@d>\n*1 < 250 a\n*1 > DATA\n"
	  "*1 < 354 a\n 1 > From: x\n*1 > .\n 2 ! closed\n", true },
	{ "all that were taken", "",
	  "*0 > MAIL FROM:<s@x>\n*0 < 250 a\n*1 > RCPT TO:<a@d>\n*1 < 250 a\n*1 > DATA\n"
	  "*1 < 354 a\n*1 > .\n*2 < 250 a\n 3 > MAIL FROM:<s@x>\n 3 < 250 a\n"
	  " 3 > RCPT TO:<b@d>\n 3 < 250 a\n 3 > DATA\n 3 < 354 a\n 3 > .\n 3 < 554 no\n", true },
	{ "words out of turn", "tok1",
	  " 0 < 250 first\n 0 < 250 again\n 0 < nonsense\n 0 > \n x\n >\n 999999999999 > DATA\n"
	  "*0 > MAIL FROM:<s@x>\n*0 < 250 a\n*1 > RCPT TO:<tok1@d>\n*1 < 250 a\n*1 > DATA\n"
	  "*1 < 354 a\n*1 > .\n*2 < 250 a\n 2 < 250 more\n", true },
	{ "nothing", "tok1", "", false },
	{ "no line of ours", "tok1", " \xff\xfe tok1\n \n tok1", false },
};

static void marks(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct transcript t;
		struct buf text = { 0 };
		struct str rest = str_of(rows[i].text), line;
		while (str_token(&rest, "\n", &line)) {
			buf_add_str(&text, str_from(line, 1));
			buf_add_byte(&text, '\n');
		}
		transcript_read(buf_str(&text), &a, &t);
		CHECK_ROW(rows[i].name,
		          transcript_mark(&t, str_of(rows[i].token), 4) == rows[i].found);
		rest = str_of(rows[i].text);
		for (size_t k = 0; str_token(&rest, "\n", &line);) {
			if (line.n == 1)
				continue;               /* empty lines are none */
			assert_true(k < t.n && str_eq(t.lines[k].whole, str_from(line, 1)));
			if ((t.lines[k].marks == 4) != (line.p[0] == '*'))
				fail_msg("%s: %.*s", rows[i].name, STR_ARG(line));
			k++;
		}
		buf_fini(&text);
		arena_fini(&a);
	}
}

static void parts(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct transcript t;
	transcript_read(STR("12 > DATA\r\n\n> QUIT\n1 < 354 go\n3 ! connected\nwhat\n"), &a, &t);
	assert_int_equal(t.n, 5);
	assert_int_equal(t.lines[0].ms, 12);
	assert_int_equal(t.lines[0].step, TRANSCRIPT_DATA);
	assert_int_equal(t.lines[0].answer, 2);
	assert_true(str_eq(t.lines[0].text, STR("DATA")));
	assert_int_equal(t.lines[1].ms, -1);
	assert_int_equal(t.lines[2].code, 354);
	assert_int_equal(t.lines[3].who, TRANSCRIPT_EVENT);
	assert_int_equal(t.lines[4].who, TRANSCRIPT_OTHER);
	arena_fini(&a);
}

static void too_many(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct transcript t;
	struct buf text = { 0 };
	for (int i = 0; i < TRANSCRIPT_LINES_MAX + 3; i++)
		buf_add_cstr(&text, "> RCPT TO:<tok1>\n");
	transcript_read(buf_str(&text), &a, &t);
	assert_int_equal(t.n, TRANSCRIPT_LINES_MAX);
	assert_int_equal(t.left_out, 3);
	assert_false(transcript_mark(&t, STR("tok1"), 1));
	buf_fini(&text);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks),
		cmocka_unit_test(parts),
		cmocka_unit_test(too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
