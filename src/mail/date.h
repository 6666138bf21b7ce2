/* SPDX-License-Identifier: ISC
 *
 * The dates of mail headers: RFC 5322's, the obsolete ones, and what mailers have
 * written instead ("22/08/2002 10:25:57", "Sun Nov 13 14:50:12 2005",
 * "Aug, 25 2002 6:19:40 AM -0100", "-08:00"). Pure; any bytes may come.
 */
#ifndef PORTREEVE_MAIL_DATE_H
#define PORTREEVE_MAIL_DATE_H

#include "base/err.h"
#include "base/str.h"

struct mail_date {
	int64_t time_s;          /* Unix seconds */
	int16_t zone_min;        /* minutes east of UTC */
	bool has_zone;           /* false: none that is known; time_s is then the clock's own
	                          * time as if in UTC, and may be hours wrong */
	bool zone_unknown;       /* one is written, and its meaning is not known */
	bool zone_untold;        /* "-0000": UTC, and where the writer is it does not say */
	bool has_weekday;
	bool half_day;           /* "AM" or "PM": no mailer writes that */
	bool bad_year;           /* a year of four digits that no clock shows ("0102") */
	bool impossible;         /* "35 Mar 2024 29:59:59" in the form of RFC 5322 */
	bool month_first;        /* "Aug, 25 2002" or "Aug 25 …" ahead of the day */
};

/* Reads a date at the start of s (white space and line ends may stand anywhere
 * between its parts) and ignores what follows. ERR_INVALID if there is none or it
 * names an impossible day, time or zone, or a year before 1980 (bad_year or impossible may
 * then be set). */
int mail_date_parse(struct str s, struct mail_date *date);

/* The same for "Mon, 9 Aug 2004 11:59:00 +0000" alone, as RFC 5322 has it and nearly
 * every mailer writes it: its length with the white space in front, read in place because
 * cutting it into words costs more than the rest of the line. 0 for whatever differs. */
size_t mail_date_plain(struct str s, struct mail_date *date);

#endif
