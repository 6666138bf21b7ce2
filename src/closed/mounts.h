/* SPDX-License-Identifier: ISC
 *
 * The table of mounts, as /proc/self/mountinfo has it, and by which other paths a file can be
 * reached through it.
 *
 * Called by files.c and cover.c.
 *
 * Hostile input: paths are of whoever may mount; in the room they are used as paths only.
 */
#ifndef PORTREEVE_CLOSED_MOUNTS_H
#define PORTREEVE_CLOSED_MOUNTS_H

#include "base/arena.h"

#include <stdint.h>

struct closed_mount {
	uint64_t id;
	struct str device;               /* "8:1" */
	const char *root, *at;           /* what of its file system, and where it is seen */
	struct str type;
};
struct closed_mounts {
	struct closed_mount *rows;       /* in the arena */
	size_t n;
};

/* Lines that are none are left out. Pure; the text must outlive it. ERR_LIMIT. */
int closed_mounts_read(struct str text, struct arena *a, struct closed_mounts *mounts);
/* Of this process, now. ERR_LIMIT, ERR_IO. */
int closed_mounts_find(struct arena *a, struct closed_mounts *mounts);
/* The path by which a file that is seen at `path` in the mount `seen` would be seen in the mount
 * `other` of the same file system; NULL: it is not there, as far as the table says. Pure. */
const char *closed_mounts_other(const struct closed_mount *seen, const char *path,
                                const struct closed_mount *other, struct arena *a);

#endif
