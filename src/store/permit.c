/* SPDX-License-Identifier: ISC
 *
 * What a permit may say.
 */
#include "store/permit.h"

enum { WIDEST_V4 = 8, WIDEST_V6 = 16 };

enum permit_fault permit_check(const struct permit *p, bool trusted, int64_t now_s)
{
	bool one = p->range.len == ip_bits(&p->range.ip);
	if (p->consent == CONSENT_NONE)
		return PERMIT_NO_GROUND;
	if (p->until_s && p->until_s <= now_s)
		return PERMIT_ENDED;
	if (p->range.len < (p->range.ip.family == 4 ? WIDEST_V4 : WIDEST_V6))
		return PERMIT_TOO_WIDE;
	if ((p->consent == CONSENT_EVIDENCE || p->consent == CONSENT_CONTACT) && !one)
		return PERMIT_NOT_ONE;
	if (p->consent == CONSENT_EVIDENCE && !trusted)
		return PERMIT_NOT_TRUSTED;
	return PERMIT_GOOD;
}

const char *permit_expected(enum permit_fault fault)
{
	static const char *const texts[] = {
		[PERMIT_GOOD] = "",
		[PERMIT_NO_GROUND] = "owner, contact, evidence or range",
		[PERMIT_TOO_WIDE] = "at most an IPv4 /8 or an IPv6 /16",
		[PERMIT_NOT_ONE] = "a single address for this ground of consent",
		[PERMIT_NOT_TRUSTED] = ("consent \"evidence\" counts only from those in "
		                        "tester.trusted_submitters"),
		[PERMIT_ENDED] = "a date in the future",
	};
	return texts[fault];
}
