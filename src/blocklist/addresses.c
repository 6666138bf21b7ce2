/* SPDX-License-Identifier: ISC
 *
 * A page an IPv4 /8, a block a /16; those that hold nothing are not there.
 */
#include "blocklist/addresses.h"

#include "base/mem.h"
#include "blocklist/block.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

enum { WAYS = 256 };

struct page {
	unsigned holders;
	struct blocklist_block *blocks[WAYS];
};

struct blocklist_addresses {
	size_t n, bytes;                 /* bytes: of the blocks */
	struct page *pages[WAYS];
};

/* ---- changing --------------------------------------------------------------------------- */

/* How many of the n changes, in order, are in the network of the first, whose address is what the
 * `shift` low bits leave. */
static size_t together(const struct blocklist_address_change *changes, size_t n, unsigned shift)
{
	size_t i = 1;
	assert(n > 0);
	while (i < n && changes[i].address >> shift == changes[0].address >> shift)
		i++;
	return i;
}

/* The addresses of a block with n changes made; NULL if none is left. */
static struct blocklist_block *block_change(const struct blocklist_block *old,
                                            const struct blocklist_address_change *changes,
                                            size_t n, uint16_t *scratch)
{
	uint16_t *was = scratch, *is = scratch + BLOCKLIST_BLOCK_MAX;
	size_t old_n = old ? blocklist_block_unpack(old, was) : 0, i = 0, m = 0;
	for (size_t j = 0; j < n; j++) {
		uint16_t address = (uint16_t)changes[j].address;
		assert(j == 0 || changes[j - 1].address < changes[j].address);
		while (i < old_n && was[i] < address)
			is[m++] = was[i++];
		if (i < old_n && was[i] == address)
			i++;
		if (changes[j].listed)
			is[m++] = address;
	}
	while (i < old_n)
		is[m++] = was[i++];
	return m > 0 ? blocklist_block_pack(is, m) : NULL;
}

static void page_destroy(struct page *p)
{
	if (!p)
		return;
	assert(p->holders > 0);
	if (--p->holders > 0)
		return;
	for (size_t i = 0; i < WAYS; i++)
		if (p->blocks[i])
			blocklist_block_destroy(p->blocks[i]);
	free(p);
}

/* One that holds the same, and is not shared. */
static struct page *page_copy(const struct page *old)
{
	struct page *p = mem_zalloc(sizeof(*p));
	p->holders = 1;
	for (size_t i = 0; old && i < WAYS; i++)
		if (old->blocks[i])
			p->blocks[i] = blocklist_block_share(old->blocks[i]);
	return p;
}

/* The page of these changes, and in `a` what they do to its sums. */
static struct page *page_change(struct blocklist_addresses *a, const struct page *old,
                                const struct blocklist_address_change *changes, size_t n,
                                uint16_t *scratch)
{
	struct page *p = page_copy(old);
	for (size_t i = 0, m; i < n; i += m) {
		m = together(changes + i, n - i, 16);
		struct blocklist_block **at = &p->blocks[changes[i].address >> 16 & 0xff];
		struct blocklist_block *block = block_change(*at, changes + i, m, scratch);
		if (*at) {
			a->n -= blocklist_block_count(*at);
			a->bytes -= blocklist_block_bytes(*at);
			blocklist_block_destroy(*at);
		}
		if (block) {
			a->n += blocklist_block_count(block);
			a->bytes += blocklist_block_bytes(block);
		}
		*at = block;
	}
	for (size_t i = 0; i < WAYS; i++)
		if (p->blocks[i])
			return p;
	page_destroy(p);
	return NULL;
}

struct blocklist_addresses *
blocklist_addresses_change(const struct blocklist_addresses *base,
                           const struct blocklist_address_change *changes, size_t n)
{
	struct blocklist_addresses *a = mem_zalloc(sizeof(*a));
	uint16_t *scratch = mem_array(2 * BLOCKLIST_BLOCK_MAX, sizeof(*scratch));
	if (base)
		*a = *base;
	for (size_t i = 0; i < WAYS; i++)
		if (a->pages[i]) {
			assert(a->pages[i]->holders < UINT_MAX);
			a->pages[i]->holders++;
		}
	for (size_t i = 0, m; i < n; i += m) {
		m = together(changes + i, n - i, 24);
		struct page **at = &a->pages[changes[i].address >> 24];
		struct page *page = page_change(a, *at, changes + i, m, scratch);
		page_destroy(*at);
		*at = page;
	}
	free(scratch);
	return a;
}

void blocklist_addresses_destroy(struct blocklist_addresses *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < WAYS; i++)
		page_destroy(a->pages[i]);
	free(a);
}

/* ---- asking ------------------------------------------------------------------------------- */

bool blocklist_addresses_has(const struct blocklist_addresses *a, uint32_t address)
{
	const struct page *p = a->pages[address >> 24];
	const struct blocklist_block *b = p ? p->blocks[address >> 16 & 0xff] : NULL;
	return b && blocklist_block_has(b, (uint16_t)address);
}

bool blocklist_addresses_any(const struct blocklist_addresses *a, uint32_t first, uint32_t last)
{
	assert(first <= last);
	for (uint32_t i = first >> 16; i <= last >> 16; i++) {
		const struct page *p = a->pages[i >> 8];
		const struct blocklist_block *b = p ? p->blocks[i & 0xff] : NULL;
		if (b && blocklist_block_any(b, i == first >> 16 ? (uint16_t)first : 0,
		                             i == last >> 16 ? (uint16_t)last : UINT16_MAX))
			return true;
		if (!p)
			i |= 0xff;
	}
	return false;
}

size_t blocklist_addresses_count(const struct blocklist_addresses *a)
{
	return a->n;
}

size_t blocklist_addresses_bytes(const struct blocklist_addresses *a)
{
	size_t bytes = sizeof(*a) + a->bytes;
	for (size_t i = 0; i < WAYS; i++)
		bytes += a->pages[i] ? sizeof(*a->pages[i]) : 0;
	return bytes;
}
