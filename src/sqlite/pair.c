/* SPDX-License-Identifier: ISC
 *
 * The files beside the list. It says how far the returns' was read; those who read the returns may
 * start before there is a file of them, and it may be replaced. The accounts' is opened when it is
 * asked for, so that no role has it open that does not need it.
 */
#include "sqlite/sqlite-private.h"
#include "store/returns.h"

#include <assert.h>

/* The reader may start before the collector has made the file. */
int returns_ready(struct sqlite_store *s, bool *there)
{
	int e = ERR_OK;
	if (!s->returns.h && s->base.only_reads)
		e = db_open_to_read(&s->returns, s->returns_path, &returns_schema,
		                    &s->base.message);
	else if (!s->returns.h)
		e = db_open(&s->returns, s->returns_path, false, &returns_schema, &s->base.message);
	*there = e == ERR_OK;
	assert(*there == (s->returns.h != NULL));
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

int accounts_ready(struct sqlite_store *s)
{
	int e = ERR_OK;
	if (!s->accounts.h && s->base.only_reads)
		e = db_open_to_read(&s->accounts, s->accounts_path, &accounts_schema,
		                    &s->base.message);
	else if (!s->accounts.h)
		e = db_open(&s->accounts, s->accounts_path, false, &accounts_schema,
		            &s->base.message);
	assert((e == ERR_OK) == (s->accounts.h != NULL));
	if (e != ERR_NOT_FOUND)
		return e;
	return store_fail(&s->base, ERR_BUSY, "%s: no such file: expected the one that was there,"
	                  " or that of a backup; a command that changes something makes an empty"
	                  " one", s->accounts_path);
}

static int cursors_forget(struct sqlite_store *s)
{
	struct db *db = &s->main;
	assert(sqlite3_txn_state(db->h, "main") == SQLITE_TXN_WRITE);
	struct query q = query(db, "DELETE FROM cursors WHERE name IN ('returns', 'requests')");
	int e = query_run(&q);
	if (e != ERR_OK)
		return e;
	q = query(db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('returns', ?)");
	bind_blob(&q, (struct str){ (const char *)s->returns.identity, DB_IDENTITY });
	return query_run(&q);
}

/* *same: the returns of before, as far as they were known. */
static int compare_returns(struct sqlite_store *s, bool *same, bool *known)
{
	struct query q = query(&s->main, "SELECT value = ? FROM meta WHERE name = 'returns'");
	bind_blob(&q, (struct str){ (const char *)s->returns.identity, DB_IDENTITY });
	int e = query_one(&q);
	*known = e == ERR_OK;
	*same = true;
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	*same = col_int(&q) != 0;
	return query_end(&q);
}

/* Ids only grow: a cursor beyond the last one is from a time that an older copy does not know. */
static int cursor_fits(struct sqlite_store *s, const char *name, bool *fits)
{
	int64_t seen, last = 0;
	struct query q = query(&s->returns, "SELECT seq FROM sqlite_sequence WHERE name = ?");
	bind_text(&q, name);
	int e = query_one(&q);
	if (e == ERR_OK) {
		last = col_int(&q);
		e = query_end(&q);
	}
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = store_cursor_get(&s->base, name, &seen);
	*fits &= e != ERR_OK || seen <= last;
	return e;
}

int returns_match(struct sqlite_store *s)
{
	bool same, known, fits = true;
	assert(s->main.writable && s->returns.inode != 0);
	int e = compare_returns(s, &same, &known);
	if (e == ERR_OK)
		e = cursor_fits(s, "returns", &fits);
	if (e == ERR_OK)
		e = cursor_fits(s, "requests", &fits);
	if (e != ERR_OK || (known && same && fits))
		return e;
	if (!known && fits) {              /* the first time: what was read stays read */
		struct query q = query(&s->main, "INSERT OR IGNORE INTO meta (name, value)"
		                                 " VALUES ('returns', ?)");
		bind_blob(&q, (struct str){ (const char *)s->returns.identity, DB_IDENTITY });
		return query_run(&q);
	}
	e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, cursors_forget(s)) : e;
}
