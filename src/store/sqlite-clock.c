/* SPDX-License-Identifier: ISC
 *
 * The heartbeat row, the judgement of the clock by it, and the repair of what a wrong clock
 * has left behind: what has happened counts as now if its time is ahead, and what is planned
 * is never further away than its interval.
 */
#include "store/sqlite-operations-private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>

/* What repair() does: `look` finds whether there is anything, without the write lock. ?1 is
 * the time now. */
struct repair {
	const char *look, *sql;
};

/* A time of what has happened. */
#define PAST(table, column) \
	{ "SELECT EXISTS (SELECT 1 FROM " table " WHERE " column " > ?1)", \
	  "UPDATE OR IGNORE " table " SET " column " = ?1 WHERE " column " > ?1" }
/* A planned time, at most that many seconds away. */
#define PLANNED(table, column, most) \
	{ "SELECT EXISTS (SELECT 1 FROM " table " WHERE " column " > ?1 + " most ")", \
	  "UPDATE " table " SET " column " = ?1 + " most " WHERE " column " > ?1 + " most }

/* The most that tester.wait and tester.retry_after may be. */
#define WAIT_MOST "432000"
#define RETRY_MOST "2592000"
static_assert(STORE_WAIT_MAX_S == 432000 && STORE_RETRY_MAX_S == 2592000, "as the texts say");

static const struct repair of_main[] = {
	/* Made ahead: it is due as long from now as it was from then. */
	{ "SELECT EXISTS (SELECT 1 FROM tests WHERE created_s > ?1)",
	  "UPDATE tests SET not_before_s = ?1 + max(not_before_s - created_s, 0), created_s = ?1"
	  " WHERE created_s > ?1" },
	PAST("tests", "started_s"), PAST("tests", "finished_s"),
	PLANNED("tests", "not_before_s", RETRY_MOST),
	PLANNED("tests", "wait_until_s", WAIT_MOST), PLANNED("tests", "lease_until_s", WAIT_MOST),
	PAST("listings", "since_s"), PAST("listings", "last_test_s"),
	PAST("proofs", "time_s"), PAST("agreements", "time_s"), PAST("evidence", "time_s"),
	PAST("journal", "time_s"), PAST("permits", "created_s"), PAST("exclusions", "created_s"),
	PAST("nominations", "created_s"), PAST("scans", "started_s"), PAST("scans", "ended_s"),
	PAST("reports", "created_s"), PAST("reports", "sent_s"), PAST("reports", "changed_s"),
	PAST("reports", "contact_fetched_s"),
	{ "SELECT EXISTS (SELECT 1 FROM reports WHERE day > ?1 / 86400)",
	  "UPDATE OR IGNORE reports SET day = ?1 / 86400 WHERE day > ?1 / 86400" },
	PAST("contact_cache", "fetched_s"), PAST("dead_contacts", "since_s"),
};
static const struct repair of_returns[] = {
	PAST("returns", "time_s"), PAST("requests", "time_s"),
};

/* ---- what is known ---------------------------------------------------------- */

static int one_int(struct query q, int64_t *value)
{
	int e = query_one(&q);
	*value = 0;
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	*value = col_int(&q);
	return query_end(&q);
}

/* A database that never had a heartbeat is judged by the newest that it tells of. */
static int newest(struct db *db, int64_t *time_s)
{
	int64_t journal_s, test_s;
	int e = one_int(query(db, "SELECT time_s FROM journal ORDER BY serial DESC LIMIT 1"),
	                &journal_s);
	if (e == ERR_OK)
		e = one_int(query(db, "SELECT max(created_s, started_s, finished_s) FROM tests"
		                      " ORDER BY key DESC LIMIT 1"), &test_s);
	if (e == ERR_OK)
		*time_s = journal_s > test_s ? journal_s : test_s;
	return e;
}

static int look(struct sqlite_store *s, int64_t now_s, struct store_clock *out)
{
	int64_t jump_max_s = s->base.clock_jump_max_s;
	*out = (struct store_clock){ .state = CLOCK_STEADY };
	int e = one_int(query(&s->main, "SELECT time_s FROM heartbeat"), &out->known_s);
	out->recorded = out->known_s != 0;
	if (e == ERR_OK && !out->recorded)
		e = newest(&s->main, &out->known_s);
	if (e != ERR_OK)
		return e;
	out->state = heartbeat_judge(out->known_s, now_s, jump_max_s);
	/* A role that cannot write the row keeps it in mind. */
	if (out->state != CLOCK_STEADY && s->base.steady_s &&
	    heartbeat_judge(s->base.steady_s, now_s, jump_max_s) == CLOCK_STEADY)
		out->state = CLOCK_STEADY;
	return ERR_OK;
}

int sqlite_clock_look(struct store *st, int64_t now_s, struct store_clock *out)
{
	return look(sqlite_of(st), now_s, out);
}

static int complain(struct sqlite_store *s, int64_t now_s, const struct store_clock *found)
{
	char now[CLOCK_TEXT_MAX], known[CLOCK_TEXT_MAX];
	clock_format(now_s, now);
	clock_format(found->known_s, known);
	return store_fail(&s->base, ERR_BUSY, "the clock says %s, the time last known is %s: expected no "
	                  "such jump (store.clock_jump_max); when the clock is right, run "
	                  "\"portreeve clock accept\"", now, known);
}

int clock_guard(struct store *st, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct store_clock found;
	int e = look(s, now_s, &found);
	if (e == ERR_OK && found.state != CLOCK_STEADY)
		e = complain(s, now_s, &found);
	return e;
}

/* ---- repair ------------------------------------------------------------------ */

static int repair_rows(struct db *db, const struct repair *rows, size_t n, int64_t now_s)
{
	for (size_t i = 0; i < n; i++) {
		int64_t found;
		struct query q = query(db, rows[i].look);
		bind_int(&q, now_s);
		int e = one_int(q, &found);
		if (e == ERR_OK && found) {
			q = query(db, rows[i].sql);
			bind_int(&q, now_s);
			e = query_run(&q);
		}
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Each statement stands for itself: a pass that was interrupted is finished by the next. */
static int repair(struct sqlite_store *s, int64_t now_s)
{
	int e = ERR_OK;
	if (s->main.writable)
		e = repair_rows(&s->main, of_main, sizeof(of_main) / sizeof(*of_main), now_s);
	if (e == ERR_OK && s->returns.h && s->returns.writable)
		e = repair_rows(&s->returns, of_returns,
		                sizeof(of_returns) / sizeof(*of_returns), now_s);
	return e;
}

static int heartbeat_write(struct sqlite_store *s, int64_t now_s)
{
	struct query q = query(&s->main, "INSERT OR REPLACE INTO heartbeat (one, time_s)"
	                                 " VALUES (1, ?)");
	bind_int(&q, now_s);
	return query_run(&q);
}

int sqlite_clock_beat(struct store *st, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct store_clock found;
	int e = look(s, now_s, &found);
	if (e == ERR_OK && found.state != CLOCK_STEADY)
		e = complain(s, now_s, &found);
	if (e != ERR_OK)
		return e;
	int64_t last_s = s->main.writable ? found.recorded ? found.known_s : 0 : s->base.steady_s;
	int64_t newest_s;
	e = newest(&s->main, &newest_s);
	bool due = now_s - last_s >= HEARTBEAT_S || newest_s > now_s;
	if (e != ERR_OK || !due)
		return e;
	e = repair(s, now_s);
	if (e == ERR_OK && s->main.writable)
		return heartbeat_write(s, now_s);
	s->base.steady_s = now_s;
	return e;
}

int sqlite_clock_accept(struct store *st, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = repair(s, now_s);
	return e == ERR_OK ? heartbeat_write(s, now_s) : e;
}
