/* SPDX-License-Identifier: ISC
 *
 * Distances between words, in steps of one typing error (optimal string alignment).
 */
#include "base/suggest.h"

#include <assert.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(struct str a, size_t i, struct str b, size_t k)
{
	return str_caseeq((struct str){ a.p + i, 1 }, (struct str){ b.p + k, 1 });
}

/* rows[2] is of the first i letters of a, against each beginning of b; rows[1] and rows[0] of one
 * and two letters less. */
static size_t distance(struct str a, struct str b)
{
	size_t rows[3][SUGGEST_WORD_MAX + 1] = { { 0 } };
	assert(a.n <= SUGGEST_WORD_MAX && b.n <= SUGGEST_WORD_MAX);
	for (size_t k = 0; k <= b.n; k++)
		rows[2][k] = k;
	for (size_t i = 1; i <= a.n; i++) {
		memcpy(rows[0], rows[1], sizeof(rows[0]));
		memcpy(rows[1], rows[2], sizeof(rows[1]));
		rows[2][0] = i;
		for (size_t k = 1; k <= b.n; k++) {
			size_t d = least(rows[1][k], rows[2][k - 1]) + 1;
			d = least(d, rows[1][k - 1] + !same(a, i - 1, b, k - 1));
			if (i > 1 && k > 1 && same(a, i - 1, b, k - 2) && same(a, i - 2, b, k - 1))
				d = least(d, rows[0][k - 2] + 1);
			rows[2][k] = d;
		}
	}
	return rows[2][b.n];
}

struct suggestion suggest(struct str given)
{
	size_t most = given.n < 6 ? 1 : given.n / 3;
	return (struct suggestion){ .given = given, .distance = most + 1 };
}

void suggest_among(struct suggestion *s, const char *word)
{
	struct str known = str_of(word);
	if (s->given.n == 0 || s->given.n > SUGGEST_WORD_MAX || known.n > SUGGEST_WORD_MAX)
		return;
	size_t d = distance(s->given, known);
	if (d < s->distance) {
		s->distance = d;
		s->word = word;
	}
}
