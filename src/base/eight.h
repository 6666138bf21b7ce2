/* SPDX-License-Identifier: ISC
 *
 * Eight bytes in one step, for loops that look at every byte of a message. A set of marks
 * has the high bit of each byte that is wanted; only the lowest mark is sure to be right,
 * those above it need not be. Any byte order; the caller keeps within its bounds.
 */
#ifndef PORTREEVE_BASE_EIGHT_H
#define PORTREEVE_BASE_EIGHT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t eight_load(const char *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

/* Bytes below `limit`, which is at most 128. */
static inline uint64_t eight_below(uint64_t x, unsigned char limit)
{
	return (x - EIGHT(limit)) & ~x & EIGHT(0x80);
}

static inline uint64_t eight_equal(uint64_t x, unsigned char byte)
{
	return eight_below(x ^ EIGHT(byte), 1);
}

/* Bytes above ASCII. */
static inline uint64_t eight_high(uint64_t x)
{
	return x & EIGHT(0x80);
}

/* Letters of ASCII made small, all else as it is. Bytes stand where they stood. */
static inline uint64_t eight_lower(uint64_t x)
{
	uint64_t low = x & EIGHT(0x7f);
	uint64_t from_a = low + EIGHT(0x80 - 'A'), above_z = low + EIGHT(0x80 - 'Z' - 1);
	return x | ((from_a ^ above_z) & ~x & EIGHT(0x80)) >> 2;
}

/* Which of the eight the lowest mark is; there must be one. */
static inline size_t eight_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
