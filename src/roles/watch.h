/* SPDX-License-Identifier: ISC
 *
 * Watches whether the store that a role has open is still the one at its place
 * (store_check()). One that was replaced ends the role: the files of its sandbox are those it
 * was opened with, so it cannot open others. The supervisor starts it again at once. One that
 * was taken away does not: what was read stands until there is another one. Nor does one that can
 * go on with what it has read (watch_stay()): what was put there may be no database at all.
 */
#ifndef PORTREEVE_ROLES_WATCH_H
#define PORTREEVE_ROLES_WATCH_H

#include "base/loop.h"
#include "store/store.h"

struct watch;

/* Both outlive it. The loop is stopped when the store was replaced. */
struct watch *watch_create(struct loop *loop, struct store *store);
/* A role that can go on without its store does not end: `stay` is called, now and each second,
 * and the store is not touched any more: it may be closed. Before the loop runs. */
void watch_stay(struct watch *w, void (*stay)(void *arg), void *arg);
/* Whether it was: the role's exit code is ROLE_STORE_REPLACED then. NULL is fine. */
bool watch_replaced(const struct watch *w);
void watch_destroy(struct watch *w);                   /* NULL is fine */

#endif
