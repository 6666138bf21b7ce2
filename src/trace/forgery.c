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

static bool is_lower(struct str s, const char *word)
{
	return str_eq(s, str_of(word));
}

/* Network mail from a bare literal, or qmail's form in another's spelling, and
 * neither product nor id: every mailer that is known writes at least one of them. */
static bool bare_sign(const struct received *r)
{
	if (r->product.n || r->id.n || r->form != RECEIVED_OTHER || !ip_is_public(&r->ip))
		return false;
	bool lower = is_lower(r->with, "smtp") || is_lower(r->with, "esmtp");
	bool smtp = lower || str_eq(r->with, STR("SMTP")) || str_eq(r->with, STR("ESMTP"));
	struct ip ip;
	bool literal = received_address(r->from, &ip);
	bool qmail_form = r->helo.n && !str_eq(r->helo, r->from);
	bool short_date = r->has_time && !r->date.has_weekday && r->date.zone_min != 0;
	return (smtp && literal && ip_eq(&ip, &r->ip)) || (smtp && short_date) ||
	       (lower && (qmail_form || r->helo.n == 0));
}

/* An id and not a word of where it came from, but a host name of the public kind: a
 * program that puts up a front. */
static bool front_sign(const struct received *r)
{
	return r->ip.family == 0 && r->id.n && r->product.n == 0 && r->has_time &&
	       str_eq(r->with, STR("SMTP")) && r->recipient.n == 0 && name_is_short(r->helo) &&
	       !name_is_localhost(r->helo) && !name_is_internal(r->by);
}

static bool time_signs(struct trace_hop *hop, const int64_t *newer, bool unlinked)
{
	const struct received *r = &hop->line;
	if (!r->has_time || !newer)
		return false;
	int64_t later_s = r->date.time_s - *newer;
	if (later_s > SKEW_ZONE_S && unlinked)
		return sign(&hop->why, WHY_FORGED_TIME, STR(""), STR(""));
	if (later_s > SKEW_NOTE_S)
		why_add(&hop->why, WHY_NOTE_SKEW, STR(""), STR(""));
	else if (later_s < -DELAY_NOTE_S)
		why_add(&hop->why, WHY_NOTE_DELAY, STR(""), STR(""));
	return false;
}

bool forgery_line(struct trace_hop *hop, const int64_t *newer, bool linked, bool claims_us)
{
	const struct received *r = &hop->line;
	bool forged = false, unlinked = hop->zone > TRACE_WEAK;
	if (format_sign(r))
		forged = sign(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (protocol_sign(r))
		forged = sign(&hop->why, WHY_FORGED_PROTOCOL, r->with, STR(""));
	if (time_signs(hop, newer, unlinked))
		forged = true;
	if (linked)
		return forged;
	if (unlinked && !r->has_time && r->date.bad_year)
		forged = sign(&hop->why, WHY_FORGED_DATE, STR(""), STR(""));
	if (unlinked && (bare_sign(r) || front_sign(r)))
		forged = sign(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (r->bad_ip)
		forged = sign(&hop->why, WHY_FORGED_ADDRESS, STR(""), STR(""));
	if (ip_is_unassigned(&r->ip))
		forged = sign(&hop->why, WHY_FORGED_UNASSIGNED, STR(""), STR(""));
	if (claims_us)
		forged = sign(&hop->why, WHY_FORGED_OWN_NAME, r->by, STR(""));
	const struct provider *p = provider_of(r->by);
	if (p && !p->marked(r) && (unlinked || p->exact))
		forged = sign(&hop->why, WHY_FORGED_PROVIDER, r->by, str_of(p->name));
	return forged;
}

/* Neither product nor id: what a program writes that only imitates a mailer. */
static bool is_bare(const struct received *r)
{
	return r->product.n == 0 && r->id.n == 0 && r->by.n != 0 && ip_is_public(&r->ip);
}

static struct str domain_of(struct str address)
{
	size_t at = str_find(address, '@');
	return at == SIZE_MAX ? STR("") : str_from(address, at + 1);
}

/* A real chain of somebody else's message, put under a new handover: its last writer is
 * a real server of no relation to the peer, and had the message long before. */
static bool is_copied(const struct trace *t, size_t i)
{
	enum { LONG_S = 2 * 86400, LONG_FOR_OWN_USER_S = 12 * 3600 };
	const struct received *r = &t->hops[i].line;
	struct ip literal;
	if (!r->has_time || (r->id.n == 0 && r->product.n == 0) || !ip_is_public(&r->ip) ||
	    name_is_internal(r->by) || received_address(r->by, &literal))
		return false;
	while (i > t->handover_hop && !t->hops[i - 1].line.has_time)
		i--;
	if (i == t->handover_hop)
		return false;
	int64_t gap_s = t->hops[i - 1].line.date.time_s - r->date.time_s;
	struct str domain = domain_of(r->recipient);
	bool own_user = domain.n && (name_eq(domain, r->by) || name_same_domain(domain, r->by));
	return gap_s > (own_user ? LONG_FOR_OWN_USER_S : LONG_S);
}

/* The first line that names a writer and cannot be tied; the count if there is none. */
static size_t find_break(const struct trace *t, size_t first)
{
	for (size_t i = first; i < t->hop_count; i++)
		if (t->hops[i].zone == TRACE_UNLINKED && t->hops[i].line.by.n)
			return i;
	return t->hop_count;
}

static void forge_copied(struct trace *t, size_t first)
{
	size_t i = find_break(t, first);
	if (i == t->hop_count || !is_copied(t, i))
		return;
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
