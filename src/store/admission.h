/* SPDX-License-Identifier: ISC
 *
 * Whether and why a test may be made: permits, exclusions and the one decision over them.
 * "No consent, no test" is decided here and nowhere else. Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_ADMISSION_H
#define PORTREEVE_STORE_ADMISSION_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

int store_permit_add(struct store *st, const struct permit *p);       /* ERR_EXISTS */
int store_permit_remove(struct store *st, const struct prefix *range, const char *who,
                        int64_t now_s);
int store_exclusion_add(struct store *st, const struct exclusion *x); /* ERR_EXISTS */
int store_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                           int64_t now_s);
/* Rows in order of the range, in the arena. */
int store_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n);
int store_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n);

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
/* The same over the stored rows (kept in memory until they change). */
int store_consent(struct store *st, const struct ip *address, int64_t now_s,
                  struct consent_answer *out);

#endif
