/* SPDX-License-Identifier: ISC
 *
 * The lines and words of Postfix's files: logical lines with their continuations, comments left
 * out (postconf(5), master(5)), words of a list with what stands in braces whole.
 */
#include "audit/postfix-private.h"

static bool physical_line(struct postfix_lines *l, struct str *line)
{
	if (l->rest.n == 0)
		return false;
	const size_t end = str_find(l->rest, '\n');
	line->p = l->rest.p;
	line->n = end == SIZE_MAX ? l->rest.n : end;
	l->rest = str_from(l->rest, end == SIZE_MAX ? l->rest.n : end + 1);
	l->number++;
	return true;
}

static bool says_nothing(struct str line)
{
	const struct str s = str_trim(line);
	return s.n == 0 || s.p[0] == '#';
}

static void line_add(struct buf *joined, struct str line, bool *cut)
{
	struct str s = str_trim(line);
	if (joined->n + s.n + 1 > AUDIT_LINE_MAX_BYTES) {
		*cut = true;
		return;
	}
	if (joined->n > 0)
		buf_add_byte(joined, ' ');
	buf_add_str(joined, s);
}

bool postfix_line_next(struct postfix_lines *l, struct postfix_line *line)
{
	struct buf joined = { 0 };
	struct str s;
	*line = (struct postfix_line){ 0 };
	while (physical_line(l, &s)) {
		if (says_nothing(s))
			continue;
		line->number = l->number;
		line_add(&joined, s, &line->cut);
		break;
	}
	if (line->number == 0)
		return false;
	for (;;) {
		struct postfix_lines before = *l;
		if (!physical_line(l, &s))
			break;
		if (says_nothing(s))
			continue;           /* a comment does not end the line before it */
		if (s.p[0] != ' ' && s.p[0] != '\t') {
			*l = before;
			break;
		}
		line_add(&joined, s, &line->cut);
	}
	line->text = arena_str(l->arena, (struct str){ buf_cstr(&joined), joined.n });
	buf_fini(&joined);
	return true;
}

size_t postfix_group(struct str s, char open, char close)
{
	size_t depth = 0;
	if (s.n == 0 || s.p[0] != open)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == open)
			depth++;
		else if (s.p[i] == close && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool parts_words(char c)
{
	return c == ',' || ascii_isspace(c);
}

bool postfix_word(struct str *list, struct str *word)
{
	size_t i = 0, depth = 0;
	while (i < list->n && parts_words(list->p[i]))
		i++;
	*list = str_from(*list, i);
	if (list->n == 0)
		return false;
	for (i = 0; i < list->n; i++) {
		if (list->p[i] == '{')
			depth++;
		else if (list->p[i] == '}' && depth > 0)
			depth--;
		else if (depth == 0 && parts_words(list->p[i]))
			break;
	}
	*word = (struct str){ list->p, i };
	*list = str_from(*list, i);
	return true;
}

struct str postfix_unbraced(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && postfix_group(s, '{', '}') == s.n)
		return str_trim((struct str){ s.p + 1, s.n - 2 });
	return s;
}
