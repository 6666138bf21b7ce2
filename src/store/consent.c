/* SPDX-License-Identifier: ISC
 *
 * Whether and why an address may be tested: the decision, apart from where the rows
 * are kept.
 */
#include "store/admission.h"

#include <assert.h>

static void decide(struct consent_answer *out, const struct prefix *rule, const char *by)
{
	assert(rule->len <= ip_bits(&rule->ip));
	out->rule = *rule;
	str_copy(out->by, sizeof(out->by), str_of(by));
}

/* The greater consent wins; of two that are equal, the one for the smaller range. */
static bool stronger(const struct permit *p, const struct consent_answer *than)
{
	assert(p->consent > CONSENT_NONE);
	if (p->consent != than->consent)
		return p->consent > than->consent;
	return p->range.len > than->rule.len;
}

void consent_decide(const struct permit *permits, size_t n, const struct exclusion *exclusions,
                    size_t m, const struct ip *address, int64_t now_s, struct consent_answer *out)
{
	*out = (struct consent_answer){ .consent = CONSENT_NONE };
	for (size_t i = 0; i < m; i++) {
		const struct exclusion *x = &exclusions[i];
		if (prefix_contains(&x->range, address) &&
		    (!out->excluded || x->range.len > out->rule.len)) {
			out->excluded = true;
			decide(out, &x->range, x->by);
		}
	}
	assert(out->consent == CONSENT_NONE);
	if (out->excluded)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct permit *p = &permits[i];
		bool holds = p->until_s == 0 || now_s < p->until_s;
		if (p->consent != CONSENT_NONE && holds && prefix_contains(&p->range, address) &&
		    stronger(p, out)) {
			out->consent = p->consent;
			decide(out, &p->range, p->by);
		}
	}
	assert(out->consent == CONSENT_NONE || prefix_contains(&out->rule, address));
}

bool consent_holds(enum consent queued_on, const struct consent_answer *now)
{
	if (now->excluded || queued_on == CONSENT_NONE)
		return false;
	return queued_on != CONSENT_RANGE || now->consent != CONSENT_NONE;
}
