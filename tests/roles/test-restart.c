/* SPDX-License-Identifier: ISC
 *
 * When a role is started again: the back-off, what ends everything, and the store that was
 * replaced.
 */
#include "test.h"

#include "roles/restart.h"
#include "roles/role.h"

#include <signal.h>
#include <sysexits.h>

/* One end a row, one role through all of them. */
struct row {
	const char *name;
	int64_t lived_ms;
	struct restart_end end;
	bool became_ready, all_were_ready;
	enum restart_step step;
	int64_t wait_ms;
};

static void walk(const struct row *rows, size_t n)
{
	struct restart r = { 0 };
	int64_t now_ms = 1000;
	for (size_t i = 0; i < n; i++) {
		int64_t wait_ms = -1;
		r.started_ms = now_ms;
		r.was_ready |= rows[i].became_ready;
		now_ms += rows[i].lived_ms;
		CHECK_ROW(rows[i].name, restart_after(&r, rows[i].end, rows[i].all_were_ready,
		                                      now_ms, &wait_ms) == rows[i].step);
		CHECK_ROW(rows[i].name, wait_ms == rows[i].wait_ms);
	}
}
#define WALK(...) \
	walk((const struct row[]){ __VA_ARGS__ }, \
	     sizeof((const struct row[]){ __VA_ARGS__ }) / sizeof(struct row))

#define KILLED { .killed = true, .how = SIGSEGV }
#define CODE(c) { .how = (c) }

static void test_backoff(void **state)
{
	(void)state;
	WALK({ "first", 100, KILLED, true, true, RESTART_DIED, 500 },
	     { "second", 100, KILLED, true, true, RESTART_DIED, 1000 },
	     { "third, by itself", 100, CODE(0), true, true, RESTART_DIED, 2000 },
	     { "fourth", 59999, KILLED, true, true, RESTART_DIED, 4000 },
	     { "it lived for a minute", 60000, KILLED, true, true, RESTART_DIED, 500 },
	     { "and died again", 100, CODE(EX_SOFTWARE), true, true, RESTART_DIED, 1000 });
}

static void test_backoff_ends(void **state)
{
	(void)state;
	struct restart r = { .was_ready = true };
	int64_t wait_ms = 0, before_ms = 0;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(restart_after(&r, (struct restart_end)KILLED, true, 1, &wait_ms),
		                 RESTART_DIED);
		assert_true(wait_ms >= before_ms && wait_ms <= RESTART_MOST_MS);
		before_ms = wait_ms;
	}
	assert_int_equal(wait_ms, RESTART_MOST_MS);
}

/* What cannot start is told at once, and by the exit code; what may pass is tried again. */
static void test_start(void **state)
{
	(void)state;
	WALK({ "it refuses", 10, CODE(EX_CONFIG), false, false, RESTART_NEVER, -1 });
	WALK({ "it ends", 10, CODE(0), false, false, RESTART_NEVER, -1 });
	WALK({ "its store was replaced before it was ready", 10, CODE(ROLE_STORE_REPLACED), false,
	       false, RESTART_NEVER, -1 });
	WALK({ "locked", 10, CODE(EX_TEMPFAIL), false, false, RESTART_DIED, 500 },
	     { "still", 10, CODE(EX_TEMPFAIL), false, false, RESTART_DIED, 1000 },
	     { "then it refuses", 10, CODE(EX_NOPERM), false, false, RESTART_NEVER, -1 });
	WALK({ "killed", 10, KILLED, false, false, RESTART_DIED, 500 });
	WALK({ "it was ready once", 10, CODE(EX_CONFIG), true, false, RESTART_DIED, 500 });
	WALK({ "all others are", 10, CODE(EX_CONFIG), false, true, RESTART_DIED, 500 });
	assert_int_equal(restart_exit_code((struct restart_end)CODE(EX_CONFIG)), EX_CONFIG);
	assert_int_equal(restart_exit_code((struct restart_end)CODE(0)), EX_SOFTWARE);
}

/* At once; not in a loop if it finds it replaced again; and it is no death. */
static void test_replaced_store(void **state)
{
	(void)state;
	WALK({ "after a while", 5000, CODE(ROLE_STORE_REPLACED), true, true, RESTART_REPLACED, 0 },
	     { "at once", 100, CODE(ROLE_STORE_REPLACED), true, true, RESTART_REPLACED, 500 },
	     { "again", 999, CODE(ROLE_STORE_REPLACED), true, true, RESTART_REPLACED, 500 },
	     { "settled", 1000, CODE(ROLE_STORE_REPLACED), true, true, RESTART_REPLACED, 0 },
	     { "a death after that", 100, KILLED, true, true, RESTART_DIED, 500 },
	     { "a signal of that number", 100, { true, ROLE_STORE_REPLACED }, true, true,
	       RESTART_DIED, 1000 });
}

static void test_trials(void **state)
{
	(void)state;
	struct restart r = { 0 };
	assert_true(restart_try(&r, 100));
	assert_false(restart_try(&r, 100));
	assert_false(restart_try(&r, 100 + RESTART_TRIAL_MS - 1));
	assert_true(restart_try(&r, 100 + RESTART_TRIAL_MS));
	assert_false(restart_try(&r, 101 + RESTART_TRIAL_MS));
}

static void test_stuck(void **state)
{
	(void)state;
	assert_false(restart_is_stuck(0, 1000000));
	assert_false(restart_is_stuck(1000, 1000 + RESTART_GONE_MS));
	assert_true(restart_is_stuck(1000, 1001 + RESTART_GONE_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_backoff_ends),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_replaced_store),
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_stuck),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
