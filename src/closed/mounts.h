/* SPDX-License-Identifier: ISC
 *
 * The table of mounts, as /proc/self/mountinfo has it.
 *
 * Called by layers.c.
 *
 * Hostile input: paths are of whoever may mount; in the room they are used as paths only.
 */
#ifndef PORTREEVE_CLOSED_MOUNTS_H
#define PORTREEVE_CLOSED_MOUNTS_H

#include "base/arena.h"

#include <stdint.h>

struct closed_mount {
	uint64_t id;
	const char *at;                  /* where it is seen, if nothing hides it */
	struct str options, type;        /* of the mount: "ro,nosuid"; "ext4" */
};
struct closed_mounts {
	struct closed_mount *rows;       /* in the arena */
	size_t n;
};

/* Lines that are none are left out. Pure; the text must outlive it. ERR_LIMIT. */
int closed_mounts_read(struct str text, struct arena *a, struct closed_mounts *mounts);
/* Of this process, now. ERR_LIMIT, ERR_IO. */
int closed_mounts_find(struct arena *a, struct closed_mounts *mounts);

#endif
