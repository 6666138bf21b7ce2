/* SPDX-License-Identifier: ISC
 *
 * Zones. A wrong hour accuses the wrong customer of a network, so that only names count that
 * mean one thing: not the letters of RFC 822, which RFC 5322 4.3 takes back, and none that two
 * countries use. IST is in India, Israel and Ireland, CST in America, China and Cuba, BST in
 * Britain and Bangladesh; AMT, AST, ADT, BDT, ECT, GST, SST and WST are no better.
 */
#include "mail/date-private.h"

static const struct {
	const char *name;
	int16_t minutes;
} zones[] = {
	{ "UT", 0 }, { "UTC", 0 }, { "GMT", 0 }, { "Z", 0 }, { "WET", 0 }, { "WEST", 60 },
	{ "CET", 60 }, { "CEST", 120 }, { "MET", 60 }, { "MEST", 120 }, { "MEZ", 60 },
	{ "MESZ", 120 }, { "EET", 120 }, { "EEST", 180 }, { "MSK", 180 }, { "MSD", 240 },
	{ "TRT", 180 }, { "IDT", 180 }, { "IRST", 210 }, { "IRDT", 270 }, { "AZT", 240 },
	{ "UZT", 300 }, { "PKT", 300 }, { "NPT", 345 }, { "ICT", 420 }, { "WIB", 420 },
	{ "WITA", 480 }, { "WIT", 540 }, { "SGT", 480 }, { "MYT", 480 }, { "HKT", 480 },
	{ "PHT", 480 }, { "PHST", 480 }, { "AWST", 480 }, { "JST", 540 }, { "KST", 540 },
	{ "ACST", 570 }, { "ACDT", 630 }, { "AEST", 600 }, { "AEDT", 660 }, { "ChST", 600 },
	{ "NZST", 720 }, { "NZDT", 780 },
	{ "WAT", 60 }, { "CAT", 120 }, { "SAST", 120 }, { "EAT", 180 },
	{ "NDT", -150 }, { "BRST", -120 }, { "BRT", -180 }, { "ART", -180 }, { "UYT", -180 },
	{ "CLST", -180 }, { "CLT", -240 }, { "BOT", -240 }, { "COT", -300 }, { "PET", -300 },
	{ "EST", -300 }, { "EDT", -240 }, { "CDT", -300 }, { "MST", -420 }, { "MDT", -360 },
	{ "PST", -480 }, { "PDT", -420 }, { "AKST", -540 }, { "AKDT", -480 }, { "HST", -600 },
};

/* Takes one or two digits, or the four of "0530", as one number. */
static size_t take_digits(struct str *s, unsigned *value)
{
	size_t n = 0;
	*value = 0;
	while (n < s->n && n < 6 && ascii_isdigit((unsigned char)s->p[n]))
		*value = *value * 10 + (unsigned)(s->p[n++] - '0');
	*s = str_from(*s, n);
	return n;
}

/* "+0530", "+05:30", "+530" and "+5:30", "+03" and "+3". */
static enum date_zone read_number(struct str s, int16_t *minutes)
{
	enum { HOURS_MAX = 14, SHORTEST_PROOF = 5 };
	bool east = s.p[0] == '+', plain = s.n >= SHORTEST_PROOF;
	enum date_zone bad = plain && ascii_isdigit((unsigned char)s.p[1]) ? DATE_ZONE_BAD
	                                                                   : DATE_ZONE_NONE;
	unsigned h, m = 0;
	s = str_from(s, 1);
	size_t digits = take_digits(&s, &h);
	if (digits == 3 || digits == 4) {
		m = h % 100;
		h /= 100;
	} else if (digits != 1 && digits != 2) {
		return bad;
	} else if (s.n && s.p[0] == ':') {
		s = str_from(s, 1);
		if (take_digits(&s, &m) != 2)
			return bad;
	}
	if (s.n || h > HOURS_MAX || m > 59)
		return bad;
	*minutes = (int16_t)((east ? 1 : -1) * (int)(h * 60 + m));
	return h == 0 && m == 0 && !east ? DATE_ZONE_UNTOLD : DATE_ZONE_NUMBER;
}

static bool is_sign(struct str s)
{
	return s.n && (s.p[0] == '+' || s.p[0] == '-');
}

/* "GMT+01:00", "UTC+3": what stands behind counts from there. */
static struct str behind_utc(struct str s)
{
	static const struct str names[] = { { "GMT", 3 }, { "UTC", 3 }, { "UT", 2 } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseprefix(s, names[i]) && is_sign(str_from(s, names[i].n)))
			return str_from(s, names[i].n);
	return s;
}

enum date_zone date_zone_read(struct str word, int16_t *minutes)
{
	struct str s = word;
	if (s.n > 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = (struct str){ s.p + 1, s.n - 2 };
	s = behind_utc(s);
	if (is_sign(s)) {
		enum date_zone zone = read_number(s, minutes);
		/* "GMT-0" is GMT. */
		return zone == DATE_ZONE_UNTOLD && s.n != word.n ? DATE_ZONE_NUMBER : zone;
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (str_caseeq(s, str_of(zones[i].name))) {
			*minutes = zones[i].minutes;
			return DATE_ZONE_NAME;
		}
	return DATE_ZONE_NONE;
}
