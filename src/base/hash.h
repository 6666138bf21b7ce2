/* SPDX-License-Identifier: ISC
 *
 * A keyed hash for tables that strangers fill: SipHash-1-3. Without the key nobody can choose
 * what meets in one slot.
 */
#ifndef PORTREEVE_BASE_HASH_H
#define PORTREEVE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k[2];
};

/* A key from the kernel. */
void hash_key_init(struct hash_key *key);
uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t n);

#endif
