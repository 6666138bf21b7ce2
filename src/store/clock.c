/* SPDX-License-Identifier: ISC
 *
 * The heartbeat row, the judgement of the clock by it, and the repair of what a wrong clock
 * has left behind: what has happened counts as now if its time is ahead, and what is planned
 * is never further away than its interval.
 */
#include "store/backend.h"
#include "store/clock.h"
#include "store/tests.h"

#include "base/clock.h"

#include <assert.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what is known --------------------------------------------------------------- */

static int last_journal_s(struct store *st, int64_t *time_s)
{
	struct journal_entry last;
	int e = row_first(st, ROW_JOURNAL, &(struct row_range){ .backward = true }, &last, NULL);
	*time_s = e == ERR_OK ? last.time_s : 0;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int last_test_s(struct store *st, int64_t *time_s)
{
	struct test_row last;
	int e = row_first(st, ROW_TEST, &(struct row_range){ .backward = true }, &last, NULL);
	*time_s = 0;
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	const int64_t times_s[] = { last.t.created_s, last.t.started_s, last.t.finished_s };
	for (size_t i = 0; i < COUNT(times_s); i++)
		*time_s = times_s[i] > *time_s ? times_s[i] : *time_s;
	return e;
}

/* A store that never had a heartbeat is judged by the newest that it tells of. */
static int newest(struct store *st, int64_t *time_s)
{
	int64_t journal_s, test_s;
	int e = last_journal_s(st, &journal_s);
	if (e == ERR_OK)
		e = last_test_s(st, &test_s);
	if (e == ERR_OK)
		*time_s = journal_s > test_s ? journal_s : test_s;
	return e;
}

int store_clock_look(struct store *st, int64_t now_s, struct store_clock *out)
{
	int64_t jump_max_s = st->clock_jump_max_s;
	assert(jump_max_s >= 0);
	struct heartbeat_row beat = { .one = 1 };
	*out = (struct store_clock){ .state = CLOCK_STEADY };
	int e = row_get(st, ROW_HEARTBEAT, BY_KEY, &beat, NULL);
	out->known_s = e == ERR_OK ? beat.time_s : 0;
	out->recorded = out->known_s != 0;
	if ((e == ERR_OK || e == ERR_NOT_FOUND) && !out->recorded)
		e = newest(st, &out->known_s);
	if (e != ERR_OK)
		return e;
	out->state = heartbeat_judge(out->known_s, now_s, jump_max_s);
	/* A role that cannot write the row keeps it in mind. */
	if (out->state != CLOCK_STEADY && st->steady_s &&
	    heartbeat_judge(st->steady_s, now_s, jump_max_s) == CLOCK_STEADY)
		out->state = CLOCK_STEADY;
	return ERR_OK;
}

static int complain(struct store *st, int64_t now_s, const struct store_clock *found)
{
	char now[CLOCK_TEXT_MAX], known[CLOCK_TEXT_MAX];
	assert(found->state != CLOCK_STEADY);
	clock_format(now_s, now);
	clock_format(found->known_s, known);
	return store_fail(st, ERR_BUSY, "the clock says %s, the time last known is %s: expected no "
	                  "such jump (store.clock_jump_max); when the clock is right, run "
	                  "\"portreeve clock accept\"", now, known);
}

int clock_guard(struct store *st, int64_t now_s)
{
	struct store_clock found;
	int e = store_clock_look(st, now_s, &found);
	if (e == ERR_OK && found.state != CLOCK_STEADY)
		e = complain(st, now_s, &found);
	return e;
}

int store_clock_within(struct store *st, int64_t since_s, int64_t at_s, int64_t window_s,
                       int64_t now_s)
{
	assert(window_s >= 0);
	if (clock_past(at_s, now_s) - clock_past(since_s, now_s) <= window_s)
		return ERR_OK;
	int e = clock_guard(st, now_s);
	return e == ERR_OK ? ERR_LIMIT : e;
}

/* ---- repair ---------------------------------------------------------------------- */

/* A time of what has happened: most_s is 0. A planned one: at most so many seconds away. */
struct timed {
	enum row_kind kind;
	const char *column;
	int64_t most_s;
};
static const struct timed timed[] = {
	{ ROW_TEST, "started_s", 0 }, { ROW_TEST, "finished_s", 0 },
	{ ROW_TEST, "not_before_s", STORE_RETRY_MAX_S },
	{ ROW_TEST, "wait_until_s", STORE_WAIT_MAX_S },
	{ ROW_TEST, "lease_until_s", STORE_WAIT_MAX_S },
	{ ROW_LISTING, "since_s", 0 }, { ROW_LISTING, "last_test_s", 0 },
	{ ROW_RANGE, "since_s", 0 },
	{ ROW_PROOF, "time_s", 0 }, { ROW_AGREEMENT, "time_s", 0 }, { ROW_EVIDENCE, "time_s", 0 },
	{ ROW_JOURNAL, "time_s", 0 }, { ROW_PERMIT, "created_s", 0 },
	{ ROW_EXCLUSION, "created_s", 0 }, { ROW_NOMINATION, "created_s", 0 },
	{ ROW_SCAN, "started_s", 0 }, { ROW_SCAN, "ended_s", 0 },
	{ ROW_REPORT, "created_s", 0 }, { ROW_REPORT, "sent_s", 0 },
	{ ROW_REPORT, "changed_s", 0 }, { ROW_REPORT, "contact_fetched_s", 0 },
	{ ROW_CONTACT, "fetched_s", 0 }, { ROW_DEAD_CONTACT, "since_s", 0 },
	{ ROW_RETURN, "time_s", 0 }, { ROW_REQUEST, "time_s", 0 },
};

struct ahead {
	const struct row_column *column;
	int64_t most;
};

static bool is_ahead(const void *context, const void *row)
{
	const struct ahead *ahead = context;
	return row_number(ahead->column, row) > ahead->most;
}

/* One row with its blobs, which only this row's repair needs. */
static int repair_row(struct store *st, const struct timed *t, const struct ahead *ahead, void *row)
{
	struct arena blobs = { 0 };
	int e = row_get(st, t->kind, BY_KEY, row, &blobs);
	if (e == ERR_OK) {
		row_number_set(ahead->column, row, ahead->most);
		e = st->ops->update(st, t->kind, row);
	}
	arena_fini(&blobs);
	return e;
}

/* Who repairs may write all of the place: what a role leaves behind in a kind is mended by
 * whoever has that file. */
static int repair_column(struct store *st, const struct timed *t, int64_t now_s)
{
	struct arena a = { 0 };
	struct ahead ahead = { row_column(t->kind, t->column), now_s + t->most_s };
	assert(t->most_s >= 0 && ahead.column->type == COLUMN_INT);
	struct row_wish wish = { .fits = is_ahead, .context = &ahead };
	char *rows = NULL;
	size_t n = 0;
	int e = row_list(st, t->kind, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = repair_row(st, t, &ahead, rows + i * row_tables[t->kind].size);
	arena_fini(&a);
	return e;
}

static bool was_made_ahead(const void *context, const void *row)
{
	const struct test_row *test = row;
	return test->t.created_s > *(const int64_t *)context;
}

/* A test that was made ahead is due as long from now as it was from then. */
static int repair_created(struct store *st, int64_t now_s)
{
	struct arena a = { 0 };
	struct row_wish wish = { .fits = was_made_ahead, .context = &now_s };
	assert(st->writing[PLACE_LIST]);
	struct test_row *rows = NULL;
	size_t n = 0;
	int e = row_list(st, ROW_TEST, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct test *t = &rows[i].t;
		int64_t away_s = t->not_before_s - t->created_s;
		t->not_before_s = now_s + (away_s > 0 ? away_s : 0);
		t->created_s = now_s;
		e = st->ops->update(st, ROW_TEST, &rows[i]);
	}
	arena_fini(&a);
	return e;
}

/* A network has one report per day: where today's is there, the one that is ahead stays. */
static int repair_days(struct store *st, int64_t now_s)
{
	struct arena a = { 0 };
	struct ahead ahead = { row_column(ROW_REPORT, "day"), now_s / 86400 };
	struct row_wish wish = { .fits = is_ahead, .context = &ahead, .with_blobs = true };
	struct report_row *rows = NULL;
	assert(st->writing[PLACE_LIST] && ahead.most >= 0);
	size_t n = 0;
	int e = row_list(st, ROW_REPORT, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct report_row today = rows[i];
		today.r.day = ahead.most;
		e = row_get(st, ROW_REPORT, REPORT_BY_DAY, &today, NULL);
		if (e != ERR_NOT_FOUND)
			continue;
		rows[i].r.day = ahead.most;
		e = st->ops->update(st, ROW_REPORT, &rows[i]);
	}
	arena_fini(&a);
	return e;
}

/* Looks without the write lock whether there is anything, and does it in a transaction of its
 * own then: a pass that was interrupted is finished by the next. */
static int repair_if(struct store *st, enum row_kind kind, const char *column, int64_t most,
                     int (*repair)(struct store *, const void *, int64_t), const void *what,
                     int64_t now_s)
{
	enum row_place place = row_tables[kind].place;
	assert(store_may_write(st, place == PLACE_LIST ? ROW_HEARTBEAT : ROW_RETURN));
	int64_t greatest;
	int e = row_greatest(st, kind, column, &greatest);
	if (e != ERR_OK || greatest <= most)
		return e;
	e = store_begin(st, place, 0, "clock_repair");
	return e == ERR_OK ? store_end(st, repair(st, what, now_s)) : e;
}

static int run_created(struct store *st, const void *unused, int64_t now_s)
{
	(void)unused;
	return repair_created(st, now_s);
}

static int run_days(struct store *st, const void *unused, int64_t now_s)
{
	(void)unused;
	return repair_days(st, now_s);
}

static int run_column(struct store *st, const void *what, int64_t now_s)
{
	return repair_column(st, what, now_s);
}

/* Whether this opener has a place for itself or with others, so that it mends what is there. */
static bool has_place(const struct store *st, enum row_place place)
{
	return store_may_write(st, place == PLACE_LIST ? ROW_HEARTBEAT : ROW_RETURN);
}

static int repair(struct store *st, int64_t now_s)
{
	int e = ERR_OK;
	if (has_place(st, PLACE_LIST)) {
		e = repair_if(st, ROW_TEST, "created_s", now_s, run_created, NULL, now_s);
		if (e == ERR_OK)
			e = repair_if(st, ROW_REPORT, "day", now_s / 86400, run_days, NULL, now_s);
	}
	for (size_t i = 0; e == ERR_OK && i < COUNT(timed); i++)
		if (has_place(st, row_tables[timed[i].kind].place))
			e = repair_if(st, timed[i].kind, timed[i].column, now_s + timed[i].most_s,
			              run_column, &timed[i], now_s);
	return e;
}

/* ---- the heartbeat --------------------------------------------------------------- */

static int heartbeat_write(struct store *st, int64_t now_s)
{
	struct heartbeat_row beat = { .one = 1, .time_s = now_s };
	assert(store_may_write(st, ROW_HEARTBEAT));
	return row_put(st, ROW_HEARTBEAT, &beat);
}

int store_clock_beat(struct store *st, int64_t now_s)
{
	bool writes = store_may_write(st, ROW_HEARTBEAT);
	struct store_clock found;
	int64_t newest_s;
	if (st->may_write == 0)
		return store_fail(st, ERR_DENIED,
		                  "store: clock_beat is not allowed to this process");
	int e = store_clock_look(st, now_s, &found);
	if (e == ERR_OK && found.state != CLOCK_STEADY)
		e = complain(st, now_s, &found);
	if (e == ERR_OK)
		e = newest(st, &newest_s);
	if (e != ERR_OK)
		return e;
	int64_t last_s = writes ? found.recorded ? found.known_s : 0 : st->steady_s;
	if (now_s - last_s < HEARTBEAT_S && newest_s <= now_s)
		return ERR_OK;
	assert(found.state == CLOCK_STEADY);
	e = repair(st, now_s);
	if (e == ERR_OK && writes)
		return heartbeat_write(st, now_s);
	st->steady_s = now_s;
	return e;
}

int store_clock_accept(struct store *st, int64_t now_s)
{
	if (st->may_write != STORE_ALL)
		return store_fail(st, ERR_DENIED,
		                  "store: clock_accept is not allowed to this process");
	int e = repair(st, now_s);
	return e == ERR_OK ? heartbeat_write(st, now_s) : e;
}
