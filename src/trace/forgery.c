/* SPDX-License-Identifier: ISC
 *
 * Positive evidence that a line was invented. A missing link is none: innocents
 * lack links every day. What counts is only what an honest host cannot have written.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

enum {
	SKEW_NOTE_S = 15 * 60,           /* later than the newer line by this: noted */
	SKEW_ZONE_S = 26 * 3600,         /* no wrong zone explains more */
	DELAY_NOTE_S = 5 * 86400,
};

static bool sign(struct trace_whys *why, enum trace_reason reason, struct str a, struct str b)
{
	why_add(why, reason, a, b);
	return true;
}

/* "Aug, 24 2002 9:28:23 AM -0100": a form that only spam programs write. */
static bool format_sign(const struct received *r)
{
	return r->has_time && r->date.half_day && r->date.month_first;
}

/* Protocol words that need a form which the line has not. */
static bool protocol_sign(const struct received *r)
{
	if (!ip_is_public(&r->ip) || r->product.n || r->id.n)
		return false;
	if (str_caseeq(r->with, STR("local")))
		return true;             /* a local user has no address */
	if (str_caseeq(r->with, STR("asmtp")))
		return true;             /* Exim's word, never without product and id */
	if (str_caseeq(r->with, STR("QMQP")))
		return r->form != RECEIVED_QMAIL;
	if (str_caseeq(r->with, STR("NNFMP"))) {
		const struct provider *p = provider_of(r->by);
		return !p || !p->marked(r);
	}
	return false;
}

static bool time_signs(struct trace_hop *hop, const int64_t *newer, bool linked)
{
	const struct received *r = &hop->line;
	if (!r->has_time || !newer)
		return false;
	int64_t later_s = r->date.time_s - *newer;
	if (later_s > SKEW_ZONE_S && !linked)
		return sign(&hop->why, WHY_FORGED_TIME, STR(""), STR(""));
	if (later_s > SKEW_NOTE_S)
		why_add(&hop->why, WHY_NOTE_SKEW, STR(""), STR(""));
	else if (later_s < -DELAY_NOTE_S)
		why_add(&hop->why, WHY_NOTE_DELAY, STR(""), STR(""));
	return false;
}

bool forgery_line(struct trace_hop *hop, const struct trace_border *b, const int64_t *newer,
                  bool linked, bool ours)
{
	const struct received *r = &hop->line;
	bool forged = false;
	if (format_sign(r))
		forged = sign(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (protocol_sign(r))
		forged = sign(&hop->why, WHY_FORGED_PROTOCOL, r->with, STR(""));
	if (time_signs(hop, newer, linked))
		forged = true;
	if (linked)
		return forged;
	if (!r->has_time && r->date.bad_year)
		forged = sign(&hop->why, WHY_FORGED_DATE, STR(""), STR(""));
	if (r->bad_ip)
		forged = sign(&hop->why, WHY_FORGED_ADDRESS, STR(""), STR(""));
	if (ip_is_unassigned(&r->ip))
		forged = sign(&hop->why, WHY_FORGED_UNASSIGNED, STR(""), STR(""));
	if (!ours && border_is_own_name(b, r->by))
		forged = sign(&hop->why, WHY_FORGED_OWN_NAME, r->by, STR(""));
	const struct provider *p = provider_of(r->by);
	if (p && !p->marked(r))
		forged = sign(&hop->why, WHY_FORGED_PROVIDER, r->by, str_of(p->name));
	return forged;
}

/* Neither product nor id: what a program writes that only imitates a mailer. */
static bool is_bare(const struct received *r)
{
	return r->product.n == 0 && r->id.n == 0 && r->by.n != 0 && ip_is_public(&r->ip);
}

void forgery_block(struct trace *t, size_t first)
{
	size_t forged = t->hop_count;
	for (size_t i = first; i < t->hop_count && forged == t->hop_count; i++)
		if (t->hops[i].zone == TRACE_FORGED)
			forged = i;
	if (forged == t->hop_count)
		return;
	for (size_t i = forged; i-- > first && t->hops[i].zone == TRACE_UNLINKED;) {
		if (!is_bare(&t->hops[i].line))
			break;
		t->hops[i].zone = TRACE_FORGED;
		why_add(&t->hops[i].why, WHY_FORGED_BLOCK, STR(""), STR(""));
	}
}
