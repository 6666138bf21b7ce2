/* SPDX-License-Identifier: ISC
 *
 * What is old goes, and what something rests on stays: the decision as a table, then the rows
 * of a store.
 */
#include "admin.h"
#include "store/evidence-rows.h"
#include "store/list.h"
#include "store/retention.h"
#include "store/returns.h"
#include "store/tests.h"
#include "store/upkeep.h"

#include <stdio.h>

enum { DAY = 86400 };

static const struct store_config keep = {
	.keep_tests_s = 100 * DAY, .keep_returns_s = 50 * DAY, .keep_evidence_s = 366 * DAY,
};

static void decision(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		enum retained kind;
		struct retention_facts facts;
		int64_t now_s;
		bool over;
	} rows[] = {
		{ "young test", RETAINED_TEST, { .time_s = NOW }, NOW + 100 * DAY - 1, false },
		{ "old test", RETAINED_TEST, { .time_s = NOW }, NOW + 100 * DAY, true },
		{ "last test", RETAINED_TEST, { .time_s = NOW, .last = true }, NOW + 999 * DAY,
		  false },
		{ "test under way", RETAINED_TEST, { .under_way = true }, NOW + 999 * DAY, false },
		{ "test of a listed address", RETAINED_TEST, { .listed = true }, NOW + 999 * DAY,
		  false },
		{ "young evidence", RETAINED_EVIDENCE, { .time_s = NOW }, NOW + 366 * DAY - 1,
		  false },
		{ "old evidence", RETAINED_EVIDENCE, { .time_s = NOW }, NOW + 366 * DAY, true },
		{ "evidence of a listing", RETAINED_EVIDENCE, { .time_s = NOW, .listed = true },
		  NOW + 9999 * DAY, false },
		{ "delisted less than a year ago", RETAINED_EVIDENCE,
		  { .time_s = NOW, .delisted_s = NOW + 1000 * DAY }, NOW + 1365 * DAY, false },
		{ "delisted a year ago", RETAINED_EVIDENCE,
		  { .time_s = NOW, .delisted_s = NOW + 1000 * DAY }, NOW + 1366 * DAY, true },
		{ "made after a delisting", RETAINED_EVIDENCE,
		  { .time_s = NOW, .delisted_s = NOW - 1000 * DAY }, NOW + 365 * DAY, false },
		{ "young return", RETAINED_RETURN, { .time_s = NOW }, NOW + 50 * DAY - 1, false },
		{ "old return", RETAINED_RETURN, { .time_s = NOW }, NOW + 50 * DAY, true },
		{ "unread return", RETAINED_RETURN, { .time_s = NOW, .unread = true },
		  NOW + 999 * DAY, false },
		{ "return of a listed address", RETAINED_RETURN, { .time_s = NOW, .listed = true },
		  NOW + 999 * DAY, false },
		{ "old request", RETAINED_REQUEST, { .time_s = NOW }, NOW + 50 * DAY, true },
		{ "the clock was set back", RETAINED_TEST, { .time_s = NOW }, 0, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].name, retention_over(rows[i].kind, &rows[i].facts, &keep,
		                                       rows[i].now_s) == rows[i].over);
}

/* ---- a store ------------------------------------------------------------------- */

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

static bool has_test(const char *id)
{
	struct test t;
	return store_test_get(st, id, &t) == ERR_OK;
}

static bool has_evidence(const char *test_id)
{
	char id[48];
	struct str bundle;
	snprintf(id, sizeof(id), "ev-%s", test_id);
	return store_evidence_get(st, id, &a, &bundle) == ERR_OK;
}

static struct test closed_test(const char *endpoint, int64_t now_s)
{
	struct test t = add_test(st, endpoint, now_s);
	finish_with(st, &t, VERDICT_CLOSED, true, true, now_s);
	return t;
}

static void old_tests_go(void **unused)
{
	(void)unused;
	struct test first = closed_test("192.0.2.1:25", NOW);
	struct test second = closed_test("192.0.2.1:25", NOW + DAY);
	struct test other_port = closed_test("192.0.2.1:587", NOW + DAY);
	struct test third = closed_test("192.0.2.1:25", NOW + 2 * DAY);
	struct test waits = add_test(st, "192.0.2.2:25", NOW);
	int64_t then = NOW + 101 * DAY;
	assert_int_equal(rows_of(st, ROW_RESULT), 4);

	struct store_expiry x = expire_as(st, NOW + 100 * DAY - 1, 10, false);
	assert_int_equal(x.removed[RETAINED_TEST], 0);
	x = expire_as(st, then, 10, true);
	assert_int_equal(x.removed[RETAINED_TEST], 2);
	assert_true(has_test(first.id) && has_test(second.id));

	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	x = expire_as(tester, then, 1, false);
	store_close(tester);
	assert_int_equal(x.removed[RETAINED_TEST], 2);
	assert_false(has_test(first.id) || has_test(second.id));
	assert_true(has_test(third.id) && has_test(other_port.id) && has_test(waits.id));
	assert_int_equal(rows_of(st, ROW_RESULT), 2);
}

/* A listing of 300 days, then a delisting: its evidence stays a year more. */
static void evidence_outlives_its_listing(void **unused)
{
	(void)unused;
	struct test open = add_test(st, "192.0.2.1:25", NOW);
	struct ip address = ip_of("192.0.2.1");
	char id[48];
	struct str bundle;
	finish_open(st, &open, "E01", "", NOW);
	struct test again = add_test(st, "192.0.2.1:25", NOW + DAY);
	finish_with(st, &again, VERDICT_CLOSED, false, false, NOW + DAY);
	expire_as(st, NOW + 9999 * DAY, 10, false);
	assert_true(has_test(open.id) && has_test(again.id) && has_evidence(open.id));

	int64_t delisted_s = NOW + 300 * DAY;
	OK(st, store_delist(st, &address, "tests", "repaired", delisted_s));
	struct test last = closed_test("192.0.2.1:25", delisted_s);
	struct store_expiry x = expire_as(st, delisted_s + 366 * DAY - 1, 10, false);
	assert_int_equal(x.removed[RETAINED_TEST], 2);
	assert_int_equal(x.removed[RETAINED_EVIDENCE], 0);
	assert_false(has_test(open.id));
	assert_true(has_test(last.id) && has_evidence(open.id));
	OK(st, store_evidence_of(st, &address, &a, id, &bundle));

	uint64_t serial = serial_of(st);
	x = expire_as(st, delisted_s + 366 * DAY, 10, false);
	assert_int_equal(x.removed[RETAINED_EVIDENCE], 1);
	assert_false(has_evidence(open.id));
	assert_int_equal(serial_of(st), serial);       /* no change of the list */
	assert_true(rows_of(st, ROW_JOURNAL) > 0);
}

/* The last test stays; what it says of its evidence must be true. */
static void no_test_names_what_has_gone(void **unused)
{
	(void)unused;
	struct ip address = ip_of("2001:db8::1");
	struct test open = add_test(st, "[2001:db8::1]:25", NOW), got;
	finish_open(st, &open, "E01", "", NOW);
	OK(st, store_delist(st, &address, "tests", "by word", NOW + DAY));
	OK(st, store_test_get(st, open.id, &got));
	assert_true(got.evidence_id[0]);
	expire_as(st, NOW + 400 * DAY, 10, false);
	OK(st, store_test_get(st, open.id, &got));
	assert_string_equal(got.evidence_id, "");
}

/* ---- returns ---------------------------------------------------------------------- */

static void add_return(const char *test_id, const char *token, int64_t now_s)
{
	struct test_return r = {
		.case_id = "E01", .kind = RETURN_RECIPIENT, .marked = true, .time_s = now_s,
		.peer = endpoint_of("192.0.2.1:1025"), .message = STR("Subject: probe\n\nx\n"),
	};
	str_copy(r.test_id, sizeof(r.test_id), str_of(test_id));
	str_copy(r.token, sizeof(r.token), str_of(token));
	OK(st, store_return_add(st, &r, 3));
}

static size_t returns_left(void)
{
	struct test_return *rows;
	size_t n;
	OK(st, store_returns_after(st, 0, 100, true, &a, &rows, &n));
	return n;
}

static void old_returns_go(void **unused)
{
	(void)unused;
	struct test listed = add_test(st, "192.0.2.1:25", NOW);
	finish_open(st, &listed, "E01", "", NOW);
	struct retest_request asked = { .address = ip_of("192.0.2.9"), .time_s = NOW };
	add_return(listed.id, "aaaa", NOW);
	add_return("gonegone", "bbbb", NOW);
	add_return("gonegone", "cccc", NOW + DAY);
	OK(st, store_request_add(st, &asked, 60));
	struct store *collector = open_store(state, STORE_RETURNS);
	int64_t then = NOW + 50 * DAY;

	/* The tester has seen none of it. */
	struct store_expiry x = expire_as(collector, then, 10, false);
	assert_int_equal(x.removed[RETAINED_RETURN] + x.removed[RETAINED_REQUEST], 0);

	OK(st, store_cursor_set(st, "returns", 3));
	OK(st, store_cursor_set(st, "requests", 1));
	x = expire_as(collector, then, 1, false);
	assert_int_equal(x.removed[RETAINED_RETURN], 1);
	assert_int_equal(x.removed[RETAINED_REQUEST], 1);
	assert_int_equal(x.removed[RETAINED_TEST], 0);
	assert_int_equal(returns_left(), 2);
	x = expire_as(collector, then + DAY, 1, false);
	assert_int_equal(x.removed[RETAINED_RETURN], 1);
	store_close(collector);

	/* Numbers are not given again: the cursor would pass over new rows. */
	add_return("newonesx", "dddd", NOW);
	struct test_return *rows;
	size_t n;
	OK(st, store_returns_after(st, 3, 10, false, &a, &rows, &n));
	assert_int_equal(n, 1);
}

static void roles(void **unused)
{
	(void)unused;
	struct store *dnsbl = open_store(state, STORE_READS);
	struct store_expiry x = { 0 };
	assert_int_equal(store_expire(dnsbl, &keep, NOW, 10, false, &x), ERR_DENIED);
	store_close(dnsbl);
	struct test old = closed_test("192.0.2.1:25", NOW);
	closed_test("192.0.2.1:25", NOW);
	struct store *collector = open_store(state, STORE_RETURNS);
	x = expire_as(collector, NOW + 999 * DAY, 10, false);
	assert_int_equal(x.removed[RETAINED_TEST], 0);
	store_close(collector);
	assert_true(has_test(old.id));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decision), EACH(old_tests_go), EACH(evidence_outlives_its_listing),
		EACH(no_test_names_what_has_gone), EACH(old_returns_go), EACH(roles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
