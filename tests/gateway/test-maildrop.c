/* SPDX-License-Identifier: ISC
 *
 * What a message becomes in a Maildir: tables of paths, loops, line ends.
 */
#include "test.h"

#include "gateway/maildrop.h"

static void test_paths(void **state)
{
	static const struct { const char *path; bool valid; } rows[] = {
		{ "a.example/ann", true }, { "a.example/ann.b+c_d", true }, { "x", true },
		{ "", false }, { "/", false }, { "/a", false }, { "a/", false }, { "a//b", false },
		{ ".", false }, { "..", false }, { "a/..", false }, { "../a", false },
		{ "a/../b", false }, { "a/.ann", false }, { "a/...", false }, { "a/b\n", false },
		{ "a/\x7f", false }, { "a/b..", true }, { "a/\xc3\xa4", true },
	};
	char longest[300];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].path, gateway_maildrop_path_valid(str_of(rows[i].path)) ==
		                        rows[i].valid);
	assert_false(gateway_maildrop_path_valid((struct str){ "a\0b", 3 }));
	memset(longest, 'a', sizeof(longest));
	assert_true(gateway_maildrop_path_valid((struct str){ longest, 255 }));
	assert_false(gateway_maildrop_path_valid((struct str){ longest, 256 }));
}

static void test_loops(void **state)
{
	static const struct { const char *text; bool loops; } rows[] = {
		{ "Delivered-To: ann@a.example\n\n", true },
		{ "X: y\nDELIVERED-TO:Ann@A.example \r\n\r\n", true },
		{ "Delivered-To: ann@a.example", true },
		{ "Delivered-To: bob@a.example\n\n", false },
		{ "Delivered-To: bann@a.example\n\n", false },
		{ "X-Delivered-To: ann@a.example\n\n", false },
		{ "X: y\n\nDelivered-To: ann@a.example\n", false },
		{ "X: y\r\n\r\nDelivered-To: ann@a.example\n", false },
		{ "", false }, { "\n", false }, { "Delivered-To:", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].text, gateway_maildrop_loops(str_of(rows[i].text),
		                                               STR("ann@a.example")) ==
		                        rows[i].loops);
}

static void test_line_ends(void **state)
{
	static const struct { const char *text, *file; } rows[] = {
		{ "", "" }, { "a\r\nb\r\n", "a\nb\n" }, { "a", "a" }, { "\r\n\r\n", "\n\n" },
		{ "a\rb\r\n", "a\rb\n" }, { "a\r", "a\r" }, { "a\n", "a\n" }, { "\r\r\n", "\r\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };
		gateway_maildrop_text(str_of(rows[i].text), &out);
		CHECK_ROW(rows[i].text, str_eq(buf_str(&out), str_of(rows[i].file)));
		buf_fini(&out);
	}
}

static void test_names(void **state)
{
	struct gateway_rcpt rcpt[2] = { 0 };
	struct gateway_message m = { .rcpt = rcpt, .rcpt_count = 2 };
	struct buf a = { 0 }, b = { 0 };
	(void)state;
	rcpt[0].message = rcpt[1].message = &m;
	m.envelope = (struct gateway_envelope){ .id = STR("0C/../K:Z"), .came_s = 17 };
	gateway_maildrop_name(&rcpt[0], "mx/a:b", &a);
	gateway_maildrop_name(&rcpt[1], "mx", &b);
	assert_string_equal(buf_cstr(&a), "17.Q0CKZR0.mx\\057a\\072b");
	assert_string_equal(buf_cstr(&b), "17.Q0CKZR1.mx");
	buf_fini(&a);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths), cmocka_unit_test(test_loops),
		cmocka_unit_test(test_line_ends), cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
