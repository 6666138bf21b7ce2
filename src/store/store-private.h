/* SPDX-License-Identifier: ISC
 *
 * What a backend of the store fills: one function for each of store.h, called only
 * through store.c, which has checked the role and cleared the message before.
 */
#ifndef PORTREEVE_STORE_STORE_PRIVATE_H
#define PORTREEVE_STORE_STORE_PRIVATE_H

#include "store/backend.h"
#include "store/reports.h"

enum store_role { STORE_ADMIN, STORE_TESTER, STORE_COLLECTOR, STORE_DNSBL };

struct store_ops {



	int (*test_add)(struct store *, struct test *);
	int (*test_lease)(struct store *, int64_t now_s, int64_t lease_s, struct test *, size_t max,
	                  size_t *n);
	int (*test_lease_one)(struct store *, const char *id, int64_t now_s, int64_t lease_s,
	                      struct test *);
	int (*test_reopen)(struct store *, const char *id, int64_t now_s, int64_t lease_s,
	                   struct test *);
	int (*test_renew)(struct store *, const char *id, int64_t lease_until_s);
	int (*test_release)(struct store *, const char *id);
	int (*test_intend)(struct store *, const char *id, const char *case_id, unsigned attempt);
	int (*test_put_off)(struct store *, const struct test_put_off *);
	int (*test_due)(struct store *, const char *id, int64_t now_s);
	int (*test_wait)(struct store *, const char *id, const struct case_result *, size_t n,
	                 double seconds, int64_t until_s);
	int (*test_results)(struct store *, const char *id, struct arena *, struct case_result **,
	                    size_t *n);
	int (*test_get)(struct store *, const char *id, struct test *);
	int (*test_last)(struct store *, const struct endpoint *, struct test *);
	int (*tests)(struct store *, const struct ip *, size_t max, struct arena *, struct test **,
	             size_t *n);
	int (*test_finish)(struct store *, const struct test_outcome *,
	                   const struct lifecycle_policy *, struct lifecycle_effects *);


	int (*listing_get)(struct store *, const struct ip *, struct listing *);
	int (*listings)(struct store *, struct arena *, struct listing **, size_t *n);
	int (*proofs)(struct store *, const struct ip *, struct arena *, struct proof **,
	              size_t *n);
	int (*list)(struct store *, const struct ip *, const char *who, const char *why,
	            const struct lifecycle_policy *, int64_t now_s);
	int (*delist)(struct store *, const struct ip *, const char *who, const char *why,
	              int64_t now_s);
	int (*retest)(struct store *, const struct ip *, const char *who, const char *reply_to,
	              int64_t now_s, unsigned *queued);
	int (*rechecks)(struct store *, int64_t now_s, const struct lifecycle_policy *,
	                unsigned *queued);
	int (*words)(struct store *, struct arena *, struct listing **, size_t *n);
	int (*outputs)(struct store *, struct arena *, struct output **, size_t *n);
	int (*output_agree)(struct store *, const struct ip *, bool agreed, const char *who,
	                    int64_t now_s);


};

#endif
