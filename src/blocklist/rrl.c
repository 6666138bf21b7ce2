/* SPDX-License-Identifier: ISC */
#include "blocklist/rrl.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SETS = 16384, WAYS = 4,          /* 1 MiB: a set is a line of the processor's cache */
	ANSWER = 1000,                   /* a bucket flows off by thousandths of an answer */
	NAME_MAX_BYTES = 255,
};

struct bucket {
	uint64_t tag;                    /* of network and question; 0: never used */
	uint32_t at_ms;
	uint32_t level;
};

struct blocklist_rrl {
	unsigned per_second;
	struct hash_key key;
	_Alignas(64) struct bucket sets[SETS][WAYS];
};

static_assert(sizeof(struct bucket[WAYS]) == 64, "a set is a line of the cache");

static uint64_t tag_of(const struct blocklist_rrl *rrl, const struct ip *peer,
                       const struct blocklist_rrl_question *q)
{
	struct prefix net = prefix_of(peer, peer->family == 4 ? 24 : 56);
	size_t net_bytes = peer->family == 4 ? 3 : 7, n = 4 + net_bytes;
	uint8_t bytes[4 + 7 + NAME_MAX_BYTES] = {
		net.ip.family, q->rcode, (uint8_t)(q->type >> 8), (uint8_t)q->type,
	};
	memcpy(bytes + 4, net.ip.b, net_bytes);
	assert(q->name_bytes <= NAME_MAX_BYTES);
	/* Lengths of labels are below 64: they are no letters. */
	for (size_t i = 0; i < q->name_bytes; i++)
		bytes[n++] = (uint8_t)ascii_lower(q->name[i]);
	uint64_t tag = hash_bytes(&rrl->key, bytes, n);
	return tag ? tag : 1;
}

static uint32_t level_at(const struct blocklist_rrl *rrl, const struct bucket *b, uint32_t now_ms)
{
	uint64_t off = (uint64_t)(uint32_t)(now_ms - b->at_ms) * rrl->per_second;
	return b->level > off ? b->level - (uint32_t)off : 0;
}

/* Its bucket, or the emptiest of the set made its own: a full one, which is someone's flood,
 * stays. */
static struct bucket *find(struct blocklist_rrl *rrl, uint64_t tag, uint32_t now_ms)
{
	struct bucket *set = rrl->sets[tag % SETS], *emptiest = NULL;
	uint32_t least = UINT32_MAX;
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		uint32_t level = set[i].tag ? level_at(rrl, &set[i], now_ms) : 0;
		if (!emptiest || level < least) {
			emptiest = &set[i];
			least = level;
		}
	}
	*emptiest = (struct bucket){ .tag = tag, .at_ms = now_ms };
	return emptiest;
}

bool blocklist_rrl_allows(struct blocklist_rrl *rrl, const struct ip *peer,
                          const struct blocklist_rrl_question *question, int64_t now_ms)
{
	if (rrl->per_second == 0)
		return true;
	uint32_t now = (uint32_t)now_ms;
	struct bucket *b = find(rrl, tag_of(rrl, peer, question), now);
	b->level = level_at(rrl, b, now);
	b->at_ms = now;
	if (b->level + ANSWER > (uint64_t)rrl->per_second * ANSWER)
		return false;
	b->level += ANSWER;
	return true;
}

void blocklist_rrl_set(struct blocklist_rrl *rrl, unsigned per_second)
{
	rrl->per_second = per_second;
}

struct blocklist_rrl *blocklist_rrl_create(unsigned per_second, const struct hash_key *key)
{
	size_t size = (sizeof(struct blocklist_rrl) + 63) / 64 * 64;
	struct blocklist_rrl *rrl = aligned_alloc(64, size);
	assert(rrl);
	memset(rrl, 0, size);
	rrl->per_second = per_second;
	rrl->key = *key;
	return rrl;
}

void blocklist_rrl_destroy(struct blocklist_rrl *rrl)
{
	free(rrl);
}
