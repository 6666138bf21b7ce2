/* SPDX-License-Identifier: ISC
 *
 * Values of MIME fields and their parameters.
 */
#include "test.h"

#include "mail/parameter.h"

static const struct { const char *value, *main, *b; } rows[] = {
	{ "multipart/mixed; b=x", "multipart/mixed", "x" },
	{ "MULTIPART/Mixed;B=\"x y\"", "MULTIPART/Mixed", "x y" },
	{ "base64 (x)", "base64", "" }, { "(x) base64", "base64", "" }, { "\"base64\"", "base64", "" },
	{ "base64;", "base64", "" }, { "", "", "" },
	{ "multipart (a) / (b) mixed (c) ; (d) b (e) = (f) \"x\" (g)", "multipart/mixed", "x" },
	{ "a/b; b=\"x\\\"y\\\\z\"", "a/b", "x\"y\\z" }, { "a/b; c=\"; b=no\"; b=yes", "a/b", "yes" },
	{ "a/b; c=\"x\\\"; b=no\"; b=yes", "a/b", "yes" }, { "a/b; (b=no) b=yes", "a/b", "yes" },
	{ "a/b; x-b=no; b=yes", "a/b", "yes" }, { "a/b; b=1; b=2", "a/b", "1" },
	{ "a/b;\r\n\tb=\r\n \"x\"", "a/b", "x" }, { "a/b; b=--=_x/y?z=;c=d", "a/b", "--=_x/y?z=" },
	{ "a/b b=x", "a/b", "x" }, { "a/b;;; b=x", "a/b", "x" }, { "a/b; junk; b=x", "a/b", "x" },
	{ "a/b; b=\"open", "a/b", "open" }, { "a/b; b=", "a/b", "" }, { "a/b; b", "a/b", "" },
	/* RFC 2231 */
	{ "a/b; b*0=one; b*1=two", "a/b", "onetwo" },
	{ "a/b; b*1=two; b*0=\"one \"", "a/b", "one two" },
	{ "a/b; b*=us-ascii'en'x%20y", "a/b", "x y" }, { "a/b; b*=''x%2", "a/b", "x%2" },
	{ "a/b; b*0*=utf-8''%78; b*1=%78; b*2*=%79", "a/b", "x%78y" },
	{ "a/b; b*0=x; b*2=z", "a/b", "x" }, { "a/b; b*1=x", "a/b", "" },
	{ "a/b; b*99999999999=x; b*0=y", "a/b", "y" }, { "a/b; b*=x%41", "a/b", "xA" },
	{ "a/b; b*0*=u'v'x; b=plain", "a/b", "plain" },
};

static void test_rows(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str value = str_of(rows[i].value);
		struct str b = parameter_find(value, STR("b"), &arena);
		struct str first = parameter_main(value, &arena);
		CHECK_ROW(rows[i].value, str_eq(first, str_of(rows[i].main)));
		CHECK_ROW(rows[i].value, str_eq(b, str_of(rows[i].b)));
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
