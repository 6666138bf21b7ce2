/* SPDX-License-Identifier: ISC
 *
 * How mail servers read recipients, rightly and wrongly. Each way of reading turns
 * the address into another one, which is read again.
 */
#include "persona.h"

#include <stdio.h>

enum { STEPS_MAX = 8 };

bool reading_split(struct str address, struct str *local, struct str *domain)
{
	size_t at = SIZE_MAX;
	bool quoted = false;
	for (size_t i = 0; i < address.n; i++) {
		if (quoted && address.p[i] == '\\')
			i++;
		else if (address.p[i] == '"')
			quoted = !quoted;
		else if (address.p[i] == '@' && !quoted)
			at = i;
	}
	if (at == SIZE_MAX)
		return false;
	*local = (struct str){ address.p, at };
	*domain = str_from(address, at + 1);
	return true;
}

bool reading_is_own(struct str domain, const struct own_names *own)
{
	return str_caseeq(domain, str_of(own->host)) || str_caseeq(domain, str_of(own->domain)) ||
	       str_caseeq(domain, str_of(own->literal)) || str_caseeq(domain, STR("localhost"));
}

static bool is_quoted(struct str s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
}

static struct str inside(struct str s)
{
	return (struct str){ s.p + 1, s.n - 2 };
}

/* Writes first@second, and tells that it did. */
static bool join(char out[static MAILBOX_MAX], struct str local, struct str domain)
{
	if (local.n == 0 || domain.n == 0)
		return false;
	snprintf(out, MAILBOX_MAX, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain));
	return true;
}

static bool percent(struct str local, char out[static MAILBOX_MAX])
{
	for (size_t i = local.n; i-- > 0;)
		if (local.p[i] == '%')
			return join(out, (struct str){ local.p, i }, str_from(local, i + 1));
	return false;
}

static bool bang(struct str local, char out[static MAILBOX_MAX])
{
	size_t i = str_find(local, '!');
	return i != SIZE_MAX && join(out, str_from(local, i + 1), (struct str){ local.p, i });
}

/* local SEPARATOR domain */
static bool between(struct str local, const char *separator, char out[static MAILBOX_MAX])
{
	size_t i = str_search(local, str_of(separator));
	return i != SIZE_MAX &&
	       join(out, (struct str){ local.p, i }, str_from(local, i + strlen(separator)));
}

static bool decnet(struct str local, char out[static MAILBOX_MAX])
{
	size_t start = str_search(local, STR("\\\"")), end;
	if (start == SIZE_MAX)
		return false;
	struct str rest = str_from(local, start + 2);
	end = str_search(rest, STR("\\\""));
	if (end == SIZE_MAX)
		return false;
	snprintf(out, MAILBOX_MAX, "%.*s", (int)end, rest.p);
	return true;
}

static bool srs(struct str local, char out[static MAILBOX_MAX])
{
	struct str part[5], rest = local;
	for (size_t i = 0; i < 5; i++)
		if (!str_token(&rest, "=", &part[i]))
			return false;
	return str_caseeq(part[0], STR("SRS0")) && join(out, part[4], part[3]);
}

/* dd.rfc-822=local(a)domain */
static bool x400(struct str local, char out[static MAILBOX_MAX])
{
	static const char field[] = "dd.rfc-822=";
	size_t start = str_casesearch(local, STR(field)), at, end;
	if (start == SIZE_MAX)
		return false;
	struct str value = str_from(local, start + sizeof(field) - 1);
	at = str_search(value, STR("(a)"));
	end = str_find(value, '/');
	return at != SIZE_MAX && end != SIZE_MAX && at + 3 < end &&
	       join(out, (struct str){ value.p, at },
	            (struct str){ value.p + at + 3, end - at - 3 });
}

/* local%domain%own, or own!domain!local: cut where it is its own, and as it says then. */
static bool nested(struct str local, const struct own_names *own, unsigned reads,
                   char out[static MAILBOX_MAX])
{
	size_t door = str_find(local, '!');
	for (size_t i = local.n; reads & READ_NESTED_PERCENT && i-- > 0;)
		if (local.p[i] == '%')
			return reading_is_own(str_from(local, i + 1), own) &&
			       percent((struct str){ local.p, i }, out);
	return reads & READ_OWN_BANG && door != SIZE_MAX &&
	       reading_is_own((struct str){ local.p, door }, own) &&
	       bang(str_from(local, door + 1), out);
}

/* local@domain(comment) */
static bool host_comment(struct str local, char out[static MAILBOX_MAX])
{
	size_t at = str_find(local, '@'), open = str_find(local, '(');
	return at != SIZE_MAX && open != SIZE_MAX && at < open &&
	       join(out, (struct str){ local.p, at },
	            (struct str){ local.p + at + 1, open - at - 1 });
}

/* local@domain@own */
static bool double_at(struct str s, const struct own_names *own, char out[static MAILBOX_MAX])
{
	size_t first = str_find(s, '@'), second;
	if (first == SIZE_MAX)
		return false;
	struct str rest = str_from(s, first + 1);
	second = str_find(rest, '@');
	return second != SIZE_MAX && reading_is_own(str_from(rest, second + 1), own) &&
	       join(out, (struct str){ s.p, first }, (struct str){ rest.p, second });
}

static bool read_quoted(struct str local, unsigned reads, char out[static MAILBOX_MAX])
{
	if ((reads & READ_DECNET && decnet(local, out)) ||
	    (reads & READ_X400 && x400(local, out)))
		return true;
	snprintf(out, MAILBOX_MAX, "%.*s", STR_ARG(inside(local)));
	return reads & READ_QUOTED_LOCAL && strchr(out, '@');
}

/* What stands behind the local part of an address at one of its own names. */
static bool read_local(struct str local, struct str domain, unsigned reads,
                       const struct own_names *own, char out[static MAILBOX_MAX])
{
	if (reads & READ_AT_LOCALHOST && !str_caseeq(domain, STR("localhost")))
		return false;
	if (reads & READ_NO_DOMAIN)
		return false;
	if (is_quoted(local))
		return read_quoted(local, reads, out);
	if (reads & READ_BACKSLASH && between(local, "\\@", out))
		return true;
	if (reads & READ_DOUBLE_AT && between(local, "@", out))
		return true;
	if (reads & READ_ENCAPSULATED && str_caseprefix(local, STR("IMCEASMTP-")))
		return between(str_from(local, 10), "+40", out);
	if ((reads & READ_SRS && srs(local, out)) || nested(local, own, reads, out) ||
	    (reads & READ_HOST_COMMENT && host_comment(local, out)))
		return true;
	return (reads & READ_UTF8 && between(local, "\xef\xbc\xa0", out)) ||
	       (reads & READ_PERCENT && percent(local, out)) ||
	       (reads & READ_BANG && bang(local, out)) ||
	       (reads & READ_COLON && between(local, ":", out));
}

static bool read_comment(struct str s, char out[static MAILBOX_MAX])
{
	size_t open = str_find(s, '('), close = str_find(s, ')');
	if (open == SIZE_MAX || close == SIZE_MAX || close < open)
		return false;
	snprintf(out, MAILBOX_MAX, "%.*s%.*s", (int)open, s.p, STR_ARG(str_from(s, close + 1)));
	return true;
}

/* "@a,@[IPv6:…]:local@domain" */
static bool read_route(struct str s, char out[static MAILBOX_MAX])
{
	bool literal = false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '[' || s.p[i] == ']')
			literal = s.p[i] == '[';
		if (s.p[i] != ':' || literal)
			continue;
		snprintf(out, MAILBOX_MAX, "%.*s", STR_ARG(str_from(s, i + 1)));
		return true;
	}
	return false;
}

/* Ways to read an address before it is cut at its @. */
static bool read_whole(struct str s, unsigned reads, char out[static MAILBOX_MAX])
{
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>') {
		snprintf(out, MAILBOX_MAX, "%.*s", STR_ARG(inside(s)));
		return reads & READ_BRACKETS;
	}
	if (s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ')) {
		snprintf(out, MAILBOX_MAX, "%.*s", STR_ARG(str_trim(s)));
		return reads & READ_SPACES;
	}
	if (s.n && s.p[0] == '@')
		return reads & READ_ROUTE && read_route(s, out);
	return reads & READ_COMMENT && read_comment(s, out);
}

static bool read_no_domain(struct str s, unsigned reads, const struct own_names *own,
                           char out[static MAILBOX_MAX])
{
	if (is_quoted(s)) {
		if (reads & READ_QUOTED_DOUBLE_AT)
			return double_at(inside(s), own, out);
		snprintf(out, MAILBOX_MAX, "%.*s", STR_ARG(inside(s)));
		return reads & READ_QUOTED_WHOLE && (strchr(out, '@') || strchr(out, '%'));
	}
	return (reads & READ_PERCENT && percent(s, out)) || (reads & READ_BANG && bang(s, out)) ||
	       nested(s, own, reads & READ_OWN_BANG, out);
}

static bool is_bare_address(struct str domain)
{
	struct ip ip;
	return ip_parse(domain, &ip, NULL) == ERR_OK;
}

/* A domain that is not its own. Literals and bare addresses are refused by most. */
static enum reading foreign(struct str local, struct str domain, unsigned reads, bool led_on,
                            char mailbox[static MAILBOX_MAX])
{
	bool dotted = domain.p[domain.n - 1] == '.';
	bool bare = is_bare_address(domain);
	domain.n -= dotted;
	if (!is_quoted(local) && str_find(local, '@') != SIZE_MAX)
		return READING_BAD;
	led_on |= (dotted && reads & READ_DOT) || (bare && reads & READ_BARE_ADDRESS) ||
	          (domain.p[0] == '[' && reads & READ_LITERAL);
	snprintf(mailbox, MAILBOX_MAX, bare ? "%.*s@[%.*s]" : "%.*s@%.*s", STR_ARG(local),
	         STR_ARG(domain));
	return led_on ? READING_LED_ON : READING_FOREIGN;
}

enum reading reading_of(struct str text, unsigned reads, const struct own_names *own,
                        char mailbox[static MAILBOX_MAX])
{
	char now[MAILBOX_MAX], next[MAILBOX_MAX];
	bool led_on = false;
	if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = inside(text);
	str_copy(now, sizeof(now), text);
	for (int step = 0; step < STEPS_MAX; step++, led_on = true) {
		struct str s = str_of(now), local, domain;
		bool more = read_whole(s, reads, next);
		if (!more && s.n && (s.p[0] == '<' || s.p[0] == '@' || s.p[0] == ' '))
			return READING_BAD;
		if (!more && !reading_split(s, &local, &domain)) {
			if (!read_no_domain(s, reads, own, next))
				return READING_LOCAL;
			more = true;
		}
		if (!more && domain.n == 0) {
			if (!(reads & READ_NULL_DOMAIN))
				return READING_BAD;
			snprintf(next, sizeof(next), "%.*s", STR_ARG(local));
			more = true;
		}
		if (!more && !reading_is_own(domain, own))
			return foreign(local, domain, reads, led_on, mailbox);
		if (!more && !read_local(local, domain, reads, own, next)) {
			bool bad = !is_quoted(local) && str_find(local, '@') != SIZE_MAX;
			return bad ? READING_BAD : READING_LOCAL;
		}
		memcpy(now, next, sizeof(now));
	}
	return READING_BAD;
}
