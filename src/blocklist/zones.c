/* SPDX-License-Identifier: ISC
 *
 * The zone table: a hash table of names, asked for each suffix of a name whose length some zone
 * has, the longest first.
 */
#include "blocklist/zones.h"

#include "base/eight.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* A name in lower case, with zeros behind it for the last step of eight. */
struct folded {
	size_t n;
	uint8_t b[DNS_NAME_MAX + 1 + 8];
};

struct slot {
	uint64_t hash;
	const struct blocklist_zone *zone;       /* NULL: free */
	struct folded name;
};

struct blocklist_zones {
	bool has_length[DNS_NAME_MAX + 1];       /* some zone's name has that many bytes */
	size_t slot_count;                       /* a power of two, at least twice the zones */
	struct slot *slots;
	size_t zone_count;
	struct blocklist_zone zones[];
};

/* Letters alone, as dns_name_eq() has it. Lengths of labels are below them. */
static uint64_t lower_eight(uint64_t x)
{
	uint64_t low = x & EIGHT(0x7f);
	uint64_t from_a = low + EIGHT(0x80 - 'A'), above_z = low + EIGHT(0x80 - 'Z' - 1);
	uint64_t letters = (from_a ^ above_z) & ~x & EIGHT(0x80);
	return x | letters >> 2;
}

static void fold(struct folded *dst, const uint8_t *name, size_t n)
{
	assert(n >= 1 && n <= DNS_NAME_MAX && name[n - 1] == 0);
	memset(dst->b + (n & ~(size_t)7), 0, 16);
	memcpy(dst->b, name, n);
	dst->n = n;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t x;
		memcpy(&x, dst->b + i, sizeof(x));
		x = lower_eight(x);
		memcpy(dst->b + i, &x, sizeof(x));
	}
}

/* Of the last n bytes; behind them are zeros. The names in the table are the operator's, so
 * nobody can choose what meets there. */
static uint64_t hash_end(const struct folded *name, size_t n)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	const uint8_t *p = name->b + name->n - n;
	uint64_t hash = n * odd;
	assert(n >= 1 && n <= name->n);
	for (size_t i = 0; i < n; i += 8) {
		uint64_t x;
		memcpy(&x, p + i, sizeof(x));
		hash = (hash ^ x) * odd;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Where the last n bytes of the name are, or would be. */
static struct slot *slot_of(const struct blocklist_zones *t, const struct folded *name, size_t n)
{
	uint64_t hash = hash_end(name, n);
	for (size_t i = hash & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
		struct slot *s = &t->slots[i];
		if (!s->zone || (s->hash == hash && s->name.n == n &&
		                 memcmp(s->name.b, name->b + name->n - n, n) == 0))
			return s;
	}
}

static int put_in(struct blocklist_zones *t, const struct blocklist_zone *zone)
{
	struct folded name;
	fold(&name, zone->origin.b, zone->origin.n);
	struct slot *s = slot_of(t, &name, name.n);
	if (s->zone)
		return ERR_EXISTS;
	*s = (struct slot){ hash_end(&name, name.n), zone, name };
	t->has_length[name.n] = true;
	assert(slot_of(t, &name, name.n) == s);
	return ERR_OK;
}

int blocklist_zones_create(const struct blocklist_zone *zones, size_t n,
                           struct blocklist_zones **out)
{
	struct blocklist_zones *t = mem_zalloc(sizeof(*t) + n * sizeof(t->zones[0]));
	int e = ERR_OK;
	t->zone_count = n;
	for (t->slot_count = 2; t->slot_count < 2 * n; )
		t->slot_count *= 2;
	t->slots = mem_zalloc(t->slot_count * sizeof(*t->slots));
	assert(t->slot_count >= 2 * n && t->slot_count > n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		t->zones[i] = zones[i];
		e = put_in(t, &t->zones[i]);
	}
	if (e == ERR_OK)
		*out = t;
	else
		blocklist_zones_destroy(t);
	return e;
}

int blocklist_zones_configure(const struct dnsbl_config *config, struct blocklist_zones **out,
                              struct buf *message)
{
	size_t n = config->output_zone[0] ? 2 : 1;
	struct blocklist_zone *zones = mem_array(n, sizeof(*zones));
	int e = blocklist_zone_init(&zones[0], config, false, message);
	if (e == ERR_OK && n > 1)
		e = blocklist_zone_init(&zones[1], config, true, message);
	if (e == ERR_OK) {
		e = blocklist_zones_create(zones, n, out);
		/* The second is outside of the first. */
		assert(e == ERR_OK);
	}
	free(zones);
	return e;
}

void blocklist_zones_destroy(struct blocklist_zones *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t);
}

const struct blocklist_zone *blocklist_zones_find(const struct blocklist_zones *t,
                                                  const uint8_t *name, size_t n,
                                                  unsigned *labels_before)
{
	struct folded folded;
	unsigned labels = 0;
	fold(&folded, name, n);
	for (size_t at = 0;; at += folded.b[at] + 1u, labels++) {
		assert(at < n);
		if (t->has_length[n - at]) {
			const struct slot *s = slot_of(t, &folded, n - at);
			if (s->zone) {
				*labels_before = labels;
				return s->zone;
			}
		}
		if (folded.b[at] == 0)
			return NULL;
	}
}

bool blocklist_zones_show(const struct blocklist_zones *t, enum blocklist_list list)
{
	assert(list < BLOCKLIST_LISTS);
	for (size_t i = 0; i < t->zone_count; i++)
		if (t->zones[i].list == list)
			return true;
	return false;
}
