/* SPDX-License-Identifier: ISC
 *
 * Dates as mailers write them, and as forgers do.
 */
#include "test.h"

#include "mail/date.h"

#include <stdio.h>

static const struct {
	const char *text;
	int64_t time_s;                      /* 0: refused */
	bool has_zone;
} rows[] = {
	{ "Thu, 22 Aug 2002 12:34:53 +0100 (IST)", 1030016093, true },
	{ "22 Aug 2002 11:34:53 -0000", 1030016093, true },
	{ "Thu,\r\n\t22 Aug 2002\r\n 12:34:53\r\n +0100", 1030016093, true },
	{ "Thu, 22 Aug 02 11:34:53 GMT", 1030016093, true },
	{ "Thu, 22 Aug 102 11:34:53 GMT", 1030016093, true },
	{ "Thu, 22 Aug 2002 04:34:53 PDT", 1030016093, true },
	{ "22 August 2002 11:34:53 UT", 1030016093, true },
	{ "Thu, 6 May 2004 17:40:44-0500", 1083883244, true },
	{ "Mon, 02 Sep 2002 01:07:29 -08:00", 1030957649, true },
	{ "Sun Nov 13 14:50:12 2005", 1131893412, false },
	{ "Sun Nov 13 14:50:12 GMT 2005", 1131893412, true },
	{ "22/08/2002 11:34:53", 1030016093, false },
	{ "2002-08-22 11:34:53 +0000", 1030016093, true },
	{ "22-Aug-2002 11:34:53 +0000", 1030016093, true },
	{ "Aug, 25 2002 6:19:40 AM -0100", 1030259980, true },
	{ "Mon, 22 Jul 2002 9:41:41 PM +0200", 1027366901, true },
	{ "Jun, 06 2002 12:07:31 p.m. -0800", 1023394051, true },
	{ "Jun, 06 2002 10:03:22 a.m. +0300", 1023347002, true },
	{ "(a) Thu, (b (c)) 22 Aug (d) 2002 12:34:53 (e) +0100 (f)", 1030016093, true },
	{ "2002-08-22 11:34:53.123456789 +0000 UTC m=+1.5", 1030016093, true },
	{ "Sat, 29 Feb 2020 00:00:00 +0000", 1582934400, true },
	{ "Fri, 31 Dec 1999 23:59:60 +0000", 946684800, true },
	{ "25 Aug 0102 18:57:52 -0400", 0, false },
	{ "31 Feb 2020 00:00:00 +0000", 0, false },
	{ "29 Feb 2019 00:00:00 +0000", 0, false },
	{ "1 Jan 2020 24:00:00 +0000", 0, false },
	{ "1 Jan 2020 12:60:00 +0000", 0, false },
	{ "1 Jan 2020 12:00:00 +2500", 0, false },
	{ "1 Foo 2020 12:00:00 +0000", 0, false },
	{ "1 Jan 1970 00:00:00 +0000", 0, false },
	{ "Thu, 22 Aug 2002", 0, false },
	{ "", 0, false },
	{ "99999999999999999999", 0, false },
};

static void test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail_date d;
		int e = mail_date_parse(str_of(rows[i].text), &d);
		CHECK_ROW(rows[i].text, (e == ERR_OK) == (rows[i].time_s != 0));
		CHECK_ROW(rows[i].text, e != ERR_OK || d.time_s == rows[i].time_s);
		CHECK_ROW(rows[i].text, e != ERR_OK || d.has_zone == rows[i].has_zone);
	}
}

/* One clock, six in the evening, in zones of every spelling. */
static const struct {
	const char *tail;
	int minutes;
	enum { READ, UNKNOWN, UNTOLD, NO_ZONE, REFUSED } what;
} zone_rows[] = {
	{ "+0100", 60, READ }, { "+01:00", 60, READ }, { "+01", 60, READ }, { "+1", 60, READ },
	{ "-03", -180, READ }, { "-3", -180, READ }, { "+530", 330, READ }, { "+5:30", 330, READ },
	{ "GMT+01:00", 60, READ }, { "GMT+0100", 60, READ }, { "GMT+1", 60, READ },
	{ "UTC+3", 180, READ }, { "UTC-03:30", -210, READ }, { "UT+2", 120, READ },
	{ "gmt-8", -480, READ }, { "GMT-0", 0, READ }, { "\"GMT\"", 0, READ }, { "Z", 0, READ },
	{ "SGT", 480, READ }, { "BRT", -180, READ }, { "HKT", 480, READ }, { "PKT", 300, READ },
	{ "SAST", 120, READ }, { "NPT", 345, READ }, { "est", -300, READ }, { "PDT", -420, READ },
	{ "CEST", 120, READ }, { "MET DST", 120, READ }, { "+0200 (MET DST)", 120, READ },
	{ "GMT Standard Time", 0, READ }, { "GMT Daylight Time", 60, READ },
	{ "MET Summer Time", 120, READ }, { "EST5EDT", 0, UNKNOWN },
	/* a number beside a name counts */
	{ "GMT +0100", 60, READ }, { "+0800 CST", 480, READ }, { "CST +0800", 480, READ },
	{ "IST (+0530)", 330, READ }, { "CST (GMT+08:00)", 480, READ }, { "+0000 (GMT+01:00)", 0, READ },
	{ "(UTC+8)", 480, READ }, { "(x) (CEST)", 120, READ }, { "(a \\) b) +0100", 60, READ },
	{ "EST (-0400)", -300, READ }, { "-0800 (PST)", -480, READ }, { "PST -0800", -480, READ },
	/* no one meaning */
	{ "IST", 0, UNKNOWN }, { "CST", 0, UNKNOWN }, { "BST", 0, UNKNOWN }, { "AMT", 0, UNKNOWN },
	{ "A", 0, UNKNOWN }, { "m", 0, UNKNOWN }, { "Y", 0, UNKNOWN }, { "XYZ", 0, UNKNOWN },
	{ "Asia/Kolkata", 0, UNKNOWN }, { "China Standard Time", 0, UNKNOWN }, { "+99", 0, UNKNOWN },
	{ "GMT+", 0, UNKNOWN }, { "GMT+x", 0, UNKNOWN }, { "Etc/GMT-8", 0, UNKNOWN },
	{ "0100", 0, UNKNOWN }, { "\xe2\x88\x92" "0500", 0, UNKNOWN }, { "?", 0, UNKNOWN },
	{ "W. Europe Standard Time", 0, UNKNOWN }, { "CST (China Standard Time)", 0, UNKNOWN },
	{ "(IST)", 0, UNKNOWN },
	{ "-0000", 0, UNTOLD }, { "-00:00", 0, UNTOLD },
	{ "", 0, NO_ZONE }, { "(x)", 0, NO_ZONE }, { "(from +0800 on)", 0, NO_ZONE },
	{ "+2500", 0, REFUSED }, { "+08000", 0, REFUSED }, { "GMT+25:00", 0, REFUSED },
	{ "+0860", 0, REFUSED },
};

static void check_zone(size_t i, const char *form)
{
	enum { EVENING = 1709661600 };       /* 2024-03-05 18:00 */
	char text[128];
	struct mail_date d;
	snprintf(text, sizeof(text), form, zone_rows[i].tail);
	int e = mail_date_parse(str_of(text), &d);
	CHECK_ROW(text, (e == ERR_OK) == (zone_rows[i].what != REFUSED));
	if (e != ERR_OK)
		return;
	CHECK_ROW(text, d.has_zone == (zone_rows[i].what == READ || zone_rows[i].what == UNTOLD));
	CHECK_ROW(text, d.zone_unknown == (zone_rows[i].what == UNKNOWN));
	CHECK_ROW(text, d.zone_untold == (zone_rows[i].what == UNTOLD));
	CHECK_ROW(text, d.zone_min == zone_rows[i].minutes);
	CHECK_ROW(text, d.time_s == EVENING - zone_rows[i].minutes * 60);
}

static void test_zones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(zone_rows) / sizeof(zone_rows[0]); i++) {
		check_zone(i, "Tue, 05 Mar 2024 18:00:00 %s");
		check_zone(i, "5 Mar 2024 18:00 %s");
		check_zone(i, "Tue Mar  5 18:00:00 2024 %s");
	}
	/* Java's and asctime's, with the zone before the year; stuck to the clock; a stamp. */
	static const struct { const char *text; int64_t time_s; bool has_zone; } others[] = {
		{ "Tue Mar 05 18:00:00 GMT+08:00 2024", 1709632800, true },
		{ "Tue Mar 05 18:00:00 SGT 2024", 1709632800, true },
		{ "Tue Mar 05 18:00:00 +0800 2024", 1709632800, true },
		{ "Tue Mar 05 18:00:00 CST 2024", 1709661600, false },
		{ "Tue Mar 05 18:00:00 CST 2024 +0800", 1709632800, true },
		{ "5 Mar 2024 18:00:00+08", 1709632800, true },
		{ "5 Mar 2024 18:00:00GMT+8", 1709632800, true },
		{ "5 Mar 2024 18:00:00IST +0530", 1709641800, true },
		{ "2024-03-05T18:00:00+08:00", 1709632800, true },
		{ "2024-03-05T10:00:00Z", 1709632800, true },
		{ "2024-03-05T10:00:00.123Z (x)", 1709632800, true },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct mail_date d;
		CHECK_ROW(others[i].text, mail_date_parse(str_of(others[i].text), &d) == ERR_OK);
		CHECK_ROW(others[i].text, d.time_s == others[i].time_s);
		CHECK_ROW(others[i].text, d.has_zone == others[i].has_zone);
	}
}

static void test_marks(void **state)
{
	(void)state;
	struct mail_date d;
	assert_int_equal(mail_date_parse(STR("25 Aug 0102 18:57:52 -0400"), &d), ERR_INVALID);
	assert_true(d.bad_year);
	assert_int_equal(mail_date_parse(STR("Aug, 25 2002 6:19:40 AM -0100"), &d), ERR_OK);
	assert_true(d.half_day && d.month_first);
	assert_int_equal(mail_date_parse(STR("Thu, 22 Aug 2002 12:34:53 +0100"), &d), ERR_OK);
	assert_true(!d.half_day && !d.month_first && d.has_weekday && d.zone_min == 60);
	assert_int_equal(mail_date_parse(STR("22 Aug 2002 11:34:53 -0000"), &d), ERR_OK);
	assert_true(d.zone_untold);
	assert_int_equal(mail_date_parse(STR("22 Aug 2002 11:34:53 +0000"), &d), ERR_OK);
	assert_true(!d.zone_untold);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_dates),
	                                    cmocka_unit_test(test_zones),
	                                    cmocka_unit_test(test_marks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
