/* SPDX-License-Identifier: ISC
 *
 * The set of listed addresses and prefixes: for each length of prefixes that there is, a set of
 * its own. Of IPv4 addresses, which are by far the most, that is one of packed blocks.
 */
#include "blocklist/index.h"

#include "base/mem.h"
#include "blocklist/addresses.h"
#include "blocklist/keys.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_MAX = 128 };

struct family {
	unsigned length_count;
	uint8_t lengths[BITS_MAX + 1];   /* that `keys` has, from the widest to the narrowest */
	struct blocklist_keys *keys[BITS_MAX + 1];       /* by length; of IPv4 none of 32 */
};

struct blocklist_index {
	unsigned holders;
	struct blocklist_addresses *addresses;           /* of IPv4 */
	struct family v4, v6;
};

static const struct ip test_listed[2] = {
	{ 4, { 127, 0, 0, 2 } },
	{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2 } },
};
static const struct ip test_unlisted[2] = {
	{ 4, { 127, 0, 0, 1 } },
	{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 } },
};

/* ---- making ----------------------------------------------------------------------------- */

struct numbered {
	struct blocklist_change change;
	size_t number;
};

static int by_prefix_then_number(const void *va, const void *vb)
{
	const struct numbered *a = va, *b = vb;
	int c = prefix_cmp(&a->change.prefix, &b->change.prefix);
	return c ? c : a->number < b->number ? -1 : a->number > b->number;
}

static bool acceptable(const struct blocklist_change *c)
{
	const struct prefix *p = &c->prefix;
	if (p->ip.family != 4 && p->ip.family != 6)
		return false;
	return p->len <= ip_bits(&p->ip) &&
	       p->len >= (p->ip.family == 4 ? BLOCKLIST_WIDEST_V4 : BLOCKLIST_WIDEST_V6);
}

/* The changes that may be made, each prefix once with the last word on it, in order;
 * the test entries come last of all. */
static struct numbered *prepare(const struct blocklist_change *changes, size_t n,
                                size_t *count, size_t *refused)
{
	struct numbered *rows = mem_array(n + 2, sizeof(*rows));
	size_t m = 0, kept = 0;
	*refused = 0;
	for (size_t i = 0; i < n; i++) {
		if (acceptable(&changes[i]))
			rows[m++] = (struct numbered){ changes[i], i };
		else
			++*refused;
	}
	for (size_t i = 0; i < 2; i++)
		rows[m++] = (struct numbered){ { prefix_of(&test_listed[i], 128), true }, n + i };
	qsort(rows, m, sizeof(*rows), by_prefix_then_number);
	for (size_t i = 0; i < m; i++) {
		bool last_word = i + 1 == m ||
			prefix_cmp(&rows[i].change.prefix, &rows[i + 1].change.prefix) != 0;
		if (last_word)
			rows[kept++] = rows[i];
	}
	assert(m + *refused == n + 2 && kept <= m && kept >= 2);
	*count = kept;
	return rows;
}

/* A change of an IPv4 address, which has a set of its own. */
static bool of_address(const struct blocklist_change *c)
{
	return c->prefix.ip.family == 4 && c->prefix.len == 32;
}

static uint32_t number_of(const struct ip *ip)
{
	uint32_t be;
	assert(ip->family == 4);
	memcpy(&be, ip->b, sizeof(be));
	return be32toh(be);
}

static struct blocklist_addresses *addresses_make(const struct blocklist_addresses *old,
                                                  const struct numbered *rows, size_t n)
{
	struct blocklist_address_change *changes = mem_array(n, sizeof(*changes));
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (of_address(&rows[i].change))
			changes[m++] = (struct blocklist_address_change){
				number_of(&rows[i].change.prefix.ip), rows[i].change.listed };
	struct blocklist_addresses *a = blocklist_addresses_change(old, changes, m);
	free(changes);
	return a;
}

/* How many bytes of an address tell prefixes of that length apart. */
static size_t width_of(unsigned length)
{
	return (length + 7) / 8;
}

static struct blocklist_keys *keys_make(const struct blocklist_keys *old,
                                        const struct numbered *rows, size_t n, uint8_t ip_family,
                                        unsigned length)
{
	struct blocklist_key_change *changes = mem_array(n, sizeof(*changes));
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		const struct blocklist_change *c = &rows[i].change;
		if (c->prefix.ip.family != ip_family || c->prefix.len != length || of_address(c))
			continue;
		memcpy(changes[m].key, c->prefix.ip.b, sizeof(changes[m].key));
		changes[m++].listed = c->listed;
	}
	struct blocklist_keys *k = NULL;
	if (old || m > 0)
		k = blocklist_keys_change(old, width_of(length), changes, m);
	free(changes);
	if (!k || blocklist_keys_count(k) > 0)
		return k;
	blocklist_keys_destroy(k);
	return NULL;
}

static void family_make(struct family *f, const struct family *old,
                        const struct numbered *rows, size_t n, uint8_t ip_family)
{
	bool present[BITS_MAX + 1] = { false };
	for (size_t i = 0; i < n; i++)
		present[rows[i].change.prefix.len] = true;
	for (unsigned length = 0; length <= BITS_MAX; length++) {
		const struct blocklist_keys *was = old ? old->keys[length] : NULL;
		if (!was && !present[length])
			continue;
		f->keys[length] = keys_make(was, rows, n, ip_family, length);
		if (f->keys[length])
			f->lengths[f->length_count++] = (uint8_t)length;
	}
}

struct blocklist_index *blocklist_index_apply(const struct blocklist_index *base,
                                              const struct blocklist_change *changes,
                                              size_t n, size_t *refused)
{
	size_t count, bad;
	struct numbered *rows = prepare(changes, n, &count, &bad);
	struct blocklist_index *index = mem_zalloc(sizeof(*index));
	index->holders = 1;
	index->addresses = addresses_make(base ? base->addresses : NULL, rows, count);
	family_make(&index->v4, base ? &base->v4 : NULL, rows, count, 4);
	family_make(&index->v6, base ? &base->v6 : NULL, rows, count, 6);
	free(rows);
	assert(blocklist_index_has(index, &test_listed[0]) &&
	       blocklist_index_has(index, &test_listed[1]));
	if (refused)
		*refused = bad;
	return index;
}

struct blocklist_index *blocklist_index_share(struct blocklist_index *index)
{
	assert(index->holders > 0 && index->holders < UINT_MAX);
	index->holders++;
	return index;
}

static void family_fini(struct family *f)
{
	for (unsigned i = 0; i < f->length_count; i++)
		blocklist_keys_destroy(f->keys[f->lengths[i]]);
}

void blocklist_index_destroy(struct blocklist_index *index)
{
	if (!index)
		return;
	assert(index->holders > 0);
	if (--index->holders > 0)
		return;
	blocklist_addresses_destroy(index->addresses);
	family_fini(&index->v4);
	family_fini(&index->v6);
	free(index);
}

/* ---- asking ------------------------------------------------------------------------------- */

static const struct family *family_of(const struct blocklist_index *index, const struct ip *ip)
{
	assert(ip->family == 4 || ip->family == 6);
	return ip->family == 4 ? &index->v4 : &index->v6;
}

/* The widest listed prefix, no narrower than `narrowest`, that holds the address. */
static bool covered(const struct family *f, const struct ip *ip, unsigned narrowest,
                    struct prefix *entry)
{
	for (unsigned i = 0; i < f->length_count && f->lengths[i] <= narrowest; i++) {
		*entry = prefix_of(ip, f->lengths[i]);
		if (blocklist_keys_has(f->keys[f->lengths[i]], entry->ip.b))
			return true;
	}
	return false;
}

/* Whether the address itself is an entry. */
static bool has_exactly(const struct blocklist_index *index, const struct ip *ip)
{
	if (ip->family == 4)
		return blocklist_addresses_has(index->addresses, number_of(ip));
	const struct blocklist_keys *exact = index->v6.keys[BITS_MAX];
	return exact && blocklist_keys_has(exact, ip->b);
}

bool blocklist_index_find(const struct blocklist_index *index, const struct ip *address,
                          struct prefix *entry)
{
	const struct family *f = family_of(index, address);
	*entry = (struct prefix){ *address, (uint8_t)ip_bits(address) };
	if (ip_eq(address, &test_unlisted[address->family == 6]))
		return false;
	return has_exactly(index, address) || covered(f, address, ip_bits(address) - 1, entry);
}

bool blocklist_index_has(const struct blocklist_index *index, const struct ip *address)
{
	struct prefix entry;
	return blocklist_index_find(index, address, &entry);
}

/* The last address of a prefix. */
static struct ip last_of(const struct prefix *p)
{
	struct ip last = p->ip;
	for (unsigned i = p->len; i < ip_bits(&p->ip); i++)
		last.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return last;
}

bool blocklist_index_any(const struct blocklist_index *index, const struct prefix *prefix)
{
	const struct family *f = family_of(index, &prefix->ip);
	struct ip last = last_of(prefix);
	struct prefix entry;
	assert(prefix->len <= ip_bits(&prefix->ip));
	if (prefix->len == ip_bits(&prefix->ip))
		return blocklist_index_has(index, &prefix->ip);
	if (covered(f, &prefix->ip, prefix->len, &entry))
		return true;
	if (prefix->ip.family == 4 &&
	    blocklist_addresses_any(index->addresses, number_of(&prefix->ip), number_of(&last)))
		return true;
	for (unsigned i = f->length_count; i-- > 0 && f->lengths[i] > prefix->len;)
		if (blocklist_keys_any(f->keys[f->lengths[i]], prefix->ip.b, last.b))
			return true;
	return false;
}

size_t blocklist_index_count(const struct blocklist_index *index)
{
	size_t n = blocklist_addresses_count(index->addresses);
	for (unsigned i = 0; i < index->v4.length_count; i++)
		n += blocklist_keys_count(index->v4.keys[index->v4.lengths[i]]);
	for (unsigned i = 0; i < index->v6.length_count; i++)
		n += blocklist_keys_count(index->v6.keys[index->v6.lengths[i]]);
	return n;
}

size_t blocklist_index_bytes(const struct blocklist_index *index)
{
	size_t bytes = sizeof(*index) + blocklist_addresses_bytes(index->addresses);
	for (unsigned i = 0; i < index->v4.length_count; i++)
		bytes += blocklist_keys_bytes(index->v4.keys[index->v4.lengths[i]]);
	for (unsigned i = 0; i < index->v6.length_count; i++)
		bytes += blocklist_keys_bytes(index->v6.keys[index->v6.lengths[i]]);
	return bytes;
}
