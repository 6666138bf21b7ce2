/* SPDX-License-Identifier: ISC
 *
 * Host names compared, cut to their registrable domain and searched for an address.
 */
#include "trace/names.h"

#include "dns/idn.h"

#include <libpsl.h>

struct str name_trim(struct str host)
{
	while (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

bool name_eq(struct str a, struct str b)
{
	char ascii_a[IDN_TEXT_MAX], ascii_b[IDN_TEXT_MAX];
	a = name_trim(a);
	b = name_trim(b);
	return a.n != 0 && (str_caseeq(a, b) ||
	                    str_caseeq(idn_ascii(a, ascii_a), idn_ascii(b, ascii_b)));
}

bool name_was_said(struct str host, struct str helo)
{
	host = name_trim(host);
	helo = name_trim(helo);
	if (host.n == 0 || host.n != helo.n)
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (helo.p[i] != '?' && ascii_lower(host.p[i]) != ascii_lower(helo.p[i]))
			return false;
	return true;
}

bool name_glob(struct str pattern, struct str host)
{
	size_t p = 0, h = 0, star = SIZE_MAX, mark = 0;
	char ascii_pattern[IDN_TEXT_MAX], ascii_host[IDN_TEXT_MAX];
	pattern = idn_ascii(name_trim(pattern), ascii_pattern);
	host = idn_ascii(name_trim(host), ascii_host);
	/* From the end first: there most patterns are plain, and most names another. */
	for (; pattern.n && pattern.p[pattern.n - 1] != '*'; pattern.n--, host.n--) {
		char c = pattern.p[pattern.n - 1];
		if (host.n == 0 ||
		    (c != '?' && ascii_lower(c) != ascii_lower(host.p[host.n - 1])))
			return false;
	}
	while (h < host.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = h;
		} else if (p < pattern.n &&
		           (pattern.p[p] == '?' ||
		            ascii_lower(pattern.p[p]) == ascii_lower(host.p[h]))) {
			p++;
			h++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			h = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool name_is_short(struct str host)
{
	host = name_trim(host);
	return host.n != 0 && host.p[0] != '[' && str_find(host, '.') == SIZE_MAX &&
	       str_find(host, ':') == SIZE_MAX;
}

bool name_is_localhost(struct str host)
{
	host = name_trim(host);
	return str_caseeq(host, STR("localhost")) || str_caseprefix(host, STR("localhost.local")) ||
	       str_caseeq(host, STR("[127.0.0.1]")) || str_caseeq(host, STR("127.0.0.1"));
}

bool name_is_internal(struct str host)
{
	static const char *const tails[] = { ".local", ".localdomain", ".lan", ".internal",
	                                     ".intranet", ".home", ".corp", ".private", ".dmz",
	                                     ".home.arpa", ".fritz.box", ".localnet", ".loc",
	                                     ".lokal", ".intra", ".domain", ".workgroup",
	                                     ".server", ".invalid" };
	host = name_trim(host);
	if (name_is_short(host) || name_is_localhost(host))
		return true;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (str_casesuffix(host, str_of(tails[i])))
			return true;
	return false;
}

static struct str first_label(struct str host)
{
	size_t dot = str_find(host, '.');
	return dot == SIZE_MAX ? host : (struct str){ host.p, dot };
}

bool name_short_match(struct str a, struct str b)
{
	char ascii_a[IDN_TEXT_MAX], ascii_b[IDN_TEXT_MAX];
	a = idn_ascii(name_trim(a), ascii_a);
	b = idn_ascii(name_trim(b), ascii_b);
	if (a.n == 0 || b.n == 0 || name_is_localhost(a) || name_is_localhost(b))
		return false;
	if (!name_is_short(a) && !name_is_short(b))
		return false;
	return str_caseeq(first_label(a), first_label(b));
}

bool name_same_first(struct str a, struct str b)
{
	struct str first = first_label(name_trim(a));
	return first.n != 0 && str_caseeq(first, first_label(name_trim(b)));
}

/* Where the registrable domain begins in a name in lower case; its end if it has none.
 * The list is searched once a name: the same few hosts come again and again, and a
 * search costs as much as reading a line. */
static size_t org_at(const char *host, size_t n)
{
	enum { PLACES = 64 };
	static _Thread_local struct {
		char host[NAME_ORG_MAX];
		size_t at;
	} known[PLACES];
	uint32_t hash = 2166136261;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)host[i]) * 16777619;
	size_t place = (hash ^ hash >> 16) % PLACES;
	if (strcmp(known[place].host, host) != 0) {
		const char *org = psl_registrable_domain(psl_builtin(), host);
		memcpy(known[place].host, host, n + 1);
		known[place].at = org ? (size_t)(org - host) : n;
	}
	return known[place].at;
}

struct str name_org(struct str host, char dst[static NAME_ORG_MAX])
{
	char ascii[IDN_TEXT_MAX];
	host = idn_ascii(name_trim(host), ascii);
	dst[0] = '\0';
	if (host.n == 0 || host.n >= NAME_ORG_MAX || name_is_short(host) || host.p[0] == '[')
		return (struct str){ dst, 0 };
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '\0')
			return (struct str){ dst, 0 };
		dst[i] = ascii_lower(host.p[i]);
	}
	dst[host.n] = '\0';
	struct ip ip;
	if (ascii_isdigit((unsigned char)dst[host.n - 1]) && ip_parse(str_of(dst), &ip, NULL) == 0)
		return (struct str){ dst, 0 };
	size_t at = org_at(dst, host.n);
	return (struct str){ dst + at, host.n - at };
}

/* The last two labels: where these differ, so do the registrable domains. */
static struct str last_labels(struct str host)
{
	unsigned dots = 0;
	for (size_t i = host.n; i-- > 0;)
		if (host.p[i] == '.' && ++dots == 2)
			return str_from(host, i + 1);
	return host;
}

/* Is `name` the domain itself or a name below it? */
static bool is_below(struct str name, struct str domain)
{
	return str_casesuffix(name, domain) &&
	       (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}

bool name_same_domain(struct str a, struct str b)
{
	char org[NAME_ORG_MAX], ascii_a[IDN_TEXT_MAX], ascii_b[IDN_TEXT_MAX];
	a = idn_ascii(name_trim(a), ascii_a);
	b = idn_ascii(name_trim(b), ascii_b);
	if (!str_caseeq(last_labels(a), last_labels(b)))
		return false;
	/* The shorter name decides: one look into the public suffix list, not two. */
	struct str shorter = a.n < b.n ? a : b, domain = name_org(shorter, org);
	return domain.n != 0 && is_below(a, domain) && is_below(b, domain);
}

/* How many of the address's four numbers stand in the name, each on its own. */
static unsigned octets_in(struct str host, const struct ip *ip)
{
	unsigned found = 0;
	for (size_t k = 0; k < 4; k++) {
		bool hit = false;
		for (size_t i = 0; i < host.n && !hit;) {
			if (!ascii_isdigit((unsigned char)host.p[i])) {
				i++;
				continue;
			}
			unsigned v = 0;
			size_t from = i;
			while (i < host.n && i - from < 6 &&
			       ascii_isdigit((unsigned char)host.p[i]))
				v = v * 10 + (unsigned)(host.p[i++] - '0');
			hit = v == ip->b[k];
		}
		found += hit;
	}
	return found;
}

static bool has_hex_form(struct str host, const struct ip *ip)
{
	static const char digits[] = "0123456789abcdef";
	char hex[8];
	for (size_t k = 0; k < 4; k++) {
		hex[2 * k] = digits[ip->b[k] >> 4];
		hex[2 * k + 1] = digits[ip->b[k] & 15];
	}
	return str_casesearch(host, (struct str){ hex, sizeof(hex) }) != SIZE_MAX;
}

/* Words that stand in the names of customers' lines. */
static bool has_line_word(struct str host)
{
	static const struct str words[] = {
		{ "dsl", 3 }, { "dial", 4 }, { "dyn", 3 }, { "dhcp", 4 }, { "docsis", 6 },
		{ "pool", 4 }, { "ppp", 3 }, { "cable", 5 }, { "client", 6 }, { "cust", 4 },
		{ "catv", 4 }, { "modem", 5 }, { "broadband", 9 }, { "hfc", 3 }, { "fiber", 5 },
		{ "wifi", 4 }, { "gprs", 4 }, { "isdn", 4 },
	};
	static const bool first[256] = {
		['d'] = true, ['p'] = true, ['c'] = true, ['m'] = true, ['b'] = true,
		['h'] = true, ['f'] = true, ['w'] = true, ['g'] = true, ['i'] = true,
	};
	for (size_t i = 0; i < host.n; i++) {
		if (!first[(unsigned char)ascii_lower(host.p[i])])
			continue;
		struct str rest = str_from(host, i);
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (str_caseprefix(rest, words[k]))
				return true;
	}
	return false;
}

/* "nrm242245.example.net": machines that are counted so far are no mail servers. */
static bool has_long_number(struct str label)
{
	enum { DIGITS = 5 };
	unsigned run = 0;
	for (size_t i = 0; i < label.n && run < DIGITS; i++)
		run = ascii_isdigit((unsigned char)label.p[i]) ? run + 1 : 0;
	return run == DIGITS;
}

bool name_is_generic(struct str host, const struct ip *ip)
{
	host = name_trim(host);
	if (host.n > NAME_ORG_MAX)
		return true;
	if (ip->family == 4 && (octets_in(host, ip) >= 2 || has_hex_form(host, ip)))
		return true;
	return has_long_number(first_label(host)) || has_line_word(host);
}

static bool v4_private(const uint8_t *b)
{
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64);
}

bool ip_is_private(const struct ip *ip)
{
	if (ip->family == 4)
		return v4_private(ip->b);
	if (ip->family != 6)
		return false;
	if ((ip->b[0] & 0xfe) == 0xfc || (ip->b[0] == 0xfe && (ip->b[1] & 0x80)))
		return true;
	return ip->b[0] == 0x20 && ip->b[1] == 0x02 && v4_private(ip->b + 2);
}

bool ip_is_unassigned(const struct ip *ip)
{
	if (ip->family == 4)
		return ip->b[0] == 0 || ip->b[0] >= 224;
	if (ip->family != 6 || ip_is_loopback(ip) || ip_is_private(ip))
		return false;
	return (ip->b[0] & 0xe0) != 0x20;
}

bool ip_is_near(const struct ip *a, const struct ip *b)
{
	return a->family && a->family == b->family &&
	       memcmp(a->b, b->b, a->family == 4 ? 2 : 4) == 0;
}
