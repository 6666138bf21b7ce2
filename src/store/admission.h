/* SPDX-License-Identifier: ISC
 *
 * May this be tested? Decided here and nowhere else, for commands, roles and whoever else asks:
 * "no consent, no test", exclusions, the interval between two tests of a target. No caller
 * grants a consent: it says on what ground it asks, and admission says what follows. A test is
 * asked for with store_test_ask() (tests.h).
 *
 * Permits and exclusions are kept in memory, in order, until they change. Errors as in store.h.
 * All functions that take a store block.
 */
#ifndef PORTREEVE_STORE_ADMISSION_H
#define PORTREEVE_STORE_ADMISSION_H

#include "base/arena.h"
#include "store/types.h"

struct store;

/* ---- permits and exclusions ---------------------------------------------- */
int store_permit_add(struct store *st, const struct permit *p);       /* ERR_EXISTS */
int store_permit_remove(struct store *st, const struct prefix *range, const char *who,
                        int64_t now_s);
int store_exclusion_add(struct store *st, const struct exclusion *x); /* ERR_EXISTS */
int store_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                           int64_t now_s);
/* Rows in order of the range, in the arena. */
int store_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n);
int store_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n);

/* ---- consent -------------------------------------------------------------- */
/* Whether and why an address may be tested. */
struct consent_answer {
	enum consent consent;          /* CONSENT_NONE: no test */
	bool excluded;                 /* always wins */
	struct prefix rule;            /* the range that decided */
	char by[WHO_MAX];
};
/* Pure: the decision over all rows (exclusion wins; expired permits don't count;
 * the strongest consent wins). */
void consent_decide(const struct permit *permits, size_t n, const struct exclusion *exclusions,
                    size_t m, const struct ip *address, int64_t now_s, struct consent_answer *out);
/* Pure: whether a test that was queued on that consent may still be made. A permit must hold
 * still; what an owner, a contact or evidence gave needs no permit. */
bool consent_holds(enum consent queued_on, const struct consent_answer *now);

/* Why somebody asks, as far as it brings a consent of its own. */
enum admission_ground {
	GROUND_NONE,                   /* on what is permitted */
	GROUND_TRACE,                  /* a spam message from a trusted submitter names the
	                                  address in a linked hop */
};
/* The consent to test an address: what is permitted and, if that is nothing, what the ground
 * brings, `by` whom (of the ground). */
int store_consent_on(struct store *st, const struct ip *address, enum admission_ground ground,
                     const char *by, int64_t now_s, struct consent_answer *out);
/* What is permitted. */
int store_consent(struct store *st, const struct ip *address, int64_t now_s,
                  struct consent_answer *out);

/* ---- a test is asked for ---------------------------------------------------- */
enum admission {
	ADMITTED,
	ADMISSION_EXCLUDED,
	ADMISSION_NO_CONSENT,
	ADMISSION_OWNER_ONLY,          /* all cases are for the owner alone */
	ADMISSION_TOO_SOON,            /* RFC 6471 3.6.2: one test within the interval */
	ADMISSION_PENDING,             /* a test of the target has not ended */
};
struct admission_answer {
	enum admission said;
	struct consent_answer consent;
	int64_t last_s;                /* TOO_SOON: when the last test ended */
};
/* Pure: whether a target that was tested at last_s (0: never) may be tested again at now_s. Its
 * owner may always ask. */
bool admission_may_repeat(int64_t last_s, int64_t now_s, int64_t interval_s, bool owner_asks);
/* Pure: all of it but PENDING. `last_s`: when the last test of the target ended, 0: none did. */
enum admission admission_decide(const struct consent_answer *consent, bool all, int64_t last_s,
                                int64_t now_s, int64_t interval_s);

/* ---- nominations ---------------------------------------------------------- */
int store_nominate(struct store *st, struct nomination *nom);         /* sets nom->id; journalled */
int store_nominations(struct store *st, struct arena *a, struct nomination **rows, size_t *n);

#endif
