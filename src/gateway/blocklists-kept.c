/* SPDX-License-Identifier: ISC
 *
 * Sets of four, found by the client's address. Of who is not listed nothing but that is kept.
 */
#include "gateway/blocklists-kept.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 4, SETS = BLOCKLISTS_KEPT / WAYS };

struct entry {
	struct ip client;                /* family 0: free */
	int64_t until_ms;
	uint64_t well;
	struct gateway_listing *listing; /* NULL: it is not listed */
};

struct blocklists_kept {
	struct hash_key key;
	struct entry entries[SETS][WAYS];
};

struct blocklists_kept *blocklists_kept_create(const struct hash_key *key)
{
	struct blocklists_kept *k = mem_zalloc(sizeof(*k));
	k->key = *key;
	return k;
}

static void entry_clear(struct entry *e)
{
	if (e->listing)
		free((char *)e->listing->lists.p);
	free(e->listing);
	*e = (struct entry){ 0 };
}

void blocklists_kept_destroy(struct blocklists_kept *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < BLOCKLISTS_KEPT; i++)
		entry_clear(&k->entries[i / WAYS][i % WAYS]);
	free(k);
}

static size_t set_of(const struct blocklists_kept *k, const struct ip *client)
{
	uint8_t bytes[1 + sizeof(client->b)] = { client->family };
	memcpy(bytes + 1, client->b, client->family == 4 ? 4 : sizeof(client->b));
	return hash_bytes(&k->key, bytes, sizeof(bytes)) % SETS;
}

/* Its own place, a free one, or that of what expires first. */
static struct entry *place_for(struct blocklists_kept *k, const struct ip *client)
{
	struct entry *set = k->entries[set_of(k, client)], *best = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (ip_eq(&set[i].client, client))
			return &set[i];
		if (set[i].until_ms < best->until_ms)
			best = &set[i];
	}
	return best;
}

static struct gateway_listing *copy_of(const struct gateway_listing *listing)
{
	struct gateway_listing *copy = mem_alloc(sizeof(*copy));
	*copy = *listing;
	copy->lists = (struct str){ mem_strndup(listing->lists.n ? listing->lists.p : "",
	                                        listing->lists.n), listing->lists.n };
	return copy;
}

void blocklists_kept_put(struct blocklists_kept *k, const struct ip *client, uint64_t well,
                         const struct gateway_listing *listing, uint32_t keep_s, int64_t now_ms)
{
	struct entry *e = place_for(k, client);
	assert(client->family != 0 && now_ms >= 0);
	if (keep_s < BLOCKLISTS_KEPT_LEAST_S)
		keep_s = BLOCKLISTS_KEPT_LEAST_S;
	if (keep_s > BLOCKLISTS_KEPT_MOST_S)
		keep_s = BLOCKLISTS_KEPT_MOST_S;
	entry_clear(e);
	*e = (struct entry){ .client = *client, .well = well,
	                     .until_ms = now_ms + (int64_t)keep_s * 1000,
	                     .listing = listing->listed ? copy_of(listing) : NULL };
}

const struct gateway_listing *blocklists_kept_get(const struct blocklists_kept *k,
                                                  const struct ip *client, uint64_t well,
                                                  int64_t now_ms)
{
	static const struct gateway_listing unlisted;
	const struct entry *set = k->entries[set_of(k, client)];
	assert(client->family != 0);
	for (size_t i = 0; i < WAYS; i++)
		if (ip_eq(&set[i].client, client))
			return now_ms >= set[i].until_ms || set[i].well != well ? NULL :
			       set[i].listing ? set[i].listing : &unlisted;
	return NULL;
}
