/* SPDX-License-Identifier: ISC
 *
 * The lines of a page as text: where one ends, and its colour.
 *
 * Hostile input that reaches it: texts of the page, escaped already.
 */
#include "proof/page-private.h"

#include <assert.h>

const char *page_tone_on(const struct page_terminal *terminal, enum page_tone tone)
{
	static const char *const codes[] = {
		[PAGE_PLAIN] = "", [PAGE_STRONG] = "\033[1m", [PAGE_GOOD] = "\033[32m",
		[PAGE_WARNING] = "\033[33m", [PAGE_BAD] = "\033[1;31m",
	};
	assert((size_t)tone < sizeof(codes) / sizeof(*codes));
	return terminal->colour ? codes[tone] : "";
}

const char *page_tone_off(const struct page_terminal *terminal, enum page_tone tone)
{
	return terminal->colour && tone != PAGE_PLAIN ? "\033[0m" : "";
}

static size_t character(struct str s, size_t at)
{
	size_t n = str_utf8(str_from(s, at));
	return n ? n : 1;
}

size_t page_fitting(struct str s, size_t columns)
{
	size_t n = 0, used = 0, space = 0;
	while (n < s.n && used < columns) {
		if (s.p[n] == ' ')
			space = n;
		n += character(s, n);
		used++;
	}
	if (n < s.n && s.p[n] != ' ' && space > n / 2)
		n = space;
	return n;
}
