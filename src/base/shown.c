/* SPDX-License-Identifier: ISC
 *
 * Foreign text for a terminal or a page: a table of the characters that must not go there.
 */
#include "base/shown.h"

#include <assert.h>

static const struct { unsigned from, to; } hidden[] = {
	{ 0x7f, 0x9f },                         /* DEL and C1 */
	{ 0xad, 0xad },                         /* soft hyphen */
	{ 0x34f, 0x34f },                       /* combining grapheme joiner */
	{ 0x61c, 0x61c },                       /* Arabic letter mark */
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, /* fillers, inherent vowels */
	{ 0x180b, 0x180f },                     /* Mongolian selectors */
	{ 0x200b, 0x200f },                     /* zero width; marks of direction */
	{ 0x2028, 0x202e },                     /* line and paragraph; embeddings, overrides */
	{ 0x2060, 0x206f },                     /* joiners, isolates, invisible operators */
	{ 0x3164, 0x3164 },
	{ 0xe000, 0xf8ff },                     /* private */
	{ 0xfdd0, 0xfdef },                     /* no characters */
	{ 0xfe00, 0xfe0f },                     /* variation selectors */
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffc },                     /* annotations */
	{ 0xfffe, 0xffff },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0x10ffff },                  /* tags, selectors, private planes */
};

static bool is_shown(unsigned c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return (c & 0xfffe) != 0xfffe;          /* the last two of a plane are none */
}

void shown_add(struct buf *b, struct str s, bool utf8)
{
	while (s.n) {
		size_t n = str_utf8(s);
		if (utf8 && n > 1 && is_shown(str_utf8_value(s, n)))
			buf_add(b, s.p, n);
		else
			buf_add_escaped(b, (struct str){ s.p, n = n ? n : 1 });
		s = str_from(s, n);
	}
}

void shown_add_plain(struct buf *b, struct str s, bool utf8)
{
	while (s.n) {
		unsigned char c = (unsigned char)s.p[0];
		size_t n = str_utf8(s);
		n = n ? n : 1;
		if (ascii_isprint(c))
			buf_add_byte(b, (char)c);
		else if (c == '\t')
			buf_add_byte(b, ' ');
		else if (c < 0x20)
			buf_printf(b, "\\x%02x", c);
		else
			shown_add(b, (struct str){ s.p, n }, utf8);
		s = str_from(s, n);
	}
}

void shown_narrow(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
		else
			buf_add_byte(b, s.p[i]);
}

struct str shown_cut(struct str s, size_t max)
{
	size_t n = 0;
	while (n < s.n) {
		size_t next = str_utf8(str_from(s, n));
		next = next ? next : 1;
		if (n + next > max)
			break;
		n += next;
	}
	assert(n <= max && n <= s.n);
	return (struct str){ s.p, n };
}

size_t shown_columns(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}
