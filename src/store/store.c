/* SPDX-License-Identifier: ISC
 *
 * The store's front: checks that the role may do what it asks, then hands over to
 * the backend. The check guards against our own mistakes; what holds against a role
 * that was taken over is how its files are opened (sqlite.h) and its sandbox.
 */
#include "store/reports.h"

#include "store/store-private.h"

#include <assert.h>

enum {
	ADMIN = 1u << STORE_ADMIN,
	TESTER = 1u << STORE_TESTER,
	COLLECTOR = 1u << STORE_COLLECTOR,
	DNSBL = 1u << STORE_DNSBL,
	ALL = ADMIN | TESTER | COLLECTOR | DNSBL,
};

static int allow(struct store *st, unsigned roles, const char *what)
{
	static const char *const names[] = {
		[STORE_ADMIN] = "commands", [STORE_TESTER] = "tester",
		[STORE_COLLECTOR] = "collector", [STORE_DNSBL] = "dnsbl",
	};
	buf_clear(&st->message);
	if (roles & 1u << st->role)
		return ERR_OK;
	buf_printf(&st->message, "store: %s is not allowed to the role %s", what, names[st->role]);
	return ERR_DENIED;
}

/* Every function below is one line of permission and one of work. */
#define DISPATCH(roles, call, ...) \
	int e = allow(st, (roles), #call); \
	return e == ERR_OK ? st->old->call(st, ##__VA_ARGS__) : e

int store_test_add(struct store *st, struct test *t)
{
	DISPATCH(ADMIN | TESTER, test_add, t);
}

int store_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *rows,
                     size_t max, size_t *n)
{
	*n = 0;
	DISPATCH(ADMIN | TESTER, test_lease, now_s, lease_s, rows, max, n);
}

int store_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                         struct test *t)
{
	DISPATCH(ADMIN | TESTER, test_lease_one, id, now_s, lease_s, t);
}

int store_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                      struct test *t)
{
	DISPATCH(ADMIN | TESTER, test_reopen, id, now_s, lease_s, t);
}

int store_test_renew(struct store *st, const char *id, int64_t lease_until_s)
{
	DISPATCH(ADMIN | TESTER, test_renew, id, lease_until_s);
}

int store_test_release(struct store *st, const char *id)
{
	DISPATCH(ADMIN | TESTER, test_release, id);
}

int store_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt)
{
	DISPATCH(ADMIN | TESTER, test_intend, id, case_id, attempt);
}

int store_test_wait(struct store *st, const char *id, const struct case_result *results, size_t n,
                    double seconds, int64_t until_s)
{
	assert(n <= CASES_MAX * 2);
	DISPATCH(ADMIN | TESTER, test_wait, id, results, n, seconds, until_s);
}

int store_test_put_off(struct store *st, const struct test_put_off *p)
{
	assert(p->result_count <= CASES_MAX * 2);
	DISPATCH(ADMIN | TESTER, test_put_off, p);
}

int store_test_due(struct store *st, const char *id, int64_t now_s)
{
	DISPATCH(ADMIN | TESTER, test_due, id, now_s);
}

int store_test_results(struct store *st, const char *id, struct arena *a,
                       struct case_result **results, size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, test_results, id, a, results, n);
}

int store_test_get(struct store *st, const char *id, struct test *t)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, test_get, id, t);
}

int store_test_last(struct store *st, const struct endpoint *target, struct test *t)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, test_last, target, t);
}

int store_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                struct test **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, tests, address, max, a, rows, n);
}

int store_test_finish(struct store *st, const struct test_outcome *outcome,
                      const struct lifecycle_policy *policy, struct lifecycle_effects *effects)
{
	*effects = (struct lifecycle_effects){ .why = "" };
	DISPATCH(ADMIN | TESTER, test_finish, outcome, policy, effects);
}

int store_listing_get(struct store *st, const struct ip *address, struct listing *l)
{
	DISPATCH(ALL, listing_get, address, l);
}

int store_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	DISPATCH(ALL, listings, a, rows, n);
}

int store_proofs(struct store *st, const struct ip *address, struct arena *a, struct proof **rows,
                 size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, proofs, address, a, rows, n);
}

int store_list(struct store *st, const struct ip *address, const char *who, const char *why,
               const struct lifecycle_policy *policy, int64_t now_s)
{
	DISPATCH(ADMIN | TESTER, list, address, who, why, policy, now_s);
}

int store_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                 int64_t now_s)
{
	DISPATCH(ADMIN | TESTER, delist, address, who, why, now_s);
}

int store_retest(struct store *st, const struct ip *address, const char *who, const char *reply_to,
                 int64_t now_s, unsigned *queued)
{
	*queued = 0;
	DISPATCH(ADMIN | TESTER, retest, address, who, reply_to, now_s, queued);
}

int store_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                   unsigned *queued)
{
	*queued = 0;
	DISPATCH(ADMIN | TESTER, rechecks, now_s, policy, queued);
}

int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	DISPATCH(ALL, words, a, rows, n);
}

int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | DNSBL, outputs, a, rows, n);
}

int store_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                       int64_t now_s)
{
	DISPATCH(ADMIN | TESTER, output_agree, address, agreed, who, now_s);
}

