/* SPDX-License-Identifier: ISC
 *
 * Header blocks: every byte comes out in some field, odd lines included.
 */
#include "test.h"

#include "base/mem.h"
#include "mail/header.h"

#include <stdlib.h>

static const struct {
	const char *name;
	struct str message;
	const char *fields;      /* "Name=value|…", odd ones as "!line" */
	const char *body;
} rows[] = {
	{ "plain", STR("A: 1\r\nB:  2 \r\n\r\nbody"), "A=1|B=2|", "body" },
	{ "LF only", STR("A: 1\nB: 2\n\nbody"), "A=1|B=2|", "body" },
	{ "folded", STR("A: 1\r\n\t2\r\n 3\r\n\r\n"), "A=1 2 3|", "" },
	{ "no colon", STR("A: 1\nhello there\nB: 2\n\nx"), "A=1|!hello there|B=2|", "x" },
	{ "bare CR", STR("A: 1\rB: 2\nC: 3\n\n"), "A=1 B: 2|C=3|", "" },
	{ "NUL", STR("A: 1\0002\nB: 2\n\n"), "A=1.2|B=2|", "" },
	{ "8-bit name", STR("\xe4: 1\nB: 2\n\n"), "!.: 1|B=2|", "" },
	{ "space before colon", STR("A : 1\n\n"), "A=1|", "" },
	{ "name with space", STR("A B: 1\n\n"), "!A B: 1|", "" },
	{ "mbox line", STR("From x Mon\nA: 1\n\n"), "A=1|", "" },
	{ "byte order mark", STR("\xef\xbb\xbf" "A: 1\nB: 2\n\n"), "A=1|B=2|", "" },
	{ "byte order mark, mbox line", STR("\xef\xbb\xbf" "From x Mon\nA: 1\n\n"), "A=1|", "" },
	{ "half a byte order mark", STR("\xef\xbb" "A: 1\nB: 2\n\n"), "!..A: 1|B=2|", "" },
	{ "no body", STR("A: 1\nB: 2"), "A=1|B=2|", "" },
	{ "only a body", STR("\nA: 1\n"), "", "A: 1\n" },
	{ "empty", STR(""), "", "" },
	{ "starts folded", STR(" x: 1\nA: 2\n\n"), "!x: 1|A=2|", "" },
	{ "colon first", STR(": 1\nA: 2\n\n"), "!: 1|A=2|", "" },
	{ "empty value", STR("A:\nB:\r\n\r\n"), "A=|B=|", "" },
};

static void add(struct buf *out, struct str s)
{
	char text[200];
	size_t n = header_unfold(s, text, sizeof(text));
	for (size_t i = 0; i < n; i++)
		buf_add_byte(out, text[i] && !(text[i] & 0x80) ? text[i] : '.');
}

static void test_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header_cursor c;
		struct header_field f;
		struct buf got = { 0 };
		size_t last = 0;
		char *copy = mem_alloc(rows[i].message.n + 1);
		memcpy(copy, rows[i].message.p, rows[i].message.n);
		header_begin(&c, (struct str){ copy, rows[i].message.n });
		while (header_next(&c, &f)) {
			CHECK_ROW(rows[i].name, f.offset >= last);
			CHECK_ROW(rows[i].name, f.line.p == copy + f.offset);
			last = f.offset + f.line.n;
			if (f.odd)
				buf_add_byte(&got, '!');
			add(&got, f.odd ? f.line : f.name);
			if (!f.odd) {
				buf_add_byte(&got, '=');
				add(&got, f.value);
			}
			buf_add_byte(&got, '|');
		}
		CHECK_ROW(rows[i].name, strcmp(buf_cstr(&got), rows[i].fields) == 0);
		CHECK_ROW(rows[i].name, str_eq(str_from(c.message, c.at), str_of(rows[i].body)));
		buf_fini(&got);
		free(copy);
	}
}

static void test_unfold_limits(void **state)
{
	(void)state;
	char text[6];
	assert_int_equal(header_unfold(STR("  abcdefgh"), text, sizeof(text)), 5);
	assert_string_equal(text, "abcde");
	assert_int_equal(header_unfold(STR("abcd efgh"), text, sizeof(text)), 5);
	assert_int_equal(header_unfold(STR(" \r\n\t "), text, sizeof(text)), 0);
	assert_int_equal(header_unfold(STR("abc"), text, 1), 0);
}

static void test_is_message(void **state)
{
	(void)state;
	static const struct { const char *text; bool is; } texts[] = {
		{ "From: a@example.org\n\nx", true }, { "RECEIVED: by x\r\n", true },
		{ "junk\nX-Spam: yes\n\n", true }, { "List-Id: <l.example.org>\n\n", true },
		{ "From x Thu Jan  1 00:00:00 2026\nTo: b@example.org\n\n", true },
		{ "root:x:0:0:root:/root:/bin/bash\nlist:x:38:38:l:/var/list:/bin/sh\n", false },
		{ "", false }, { "\n\nFrom: a@example.org\n", false },
		{ "domain: example.org\nnserver: ns.example.org\n", false },
		{ "https://example.org/\n", false }, { "Fromage: x\n", false },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK_ROW(texts[i].text, header_is_message(str_of(texts[i].text)) == texts[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_message),
		cmocka_unit_test(test_blocks), cmocka_unit_test(test_unfold_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
