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

void store_close(struct store *st)
{
	if (st)
		st->old->close(st);
}

const char *store_message(struct store *st)
{
	return buf_cstr(&st->message);
}

void store_set_rules(struct store *st, const struct fuse *fuse, int64_t clock_jump_max_s)
{
	st->fuse = *fuse;
	st->clock_jump_max_s = clock_jump_max_s;
}

const struct fuse *store_fuse(const struct store *st)
{
	return &st->fuse;
}

int store_clock_look(struct store *st, int64_t now_s, struct store_clock *out)
{
	DISPATCH(ALL, clock_look, now_s, out);
}

int store_clock_beat(struct store *st, int64_t now_s)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, clock_beat, now_s);
}

int store_clock_accept(struct store *st, int64_t now_s)
{
	DISPATCH(ADMIN, clock_accept, now_s);
}

int store_permit_add(struct store *st, const struct permit *p)
{
	DISPATCH(ADMIN, permit_add, p);
}

int store_permit_remove(struct store *st, const struct prefix *range, const char *who,
                        int64_t now_s)
{
	DISPATCH(ADMIN, permit_remove, range, who, now_s);
}

int store_exclusion_add(struct store *st, const struct exclusion *x)
{
	DISPATCH(ADMIN, exclusion_add, x);
}

int store_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                           int64_t now_s)
{
	DISPATCH(ADMIN, exclusion_remove, range, who, now_s);
}

int store_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER, permits, a, rows, n);
}

int store_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER, exclusions, a, rows, n);
}

int store_consent(struct store *st, const struct ip *address, int64_t now_s,
                  struct consent_answer *out)
{
	DISPATCH(ADMIN | TESTER, consent, address, now_s, out);
}

int store_nominate(struct store *st, struct nomination *nom)
{
	DISPATCH(ADMIN | TESTER, nominate, nom);
}

int store_nominations(struct store *st, struct arena *a, struct nomination **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER, nominations, a, rows, n);
}

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

int store_scan_begin(struct store *st, const char *key, int64_t now_s, uint64_t *seed,
                     int64_t *started_s)
{
	DISPATCH(ADMIN | TESTER, scan_begin, key, now_s, seed, started_s);
}

int store_scan_end(struct store *st, const char *key, int64_t now_s)
{
	DISPATCH(ADMIN | TESTER, scan_end, key, now_s);
}

int store_returns_add(struct store *st, struct test_return *rows, size_t n,
                      unsigned max_per_token, int *results)
{
	assert(n > 0);
	DISPATCH(ADMIN | COLLECTOR, returns_add, rows, n, max_per_token, results);
}

int store_return_add(struct store *st, struct test_return *r, unsigned max_per_token)
{
	int result = ERR_OK;
	int e = store_returns_add(st, r, 1, max_per_token, &result);
	return e == ERR_OK ? result : e;
}

int store_returns_after(struct store *st, int64_t after, size_t max, bool with_message,
                        struct arena *a, struct test_return **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, returns_after, after, max, with_message, a, rows, n);
}

int store_returns_of(struct store *st, const char *test_id, bool with_message, struct arena *a,
                     struct test_return **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, returns_of, test_id, with_message, a, rows, n);
}

int store_request_add(struct store *st, const struct retest_request *r, int64_t min_interval_s)
{
	DISPATCH(ADMIN | COLLECTOR, request_add, r, min_interval_s);
}

int store_requests_after(struct store *st, int64_t after, size_t max, struct arena *a,
                         struct retest_request **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, requests_after, after, max, a, rows, n);
}

int store_cursor_get(struct store *st, const char *name, int64_t *value)
{
	DISPATCH(ADMIN | TESTER, cursor_get, name, value);
}

int store_cursor_set(struct store *st, const char *name, int64_t value)
{
	DISPATCH(ADMIN | TESTER, cursor_set, name, value);
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

int store_serial(struct store *st, uint64_t *serial)
{
	DISPATCH(ALL, serial, serial);
}

int store_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                  struct journal_entry **rows, size_t *n)
{
	DISPATCH(ADMIN | TESTER | DNSBL, journal, after, max, a, rows, n);
}

int store_snapshot(struct store *st, struct arena *a, struct listing **rows, size_t *n,
                   uint64_t *serial)
{
	DISPATCH(ALL, snapshot, a, rows, n, serial);
}

int store_report_find(struct store *st, const char *network, int64_t day, struct str digest,
                      struct report *r)
{
	DISPATCH(ADMIN, report_find, network, day, digest, r);
}

int store_report_save(struct store *st, const struct report *r, struct str digest)
{
	DISPATCH(ADMIN, report_save, r, digest);
}

int store_report_get(struct store *st, const char *id, struct arena *a, struct report *r)
{
	DISPATCH(ADMIN, report_get, id, a, r);
}

int store_reports(struct store *st, struct arena *a, struct report **rows, size_t *n)
{
	DISPATCH(ADMIN, reports, a, rows, n);
}

int store_report_become(struct store *st, const char *id, enum report_state state,
                        const char *why, int64_t now_s)
{
	DISPATCH(ADMIN, report_become, id, state, why, now_s);
}

int store_contact_get(struct store *st, const char *source, const struct ip *address,
                      int64_t oldest_s, struct arena *a, struct str *answer, int64_t *fetched_s)
{
	DISPATCH(ADMIN, contact_get, source, address, oldest_s, a, answer, fetched_s);
}

int store_contact_put(struct store *st, const char *source, const struct ip *first,
                      const struct ip *last, struct str answer, int64_t now_s)
{
	DISPATCH(ADMIN, contact_put, source, first, last, answer, now_s);
}

int store_contact_bury(struct store *st, const char *address, const char *why, int64_t now_s)
{
	DISPATCH(ADMIN, contact_bury, address, why, now_s);
}

int store_contacts_dead(struct store *st, struct arena *a, struct dead_contact **rows, size_t *n)
{
	DISPATCH(ADMIN, contacts_dead, a, rows, n);
}

int store_secret(struct store *st, const char *name,
                 unsigned char secret[static STORE_SECRET_BYTES])
{
	DISPATCH(ADMIN, secret, name, secret);
}

int store_evidence_get(struct store *st, const char *evidence_id, struct arena *a,
                       struct str *bundle)
{
	DISPATCH(ADMIN | TESTER, evidence_get, evidence_id, a, bundle);
}

int store_evidence_of(struct store *st, const struct ip *address, struct arena *a,
                      char evidence_id[static 48], struct str *bundle)
{
	DISPATCH(ADMIN | TESTER, evidence_of, address, a, evidence_id, bundle);
}

int store_expire(struct store *st, const struct store_config *keep, int64_t now_s, size_t max,
                 bool dry, struct store_expiry *x)
{
	DISPATCH(ADMIN | TESTER | COLLECTOR, expire, keep, now_s, max, dry, x);
}

int store_check(struct store *st)
{
	DISPATCH(ALL, check);
}

int store_backup(struct store *st, const struct store_copy *list,
                 const struct store_copy *returns)
{
	DISPATCH(ADMIN, backup, list, returns);
}
