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

/* A new file of zeros that begins its use; file, use and name are safe on disk when it returns.
 * ERR_FULL, ERR_DENIED, ERR_IO, ERR_EXISTS: nothing was left there. */
int segment_make(int directory, const char *name, size_t bytes, const struct hash_key *key,
                 uint64_t use, int *fd);
/* Begins its next use: safe when it returns. What the use before left is not read any more. */
int segment_renew(int fd, const struct hash_key *key, uint64_t use);
/* The n bytes there. ERR_IO. */
int segment_read(int fd, size_t at, size_t n, char *dst);
/* Writes all of the bytes there. ERR_FULL, ERR_IO. */
int segment_write(int fd, size_t at, struct str bytes);

#endif
