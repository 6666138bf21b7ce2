/* SPDX-License-Identifier: ISC
 *
 * Keys in sorted leaves, and above them one array with the first key of each.
 */
#include "blocklist/keys.h"

#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEAF_MAX = 512,
	LEAF_MIN = LEAF_MAX / 4,         /* a shorter one is put together with what follows */
};

struct leaf {
	unsigned holders;
	unsigned n;
	uint8_t keys[];
};

struct blocklist_keys {
	size_t width, n, leaf_count;
	struct leaf **leaves;
	uint8_t *firsts;                 /* of each leaf its first key */
};

/* ---- making ------------------------------------------------------------------------------- */

/* A set that is made from its lowest key up. */
struct making {
	struct blocklist_keys *k;
	size_t room;                     /* for leaves */
	uint8_t *pending;                /* keys that are in no leaf yet */
	size_t pending_n, pending_room;
};

static void put_leaf(struct making *m, struct leaf *leaf)
{
	struct blocklist_keys *k = m->k;
	if (k->leaf_count == m->room) {
		m->room = m->room ? 2 * m->room : 8;
		k->leaves = mem_realloc(k->leaves, m->room, sizeof(struct leaf *));
		k->firsts = mem_realloc(k->firsts, m->room, k->width);
	}
	memcpy(k->firsts + k->leaf_count * k->width, leaf->keys, k->width);
	k->leaves[k->leaf_count++] = leaf;
	k->n += leaf->n;
}

/* What is pending becomes leaves, as even as can be. */
static void flush(struct making *m)
{
	size_t width = m->k->width;
	size_t parts = (m->pending_n + LEAF_MAX - 1) / LEAF_MAX;
	for (size_t i = 0, done = 0; i < parts; i++) {
		size_t n = (m->pending_n - done) / (parts - i);
		struct leaf *leaf = mem_alloc(sizeof(*leaf) + n * width);
		leaf->holders = 1;
		leaf->n = (unsigned)n;
		memcpy(leaf->keys, m->pending + done * width, n * width);
		put_leaf(m, leaf);
		done += n;
	}
	m->pending_n = 0;
}

static void put_keys(struct making *m, const uint8_t *keys, size_t n)
{
	size_t width = m->k->width;
	if (m->pending_n + n > m->pending_room) {
		m->pending_room = 2 * (m->pending_n + n);
		m->pending = mem_realloc(m->pending, m->pending_room, width);
	}
	memcpy(m->pending + m->pending_n * width, keys, n * width);
	m->pending_n += n;
}

static void put_shared(struct making *m, struct leaf *leaf)
{
	if (m->pending_n > 0 && m->pending_n < LEAF_MIN) {
		put_keys(m, leaf->keys, leaf->n);
		return;
	}
	flush(m);
	assert(leaf->holders > 0 && leaf->holders < UINT_MAX);
	leaf->holders++;
	put_leaf(m, leaf);
}

/* The keys of a leaf (NULL: none) and n changes in its range. */
static void put_changed(struct making *m, const struct leaf *leaf,
                        const struct blocklist_key_change *changes, size_t n)
{
	size_t width = m->k->width, i = 0, end = leaf ? leaf->n : 0;
	for (size_t j = 0; j < n; j++) {
		const uint8_t *key = changes[j].key;
		size_t from = i;
		assert(j == 0 || memcmp(changes[j - 1].key, key, width) < 0);
		while (i < end && memcmp(leaf->keys + i * width, key, width) < 0)
			i++;
		if (from < i)
			put_keys(m, leaf->keys + from * width, i - from);
		if (i < end && memcmp(leaf->keys + i * width, key, width) == 0)
			i++;
		if (changes[j].listed)
			put_keys(m, key, 1);
	}
	if (i < end)
		put_keys(m, leaf->keys + i * width, end - i);
}

struct blocklist_keys *blocklist_keys_change(const struct blocklist_keys *base, size_t width,
                                             const struct blocklist_key_change *changes, size_t n)
{
	struct blocklist_keys *k = mem_zalloc(sizeof(*k));
	struct making m = { .k = k };
	size_t leaves = base ? base->leaf_count : 0, j = 0;
	assert(width >= 1 && width <= BLOCKLIST_KEY_MAX && (!base || base->width == width));
	k->width = width;
	for (size_t i = 0; i < leaves; i++) {
		size_t from = j;
		/* Its range goes up to the next leaf; the first has all below, too. */
		while (j < n && (i + 1 == leaves ||
		                 memcmp(changes[j].key, base->firsts + (i + 1) * width, width) < 0))
			j++;
		if (from == j)
			put_shared(&m, base->leaves[i]);
		else
			put_changed(&m, base->leaves[i], changes + from, j - from);
		if (m.pending_n >= LEAF_MAX)
			flush(&m);
	}
	if (j < n)
		put_changed(&m, NULL, changes + j, n - j);
	flush(&m);
	free(m.pending);
	return k;
}

void blocklist_keys_destroy(struct blocklist_keys *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->leaf_count; i++) {
		assert(k->leaves[i]->holders > 0);
		if (--k->leaves[i]->holders == 0)
			free(k->leaves[i]);
	}
	free(k->leaves);
	free(k->firsts);
	free(k);
}

/* ---- asking ------------------------------------------------------------------------------- */

/* How many of n sorted keys are below `key`, or (`same`) below or the same. */
static size_t below(const uint8_t *keys, size_t n, size_t width, const uint8_t *key, bool same)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		int c = memcmp(keys + middle * width, key, width);
		if (c < 0 || (same && c == 0))
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

bool blocklist_keys_any(const struct blocklist_keys *k, const uint8_t *first, const uint8_t *last)
{
	assert(memcmp(first, last, k->width) <= 0);
	size_t i = below(k->firsts, k->leaf_count, k->width, first, true);
	if (i > 0) {
		const struct leaf *leaf = k->leaves[i - 1];
		size_t at = below(leaf->keys, leaf->n, k->width, first, false);
		if (at < leaf->n)
			return memcmp(leaf->keys + at * k->width, last, k->width) <= 0;
	}
	return i < k->leaf_count && memcmp(k->firsts + i * k->width, last, k->width) <= 0;
}

bool blocklist_keys_has(const struct blocklist_keys *k, const uint8_t *key)
{
	return blocklist_keys_any(k, key, key);
}

size_t blocklist_keys_count(const struct blocklist_keys *k)
{
	return k->n;
}

size_t blocklist_keys_bytes(const struct blocklist_keys *k)
{
	size_t a_leaf = sizeof(struct leaf) + sizeof(struct leaf *) + k->width;
	return sizeof(*k) + k->leaf_count * a_leaf + k->n * k->width;
}
