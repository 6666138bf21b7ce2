/* SPDX-License-Identifier: ISC
 *
 * The store in a few numbers, for who asks how it stands. Errors as in store.h.
 */
#ifndef PORTREEVE_STORE_SUMMARY_H
#define PORTREEVE_STORE_SUMMARY_H

#include "store/config.h"
#include "store/store.h"

#include <stddef.h>

struct store_summary {
	uint64_t serial;
	size_t listed, by_operator;
	size_t withheld;               /* of the listed: the fuse keeps them out of DNS */
	int64_t changed_s;             /* an address came on the list, or left it; 0: not known */
	size_t queued, due;            /* tests that wait to be made; that may be made now */
	size_t running, waiting;       /* under way; those that wait for returns */
	int64_t oldest_s;              /* when the oldest of the queued was asked for; 0: none */
	int64_t evidence_over_s;       /* the next evidence may be removed then; 0: none is known */
};

/* One state of the list. Reads each listing, and each test that has not ended. Blocks. */
int store_summary(struct store *st, const struct store_config *keep, int64_t now_s,
                  struct store_summary *out);

#endif
