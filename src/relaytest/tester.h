/* SPDX-License-Identifier: ISC
 *
 * The tester: carries out tests on the loop. It owns the sockets, clocks and store
 * calls around the pure session: looks the host's names up, connects within the limits
 * of politeness, makes intents durable, hands in what came back, waits, decides, signs the
 * evidence and finishes the test in the store.
 *
 * Who uses it: the role (takes work from the store by lease) and the commands test and
 * scan (bring their own tests). Hostile input: all that tested servers send (by way of the
 * session) and what the collector wrote down (by way of the store).
 */
#ifndef PORTREEVE_RELAYTEST_TESTER_H
#define PORTREEVE_RELAYTEST_TESTER_H

#include "base/loop.h"
#include "catalogue/seen.h"
#include "dns/resolver.h"
#include "relaytest/config.h"
#include "relaytest/counters.h"
#include "relaytest/identity.h"
#include "relaytest/reach.h"
#include "relaytest/token.h"
#include "store/evidence.h"
#include "store/lifecycle.h"
#include "store/store.h"

struct tester;

/* A finished test, or one that is put off beyond our patience. Valid during the callback. */
struct tester_result {
	const struct test *test;
	enum verdict verdict;
	enum test_cause cause;           /* of VERDICT_UNREACHABLE */
	const struct case_result *results;
	size_t n;
	struct str transcript;           /* of what was said, as in the evidence */
	enum mta server;                 /* by its Received line; or MTA_UNKNOWN */
	struct seen_as seen;             /* by which address the host saw us, if that tells of a
	                                    loss (seen.h) */
	const char *finding;             /* or NULL */
	const char *evidence_id;         /* "" for none */
	const char *reason;              /* why it is not decided, in words; "" */
	int64_t again_s;                 /* it has not ended: it is asked on then; 0 */
	struct lifecycle_effects effects;
	double seconds;
	int err;                         /* of the store; ERR_OK: it is all on disk */
};

struct tester_setup {
	struct loop *loop;
	struct store *store;
	struct dns_resolver *resolver;
	const struct token_signer *signer;
	EVP_PKEY *evidence_key;
	const struct tester_config *config;
	struct identity us;
	const char *const *only;                 /* see session.h */
	int64_t patience_s;                      /* rounds that are due within that time are waited
	                                            for here; later ones are left to the store */
	/* Gets what the operator should know, a line at a time; NULL: the log does. */
	void (*remark)(void *arg, const char *text);
	void (*finished)(void *arg, const struct tester_result *result);   /* may be NULL */
	void *arg;
};

struct tester *tester_create(const struct tester_setup *setup);
/* Gives leases back; what was sent stays written down. NULL is fine. */
void tester_destroy(struct tester *t);
/* New settings: limits and times take effect for what starts now. */
void tester_reload(struct tester *t, const struct tester_config *config);

/* Takes over a test that the caller has leased. It starts when the rate allows, and when the
 * collector has taken a token (reach.h); it is given back if the collector does not, and the
 * tester looks for work itself. */
void tester_run(struct tester *t, const struct test *test);
/* Looks for new returns, retest requests and (if `lease`) due tests: now, and from then on at
 * every poll interval. */
void tester_follow(struct tester *t, bool lease);
/* Tests taken over and not finished. */
size_t tester_active(const struct tester *t);
/* Those of them that still talk, rather than wait for returns. */
size_t tester_talking(const struct tester *t);

/* Those that wait for the rate to let them start. */
size_t tester_queued(const struct tester *t);
/* Mail to tested hosts that has not gone out. */
bool tester_has_notices(const struct tester *t);
/* Why no test of a command can go on, in words (its collector does not answer), or NULL. */
const char *tester_hopeless(const struct tester *t);
/* Messages that were sent. */
uint64_t tester_sent(const struct tester *t);
/* What it has done since it was created, and what is under way. */
void tester_count(const struct tester *t, struct tester_counters *counters,
                  struct tester_load *load);
/* What is known of the collector; *why, if that is REACH_BAD, is valid until the loop turns. */
enum reach_state tester_reach(const struct tester *t, const char **why);

/* The lease a caller takes for tester_run(). */
enum { TESTER_LEASE_S = 60 };
struct lifecycle_policy tester_policy(const struct tester_config *config);

#endif
