/* SPDX-License-Identifier: ISC
 *
 * Listings by word: a sorted array.
 */
#include "blocklist/words.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct word {
	struct ip address;
	char reason[WHY_MAX];
};

struct blocklist_words {
	size_t n;
	struct word v[];
};

struct blocklist_words *blocklist_words_create(const struct listing *rows, size_t n)
{
	struct blocklist_words *w = mem_zalloc(sizeof(*w) + n * sizeof(w->v[0]));
	w->n = n;
	for (size_t i = 0; i < n; i++) {
		assert(i == 0 || ip_cmp(&rows[i - 1].address, &rows[i].address) < 0);
		w->v[i].address = rows[i].address;
		memcpy(w->v[i].reason, rows[i].reason, sizeof(w->v[i].reason));
	}
	return w;
}

void blocklist_words_destroy(struct blocklist_words *w)
{
	free(w);
}

const char *blocklist_words_reason(const struct blocklist_words *w, const struct ip *address)
{
	size_t low = 0, high = w ? w->n : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = ip_cmp(&w->v[middle].address, address);
		assert(middle < w->n);
		if (c == 0)
			return w->v[middle].reason;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
