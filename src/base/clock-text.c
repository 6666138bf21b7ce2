/* SPDX-License-Identifier: ISC
 *
 * Times as texts, and back: the pure half of base/clock.h.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

char *clock_format(int64_t time_s, char dst[static CLOCK_TEXT_MAX])
{
	struct tm tm;
	time_t t = (time_t)time_s;
	if (!gmtime_r(&t, &tm) || !strftime(dst, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		str_copy(dst, CLOCK_TEXT_MAX, STR("never"));
	return dst;
}

char *clock_format_mail(int64_t time_s, char dst[static CLOCK_TEXT_MAX])
{
	static const char day[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;
	time_t t = (time_t)time_s;
	gmtime_r(&t, &tm);
	snprintf(dst, CLOCK_TEXT_MAX, "%s, %d %s %d %02d:%02d:%02d +0000", day[tm.tm_wday],
	         tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	         tm.tm_sec);
	return dst;
}

int clock_parse(struct str s, int64_t *time_s, struct parse_error *pe)
{
	static const char want[] = "a date as 2026-12-31 or 2026-12-31T23:59:59Z";
	char text[CLOCK_TEXT_MAX], again[CLOCK_TEXT_MAX];
	struct tm tm = { 0 };
	if (!str_copy(text, sizeof(text), s) || strlen(text) != s.n)
		return err_parse(pe, want, 0);
	const char *end = strptime(text, s.n == 10 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return err_parse(pe, want, 0);
	int64_t t = timegm(&tm);
	/* strptime lets 30 February pass; the way back tells. */
	clock_format(t, again);
	if (strncmp(again, text, s.n) != 0)
		return err_parse(pe, want, 0);
	*time_s = t;
	return ERR_OK;
}
