/* SPDX-License-Identifier: ISC
 *
 * The queue of tests: one is asked for, leased by the process that makes it, renewed, given
 * back, put off, and taken up again when something came back late.
 */
#include "store/admission.h"
#include "store/tests.h"

#include "store/steps-private.h"

#include <assert.h>

/* ---- queueing ----------------------------------------------------------------------- */

static int add(struct store *st, struct test *t)
{
	struct test_row live;
	int e = clock_guard(st, t->created_s);
	if (e == ERR_OK)
		e = admission_check(st, t, t->created_s);
	if (e != ERR_OK)
		return e;
	e = test_of_target(st, &t->target, &live);
	if (e == ERR_OK) {
		*t = live.t;
		return store_fail(st, ERR_EXISTS, "test %s of that target has not ended", t->id);
	}
	if (e != ERR_NOT_FOUND)
		return e;
	assert(t->consent != CONSENT_NONE);
	t->tries = 0;
	return test_insert(st, t);
}

int store_test_add(struct store *st, struct test *t)
{
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_add");
	return e == ERR_OK ? store_end(st, add(st, t)) : e;
}

/* When the last test of that target ended; 0 if none has, or another is under way. */
static int last_end(struct store *st, const struct endpoint *target, int64_t *last_s)
{
	struct test_row last;
	int e = test_newest(st, target, &last);
	assert(e != ERR_OK || ip_eq(&last.t.target.ip, &target->ip));
	*last_s = e == ERR_OK && last.t.state == TEST_DONE ? last.t.finished_s : 0;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int decide(struct store *st, const struct test *t, enum admission_ground ground,
                  const char *by, int64_t interval_s, struct admission_answer *answer)
{
	int64_t last_s = 0;
	int e = store_consent_on(st, &t->target.ip, ground, by, t->created_s, &answer->consent);
	if (e == ERR_OK)
		e = last_end(st, &t->target, &last_s);
	if (e != ERR_OK)
		return e;
	answer->said = admission_decide(&answer->consent, t->all, last_s, t->created_s,
	                                interval_s);
	answer->last_s = answer->said == ADMISSION_TOO_SOON ? last_s : 0;
	assert(answer->said != ADMITTED || !answer->consent.excluded);
	return ERR_OK;
}

static int ask(struct store *st, struct test *t, enum admission_ground ground, const char *by,
               int64_t interval_s, struct admission_answer *answer)
{
	int e = decide(st, t, ground, by, interval_s, answer);
	if (e != ERR_OK || answer->said != ADMITTED)
		return e;
	t->consent = answer->consent.consent;
	assert(t->consent != CONSENT_NONE && (!t->all || t->consent == CONSENT_OWNER));
	e = add(st, t);
	if (e == ERR_EXISTS)
		answer->said = ADMISSION_PENDING;
	return e == ERR_EXISTS ? ERR_OK : e;
}

int store_test_ask(struct store *st, struct test *t, enum admission_ground ground,
                   const char *by, int64_t interval_s, struct admission_answer *answer)
{
	assert(t->consent == CONSENT_NONE && t->created_s > 0);
	*answer = (struct admission_answer){ .said = ADMISSION_NO_CONSENT };
	/* Most that a scan asks for is refused: without the lock. */
	int e = decide(st, t, ground, by, interval_s, answer);
	if (e != ERR_OK || answer->said != ADMITTED)
		return e;
	e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_ask");
	if (e == ERR_OK)
		e = store_end(st, ask(st, t, ground, by, interval_s, answer));
	assert(e != ERR_OK || answer->said != ADMITTED ||
	       (t->id[0] && t->consent != CONSENT_NONE));
	return e;
}

/* ---- leases ------------------------------------------------------------------------- */

/* A lease holds until it runs out; one that reaches further than any lease could was taken by
 * a wrong clock and holds nothing. The slack is for a clock that is set back a little. */
enum { LEASE_SLACK_S = 300 };

struct lease_terms {
	int64_t now_s, lease_s;
};

static bool lease_is_over(const void *context, const void *test)
{
	const struct lease_terms *terms = context;
	const struct test_row *row = test;
	int64_t until_s = row->lease_until_s, wait_until_s = row->t.wait_until_s;
	assert(terms->lease_s >= 0 && terms->lease_s <= STORE_WAIT_MAX_S);
	if (until_s <= terms->now_s)
		return true;
	return until_s > terms->now_s + terms->lease_s + LEASE_SLACK_S &&
	       (row->t.state != TEST_WAITING || until_s > wait_until_s ||
	        wait_until_s > terms->now_s + STORE_WAIT_MAX_S);
}

static int lease_write(struct store *st, struct test_row *row, const struct lease_terms *terms)
{
	if (row->t.state == TEST_QUEUED)
		row->t.state = TEST_RUNNING;
	if (row->t.started_s == 0)
		row->t.started_s = terms->now_s;
	row->t.tries++;
	row->lease_until_s = terms->now_s + terms->lease_s;
	str_copy(row->holder, sizeof(row->holder), str_of(st->holder));
	assert(row->t.tries > 0 && row->t.state != TEST_QUEUED);
	return row_update(st, ROW_TEST, row);
}

/* Leases the row. ERR_DENIED if it may not start any more; one that was running is only
 * waited for then. */
static int lease(struct store *st, struct test_row *row, const struct lease_terms *terms)
{
	assert(row->t.state != TEST_DONE);
	if (row->t.state != TEST_WAITING) {
		int e = admission_check(st, &row->t, terms->now_s);
		bool begun = row->t.state == TEST_RUNNING || row->t.rounds > 0;
		if (e == ERR_DENIED && begun) {
			row->t.state = TEST_WAITING;
			row->t.wait_until_s = terms->now_s;
		} else if (e != ERR_OK) {
			return e;
		}
	}
	return lease_write(st, row, terms);
}

static int due_list(struct store *st, const struct lease_terms *terms, size_t max,
                    struct arena *a, struct test_row **rows, size_t *n)
{
	struct test_row now = { .t.not_before_s = terms->now_s };
	struct row_wish due = {
		.range = { .index = TEST_DUE, .row = &now, .bound = BOUND_UPTO },
		.fits = lease_is_over, .context = terms, .max = max,
	};
	assert(max > 0);
	return row_list(st, ROW_TEST, &due, a, rows, n);
}

/* Leases what is due; rows whose consent has gone are dropped from the queue. */
static int lease_due(struct store *st, const struct lease_terms *terms, struct test *out,
                     size_t max, size_t *n)
{
	size_t due = 0;
	int e;
	do {
		struct arena a = { 0 };
		struct test_row *rows = NULL;
		e = due_list(st, terms, max, &a, &rows, &due);
		for (size_t i = 0; e == ERR_OK && i < due; i++) {
			e = lease(st, &rows[i], terms);
			if (e == ERR_OK)
				out[(*n)++] = rows[i].t;
			else if (e == ERR_DENIED)
				e = test_remove(st, &rows[i]);
		}
		arena_fini(&a);
	} while (e == ERR_OK && *n == 0 && due > 0);
	assert(*n <= max);
	return e;
}

struct any_due {
	const struct lease_terms *terms;
	bool found;
};

static int find_due(void *context, const void *row)
{
	struct any_due *any = context;
	any->found = lease_is_over(any->terms, row);
	return any->found;
}

/* Looking costs no lock and no write: this is asked every second. */
static int is_any_due(struct store *st, const struct lease_terms *terms, bool *due)
{
	struct test_row now = { .t.not_before_s = terms->now_s };
	struct row_range range = { .index = TEST_DUE, .row = &now, .bound = BOUND_UPTO };
	struct any_due any = { .terms = terms };
	int e = row_each(st, ROW_TEST, &range, NULL, find_due, &any);
	*due = e == ERR_OK && any.found;
	return e;
}

int store_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *out,
                     size_t max, size_t *n)
{
	struct lease_terms terms = { now_s, lease_s };
	bool due = false;
	*n = 0;
	int e = max ? is_any_due(st, &terms, &due) : ERR_OK;
	if (e == ERR_OK && due)
		e = clock_guard(st, now_s);
	if (e != ERR_OK || !due)
		return e;
	e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_lease");
	if (e == ERR_OK)
		e = store_end(st, lease_due(st, &terms, out, max, n));
	if (e != ERR_OK)
		*n = 0;
	return e;
}

static int lease_one(struct store *st, const char *id, const struct lease_terms *terms,
                     struct test *t)
{
	struct test_row row;
	int e = test_find_live(st, id, &row);
	if (e == ERR_OK)
		e = clock_guard(st, terms->now_s);
	if (e != ERR_OK)
		return e;
	if (!lease_is_over(terms, &row))
		return store_fail(st, ERR_BUSY, "test %s is being run by another process", id);
	e = lease(st, &row, terms);
	assert(e != ERR_OK || row.lease_until_s == terms->now_s + terms->lease_s);
	if (e == ERR_OK)
		*t = row.t;
	return e;
}

int store_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                         struct test *t)
{
	struct lease_terms terms = { now_s, lease_s };
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_lease_one");
	return e == ERR_OK ? store_end(st, lease_one(st, id, &terms, t)) : e;
}

static bool is_being_run(const struct test *t)
{
	return t->state == TEST_RUNNING || t->state == TEST_WAITING;
}

static int renew(struct store *st, const char *id, int64_t lease_until_s)
{
	struct test_row row;
	int e = test_find(st, id, &row);
	if (e == ERR_NOT_FOUND || (e == ERR_OK && !is_being_run(&row.t)))
		return store_fail(st, ERR_NOT_FOUND, "test %s is not being run", id);
	if (e != ERR_OK)
		return e;
	row.lease_until_s = lease_until_s;
	if (row.t.state == TEST_WAITING && row.t.wait_until_s > lease_until_s)
		row.lease_until_s = row.t.wait_until_s;
	assert(row.lease_until_s >= lease_until_s);
	return row_update(st, ROW_TEST, &row);
}

int store_test_renew(struct store *st, const char *id, int64_t lease_until_s)
{
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_renew");
	return e == ERR_OK ? store_end(st, renew(st, id, lease_until_s)) : e;
}

/* ---- of the dead ---------------------------------------------------------------------- */

void store_hold_as(struct store *st, const struct alive_id *self)
{
	holder_format(self, st->holder);
	assert(st->holder[0] == '\0' || self->pid > 0);
}

struct dead_wish {
	const struct alive_id *self;
	store_alive_look *look;
	int64_t now_s;
};

static bool is_of_the_dead(const void *context, const void *test)
{
	const struct dead_wish *wish = context;
	const struct test_row *row = test;
	struct alive_id holder;
	if (row->lease_until_s <= wish->now_s || holder_parse(row->holder, &holder) != ERR_OK)
		return false;
	struct alive_sight sight = wish->look(holder.pid);
	return holder_is_dead(&holder, wish->self, &sight);
}

static int free_dead(struct store *st, const struct dead_wish *wish, size_t *n)
{
	enum { AT_ONCE = 1000 };
	struct row_wish dead = { .range = { .index = TEST_DUE }, .fits = is_of_the_dead,
	                         .context = wish, .max = AT_ONCE };
	size_t found = AT_ONCE;
	int e = ERR_OK;
	while (e == ERR_OK && found == AT_ONCE) {
		struct arena a = { 0 };
		struct test_row *rows = NULL;
		e = row_list(st, ROW_TEST, &dead, &a, &rows, &found);
		for (size_t i = 0; e == ERR_OK && i < found; i++) {
			assert(rows[i].t.state != TEST_DONE && rows[i].holder[0]);
			rows[i].lease_until_s = 0;
			rows[i].holder[0] = '\0';
			e = row_update(st, ROW_TEST, &rows[i]);
			*n += e == ERR_OK;
		}
		arena_fini(&a);
	}
	return e;
}

int store_leases_of_dead(struct store *st, const struct alive_id *self, store_alive_look *look,
                         int64_t now_s, size_t *n)
{
	struct dead_wish wish = { self, look, now_s };
	*n = 0;
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "leases_of_dead");
	return e == ERR_OK ? store_end(st, free_dead(st, &wish, n)) : e;
}

/* ---- given back, put off -------------------------------------------------------------- */

static int has_intents(struct store *st, const struct test_row *row, bool *yes)
{
	struct intent_row first = { .test = row->key };
	struct row_range its = { .row = &first, .equal = 1 };
	int e = row_first(st, ROW_INTENT, &its, &first, NULL);
	*yes = e == ERR_OK;
	assert(!*yes || first.test == row->key);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int release(struct store *st, const char *id)
{
	struct test_row row;
	bool has_sent = false;
	int e = test_find_live(st, id, &row);
	if (e == ERR_OK && row.t.state == TEST_RUNNING)
		e = has_intents(st, &row, &has_sent);
	if (e != ERR_OK || !is_being_run(&row.t))
		return e;
	/* One that sent nothing goes back to the queue as if it had not been taken. Of one that
	 * did, the try counts, as after a kill: who takes it up sees that it has a past. */
	if (row.t.state == TEST_RUNNING && !has_sent)
		row.t.state = TEST_QUEUED;
	if (!has_sent && row.t.tries > 0)
		row.t.tries--;
	row.lease_until_s = 0;
	assert(!has_sent || row.t.state == TEST_RUNNING);
	return row_update(st, ROW_TEST, &row);
}

int store_test_release(struct store *st, const char *id)
{
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_release");
	return e == ERR_OK ? store_end(st, release(st, id)) : e;
}

static int put_off(struct store *st, const struct test_put_off *p)
{
	struct test_row row;
	int e = test_find_live(st, p->test_id, &row);
	if (e == ERR_OK)
		e = results_save(st, row.key, p->results, p->result_count);
	if (e != ERR_OK)
		return e;
	/* A retest was asked for meanwhile. It does not wait for hours. */
	if (row.again != CONSENT_NONE) {
		e = test_give_up(st, &row, p->now_s);
		return e == ERR_OK ? test_insert_again(st, &row, p->now_s) : e;
	}
	row.t.state = TEST_QUEUED;
	row.t.seconds = p->seconds;
	row.t.not_before_s = p->due_s;
	row.t.tries -= row.t.tries > 0;
	row.t.rounds = p->rounds;
	row.t.fruitless = p->fruitless;
	row.lease_until_s = 0;
	str_copy(row.t.why, sizeof(row.t.why), str_of(p->why));
	return row_update(st, ROW_TEST, &row);
}

int store_test_put_off(struct store *st, const struct test_put_off *p)
{
	assert(p->result_count <= CASES_MAX * 2 && p->fruitless <= p->rounds);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_put_off");
	return e == ERR_OK ? store_end(st, put_off(st, p)) : e;
}

static int due(struct store *st, const char *id, int64_t now_s)
{
	struct test_row row;
	int e = test_find(st, id, &row);
	bool is_put_off = e == ERR_OK && row.t.state == TEST_QUEUED && row.t.rounds > 0;
	if (e == ERR_NOT_FOUND || (e == ERR_OK && !is_put_off))
		return store_fail(st, ERR_NOT_FOUND, "test %s was not put off", id);
	if (e != ERR_OK || row.t.not_before_s <= now_s)
		return e;
	assert(row.t.state == TEST_QUEUED && row.t.rounds > 0);
	row.t.not_before_s = now_s;
	return row_update(st, ROW_TEST, &row);
}

int store_test_due(struct store *st, const char *id, int64_t now_s)
{
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_due");
	return e == ERR_OK ? store_end(st, due(st, id, now_s)) : e;
}

/* ---- taken up again -------------------------------------------------------------------- */

static int reopen(struct store *st, const char *id, const struct lease_terms *terms,
                  struct test *t)
{
	struct test_row row, live;
	int e = test_find(st, id, &row);
	if (e == ERR_OK && (row.t.state != TEST_DONE || row.t.verdict == VERDICT_OPEN))
		return store_fail(st, ERR_DENIED, "test %s has not ended, or was open", id);
	if (e == ERR_OK)
		e = clock_guard(st, terms->now_s);
	/* What was permitted then may count now; what is excluded now is left alone. */
	if (e == ERR_OK)
		e = admission_check(st, &row.t, row.t.started_s);
	if (e != ERR_OK)
		return e;
	e = test_of_target(st, &row.t.target, &live);
	if (e == ERR_OK)
		return store_fail(st, ERR_EXISTS, "test %s of that target has not ended",
		                  live.t.id);
	if (e != ERR_NOT_FOUND)
		return e;
	assert(row.t.verdict != VERDICT_OPEN);
	row.t.state = TEST_WAITING;
	row.t.wait_until_s = terms->now_s;
	/* What is to be confirmed has its own. */
	row.t.rounds = row.t.fruitless = 0;
	*t = row.t;
	return lease_write(st, &row, terms);
}

int store_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                      struct test *t)
{
	struct lease_terms terms = { now_s, lease_s };
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_reopen");
	return e == ERR_OK ? store_end(st, reopen(st, id, &terms, t)) : e;
}
