/* SPDX-License-Identifier: ISC
 *
 * Notes on listings: a sorted array, and the reasons one behind the other.
 */
#include "blocklist/words.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct word {
	int64_t since_s;
	size_t reason_at;
	struct ip address;
	bool by_word;
};

struct blocklist_words {
	struct buf reasons;                  /* each ends with a NUL */
	size_t n;
	struct word v[];
};

/* Length of a control character in front of UTF-8 text (C0, DEL, C1), or 0. */
static size_t control_at(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && s.n > 1 && (unsigned char)s.p[1] < 0xa0 ? 2 : 0;
}

/* A resolver's user sees it on a terminal or in a log: no control character reaches him raw. */
static void add_reason(struct buf *out, const char *reason)
{
	struct str s = str_of(reason);
	if (!str_is_utf8(s)) {
		buf_add_escaped(out, s);
		s.n = 0;
	}
	while (s.n > 0) {
		size_t control = control_at(s), n = control ? control : 1;
		for (size_t i = 0; control && i < n; i++)
			buf_printf(out, "\\x%02x", (unsigned)(unsigned char)s.p[i]);
		if (!control)
			buf_add_str(out, (struct str){ s.p, 1 });
		s = str_from(s, n);
	}
	buf_add_byte(out, '\0');
}

static void add_word(struct blocklist_words *w, const struct listing *l, bool by_word)
{
	assert(w->n == 0 || ip_cmp(&w->v[w->n - 1].address, &l->address) < 0);
	w->v[w->n++] = (struct word){ l->since_s, w->reasons.n, l->address, by_word };
	add_reason(&w->reasons, l->reason);
}

struct blocklist_words *blocklist_words_create(const struct listing *words, size_t word_n,
                                               const struct listing *listings, size_t n)
{
	struct blocklist_words *w = mem_zalloc(sizeof(*w) + (word_n + n) * sizeof(w->v[0]));
	size_t i = 0, j = 0;
	while (i < word_n || j < n) {
		int c = i == word_n ? 1 : j == n ? -1 :
		        ip_cmp(&words[i].address, &listings[j].address);
		if (c <= 0)
			add_word(w, &words[i++], true);
		else
			add_word(w, &listings[j], false);
		j += c >= 0;
	}
	assert(w->n >= word_n && w->n >= n && w->n <= word_n + n);
	return w;
}

void blocklist_words_destroy(struct blocklist_words *w)
{
	if (w)
		buf_fini(&w->reasons);
	free(w);
}

bool blocklist_words_find(const struct blocklist_words *w, const struct ip *address,
                          struct blocklist_note *note)
{
	size_t low = 0, high = w ? w->n : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct word *at = &w->v[middle];
		int c = ip_cmp(&at->address, address);
		assert(middle < w->n && at->reason_at < w->reasons.n);
		if (c == 0) {
			*note = (struct blocklist_note){
				w->reasons.p + at->reason_at, at->since_s, at->by_word,
			};
			return true;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
