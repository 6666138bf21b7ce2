/* SPDX-License-Identifier: ISC
 *
 * Notes on listings: sorted arrays, first that of addresses, then that of ranges, and the reasons
 * one behind the other.
 */
#include "blocklist/words.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct word {
	int64_t since_s;
	size_t reason_at;
	size_t seen_at;                      /* SEEN_LENGTHS texts, one behind the other; or 0 */
	struct prefix entry;
	bool by_word;
};

struct blocklist_words {
	struct buf reasons;                  /* each ends with a NUL */
	size_t n, range_n;
	struct word v[];                     /* n of addresses, then range_n of ranges */
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

/* Where they begin; 0 if there is nothing to tell. */
static size_t add_seen(struct buf *out, const struct listing *l)
{
	const struct seen_as seen = { l->seen_as, l->known_as };
	size_t at = out->n;
	if (!seen_is_sure(&seen))
		return 0;
	assert(at > 0);
	for (unsigned length = 0; length < SEEN_LENGTHS; length++) {
		seen_note(&seen, &l->address, (enum seen_length)length, out);
		buf_add_byte(out, '\0');
	}
	return at;
}

static void add_address(struct blocklist_words *w, const struct listing *l, bool by_word)
{
	struct prefix whole = prefix_of(&l->address, ip_bits(&l->address));
	assert(w->n == 0 || prefix_cmp(&w->v[w->n - 1].entry, &whole) < 0);
	struct word *at = &w->v[w->n++];
	*at = (struct word){ l->since_s, w->reasons.n, 0, whole, by_word };
	add_reason(&w->reasons, l->reason);
	at->seen_at = by_word ? 0 : add_seen(&w->reasons, l);
}

static void add_range(struct blocklist_words *w, const struct listed_range *r)
{
	struct word *at = &w->v[w->n + w->range_n];
	assert(w->range_n == 0 || prefix_cmp(&at[-1].entry, &r->range) < 0);
	*at = (struct word){ r->since_s, w->reasons.n, 0, r->range, true };
	w->range_n++;
	add_reason(&w->reasons, r->reason);
}

struct blocklist_words *blocklist_words_create(const struct blocklist_words_of *of)
{
	size_t most = of->word_n + of->listing_n + of->range_n, i = 0, j = 0;
	struct blocklist_words *w = mem_zalloc(sizeof(*w) + most * sizeof(w->v[0]));
	while (i < of->word_n || j < of->listing_n) {
		int c = i == of->word_n ? 1 : j == of->listing_n ? -1 :
		        ip_cmp(&of->words[i].address, &of->listings[j].address);
		if (c <= 0)
			add_address(w, &of->words[i++], true);
		else
			add_address(w, &of->listings[j], false);
		j += c >= 0;
	}
	for (size_t k = 0; k < of->range_n; k++)
		add_range(w, &of->ranges[k]);
	assert(w->n >= of->word_n && w->n >= of->listing_n && w->n + w->range_n <= most);
	return w;
}

void blocklist_words_destroy(struct blocklist_words *w)
{
	if (w)
		buf_fini(&w->reasons);
	free(w);
}

static void fill_note(const struct blocklist_words *w, const struct word *at,
                      struct blocklist_note *note)
{
	const char *seen = w->reasons.p + at->seen_at;
	*note = (struct blocklist_note){ w->reasons.p + at->reason_at, at->since_s, at->by_word,
	                                 { NULL } };
	for (unsigned i = 0; at->seen_at && i < SEEN_LENGTHS; i++, seen += strlen(seen) + 1)
		note->seen[i] = seen;
	assert(!at->seen_at || (!at->by_word && seen <= w->reasons.p + w->reasons.n));
}

bool blocklist_words_find(const struct blocklist_words *w, const struct prefix *entry,
                          struct blocklist_note *note)
{
	bool is_range = entry->len < ip_bits(&entry->ip);
	size_t low = !w ? 0 : is_range ? w->n : 0;
	size_t high = !w ? 0 : is_range ? w->n + w->range_n : w->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct word *at = &w->v[middle];
		int c = prefix_cmp(&at->entry, entry);
		assert(middle < w->n + w->range_n && at->reason_at < w->reasons.n);
		if (c == 0) {
			fill_note(w, at, note);
			return true;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
