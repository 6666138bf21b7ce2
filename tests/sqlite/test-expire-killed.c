/* SPDX-License-Identifier: ISC
 *
 * The removal of what is old is killed at any instant: a test is there with its result, or gone
 * with it.
 */
#include "store/admin.h"

#include "base/random.h"
#include "store/upkeep.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAY = 86400, KILLS = 20, MANY = 60 };

static const struct store_config keep = {
	.keep_tests_s = 100 * DAY, .keep_returns_s = 50 * DAY, .keep_evidence_s = 366 * DAY,
};

static struct store_expiry expire_as(struct store *who, int64_t now_s, size_t max, bool dry)
{
	struct store_expiry x = { 0 };
	unsigned passes = 0;
	while (!x.over) {
		OK(who, store_expire(who, &keep, now_s, max, dry, &x));
		assert_true(++passes < 1000);
	}
	return x;
}

static struct test closed_test(const char *endpoint, int64_t now_s)
{
	struct test t = add_test(st, endpoint, now_s);
	finish_with(st, &t, VERDICT_CLOSED, true, true, now_s);
	return t;
}

static int64_t count(const char *text)
{
	char path[256];
	sqlite3 *db;
	sqlite3_stmt *s;
	snprintf(path, sizeof(path), "%s/portreeve.db", state);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

/* Removes two tests a pass, and says so of each pass. */
static void remover(int out)
{
	struct store *mine = open_store(state, STORE_TESTS | STORE_LIST);
	struct store_expiry x = { 0 };
	while (!x.over && store_expire(mine, &keep, NOW + 200 * DAY, 2, false, &x) == ERR_OK)
		if (write(out, "", 1) != 1)
			break;
	_exit(0);
}

static void spin(uint64_t turns)
{
	for (volatile uint64_t i = 0; i < turns; i++)
		;
}

/* At any instant a test is there with its result, or gone with it. */
static void killed_at_any_instant(void **unused)
{
	(void)unused;
	for (int i = 0; i < MANY; i++) {
		closed_test("192.0.2.1:25", NOW);
		struct test open = add_test(st, "192.0.2.2:25", NOW);
		finish_open(st, &open, "E01", "", NOW);
	}
	store_close(st);
	for (int i = 0; i < KILLS; i++) {
		int out[2];
		char said;
		assert_int_equal(pipe(out), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			remover(out[1]);
		close(out[1]);
		for (uint64_t n = random_u64() % 3; n > 0 && read(out[0], &said, 1) == 1; n--)
			;
		spin(random_u64() % 2000000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		close(out[0]);
		st = open_store(state, STORE_ALL);
		assert_int_equal(count("SELECT count(*) FROM tests AS t WHERE"
		                       " (SELECT count(*) FROM results WHERE test = t.key) <> 1"),
		                       0);
		assert_int_equal(count("SELECT count(*) FROM results AS r WHERE NOT EXISTS"
		                       " (SELECT 1 FROM tests WHERE key = r.test)"), 0);
		assert_int_equal(count("SELECT count(*) FROM listings"), 1);
		store_close(st);
	}
	st = open_store(state, STORE_ALL);
	expire_as(st, NOW + 200 * DAY, 10, false);
	assert_int_equal(count("SELECT count(*) FROM tests"), MANY + 1);
	assert_int_equal(count("SELECT count(*) FROM evidence"), MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_at_any_instant, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
