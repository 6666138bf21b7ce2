/* SPDX-License-Identifier: ISC
 *
 * What stand-ins answer, however the bytes come.
 */
#include "test.h"

#include "closed/stand-in.h"

#define OPTIONS(version) "\0\0\0\15O\0\0\0" version "\0\0\1\377\0\37\377\377"
#define AGREED(version) "\0\0\0\15O\0\0\0" version "\0\0\0\0\0\0\0\0"
#define CONTINUE "\0\0\0\1c"
#define BYTES(text) { text, sizeof(text) - 1 }

struct row {
	enum closed_stand_in_kind kind;
	struct str said, answer;
	bool stays;
};

static const struct row rows[] = {
	{ CLOSED_MILTER, BYTES(OPTIONS("\6")), BYTES(AGREED("\6")), true },
	/* The older of both. */
	{ CLOSED_MILTER, BYTES(OPTIONS("\2")), BYTES(AGREED("\2")), true },
	{ CLOSED_MILTER, BYTES(OPTIONS("\10")), BYTES(AGREED("\6")), true },
	{ CLOSED_MILTER, BYTES(OPTIONS("\1")), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("\0\0\0\5O\0\0\0\6"), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("\0\0\0\5DCj\0x" "\0\0\0\12Cx\0""4\0\031127\0"), BYTES(CONTINUE), true },
	{ CLOSED_MILTER, BYTES("\0\0\0\3Hx\0" "\0\0\0\5M<a>\0" "\0\0\0\5R<b>\0" "\0\0\0\1A"),
	  BYTES(CONTINUE CONTINUE CONTINUE), true },
	{ CLOSED_MILTER, BYTES("\0\0\0\1T" "\0\0\0\4La\0b" "\0\0\0\1N" "\0\0\0\2Bx" "\0\0\0\1E"
	                       "\0\0\0\3UX\0"),
	  BYTES(CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE), true },
	{ CLOSED_MILTER, BYTES("\0\0\0\1K" OPTIONS("\6")), BYTES(AGREED("\6")), true },
	{ CLOSED_MILTER, BYTES("\0\0\0\1Q"), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("\0\0\0\0"), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("\0\0\0\1z"), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("\377\377\377\377"), BYTES(""), false },
	{ CLOSED_MILTER, BYTES("GET / HTTP/1.0\r\n\r\n"), BYTES(""), false },
	{ CLOSED_POLICY, BYTES("request=x\nclient_address=192.0.2.1\n"), BYTES(""), true },
	{ CLOSED_POLICY, BYTES("request=x\n\nrequest=y\n\n"),
	  BYTES("action=DUNNO\n\naction=DUNNO\n\n"), true },
	{ CLOSED_FILTER, BYTES("EHLO x\r\nMAIL FROM:<a>\r\n"),
	  BYTES("250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n"), true },
	{ CLOSED_FILTER, BYTES("data\r\nQUIT\r\n..\r\n.\r\nquit\r\nNOOP\r\n"),
	  BYTES("354 End with .\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"), false },
	{ CLOSED_TABLE, BYTES("get SRS0=a%20b\nget x"), BYTES("500 none\n"), true },
	{ CLOSED_TABLE, BYTES("get a\r\n\n"), BYTES("500 none\n500 none\n"), true },
	{ CLOSED_SOCKETMAP, BYTES("9:srs a@b.c,8:srs a,@b,4:srs"),
	  BYTES("9:NOTFOUND ,9:NOTFOUND ,"), true },
	{ CLOSED_SOCKETMAP, BYTES("0:,"), BYTES("9:NOTFOUND ,"), true },
	{ CLOSED_SOCKETMAP, BYTES("3:abcd"), BYTES(""), false },
	{ CLOSED_SOCKETMAP, BYTES("-1:,"), BYTES(""), false },
	{ CLOSED_SOCKETMAP, BYTES("99999999999999999999:,"), BYTES(""), false },
	{ CLOSED_SOCKETMAP, BYTES(":,"), BYTES(""), false },
	{ CLOSED_AUTH, BYTES("VERSION\t1\t0\nCPID\t7\n"), BYTES(""), true },
	{ CLOSED_AUTH, BYTES("AUTH\t3\tPLAIN\tservice=smtp\tresp=AAA=\nCONT\t4\tAAA=\nCANCEL\t4\n"
	                     "x\n\n"),
	  BYTES("FAIL\t3\nFAIL\t4\n"), true },
};

static void assert_answers(const struct row *row, size_t step)
{
	struct stand_in_talk talk = { .kind = row->kind };
	struct buf out = { 0 };
	bool stays = true;
	for (size_t at = 0; stays && at < row->said.n; at += step) {
		size_t left = row->said.n - at;
		stays = stand_in_take(&talk, (struct str){ row->said.p + at,
		                                           left < step ? left : step }, &out);
	}
	assert_int_equal(stays, row->stays);
	assert_int_equal(out.n, row->answer.n);
	if (out.n)
		assert_memory_equal(out.p, row->answer.p, out.n);
	buf_fini(&out);
	stand_in_fini(&talk);
}

static void steps_are_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t step = 1; step <= 64; step = step * 2 + 1)
			assert_answers(&rows[i], step);
}

static void a_line_without_end_is_too_long(void **state)
{
	(void)state;
	static const enum closed_stand_in_kind kinds[] = { CLOSED_POLICY, CLOSED_FILTER,
	                                                   CLOSED_AUTH, CLOSED_TABLE,
	                                                   CLOSED_SOCKETMAP };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct stand_in_talk talk = { .kind = kinds[i] };
		struct buf out = { 0 };
		int times = 0;
		while (times < 1000 && stand_in_take(&talk, STR("0123456789abcdef0123456789abcdef"
		                                                "0123456789abcdef0123456789abcdef"
		                                                "0123456789abcdef0123456789abcdef"
		                                                "0123456789abcdef0123456789abcdef"
		                                                "0123456789abcdef0123456789abcdef"
		                                                "0123456789abcdef0123456789abcdef"),
		                                     &out))
			times++;
		assert_in_range(times, 100, 999);
		assert_int_equal(out.n, 0);
		stand_in_fini(&talk);
	}
}

static void some_speak_first(void **state)
{
	(void)state;
	static const char *const first[] = { [CLOSED_FILTER] = "220 ",
	                                     [CLOSED_AUTH] = "VERSION\t1\t" };
	for (int kind = CLOSED_MILTER; kind <= CLOSED_AUTH; kind++) {
		struct stand_in_talk talk = { .kind = (enum closed_stand_in_kind)kind };
		struct buf out = { 0 };
		stand_in_greet(&talk, &out);
		assert_int_equal(out.n > 0, first[kind] != NULL);
		assert_true(!first[kind] || str_prefix(buf_str(&out), str_of(first[kind])));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_answered),
		cmocka_unit_test(a_line_without_end_is_too_long),
		cmocka_unit_test(some_speak_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
