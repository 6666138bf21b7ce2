/* SPDX-License-Identifier: ISC
 *
 * Exim: "H=NAME (HELO) [ADDR]" in each line, beside what the client said. Exim lets a client's HELO
 * and commands into it as they are (but for control characters), so that only a line counts that
 * our own tester must have made: HELO is a name with the word in it, nothing else looks like a
 * client, and nothing else is in brackets but our own interface.
 */
#include "witness/log-private.h"

/* Exim cuts what is too long, and with it perhaps the client. */
enum { SANE_BYTES = 1000 };

static bool is_opening(struct str text)
{
	static const char *const openings[] = {
		"H=", "SMTP syntax error in \"", "SMTP protocol error in \"",
		"unqualified recipient rejected: <", "unqualified sender rejected: <",
		"unqualified verify rejected: <",
	};
	for (size_t i = 0; i < sizeof(openings) / sizeof(*openings); i++)
		if (str_prefix(text, str_of(openings[i])))
			return true;
	return false;
}

/* Behind the one "H=" of the line; SIZE_MAX: there is none, or more. */
static size_t find_client(struct str text)
{
	size_t found = SIZE_MAX;
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] != 'H' || text.p[i + 1] != '=' || (i > 0 && text.p[i - 1] != ' '))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = i + 2;
	}
	return found;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '.' &&
		    s.p[i] != '_')
			return false;
	return s.n > 0;
}

/* "NAME (HELO) [ADDR]" or "(HELO) [ADDR]", where HELO has the same word; 0: something else. Who
 * has said no HELO is "NAME [ADDR]". */
static size_t read_client(struct str s, const struct witness_said *said, struct ip *ip)
{
	struct witness_said helo;
	size_t at = 0, open = str_find(s, '('), close = str_find(s, ')'), whole = log_peer(s, ip);
	if (whole)
		return whole;
	if (open == SIZE_MAX || close == SIZE_MAX || close < open ||
	    (open > 0 && (s.p[open - 1] != ' ' || !is_name((struct str){ s.p, open - 1 }))))
		return 0;
	struct str name = { s.p + open + 1, close - open - 1 };
	if (!is_name(name) || !witness_said_find(name, &at, &helo) ||
	    strcmp(helo.word, said->word) != 0)
		return 0;
	struct str rest = str_from(s, close + 1);
	if (!str_prefix(rest, STR(" [")))
		return 0;
	size_t n = log_peer(str_from(rest, 1), ip);
	return n ? close + 2 + n : 0;
}

/* No more brackets behind the client but " I=[…]", the interface at which it came in. */
static bool is_plain(struct str rest)
{
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '[' && !(i >= 3 && memcmp(rest.p + i - 3, " I=", 3) == 0))
			return false;
	return true;
}

static void word_was_said(struct witness_log *log, const struct log_line *line, struct str text,
                          const struct witness_said *said)
{
	struct ip ip = { 0 };
	size_t client = find_client(text), n = 0;
	if (text.n <= SANE_BYTES && is_opening(text) && client != SIZE_MAX)
		n = read_client(str_from(text, client), said, &ip);
	if (n == 0 || !is_plain(str_from(text, client + n)))
		ip.family = 0;
	log_add(log, MTA_EXIM, line, said, &ip);
}

bool log_read_exim(struct witness_log *log, const struct log_line *line)
{
	struct str text = line->text;
	struct witness_said said;
	/* log_selector = +pid. */
	if (text.n > 0 && text.p[0] == '[') {
		size_t end = str_search(text, STR("] "));
		if (end == SIZE_MAX || end > 12)
			return false;
		text = str_from(text, end + 2);
	}
	if (log_said(log, text, &said))
		word_was_said(log, line, text, &said);
	return true;
}
