/* SPDX-License-Identifier: ISC
 *
 * Templates of the catalogue, what stands in them, and what cannot be rendered.
 */
#include "test.h"

#include "catalogue/catalogue.h"
#include "mail/address.h"

#include <stdio.h>

/* ---- templates ----------------------------------------------------------------------- */

static void test_missing(void **state)
{
	(void)state;
	static const struct { const char *letter, *words; } rows[] = {
		{ "{U}", "a recipient token" }, { "{S}", "a sender token" },
		{ "{D}", "a collector domain" }, { "{T}", "a second domain" },
		{ "{R}", "a host name" }, { "{M}", "a mail domain of the host" },
		{ "{I}", "the host's address" }, { "{C}", "the collector's address" },
		{ "{CL}", "the collector's address" },
	};
	struct relay_names none = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf text = { 0 };
		const char *missing = NULL;
		CHECK_ROW(rows[i].letter, relay_render(rows[i].letter, &none, &text, &missing) ==
		          ERR_NOT_FOUND);
		CHECK_ROW(rows[i].letter, missing && strcmp(missing, rows[i].words) == 0);
		buf_fini(&text);
	}
}

/* What each form needs, and nothing else, is missed. */
static void test_each_form_needs(void **state)
{
	(void)state;
	static const char *const names[] = { "{U}", "{S}", "{D}", "{T}", "{R}", "{M}", "{I}",
	                                     "{C}", "{CL}" };
	for (size_t i = 0; i < relay_case_count; i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
			struct str v[9];
			for (size_t j = 0; j < 9; j++)
				v[j] = j == k ? STR("") : STR("x");
			struct relay_names some = { v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7],
			                            v[8] };
			struct buf text = { 0 };
			const char *missing = NULL;
			bool needs = strstr(relay_cases[i].rcpt, names[k]);
			int e = relay_render(relay_cases[i].rcpt, &some, &text, &missing);
			CHECK_ROW(relay_cases[i].id, (e == ERR_NOT_FOUND) == needs);
			buf_fini(&text);
		}
	}
}

/* Appends, and leaves what is around the letters alone. */
static void test_appends(void **state)
{
	(void)state;
	struct relay_names names = { .u = STR("u{S}"), .d = STR("d") };
	struct buf text = { 0 };
	const char *missing = NULL;
	buf_add_cstr(&text, "RCPT TO:");
	assert_int_equal(relay_render("<a {U}@{D}{D}>", &names, &text, &missing), ERR_OK);
	assert_string_equal(buf_cstr(&text), "RCPT TO:<a u{S}@dd>");
	assert_int_equal(relay_render("", &names, &text, &missing), ERR_OK);
	assert_int_equal(text.n, 19);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_each_form_needs),
		cmocka_unit_test(test_appends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
