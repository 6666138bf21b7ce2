/* SPDX-License-Identifier: ISC
 *
 * Removing what is old. Keys grow with time, so a pass reads a page of the oldest rows, asks
 * retention_over() of each, and ends at the first that is young. It looks before it takes
 * the write lock, and again under it.
 */
#include "store/sqlite-operations-private.h"

#include <assert.h>
#include <stdlib.h>

struct old_row {
	int64_t key;
	struct retention_facts facts;
	struct ip address;
	char id[48];                   /* of evidence; of a return: its test's */
};

/* A page of one kind. */
struct page {
	struct sqlite_store *s;
	enum retained kind;
	int64_t after, young_s, now_s; /* keys beyond; what was made later is young */
	size_t max;
	struct rows rows;
	bool end;                      /* there is nothing older behind it */
};

/* The query gives the key and the time of each row's making, then what `read` takes. */
static int page_read(struct page *p, struct query q, void (*read)(struct query *, struct old_row *))
{
	int e;
	bind_int(&q, p->after);
	bind_int(&q, (int64_t)p->max);
	while ((e = query_step(&q)) == 1) {
		struct old_row row = { .key = col_int(&q) };
		row.facts.time_s = col_int(&q);
		/* A row from the future says nothing of those behind it. */
		if (row.facts.time_s > p->young_s && row.facts.time_s <= p->now_s) {
			p->end = true;
			return query_end(&q);
		}
		read(&q, &row);
		*(struct old_row *)rows_add(&p->rows) = row;
	}
	p->end = p->rows.n < p->max;
	return e;
}

static void read_test(struct query *q, struct old_row *row)
{
	row->facts.time_s = col_int(q);
	row->facts.under_way = col_int(q) != TEST_DONE;
	row->facts.last = col_int(q) != 0;
	row->facts.listed = col_int(q) != 0;
}

static int read_tests(struct page *p)
{
	return page_read(p, query(&p->s->main,
		"SELECT key, created_s, finished_s, state,"
		" NOT EXISTS (SELECT 1 FROM tests AS n WHERE n.address = t.address"
		"  AND n.port = t.port AND n.key > t.key),"
		" EXISTS (SELECT 1 FROM listings AS l WHERE l.address = t.address)"
		" FROM tests AS t WHERE key > ? ORDER BY key LIMIT ?"), read_test);
}

static void read_bundle(struct query *q, struct old_row *row)
{
	col_ip(q, &row->address);
	col_text(q, row->id, sizeof(row->id));
	row->facts.listed = col_int(q) != 0;
}

/* The number stands in the query, so that its index is used. */
static_assert(JOURNAL_DELIST == 1, "as in main_3 of sqlite-schema.c");

static int find_delisting(struct db *db, struct old_row *row)
{
	struct prefix subject = { row->address, row->address.family == 4 ? 32 : 128 };
	struct query q = query(db, "SELECT coalesce(max(time_s), 0) FROM journal"
	                           " WHERE subject = ? AND action = 1");
	bind_prefix(&q, &subject);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	row->facts.delisted_s = col_int(&q);
	return query_end(&q);
}

static int read_evidence(struct page *p)
{
	int e = page_read(p, query(&p->s->main,
		"SELECT n, time_s, address, id,"
		" EXISTS (SELECT 1 FROM listings AS l WHERE l.address = e.address)"
		" FROM evidence AS e WHERE n > ? ORDER BY n LIMIT ?"), read_bundle);
	struct old_row *row = p->rows.v;
	for (size_t i = 0; e == ERR_OK && i < p->rows.n; i++)
		e = find_delisting(&p->s->main, &row[i]);
	return e;
}

static void read_return(struct query *q, struct old_row *row)
{
	col_text(q, row->id, sizeof(row->id));
}

static void read_request(struct query *q, struct old_row *row)
{
	(void)q, (void)row;
}

static int find_listing(struct db *db, struct old_row *row)
{
	struct query q = query(db, "SELECT EXISTS (SELECT 1 FROM tests AS t JOIN listings AS l"
	                           " ON l.address = t.address WHERE t.id = ?)");
	bind_text(&q, row->id);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	row->facts.listed = col_int(&q) != 0;
	return query_end(&q);
}

static int find_unread(struct page *p, const char *cursor)
{
	int64_t seen;
	int e = sqlite_cursor_get(&p->s->base, cursor, &seen);
	struct old_row *row = p->rows.v;
	for (size_t i = 0; i < p->rows.n; i++)
		row[i].facts.unread = row[i].key > seen;
	return e;
}

static int read_returns(struct page *p)
{
	int e = page_read(p, query(&p->s->returns, "SELECT id, time_s, test_id FROM returns"
	                                           " WHERE id > ? ORDER BY id LIMIT ?"),
	                  read_return);
	struct old_row *row = p->rows.v;
	for (size_t i = 0; e == ERR_OK && i < p->rows.n; i++)
		e = find_listing(&p->s->main, &row[i]);
	return e == ERR_OK ? find_unread(p, "returns") : e;
}

static int read_requests(struct page *p)
{
	int e = page_read(p, query(&p->s->returns, "SELECT id, time_s FROM requests"
	                                           " WHERE id > ? ORDER BY id LIMIT ?"),
	                  read_request);
	return e == ERR_OK ? find_unread(p, "requests") : e;
}

/* ---- one pass ---------------------------------------------------------------- */

static int delete(struct query q, int64_t key)
{
	bind_int(&q, key);
	return query_run(&q);
}

/* A test that stays does not point at what has gone. */
static int forget_bundle(struct db *db, const struct old_row *row)
{
	struct query q = query(db, "UPDATE tests SET evidence_id = ''"
	                           " WHERE address = ? AND evidence_id = ?");
	bind_ip(&q, &row->address);
	bind_text(&q, row->id);
	return query_run(&q);
}

static int remove_row(struct sqlite_store *s, enum retained kind, const struct old_row *row)
{
	int e;
	switch (kind) {
	case RETAINED_TEST:
		return delete(query(&s->main, "DELETE FROM tests WHERE key = ?"), row->key);
	case RETAINED_EVIDENCE:
		e = delete(query(&s->main, "DELETE FROM evidence WHERE n = ?"), row->key);
		return e == ERR_OK ? forget_bundle(&s->main, row) : e;
	case RETAINED_RETURN:
		return delete(query(&s->returns, "DELETE FROM returns WHERE id = ?"), row->key);
	default:
		return delete(query(&s->returns, "DELETE FROM requests WHERE id = ?"), row->key);
	}
}

static int read_page(struct page *p)
{
	static int (*const readers[])(struct page *) = {
		[RETAINED_TEST] = read_tests, [RETAINED_EVIDENCE] = read_evidence,
		[RETAINED_RETURN] = read_returns, [RETAINED_REQUEST] = read_requests,
	};
	p->rows.n = 0;
	p->end = false;
	return readers[p->kind](p);
}

/* Of the page: how many are over; removes them if it is to. */
static int take(struct page *p, const struct store_config *keep, int64_t now_s, bool remove,
                uint64_t *over)
{
	int e = read_page(p);
	const struct old_row *row = p->rows.v;
	*over = 0;
	for (size_t i = 0; e == ERR_OK && i < p->rows.n; i++) {
		if (!retention_over(p->kind, &row[i].facts, keep, now_s))
			continue;
		*over += 1;
		if (remove)
			e = remove_row(p->s, p->kind, &row[i]);
	}
	return e;
}

static int expire_kind(struct sqlite_store *s, enum retained kind, const struct store_config *keep,
                       int64_t now_s, size_t max, bool dry, struct store_expiry *x)
{
	struct db *db = kind == RETAINED_TEST || kind == RETAINED_EVIDENCE ? &s->main : &s->returns;
	struct page p = {
		.s = s, .kind = kind, .after = x->at[kind], .max = max,
		.young_s = now_s - retention_keep_s(kind, keep), .now_s = now_s,
		.rows = { .size = sizeof(struct old_row) },
	};
	uint64_t over = 0;
	int e = db_begin_read(db);
	if (e == ERR_OK)
		e = db_end(db, take(&p, keep, now_s, false, &over));
	if (e == ERR_OK && over && !dry) {
		e = db_begin(db);
		if (e == ERR_OK)
			e = db_end(db, take(&p, keep, now_s, true, &over));
	}
	if (e == ERR_OK) {
		const struct old_row *row = p.rows.v;
		x->removed[kind] += over;
		x->at[kind] = p.rows.n ? row[p.rows.n - 1].key : x->at[kind];
		x->done[kind] = p.end;
	}
	free(p.rows.v);
	return e;
}

/* Each role what it writes: see open_files() in sqlite.c. */
static bool may_remove(const struct sqlite_store *s, enum retained kind)
{
	bool list = kind == RETAINED_TEST || kind == RETAINED_EVIDENCE;
	return s->base.role == STORE_ADMIN ||
	       s->base.role == (list ? STORE_TESTER : STORE_COLLECTOR);
}

int sqlite_expire(struct store *st, const struct store_config *keep, int64_t now_s, size_t max,
                  bool dry, struct store_expiry *x)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there = true;
	int e = clock_guard(&s->base, now_s);
	if (e == ERR_OK && s->base.only_reads)
		e = returns_ready(s, &there);
	x->done[RETAINED_RETURN] |= !there;
	x->done[RETAINED_REQUEST] |= !there;
	x->over = e == ERR_OK;
	for (enum retained kind = 0; e == ERR_OK && kind < RETAINED_KINDS; kind++) {
		if (may_remove(s, kind) && !x->done[kind])
			e = expire_kind(s, kind, keep, now_s, max, dry, x);
		x->over &= x->done[kind] || !may_remove(s, kind);
	}
	return e;
}
