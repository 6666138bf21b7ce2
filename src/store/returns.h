/* SPDX-License-Identifier: ISC
 *
 * What came back, and requests for a retest: written by the collector, read by the tester.
 * Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_RETURNS_H
#define PORTREEVE_STORE_RETURNS_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

/* What came back in one message, rows[0].message, for each of its n > 0 tokens; the message is
 * kept once. Durable when it returns; an error has undone all. results[i] is ERR_OK, also
 * where the token has had this very message (its client tries again; rows[i].id is the
 * first's), or ERR_LIMIT where it has had max_per_token others. */
int store_returns_add(struct store *st, struct test_return *rows, size_t n,
                      unsigned max_per_token, int *results);
/* The same for one token. */
int store_return_add(struct store *st, struct test_return *r, unsigned max_per_token);
/* Returns with id > after, oldest first, at most max. Messages in the arena only
 * if with_message. */
int store_returns_after(struct store *st, int64_t after, size_t max, bool with_message,
                        struct arena *a, struct test_return **rows, size_t *n);
int store_returns_of(struct store *st, const char *test_id, bool with_message, struct arena *a,
                     struct test_return **rows, size_t *n);
/* ERR_LIMIT: the same address asked within min_interval_s. */
int store_request_add(struct store *st, const struct retest_request *r, int64_t min_interval_s);
int store_requests_after(struct store *st, int64_t after, size_t max, struct arena *a,
                         struct retest_request **rows, size_t *n);
/* How far the tester has read each of the two (kept with its own writes); 0 at first. */
int store_cursor_get(struct store *st, const char *name, int64_t *value);
int store_cursor_set(struct store *st, const char *name, int64_t value);

#endif
