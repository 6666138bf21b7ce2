/* SPDX-License-Identifier: ISC
 *
 * Positive evidence that a line was invented. A missing link is none: innocents
 * lack links every day. What counts is only what an honest host cannot have written.
 */
#include "trace/trace-private.h"

#include "mail/mailbox.h"
#include "trace/names.h"
#include "trace/providers.h"

enum {
	DAY_S = 86400,
	SKEW_NOTE_S = 15 * 60,           /* later than the newer line by this: noted */
	SKEW_ZONE_S = 26 * 3600,         /* no wrong zone explains more */
	DELAY_NOTE_S = 5 * DAY_S,
};

static bool forged_by(struct trace_whys *why, enum trace_reason reason, struct str a, struct str b)
{
	why_add(why, reason, a, b);
	return true;
}

/* Not invented: what a server shows that was told no client (0.0.0.0, ::), and an IPv4 client of
 * a server that has IPv6 alone (64:ff9b::/96 and 64:ff9b:1::/48). */
static bool is_no_client(const struct ip *ip)
{
	static const uint8_t zero[16], nat64[4] = { 0x00, 0x64, 0xff, 0x9b };
	if (ip->family == 4)
		return memcmp(ip->b, zero, 4) == 0;
	return memcmp(ip->b, zero, 16) == 0 || memcmp(ip->b, nat64, sizeof(nat64)) == 0;
}

/* An address that nobody had: invented, or a number of the writer's own network, which
 * is what it is if both ends have names of one organisation. */
static bool is_not_given(const struct trace *t, const struct received *r)
{
	bool client = ip_is_public(&r->ip) && !given_then(t, r, &r->ip);
	bool writer = ip_is_public(&r->by_ip) && !given_then(t, r, &r->by_ip);
	return client || writer;
}

static bool is_inside_number(const struct received *r)
{
	return name_is_internal(r->by) || name_same_domain(r->by, r->rdns) ||
	       name_same_domain(r->by, r->helo);
}

static bool time_signs(struct trace_hop *hop, const int64_t *newer, bool unlinked)
{
	const struct received *r = &hop->line;
	if (!r->has_time || !newer)
		return false;
	int64_t later_s = r->date.time_s - *newer;
	if (later_s > SKEW_ZONE_S && unlinked)
		return forged_by(&hop->why, WHY_FORGED_TIME, STR(""), STR(""));
	if (later_s > SKEW_NOTE_S)
		why_add(&hop->why, WHY_NOTE_SKEW, STR(""), STR(""));
	else if (later_s < -DELAY_NOTE_S)
		why_add(&hop->why, WHY_NOTE_DELAY, STR(""), STR(""));
	return false;
}

/* …and those that count only in a line that nothing ties to the one above it. */
static bool loose_signs(struct trace_hop *hop, bool unlinked, bool claims_us)
{
	const struct received *r = &hop->line;
	bool forged = false;
	if (unlinked && form_has_bad_year(hop))
		forged = forged_by(&hop->why, WHY_FORGED_DATE, STR(""), STR(""));
	if (form_is_loose(hop, unlinked))
		forged = forged_by(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (form_has_invented_protocol(r))
		forged = forged_by(&hop->why, WHY_FORGED_PROTOCOL, r->with, STR(""));
	if (r->bad_ip)
		forged = forged_by(&hop->why, WHY_FORGED_ADDRESS, STR(""), STR(""));
	if (ip_is_unassigned(&r->ip) && !is_no_client(&r->ip))
		forged = forged_by(&hop->why, WHY_FORGED_UNASSIGNED, STR(""), STR(""));
	if (claims_us)
		forged = forged_by(&hop->why, WHY_FORGED_OWN_NAME, r->by, STR(""));
	const struct provider *p = provider_of(r->by);
	if (p && !p->marked(r) && (p->exact || (unlinked && !form_is_line_name(r->by))))
		forged = forged_by(&hop->why, WHY_FORGED_PROVIDER, r->by, str_of(p->name));
	return forged;
}

bool forgery_line(const struct trace *t, struct trace_hop *hop, const int64_t *newer, bool linked,
                  bool claims_us)
{
	const struct received *r = &hop->line;
	bool forged = false, unlinked = hop->zone > TRACE_WEAK;
	bool not_given = is_not_given(t, r);
	if (not_given && unlinked && !is_inside_number(r))
		forged = forged_by(&hop->why, WHY_FORGED_NOT_GIVEN, STR(""), STR(""));
	else if (not_given)
		why_add(&hop->why, WHY_NOTE_NOT_GIVEN, r->by, STR(""));
	forged |= form_signs(hop);
	forged |= time_signs(hop, newer, unlinked);
	return forged | (!linked && loose_signs(hop, unlinked, claims_us));
}

/* Neither product nor id: what a program writes that only imitates a mailer. */
static bool is_bare(const struct received *r)
{
	return r->product.n == 0 && r->id.n == 0 && r->by.n != 0 && ip_is_public(&r->ip);
}

/* Two hosts, one having passed it on to the other, that date the message alike: a slow
 * clock can be left out. */
static bool dates_agree(const struct received *r, const struct received *older)
{
	return older->has_time && older->by.n && !name_eq(older->by, r->by) &&
	       (name_eq(older->by, r->rdns) || name_eq(older->by, r->helo)) &&
	       r->date.time_s - older->date.time_s < DAY_S &&
	       older->date.time_s - r->date.time_s < DAY_S;
}

/* When the line above that one was written; false if no line from the border on says so. */
static bool time_above(const struct trace *t, size_t i, int64_t *time_s)
{
	while (i > t->handover_hop && !t->hops[i - 1].line.has_time)
		i--;
	if (i == t->handover_hop)
		return false;
	*time_s = t->hops[i - 1].line.date.time_s;
	return true;
}

/* A real chain of somebody else's message, put under a new handover: its last writer is
 * a real server of no relation to the peer, and had the message long before: a day
 * if it took it for a user of its own, else longer than any queue keeps mail. Lists hold
 * mail for their moderators, clocks go wrong by any time, and a message as old as its chain
 * may have been sent again from a mailbox; none of these is a copy. */
static bool is_copied(const struct trace *t, size_t i)
{
	enum { LONGER_THAN_QUEUED_S = 6 * DAY_S };
	const struct received *r = &t->hops[i].line;
	const struct received *older = i + 1 < t->hop_count ? &t->hops[i + 1].line : NULL;
	struct ip literal;
	if (!r->has_time || (r->id.n == 0 && r->product.n == 0) || !ip_is_public(&r->ip) ||
	    name_is_internal(r->by) || received_address(r->by, &literal))
		return false;
	int64_t above_s;
	if (!time_above(t, i, &above_s))
		return false;
	int64_t gap_s = above_s - r->date.time_s;
	struct str domain = mailbox_domain(r->recipient);
	bool own_user = domain.n && (name_eq(domain, r->by) || name_same_domain(domain, r->by));
	if (own_user)
		return gap_s > DAY_S;
	bool as_old = t->has_date && r->date.time_s - t->date.time_s < DAY_S &&
	              t->date.time_s - r->date.time_s < DAY_S;
	return gap_s > LONGER_THAN_QUEUED_S && t->list.n == 0 && !as_old && older &&
	       dates_agree(r, older);
}

/* The first line that names a writer and cannot be tied; the count if there is none. */
static size_t find_break(const struct trace *t, size_t first)
{
	for (size_t i = first; i < t->hop_count; i++)
		if (t->hops[i].zone == TRACE_UNLINKED && t->hops[i].line.by.n)
			return i;
	return t->hop_count;
}

/* From line i on, do at least two hosts tell of one time, which is that long before? One host's
 * clock may be wrong, never two by as much. */
static bool tells_of_other_time(const struct trace *t, size_t i, int64_t before_s)
{
	const struct received *other = NULL;
	bool two = false;
	for (; i < t->hop_count; i++) {
		const struct received *r = &t->hops[i].line;
		if (!r->has_time || r->by.n == 0)
			continue;
		if (r->date.time_s > before_s)
			return false;
		int64_t apart_s = other ? other->date.time_s - r->date.time_s : 0;
		if (apart_s > DAY_S || apart_s < -DAY_S)
			return false;
		two |= other && !name_eq(other->by, r->by) && !name_short_match(other->by, r->by);
		other = r;
	}
	return two;
}

/* Any advertisement says how to unsubscribe. */
static bool is_list(const struct trace *t)
{
	return t->list.n && !str_caseprefix(t->list, STR("List-Unsubscribe"));
}

/* The chain of another message, whole, with the MX that took it then, months before this one was
 * written: whoever gave it in put it below. The first line that no name or address ties; the
 * count if it is none. Who sends an old message on by hand says so, and lists hold mail. */
static size_t find_other_message(const struct trace *t, size_t first)
{
	enum { MONTH_S = 28 * DAY_S };
	int64_t time_s;
	size_t i = first;
	while (i < t->hop_count && (t->hops[i].zone <= TRACE_LINKED || t->hops[i].line.by.n == 0))
		i++;
	if (i == t->hop_count || is_list(t) || t->resent.n || !time_above(t, i, &time_s))
		return t->hop_count;
	if (t->has_date && t->date.time_s < time_s)
		time_s = t->date.time_s;
	return tells_of_other_time(t, i, time_s - MONTH_S) ? i : t->hop_count;
}

static void forge_copied(struct trace *t, size_t first)
{
	size_t i = find_other_message(t, first);
	if (i == t->hop_count) {
		i = find_break(t, first);
		if (i == t->hop_count || t->resent.n || !is_copied(t, i))
			return;
	}
	why_add(&t->hops[i].why, WHY_FORGED_COPIED, t->hops[i].line.by, STR(""));
	for (; i < t->hop_count; i++)
		t->hops[i].zone = TRACE_FORGED;
}

void forgery_block(struct trace *t, size_t first)
{
	size_t forged = t->hop_count;
	for (size_t i = first; i < t->hop_count && forged == t->hop_count; i++)
		if (t->hops[i].zone == TRACE_FORGED)
			forged = i;
	if (forged == t->hop_count) {
		forge_copied(t, first);
		return;
	}
	for (size_t i = forged; i-- > first && t->hops[i].zone == TRACE_UNLINKED;) {
		if (!is_bare(&t->hops[i].line))
			break;
		t->hops[i].zone = TRACE_FORGED;
		why_add(&t->hops[i].why, WHY_FORGED_BLOCK, STR(""), STR(""));
	}
}
