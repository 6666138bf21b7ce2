/* SPDX-License-Identifier: ISC
 *
 * Which process this is, in a form that no other ever has: a number is given to another process
 * when it is free again, so it is told apart by the machine's start and by its own. And whether
 * a process is there still. Reads /proc; never waits for anybody.
 */
#ifndef PORTREEVE_BASE_ALIVE_H
#define PORTREEVE_BASE_ALIVE_H

#include <stdint.h>

enum { ALIVE_BOOT_MAX = 40 };

struct alive_id {
	char boot[ALIVE_BOOT_MAX];     /* changes with each start of the machine; "": unknown */
	uint64_t space;                /* in which pid is a number: the namespace; 0: unknown */
	int64_t pid;
	uint64_t started_ticks;        /* since the machine's start; 0: unknown */
};

struct alive_sight {
	enum { ALIVE_GONE, ALIVE_THERE, ALIVE_UNKNOWN } what;
	uint64_t started_ticks;        /* of one that is there; 0: it can't be seen */
};

void alive_self(struct alive_id *id);
/* What has that number now. */
struct alive_sight alive_look(int64_t pid);

#endif
