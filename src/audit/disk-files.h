/* SPDX-License-Identifier: ISC
 *
 * The files of this machine, or of an image below a directory, for the readers of configurations.
 *
 * A disk may never answer: a file system in user space, a network's. So a process of its own reads,
 * which is ended when a file takes too long, and another one goes on with the next. A call blocks
 * for DISK_FILE_MS, all of them together little longer than DISK_ALL_MS; what was late is named.
 *
 * Hostile input that reaches it: the tree itself. Links, absolute ones as well, lead only to what
 * is below the root; a FIFO, device or socket is never opened; lengths and numbers are bounded.
 */
#ifndef PORTREEVE_AUDIT_DISK_FILES_H
#define PORTREEVE_AUDIT_DISK_FILES_H

#include "audit/setting.h"
#include "base/child.h"

enum {
	DISK_FILES_MAX = 8 * AUDIT_FILES_MAX,    /* read in all: a few readings share one */
	DISK_FILES_TOTAL_MAX_BYTES = 8 * AUDIT_TOTAL_MAX_BYTES,
	DISK_NAMES_MAX = 2000,           /* of one directory or pattern */
	DISK_ENTRIES_MAX = 50000,        /* looked at in all directories */
	DISK_FILE_MS = 3000, DISK_ALL_MS = 12000,
	DISK_LATE_MAX = 32,
};

struct disk_counts {
	size_t read_n, entry_n;
	uint64_t total_bytes;
};

/* Its place must not change while `files` is used. All zero, it has nothing to give back. */
struct disk_files {
	const char *root;                /* the caller's; "" for this machine */
	bool plain;                      /* links are not kept inside: for tests of this machine */
	struct child reader;             /* pid 0: none runs */
	struct disk_counts counts;
	int64_t left_ms;                 /* of DISK_ALL_MS */
	struct arena arena;
	const char *late[DISK_LATE_MAX]; /* names that were not read in time, the first of them */
	size_t late_n;
};

/* `root` "" for this machine, else a directory, which must stay. *files then asks d.
 * ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID: no directory; ERR_UNSUPPORTED: a root other than the
 * machine's, and the kernel (before 5.6, or within a container that forbids openat2) cannot keep
 * links inside it; ERR_TIMEOUT.
 *
 * Names are looked up from the root on, with or without a slash at their beginning. As setting.h
 * says; also ERR_INVALID for a name that leads through too many links. A pattern has * ? [ in its
 * last part alone; names that begin with a dot are left out, and those that are a directory's are
 * not. ERR_LIMIT: above the limits, as for all that is asked after. */
int disk_files_init(struct disk_files *d, const char *root, struct audit_files *files);
/* Whether nothing is there by that name, for sure. Nothing is opened. */
bool disk_files_missing(struct disk_files *d, const char *name);
void disk_files_fini(struct disk_files *d);

#endif
