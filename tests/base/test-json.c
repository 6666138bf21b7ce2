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
		struct buf out = { 0 };
		struct json j = { .out = &out };
		json_add_str(&j, NULL, rows[i].in);
		json_t *read = json_loadb(out.p, out.n, JSON_DECODE_ANY, NULL);
		CHECK_ROW(rows[i].out, read && strcmp(json_string_value(read), rows[i].out) == 0);
		json_decref(read);
		buf_fini(&out);
	}
}

/* Whatever bytes come, every reader takes them; as bytes none is lost. */
static void test_any_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1u << 16; i++) {
		const char bytes[] = { (char)(i >> 8), (char)i };
		struct str s = { bytes, 2 };
		struct buf out = { 0 };
		struct json j = { .out = &out, .ascii = i % 2 };
		json_open_array(&j, NULL);
		json_add_str(&j, NULL, s);
		json_add_shown(&j, NULL, s);
		json_add_bytes(&j, NULL, s);
		json_close(&j);
		json_t *read = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
		assert_int_equal(json_array_size(read), 3);
		const unsigned char *p = (const unsigned char *)
			json_string_value(json_array_get(read, 2));
		for (size_t k = 0; k < 2; k++) {
			unsigned char byte = (unsigned char)bytes[k];
			assert_int_equal(p[0] < 0x80 ? p[0] : (p[0] & 3) << 6 | (p[1] & 0x3f),
			                 byte);
			p += byte < 0x80 ? 1 : 2;
		}
		json_decref(read);
		buf_fini(&out);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct { double n; const char *text; } rows[] = {
		{ 0.1, "0.1" }, { 0.1 + 0.2, "0.30000000000000004" }, { 1, "1" }, { 0, "0" },
		{ 1.5, "1.5" }, { -2.25, "-2.25" }, { 12345.678, "12345.678" }, { 100, "100" },
		{ 1e15, "1e15" }, { -1e300, "-1e300" }, { 1e-5, "1e-5" }, { 1.25e-10, "1.25e-10" },
		{ 1e100, "1e100" },
		{ 1e300 * 1e300, "null" }, { 5e-324, "5e-324" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };
		struct json j = { .out = &out };
		json_add_real(&j, NULL, rows[i].n);
		if (strcmp(buf_cstr(&out), rows[i].text) != 0)
			print_message("%s\n", buf_cstr(&out));
		CHECK_ROW(rows[i].text, strcmp(buf_cstr(&out), rows[i].text) == 0);
		buf_fini(&out);
	}
}

static void add_all(struct json *j)
{
	const struct ip none = { 0 }, ip = ip_from_v4(192, 0, 2, 1);
	const struct prefix prefix = { ip_from_v4(192, 0, 2, 0), 24 };
	json_open_object(j, NULL);
	json_add_time(j, "then", 1000000);
	json_add_time(j, "never", 0);
	json_add_ip(j, "ip", &ip);
	json_add_ip(j, "nowhere", &none);
	json_add_prefix(j, "range", &prefix);
	json_add_cstr_if(j, "nothing", "");
	json_add_cstr_if(j, "word", "a");
	json_open_array(j, "list");
	json_add_int(j, NULL, -1);
	json_add_bool(j, NULL, true);
	json_add_null(j, NULL);
	json_open_object(j, NULL);
	json_close(j);
	json_close(j);
	json_open_array(j, "\xff\"");
	json_close(j);
	json_close(j);
}

static void test_places(void **state)
{
	(void)state;
	struct buf out = { 0 };
	struct json j = { .out = &out }, wide = { .out = &out, .indent = 1 };
	add_all(&j);
	assert_string_equal(buf_cstr(&out),
		"{\"then\":\"1970-01-12T13:46:40Z\",\"ip\":\"192.0.2.1\",\"range\":"
		"\"192.0.2.0/24\",\"word\":\"a\",\"list\":[-1,true,null,{}],\"\\\\xff\\\"\":[]}");
	assert_null(j.open.p);
	buf_clear(&out);
	add_all(&wide);
	assert_string_equal(buf_cstr(&out),
		"{\n \"then\": \"1970-01-12T13:46:40Z\",\n \"ip\": \"192.0.2.1\",\n \"range\": "
		"\"192.0.2.0/24\",\n \"word\": \"a\",\n \"list\": [\n  -1,\n  true,\n  null,\n  {}\n"
		" ],\n \"\\\\xff\\\"\": []\n}");
	buf_fini(&out);
}

/* What was read is written so that it reads the same, however deep and whatever is in it. */
static void test_read_values(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{\"a\":[1,-2.5,true,false,null,\"\\u0000\\u007f\\u009b\\n\"],\"\\u007f\":{}}",
		"\"\\ud83d\\ude00 \\u00e9 \\\" \\\\ \"", "9007199254740993", "[]", "0.1",
	};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };
		struct json j = { .out = &out, .ascii = i % 2 };
		const char *row = rows[i / 2];
		json_t *first = json_loads(row, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(first);
		json_add_value(&j, NULL, first);
		json_t *again = json_loadb(out.p, out.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		CHECK_ROW(row, json_equal(first, again));
		for (size_t k = 0; j.ascii && k < out.n; k++)
			CHECK_ROW(row, ascii_isprint((unsigned char)out.p[k]));
		json_decref(first);
		json_decref(again);
		buf_fini(&out);
	}
	struct buf deep = { 0 }, out = { 0 };
	for (size_t i = 0; i < 2000; i++)
		buf_add_byte(&deep, '[');
	for (size_t i = 0; i < 2000; i++)
		buf_add_byte(&deep, ']');
	json_t *read = json_loadb(deep.p, deep.n, 0, NULL);
	struct json j = { .out = &out };
	json_add_value(&j, NULL, read);
	assert_true(str_eq(buf_str(&out), buf_str(&deep)));
	json_decref(read);
	buf_fini(&out);
	buf_fini(&deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8), cmocka_unit_test(test_text),
		cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_places), cmocka_unit_test(test_read_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
