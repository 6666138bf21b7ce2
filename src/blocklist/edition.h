/* SPDX-License-Identifier: ISC
 *
 * An edition of the list: all that DNS says at one serial. The follower makes one for each
 * change, in a thread of its own; the thread that answers takes the newest, and gives back the
 * one before. Neither ever waits for the other.
 *
 * One thread puts editions, one takes them. (More who answer would need another way to know when
 * the last of them has let go.)
 */
#ifndef PORTREEVE_BLOCKLIST_EDITION_H
#define PORTREEVE_BLOCKLIST_EDITION_H

#include "blocklist/index.h"
#include "blocklist/words.h"

#include <stdatomic.h>

/* Immutable once it was put, save for `next`. */
struct blocklist_edition {
	uint32_t serial;
	struct blocklist_index *lists[BLOCKLIST_LISTS];  /* held; NULL: not read yet */
	struct blocklist_words *words;   /* what is said of inputs; NULL: nothing */
	struct blocklist_edition *next;  /* in the stack of what was given back */
};

/* Lets go of what it holds. By the thread that puts, or when there is none. NULL is fine. */
void blocklist_edition_destroy(struct blocklist_edition *e);

/* Zero-initialised it is empty. Members are its own. */
struct blocklist_handover {
	_Atomic(struct blocklist_edition *) fresh;       /* put, not taken yet */
	_Atomic(struct blocklist_edition *) spent;       /* given back: a stack */
	struct blocklist_edition *current;               /* of the thread that takes */
};

/* Of the thread that puts: e is the newest now. It is gone when it is no more in use. */
void blocklist_handover_put(struct blocklist_handover *h, struct blocklist_edition *e);
/* Of the same: destroys what was given back. */
void blocklist_handover_clear(struct blocklist_handover *h);
/* Of the thread that takes: the newest edition, valid until its next call of this. NULL: there
 * was none yet. Takes constant time and no lock. */
const struct blocklist_edition *blocklist_handover_take(struct blocklist_handover *h);
/* When neither thread uses it any more. It is empty then. */
void blocklist_handover_fini(struct blocklist_handover *h);

#endif
