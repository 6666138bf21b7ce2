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

static bool is_gone(const struct audit_known *known, const struct audit_port *port)
{
	for (size_t i = 0; i < known->tls_gone_n; i++)
		if (!known->tls_gone[i].port || known->tls_gone[i].port == port)
			return true;
	return false;
}

/* TLS that nobody gets there is no way in; a number may be that of more than one port. */
static bool is_no_way(const struct judge *j, const struct audit_row *row)
{
	const struct audit_reading *r = audit_config_reading(j->known->ground->config);
	for (size_t i = 0; i < r->port_n; i++)
		if (r->ports[i].port == row->port && !is_gone(j->known, &r->ports[i]))
			return false;
	return row->no_tls;
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

/* Who would be too much, too, and was not asked in time. */
static bool is_skipped(const struct judge *j, const struct audit_row *row)
{
	struct audit_who who = { .asker = row->asker };
	if (!row->skipped || row->plain != AUDIT_UNSAID || row->who)
		return false;
	judge_sound(j->known, &who);
	return !who.sound;
}

static const struct audit_try *control_of(const struct judge *j, const struct audit_row *row)
{
	for (size_t i = 0; i < j->known->question_n; i++) {
		const struct audit_question *q = &j->known->questions[i];
		if (row->heard >= q->tries && row->heard < q->tries + q->try_n)
			return &q->controlled;
	}
	return NULL;
}

/* Who is turned away with all his mail, if not with that for the postmaster, and is not permitted
 * by the configuration. Of all strangers one is asked, whom a list of bad addresses may name:
 * there it must be the port that turns away all whom it does not know. */
static bool is_turned_away(const struct judge *j, const struct audit_row *row)
{
	const bool sample = audit_is_stranger(row->asker) || row->asker->kind == AUDIT_OUTSIDE;
	const struct audit_try *heard = row->heard, *control = heard ? control_of(j, row) : NULL;
	const struct audit_client client = {
		.ip = row->asker->ip, .port = row->at,
		.own = facts_is_own(j->known->ground->facts, &row->asker->ip),
		.shows = row->tls == AUDIT_CLEAR ? 0 : AUDIT_BY_TLS,
	};
	struct audit_why why;
	if (row->plain != AUDIT_REFUSED_ELSE || !control || heard->code / 100 != 5 ||
	    (control->said != AUDIT_TAKEN &&
	     (!control->code || strcmp(control->text, heard->text) != 0)) ||
	    (heard->refusal != REFUSAL_CLIENT && heard->refusal != REFUSAL_UNKNOWN) ||
	    (sample && (heard->refusal != REFUSAL_CLIENT || !row->at->for_known)))
		return false;
	audit_config_explain(j->known->ground->config, &client, &why);
	return why.answer != AUDIT_YES;
}

static bool weighs(const struct judge *j, const struct audit_row *row)
{
	return is_doubtful(j, row) || is_skipped(j, row) ||
	       (judge_is_strangers(j->known, row->asker) && !row->who &&
	        !is_out_of_reach(j->report, row) && !is_no_way(j, row) &&
	        !is_turned_away(j, row) &&
	        (row->plain == AUDIT_UNSAID || row->plain == AUDIT_REFUSED_ELSE));
}

/* What must be known before "closed" can be said: the plain form of strangers, at each port that
 * they reach, also behind STARTTLS where it is offered; and of all, that it is refused where the
 * configuration says so. */
static const struct audit_row *unsaid_row(const struct judge *j)
{
	const struct audit_report *r = j->report;
	for (size_t i = 0; i < r->row_n; i++)
		if (weighs(j, &r->rows[i]))
			return &r->rows[i];
	return NULL;
}

/* Ports that were not asked: more than the plan has room for, or by names that are not known. */
static bool ports_left(const struct judge *j)
{
	const struct audit_reading *r = audit_config_reading(j->known->ground->config);
	return r->port_n > AUDIT_PORTS_MAX || r->port_unread;
}

/* Each of these rows is among what could not be asked; where no server was, that is all. */
static void unsaid_add(struct judge *j)
{
	const struct audit_report *r = j->report;
	for (size_t i = 0; j->known->started && i < r->row_n; i++)
		if (weighs(j, &r->rows[i]))
			judge_unasked(j, arena_printf(
				r->arena, "%s, port %u%s",
				audit_asker_title(r->arena, r->rows[i].asker), r->rows[i].port,
				judge_tls_words(r->rows[i].tls)), r->rows[i].why, true);
	if (!j->known->started)
		judge_unasked(j, "the server itself", r->doubt, true);
	else if (ports_left(j))
		judge_unasked(j, "all of its ports", r->doubt, true);
	else if (j->known->clients_left)
		judge_unasked(j, "all clients", r->doubt, true);
}

static const struct audit_who *first_who(const struct audit_report *r, bool world)
{
	for (size_t i = 0; i < r->who_n; i++)
		if (world ? is_world(&r->who[i]) : !r->who[i].sound)
			return &r->who[i];
	return NULL;
}

/* Where no answer came, or one of an error of its own, the server's log may know why. */
static const char *says_of(const struct judge *j, const struct audit_row *row)
{
	enum { LOCAL_ERROR = 451 };
	const char *says = row->tls == AUDIT_CLEAR ? j->known->says : j->known->says_tls;
	const int code = row->heard ? row->heard->code : 0;
	const bool silent = row->heard && row->plain == AUDIT_UNSAID && code == 0;
	if (!says || (!silent && code != LOCAL_ERROR))
		return "";
	return arena_printf(j->report->arena, "; the server says: %s", says);
}

/* Why "closed" cannot be said, whatever else can; NULL: it can. */
static const char *doubt_of(const struct judge *j)
{
	const struct audit_report *r = j->report;
	const struct audit_row *row = unsaid_row(j);
	if (!j->known->started)
		return j->known->not_started[0] ? j->known->not_started
		                                : "the server could not be asked";
	if (row)
		return arena_printf(r->arena, row->contrary ? "%s, at port %u%s: %s%s"
		                    : "%s could not be asked at port %u%s: %s%s",
		                    audit_asker_title(r->arena, row->asker), row->port,
		                    judge_tls_words(row->tls), row->why, says_of(j, row));
	if (!r->row_n)
		return "no port was found at which it takes mail";
	if (ports_left(j))
		return "not all of its ports could be asked";
	return j->known->clients_left ? "there are more clients than can be asked" : NULL;
}

static enum audit_verdict verdict_of(const struct judge *j)
{
	if (!j->known->started && !j->known->by_reading)
		return AUDIT_UNKNOWN;
	if (first_who(j->report, true))
		return AUDIT_WORLD;
	if (first_who(j->report, false))
		return AUDIT_WIDE;
	return j->report->doubt[0] ? AUDIT_UNKNOWN : AUDIT_CLOSED;
}

/* ---- in words ------------------------------------------------------------------- */

/* "port 25", "ports 25, 2525". */
static void ports_add(const struct audit_report *r, struct buf *out)
{
	struct buf all = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < r->row_n; i++) {
		bool said = false;
		for (size_t k = 0; k < i; k++)
			said |= r->rows[k].port == r->rows[i].port;
		if (!said)
			buf_printf(&all, "%s%u", n++ ? ", " : "", r->rows[i].port);
	}
	buf_printf(out, "port%s %s", n > 1 ? "s" : "", buf_cstr(&all));
	buf_fini(&all);
}

static bool takes_plain(const struct audit_who *who)
{
	for (size_t i = 0; i < who->form_n; i++)
		if (!strcmp(who->forms[i], "E01"))
			return true;
	return false;
}

/* "strangers may relay by IPv4 and IPv6, at port 25". */
static void world_add(const struct audit_report *r, const struct audit_who *world, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	bool four = false, six = false, plain = false;
	for (size_t i = 0; i < r->who_n && audit_is_stranger(world->asker); i++) {
		const struct audit_who *who = &r->who[i];
		if (!audit_is_stranger(who->asker) || who->port != world->port || who->some)
			continue;
		four |= who->asker->ip.family == 4;
		six |= who->asker->ip.family == 6;
		plain |= takes_plain(who);
	}
	if (four || six)
		buf_printf(out, "strangers may relay by %s, at port %u%s", four && six
		           ? "IPv4 and IPv6" : four ? "IPv4" : "IPv6", world->port,
		           plain ? "" : ", in odd forms");
	else
		buf_printf(out, "strangers arrive as %s, which may relay at port %u",
		           ip_format(&world->asker->ip, ip), world->port);
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

/* Time ran out: how far it went, and who is the first of those it ran out for. */
static void unasked_add(const struct judge *j, struct buf *out)
{
	const struct audit_report *r = j->report;
	if (j->unasked)
		buf_printf(out, "; %zu of %zu forms were asked in time, not all of %s at port %u",
		           r->forms_asked, r->forms_planned,
		           audit_asker_title(r->arena, j->unasked->asker), j->unasked->at.port);
	else if (r->cut)
		buf_printf(out, "; %zu of %zu forms were answered: strangers were turned away, or "
		           "there are too many", r->forms_asked, r->forms_planned);
}

static const char *summary_of(const struct judge *j)
{
	struct audit_report *r = j->report;
	struct buf out = { 0 };
	const struct audit_who *world = first_who(r, true);
	switch (r->verdict) {
	case AUDIT_CLOSED:
		buf_add_cstr(&out, "closed: only those may relay whom you are likely to mean (");
		ports_add(r, &out);
		buf_add_byte(&out, ')');
		unasked_add(j, &out);
		break;
	case AUDIT_WORLD:
		buf_add_cstr(&out, "open to the whole Internet: ");
		world_add(r, world, &out);
		break;
	case AUDIT_WIDE:
		buf_add_cstr(&out, "open to more than you think: ");
		wide_add(r, &out);
		unasked_add(j, &out);
		break;
	case AUDIT_UNKNOWN:
		buf_printf(&out, "not known: %s", r->doubt);
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
		judge_unasked(&j, known->unasked[i].what, known->unasked[i].why, false);
	if (known->started)
		judge_answers(&j);
	else
		judge_reading(&j);
	report->doubt = doubt_of(&j);
	if (report->doubt)
		unsaid_add(&j);
	else
		report->doubt = "";
	report->verdict = verdict_of(&j);
	report->summary = summary_of(&j);
}
