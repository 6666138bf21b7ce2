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
};

static struct str slice(struct str s, size_t from, size_t to)
{
	return (struct str){ s.p + from, to - from };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Does s start with this text? A space in it stands for any white space, because a line
 * may be folded anywhere; ASCII case does not matter. */
static bool starts(struct str s, const char *text)
{
	size_t i = 0;
	for (; *text; text++) {
		if (*text == ' ') {
			size_t from = i;
			while (i < s.n && is_space(s.p[i]))
				i++;
			if (i == from)
				return false;
		} else if (i == s.n || ascii_lower(s.p[i++]) != ascii_lower(*text)) {
			return false;
		}
	}
	return true;
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
	if (i < s.n && s.p[i] != ':' && s.p[i] != '.' && s.p[i] != ' ')
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
	if (starts(s, "IPv6:"))
		s = str_from(s, 5);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' || s.p[i] == ' ')     /* zone index, " port:4688" */
			s.n = i;
	return ip_parse(s, ip, NULL) == ERR_OK;
}

/* Four numbers in the place of an address that are none. */
static bool is_impossible(struct str s)
{
	struct ip ip;
	unsigned dots = 0;
	s = unwrap(s, '[', ']');
	if (s.n < 7 || s.n > 15 || received_address(s, &ip))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_isdigit((unsigned char)s.p[i]) && s.p[i] != '.')
			return false;
		if (s.p[i] == '.' && (i == 0 || s.p[i - 1] == '.'))
			return false;
		dots += s.p[i] == '.';
	}
	return dots == 3;
}

static bool is_unknown(struct str s)
{
	return s.n == 0 || str_caseeq(s, STR("unknown")) || str_caseeq(s, STR("unverified")) ||
	       str_caseeq(s, STR("softdnserr")) || str_caseeq(s, STR("<unavailable>")) ||
	       str_caseeq(s, STR("dns-unknown"));
}

/* A name that a server can have looked up: no literal, no "unknown". */
static struct str looked_up(struct str s)
{
	struct ip ip;
	if (is_unknown(s) || s.p[0] == '[' || s.p[0] == '<' || received_address(s, &ip))
		return STR("");
	return s;
}

/* "helo=x", "HELO x", "EHLO": the rest of the comment's word after it. */
static bool helo_word(struct str s, struct str *helo)
{
	if (s.n < 4 || !str_caseeq(slice(s, 1, 4), STR("elo")) || ascii_lower(s.p[0]) != 'h') {
		if (s.n < 4 || !str_caseeq(slice(s, 0, 4), STR("ehlo")))
			return false;
	}
	struct str rest = str_from(s, 4);
	if (rest.n && !strchr(" =\t\r\n", rest.p[0]))
		return false;
	rest = str_trim(str_from(rest, 1));
	struct str word;
	*helo = str_token(&rest, " \t\r\n", &word) ? word : STR("");
	return true;
}

/* Looks for "helo=x", "HELO x" and "ident=x" among the words of s. */
static void helo_inside(struct str s, struct received *r, struct peer *peer)
{
	struct str word, all = s, helo;
	while (str_token(&s, " \t\r\n", &word)) {
		struct str here = slice(all, (size_t)(word.p - all.p), all.n);
		if (helo_word(here, &helo)) {
			r->helo = helo;
			peer->helo_given = true;
			return;
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

/* "name [ip] rest" inside a comment. */
static bool bracket_comment(struct str s, struct received *r, struct peer *peer)
{
	size_t open = str_find(s, '[');
	if (open == SIZE_MAX)
		return false;
	size_t close = str_find(str_from(s, open), ']');
	struct ip ip;
	if (close == SIZE_MAX)
		return false;
	if (!received_address(slice(s, open, open + close + 1), &ip)) {
		r->bad_ip |= is_impossible(slice(s, open, open + close + 1));
		return false;
	}
	struct str before = str_trim(slice(s, 0, open));
	if (str_casesuffix(before, STR("HELO")) || str_casesuffix(before, STR("EHLO")) ||
	    str_casesuffix(before, STR("helo=")))
		return false;            /* the literal is what the client said */
	struct str after = str_trim(str_from(s, open + close + 1));
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
	peer->shape = before.n && before.p[before.n - 1] != '@' ? SHAPE_NAME_BRACKET
	                                                         : SHAPE_BRACKET;
	peer->verified = starts(after, "verified");
	if (holds(after, "may be forged"))
		r->rdns_doubtful = true;
	helo_inside(after, r, peer);
	return true;
}

/* "ip", "ident@ip", "ip:port", "ip with login" at the start of a comment. */
static bool paren_comment(struct str s, struct received *r, struct peer *peer)
{
	struct str rest = s, word;
	struct ip ip;
	if (!str_token(&rest, " \t\r\n", &word))
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
	rest = str_trim(rest);
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
	while (n < s.n && !is_space(s.p[n]))
		n++;
	return str_casesuffix(slice(s, 0, n), STR("Mail")) &&
	       starts(str_from(s, n), " authenticated user");
}

/* Comments that may stand in any clause: login, TLS, envelope sender. */
static bool common_comment(struct str s, struct received *r)
{
	if (s.n < 4)
		return false;
	switch (ascii_lower(s.p[0])) {
	case 'a':
		if (starts(s, "account "))
			r->auth = true;          /* HELO may follow: not done yet */
		if (starts(s, "auth:") || starts(s, "authenticated") ||
		    starts(s, "auth ")) {
			r->auth = true;
			return true;
		}
		return false;
	case 'e':
		if (!starts(s, "envelope-from") &&
		    !starts(s, "envelope-sender"))
			return false;
		while (s.n && s.p[0] != ' ' && s.p[0] != '\n' && s.p[0] != '\t')
			s = str_from(s, 1);
		{
			struct str word;
			if (r->sender.n == 0 && str_token(&s, " \t\r\n,", &word))
				r->sender = unangle(word);
		}
		return true;
	case 'u':
		if (!starts(s, "using TLS") && !starts(s, "using SSL"))
			return false;
		r->tls = str_from(s, 6);
		return true;
	case 'v':
	case 't':
	case 's':
	case 'c':
		if (!starts(s, "version=") && !starts(s, "TLSv") &&
		    !starts(s, "TLS-") && !starts(s, "TLS1") &&
		    !starts(s, "SSLv") && !starts(s, "Cipher "))
			return false;
		r->tls = s;
		return true;
	default:
		break;
	}
	if (str_casesuffix(s, STR("encrypted"))) {
		r->tls = s;
		return true;
	}
	if (is_web_login(s)) {
		r->auth = true;
		return true;
	}
	return false;
}

static bool is_host_name(struct str s)
{
	bool dot = false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		dot |= c == '.' && i + 1 < s.n;
		if (!ascii_isalnum(c) && c != '.' && c != '-' && c != '_')
			return false;
	}
	return dot;
}

static void read_from_comment(struct str s, struct received *r, struct peer *peer)
{
	struct str helo;
	if (helo_word(s, &helo)) {
		/* The word by itself, or with its literal: "HELO [192.0.2.1]". */
		r->helo = helo;
		peer->helo_given = true;
	} else if (starts(s, "may be forged")) {
		r->rdns_doubtful = true;
	} else if (common_comment(s, r)) {
		return;
	} else if (peer->shape == SHAPE_NONE && bracket_comment(s, r, peer)) {
		return;
	} else if (peer->shape == SHAPE_NONE && paren_comment(s, r, peer)) {
		return;
	} else if (r->auth && starts(s, "account ")) {
		helo_inside(s, r, peer);
	} else if (is_host_name(s)) {
		struct ip ip;
		if (!received_address(s, &ip))
			peer->plain = s;
	} else if (str_find(s, '@') != SIZE_MAX && str_casesuffix(s, STR("@localhost"))) {
		r->ident = slice(s, 0, s.n - STR("@localhost").n);
	}
}

/* name [ip], name(ip), "claiming to be": words behind the first one. */
static void read_from_word(struct clause *c, size_t i, struct received *r, struct peer *peer)
{
	struct str w = c->item[i].s;
	bool dash = str_eq(c->item[i - 1].s, STR("-"));   /* from x - 192.0.2.1 by … */
	if (peer->shape == SHAPE_NONE && (w.p[0] == '[' || dash) && received_address(w, &r->ip))
		peer->shape = SHAPE_WORD;
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
		} else if (first && i == 0) {
			r->from = c->item[i].s;
			first = false;
		} else {
			read_from_word(c, i, r, peer);
		}
	}
}

/* ---- who wrote it ---- */

static bool is_smtp_word(struct str s)
{
	return str_caseeq(s, STR("SMTP")) || str_caseeq(s, STR("ESMTP")) ||
	       str_caseeq(s, STR("ESMTPS")) || str_caseeq(s, STR("ESMTPA")) ||
	       str_caseeq(s, STR("ESMTPSA")) || str_caseeq(s, STR("ASMTP")) ||
	       str_caseeq(s, STR("SMTPS")) || str_caseeq(s, STR("LMTP")) ||
	       str_caseeq(s, STR("LMTPS")) || str_caseeq(s, STR("LMTPA")) ||
	       str_caseeq(s, STR("UTF8SMTP")) || str_caseeq(s, STR("UTF8SMTPS")) ||
	       str_caseeq(s, STR("UTF8SMTPA")) || str_caseeq(s, STR("UTF8SMTPSA"));
}

static bool is_auth_word(struct str s)
{
	return str_caseeq(s, STR("ESMTPA")) || str_caseeq(s, STR("ESMTPSA")) ||
	       str_caseeq(s, STR("ASMTP")) || str_caseeq(s, STR("LMTPA")) ||
	       str_caseeq(s, STR("UTF8SMTPA")) || str_caseeq(s, STR("UTF8SMTPSA"));
}

static bool is_web_word(struct str s)
{
	return str_caseeq(s, STR("HTTP")) || str_caseeq(s, STR("HTTPS")) ||
	       str_caseeq(s, STR("HTTPU"));
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
		return starts(s, "Exim ") ? RECEIVED_EXIM : RECEIVED_OTHER;
	case 'p':
		return starts(s, "Postfix") ? RECEIVED_POSTFIX : RECEIVED_OTHER;
	case 'q':
		return starts(s, "qmail") || starts(s, "qp ")
		       ? RECEIVED_QMAIL : RECEIVED_OTHER;
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
		return starts(s, "fetchmail") || starts(s, "getmail")
		       ? RECEIVED_FETCHED : RECEIVED_OTHER;
	case 'm':
		return starts(s, "mpop") ? RECEIVED_FETCHED : RECEIVED_OTHER;
	case '8':
		return s.n > 3 && s.p[1] == '.' && str_find(s, '/') != SIZE_MAX
		       ? RECEIVED_SENDMAIL : RECEIVED_OTHER;
	default:
		return RECEIVED_OTHER;
	}
}

static enum received_form form_of_protocol(struct str with)
{
	struct str rest = with, first = STR("");
	(void)str_token(&rest, " \t\r\n", &first);
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
	return RECEIVED_OTHER;
}

/* Comments of the by and with clauses: product, the writer's address, TLS. */
static void read_product(const struct clause *c, bool is_by, struct received *r)
{
	for (size_t i = 0; i < c->n; i++) {
		struct str s = c->item[i].s;
		if (!c->item[i].comment)
			continue;
		if (is_by && r->by_ip.family == 0 && received_address(s, &r->by_ip))
			continue;
		if (common_comment(s, r))
			continue;
		if (r->product.n == 0)
			r->product = s;
		if (r->form == RECEIVED_OTHER)
			r->form = form_of_product(s);
		if (is_by && r->form == RECEIVED_POSTFIX && holds(s, "userid"))
			r->form = RECEIVED_LOCAL;
	}
}

static void read_id(const struct clause *c, struct received *r)
{
	struct str s = unangle(clause_word(c));
	while (s.n && (s.p[s.n - 1] == ',' || s.p[s.n - 1] == ';'))
		s.n--;
	r->id = s;
}

static void read_date(const struct clauses *c, struct received *r)
{
	if (c->date.p) {
		r->has_time = mail_date_parse(c->date, &r->date) == ERR_OK;
		return;
	}
	/* No semicolon: the date may follow the last word without one. */
	const struct clause *const last[] = { &c->recipient, &c->id, &c->with, &c->by };
	for (size_t k = 0; k < 4 && !r->has_time; k++)
		for (size_t i = 1; i < last[k]->n && !r->has_time; i++) {
			struct str s = last[k]->item[i].s;
			const char *end = last[k]->item[last[k]->n - 1].s.p +
			                  last[k]->item[last[k]->n - 1].s.n;
			if (last[k]->item[i].comment || end < s.p)
				continue;
			s.n = (size_t)(end - s.p);
			r->has_time = mail_date_parse(s, &r->date) == ERR_OK &&
			              r->date.has_weekday;
		}
}

/* qmail omits the HELO where it equals the name it looked up. Its dates have no
 * weekday and the zone -0000; nothing else writes that with these protocols. */
static bool is_qmail_line(const struct received *r)
{
	if (r->form == RECEIVED_QMAIL)
		return true;
	if (r->form != RECEIVED_OTHER || r->product.n || r->id.n || !r->has_time)
		return false;
	if (r->date.has_weekday || r->date.half_day || !r->date.has_zone || r->date.zone_min)
		return false;
	return is_smtp_word(r->with) || str_caseeq(r->with, STR("QMQP")) ||
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
	bool smtp = is_smtp_word(r->with) || is_smtp_word(r->via);
	bool other = (r->with.n || r->via.n) && !smtp;
	if (received_address(w, &ip)) {
		r->ip = ip;
		/* Alone it is what the client said, too; beside a protocol it is not. */
		if (w.p[0] == '[' && r->with.n == 0 && r->via.n == 0 && !peer->helo_given)
			r->helo = w;
		return;
	}
	if (peer->helo_given || str_find(w, '@') != SIZE_MAX || str_find(w, '/') != SIZE_MAX)
		return;
	if (other || r->form == RECEIVED_PICKUP || r->form == RECEIVED_SCANNER)
		return;
	if (smtp || is_host_name(w))
		r->helo = w;
}

static void name_peer(struct received *r, const struct peer *peer)
{
	struct str first = looked_up(r->from);
	if (r->form == RECEIVED_WEB && peer->shape != SHAPE_NONE)
		return;                  /* a browser says no HELO */
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
		if (r->form == RECEIVED_FETCHED)
			break;
		if (peer->plain.n) {
			r->helo = peer->plain;
			r->rdns = first;
		} else if (peer->helo_given) {
			r->rdns = first;
		} else {
			r->helo = r->from;
		}
		break;
	case SHAPE_NONE:
	case SHAPE_FIRST:
		name_first_word(r, peer);
		if (r->ip.family == 0 && peer->helo_given)
			r->rdns = first;
		break;
	}
}

static void settle_form(const struct clauses *c, struct received *r, const struct peer *peer)
{
	if (r->form == RECEIVED_OTHER && r->with.n)
		r->form = form_of_protocol(r->with);
	if (r->form == RECEIVED_OTHER && is_web_word(r->via))
		r->form = RECEIVED_WEB;
	if (r->form == RECEIVED_WEB || is_auth_word(r->with))
		r->auth = true;
	/* GMX writes its customers' logins as (mp033) and no other way. */
	if (str_caseeq(r->by, STR("mail.gmx.net")) && starts(r->product, "mp0"))
		r->auth = true;
	bool spooler = starts(r->from, "spool");
	if (spooler || (str_caseeq(r->from, STR("mail")) && c->from.n >= 3 &&
	                str_caseeq(c->from.item[1].s, STR("pickup"))))
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
}

void received_parse(struct str value, struct received *r)
{
	struct clauses c;
	struct peer peer = { 0 };
	received_scan(value, &c);
	*r = (struct received){ .truncated = c.truncated };
	r->by = clause_word(&c.by);
	r->with = phrase(&c.with);
	r->via = clause_word(&c.via);
	r->sender = unangle(c.sender);
	r->recipient = unangle(clause_word(&c.recipient));
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
