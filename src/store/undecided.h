/* SPDX-License-Identifier: ISC
 *
 * Listed hosts whose last test decided nothing: they refuse us, are not there, or took mail that
 * never came back. Silence never delists, so they stay until the operator's word.
 */
#ifndef PORTREEVE_STORE_UNDECIDED_H
#define PORTREEVE_STORE_UNDECIDED_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

struct undecided {
	struct listing listing;
	struct test last;              /* its newest test that has ended */
};

/* Whether a verdict says nothing about a listing. Pure. */
bool verdict_is_undecided(enum verdict verdict);
/* Why, in words: what the test says, else what its verdict means. Borrowed. */
const char *undecided_why(const struct undecided *u);
/* In the order of the listings, in the arena; `address` of family 0: of all. Blocks. */
int store_undecided(struct store *st, const struct ip *address, struct arena *a,
                    struct undecided **rows, size_t *n);

#endif
