/* SPDX-License-Identifier: ISC
 *
 * Listed hosts whose last test decided nothing.
 */
#include "admin.h"

#include "store/tests.h"
#include "store/undecided.h"

enum { DAY = 86400 };

static void verdicts(void **unused)
{
	(void)unused;
	static const enum verdict silent[] = {
		VERDICT_INCONCLUSIVE, VERDICT_UNREACHABLE, VERDICT_ACCEPTING,
	};
	unsigned n = 0;
	for (enum verdict v = VERDICT_NONE; v <= VERDICT_INCONCLUSIVE; v++)
		n += verdict_is_undecided(v);
	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
		CHECK_ROW(verdict_name(silent[i]), verdict_is_undecided(silent[i]));
	assert_int_equal(n, sizeof(silent) / sizeof(*silent));
	struct undecided u = { .last.verdict = VERDICT_ACCEPTING };
	assert_string_equal(undecided_why(&u), "took mail that never came back");
	str_copy(u.last.why, sizeof(u.last.why), STR("said 451"));
	assert_string_equal(undecided_why(&u), "said 451");
}

static void add_listed(const char *endpoint)
{
	struct test t = add_test(st, endpoint, NOW);
	finish_open(st, &t, "E14", "", NOW);
}

static size_t count_of(const char *address, struct undecided **rows)
{
	struct ip ip = { 0 };
	size_t n;
	if (address)
		ip = ip_of(address);
	OK(st, store_undecided(st, &ip, &a, rows, &n));
	return n;
}

static void listings(void **unused)
{
	(void)unused;
	struct undecided *rows;
	assert_int_equal(count_of(NULL, &rows), 0);
	add_listed("192.0.2.1:25");
	add_listed("192.0.2.2:25");
	assert_int_equal(count_of(NULL, &rows), 0);      /* proved open: that is decided */
	struct test silent = add_test(st, "192.0.2.1:25", NOW + DAY);
	finish_with(st, &silent, VERDICT_UNREACHABLE, false, false, NOW + DAY);
	assert_int_equal(count_of(NULL, &rows), 1);
	assert_true(ip_eq(&rows[0].listing.address, &silent.target.ip));
	assert_string_equal(rows[0].last.id, silent.id);
	assert_int_equal(count_of("192.0.2.1", &rows), 1);
	assert_int_equal(count_of("192.0.2.2", &rows), 0);
	/* The retry that was queued then has not ended: it does not hide the one that has. */
	struct test *tests;
	size_t n;
	OK(st, store_tests(st, &silent.target.ip, 10, &a, &tests, &n));
	assert_int_equal(n, 3);
	assert_int_equal(tests[0].state, TEST_QUEUED);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts), EACH(listings) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
