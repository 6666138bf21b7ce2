/* SPDX-License-Identifier: ISC
 *
 * Two tables of the registries: since when a block of addresses has been given out.
 */
#include "trace/allocation.h"

enum {
	START_S = 946684800,             /* 1 January 2000 */
	MONTH_S = 2629746,               /* a year's twelfth */
	MARGIN_MONTHS = 3,
	/* Before, some ranges had holders who gave them back (36/8 until July 2000). */
	FIRST_S = START_S + 12 * MONTH_S,
};

/* Months since the start of 2000. */
#define M(year, month) (((year) - 2000) * 12 + (month) - 1)

enum { IPV6_TABLE_MONTH = M(2024, 11) };

/* By first octet: when a registry was given the range. 0: before 2001, which also stands
 * for ranges that had somebody until then (24/8, 46/8, 200/8). 14/8 was never routed. */
static const uint16_t ipv4_since[256] = {
	[1] = M(2010, 1), [2] = M(2009, 9), [5] = M(2010, 11), [14] = M(2010, 4),
	[23] = M(2010, 11),
	[27] = M(2010, 1), [31] = M(2010, 5), [36] = M(2010, 10), [37] = M(2010, 11),
	[39] = M(2011, 1), [41] = M(2005, 4), [42] = M(2010, 10), [49] = M(2010, 8),
	[50] = M(2010, 2), [58] = M(2004, 4), [59] = M(2004, 4), [60] = M(2003, 4),
	[67] = M(2001, 5), [68] = M(2001, 6), [69] = M(2002, 8), [70] = M(2004, 1),
	[71] = M(2004, 8), [72] = M(2004, 8), [73] = M(2005, 3), [74] = M(2005, 6),
	[75] = M(2005, 6), [76] = M(2005, 6), [77] = M(2006, 8), [78] = M(2006, 8),
	[79] = M(2006, 8), [80] = M(2001, 4), [81] = M(2001, 4), [82] = M(2002, 11),
	[83] = M(2003, 11), [84] = M(2003, 11), [85] = M(2004, 4), [86] = M(2004, 4),
	[87] = M(2004, 4), [88] = M(2004, 4), [89] = M(2005, 6), [90] = M(2005, 6),
	[91] = M(2005, 6), [92] = M(2007, 3), [93] = M(2007, 3), [94] = M(2007, 7),
	[95] = M(2007, 7), [96] = M(2006, 10), [97] = M(2006, 10), [98] = M(2006, 10),
	[99] = M(2006, 10), [100] = M(2010, 11), [101] = M(2010, 8), [102] = M(2011, 2),
	[103] = M(2011, 2), [104] = M(2011, 2), [105] = M(2010, 11), [106] = M(2011, 1),
	[107] = M(2010, 2), [108] = M(2008, 12), [109] = M(2009, 1), [110] = M(2008, 11),
	[111] = M(2008, 11), [112] = M(2008, 5), [113] = M(2008, 5), [114] = M(2007, 10),
	[115] = M(2007, 10), [116] = M(2007, 1), [117] = M(2007, 1), [118] = M(2007, 1),
	[119] = M(2007, 1), [120] = M(2007, 1), [121] = M(2006, 1), [122] = M(2006, 1),
	[123] = M(2006, 1), [124] = M(2005, 1), [125] = M(2005, 1), [126] = M(2005, 1),
	[173] = M(2008, 2), [174] = M(2008, 2), [175] = M(2009, 8), [176] = M(2010, 5),
	[177] = M(2010, 6), [178] = M(2009, 1), [179] = M(2011, 2), [180] = M(2009, 4),
	[181] = M(2010, 6), [182] = M(2009, 8), [183] = M(2009, 4), [184] = M(2008, 12),
	[185] = M(2011, 2), [186] = M(2007, 9), [187] = M(2007, 9), [197] = M(2008, 10),
	[201] = M(2003, 4), [219] = M(2001, 9), [220] = M(2001, 12), [221] = M(2002, 7),
	[222] = M(2003, 2), [223] = M(2003, 2),
};

/* The pieces of 2000::/3 that were given out, by their first 32 bits; of one that grew,
 * the date of its first part. 3ffe::/16 was the 6bone's; 3fff::/20 is for documents. */
static const struct {
	uint32_t net;
	uint8_t len;
	uint16_t since;
} ipv6_given[] = {
	{ 0x20010000, 21, 0 }, { 0x20010800, 22, M(2002, 5) }, { 0x20010c00, 23, M(2002, 5) },
	{ 0x20010e00, 23, M(2003, 1) }, { 0x20011200, 23, M(2002, 11) },
	{ 0x20011400, 22, M(2003, 2) }, { 0x20011800, 23, M(2003, 4) },
	{ 0x20011a00, 23, M(2004, 1) }, { 0x20011c00, 22, M(2004, 5) },
	{ 0x20012000, 19, M(2004, 5) }, { 0x20014000, 22, M(2004, 6) },
	{ 0x20014400, 23, M(2004, 6) }, { 0x20014600, 23, M(2004, 8) },
	{ 0x20014800, 23, M(2004, 8) }, { 0x20014a00, 23, M(2004, 10) },
	{ 0x20014c00, 23, M(2004, 12) }, { 0x20015000, 20, M(2004, 9) },
	{ 0x20018000, 19, M(2004, 11) }, { 0x2001a000, 20, M(2004, 11) },
	{ 0x2001b000, 20, M(2006, 3) }, { 0x20020000, 16, 0 }, { 0x20030000, 18, M(2005, 1) },
	{ 0x24000000, 12, M(2005, 5) }, { 0x24100000, 12, M(2024, 11) },
	{ 0x26000000, 12, M(2005, 4) }, { 0x26100000, 23, M(2005, 11) },
	{ 0x26200000, 23, M(2006, 9) }, { 0x26300000, 12, M(2019, 11) },
	{ 0x28000000, 12, M(2005, 11) }, { 0x2a000000, 12, M(2005, 4) },
	{ 0x2a100000, 12, M(2019, 6) }, { 0x2c000000, 12, M(2006, 10) },
	{ 0x3ffe0000, 16, 0 }, { 0x3fff0000, 20, 0 },
};

static bool ipv6_was_given(const uint8_t *b, int64_t month)
{
	uint32_t top = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	for (size_t i = 0; i < sizeof(ipv6_given) / sizeof(ipv6_given[0]); i++)
		if ((top ^ ipv6_given[i].net) >> (32 - ipv6_given[i].len) == 0)
			return month >= ipv6_given[i].since;
	return month > IPV6_TABLE_MONTH;
}

bool allocation_was_given(const struct ip *ip, int64_t time_s)
{
	if (time_s < FIRST_S)
		return true;
	int64_t month = (time_s - START_S) / MONTH_S;
	if (ip->family == 4)
		return month + MARGIN_MONTHS >= ipv4_since[ip->b[0]];
	if (ip->family == 6 && (ip->b[0] & 0xe0) == 0x20)
		return ipv6_was_given(ip->b, month + MARGIN_MONTHS);
	return true;
}
