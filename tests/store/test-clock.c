/* SPDX-License-Identifier: ISC
 *
 * What a wrong clock may do, and what it leaves behind: the judgement as a table, then a store
 * that is met two years ahead, a year back, and with rows from the future.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/clock.h"
#include "store/fuse.h"
#include "store/heartbeat.h"
#include "store/list.h"
#include "store/reports.h"

#include "base/clock.h"
#include "store/keys.h"
#include "store/retention.h"
#include "store/returns.h"
#include "store/tests.h"
#include "store/upkeep.h"

#include <stdio.h>

enum { HOUR = 3600, DAY = 86400, YEAR = 366 * DAY, JUMP = 7 * DAY };

static const struct store_config keep = {
	.keep_tests_s = 180 * DAY, .keep_returns_s = 90 * DAY, .keep_evidence_s = 366 * DAY,
};

static void judgement(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		int64_t known_s, now_s, jump_max_s;
		enum clock_state state;
	} rows[] = {
		{ "the same", NOW, NOW, JUMP, CLOCK_STEADY },
		{ "as far as it may be", NOW, NOW + JUMP, JUMP, CLOCK_STEADY },
		{ "a second further", NOW, NOW + JUMP + 1, JUMP, CLOCK_AHEAD },
		{ "two years ahead", NOW, NOW + 2LL * YEAR, JUMP, CLOCK_AHEAD },
		{ "an hour back", NOW, NOW - HOUR, JUMP, CLOCK_STEADY },
		{ "a second more", NOW, NOW - HOUR - 1, JUMP, CLOCK_BEHIND },
		{ "1970", NOW, 0, JUMP, CLOCK_BEHIND },
		{ "nothing is known", 0, NOW, JUMP, CLOCK_STEADY },
		{ "not judged", NOW, NOW + 2LL * YEAR, 0, CLOCK_STEADY },
		{ "the end of time", NOW, INT64_MAX, JUMP, CLOCK_AHEAD },
		{ "known at the end of time", INT64_MAX, NOW, JUMP, CLOCK_BEHIND },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].name, heartbeat_judge(rows[i].known_s, rows[i].now_s,
		                                        rows[i].jump_max_s) == rows[i].state);
}

static void steps(void **unused)
{
	(void)unused;
	assert_false(heartbeat_crept(NOW, NOW + DAY + JUMP, DAY, JUMP));
	assert_true(heartbeat_crept(NOW, NOW + DAY + JUMP + 1, DAY, JUMP));
	assert_false(heartbeat_crept(NOW, NOW + DAY - JUMP, DAY, JUMP));
	assert_true(heartbeat_crept(NOW, NOW + DAY - JUMP - 1, DAY, JUMP));
	assert_false(heartbeat_crept(NOW, NOW + YEAR, 0, 0));
	/* A role that runs for a year, by a good clock. */
	assert_false(heartbeat_crept(NOW, NOW + YEAR, YEAR, JUMP));
}

static void past(void **unused)
{
	(void)unused;
	assert_int_equal(clock_past(NOW - 1, NOW), NOW - 1);
	assert_int_equal(clock_past(NOW, NOW), NOW);
	assert_int_equal(clock_past(NOW + 1, NOW), NOW);
	/* One that is ahead is as young as can be, and no younger. */
	assert_false(admission_may_repeat(NOW + YEAR, NOW, DAY, false));
	assert_true(admission_may_repeat(NOW + YEAR, NOW, 0, false));
	struct retention_facts facts = { .time_s = NOW + YEAR };
	struct store_config none = { 0 };
	assert_false(retention_over(RETAINED_TEST, &facts, &keep, NOW));
	assert_true(retention_over(RETAINED_TEST, &facts, &none, NOW));
}

/* ---- a store -------------------------------------------------------------------- */

static void believe(int64_t now_s)
{
	struct fuse fuse = *store_fuse(st);
	store_set_rules(st, &fuse, JUMP);
	OK(st, store_clock_beat(st, now_s));
}

static enum clock_state state_at(int64_t now_s)
{
	struct store_clock c;
	OK(st, store_clock_look(st, now_s, &c));
	return c.state;
}

static struct test_return return_of(const struct test *t, int64_t now_s)
{
	struct test_return r = { .case_id = "E01", .kind = RETURN_RECIPIENT, .marked = true,
	                         .peer = t->target, .time_s = now_s, .message = STR("x") };
	str_copy(r.test_id, sizeof(r.test_id), str_of(t->id));
	snprintf(r.token, sizeof(r.token), "token-%s", t->id);
	return r;
}

static uint64_t expire_at(int64_t now_s)
{
	struct store_expiry x = { 0 };
	uint64_t n = 0;
	while (!x.over)
		OK(st, store_expire(st, &keep, now_s, 100, false, &x));
	for (size_t i = 0; i < RETAINED_KINDS; i++)
		n += x.removed[i];
	return n;
}

/* Two tests of an address that is not listed, with evidence and a return that was read. */
static struct test old_things(void)
{
	struct test t = add_test(st, "192.0.2.25:25", NOW);
	finish_open(st, &t, "E01", "", NOW);
	struct test_return r = return_of(&t, NOW);
	OK(st, store_return_add(st, &r, 3));
	OK(st, store_cursor_set(st, "returns", r.id));
	OK(st, store_delist(st, &t.target.ip, "op", "over", NOW));
	t = add_test(st, "192.0.2.25:25", NOW);
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW);
	return t;
}

#define REFUSED(call) \
	do { \
		assert_int_equal(call, ERR_BUSY); \
		assert_non_null(strstr(store_message(st), "portreeve clock accept")); \
	} while (0)

/* Nothing of all that could not be undone is done by a clock that has jumped. */
static void nothing_is_done_at(int64_t now_s, const struct test *queued)
{
	struct ip one = ip_of("192.0.2.25"), two = ip_of("192.0.2.77");
	struct store_expiry x = { 0 };
	struct test rows[4], t = { .target = endpoint_of("192.0.2.78:25"),
	                           .consent = CONSENT_OWNER, .created_s = now_s };
	struct case_result result = result_of("E01", queued, "");
	struct test_outcome outcome = { .test_id = queued->id, .verdict = VERDICT_OPEN,
	                                .results = &result, .result_count = 1,
	                                .now_s = now_s, .evidence_id = "" };
	struct permit permit = { .range = prefix_of_text("192.0.2.0/24"),
	                         .consent = CONSENT_RANGE, .by = "x", .created_s = now_s };
	struct exclusion exclusion = { .range = prefix_of_text("192.0.2.0/24"), .by = "x",
	                               .why = "y", .created_s = now_s };
	struct nomination nomination = { .address = two, .by = "x", .reason = "y",
	                                 .created_s = now_s };
	struct lifecycle_effects effects;
	struct prefix range = prefix_of_text("192.0.2.64/26");
	struct prefix listed = prefix_of_text("192.0.2.128/26");
	unsigned n;
	size_t leased;
	uint64_t serial = serial_of(st);
	REFUSED(store_clock_beat(st, now_s));
	REFUSED(store_expire(st, &keep, now_s, 100, false, &x));
	REFUSED(store_expire(st, &keep, now_s, 100, true, &x));
	REFUSED(store_rechecks(st, now_s, &default_policy, &n));
	if (now_s > NOW)                 /* it is due only then */
		REFUSED(store_test_lease(st, now_s, 60, rows, 4, &leased));
	REFUSED(store_test_lease_one(st, queued->id, now_s, 60, &t));
	REFUSED(store_test_add(st, &t));
	REFUSED(store_test_finish(st, &outcome, &default_policy, &effects));
	REFUSED(store_list(st, &two, "op", "why", &default_policy, now_s));
	REFUSED(store_delist(st, &one, "op", "why", now_s));
	REFUSED(store_range_list(st, &range, "op", "why", now_s));
	REFUSED(store_range_delist(st, &listed, "op", "why", now_s));
	REFUSED(store_retest(st, &one, "op", "x@example.org", NULL, now_s, &n));
	REFUSED(store_permit_add(st, &permit));
	REFUSED(store_exclusion_add(st, &exclusion));
	REFUSED(store_nominate(st, &nomination));
	assert_int_equal(serial_of(st), serial);
	/* What comes back is kept all the same. */
	struct test_return r = return_of(queued, now_s);
	OK(st, store_return_add(st, &r, 3));
}

static void jumped(int64_t now_s, enum clock_state state_then)
{
	struct test t = add_test(st, "192.0.2.25:25", NOW);
	struct prefix range = prefix_of_text("192.0.2.128/26");
	finish_open(st, &t, "E01", "", NOW);
	OK(st, store_range_list(st, &range, "op", "why", NOW));
	t = add_test(st, "192.0.2.26:25", NOW);
	believe(NOW);
	assert_int_equal(state_at(now_s), state_then);
	nothing_is_done_at(now_s, &t);
	/* The clock is set right: as if nothing had been. */
	struct test rows[4];
	size_t n;
	OK(st, store_clock_beat(st, NOW + 60));
	OK(st, store_test_lease(st, NOW + 60, 60, rows, 4, &n));
	assert_int_equal(n, 1);
	finish_open(st, &t, "E01", "", NOW + 60);
}

/* What a clock that has jumped calls late is asked again; what is in time needs no clock. */
static void within_a_window(void **unused)
{
	(void)unused;
	enum { DAY_S = 86400, WINDOW_S = 5 * DAY_S };
	static const struct { const char *name; int64_t since, at, now; int is; } rows[] = {
		{ "at once", 0, 0, 0, ERR_OK },
		{ "just in time", -WINDOW_S, 0, 0, ERR_OK },
		{ "late", -WINDOW_S - 1, 0, 0, ERR_LIMIT },
		{ "late, read an hour later", -WINDOW_S - 1, 0, 3600, ERR_LIMIT },
		{ "came by a clock ahead, read by it", 0, 700 * DAY_S, 700 * DAY_S, ERR_BUSY },
		{ "came by a clock ahead, read by a true one", 0, 700 * DAY_S, 10, ERR_OK },
		{ "ended by a clock ahead", 700 * DAY_S, 0, 10, ERR_OK },
	};
	believe(NOW);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int is = store_clock_within(st, NOW + rows[i].since, NOW + rows[i].at, WINDOW_S,
		                            NOW + rows[i].now);
		CHECK_ROW(rows[i].name, is == rows[i].is);
	}
}

static void two_years_ahead(void **unused)
{
	(void)unused;
	jumped(NOW + 2LL * YEAR, CLOCK_AHEAD);
}

static void a_day_back(void **unused)
{
	(void)unused;
	jumped(NOW - DAY, CLOCK_BEHIND);
}

/* What one start two years ahead deleted for good. */
static void nothing_is_removed(void **unused)
{
	(void)unused;
	struct store_expiry x = { 0 };
	old_things();
	believe(NOW);
	REFUSED(store_expire(st, &keep, NOW + 2LL * YEAR, 100, false, &x));
	assert_int_equal(expire_at(NOW + HOUR), 0);
	/* It was two years after all: the operator says so. */
	OK(st, store_clock_accept(st, NOW + 2LL * YEAR));
	assert_int_equal(state_at(NOW + 2LL * YEAR), CLOCK_STEADY);
	assert_int_equal(expire_at(NOW + 2LL * YEAR), 3);
}

/* Without a heartbeat: the newest row is what is known. */
static void old_database(void **unused)
{
	(void)unused;
	struct fuse fuse = *store_fuse(st);
	struct store_clock c;
	struct store_expiry x = { 0 };
	old_things();
	store_set_rules(st, &fuse, JUMP);
	OK(st, store_clock_look(st, NOW + 2LL * YEAR, &c));
	assert_int_equal(c.state, CLOCK_AHEAD);
	assert_int_equal(c.known_s, NOW);
	assert_false(c.recorded);
	REFUSED(store_expire(st, &keep, NOW + 2LL * YEAR, 100, false, &x));
	REFUSED(store_clock_beat(st, NOW + 2LL * YEAR));
	OK(st, store_clock_beat(st, NOW + DAY));
	OK(st, store_clock_look(st, NOW + DAY, &c));
	assert_true(c.recorded && c.known_s == NOW + DAY);
}

/* It goes on by the hour, and never by more than it may jump. */
static void heartbeat_moves(void **unused)
{
	(void)unused;
	struct store_clock c;
	believe(NOW);
	OK(st, store_clock_beat(st, NOW + HOUR - 1));
	OK(st, store_clock_look(st, NOW, &c));
	assert_int_equal(c.known_s, NOW);
	OK(st, store_clock_beat(st, NOW + HOUR));
	OK(st, store_clock_look(st, NOW, &c));
	assert_int_equal(c.known_s, NOW + HOUR);
	REFUSED(store_clock_beat(st, NOW + HOUR + JUMP + 1));
	OK(st, store_clock_beat(st, NOW + HOUR + JUMP));
}

/* The collector cannot write the row, and reads what the others wrote. */
static void collector_sees_it(void **unused)
{
	(void)unused;
	struct store_expiry x = { 0 };
	old_things();
	believe(NOW);
	struct store *collector = open_store(state, STORE_RETURNS);
	store_set_rules(collector, store_fuse(st), JUMP);
	assert_int_equal(store_clock_beat(collector, NOW + 2LL * YEAR), ERR_BUSY);
	assert_int_equal(store_expire(collector, &keep, NOW + 2LL * YEAR, 100, false, &x),
	                 ERR_BUSY);
	OK(collector, store_clock_beat(collector, NOW + HOUR));
	/* It runs on for months while nobody writes the list. */
	for (int64_t now_s = NOW + HOUR; now_s < NOW + 100 * DAY; now_s += DAY)
		OK(collector, store_clock_beat(collector, now_s));
	x = (struct store_expiry){ 0 };
	while (!x.over)
		OK(collector, store_expire(collector, &keep, NOW + 99 * DAY, 100, false, &x));
	assert_int_equal(x.removed[RETAINED_RETURN], 1);
	/* And the operator's word reaches it. */
	OK(st, store_clock_accept(st, NOW + 2LL * YEAR));
	OK(collector, store_clock_beat(collector, NOW + 2LL * YEAR));
	assert_int_equal(store_clock_accept(collector, NOW), ERR_DENIED);
	store_close(collector);
}

/* ---- what it leaves behind --------------------------------------------------------- */

/* The first row of a kind gets a time that has not come. */
static void from_the_future(enum row_kind kind, const char *column)
{
	max_align_t row[ROW_BYTES_MAX / sizeof(max_align_t)];
	OK(st, row_first(st, kind, &(struct row_range){ 0 }, row, &a));
	row_number_set(row_column(kind, column), row, 99999999999);
	OK(st, row_update(st, kind, row));
}

static void a_row_stops_no_retention(void **unused)
{
	(void)unused;
	old_things();
	for (int i = 0; i < 3; i++)
		old_things();
	from_the_future(ROW_TEST, "created_s");
	from_the_future(ROW_EVIDENCE, "time_s");
	from_the_future(ROW_RETURN, "time_s");
	/* Of four rounds the first test and bundle are from the future, and the last test of
	 * a target stays. */
	OK(st, store_cursor_set(st, "returns", 99));
	uint64_t n = expire_at(NOW + 2LL * YEAR);
	assert_true(n >= 6 + 3 + 3);
}

static void a_lease_holds_nothing(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.25:25", NOW), rows[4], one;
	size_t n;
	int64_t then = NOW + 2LL * YEAR;
	OK(st, store_test_lease_one(st, t.id, then, 60, &one));
	OK(st, store_test_lease(st, NOW + 1, 60, rows, 4, &n));
	assert_int_equal(n, 1);
	/* A live one holds, also when the clock is set back a little. */
	OK(st, store_test_lease(st, NOW + 2, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_lease(st, NOW - 200, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	assert_int_equal(store_test_lease_one(st, t.id, NOW - 200, 60, &one), ERR_BUSY);
	/* One that waits for its returns is leased for as long as it waits. */
	struct case_result r = result_of("E01", &t, NULL);
	OK(st, store_test_wait(st, t.id, &r, 1, 1.0, NOW + 2 * DAY));
	OK(st, store_test_lease(st, NOW + 100, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_renew(st, t.id, NOW + 160));
	OK(st, store_test_lease(st, NOW + 200, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_wait(st, t.id, &r, 1, 1.0, then));
	OK(st, store_test_lease_one(st, t.id, NOW + 200, 60, &one));
	/* A renewal by a clock that was set right takes the lease back to what it should be. */
	struct test other = add_test(st, "192.0.2.26:25", NOW);
	OK(st, store_test_lease_one(st, other.id, NOW, 60, &one));
	OK(st, store_test_renew(st, other.id, then));
	OK(st, store_test_renew(st, other.id, NOW + 100));
	OK(st, store_test_lease_one(st, other.id, NOW + 100, 60, &one));
}

static void a_request_blocks_nobody(void **unused)
{
	(void)unused;
	struct retest_request r = { .address = ip_of("192.0.2.25"), .reply_to = "",
	                            .time_s = NOW + 2LL * YEAR };
	OK(st, store_request_add(st, &r, 60));
	r.time_s = NOW;                  /* counts as asked now */
	assert_int_equal(store_request_add(st, &r, 60), ERR_LIMIT);
	r.time_s = NOW + 59;
	assert_int_equal(store_request_add(st, &r, 60), ERR_LIMIT);
	r.time_s = NOW + 61;
	OK(st, store_request_add(st, &r, 60));
}

static void a_recheck_comes(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.25");
	struct listing l;
	unsigned n;
	OK(st, store_list(st, &ip, "op", "why", &default_policy, NOW + 2LL * YEAR));
	OK(st, store_rechecks(st, NOW, &default_policy, &n));
	OK(st, store_listing_get(st, &ip, &l));
	assert_int_equal(l.recheck_s, NOW + default_policy.recheck_interval_s);
}

/* A whole day in the future, then the clock is set right: times are corrected at the next
 * start, and all goes on from there. */
static void corrected_at_the_start(void **unused)
{
	(void)unused;
	int64_t then = NOW + 2LL * YEAR;
	struct test done = add_test(st, "192.0.2.25:25", then), rows[4], t;
	finish_open(st, &done, "E01", "", then);
	struct test retry = add_test(st, "192.0.2.26:25", then);
	assert_true(finish_with(st, &retry, VERDICT_UNREACHABLE, false, false, then).set &
	            LIFE_QUEUE_RETRY);
	OK(st, store_contact_put(st, "rdap", &done.target.ip, &done.target.ip, STR("x"), then));
	size_t n;
	OK(st, store_test_lease(st, NOW, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_clock_accept(st, NOW));
	OK(st, store_test_get(st, done.id, &t));
	assert_true(t.finished_s == NOW && t.created_s == NOW);
	struct listing l;
	OK(st, store_listing_get(st, &done.target.ip, &l));
	assert_true(l.since_s == NOW && l.last_test_s == NOW);
	/* Put off by an hour then, by an hour now. */
	OK(st, store_test_lease(st, NOW + HOUR - 1, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_lease(st, NOW + HOUR, 60, rows, 4, &n));
	assert_int_equal(n, 1);
	struct str answer;
	int64_t fetched_s;
	OK(st, store_contact_get(st, "rdap", &done.target.ip, 0, &a, &answer, &fetched_s));
	assert_int_equal(fetched_s, NOW);
}

static void keys_from_the_future(void **unused)
{
	(void)unused;
	struct buf message = { 0 };
	struct token_keys keys;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	assert_int_equal(keys_token_rotate(state, NOW + 2LL * YEAR, 90 * DAY, &message), ERR_OK);
	for (int64_t day = 1; day <= 200; day += 10)
		assert_int_equal(keys_token_rotate(state, NOW + day * DAY, 90 * DAY, &message),
		                 ERR_OK);
	/* The one made ahead is as old as the rotation after it, and has been retired since. */
	assert_int_equal(keys_token_load(state, &keys, &message), ERR_OK);
	assert_true(keys.v[0].created_s > NOW + DAY);
	for (size_t i = 0; i < keys.n; i++)
		assert_true(keys.v[i].created_s <= NOW + 200 * DAY);
	keys_token_fini(&keys);
	buf_fini(&message);
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judgement), cmocka_unit_test(steps), cmocka_unit_test(past),
		STORE_TEST(within_a_window), STORE_TEST(two_years_ahead), STORE_TEST(a_day_back),
		STORE_TEST(nothing_is_removed), STORE_TEST(old_database),
		STORE_TEST(heartbeat_moves), STORE_TEST(collector_sees_it),
		STORE_TEST(a_row_stops_no_retention), STORE_TEST(a_lease_holds_nothing),
		STORE_TEST(a_request_blocks_nobody), STORE_TEST(a_recheck_comes),
		STORE_TEST(corrected_at_the_start), STORE_TEST(keys_from_the_future),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
