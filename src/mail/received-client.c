/* SPDX-License-Identifier: ISC
 *
 * The from clause: where the client's address stands in it, and what was said beside it. Its
 * comments are the server's and the client's own: which is which is decided here.
 *
 * Hostile input that reaches it: whatever a client gave as its name, with parentheses in it.
 */
#include "mail/received-private.h"

/* "helo=x", "HELO x", "EHLO", "LHLO x": the rest of the comment's word after it. */
static bool helo_word(struct str s, struct str *helo)
{
	if (s.n < 4)
		return false;
	char first = ascii_lower(s.p[0]);
	if (first != 'h' && first != 'e' && first != 'l')
		return false;
	if (!str_caseeq(word_slice(s, 1, 4), first == 'h' ? STR("elo") : STR("hlo")))
		return false;
	struct str rest = str_from(s, 4);
	if (rest.n && !strchr(" =\t\r\n", rest.p[0]))
		return false;
	rest = str_trim(str_from(rest, 1));
	struct str word;
	*helo = str_word(&rest, &word) ? word : STR("");
	return true;
}

/* Looks for "helo=x", "HELO x" and "ident=x" among the words of s. */
static void helo_inside(struct str s, struct received *r, struct peer *peer)
{
	struct str word, all = s, helo;
	while (str_word(&s, &word)) {
		struct str here = word_slice(all, (size_t)(word.p - all.p), all.n);
		bool quoted = here.p[0] == '"';          /* ZMailer: "HELO x" */
		if (!peer->helo_given && helo_word(str_from(here, quoted), &helo)) {
			if (quoted && helo.n && helo.p[helo.n - 1] == '"')
				helo.n--;
			r->helo = helo;
			peer->helo_given = true;
		}
		if (word_starts(word, "ident="))
			r->ident = str_from(word, 6);
	}
}

/* "ident@name", "IDENT:ident@name": the ident goes away, the name stays. */
static struct str cut_ident(struct str s, struct received *r)
{
	size_t at = SIZE_MAX;
	for (size_t i = s.n; i-- > 0 && at == SIZE_MAX;)
		if (s.p[i] == '@')
			at = i;
	if (at == SIZE_MAX)
		return s;
	r->ident = word_slice(s, 0, at);
	if (word_starts(r->ident, "IDENT:"))
		r->ident = str_from(r->ident, 6);
	return str_from(s, at + 1);
}

/* "mx.example.org." is the same name as without its root dot. */
static struct str cut_root(struct str s)
{
	return s.n > 1 && s.p[s.n - 1] == '.' ? word_slice(s, 0, s.n - 1) : s;
}

/* ---- the comment with the address ------------------------------------------------- */

/* Where the address stands in "name [ip]": from *open to *close, which is behind "]". Not the
 * one of "ident[1.2.3.4]@name [ip]"; "[unknown] [ip]" has it behind. */
static bool find_bracket(struct str s, size_t *open, size_t *close)
{
	enum { TRIES = 4 };
	size_t from = 0;
	for (unsigned i = 0; i < TRIES; i++) {
		size_t left = str_find(str_from(s, from), '[');
		if (left == SIZE_MAX)
			return false;
		size_t length = str_find(str_from(s, from + left), ']');
		if (length == SIZE_MAX)
			return false;    /* the one before still stands from *open to *close */
		*open = from + left;
		*close = from = *open + length + 1;
		bool ident = *close < s.n && str_find(str_from(s, *close), '[') != SIZE_MAX &&
		             s.p[*close] == '@';
		struct ip ip;
		if (!ident && received_address(word_slice(s, *open, *close), &ip))
			return true;
		if (!ident && (*open != 0 || word_is_impossible(word_slice(s, *open, *close))))
			return false;
	}
	return false;
}

/* What stood before the comment with the address was said. */
static void forget_said(struct received *r)
{
	r->form = RECEIVED_OTHER;
	r->tls = r->ident = STR("");
	r->auth = r->rdns_doubtful = false;
}

/* "ip", "ident@ip", "ip:port", "ip with login" at the start of a comment. */
static bool paren_comment(struct str s, struct received *r, struct peer *peer)
{
	struct str rest = s, word;
	struct ip ip;
	if (!str_token(&rest, " \t\r\n,", &word))
		return false;
	size_t at = SIZE_MAX;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] == '@')
			at = i;
	struct str host = at == SIZE_MAX ? word : str_from(word, at + 1);
	if (!received_address(host, &ip)) {
		r->bad_ip |= word_is_impossible(host);
		return false;
	}
	if (rest.n && rest.p[0] == ',')
		rest = str_from(rest, 1);        /* (192.0.2.1, HELO x) */
	rest = str_trim(rest);
	forget_said(r);
	r->ip = ip;
	peer->shape = SHAPE_PAREN;
	if (at != SIZE_MAX)
		r->ident = word_slice(word, 0, at);
	if (word_starts(rest, "with "))
		r->auth = true;          /* "with login", "with plain": Yahoo */
	helo_inside(rest, r, peer);
	return true;
}

/* In brackets behind a name, written like an address and none: "1.2.3", "2001:db8::g". */
static bool is_no_address(struct str s)
{
	enum { OTHER_DOTS = 2, DOTS = 3, COLONS = 2 };
	struct str all = s;
	unsigned dots = 0, colons = 0;
	bool digits = true, hex = true;
	if (word_starts(s, "IPv6:"))
		s = str_from(s, 5);
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		dots += c == '.';
		colons += c == ':';
		digits &= ascii_isdigit((unsigned char)c) || c == '.' || c == '-';
		hex &= ascii_isdigit((unsigned char)c) || c == '.' || c == ':' ||
		       (c >= 'a' && c <= 'g');
	}
	return word_is_impossible(all) || (digits && dots >= OTHER_DOTS && dots != DOTS) ||
	       (hex && colons >= COLONS);
}

/* "joe@192.0.2.1 with login", behind which Yahoo's own address stands. A client's ident ends in
 * "@" and a name. */
static bool is_login_phrase(struct str s)
{
	struct str word = STR(""), before = STR(""), rest = s;
	size_t words = 0, letters = 0;
	for (; words < 4 && str_word(&rest, &word); words++) {
		if (words == 1)
			before = word;
	}
	while (letters < word.n && ascii_isalpha((unsigned char)word.p[letters]))
		letters++;
	return words == 3 && letters == word.n && str_caseeq(before, STR("with"));
}

/* "name [ip] rest" inside a comment. */
static bool bracket_comment(struct str s, struct received *r, struct peer *peer)
{
	size_t open = 0, close = 0;
	struct ip ip;
	if (!find_bracket(s, &open, &close)) {
		r->bad_ip |= close != 0 && is_no_address(word_slice(s, open + 1, close - 1));
		return false;
	}
	struct str before = str_trim(word_slice(s, 0, open));
	char last = before.n ? before.p[before.n - 1] : ' ';
	if (last == '=' || last == ':')
		return false;            /* helo=[…], ident=[…], Forwarded-For: […] */
	if (before.n > 4 && ascii_isspace(before.p[before.n - 5]) &&
	    (str_casesuffix(before, STR("HELO")) || str_casesuffix(before, STR("EHLO"))))
		return false;            /* account x HELO […]: the client said it */
	if (is_login_phrase(before))
		return paren_comment(s, r, peer);
	bool login = r->auth && word_starts(before, "account ");
	forget_said(r);
	r->auth = login;
	(void)received_address(word_slice(s, open, close), &ip);
	struct str after = str_trim(str_from(s, close));
	if (word_starts(before, "from ") && r->by.n) {
		peer->from_comment = true;
		r->from = str_trim(str_from(before, 5));
		before = STR("");
	}
	if (word_starts(before, "account ") || word_starts(before, "HELO ") ||
	    word_starts(before, "EHLO ")) {
		helo_inside(before, r, peer);
		before = STR("");
	}
	r->ip = ip;
	peer->name = word_looked_up(cut_root(cut_ident(before, r)));
	peer->shape = before.n && before.p[before.n - 1] != '@' && before.p[0] != '['
	              ? SHAPE_NAME_BRACKET : SHAPE_BRACKET;
	peer->verified = word_starts(after, "verified");
	helo_inside(after, r, peer);
	if (!peer->helo_given && word_holds(after, "may be forged"))
		r->rdns_doubtful = true;
	return true;
}

/* ---- comments --------------------------------------------------------------------- */

/* "name [192.0.2.1]", whatever the name: its owner may have called it "authenticated". */
static bool is_name_bracket(struct str s)
{
	size_t open = str_find(s, '[');
	struct str before = str_trim(word_slice(s, 0, open == SIZE_MAX ? 0 : open));
	for (size_t i = 0; i < before.n; i++)
		if (ascii_isspace(before.p[i]))
			return false;
	return before.n != 0;
}

/* Exim: "from [192.0.2.1] (helo=x)" has told the address. */
static bool is_told(const struct received *r, const struct peer *peer)
{
	struct ip ip;
	return (peer->helo_given || r->ident.n) && r->from.n && r->from.p[0] == '[' &&
	       received_address(r->from, &ip) && clauses_writer(peer->line) == WRITER_ENCLOSES;
}

/* May this comment hold the client's address? Those of a client that says "x (y [192.0.2.1])" come
 * before the true one, or behind it where the writer encloses them. */
static bool is_peer(struct str s, const struct received *r, const struct peer *peer)
{
	if (peer->shape == SHAPE_NONE || peer->shape == SHAPE_WORD)
		return !is_told(r, peer);
	bool address = s.n && (s.p[0] == '[' || ascii_isdigit((unsigned char)s.p[0]));
	return (address || is_name_bracket(s)) && clauses_writer(peer->line) == WRITER_UNKNOWN;
}

/* "(HELO x)": by itself, or with its literal: "HELO [192.0.2.1]". Some writers have no such word;
 * then it is a name: (helo [192.0.2.1]) */
static bool helo_comment(struct str s, struct received *r, struct peer *peer, bool open)
{
	struct str helo;
	if (!helo_word(s, &helo))
		return false;
	if (open && helo.n && helo.p[0] == '[' && clauses_writer(peer->line) == WRITER_CLEANS)
		return false;
	r->helo = helo;
	peer->helo_given = true;
	return true;
}

/* What tells neither address nor login: more of the client's name, or where it sat. */
static void aside_comment(struct str s, struct received *r, struct peer *peer)
{
	struct ip ip;
	if (r->auth && word_starts(s, "account ")) {
		helo_inside(s, r, peer);
	} else if (word_starts(s, "port=") || word_starts(s, "ident=")) {
		helo_inside(s, r, peer);         /* Exim: (port=3496 helo=x) */
	} else if (word_is_name(s, r->from.n != 0)) {
		if (!received_address(s, &ip))
			peer->plain = s;
	} else if (str_find(s, '@') != SIZE_MAX && str_casesuffix(s, STR("@localhost"))) {
		r->ident = word_slice(s, 0, s.n - STR("@localhost").n);
		peer->local = true;
	} else if (str_casesuffix(s, STR("[local]")) || str_casesuffix(s, STR("[unix socket]"))) {
		peer->local = true;      /* OpenSMTPD, Cyrus */
	}
}

static void read_from_comment(struct str s, struct received *r, struct peer *peer)
{
	bool open = is_peer(s, r, peer);
	if (!open && clauses_writer(peer->line) == WRITER_ENCLOSES)
		return;                  /* it writes one: this is of the client's words */
	if (helo_comment(s, r, peer, open))
		return;
	if (word_starts(s, "may be forged")) {
		r->rdns_doubtful = true;
		return;
	}
	if (open && is_name_bracket(s) && bracket_comment(s, r, peer))
		return;
	if (form_comment(s, r))
		return;
	if (open && (bracket_comment(s, r, peer) || paren_comment(s, r, peer)))
		return;
	aside_comment(s, r, peer);
}

/* ---- words ------------------------------------------------------------------------ */

/* name [ip], name(ip), "claiming to be": words behind the first one. */
static void read_from_word(const struct clause *c, size_t i, struct received *r,
                           struct peer *peer)
{
	struct str w = c->item[i].s;
	bool dash = str_eq(c->item[i - 1].s, STR("-"));   /* from x - 192.0.2.1 by … */
	if (peer->shape == SHAPE_NONE && (w.p[0] == '[' || dash) && !is_told(r, peer) &&
	    received_address(w, &r->ip))
		peer->shape = SHAPE_WORD;
	/* NetMail and NIMS name who had logged in: from helo joe@example.org [ip] */
	if (i == 1 && str_find(w, '@') != SIZE_MAX &&
	    (word_starts(r->with, "NetMail ") || word_starts(r->with, "Novell NIMS ")))
		r->auth = true;
	if (w.p[0] == '"' && i >= 2 && str_caseeq(c->item[i - 1].s, STR("be")) &&
	    str_caseeq(c->item[i - 2].s, STR("to"))) {
		r->helo = word_unwrap(w, '"', '"');
		peer->helo_given = true;
	}
}

void client_read(const struct clause *c, struct received *r, struct peer *peer)
{
	bool first = true;
	for (size_t i = 0; i < c->n; i++) {
		if (c->item[i].comment) {
			read_from_comment(c->item[i].s, r, peer);
		} else if (first && (i == 0 || c->item[i].s.p[0] != '[')) {
			r->from = c->item[i].s;
			first = false;
		} else {
			read_from_word(c, i, r, peer);
		}
	}
}
