/* SPDX-License-Identifier: ISC
 *
 * What `portreeve list` shows of the rows that there are: one address, ranges, filters, orders,
 * limits, counts. Each row of a story is a process; the query itself is a table.
 */
#include "program.h"

#include "test.h"

#include "cli/list.h"

#define STORY(rows) program_story(rows, sizeof(rows) / sizeof(*(rows)))

static int begin(void **state)
{
	(void)state;
	program_begin("tester {\n  ports = {25, 587}\n  collector = \"127.0.0.1:1\"\n}\n");
	static const struct program_row rows[] = {
		{ "list add 192.0.2.9 --why nine --by me", EX_OK, "listed", NULL },
		{ "list add 192.0.2.130 --why far --by you", EX_OK, "listed", NULL },
		{ "list add 2a00:5::5 --why six --by me", EX_OK, "listed", NULL },
		{ "permit add 192.0.2.0/28 --consent range --by me", EX_OK, "permitted", NULL },
		{ "nominate 192.0.2.1 --reason spam --by me", EX_OK, "nominated", NULL },
		{ "nominate 192.0.2.2 --reason spam --by you", EX_OK, "nominated", NULL },
	};
	STORY(rows);
	return 0;
}

static int end(void **state)
{
	(void)state;
	program_end();
	return 0;
}

static void test_ranges(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list 192.0.2.9 --count", EX_OK, "1\n", NULL },
		{ "list listings 192.0.2.9", EX_OK, "192.0.2.9  ", NULL },
		{ "list 192.0.2.10", EX_OK, "nothing matches\n", NULL },
		{ "list 192.0.2.10 --json", EX_OK, NULL, NULL },
		{ "list 192.0.2.0/25 --count", EX_OK, "1\n", NULL },
		{ "list 192.0.2.0/24 --count", EX_OK, "2\n", NULL },
		{ "list 0.0.0.0/0 --count", EX_OK, "2\n", NULL },
		{ "list ::/0 --count", EX_OK, "1\n", NULL },
		{ "list 2a00:5::/64", EX_OK, "2a00:5::5", NULL },
		{ "list --count --json", EX_OK, "{\"count\":3}\n", NULL },
		{ "list tests 192.0.2.2 --count", EX_OK, "2\n", NULL },
		{ "list tests 192.0.2.0/31 --count", EX_OK, "2\n", NULL },
		{ "list nominations 192.0.2.0/30 --count", EX_OK, "2\n", NULL },
		/* The permit's range holds the address. */
		{ "list journal 192.0.2.9", EX_OK, "permit  192.0.2.0/28", NULL },
		{ "list journal 192.0.2.9 --count", EX_OK, "2\n", NULL },
		{ "list journal 192.0.2.128/25", EX_OK, "192.0.2.130", NULL },
		{ "list journal 192.0.2.128/25 --count", EX_OK, "1\n", NULL },
		{ "list 192.0.2.1/24", EX_USAGE, NULL, "\"192.0.2.1/24\": expected" },
		{ "list 999.1", EX_USAGE, NULL, "\"999.1\": expected an address or" },
		{ "list 192.0.2.1 192.0.2.2", EX_USAGE, NULL, "\"192.0.2.2\": expected no more" },
		{ "list test", EX_USAGE, NULL, "agree or disagree; did you mean tests?" },
		{ "list add 192.0.2.1 --why x --count", EX_USAGE, NULL, "\"add\": expected a kind" },
	};
	STORY(rows);
}

/* Ranges stand where their first address does, and are found by any address inside them. */
static void test_listed_ranges(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list add 192.0.2.0/28 --why all --by me", EX_OK, "192.0.2.0/28: listed by", NULL },
		{ "list add 2a00:5:0:1::/64 --why six --by me --json", EX_OK,
		  "{\"address\":\"2a00:5:0:1::/64\",\"prefix\":64,\"listed\":true}\n", NULL },
		{ "list --count", EX_OK, "5\n", NULL },
		{ "list --by-operator --count", EX_OK, "5\n", NULL },
		{ "list --limit 1", EX_OK, "192.0.2.0/28  ", NULL },
		{ "list 192.0.2.15 --count", EX_OK, "1\n", NULL },
		{ "list 192.0.2.9 --count", EX_OK, "2\n", NULL },
		{ "list 192.0.2.16 --count", EX_OK, "0\n", NULL },
		{ "list 192.0.2.0/24 --count", EX_OK, "3\n", NULL },
		{ "list 192.0.2.0/30 --count", EX_OK, "1\n", NULL },
		{ "list --sort address --limit 1 --json", EX_OK, "{\"address\":\"192.0.2.0/28\",", NULL },
		{ "list --undecided", EX_OK, "nothing listed is undecided\n", NULL },
		{ "list 192.0.2.3", EX_OK, "by the operator's word: all\n", NULL },
		{ "list add 192.0.2.9/24 --why x", EX_USAGE, NULL, "set, as 192.0.2.0/24\n" },
		{ "list add [2a00:5::5] --why x", EX_CANTCREAT, NULL, "listed already" },
		{ "delist 192.0.2.3 --why x", EX_NOPERM, NULL, "part of 192.0.2.0/28" },
		{ "delist 192.0.2.0/28 --why x", EX_OK, "; 1 listing inside it stays\n", NULL },
		{ "delist 192.0.2.3 --why x", EX_NOINPUT, NULL, "expected a listed address" },
	};
	STORY(rows);
}

static void test_filters(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list --since 2020-01-01 --count", EX_OK, "3\n", NULL },
		{ "list --before 2020-01-01 --count", EX_OK, "0\n", NULL },
		{ "list tests --before 2020-01-01", EX_OK, "nothing matches\n", NULL },
		{ "list journal --since 2020-01-01T00:00:00Z --before 2999-01-01 --by you --count",
		  EX_OK, "2\n", NULL },
		{ "list --by-operator --count", EX_OK, "3\n", NULL },
		{ "list nominations --by you --json", EX_OK, "{\"id\":2,\"address\":\"192.0.2.2\"",
		  NULL },
		{ "list tests --test-state queued --count", EX_OK, "4\n", NULL },
		{ "list tests --test-state done --count", EX_OK, "0\n", NULL },
		{ "list tests --verdict none --count", EX_OK, "4\n", NULL },
		{ "list tests --verdict open --count", EX_OK, "0\n", NULL },
		{ "list --undecided --verdict accepting", EX_OK, "nothing matches\n", NULL },
		{ "list --since 1.1.2020", EX_USAGE, NULL, "\"1.1.2020\": expected" },
		{ "list --since 2020-01-02 --before 2020-01-01", EX_USAGE, NULL,
		  "\"2020-01-01\": expected a date behind that of --since" },
		{ "list tests --test-state over", EX_USAGE, NULL,
		  "\"over\": expected queued, running, waiting or done" },
		{ "list tests --verdict opne", EX_USAGE, NULL, "\"opne\": expected none, open, " },
		{ "list --sort size", EX_USAGE, NULL, "\"size\": expected newest, oldest or address" },
		{ "list --verdict open", EX_USAGE, NULL, "\"listings\": expected tests, or listings "
		  "--undecided, with --verdict" },
		{ "list --test-state done", EX_USAGE, NULL, "expected tests with --test-state" },
		{ "list tests --by-operator", EX_USAGE, NULL, "\"tests\": expected listings with" },
		{ "list returns --by me", EX_USAGE, NULL, "\"returns\": expected tests, journal" },
		{ "list --why x", EX_USAGE, NULL, "\"listings\": expected add with --why" },
		{ "list tests --undecided", EX_USAGE, NULL, "expected listings with --undecided" },
	};
	STORY(rows);
}

static void test_order_and_limit(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list --limit 1 --json", EX_OK, "{\"address\":\"192.0.2.9\",", NULL },
		{ "list --sort address --limit 2 --count", EX_OK, "2\n", NULL },
		{ "list nominations --limit 1 --json", EX_OK, "\"address\":\"192.0.2.2\"", NULL },
		{ "list nominations --sort address --limit 1 --json", EX_OK,
		  "\"address\":\"192.0.2.1\"", NULL },
		{ "list journal --limit 1 --json", EX_OK, "\"action\":\"nominate\",\"subject\":"
		  "\"192.0.2.2\"", NULL },
		{ "list journal --sort oldest --limit 1 --json", EX_OK, "{\"serial\":1,", NULL },
		{ "list tests --limit 1 --json", EX_OK, "\"address\":\"192.0.2.2\"", NULL },
		{ "list --limit 0", EX_USAGE, NULL, "expected a number from 1 to 1000000" },
	};
	STORY(rows);
}

/* When it goes on is shown of a test that waits, in a column and a field. */
static void test_due(void **state)
{
	(void)state;
	program_check("list tests", EX_OK, "  FROM                 DUE                  WHO\n", NULL);
	program_check("list tests --json", EX_OK, "Z\",\"due\":\"20", NULL);
	static const struct {
		struct test t;
		int64_t due_s;
	} rows[] = {
		{ { .state = TEST_QUEUED, .created_s = 5, .not_before_s = 9 }, 9 },
		{ { .state = TEST_QUEUED, .created_s = 5 }, 5 },
		{ { .state = TEST_WAITING, .not_before_s = 9, .wait_until_s = 20 }, 20 },
		{ { .state = TEST_RUNNING, .not_before_s = 9, .wait_until_s = 20 }, 0 },
		{ { .state = TEST_DONE, .not_before_s = 9, .wait_until_s = 20 }, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(test_due_s(&rows[i].t), rows[i].due_s);
}

static struct prefix range_of(const char *text)
{
	struct prefix p = { 0 };
	assert_int_equal(prefix_parse(str_of(text), &p, NULL), ERR_OK);
	return p;
}

static void test_query(void **state)
{
	(void)state;
	static const struct {
		const char *range;
		int64_t since_s, before_s;
		const char *by, *subject;
		int64_t time_s;
		const char *who;
		bool fits;
	} rows[] = {
		{ NULL, 0, 0, NULL, "192.0.2.1", 10, NULL, true },
		{ NULL, 10, 0, NULL, "192.0.2.1", 10, NULL, true },
		{ NULL, 11, 0, NULL, "192.0.2.1", 10, NULL, false },
		{ NULL, 0, 10, NULL, "192.0.2.1", 10, NULL, false },
		{ NULL, 0, 11, NULL, "192.0.2.1", 10, NULL, true },
		{ NULL, 5, 11, NULL, "192.0.2.1", 0, NULL, false },
		{ NULL, 0, 0, "me", "192.0.2.1", 10, "me", true },
		{ NULL, 0, 0, "me", "192.0.2.1", 10, "you", false },
		{ NULL, 0, 0, "me", "192.0.2.1", 10, NULL, false },
		{ "192.0.2.0/30", 0, 0, NULL, "192.0.2.3", 1, NULL, true },
		{ "192.0.2.0/30", 0, 0, NULL, "192.0.2.4", 1, NULL, false },
		{ "192.0.2.0/30", 0, 0, NULL, "192.0.2.0/24", 1, NULL, true },
		{ "192.0.2.1", 0, 0, NULL, "192.0.2.0/24", 1, NULL, true },
		{ "192.0.2.1", 0, 0, NULL, "192.0.3.0/24", 1, NULL, false },
		{ "0.0.0.0/0", 0, 0, NULL, "2001:db8::1", 1, NULL, false },
		{ "::/0", 0, 0, NULL, "2001:db8::1", 1, NULL, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct list_query q = {
			.since_s = rows[i].since_s, .before_s = rows[i].before_s, .by = rows[i].by,
			.ranged = rows[i].range, .state = -1, .verdict = -1,
		};
		if (q.ranged)
			q.range = range_of(rows[i].range);
		struct list_key key = { range_of(rows[i].subject), rows[i].time_s, rows[i].who };
		if (list_query_fits(&q, &key) != rows[i].fits)
			fail_msg("row %zu: expected %d", i, rows[i].fits);
	}
	struct list_key a = { range_of("192.0.2.1"), 20, NULL }, b = { range_of("::1"), 10, NULL };
	assert_true(list_key_cmp(LIST_NEWEST, &a, &b) < 0);
	assert_true(list_key_cmp(LIST_OLDEST, &a, &b) > 0);
	assert_true(list_key_cmp(LIST_ADDRESS, &a, &b) < 0);
	assert_int_equal(list_key_cmp(LIST_AS_KEPT, &a, &b), 0);
}

#define IN_A_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(int argc, char **argv)
{
	if (argc > 1)
		return program_main(argc, argv);
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(test_ranges), IN_A_DIRECTORY(test_listed_ranges),
		IN_A_DIRECTORY(test_filters),
		IN_A_DIRECTORY(test_order_and_limit), IN_A_DIRECTORY(test_due),
		cmocka_unit_test(test_query),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
