/* SPDX-License-Identifier: ISC
 *
 * Mail that is written: fields folded and encoded within their limits, texts that are 7bit.
 */
#include "test.h"

#include "mail/mime.h"

#include <gmime/gmime.h>

#define U "\xc3\xbc"
#define U10 U U U U U U U U U U
#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

/* Lines of at most 76 characters, or one word; encoded words of at most 75; ASCII. */
static void check_lines(const char *name, const struct buf *field)
{
	struct str rest = buf_str(field), line, all, word;
	while (str_token(&rest, "\r\n", &line)) {
		for (size_t i = 0; i < line.n; i++)
			CHECK_ROW(name, ascii_isprint((unsigned char)line.p[i]));
		unsigned words = 0;
		for (all = line; str_word(&all, &word); words++)
			CHECK_ROW(name, !str_caseprefix(word, STR("=?")) || word.n <= 75);
		CHECK_ROW(name, line.n <= 76 || words <= 2);
		CHECK_ROW(name, line.n <= 998);
		CHECK_ROW(name, str_search(line, STR("=?")) == SIZE_MAX || line.n <= 76);
	}
}

/* The field's value as another reads it: unfolded, decoded. */
static char *read_back(const struct buf *field)
{
	struct buf value = { 0 };
	struct str text = str_from(buf_str(field), 2);         /* "F:" */
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			buf_add_byte(&value, text.p[i]);
	char *decoded = mime_decode_header(buf_cstr(&value));
	buf_fini(&value);
	return decoded;
}

static void test_text(void **state)
{
	(void)state;
	static const struct { const char *text, *read; } rows[] = {
		{ "FW: hello", NULL }, { "", NULL }, { U, NULL }, { "a " U " b", NULL },
		{ "a " U " " U " b", NULL }, { U "\xf0\x9f\x98\x80", NULL },
		{ U10 U10 U10 U10 U10 U10, NULL }, { "a" U10 U10 U10 U10 U10 U10 " b", NULL },
		{ U10 " " U10 " " U10 " " U10 " " U10, NULL }, { X100, NULL }, { X1000, NULL },
		{ X100 " " X100, NULL }, { "=?utf-8?q?a?=", NULL }, { "a=?b", NULL },
		{ "a\xff" "b", "a?b" }, { "\xc3", "?" }, { "a\tb", "a b" }, { "a \x01", NULL },
		{ "a  b", "a b" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mime_field f;
		struct buf field = { 0 };
		mime_field_begin(&f, "F", &field);
		mime_field_text(&f, str_of(rows[i].text));
		mime_field_end(&f);
		check_lines(rows[i].text, &field);
		char *back = read_back(&field);
		const char *want = rows[i].read ? rows[i].read : rows[i].text;
		if (!str_eq(str_trim(str_of(back)), str_of(want)))
			fail_msg("%s: \"%s\" is read as \"%s\"", want, buf_cstr(&field), back);
		g_free(back);
		buf_fini(&field);
	}
}

static void test_phrase(void **state)
{
	(void)state;
	static const struct { const char *name, *start, *read; } rows[] = {
		{ "Abuse", " \"Abuse\" <", "Abuse" }, { "A, B (c)", " \"A, B (c)\" <", "A, B (c)" },
		{ "a \"b\\\" c", " \"a b c\" <", "a b c" },
		{ "M" U "ller, GmbH (x)", " =?utf-8?b?", "M" U "ller, GmbH (x)" },
		{ "=?utf-8?q?x?=", " =?utf-8?b?", "=?utf-8?q?x?=" },
		{ U10 U10 U10 U10 U10, " =?utf-8?b?", U10 U10 U10 U10 U10 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mime_field f;
		struct buf field = { 0 };
		mime_field_begin(&f, "F", &field);
		mime_field_phrase(&f, str_of(rows[i].name));
		mime_field_word(&f, STR("<a@b.test>"));
		mime_field_end(&f);
		check_lines(rows[i].name, &field);
		CHECK_ROW(rows[i].name, str_caseprefix(str_from(buf_str(&field), 2),
		                                       str_of(rows[i].start)));
		char *value = g_strdup(buf_cstr(&field) + 2);
		InternetAddressList *list = mime_addresses(value);
		CHECK_ROW(rows[i].name, list && internet_address_list_length(list) == 1);
		const char *name = internet_address_get_name(
			internet_address_list_get_address(list, 0));
		CHECK_ROW(rows[i].name, strcmp(name, rows[i].read) == 0);
		g_object_unref(list);
		g_free(value);
		buf_fini(&field);
	}
}

static void test_body(void **state)
{
	(void)state;
	static const struct { const char *text; bool plain; } rows[] = {
		{ "hello\n", true }, { "", true }, { X100 X100 "\n" X1000 X100 "\n", false },
		{ "M" U "ller\n", false }, { "a\xff\n", false }, { ".\nFrom x\n", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf mail = { 0 };
		mime_add_text(str_of(rows[i].text), &mail);
		struct str all = buf_str(&mail), line;
		bool plain = str_search(all, STR("us-ascii")) != SIZE_MAX &&
		             str_search(all, STR(": 7bit\n\n")) != SIZE_MAX;
		CHECK_ROW(rows[i].text, plain == rows[i].plain);
		CHECK_ROW(rows[i].text, str_is_ascii(all));
		while (str_token(&all, "\n", &line))
			CHECK_ROW(rows[i].text, line.n <= 998);
		buf_fini(&mail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text), cmocka_unit_test(test_phrase),
		cmocka_unit_test(test_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
