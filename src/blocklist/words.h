/* SPDX-License-Identifier: ISC
 *
 * What DNS says of a listing besides that it is there. The listings that only the operator's word
 * keeps are always here, for DNS must not say of them that they were proved; so are those whose
 * server saw us by a wrong address. Both are few. The others are here where a template of the
 * configuration asks for their reason or date. Listed ranges, which are by word, are always here.
 * Immutable once made, as the index is (blocklist/index.h), whose entries it is asked about.
 *
 * Hostile input that reaches it: reasons, in any bytes, of whoever wrote into the database.
 */
#ifndef PORTREEVE_BLOCKLIST_WORDS_H
#define PORTREEVE_BLOCKLIST_WORDS_H

#include "catalogue/seen.h"
#include "store/types.h"

struct blocklist_words;

struct blocklist_note {
	const char *reason;                  /* UTF-8 without control characters */
	int64_t since_s;
	bool by_word;                        /* by the operator's word alone */
	/* By which address the server saw us (catalogue/seen.h), from the longest to the shortest;
	 * NULL, all of them: that is not told. */
	const char *seen[SEEN_LENGTHS];
};

/* What it is made of: store_words(), and store_listings() or store_seen(), both in order of the
 * address; who is in
 * both is listed by word; and store_ranges(), in order. NULL and 0: nothing is said of them. */
struct blocklist_words_of {
	const struct listing *words, *listings;
	const struct listed_range *ranges;
	size_t word_n, listing_n, range_n;
};
struct blocklist_words *blocklist_words_create(const struct blocklist_words_of *of);
void blocklist_words_destroy(struct blocklist_words *w);          /* NULL is fine */
/* Whether there is a note on that entry of the list, an address or a range; the reason is of `w`,
 * which may be NULL: there is none. Neither allocates nor blocks. */
bool blocklist_words_find(const struct blocklist_words *w, const struct prefix *entry,
                          struct blocklist_note *note);

#endif
