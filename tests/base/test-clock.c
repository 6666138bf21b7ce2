/* SPDX-License-Identifier: ISC
 *
 * Dates as text, both ways.
 */
#include "test.h"

#include "base/clock.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct { const char *in; int64_t t; } rows[] = {
		{ "1970-01-01", 0 },
		{ "2026-11-21", 1795219200 },
		{ "2026-11-21T21:09:19Z", 1795295359 },
		{ "2024-02-29", 1709164800 },
		{ "2023-02-29", -1 },
		{ "2026-02-30", -1 },
		{ "2026-13-01", -1 },
		{ "2026-11-21T25:00:00Z", -1 },
		{ "2026-11-21T21:09:19", -1 },
		{ "2026-11-21 21:09:19", -1 },
		{ "2026-11-21x", -1 },
		{ "26-11-21", -1 },
		{ "2026-1-1", -1 },
		{ "tomorrow", -1 },
		{ "", -1 },
		{ "2026-11-21T21:09:19Z and much more text than any date has", -1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t t = -1;
		struct parse_error pe = { 0 };
		int e = clock_parse(str_of(rows[i].in), &t, &pe);
		CHECK_ROW(rows[i].in, t == rows[i].t);
		CHECK_ROW(rows[i].in, (e == ERR_OK) == (rows[i].t >= 0));
		CHECK_ROW(rows[i].in, e == ERR_OK || pe.expected);
	}
}

static void test_format(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_MAX];
	assert_string_equal(clock_format(1795295359, text), "2026-11-21T21:09:19Z");
	assert_string_equal(clock_format_mail(1795295359, text),
	                    "Sat, 21 Nov 2026 21:09:19 +0000");
	assert_string_equal(clock_format_mail(0, text), "Thu, 1 Jan 1970 00:00:00 +0000");
	/* A year that no calendar of ours has. */
	assert_string_equal(clock_format(INT64_MAX, text), "never");
}

static void test_clocks(void **state)
{
	(void)state;
	int64_t mono = clock_mono_ms();
	assert_true(clock_mono_ms() >= mono);
	assert_true(clock_now_ms() / 1000 - clock_now_s() <= 1);
	assert_true(clock_now_s() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
