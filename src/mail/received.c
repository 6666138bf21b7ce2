/* SPDX-License-Identifier: ISC */
#include "mail/received-private.h"

/* How the address stood in the from clause: what a name beside it means depends
 * on it. */
enum shape {
	SHAPE_NONE,
	SHAPE_NAME_BRACKET,      /* (name [ip]) */
	SHAPE_BRACKET,           /* ([ip]) */
	SHAPE_PAREN,             /* (ip), (ident@ip) */
	SHAPE_WORD,              /* name [ip], outside comments */
	SHAPE_FIRST,             /* the first word itself */
};

struct peer {
	enum shape shape;
	struct str name;         /* beside the address, for SHAPE_NAME_BRACKET */
	struct str plain;        /* a comment that is a bare host name */
	bool helo_given;         /* (HELO x), helo=x */
	bool verified;           /* CommuniGate: HELO and address agree */
	bool from_comment;       /* (from helo [ip]) */
	bool local;              /* (joe@localhost): no network, the name was only said */
	const struct clauses *line;
};

static struct str slice(struct str s, size_t from, size_t to)
{
	return (struct str){ s.p + from, to - from };
}

/* Does s start with this text? A space in it stands for any white space, because a line
 * may be folded anywhere; ASCII case does not matter. */
static bool starts_whole(struct str s, const char *text)
{
	size_t i = 0;
	for (; *text; text++) {
		if (*text == ' ') {
			size_t from = i;
			while (i < s.n && ascii_isspace(s.p[i]))
				i++;
			if (i == from)
				return false;
		} else if (i == s.n || ascii_lower(s.p[i++]) != ascii_lower(*text)) {
			return false;
		}
	}
	return true;
}

/* The same; mostly it does not, by the first letter. */
static inline bool starts(struct str s, const char *text)
{
	return s.n && (*text == ' ' || ascii_lower(s.p[0]) == ascii_lower(*text)) &&
	       starts_whole(s, text);
}

static bool holds(struct str s, const char *text)
{
	for (size_t i = 0; i < s.n; i++)
		if (starts(str_from(s, i), text))
			return true;
	return false;
}

static struct str unwrap(struct str s, char open, char close)
{
	while (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
		s = slice(s, 1, s.n - 1);
	return s;
}

/* "<a@b>", "<<a@b>>", "<a@b" */
static struct str unangle(struct str s)
{
	s = unwrap(s, '<', '>');
	if (s.n && s.p[0] == '<')
		s = str_from(s, 1);
	while (s.n && s.p[s.n - 1] == '>')
		s.n--;
	return s;
}

/* Most words of a line are no address: settled by the first byte. */
static bool may_be_address(struct str s)
{
	return s.n >= 2 && s.n <= 64 &&
	       (ascii_isdigit((unsigned char)s.p[0]) || s.p[0] == '[' || s.p[0] == ':' ||
	        str_find(s, ':') != SIZE_MAX);
}

/* Dotted quad with an optional port: nearly all addresses of nearly all lines. */
static bool quad(struct str s, struct ip *ip)
{
	uint8_t b[4];
	size_t i = 0;
	for (unsigned k = 0; k < 4; k++) {
		size_t from = i;
		unsigned v = 0;
		while (i < s.n && i - from < 3 && ascii_isdigit((unsigned char)s.p[i]))
			v = v * 10 + (unsigned)(s.p[i++] - '0');
		if (i == from || v > 255 || (i - from > 1 && s.p[from] == '0'))
			return false;
		b[k] = (uint8_t)v;
		if (k < 3 && (i == s.n || s.p[i++] != '.'))
			return false;
	}
	/* ".50387" is a port; any other dot makes it a name. */
	if (i < s.n && s.p[i] == '.') {
		size_t port = ++i;
		while (i < s.n && i - port < 5 && ascii_isdigit((unsigned char)s.p[i]))
			i++;
	}
	if (i < s.n && s.p[i] != ':' && !ascii_isspace(s.p[i]))
		return false;
	*ip = ip_from_v4(b[0], b[1], b[2], b[3]);
	return true;
}

bool received_address(struct str s, struct ip *ip)
{
	if (!may_be_address(s))
		return false;
	if (s.p[0] == '[') {
		size_t close = str_find(s, ']');
		if (close == SIZE_MAX)
			return false;
		s = str_trim(slice(s, 1, close));
	}
	if (quad(s, ip))
		return true;
	if (str_find(s, ':') == SIZE_MAX)
		return false;
	if (starts(s, "IPv6:"))
		s = str_from(s, 5);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' || ascii_isspace(s.p[i]))  /* zone index, " port:4688" */
			s.n = i;
	return ip_parse(s, ip, NULL) == ERR_OK;
}

/* Four numbers in the place of an address, one of them too great. Leading zeros are only odd. */
static bool is_impossible(struct str s)
{
	unsigned dots = 0, number = 0;
	bool great = false;
	s = unwrap(s, '[', ']');
	if (s.n < 7 || s.n > 15)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && i > 0 && s.p[i - 1] != '.') {
			dots++;
			number = 0;
		} else if (ascii_isdigit((unsigned char)s.p[i])) {
			number = number * 10 + (unsigned)(s.p[i] - '0');
			great |= number > 255;
		} else {
			return false;
		}
	}
	return dots == 3 && great;
}

/* What servers write where they know no name. */
static bool is_unknown(struct str s)
{
	static const struct str words[] = {
		{ "unknown", 7 }, { "unverified", 10 }, { "softdnserr", 10 }, { "nxdomain", 8 },
		{ "dnserror", 8 }, { "dns-unknown", 11 }, { "nodnsquery", 10 },
		{ "unknownhost", 11 }, { "unknown-host", 12 }, { "no.name.available", 17 },
		{ "<unavailable>", 13 }, { "<unknown>", 9 },
	};
	if (s.n == 0 || !strchr("UuSsNnDd<", s.p[0]))
		return s.n == 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (s.n == words[i].n && str_caseeq(s, words[i]))
			return true;
	return false;
}

static const bool no_name[256] = {
	[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
	[':'] = true, ['='] = true, ['['] = true,
};

/* A name that a server can have looked up: no literal, no "unknown", no phrase. */
static struct str looked_up(struct str s)
{
	struct ip ip;
	if (is_unknown(s) || s.p[0] == '<' || quad(s, &ip))
		return STR("");
	bool name = true;
	for (size_t i = 0; i < s.n; i++)
		name &= !no_name[(unsigned char)s.p[i]];
	return name ? s : STR("");
}

/* "helo=x", "HELO x", "EHLO", "LHLO x": the rest of the comment's word after it. */
static bool helo_word(struct str s, struct str *helo)
{
	if (s.n < 4)
		return false;
	char first = ascii_lower(s.p[0]);
	if (first != 'h' && first != 'e' && first != 'l')
		return false;
	if (!str_caseeq(slice(s, 1, 4), first == 'h' ? STR("elo") : STR("hlo")))
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
		struct str here = slice(all, (size_t)(word.p - all.p), all.n);
		bool quoted = here.p[0] == '"';          /* ZMailer: "HELO x" */
		if (!peer->helo_given && helo_word(str_from(here, quoted), &helo)) {
			if (quoted && helo.n && helo.p[helo.n - 1] == '"')
				helo.n--;
			r->helo = helo;
			peer->helo_given = true;
		}
		if (starts(word, "ident="))
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
	r->ident = slice(s, 0, at);
	if (starts(r->ident, "IDENT:"))
		r->ident = str_from(r->ident, 6);
	return str_from(s, at + 1);
}

/* "mx.example.org." is the same name as without its root dot. */
static struct str cut_root(struct str s)
{
	return s.n > 1 && s.p[s.n - 1] == '.' ? slice(s, 0, s.n - 1) : s;
}

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
		*open = from + left;
		size_t length = str_find(str_from(s, *open), ']');
		if (length == SIZE_MAX)
			return false;
		*close = from = *open + length + 1;
		bool ident = *close < s.n && str_find(str_from(s, *close), '[') != SIZE_MAX &&
		             s.p[*close] == '@';
		struct ip ip;
		if (!ident && received_address(slice(s, *open, *close), &ip))
			return true;
		if (!ident && (*open != 0 || is_impossible(slice(s, *open, *close))))
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

/* "name [ip] rest" inside a comment. */
static bool bracket_comment(struct str s, struct received *r, struct peer *peer)
{
	size_t open = 0, close = 0;
	struct ip ip;
	if (!find_bracket(s, &open, &close)) {
		r->bad_ip |= close != 0 && is_impossible(slice(s, open, close));
		return false;
	}
	struct str before = str_trim(slice(s, 0, open));
	char last = before.n ? before.p[before.n - 1] : ' ';
	if (last == '=' || last == ':')
		return false;            /* helo=[…], ident=[…], Forwarded-For: […] */
	if (before.n > 4 && ascii_isspace(before.p[before.n - 5]) &&
	    (str_casesuffix(before, STR("HELO")) || str_casesuffix(before, STR("EHLO"))))
		return false;            /* account x HELO […]: the client said it */
	bool login = r->auth && starts(before, "account ");
	forget_said(r);
	r->auth = login;
	(void)received_address(slice(s, open, close), &ip);
	struct str after = str_trim(str_from(s, close));
	if (starts(before, "from ") && r->by.n) {
		peer->from_comment = true;
		r->from = str_trim(str_from(before, 5));
		before = STR("");
	}
	if (starts(before, "account ") || starts(before, "HELO ") ||
	    starts(before, "EHLO ")) {
		helo_inside(before, r, peer);
		before = STR("");
	}
	r->ip = ip;
	peer->name = looked_up(cut_root(cut_ident(before, r)));
	peer->shape = before.n && before.p[before.n - 1] != '@' && before.p[0] != '['
	              ? SHAPE_NAME_BRACKET : SHAPE_BRACKET;
	peer->verified = starts(after, "verified");
	helo_inside(after, r, peer);
	if (!peer->helo_given && holds(after, "may be forged"))
		r->rdns_doubtful = true;
	return true;
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
		r->bad_ip |= is_impossible(host);
		return false;
	}
	if (rest.n && rest.p[0] == ',')
		rest = str_from(rest, 1);        /* (192.0.2.1, HELO x) */
	rest = str_trim(rest);
	forget_said(r);
	r->ip = ip;
	peer->shape = SHAPE_PAREN;
	if (at != SIZE_MAX)
		r->ident = slice(word, 0, at);
	if (starts(rest, "with "))
		r->auth = true;          /* "with login", "with plain": Yahoo */
	helo_inside(rest, r, peer);
	return true;
}

/* "SquirrelMail authenticated user joe", and its kin. */
static bool is_web_login(struct str s)
{
	size_t n = 0;
	while (n < s.n && !ascii_isspace(s.p[n]))
		n++;
	return str_casesuffix(slice(s, 0, n), STR("Mail")) &&
	       starts(str_from(s, n), " authenticated user");
}

/* Courier: "IDENT: root, AUTH: LOGIN joe". */
static void read_ident(struct str s, struct received *r)
{
	struct str word;
	if (str_token(&s, " \t\r\n,", &word))
		r->ident = word;
	r->auth |= holds(s, "AUTH:");
}

/* Comments that may stand in any clause: login, TLS, envelope sender. */
static bool common_comment(struct str s, struct received *r)
{
	if (s.n < 3)
		return false;
	switch (ascii_lower(s.p[0])) {
	case 'a':
		if (starts(s, "account "))
			r->auth = true;          /* HELO may follow: not done yet */
		if (starts(s, "auth:") || str_caseeq(s, STR("authenticated")) ||
		    starts(s, "authenticated ") || starts(s, "auth ")) {
			r->auth = true;
			return true;
		}
		break;
	case 'e':
		if (!starts(s, "envelope-from ") && !starts(s, "envelope-sender "))
			break;
		while (s.n && s.p[0] != ' ' && s.p[0] != '\n' && s.p[0] != '\t')
			s = str_from(s, 1);
		{
			struct str word;
			if (r->sender.n == 0 && str_token(&s, " \t\r\n,", &word))
				r->sender = unangle(word);
		}
		return true;
	case 'i':
		if (!starts(s, "IDENT: "))
			break;
		read_ident(str_from(s, 7), r);
		return true;
	case 'u':
		if (!starts(s, "using TLS") && !starts(s, "using SSL"))
			break;
		r->tls = str_from(s, 6);
		return true;
	case 'v':
		if (starts(s, "via HTTP")) {             /* United Internet's web mailers */
			r->form = RECEIVED_WEB;
			return true;
		}
		if (!starts(s, "version="))
			break;
		r->tls = s;
		return true;
	case 't':
	case 's':
	case 'c':
		if (!starts(s, "TLS") && !starts(s, "SSL") && !starts(s, "Cipher ") &&
		    !starts(s, "cipher="))
			break;
		/* "sslwrap@localhost [127.0.0.1]" and "tls.example [192.0.2.1]" are peers. */
		if (str_find(s, '[') != SIZE_MAX || str_find(s, '@') != SIZE_MAX)
			break;
		r->tls = s;
		return true;
	default:
		break;
	}
	if (str_casesuffix(s, STR("encrypted")) && s.p[0] != '[' && str_find(s, '=') == SIZE_MAX) {
		r->tls = s;
		return true;
	}
	if (is_web_login(s)) {
		r->auth = true;
		return true;
	}
	return false;
}

/* Only bytes that stand in names; `full`: of more than one label. */
static bool is_name(struct str s, bool full)
{
	bool dot = false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		dot |= c == '.' && i + 1 < s.n;
		if (!ascii_isalnum(c) && c != '.' && c != '-' && c != '_')
			return false;
	}
	return s.n && (dot || !full);
}

static bool is_host_name(struct str s)
{
	return is_name(s, true);
}

/* "name [192.0.2.1]", whatever the name: its owner may have called it "authenticated". */
static bool is_name_bracket(struct str s)
{
	size_t open = str_find(s, '[');
	struct str before = str_trim(slice(s, 0, open == SIZE_MAX ? 0 : open));
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

static void read_from_comment(struct str s, struct received *r, struct peer *peer)
{
	struct str helo;
	bool open = is_peer(s, r, peer);
	if (!open && clauses_writer(peer->line) == WRITER_ENCLOSES)
		return;                  /* it writes one: this is of the client's words */
	/* Some writers have no such word; then it is a name: (helo [192.0.2.1]) */
	if (helo_word(s, &helo) && !(open && helo.n && helo.p[0] == '[' &&
	                             clauses_writer(peer->line) == WRITER_CLEANS)) {
		/* The word by itself, or with its literal: "HELO [192.0.2.1]". */
		r->helo = helo;
		peer->helo_given = true;
	} else if (starts(s, "may be forged")) {
		r->rdns_doubtful = true;
	} else if (open && is_name_bracket(s) && bracket_comment(s, r, peer)) {
		return;
	} else if (common_comment(s, r)) {
		return;
	} else if (open && bracket_comment(s, r, peer)) {
		return;
	} else if (open && paren_comment(s, r, peer)) {
		return;
	} else if (r->auth && starts(s, "account ")) {
		helo_inside(s, r, peer);
	} else if (starts(s, "port=") || starts(s, "ident=")) {
		helo_inside(s, r, peer);         /* Exim: (port=3496 helo=x) */
	} else if (is_name(s, r->from.n != 0)) {
		struct ip ip;
		if (!received_address(s, &ip))
			peer->plain = s;
	} else if (str_find(s, '@') != SIZE_MAX && str_casesuffix(s, STR("@localhost"))) {
		r->ident = slice(s, 0, s.n - STR("@localhost").n);
		peer->local = true;
	} else if (str_casesuffix(s, STR("[local]")) || str_casesuffix(s, STR("[unix socket]"))) {
		peer->local = true;      /* OpenSMTPD, Cyrus */
	}
}

/* name [ip], name(ip), "claiming to be": words behind the first one. */
static void read_from_word(struct clause *c, size_t i, struct received *r, struct peer *peer)
{
	struct str w = c->item[i].s;
	bool dash = str_eq(c->item[i - 1].s, STR("-"));   /* from x - 192.0.2.1 by … */
	if (peer->shape == SHAPE_NONE && (w.p[0] == '[' || dash) && !is_told(r, peer) &&
	    received_address(w, &r->ip))
		peer->shape = SHAPE_WORD;
	/* NetMail and NIMS name who had logged in: from helo joe@example.org [ip] */
	if (i == 1 && str_find(w, '@') != SIZE_MAX &&
	    (starts(r->with, "NetMail ") || starts(r->with, "Novell NIMS ")))
		r->auth = true;
	if (w.p[0] == '"' && i >= 2 && str_caseeq(c->item[i - 1].s, STR("be")) &&
	    str_caseeq(c->item[i - 2].s, STR("to"))) {
		r->helo = unwrap(w, '"', '"');
		peer->helo_given = true;
	}
}

static void read_from(struct clause *c, struct received *r, struct peer *peer)
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

/* ---- who wrote it ---- */

enum protocol { PROTOCOL_OTHER, PROTOCOL_SMTP, PROTOCOL_LOGIN };

/* RFC 3848 and RFC 6531: [UTF8] SMTP or ESMTP, LMTP, then S for TLS and A for a login;
 * ASMTP is Exim's old word for a login. */
static enum protocol protocol_of(struct str s)
{
	bool login = str_caseeq(s, STR("ASMTP"));
	if (starts(s, "UTF8"))
		s = str_from(s, 4);
	if (login || (s.n > 4 && ascii_lower(s.p[0]) == 'e'))
		s = str_from(s, 1);
	if (!starts(s, "SMTP") && !starts(s, "LMTP"))
		return PROTOCOL_OTHER;
	s = str_from(s, 4);
	if (s.n && ascii_lower(s.p[0]) == 's')
		s = str_from(s, 1);
	if (s.n && ascii_lower(s.p[0]) == 'a') {
		s = str_from(s, 1);
		login = true;
	}
	return s.n ? PROTOCOL_OTHER : login ? PROTOCOL_LOGIN : PROTOCOL_SMTP;
}

/* The protocol that begins or ends a phrase: "SMTP 1234", "AES256-SHA encrypted SMTP",
 * "MailEnable ESMTPA". */
static enum protocol protocol_in(struct str phrase)
{
	struct str word = STR("");
	enum protocol first = PROTOCOL_OTHER;
	if (str_word(&phrase, &word))
		first = protocol_of(word);
	if (first != PROTOCOL_OTHER || phrase.n == 0)
		return first;
	while (str_word(&phrase, &word))
		;
	return protocol_of(word);
}

static bool is_web_word(struct str s)
{
	if (!starts(s, "HTTP"))
		return false;
	s = str_from(s, 4);
	return s.n == 0 || s.p[0] == '/' ||      /* HTTP/1.1 */
	       (s.n == 1 && (ascii_lower(s.p[0]) == 's' || ascii_lower(s.p[0]) == 'u'));
}

/* The words of a clause up to the first comment behind one of them. */
static struct str phrase(const struct clause *c)
{
	struct str s = { "", 0 };
	for (size_t i = 0; i < c->n; i++) {
		if (c->item[i].comment && s.n)
			break;
		if (c->item[i].comment)
			continue;
		const char *end = c->item[i].s.p + c->item[i].s.n;
		s = s.n ? (struct str){ s.p, (size_t)(end - s.p) } : c->item[i].s;
	}
	return s;
}

static enum received_form form_of_product(struct str s)
{
	switch (s.n ? ascii_lower(s.p[0]) : '\0') {
	case 'e':
		return starts(s, "Exim ") || s.n == 4 ? RECEIVED_EXIM : RECEIVED_OTHER;
	case 'p':
		return starts(s, "Postfix") ? RECEIVED_POSTFIX : RECEIVED_OTHER;
	case 'q':
		return starts(s, "qmail") || starts(s, "qp ")
		       ? RECEIVED_QMAIL : RECEIVED_OTHER;
	case 's':
		return starts(s, "SMI-8.") ? RECEIVED_SENDMAIL : RECEIVED_OTHER;
	case 'l':
		return starts(s, "Lotus ") ? RECEIVED_DOMINO : RECEIVED_OTHER;
	case 'i':
		return starts(s, "IBM Domino") ? RECEIVED_DOMINO : RECEIVED_OTHER;
	case 'h':
		return starts(s, "HCL Domino") ? RECEIVED_DOMINO : RECEIVED_OTHER;
	case 'c':
		return starts(s, "CommuniGate") ? RECEIVED_COMMUNIGATE
		                                            : RECEIVED_OTHER;
	case 'f':
		return starts(s, "fetchmail") ? RECEIVED_FETCHED : RECEIVED_OTHER;
	case 'g':
		return starts(s, "getmail") ? RECEIVED_FETCHED : RECEIVED_OTHER;
	case 'm':
		return starts(s, "mpop") ? RECEIVED_FETCHED :
		       starts(s, "mshttpd") ? RECEIVED_WEB : RECEIVED_OTHER;
	case '8':
		return s.n > 3 && s.p[1] == '.' && str_find(s, '/') != SIZE_MAX
		       ? RECEIVED_SENDMAIL : RECEIVED_OTHER;
	default:
		return RECEIVED_OTHER;
	}
}

/* `with` is the clause's phrase, `first` its first word. */
static enum received_form form_of_protocol(struct str with, struct str first)
{
	if (is_web_word(first))
		return RECEIVED_WEB;
	if (str_caseeq(first, STR("mapi")) || starts(with, "Microsoft SMTP Server"))
		return RECEIVED_EXCHANGE;
	if (starts(with, "Microsoft SMTPSVC"))
		return RECEIVED_SMTPSVC;
	if (holds(first, "-scanne") || starts(first, "scanned") ||
	    str_caseeq(first, STR("SpamAssassin")))
		return RECEIVED_SCANNER;
	if (str_caseeq(first, STR("local")))
		return RECEIVED_LOCAL;
	if (str_caseeq(first, STR("POP")) || str_caseeq(first, STR("POP3")) ||
	    str_caseeq(first, STR("IMAP")) || str_caseeq(first, STR("IMAP4")))
		return RECEIVED_FETCHED;
	return RECEIVED_OTHER;
}

/* "192.0.2.1", "[192.0.2.1] running X", "node [192.0.2.1]" beside the by-host. A filter names
 * the loopback so, which is no host's own. */
static bool read_by_ip(struct str s, struct received *r)
{
	size_t open = s.n && s.p[s.n - 1] == ']' ? str_find(s, '[') : 0;
	if (r->by_ip.family || open == SIZE_MAX || !received_address(str_from(s, open), &r->by_ip))
		return false;
	if (open > 0 && r->by_ip.family == 4 && r->by_ip.b[0] == 127)
		r->by_ip = (struct ip){ 0 };
	return true;
}

/* Comments of the by and with clauses: product, the writer's address, TLS. */
static void read_product(const struct clause *c, bool is_by, struct received *r)
{
	for (size_t i = 0; i < c->n; i++) {
		struct str s = c->item[i].s;
		if (is_by && i > 0 && read_by_ip(s, r))
			continue;
		if (!c->item[i].comment)
			continue;
		if (common_comment(s, r))
			continue;
		if (r->product.n == 0)
			r->product = s;
		if (r->form == RECEIVED_OTHER)
			r->form = form_of_product(s);
		if (is_by && r->from.n == 0 && holds(s, "from userid"))
			r->form = RECEIVED_LOCAL;
	}
}

static void read_id(const struct clause *c, struct received *r)
{
	struct str s = unangle(clause_word(c));
	while (s.n && (s.p[s.n - 1] == ',' || s.p[s.n - 1] == ';'))
		s.n--;
	r->id = s;
	/* Haraka: id X envelope-from <…> */
	for (size_t i = 1; i + 1 < c->n; i++)
		if (r->sender.n == 0 && str_caseeq(c->item[i].s, STR("envelope-from")))
			r->sender = unangle(c->item[i + 1].s);
}

/* The word in angles, as in "for joe <joe@example.org>", or else the first. */
static void read_recipient(const struct clause *c, struct received *r)
{
	struct str s = clause_word(c);
	for (size_t i = 1; i < c->n; i++)
		if (!c->item[i].comment && s.p[0] != '<' && c->item[i].s.p[0] == '<')
			s = c->item[i].s;
	r->recipient = unangle(s);
}

/* "host[192.0.2.1]" and "<host>" are the host. */
static void read_by(const struct clause *c, struct received *r)
{
	r->by = unangle(clause_word(c));
	size_t open = str_find(r->by, '[');
	if (open != 0 && open != SIZE_MAX && received_address(str_from(r->by, open), &r->by_ip))
		r->by.n = open;
}

static void read_date(const struct clauses *c, struct received *r)
{
	if (c->has_plain) {
		r->date = c->plain;
		r->has_time = true;
		return;
	}
	if (c->date.p) {
		r->has_time = mail_date_parse(c->date, &r->date) == ERR_OK;
		return;
	}
	/* No semicolon: the date may follow the last word without one. */
	const struct clause *const last[] = { &c->recipient, &c->id, &c->with, &c->by, &c->head };
	bool noted = c->from.n == 0 && c->by.n == 0;     /* (a filter's note) 9 Aug … */
	for (size_t k = 0; k < 4u + noted && !r->has_time; k++)
		for (size_t i = 1; i < last[k]->n && !r->has_time; i++) {
			struct str s = last[k]->item[i].s;
			const char *end = last[k]->item[last[k]->n - 1].s.p +
			                  last[k]->item[last[k]->n - 1].s.n;
			if (last[k]->item[i].comment || end < s.p)
				continue;
			s.n = (size_t)(end - s.p);
			r->has_time = mail_date_parse(s, &r->date) == ERR_OK &&
			              (r->date.has_weekday || r->date.has_zone);
		}
}

/* qmail omits the HELO where it equals the name it looked up. Its dates have no
 * weekday and the zone -0000; nothing else writes that with these protocols. */
static bool is_qmail_line(const struct received *r)
{
	if (r->form == RECEIVED_QMAIL)
		return true;
	if (r->form != RECEIVED_OTHER || r->id.n || !r->has_time)
		return false;
	if (r->date.has_weekday || r->date.half_day || !r->date.zone_untold)
		return false;
	return protocol_in(r->with) || str_caseeq(r->with, STR("QMQP")) ||
	       str_caseeq(r->with, STR("QMTP")) || str_caseeq(r->with, STR("QMTPS"));
}

/* ---- what the names mean ---- */

/* What "from" says where no address stands beside it. */
static void name_first_word(struct received *r, const struct peer *peer)
{
	struct str w = r->from;
	if (w.n == 0 || is_unknown(w))
		return;
	struct ip ip;
	r->bad_ip |= is_impossible(w);
	bool smtp = protocol_in(r->with) || protocol_of(r->via);
	bool other = (r->with.n || r->via.n) && !smtp;
	if (peer->local && !peer->helo_given) {
		r->helo = w;
		return;
	}
	if (received_address(w, &ip)) {
		r->ip = ip;
		/* Alone it is what the client said, too; beside a protocol it is not. */
		if (w.p[0] == '[' && r->with.n == 0 && r->via.n == 0 && !peer->helo_given &&
		    r->form != RECEIVED_WEB)
			r->helo = w;
		return;
	}
	if (peer->helo_given || str_find(w, '@') != SIZE_MAX || str_find(w, '/') != SIZE_MAX)
		return;
	if (other || r->form == RECEIVED_PICKUP || r->form == RECEIVED_SCANNER)
		return;
	if (smtp || is_host_name(w) || r->form == RECEIVED_SENDMAIL)
		r->helo = w;
}

static void name_peer(struct received *r, const struct peer *peer)
{
	struct str first = looked_up(r->from);
	if (r->form == RECEIVED_WEB && peer->shape != SHAPE_NONE) {
		r->rdns = peer->name;    /* a browser says no HELO */
		return;
	}
	if (r->form == RECEIVED_SCANNER && peer->shape != SHAPE_NONE)
		return;                  /* nor does a scanner tell it */
	if (r->form == RECEIVED_FETCHED) {
		/* Nor does a mailbox: the writer found the server by its name. */
		r->rdns = peer->name.n ? peer->name : first;
		if (peer->shape == SHAPE_NONE)
			(void)received_address(r->from, &r->ip);
		return;
	}
	switch (peer->shape) {
	case SHAPE_NAME_BRACKET:
		r->rdns = peer->name;
		if (!peer->helo_given)
			r->helo = r->from;
		break;
	case SHAPE_BRACKET:
		if (peer->helo_given || r->form == RECEIVED_EXIM || peer->verified ||
		    is_qmail_line(r))
			r->rdns = first;
		if (peer->helo_given)
			break;
		/* Ecelerity and Exim put the bare literal where they know no name. */
		r->helo = first.n || r->form != RECEIVED_OTHER || r->product.n == 0 ||
		          !starts(r->product, "ecelerity") ? r->from : STR("");
		if (r->form == RECEIVED_EXIM)
			r->helo = first;
		if (is_unknown(r->from))
			r->helo = STR("");
		break;
	case SHAPE_PAREN: {
		/* Firewalls' store-and-forward proxies: name(ip), without a HELO. */
		bool proxy = starts(r->id, "smtpd") || starts(r->via, "smap") ||
		             starts(r->via, "csmap");
		if (peer->helo_given || proxy || is_qmail_line(r))
			r->rdns = first;
		if (!peer->helo_given && !proxy)
			r->helo = is_unknown(r->from) ? STR("") : r->from;
		break;
	}
	case SHAPE_WORD:
		if (peer->plain.n) {
			r->helo = peer->plain;
			r->rdns = first;
		} else if (peer->helo_given) {
			r->rdns = first;
		} else {
			r->helo = is_unknown(r->from) ? STR("") : r->from;
			if (r->form == RECEIVED_EXIM)
				r->rdns = first;
		}
		break;
	case SHAPE_NONE:
	case SHAPE_FIRST:
		name_first_word(r, peer);
		/* Exim's "local-esmtp" names a user. */
		if (r->ip.family == 0 && peer->helo_given &&
		    !str_caseprefix(r->with, STR("local")))
			r->rdns = first;
		break;
	}
}

static void settle_form(const struct clauses *c, struct received *r, const struct peer *peer)
{
	if (r->form == RECEIVED_OTHER && r->with.n)
		r->form = form_of_protocol(r->with, clause_word(&c->with));
	if (r->form == RECEIVED_OTHER && is_web_word(r->via))
		r->form = RECEIVED_WEB;
	/* Exchange passes mail on by HTTPS, too: from host (ip) by host with HTTPS. */
	if (r->form == RECEIVED_WEB && peer->shape == SHAPE_PAREN && r->product.n == 0 &&
	    str_caseeq(r->with, STR("HTTPS")) && looked_up(r->from).n)
		r->form = RECEIVED_EXCHANGE;
	if (r->form == RECEIVED_WEB || protocol_in(r->with) == PROTOCOL_LOGIN)
		r->auth = true;
	/* GMX writes its customers' logins as (mp033) and no other way. */
	if (str_caseeq(r->by, STR("mail.gmx.net")) && starts(r->product, "mp0"))
		r->auth = true;
	bool spooler = str_caseeq(r->from, STR("spooler")) ||
	               str_caseeq(r->from, STR("SpoolDir"));
	if (r->ip.family == 0 &&
	    (spooler || (str_caseeq(r->from, STR("mail")) && c->from.n >= 3 &&
	                 str_caseeq(c->from.item[1].s, STR("pickup")))))
		r->form = RECEIVED_PICKUP;
	if (r->by.n == 0 && c->from.n == 0)
		r->form = RECEIVED_QUEUE;
	else if (r->ip.family == 0 && !peer->from_comment &&
	         ((c->from.n == 0 && c->head.n) || str_caseeq(r->with, STR("local"))))
		r->form = RECEIVED_LOCAL;
	else if (r->form == RECEIVED_OTHER && is_qmail_line(r) && r->ip.family)
		r->form = RECEIVED_QMAIL;
	else if (r->form == RECEIVED_OTHER && str_casesuffix(r->by, STR(".google.com")))
		r->form = RECEIVED_GOOGLE;
	else if (r->form == RECEIVED_OTHER && r->product.n == 0 && clause_is_exim_id(r->id) &&
	         protocol_of(r->with))
		r->form = RECEIVED_EXIM;
}

void received_parse(struct str value, struct received *r)
{
	struct clauses c;
	struct peer peer = { .line = &c };
	received_scan(value, &c);
	*r = (struct received){ .truncated = c.truncated };
	read_by(&c.by, r);
	r->with = phrase(&c.with);
	r->via = clause_word(&c.via);
	r->sender = unangle(c.sender);
	read_recipient(&c.recipient, r);
	read_id(&c.id, r);
	read_date(&c, r);
	read_from(&c.from, r, &peer);
	if (c.from.n == 0)
		read_from(&c.head, r, &peer);
	if (c.from.n == 0 && !peer.from_comment) {
		r->from = STR("");       /* "(qmail 1 invoked …)", "(from u@localhost)" */
		r->ident = STR("");
	}
	read_product(&c.by, true, r);
	read_product(&c.with, false, r);
	read_product(&c.via, false, r);
	read_product(&c.id, false, r);
	read_product(&c.recipient, false, r);
	for (size_t i = 0; i < c.tail.n; i++)
		if (c.tail.item[i].comment)
			(void)common_comment(c.tail.item[i].s, r);
	settle_form(&c, r, &peer);
	name_peer(r, &peer);
	if (r->by_ip.family == 0)
		(void)received_address(r->by, &r->by_ip);
}
