/* SPDX-License-Identifier: ISC
 *
 * What the store's tests share: a state directory of their own, and the short way to a
 * test that ends.
 */
#ifndef PORTREEVE_TESTS_STORE_SUPPORT_H
#define PORTREEVE_TESTS_STORE_SUPPORT_H

#include "store/lifecycle.h"
#include "test.h"

#include "store/backend.h"
#include "store/reports.h"
#include "store/store.h"

/* An empty directory, removed with all in it by state_remove(). */
char *state_make(void);
void state_remove(char *state);

/* Opens or fails the test with the message. Documentation addresses may be published, and the
 * clock is not judged: these tests jump through the years. */
struct store *open_store(const char *state, unsigned may_write);
/* Expects ERR_OK, else fails with store_message(). */
#define OK(st, call) \
	do { \
		int ok_ = (call); \
		if (ok_ != ERR_OK) \
			fail_msg("%s:%d: %s: %s (%s)", __FILE__, __LINE__, #call, err_text(ok_), \
			         store_message(st)); \
	} while (0)

struct ip ip_of(const char *text);
struct endpoint endpoint_of(const char *text);
struct prefix prefix_of_text(const char *text);
extern const struct lifecycle_policy default_policy;

/* Queues a test with CONSENT_OWNER. */
struct test add_test(struct store *st, const char *endpoint, int64_t now_s);
/* One result: returned through `output` ("" for the target itself, NULL: refused). */
struct case_result result_of(const char *case_id, const struct test *t, const char *output);
/* Ends a test with one result. */
struct lifecycle_effects finish_open(struct store *st, const struct test *t, const char *case_id,
                                     const char *output, int64_t now_s);
struct lifecycle_effects finish_with(struct store *st, const struct test *t, enum verdict verdict,
                                     bool control_ok, bool forms_refused, int64_t now_s);
/* A mail with all that a return may hold. */
struct test_return a_return(const char *test_id, const char *token, int64_t time_s);
/* How many rows there are. */
size_t rows_of(struct store *st, enum row_kind kind);
uint64_t serial_of(struct store *st);
/* The journal's last entry. */
struct journal_entry last_entry(struct store *st);

#endif
