/* SPDX-License-Identifier: ISC
 *
 * A directory in memory: a mount that is made and filled before it is anywhere, so that the machine
 * needs no directory for it and none is left behind.
 *
 * Called by files.c and layers.c in the room. Descriptors are the caller's; -1 is an error, in
 * errno.
 */
#ifndef PORTREEVE_CLOSED_MEMORY_H
#define PORTREEVE_CLOSED_MEMORY_H

/* The mount, which is nowhere yet: it is gone when this is closed before it was attached. */
int closed_memory_create(void);
/* Its directory. */
int closed_memory_open(int made);
/* 0 or -1. The last link of the path is followed. */
int closed_memory_attach(int made, const char *path);

#endif
