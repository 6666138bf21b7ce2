/* SPDX-License-Identifier: ISC
 *
 * The end of a test: the one place where a verdict changes the list. Promises and errors are those
 * of store.h.
 */
#ifndef PORTREEVE_STORE_FINISH_H
#define PORTREEVE_STORE_FINISH_H

#include "store/lifecycle.h"
#include "store/store.h"

/* The end of a test. */
struct test_outcome {
	const char *test_id;
	enum verdict verdict;
	bool control_ok, forms_refused;      /* see lifecycle.h */
	const struct case_result *results;
	size_t result_count;
	double seconds;
	int64_t now_s;
	const char *reason;                  /* one line for the listing, if it is to be listed */
	const char *why;                     /* it is not decided, in words; NULL or "" */
	struct str evidence;                 /* signed bundle; empty: none */
	const char *evidence_id;
};
/* One transaction: verdict, results, proofs, evidence, lifecycle's effects on the
 * list, follow-up tests, journal, serial. *effects tells what was done. Repeating it
 * for a test that is done is ERR_EXISTS and changes nothing (a kill between commit
 * and answer).
 *
 * A proof is a result with `returned`, whose message was accepted or whose body was sent;
 * VERDICT_OPEN without one is ERR_INVALID. A proof on an address that may not be published
 * (store/fuse.h) keeps its verdict and evidence; the effects are LIFE_WITHHOLD, and the
 * journal says why. No results: those of store_test_wait() stay.
 * The test need not have been leased. A retry is a new test that counts the tries on; one
 * of a TEST_RETEST stays a TEST_RETEST, so that its asker gets an answer. */
int store_test_finish(struct store *st, const struct test_outcome *outcome,
                      const struct lifecycle_policy *policy, struct lifecycle_effects *effects);

#endif
