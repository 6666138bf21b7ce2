/* SPDX-License-Identifier: ISC
 *
 * The disk of the world: files in memory. What a process wrote is seen by all others at once; a
 * power cut leaves what was synced, and of the rest any sectors.
 */
#ifndef PORTREEVE_TESTS_WORLD_DISK_H
#define PORTREEVE_TESTS_WORLD_DISK_H

#include "base/str.h"

#include <stdint.h>

struct disk_file;

/* NULL: there is none of that name. */
struct disk_file *disk_find(const char *name);
struct disk_file *disk_make(const char *name);
void disk_remove(struct disk_file *f);
size_t disk_size(const struct disk_file *f);
/* Bytes read; fewer at the end. */
size_t disk_read(const struct disk_file *f, size_t at, void *dst, size_t n);
void disk_write(struct disk_file *f, size_t at, struct str bytes);
void disk_truncate(struct disk_file *f, size_t n);
void disk_sync(struct disk_file *f);
/* A sync that fails: some of what was to be synced never is, though it is still read. */
void disk_sync_fails(struct disk_file *f);
/* All that was not synced may be gone, each sector for itself. */
void disk_power_cut(void);
/* Counts changes of any file. */
uint64_t disk_changes(void);

#endif
