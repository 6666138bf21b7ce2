/* SPDX-License-Identifier: ISC
 *
 * An mbox cut at its From lines.
 */
#include "mail/mbox.h"

#include "mail/header.h"

static const struct str from_line = { "From ", 5 };

bool mbox_is(struct str file)
{
	return str_prefix(file, from_line);
}

/* The "From " line of a message, and no sentence of the text before it that begins with
 * that word: the line behind it begins a header. */
static bool begins_message(struct str s)
{
	struct header_cursor c;
	struct header_field f;
	if (!mbox_is(s))
		return false;
	header_begin(&c, s);
	return c.at < s.n && header_next(&c, &f) &&
	       (!f.odd || str_prefix(f.line, STR(">From ")));
}

static struct str skip_line(struct str s)
{
	const char *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
	return nl ? str_from(s, (size_t)(nl - s.p) + 1) : str_from(s, s.n);
}

static bool is_blank(struct str s, size_t at)
{
	return (at < s.n && s.p[at] == '\n') ||
	       (at + 1 < s.n && s.p[at] == '\r' && s.p[at + 1] == '\n');
}

void mbox_begin(struct mbox_cursor *c, struct str file)
{
	c->rest = file;
}

/* A message ends at an empty line before another's "From " line, or at the end. */
bool mbox_next(struct mbox_cursor *c, struct str *message)
{
	struct str s = c->rest;
	if (mbox_is(s))
		s = skip_line(s);
	if (s.n == 0)
		return false;
	size_t at = 0;
	while (at < s.n) {
		size_t blank = at;
		const char *nl = memchr(s.p + at, '\n', s.n - at);
		at = nl ? (size_t)(nl - s.p) + 1 : s.n;
		if (is_blank(s, blank) && begins_message(str_from(s, at))) {
			*message = (struct str){ s.p, blank };
			c->rest = str_from(s, at);
			return true;
		}
	}
	*message = s;
	c->rest = str_from(s, s.n);
	return true;
}
