/* SPDX-License-Identifier: ISC
 *
 * The life of a test: it waits in the queue, is leased by who makes it, sends probes that are
 * written down first, waits for what comes back, and ends with a verdict. What may be queued is
 * decided in admission.h, what an end does to the list in lifecycle.h.
 *
 * Errors as in store.h. All functions block.
 */
#ifndef PORTREEVE_STORE_TESTS_H
#define PORTREEVE_STORE_TESTS_H

#include "base/arena.h"
#include "store/admission.h"
#include "store/holder.h"
#include "store/lifecycle.h"

struct store;

/* The most that a test may wait for returns, and that a retry may be put off. */
enum { STORE_WAIT_MAX_S = 5 * 86400, STORE_RETRY_MAX_S = 30 * 86400 };

/* ---- the queue: queue.c ---------------------------------------------------- */
/* Asks admission for t, of which the caller has set target, reason, all, who, created_s (which
 * is now) and not_before_s, and queues it if it is ADMITTED: consent and id are set then.
 * PENDING: t is the one that has not ended. ERR_OK also where the answer is no; nothing was
 * queued then. `by`: from whom the ground comes. */
int store_test_ask(struct store *st, struct test *t, enum admission_ground ground,
                   const char *by, int64_t interval_s, struct admission_answer *answer);
/* Queues a test on the consent that t says; makes its id. ERR_EXISTS if one of that target has
 * not ended (t gets it). ERR_DENIED: no consent, excluded, or CONSENT_RANGE and no permit
 * holds: the last guard of "no consent, no test". */
int store_test_add(struct store *st, struct test *t);
/* Takes up to max tests that are due: queued with not_before_s <= now, or
 * running/waiting with a lease that has run out (their process died), or that reaches further
 * ahead than any lease could (it was taken by a wrong clock). Each is
 * leased until now + lease_s and its tries are counted. TEST_WAITING ones come
 * back as such: only the wait is left to do. A queued test whose consent has gone is
 * dropped; one that was running then comes back as TEST_WAITING. */
int store_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *rows,
                     size_t max, size_t *n);
/* Leases one test by id (a command that runs its own). ERR_BUSY if another holds it,
 * ERR_EXISTS if it has ended, ERR_DENIED if its consent has gone. */
int store_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                         struct test *t);
/* Takes up a test that has ended without VERDICT_OPEN again, because something came back
 * late: it is leased as TEST_WAITING, and intents may be written. Its end is a
 * LIFE_RETURN_LATE if it is open then; else only verdict and results change. ERR_EXISTS: a
 * newer test of the target has not ended, and will find what there is. ERR_DENIED: excluded,
 * or it was open. */
int store_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                      struct test *t);
/* Leases are taken in the name of this process from now on; until then, of nobody's. */
void store_hold_as(struct store *st, const struct alive_id *self);
/* Ends the leases of processes that are dead (holder.h): their tests are due at once. *n: how
 * many. `look`: alive_look(), which must not be called from within a role's sandbox. */
typedef struct alive_sight store_alive_look(int64_t pid);
int store_leases_of_dead(struct store *st, const struct alive_id *self, store_alive_look *look,
                         int64_t now_s, size_t *n);
/* ERR_NOT_FOUND: it is not being run. */
int store_test_renew(struct store *st, const char *id, int64_t lease_until_s);
/* Gives a lease back untouched (shutdown). */
int store_test_release(struct store *st, const char *id);
/* A test that is asked on later: its results so far are kept, and it goes back to the queue
 * until due_s. It keeps its id and so its tokens; this lease is no try. If a retest was asked
 * for meanwhile, it ends undecided, and that is queued. ERR_EXISTS if it has ended. */
struct test_put_off {
	const char *test_id;
	const struct case_result *results;
	size_t result_count;
	double seconds;
	int64_t now_s, due_s;
	unsigned rounds, fruitless;          /* see struct test */
	const char *why;                     /* in words */
};
int store_test_put_off(struct store *st, const struct test_put_off *p);
/* Something came back for a test that was put off: it is due now. ERR_NOT_FOUND if it was
 * not put off. */
int store_test_due(struct store *st, const char *id, int64_t now_s);

/* ---- intents and results: tests.c -------------------------------------------- */
/* Written before the body of a probe is sent: this case and attempt is never sent again
 * in this test, whatever dies. ERR_EXISTS if it was written before, ERR_DENIED if the
 * test has ended or the address was excluded meanwhile: send nothing more. */
int store_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt);
/* The session's results so far; the test waits for returns until until_s, leased at least
 * that long. A test that waits for nothing can be finished without this. */
int store_test_wait(struct store *st, const char *id, const struct case_result *results,
                    size_t n, double seconds, int64_t until_s);
/* Results saved by store_test_wait() or store_test_put_off() and the intents (as accepted = false,
 * stage = STAGE_MESSAGE, code 0, text "interrupted" where no result followed). */
int store_test_results(struct store *st, const char *id, struct arena *a,
                       struct case_result **results, size_t *n);

/* ---- tests are read: tests.c ------------------------------------------------- */
int store_test_get(struct store *st, const char *id, struct test *t);            /* ERR_NOT_FOUND */
/* The newest test of that target, any state. port 0: of any port. ERR_NOT_FOUND. */
int store_test_last(struct store *st, const struct endpoint *target, struct test *t);
/* Newest first; family 0 for all addresses. */
int store_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                struct test **rows, size_t *n);

/* ---- the end of a test: finish.c ---------------------------------------------- */
struct test_outcome {
	const char *test_id;
	enum verdict verdict;
	enum test_cause cause;               /* of VERDICT_UNREACHABLE; else CAUSE_NONE */
	bool control_ok, forms_refused;      /* see lifecycle.h */
	const struct case_result *results;
	size_t result_count;
	double seconds;
	int64_t now_s;
	const char *reason;                  /* one line for the listing, if it is to be listed */
	const char *why;                     /* it is not decided, in words; NULL or "" */
	struct ip seen_as, known_as;         /* see struct listing; family 0: not told */
	struct str evidence;                 /* signed bundle; empty: none */
	const char *evidence_id;
};
/* One transaction writes verdict, results, proofs, evidence, lifecycle's effects on the
 * list, follow-up tests, journal and serial. *effects says what was done. For a test that has
 * ended it is ERR_EXISTS and changes nothing: a caller that was killed between commit and
 * answer may repeat it.
 *
 * What a proof is, is decided here: a result of VERDICT_OPEN with `returned`, whose message was
 * accepted or whose body was sent. VERDICT_OPEN without one is ERR_INVALID. A proof on an address
 * that may not be published (store/fuse.h) keeps its verdict and evidence; the effects are
 * LIFE_WITHHOLD, and the journal says why. No results: those of store_test_wait() stay.
 * The test need not have been leased. A retry is a new test that counts the tries on; one
 * of a TEST_RETEST stays a TEST_RETEST, so that its asker gets an answer. */
int store_test_finish(struct store *st, const struct test_outcome *outcome,
                      const struct lifecycle_policy *policy, struct lifecycle_effects *effects);

#endif
