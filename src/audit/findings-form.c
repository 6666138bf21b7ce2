/* SPDX-License-Identifier: ISC
 *
 * Findings of forms: the plain one is refused, others are taken. Their cause is that of the line
 * which decides, of what the session claimed, or the likeliest of the catalogue.
 */
#include "audit/findings-private.h"

#include <assert.h>

enum { FORMS_SHOWN = 6 };

/* The question in which the form was taken; NULL: of the reading alone. */
static const struct audit_question *question_of(const struct findings *fs,
                                                const struct audit_who *who, const char *form)
{
	for (size_t i = 0; i < fs->known->question_n; i++) {
		const struct audit_question *q = &fs->known->questions[i];
		if (q->asker != who->asker || q->at.port != who->port || q->tls != who->tls)
			continue;
		for (size_t k = 0; k < q->try_n; k++)
			if (q->tries[k].said == AUDIT_TAKEN && !strcmp(q->tries[k].form, form))
				return q;
	}
	return NULL;
}

static const char *cause_of_claim(enum audit_claim claim)
{
	switch (claim) {
	case AUDIT_CLAIM_XCLIENT:
	case AUDIT_CLAIM_PROXY1:
	case AUDIT_CLAIM_PROXY2:
		return "C7";
	case AUDIT_CLAIM_PORT25:
		return "C43";
	case AUDIT_CLAIM_LOGIN:
		return "C8";
	case AUDIT_CLAIM_CERTIFICATE:
		return "C44";
	case AUDIT_AS_ITSELF:
		break;
	}
	return NULL;
}

/* What the client of that form shows, as rules see it; the plan's own recipients are some. */
static unsigned shows_of(const char *form, const struct relay_case *row, enum audit_tls tls)
{
	const bool some = !strcmp(form, "A03") || !strcmp(form, "A04") ||
	                  (!row && !audit_form_shows(form));
	return audit_form_routes(form) | (tls == AUDIT_CLEAR ? 0u : AUDIT_BY_TLS) |
	       (some ? AUDIT_BY_RECIPIENT : audit_form_shows(form));
}

static void explain_form(struct findings *fs, const struct audit_who *who, unsigned shows,
                         struct audit_why *why)
{
	struct audit_client client = { .ip = who->asker->ip, .shows = shows,
	                               .own = facts_is_own(fs->known->ground->facts,
	                                                   &who->asker->ip),
	                               .port = finding_port(fs, who->port) };
	audit_config_explain(fs->config, &client, why);
}

static const char *cause_of_line(struct findings *fs, const struct audit_who *who, unsigned shows)
{
	struct audit_why why;
	explain_form(fs, who, shows, &why);
	return why.answer == AUDIT_NO ? "" : why.cause;
}

/* The likeliest one that this kind of server can have. */
static const char *cause_of_case(const struct findings *fs, const struct relay_case *row)
{
	const struct cause *found[FORM_CAUSES_MAX + 1];
	const struct relay_form form = { row, false };
	const size_t n = form_causes(&form, found);
	assert(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct cause_words *w = cause_words_of(found[i], fs->report->mta);
		if (w && w->parameter)
			return found[i]->id;
	}
	return found[0]->id;
}

/* Of the plan's own forms that are alike to none, or that ask for more than their like does. */
static const char *cause_of_own(const char *form)
{
	static const struct { const char *form, *cause; } rows[] = {
		{ "A03", "C33" }, { "A04", "C33" }, { "A05", "C39" }, { "A06", "C47" },
		{ "A07", "C47" }, { "A12", "C31" }, { "A13", "C41" }, { "A14", "C42" },
		{ "A15", "C33" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(form, rows[i].form))
			return rows[i].cause;
	return NULL;
}

const char *finding_form_cause(struct findings *fs, const struct audit_who *who, const char *form)
{
	const struct relay_case *row = audit_form_case(form);
	const struct audit_question *q = question_of(fs, who, form);
	const char *cause = q ? cause_of_claim(q->claim) : NULL;
	const char *own = cause_of_own(form);
	if (!cause)
		cause = cause_of_line(fs, who, shows_of(form, row, who->tls));
	/* A rule on senders that only the empty one fulfils. */
	if (!strcmp(cause, "C31") && !strcmp(form, "E03"))
		return "C32";
	if (cause[0])
		return cause;
	return own || !row ? own ? own : "C10" : cause_of_case(fs, row);
}

/* ---- what is said -------------------------------------------------------------- */

static const char *form_text(struct findings *fs, const char *form)
{
	const struct relay_case *row = relay_case_by_id(str_of(form));
	if (!row)
		return arena_printf(fs->a, "%s (%s)", audit_form_title(form), form);
	return arena_printf(fs->a, "%s (%s)", form_reasons_of(row)->title, form);
}

static void say_forms(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	const struct relay_case *row = audit_form_case(g->forms[0]);
	struct buf b = { 0 };
	for (size_t i = 0; i < g->form_n && i < FORMS_SHOWN; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", form_text(fs, g->forms[i]));
	if (g->form_n > FORMS_SHOWN)
		buf_printf(&b, " and %zu more", g->form_n - FORMS_SHOWN);
	finding_say(fs, d, "Plain mail to a foreign domain is refused, but not in this form, at "
	            "%s: %s.", finding_ports(fs, g), buf_cstr(&b));
	buf_fini(&b);
	if (row && strcmp(row->id, "E01") != 0)
		finding_say(fs, d, "%s", form_reasons_of(row)->meaning);
}

static void say_who(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	const struct audit_asker *asker = g->rows[0]->asker;
	if (audit_is_stranger(asker))
		finding_say(fs, d, "Any stranger may do so.");
	else
		finding_say(fs, d, "It was taken from %s of %s.", finding_ip_text(fs, &asker->ip),
		            finding_range_text(fs, &asker->network));
}

static enum audit_severity severity_of(const struct finding_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const bool stranger = audit_is_stranger(g->rows[i]->asker);
		if ((stranger || g->rows[i]->strangers) && !g->rows[i]->some)
			return AUDIT_OPEN;
	}
	return AUDIT_WARN;
}

/* Those of the form; else all of the rows, which may have been taken in other forms, too. */
static void add_lines(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	const struct relay_case *row = audit_form_case(g->forms[0]);
	struct audit_why why;
	explain_form(fs, g->rows[0], shows_of(g->forms[0], row, g->rows[0]->tls), &why);
	for (size_t i = 0; i < why.by_n && why.answer != AUDIT_NO; i++)
		finding_line(d, why.by[i].parameter, &why.by[i].place);
	const bool said = d->line_n > 0;
	for (size_t i = 0; i < g->n && !said; i++)
		for (size_t k = 0; k < g->rows[i]->by_n; k++)
			finding_line(d, g->rows[i]->by[k].parameter, &g->rows[i]->by[k].place);
}

void findings_of_form(struct findings *fs, const struct finding_group *g)
{
	const struct cause *cause = cause_by_id(str_of(g->cause));
	struct finding_draft *d = finding_begin(fs, severity_of(g), g->cause, NULL,
	                                        FINDING_EVERYBODY - 1);
	say_forms(fs, d, g);
	say_who(fs, d, g);
	if (cause)
		finding_say(fs, d, "%s", cause->meaning);
	add_lines(fs, d, g);
	finding_catalogue_lines(fs, d, finding_service(fs, g->rows[0]->port));
	finding_fix_rules(fs, d, g);
}
