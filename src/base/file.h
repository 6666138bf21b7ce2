/* SPDX-License-Identifier: ISC
 *
 * Whole files: read with a limit, written so that a crash leaves the old one
 * or the new one and never a half. All of it blocks.
 */
#ifndef PORTREEVE_BASE_FILE_H
#define PORTREEVE_BASE_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/* Appends the file ("-" is standard input) to *out. ERR_NOT_FOUND, ERR_DENIED,
 * ERR_IO, ERR_LIMIT if it is longer than max_bytes. */
int file_read(const char *path, size_t max_bytes, struct buf *out);
/* The same of a file in a directory that may be in hostile hands: a regular file and no link,
 * else ERR_INVALID; it never waits for what a pipe's other end might write. */
int file_read_plain(const char *path, size_t max_bytes, struct buf *out);
/* Writes path by way of a temporary file in the same directory: fsync of the
 * file, rename, fsync of the directory. ERR_FULL, ERR_DENIED, ERR_IO. */
int file_write(const char *path, struct str bytes, mode_t mode);
/* A new file, whole and synced (its name is not yet); ERR_EXISTS, and as file_write(). */
int file_create(const char *path, struct str bytes, mode_t mode);
/* Renames within a file system, and syncs the directory it comes to. ERR_UNSUPPORTED: not
 * between these two directories. */
int file_move(const char *from, const char *to);
/* Syncs the directory that has this name: what is found there may have come by a process that was
 * killed before it did so itself, and be gone after the next power cut. */
int file_sync_name(const char *path);
/* Writes all of the bytes, then fsync(). */
int file_write_fd(int fd, struct str bytes);
/* Takes an exclusive flock(). ERR_BUSY when another holds it for 5 s: whoever may open a file may
 * lock it for as long as he likes. */
int file_lock(int fd);
/* mkdir -p with that mode for what is made. */
int file_mkdirs(const char *path, mode_t mode);
/* The enum err for an errno. */
int file_err(int errnum);

#endif
