/* SPDX-License-Identifier: ISC
 *
 * Keeps what DNS answers in step with the store: asks for its serial four times a second, and at
 * once when the role is woken by a change (store_news()), applies the journal to a new index and
 * puts a new edition. While the store cannot be read, the last good edition stands and one line is
 * logged. A serial that goes back (an older list was restored) is an error in the log: all is read
 * again, but the serial in DNS never goes back.
 *
 * It is a step, which the role calls in a thread of its own (base/thread.h), so that a store that
 * is slow delays no answer; a test or a world calls it as it is. Other threads call
 * blocklist_follower_order() alone.
 *
 * Trusts the store (our own), not its being there.
 */
#ifndef PORTREEVE_BLOCKLIST_FOLLOWER_H
#define PORTREEVE_BLOCKLIST_FOLLOWER_H

#include "blocklist/edition.h"
#include "store/fuse.h"
#include "store/store.h"

struct blocklist_follower;

/* What the settings say of it. */
struct blocklist_orders {
	bool outputs;                    /* read them, too */
	bool notes;                      /* what is kept of proved listings, too: it is read whole
	                                  with each change */
	struct fuse fuse;                /* the rules of the store: see store_set_rules() */
	int64_t clock_jump_max_s;
};

/* Puts editions there. The store is its own until it is destroyed: no other thread touches it.
 * Both are the caller's and outlive it. */
struct blocklist_follower *blocklist_follower_create(struct store *store,
                                                     struct blocklist_handover *handover,
                                                     const struct blocklist_orders *orders);
void blocklist_follower_destroy(struct blocklist_follower *f);    /* NULL is fine */
/* Does what is due: follows new orders, looks for changes, puts a new edition. Returns in how many
 * milliseconds it is to be called again. Blocks for the store. */
int64_t blocklist_follower_step(struct blocklist_follower *f);
/* The same, for who wants to know: the store's error if it could not be read. */
int blocklist_follower_poll(struct blocklist_follower *f);
/* From any thread, without waiting for the store: the next step reads all again by these. */
void blocklist_follower_order(struct blocklist_follower *f, const struct blocklist_orders *orders);

/* Multi-hop outputs that may be published: agreed by the operator and proved by inputs of
 * OUTPUT_NETWORKS_MIN networks. */
bool blocklist_output_published(const struct output *o);

#endif
