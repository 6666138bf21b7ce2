/* SPDX-License-Identifier: ISC */
#include "mail/received-private.h"

/* Parentheses that never close are read as spaces; after a few of them the rest of
 * the line is, so that looking for the ends stays linear. */
enum { UNCLOSED_MAX = 4 };

struct scan {
	struct str s;
	size_t at;
	unsigned unclosed;
	struct clauses *out;
	struct clause *now;      /* the clause that words go to */
	bool from_seen;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A table, because every byte of every line is looked up: what ends a word. */
static const bool ends_word[256] = {
	[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
	['('] = true, [')'] = true, [';'] = true,
};

static void add(struct clause *c, struct str s, bool comment)
{
	if (c->n < CLAUSE_ITEMS_MAX)
		c->item[c->n++] = (struct item){ s, comment };
}

/* At "(": the matching ")", or SIZE_MAX. */
static size_t comment_end(struct str s, size_t at)
{
	size_t depth = 0;
	for (size_t i = at; i < s.n; i++) {
		char ch = s.p[i];
		if (ch == '(')
			depth++;
		else if (ch == ')' && --depth == 0)
			return i;
	}
	return SIZE_MAX;
}

static void scan_comment(struct scan *x)
{
	size_t end = x->unclosed < UNCLOSED_MAX ? comment_end(x->s, x->at) : SIZE_MAX;
	if (end == SIZE_MAX) {
		x->unclosed++;
		x->at++;
		return;
	}
	struct str inner = str_trim((struct str){ x->s.p + x->at + 1, end - x->at - 1 });
	add(x->now, inner, true);
	x->at = end + 1;
}

/* A word that opens with <, [ or " runs to its closing sign, whatever is inside. */
static size_t quoted_end(struct str s, size_t at)
{
	enum { REACH_BYTES = 512 };
	char close = s.p[at] == '<' ? '>' : s.p[at] == '[' ? ']' : '"';
	size_t reach = s.n - at - 1 < REACH_BYTES ? s.n - at - 1 : REACH_BYTES;
	const char *p = memchr(s.p + at + 1, close, reach);
	return p ? (size_t)(p - s.p) + 1 : at;
}

static struct str scan_word(struct scan *x)
{
	struct str s = x->s;
	size_t from = x->at, i = from;
	if (s.p[i] == '<' || s.p[i] == '[' || s.p[i] == '"')
		i = quoted_end(s, i);
	while (i < s.n && !ends_word[(unsigned char)s.p[i]])
		i++;
	x->at = i;
	while (i > from && s.p[i - 1] == ',')
		i--;
	return (struct str){ s.p + from, i - from };
}

static const bool opens_clause[256] = {
	['b'] = true, ['f'] = true, ['i'] = true, ['v'] = true, ['w'] = true,
	['B'] = true, ['F'] = true, ['I'] = true, ['V'] = true, ['W'] = true,
};

/* The clause that a keyword opens, or NULL if the word is none. */
static struct clause *keyword(struct scan *x, struct str w)
{
	struct clauses *c = x->out;
	if (w.n < 2 || w.n > 4 || !opens_clause[(unsigned char)w.p[0]])
		return NULL;
	switch (w.n) {
	case 2:
		if (str_caseeq(w, STR("by")))
			return &c->by;
		return str_caseeq(w, STR("id")) ? &c->id : NULL;
	case 3:
		if (str_caseeq(w, STR("for")))
			return &c->recipient;
		return str_caseeq(w, STR("via")) ? &c->via : NULL;
	case 4:
		if (str_caseeq(w, STR("from")))
			return &c->from;
		return str_caseeq(w, STR("with")) ? &c->with : NULL;
	default:
		return NULL;
	}
}

/* A second clause of a kind goes to the side: the first one counts. */
static void open_clause(struct scan *x, struct clause *c, struct clause *side)
{
	if (c == &x->out->from && x->now == &x->out->from)
		return;                  /* Smail: from name from [ip] */
	if (c == &x->out->from && (x->from_seen || x->now == &x->out->recipient)) {
		x->now = side;
		return;
	}
	x->from_seen |= c == &x->out->from;
	x->now = c->n ? side : c;
}

static void scan_sender(struct scan *x, const struct clause *side)
{
	if (x->out->recipient.n && side->n && side->item[0].s.n && side->item[0].s.p[0] == '<')
		x->out->sender = side->item[0].s;
}

void received_scan(struct str value, struct clauses *c)
{
	struct clause side;
	c->head.n = c->from.n = c->by.n = c->with.n = c->via.n = 0;
	c->id.n = c->recipient.n = c->tail.n = side.n = 0;
	c->sender = STR("");
	c->date = (struct str){ NULL, 0 };
	c->truncated = value.n > RECEIVED_READ_MAX_BYTES;
	if (c->truncated)
		value.n = RECEIVED_READ_MAX_BYTES;
	struct scan x = { .s = value, .out = c, .now = &c->head };
	if (str_caseprefix(value, STR("[from ")))
		x.at = 1;
	while (x.at < value.n) {
		char ch = value.p[x.at];
		if (is_space(ch) || ch == ')') {
			x.at++;
		} else if (ch == '(') {
			scan_comment(&x);
		} else if (ch == ';') {
			x.at++;
			c->date = str_from(value, x.at);
			c->tail.n = 0;
			x.now = &c->tail;
		} else {
			struct str w = scan_word(&x);
			struct clause *k = keyword(&x, w);
			if (k)
				open_clause(&x, k, &side);
			else if (w.n)
				add(x.now, w, false);
		}
	}
	scan_sender(&x, &side);
}

struct str clause_word(const struct clause *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->item[i].comment)
			return c->item[i].s;
	return STR("");
}
