/* SPDX-License-Identifier: ISC
 *
 * Tests: the queue, leases, intents and results, and resumable scans. Their end, which
 * changes the list, is in sqlite-lifecycle.c.
 */
#include "sqlite/operations-private.h"

#include "base/random.h"

#include <stdlib.h>

#define COLUMNS \
	"key, id, address, port, consent, reason, state, verdict, all_cases, who, reply_to," \
	" tries, created_s, not_before_s, started_s, finished_s, wait_until_s, lease_until_s," \
	" seconds, passed, evidence_id, again, again_who, again_reply_to, rounds, fruitless, why"

static void row_read(struct query *q, struct test_row *row)
{
	struct test *t = &row->t;
	*row = (struct test_row){ .key = col_int(q) };
	col_text(q, t->id, sizeof(t->id));
	col_ip(q, &t->target.ip);
	t->target.port = (uint16_t)col_int(q);
	t->consent = (enum consent)col_int(q);
	t->reason = (enum test_reason)col_int(q);
	t->state = (enum test_state)col_int(q);
	t->verdict = (enum verdict)col_int(q);
	t->all = col_int(q) != 0;
	col_text(q, t->who, sizeof(t->who));
	col_text(q, t->reply_to, sizeof(t->reply_to));
	t->tries = (unsigned)col_int(q);
	t->created_s = col_int(q);
	t->not_before_s = col_int(q);
	t->started_s = col_int(q);
	t->finished_s = col_int(q);
	t->wait_until_s = col_int(q);
	row->lease_until_s = col_int(q);
	t->seconds = col_real(q);
	row->passed = col_int(q) != 0;
	col_text(q, t->evidence_id, sizeof(t->evidence_id));
	row->again = (enum consent)col_int(q);
	col_text(q, row->again_who, sizeof(row->again_who));
	col_text(q, row->again_reply_to, sizeof(row->again_reply_to));
	t->rounds = (unsigned)col_int(q);
	t->fruitless = (unsigned)col_int(q);
	col_text(q, t->why, sizeof(t->why));
}

/* The only row of a query. */
static int row_one(struct query *q, struct test_row *row)
{
	int e = query_one(q);
	if (e != ERR_OK)
		return e;
	row_read(q, row);
	return query_end(q);
}

int test_load(struct db *db, const char *id, struct test_row *row)
{
	struct query q = query(db, "SELECT " COLUMNS " FROM tests WHERE id = ?");
	bind_text(&q, id);
	return row_one(&q, row);
}

int test_live(struct db *db, const struct endpoint *target, struct test_row *row)
{
	struct query q = query(db, "SELECT " COLUMNS " FROM tests"
	                           " WHERE address = ? AND port = ? AND state <> 3");
	bind_ip(&q, &target->ip);
	bind_int(&q, target->port);
	return row_one(&q, row);
}

static int load(struct sqlite_store *s, const char *id, struct test_row *row)
{
	int e = test_load(&s->main, id, row);
	if (e == ERR_NOT_FOUND)
		return store_fail(&s->base, e, "no test has the id \"%s\"", id);
	return e;
}

/* Loads a test that has not ended, for a change. */
static int load_live(struct sqlite_store *s, const char *id, struct test_row *row)
{
	int e = load(s, id, row);
	if (e == ERR_OK && row->t.state == TEST_DONE)
		return store_fail(&s->base, ERR_EXISTS, "test %s has ended", id);
	return e;
}

/* ---- queueing -------------------------------------------------------------- */

static int insert_with_id(struct db *db, struct test *t)
{
	unsigned char bits[5];
	random_bytes(bits, sizeof(bits));
	base32_encode(bits, sizeof(bits), t->id);

	struct query q = query(db, "INSERT INTO tests (id, address, port, consent, reason, state,"
	                           " verdict, all_cases, who, reply_to, tries, created_s,"
	                           " not_before_s, started_s, finished_s, wait_until_s,"
	                           " lease_until_s, seconds, passed, evidence_id)"
	                           " VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?,"
	                           " 0, 0, 0, 0, 0.0, 0, '')");
	bind_text(&q, t->id);
	bind_ip(&q, &t->target.ip);
	bind_int(&q, t->target.port);
	bind_int(&q, t->consent);
	bind_int(&q, t->reason);
	bind_int(&q, t->all);
	bind_text(&q, t->who);
	bind_text(&q, t->reply_to);
	bind_int(&q, t->tries);
	bind_int(&q, t->created_s);
	bind_int(&q, t->not_before_s);
	return query_run(&q);
}

int test_insert(struct db *db, struct test *t)
{
	t->state = TEST_QUEUED;
	t->verdict = VERDICT_NONE;
	t->started_s = t->finished_s = t->wait_until_s = 0;
	t->seconds = 0;
	t->rounds = t->fruitless = 0;
	t->why[0] = '\0';
	t->evidence_id[0] = '\0';
	/* The target is free, so that ERR_EXISTS means an id that was drawn before. */
	int e = insert_with_id(db, t);
	for (int again = 0; e == ERR_EXISTS && again < 8; again++)
		e = insert_with_id(db, t);
	return e;
}

/* The last guard of "no consent, no test". */
static int may_test(struct sqlite_store *s, const struct test *t, int64_t now_s)
{
	struct consent_answer answer;
	int e = store_consent(&s->base, &t->target.ip, now_s, &answer);
	char address[IP_TEXT_MAX], rule[PREFIX_TEXT_MAX];
	if (e != ERR_OK)
		return e;
	ip_format(&t->target.ip, address);
	if (answer.excluded)
		return store_fail(&s->base, ERR_DENIED, "%s is excluded from tests by %s (%s)", address,
		                  prefix_format(&answer.rule, rule), answer.by);
	if (t->consent == CONSENT_NONE)
		return store_fail(&s->base, ERR_DENIED, "%s: no consent, no test", address);
	if (t->consent == CONSENT_RANGE && answer.consent == CONSENT_NONE)
		return store_fail(&s->base, ERR_DENIED, "%s: no permit for it holds", address);
	return ERR_OK;
}

static int add(struct sqlite_store *s, struct test *t)
{
	struct test_row live;
	int e = clock_guard(&s->base, t->created_s);
	if (e == ERR_OK)
		e = may_test(s, t, t->created_s);
	if (e != ERR_OK)
		return e;
	e = test_live(&s->main, &t->target, &live);
	if (e == ERR_OK) {
		*t = live.t;
		return store_fail(&s->base, ERR_EXISTS, "test %s of that target has not ended", t->id);
	}
	if (e != ERR_NOT_FOUND)
		return e;
	t->tries = 0;
	return test_insert(&s->main, t);
}

int sqlite_test_add(struct store *st, struct test *t)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, add(s, t)) : e;
}

/* ---- leases ---------------------------------------------------------------- */

/* A lease holds until it runs out; one that reaches further than any lease could was taken by
 * a wrong clock and holds nothing. The slack is for a clock that is set back a little. */
enum { LEASE_SLACK_S = 300 };
#define LEASE_IS_OVER \
	"(lease_until_s <= ?1 OR lease_until_s > ?1 + ?2 AND" \
	" (state <> 2 OR lease_until_s > wait_until_s OR wait_until_s > ?1 + ?3))"

static bool lease_is_over(const struct test_row *row, int64_t now_s, int64_t lease_s)
{
	int64_t until_s = row->lease_until_s, wait_until_s = row->t.wait_until_s;
	if (until_s <= now_s)
		return true;
	return until_s > now_s + lease_s + LEASE_SLACK_S &&
	       (row->t.state != TEST_WAITING || until_s > wait_until_s ||
	        wait_until_s > now_s + STORE_WAIT_MAX_S);
}

static int lease_write(struct db *db, struct test_row *row, int64_t now_s, int64_t lease_s)
{
	struct test *t = &row->t;
	if (t->state == TEST_QUEUED)
		t->state = TEST_RUNNING;
	if (t->started_s == 0)
		t->started_s = now_s;
	t->tries++;
	struct query q = query(db, "UPDATE tests SET state = ?, started_s = ?, tries = ?,"
	                           " rounds = ?, fruitless = ?,"
	                           " wait_until_s = ?, lease_until_s = ? WHERE key = ?");
	bind_int(&q, t->state);
	bind_int(&q, t->started_s);
	bind_int(&q, t->tries);
	bind_int(&q, t->rounds);
	bind_int(&q, t->fruitless);
	bind_int(&q, t->wait_until_s);
	bind_int(&q, now_s + lease_s);
	bind_int(&q, row->key);
	return query_run(&q);
}

/* Leases the row. ERR_DENIED if it may not start any more; one that was running is only
 * waited for then. */
static int lease(struct sqlite_store *s, struct test_row *row, int64_t now_s, int64_t lease_s)
{
	if (row->t.state != TEST_WAITING) {
		int e = may_test(s, &row->t, now_s);
		bool begun = row->t.state == TEST_RUNNING || row->t.rounds > 0;
		if (e == ERR_DENIED && begun) {
			row->t.state = TEST_WAITING;
			row->t.wait_until_s = now_s;
		} else if (e != ERR_OK) {
			return e;
		}
	}
	return lease_write(&s->main, row, now_s, lease_s);
}

static int drop(struct db *db, int64_t key)
{
	struct query q = query(db, "DELETE FROM tests WHERE key = ?");
	bind_int(&q, key);
	return query_run(&q);
}

static int due_read(struct db *db, int64_t now_s, int64_t lease_s, size_t max, struct rows *rows)
{
	struct query q = query(db, "SELECT " COLUMNS " FROM tests WHERE state <> 3"
	                           " AND not_before_s <= ?1 AND " LEASE_IS_OVER
	                           " ORDER BY not_before_s, key LIMIT ?4");
	bind_int(&q, now_s);
	bind_int(&q, lease_s + LEASE_SLACK_S);
	bind_int(&q, STORE_WAIT_MAX_S);
	bind_int(&q, (int64_t)max);
	int e;
	while ((e = query_step(&q)) == 1)
		row_read(&q, old_rows_add(rows));
	return e;
}

/* Leases what is due; rows whose consent has gone are dropped from the queue. */
static int lease_due(struct sqlite_store *s, int64_t now_s, int64_t lease_s, struct test *out,
                     size_t max, size_t *n)
{
	struct rows rows = { .size = sizeof(struct test_row) };
	int e;
	do {
		rows.n = 0;
		e = due_read(&s->main, now_s, lease_s, max, &rows);
		struct test_row *row = rows.v;
		for (size_t i = 0; e == ERR_OK && i < rows.n; i++) {
			e = lease(s, &row[i], now_s, lease_s);
			if (e == ERR_OK)
				out[(*n)++] = row[i].t;
			else if (e == ERR_DENIED)
				e = drop(&s->main, row[i].key);
		}
	} while (e == ERR_OK && *n == 0 && rows.n > 0);
	free(rows.v);
	return e;
}

int sqlite_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *out,
                      size_t max, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	/* Looking costs no lock and no write: this is asked every second. */
	struct rows any = { .size = sizeof(struct test_row) };
	int e = max ? due_read(&s->main, now_s, lease_s, 1, &any) : ERR_OK;
	bool due = any.n > 0;
	free(any.v);
	if (e == ERR_OK && due)
		e = clock_guard(&s->base, now_s);
	if (e != ERR_OK || !due)
		return e;
	e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	e = db_end(&s->main, lease_due(s, now_s, lease_s, out, max, n));
	if (e != ERR_OK)
		*n = 0;
	return e;
}

static int lease_one(struct sqlite_store *s, const char *id, int64_t now_s, int64_t lease_s,
                     struct test *t)
{
	struct test_row row;
	int e = load_live(s, id, &row);
	if (e == ERR_OK)
		e = clock_guard(&s->base, now_s);
	if (e != ERR_OK)
		return e;
	if (!lease_is_over(&row, now_s, lease_s))
		return store_fail(&s->base, ERR_BUSY, "test %s is being run by another process", id);
	e = lease(s, &row, now_s, lease_s);
	if (e == ERR_OK)
		*t = row.t;
	return e;
}

int sqlite_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                          struct test *t)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, lease_one(s, id, now_s, lease_s, t)) : e;
}

static int reopen(struct sqlite_store *s, const char *id, int64_t now_s, int64_t lease_s,
                  struct test *t)
{
	struct test_row row, live;
	int e = load(s, id, &row);
	if (e == ERR_OK && (row.t.state != TEST_DONE || row.t.verdict == VERDICT_OPEN))
		return store_fail(&s->base, ERR_DENIED, "test %s has not ended, or was open", id);
	if (e == ERR_OK)
		e = clock_guard(&s->base, now_s);
	/* What was permitted then may count now; what is excluded now is left alone. */
	if (e == ERR_OK)
		e = may_test(s, &row.t, row.t.started_s);
	if (e != ERR_OK)
		return e;
	e = test_live(&s->main, &row.t.target, &live);
	if (e == ERR_OK)
		return store_fail(&s->base, ERR_EXISTS, "test %s of that target has not ended", live.t.id);
	if (e != ERR_NOT_FOUND)
		return e;
	row.t.state = TEST_WAITING;
	row.t.wait_until_s = now_s;
	/* What is to be confirmed has its own. */
	row.t.rounds = row.t.fruitless = 0;
	*t = row.t;
	return lease_write(&s->main, &row, now_s, lease_s);
}

int sqlite_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                       struct test *t)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, reopen(s, id, now_s, lease_s, t)) : e;
}

int sqlite_test_renew(struct store *st, const char *id, int64_t lease_until_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "UPDATE tests SET lease_until_s ="
	                                 " CASE state WHEN 2 THEN max(wait_until_s, ?1) ELSE ?1 END"
	                                 " WHERE id = ?2 AND state IN (1, 2)");
	bind_int(&q, lease_until_s);
	bind_text(&q, id);
	int e = query_run(&q);
	if (e == ERR_OK && db_changes(&s->main) == 0)
		return store_fail(&s->base, ERR_NOT_FOUND, "test %s is not being run", id);
	return e;
}

static int release(struct sqlite_store *s, const char *id)
{
	struct test_row row;
	int e = load_live(s, id, &row);
	if (e != ERR_OK)
		return e;
	/* One that sent nothing goes back to the queue as if it had not been taken. Of one that
	 * did, the try counts, as after a kill: who takes it up sees that it has a past. */
	struct query q = query(&s->main,
	                       "UPDATE tests SET lease_until_s = 0,"
	                       " state = CASE WHEN state = 1 AND NOT EXISTS"
	                       "  (SELECT 1 FROM intents WHERE test = key) THEN 0 ELSE state END,"
	                       " tries = CASE WHEN state = 1 AND EXISTS"
	                       "  (SELECT 1 FROM intents WHERE test = key) THEN tries"
	                       "  ELSE max(tries - 1, 0) END WHERE key = ? AND state IN (1, 2)");
	bind_int(&q, row.key);
	return query_run(&q);
}

int sqlite_test_release(struct store *st, const char *id)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, release(s, id)) : e;
}

/* ---- intents and results --------------------------------------------------- */

static int intend(struct sqlite_store *s, const char *id, const char *case_id, unsigned attempt)
{
	struct test_row row;
	int e = load(s, id, &row);
	if (e == ERR_OK && row.t.state == TEST_DONE)
		e = store_fail(&s->base, ERR_DENIED, "test %s has ended: nothing more is sent", id);
	if (e == ERR_OK)
		e = may_test(s, &row.t, row.t.started_s);
	if (e != ERR_OK)
		return e;
	struct query q = query(&s->main, "INSERT INTO intents (test, case_id, attempt)"
	                                 " VALUES (?, ?, ?)");
	bind_int(&q, row.key);
	bind_text(&q, case_id);
	bind_int(&q, attempt);
	e = query_run(&q);
	if (e == ERR_EXISTS)
		return store_fail(&s->base, e, "test %s: case %s, attempt %u was sent before", id, case_id,
		                  attempt);
	return e;
}

int sqlite_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, intend(s, id, case_id, attempt)) : e;
}

static int result_insert(struct db *db, int64_t key, size_t n, const struct case_result *r)
{
	struct query q = query(db, "INSERT INTO results (test, n, case_id, attempt, stage, code,"
	                           " enhanced, text, accepted, refusal, returned, bounced, output)"
	                           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind_int(&q, key);
	bind_int(&q, (int64_t)n);
	bind_text(&q, r->id);
	bind_int(&q, r->attempt);
	bind_int(&q, r->stage);
	bind_int(&q, r->code);
	bind_text(&q, r->enhanced);
	bind_text(&q, r->text);
	bind_int(&q, r->accepted);
	bind_int(&q, r->refusal);
	bind_int(&q, r->returned);
	bind_int(&q, r->bounced);
	bind_ip(&q, &r->output);
	return query_run(&q);
}

int results_save(struct db *db, int64_t key, const struct case_result *results, size_t n)
{
	struct query q = query(db, "DELETE FROM results WHERE test = ?");
	bind_int(&q, key);
	int e = query_run(&q);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = result_insert(db, key, i, &results[i]);
	return e;
}

static int wait_for(struct sqlite_store *s, const char *id, const struct case_result *results,
                    size_t n, double seconds, int64_t until_s)
{
	struct test_row row;
	int e = load_live(s, id, &row);
	if (e == ERR_OK)
		e = results_save(&s->main, row.key, results, n);
	if (e != ERR_OK)
		return e;
	struct query q = query(&s->main, "UPDATE tests SET state = 2, seconds = ?,"
	                                 " wait_until_s = ?, lease_until_s = max(lease_until_s, ?)"
	                                 " WHERE key = ?");
	bind_real(&q, seconds);
	bind_int(&q, until_s);
	bind_int(&q, until_s);
	bind_int(&q, row.key);
	return query_run(&q);
}

int sqlite_test_wait(struct store *st, const char *id, const struct case_result *results, size_t n,
                     double seconds, int64_t until_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, wait_for(s, id, results, n, seconds, until_s)) : e;
}

int test_give_up(struct db *db, int64_t key, int64_t now_s)
{
	struct query q = query(db, "UPDATE tests SET state = 3, verdict = ?, finished_s = ?,"
	                           " lease_until_s = 0, again = 0 WHERE key = ?");
	bind_int(&q, VERDICT_INCONCLUSIVE);
	bind_int(&q, now_s);
	bind_int(&q, key);
	return query_run(&q);
}

int test_insert_again(struct db *db, const struct test_row *of, int64_t now_s)
{
	struct test t = {
		.target = of->t.target, .consent = of->again, .reason = TEST_RETEST,
		.created_s = now_s, .not_before_s = now_s,
	};
	memcpy(t.who, of->again_who, sizeof(t.who));
	memcpy(t.reply_to, of->again_reply_to, sizeof(t.reply_to));
	return test_insert(db, &t);
}

static int put_off(struct sqlite_store *s, const struct test_put_off *p)
{
	struct test_row row;
	int e = load_live(s, p->test_id, &row);
	if (e == ERR_OK)
		e = results_save(&s->main, row.key, p->results, p->result_count);
	if (e != ERR_OK)
		return e;
	/* A retest was asked for meanwhile. It does not wait for hours. */
	if (row.again != CONSENT_NONE) {
		e = test_give_up(&s->main, row.key, p->now_s);
		return e == ERR_OK ? test_insert_again(&s->main, &row, p->now_s) : e;
	}
	struct query q = query(&s->main, "UPDATE tests SET state = 0, seconds = ?,"
	                                 " not_before_s = ?, lease_until_s = 0,"
	                                 " tries = max(tries - 1, 0), rounds = ?, fruitless = ?,"
	                                 " why = ? WHERE key = ?");
	bind_real(&q, p->seconds);
	bind_int(&q, p->due_s);
	bind_int(&q, p->rounds);
	bind_int(&q, p->fruitless);
	bind_text(&q, p->why);
	bind_int(&q, row.key);
	return query_run(&q);
}

int sqlite_test_put_off(struct store *st, const struct test_put_off *p)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, put_off(s, p)) : e;
}

int sqlite_test_due(struct store *st, const char *id, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "UPDATE tests SET not_before_s = min(not_before_s, ?)"
	                                 " WHERE id = ? AND state = 0 AND rounds > 0");
	bind_int(&q, now_s);
	bind_text(&q, id);
	int e = query_run(&q);
	if (e == ERR_OK && db_changes(&s->main) == 0)
		return store_fail(&s->base, ERR_NOT_FOUND, "test %s was not put off", id);
	return e;
}

static int saved_read(struct db *db, int64_t key, struct rows *rows)
{
	struct query q = query(db, "SELECT case_id, attempt, stage, code, enhanced, text, accepted,"
	                           " refusal, returned, bounced, output"
	                           " FROM results WHERE test = ? ORDER BY n");
	bind_int(&q, key);
	int e;
	while ((e = query_step(&q)) == 1) {
		struct case_result *r = old_rows_add(rows);
		col_text(&q, r->id, sizeof(r->id));
		r->attempt = (uint8_t)col_int(&q);
		r->stage = (enum case_stage)col_int(&q);
		r->code = (int)col_int(&q);
		col_text(&q, r->enhanced, sizeof(r->enhanced));
		col_text(&q, r->text, sizeof(r->text));
		r->accepted = col_int(&q) != 0;
		r->refusal = (enum refusal)col_int(&q);
		r->returned = (unsigned)col_int(&q);
		r->bounced = (unsigned)col_int(&q);
		col_ip(&q, &r->output);
	}
	return e;
}

/* The row of that case and attempt: what was saved before, or a new one. */
static struct case_result *result_row(struct rows *rows, const struct case_result *like)
{
	struct case_result *r = rows->v;
	for (size_t i = 0; i < rows->n; i++)
		if (r[i].attempt == like->attempt && strcmp(r[i].id, like->id) == 0)
			return &r[i];
	return old_rows_add(rows);
}

/* Probes that were begun, and whose result died with the process that sent them. What was
 * saved before of the same case, that its recipient was taken, is not that result. */
static int interrupted_read(struct db *db, int64_t key, struct rows *rows)
{
	struct query q = query(db, "SELECT case_id, attempt FROM intents AS i WHERE test = ?"
	                           " AND NOT EXISTS (SELECT 1 FROM results AS r WHERE"
	                           " r.test = i.test AND r.case_id = i.case_id"
	                           " AND r.attempt = i.attempt AND r.stage = ?)");
	bind_int(&q, key);
	bind_int(&q, STAGE_MESSAGE);
	int e;
	while ((e = query_step(&q)) == 1) {
		struct case_result lost = { .stage = STAGE_MESSAGE, .text = "interrupted" };
		col_text(&q, lost.id, sizeof(lost.id));
		lost.attempt = (uint8_t)col_int(&q);
		*result_row(rows, &lost) = lost;
	}
	return e;
}

static int results_read(struct sqlite_store *s, const char *id, struct rows *rows)
{
	struct test_row row;
	int e = load(s, id, &row);
	if (e == ERR_OK)
		e = saved_read(&s->main, row.key, rows);
	if (e == ERR_OK)
		e = interrupted_read(&s->main, row.key, rows);
	return e;
}

int sqlite_test_results(struct store *st, const char *id, struct arena *a,
                        struct case_result **results, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct case_result) };
	int e = db_begin_read(&s->main);
	if (e == ERR_OK)
		e = db_end(&s->main, results_read(s, id, &rows));
	return old_rows_done(&rows, e, a, results, n);
}

/* ---- reading --------------------------------------------------------------- */

int sqlite_test_get(struct store *st, const char *id, struct test *t)
{
	struct test_row row;
	int e = load(sqlite_of(st), id, &row);
	if (e == ERR_OK)
		*t = row.t;
	return e;
}

int sqlite_test_last(struct store *st, const struct endpoint *target, struct test *t)
{
	struct sqlite_store *s = sqlite_of(st);
	struct test_row row;
	struct query q = query(&s->main, "SELECT " COLUMNS " FROM tests WHERE address = ?"
	                                 " AND (port = ? OR ? = 0) ORDER BY key DESC LIMIT 1");
	bind_ip(&q, &target->ip);
	bind_int(&q, target->port);
	bind_int(&q, target->port);
	int e = row_one(&q, &row);
	if (e == ERR_OK)
		*t = row.t;
	return e == ERR_NOT_FOUND ? store_fail(&s->base, e, "never tested") : e;
}

int sqlite_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                 struct test **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct test) };
	struct query q;
	if (address->family == 0) {
		q = query(&s->main, "SELECT " COLUMNS " FROM tests ORDER BY key DESC LIMIT ?");
	} else {
		q = query(&s->main, "SELECT " COLUMNS " FROM tests WHERE address = ?"
		                    " ORDER BY key DESC LIMIT ?");
		bind_ip(&q, address);
	}
	bind_int(&q, max > INT32_MAX ? INT32_MAX : (int64_t)max);
	int e;
	while ((e = query_step(&q)) == 1) {
		struct test_row row;
		row_read(&q, &row);
		*(struct test *)old_rows_add(&rows) = row.t;
	}
	return old_rows_done(&rows, e, a, out, n);
}

/* ---- scans ----------------------------------------------------------------- */

