/* SPDX-License-Identifier: ISC
 *
 * Removing what is old. Keys grow with time, so a pass reads a page of the oldest rows, asks
 * retention_over() of each, and ends at the first that is young. It looks before it takes
 * the write lock, and again under it.
 */
#include "store/backend.h"
#include "store/retention.h"
#include "store/returns.h"
#include "store/store.h"

#include "base/mem.h"
#include "store/upkeep.h"

#include <assert.h>
#include <stdlib.h>

struct old_row {
	int64_t key, made_s;
	struct retention_facts facts;
	struct ip address;
	uint16_t port;                 /* of a test */
	char id[48];                   /* of evidence; of a return: its test's */
};

/* A page of one kind. */
struct page {
	struct store *st;
	enum retained kind;
	int64_t after, young_s, now_s; /* keys beyond; what was made later is young */
	size_t max, n;
	struct old_row *rows;          /* room for max */
	bool end;                      /* there is nothing older behind it */
};

/* ---- what a row says of itself ----------------------------------------------------- */

static struct old_row test_as_old(const void *row)
{
	const struct test_row *test = row;
	return (struct old_row){
		.key = test->key, .made_s = test->t.created_s,
		.address = test->t.target.ip, .port = test->t.target.port,
		.facts = { .time_s = test->t.finished_s,
		           .under_way = test->t.state != TEST_DONE },
	};
}

static struct old_row evidence_as_old(const void *row)
{
	const struct evidence_row *evidence = row;
	struct old_row old = {
		.key = evidence->n, .made_s = evidence->time_s, .address = evidence->address,
		.facts = { .time_s = evidence->time_s },
	};
	memcpy(old.id, evidence->id, sizeof(old.id));
	return old;
}

static struct old_row return_as_old(const void *row)
{
	const struct return_row *back = row;
	struct old_row old = {
		.key = back->r.id, .made_s = back->r.time_s, .facts = { .time_s = back->r.time_s },
	};
	memcpy(old.id, back->r.test_id, sizeof(back->r.test_id));
	return old;
}

static struct old_row request_as_old(const void *row)
{
	const struct retest_request *request = row;
	return (struct old_row){
		.key = request->id, .made_s = request->time_s,
		.facts = { .time_s = request->time_s },
	};
}

/* ---- what the others say of it ----------------------------------------------------- */

static int find_listed(struct store *st, const struct ip *address, bool *listed)
{
	struct listing l = { .address = *address };
	int e = row_get(st, ROW_LISTING, BY_KEY, &l, NULL);
	*listed = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int look_at_test(struct page *p, struct old_row *row)
{
	struct test_row newer = { .key = row->key, .t.target = { row->address, row->port } };
	struct row_range range = {
		.index = TEST_BY_TARGET, .row = &newer, .equal = 2, .bound = BOUND_AFTER,
	};
	int e = row_first(p->st, ROW_TEST, &range, &newer, NULL);
	row->facts.last = e == ERR_NOT_FOUND;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	assert(e != ERR_OK || newer.key > row->key);
	return find_listed(p->st, &row->address, &row->facts.listed);
}

static int latest(void *context, const void *row)
{
	const struct journal_entry *entry = row;
	int64_t *time_s = context;
	*time_s = entry->time_s > *time_s ? entry->time_s : *time_s;
	return 0;
}

static int look_at_evidence(struct page *p, struct old_row *row)
{
	struct journal_entry of = { .subject = prefix_of(&row->address, ip_bits(&row->address)) };
	struct row_range range = { .index = JOURNAL_DELISTED, .row = &of, .equal = 1 };
	int e = row_each(p->st, ROW_JOURNAL, &range, NULL, latest, &row->facts.delisted_s);
	return e == ERR_OK ? find_listed(p->st, &row->address, &row->facts.listed) : e;
}

static int find_unread(struct page *p, struct old_row *row, const char *cursor)
{
	int64_t seen;
	int e = store_cursor_get(p->st, cursor, &seen);
	row->facts.unread = row->key > seen;
	return e;
}

static int look_at_return(struct page *p, struct old_row *row)
{
	struct test_row of = { 0 };
	str_copy(of.t.id, sizeof(of.t.id), str_of(row->id));
	int e = row_get(p->st, ROW_TEST, TEST_BY_ID, &of, NULL);
	if (e == ERR_OK)
		e = find_listed(p->st, &of.t.target.ip, &row->facts.listed);
	return e == ERR_OK || e == ERR_NOT_FOUND ? find_unread(p, row, "returns") : e;
}

static int look_at_request(struct page *p, struct old_row *row)
{
	return find_unread(p, row, "requests");
}

/* ---- how it goes ------------------------------------------------------------------- */

int test_remove(struct store *st, const struct test_row *test)
{
	struct intent_row intent = { .test = test->key };
	struct result_row result = { .test = test->key };
	assert(test->key > 0);
	int e = row_clear(st, ROW_INTENT, &(struct row_range){ .row = &intent, .equal = 1 }, NULL);
	if (e == ERR_OK)
		e = row_clear(st, ROW_RESULT, &(struct row_range){ .row = &result, .equal = 1 },
		              NULL);
	return e == ERR_OK ? row_remove(st, ROW_TEST, test) : e;
}

static int forget_test(struct store *st, const struct old_row *row)
{
	struct test_row test = { .key = row->key };
	return test_remove(st, &test);
}

/* A test that stays does not point at what has gone. */
static int forget_pointers(struct store *st, const struct old_row *row)
{
	struct arena a = { 0 };
	struct test_row of = { .t.target.ip = row->address }, *tests = NULL;
	struct row_wish wish = { .range = { .index = TEST_BY_TARGET, .row = &of, .equal = 1 } };
	size_t n = 0;
	int e = row_list(st, ROW_TEST, &wish, &a, &tests, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (strcmp(tests[i].t.evidence_id, row->id) != 0)
			continue;
		tests[i].t.evidence_id[0] = '\0';
		e = row_update(st, ROW_TEST, &tests[i]);
	}
	arena_fini(&a);
	return e;
}

static int forget_evidence(struct store *st, const struct old_row *row)
{
	struct evidence_row evidence = { .n = row->key };
	assert(st->writing[PLACE_LIST] && row->key > 0);
	int e = row_remove(st, ROW_EVIDENCE, &evidence);
	return e == ERR_OK ? forget_pointers(st, row) : e;
}

static int forget_return(struct store *st, const struct old_row *row)
{
	struct arena a = { 0 };
	struct return_row back = { .r.id = row->key };
	assert(st->writing[PLACE_RETURNS] && row->key > 0);
	int e = row_get(st, ROW_RETURN, BY_KEY, &back, &a);
	if (e == ERR_OK)
		e = return_remove(st, &back);
	arena_fini(&a);
	return e;
}

static int forget_request(struct store *st, const struct old_row *row)
{
	struct retest_request request = { .id = row->key };
	assert(st->writing[PLACE_RETURNS] && row->key > 0);
	return row_remove(st, ROW_REQUEST, &request);
}

static const struct {
	enum row_kind rows;
	struct old_row (*as_old)(const void *row);
	int (*look)(struct page *, struct old_row *);
	int (*forget)(struct store *, const struct old_row *);
} retained_kinds[RETAINED_KINDS] = {
	[RETAINED_TEST] = { ROW_TEST, test_as_old, look_at_test, forget_test },
	[RETAINED_EVIDENCE] = { ROW_EVIDENCE, evidence_as_old, look_at_evidence, forget_evidence },
	[RETAINED_RETURN] = { ROW_RETURN, return_as_old, look_at_return, forget_return },
	[RETAINED_REQUEST] = { ROW_REQUEST, request_as_old, look_at_request, forget_request },
};

/* ---- one pass ---------------------------------------------------------------------- */

static int page_row(void *context, const void *row)
{
	struct page *p = context;
	assert(p->kind < RETAINED_KINDS);
	struct old_row old = retained_kinds[p->kind].as_old(row);
	assert(old.key > p->after && p->n < p->max);
	/* A row from the future says nothing of those behind it. */
	if (old.made_s > p->young_s && old.made_s <= p->now_s) {
		p->end = true;
		return 1;
	}
	p->rows[p->n++] = old;
	return p->n == p->max;
}

/* `from` is a row of the kind with the key to begin behind. */
static int page_read(struct page *p)
{
	max_align_t from[ROW_BYTES_MAX / sizeof(max_align_t)] = { 0 };
	enum row_kind kind = retained_kinds[p->kind].rows;
	const struct row_table *table = &row_tables[kind];
	struct row_range range = { .row = from, .bound = BOUND_AFTER };
	row_number_set(row_column(kind, table->indexes[BY_KEY].columns[0]), from, p->after);
	p->n = 0;
	p->end = false;
	int e = row_each(p->st, kind, &range, NULL, page_row, p);
	p->end |= p->n < p->max;
	for (size_t i = 0; e == ERR_OK && i < p->n; i++)
		e = retained_kinds[p->kind].look(p, &p->rows[i]);
	return e;
}

/* Of the page: how many are over; removes them if it is to. */
static int take_page(struct page *p, const struct store_config *keep, bool remove,
                     uint64_t *over)
{
	int e = page_read(p);
	*over = 0;
	for (size_t i = 0; e == ERR_OK && i < p->n; i++) {
		if (!retention_over(p->kind, &p->rows[i].facts, keep, p->now_s))
			continue;
		*over += 1;
		if (remove)
			e = retained_kinds[p->kind].forget(p->st, &p->rows[i]);
	}
	assert(*over <= p->n);
	return e;
}

static int expire_page(struct page *p, const struct store_config *keep, bool dry, uint64_t *over)
{
	enum row_place place = row_tables[retained_kinds[p->kind].rows].place;
	assert(p->max > 0 && p->young_s <= p->now_s);
	int e = store_begin_read(p->st, place);
	if (e == ERR_OK)
		e = store_end(p->st, take_page(p, keep, false, over));
	if (e != ERR_OK || *over == 0 || dry)
		return e;
	e = store_begin(p->st, place, 0, "expire");
	return e == ERR_OK ? store_end(p->st, take_page(p, keep, true, over)) : e;
}

static int expire_kind(struct store *st, enum retained kind, const struct store_config *keep,
                       int64_t now_s, size_t max, bool dry, struct store_expiry *x)
{
	struct page p = {
		.st = st, .kind = kind, .after = x->at[kind], .max = max,
		.young_s = now_s - retention_keep_s(kind, keep), .now_s = now_s,
		.rows = mem_array(max, sizeof(struct old_row)),
	};
	uint64_t over = 0;
	int e = expire_page(&p, keep, dry, &over);
	if (e == ERR_OK) {
		x->removed[kind] += over;
		x->at[kind] = p.n ? p.rows[p.n - 1].key : x->at[kind];
		x->done[kind] = p.end;
	}
	free(p.rows);
	return e;
}

/* Each opener what it writes; one that only reads may count all. */
static bool is_mine(const struct store *st, enum retained kind, bool dry)
{
	return store_may_write(st, retained_kinds[kind].rows) || (dry && st->may_write == 0);
}

int store_expire(struct store *st, const struct store_config *keep, int64_t now_s, size_t max,
                 bool dry, struct store_expiry *x)
{
	assert(max > 0);
	if (st->may_write == 0 && !dry)
		return store_fail(st, ERR_DENIED, "store: expire is not allowed to this process");
	int e = clock_guard(st, now_s);
	x->over = e == ERR_OK;
	for (enum retained kind = 0; e == ERR_OK && kind < RETAINED_KINDS; kind++) {
		if (is_mine(st, kind, dry) && !x->done[kind])
			e = expire_kind(st, kind, keep, now_s, max, dry, x);
		x->over &= x->done[kind] || !is_mine(st, kind, dry);
	}
	return e;
}
