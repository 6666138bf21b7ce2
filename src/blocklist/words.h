/* SPDX-License-Identifier: ISC
 *
 * The listings that only the operator's word keeps, with its reasons: DNS must not say of them
 * that they were proved. Immutable once made, as the index is (blocklist/index.h); these are
 * few beside the proved ones.
 */
#ifndef PORTREEVE_BLOCKLIST_WORDS_H
#define PORTREEVE_BLOCKLIST_WORDS_H

#include "store/types.h"

struct blocklist_words;

/* Of store_words(): in order of the address. */
struct blocklist_words *blocklist_words_create(const struct listing *rows, size_t n);
void blocklist_words_destroy(struct blocklist_words *w);          /* NULL is fine */
/* The reason if the address is listed by word, else NULL. `w` may be NULL: none is. Neither
 * allocates nor blocks. */
const char *blocklist_words_reason(const struct blocklist_words *w, const struct ip *address);

#endif
