/* SPDX-License-Identifier: ISC
 *
 * The files of this machine, or of an image below a directory, for the readers of configurations.
 * All of it blocks as long as the disk does.
 *
 * Hostile input that reaches it: the tree itself. Links, absolute ones as well, lead only to what
 * is below the root; a FIFO, device or socket is never opened; lengths and numbers are bounded.
 */
#ifndef PORTREEVE_AUDIT_DISK_FILES_H
#define PORTREEVE_AUDIT_DISK_FILES_H

#include "audit/setting.h"

enum {
	DISK_FILES_MAX = 8 * AUDIT_FILES_MAX,    /* read in all: a few readings share one */
	DISK_FILES_TOTAL_MAX_BYTES = 8 * AUDIT_TOTAL_MAX_BYTES,
	DISK_NAMES_MAX = 2000,           /* of one directory or pattern */
	DISK_ENTRIES_MAX = 50000,        /* looked at in all directories */
};

/* Its place must not change while `files` is used. */
struct disk_files {
	int root;                        /* the directory; -1: none */
	bool plain;                      /* the kernel keeps no links inside: the machine's root */
	size_t read_n, entry_n;
	uint64_t total_bytes;
};

/* `root` "" for this machine, else a directory. *files then asks d. ERR_NOT_FOUND, ERR_DENIED,
 * ERR_INVALID: no directory; ERR_UNSUPPORTED: a root other than the machine's, and the kernel
 * (before 5.6, or within a container that forbids openat2) cannot keep links inside it.
 *
 * Names are looked up from the root on, with or without a slash at their beginning. As setting.h
 * says; also ERR_INVALID for a name that leads through too many links. A pattern has * ? [ in its
 * last part alone; names that begin with a dot are left out, and those that are a directory's are
 * not. ERR_LIMIT: above the limits, as for all that is asked after. */
int disk_files_init(struct disk_files *d, const char *root, struct audit_files *files);
/* Whether nothing is there by that name, for sure. Nothing is opened. */
bool disk_files_missing(const struct disk_files *d, const char *name);
void disk_files_fini(struct disk_files *d);

#endif
