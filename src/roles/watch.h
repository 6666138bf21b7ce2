/* SPDX-License-Identifier: ISC
 *
 * Watches whether the store that a role has open is still the one at its place
 * (store_check()). One that was replaced ends the role: the files of its sandbox are those it
 * was opened with, so it cannot open others. The supervisor starts it again at once. One that
 * was taken away does not: what was read stands until there is another one. Nor does one that can
 * go on with what it has read: what was put there may be no database at all.
 */
#ifndef PORTREEVE_ROLES_WATCH_H
#define PORTREEVE_ROLES_WATCH_H

#include "store/store.h"

#include <stdbool.h>

/* Zero-initialised nothing was seen yet. */
struct watch {
	bool gone;
};

enum { WATCH_MS = 250 };

/* To be called each WATCH_MS by whoever has the store (the loop, or the role's own thread); blocks
 * for it. True once it was replaced: do not look again. What is found is logged; `serves_on`: the
 * role does. */
bool watch_look(struct watch *w, struct store *store, bool serves_on);

#endif
