/* SPDX-License-Identifier: ISC
 *
 * One file of the queue's log. All functions block; none keeps anything.
 */
#ifndef PORTREEVE_GATEWAY_SEGMENT_PRIVATE_H
#define PORTREEVE_GATEWAY_SEGMENT_PRIVATE_H

#include "gateway/record.h"

#include <sys/types.h>

enum { SEGMENT_NAME_MAX = 32 };

/* "segment-0000002a" */
void segment_name(uint64_t number, char name[static SEGMENT_NAME_MAX]);
/* The number of a file's name; false if it is none of ours. */
bool segment_number(const char *name, uint64_t *number);

/* A new file of that size, whose blocks are there. Nothing of it is safe, and it has no use: it is
 * filled, then renewed, then published. ERR_FULL, ERR_DENIED, ERR_IO, ERR_EXISTS: nothing was left
 * there. */
int segment_create(int directory, const char *name, size_t bytes, int *fd);
/* Writes a piece of zeros at *at, which goes behind it, and syncs them. On ext4 and XFS the
 * file's node marks a block that was never written: the first sync of each would write
 * that, too. ERR_FULL, ERR_IO. */
int segment_fill(int fd, size_t bytes, size_t *at);
/* Its name and size are safe, too. */
int segment_publish(int directory, int fd);
/* Begins its next use: safe when it returns. What the use before left is not read any more. */
int segment_renew(int fd, const struct hash_key *key, uint64_t use);
/* The n bytes there. ERR_IO. */
int segment_read(int fd, size_t at, size_t n, char *dst);
/* Writes all of the bytes there. ERR_FULL, ERR_IO. */
int segment_write(int fd, size_t at, struct str bytes);

#endif
