/* SPDX-License-Identifier: ISC
 *
 * The machine's files as the closed room has them: each mount below a read-only overlay, in a tree
 * of their own in which nothing of the machine's own mounts is left.
 *
 * A read-only mount alone keeps nobody from the machine: through it a pipe can be written to, a
 * socket connected to (also one that is bound later), and a lock on a file is a lock for those
 * outside, too. In an overlay pipe, socket and locks are those of the overlay.
 *
 *     directory    an overlay, with the mount's own "nosuid" and "noexec"; no device works
 *     file         a copy in memory, as an overlay has directories alone
 *     all else     nothing: mounts of kernel file systems, of sockets, pipes and devices
 *     no overlay   nothing: case-insensitive file systems, too many overlays above each other
 *
 * Called by files.c in the room's new mount namespace, once. It reads disks and may wait for them.
 *
 * Hostile input: the table of mounts, whose paths are of whoever may mount.
 */
#ifndef PORTREEVE_CLOSED_LAYERS_H
#define PORTREEVE_CLOSED_LAYERS_H

#include "base/str.h"

#include <stdbool.h>

/* The process is in the new root afterwards, with the room's own /proc. *left_out gets a line
 * "PATH: why" for each directory or file that is left out, but those that no server needs.
 * ERR_DENIED; ERR_UNSUPPORTED: "/" can be in no overlay, or is of chroot(); ERR_LIMIT; ERR_IO.
 * *message says what. */
int closed_layers_make(struct buf *left_out, struct buf *message);
/* Whether the path is at or below what the room makes anew, whatever the machine has there: /proc,
 * /sys, /dev. Pure. */
bool closed_layers_anew(const char *path);

#endif
