/* SPDX-License-Identifier: ISC */
#include "mail/received-private.h"

#include "base/eight.h"


/* Parentheses that never close are read as spaces; after a few of them the rest of
 * the line is, so that looking for the ends stays linear. */
enum { UNCLOSED_MAX = 4 };

struct scan {
	struct str s;
	size_t at;
	unsigned unclosed;
	struct clauses *out;
	struct clause *now;      /* the clause that words go to */
	size_t run_at;           /* where the comments behind the last word begin, or SIZE_MAX */
	bool from_seen;
	bool with_first;         /* "with" stood before "by" */
};

static const bool ends_word[256] = {
	[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
	['('] = true, [')'] = true, [';'] = true,
};

/* "(" and ")" differ in the last bit. */
static uint64_t parens(uint64_t x)
{
	return eight_equal(x | EIGHT(1), ')');
}

/* What ends a word, and the control characters besides. */
static uint64_t ends(uint64_t x)
{
	return eight_below(x, ' ' + 1) | parens(x) | eight_equal(x, ';');
}

/* Where the word that holds the byte at `at` ends. */
static size_t word_end(struct str s, size_t at)
{
	while (at + 8 <= s.n) {
		uint64_t marks = ends(eight_load(s.p + at));
		at += marks ? eight_first(marks) : 8;
		if (marks && ends_word[(unsigned char)s.p[at]])
			return at;
		at += marks != 0;        /* another control character */
	}
	while (at < s.n && !ends_word[(unsigned char)s.p[at]])
		at++;
	return at;
}

/* The next "(" or ")" from `at` on, or the end. */
static size_t next_paren(struct str s, size_t at)
{
	for (; at + 8 <= s.n; at += 8) {
		uint64_t marks = parens(eight_load(s.p + at));
		if (marks)
			return at + eight_first(marks);
	}
	while (at < s.n && s.p[at] != '(' && s.p[at] != ')')
		at++;
	return at;
}

static void add(struct clause *c, struct str s, bool comment)
{
	if (c->n < CLAUSE_ITEMS_MAX)
		c->item[c->n++] = (struct item){ s, comment };
}

/* At "(": the matching ")", or SIZE_MAX. One behind a backslash is none. */
static size_t comment_end(struct str s, size_t at)
{
	size_t depth = 0;
	for (size_t i = at; i < s.n; i = next_paren(s, i + 1)) {
		if (i > at && s.p[i - 1] == '\\')
			continue;
		if (s.p[i] == '(')
			depth++;
		else if (--depth == 0)
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
	if (x->run_at == SIZE_MAX)
		x->run_at = x->at;
	add(x->now, inner, true);
	x->at = end + 1;
}

/* A word that opens with <, [ or " runs to its closing sign, whatever is inside. What the
 * client said may lack that sign: it ends before the comment with what the server saw. */
static size_t quoted_end(struct str s, size_t at, bool said)
{
	enum { REACH_BYTES = 512 };
	char close = s.p[at] == '<' ? '>' : s.p[at] == '[' ? ']' : '"';
	size_t reach = s.n - at - 1 < REACH_BYTES ? s.n - at - 1 : REACH_BYTES;
	const char *p = memchr(s.p + at + 1, close, reach);
	if (!p || (said && memchr(s.p + at, '(', (size_t)(p - s.p) - at)))
		return at;
	return (size_t)(p - s.p) + 1;
}

static struct str scan_word(struct scan *x)
{
	struct str s = x->s;
	size_t from = x->at, i = from;
	bool said = x->now == &x->out->from;
	if (s.p[i] == '<' || s.p[i] == '[' || s.p[i] == '"')
		i = quoted_end(s, i, said);
	i = word_end(s, i);
	while (said && i + 1 < s.n && s.p[i] == ';' && !ascii_isspace(s.p[i + 1]))
		i = word_end(s, i + 1);          /* HELO a;b */
	x->at = i;
	x->run_at = SIZE_MAX;
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
		if (str_caseeq(w, STR("id:")))
			return &c->id;
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

static bool has_comment(const struct clause *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].comment)
			return true;
	return false;
}

/* A client may say "x by y with z" or a hundred words in its HELO. Then the comment with its
 * address comes late, right before the true "by". */
static bool peer_is_late(const struct scan *x)
{
	const struct clause *from = &x->out->from;
	return x->from_seen && (from->n == CLAUSE_ITEMS_MAX ||
	                        (x->now != from && !has_comment(from)));
}

/* Reads the comments from run_at to `end` again, as the peer's: all before them was said. */
static void take_peer(struct scan *x, size_t run_at, size_t end)
{
	struct clauses *c = x->out;
	size_t after = x->at;
	if (c->from.n > 1)
		c->from.n = 1;
	c->by.n = c->with.n = c->via.n = c->id.n = c->recipient.n = 0;
	x->now = &c->from;
	x->at = run_at;
	while (x->at < end) {
		if (x->s.p[x->at] == '(')
			scan_comment(x);
		else
			x->at++;
	}
	x->at = after;
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
	if (c == &x->out->with) {
		if (x->with_first && x->out->by.n)
			c->n = 0;        /* s/qmail: with TLSv1.2: … by host with ESMTPS */
		x->with_first = x->from_seen && x->out->by.n == 0;
	}
	x->from_seen |= c == &x->out->from;
	x->now = c->n ? side : c;
}

/* At ";". Nothing but a date may follow it, though words and comments do. */
static void scan_date(struct scan *x)
{
	struct clauses *c = x->out;
	c->date = str_from(x->s, x->at + 1);
	size_t length = mail_date_plain(c->date, &c->plain);
	c->has_plain = length != 0;
	c->tail.n = 0;
	x->now = &c->tail;
	x->at += 1 + length;
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
	c->has_plain = false;
	c->truncated = value.n > RECEIVED_READ_MAX_BYTES;
	if (c->truncated)
		value.n = RECEIVED_READ_MAX_BYTES;
	struct scan x = { .s = value, .out = c, .now = &c->head, .run_at = SIZE_MAX };
	if (str_caseprefix(value, STR("[from ")))
		x.at = 1;
	while (x.at < value.n) {
		char ch = value.p[x.at];
		if (ascii_isspace(ch) || ch == ')') {
			x.at++;
		} else if (ch == '(') {
			scan_comment(&x);
		} else if (ch == ';') {
			scan_date(&x);
		} else {
			size_t run_at = x.run_at, word_at = x.at;
			struct str w = scan_word(&x);
			struct clause *k = keyword(&x, w);
			if (k == &c->by && run_at != SIZE_MAX && peer_is_late(&x) &&
			    memchr(value.p + run_at, '[', word_at - run_at))
				take_peer(&x, run_at, word_at);
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
