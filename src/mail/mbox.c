/* SPDX-License-Identifier: ISC
 *
 * An mbox cut at its From lines, and an MMDF mailbox at its marks.
 *
 * A sentence of a text may begin with "From ", too, and many programs neither escape it nor
 * leave an empty line before a true one. What tells is the date, which every writer puts at
 * the end of the line (RFC 4155), and the header behind it.
 */
#include "mail/mbox.h"

#include "mail/date.h"
#include "mail/header.h"

static const struct str from_line = { "From ", 5 };
static const struct str mmdf_mark = { "\1\1\1\1", 4 };

static struct str skip_line(struct str s)
{
	const char *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
	return nl ? str_from(s, (size_t)(nl - s.p) + 1) : str_from(s, s.n);
}

static struct str line_of(struct str s)
{
	s.n -= skip_line(s).n;
	return str_trim(s);
}

static bool is_mmdf(struct str s)
{
	return str_prefix(s, mmdf_mark) && str_eq(line_of(s), mmdf_mark);
}

/* Does a header begin here? */
static bool begins_header(struct str s)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, s);
	return c.at < s.n && header_next(&c, &f) && !f.odd;
}

struct str mbox_text(struct str file)
{
	static const struct str utf8_mark = { "\xef\xbb\xbf", 3 };
	struct str s = str_prefix(file, utf8_mark) ? str_from(file, utf8_mark.n) : file;
	while (s.n && line_of(s).n == 0)
		s = skip_line(s);
	return str_prefix(s, from_line) || is_mmdf(s) || begins_header(s) ? s : file;
}

bool mbox_is(struct str file)
{
	struct str s = mbox_text(file);
	return str_prefix(s, from_line) || is_mmdf(s);
}

/* Words of a sentence may go on behind a date; of a "From " line only the zone, the year or
 * the host does that the mail came from by UUCP. */
static bool ends_with_date(struct str line)
{
	size_t from = line.n;
	while (from && !ascii_isspace(line.p[from - 1]))
		from--;
	struct str last = str_from(line, from);
	bool small = false;
	for (size_t i = 0; i < last.n; i++)
		small |= last.p[i] >= 'a' && last.p[i] <= 'z';
	return (last.n && !small && last.p[last.n - 1] != '.') ||
	       str_casesearch(line, STR(" remote from ")) != SIZE_MAX;
}

/* "a@b Tue Mar  5 10:00:00 2024": the date stands behind the sender, which may hold spaces. */
static bool has_date(struct str line)
{
	enum { WORDS_MAX = 24, LINE_MAX_BYTES = 1000 };
	struct str word, all = str_from(line, from_line.n), rest = all;
	bool nobody = all.n && all.p[0] == ' ';
	if (all.n > LINE_MAX_BYTES || !ends_with_date(line))
		return false;
	for (unsigned i = 0; i < WORDS_MAX && str_word(&rest, &word); i++) {
		struct mail_date date;
		struct str from_here = str_from(all, (size_t)(word.p - all.p));
		if (i == 0 && !nobody)
			continue;
		if (mail_date_parse(from_here, &date) == ERR_OK && date.has_weekday)
			return true;
	}
	return false;
}

/* "From somebody": all that a few programs write. */
static bool is_undated(struct str line)
{
	struct str word, rest = str_from(line, from_line.n);
	return str_word(&rest, &word) && !str_word(&rest, &word);
}

/* The "From " line of a message. Behind it a header begins, or another such line, escaped. */
static bool begins_message(const struct mbox_cursor *c, struct str s, bool behind_blank)
{
	struct str line, next;
	if (!str_prefix(s, from_line))
		return false;
	line = line_of(s);
	next = skip_line(s);
	if (!begins_header(next) && !str_prefix(next, STR(">From ")))
		return false;
	return has_date(line) || (behind_blank && c->undated && is_undated(line));
}

static bool is_blank(struct str s, size_t at)
{
	return (at < s.n && s.p[at] == '\n') ||
	       (at + 1 < s.n && s.p[at] == '\r' && s.p[at + 1] == '\n');
}

void mbox_begin(struct mbox_cursor *c, struct str file)
{
	c->rest = mbox_text(file);
	c->mmdf = is_mmdf(c->rest);
	c->undated = str_prefix(c->rest, from_line) && !has_date(line_of(c->rest));
}

/* A message of MMDF stands between two marks, often with a "From " line of its own. */
static bool mmdf_next(struct mbox_cursor *c, struct str *message)
{
	struct str s = c->rest;
	while (is_mmdf(s))
		s = skip_line(s);
	if (str_prefix(s, from_line))
		s = skip_line(s);
	struct str rest = s;
	if (s.n == 0)
		return false;
	while (rest.n && !is_mmdf(rest))
		rest = skip_line(rest);
	*message = (struct str){ s.p, s.n - rest.n };
	c->rest = rest;
	return true;
}

/* A message ends before another's "From " line, the empty line between left out, or at the end. */
bool mbox_next(struct mbox_cursor *c, struct str *message)
{
	struct str s = c->rest;
	if (c->mmdf)
		return mmdf_next(c, message);
	if (str_prefix(s, from_line))
		s = skip_line(s);
	if (s.n == 0)
		return false;
	for (size_t at = 0, before = 0; at < s.n; at = s.n - skip_line(str_from(s, at)).n) {
		bool behind_blank = at && is_blank(s, before);
		if (at && begins_message(c, str_from(s, at), behind_blank)) {
			*message = (struct str){ s.p, behind_blank ? before : at };
			c->rest = str_from(s, at);
			return true;
		}
		before = at;
	}
	*message = s;
	c->rest = str_from(s, s.n);
	return true;
}
