/* SPDX-License-Identifier: ISC
 *
 * Buckets in a table of fixed size: sets of four, found by a keyed hash of network and question.
 */
#include "blocklist/rrl.h"

#include "base/eight.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SETS = 16384, WAYS = 4,          /* 1 MiB: a set is a line of the processor's cache */
	ANSWER = 1000,                   /* a bucket flows off by thousandths of an answer */
	HEAD_BYTES = 11, NAME_MAX_BYTES = 255,
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

/* A name in any case, eight bytes in a step: of 64 and above the bit of the case is set. That
 * makes equals of some signs that are no letters, too, and leaves the lengths of labels as they
 * are. dst has room for seven bytes more. */
static void fold_name(uint8_t *dst, const uint8_t *name, size_t n)
{
	assert(n <= NAME_MAX_BYTES);
	memset(dst + (n & ~(size_t)7), 0, 8);
	memcpy(dst, name, n);
	for (size_t i = 0; i < n; i += 8) {
		uint64_t x;
		memcpy(&x, dst + i, sizeof(x));
		x |= (x & EIGHT(0x40)) >> 1;
		memcpy(dst + i, &x, sizeof(x));
	}
}

static uint64_t tag_of(const struct blocklist_rrl *rrl, const struct ip *peer,
                       const struct blocklist_rrl_question *q)
{
	uint8_t bytes[HEAD_BYTES + NAME_MAX_BYTES + 8];
	size_t net_bytes = peer->family == 4 ? 3 : 7;          /* a /24, a /56 */
	assert(q->name_bytes <= NAME_MAX_BYTES);
	memset(bytes, 0, HEAD_BYTES);
	bytes[0] = peer->family;
	bytes[1] = q->rcode;
	memcpy(bytes + 2, &q->type, sizeof(q->type));
	memcpy(bytes + 4, peer->b, net_bytes);
	if (q->name)
		fold_name(bytes + HEAD_BYTES, q->name, q->name_bytes);
	uint64_t tag = hash_bytes(&rrl->key, bytes, HEAD_BYTES + q->name_bytes);
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
	assert(emptiest >= set && emptiest < set + WAYS);
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
	assert(b->level <= (uint64_t)rrl->per_second * ANSWER);
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
	assert(rrl && (uintptr_t)rrl->sets % 64 == 0);
	memset(rrl, 0, size);
	rrl->per_second = per_second;
	rrl->key = *key;
	return rrl;
}

void blocklist_rrl_destroy(struct blocklist_rrl *rrl)
{
	free(rrl);
}
