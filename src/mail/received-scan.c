/* SPDX-License-Identifier: ISC
 *
 * The value of a Received field cut into its clauses at their keywords, with the comments between;
 * and whether its writer keeps a client's words apart from its own.
 *
 * Hostile input that reaches it: lines of any bytes and depth. Time is linear, memory constant.
 */
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
	bool commented;          /* comments stand behind the last word */
	bool by_seen;
	bool from_seen;
	bool with_first;         /* "with" stood before "by" */
	bool odd;                /* the client's words may have moved the clauses */
	bool quotes;             /* all before is the server's: quoted strings are what they seem */
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

static void clause_add(struct clause *c, struct str s, bool comment)
{
	if (c->n < CLAUSE_ITEMS_MAX)
		c->item[c->n++] = (struct item){ s, comment };
}

/* At the sign that opens a quoted string: the one that closes it, or SIZE_MAX. */
static size_t quote_end(struct str s, size_t at)
{
	for (size_t i = at + 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i;
		i += s.p[i] == '\\';
	}
	return SIZE_MAX;
}

/* As comment_end(), but what a quoted local part holds is no parenthesis. */
static size_t comment_end_quoted(struct str s, size_t at)
{
	size_t depth = 0;
	for (size_t i = at; i < s.n; i++) {
		size_t close = s.p[i] == '"' ? quote_end(s, i) : SIZE_MAX;
		if (close != SIZE_MAX)
			i = close;
		else if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i;
	}
	return SIZE_MAX;
}

static bool is_by(struct str s, size_t at)
{
	while (at < s.n && ascii_isspace(s.p[at]))
		at++;
	return at + 2 < s.n && ascii_lower(s.p[at]) == 'b' && ascii_lower(s.p[at + 1]) == 'y' &&
	       ascii_isspace(s.p[at + 2]);
}

/* At "(": the matching ")", or SIZE_MAX. One behind a backslash is none. What the client said
 * may have opened one more, so that this comment takes in the server's "by": then `odd`. */
static size_t comment_end(struct str s, size_t at, bool *odd)
{
	size_t depth = 0;
	for (size_t i = at; i < s.n; i = next_paren(s, i + 1)) {
		bool escaped = i > at && s.p[i - 1] == '\\';
		if (s.p[i] == '(')
			depth += !escaped;
		else if (!escaped && --depth == 0)
			return i;
		else
			*odd |= is_by(s, i + 1);
	}
	return SIZE_MAX;
}

static void add_comment(struct scan *x, size_t end)
{
	struct str inner = str_trim((struct str){ x->s.p + x->at + 1, end - x->at - 1 });
	/* (envelope-from <"a) by b"@example.org>) */
	if (inner.n && ascii_lower(inner.p[0]) == 'e' && str_find(inner, '"') != SIZE_MAX)
		x->odd = true;
	clause_add(x->now, inner, true);
}

static void scan_comment(struct scan *x)
{
	size_t end = SIZE_MAX;
	if (x->unclosed < UNCLOSED_MAX)
		end = x->quotes ? comment_end_quoted(x->s, x->at)
		                : comment_end(x->s, x->at, &x->odd);
	if (end == SIZE_MAX) {
		x->unclosed++;
		x->odd = true;
		x->at++;
		return;
	}
	x->commented = true;
	add_comment(x, end);
	x->at = end + 1;
}

/* A word that opens with <, [ or " runs to its closing sign, whatever is inside. What the
 * client said may lack that sign: it ends before the comment with what the server saw. */
static size_t quoted_end(struct scan *x, size_t at, bool said)
{
	enum { REACH_BYTES = 512 };
	struct str s = x->s;
	size_t quote = s.p[at] == '"' ? at : at + 1 < s.n && s.p[at + 1] == '"' ? at + 1 : SIZE_MAX;
	if (quote != SIZE_MAX && x->quotes) {
		quote = quote_end(s, quote);
		return quote == SIZE_MAX ? at : quote + 1;
	}
	char close = s.p[at] == '<' ? '>' : s.p[at] == '[' ? ']' : '"';
	size_t reach = s.n - at - 1 < REACH_BYTES ? s.n - at - 1 : REACH_BYTES;
	const char *p = memchr(s.p + at + 1, close, reach);
	if (!p || (said && memchr(s.p + at, '(', (size_t)(p - s.p) - at)))
		return at;
	x->odd |= quote != SIZE_MAX || memchr(s.p + at, ')', (size_t)(p - s.p) - at) != NULL;
	return (size_t)(p - s.p) + 1;
}

static inline struct str scan_word(struct scan *x)
{
	struct str s = x->s;
	size_t from = x->at, i = from;
	bool said = x->now == &x->out->from;
	if (s.p[i] == '<' || s.p[i] == '[' || s.p[i] == '"')
		i = quoted_end(x, i, said);
	i = word_end(s, i);
	while (said && i + 1 < s.n && s.p[i] == ';' && !ascii_isspace(s.p[i + 1]))
		i = word_end(s, i + 1);          /* HELO a;b */
	x->at = i;
	x->commented = false;
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

static void scan_clauses(struct scan *x)
{
	struct str s = x->s;
	struct clauses *c = x->out;
	struct clause side;
	side.n = 0;
	while (x->at < s.n) {
		char ch = s.p[x->at];
		if (ascii_isspace(ch)) {
			x->at++;
		} else if (ch == '(') {
			scan_comment(x);
		} else if (ch == ')') {
			x->odd = true;
			x->at++;
		} else if (ch == ';') {
			scan_date(x);
		} else {
			bool behind = x->commented;
			struct str w = scan_word(x);
			struct clause *k = keyword(x, w);
			if (k == &c->by) {
				bool late = x->from_seen && x->now != &c->from;
				x->odd |= behind && (x->by_seen || late);
				x->by_seen = true;
			} else if (x->now == &c->from && c->from.n == 0) {
				k = NULL;        /* HELO with */
			}
			if (k)
				open_clause(x, k, &side);
			else if (w.n)
				clause_add(x->now, w, false);
		}
	}
	scan_sender(x, &side);
}

/* ---- what the client said ---- */

/* It may say anything in its HELO, its ident and its addresses: "x) by y with SMTP (z". All of
 * them stand behind the server's "by" in quotes, if at all, or before it, without. So the true
 * "by" is the last one behind a comment that is in no quotes. SIZE_MAX: there is none. */
static size_t true_by(struct str s)
{
	bool quoted = false;
	for (size_t i = s.n; i-- > 1;) {
		size_t before = i;
		if (s.p[i] == '"') {
			while (before > 0 && s.p[before - 1] == '\\')
				before--;
			quoted ^= (i - before) % 2 == 0;
		} else if (!quoted && ascii_isspace(s.p[i]) && i >= 3 &&
		           str_caseeq((struct str){ s.p + i - 2, 2 }, STR("by"))) {
			for (before = i - 2; before > 0 && ascii_isspace(s.p[before - 1]);)
				before--;
			if (before > 0 && s.p[before - 1] == ')')
				return i - 2;
		}
	}
	return SIZE_MAX;
}

/* Where the comments begin that s ends with: beside the "by" stands what the server saw. */
static size_t last_comments(struct str s)
{
	size_t run = s.n, depth = 0;
	for (size_t i = s.n; i-- > 0;) {
		bool escaped = i > 0 && s.p[i - 1] == '\\';
		if (s.p[i] == ')' && !escaped)
			depth++;
		else if (depth == 0 && !ascii_isspace(s.p[i]))
			break;
		else if (s.p[i] == '(' && !escaped && --depth == 0)
			run = i;
	}
	return run;
}

/* The from clause ends here, whatever it holds. */
static void scan_said(struct scan *x)
{
	struct clauses *c = x->out;
	enum writer writer = clauses_writer(c);
	while (x->at < x->s.n) {
		char ch = x->s.p[x->at];
		if (ch == '(' && x->now == &c->from && writer == WRITER_ENCLOSES) {
			size_t end = x->s.n;
			while (end > x->at + 1 && x->s.p[--end] != ')')
				;
			add_comment(x, end);
			return;
		}
		if (ch == '(') {
			scan_comment(x);
		} else if (ascii_isspace(ch) || ch == ')' || ch == ';') {
			x->at++;
		} else {
			struct str w = scan_word(x);
			if (x->now == &c->head && str_caseeq(w, STR("from"))) {
				x->now = &c->from;
			} else if (x->now->n == 0) {
				clause_add(x->now, w, false);
				if (writer == WRITER_UNKNOWN && x->now == &c->from) {
					x->at = last_comments(x->s);
					x->unclosed = 0;
				}
			}
		}
	}
}

static void clause_begin(struct scan *x, struct str value, struct clauses *c)
{
	*x = (struct scan){ .s = value, .out = c, .now = &c->head };
	if (str_caseprefix(value, STR("[from ")))
		x->at = 1;
	c->head.n = c->from.n = c->by.n = c->with.n = c->via.n = 0;
	c->id.n = c->recipient.n = c->tail.n = 0;
	c->sender = STR("");
	c->date = (struct str){ NULL, 0 };
	c->has_plain = false;
}

/* First what the server wrote for sure, then what stands before it. */
static void look_again(struct scan *x)
{
	struct str value = x->s;
	struct scan said;
	size_t by_at = true_by(value);
	if (by_at == SIZE_MAX)
		return;
	clause_begin(x, value, x->out);
	clause_begin(&said, (struct str){ value.p, by_at }, x->out);
	x->at = by_at;
	x->quotes = true;
	scan_clauses(x);
	scan_said(&said);
}

void received_scan(struct str value, struct clauses *c)
{
	struct scan x;
	c->truncated = value.n > RECEIVED_READ_MAX_BYTES;
	if (c->truncated)
		value.n = RECEIVED_READ_MAX_BYTES;
	clause_begin(&x, value, c);
	scan_clauses(&x);
	if (x.odd || c->from.n == CLAUSE_ITEMS_MAX)
		look_again(&x);
}

/* "17oiR2-0006Uj-00", since 4.97 "1sXyZ1-0000000AbCd-2fGh": no other mailer has such. */
bool clause_is_exim_id(struct str s)
{
	size_t last = s.n == 16 ? 13 : s.n == 23 ? 18 : 0;
	if (last == 0 || s.p[6] != '-' || s.p[last] != '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i != 6 && i != last && !ascii_isalnum((unsigned char)s.p[i]))
			return false;
	return true;
}

enum writer clauses_writer(const struct clauses *c)
{
	static const struct { struct str product; enum writer writer; } known[] = {
		{ { "Exim", 4 }, WRITER_ENCLOSES }, { { "CommuniGate", 11 }, WRITER_ENCLOSES },
		{ { "ecelerity", 9 }, WRITER_ENCLOSES }, { { "Postfix", 7 }, WRITER_CLEANS },
		{ { "OpenSMTPD", 9 }, WRITER_CLEANS }, { { "8.", 2 }, WRITER_CLEANS },
	};
	const struct clause *const said[] = { &c->by, &c->with };
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < said[k]->n; i++) {
			struct str s = said[k]->item[i].s;
			if (!said[k]->item[i].comment)
				continue;
			for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
				if (str_caseprefix(s, known[j].product))
					return known[j].writer;
		}
	return clause_is_exim_id(clause_word(&c->id)) ? WRITER_ENCLOSES : WRITER_UNKNOWN;
}

struct str clause_word(const struct clause *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->item[i].comment)
			return c->item[i].s;
	return STR("");
}
