/* SPDX-License-Identifier: ISC
 *
 * Dates as mailers write them, and as forgers do.
 */
#include "test.h"

#include "mail/date.h"

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
	                                    cmocka_unit_test(test_marks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
