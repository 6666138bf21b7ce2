/* SPDX-License-Identifier: ISC
 *
 * The journal of the list and its serial, for those who follow it. Promises and errors are those
 * of store.h.
 */
#ifndef PORTREEVE_STORE_JOURNAL_H
#define PORTREEVE_STORE_JOURNAL_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

int store_serial(struct store *st, uint64_t *serial);
/* Entries with serial > after, in order, at most max. */
int store_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                  struct journal_entry **rows, size_t *n);
/* One consistent view: all that is listed and the serial it belongs to. */
struct list_snapshot {
	uint64_t serial;
	struct listing *listings;      /* in order of the address */
	struct listed_range *ranges;   /* in order: by address, then by length */
	size_t listing_n, range_n;
};
int store_snapshot(struct store *st, struct arena *a, struct list_snapshot *s);

#endif
