/* SPDX-License-Identifier: ISC
 *
 * Positive evidence that a line was invented. A missing link is none: innocents
 * lack links every day. What counts is only what an honest host cannot have written.
 */
#include "trace/trace-private.h"

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

/* Sendmail since 8.10 writes its ids so: year, month, day, hour, minute and second in a
 * character each, one or two for messages of the same second, the process's number. */
static bool id_sign(const struct received *r)
{
	enum { CLOCK = 6, SHORTEST = 11, LONGEST = 15 };
	if (r->form != RECEIVED_SENDMAIL || r->id.n == 0 || r->product.n < 5 ||
	    memcmp(r->product.p, "8.1", 3) != 0 || !ascii_isdigit((unsigned char)r->product.p[3]))
		return false;
	if (r->id.n < SHORTEST || r->id.n > LONGEST)
		return false;            /* cut, or of another making */
	for (size_t i = CLOCK + 2; i < r->id.n; i++)
		if (!ascii_isdigit((unsigned char)r->id.p[i]))
			return true;
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

/* No address, id or product, and a date: all of the line is words. */
static bool is_words(const struct received *r)
{
	return r->ip.family == 0 && r->id.n == 0 && r->product.n == 0 && r->via.n == 0 &&
	       r->form == RECEIVED_OTHER && r->has_time;
}

/* "from far.example by 7XK2Q9.far.example with SMTP": a name made up in front of
 * another, by capitals and digits. */
static bool is_made_up_below(struct str by, struct str from)
{
	enum { LABEL_MIN = 4 };
	if (by.n < from.n + LABEL_MIN + 1 || str_find(from, '.') == SIZE_MAX ||
	    !str_casesuffix(by, from) || by.p[by.n - from.n - 1] != '.')
		return false;
	for (size_t i = 0; i < by.n - from.n - 1; i++)
		if (!ascii_isdigit((unsigned char)by.p[i]) && (by.p[i] < 'A' || by.p[i] > 'Z'))
			return false;
	return true;
}

/* A customer's line: its first label has a word for such ("ppp7") or three numbers. */
static bool is_line_name(struct str by)
{
	static const struct ip none = { 0 };
	size_t dot = str_find(by, '.');
	if (dot == SIZE_MAX)
		return false;
	unsigned numbers = 0;
	for (size_t i = 0; i < dot; i++)
		numbers += ascii_isdigit((unsigned char)by.p[i]) &&
		           !ascii_isdigit((unsigned char)by.p[i + 1]);
	return numbers >= 3 || name_is_generic((struct str){ by.p, dot }, &none);
}

/* Lines of words only that spam programs are known to write. */
static bool words_sign(const struct received *r)
{
	if (!is_words(r))
		return false;
	if (str_eq(r->with, STR("SMTP")) && is_made_up_below(r->by, r->from))
		return true;
	if (str_eq(r->with, STR("ESMTP")) && is_line_name(r->by))
		return true;
	return r->with.n == 0 && str_find(r->from, '@') != SIZE_MAX && !name_is_internal(r->by);
}

/* These mailers write their dates in English, whatever the system speaks. */
static bool tongue_sign(const struct trace_hop *hop)
{
	const struct received *r = &hop->line;
	if (r->has_time || (r->form != RECEIVED_SENDMAIL && r->form != RECEIVED_POSTFIX &&
	                    r->form != RECEIVED_EXIM && r->form != RECEIVED_QMAIL))
		return false;
	for (size_t i = hop->raw.n; i-- > 0 && hop->raw.p[i] != ';';)
		if ((unsigned char)hop->raw.p[i] >= 0x80)
			return true;
	return false;
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

/* Signs in the line itself that no honest neighbour explains away. */
static bool line_signs(struct trace_hop *hop)
{
	const struct received *r = &hop->line;
	bool forged = false;
	if (format_sign(r))
		forged = forged_by(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (id_sign(r))
		forged = forged_by(&hop->why, WHY_FORGED_ID, r->id, r->product);
	if (protocol_sign(r))
		forged = forged_by(&hop->why, WHY_FORGED_PROTOCOL, r->with, STR(""));
	return forged;
}

/* …and those that count only in a line that nothing ties to the one above it. */
static bool loose_signs(struct trace_hop *hop, bool unlinked, bool claims_us)
{
	const struct received *r = &hop->line;
	bool forged = false;
	if (unlinked && !r->has_time && r->date.bad_year)
		forged = forged_by(&hop->why, WHY_FORGED_DATE, STR(""), STR(""));
	/* Below a line of qmail's queue, what looks bare is qmail's own. */
	bool bare = hop[-1].line.form != RECEIVED_QUEUE && bare_sign(r);
	if ((unlinked && (bare || front_sign(r) || tongue_sign(hop))) || words_sign(r))
		forged = forged_by(&hop->why, WHY_FORGED_FORMAT, STR(""), STR(""));
	if (r->bad_ip)
		forged = forged_by(&hop->why, WHY_FORGED_ADDRESS, STR(""), STR(""));
	if (ip_is_unassigned(&r->ip))
		forged = forged_by(&hop->why, WHY_FORGED_UNASSIGNED, STR(""), STR(""));
	if (claims_us)
		forged = forged_by(&hop->why, WHY_FORGED_OWN_NAME, r->by, STR(""));
	const struct provider *p = provider_of(r->by);
	if (p && !p->marked(r) && (p->exact || (unlinked && !is_line_name(r->by))))
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
	forged |= line_signs(hop);
	forged |= time_signs(hop, newer, unlinked);
	return forged | (!linked && loose_signs(hop, unlinked, claims_us));
}

/* Neither product nor id: what a program writes that only imitates a mailer. */
static bool is_bare(const struct received *r)
{
	return r->product.n == 0 && r->id.n == 0 && r->by.n != 0 && ip_is_public(&r->ip);
}

static struct str recipient_domain(struct str address)
{
	size_t at = str_find(address, '@');
	return at == SIZE_MAX ? STR("") : str_from(address, at + 1);
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

/* A real chain of somebody else's message, put under a new handover: its last writer is
 * a real server of no relation to the peer, and had the message long before: a day
 * if it took it for a user of its own, else longer than any queue keeps mail. Lists hold
 * mail for their moderators, and clocks go wrong by any time; neither is a copy. */
static bool is_copied(const struct trace *t, size_t i)
{
	enum { LONGER_THAN_QUEUED_S = 6 * DAY_S };
	const struct received *r = &t->hops[i].line;
	const struct received *older = i + 1 < t->hop_count ? &t->hops[i + 1].line : NULL;
	struct ip literal;
	if (!r->has_time || (r->id.n == 0 && r->product.n == 0) || !ip_is_public(&r->ip) ||
	    name_is_internal(r->by) || received_address(r->by, &literal))
		return false;
	while (i > t->handover_hop && !t->hops[i - 1].line.has_time)
		i--;
	if (i == t->handover_hop)
		return false;
	int64_t gap_s = t->hops[i - 1].line.date.time_s - r->date.time_s;
	struct str domain = recipient_domain(r->recipient);
	bool own_user = domain.n && (name_eq(domain, r->by) || name_same_domain(domain, r->by));
	if (own_user)
		return gap_s > DAY_S;
	return gap_s > LONGER_THAN_QUEUED_S && t->list.n == 0 && older && dates_agree(r, older);
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
