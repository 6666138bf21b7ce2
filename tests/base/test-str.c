/* SPDX-License-Identifier: ISC
 *
 * Byte strings, growing buffers, arenas.
 */
#include "test.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdlib.h>

static void test_compare(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool eq, caseeq, prefix, casesuffix; } rows[] = {
		{ "", "", true, true, true, true },
		{ "abc", "abc", true, true, true, true },
		{ "abc", "ABC", false, true, false, true },
		{ "abc", "ab", false, false, true, false },
		{ "abc", "BC", false, false, false, true },
		{ "abc", "", false, false, true, true },
		{ "ab", "abc", false, false, false, false },
		{ "\xc4", "\xe4", false, false, false, false },   /* no locale folds bytes */
		{ "[", "{", false, false, false, false },         /* 0x5b and 0x7b: no letters */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str a = str_of(rows[i].a), b = str_of(rows[i].b);
		CHECK_ROW(rows[i].a, str_eq(a, b) == rows[i].eq);
		CHECK_ROW(rows[i].a, str_caseeq(a, b) == rows[i].caseeq);
		CHECK_ROW(rows[i].a, str_prefix(a, b) == rows[i].prefix);
		CHECK_ROW(rows[i].a, str_casesuffix(a, b) == rows[i].casesuffix);
	}
	assert_true(str_eq((struct str){ NULL, 0 }, STR("")));
	assert_false(str_eq((struct str){ "a\0b", 3 }, (struct str){ "a\0c", 3 }));
}

static void test_domain(void **state)
{
	(void)state;
	static const struct { const char *host, *domain; bool in; } rows[] = {
		{ "example.org", "example.org", true }, { "mx.EXAMPLE.org", "Example.org", true },
		{ "a.b.example.org", "example.org", true },
		{ "myexample.org", "example.org", false },
		{ "org", "example.org", false }, { "", "example.org", false },
		{ "example.org.net", "example.org", false },
		{ ".example.org", "example.org", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].host, str_in_domain(str_of(rows[i].host),
		                                      str_of(rows[i].domain)) == rows[i].in);
}

static void test_utf8_value(void **state)
{
	(void)state;
	static const struct { const char *text; uint32_t value; } table[] = {
		{ "a", 'a' }, { "\x7f", 0x7f }, { "\xc2\x80", 0x80 }, { "\xc3\xbc", 0xfc },
		{ "\xdf\xbf", 0x7ff }, { "\xe0\xa0\x80", 0x800 }, { "\xe2\x82\xac", 0x20ac },
		{ "\xef\xbf\xbf", 0xffff }, { "\xf0\x90\x80\x80", 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct str s = str_of(table[i].text);
		assert_int_equal(str_utf8(s), s.n);
		assert_int_equal(str_utf8_value(s, s.n), table[i].value);
	}
}

static void test_search(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a@b@c"), '@'), 1);
	assert_true(str_find(STR("abc"), '@') == SIZE_MAX);
	assert_true(str_find((struct str){ NULL, 0 }, 'x') == SIZE_MAX);
	assert_int_equal(str_search(STR("one two"), STR("two")), 4);
	assert_true(str_search(STR("one"), STR("one two")) == SIZE_MAX);
	assert_int_equal(str_search(STR("one"), STR("")), 0);
	assert_int_equal(str_casesearch(STR("one TWO"), STR("two")), 4);
	assert_true(str_casesearch(STR("tw"), STR("two")) == SIZE_MAX);
	assert_int_equal(str_from(STR("abc"), 5).n, 0);
	assert_int_equal(str_from(STR("abc"), 1).n, 2);
}

static void test_trim_and_token(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(STR(" \t a b\r\n")), STR("a b")));
	assert_int_equal(str_trim(STR(" \t\r\n")).n, 0);
	struct str rest = STR(",,a, b,,c,"), token;
	static const char *const want[] = { "a", "b", "c" };
	size_t n = 0;
	while (str_token(&rest, ", ", &token))
		assert_true(str_eq(token, str_of(want[n++])));
	assert_int_equal(n, 3);
	/* A NUL byte is no delimiter. */
	rest = (struct str){ "a\0b", 3 };
	assert_true(str_token(&rest, ",", &token));
	assert_int_equal(token.n, 3);
}

static void test_u64(void **state)
{
	(void)state;
	static const struct { const char *in; uint64_t max; int e; uint64_t v; } rows[] = {
		{ "0", 9, ERR_OK, 0 },
		{ "18446744073709551615", UINT64_MAX, ERR_OK, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, ERR_LIMIT, 0 },
		{ "99999999999999999999999", UINT64_MAX, ERR_LIMIT, 0 },
		{ "10", 9, ERR_LIMIT, 0 },
		{ "", 9, ERR_INVALID, 0 },
		{ "-1", 9, ERR_INVALID, 0 },
		{ "+1", 9, ERR_INVALID, 0 },
		{ " 1", 9, ERR_INVALID, 0 },
		{ "1x", 9, ERR_INVALID, 0 },
		{ "007", 9, ERR_OK, 7 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t v = 0;
		CHECK_ROW(rows[i].in, str_u64(str_of(rows[i].in), rows[i].max, &v) == rows[i].e);
		CHECK_ROW(rows[i].in, v == rows[i].v);
	}
}

static void test_buf(void **state)
{
	(void)state;
	struct buf b = { 0 };
	assert_string_equal(buf_cstr(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(b.p[b.n], '\0');
	buf_consume(&b, b.n - 4);
	assert_string_equal(buf_cstr(&b), "999,");
	buf_consume(&b, 0);
	buf_clear(&b);
	assert_string_equal(buf_cstr(&b), "");
	/* Longer than any first guess of the room. */
	char *big = mem_alloc(10001);
	memset(big, 'x', 10000);
	big[10000] = '\0';
	buf_printf(&b, "[%s]", big);
	assert_int_equal(b.n, 10002);
	char *owned = buf_release(&b);
	assert_int_equal(owned[10001], ']');
	assert_null(b.p);
	free(owned);
	free(big);
	owned = buf_release(&b);
	assert_string_equal(owned, "");
	free(owned);
	buf_fini(&b);
}

static void test_escape_and_copy(void **state)
{
	(void)state;
	static const struct { struct str in; const char *out; } rows[] = {
		{ { "plain", 5 }, "plain" },
		{ { "a\"b\\c", 5 }, "a\\\"b\\\\c" },
		{ { "a\r\nb\t", 5 }, "a\\x0d\\nb\\t" },
		{ { "\0\x1b[2J\x7f\xff", 7 }, "\\x00\\x1b[2J\\x7f\\xff" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf b = { 0 };
		buf_add_escaped(&b, rows[i].in);
		assert_string_equal(buf_cstr(&b), rows[i].out);
		buf_fini(&b);
	}
	char dst[4];
	assert_true(str_copy(dst, sizeof(dst), STR("abc")));
	assert_false(str_copy(dst, sizeof(dst), STR("abcd")));
	assert_string_equal(dst, "abc");
}

static void test_arena(void **state)
{
	(void)state;
	struct arena a = { 0 };
	arena_fini(&a);
	for (size_t size = 0; size < 10000; size += 97) {
		unsigned char *p = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_string_equal(arena_strdup(&a, (struct str){ "abcdef", 3 }), "abc");
	assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_int_equal(arena_str(&a, STR("xyz")).n, 3);
	arena_fini(&a);
	assert_null(a.head);
}

static void test_err_text(void **state)
{
	(void)state;
	for (int e = ERR_AGAIN; e <= ERR_OK; e++)
		assert_string_not_equal(err_text(e), "unknown error");
	assert_string_equal(err_text(ERR_AGAIN - 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_utf8_value),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_trim_and_token),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_escape_and_copy),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_err_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
