/* SPDX-License-Identifier: ISC
 *
 * Who may relay, from the server's answers; where no server could be asked, from what its
 * configuration says. That one was taken is a fact; a refusal counts if mail for an own user was
 * taken in the same session, or if the port is for logins and refuses all mail.
 */
#include "audit/judge-private.h"

#include <assert.h>

enum { FORMS_MAX = 128 };

void judge_unasked(struct judge *j, const char *what, const char *why, bool weighs)
{
	enum { UNASKED_MAX = 500 };
	struct audit_report *r = j->report;
	for (size_t i = 0; i < r->unasked_n; i++)
		if (strcmp(r->unasked[i].what, what) == 0)
			return;
	if (!r->unasked)
		r->unasked = arena_alloc(r->arena, UNASKED_MAX * sizeof(*r->unasked));
	if (r->unasked_n < UNASKED_MAX)
		r->unasked[r->unasked_n++] = (struct audit_unasked){ what, why, weighs };
}

/* ---- what one answer says ------------------------------------------------------------------ */

static bool is_plain(const struct audit_question *q, const struct audit_try *t)
{
	return q->claim == AUDIT_AS_ITSELF && ip_eq(&q->from, &q->asker->ip) &&
	       strcmp(t->form, "E01") == 0;
}

static bool is_control(const struct audit_try *t)
{
	return strcmp(t->form, "A00") == 0 || strcmp(t->form, "A01") == 0;
}

/* STARTTLS that is not offered to that client there is no row; one that fails here is. It is
 * offered where another session of his saw it: this one may have come to no hello. */
static bool is_without_tls(const struct judge *j, const struct audit_question *q)
{
	if (q->tls != AUDIT_STARTTLS || q->end == AUDIT_ASKED || q->tls_offered)
		return false;
	for (size_t i = 0; i < j->known->question_n && !q->no_tls; i++) {
		const struct audit_question *other = &j->known->questions[i];
		if (other->asker == q->asker && other->at.port == q->at.port &&
		    other->tls_offered)
			return false;
	}
	return true;
}

/* Neither a form of relaying, nor one that a server has that does not offer SMTPUTF8. */
static bool is_no_form(const struct audit_question *q, const struct audit_try *t)
{
	return is_control(t) || (t->utf8 && q->end == AUDIT_ASKED && !t->code);
}

/* Whether mail for own users says that a refusal is the relay rule's. */
static bool refusal_counts(const struct audit_question *q)
{
	const struct audit_try *c = &q->controlled;
	return c->said == AUDIT_TAKEN ||
	       (q->port->for_login && c->code / 100 == 5 &&
	        (c->refusal == REFUSAL_RELAY || c->refusal == REFUSAL_CLIENT ||
	         c->refusal == REFUSAL_UNKNOWN));
}

static enum audit_said said_of(const struct audit_question *q, const struct audit_try *t)
{
	if (t->said == AUDIT_TAKEN && t->nobody && t->nobody->said != AUDIT_REFUSED)
		return AUDIT_UNSAID;
	if (t->said == AUDIT_TAKEN)
		return AUDIT_TAKEN;
	/* Who claims to be another and is turned away was refused; who hears nothing was not. */
	if (q->claim != AUDIT_AS_ITSELF && q->end != AUDIT_NOT_ASKED && !q->late &&
	    (!q->claim_taken || q->end == AUDIT_NO_ANSWER))
		return AUDIT_REFUSED;
	if (q->port->for_login && t->code / 100 == 5 &&
	    (t->said == AUDIT_REFUSED_ELSE || (t->said == AUDIT_REFUSED && !q->control)))
		return AUDIT_REFUSED;
	return t->said == AUDIT_REFUSED && !refusal_counts(q) ? AUDIT_UNSAID : t->said;
}

static const char *unsaid_why(struct judge *j, const struct audit_question *q,
                              const struct audit_try *t)
{
	if (q->end != AUDIT_ASKED && q->end_text[0])
		return q->end_text;
	if (t->said == AUDIT_TAKEN)
		return "it is taken as any name is that nobody has: only delivery would tell";
	if (t->said == AUDIT_REFUSED_ELSE)
		return arena_printf(j->report->arena, "refused for another reason: %d %s", t->code,
		                    t->text);
	if (t->said == AUDIT_REFUSED)
		return q->controlled.code
			? arena_printf(j->report->arena, "mail for an own user is refused, too: "
			               "%d %s", q->controlled.code, q->controlled.text)
			: "no mail for an own user is taken that it could be compared with";
	return "no answer came";
}

const char *judge_tls_words(enum audit_tls tls)
{
	return tls == AUDIT_STARTTLS ? " under STARTTLS" : tls == AUDIT_TLS_FIRST ? " in TLS" : "";
}

/* ---- lines that permit ---------------------------------------------------------- */

/* The try in which that form was taken; NULL: by the reading. */
static const struct audit_try *taken_of(const struct judge *j, const struct audit_who *who,
                                        const char *form, const struct audit_port **port)
{
	for (size_t i = 0; i < j->known->question_n; i++) {
		const struct audit_question *q = &j->known->questions[i];
		if (q->asker != who->asker || q->at.port != who->port || q->tls != who->tls)
			continue;
		for (size_t k = 0; k < q->try_n; k++)
			if (strcmp(q->tries[k].form, form) == 0 &&
			    said_of(q, &q->tries[k]) == AUDIT_TAKEN) {
				*port = q->port;
				return &q->tries[k];
			}
	}
	return NULL;
}

static bool is_to_some(const char *form)
{
	return strcmp(form, "A03") == 0 || strcmp(form, "A04") == 0 ||
	       strcmp(form, "A05") == 0 || strcmp(form, "A15") == 0;
}

/* Whether all that was taken goes to destinations that the configuration names: that the domain
 * which was asked is one of them makes the difference. Of other domains the answer is the truth. */
static bool goes_to_some(const struct judge *j, const struct audit_who *who)
{
	const struct audit_ground *g = j->known->ground;
	const char *foreign = arena_printf(j->report->arena, "@%s>", g->foreign);
	const struct audit_port *port;
	for (size_t i = 0; i < who->form_n; i++) {
		const struct audit_try *t = taken_of(j, who, who->forms[i], &port);
		struct audit_why why;
		if (is_to_some(who->forms[i]))
			continue;
		if (!t || !str_casesuffix(str_of(t->rcpt), str_of(foreign)))
			return false;
		const unsigned tls = who->tls != AUDIT_CLEAR ? AUDIT_BY_TLS : 0;
		struct audit_client client = {
			.ip = who->asker->ip, .port = port,
			.own = facts_is_own(g->facts, &who->asker->ip),
			.shows = audit_form_shows(t->form) | tls,
		};
		audit_config_explain(g->config, &client, &why);
		if (why.answer == AUDIT_YES)
			return false;
		client.to = g->foreign;
		audit_config_explain(g->config, &client, &why);
		if (why.answer != AUDIT_YES)
			return false;
	}
	return true;
}

static bool has_line(const struct audit_line *by, size_t n, const struct audit_line *line)
{
	for (size_t i = 0; i < n; i++)
		if (by[i].place.line == line->place.line &&
		    !strcmp(by[i].place.file, line->place.file) &&
		    !strcmp(by[i].place.text, line->place.text))
			return true;
	return false;
}

static bool claims_to_be_another(const char *form, bool *proxy)
{
	const struct relay_case *c = audit_form_case(form);
	*proxy = c && (c->session == RELAY_PROXY_V1 || c->session == RELAY_PROXY_V2);
	return *proxy || (c && c->session == RELAY_XCLIENT);
}

static void explain_form(struct judge *j, const struct audit_who *who, const char *form,
                         const struct audit_port *port, struct audit_why *why)
{
	struct audit_client client = {
		.ip = who->asker->ip, .port = port,
		.own = facts_is_own(j->known->ground->facts, &who->asker->ip),
		.shows = audit_form_shows(form) | audit_form_routes(form) |
		         (who->tls != AUDIT_CLEAR ? AUDIT_BY_TLS : 0u),
	};
	audit_config_explain(j->known->ground->config, &client, why);
	if (why->answer == AUDIT_NO) {          /* a rule for some domains may have one of ours */
		client.shows |= AUDIT_BY_RECIPIENT;
		audit_config_explain(j->known->ground->config, &client, why);
	}
	bool proxy;
	if (why->answer == AUDIT_NO && claims_to_be_another(form, &proxy))
		audit_config_explain_claim(j->known->ground->config, proxy, port, why);
}

/* Of what is taken in plain the one line tells all; else each form may have another. */
static void explain(struct judge *j, struct audit_who *who, const struct audit_port *port)
{
	enum { LINES_MAX = 2 * AUDIT_BECAUSE_MAX };
	struct audit_line *by = arena_alloc(j->report->arena, LINES_MAX * sizeof(*by));
	const size_t forms = strcmp(who->forms[0], "E01") ? who->form_n : 1;
	who->by = by;
	for (size_t i = 0; i < forms; i++) {
		struct audit_why why = { 0 };
		explain_form(j, who, who->forms[i], port, &why);
		if (why.answer == AUDIT_NO)
			continue;
		for (size_t k = 0; k < why.by_n && who->by_n < LINES_MAX; k++)
			if (!has_line(by, who->by_n, &why.by[k]))
				by[who->by_n++] = why.by[k];
	}
}

/* ---- rows ------------------------------------------------------------------------- */

static struct audit_row *row_of(struct judge *j, const struct audit_asker *asker, uint16_t port,
                                enum audit_tls tls)
{
	struct audit_report *r = j->report;
	for (size_t i = r->row_n; i-- > 0;)
		if (r->rows[i].asker == asker && r->rows[i].port == port && r->rows[i].tls == tls)
			return &r->rows[i];
	assert(r->row_n < j->row_room);
	r->rows[r->row_n] = (struct audit_row){ .asker = asker, .port = port, .tls = tls };
	return &r->rows[r->row_n++];
}

static struct audit_who *who_of(struct judge *j, const struct audit_question *q)
{
	struct audit_report *r = j->report;
	for (size_t i = r->who_n; i-- > 0;)
		if (r->who[i].asker == q->asker && r->who[i].port == q->at.port &&
		    r->who[i].tls == q->tls)
			return &r->who[i];
	assert(r->who_n < j->who_room);
	r->who[r->who_n] = (struct audit_who){ .asker = q->asker, .port = q->at.port, .tls = q->tls,
		.forms = arena_alloc(r->arena, FORMS_MAX * sizeof(*r->who->forms)) };
	return &r->who[r->who_n++];
}

static void form_add(struct audit_who *who, const char *form)
{
	for (size_t i = 0; i < who->form_n; i++)
		if (strcmp(who->forms[i], form) == 0)
			return;
	if (who->form_n < FORMS_MAX)
		who->forms[who->form_n++] = form;
}

/* Of answers at more than one address of the machine the worst counts: that nobody listens at one
 * says nothing beside another, and what could not be asked is worse than a refusal. */
static int badness(enum audit_said said, bool nobody)
{
	return said == AUDIT_UNSAID ? (nobody ? 0 : 3)
	     : said == AUDIT_REFUSED ? 1 : said == AUDIT_REFUSED_ELSE ? 2 : 4;
}

static void answer_take(struct judge *j, const struct audit_question *q, const struct audit_try *t)
{
	enum audit_said said = said_of(q, t);
	if (is_plain(q, t)) {
		struct audit_row *row = row_of(j, q->asker, q->at.port, q->tls);
		const bool nobody = said == AUDIT_UNSAID && q->nobody;
		if (!row->why ||
		    badness(row->plain, row->nobody) < badness(said, nobody)) {
			row->plain = said;
			row->why = said == AUDIT_UNSAID || said == AUDIT_REFUSED_ELSE
			         ? unsaid_why(j, q, t) : "";
			row->nobody = nobody;
			row->no_tls = said == AUDIT_UNSAID && q->no_tls;
			row->skipped = q->end == AUDIT_NOT_ASKED;
			row->at = q->port;
			row->heard = t;
		} else if (said == AUDIT_UNSAID && !nobody && !q->no_tls) {
			row->no_tls = false;     /* not that alone */
		}
	} else if (said == AUDIT_UNSAID || said == AUDIT_REFUSED_ELSE) {
		/* What is not offered under TLS is not asked there. */
		judge_unasked(j, arena_printf(j->report->arena, "%s, port %u%s", t->form,
		                              q->at.port, judge_tls_words(q->tls)),
		              unsaid_why(j, q, t), false);
	}
	if (said == AUDIT_TAKEN) {
		struct audit_who *who = who_of(j, q);
		form_add(who, t->form);
		if (!who->decided)
			who->decided = t->decided;
	}
}

/* Taken in clear, it needs no TLS: that row says it all. */
static void drop_twins(struct audit_report *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->who_n; i++) {
		bool twin = false;
		for (size_t k = 0; k < r->who_n && r->who[i].tls == AUDIT_STARTTLS; k++)
			twin |= r->who[k].asker == r->who[i].asker &&
			        r->who[k].tls == AUDIT_CLEAR &&
			        r->who[k].port == r->who[i].port;
		if (!twin)
			r->who[kept++] = r->who[i];
	}
	r->who_n = kept;
}

/* In the order of the askers: strangers first. */
static void order(struct audit_report *r)
{
	for (size_t i = 1; i < r->who_n; i++) {
		const struct audit_who one = r->who[i];
		size_t k = i;
		for (; k > 0 && r->who[k - 1].asker > one.asker; k--)
			r->who[k] = r->who[k - 1];
		r->who[k] = one;
	}
}

static const char *line_words(const struct judge *j, const struct audit_why *why)
{
	if (!why->by_n)
		return "the configuration";
	const struct audit_line *line = &why->by[0];
	const bool said = !line->parameter[0] ||
	                  str_prefix(str_of(line->place.text), str_of(line->parameter));
	return arena_printf(j->report->arena, "%s%s%.200s", said ? "" : line->parameter,
	                    said ? "" : ": ", line->place.text);
}

/* A refusal where the configuration, as we read it, says a sure yes: one of both is wrong, and the
 * room may be what makes the server refuse. */
static void doubt(struct judge *j, struct audit_row *row, struct audit_client client)
{
	struct audit_why why;
	audit_config_explain(j->known->ground->config, &client, &why);
	if (why.answer != AUDIT_YES || why.some)
		return;
	row->contrary = true;
	row->plain = AUDIT_UNSAID;
	row->why = arena_printf(j->report->arena, "the server refuses it (%d %s), but %s seems to "
	                        "permit it", row->heard->code, row->heard->text,
	                        line_words(j, &why));
}

/* A stranger who was refused, as he is and with all that was asked of him, where a line permits
 * some that say what we do not know, or at another time. */
static void doubt_condition(struct judge *j, struct audit_row *row, struct audit_client client)
{
	static const struct { unsigned shows; const char *words; } ways[] = {
		{ 0, "on a condition that did not hold when it was asked" },
		{ AUDIT_BY_SENDER, "with some sender, which could not be asked" },
		{ AUDIT_BY_HELO, "with some HELO, which could not be asked" },
		{ AUDIT_BY_SENDER | AUDIT_BY_HELO, "with some sender and HELO, which could not be "
		                                   "asked" },
	};
	const unsigned shows = client.shows;
	struct audit_why why;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways) && !row->contrary; i++) {
		client.shows = shows | ways[i].shows;
		audit_config_explain(j->known->ground->config, &client, &why);
		if (why.answer == AUDIT_NO || why.some)
			continue;
		row->contrary = row->conditional = true;
		row->shows = client.shows;
		row->plain = AUDIT_UNSAID;
		row->why = arena_printf(j->report->arena, "%s seems to permit it %s",
		                        line_words(j, &why), ways[i].words);
	}
}

static void doubts(struct judge *j, struct audit_row *row)
{
	const struct audit_client client = {
		.ip = row->asker->ip, .port = row->at,
		.own = facts_is_own(j->known->ground->facts, &row->asker->ip),
		.shows = row->tls == AUDIT_CLEAR ? 0 : AUDIT_BY_TLS,
	};
	if (row->plain != AUDIT_REFUSED || row->who)
		return;
	doubt(j, row, client);
	if (!row->contrary && audit_is_stranger(row->asker))
		doubt_condition(j, row, client);
}

static void settle(struct judge *j)
{
	struct audit_report *r = j->report;
	drop_twins(r);
	order(r);
	for (size_t i = 0; i < r->who_n; i++) {
		struct audit_who *who = &r->who[i];
		const struct audit_port *port = NULL;
		taken_of(j, who, who->forms[0], &port);
		who->some = goes_to_some(j, who);
		explain(j, who, port);
		if (!who->by_n && who->decided) {
			who->by = who->decided;
			who->by_n = 1;
		}
		judge_sound(j->known, who);
		struct audit_row *row = row_of(j, who->asker, who->port, who->tls);
		row->who = who;
	}
	for (size_t i = 0; i < r->row_n; i++)
		if (!r->rows[i].why)
			r->rows[i].why = "";
	for (size_t i = 0; i < r->row_n; i++)
		doubts(j, &r->rows[i]);
}

static bool is_out_of_time(const struct judge *j, const struct audit_question *q)
{
	return q->end == AUDIT_NOT_ASKED || (q->late && !is_without_tls(j, q));
}

/* A server hangs up on an odd form or two; on more only if it turned the client away. */
static void count_forms(struct judge *j)
{
	enum { SHARE_UNANSWERED = 4 };
	struct audit_report *r = j->report;
	size_t strange = 0, unanswered = 0;
	for (size_t i = 0; i < j->known->question_n; i++) {
		const struct audit_question *q = &j->known->questions[i];
		const bool strangers = judge_is_strangers(j->known, q->asker);
		const bool late = is_out_of_time(j, q);
		if (!late && (q->claim != AUDIT_AS_ITSELF || q->nobody || is_without_tls(j, q)))
			continue;
		r->cut |= strangers && late;
		for (size_t k = 0; k < q->try_n; k++) {
			const bool heard = q->end != AUDIT_NOT_ASKED && q->tries[k].code;
			if (is_no_form(q, &q->tries[k]))
				continue;
			r->forms_planned++;
			r->forms_asked += heard;
			strange += strangers;
			unanswered += strangers && !heard;
			if (!heard && late && !j->unasked)
				j->unasked = q;
		}
	}
	r->cut |= unanswered * SHARE_UNANSWERED > strange || j->known->forms_left;
}

void judge_answers(struct judge *j)
{
	struct audit_report *r = j->report;
	j->row_room = j->who_room = 2 * j->known->question_n + 1;
	r->rows = arena_alloc(r->arena, j->row_room * sizeof(*r->rows));
	r->who = arena_alloc(r->arena, j->who_room * sizeof(*r->who));
	for (size_t i = 0; i < j->known->question_n; i++) {
		const struct audit_question *q = &j->known->questions[i];
		if (is_without_tls(j, q))
			continue;
		for (size_t k = 0; k < q->try_n; k++)
			if (!is_no_form(q, &q->tries[k]))
				answer_take(j, q, &q->tries[k]);
	}
	settle(j);
	count_forms(j);
}

/* ---- by the reading ------------------------------------------------------------------- */

static void reading_take(struct judge *j, const struct audit_asker *asker,
                         const struct audit_port *port)
{
	static const char *plain[] = { "E01" };
	struct audit_report *r = j->report;
	const struct audit_client client = {
		.ip = asker->ip, .port = port,
		.own = facts_is_own(j->known->ground->facts, &asker->ip),
	};
	struct audit_why why = { 0 };
	audit_config_explain(j->known->ground->config, &client, &why);
	struct audit_row *row = row_of(j, asker, port->port, AUDIT_CLEAR);
	row->plain = AUDIT_UNSAID;
	row->why = why.answer == AUDIT_NO ? "not by the configuration"
	         : why.answer == AUDIT_YES ? "by the configuration"
	         : "perhaps, by the configuration";
	if (why.answer == AUDIT_NO || row->who)
		return;
	struct audit_who *who = &r->who[r->who_n++];
	*who = (struct audit_who){ .asker = asker, .port = port->port, .forms = plain, .form_n = 1,
	                           .perhaps = true };
	explain(j, who, port);
	judge_sound(j->known, who);
	row->who = who;
}

void judge_reading(struct judge *j)
{
	struct audit_report *r = j->report;
	const struct audit_ground *g = j->known->ground;
	const struct audit_reading *reading = audit_config_reading(g->config);
	const size_t port_n = reading->port_n < AUDIT_PORTS_MAX ? reading->port_n : AUDIT_PORTS_MAX;
	j->row_room = j->who_room = port_n * g->asker_n + 1;
	r->rows = arena_alloc(r->arena, j->row_room * sizeof(*r->rows));
	r->who = arena_alloc(r->arena, j->who_room * sizeof(*r->who));
	for (size_t i = 0; i < g->asker_n; i++)
		for (size_t k = 0; k < port_n; k++)
			reading_take(j, &g->askers[i], &reading->ports[k]);
}
