/* SPDX-License-Identifier: ISC
 *
 * Covering the machine's sockets, by whatever path they are seen in the room: whoever connects to
 * one finds a file that is no socket.
 *
 *     the path by which it was bound
 *     the same place by every other mount of its file system
 *     that path below every mount, where the files of a container may be seen
 *
 * Not found is a socket that was bound by a relative path, or in a container by one that leads
 * over a mount of its own.
 *
 * Called by files.c in the room, before trees and files are laid over them: what is copied from
 * there has no sockets, and what is bound has its covers.
 *
 * Hostile input: paths of sockets and mounts, used as paths to cover.
 */
#ifndef PORTREEVE_CLOSED_COVER_H
#define PORTREEVE_CLOSED_COVER_H

#include "closed/binds.h"
#include "closed/sockets.h"

/* ERR_LIMIT: there are too many; ERR_IO. *message says what. */
int closed_cover(const struct closed_sockets *sockets, const struct closed_binds *binds,
                 struct buf *message);

#endif
