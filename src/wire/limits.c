/* SPDX-License-Identifier: ISC
 *
 * Hash tables and rings: what is counted for each network, which session has been idle longest,
 * which network has the most. Each question takes constant time.
 */
#include "wire/limits.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	LEVELS = 3,
	NET_SLOTS = 8192, RATE_SLOTS = 8192,
	CROWD_MAX = 1024,                /* networks with more sessions than that are equals */
	MANY_PLACES = 100,
	TOKEN = 1000,                    /* a token's thousandths flow in by the millisecond */
	SHRUNK_MS = 15000, RESERVE_MAX = 8, SHRINK_LEAST = 4,
};

/* ---- lists: a ring with a head ------------------------------------------------------ */

struct ring {
	struct ring *next, *prev;
};

static void ring_init(struct ring *r)
{
	r->next = r->prev = r;
}

static bool ring_is_empty(const struct ring *r)
{
	return r->next == r;
}

static void ring_remove(struct ring *r)
{
	assert(r->prev->next == r && r->next->prev == r);
	r->prev->next = r->next;
	r->next->prev = r->prev;
	ring_init(r);
}

static void ring_append(struct ring *head, struct ring *r)
{
	assert(r != head && ring_is_empty(r));
	r->prev = head->prev;
	r->next = head;
	head->prev->next = r;
	head->prev = r;
}

#define OWNER(ring, type, member) ((type *)(void *)((char *)(ring) - offsetof(type, member)))

/* ---- what is counted ------------------------------------------------------------------ */

/* A host or network that holds a session. */
struct net {
	struct net *chain;
	struct prefix prefix;
	unsigned sessions;
	/* Of the widest level only: */
	struct ring idle;                /* sessions outside a transaction, longest idle first */
	struct ring crowd;               /* among those with as many sessions, if idle has any */
};

struct wire_session {
	struct net *nets[LEVELS];        /* narrowest first */
	unsigned levels;
	void *owner;
	bool busy;
	int64_t active_ms;
	struct ring order;               /* in limits.order[busy], longest idle first */
	struct ring idle;                /* in its site's idle */
};

struct rate {
	int64_t at_ms;
	int64_t taken;                   /* thousandths of a token, flowing off */
};

struct wire_limits {
	struct wire_limits_config config;
	struct hash_key key;
	unsigned places, sessions;
	int64_t shrunk_ms;
	struct net *nets[NET_SLOTS];
	struct rate rates[RATE_SLOTS];
	struct ring order[2];
	struct ring crowds[CROWD_MAX + 1];
	unsigned most;                   /* no crowd beyond it */
};

/* ---- levels --------------------------------------------------------------------------- */

enum { USER_BYTES = 4, USER_LEN = 8 * USER_BYTES };

struct ip wire_limits_local(unsigned uid)
{
	struct ip ip = { .family = 0 };
	for (unsigned i = 0; i < USER_BYTES; i++)
		ip.b[i] = (uint8_t)(uid >> 8 * i);
	return ip;
}

/* A user, and all of them but root, whom they cannot keep out. */
static unsigned local_levels(const struct ip *ip, struct prefix out[static LEVELS])
{
	static const struct ip root = { 0 };
	out[0] = (struct prefix){ .ip = *ip, .len = USER_LEN };
	out[1] = (struct prefix){ 0 };
	return ip_eq(ip, &root) ? 1 : 2;
}

static unsigned levels_of(const struct ip *ip, struct prefix out[static LEVELS])
{
	static const uint8_t v4[] = { 32, 24 }, v6[] = { 64, 56, 48 };
	unsigned n = ip->family == 4 ? 2 : 3;
	if (!ip->family)
		return local_levels(ip, out);
	for (unsigned i = 0; i < n; i++)
		out[i] = prefix_of(ip, ip->family == 4 ? v4[i] : v6[i]);
	return n;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned share(const struct wire_limits *l, const struct prefix *p)
{
	unsigned host = l->config.per_host;
	unsigned net = l->config.per_net ? l->config.per_net : l->places / 4;
	if (!p->ip.family && p->len)
		return larger(1, host < larger(host, net) / 2 ? host : larger(host, net) / 2);
	switch (p->len) {
	case 0: case 24: case 48: return larger(host, net);
	case 56: return larger(host, net / 2);
	default: return host;
	}
}

static int64_t rate_of(const struct wire_limits *l, const struct prefix *p)
{
	int64_t host = l->config.per_second;
	switch (p->len) {
	case 24: case 56: return 4 * host;
	case 0: case 48: return 8 * host;
	default: return host;
	}
}

static uint64_t hash_of(const struct wire_limits *l, const struct prefix *p)
{
	uint8_t bytes[18] = { p->ip.family, p->len };
	memcpy(bytes + 2, p->ip.b, sizeof(p->ip.b));
	return hash_bytes(&l->key, bytes, sizeof(bytes));
}

static struct net **net_find(const struct wire_limits *l, const struct prefix *p)
{
	struct net *const *at = &l->nets[hash_of(l, p) % NET_SLOTS];
	while (*at && prefix_cmp(&(*at)->prefix, p) != 0)
		at = &(*at)->chain;
	return (struct net **)at;
}

static unsigned held(const struct wire_limits *l, const struct prefix *p)
{
	const struct net *net = *net_find(l, p);
	assert(!net || (net->sessions > 0 && net->sessions <= l->sessions));
	return net ? net->sessions : 0;
}

/* ---- the rate --------------------------------------------------------------------------- */

/* By a hash alone: a collision only makes two strangers share. */
static struct rate *rate_at(struct wire_limits *l, const struct prefix *p, int64_t now_ms)
{
	struct rate *r = &l->rates[hash_of(l, p) % RATE_SLOTS];
	int64_t passed = now_ms - r->at_ms;
	if (passed > 0) {
		int64_t off = passed < 3600000 ? passed * rate_of(l, p) : INT64_MAX;
		r->taken = r->taken > off ? r->taken - off : 0;
		r->at_ms = now_ms;
	}
	assert(r->taken >= 0);
	return r;
}

static bool rate_allows(struct wire_limits *l, const struct prefix *p, int64_t now_ms)
{
	return rate_at(l, p, now_ms)->taken + TOKEN <= 2 * TOKEN * rate_of(l, p);
}

/* ---- crowding ----------------------------------------------------------------------------- */

/* Puts a site where it belongs after its sessions or their state have changed. */
static void place(struct wire_limits *l, struct net *site)
{
	unsigned n = site->sessions < CROWD_MAX ? site->sessions : CROWD_MAX;
	ring_remove(&site->crowd);
	if (ring_is_empty(&site->idle))
		return;
	assert(n > 0 && n <= CROWD_MAX);
	ring_append(&l->crowds[n], &site->crowd);
	l->most = larger(l->most, n);
	assert(l->most >= n && l->most <= CROWD_MAX);
}

/* The longest idle session of the most crowded site, if that has at least so many. */
static struct wire_session *most_crowded(struct wire_limits *l, unsigned at_least)
{
	while (l->most > 0 && ring_is_empty(&l->crowds[l->most]))
		l->most--;
	if (l->most == 0 || l->most < at_least)
		return NULL;
	struct net *site = OWNER(l->crowds[l->most].next, struct net, crowd);
	assert(!ring_is_empty(&site->idle) && site->sessions >= l->most);
	return OWNER(site->idle.next, struct wire_session, idle);
}

/* ---- admission ------------------------------------------------------------------------------ */

static unsigned places_free(const struct wire_limits *l)
{
	return l->places > l->sessions ? l->places - l->sessions : 0;
}

/* How many a network may hold to get one more: of many places the square of the part that is
 * free, so that after k greedy networks about one of k + 1 places is left. */
static unsigned room(const struct wire_limits *l)
{
	uint64_t empty = places_free(l);
	assert(empty <= l->places);
	return (unsigned)(l->places < MANY_PLACES ? empty : empty * empty / l->places);
}

enum wire_admission wire_limits_ask(struct wire_limits *l, const struct ip *peer, int64_t now_ms,
                                    struct wire_session **victim)
{
	struct prefix p[LEVELS];
	unsigned levels = levels_of(peer, p);
	assert(levels <= LEVELS && l->places > 0);
	*victim = NULL;
	if (l->places < l->config.sessions && now_ms - l->shrunk_ms >= SHRUNK_MS)
		l->places = l->config.sessions;
	for (unsigned i = 0; i < levels; i++) {
		unsigned n = held(l, &p[i]);
		if (n >= share(l, &p[i]) || (peer->family && n > room(l)))
			return WIRE_CROWDED;
	}
	for (unsigned i = 0; i < levels; i++)
		if (!rate_allows(l, &p[i], now_ms))
			return WIRE_TOO_FAST;
	if (places_free(l) == 0) {
		*victim = most_crowded(l, 2);
		if (!*victim)
			return WIRE_FULL;
	}
	for (unsigned i = 0; i < levels; i++)
		rate_at(l, &p[i], now_ms)->taken += TOKEN;
	return *victim ? WIRE_ROOM_MADE : WIRE_ADMITTED;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static struct net *net_enter(struct wire_limits *l, const struct prefix *p)
{
	struct net **at = net_find(l, p);
	if (!*at) {
		*at = mem_zalloc(sizeof(**at));
		(*at)->prefix = *p;
		ring_init(&(*at)->idle);
		ring_init(&(*at)->crowd);
	}
	(*at)->sessions++;
	assert((*at)->sessions <= l->sessions + 1);
	return *at;
}

static void net_leave(struct wire_limits *l, struct net *net)
{
	assert(net->sessions > 0);
	if (--net->sessions > 0)
		return;
	struct net **at = net_find(l, &net->prefix);
	assert(*at == net && ring_is_empty(&net->idle) && ring_is_empty(&net->crowd));
	*at = net->chain;
	free(net);
}

static struct net *site_of(const struct wire_session *s)
{
	assert(s->levels > 0 && s->levels <= LEVELS);
	return s->nets[s->levels - 1];
}

struct wire_session *wire_limits_enter(struct wire_limits *l, const struct ip *peer,
                                       int64_t now_ms)
{
	struct prefix p[LEVELS];
	struct wire_session *s = mem_zalloc(sizeof(*s));
	s->levels = levels_of(peer, p);
	for (unsigned i = 0; i < s->levels; i++)
		s->nets[i] = net_enter(l, &p[i]);
	l->sessions++;
	assert(s->levels <= LEVELS && l->sessions > 0);
	ring_init(&s->order);
	ring_init(&s->idle);
	wire_limits_active(l, s, false, now_ms);
	return s;
}

void wire_limits_leave(struct wire_limits *l, struct wire_session *s)
{
	struct net *site = site_of(s);
	assert(l->sessions > 0);
	l->sessions--;
	ring_remove(&s->order);
	ring_remove(&s->idle);
	for (unsigned i = 0; i + 1 < s->levels; i++)
		net_leave(l, s->nets[i]);
	if (site->sessions > 1) {
		site->sessions--;
		place(l, site);
	} else {
		ring_remove(&site->crowd);
		net_leave(l, site);
	}
	free(s);
}

void wire_limits_active(struct wire_limits *l, struct wire_session *s, bool busy, int64_t now_ms)
{
	s->busy = busy;
	s->active_ms = now_ms;
	ring_remove(&s->order);
	ring_append(&l->order[busy], &s->order);
	struct net *site = site_of(s);
	assert(site->sessions > 0);
	ring_remove(&s->idle);
	if (!busy)
		ring_append(&site->idle, &s->idle);
	place(l, site);
}

void wire_session_own(struct wire_session *s, void *owner)
{
	s->owner = owner;
}

void *wire_session_owner(const struct wire_session *s)
{
	return s->owner;
}

/* ---- idle time and places ------------------------------------------------------------------- */

bool wire_limits_scarce(const struct wire_limits *l)
{
	return l->sessions > l->places / 2;
}

/* From idle_ms with half of the places taken down to the least with all of them. */
static int64_t idle_ms(const struct wire_limits *l, bool busy)
{
	int64_t most = l->config.idle_ms, least = busy ? WIRE_BUSY_LEAST_MS : WIRE_IDLE_LEAST_MS;
	int64_t half = l->places - l->places / 2;
	assert(half > 0 && wire_limits_scarce(l));
	if (most <= least || places_free(l) == 0)
		return most < least ? most : least;
	return least + (most - least) * places_free(l) / half;
}

struct wire_session *wire_limits_idle(const struct wire_limits *l, int64_t now_ms)
{
	if (!wire_limits_scarce(l))
		return NULL;
	for (int busy = 0; busy < 2; busy++) {
		if (ring_is_empty(&l->order[busy]))
			continue;
		struct wire_session *s = OWNER(l->order[busy].next, struct wire_session, order);
		if (now_ms - s->active_ms >= idle_ms(l, busy))
			return s;
	}
	return NULL;
}

void wire_limits_shrink(struct wire_limits *l, int64_t now_ms)
{
	if (l->sessions < SHRINK_LEAST)
		return;
	unsigned reserve = l->sessions / 4 < RESERVE_MAX ? l->sessions / 4 : RESERVE_MAX;
	l->places = l->sessions - reserve;
	assert(l->places > 0 && l->places <= l->sessions);
	l->shrunk_ms = now_ms;
}

struct wire_session *wire_limits_excess(struct wire_limits *l)
{
	return l->sessions > l->places ? most_crowded(l, 1) : NULL;
}

unsigned wire_limits_sessions(const struct wire_limits *l)
{
	return l->sessions;
}

unsigned wire_limits_held(const struct wire_limits *l, const struct ip *ip, unsigned length)
{
	struct prefix p = prefix_of(ip, length);
	return held(l, &p);
}

/* ---- create and destroy --------------------------------------------------------------------- */

void wire_limits_set(struct wire_limits *l, const struct wire_limits_config *config)
{
	assert(config->sessions > 0 && config->per_host > 0 && config->per_second > 0);
	l->config = *config;
	l->places = config->sessions;
}

struct wire_limits *wire_limits_create(const struct wire_limits_config *config,
                                       const struct hash_key *key)
{
	struct wire_limits *l = mem_zalloc(sizeof(*l));
	l->key = *key;
	ring_init(&l->order[0]);
	ring_init(&l->order[1]);
	for (unsigned i = 0; i <= CROWD_MAX; i++)
		ring_init(&l->crowds[i]);
	wire_limits_set(l, config);
	return l;
}

void wire_limits_destroy(struct wire_limits *l)
{
	assert(!l || l->sessions == 0);
	free(l);
}
