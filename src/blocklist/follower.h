/* SPDX-License-Identifier: ISC
 *
 * Keeps what DNS answers in step with the store: asks for its serial four times a second,
 * applies the journal to a new index and swaps it in. While the store cannot be read, the
 * last good state stands and one line is logged. A serial that goes back (an older list was
 * restored) is an error in the log: all is read again, but the serial in DNS never goes back.
 *
 * Trusts the store (our own), not its being there.
 */
#ifndef PORTREEVE_BLOCKLIST_FOLLOWER_H
#define PORTREEVE_BLOCKLIST_FOLLOWER_H

#include "base/loop.h"
#include "blocklist/answer.h"
#include "store/store.h"

struct blocklist_follower;

/* Sets index and serial of the state's views: the first is the list, the second (if there
 * is one) the agreed outputs. Loop, store and state are the caller's and outlive it; the
 * indexes are its own and go with it. */
struct blocklist_follower *blocklist_follower_create(struct loop *loop, struct store *store,
                                                     struct blocklist_state *state);
void blocklist_follower_destroy(struct blocklist_follower *f);    /* NULL is fine */
/* Looks now, rather than at the next tick; the store's error if it cannot be read. Blocks
 * for the store. */
int blocklist_follower_poll(struct blocklist_follower *f);
/* The views have changed: all is read again at the next tick. Until then what was read
 * stands. */
void blocklist_follower_reread(struct blocklist_follower *f);
/* The store is not touched any more, nor by a reread, and may be closed: what was read stands. */
void blocklist_follower_stop(struct blocklist_follower *f);

/* Multi-hop outputs that may be published: agreed by the operator and proved by inputs of
 * OUTPUT_NETWORKS_MIN networks. */
bool blocklist_output_published(const struct output *o);

#endif
