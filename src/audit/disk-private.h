/* SPDX-License-Identifier: ISC
 *
 * The tree of disk-files.h as its own process has it: a call waits as long as the disk does.
 */
#ifndef PORTREEVE_AUDIT_DISK_PRIVATE_H
#define PORTREEVE_AUDIT_DISK_PRIVATE_H

#include "audit/disk-files.h"

struct disk_tree {
	int root;                        /* the directory */
	bool plain;                      /* the kernel keeps no links inside: the machine's root */
	struct disk_counts counts;
};

/* As disk_files_init(). */
int disk_tree_open(struct disk_tree *tree, const char *root);
/* As struct audit_files has them; a file is appended. */
int disk_tree_read(struct disk_tree *tree, const char *name, struct buf *out);
int disk_tree_list(struct disk_tree *tree, const char *pattern, struct arena *a,
                   const char ***names, size_t *n);
/* ERR_OK: something is there. Nothing is opened. */
int disk_tree_find(const struct disk_tree *tree, const char *name);

#endif
