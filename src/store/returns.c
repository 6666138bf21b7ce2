/* SPDX-License-Identifier: ISC
 *
 * What the collector writes, in the place of the returns: mail that came back, and requests for
 * a retest. The tester reads it and keeps how far it has read with its own writes.
 *
 * A message that came back for many tokens is kept once, and goes with the last row that names
 * it by its digest: its SHA-256, or for what an older version kept, the number of its row.
 *
 * Hostile input that reaches it: envelope and message of any mail that names a token.
 */
#include "store/backend.h"
#include "store/returns.h"
#include "store/store.h"

#include <assert.h>
#include <openssl/sha.h>

/* ---- returns --------------------------------------------------------------------- */

/* What a token has had: how many rows, and the one with this message (0: none). */
struct token_had {
	struct str digest;
	unsigned n;
	int64_t same;
};

static int count_return(void *context, const void *row)
{
	struct token_had *had = context;
	const struct return_row *r = row;
	had->n++;
	if (str_eq(r->digest, had->digest))
		had->same = r->r.id;
	return 0;
}

static int look_at_token(struct store *st, const char *token, struct token_had *had)
{
	struct return_row of = { 0 };
	struct arena a = { 0 };
	assert(st->writing[PLACE_RETURNS] && had->n == 0);
	str_copy(of.r.token, sizeof(of.r.token), str_of(token));
	struct row_range range = { .index = RETURN_BY_TOKEN, .row = &of, .equal = 1 };
	int e = row_each(st, ROW_RETURN, &range, &a, count_return, had);
	arena_fini(&a);
	return e;
}

/* A client that tries again after an error of another recipient adds nothing. */
static int return_keep(struct store *st, struct test_return *r, struct str digest,
                       unsigned max_per_token, int *result)
{
	struct token_had had = { .digest = digest };
	struct return_row row = { .r = *r, .digest = digest };
	int e = look_at_token(st, r->token, &had);
	*result = ERR_OK;
	if (e != ERR_OK)
		return e;
	row.r.message = STR("");     /* it has a row of its own */
	assert(had.same == 0 || had.n > 0);
	if (had.same) {
		r->id = had.same;
	} else if (had.n < max_per_token) {
		e = row_add(st, ROW_RETURN, &row);
		r->id = row.r.id;
	} else {
		*result = ERR_LIMIT;
	}
	return e;
}

static int message_keep(struct store *st, struct str digest, struct str message)
{
	struct message_row row = { .digest = digest, .bytes = message }, there = row;
	assert(digest.n == SHA256_DIGEST_LENGTH);
	int e = row_get(st, ROW_MESSAGE, MESSAGE_BY_DIGEST, &there, NULL);
	return e == ERR_NOT_FOUND ? row_add(st, ROW_MESSAGE, &row) : e;
}

/* The message last, if a row names it now. */
static int returns_keep(struct store *st, struct test_return *rows, size_t n,
                        unsigned max_per_token, int *results)
{
	unsigned char bytes[SHA256_DIGEST_LENGTH];
	struct str message = rows[0].message, digest = { (const char *)bytes, sizeof(bytes) };
	bool named = false;
	int e = ERR_OK;
	SHA256((const unsigned char *)(message.p ? message.p : ""), message.n, bytes);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = return_keep(st, &rows[i], digest, max_per_token, &results[i]);
		named |= e == ERR_OK && results[i] == ERR_OK;
		assert(e != ERR_OK || results[i] != ERR_OK || rows[i].id > 0);
	}
	return e == ERR_OK && named ? message_keep(st, digest, message) : e;
}

int store_returns_add(struct store *st, struct test_return *rows, size_t n,
                      unsigned max_per_token, int *results)
{
	assert(n > 0);
	int e = store_begin(st, PLACE_RETURNS, STORE_RETURNS, "returns_add");
	return e == ERR_OK ? store_end(st, returns_keep(st, rows, n, max_per_token, results)) : e;
}

int store_return_add(struct store *st, struct test_return *r, unsigned max_per_token)
{
	int result = ERR_OK;
	int e = store_returns_add(st, r, 1, max_per_token, &result);
	return e == ERR_OK ? result : e;
}

int return_remove(struct store *st, const struct return_row *row)
{
	struct return_row other = { .digest = row->digest };
	struct message_row message = { .digest = row->digest };
	struct row_range range = { .index = RETURN_BY_DIGEST, .row = &other, .equal = 1 };
	assert(st->writing[PLACE_RETURNS] && row->r.id > 0);
	int e = row_remove(st, ROW_RETURN, row);
	if (e == ERR_OK)
		e = row_first(st, ROW_RETURN, &range, &other, NULL);
	if (e != ERR_NOT_FOUND)
		return e;
	/* The last that named it. */
	e = row_get(st, ROW_MESSAGE, MESSAGE_BY_DIGEST, &message, NULL);
	if (e == ERR_OK)
		e = row_remove(st, ROW_MESSAGE, &message);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int message_load(struct store *st, struct str digest, struct arena *a,
                        struct str *message)
{
	struct message_row row = { .digest = digest };
	int e = row_get(st, ROW_MESSAGE, MESSAGE_BY_DIGEST, &row, a);
	*message = e == ERR_OK ? row.bytes : STR("");
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Rows of one message come one after the other, and share it. */
static int with_messages(struct store *st, const struct return_row *rows, size_t n,
                         struct arena *a, struct test_return *out)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (i && str_eq(rows[i].digest, rows[i - 1].digest))
			out[i].message = out[i - 1].message;
		else
			e = message_load(st, rows[i].digest, a, &out[i].message);
	}
	return e;
}

static int returns_list(struct store *st, const struct row_wish *wish, bool with_message,
                        struct arena *a, struct test_return **out, size_t *n)
{
	struct arena work = { 0 };
	struct return_row *rows = NULL;
	int e = row_list(st, ROW_RETURN, wish, &work, &rows, n);
	*out = NULL;
	if (e == ERR_OK && *n) {
		*out = arena_alloc(a, *n * sizeof(**out));
		for (size_t i = 0; i < *n; i++)
			(*out)[i] = rows[i].r;
		if (with_message)
			e = with_messages(st, rows, *n, a, *out);
	}
	if (e != ERR_OK)
		*n = 0;
	arena_fini(&work);
	return e;
}

/* One view: a message does not go between its row and itself. */
static int returns_read(struct store *st, struct row_wish *wish, bool with_message,
                        struct arena *a, struct test_return **rows, size_t *n)
{
	assert(wish->range.index != RETURN_BY_DIGEST);
	*rows = NULL;
	*n = 0;
	wish->with_blobs = with_message;
	int e = store_begin_read(st, PLACE_RETURNS);
	return e == ERR_OK ?
	       store_end(st, returns_list(st, wish, with_message, a, rows, n)) : e;
}

int store_returns_after(struct store *st, int64_t after, size_t max, bool with_message,
                        struct arena *a, struct test_return **rows, size_t *n)
{
	struct return_row from = { .r.id = after };
	struct row_wish wish = {
		.range = { .row = &from, .bound = BOUND_AFTER }, .max = max,
	};
	int e = returns_read(st, &wish, with_message, a, rows, n);
	assert(*n == 0 || (*rows)[0].id > after);
	return e;
}

int store_returns_of(struct store *st, const char *test_id, bool with_message, struct arena *a,
                     struct test_return **rows, size_t *n)
{
	struct return_row of = { 0 };
	struct row_wish wish = { .range = { .index = RETURN_BY_TEST, .row = &of, .equal = 1 } };
	*rows = NULL;
	*n = 0;
	/* What is longer than an id is none. */
	if (!str_copy(of.r.test_id, sizeof(of.r.test_id), str_of(test_id)))
		return ERR_OK;
	return returns_read(st, &wish, with_message, a, rows, n);
}

/* ---- requests -------------------------------------------------------------------- */

static int request_list(struct store *st, const struct ip *address, struct arena *a,
                        struct retest_request **rows, size_t *n)
{
	struct retest_request of = { .address = *address };
	struct row_wish wish = { .range = { .index = REQUEST_BY_ADDRESS, .row = &of, .equal = 1 } };
	return row_list(st, ROW_REQUEST, &wish, a, rows, n);
}

/* Asked by a clock that was ahead: counts as now, and grows older from here. In a transaction
 * of its own, so that it stands even if the request is refused. */
static int request_correct(struct store *st, const struct ip *address, int64_t now_s)
{
	struct arena a = { 0 };
	struct retest_request *rows = NULL;
	size_t n = 0;
	int e = request_list(st, address, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (rows[i].time_s <= now_s)
			continue;
		rows[i].time_s = now_s;
		e = row_update(st, ROW_REQUEST, &rows[i]);
		e = e == ERR_NOT_FOUND ? ERR_OK : e;
	}
	arena_fini(&a);
	return e;
}

static int request_insert(struct store *st, const struct retest_request *r,
                          int64_t min_interval_s)
{
	struct arena a = { 0 };
	struct retest_request *rows = NULL, row = *r;
	size_t n = 0;
	int e = request_list(st, &r->address, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (rows[i].time_s > r->time_s - min_interval_s)
			e = store_fail(st, ERR_LIMIT, "that address asked a short time ago");
	arena_fini(&a);
	return e == ERR_OK ? row_add(st, ROW_REQUEST, &row) : e;
}

int store_request_add(struct store *st, const struct retest_request *r, int64_t min_interval_s)
{
	assert(r->address.family == 4 || r->address.family == 6);
	if (!store_may_write(st, ROW_REQUEST))
		return store_fail(st, ERR_DENIED,
		                  "store: request_add is not allowed to this process");
	int e = request_correct(st, &r->address, r->time_s);
	if (e == ERR_OK)
		e = store_begin(st, PLACE_RETURNS, STORE_RETURNS, "request_add");
	return e == ERR_OK ? store_end(st, request_insert(st, r, min_interval_s)) : e;
}

int store_requests_after(struct store *st, int64_t after, size_t max, struct arena *a,
                         struct retest_request **rows, size_t *n)
{
	struct retest_request from = { .id = after };
	struct row_wish wish = {
		.range = { .row = &from, .bound = BOUND_AFTER }, .max = max,
	};
	int e = row_list(st, ROW_REQUEST, &wish, a, rows, n);
	assert(*n == 0 || (*rows)[0].id > after);
	return e;
}

/* ---- how far they are read -------------------------------------------------------- */

static void name_cursor(struct cursor_row *row, const char *name)
{
	bool fits = str_copy(row->name, sizeof(row->name), str_of(name));
	assert(fits);
}

int store_cursor_get(struct store *st, const char *name, int64_t *value)
{
	struct cursor_row row = { 0 };
	name_cursor(&row, name);
	int e = row_get(st, ROW_CURSOR, BY_KEY, &row, NULL);
	*value = e == ERR_OK ? row.value : 0;
	return e == ERR_NOT_FOUND ? ERR_OK : e;    /* nothing read yet */
}

int store_cursor_set(struct store *st, const char *name, int64_t value)
{
	struct cursor_row row = { .value = value };
	name_cursor(&row, name);
	return row_put(st, ROW_CURSOR, &row);
}
