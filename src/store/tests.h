/* SPDX-License-Identifier: ISC
 *
 * Tests as they stand: their results so far, and how they are read. Their end is in finish.h.
 * Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_TESTS_H
#define PORTREEVE_STORE_TESTS_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

/* The session's results so far; the test waits for returns until until_s, leased at least
 * that long. A test that waits for nothing can be finished without this. */
int store_test_wait(struct store *st, const char *id, const struct case_result *results,
                    size_t n, double seconds, int64_t until_s);
/* Results saved by store_test_wait() or store_test_put_off() and the intents (as accepted = false,
 * stage = STAGE_MESSAGE, code 0, text "interrupted" where no result followed). */
int store_test_results(struct store *st, const char *id, struct arena *a,
                       struct case_result **results, size_t *n);
int store_test_get(struct store *st, const char *id, struct test *t);            /* ERR_NOT_FOUND */
/* The newest test of that target, any state. port 0: of any port. ERR_NOT_FOUND. */
int store_test_last(struct store *st, const struct endpoint *target, struct test *t);
/* Newest first; family 0 for all addresses. */
int store_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                struct test **rows, size_t *n);

#endif
