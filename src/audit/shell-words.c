/* SPDX-License-Identifier: ISC
 *
 * A shell's words one by one, quotes taken off and variables put in; those that are assignments, at
 * the beginning of a command, are kept.
 */
#include "audit/shell-words.h"

#include <assert.h>

struct shell {
	struct str rest;
	unsigned line;
	struct arena *arena;
	struct shell_values *values;
	struct buf word;
	bool unknown;                    /* of the word */
};

const struct shell_value *shell_value_of(const struct shell_values *values, const char *name)
{
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->v[i].name, name) == 0)
			return &values->v[i];
	return NULL;
}

static char byte_at(const struct shell *s, size_t i)
{
	return i < s->rest.n ? s->rest.p[i] : '\0';
}

/* Bytes that are read: lines are counted. */
static void pass(struct shell *s, size_t n)
{
	assert(n <= s->rest.n);
	for (size_t i = 0; i < n; i++)
		s->line += s->rest.p[i] == '\n';
	s->rest = str_from(s->rest, n);
}

static void put(struct shell *s, char c)
{
	if (s->word.n < SHELL_VALUE_MAX_BYTES && c)
		buf_add_byte(&s->word, c);
	else
		s->unknown = true;
}

static size_t name_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && (ascii_isalpha((unsigned char)text.p[n]) || text.p[n] == '_' ||
	                      (n && ascii_isdigit((unsigned char)text.p[n]))))
		n++;
	return n;
}

/* "$NAME", "${NAME}"; what else a "$" begins is not known. */
static void put_variable(struct shell *s)
{
	const bool braces = byte_at(s, 1) == '{';
	const size_t start = braces ? 2 : 1;
	const size_t n = name_length(str_from(s->rest, start < s->rest.n ? start : s->rest.n));
	if (n == 0 || (braces && byte_at(s, start + n) != '}')) {
		s->unknown |= n > 0 || byte_at(s, 1) == '(' || braces;
		put(s, '$');
		pass(s, 1);
		return;
	}
	char name[SHELL_VALUE_MAX_BYTES];
	if (str_copy(name, sizeof(name), (struct str){ s->rest.p + start, n })) {
		const struct shell_value *v = shell_value_of(s->values, name);
		for (const char *c = v ? v->text : ""; *c; c++)
			put(s, *c);
		s->unknown |= v && v->unknown;
	}
	pass(s, start + n + braces);
}

static void put_single(struct shell *s)
{
	for (pass(s, 1); s->rest.n && s->rest.p[0] != '\''; pass(s, 1))
		put(s, s->rest.p[0]);
	pass(s, s->rest.n > 0);
}

static void put_double(struct shell *s)
{
	for (pass(s, 1); s->rest.n && s->rest.p[0] != '"';) {
		const char c = s->rest.p[0], next = byte_at(s, 1);
		if (c == '$') {
			put_variable(s);
			continue;
		}
		s->unknown |= c == '`';
		if (c == '\\' && next == '\n') {
			pass(s, 2);
		} else if (c == '\\' && next && strchr("$`\"\\", next)) {
			put(s, next);
			pass(s, 2);
		} else {
			put(s, c);
			pass(s, 1);
		}
	}
	pass(s, s->rest.n > 0);
}

static void put_escaped(struct shell *s)
{
	const char next = byte_at(s, 1);
	if (next != '\n' && next)
		put(s, next);
	pass(s, next ? 2 : 1);
}

/* One word from here on; false: there is none, but a separator or the end. */
static bool take_word(struct shell *s)
{
	const size_t before = s->rest.n;
	buf_clear(&s->word);
	s->unknown = false;
	while (s->rest.n) {
		const char c = s->rest.p[0];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || strchr(";&|(){}<>", c))
			break;
		if (c == '\'')
			put_single(s);
		else if (c == '"')
			put_double(s);
		else if (c == '\\')
			put_escaped(s);
		else if (c == '$')
			put_variable(s);
		else {
			s->unknown |= c == '`';
			put(s, c);
			pass(s, 1);
		}
	}
	return s->rest.n < before;
}

static void keep(struct shell *s, unsigned line)
{
	struct str word = buf_str(&s->word);
	const size_t n = name_length(word);
	const char *name = arena_strdup(s->arena, (struct str){ word.p, n });
	struct shell_value *v = (struct shell_value *)shell_value_of(s->values, name);
	if (!v && s->values->n == SHELL_NAMES_MAX)
		return;
	if (!v)
		v = &s->values->v[s->values->n++];
	*v = (struct shell_value){ name, arena_strdup(s->arena, str_from(word, n + 1)), line,
	                           s->unknown };
}

/* Behind which a command begins. */
static bool is_leading(struct str word)
{
	static const char *const words[] = { "export", "readonly", "then", "else", "do", "if",
	                                     "!" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(word, str_of(words[i])))
			return true;
	return false;
}

static void take_command_word(struct shell *s, bool *begins)
{
	const unsigned line = s->line;
	/* A name in quotes is none. */
	const size_t name = name_length(s->rest);
	const bool assigns = name > 0 && byte_at(s, name) == '=';
	if (!take_word(s))
		pass(s, 1);
	else if (*begins && assigns)
		keep(s, line);
	else
		*begins = *begins && is_leading(buf_str(&s->word));
}

void shell_values_read(struct str text, struct arena *a, struct shell_values *values)
{
	struct shell s = { .rest = text, .line = 1, .arena = a, .values = values };
	bool begins = true;
	values->n = 0;
	while (s.rest.n) {
		const char c = s.rest.p[0];
		if (c == '#') {
			const size_t end = str_find(s.rest, '\n');
			pass(&s, end == SIZE_MAX ? s.rest.n : end);
		} else if (c == ' ' || c == '\t' || c == '\r') {
			pass(&s, 1);
		} else if (c && strchr("\n;&|(){}", c)) {
			begins = true;
			pass(&s, 1);
		} else {
			take_command_word(&s, &begins);
		}
	}
	buf_fini(&s.word);
}
