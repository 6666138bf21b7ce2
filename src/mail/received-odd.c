/* SPDX-License-Identifier: ISC
 *
 * What stands in a line where no mailer puts it: a date in the place of an address or a comment,
 * and a spam program's placeholder that was never filled in. Only those parts are looked at that
 * the writer itself makes: a client may say anything, and an honest server writes it down.
 */
#include "mail/received-private.h"

/* ---- dates ------------------------------------------------------------------------ */

/* A day with a clock: "built Jun 7 2017" is none. */
static bool is_whole_date(struct str s)
{
	enum { SHORTEST = 14, LONGEST = 48 };
	struct mail_date date;
	if (s.n < SHORTEST || s.n > LONGEST || str_find(s, ':') == SIZE_MAX)
		return false;
	return mail_date_parse(s, &date) == ERR_OK;
}

/* What stands between its brackets, or all of it. */
static struct str inside_brackets(struct str s)
{
	size_t open = str_find(s, '[');
	if (open == SIZE_MAX)
		return s;
	size_t close = str_find(str_from(s, open), ']');
	return word_slice(s, open + 1, close == SIZE_MAX ? s.n : open + close);
}

/* A comment of the clause is a date, or its first words are. */
static bool has_date(const struct clause *c, bool words)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].comment && is_whole_date(inside_brackets(c->item[i].s)))
			return true;
	if (!words || c->n < 4 || c->item[0].comment)
		return false;
	size_t last = 0;
	while (last + 1 < c->n && !c->item[last + 1].comment)
		last++;
	const char *end = c->item[last].s.p + c->item[last].s.n;
	return end > c->item[0].s.p &&
	       is_whole_date((struct str){ c->item[0].s.p, (size_t)(end - c->item[0].s.p) });
}

/* ---- placeholders ----------------------------------------------------------------- */

/* "{NAME}", "{{ip}}" and "{d}", not a GUID in braces. */
static bool is_brace(struct str s)
{
	enum { HEX_MIN = 8 };
	size_t close = str_find(s, '}');
	bool letter = false;
	if (close == SIZE_MAX)
		return false;
	for (size_t i = 1; i < close; i++) {
		char c = ascii_lower(s.p[i]);
		letter |= ascii_isalpha((unsigned char)c);
		if (!ascii_isdigit((unsigned char)c) && c != '-' && (c < 'a' || c > 'f'))
			return true;
	}
	return close == 1 || (letter && close <= HEX_MIN);
}

/* "#HOST#": a word in capitals between two of its sign. */
static bool is_between(struct str s)
{
	size_t i = 1;
	while (i < s.n && ((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_'))
		i++;
	return i > 2 && i < s.n && s.p[i] == s.p[0];
}

static bool is_placeholder_at(struct str s, bool id)
{
	unsigned char next = s.n > 1 ? (unsigned char)s.p[1] : 0;
	switch (s.p[0]) {
	case '%':
		return ascii_isalpha(next) || strchr("%{[=", next ? next : 'x') ||
		       next == '_';
	case '{':
		return is_brace(s);
	case '$':        /* ids of message-ids hold "c1$ab12" */
		return next == '{' || next == '(' || (!id && ascii_isalpha(next));
	case '#':
		return is_between(s);
	case 'R':
		return str_prefix(s, STR("RND_")) || str_prefix(s, STR("RANDOM_"));
	default:
		return false;
	}
}

/* Where it begins, or SIZE_MAX. A zone index is none: fe80::1%eth0 */
static size_t placeholder(struct str s, bool id)
{
	enum { LONGEST = 256 };
	bool zone = false;
	if (s.n > LONGEST)
		s.n = LONGEST;
	for (size_t i = 0; i < s.n; i++) {
		zone |= s.p[i] == ':';
		if (!(zone && s.p[i] == '%') && is_placeholder_at(str_from(s, i), id))
			return i;
	}
	return SIZE_MAX;
}

static bool note_placeholder(struct str s, bool id, struct received *r)
{
	if (placeholder(s, id) == SIZE_MAX)
		return false;
	r->placeholder = s;
	return true;
}

/* "[IP]", "<IP>", "@IP@", "__IP__": a word between two signs that stand for nothing there. */
static bool is_marked_word(struct str s)
{
	static const char open[] = "[<(@|~*!_&", close[] = "]>)@|~*!_;";
	const char *sign = s.n > 3 && s.p[0] ? strchr(open, s.p[0]) : NULL;
	if (!sign || s.p[s.n - 1] != close[sign - open])
		return false;
	bool word = true;
	for (size_t i = 1; i + 1 < s.n; i++)
		word &= ascii_isalpha((unsigned char)s.p[i]) || s.p[i] == '_';
	return word;
}

/* "([[IP]])" is no address, nor is "([rnd_ip])"; "([unknown])" and "([local])" are what a server
 * writes that knows none. */
static bool is_word_for_address(struct str comment)
{
	size_t open = str_find(comment, '['), close = comment.n;
	if (open == SIZE_MAX)
		return false;
	while (close > open + 1 && comment.p[close - 1] != ']')
		close--;
	if (close == open + 1)
		return false;
	struct str s = str_trim(word_slice(comment, open + 1, close - 1));
	return is_marked_word(s) || str_caseprefix(s, STR("rnd_")) || str_eq(s, STR("IP")) ||
	       str_caseprefix(s, STR("random"));
}

/* In the place of the address: what the client said, or its ident, is no part of it. */
static bool has_no_address(const struct clause *c, struct received *r)
{
	for (size_t i = 1; i < c->n; i++) {
		struct str s = c->item[i].s;
		bool comment = c->item[i].comment;
		if (s.n == 0 || (!comment && s.p[0] != '[') || word_starts(s, "HELO") ||
		    word_starts(s, "EHLO") || word_starts(s, "ident="))
			continue;
		if (comment && is_word_for_address(s)) {
			r->placeholder = s;
			return true;
		}
		if (str_find(s, '@') == SIZE_MAX && note_placeholder(s, false, r))
			return true;
	}
	return false;
}

/* Comments that repeat what the client gave: its sender, its account. */
static bool is_told_by_client(struct str s)
{
	static const char *const begin[] = { "envelope-", "auth", "account ", "sender", "user",
	                                     "HELO", "EHLO", "helo=", "ORCPT" };
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (word_starts(s, begin[i]))
			return true;
	return str_find(s, '@') != SIZE_MAX || word_holds(s, " user ");
}

static bool has_placeholder(const struct clause *c, struct received *r)
{
	for (size_t i = 0; i < c->n; i++) {
		struct str s = c->item[i].s;
		if (!(c->item[i].comment && is_told_by_client(s)) && note_placeholder(s, false, r))
			return true;
	}
	return false;
}

/* "for <{EMAIL}>": no server has taken mail for that. One with an "@" the client may have given. */
static bool is_whole_placeholder(struct str s, struct received *r)
{
	return str_find(s, '@') == SIZE_MAX && placeholder(s, false) == 0 &&
	       note_placeholder(s, false, r);
}

/* "[DOMAIN]" for all of a word. */
static bool is_template_word(struct str s, struct received *r)
{
	bool capitals = s.n > 4 && s.p[0] == '[' && s.p[s.n - 1] == ']';
	for (size_t i = 1; capitals && i + 1 < s.n; i++)
		capitals = (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_';
	if (capitals)
		r->placeholder = s;
	return capitals;
}

/* Every placeholder has one of these, and few lines do. */
static bool may_have_placeholder(struct str value)
{
	static const bool marks[256] = {
		['%'] = true, ['{'] = true, ['$'] = true, ['#'] = true, ['_'] = true,
	};
	size_t n = value.n < RECEIVED_READ_MAX_BYTES ? value.n : RECEIVED_READ_MAX_BYTES;
	for (size_t i = 0; i < n; i++)
		if (marks[(unsigned char)value.p[i]])
			return true;
	return false;
}

void odd_look(struct str value, const struct clauses *c, struct received *r)
{
	r->date_misplaced = has_date(&c->from, false) || has_date(&c->by, true) ||
	                    has_date(&c->with, true) || has_date(&c->id, true) ||
	                    has_date(&c->via, true) ||
	                    has_date(&c->recipient, true);
	if ((!r->ip.family && has_no_address(&c->from, r)) || is_template_word(r->by, r) ||
	    is_template_word(r->id, r) || is_template_word(r->recipient, r) ||
	    (!r->has_time && c->date.p && is_template_word(str_trim(c->date), r)))
		return;
	if (!may_have_placeholder(value))
		return;
	if (has_placeholder(&c->by, r) || note_placeholder(r->rdns, false, r) ||
	    note_placeholder(r->id, true, r) || has_placeholder(&c->with, r) ||
	    is_whole_placeholder(r->recipient, r))
		return;
	if (!r->has_time && c->date.p && c->date.n < 80)
		(void)note_placeholder(str_trim(c->date), false, r);
}
