/* SPDX-License-Identifier: ISC
 *
 * What all programs in the closed room may take together of the machine: processes with their
 * threads, and memory. Limits of one process (confine.h) do not add up to that, those of a user do
 * not hold for root, and a control group would be left behind by kill -9. So the keeper looks, many
 * times a second, and ends the room where it is too much. What grows faster than that meets
 *
 *     processes   the largest number that the room's process namespace has (Linux 6.14)
 *     memory      the kernel's choice of whom it ends first where memory runs out
 *
 * Not counted is the kernel's own memory (pipes, sockets, tables of files), which is bounded by
 * processes and their descriptors, and what is in the room's directories, which have limits.
 *
 * Who uses it: keeper.c alone, in the room.
 * Hostile input: none is read but the kernel's /proc.
 */
#ifndef PORTREEVE_CLOSED_BOUNDS_H
#define PORTREEVE_CLOSED_BOUNDS_H

#include "closed/closed.h"

enum { CLOSED_TASKS_MAX = 600, CLOSED_LOOK_MS = 50 };
#define CLOSED_MEMORY_BYTES_MAX (INT64_C(1) << 30)

struct closed_bounds {
	unsigned tasks_max;
	int64_t memory_bytes_max, looked_ms;
};

/* /proc/sys must be writable still. */
void closed_bounds_set(struct closed_bounds *b, const struct closed_setup *setup);
/* What there is too much of, in a sentence; NULL: nothing. It looks every CLOSED_LOOK_MS. */
const char *closed_bounds_over(struct closed_bounds *b, int64_t now_ms);
/* Whether the process namespace has a largest number of its own: "6.14.0-arm64". Pure. */
bool closed_bounds_numbered(const char *release);

#endif
