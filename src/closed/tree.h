/* SPDX-License-Identifier: ISC
 *
 * A directory's tree in memory: directories and links with their owners and modes, and those files
 * that are kept. What stands below a mount in it belongs to the tree as well.
 *
 * Called by files.c in the room, before any program of it runs.
 *
 * Hostile input: the tree, which others may change while it is read. No link is followed, no pipe
 * or device is opened, and entries, depth and bytes have limits.
 */
#ifndef PORTREEVE_CLOSED_TREE_H
#define PORTREEVE_CLOSED_TREE_H

#include "closed/closed.h"

#include <stdint.h>

enum {
	CLOSED_TREE_ENTRIES_MAX = 200000, CLOSED_TREE_DEPTH_MAX = 40,
	CLOSED_TREE_BYTES_MAX = 48 << 20,
};

/* Copies what is in the directory `from` into the empty directory `to`, which gets its owner and
 * mode. Of tree->kept, "" keeps all. The descriptors stay open and the caller's. ERR_LIMIT,
 * ERR_IO. */
int closed_tree_copy(int from, int to, const struct closed_tree *tree);
/* The same, with all of its files, which become root's and can be read by all. */
int closed_tree_copy_whole(int from, int to);
/* The one file, open for reading, into a new one; of_root: as above. ERR_LIMIT, ERR_IO. */
int closed_tree_copy_file(int from, const char *path, bool of_root);

#endif
