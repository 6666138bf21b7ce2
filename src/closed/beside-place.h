/* SPDX-License-Identifier: ISC
 *
 * The directory of a second Postfix: made, removed, and swept away where whoever had it was killed.
 * Who has it holds a lock, which goes with him; what is not locked is nobody's any more.
 *
 * Called as root. Hostile input: whoever the server's processes are may do what he likes in the
 * directories that are theirs, while it is removed; no link is followed. Others may make
 * directories of such names: only root's count, with what we put into them.
 */
#ifndef PORTREEVE_CLOSED_BESIDE_PLACE_H
#define PORTREEVE_CLOSED_BESIDE_PLACE_H

#include "base/err.h"

#define BESIDE_PLACES "/tmp"

enum { BESIDE_PLACE_MAX = 64 };

struct beside_place {
	char path[BESIDE_PLACE_MAX];     /* "": none */
	int lock;                        /* closed on exec */
};

/* A new one below `parent`, which anybody may enter. ERR_IO, ERR_LIMIT: it is none. */
int beside_place_make(const char *parent, struct beside_place *place);
/* Removes it with all in it, for two seconds if others still write there. Nothing if it is none. */
void beside_place_remove(struct beside_place *place);
/* Called by the leader of the group of processes that work in it, whose words name it. */
int beside_place_lead(const struct beside_place *place);
/* Ends the groups of those that nobody has any more, and removes them. */
void beside_places_sweep(const char *parent);

#endif
