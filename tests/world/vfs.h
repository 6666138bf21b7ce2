/* SPDX-License-Identifier: ISC
 *
 * SQLite on the disk of the world: see vfs.c.
 */
#ifndef PORTREEVE_TESTS_WORLD_VFS_H
#define PORTREEVE_TESTS_WORLD_VFS_H

#include "world.h"

void vfs_begin(void);
/* What SQLite's files are opened with (sqlite/sqlite-private.h): for the store. */
const char *files_vfs(bool writable);
void files_lend(const char *name, int fd);

#endif
