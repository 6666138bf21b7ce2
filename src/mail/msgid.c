/* SPDX-License-Identifier: ISC
 *
 * Message identifiers: the strict grammar, so that what passes can stand in a header of ours.
 */
#include "mail/msgid.h"

#include "mail/header.h"
#include "mail/lexical.h"

/* atext of RFC 5322 3.2.3. */
static bool is_atext(char c)
{
	return ascii_isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The length of the dot-atom-text at its beginning; 0: none. */
static size_t dot_atom(struct str s)
{
	size_t n = 0;
	while (n < s.n && (is_atext(s.p[n]) || (s.p[n] == '.' && n && s.p[n - 1] != '.')))
		n++;
	return n && s.p[n - 1] == '.' ? 0 : n;
}

/* no-fold-literal: "[" dtext "]". */
static size_t literal(struct str s)
{
	size_t n = 1;
	if (s.n < 2 || s.p[0] != '[')
		return 0;
	while (n < s.n && s.p[n] > ' ' && s.p[n] < 0x7f && !strchr("[]\\", s.p[n]))
		n++;
	return n < s.n && s.p[n] == ']' ? n + 1 : 0;
}

static size_t msgid(struct str s)
{
	if (s.n == 0 || s.p[0] != '<')
		return 0;
	size_t left = dot_atom(str_from(s, 1)), at = 1 + left;
	if (left == 0 || at >= s.n || s.p[at] != '@')
		return 0;
	struct str behind = str_from(s, at + 1);
	size_t right = dot_atom(behind);
	if (right == 0)
		right = literal(behind);
	size_t end = at + 1 + right;
	return right && end < s.n && s.p[end] == '>' ? end + 1 : 0;
}

struct str msgid_parse(struct str value)
{
	struct str s = lexical_skip(value);
	size_t n = msgid(s);
	return lexical_skip(str_from(s, n)).n == 0 ? (struct str){ s.p, n } : STR("");
}

struct str msgid_of(struct str message)
{
	struct header_cursor c;
	struct header_field f;
	struct str found = STR("");
	size_t fields = 0;
	header_begin(&c, message);
	while (header_next(&c, &f))
		if (header_is(&f, STR("Message-ID"))) {
			fields++;
			found = msgid_parse(f.value);
		}
	return fields == 1 ? found : STR("");
}
