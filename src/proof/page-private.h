/* SPDX-License-Identifier: ISC
 *
 * What the files share that write a page as text.
 */
#ifndef PORTREEVE_PROOF_PAGE_PRIVATE_H
#define PORTREEVE_PROOF_PAGE_PRIVATE_H

#include "proof/page.h"

/* The sequences that begin and end a tone; "" where there are no colours. */
const char *page_tone_on(const struct page_terminal *terminal, enum page_tone tone);
const char *page_tone_off(const struct page_terminal *terminal, enum page_tone tone);
/* Bytes of the longest beginning of escaped text that has at most `columns` characters: up to a
 * space that is not far back, or mid-word. At least one character. */
size_t page_fitting(struct str s, size_t columns);
/* Appends the table, in columns where they fit, else row by row. */
void page_table_to_text(const struct page_table *table, const struct page_terminal *terminal,
                        struct buf *out);

#endif
