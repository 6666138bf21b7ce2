/* SPDX-License-Identifier: ISC
 *
 * The verdict: one pass over the results, then the first rule that holds.
 */
#include "relaytest/verdict.h"

static const struct relay_case *row_of(const struct case_result *r)
{
	struct relay_form form;
	return relay_form_parse(str_of(r->id), &form) == ERR_OK ? form.row : NULL;
}

static bool finding_only(const struct case_result *r)
{
	const struct relay_case *c = row_of(r);
	return c && c->flags & RELAY_FINDING_ONLY;
}

static const struct case_result *confirmation(const struct case_result *of,
                                              const struct case_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].attempt == 1 && strcmp(results[i].id, of->id) == 0)
			return &results[i];
	return NULL;
}

const struct case_result *verdict_proof(const struct case_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (results[i].attempt != 0 || !results[i].returned || finding_only(&results[i]))
			continue;
		const struct case_result *second = confirmation(&results[i], results, n);
		if (second && second->returned)
			return &results[i];
	}
	return NULL;
}

bool verdict_refused(const struct case_result *r)
{
	if (r->refusal == REFUSAL_RELAY || r->refusal == REFUSAL_TURNED_AWAY)
		return true;
	return r->refusal != REFUSAL_NONE && r->code / 100 == 5;
}

/* A name or sender of ours that a form's answer finds fault with leaves others' untouched;
 * but who is banned, or comes too often, hears no policy at all. */
static bool keeps_us_out(const struct case_result *r)
{
	return r->refusal == REFUSAL_CLIENT || r->refusal == REFUSAL_TIME;
}

/* The recipient was taken, and then our message was not. Who relays for others can refuse what
 * we write: that shows nothing, unless it says that it does not relay or knows no such user. */
bool verdict_refuses_content(const struct case_result *r)
{
	return r->stage == STAGE_MESSAGE && verdict_refused(r) &&
	       r->refusal != REFUSAL_RELAY && r->refusal != REFUSAL_RECIPIENT;
}

bool verdict_may_keep(const struct case_result *r)
{
	return r->stage == STAGE_MESSAGE && !r->accepted && !verdict_refused(r);
}

bool verdict_closes(const struct case_result *r)
{
	const struct relay_case *c = row_of(r);
	if (!verdict_refused(r) || verdict_refuses_content(r))
		return false;
	/* Before MAIL nothing was asked, and all that was refused is us. */
	bool asked = r->stage == STAGE_SKIPPED || r->stage >= STAGE_MAIL;
	if ((asked && !refusal_is_identity(r->refusal)) || !c)
		return true;
	bool of_sender = r->refusal == REFUSAL_SENDER;
	return relay_claims_client(c) || (of_sender && relay_forges_sender(c)) ||
	       (relay_forges_helo(c) && !keeps_us_out(r));
}

/* Refused in so many words, and not because of who we are or what we write: hanging up, or a
 * greeting that turns us away, says nothing of the domain. */
static bool denied(const struct case_result *r)
{
	return verdict_refused(r) && !refusal_is_identity(r->refusal) && r->code &&
	       r->stage >= STAGE_MAIL && !verdict_refuses_content(r);
}

bool verdict_denies_second(const struct case_result *r)
{
	return r->attempt == 1 && denied(r);
}

const char *verdict_finding(const struct case_result *results, size_t n)
{
	if (verdict_proof(results, n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (results[i].attempt != 0 || !results[i].returned || finding_only(&results[i]))
			continue;
		const struct case_result *second = confirmation(&results[i], results, n);
		if (second && denied(second))
			return "legitimate-mx";
		if (second && second->accepted)
			return "relays-test-mail";
	}
	return NULL;
}

bool verdict_undecided(const struct case_result *r)
{
	if (r->stage < STAGE_CONNECT || r->accepted || r->returned)
		return false;
	if (r->attempt == 1)
		return !denied(r);
	if (verdict_refused(r))
		return keeps_us_out(r) && !verdict_closes(r);
	return r->code / 100 != 2;
}

/* Only the token decides for a recipient that a catch-all takes anyway. */
static bool means_accepting(const struct case_result *r, bool catch_all)
{
	const struct relay_case *c = row_of(r);
	if (!r->accepted || (c && catch_all && c->flags & RELAY_OWN_DOMAIN))
		return false;
	return true;
}

enum verdict verdict_decide(const struct verdict_input *in)
{
	bool tempfail = false, bounced = false, accepting = false, silent = false;
	bool mx = false;
	if (verdict_proof(in->results, in->n))
		return VERDICT_OPEN;
	if (!in->reached)
		return VERDICT_UNREACHABLE;
	const char *finding = verdict_finding(in->results, in->n);
	if (finding)
		mx = strcmp(finding, "legitimate-mx") == 0;
	for (size_t i = 0; i < in->n; i++) {
		const struct case_result *r = &in->results[i];
		bool tells = verdict_undecided(r) || r->bounced || r->accepted;
		if (!tells || finding_only(r))
			continue;
		tempfail |= verdict_undecided(r);
		bounced |= r->bounced > 0;
		silent |= r->accepted && !r->returned && !r->bounced;
		/* A legitimate MX of our first domain takes its mail: that is its job. */
		accepting |= means_accepting(r, in->catch_all) &&
		             !(mx && r->attempt == 0 && r->returned);
	}
	if (tempfail || in->unfinished || in->second_taken || (in->deaf && silent))
		return VERDICT_INCONCLUSIVE;
	if (bounced)
		return VERDICT_BACKSCATTER;
	if (accepting)
		return VERDICT_ACCEPTING;
	return in->plain_shut ? VERDICT_CLOSED : VERDICT_INCONCLUSIVE;
}

/* No longer offered, or its own connection turned away. That a connection like any other ends
 * at some form is no answer to it. */
static bool turned_away(const struct case_result *r)
{
	const struct relay_case *c = row_of(r);
	return r->stage == STAGE_SKIPPED || (c && relay_claims_client(c));
}

static bool form_refused(const struct case_result *results, size_t n, const char *form)
{
	for (size_t i = 0; i < n; i++) {
		const struct case_result *r = &results[i];
		if (r->attempt != 0 || strcmp(r->id, form) != 0)
			continue;
		return verdict_closes(r) && !r->accepted && !r->returned &&
		       (r->refusal != REFUSAL_TURNED_AWAY || turned_away(r));
	}
	return false;
}

bool verdict_forms_refused(const struct case_result *results, size_t n,
                           const char (*forms)[CASE_ID_MAX], size_t form_count)
{
	for (size_t i = 0; i < form_count; i++)
		if (!form_refused(results, n, forms[i]))
			return false;
	return true;
}

int verdict_explain(const struct case_result *results, size_t n, struct str transcript,
                    enum mta server, struct explanation *why)
{
	const char *names[CASES_MAX];
	size_t found = 0;
	for (size_t i = 0; i < n && found < CASES_MAX; i++)
		if (results[i].returned)
			names[found++] = results[i].id;
	return explain_server(names, found, mta_of_transcript(transcript), server, why);
}
