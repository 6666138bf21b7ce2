/* SPDX-License-Identifier: ISC
 *
 * MIME values cut into their main part and parameters.
 */
#include "mail/parameter.h"

#include "mail/lexical.h"

static struct str cut_to_limit(struct str value)
{
	if (value.n > PARAMETER_READ_MAX_BYTES)
		value.n = PARAMETER_READ_MAX_BYTES;
	return value;
}

/* A run of what stands in tokens. Writers leave out quotes where the grammar wants them, so
 * that it ends only where something else must begin. */
static struct str take_token(struct str *s, const char *ends)
{
	size_t n = 0;
	while (n < s->n && s->p[n] && !ascii_isspace(s->p[n]) && !strchr(ends, s->p[n]))
		n++;
	struct str token = { s->p, n };
	*s = str_from(*s, n);
	return token;
}

struct str parameter_main(struct str value, struct arena *arena)
{
	struct str s = lexical_skip(cut_to_limit(value)), first;
	if (s.n && s.p[0] == '"' && lexical_quoted(s)) {
		s.n = lexical_quoted(s);
		return lexical_inside(s);
	}
	first = take_token(&s, "/;()");
	if (!lexical_take(&s, '/'))
		return first;
	s = lexical_skip(s);
	struct str second = take_token(&s, ";()");
	return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(first), STR_ARG(second)));
}

/* A parameter as it is written: name[*piece][*]=value */
struct written {
	struct str name, value;
	unsigned piece;
	bool in_pieces, extended;
};

/* A quoted string without an end runs to the end of the value. */
static struct str take_parameter_value(struct str *s)
{
	*s = lexical_skip(*s);
	if (s->n == 0 || s->p[0] != '"')
		return take_token(s, ";()");
	size_t n = lexical_quoted(*s);
	struct str value = { s->p, n ? n : s->n };
	*s = str_from(*s, value.n);
	return value;
}

static void read_name(struct str s, struct written *w)
{
	size_t star = str_find(s, '*');
	w->name = (struct str){ s.p, star == SIZE_MAX ? s.n : star };
	s = str_from(s, star == SIZE_MAX ? s.n : star + 1);
	w->extended = star != SIZE_MAX && s.n == 0;
	w->in_pieces = s.n != 0 && ascii_isdigit((unsigned char)s.p[0]);
	w->piece = 0;
	while (s.n && ascii_isdigit((unsigned char)s.p[0])) {
		w->piece = w->piece * 10 + (unsigned)(s.p[0] - '0');
		if (w->piece >= PARAMETER_PIECES_MAX)
			w->piece = PARAMETER_PIECES_MAX;
		s = str_from(s, 1);
	}
	w->extended |= w->in_pieces && str_eq(s, STR("*"));
}

/* The next parameter; false at the end. */
static bool next_written(struct str *s, struct written *w)
{
	for (*s = lexical_skip(*s); s->n; *s = lexical_skip(*s)) {
		struct str before = *s, name = take_token(s, "=;()\"");
		if (name.n && lexical_take(s, '=')) {
			read_name(name, w);
			w->value = take_parameter_value(s);
			return true;
		}
		if (s->n == before.n)
			*s = str_from(*s, s->p[0] == '"' && lexical_quoted(*s)
				? lexical_quoted(*s) : 1);
	}
	return false;
}

static int hex_digit(char c)
{
	if (ascii_isdigit((unsigned char)c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "%2E" is ".": in place, as it only gets shorter. */
static size_t undo_percent(char *p, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		int high = p[i] == '%' && i + 2 < n ? hex_digit(p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(p[i + 2]) : -1;
		p[out++] = low >= 0 ? (char)(high * 16 + low) : p[i];
		i += low >= 0 ? 2 : 0;
	}
	return out;
}

/* Behind the character set and the language: "x" of "us-ascii'en'x". */
static struct str behind_charset(struct str s)
{
	size_t first = str_find(s, '\'');
	struct str rest = str_from(s, first == SIZE_MAX ? s.n : first + 1);
	size_t second = str_find(rest, '\'');
	return second == SIZE_MAX ? s : str_from(rest, second + 1);
}

static struct str read_value(const struct written *w, struct arena *arena)
{
	struct str s = w->value;
	char *text = arena_alloc(arena, s.n + 1);
	size_t n = lexical_unquote(s, text, s.n);
	if (!w->extended)
		return (struct str){ text, n };
	struct str rest = w->piece == 0 ? behind_charset((struct str){ text, n })
	                                : (struct str){ text, n };
	size_t skipped = n - rest.n;
	return (struct str){ text + skipped, undo_percent(text + skipped, rest.n) };
}

static struct str join(const struct str *piece, struct arena *arena)
{
	size_t n = 0, at = 0;
	for (unsigned i = 0; i < PARAMETER_PIECES_MAX && piece[i].p; i++)
		n += piece[i].n;
	char *all = arena_alloc(arena, n + 1);
	for (unsigned i = 0; i < PARAMETER_PIECES_MAX && piece[i].p; i++) {
		memcpy(all + at, piece[i].p, piece[i].n);
		at += piece[i].n;
	}
	return (struct str){ all, n };
}

struct str parameter_find(struct str value, struct str name, struct arena *arena)
{
	struct str s = lexical_skip(cut_to_limit(value)), piece[PARAMETER_PIECES_MAX] = { 0 };
	struct written w;
	(void)take_token(&s, ";()");     /* the main part may hold "=", which makes no parameter */
	while (next_written(&s, &w)) {
		if (!str_caseeq(w.name, name))
			continue;
		if (!w.extended && !w.in_pieces)
			return read_value(&w, arena);
		if (w.piece < PARAMETER_PIECES_MAX && !piece[w.piece].p)
			piece[w.piece] = read_value(&w, arena);
	}
	return join(piece, arena);
}
