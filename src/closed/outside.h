/* SPDX-License-Identifier: ISC
 *
 * The machine's sockets as a container's files may show them: by the file system in which they lie
 * and the path there, as the container may have a directory of the machine at another place.
 *
 *     closed_outside_find   where the machine's own mounts are seen, before the room is made
 *     closed_outside_cover  in the room, before trees are laid over its files
 *
 * Not found is a socket that another container bound in a directory that both have.
 *
 * Called by closed.c and files.c. Hostile input: paths of sockets and mounts, used as paths alone.
 */
#ifndef PORTREEVE_CLOSED_OUTSIDE_H
#define PORTREEVE_CLOSED_OUTSIDE_H

#include "closed/mounts.h"
#include "closed/sockets.h"

/* Fills in the places of those that there are, in the arena. ERR_LIMIT, ERR_IO. */
int closed_outside_find(struct arena *a, struct closed_sockets *sockets);
/* Whoever connects to one finds a file that is no socket. ERR_LIMIT, ERR_IO; *message says what. */
int closed_outside_cover(const struct closed_sockets *sockets, struct buf *message);

#endif
