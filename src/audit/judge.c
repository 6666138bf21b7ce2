/* SPDX-License-Identifier: ISC
 *
 * The verdict, and the one line that says it.
 */
#include "audit/judge-private.h"

static bool is_world(const struct audit_who *who)
{
	return (audit_is_stranger(who->asker) || who->strangers) && !who->some;
}

/* A server that takes mail at that port of loopback alone is closed to whom it does not listen. */
static bool is_out_of_reach(const struct audit_report *r, const struct audit_row *row)
{
	for (size_t i = 0; i < r->row_n && row->nobody; i++)
		if (r->rows[i].port == row->port &&
		    (r->rows[i].plain != AUDIT_UNSAID || r->rows[i].contrary))
			return true;
	return false;
}

/* Who would be too much if the configuration is right, and not the answer that we heard. */
static bool is_doubtful(const struct judge *j, const struct audit_row *row)
{
	struct audit_who who = { .asker = row->asker };
	if (!row->contrary)
		return false;
	judge_sound(j->known, &who);
	return !who.sound;
}

/* What must be known before "closed" can be said: the plain form of strangers, at each port that
 * they reach; and of all, that it is refused where the configuration says so. */
static const struct audit_row *unsaid_row(const struct judge *j)
{
	const struct audit_report *r = j->report;
	for (size_t i = 0; i < r->row_n; i++) {
		const struct audit_row *row = &r->rows[i];
		if (is_doubtful(j, row))
			return row;
		if (audit_is_stranger(row->asker) && row->tls != AUDIT_STARTTLS && !row->who &&
		    !is_out_of_reach(r, row) &&
		    (row->plain == AUDIT_UNSAID || row->plain == AUDIT_REFUSED_ELSE))
			return row;
	}
	return NULL;
}

static const struct audit_who *first_who(const struct audit_report *r, bool world)
{
	for (size_t i = 0; i < r->who_n; i++)
		if (world ? is_world(&r->who[i]) : !r->who[i].sound)
			return &r->who[i];
	return NULL;
}

/* Ports that were not asked: more than the plan has room for, or by names that are not known. */
static bool ports_left(const struct judge *j)
{
	const struct audit_reading *r = audit_config_reading(j->known->ground->config);
	return r->port_n > AUDIT_PORTS_MAX || r->port_unread;
}

static enum audit_verdict verdict_of(const struct judge *j)
{
	const struct audit_report *r = j->report;
	if (!j->known->started && !j->known->by_reading)
		return AUDIT_UNKNOWN;
	if (first_who(r, true))
		return AUDIT_WORLD;
	if (first_who(r, false))
		return AUDIT_WIDE;
	return !j->known->started || !r->row_n || unsaid_row(j) || ports_left(j) ? AUDIT_UNKNOWN
	                                                                     : AUDIT_CLOSED;
}

/* ---- in words ------------------------------------------------------------------- */

static void ports_add(const struct audit_report *r, struct buf *out)
{
	for (size_t i = 0; i < r->row_n; i++) {
		bool said = false;
		for (size_t k = 0; k < i; k++)
			said |= r->rows[k].port == r->rows[i].port;
		if (!said)
			buf_printf(out, "%s%u", i ? ", " : "", r->rows[i].port);
	}
}

static void wide_add(const struct audit_report *r, struct buf *out)
{
	enum { SHOWN_MAX = 4 };
	char text[PREFIX_TEXT_MAX];
	size_t shown = 0, more = 0;
	for (size_t i = 0; i < r->who_n; i++) {
		const struct audit_who *who = &r->who[i];
		bool said = who->sound;
		for (size_t k = 0; k < i && !said; k++)
			said = !r->who[k].sound &&
			       prefix_cmp(&r->who[k].asker->network, &who->asker->network) == 0;
		if (said)
			continue;
		if (shown == SHOWN_MAX) {
			more++;
			continue;
		}
		buf_printf(out, "%s%s", shown++ ? ", " : "",
		           audit_is_stranger(who->asker)
		           ? audit_asker_title(r->arena, who->asker)
		           : prefix_format(&who->asker->network, text));
		if (who->some)
			buf_add_cstr(out, " (to some destinations)");
	}
	if (more)
		buf_printf(out, " and %zu more", more);
}

static void unknown_add(const struct judge *j, struct buf *out)
{
	const struct audit_row *row = unsaid_row(j);
	if (!j->known->started)
		buf_add_cstr(out, j->known->not_started[0] ? j->known->not_started
		                                          : "the server could not be asked");
	else if (row)
		buf_printf(out, row->contrary ? "%s, at port %u: %s"
		                              : "%s could not be asked at port %u: %s",
		           audit_asker_title(j->report->arena, row->asker), row->port, row->why);
	else if (ports_left(j))
		buf_add_cstr(out, "not all of its ports could be asked");
	else
		buf_add_cstr(out, "no port was found at which it takes mail");
}

static const char *summary_of(const struct judge *j)
{
	struct audit_report *r = j->report;
	struct buf out = { 0 };
	const struct audit_who *world = first_who(r, true);
	switch (r->verdict) {
	case AUDIT_CLOSED:
		buf_add_cstr(&out, "closed: only those may relay whom you are likely to mean "
		                   "(port ");
		ports_add(r, &out);
		buf_add_byte(&out, ')');
		if (r->cut)
			buf_add_cstr(&out, "; not all forms could be asked in time");
		break;
	case AUDIT_WORLD:
		buf_printf(&out, "open to the whole Internet: %s may relay at port %u",
		           audit_asker_title(r->arena, world->asker), world->port);
		if (world->strangers)
			buf_add_cstr(&out, ", and strangers arrive by that address");
		break;
	case AUDIT_WIDE:
		buf_add_cstr(&out, "open to more than you think: ");
		wide_add(r, &out);
		break;
	case AUDIT_UNKNOWN:
		buf_add_cstr(&out, "not known: ");
		unknown_add(j, &out);
		break;
	}
	const char *text = arena_strdup(r->arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

void audit_judge(const struct audit_known *known, struct audit_report *report)
{
	struct judge j = { .known = known, .report = report };
	for (size_t i = 0; i < known->unasked_n; i++)
		judge_unasked(&j, known->unasked[i].what, known->unasked[i].why);
	if (known->started)
		judge_answers(&j);
	else
		judge_reading(&j);
	report->verdict = verdict_of(&j);
	report->summary = summary_of(&j);
}
