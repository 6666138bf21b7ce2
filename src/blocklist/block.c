/* SPDX-License-Identifier: ISC
 *
 * A /16 in one of four forms, by how many addresses it has. In three of them the last bytes of the
 * addresses stand in one array, /24 by /24, and what differs is how a /24's share of it is found.
 */
#include "blocklist/block.h"

#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* LIST: the addresses, two bytes each.
 * RUNS: of each /24 in turn as many ones as it has addresses, then a zero (this is the upper half
 *       of Elias' and Fano's code); in front, for each 64 /24s, how many addresses come before.
 * OFFSETS: for each /24, and for the end, how many addresses stand before it.
 * BITS: a bit an address. */
enum form { LIST, RUNS, OFFSETS, BITS };

enum {
	NETS = 256,                      /* the /24s of a /16 */
	GROUP = 64, GROUPS = NETS / GROUP,       /* of RUNS */
	STARTS_BYTES = GROUPS * 2,
	OFFSETS_BYTES = (NETS + 1) * 2,
	BITS_BYTES = BLOCKLIST_BLOCK_MAX / 8,
	LIST_MAX = 43,                   /* up to here it is the shortest */
	RUNS_MAX = 1024,                 /* beyond, counting takes too long */
	OFFSETS_MAX = BITS_BYTES - OFFSETS_BYTES,
	WINDOW = 56,                     /* bits that are looked at together */
};

struct blocklist_block {
	unsigned holders;
	uint16_t last;                   /* one less than its addresses */
	uint8_t form;
	uint8_t bytes[];
};

size_t blocklist_block_count(const struct blocklist_block *b)
{
	return (size_t)b->last + 1;
}

static enum form form_of(size_t n)
{
	return n <= LIST_MAX ? LIST : n <= RUNS_MAX ? RUNS : n <= OFFSETS_MAX ? OFFSETS : BITS;
}

/* What stands before the last bytes of the addresses. */
static size_t head_bytes(enum form form, size_t n)
{
	return form == RUNS ? STARTS_BYTES + (NETS + n + 7) / 8 : OFFSETS_BYTES;
}

static size_t body_bytes(enum form form, size_t n)
{
	return form == LIST ? 2 * n : form == BITS ? (size_t)BITS_BYTES : head_bytes(form, n) + n;
}

static const uint8_t *last_bytes(const struct blocklist_block *b)
{
	assert(b->form == RUNS || b->form == OFFSETS);
	return b->bytes + head_bytes(b->form, blocklist_block_count(b));
}

size_t blocklist_block_bytes(const struct blocklist_block *b)
{
	return sizeof(*b) + body_bytes(b->form, blocklist_block_count(b));
}

static unsigned get16(const uint8_t *p, size_t i)
{
	uint16_t v;
	memcpy(&v, p + 2 * i, sizeof(v));
	return v;
}

static void put16(uint8_t *p, size_t i, size_t v)
{
	uint16_t narrow = (uint16_t)v;
	assert(v <= UINT16_MAX);
	memcpy(p + 2 * i, &narrow, sizeof(narrow));
}

static void set_bit(uint8_t *bits, size_t i)
{
	bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static bool has_bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

/* ---- packing -------------------------------------------------------------------------- */

static void pack_runs(uint8_t *dst, const uint16_t *addresses, size_t n)
{
	size_t i = 0;
	for (unsigned net = 0; net < NETS; net++) {
		if (net % GROUP == 0)
			put16(dst, net / GROUP, i);
		for (; i < n && addresses[i] >> 8 == net; i++)
			set_bit(dst + STARTS_BYTES, i + net);
	}
	assert(i == n);
}

static void pack_offsets(uint8_t *dst, const uint16_t *addresses, size_t n)
{
	size_t i = 0;
	for (unsigned net = 0; net < NETS; net++) {
		put16(dst, net, i);
		while (i < n && addresses[i] >> 8 == net)
			i++;
	}
	put16(dst, NETS, i);
	assert(i == n);
}

struct blocklist_block *blocklist_block_pack(const uint16_t *addresses, size_t n)
{
	assert(n >= 1 && n <= BLOCKLIST_BLOCK_MAX);
	enum form form = form_of(n);
	struct blocklist_block *b = mem_zalloc(sizeof(*b) + body_bytes(form, n));
	b->holders = 1;
	b->last = (uint16_t)(n - 1);
	b->form = (uint8_t)form;
	if (form == LIST) {
		memcpy(b->bytes, addresses, 2 * n);
		return b;
	}
	if (form == BITS) {
		for (size_t i = 0; i < n; i++)
			set_bit(b->bytes, addresses[i]);
		return b;
	}
	(form == RUNS ? pack_runs : pack_offsets)(b->bytes, addresses, n);
	uint8_t *last = b->bytes + head_bytes(form, n);
	for (size_t i = 0; i < n; i++)
		last[i] = (uint8_t)addresses[i];
	return b;
}

struct blocklist_block *blocklist_block_share(struct blocklist_block *b)
{
	assert(b->holders > 0 && b->holders < UINT_MAX);
	b->holders++;
	return b;
}

void blocklist_block_destroy(struct blocklist_block *b)
{
	assert(b->holders > 0);
	if (--b->holders == 0)
		free(b);
}

/* ---- a /24's share ---------------------------------------------------------------------- */

struct share {
	size_t first, end;
};

/* WINDOW bits from number `at` on. What follows the bits in a block of that form is more than the
 * eight bytes that are read. */
static uint64_t window(const uint8_t *bits, size_t at)
{
	uint64_t w;
	memcpy(&w, bits + at / 8, sizeof(w));
	return w >> (at % 8) & ((UINT64_C(1) << WINDOW) - 1);
}

/* In each byte the ones of it and of all below, without the instruction that not every machine has.
 * The uppermost has all. */
static uint64_t ones_below(uint64_t w)
{
	w -= w >> 1 & UINT64_C(0x5555555555555555);
	w = (w & UINT64_C(0x3333333333333333)) + (w >> 2 & UINT64_C(0x3333333333333333));
	w = (w + (w >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return w * UINT64_C(0x0101010101010101);
}

/* The number of the k-th one, from 1 on; there is one. */
static unsigned select_one(uint64_t w, uint64_t below, unsigned k)
{
	unsigned byte = 0;
	while ((below >> (8 * byte) & 0xff) < k)
		byte++;
	if (byte > 0)
		k -= (unsigned)(below >> (8 * (byte - 1)) & 0xff);
	unsigned bits = (unsigned)(w >> (8 * byte) & 0xff);
	for (; k > 1; k--)
		bits &= bits - 1;
	return 8 * byte + (unsigned)__builtin_ctz(bits);
}

static struct share share_of_runs(const struct blocklist_block *b, unsigned net)
{
	const uint8_t *bits = b->bytes + STARTS_BYTES;
	size_t at = get16(b->bytes, net / GROUP) + net / GROUP * GROUP;
	/* Past as many zeros as there are /24s before it in its group. */
	for (unsigned skip = net % GROUP; skip > 0;) {
		uint64_t zeros = ~window(bits, at) & ((UINT64_C(1) << WINDOW) - 1);
		uint64_t below = ones_below(zeros);
		unsigned n = (unsigned)(below >> 56);
		if (n >= skip) {
			at += select_one(zeros, below, skip) + 1;
			break;
		}
		skip -= n;
		at += WINDOW;
	}
	struct share s = { at - net, at - net };
	for (unsigned ones = WINDOW; ones == WINDOW; at += ones) {
		ones = (unsigned)__builtin_ctzll(~window(bits, at));
		s.end += ones;
	}
	assert(s.first <= s.end && s.end <= blocklist_block_count(b));
	return s;
}

static struct share share_of(const struct blocklist_block *b, unsigned net)
{
	if (b->form == RUNS)
		return share_of_runs(b, net);
	return (struct share){ get16(b->bytes, net), get16(b->bytes, net + 1) };
}

/* ---- asking ------------------------------------------------------------------------------- */

bool blocklist_block_has(const struct blocklist_block *b, uint16_t address)
{
	if (b->form == BITS)
		return has_bit(b->bytes, address);
	if (b->form == LIST)
		return blocklist_block_any(b, address, address);
	struct share s = share_of(b, address >> 8);
	return memchr(last_bytes(b) + s.first, address & 0xff, s.end - s.first) != NULL;
}

/* Of /24 `net`, with a last byte from `low` to `high`. */
static bool any_of_net(const struct blocklist_block *b, unsigned net, unsigned low, unsigned high)
{
	struct share s = share_of(b, net);
	const uint8_t *last = last_bytes(b);
	while (s.first < s.end && last[s.first] < low)
		s.first++;
	return s.first < s.end && last[s.first] <= high;
}

bool blocklist_block_any(const struct blocklist_block *b, uint16_t first, uint16_t last)
{
	assert(first <= last);
	if (first == 0 && last == UINT16_MAX)
		return true;
	if (b->form == LIST) {
		for (size_t i = 0; i <= b->last; i++)
			if (get16(b->bytes, i) >= first)
				return get16(b->bytes, i) <= last;
		return false;
	}
	if (b->form == BITS) {
		for (size_t i = first; i <= last; i++)
			if (has_bit(b->bytes, i))
				return true;
		return false;
	}
	for (unsigned net = first >> 8; net <= last >> 8; net++)
		if (any_of_net(b, net, net == first >> 8 ? first & 0xff : 0,
		               net == last >> 8 ? last & 0xff : 0xff))
			return true;
	return false;
}

size_t blocklist_block_unpack(const struct blocklist_block *b,
                              uint16_t dst[static BLOCKLIST_BLOCK_MAX])
{
	size_t n = 0;
	if (b->form == LIST) {
		n = blocklist_block_count(b);
		memcpy(dst, b->bytes, 2 * n);
	} else if (b->form == BITS) {
		for (size_t i = 0; i < BLOCKLIST_BLOCK_MAX; i++)
			if (has_bit(b->bytes, i))
				dst[n++] = (uint16_t)i;
	} else {
		const uint8_t *last = last_bytes(b);
		for (unsigned net = 0; net < NETS; net++)
			for (struct share s = share_of(b, net); s.first < s.end; s.first++)
				dst[n++] = (uint16_t)(net << 8 | last[s.first]);
	}
	assert(n == blocklist_block_count(b));
	return n;
}
