/* SPDX-License-Identifier: ISC
 *
 * Steps that several use cases have in common, each within the transaction of whoever calls it.
 * Errors have a message unless said otherwise.
 */
#ifndef PORTREEVE_STORE_STEPS_PRIVATE_H
#define PORTREEVE_STORE_STEPS_PRIVATE_H

#include "store/backend.h"
#include "store/lifecycle.h"
#include "store/store.h"

/* ---- admission.c ---------------------------------------------------------- */
/* The last guard of "no consent, no test", with what is known at that time: ERR_DENIED. */
int admission_check(struct store *st, const struct test *t, int64_t at_s);
/* The consent that holds without the owner's asking: a permit, or the nomination. */
int admission_standing(struct store *st, const struct ip *address, int64_t now_s,
                       enum consent *consent);

/* ---- tests.c -------------------------------------------------------------- */
int test_find(struct store *st, const char *id, struct test_row *row);   /* ERR_NOT_FOUND */
/* One that has not ended: ERR_EXISTS. */
int test_find_live(struct store *st, const char *id, struct test_row *row);
/* The test of that target that has not ended. ERR_NOT_FOUND without a message. */
int test_of_target(struct store *st, const struct endpoint *target, struct test_row *row);
/* The newest of that target, any state; port 0: of any port. ERR_NOT_FOUND without a message. */
int test_newest(struct store *st, const struct endpoint *target, struct test_row *row);
/* A new test, queued under an id of its own. Its target must have none that has not ended. */
int test_insert(struct store *st, struct test *t);
/* Queues the retest that was asked for while that test was under way. */
int test_insert_again(struct store *st, const struct test_row *of, int64_t now_s);
/* It ends undecided. */
int test_give_up(struct store *st, const struct test_row *row, int64_t now_s);
/* In place of those it had. */
int results_save(struct store *st, int64_t test, const struct case_result *results, size_t n);

/* ---- the list -------------------------------------------------------------- */
/* With its proofs. list.c */
int listing_remove(struct store *st, const struct listing *l);
/* ERR_DENIED, with a message: it is listed as part of a range alone. ranges.c */
int range_keeps(struct store *st, const struct prefix *part);
/* What lifecycle_step() is asked with; *l is the listing if state->listed. lifecycle-state.c */
int lifecycle_load(struct store *st, const struct endpoint *target, int64_t now_s,
                   struct lifecycle_state *state, struct listing *l);
/* Reports that name this relay end: it has passed. reports-rows.c */
int reports_close(struct store *st, const struct ip *relay, const char *why, int64_t now_s);

/* Outputs that a change may touch, and whether they were published before it. Zeroed at first;
 * the caller's arena holds it. outputs.c */
struct outputs_watch {
	struct ip *outputs;            /* in order, each once */
	bool *published;
	size_t n;
};
/* Those through which the address was proved, and n more. */
int outputs_watch(struct store *st, const struct ip *address, const struct ip *more, size_t n,
                  struct arena *a, struct outputs_watch *w);
/* After the change: an entry of the journal for each that is published now and was not, and
 * for each that was and is not. */
int outputs_journal(struct store *st, const struct outputs_watch *w, int64_t now_s);

#endif
