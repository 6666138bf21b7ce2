/* SPDX-License-Identifier: ISC
 *
 * Dates: cut into words and read in the orders in which mailers have written them. The plain form
 * of RFC 5322, which nearly all have, is read without that.
 */
#include "mail/date.h"

#include "mail/date-private.h"
#include "mail/lexical.h"

struct words {
	struct str rest;
	struct str word[10];
	size_t n;
};

static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* The date's words: cut at white space, commas and comments. */
static void cut_words(struct str s, struct words *w)
{
	size_t i = 0;
	w->n = 0;
	while (w->n < sizeof(w->word) / sizeof(w->word[0])) {
		while (i < s.n && (is_gap(s.p[i]) || s.p[i] == '('))
			i += s.p[i] == '(' ? lexical_comment(str_from(s, i)) : 1;
		size_t from = i;
		bool colon = false;      /* a clock may be folded there: "04:02: 43" */
		while (i < s.n && s.p[i] != '(' && s.p[i] != ';' &&
		       (!is_gap(s.p[i]) || colon)) {
			if (!is_gap(s.p[i]))
				colon = s.p[i] == ':';
			i++;
		}
		if (i == from)
			break;
		w->word[w->n++] = (struct str){ s.p + from, i - from };
	}
}

#define KEY(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* The first three letters of a word of three to nine, in lower case; 0 for others. */
static uint32_t key_of(struct str s)
{
	if (s.n < 3 || s.n > 9)
		return 0;
	return KEY((unsigned char)ascii_lower(s.p[0]), (unsigned char)ascii_lower(s.p[1]),
	           (unsigned char)ascii_lower(s.p[2]));
}

static int month_of(struct str s)
{
	static const uint32_t keys[12] = {
		KEY('j', 'a', 'n'), KEY('f', 'e', 'b'), KEY('m', 'a', 'r'), KEY('a', 'p', 'r'),
		KEY('m', 'a', 'y'), KEY('j', 'u', 'n'), KEY('j', 'u', 'l'), KEY('a', 'u', 'g'),
		KEY('s', 'e', 'p'), KEY('o', 'c', 't'), KEY('n', 'o', 'v'), KEY('d', 'e', 'c'),
	};
	uint32_t key = key_of(s);
	int month = 0;
	for (int m = 0; m < 12; m++)
		month = keys[m] == key ? m + 1 : month;
	return month;
}

static bool is_weekday(struct str s)
{
	static const uint32_t keys[7] = {
		KEY('m', 'o', 'n'), KEY('t', 'u', 'e'), KEY('w', 'e', 'd'), KEY('t', 'h', 'u'),
		KEY('f', 'r', 'i'), KEY('s', 'a', 't'), KEY('s', 'u', 'n'),
	};
	uint32_t key = key_of(s);
	bool found = false;
	for (size_t d = 0; d < 7; d++)
		found |= keys[d] == key;
	return found;
}

/* A number of at most `digits` digits at *s; what follows stays in *s. */
static bool number(struct str *s, size_t digits, int *value)
{
	size_t n = 0;
	int v = 0;
	while (n < s->n && n < digits && ascii_isdigit((unsigned char)s->p[n]))
		v = v * 10 + (s->p[n++] - '0');
	*s = str_from(*s, n);
	*value = v;
	return n != 0;
}

static bool whole_number(struct str s, size_t digits, int *value)
{
	return number(&s, digits, value) && s.n == 0;
}

static bool skip(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/* A colon or, in some clocks, a dot; what a fold leaves behind it goes with it. */
static bool skip_colon(struct str *s)
{
	if (!skip(s, ':') && !skip(s, '.'))
		return false;
	while (s->n && is_gap(s->p[0]))
		*s = str_from(*s, 1);
	return true;
}

/* "10:25:57", "10:25", "10.25.57"; a zone may stick to it ("17:40:44-0500"). */
static bool clock_of(struct str s, int *seconds, struct str *stuck)
{
	int h, m, sec = 0;
	if (!number(&s, 2, &h) || !skip_colon(&s) || !number(&s, 2, &m))
		return false;
	if (skip_colon(&s) && !number(&s, 2, &sec))
		return false;
	if (skip(&s, '.')) {
		int fraction;
		if (!number(&s, 9, &fraction))
			return false;
	}
	if (h > 23 || m > 59 || sec > 60)
		return false;
	*seconds = h * 3600 + m * 60 + sec;
	*stuck = s;
	return true;
}

/* Days from 1970-01-01 (Gregorian). */
static int64_t days_from(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct day {
	int y, m, d;
};

static bool year_of(struct str s, int *year, struct mail_date *date)
{
	if (s.n == 4 && whole_number(s, 4, year)) {
		date->bad_year = *year < 1980;
		return !date->bad_year;
	}
	if (s.n == 3 && whole_number(s, 3, year)) {   /* 102: years since 1900 */
		*year += 1900;
		return *year >= 2000;
	}
	if (s.n != 2 || !whole_number(s, 2, year))
		return false;
	*year += *year < 70 ? 2000 : 1900;
	return *year >= 1980;
}

static bool day_valid(const struct day *x)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = x->y % 4 == 0 && (x->y % 100 != 0 || x->y % 400 == 0);
	return x->m >= 1 && x->m <= 12 && x->d >= 1 &&
	       x->d <= length[x->m - 1] + (leap && x->m == 2);
}

/* "22/08/2002" (day first), "2002-08-22", "22-Aug-2002". */
static bool day_joined(struct str s, struct day *x, struct mail_date *date)
{
	int a;
	struct str all = s;
	if (!number(&s, 4, &a) || s.n < 2 || (s.p[0] != '/' && s.p[0] != '-'))
		return false;
	size_t first_digits = all.n - s.n;
	char sep = s.p[0];
	s = str_from(s, 1);
	size_t cut_at = str_find(s, sep);
	if (cut_at == SIZE_MAX)
		return false;
	struct str middle = { s.p, cut_at };
	struct str last = str_from(s, cut_at + 1);
	if (!whole_number(middle, 2, &x->m))
		x->m = month_of(middle);
	if (first_digits == 4) {
		x->y = a;
		return a >= 1980 && whole_number(last, 2, &x->d);
	}
	x->d = a;
	return year_of(last, &x->y, date);
}

/* Day, month and year from w at *i, in any of the orders seen. */
static bool day_of(const struct words *w, size_t *i, struct day *x, struct mail_date *date)
{
	const struct str *v = w->word + *i;
	size_t left = w->n - *i;
	if (left >= 1 && day_joined(v[0], x, date)) {
		*i += 1;
		return day_valid(x);
	}
	if (left < 3)
		return false;
	if ((x->m = month_of(v[1])) != 0 && whole_number(v[0], 2, &x->d)) {
		*i += 3;
		return year_of(v[2], &x->y, date) && day_valid(x);
	}
	if ((x->m = month_of(v[0])) == 0 || !whole_number(v[1], 2, &x->d))
		return false;
	date->month_first = true;
	*i += 2;
	if (str_find(v[2], ':') != SIZE_MAX) {
		x->y = 0;        /* asctime(3): the year follows the clock */
		return true;
	}
	*i += 1;
	return year_of(v[2], &x->y, date) && day_valid(x);
}

/* "AM", "p.m." */
static bool is_half_day(struct str s)
{
	char first = s.n ? ascii_lower(s.p[0]) : '\0';
	s = str_from(s, 1);
	(void)skip(&s, '.');
	return (first == 'a' || first == 'p') && s.n && s.n <= 2 && ascii_lower(s.p[0]) == 'm' &&
	       (s.n == 1 || s.p[1] == '.');
}

/* "IST", "A", "Asia/Kolkata", "+99", "?"; of numbers those that lack but their sign, as "0530". */
static bool is_zone_like(struct str word)
{
	enum { HOURS_MAX = 14 };
	int h, m;
	if (word.n == 0 || !ascii_isdigit((unsigned char)word.p[0]))
		return word.n != 0;
	return number(&word, 2, &h) && number(&word, 2, &m) && word.n == 0 && h <= HOURS_MAX &&
	       m < 60 && m % 15 == 0;
}

/* One word that may be the zone. A number counts before any name, whichever comes first:
 * "GMT +0800", "+0530 IST". False for a number that is no zone, which makes the whole date
 * doubtful. *numbered: nothing behind can add to it. */
static bool take_zone(struct str word, struct mail_date *date, bool *numbered)
{
	int16_t minutes;
	enum date_zone zone = date_zone_read(word, &minutes);
	if (zone == DATE_ZONE_BAD)
		return date->has_zone;
	date->zone_unknown |= zone == DATE_ZONE_NONE && is_zone_like(word);
	if (zone == DATE_ZONE_NONE || (zone == DATE_ZONE_NAME && date->has_zone))
		return true;
	*numbered = zone != DATE_ZONE_NAME;
	date->has_zone = true;
	date->zone_min = minutes;
	date->zone_untold = zone == DATE_ZONE_UNTOLD;
	return true;
}

/* "IST": a name of a zone, known or not. */
static bool is_capitals(struct str s)
{
	bool capitals = s.n != 0 && s.n <= 5;
	for (size_t i = 0; i < s.n; i++)
		capitals &= s.p[i] >= 'A' && s.p[i] <= 'Z';
	return capitals;
}

/* "10:00:00 (+0800)", "18:00:00 CST (GMT+08:00)": a comment that is a zone and nothing else. */
static void take_zone_comment(struct str s, struct mail_date *date)
{
	enum { REACH_BYTES = 200 };
	bool numbered = false;
	int16_t minutes;
	if (s.n > REACH_BYTES)
		s.n = REACH_BYTES;
	for (size_t i = str_find(s, '('); i != SIZE_MAX && !numbered; i = str_find(s, '(')) {
		struct str comment = str_from(s, i);
		comment.n = lexical_comment(comment);
		s = str_from(s, i + comment.n);
		struct str inner = str_trim(str_from(comment, 1));
		if (inner.n && inner.p[inner.n - 1] == ')')
			inner = str_trim((struct str){ inner.p, inner.n - 1 });
		if (is_capitals(inner) || date_zone_read(inner, &minutes) != DATE_ZONE_NONE)
			(void)take_zone(inner, date, &numbered);
	}
}

static bool is_letters(struct str s)
{
	bool letters = s.n != 0;
	for (size_t i = 0; i < s.n; i++)
		letters &= ascii_isalpha((unsigned char)s.p[i]);
	return letters;
}

/* The year of asctime(3) stands behind the clock, and in Java's dates behind the zone:
 * "14:50 EST 2005", "14:50 GMT+03:00 2005". */
static bool late_year(const struct words *w, size_t *i, struct day *x, struct mail_date *date,
                      bool *numbered)
{
	struct str s = *i < w->n ? w->word[*i] : STR("");
	bool had_zone = date->has_zone, is_year = s.n && ascii_isdigit((unsigned char)s.p[0]);
	if (!is_year && !take_zone(s, date, numbered))
		return false;
	if ((date->has_zone && !had_zone) || is_letters(s))
		s = ++*i < w->n ? w->word[*i] : STR("");
	++*i;
	return year_of(s, &x->y, date) && day_valid(x);
}

/* "MET DST", "GMT Daylight Time", "MET Summer Time" */
static bool names_summer(struct str s)
{
	return str_caseeq(s, STR("DST")) || str_caseeq(s, STR("Daylight")) ||
	       str_caseeq(s, STR("Summer"));
}

/* What follows the clock: AM or PM, a year (asctime), a zone; in that order. `stuck` is what
 * follows it without a gap. */
static bool tail_of(const struct words *w, size_t i, struct str stuck, struct day *x, int *seconds,
                    struct mail_date *date)
{
	enum { ZONE_WORDS = 2 };         /* "GMT +0100" */
	bool numbered = false;
	if (stuck.n && (!take_zone(stuck, date, &numbered) ||
	                (!date->has_zone && !is_letters(stuck))))
		return false;
	if (i < w->n && is_half_day(w->word[i])) {
		bool pm = ascii_lower(w->word[i].p[0]) == 'p';
		date->half_day = true;
		if (*seconds >= 13 * 3600)
			return false;
		*seconds = *seconds % (12 * 3600) + (pm ? 12 * 3600 : 0);
		i++;
	}
	if (x->y == 0 && !late_year(w, &i, x, date, &numbered))
		return false;
	for (size_t k = i; k < w->n && k < i + ZONE_WORDS && !numbered; k++) {
		if (date->has_zone && names_summer(w->word[k]))
			date->zone_min = (int16_t)(date->zone_min + 60);
		else if (!take_zone(w->word[k], date, &numbered))
			return false;
	}
	return true;
}

static bool two_digits(const char *p, int *value)
{
	unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');
	*value = (int)(tens * 10 + ones);
	return tens < 10 && ones < 10;
}

/* The marks of "09 Aug 2004 11:59:00 +0000" are where they should be. */
static bool has_plain_marks(const char *p)
{
	return p[2] == ' ' && p[6] == ' ' && p[11] == ' ' && p[14] == ':' && p[17] == ':' &&
	       p[20] == ' ' && (p[21] == '+' || p[21] == '-');
}

/* The numbers between them, but for the day of the month. */
static bool plain_numbers(const char *p, struct day *x, int *seconds, int *zone_min)
{
	int century, year, h, m, sec, zone_h, zone_m;
	if (!two_digits(p + 7, &century) || !two_digits(p + 9, &year) ||
	    !two_digits(p + 12, &h) || !two_digits(p + 15, &m) || !two_digits(p + 18, &sec) ||
	    !two_digits(p + 22, &zone_h) || !two_digits(p + 24, &zone_m))
		return false;
	x->m = month_of((struct str){ p + 3, 3 });
	x->y = century * 100 + year;
	*seconds = h * 3600 + m * 60 + sec;
	*zone_min = (p[21] == '-' ? -1 : 1) * (zone_h * 60 + zone_m);
	return x->y >= 1980 && h <= 23 && m <= 59 && sec <= 60 && zone_h <= 14 && zone_m <= 59;
}

/* Where the month's day ends in a date of the plain form, its two digits in `day`, or NULL. */
static const char *plain_at(struct str s, char day[static 2])
{
	enum { DAY_AT = 5, REST_BYTES = 26 };    /* "09 Aug 2004 11:59:00 +0000" */
	while (s.n && is_gap(s.p[0]))
		s = str_from(s, 1);
	if (s.n < DAY_AT + REST_BYTES - 1 || !is_weekday((struct str){ s.p, 3 }) ||
	    s.p[3] != ',' || s.p[4] != ' ')
		return NULL;
	bool one_digit = s.p[6] == ' ';
	day[0] = one_digit || s.p[5] == ' ' ? '0' : s.p[5];
	day[1] = one_digit ? s.p[5] : s.p[6];
	const char *p = s.p + DAY_AT - one_digit, *end = p + REST_BYTES;
	if (end > s.p + s.n || (end < s.p + s.n && !is_gap(*end) && *end != '('))
		return NULL;
	return has_plain_marks(p) ? p : NULL;
}

size_t mail_date_plain(struct str s, struct mail_date *date)
{
	enum { REST_BYTES = 26 };
	struct day x;
	int seconds, zone_min;
	char day[2];
	const char *p = plain_at(s, day);
	if (!p || !two_digits(day, &x.d) || !plain_numbers(p, &x, &seconds, &zone_min) ||
	    !day_valid(&x))
		return 0;
	*date = (struct mail_date){ .has_weekday = true, .has_zone = true };
	date->zone_min = (int16_t)zone_min;
	date->zone_untold = zone_min == 0 && p[21] == '-';
	date->time_s = days_from(x.y, x.m, x.d) * 86400 + seconds - zone_min * 60;
	return (size_t)(p + REST_BYTES - s.p);
}

/* The plain form with a day or an hour that no clock shows. */
static bool is_impossible(struct str s)
{
	enum { HOURS_MAX = 24 };
	char day[2];
	const char *p = plain_at(s, day);
	struct day x;
	int century, year, h, m, sec;
	if (!p || !two_digits(day, &x.d) || !two_digits(p + 7, &century) ||
	    !two_digits(p + 9, &year) || !two_digits(p + 12, &h) || !two_digits(p + 15, &m) ||
	    !two_digits(p + 18, &sec))
		return false;
	x.m = month_of((struct str){ p + 3, 3 });
	x.y = century * 100 + year;
	return x.m != 0 && (!day_valid(&x) || h > HOURS_MAX || m > 59 || sec > 60);
}

/* "2024-03-05T10:00:00Z" is two words. */
static void split_stamp(struct words *w)
{
	enum { DAY_BYTES = 10, WORDS = sizeof(w->word) / sizeof(w->word[0]) };
	struct str s = w->n ? w->word[0] : STR("");
	if (s.n <= DAY_BYTES + 1 || ascii_lower(s.p[DAY_BYTES]) != 't' || s.p[4] != '-')
		return;
	if (w->n == WORDS)
		w->n--;
	memmove(w->word + 1, w->word, w->n * sizeof(w->word[0]));
	w->word[0].n = DAY_BYTES;
	w->word[1] = str_from(s, DAY_BYTES + 1);
	w->n++;
}

static int parse_words(struct str s, struct mail_date *date)
{
	struct words w;
	struct day x = { 0 };
	struct str stuck;
	size_t i = 0;
	int seconds;
	*date = (struct mail_date){ 0 };
	cut_words(s, &w);
	split_stamp(&w);
	if (i < w.n && is_weekday(w.word[i])) {
		date->has_weekday = true;
		i++;
	}
	if (!day_of(&w, &i, &x, date) || i >= w.n || !clock_of(w.word[i++], &seconds, &stuck) ||
	    !tail_of(&w, i, stuck, &x, &seconds, date))
		return ERR_INVALID;
	if (!date->has_zone)
		take_zone_comment(str_from(s, (size_t)(stuck.p - s.p)), date);
	date->zone_unknown &= !date->has_zone;
	date->time_s = days_from(x.y, x.m, x.d) * 86400 + seconds - date->zone_min * 60;
	return ERR_OK;
}

int mail_date_parse(struct str s, struct mail_date *date)
{
	if (mail_date_plain(s, date))
		return ERR_OK;
	int e = parse_words(s, date);
	date->impossible = e != ERR_OK && is_impossible(s);
	return e;
}
