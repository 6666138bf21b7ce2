/* SPDX-License-Identifier: ISC
 *
 * What the collector writes, in returns.db: mail that came back, and requests for a
 * retest. The tester reads it and keeps how far it has read in its own file.
 *
 * Hostile input that reaches it: envelope and message of any mail that names a token, as
 * values of prepared statements, never as text of one.
 */
#include "store/sqlite-operations-private.h"

#include <openssl/sha.h>

static int message_keep(struct db *db, struct str digest, struct str message)
{
	struct query q = query(db, "INSERT OR IGNORE INTO messages (digest, bytes) VALUES (?, ?)");
	bind_blob(&q, digest);
	bind_blob(&q, message);
	return query_run(&q);
}

/* What the token has had: how many rows, and the one with this message (0: none). */
static int token_had(struct db *db, const char *token, struct str digest, int64_t *n,
                     int64_t *same)
{
	struct query q = query(db, "SELECT count(*),"
	                           " coalesce(max(id) FILTER (WHERE digest = ?), 0)"
	                           " FROM returns WHERE token = ?");
	bind_blob(&q, digest);
	bind_text(&q, token);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*n = col_int(&q);
	*same = col_int(&q);
	return query_end(&q);
}

static int return_insert(struct db *db, struct test_return *r, struct str digest)
{
	struct query q = query(db, "INSERT INTO returns (test_id, case_id, attempt, kind, marked,"
	                           " peer, port, time_s, token, helo, mail_from, rcpt_to, digest)"
	                           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind_text(&q, r->test_id);
	bind_text(&q, r->case_id);
	bind_int(&q, r->attempt);
	bind_int(&q, r->kind);
	bind_int(&q, r->marked);
	bind_ip(&q, &r->peer.ip);
	bind_int(&q, r->peer.port);
	bind_int(&q, r->time_s);
	bind_text(&q, r->token);
	bind_text(&q, r->helo);
	bind_text(&q, r->mail_from);
	bind_text(&q, r->rcpt_to);
	bind_blob(&q, digest);
	int e = query_run(&q);
	if (e == ERR_OK)
		r->id = sqlite3_last_insert_rowid(db->h);
	return e;
}

/* A client that tries again after an error of another recipient adds nothing. */
static int return_keep(struct db *db, struct test_return *r, struct str digest,
                       unsigned max_per_token, int *result)
{
	int64_t n = 0, same = 0;
	int e = token_had(db, r->token, digest, &n, &same);
	*result = ERR_OK;
	if (e != ERR_OK)
		return e;
	if (same)
		r->id = same;
	else if (n < max_per_token)
		return return_insert(db, r, digest);
	else
		*result = ERR_LIMIT;
	return ERR_OK;
}

/* The message last, if a row names it now. */
static int returns_keep(struct sqlite_store *s, struct test_return *rows, size_t n,
                        unsigned max_per_token, int *results)
{
	unsigned char bytes[SHA256_DIGEST_LENGTH];
	struct str message = rows[0].message, digest = { (const char *)bytes, sizeof(bytes) };
	bool named = false;
	int e = ERR_OK;
	SHA256((const unsigned char *)(message.p ? message.p : ""), message.n, bytes);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = return_keep(&s->returns, &rows[i], digest, max_per_token, &results[i]);
		named |= e == ERR_OK && results[i] == ERR_OK;
	}
	return e == ERR_OK && named ? message_keep(&s->returns, digest, message) : e;
}

int sqlite_returns_add(struct store *st, struct test_return *rows, size_t n,
                       unsigned max_per_token, int *results)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->returns);
	return e == ERR_OK ?
	       db_end(&s->returns, returns_keep(s, rows, n, max_per_token, results)) : e;
}

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
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int cursors_forget(struct sqlite_store *s)
{
	struct db *db = &s->main;
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
		e = sqlite_cursor_get(&s->base, name, &seen);
	*fits &= e != ERR_OK || seen <= last;
	return e;
}

int returns_match(struct sqlite_store *s)
{
	bool same, known, fits = true;
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

#define COLUMNS \
	"id, test_id, case_id, attempt, kind, marked, peer, port, time_s, token, helo," \
	" mail_from, rcpt_to, digest"

static int message_load(struct db *db, struct str digest, struct arena *a, struct str *message)
{
	struct query q = query(db, "SELECT bytes FROM messages WHERE digest = ?");
	bind_blob(&q, digest);
	int e = query_one(&q);
	*message = STR("");
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	*message = col_blob(&q, a);
	return query_end(&q);
}

static void return_read(struct query *q, struct test_return *r)
{
	r->id = col_int(q);
	col_text(q, r->test_id, sizeof(r->test_id));
	col_text(q, r->case_id, sizeof(r->case_id));
	r->attempt = (uint8_t)col_int(q);
	r->kind = (enum return_kind)col_int(q);
	r->marked = col_int(q) != 0;
	col_ip(q, &r->peer.ip);
	r->peer.port = (uint16_t)col_int(q);
	r->time_s = col_int(q);
	col_text(q, r->token, sizeof(r->token));
	col_text(q, r->helo, sizeof(r->helo));
	col_text(q, r->mail_from, sizeof(r->mail_from));
	col_text(q, r->rcpt_to, sizeof(r->rcpt_to));
}

/* Rows of one message come one after the other, and share it. */
static int returns_read(struct query *q, bool with_message, struct arena *a,
                        struct test_return **out, size_t *n)
{
	struct rows rows = { .size = sizeof(struct test_return) };
	struct str message = { 0 }, loaded = { 0 };
	int e;
	while ((e = query_step(q)) == 1) {
		struct test_return *r = rows_add(&rows);
		return_read(q, r);
		if (!with_message)
			continue;
		struct str digest = col_blob(q, a);
		if (!loaded.p || !str_eq(digest, loaded)) {
			int failed = message_load(q->db, digest, a, &message);
			if (failed != ERR_OK) {
				query_end(q);
				return rows_done(&rows, failed, a, out, n);
			}
			loaded = digest;
		}
		r->message = message;
	}
	return rows_done(&rows, e, a, out, n);
}

int sqlite_returns_after(struct store *st, int64_t after, size_t max, bool with_message,
                         struct arena *a, struct test_return **rows, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there;
	int e = returns_ready(s, &there);
	*rows = NULL;
	*n = 0;
	if (e != ERR_OK || !there)
		return e;
	struct query q = query(&s->returns, "SELECT " COLUMNS " FROM returns"
	                                    " WHERE id > ? ORDER BY id LIMIT ?");
	bind_int(&q, after);
	bind_int(&q, max > INT32_MAX ? INT32_MAX : (int64_t)max);
	return returns_read(&q, with_message, a, rows, n);
}

int sqlite_returns_of(struct store *st, const char *test_id, bool with_message, struct arena *a,
                      struct test_return **rows, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there;
	int e = returns_ready(s, &there);
	*rows = NULL;
	*n = 0;
	if (e != ERR_OK || !there)
		return e;
	struct query q = query(&s->returns, "SELECT " COLUMNS " FROM returns"
	                                    " WHERE test_id = ? ORDER BY id");
	bind_text(&q, test_id);
	return returns_read(&q, with_message, a, rows, n);
}

/* ---- requests -------------------------------------------------------------- */

/* Asked by a clock that was ahead: counts as now, and grows older from here. In a transaction
 * of its own, so that it stands even if the request is refused. */
static int request_correct(struct sqlite_store *s, const struct ip *address, int64_t now_s)
{
	struct query q = query(&s->returns, "UPDATE requests SET time_s = ?1"
	                                    " WHERE address = ?2 AND time_s > ?1");
	bind_int(&q, now_s);
	bind_ip(&q, address);
	return query_run(&q);
}

static int request_insert(struct sqlite_store *s, const struct retest_request *r,
                          int64_t min_interval_s)
{
	struct db *db = &s->returns;
	struct query q = query(db, "SELECT 1 FROM requests WHERE address = ? AND time_s > ?"
	                           " LIMIT 1");
	bind_ip(&q, &r->address);
	bind_int(&q, r->time_s - min_interval_s);
	int e = query_one(&q);
	if (e == ERR_OK) {
		query_end(&q);
		return store_fail(&s->base, ERR_LIMIT, "that address asked a short time ago");
	}
	if (e != ERR_NOT_FOUND)
		return e;
	q = query(db, "INSERT INTO requests (address, reply_to, time_s) VALUES (?, ?, ?)");
	bind_ip(&q, &r->address);
	bind_text(&q, r->reply_to);
	bind_int(&q, r->time_s);
	return query_run(&q);
}

int sqlite_request_add(struct store *st, const struct retest_request *r, int64_t min_interval_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = request_correct(s, &r->address, r->time_s);
	if (e == ERR_OK)
		e = db_begin(&s->returns);
	return e == ERR_OK ? db_end(&s->returns, request_insert(s, r, min_interval_s)) : e;
}

int sqlite_requests_after(struct store *st, int64_t after, size_t max, struct arena *a,
                          struct retest_request **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there;
	int e = returns_ready(s, &there);
	*out = NULL;
	*n = 0;
	if (e != ERR_OK || !there)
		return e;
	struct rows rows = { .size = sizeof(struct retest_request) };
	struct query q = query(&s->returns, "SELECT id, address, reply_to, time_s FROM requests"
	                                    " WHERE id > ? ORDER BY id LIMIT ?");
	bind_int(&q, after);
	bind_int(&q, max > INT32_MAX ? INT32_MAX : (int64_t)max);
	while ((e = query_step(&q)) == 1) {
		struct retest_request *r = rows_add(&rows);
		r->id = col_int(&q);
		col_ip(&q, &r->address);
		col_text(&q, r->reply_to, sizeof(r->reply_to));
		r->time_s = col_int(&q);
	}
	return rows_done(&rows, e, a, out, n);
}

/* ---- cursors (in portreeve.db) --------------------------------------------- */

int sqlite_cursor_get(struct store *st, const char *name, int64_t *value)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "SELECT value FROM cursors WHERE name = ?");
	bind_text(&q, name);
	int e = query_one(&q);
	*value = 0;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;              /* nothing read yet */
	if (e != ERR_OK)
		return e;
	*value = col_int(&q);
	return query_end(&q);
}

int sqlite_cursor_set(struct store *st, const char *name, int64_t value)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "INSERT OR REPLACE INTO cursors (name, value)"
	                                 " VALUES (?, ?)");
	bind_text(&q, name);
	bind_int(&q, value);
	return query_run(&q);
}
