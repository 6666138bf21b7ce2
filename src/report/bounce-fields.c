/* SPDX-License-Identifier: ISC
 *
 * The fields of a delivery status (RFC 3464, RFC 6533), as mailers write them: folded, with
 * comments where the grammar of RFC 5322 lets them stand, addresses in brackets or with \x{…} for
 * what is not ASCII.
 */
#include "report/bounce-private.h"

enum { FIELD_MAX_BYTES = 4096 };

void bounce_group_fini(struct bounce_group *g)
{
	buf_fini(&g->recipient);
	buf_fini(&g->status);
	buf_fini(&g->action);
	buf_fini(&g->text);
}

static struct str next_line(struct str *rest)
{
	const char *nl = memchr(rest->p, '\n', rest->n);
	size_t n = nl ? (size_t)(nl - rest->p) : rest->n;
	struct str line = { rest->p, n };
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	*rest = str_from(*rest, nl ? n + 1 : n);
	return line;
}

static bool is_fold(struct str rest)
{
	return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

/* Appends the field that the text begins with, its folds as single spaces; "" at an empty line,
 * which is none even if white space stands in it. */
static void next_field(struct str *rest, struct buf *field)
{
	struct str line = next_line(rest);
	buf_clear(field);
	if (str_trim(line).n == 0)
		return;
	buf_add_str(field, line);
	while (is_fold(*rest)) {
		struct str ahead = *rest, more = str_trim(next_line(&ahead));
		if (more.n == 0)
			return;
		*rest = ahead;
		if (field->n < FIELD_MAX_BYTES)
			buf_printf(field, " %.*s", STR_ARG(more));
	}
}

/* Appends the value without its comments, which nest, and in which a backslash quotes. */
static void add_uncommented(struct str s, struct buf *out)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool pair = c == '\\' && i + 1 < s.n && (depth > 0 || quoted);
		if (pair && depth == 0)
			buf_add(out, s.p + i, 2);
		if (pair) {
			i++;
			continue;
		}
		if (c == '"' && depth == 0)
			quoted = !quoted;
		if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0)
			buf_add_byte(out, c);
	}
}

static struct str behind_type(struct str value)
{
	size_t semicolon = str_find(value, ';');
	return semicolon == SIZE_MAX ? value : str_trim(str_from(value, semicolon + 1));
}

/* RFC 6533: "\x{FC}" is one character; only ASCII is of use here, and the rest stays not ASCII. */
static void add_unitext(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		struct str rest = str_from(s, i);
		size_t end = str_prefix(rest, STR("\\x{")) ? str_find(rest, '}') : SIZE_MAX;
		if (end == SIZE_MAX || end < 5 || end > 9) {
			buf_add_byte(out, s.p[i]);
			continue;
		}
		unsigned value = 0;
		for (size_t k = 3; k < end; k++) {
			unsigned char c = (unsigned char)ascii_lower(rest.p[k]);
			bool hex = ascii_isdigit(c) || (c >= 'a' && c <= 'f');
			unsigned digit = ascii_isdigit(c) ? c - (unsigned)'0' : c - 'a' + 10u;
			value = hex ? value * 16 + digit : 0xfffffu;
		}
		buf_add_byte(out, value < 0x80 ? (char)value : '\xff');
		i += end;
	}
}

/* "rfc822; <user@example.org> (Jane)", "utf-8; …" */
static void set_recipient(struct str value, struct buf *to)
{
	struct buf plain = { 0 };
	add_uncommented(value, &plain);
	struct str address = behind_type(buf_str(&plain));
	if (address.n > 1 && address.p[0] == '<' && address.p[address.n - 1] == '>')
		address = (struct str){ address.p + 1, address.n - 2 };
	buf_clear(to);
	add_unitext(str_trim(address), to);
	buf_fini(&plain);
}

static void set_word(struct str value, struct buf *to)
{
	struct buf plain = { 0 };
	struct str rest, word;
	add_uncommented(value, &plain);
	rest = buf_str(&plain);
	buf_clear(to);
	if (str_word(&rest, &word))
		buf_add_str(to, word);
	buf_fini(&plain);
}

static void take_field(struct str field, struct bounce_group *g)
{
	size_t colon = str_find(field, ':');
	if (colon == SIZE_MAX)
		return;
	struct str name = str_trim((struct str){ field.p, colon });
	struct str value = str_trim(str_from(field, colon + 1));
	if (str_caseeq(name, STR("Final-Recipient")) ||
	    (!g->final && str_caseeq(name, STR("Original-Recipient")))) {
		g->final = str_caseeq(name, STR("Final-Recipient"));
		set_recipient(value, &g->recipient);
	} else if (str_caseeq(name, STR("Action"))) {
		set_word(value, &g->action);
	} else if (str_caseeq(name, STR("Status"))) {
		set_word(value, &g->status);
	} else if (str_caseeq(name, STR("Diagnostic-Code"))) {
		buf_clear(&g->text);
		buf_add_str(&g->text, behind_type(value));
	}
}

bool bounce_group_next(struct str *rest, struct bounce_group *g)
{
	struct buf field = { 0 };
	bool any = false;
	buf_clear(&g->recipient);
	buf_clear(&g->status);
	buf_clear(&g->action);
	buf_clear(&g->text);
	g->final = false;
	while (rest->n) {
		next_field(rest, &field);
		if (field.n == 0 && any)
			break;
		any |= field.n > 0;
		take_field(buf_str(&field), g);
	}
	buf_fini(&field);
	return any;
}
