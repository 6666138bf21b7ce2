/* SPDX-License-Identifier: ISC
 *
 * Who asked for a look at an address, and why. Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_NOMINATIONS_H
#define PORTREEVE_STORE_NOMINATIONS_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

int store_nominate(struct store *st, struct nomination *nom);         /* sets nom->id; journalled */
int store_nominations(struct store *st, struct arena *a, struct nomination **rows, size_t *n);

#endif
