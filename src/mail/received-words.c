/* SPDX-License-Identifier: ISC
 *
 * Words of a Received line by themselves: addresses, names that can have been looked up, names of
 * protocols. What a word means beside others is not decided here.
 */
#include "mail/received-private.h"

bool word_starts_whole(struct str s, const char *text)
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

bool word_holds(struct str s, const char *text)
{
	for (size_t i = 0; i < s.n; i++)
		if (word_starts(str_from(s, i), text))
			return true;
	return false;
}

struct str word_unwrap(struct str s, char open, char close)
{
	while (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
		s = word_slice(s, 1, s.n - 1);
	return s;
}

struct str word_unangle(struct str s)
{
	s = word_unwrap(s, '<', '>');
	if (s.n && s.p[0] == '<')
		s = str_from(s, 1);
	while (s.n && s.p[s.n - 1] == '>')
		s.n--;
	return s;
}

/* ---- addresses --------------------------------------------------------------------- */

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
		s = str_trim(word_slice(s, 1, close));
	}
	if (quad(s, ip))
		return true;
	if (str_find(s, ':') == SIZE_MAX)
		return false;
	if (word_starts(s, "IPv6:"))
		s = str_from(s, 5);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' || ascii_isspace(s.p[i]))  /* zone index, " port:4688" */
			s.n = i;
	return ip_parse(s, ip, NULL) == ERR_OK;
}

bool word_is_impossible(struct str s)
{
	unsigned dots = 0, number = 0;
	bool great = false;
	s = word_unwrap(s, '[', ']');
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

/* ---- names ------------------------------------------------------------------------- */

bool word_is_unknown(struct str s)
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

struct str word_looked_up(struct str s)
{
	struct ip ip;
	if (word_is_unknown(s) || s.p[0] == '<' || quad(s, &ip))
		return STR("");
	bool name = true;
	for (size_t i = 0; i < s.n; i++)
		name &= !no_name[(unsigned char)s.p[i]];
	return name ? s : STR("");
}

bool word_is_name(struct str s, bool full)
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

/* ---- protocols --------------------------------------------------------------------- */

enum protocol word_protocol(struct str s)
{
	bool login = str_caseeq(s, STR("ASMTP"));
	size_t slash = str_find(s, '/');         /* ESMTP/TLS/AES256-GCM-SHA384: IronPort */
	if (slash != SIZE_MAX)
		s.n = slash;
	if (word_starts(s, "UTF8"))
		s = str_from(s, 4);
	if (login || (s.n > 4 && ascii_lower(s.p[0]) == 'e'))
		s = str_from(s, 1);
	if (!word_starts(s, "SMTP") && !word_starts(s, "LMTP"))
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

enum protocol phrase_protocol(struct str phrase)
{
	struct str word = STR("");
	enum protocol first = PROTOCOL_OTHER;
	if (str_word(&phrase, &word))
		first = word_protocol(word);
	if (first != PROTOCOL_OTHER || phrase.n == 0)
		return first;
	while (str_word(&phrase, &word))
		;
	return word_protocol(word);
}

bool word_is_web(struct str s)
{
	if (!word_starts(s, "HTTP"))
		return false;
	s = str_from(s, 4);
	return s.n == 0 || s.p[0] == '/' ||      /* HTTP/1.1 */
	       str_caseeq(s, STR("REST")) ||     /* Gmail's programming interface */
	       (s.n == 1 && (ascii_lower(s.p[0]) == 's' || ascii_lower(s.p[0]) == 'u'));
}
