/* SPDX-License-Identifier: ISC
 *
 * As much of SPF (RFC 7208) as it takes to see that our own record lets our own addresses through.
 *
 * Hostile input: the record, any bytes of whoever answers.
 */
#include "doctor/dns.h"

static bool names_plan(const struct doctor_plan *plan, struct str mechanism, struct str name,
                       const struct ip *ip)
{
	bool sends = doctor_plan_has(plan->sources, plan->source_count, ip);
	bool receives = doctor_plan_has(plan->collectors, plan->collector_count, ip);
	if (str_caseeq(mechanism, STR("mx")))
		return receives && (str_caseeq(name, str_of(plan->domains[0])) ||
		                    str_caseeq(name, str_of(plan->domains[1])));
	return (sends && str_caseeq(name, str_of(plan->helo))) ||
	       (receives && str_caseeq(name, str_of(plan->mx_host)));
}

/* 1: it matches, 0: it does not, negative: not known. */
static int term_matches(const struct doctor_plan *plan, struct str term, struct str domain,
                        const struct ip *ip)
{
	size_t colon = str_find(term, ':');
	struct str mechanism = term, value = domain;
	struct prefix range;
	if (colon != SIZE_MAX) {
		mechanism.n = colon;
		value = str_from(term, colon + 1);
	}
	if (str_caseeq(mechanism, STR("all")))
		return 1;
	if (str_caseeq(mechanism, STR("ip4")) || str_caseeq(mechanism, STR("ip6"))) {
		int e = prefix_parse(value, &range, NULL);
		return e != ERR_OK ? -1 : prefix_contains(&range, ip);
	}
	if (str_caseeq(mechanism, STR("a")) || str_caseeq(mechanism, STR("mx")))
		return names_plan(plan, mechanism, value, ip) ? 1 : -1;
	return -1;
}

enum doctor_spf doctor_spf_judge(const struct doctor_plan *plan, struct str record,
                                 struct str domain, const struct ip *ip)
{
	struct str rest = record, term;
	bool open = false;
	if (!str_token(&rest, " ", &term) || !str_caseeq(term, STR("v=spf1")))
		return DOCTOR_SPF_BROKEN;
	while (str_token(&rest, " ", &term)) {
		char qualifier = '+';
		if (strchr("+-~?", term.p[0])) {
			qualifier = term.p[0];
			term = str_from(term, 1);
		}
		if (str_find(term, '=') != SIZE_MAX) {
			open |= str_caseprefix(term, STR("redirect="));
			continue;
		}
		int matches = term_matches(plan, term, domain, ip);
		if (matches > 0 && qualifier == '+')
			return DOCTOR_SPF_PASS;
		if (matches > 0)
			return open ? DOCTOR_SPF_OTHER : DOCTOR_SPF_FAIL;
		open |= matches < 0;
	}
	return open ? DOCTOR_SPF_OTHER : DOCTOR_SPF_FAIL;
}
