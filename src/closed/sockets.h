/* SPDX-License-Identifier: ISC
 *
 * Which sockets with a path the machine has: a read-only mount does not keep anybody from
 * connecting to one, so the room covers each that it would still see.
 *
 * Who uses it: closed.c, before the room is made. It reads /proc only.
 *
 * Hostile input: the paths are of whoever bound a socket. They are used as paths to cover, and as
 * nothing else.
 */
#ifndef PORTREEVE_CLOSED_SOCKETS_H
#define PORTREEVE_CLOSED_SOCKETS_H

#include "base/arena.h"

enum { CLOSED_SOCKETS_MAX = 20000 };

/* The absolute paths in a text of the form of /proc/net/unix are added to the list, which grows;
 * what has no path, an abstract or a relative one is left out. Pure. ERR_LIMIT. */
struct closed_mount;
/* One as the machine sees it: its mount, and the path there (outside.h). */
struct closed_place {
	const struct closed_mount *seen;
	const char *path;
};
struct closed_sockets {
	const char **paths;          /* in the arena */
	size_t n, room;
	struct closed_place *places; /* of a container's room: those that the machine sees */
	size_t place_n;
};
int closed_sockets_read(struct str text, struct arena *a, struct closed_sockets *sockets);
/* Those of every network namespace that a process is in. ERR_LIMIT, ERR_IO. */
int closed_sockets_find(struct arena *a, struct closed_sockets *sockets);

#endif
