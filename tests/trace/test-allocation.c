/* SPDX-License-Identifier: ISC
 *
 * When address ranges were given out: the edges of time and range, and what is not
 * judged.
 */
#include "test.h"

#include "trace/allocation.h"

enum { DAY_S = 86400 };

static const struct {
	const char *name, *ip;
	int64_t time_s;
	bool given;
} rows[] = {
	{ "101/8 in 2002", "101.1.2.3", 1028000000, false },
	{ "101/8 half a year early", "101.1.2.3", 1265000000, false },
	{ "101/8 within the margin", "101.1.2.3", 1277900000, true },
	{ "101/8 since August 2010", "101.1.2.3", 1281000000, true },
	{ "first address of 5/8", "5.0.0.0", 1028000000, false },
	{ "last address of 5/8", "5.255.255.255", 1028000000, false },
	{ "the neighbour below", "4.255.255.255", 1028000000, true },
	{ "the neighbour above", "6.0.0.0", 1028000000, true },
	{ "legacy", "18.1.2.3", 1028000000, true },
	{ "200/8 before LACNIC", "200.1.2.3", 1000000000, true },
	{ "24/8 before ARIN", "24.1.2.3", 979000000, true },
	{ "223/8 in 2002", "223.1.2.3", 1028000000, false },
	{ "223/8 since 2003", "223.1.2.3", 1046000000, true },
	{ "before 2001 nothing is judged", "101.1.2.3", 970000000, true },
	{ "no time", "101.1.2.3", 0, true },
	{ "before 1970", "101.1.2.3", INT64_MIN, true },
	{ "the end of time", "101.1.2.3", INT64_MAX, true },
	{ "private", "10.1.2.3", 1028000000, true },
	{ "2001:db8::/32 and its block", "2001:db8::1", 1028000000, true },
	{ "2600::/12 in 2003", "2600::1", 1050000000, false },
	{ "2600::/12 in 2006", "2607:f8b0::1", 1150000000, true },
	{ "2a10::/12 in 2018", "2a10:1::1", 1520000000, false },
	{ "2a10::/12 in 2020", "2a10:1::1", 1580000000, true },
	{ "its neighbour 2a0f::", "2a0f:1::1", 1520000000, true },
	{ "between pieces", "2001:6000::1", 1500000000, false },
	{ "never given", "2100::1", 1700000000, false },
	{ "after the table nothing new is judged", "2100::1", 1800000000, true },
	{ "6to4", "2002:c000:201::1", 1028000000, true },
	{ "the 6bone", "3ffe:100::1", 1028000000, true },
	{ "outside of 2000::/3", "fe80::1", 1500000000, true },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip ip;
		CHECK_ROW(rows[i].name, ip_parse(str_of(rows[i].ip), &ip, NULL) == 0);
		CHECK_ROW(rows[i].name, allocation_was_given(&ip, rows[i].time_s) == rows[i].given);
	}
	static const struct ip none = { 0 };
	assert_true(allocation_was_given(&none, 1028000000));
}

/* Once given, always given; and today every range of unicast is. */
static void test_monotonous(void **state)
{
	(void)state;
	for (unsigned octet = 1; octet < 224; octet++) {
		struct ip ip = ip_from_v4((uint8_t)octet, 1, 1, 1);
		bool before = false;
		for (int64_t t = 980000000; t < 1350000000; t += 10 * DAY_S) {
			bool now = allocation_was_given(&ip, t);
			assert_true(now || !before);
			before = now;
		}
		assert_true(before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_monotonous),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
