/* SPDX-License-Identifier: ISC
 *
 * Text as JSON, in any bytes; and what is UTF-8.
 */
#include "test.h"

#include "base/json.h"

#include <stdio.h>

/* jansson has its own opinion of what is UTF-8: it must be ours, for each sequence of up to
 * three bytes and the edges of the longer ones. */
static bool agrees(const char *bytes, size_t n)
{
	json_t *theirs = json_stringn(bytes, n);
	bool same = (theirs != NULL) == str_is_utf8((struct str){ bytes, n });
	json_decref(theirs);
	return same;
}

static void test_utf8(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1u << 24; i += i < 0x800000 ? 0x8101 : 0x11) {
		const char b[4] = { (char)(i >> 16), (char)(i >> 8), (char)i, '\x80' };
		for (size_t n = 1; n <= 4; n++)
			if (!agrees(b, n))
				fail_msg("%06x, %zu bytes", i, n);
	}
	static const char *const edges[] = {
		"\xc1\xbf", "\xc2\x80", "\xdf\xbf", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xed\xa0\x80", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80",
	};
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		CHECK_ROW(edges[i], agrees(edges[i], strlen(edges[i])));
}

static void test_text(void **state)
{
	(void)state;
	static const struct { struct str in; const char *out; } rows[] = {
		{ { NULL, 0 }, "" },
		{ { "plain \"\\ text", 13 }, "plain \"\\ text" },
		{ { "\t\r\n", 3 }, "\t\r\n" },
		{ { "J\xc3\xbcrgen", 7 }, "J\xc3\xbcrgen" },
		{ { "J\xfcrgen \xc3\xbc", 9 }, "J\\xfcrgen \xc3\xbc" },
		{ { "\xed\xa0\x80", 3 }, "\\xed\\xa0\\x80" },
		{ { "cut \xe2\x82", 6 }, "cut \\xe2\\x82" },
		{ { "a\0b\x1b\x7f", 5 }, "a\\x00b\x1b\\x7f" },
		{ { "\xc2\x9b \xc2\xa0", 5 }, "\\xc2\\x9b \xc2\xa0" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *text = json_text(rows[i].in);
		CHECK_ROW(rows[i].out, text && strcmp(json_string_value(text), rows[i].out) == 0);
		json_decref(text);
	}
	json_t *none = json_cstr(NULL);
	assert_string_equal(json_string_value(none), "");
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8), cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
