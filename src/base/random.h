/* SPDX-License-Identifier: ISC
 *
 * Randomness from the kernel, and the two encodings our names are made of.
 */
#ifndef PORTREEVE_BASE_RANDOM_H
#define PORTREEVE_BASE_RANDOM_H

#include "base/str.h"

/* Fills with bytes fit for keys; never fails, never blocks after boot. */
void random_bytes(void *dst, size_t n);
uint64_t random_u64(void);

/* Base32 of RFC 4648 in lower case, no padding: letters and 2…7 only, so that
 * it survives every mail system. dst gets (n*8+4)/5 characters and a NUL. */
void base32_encode(const void *src, size_t n, char *dst);
void hex_encode(const void *src, size_t n, char *dst);
int hex_decode(struct str s, void *dst, size_t size);

#endif
