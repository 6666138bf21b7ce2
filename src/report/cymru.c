/* SPDX-License-Identifier: ISC
 *
 * Team Cymru's origin zone: "23028 | 192.0.2.0/24 | US | arin | 1998-09-25". Where several
 * records come, the longest prefix is the one that routes.
 */
#include "report/answer.h"

/* AS numbers of one prefix may be several ("1 2"): the first counts. */
static bool parse_record(struct str s, uint32_t *asn, struct prefix *prefix)
{
	size_t bar = str_find(s, '|');
	if (bar == SIZE_MAX)
		return false;
	struct str numbers = { s.p, bar }, first, rest = str_from(s, bar + 1);
	uint64_t value;
	if (!str_token(&numbers, " ", &first) || str_u64(first, UINT32_MAX, &value) != ERR_OK)
		return false;
	size_t end = str_find(rest, '|');
	if (end != SIZE_MAX)
		rest.n = end;
	*asn = (uint32_t)value;
	return prefix_parse(str_trim(rest), prefix, NULL) == ERR_OK;
}

int cymru_parse(const struct str *texts, size_t n, const struct ip *ip,
                struct contact_answer *answer)
{
	struct prefix best = { 0 }, prefix;
	uint32_t asn;
	for (size_t i = 0; i < n; i++) {
		if (!parse_record(texts[i], &asn, &prefix) || !prefix_contains(&prefix, ip) ||
		    prefix.len == 0 || (best.ip.family && prefix.len <= best.len))
			continue;
		best = prefix;
		answer->asn = asn;
	}
	if (best.ip.family) {
		contact_range(&best, &answer->first, &answer->last);
		return ERR_OK;
	}
	str_copy(answer->problem, sizeof(answer->problem),
	         STR("the record names no network of this address"));
	return ERR_INVALID;
}
