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

static const uint64_t HASH_ODD = UINT64_C(0x9e3779b97f4a7c15);

struct slot {
	uint64_t hash;
	const struct blocklist_zone *zone;       /* NULL: free */
};

struct blocklist_zones {
	bool has_length[DNS_NAME_MAX + 1];       /* some zone's name has that many bytes */
	size_t slot_count;                       /* a power of two, at least twice the zones */
	struct slot *slots;
	size_t zone_count;
	struct blocklist_zone zones[];
};

static uint64_t mix_in(uint64_t hash, uint64_t x)
{
	hash = (hash ^ eight_lower(x)) * HASH_ODD;
	return hash ^ hash >> 29;
}

/* Of a name in any case. The names in the table are the operator's, so nobody can choose what
 * meets there. */
static uint64_t hash_name(const uint8_t *name, size_t n)
{
	uint64_t hash = n * HASH_ODD, x = 0;
	const char *p = (const char *)name;
	size_t i = 0;
	assert(n >= 1 && n <= DNS_NAME_MAX);
	for (; i + 8 <= n; i += 8)
		hash = mix_in(hash, eight_load(p + i));
	if (i > 0)       /* Of the last eight some count twice. */
		return i == n ? hash : mix_in(hash, eight_load(p + n - 8));
	for (; i < n; i++)
		x = x << 8 | name[i];
	return mix_in(hash, x);
}

/* Where the name is, or would be. */
static struct slot *slot_of(const struct blocklist_zones *t, uint64_t hash, const uint8_t *name,
                            size_t n)
{
	for (size_t i = hash & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
		struct slot *s = &t->slots[i];
		if (!s->zone || (s->hash == hash && s->zone->origin.n == n &&
		                 dns_name_bytes_eq(s->zone->origin.b, name, n)))
			return s;
	}
}

static int put_in(struct blocklist_zones *t, const struct blocklist_zone *zone)
{
	const struct dns_name *name = &zone->origin;
	uint64_t hash = hash_name(name->b, name->n);
	struct slot *s = slot_of(t, hash, name->b, name->n);
	if (s->zone)
		return ERR_EXISTS;
	*s = (struct slot){ hash, zone };
	t->has_length[name->n] = true;
	assert(slot_of(t, hash, name->b, name->n) == s);
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
	unsigned labels = 0;
	for (size_t at = 0;; at += name[at] + 1u, labels++) {
		assert(at < n);
		if (t->has_length[n - at]) {
			uint64_t hash = hash_name(name + at, n - at);
			const struct slot *s = slot_of(t, hash, name + at, n - at);
			if (s->zone) {
				*labels_before = labels;
				return s->zone;
			}
		}
		if (name[at] == 0)
			return NULL;
	}
}

bool blocklist_zones_need_notes(const struct blocklist_zones *t)
{
	for (size_t i = 0; i < t->zone_count; i++)
		if (t->zones[i].notes)
			return true;
	return false;
}

bool blocklist_zones_show(const struct blocklist_zones *t, enum blocklist_list list)
{
	assert(list < BLOCKLIST_LISTS);
	for (size_t i = 0; i < t->zone_count; i++)
		if (t->zones[i].list == list)
			return true;
	return false;
}
