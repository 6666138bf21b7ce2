/* SPDX-License-Identifier: ISC
 *
 * A table of accounts under the hashes of their names, in sets of a few; in each the addresses, the
 * last first. Rows are written as they are.
 */
#include "gateway/known-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 8, SETS = KNOWN_ACCOUNTS / WAYS };

struct row {
	uint64_t account;              /* 0: free */
	uint64_t used;                 /* the greatest: the last */
	uint64_t places[KNOWN_PLACES]; /* the last first; 0: no more */
};

struct known {
	struct hash_key key;
	uint64_t uses, version;
	struct row rows[SETS][WAYS];   /* what is not used takes no memory */
};

/* A file: this, rows, and the hash of both. */
struct head {
	char magic[24];
	struct hash_key key;
};
static const char magic[24] = "portreeve known 1\n";
static_assert(sizeof(struct head) == 40 && sizeof(struct row) == 80, "without gaps");

struct known *known_create(const struct hash_key *key)
{
	struct known *k = mem_zalloc(sizeof(*k));
	k->key = *key;
	return k;
}

void known_destroy(struct known *k)
{
	free(k);
}

/* ---- rows ------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct known *k, const void *bytes, size_t n)
{
	uint64_t hash = hash_bytes(&k->key, bytes, n);
	return hash ? hash : 1;
}

static uint64_t place_of(const struct known *k, const struct ip *peer)
{
	unsigned char text[1 + 8] = { peer->family };
	size_t n = peer->family == 6 ? 8 : 4;
	memcpy(text + 1, peer->b, n);
	return hash_of(k, text, 1 + n);
}

static uint64_t account_of(const struct known *k, struct str account)
{
	return hash_of(k, account.n ? account.p : "", account.n);
}

static const struct row *find(const struct known *k, uint64_t account)
{
	const struct row *set = k->rows[account % SETS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].account == account)
			return &set[i];
	return NULL;
}

/* Its row, or the one that was used longest ago, emptied. */
static struct row *take(struct known *k, uint64_t account)
{
	struct row *set = k->rows[account % SETS], *oldest = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].account == account)
			return &set[i];
		if (oldest->account && (!set[i].account || set[i].used < oldest->used))
			oldest = &set[i];
	}
	*oldest = (struct row){ .account = account };
	return oldest;
}

bool known_is(const struct known *k, struct str account, const struct ip *peer)
{
	const struct row *row = find(k, account_of(k, account));
	const uint64_t place = place_of(k, peer);
	for (unsigned i = 0; row && i < KNOWN_PLACES; i++)
		if (row->places[i] == place)
			return true;
	return false;
}

void known_add(struct known *k, struct str account, const struct ip *peer)
{
	const uint64_t place = place_of(k, peer);
	struct row *row = take(k, account_of(k, account));
	unsigned at = 0;
	while (at < KNOWN_PLACES && row->places[at] != place)
		at++;
	if (at == KNOWN_PLACES) {
		at--;
		k->version++;
	}
	memmove(row->places + 1, row->places, at * sizeof(*row->places));
	row->places[0] = place;
	row->used = ++k->uses;
	assert(known_is(k, account, peer));
}

uint64_t known_version(const struct known *k)
{
	return k->version;
}

/* ---- as bytes ---------------------------------------------------------------------------- */

size_t known_bytes_max(void)
{
	return sizeof(struct head) + sizeof(((struct known *)0)->rows) + sizeof(uint64_t);
}

void known_form(const struct known *k, struct buf *out)
{
	const size_t begin = out->n;
	struct head head = { .key = k->key };
	memcpy(head.magic, magic, sizeof(magic));
	buf_add(out, &head, sizeof(head));
	for (unsigned set = 0; set < SETS; set++)
		for (unsigned i = 0; i < WAYS; i++)
			if (k->rows[set][i].account)
				buf_add(out, &k->rows[set][i], sizeof(struct row));
	const uint64_t hash = hash_bytes(&k->key, out->p + begin, out->n - begin);
	buf_add(out, &hash, sizeof(hash));
	assert(out->n - begin <= known_bytes_max());
}

/* Whether it is a whole file; its head. */
static bool is_whole(struct str bytes, struct head *head)
{
	uint64_t hash;
	const size_t around = sizeof(*head) + sizeof(hash);
	if (bytes.n < around || (bytes.n - around) % sizeof(struct row) != 0)
		return false;
	memcpy(head, bytes.p, sizeof(*head));
	memcpy(&hash, bytes.p + bytes.n - sizeof(hash), sizeof(hash));
	return memcmp(head->magic, magic, sizeof(magic)) == 0 &&
	       hash_bytes(&head->key, bytes.p, bytes.n - sizeof(hash)) == hash;
}

int known_parse(struct known *k, struct str bytes)
{
	struct head head;
	if (!is_whole(bytes, &head))
		return ERR_INVALID;
	if (k->uses > 0)
		memset(k->rows, 0, sizeof(k->rows));
	k->key = head.key;
	k->uses = 0;
	const size_t n = (bytes.n - sizeof(head) - sizeof(uint64_t)) / sizeof(struct row);
	for (size_t i = 0; i < n; i++) {
		struct row row;
		memcpy(&row, bytes.p + sizeof(head) + i * sizeof(row), sizeof(row));
		if (row.account == 0)
			continue;
		*take(k, row.account) = row;
		k->uses = row.used > k->uses ? row.used : k->uses;
	}
	return ERR_OK;
}
