/* SPDX-License-Identifier: ISC
 *
 * The queue of tests and its leases: a test is made, taken by a process, put off, given back,
 * and taken up again. Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_QUEUE_H
#define PORTREEVE_STORE_QUEUE_H

#include "store/admission.h"
#include "store/store.h"
#include "store/types.h"

/* The most that a test may wait for returns, and that a retry may be put off. */
enum { STORE_WAIT_MAX_S = 5 * 86400, STORE_RETRY_MAX_S = 30 * 86400 };

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
/* ERR_NOT_FOUND: it is not being run. */
int store_test_renew(struct store *st, const char *id, int64_t lease_until_s);
/* Gives a lease back untouched (shutdown). */
int store_test_release(struct store *st, const char *id);
/* Written before the body of a probe is sent: this case and attempt is never sent again
 * in this test, whatever dies. ERR_EXISTS if it was written before, ERR_DENIED if the
 * test has ended or the address was excluded meanwhile: send nothing more. */
int store_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt);
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

#endif
