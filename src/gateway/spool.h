/* SPDX-License-Identifier: ISC
 *
 * Where the queue lies: whether what is acknowledged there lasts, and the secret of its log.
 *
 * Who uses it: the role, before it opens the queue, and the doctor. All but the judgement blocks.
 * Hostile input: none; a directory that is in other hands is refused by file modes alone.
 */
#ifndef PORTREEVE_GATEWAY_SPOOL_H
#define PORTREEVE_GATEWAY_SPOOL_H

#include "base/hash.h"
#include "base/str.h"

/* What of a file system with that magic number (statfs(2)) is wrong for a queue, as "tmpfs, which
 * is gone when the machine stops"; NULL: nothing that is known. Pure. */
const char *gateway_spool_fault(uint64_t magic);
/* Looks at the directory, or where it would be made. ERR_DENIED with a line in *message if it must
 * not hold a queue; with `anywhere` that is said in the log, loudly, and is ERR_OK. ERR_IO. */
int gateway_spool_check(const char *directory, bool anywhere, struct buf *message);

/* The key of the log in that directory, which is made with its key file (mode 0600) at the first
 * start. A log without its key file is none that can be read: ERR_CORRUPT, with a line in *message,
 * as of all errors. */
int gateway_spool_key(const char *directory, struct hash_key *key, struct buf *message);

#endif
