/* SPDX-License-Identifier: ISC
 *
 * The path grammar of RFC 5321 4.1.2 as a cursor over the text, one function a
 * production. No copy, no backtracking, one pass. What the grammar does not
 * allow is refused and never repaired: a relay check that looks at another
 * address than the delivery does is how relays are opened.
 */
#include "mail/address.h"

#include <assert.h>

enum { LABEL_MAX = 63 };

/* The text, the place in it, and whether RFC 6531 widens the character sets. */
struct scan {
	struct str s;
	size_t at;
	bool utf8;
};

static int peek(const struct scan *c)
{
	return c->at < c->s.n ? (unsigned char)c->s.p[c->at] : -1;
}

static bool take_one(struct scan *c, char want)
{
	if (peek(c) != (unsigned char)want)
		return false;
	c->at++;
	return true;
}

static bool is_continuation(const struct scan *c, size_t at)
{
	return at < c->s.n && ((unsigned char)c->s.p[at] & 0xc0) == 0x80;
}

/* Length of the well-formed UTF-8 sequence of two to four bytes here (RFC 3629:
 * no overlong form, no surrogate, nothing above U+10FFFF); 0 if there is none. */
static size_t utf8_length(const struct scan *c)
{
	int b0 = peek(c);
	if (!c->utf8 || b0 < 0xc2 || b0 > 0xf4 || !is_continuation(c, c->at + 1))
		return 0;
	unsigned char b1 = (unsigned char)c->s.p[c->at + 1];
	if (b0 < 0xe0)
		return 2;
	if ((b0 == 0xe0 && b1 < 0xa0) || (b0 == 0xed && b1 > 0x9f) ||
	    (b0 == 0xf0 && b1 < 0x90) || (b0 == 0xf4 && b1 > 0x8f))
		return 0;
	if (!is_continuation(c, c->at + 2))
		return 0;
	if (b0 < 0xf0)
		return 3;
	return is_continuation(c, c->at + 3) ? 4 : 0;
}

static bool is_atext(int b)
{
	return b > 0 && b < 0x80 &&
	       (ascii_isalnum((unsigned char)b) || strchr("!#$%&'*+-/=?^_`{|}~", b));
}

/* Length of the character of a set here, 0 if it is not of the set. */
static size_t atext_length(const struct scan *c)
{
	return is_atext(peek(c)) ? 1 : utf8_length(c);
}

static size_t let_dig_length(const struct scan *c)
{
	int b = peek(c);
	return b >= 0 && ascii_isalnum((unsigned char)b) ? 1 : utf8_length(c);
}

/* Dot-string = Atom *("." Atom) */
static bool dot_string(struct scan *c)
{
	do {
		size_t start = c->at;
		for (size_t n; (n = atext_length(c)) != 0;)
			c->at += n;
		if (c->at == start)
			return false;
	} while (take_one(c, '.'));
	return true;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE; the opening quote is here. */
static bool quoted_string(struct scan *c)
{
	c->at++;
	while (!take_one(c, '"')) {
		int b = peek(c);
		if (b == '\\') {
			c->at++;
			b = peek(c);
			if (b < 0x20 || b > 0x7e)
				return false;
			c->at++;
		} else if (b >= 0x20 && b <= 0x7e) {
			c->at++;
		} else {
			size_t n = utf8_length(c);
			if (n == 0)
				return false;
			c->at += n;
		}
	}
	return true;
}

/* sub-domain = Let-dig [Ldh-str]: a hyphen neither first nor last. */
static bool sub_domain(struct scan *c)
{
	size_t characters = 0;
	bool hyphen_last = true;
	for (;;) {
		size_t n = let_dig_length(c);
		if (n == 0 && peek(c) == '-' && characters > 0) {
			n = 1;
			hyphen_last = true;
		} else if (n != 0) {
			hyphen_last = false;
		} else {
			break;
		}
		if (++characters > LABEL_MAX)
			return false;
		c->at += n;
	}
	return characters > 0 && !hyphen_last;
}

/* Domain = sub-domain *("." sub-domain) */
static bool domain_name(struct scan *c)
{
	size_t start = c->at;
	do {
		if (!sub_domain(c))
			return false;
	} while (take_one(c, '.'));
	return c->at - start <= MAIL_DOMAIN_MAX;
}

/* General-address-literal = Ldh-str ":" 1*dcontent, without the brackets. */
static bool general_literal_valid(struct str s)
{
	size_t colon = str_find(s, ':');
	if (colon == SIZE_MAX || colon == 0 || colon + 1 == s.n || s.p[colon - 1] == '-')
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!ascii_isalnum((unsigned char)s.p[i]) && s.p[i] != '-')
			return false;
	for (size_t i = colon + 1; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || (s.p[i] >= '[' && s.p[i] <= ']'))
			return false;
	return true;
}

int mail_literal_parse(struct str s, struct ip *ip)
{
	static const struct str tag = { "IPv6:", 5 };
	if (s.n < 3 || s.n > MAIL_DOMAIN_MAX || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return ERR_INVALID;
	struct str inner = { s.p + 1, s.n - 2 };
	struct ip r = { 0 };
	if (str_caseprefix(inner, tag)) {
		struct str address = str_from(inner, tag.n);
		/* A dotted quad is IPv4, and has no tag. */
		if (str_find(address, ':') == SIZE_MAX || ip_parse(address, &r, NULL) != ERR_OK)
			return ERR_INVALID;
	} else if (str_find(inner, ':') == SIZE_MAX) {
		if (ip_parse(inner, &r, NULL) != ERR_OK)
			return ERR_INVALID;
	} else {
		return general_literal_valid(inner) ? ERR_UNSUPPORTED : ERR_INVALID;
	}
	*ip = r;
	return ERR_OK;
}

bool mail_domain_valid(struct str s)
{
	struct scan c = { .s = s };
	return domain_name(&c) && c.at == s.n;
}

static struct str since(const struct scan *c, size_t start)
{
	return (struct str){ c->s.p + start, c->at - start };
}

/* A-d-l = "@" Domain *( "," "@" Domain ), and the colon behind it. */
static int source_route(struct scan *c, struct mail_path *path, struct parse_error *pe)
{
	size_t start = c->at;
	do {
		if (!take_one(c, '@'))
			return err_parse(pe, "\"@\" and a domain of the source route", c->at);
		if (!domain_name(c))
			return err_parse(pe, "a domain name in the source route", c->at);
	} while (take_one(c, ','));
	path->route = since(c, start);
	if (!take_one(c, ':'))
		return err_parse(pe, "\":\" behind the source route", c->at);
	return ERR_OK;
}

static int local_part(struct scan *c, struct mail_path *path, struct parse_error *pe)
{
	size_t start = c->at;
	path->is_quoted = peek(c) == '"';
	if (path->is_quoted ? !quoted_string(c) : !dot_string(c))
		return err_parse(pe, path->is_quoted ? "a quoted local part" : "a local part",
		                 c->at);
	path->local = since(c, start);
	if (path->local.n > MAIL_LOCAL_MAX) {
		err_parse(pe, "a local part of at most 64 bytes", start);
		return ERR_LIMIT;
	}
	return ERR_OK;
}

static int literal(struct scan *c, struct mail_path *path, struct parse_error *pe)
{
	size_t start = c->at;
	size_t length = str_find(str_from(c->s, start), ']');
	if (length == SIZE_MAX)
		return err_parse(pe, "\"]\" behind the address literal", c->s.n);
	c->at += length + 1;
	path->domain = since(c, start);
	path->is_literal = true;
	int e = mail_literal_parse(path->domain, &path->literal);
	if (e != ERR_OK && e != ERR_UNSUPPORTED)
		return err_parse(pe, "an address literal", start);
	return ERR_OK;
}

/* Mailbox = Local-part "@" ( Domain / address-literal ), or postmaster alone. */
static int mailbox(struct scan *c, unsigned flags, struct mail_path *path,
                   struct parse_error *pe)
{
	int e = local_part(c, path, pe);
	if (e != ERR_OK)
		return e;
	if ((flags & MAIL_PATH_POSTMASTER_OK) && path->route.n == 0 && peek(c) == '>' &&
	    str_caseeq(path->local, STR("postmaster")))
		return ERR_OK;
	if (!take_one(c, '@'))
		return err_parse(pe, "\"@\" behind the local part", c->at);
	if (peek(c) == '[')
		return literal(c, path, pe);
	size_t start = c->at;
	if (!domain_name(c))
		return err_parse(pe, "a domain name", c->at);
	path->domain = since(c, start);
	return ERR_OK;
}

int mail_path_parse(struct str s, unsigned flags, struct mail_path *path, size_t *used,
                    struct parse_error *pe)
{
	struct scan c = { .s = s, .utf8 = flags & MAIL_PATH_UTF8_OK };
	struct mail_path r = { .route = STR(""), .local = STR(""), .domain = STR("") };
	if (!take_one(&c, '<'))
		return err_parse(pe, "\"<\"", 0);
	if ((flags & MAIL_PATH_NULL_OK) && peek(&c) == '>') {
		r.is_null = true;
	} else {
		int e = ERR_OK;
		if (peek(&c) == '@')
			e = source_route(&c, &r, pe);
		if (e == ERR_OK)
			e = mailbox(&c, flags, &r, pe);
		if (e != ERR_OK)
			return e;
	}
	if (!take_one(&c, '>'))
		return err_parse(pe, "\">\"", c.at);
	if (c.at > MAIL_PATH_MAX) {
		err_parse(pe, "a path of at most 256 bytes", 0);
		return ERR_LIMIT;
	}
	r.text = since(&c, 0);
	*path = r;
	*used = c.at;
	return ERR_OK;
}

bool mail_address_valid(struct str s)
{
	char bracketed[MAIL_PATH_MAX];
	struct mail_path path;
	size_t n = s.n + 2, used;
	if (s.n == 0 || n > sizeof(bracketed))
		return false;
	bracketed[0] = '<';
	memcpy(bracketed + 1, s.p, s.n);
	bracketed[n - 1] = '>';
	return mail_path_parse((struct str){ bracketed, n }, 0, &path, &used, NULL) == ERR_OK &&
	       used == n && path.route.n == 0;
}

size_t mail_local_unquote(const struct mail_path *path, char *dst)
{
	struct str s = path->local;
	size_t n = 0;
	if (!path->is_quoted) {
		if (s.n)
			memcpy(dst, s.p, s.n);
		return s.n;
	}
	assert(s.n >= 2);
	for (size_t i = 1; i + 1 < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		dst[n++] = s.p[i];
	}
	return n;
}
