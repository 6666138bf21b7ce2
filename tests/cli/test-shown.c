/* SPDX-License-Identifier: ISC
 *
 * What of foreign text a terminal gets to see, and where a text is cut.
 */
#include "test.h"

#include "cli/shown.h"

static void test_shown(void **state)
{
	(void)state;
	static const struct { const char *text, *utf8, *ascii; } rows[] = {
		{ "plain \"q\" \\", "plain \\\"q\\\" \\\\", "plain \\\"q\\\" \\\\" },
		{ "J\xc3\xbcrgen", "J\xc3\xbcrgen", "J\\xc3\\xbcrgen" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac",
		  "\\xe6\\x97\\xa5\\xe6\\x9c\\xac" },
		{ "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7", "\\xf0\\x9f\\x93\\xa7" },
		{ "\xd8\xb3", "\xd8\xb3", "\\xd8\\xb3" },
		{ "\x1b[2J\n\t\r", "\\x1b[2J\\n\\t\\x0d", "\\x1b[2J\\n\\t\\x0d" },
		{ "\x7f\xc2\x9b" "2J", "\\x7f\\xc2\\x9b2J", NULL },      /* C1: CSI */
		{ "\xe2\x80\xae" "gpj", "\\xe2\\x80\\xaegpj", NULL },    /* override */
		{ "\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9", NULL },
		{ "\xd8\x9c", "\\xd8\\x9c", NULL },
		{ "a\xe2\x80\x8b" "b", "a\\xe2\\x80\\x8bb", NULL },      /* zero width */
		{ "\xe2\x80\x8d\xef\xbb\xbf", "\\xe2\\x80\\x8d\\xef\\xbb\\xbf", NULL },
		{ "\xc2\xad", "\\xc2\\xad", NULL },
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8", NULL },             /* line separator */
		{ "\xee\x80\x80", "\\xee\\x80\\x80", NULL },             /* private */
		{ "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", NULL },    /* tag */
		{ "\xf0\x9f\xbf\xbf", "\\xf0\\x9f\\xbf\\xbf", NULL },    /* no character */
		{ "\xff\xc3(", "\\xff\\xc3(", NULL },                    /* no UTF-8 */
		{ "\xed\xa0\x80\xc0\x80", "\\xed\\xa0\\x80\\xc0\\x80", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf b = { 0 };
		shown_add(&b, str_of(rows[i].text), true);
		assert_string_equal(buf_cstr(&b), rows[i].utf8);
		buf_clear(&b);
		shown_add(&b, str_of(rows[i].text), false);
		assert_string_equal(buf_cstr(&b), rows[i].ascii ? rows[i].ascii : rows[i].utf8);
		buf_fini(&b);
	}
}

static void test_shown_cut(void **state)
{
	(void)state;
	static const struct { const char *text; size_t max, n; } rows[] = {
		{ "abc", 5, 3 }, { "abc", 2, 2 }, { "", 0, 0 }, { "a\xc3\xbc", 2, 1 },
		{ "a\xc3\xbc", 3, 3 }, { "\xe6\x97\xa5\xe6\x97\xa5", 5, 3 }, { "\xff\xff", 1, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(shown_cut(str_of(rows[i].text), rows[i].max).n, rows[i].n);
	assert_int_equal(shown_columns("J\xc3\xbcrgen"), 6);
	assert_int_equal(shown_columns(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_shown_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
