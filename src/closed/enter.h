/* SPDX-License-Identifier: ISC
 *
 * Into a container's mounts: the room is then made of its files in place of the machine's.
 *
 * Called by keeper.c alone, as the first thing in the room's new namespaces. What follows sees of
 * files only what is beneath the container's root, which becomes the root of a copy of its mounts:
 * nothing that is done there is seen in the container, and nothing else can be reached from there.
 */
#ifndef PORTREEVE_CLOSED_ENTER_H
#define PORTREEVE_CLOSED_ENTER_H

#include "closed/closed.h"

/* ERR_DENIED, ERR_UNSUPPORTED: its root is no mount; ERR_IO; *message says what. */
int closed_enter(const struct closed_inside *inside, struct buf *message);

#endif
