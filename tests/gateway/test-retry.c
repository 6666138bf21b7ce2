/* SPDX-License-Identifier: ISC
 *
 * The waits of a message that nobody ever takes, from its coming to its end, with the luck of the
 * one that is early and of the one that is late.
 */
#include "test.h"

#include "gateway/retry.h"

enum { CAME_S = 1000000, HOUR_S = 3600 };

/* Between the n-th try and the next, without luck. */
static const struct { unsigned tries; int64_t wait_s; } rows[] = {
	{ 1, 300 }, { 2, 600 }, { 3, 1200 }, { 4, 2400 }, { 5, 4800 }, { 6, 9600 }, { 7, 10800 },
	{ 8, 10800 }, { 100, 10800 }, { 4000000000u, 10800 },
};

static void test_waits(void **state)
{
	(void)state;
	const struct gateway_retry *r = &gateway_retry_default;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int64_t spread_s = rows[i].wait_s / 8;
		for (uint32_t chance = 0; chance < 10000; chance += 97) {
			int64_t waits_s = gateway_retry_next(r, CAME_S, CAME_S, rows[i].tries,
			                                     chance) - CAME_S;
			assert_true(waits_s >= rows[i].wait_s - spread_s);
			assert_true(waits_s <= rows[i].wait_s + spread_s);
		}
		assert_int_equal(gateway_retry_next(r, CAME_S, CAME_S, rows[i].tries,
		                                    (uint32_t)spread_s), CAME_S + rows[i].wait_s);
	}
}

static void check_life(uint32_t chance)
{
	const struct gateway_retry *r = &gateway_retry_default;
	int64_t now_s = CAME_S;
	unsigned tries = 1, warned = 0;
	for (; !gateway_retry_is_over(r, CAME_S, now_s, tries); tries++) {
		warned += gateway_retry_warns(r, CAME_S, now_s, tries, warned > 0);
		int64_t next_s = gateway_retry_next(r, CAME_S, now_s, tries, chance);
		assert_true(next_s > now_s && tries < 100);
		now_s = next_s;
	}
	assert_int_equal(now_s, CAME_S + 4 * 24 * HOUR_S);
	assert_int_equal(warned, 1);
	assert_true(tries > 30 && tries < 50);
	assert_false(gateway_retry_warns(r, CAME_S, now_s, tries, false));
}

static void test_life(void **state)
{
	(void)state;
	check_life(0);
	check_life(UINT32_MAX);
}

/* Time that passed by the clock alone, which was set forward, or while the machine was off. */
static const struct {
	const char *name;
	int64_t age_s;
	unsigned tries;
	bool over, warns;
} jumps[] = {
	{ "four days ahead behind the first try", 96 * HOUR_S, 1, false, false },
	{ "the second try then", 96 * HOUR_S, 2, false, false },
	{ "after hours of tries, sooner than it says", 96 * HOUR_S, 7, false, true },
	{ "three days of tries", 97 * HOUR_S, 25, false, true },
	{ "a jump by years", 100000 * HOUR_S, 30, false, true },
	{ "then it was really tried", 100000 * HOUR_S, 31, true, false },
	{ "not before its time, however often", 96 * HOUR_S - 1, 4000000000u, false, true },
	{ "nor is anybody told", 4 * HOUR_S - 1, 4000000000u, false, false },
	{ "four hours ahead behind the first try", 4 * HOUR_S, 1, false, false },
	{ "the last before it tells", 6 * HOUR_S, 6, false, false },
	{ "it tells", 6 * HOUR_S, 7, false, true },
};

static void test_jumps(void **state)
{
	(void)state;
	const struct gateway_retry *r = &gateway_retry_default;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		const int64_t now_s = CAME_S + jumps[i].age_s;
		const unsigned tries = jumps[i].tries;
		CHECK_ROW(jumps[i].name,
		          gateway_retry_is_over(r, CAME_S, now_s, tries) == jumps[i].over);
		CHECK_ROW(jumps[i].name,
		          gateway_retry_warns(r, CAME_S, now_s, tries, false) == jumps[i].warns);
		CHECK_ROW(jumps[i].name,
		          gateway_retry_next(r, CAME_S, now_s, tries, 0) > now_s);
	}
}

/* A clock that went back: it waits no less, and is not given up before its time. */
static void test_clock_back(void **state)
{
	(void)state;
	const struct gateway_retry *r = &gateway_retry_default;
	assert_false(gateway_retry_is_over(r, CAME_S, CAME_S - HOUR_S, 100));
	assert_true(gateway_retry_next(r, CAME_S, CAME_S - HOUR_S, 1, 0) > CAME_S - HOUR_S);
	/* Nobody is warned who does not want to be. */
	struct gateway_retry silent = *r;
	silent.warn_s = 0;
	assert_false(gateway_retry_warns(&silent, CAME_S, CAME_S + 9 * HOUR_S, 100, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits), cmocka_unit_test(test_life),
		cmocka_unit_test(test_jumps), cmocka_unit_test(test_clock_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
