/* SPDX-License-Identifier: ISC
 *
 * What holds of any page of ours, whatever it was made of: UTF-8, no control characters, and no tag
 * that is not among ours. Each target has its own `tags`, without what opens them; a tag begins
 * as one of them does.
 */
#ifndef PORTREEVE_FUZZ_HTML_H
#define PORTREEVE_FUZZ_HTML_H

#include "base/str.h"

#include <stdlib.h>

static inline bool html_is_ours(struct str tag, const char *const *tags, size_t n)
{
	if (tag.n && tag.p[0] == '/')
		tag = str_from(tag, 1);
	for (size_t i = 0; i < n; i++)
		if (str_prefix(tag, str_of(tags[i])))
			return true;
	return false;
}

static inline void html_check(struct str html, const char *const *tags, size_t n)
{
	if (!str_is_utf8(html))
		abort();
	for (size_t i = 0; i < html.n; i++) {
		unsigned char c = (unsigned char)html.p[i];
		if ((c < 0x20 && c != '\n') || c == 0x7f)
			abort();
		if (c == '<' && !html_is_ours(str_from(html, i + 1), tags, n))
			abort();
	}
}

#endif
