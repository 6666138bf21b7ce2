/* SPDX-License-Identifier: ISC
 *
 * The files of the closed room: the machine's own, read-only, with what a mail server writes to
 * in memory instead, and what leads out of the room covered.
 *
 *     spool, log, run, tmp, mail   their trees without a message, log, pid file or socket
 *     /dev                         null, zero, full, random, urandom; keeper.c adds its own log
 *     /proc                        the room's processes; what would change the kernel is read-only
 *     /sys and its like            nothing
 *     all else                     read-only, without devices; pipes, sockets and locks are the
 *                                  room's own (layers.h)
 *
 * Called by keeper.c alone, in the room's new mount and process namespaces. What was opened before
 * must not stay open. It reads disks and may wait for them.
 */
#ifndef PORTREEVE_CLOSED_FILES_H
#define PORTREEVE_CLOSED_FILES_H

#include "closed/closed.h"

/* All but the last step, so that the network can still be set by /proc/sys. ERR_DENIED,
 * ERR_UNSUPPORTED, ERR_LIMIT, ERR_IO; *message says what. left_out: as
 * layers.h. */
int closed_files_make(const struct closed_setup *setup, struct buf *left_out,
                      struct buf *message);
/* From here on nothing of the kernel can be set by /proc. */
int closed_files_seal(struct buf *message);

#endif
