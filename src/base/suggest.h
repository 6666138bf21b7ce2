/* SPDX-License-Identifier: ISC
 *
 * The known word to which a mistyped one is nearest ("did you mean"). Pure.
 */
#ifndef PORTREEVE_BASE_SUGGEST_H
#define PORTREEVE_BASE_SUGGEST_H

#include "base/str.h"

enum { SUGGEST_WORD_MAX = 40 };

/* The best of the words that it was told about. */
struct suggestion {
	struct str given;
	size_t distance;
	const char *word;                    /* NULL: none is near */
};

/* `given` is kept by reference. */
struct suggestion suggest(struct str given);
/* One of the known words, kept by reference. Letters' case does not count. A letter that is
 * missing, too much or another, or two that are swapped, is one step; a short word may have one,
 * a longer one a third of its length. Of equals the first stays. What is longer than
 * SUGGEST_WORD_MAX is near to nothing. */
void suggest_among(struct suggestion *s, const char *word);

#endif
