/* SPDX-License-Identifier: ISC
 *
 * Files of the operator that a role needs and that its user may not read, such as the key of a
 * certificate: the supervisor reads them while it is root, and the role gets what stood in them,
 * through one descriptor in memory. Both sides are here. New contents are in it before HUP comes.
 * It blocks.
 */
#ifndef PORTREEVE_ROLES_FILES_H
#define PORTREEVE_ROLES_FILES_H

#include "base/err.h"
#include "base/str.h"

enum { FILES_MAX = 160, FILES_BYTES_MAX = 1 << 20 };      /* how many; each */

/* An empty one, or a negative enum err. Only its maker may write it. */
int files_create(void);
/* Another descriptor of it that can only be read, for the role; or negative. */
int files_read_only(int fd);
/* Replaces what it holds by the contents of `n` files. A path that is "", cannot be read, is no
 * regular file or is too long counts as an empty one. ERR_IO: it holds nothing. */
int files_fill(int fd, const char *const *paths, size_t n);
/* In the role: appends what stood in file i. ERR_NOT_FOUND (it is empty, or not there yet),
 * ERR_INVALID (it is just being filled), ERR_IO. */
int files_read(int fd, size_t i, struct buf *out);

#endif
