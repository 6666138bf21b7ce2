/* SPDX-License-Identifier: ISC
 *
 * One table for all three kinds of counts, each under the hash of what it counts; sets of a few
 * places, in which what counts least gives way.
 */
#include "gateway/throttle.h"

#include "base/mem.h"
#include "base/str.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 8, SETS = THROTTLE_ENTRIES / WAYS, COUNT_MAX = 1000, NAME_MAX_BYTES = 255 };

struct entry {
	uint64_t tag;                  /* 0: free */
	uint32_t last_s;               /* since the table was made, + 1 */
	uint16_t wrong;
	uint16_t known;
};

struct throttle {
	struct hash_key key;
	int64_t since_s;               /* of the first call */
	struct entry entries[SETS][WAYS];
};

static_assert(sizeof(struct entry) == 16, "as it says");

struct throttle *throttle_create(const struct hash_key *key)
{
	struct throttle *t = mem_zalloc(sizeof(*t));
	t->key = *key;
	return t;
}

void throttle_destroy(struct throttle *t)
{
	free(t);
}

/* ---- entries -------------------------------------------------------------------------- */

enum kind { ADDRESS, ACCOUNT, PAIR };

/* The address's part that one guesser has to himself, then the name in small letters. */
static uint64_t tag_of(const struct throttle *t, enum kind kind, const struct ip *peer,
                       struct str name)
{
	unsigned char text[1 + 1 + 8 + NAME_MAX_BYTES] = { (unsigned char)kind };
	size_t n = 1;
	if (kind != ACCOUNT) {
		size_t bytes = peer->family == 6 ? 8 : 4;
		text[n++] = peer->family;
		memcpy(text + n, peer->b, bytes);
		n += bytes;
	}
	for (size_t i = 0; kind != ADDRESS && i < name.n && i < NAME_MAX_BYTES; i++)
		text[n++] = (unsigned char)ascii_lower(name.p[i]);
	uint64_t tag = hash_bytes(&t->key, text, n);
	return tag ? tag : 1;
}

static uint32_t second_of(const struct throttle *t, int64_t now_s)
{
	int64_t s = now_s - t->since_s + 1;
	return s < 1 ? 1 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* What is left of the wrong guesses by now. */
static unsigned wrong_of(const struct entry *e, uint32_t second)
{
	uint32_t forgotten = second > e->last_s ? (second - e->last_s) / THROTTLE_FORGET_S : 0;
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

/* Only a right login makes one known: no flood of wrong ones takes that away. */
static unsigned weight_of(const struct entry *e, uint32_t second)
{
	return wrong_of(e, second) + (e->known ? THROTTLE_KNOWN : 0);
}

/* The one of that tag, or what counts least in its place. */
static struct entry *take(struct throttle *t, uint64_t tag, uint32_t second)
{
	struct entry *set = t->entries[tag % SETS], *least = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct entry *e = &set[i];
		if (e->tag == tag)
			return e;
		unsigned counts = weight_of(e, second), least_counts = weight_of(least, second);
		if (least->tag && (!e->tag || counts < least_counts ||
		                   (counts == least_counts && e->last_s < least->last_s)))
			least = e;
	}
	*least = (struct entry){ .tag = tag, .last_s = second };
	return least;
}

/* Forgotten guesses are taken off first; what is left of a time of forgetting goes on. */
static void settle(struct entry *e, uint32_t second)
{
	unsigned wrong = wrong_of(e, second);
	if (wrong == 0)
		e->last_s = second;
	else
		e->last_s += (e->wrong - wrong) * THROTTLE_FORGET_S;
	e->wrong = (uint16_t)wrong;
}

static void count(struct throttle *t, enum kind kind, const struct ip *peer, struct str name,
                  int64_t now_s, int by)
{
	uint32_t second = second_of(t, now_s);
	struct entry *e = take(t, tag_of(t, kind, peer, name), second);
	settle(e, second);
	if (by > 0 && e->wrong < COUNT_MAX)
		e->wrong++;
	if (by < 0 && e->wrong > 0)
		e->wrong--;
	assert(e->wrong <= COUNT_MAX);
}

static unsigned counted(const struct throttle *t, enum kind kind, const struct ip *peer,
                        struct str name, int64_t now_s)
{
	const struct entry *e = find(t, tag_of(t, kind, peer, name));
	return e ? wrong_of(e, second_of(t, now_s)) : 0;
}

static bool is_known(const struct throttle *t, const struct ip *peer, struct str name)
{
	const struct entry *e = find(t, tag_of(t, PAIR, peer, name));
	return e && e->known;
}

/* ---- what is asked -------------------------------------------------------------------- */

bool throttle_may(const struct throttle *t, const struct ip *peer, struct str name,
                  int64_t now_s)
{
	if (is_known(t, peer, name))
		return counted(t, PAIR, peer, name, now_s) < THROTTLE_KNOWN;
	return counted(t, ADDRESS, peer, name, now_s) < THROTTLE_BY_ADDRESS &&
	       counted(t, ACCOUNT, peer, name, now_s) < THROTTLE_BY_ACCOUNT;
}

static void count_all(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s,
                      int by)
{
	if (!t->since_s)
		t->since_s = now_s;
	if (is_known(t, peer, name)) {
		count(t, PAIR, peer, name, now_s, by);
		return;
	}
	count(t, ADDRESS, peer, name, now_s, by);
	count(t, ACCOUNT, peer, name, now_s, by);
}

void throttle_guess(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s)
{
	count_all(t, peer, name, now_s, 1);
}

void throttle_none(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s)
{
	count_all(t, peer, name, now_s, -1);
}

void throttle_right(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s)
{
	count_all(t, peer, name, now_s, -1);
	uint32_t second = second_of(t, now_s);
	struct entry *pair = take(t, tag_of(t, PAIR, peer, name), second);
	pair->known = 1;
	pair->wrong = 0;
	pair->last_s = second;
}

int64_t throttle_delay_ms(const struct throttle *t, const struct ip *peer, struct str name,
                          int64_t now_s)
{
	unsigned wrong = counted(t, PAIR, peer, name, now_s);
	if (!is_known(t, peer, name)) {
		unsigned of_account = counted(t, ACCOUNT, peer, name, now_s);
		wrong = counted(t, ADDRESS, peer, name, now_s);
		wrong = wrong > of_account ? wrong : of_account;
	}
	int64_t delay_ms = THROTTLE_DELAY_MS;
	if (wrong <= THROTTLE_FREE)
		return 0;
	for (unsigned i = THROTTLE_FREE + 1; i < wrong && delay_ms < THROTTLE_DELAY_MAX_MS; i++)
		delay_ms *= 2;
	return delay_ms < THROTTLE_DELAY_MAX_MS ? delay_ms : THROTTLE_DELAY_MAX_MS;
}
