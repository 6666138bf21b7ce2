/* SPDX-License-Identifier: ISC
 *
 * The operations of the SQLite backend, as its table (sqlite.c) names them: each is what
 * store.h and reports.h say of it.
 */
#ifndef PORTREEVE_SQLITE_OPERATIONS_PRIVATE_H
#define PORTREEVE_SQLITE_OPERATIONS_PRIVATE_H

#include "sqlite/sqlite-private.h"


int sqlite_test_add(struct store *st, struct test *t);
int sqlite_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *rows,
                      size_t max, size_t *n);
int sqlite_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                          struct test *t);
int sqlite_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                       struct test *t);
int sqlite_test_renew(struct store *st, const char *id, int64_t lease_until_s);
int sqlite_test_release(struct store *st, const char *id);
int sqlite_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt);
int sqlite_test_put_off(struct store *st, const struct test_put_off *p);
int sqlite_test_due(struct store *st, const char *id, int64_t now_s);
int sqlite_test_wait(struct store *st, const char *id, const struct case_result *results, size_t n,
                     double seconds, int64_t until_s);
int sqlite_test_results(struct store *st, const char *id, struct arena *a,
                        struct case_result **results, size_t *n);
int sqlite_test_get(struct store *st, const char *id, struct test *t);
int sqlite_test_last(struct store *st, const struct endpoint *target, struct test *t);
int sqlite_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                 struct test **rows, size_t *n);
int sqlite_test_finish(struct store *st, const struct test_outcome *outcome,
                       const struct lifecycle_policy *policy, struct lifecycle_effects *effects);


int sqlite_listing_get(struct store *st, const struct ip *address, struct listing *l);
int sqlite_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n);
int sqlite_proofs(struct store *st, const struct ip *address, struct arena *a, struct proof **rows,
                  size_t *n);
int sqlite_list(struct store *st, const struct ip *address, const char *who, const char *why,
                const struct lifecycle_policy *policy, int64_t now_s);
int sqlite_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                  int64_t now_s);
int sqlite_retest(struct store *st, const struct ip *address, const char *who,
                  const char *reply_to, int64_t now_s, unsigned *queued);
int sqlite_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                    unsigned *queued);
int sqlite_words(struct store *st, struct arena *a, struct listing **rows, size_t *n);
int sqlite_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n);
int sqlite_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                        int64_t now_s);
int sqlite_check(struct store *st);
int sqlite_backup(struct store *st, const struct store_copy *list,
                  const struct store_copy *returns);

#endif
