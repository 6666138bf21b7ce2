/* SPDX-License-Identifier: ISC
 *
 * SipHash-1-3, after Aumasson and Bernstein's description.
 */
#include "base/hash.h"

#include "base/random.h"

#include <string.h>

void hash_key_init(struct hash_key *key)
{
	random_bytes(key->k, sizeof(key->k));
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[static 4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t n)
{
	uint64_t v[4] = {
		key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
		key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u,
	};
	const uint8_t *p = bytes;
	uint64_t word = 0;
	size_t left = n;
	for (; left >= 8; p += 8, left -= 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		mix(v);
		v[0] ^= word;
	}
	word = 0;
	if (left)
		memcpy(&word, p, left);
	word |= (uint64_t)n << 56;
	v[3] ^= word;
	mix(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
