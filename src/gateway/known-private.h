/* SPDX-License-Identifier: ISC
 *
 * Between known.c, the table, and known-file.c.
 */
#ifndef PORTREEVE_GATEWAY_KNOWN_PRIVATE_H
#define PORTREEVE_GATEWAY_KNOWN_PRIVATE_H

#include "gateway/known.h"

/* Grows with every address that becomes known. */
uint64_t known_version(const struct known *k);
/* The longest file that there can be. */
size_t known_bytes_max(void);

#endif
