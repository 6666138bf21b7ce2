/* SPDX-License-Identifier: ISC
 *
 * Tokens of header fields, a function per production of RFC 5322 3.2.
 */
#include "mail/lexical.h"

size_t lexical_quoted(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		i += s.p[i] == '\\';
	}
	return 0;
}

/* At a quote in a comment: the length of a quoted local part, "@" and all, or 0. */
static size_t local_part(struct str s)
{
	size_t n = lexical_quoted(s);
	return n && n < s.n && s.p[n] == '@' ? n + 1 : 0;
}

size_t lexical_comment(struct str s)
{
	size_t depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		size_t local = s.p[i] == '"' ? local_part(str_from(s, i)) : 0;
		if (local)
			i += local - 1;
		else if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return s.n;
}

struct str lexical_skip(struct str s)
{
	while (s.n && (ascii_isspace(s.p[0]) || s.p[0] == '('))
		s = str_from(s, s.p[0] == '(' ? lexical_comment(s) : 1);
	return s;
}

struct str lexical_keyword(struct str *s)
{
	size_t n = 0;
	while (n < s->n && (ascii_isalnum((unsigned char)s->p[n]) || s->p[n] == '-' ||
	                    s->p[n] == '_'))
		n++;
	struct str word = { s->p, n };
	*s = str_from(*s, n);
	return word;
}

bool lexical_take(struct str *s, char c)
{
	struct str behind = lexical_skip(*s);
	if (behind.n == 0 || behind.p[0] != c)
		return false;
	*s = str_from(behind, 1);
	return true;
}

/* The length of a run without white space, semicolon and comment; SIZE_MAX if a quoted
 * string in it never closes. *at: an "@" stands in it, outside of quotes. */
static size_t run_length(struct str s, bool *at)
{
	size_t i = 0;
	while (i < s.n && !ascii_isspace(s.p[i]) && !strchr(";()", s.p[i] ? s.p[i] : 'x')) {
		size_t n = 1;
		if (s.p[i] == '"' && (n = lexical_quoted(str_from(s, i))) == 0)
			return SIZE_MAX;
		*at |= s.p[i] == '@';
		i += n;
	}
	return i;
}

bool lexical_value(struct str *s, struct str *value)
{
	bool at = false;
	struct str begin = lexical_skip(*s);
	size_t n = run_length(begin, &at);
	if (n == SIZE_MAX)
		return false;
	struct str rest = str_from(begin, n), behind = lexical_skip(rest);
	if (!at && n && behind.n && behind.p[0] == '@') {
		size_t more = run_length(behind, &at);
		if (more == SIZE_MAX)
			return false;
		rest = str_from(behind, more);
	}
	*value = (struct str){ begin.p, begin.n - rest.n };
	*s = rest;
	return true;
}

struct str lexical_inside(struct str value)
{
	if (value.n >= 2 && value.p[0] == '"' && lexical_quoted(value) == value.n)
		return (struct str){ value.p + 1, value.n - 2 };
	return value;
}

size_t lexical_unquote(struct str value, char *dst, size_t size)
{
	size_t n = 0;
	bool quoted = false;
	for (size_t i = 0; i < value.n && n < size; i++) {
		if (value.p[i] == '"') {
			quoted = !quoted;
			continue;
		}
		if (value.p[i] == '\\' && quoted && i + 1 < value.n)
			i++;
		if (value.p[i] != '\r' && value.p[i] != '\n')
			dst[n++] = value.p[i];
	}
	return n;
}

size_t lexical_unpair(struct str inside, char *dst, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < inside.n && n < size; i++) {
		if (inside.p[i] == '\\' && i + 1 < inside.n)
			i++;
		dst[n++] = inside.p[i];
	}
	return n;
}

static bool is_domain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (!ascii_isalnum(c) && c < 0x80 && c != '-' && c != '.' && c != '_')
			return false;
	}
	return s.n != 0 && s.p[0] != '.';
}

struct str lexical_domain(struct str value)
{
	struct str s = str_trim(lexical_inside(value));
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = (struct str){ s.p + 1, s.n - 2 };
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == '@') {
			s = str_from(s, i + 1);
			break;
		}
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	return is_domain(s) ? s : STR("");
}
