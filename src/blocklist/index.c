/* SPDX-License-Identifier: ISC
 *
 * The set of listed addresses and prefixes: sorted arrays, merged anew for each change. What
 * stands between two changes is copied as it is.
 */
#include "blocklist/index.h"

#include "base/mem.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <stdlib.h>

/* A sorted array of keys of one width, in network order, so that memcmp() is their order. */
struct set {
	size_t width, n;
	uint8_t *keys;
};

struct family {
	struct set exact;                /* the address */
	struct set wide;                 /* the address, then the length; may nest */
	struct set cover;                /* of `wide`, those inside no other */
};

struct blocklist_index {
	unsigned holders;
	struct family v4, v6;
};

enum { KEY_MAX = 17 };

#define NO_KEYS(bytes) \
	{ .exact.width = (bytes), .wide.width = (bytes) + 1, .cover.width = (bytes) + 1 }
static const struct blocklist_index nothing = { .v4 = NO_KEYS(4), .v6 = NO_KEYS(16) };

static const struct ip test_listed[2] = {
	{ 4, { 127, 0, 0, 2 } },
	{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2 } },
};
static const struct ip test_unlisted[2] = {
	{ 4, { 127, 0, 0, 1 } },
	{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 } },
};

/* ---- sets ----------------------------------------------------------------------------- */

static const uint8_t *key_at(const struct set *s, size_t i)
{
	return s->keys + i * s->width;
}

/* As memcmp(); n is at least 4, and four bytes mostly tell. */
static inline int key_cmp(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	if (x != y)
		return be32toh(x) < be32toh(y) ? -1 : 1;
	return n == sizeof(x) ? 0 : memcmp(a + sizeof(x), b + sizeof(x), n - sizeof(x));
}

/* The first key, from number `low` on, that is not below `key`, of which `n` bytes count. */
static size_t lower_bound(const struct set *s, size_t low, const uint8_t *key, size_t n)
{
	size_t high = s->n;
	assert(n >= 4 && n <= s->width && low <= high);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (key_cmp(key_at(s, middle), key, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* `more` keys, sorted, each with a flag: in or out. */
struct set_changes {
	size_t n;
	const uint8_t (*keys)[KEY_MAX];
	const bool *in;
};

/* The keys from number `first` on, up to `end`, as they are. */
static void set_append(struct set *s, const struct set *from, size_t first, size_t end)
{
	assert(s->width == from->width && first <= end && end <= from->n);
	if (first < end)
		memcpy(s->keys + s->n * s->width, key_at(from, first), (end - first) * s->width);
	s->n += end - first;
}

static struct set set_merge(const struct set *old, const struct set_changes *c)
{
	size_t width = old->width, next = 0;
	struct set r = { .width = width, .keys = mem_array(old->n + c->n + 1, width) };
	for (size_t j = 0; j < c->n; j++) {
		size_t at = lower_bound(old, next, c->keys[j], width);
		set_append(&r, old, next, at);
		next = at;
		if (at < old->n && key_cmp(key_at(old, at), c->keys[j], width) == 0)
			next++;
		if (c->in[j])
			memcpy(r.keys + r.n++ * width, c->keys[j], width);
	}
	set_append(&r, old, next, old->n);
	assert(r.n <= old->n + c->n && r.n + c->n >= old->n);
	return r;
}

/* ---- prefixes as keys ------------------------------------------------------------------ */

static void last_of(const struct prefix *p, uint8_t dst[static 16])
{
	assert(p->len <= ip_bits(&p->ip));
	memcpy(dst, p->ip.b, 16);
	for (unsigned i = p->len; i < ip_bits(&p->ip); i++)
		dst[i / 8] |= (uint8_t)(0x80u >> (i % 8));
}

static struct prefix prefix_at(const struct set *s, size_t i, uint8_t ip_family)
{
	struct prefix p = { .ip.family = ip_family, .len = key_at(s, i)[s->width - 1] };
	assert(i < s->n && s->width - 1 == ip_bits(&p.ip) / 8 && p.len <= ip_bits(&p.ip));
	memcpy(p.ip.b, key_at(s, i), s->width - 1);
	return p;
}

static struct set outermost(const struct set *wide, uint8_t ip_family)
{
	struct set r = { .width = wide->width, .keys = mem_array(wide->n + 1, wide->width) };
	for (size_t i = 0; i < wide->n; i++) {
		struct prefix p = prefix_at(wide, i, ip_family);
		if (r.n > 0) {
			/* Sorted: what could hold it is the last one kept. */
			struct prefix last = prefix_at(&r, r.n - 1, ip_family);
			if (prefix_covers(&last, &p))
				continue;
		}
		memcpy(r.keys + r.n++ * r.width, key_at(wide, i), r.width);
	}
	assert(r.n <= wide->n && (r.n > 0) == (wide->n > 0));
	return r;
}

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

static struct set merge_some(const struct set *old, const struct numbered *rows, size_t n,
                             uint8_t ip_family, bool exact)
{
	uint8_t (*keys)[KEY_MAX] = mem_array(n + 1, sizeof(*keys));
	bool *in = mem_array(n + 1, sizeof(*in));
	size_t bytes = ip_family == 4 ? 4 : 16, m = 0;
	assert(old->width == (exact ? bytes : bytes + 1));
	for (size_t i = 0; i < n; i++) {
		const struct prefix *p = &rows[i].change.prefix;
		if (p->ip.family != ip_family || (p->len == ip_bits(&p->ip)) != exact)
			continue;
		memcpy(keys[m], p->ip.b, bytes);
		keys[m][bytes] = p->len;
		in[m++] = rows[i].change.listed;
		/* In order, each once: so they can be merged. */
		assert(m < 2 || memcmp(keys[m - 2], keys[m - 1], old->width) < 0);
	}
	struct set_changes changes = { m, (const uint8_t (*)[KEY_MAX])keys, in };
	struct set r = set_merge(old, &changes);
	free(keys);
	free(in);
	return r;
}

static void family_make(struct family *f, const struct family *old,
                        const struct numbered *rows, size_t n, uint8_t ip_family)
{
	f->exact = merge_some(&old->exact, rows, n, ip_family, true);
	f->wide = merge_some(&old->wide, rows, n, ip_family, false);
	f->cover = outermost(&f->wide, ip_family);
	assert(f->exact.width + 1 == f->wide.width && f->cover.width == f->wide.width);
}

struct blocklist_index *blocklist_index_apply(const struct blocklist_index *base,
                                              const struct blocklist_change *changes,
                                              size_t n, size_t *refused)
{
	size_t count, bad;
	struct numbered *rows = prepare(changes, n, &count, &bad);
	struct blocklist_index *index = mem_zalloc(sizeof(*index));
	index->holders = 1;
	const struct blocklist_index *old = base ? base : &nothing;
	family_make(&index->v4, &old->v4, rows, count, 4);
	family_make(&index->v6, &old->v6, rows, count, 6);
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
	free(f->exact.keys);
	free(f->wide.keys);
	free(f->cover.keys);
}

void blocklist_index_destroy(struct blocklist_index *index)
{
	if (!index)
		return;
	assert(index->holders > 0);
	if (--index->holders > 0)
		return;
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

/* The widest listed prefix that holds the address. */
static bool covered(const struct family *f, const struct ip *ip, struct prefix *entry)
{
	uint8_t key[KEY_MAX];
	size_t bytes = f->cover.width - 1;
	memcpy(key, ip->b, bytes);
	key[bytes] = 0xff;
	size_t i = lower_bound(&f->cover, 0, key, f->cover.width);
	if (i == 0)
		return false;
	*entry = prefix_at(&f->cover, i - 1, ip->family);
	assert(entry->len < ip_bits(ip));
	return prefix_contains(entry, ip);
}

/* A key from first to last; both have as many bytes as an address. */
static bool any_between(const struct set *s, const uint8_t *first, const uint8_t *last,
                        size_t bytes)
{
	assert(memcmp(first, last, bytes) <= 0);
	size_t i = lower_bound(s, 0, first, bytes);
	return i < s->n && memcmp(key_at(s, i), last, bytes) <= 0;
}

bool blocklist_index_find(const struct blocklist_index *index, const struct ip *address,
                          struct prefix *entry)
{
	const struct family *f = family_of(index, address);
	*entry = (struct prefix){ *address, (uint8_t)ip_bits(address) };
	if (ip_eq(address, &test_unlisted[address->family == 6]))
		return false;
	size_t i = lower_bound(&f->exact, 0, address->b, f->exact.width);
	if (i < f->exact.n && key_cmp(key_at(&f->exact, i), address->b, f->exact.width) == 0)
		return true;
	return covered(f, address, entry);
}

bool blocklist_index_has(const struct blocklist_index *index, const struct ip *address)
{
	struct prefix entry;
	return blocklist_index_find(index, address, &entry);
}

bool blocklist_index_any(const struct blocklist_index *index, const struct prefix *prefix)
{
	const struct family *f = family_of(index, &prefix->ip);
	uint8_t last[16];
	struct prefix entry;
	assert(prefix->len <= ip_bits(&prefix->ip));
	if (prefix->len == ip_bits(&prefix->ip))
		return blocklist_index_has(index, &prefix->ip);
	last_of(prefix, last);
	return any_between(&f->exact, prefix->ip.b, last, f->exact.width) ||
	       any_between(&f->cover, prefix->ip.b, last, f->exact.width) ||
	       covered(f, &prefix->ip, &entry);
}

size_t blocklist_index_count(const struct blocklist_index *index)
{
	return index->v4.exact.n + index->v4.wide.n + index->v6.exact.n + index->v6.wide.n;
}

static size_t set_bytes(const struct set *s)
{
	return s->n * s->width;
}

size_t blocklist_index_bytes(const struct blocklist_index *index)
{
	const struct family *families[] = { &index->v4, &index->v6 };
	size_t bytes = sizeof(*index);
	for (size_t i = 0; i < 2; i++)
		bytes += set_bytes(&families[i]->exact) + set_bytes(&families[i]->wide) +
		         set_bytes(&families[i]->cover);
	return bytes;
}
