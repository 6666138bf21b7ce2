/* SPDX-License-Identifier: ISC
 *
 * The cache: sets of four, found by a keyed hash of the question.
 */
#include "dns/cache.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 4 };

struct entry {
	char *bytes;                     /* NULL: free */
	size_t n;
	struct dns_question question;
	int64_t kept_ms, until_ms;
};

struct dns_cache {
	struct dns_cache_limits limits;
	struct hash_key key;
	size_t sets;
	struct entry (*entries)[WAYS];
};

struct dns_cache *dns_cache_create(const struct dns_cache_limits *limits,
                                   const struct hash_key *key)
{
	struct dns_cache *c = mem_zalloc(sizeof(*c));
	assert(limits->entries > 0 && limits->min_s <= limits->max_s);
	*c = (struct dns_cache){ .limits = *limits, .key = *key,
	                         .sets = (limits->entries + WAYS - 1) / WAYS };
	c->entries = mem_zalloc(c->sets * sizeof(*c->entries));
	return c;
}

void dns_cache_destroy(struct dns_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->sets * WAYS; i++)
		free(c->entries[i / WAYS][i % WAYS].bytes);
	free(c->entries);
	free(c);
}

static struct entry *set_of(const struct dns_cache *c, const struct dns_question *q)
{
	uint8_t bytes[4 + DNS_NAME_MAX] = { (uint8_t)(q->type >> 8), (uint8_t)q->type,
	                                    (uint8_t)(q->class >> 8), (uint8_t)q->class };
	assert(q->name.n >= 1);
	for (size_t i = 0; i < q->name.n; i++)
		bytes[4 + i] = (uint8_t)ascii_lower((char)q->name.b[i]);
	return c->entries[hash_bytes(&c->key, bytes, 4u + q->name.n) % c->sets];
}

static bool is_of(const struct entry *e, const struct dns_question *q)
{
	return e->bytes && e->question.type == q->type && e->question.class == q->class &&
	       dns_name_eq(&e->question.name, &q->name);
}

/* Its own place, a free one, or that of what expires first. */
static struct entry *place_for(const struct dns_cache *c, const struct dns_question *q)
{
	struct entry *set = set_of(c, q), *best = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (is_of(&set[i], q))
			return &set[i];
		if (best->bytes && (!set[i].bytes || set[i].until_ms < best->until_ms))
			best = &set[i];
	}
	assert(!is_of(best, q));
	return best;
}

void dns_cache_put(struct dns_cache *c, const struct dns_question *q, struct str message,
                   uint32_t ttl_s, bool negative, int64_t now_ms)
{
	uint32_t most = negative ? c->limits.negative_max_s : c->limits.max_s;
	if (ttl_s == 0 || message.n == 0 || message.n > DNS_CACHE_BYTES_MAX)
		return;
	if (ttl_s < c->limits.min_s)
		ttl_s = c->limits.min_s;
	if (ttl_s > most)
		ttl_s = most;
	if (ttl_s == 0)
		return;
	struct entry *e = place_for(c, q);
	free(e->bytes);
	*e = (struct entry){ .bytes = mem_strndup(message.p, message.n), .n = message.n,
	                     .question = *q, .kept_ms = now_ms,
	                     .until_ms = now_ms + (int64_t)ttl_s * 1000 };
	assert(e->until_ms > now_ms && place_for(c, q) == e);
}

bool dns_cache_get(const struct dns_cache *c, const struct dns_question *q, int64_t now_ms,
                   struct str *message, uint32_t *age_s)
{
	const struct entry *set = set_of(c, q);
	for (size_t i = 0; i < WAYS; i++) {
		const struct entry *e = &set[i];
		if (!is_of(e, q) || now_ms >= e->until_ms)
			continue;
		assert(now_ms >= e->kept_ms && e->n <= DNS_CACHE_BYTES_MAX);
		*message = (struct str){ e->bytes, e->n };
		*age_s = (uint32_t)((now_ms - e->kept_ms) / 1000);
		return true;
	}
	return false;
}

size_t dns_cache_count(const struct dns_cache *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->sets * WAYS; i++)
		n += c->entries[i / WAYS][i % WAYS].bytes != NULL;
	assert(n <= c->sets * WAYS);
	return n;
}
