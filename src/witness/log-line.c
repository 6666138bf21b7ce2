/* SPDX-License-Identifier: ISC
 *
 * The head of a line: when, on which host, by which program. Syslog, the journal, containers and
 * Exim each have their own; what a program says of itself, all of them hand on.
 */
#include "witness/log-private.h"

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isdigit((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

/* Cuts a word and the spaces behind it off. */
static struct str take_word(struct str *s)
{
	size_t n = str_find(*s, ' ');
	struct str word = { s->p, n == SIZE_MAX ? s->n : n };
	*s = str_from(*s, word.n);
	while (s->n > 0 && s->p[0] == ' ')
		*s = str_from(*s, 1);
	return word;
}

static bool fits(struct str s, const char *pattern)
{
	size_t n = strlen(pattern);
	for (size_t i = 0; i < n; i++)
		if (i >= s.n || (pattern[i] == '0' ? !ascii_isdigit((unsigned char)s.p[i])
		                                   : pattern[i] != s.p[i]))
			return false;
	return true;
}

static bool is_clock(struct str word)
{
	return fits(word, "00:00:00") && (word.n == 8 || word.p[8] == '.');
}

/* "Nov 28 11:58:36", "2026-11-28T11:58:36.1+01:00", "2026-11-28 11:58:36.1 +0100"; false and *s as
 * it was if no time stands there. */
static bool take_time(struct str *s, struct str *time)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct str rest = *s, first = take_word(&rest);
	const char *end = first.p + first.n;
	size_t month;
	if (fits(first, "0000-00-00T00:00:00")) {
		*time = first;
	} else if (fits(first, "0000-00-00") && first.n == 10) {
		struct str clock = take_word(&rest);
		if (!is_clock(clock))
			return false;
		end = clock.p + clock.n;
		struct str ahead = rest, zone = take_word(&ahead);
		if (zone.n == 5 && (zone.p[0] == '+' || zone.p[0] == '-') &&
		    is_digits(str_from(zone, 1))) {
			end = zone.p + zone.n;
			rest = ahead;
		}
	} else if (first.n == 3 && (month = str_search(STR(months), first)) != SIZE_MAX &&
	           month % 3 == 0) {
		struct str day = take_word(&rest), clock = take_word(&rest);
		if (day.n > 2 || !is_digits(day) || !is_clock(clock))
			return false;
		end = clock.p + clock.n;
	} else {
		return false;
	}
	*time = (struct str){ first.p, (size_t)(end - first.p) };
	*s = rest;
	return true;
}

/* "postfix/smtpd[249]:", "sendmail:". */
static bool split_ident(struct str word, struct log_line *out)
{
	if (word.n < 2 || word.p[word.n - 1] != ':')
		return false;
	word.n--;
	size_t open = str_find(word, '[');
	out->ident = (struct str){ word.p, open == SIZE_MAX ? word.n : open };
	out->pid = (struct str){ "", 0 };
	if (open == SIZE_MAX)
		return true;
	struct str pid = str_from(word, open + 1);
	if (pid.n < 2 || pid.p[pid.n - 1] != ']')
		return false;
	pid.n--;
	out->pid = pid;
	return is_digits(pid);
}

/* HOST [facility.level] IDENT[PID]: or none of it, as in Exim's own files. */
static void take_program(struct str *s, struct log_line *out)
{
	struct str rest = *s, word = take_word(&rest);
	for (int i = 0; i < 3 && word.n > 0; i++) {
		if (split_ident(word, out)) {
			*s = rest;
			return;
		}
		if (i == 0)
			out->host = word;
		word = take_word(&rest);
	}
	out->host = out->ident = out->pid = (struct str){ "", 0 };
}

/* RFC 5424 6: "1 TIME HOST APP PID MSGID -", then the text; structured data is stepped over. */
static bool take_5424(struct str *s, struct log_line *out)
{
	struct str rest = *s, version = take_word(&rest);
	if (!str_eq(version, STR("1")) || !take_time(&rest, &out->time))
		return false;
	out->host = take_word(&rest);
	out->ident = take_word(&rest);
	out->pid = take_word(&rest);
	(void)take_word(&rest);
	if (rest.n > 0 && rest.p[0] == '[') {
		size_t end = str_search(rest, STR("] "));
		rest = str_from(rest, end == SIZE_MAX ? rest.n : end + 2);
	} else {
		(void)take_word(&rest);
	}
	if (str_prefix(rest, STR("\xef\xbb\xbf")))
		rest = str_from(rest, 3);
	*s = rest;
	return true;
}

void log_line_parse(struct str line, struct log_line *out)
{
	const struct str none = { "", 0 };
	*out = (struct log_line){ none, none, none, none, none };
	/* What a compose file's service is called, and <priority>. */
	size_t bar = str_search(line, STR(" | "));
	size_t space = str_find(line, ' ');
	if (bar != SIZE_MAX && space != SIZE_MAX) {
		while (space < bar && line.p[space] == ' ')
			space++;
		if (space >= bar)
			line = str_from(line, bar + 3);
	}
	if (line.n > 0 && line.p[0] == '<') {
		size_t end = str_find(line, '>');
		if (end != SIZE_MAX && end <= 4 && is_digits((struct str){ line.p + 1, end - 1 }))
			line = str_from(line, end + 1);
	}
	if (!take_5424(&line, out) && take_time(&line, &out->time))
		take_program(&line, out);
	/* Exim puts its own time behind syslog's. */
	struct str again;
	if (out->ident.n > 0 && take_time(&line, &again) && out->time.n == 0)
		out->time = again;
	out->text = line;
}
