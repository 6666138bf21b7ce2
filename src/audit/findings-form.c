/* SPDX-License-Identifier: ISC
 *
 * Findings of forms: the plain one is refused, others are taken. Their cause is that of the line
 * which decides, of what the session claimed, or the likeliest of the catalogue.
 */
#include "audit/findings-private.h"

#include <assert.h>

enum { FORMS_SHOWN = 4 };

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

/* By what the form is another than plain mail. */
enum sign { SIGN_RECIPIENT, SIGN_SENDER, SIGN_HELO, SIGN_CLAIM, SIGN_LOGIN, SIGN_CERTIFICATE,
            SIGN_TLS, SIGN_NAME };

static enum sign sign_of(const struct relay_case *row, const struct audit_question *q,
                         const char *form)
{
	const enum audit_claim claim = q ? q->claim : AUDIT_AS_ITSELF;
	const unsigned shows = row ? 0 : audit_form_shows(form);
	if (shows & (AUDIT_BY_SENDER | AUDIT_BY_HELO | AUDIT_BY_RDNS))
		return shows & AUDIT_BY_SENDER ? SIGN_SENDER
		     : shows & AUDIT_BY_HELO ? SIGN_HELO : SIGN_NAME;
	if (claim == AUDIT_CLAIM_LOGIN || (row && row->session == RELAY_AUTH_INVENTED))
		return SIGN_LOGIN;
	if (claim == AUDIT_CLAIM_CERTIFICATE)
		return SIGN_CERTIFICATE;
	if (claim != AUDIT_AS_ITSELF)
		return SIGN_CLAIM;
	if (row && row->session == RELAY_TRUSTED_PTR)
		return SIGN_NAME;
	if (row && relay_forges_helo(row))
		return SIGN_HELO;
	if (row && (relay_forges_sender(row) || !strcmp(row->mail, "<>")))
		return SIGN_SENDER;
	return row && row->session == RELAY_STARTTLS ? SIGN_TLS : SIGN_RECIPIENT;
}

/* What was said there, as SMTP has it; "" where nobody was asked. */
static const char *said(struct findings *fs, enum sign sign, const struct audit_question *q,
                        const char *form)
{
	const struct audit_try *t = NULL;
	for (size_t k = 0; q && k < q->try_n && !t; k++)
		if (!strcmp(q->tries[k].form, form))
			t = &q->tries[k];
	if (!t)
		return "";
	switch (sign) {
	case SIGN_SENDER:
		return arena_printf(fs->a, "MAIL FROM:%.200s, RCPT TO:%.200s", t->mail, t->rcpt);
	case SIGN_HELO:
		return arena_printf(fs->a, "EHLO %.200s, RCPT TO:%.200s", q->helo ? q->helo : "",
		                    t->rcpt);
	case SIGN_CLAIM:
		return q->claim == AUDIT_CLAIM_XCLIENT ? "XCLIENT ADDR=127.0.0.1" : "";
	case SIGN_LOGIN:
		return arena_printf(fs->a, "AUTH as %.100s, RCPT TO:%.200s",
		                    q->user ? q->user : "anybody", t->rcpt);
	default:
		return arena_printf(fs->a, "RCPT TO:%.200s", t->rcpt);
	}
}

static void say_form(struct findings *fs, struct finding_draft *d, const struct finding_group *g,
                     const char *form)
{
	const struct relay_case *row = audit_form_case(form), *own = relay_case_by_id(str_of(form));
	const struct audit_question *q = NULL;
	for (size_t i = 0; i < g->n && !q; i++)
		q = question_of(fs, g->rows[i], form);
	const char *line = said(fs, sign_of(row, q, form), q, form);
	const char *title = own ? form_reasons_of(own)->title : audit_form_title(form);
	finding_say(fs, d, "%s (%s)%s%s%s.", title, form, line[0] ? ", \"" : "", line,
	            line[0] ? "\"" : "");
	if (row && strcmp(row->id, "E01") != 0)
		finding_say(fs, d, "%s", form_reasons_of(row)->meaning);
}

static void say_forms(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	finding_say(fs, d, "Plain mail to a foreign domain is refused at %s, but not in %s:",
	            finding_ports(fs, g), g->form_n == 1 ? "this form" : "these forms");
	for (size_t i = 0; i < g->form_n && i < FORMS_SHOWN; i++)
		say_form(fs, d, g, g->forms[i]);
	if (g->form_n > FORMS_SHOWN)
		finding_say(fs, d, "And %zu more, from %s on.", g->form_n - FORMS_SHOWN,
		            g->forms[FORMS_SHOWN]);
}

static const char *abuse_of(enum sign sign)
{
	switch (sign) {
	case SIGN_SENDER: return "a spammer writes such a sender into each of his mails";
	case SIGN_HELO: return "a spammer's program says that name";
	case SIGN_CLAIM: return "a spammer says so before his mail";
	case SIGN_LOGIN: return "a spammer logs in so";
	case SIGN_CERTIFICATE: return "a spammer shows any certificate";
	case SIGN_TLS: return "a spammer says STARTTLS first";
	case SIGN_NAME: return "a spammer gives his own address such a name in DNS";
	case SIGN_RECIPIENT: break;
	}
	return "a spammer writes each of his recipients so";
}

static void say_who(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	const struct audit_asker *asker = g->rows[0]->asker;
	const struct relay_case *row = audit_form_case(g->forms[0]);
	const struct audit_question *q = question_of(fs, g->rows[0], g->forms[0]);
	if (audit_is_stranger(asker) && g->rows[0]->some)
		finding_say(fs, d, "Any stranger may do so, to such recipients.");
	else if (audit_is_stranger(asker))
		finding_say(fs, d, "Any stranger may do so: %s, and his mail goes out by your "
		            "server, whose address is then listed for it.",
		            abuse_of(sign_of(row, q, g->forms[0])));
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
	const struct cause_words *w = cause ? cause_words_of(cause, fs->report->mta) : NULL;
	if (w && w->parameter)
		finding_say(fs, d, "In %s this is up to %s.", mta_title(fs->report->mta),
		            w->parameter);
	else if (cause)
		finding_say(fs, d, "%s", cause->meaning);
	add_lines(fs, d, g);
	finding_catalogue_lines(fs, d, finding_service(fs, g->rows[0]->port));
	finding_fix_rules(fs, d, g);
}
