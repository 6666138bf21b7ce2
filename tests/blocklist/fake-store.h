/* SPDX-License-Identifier: ISC
 *
 * A store made of these, at link time: the functions of store/store.h that the follower calls are
 * fake-store.c's, in programs that link it. It fails, jumps, goes back and takes its time as a
 * test wants it.
 */
#ifndef PORTREEVE_TESTS_BLOCKLIST_FAKE_STORE_H
#define PORTREEVE_TESTS_BLOCKLIST_FAKE_STORE_H

#include "store/fuse.h"
#include "store/store.h"
#include "store/types.h"

struct fake_store {
	int err;                         /* of every call */
	uint64_t serial;
	struct journal_entry journal[16];
	size_t journal_count;
	struct listing listings[8];
	size_t listing_count;
	struct listing words[2];
	size_t word_count;
	struct listed_range ranges[2];
	size_t range_count;
	struct output outputs[4];
	size_t output_count;
	unsigned snapshots, journals;    /* that were read */
	struct fuse fuse;                /* last set */
};
extern struct fake_store fake;

/* Empty again; what it gives as a store. */
struct store *fake_store_reset(void);
void fake_store_journal(uint64_t serial, enum journal_action action, const char *subject);

/* From now on a call that reads does not return, until it is let go. Between two of these calls
 * `fake` belongs to the test, whatever other thread reads. */
void fake_store_hold(void);
/* Waits until some thread is held in such a call; false after a while. */
bool fake_store_is_held(void);
void fake_store_let_go(void);

#endif
