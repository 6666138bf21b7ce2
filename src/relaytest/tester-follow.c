/* SPDX-License-Identifier: ISC
 *
 * What a tester reads from the store, now and then: what the collector wrote down, requests for
 * a retest, and tests that are due.
 *
 * Hostile input that reaches it: returns and requests, which the collector has checked.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/clock.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"

enum {
	POLL_ROWS = 256, LEASE_ROWS = 64, RECHECK_EVERY_POLLS = 600, HELD_EVERY_POLLS = 10,
};

/* The store may do tomorrow what it cannot do now. */
static bool is_passing(int e)
{
	return e == ERR_BUSY || e == ERR_FULL || e == ERR_IO;
}

/* ---- returns --------------------------------------------------------------------- */

static void remember_return(struct tester *t, const struct test_return *ret)
{
	reach_returned(&t->reach, clock_mono_ms(), (clock_now_s() - ret->time_s) * 1000);
}

/* The last one that was read before: a new process need not wait for another. */
static void recall_return(struct tester *t)
{
	struct arena a = { 0 };
	struct test_return *rows;
	size_t n = 0;
	if (t->returns_seen > 0 && store_returns_after(t->setup.store, t->returns_seen - 1, 1,
	                                               false, &a, &rows, &n) == ERR_OK && n)
		remember_return(t, &rows[0]);
	arena_fini(&a);
}

/* A return for a test that has ended: within the window it reopens the verdict. */
static int reopen(struct tester *t, const struct test_return *ret)
{
	struct test test;
	int64_t now_s = clock_now_s();
	int e = store_test_get(t->setup.store, ret->test_id, &test);
	if (e != ERR_OK)
		return e;
	/* Between two rounds: the next one is now. A bounce can wait for it, or a host that
	 * greylists and bounces would be asked too soon until no round is left. */
	if (test.state == TEST_QUEUED && test.rounds > 0 && tester_is_news(ret))
		return store_test_due(t->setup.store, test.id, clock_now_s());
	if (test.state != TEST_DONE || test.verdict == VERDICT_OPEN)
		return ERR_OK;
	e = store_clock_within(t->setup.store, test.finished_s, ret->time_s,
	                       t->setup.config->return_window_s, now_s);
	if (e != ERR_OK)
		return e;
	if (ret->kind == RETURN_RECIPIENT && !ret->marked)
		return ERR_OK;
	e = store_test_reopen(t->setup.store, test.id, now_s, TESTER_LEASE_S, &test);
	if (is_passing(e) || e == ERR_EXISTS)
		return e;
	LOG(LOG_INFO, "late-return", LOG_S("test", test.id), LOG_IP("address", &test.target.ip),
	    LOG_S("case", ret->case_id), LOG_S("result", err_text(e)));
	if (e == ERR_OK)
		tester_run(t, &test);
	return e;
}

/* A retry or retest of the target is queued or under way: the return waits for its end. */
static void hold(struct tester *t, const struct test_return *ret)
{
	for (size_t i = 0; i < t->held_n; i++)
		if (strcmp(t->held[i].test_id, ret->test_id) == 0)
			return;
	if (t->held_n == t->held_room) {
		t->held_room = t->held_room ? t->held_room * 2 : 16;
		t->held = mem_realloc(t->held, t->held_room, sizeof(*t->held));
	}
	t->held[t->held_n] = *ret;
	t->held[t->held_n++].message = STR("");
	LOG(LOG_INFO, "late-return-held", LOG_S("test", ret->test_id),
	    LOG_S("case", ret->case_id));
}

static void follow_held(struct tester *t)
{
	size_t left = 0;
	for (size_t i = 0; i < t->held_n; i++) {
		int e = tester_find(t, t->held[i].test_id) ? ERR_OK : reopen(t, &t->held[i]);
		if (e == ERR_EXISTS || is_passing(e))
			t->held[left++] = t->held[i];
	}
	t->held_n = left;
}

/* What is held is read again by the next process. */
static void keep_cursor(struct tester *t)
{
	int64_t done = t->held_n ? t->held[0].id - 1 : t->returns_seen;
	if (done != t->returns_kept &&
	    store_cursor_set(t->setup.store, "returns", done) == ERR_OK)
		t->returns_kept = done;
}

static void follow_returns(struct tester *t)
{
	struct arena a = { 0 };
	struct test_return *rows;
	size_t n = 0;
	int e = store_returns_after(t->setup.store, t->returns_seen, POLL_ROWS, false, &a, &rows,
	                            &n);
	if (e == ERR_OK) {
		for (size_t i = 0; i < n; i++) {
			struct run *r = tester_find(t, rows[i].test_id);
			e = !r && t->leases ? reopen(t, &rows[i]) : ERR_OK;
			if (is_passing(e))
				break;           /* asked again at the next poll */
			if (e == ERR_EXISTS)
				hold(t, &rows[i]);
			t->returns_seen = rows[i].id;
			remember_return(t, &rows[i]);
			if (r)
				run_returned(r, &rows[i]);
		}
	}
	arena_fini(&a);
	if (t->leases)
		keep_cursor(t);
}

/* ---- requests and leases ----------------------------------------------------------- */

static void follow_requests(struct tester *t)
{
	struct arena a = { 0 };
	struct retest_request *rows;
	size_t n = 0;
	int64_t before = t->requests_seen;
	if (store_requests_after(t->setup.store, before, POLL_ROWS, &a, &rows, &n) == ERR_OK) {
		for (size_t i = 0; i < n; i++) {
			unsigned queued = 0;
			int e = store_retest(t->setup.store, &rows[i].address,
			                     "mail from the host itself",
			                     rows[i].reply_to, rows[i].message_id,
			                     clock_now_s(), &queued);
			if (is_passing(e))
				break;           /* asked again at the next poll */
			LOG(LOG_INFO, "retest-asked", LOG_IP("address", &rows[i].address),
			    LOG_I("queued", queued), LOG_S("result", err_text(e)));
			t->requests_seen = rows[i].id;
		}
	}
	arena_fini(&a);
	if (t->requests_seen != before)
		store_cursor_set(t->setup.store, "requests", t->requests_seen);
}

/* While the collector does not answer, only to ask it again. */
static bool may_lease(const struct tester *t)
{
	if (!t->reach.checked || t->reach.state == REACH_GOOD)
		return true;
	return !reach_check_has_token(t) && reach_due_ms(&t->reach, clock_mono_ms()) == 0;
}

static void follow_leases(struct tester *t)
{
	struct test rows[LEASE_ROWS];
	size_t n = 0, room = (size_t)t->setup.config->sessions;
	if (t->starting.head || t->talking >= room || !may_lease(t))
		return;
	size_t max = room - t->talking < LEASE_ROWS ? room - t->talking : LEASE_ROWS;
	/* One is enough to ask the collector with. */
	if (t->reach.checked && t->reach.state != REACH_GOOD)
		max = 1;
	int e = store_test_lease(t->setup.store, clock_now_s(), TESTER_LEASE_S, rows, max, &n);
	if (e != ERR_OK && !t->lease_fails)
		LOG(LOG_WARN, "lease-failed", LOG_S("why", store_message(t->setup.store)));
	t->lease_fails = e != ERR_OK;        /* asked often, told once */
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (!tester_find(t, rows[i].id))
			tester_run(t, &rows[i]);
}

static void queue_rechecks(struct tester *t)
{
	unsigned queued = 0;
	struct lifecycle_policy policy = tester_policy(t->setup.config);
	store_rechecks(t->setup.store, clock_now_s(), &policy, &queued);
	if (queued)
		LOG(LOG_INFO, "rechecks-queued", LOG_I("tests", queued));
}

/* ---- all of it ---------------------------------------------------------------------- */

void follow_begin(struct tester *t, bool lease)
{
	t->leases = lease;
	store_cursor_get(t->setup.store, "returns", &t->returns_seen);
	t->returns_kept = t->returns_seen;
	store_cursor_get(t->setup.store, "requests", &t->requests_seen);
	recall_return(t);
}

void follow_turn(struct tester *t)
{
	follow_returns(t);
	if (!t->leases)
		return;
	if (t->polls % HELD_EVERY_POLLS == 0)
		follow_held(t);
	follow_requests(t);
	follow_leases(t);
	if (t->polls++ % RECHECK_EVERY_POLLS == 0)
		queue_rechecks(t);
}
