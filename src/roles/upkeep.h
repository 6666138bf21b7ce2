/* SPDX-License-Identifier: ISC
 *
 * Upkeep of what a role writes in the store: what is old is removed, a little at a time,
 * so that no pass keeps the role or the database's lock for long. Before that, and every
 * ten seconds, it looks at the clock: one that has jumped is told once, and nothing is removed
 * until it is right again or accepted. Used by the tester (the
 * list's database) and the collector (the returns).
 */
#ifndef PORTREEVE_ROLES_UPKEEP_H
#define PORTREEVE_ROLES_UPKEEP_H

#include "base/loop.h"
#include "settings/settings.h"
#include "store/store.h"

struct upkeep;

/* Begins at once; then once an hour. Loop and store outlive it. */
struct upkeep *upkeep_create(struct loop *loop, struct store *store, const struct settings *s);
/* New settings, which outlive it or the next call. */
void upkeep_reload(struct upkeep *u, const struct settings *s);
void upkeep_destroy(struct upkeep *u);       /* NULL is fine */

#endif
