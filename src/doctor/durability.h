/* SPDX-License-Identifier: ISC
 *
 * Whether a disk or container keeps what it acknowledges: on what kind of file system a directory
 * lies, what its device says of itself, and how long a sync really takes. A flush that reaches a
 * medium takes time; one that takes none has reached nothing. The facts are gathered by
 * doctor_durability_look(), which writes a file without a name there for some seconds; the rest is
 * pure.
 *
 * Hostile input: /proc/self/mountinfo, whose mount points users may choose.
 */
#ifndef PORTREEVE_DOCTOR_DURABILITY_H
#define PORTREEVE_DOCTOR_DURABILITY_H

#include "doctor/findings.h"

enum { DOCTOR_BATCHES = 3, DOCTOR_DURABILITY_MS = 9000 };
extern const unsigned doctor_batches[DOCTOR_BATCHES];    /* appends per sync: 1, 20, 100 */

struct doctor_mount {
	char point[256], kind[32], source[256];
	char options[512];            /* of the mount and of the file system */
};
/* The mount that an absolute path, without links, lies on. False: there is none in the text. */
bool doctor_mount_find(struct str mountinfo, const char *path, struct doctor_mount *mount);

struct doctor_durability {
	const char *directory;
	uint64_t magic;               /* statfs(2) */
	bool has_mount, has_device;
	struct doctor_mount mount;
	char device[64];              /* "sda", "nvme0n1" */
	bool rotates, is_virtual;
	char cache[32];               /* "write back", "write through"; "": not said */
	/* What was measured; 0: it could not be. */
	double appends_per_s[DOCTOR_BATCHES];
	int64_t sync_us;              /* the median of syncs of one append */
	const char *why;              /* nothing could be written: the system's words; else NULL */
};

/* Blocks for up to DOCTOR_DURABILITY_MS. */
void doctor_durability_look(const char *directory, struct doctor_durability *d);
void doctor_durability_judge(const struct doctor_durability *d, struct doctor_findings *f);

#endif
