/* SPDX-License-Identifier: ISC
 *
 * The gateway's files in memory: "spool" and "mailboxes", and all below them.
 */
#ifndef PORTREEVE_TESTS_WORLD_FILES_H
#define PORTREEVE_TESTS_WORLD_FILES_H

#include "world.h"

/* The two directories are there. */
void files_begin(void);
/* Names as safe as their directories were; disk_power_cut() does the same for what is in them. */
void files_power_cut(void);
/* Descriptors that the process has; they are told in the trace. */
unsigned files_open(const struct process *p);
/* Every file below the directory, as it is now. */
void files_each(const char *directory, void (*each)(void *arg, const char *path, struct str bytes),
                void *arg);

/* What the laws want to know: a write or sync did not succeed. */
void law_disk_failed(void);

#endif
