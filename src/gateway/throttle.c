/* SPDX-License-Identifier: ISC
 *
 * One table for all kinds of counts, each under the hash of what it counts; sets of a few places,
 * in which what counts least gives way.
 */
#include "gateway/throttle.h"

#include "base/mem.h"
#include "base/str.h"
#include "gateway/known.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 8, SETS = THROTTLE_ENTRIES / WAYS, COUNT_MAX = 1000, NAME_MAX_BYTES = 255 };

/* What is counted: an address; an account; an account in a network, and at an address where it is
 * known. */
enum kind { ADDRESS, ACCOUNT, IN_NETWORK, WHERE_KNOWN };

static const struct {
	bool account;
	uint8_t v4, v6;                /* bytes of the address */
	uint32_t forget_s;
} kinds[] = {
	[ADDRESS] = { false, 4, 8, THROTTLE_FORGET_S },
	[ACCOUNT] = { true, 0, 0, THROTTLE_ACCOUNT_FORGET_S },
	[IN_NETWORK] = { true, 3, 6, THROTTLE_NETWORK_FORGET_S },
	[WHERE_KNOWN] = { true, 4, 8, THROTTLE_FORGET_S },
};

struct entry {
	uint64_t tag;                  /* 0: free */
	uint32_t last_s;               /* since the table was made, + 1 */
	uint16_t wrong;
	uint8_t kind;
};

struct throttle {
	struct hash_key key;
	struct known *known;
	int64_t since_s;               /* of the first call */
	struct entry entries[SETS][WAYS];
};

static_assert(sizeof(struct entry) == 16, "as it says");

struct throttle *throttle_create(const struct hash_key *key, struct known *known)
{
	struct throttle *t = mem_zalloc(sizeof(*t));
	t->key = *key;
	t->known = known;
	return t;
}

void throttle_destroy(struct throttle *t)
{
	free(t);
}

/* A guess: by whom, at what, when. */
struct guess {
	const struct ip *peer;
	char name[NAME_MAX_BYTES];     /* of the account, in small letters */
	size_t name_n;
	uint32_t second;
};

static uint32_t second_of(const struct throttle *t, int64_t now_s)
{
	int64_t s = now_s - t->since_s + 1;
	return s < 1 ? 1 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static struct guess guess_of(const struct throttle *t, const struct ip *peer, struct str account,
                             int64_t now_s)
{
	struct guess g = { .peer = peer, .second = second_of(t, now_s) };
	for (; g.name_n < account.n && g.name_n < NAME_MAX_BYTES; g.name_n++)
		g.name[g.name_n] = ascii_lower(account.p[g.name_n]);
	return g;
}

/* ---- entries -------------------------------------------------------------------------- */

static uint64_t tag_of(const struct throttle *t, enum kind kind, const struct guess *g)
{
	unsigned char text[1 + 1 + 8 + NAME_MAX_BYTES] = { (unsigned char)kind };
	size_t n = 1, bytes = g->peer->family == 6 ? kinds[kind].v6 : kinds[kind].v4;
	if (bytes > 0) {
		text[n++] = g->peer->family;
		memcpy(text + n, g->peer->b, bytes);
		n += bytes;
	}
	if (kinds[kind].account) {
		memcpy(text + n, g->name, g->name_n);
		n += g->name_n;
	}
	uint64_t tag = hash_bytes(&t->key, text, n);
	return tag ? tag : 1;
}

/* What is left of the wrong guesses by now. */
static unsigned wrong_of(const struct entry *e, uint32_t second)
{
	uint32_t forgotten = second > e->last_s ?
	                     (second - e->last_s) / kinds[e->kind].forget_s : 0;
	return forgotten < e->wrong ? e->wrong - forgotten : 0;
}

static const struct entry *find(const struct throttle *t, uint64_t tag)
{
	const struct entry *set = t->entries[tag % SETS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

/* The one of that tag, or what counts least in its place. */
static struct entry *take(struct throttle *t, enum kind kind, uint64_t tag, uint32_t second)
{
	struct entry *set = t->entries[tag % SETS], *least = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct entry *e = &set[i];
		if (e->tag == tag)
			return e;
		unsigned counts = wrong_of(e, second), least_counts = wrong_of(least, second);
		if (least->tag && (!e->tag || counts < least_counts ||
		                   (counts == least_counts && e->last_s < least->last_s)))
			least = e;
	}
	*least = (struct entry){ .tag = tag, .last_s = second, .kind = (uint8_t)kind };
	return least;
}

/* Forgotten guesses are taken off first; what is left of a time of forgetting goes on, but in a
 * network, whose waits begin with its last guess. */
static void settle(struct entry *e, uint32_t second, int by)
{
	unsigned wrong = wrong_of(e, second);
	if (wrong == 0 || (e->kind == IN_NETWORK && by > 0))
		e->last_s = second;
	else
		e->last_s += (e->wrong - wrong) * kinds[e->kind].forget_s;
	e->wrong = (uint16_t)wrong;
}

static void count(struct throttle *t, enum kind kind, const struct guess *g, int by)
{
	struct entry *e = take(t, kind, tag_of(t, kind, g), g->second);
	settle(e, g->second, by);
	if (by > 0 && e->wrong < COUNT_MAX)
		e->wrong++;
	if (by < 0 && e->wrong > 0)
		e->wrong--;
	assert(e->wrong <= COUNT_MAX && e->kind == kind);
}

static unsigned counted(const struct throttle *t, enum kind kind, const struct guess *g)
{
	const struct entry *e = find(t, tag_of(t, kind, g));
	return e ? wrong_of(e, g->second) : 0;
}

static bool is_known(const struct throttle *t, const struct guess *g)
{
	return known_is(t->known, (struct str){ g->name, g->name_n }, g->peer);
}

/* Under attack: whether there is a guess left for the network, which has waited long enough behind
 * its last wrong one. */
static bool is_its_turn(const struct throttle *t, const struct guess *g)
{
	const struct entry *e = find(t, tag_of(t, IN_NETWORK, g));
	const unsigned wrong = e ? wrong_of(e, g->second) : 0;
	const unsigned of_account = counted(t, ACCOUNT, g);
	uint32_t wait_s = THROTTLE_NETWORK_WAIT_S;
	if (wrong == 0)
		return of_account < THROTTLE_BY_ACCOUNT_MOST;
	for (unsigned i = 1; i < wrong && wait_s < THROTTLE_NETWORK_WAIT_MAX_S; i++)
		wait_s *= 2;
	if (wait_s > THROTTLE_NETWORK_WAIT_MAX_S)
		wait_s = THROTTLE_NETWORK_WAIT_MAX_S;
	return of_account < THROTTLE_BY_ACCOUNT_MOST / 2 && g->second > e->last_s &&
	       g->second - e->last_s >= wait_s;
}

/* ---- what is asked -------------------------------------------------------------------- */

bool throttle_may(const struct throttle *t, const struct ip *peer, struct str account,
                  int64_t now_s)
{
	const struct guess g = guess_of(t, peer, account, now_s);
	if (is_known(t, &g))
		return counted(t, WHERE_KNOWN, &g) < THROTTLE_KNOWN;
	if (counted(t, ADDRESS, &g) >= THROTTLE_BY_ADDRESS)
		return false;
	return counted(t, ACCOUNT, &g) < THROTTLE_BY_ACCOUNT || is_its_turn(t, &g);
}

static void count_all(struct throttle *t, const struct guess *g, int by)
{
	if (is_known(t, g)) {
		count(t, WHERE_KNOWN, g, by);
		return;
	}
	count(t, ADDRESS, g, by);
	count(t, ACCOUNT, g, by);
	count(t, IN_NETWORK, g, by);
}

void throttle_guess(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s)
{
	if (!t->since_s)
		t->since_s = now_s;
	const struct guess g = guess_of(t, peer, account, now_s);
	count_all(t, &g, 1);
}

void throttle_none(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s)
{
	const struct guess g = guess_of(t, peer, account, now_s);
	count_all(t, &g, -1);
}

void throttle_right(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s)
{
	const struct guess g = guess_of(t, peer, account, now_s);
	count_all(t, &g, -1);
	known_add(t->known, (struct str){ g.name, g.name_n }, peer);
	struct entry *e = take(t, WHERE_KNOWN, tag_of(t, WHERE_KNOWN, &g), g.second);
	e->wrong = 0;
	e->last_s = g.second;
}

int64_t throttle_delay_ms(const struct throttle *t, const struct ip *peer, struct str account,
                          int64_t now_s)
{
	const struct guess g = guess_of(t, peer, account, now_s);
	unsigned wrong = counted(t, WHERE_KNOWN, &g);
	if (!is_known(t, &g)) {
		unsigned of_account = counted(t, ACCOUNT, &g);
		wrong = counted(t, ADDRESS, &g);
		wrong = wrong > of_account ? wrong : of_account;
	}
	int64_t delay_ms = THROTTLE_DELAY_MS;
	if (wrong <= THROTTLE_FREE)
		return 0;
	for (unsigned i = THROTTLE_FREE + 1; i < wrong && delay_ms < THROTTLE_DELAY_MAX_MS; i++)
		delay_ms *= 2;
	return delay_ms < THROTTLE_DELAY_MAX_MS ? delay_ms : THROTTLE_DELAY_MAX_MS;
}
