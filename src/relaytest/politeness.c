/* SPDX-License-Identifier: ISC
 *
 * Politeness: a bucket for the rate, a counter for all, and a table of counters by address and
 * network.
 */
#include "relaytest/politeness.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* Counts of open connections, by address (full length) and by network, in one
 * open-addressed table that grows by doubling. */
struct slot {
	struct prefix key;           /* family 0: empty */
	unsigned count;
};

struct politeness {
	struct politeness_limits limits;
	double tokens;
	int64_t last_ms;
	unsigned sessions;
	struct slot *slots;
	size_t size, used;           /* used counts slots with a key, 0 counts too */
};

struct politeness *politeness_create(const struct politeness_limits *limits)
{
	struct politeness *p = mem_zalloc(sizeof(*p));
	p->limits = *limits;
	p->tokens = 1;
	p->size = 256;
	p->slots = mem_array(p->size, sizeof(*p->slots));
	return p;
}

void politeness_destroy(struct politeness *p)
{
	if (!p)
		return;
	free(p->slots);
	free(p);
}

void politeness_set(struct politeness *p, const struct politeness_limits *limits)
{
	p->limits = *limits;
}

/* A bucket that holds a tenth of a second's tests, at least one. */
int64_t politeness_start(struct politeness *p, int64_t now_ms)
{
	double rate = (double)p->limits.rate / 1000.0, depth = rate * 100;
	if (depth < 1)
		depth = 1;
	if (p->last_ms)
		p->tokens += (double)(now_ms - p->last_ms) * rate;
	p->last_ms = now_ms;
	if (p->tokens > depth)
		p->tokens = depth;
	if (p->tokens >= 1) {
		p->tokens -= 1;
		return 0;
	}
	return (int64_t)((1 - p->tokens) / rate) + 1;
}

static size_t hash(const struct prefix *key)
{
	size_t h = 14695981039346656037u;
	for (size_t i = 0; i < sizeof(key->ip.b); i++)
		h = (h ^ key->ip.b[i]) * 1099511628211u;
	return (h ^ key->len) * 1099511628211u >> 7;
}

static struct slot *find_slot(struct politeness *p, const struct prefix *key)
{
	size_t i = hash(key) % p->size;
	while (p->slots[i].key.ip.family && prefix_cmp(&p->slots[i].key, key) != 0)
		i = (i + 1) % p->size;
	return &p->slots[i];
}

/* Empty counts are dropped on the way. */
static void rebuild(struct politeness *p)
{
	struct slot *old = p->slots;
	size_t n = p->size;
	p->size = p->sessions * 8 > p->size ? p->size * 2 : p->size;
	p->slots = mem_array(p->size, sizeof(*p->slots));
	p->used = 0;
	for (size_t i = 0; i < n; i++) {
		if (old[i].count == 0)
			continue;
		*find_slot(p, &old[i].key) = old[i];
		p->used++;
	}
	free(old);
}

static struct slot *find_or_add(struct politeness *p, const struct prefix *key)
{
	if (p->used * 2 > p->size)
		rebuild(p);
	struct slot *slot = find_slot(p, key);
	if (!slot->key.ip.family) {
		slot->key = *key;
		p->used++;
	}
	return slot;
}

static struct prefix net_of(const struct ip *address)
{
	return prefix_of(address, address->family == 4 ? 24 : 48);
}

bool politeness_connect(struct politeness *p, const struct ip *address)
{
	struct prefix host = prefix_of(address, 128), net = net_of(address);
	if (p->sessions >= p->limits.sessions || find_slot(p, &host)->count >= 1 ||
	    find_slot(p, &net)->count >= p->limits.sessions_per_net)
		return false;
	find_or_add(p, &host)->count++;
	find_or_add(p, &net)->count++;
	p->sessions++;
	return true;
}

void politeness_disconnect(struct politeness *p, const struct ip *address)
{
	struct prefix host = prefix_of(address, 128), net = net_of(address);
	struct slot *h = find_slot(p, &host), *n = find_slot(p, &net);
	assert(h->count > 0 && n->count > 0 && p->sessions > 0);
	h->count--;
	n->count--;
	p->sessions--;
}
