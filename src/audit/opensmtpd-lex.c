/* SPDX-License-Identifier: ISC
 *
 * smtpd.conf as statements of tokens. A macro is put in as its value's tokens, once: a value's own
 * "$" is not looked up, as in the server.
 */
#include "audit/opensmtpd-private.h"

#include <assert.h>

enum { TOKENS_MAX = 20000 };

struct lexer {
	struct smtpd *s;
	struct smtpd_statement *st;
	size_t cap;
	unsigned braces;
};

static bool is_single(char c)
{
	return c == '{' || c == '}' || c == '<' || c == '>' || c == '=' || c == ',' || c == '!';
}

static void add(struct lexer *lex, struct str text, bool quoted)
{
	struct smtpd_statement *st = lex->st;
	if (st->n >= TOKENS_MAX)
		return;
	if (st->n == lex->cap) {
		size_t cap = lex->cap ? lex->cap * 2 : 16;
		struct smtpd_token *larger = arena_alloc(lex->s->g->a, cap * sizeof(*larger));
		if (st->n)
			memcpy(larger, st->t, st->n * sizeof(*larger));
		st->t = larger;
		lex->cap = cap;
	}
	st->t[st->n++] = (struct smtpd_token){ text, quoted };
	if (!quoted && text.n == 1 && text.p[0] == '{')
		lex->braces++;
	if (!quoted && text.n == 1 && text.p[0] == '}' && lex->braces)
		lex->braces--;
}

static size_t quoted_length(struct str text, char quote)
{
	size_t i = 0;
	while (i < text.n && text.p[i] != quote)
		i += text.p[i] == '\\' && i + 1 < text.n ? 2 : 1;
	return i;
}

/* What begins behind the quote; how many bytes it takes with the one that ends it. */
static size_t add_quoted(struct lexer *lex, struct str text, char quote)
{
	size_t end = quoted_length(text, quote), n = 0;
	char *value = arena_alloc(lex->s->g->a, end + 1);
	for (size_t i = 0; i < end; i++) {
		if (text.p[i] == '\\' && i + 1 < end &&
		    (text.p[i + 1] == quote || text.p[i + 1] == '\n'))
			i++;
		if (text.p[i] != '\n')
			value[n++] = text.p[i];
	}
	add(lex, (struct str){ value, n }, true);
	return end < text.n ? end + 1 : end;
}

static size_t word_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && !ascii_isspace(text.p[n]) && !is_single(text.p[n]) &&
	       text.p[n] != '#' && text.p[n] != '"' && !(n && text.p[n] == '\\'))
		n++;
	return n;
}

static void add_words(struct lexer *lex, struct str text, bool macros);

static void add_macro(struct lexer *lex, struct str name)
{
	for (size_t i = lex->s->macro_n; i-- > 0;)
		if (str_eq(lex->s->macros[i].name, name)) {
			struct str value = lex->s->macros[i].value;
			lex->s->expanded_bytes += value.n;
			if (lex->s->expanded_bytes > AUDIT_FILE_MAX_BYTES)
				return;
			add_words(lex, value, false);
			return;
		}
}

/* The token that text begins with, which is no space; its length, at least 1. */
static size_t add_one(struct lexer *lex, struct str text, bool macros)
{
	char c = text.p[0];
	if (c == '"' || c == '\'')
		return 1 + add_quoted(lex, str_from(text, 1), c);
	if (is_single(c)) {
		add(lex, (struct str){ text.p, 1 }, false);
		return 1;
	}
	size_t n = word_length(text);
	if (!n)
		return 1;
	if (c == '$' && macros)
		add_macro(lex, (struct str){ text.p + 1, n - 1 });
	else
		add(lex, (struct str){ text.p, n }, false);
	return n;
}

static void add_words(struct lexer *lex, struct str text, bool macros)
{
	for (size_t i = 0; i < text.n;)
		i += ascii_isspace(text.p[i]) ? 1 : add_one(lex, str_from(text, i), macros);
}

/* To the end of the line, and on behind a backslash. */
static size_t comment_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && (text.p[n] != '\n' || (n && text.p[n - 1] == '\\')))
		n++;
	return n;
}

static unsigned count_lines(struct str bytes)
{
	unsigned n = 0;
	for (size_t i = 0; i < bytes.n; i++)
		n += bytes.p[i] == '\n';
	return n;
}

static void step(struct lexer *lex, struct smtpd_source *source)
{
	struct str rest = str_from(source->text, source->at);
	size_t n;
	if (rest.p[0] == '#')
		n = comment_length(rest);
	else if (ascii_isspace(rest.p[0]) || (rest.p[0] == '\\' && rest.n > 1 && rest.p[1] == '\n'))
		n = rest.p[0] == '\\' ? 2 : 1;
	else
		n = add_one(lex, rest, true);
	source->line += count_lines((struct str){ rest.p, n });
	source->at += n;
}

bool smtpd_next(struct smtpd *s, struct smtpd_source *source, struct smtpd_statement *st)
{
	*st = (struct smtpd_statement){ 0 };
	struct lexer lex = { s, st, 0, 0 };
	size_t from = source->at;
	st->place = (struct audit_place){ source->file, source->line, "" };
	while (source->at < source->text.n) {
		bool ends = source->text.p[source->at] == '\n' && !lex.braces;
		if (ends && st->n)
			break;
		if (!st->n) {
			from = source->at;
			st->place.line = source->line;
		}
		step(&lex, source);
	}
	if (!st->n)
		return false;
	assert(source->at <= source->text.n);
	struct str bytes = { source->text.p + from, source->at - from };
	if (bytes.n > AUDIT_LINE_MAX_BYTES || st->n >= TOKENS_MAX) {
		gather_cut_at(s->g, &st->place, "it is too long");
		st->n = 0;
		bytes.n = bytes.n < 200 ? bytes.n : 200;
	}
	st->place.text = gather_text(s->g, bytes);
	return true;
}
