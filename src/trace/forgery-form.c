/* SPDX-License-Identifier: ISC
 *
 * Forms that no mailer writes. That a line lacks something (a product, an id, a weekday) is no
 * sign: IronPort, qmail, hMailServer and Postal write neither product nor id. A sign is what a
 * known mailer would write otherwise, or what belongs to spam programs only.
 *
 * Hostile input that reaches it: every line below the handover.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

static bool is_invented(struct trace_whys *why, enum trace_reason reason, struct str a,
                        struct str b)
{
	why_add(why, reason, a, b);
	return true;
}

/* What stands behind the last semicolon. */
static struct str date_text(const struct trace_hop *hop)
{
	size_t i = hop->raw.n;
	while (i > 0 && hop->raw.p[i - 1] != ';')
		i--;
	return i ? str_trim(str_from(hop->raw, i)) : STR("");
}

/* "Aug, 24 2002 9:28:23 AM -0100": a form that only spam programs write. Java's own,
 * "Aug 24, 2002 9:28:23 AM", is none. */
static bool is_spam_date(const struct trace_hop *hop)
{
	enum { MONTH = 3 };
	const struct received *r = &hop->line;
	struct str s = date_text(hop);
	return r->has_time && r->date.half_day && r->date.month_first && s.n > MONTH &&
	       s.p[MONTH] == ',';
}

/* ---- protocols -------------------------------------------------------------------- */

/* Protocol words that need a form which the line has not. */
static bool is_wrong_protocol(const struct received *r)
{
	if (!ip_is_public(&r->ip) || r->product.n || r->id.n)
		return false;
	if (str_caseeq(r->with, STR("local")))
		return true;             /* a local user has no address */
	if (str_caseeq(r->with, STR("QMQP")))    /* qmail's, which names no weekday */
		return r->date.has_weekday || r->date.half_day;
	if (str_caseeq(r->with, STR("NNFMP"))) {
		const struct provider *p = provider_of(r->by);
		return !p || !p->marked(r);
	}
	return false;
}

/* The words of RFC 3848 and RFC 6531, and what mailers had before and beside them. */
static bool is_real_protocol(struct str s)
{
	static const char *const others[] = { "BSMTP", "SSMTP", "ESMTP-TLS", "SMTP-TLS",
	                                      "local-smtp", "local-esmtp", "local-bsmtp",
	                                      "HESMTP", "SMTPSVC" };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_caseeq(s, str_of(others[i])))
			return true;
	if (str_caseprefix(s, STR("UTF8")))
		s = str_from(s, 4);
	if (s.n && ascii_lower(s.p[0]) == 'e')
		s = str_from(s, 1);
	if (!str_caseprefix(s, STR("SMTP")) && !str_caseprefix(s, STR("LMTP")))
		return false;
	s = str_from(s, 4);
	while (s.n && (ascii_lower(s.p[0]) == 's' || ascii_lower(s.p[0]) == 'a'))
		s = str_from(s, 1);
	return s.n == 0;
}

/* Mailers whose protocol words are all known. */
static bool is_known_mailer(const struct received *r)
{
	return r->form == RECEIVED_POSTFIX || r->form == RECEIVED_SENDMAIL ||
	       r->form == RECEIVED_EXIM || r->form == RECEIVED_QMAIL;
}

/* "SMPT", "ESTMP": letters of SMTP in another order. */
static bool is_misspelt(struct str s)
{
	static const char *const words[] = { "SMPT", "STMP", "SMTTP", "STPM" };
	if (s.n && ascii_lower(s.p[0]) == 'e')
		s = str_from(s, 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_caseeq(s, str_of(words[i])))
			return true;
	return str_caseeq(s, STR("MSTP")) || str_caseeq(s, STR("TSMP"));
}

/* "SMTPX": of a letter or two behind it all but S, A, D and T are nobody's. */
static bool has_odd_tail(struct str s)
{
	bool odd = false;
	for (size_t i = 0; i < s.n; i++)
		odd |= strchr("sadt", ascii_lower(s.p[i])) == NULL;
	return odd;
}

/* "QSMTP": a letter or two that nobody has put before SMTP, or behind it. ASMTP was Exim's word, in
 * small letters, and is that of IceWarp, which names itself. */
bool form_has_invented_protocol(const struct received *r)
{
	enum { LETTERS_MAX = 2 };
	size_t n = 0;
	while (n < r->with.n && !strchr(" \t\r\n/", r->with.p[n]) && r->with.p[n] != '\0')
		n++;
	struct str word = { r->with.p, n };
	size_t at = str_casesearch(word, STR("SMTP"));
	if (n == 0 || (r->product.n && !is_known_mailer(r)))
		return false;
	if (is_misspelt(word))
		return true;
	if (at == SIZE_MAX || at > LETTERS_MAX + 1 || is_real_protocol(word))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!ascii_isalpha((unsigned char)word.p[i]))
			return false;    /* SMTPD32, SMTP_in, smtp-proxy */
	if (str_caseeq(word, STR("ASMTP")))
		return r->form != RECEIVED_EXIM || !str_eq(word, STR("asmtp"));
	if (at == 0 || (at == 1 && ascii_lower(word.p[0]) == 'e'))
		return word.n <= at + 4 + LETTERS_MAX && has_odd_tail(str_from(word, at + 4));
	return at <= LETTERS_MAX && word.n == at + 4;
}

/* ---- ids -------------------------------------------------------------------------- */

/* Sendmail since 8.10 writes its ids so: year, month, day, hour, minute and second in a
 * character each, one or two for messages of the same second, the process's number. */
static bool is_wrong_id(const struct received *r)
{
	enum { CLOCK = 6, SHORTEST = 11, LONGEST = 15 };
	if (r->form != RECEIVED_SENDMAIL || r->id.n == 0 || r->product.n < 5 ||
	    memcmp(r->product.p, "8.1", 3) != 0 || !ascii_isdigit((unsigned char)r->product.p[3]))
		return false;
	if (r->id.n < SHORTEST || r->id.n > LONGEST)
		return false;            /* cut, or of another making */
	for (size_t i = CLOCK + 2; i < r->id.n; i++)
		if (!ascii_isdigit((unsigned char)r->id.p[i]))
			return true;
	return false;
}

/* "2YIGt9ryzKvfaybbvkNvMa": long, of capitals, small letters and digits as they come. */
static bool is_random_id(struct str id)
{
	enum { LONG = 20 };
	bool upper = false, lower = false, digit = false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!ascii_isalnum((unsigned char)c))
			return false;
		upper |= c >= 'A' && c <= 'Z';
		lower |= c >= 'a' && c <= 'z';
		digit |= ascii_isdigit((unsigned char)c);
	}
	return id.n >= LONG && upper && lower && (digit || id.n > LONG + 4);
}

/* Such an id and not a word of where it came from, but a host name of the public kind: a
 * program that puts up a front. */
static bool is_front(const struct received *r)
{
	return r->ip.family == 0 && r->product.n == 0 && r->has_time &&
	       str_eq(r->with, STR("SMTP")) && r->recipient.n == 0 && name_is_short(r->helo) &&
	       !name_is_localhost(r->helo) && !name_is_internal(r->by) && is_random_id(r->id);
}

/* ---- looks ------------------------------------------------------------------------ */

/* A date without weekday, as qmail and its kin write it, and their protocol in small letters,
 * which they do not: that is Exim's way, and Exim names the day and gives an id. */
static bool is_mixed(const struct received *r)
{
	bool lower = str_eq(r->with, STR("smtp")) || str_eq(r->with, STR("esmtp"));
	return lower && r->product.n == 0 && r->id.n == 0 && ip_is_public(&r->ip) &&
	       r->has_time && !r->date.has_weekday && r->date.has_zone;
}

/* No address, id or product, and a date: all of the line is words. */
static bool is_words(const struct received *r)
{
	return r->ip.family == 0 && r->id.n == 0 && r->product.n == 0 && r->via.n == 0 &&
	       r->form == RECEIVED_OTHER && r->has_time;
}

/* "from far.example by 7XK2Q9.far.example with SMTP": a name made up in front of
 * another, by capitals and digits. */
static bool is_made_up_below(struct str by, struct str from)
{
	enum { LABEL_MIN = 4 };
	if (by.n < from.n + LABEL_MIN + 1 || str_find(from, '.') == SIZE_MAX ||
	    !str_casesuffix(by, from) || by.p[by.n - from.n - 1] != '.')
		return false;
	for (size_t i = 0; i < by.n - from.n - 1; i++)
		if (!ascii_isdigit((unsigned char)by.p[i]) && (by.p[i] < 'A' || by.p[i] > 'Z'))
			return false;
	return true;
}

bool form_is_line_name(struct str by)
{
	static const struct ip none = { 0 };
	size_t dot = str_find(by, '.');
	if (dot == SIZE_MAX)
		return false;
	unsigned numbers = 0;
	for (size_t i = 0; i < dot; i++)
		numbers += ascii_isdigit((unsigned char)by.p[i]) &&
		           !ascii_isdigit((unsigned char)by.p[i + 1]);
	return numbers >= 3 || name_is_generic((struct str){ by.p, dot }, &none);
}

/* Lines of words only that spam programs are known to write. */
static bool is_known_words(const struct received *r)
{
	if (!is_words(r))
		return false;
	if (str_eq(r->with, STR("SMTP")) && is_made_up_below(r->by, r->from))
		return true;
	if (str_eq(r->with, STR("ESMTP")) && form_is_line_name(r->by))
		return true;
	return r->with.n == 0 && str_find(r->from, '@') != SIZE_MAX && !name_is_internal(r->by);
}

/* These mailers write their dates in English, whatever the system speaks. */
static bool is_wrong_tongue(const struct trace_hop *hop)
{
	struct str date = date_text(hop);
	if (hop->line.has_time || !is_known_mailer(&hop->line))
		return false;
	for (size_t i = 0; i < date.n; i++)
		if ((unsigned char)date.p[i] >= 0x80)
			return true;
	return false;
}

/* ---- all of it -------------------------------------------------------------------- */

/* A clock that was never set shows 1 January 1970 or 1904 (an old Mac's), or the day before. */
bool form_has_bad_year(const struct trace_hop *hop)
{
	static const char *const unset[] = { "1970", "1969", "1904", "1903" };
	if (!hop->line.has_time && hop->line.date.impossible)
		return true;
	if (hop->line.has_time || !hop->line.date.bad_year)
		return false;
	struct str date = date_text(hop);
	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		if (str_search(date, str_of(unset[i])) != SIZE_MAX)
			return false;
	return true;
}

bool form_is_loose(const struct trace_hop *hop, bool unlinked)
{
	const struct received *r = &hop->line;
	return (unlinked && (is_mixed(r) || is_front(r) || is_wrong_tongue(hop))) ||
	       is_known_words(r);
}

bool form_signs(struct trace_hop *hop)
{
	const struct received *r = &hop->line;
	bool forged = false;
	if (is_spam_date(hop))
		forged = is_invented(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (r->date_misplaced)
		forged = is_invented(&hop->why, WHY_FORGED_DATE_PLACE, STR(""), STR(""));
	if (r->placeholder.n)
		forged = is_invented(&hop->why, WHY_FORGED_PLACEHOLDER, r->placeholder, STR(""));
	if (is_wrong_id(r))
		forged = is_invented(&hop->why, WHY_FORGED_ID, r->id, r->product);
	if (is_wrong_protocol(r))
		forged = is_invented(&hop->why, WHY_FORGED_PROTOCOL, r->with, STR(""));
	return forged;
}
