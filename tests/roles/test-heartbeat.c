/* SPDX-License-Identifier: ISC
 *
 * When a silent role is ended: neither too early nor never, and not for the supervisor's own
 * sleep.
 */
#include "test.h"

#include "roles/heartbeat.h"

enum { LIMIT = 30000, LOOK = LIMIT / HEARTBEAT_SHARE };

/* One look a row, one role through all of them; `heard`: it spoke just before. */
struct row {
	int64_t now, late;
	bool heard;
	enum heartbeat_step want;
};

static void walk(const struct row *rows, size_t n, int64_t limit)
{
	struct heartbeat h;
	heartbeat_start(&h, 1000);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].heard)
			heartbeat_hear(&h, rows[i].now);
		assert_int_equal(heartbeat_look(&h, rows[i].now, rows[i].late, limit),
		                 rows[i].want);
	}
}
#define WALK(limit, ...) \
	walk((const struct row[]){ __VA_ARGS__ }, \
	     sizeof((const struct row[]){ __VA_ARGS__ }) / sizeof(struct row), (limit))

static void test_speaks(void **state)
{
	(void)state;
	struct heartbeat h;
	heartbeat_start(&h, 0);
	for (int64_t now = 0; now < 100 * LIMIT; now += LOOK) {
		heartbeat_hear(&h, now);
		assert_int_equal(heartbeat_look(&h, now, 0, LIMIT), HEARTBEAT_WAIT);
	}
}

static void test_hangs(void **state)
{
	(void)state;
	WALK(LIMIT,
	     { 2000, 0, true, HEARTBEAT_WAIT },
	     { 2000 + LIMIT - 1, 0, false, HEARTBEAT_WAIT },
	     { 2000 + LIMIT, 0, false, HEARTBEAT_ABORT },
	     { 2000 + LIMIT + HEARTBEAT_ABORT_MS - 1, 0, false, HEARTBEAT_WAIT },
	     { 2000 + LIMIT + HEARTBEAT_ABORT_MS, 0, false, HEARTBEAT_KILL },
	     { 2000 + 2 * LIMIT, 0, false, HEARTBEAT_KILL });
	/* Its last word was on its way when it was ended: no way back. */
	WALK(LIMIT,
	     { 2000, 0, true, HEARTBEAT_WAIT },
	     { 2000 + LIMIT, 0, false, HEARTBEAT_ABORT },
	     { 2000 + LIMIT + HEARTBEAT_ABORT_MS, 0, true, HEARTBEAT_KILL });
}

static void test_start_takes_its_time(void **state)
{
	(void)state;
	int64_t all = (int64_t)LIMIT * HEARTBEAT_START_FACTOR;
	WALK(LIMIT,
	     { 1000 + LIMIT, 0, false, HEARTBEAT_WAIT },
	     { 1000 + all - 1, 0, false, HEARTBEAT_WAIT },
	     { 1000 + all, 0, false, HEARTBEAT_ABORT },
	     { 1000 + all + HEARTBEAT_ABORT_MS, 0, false, HEARTBEAT_KILL });
}

static void test_off(void **state)
{
	(void)state;
	WALK(0, { 2000, 0, true, HEARTBEAT_WAIT }, { INT64_MAX / 2, 0, false, HEARTBEAT_WAIT });
}

/* An hour in which the supervisor did not run either is not the roles' silence; what was silent
 * before and stays so is ended all the same. */
static void test_own_sleep(void **state)
{
	(void)state;
	int64_t hour = 3600 * 1000;
	WALK(LIMIT,
	     { 2000, 0, true, HEARTBEAT_WAIT },
	     { 2000 + LOOK + hour, hour, false, HEARTBEAT_WAIT },
	     { 2000 + LIMIT + hour - 1, 0, false, HEARTBEAT_WAIT },
	     { 2000 + LIMIT + hour, 0, false, HEARTBEAT_ABORT },
	     { 2000 + LIMIT + 2 * hour, hour, false, HEARTBEAT_WAIT },
	     { 2000 + LIMIT + 2 * hour + HEARTBEAT_ABORT_MS, 0, false, HEARTBEAT_KILL });
	/* It never counts as heard in the future. */
	WALK(LIMIT,
	     { 2000, hour, true, HEARTBEAT_WAIT },
	     { 2000 + LIMIT, 0, false, HEARTBEAT_ABORT });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speaks),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_start_takes_its_time),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_own_sleep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
