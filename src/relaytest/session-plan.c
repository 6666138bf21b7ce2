/* SPDX-License-Identifier: ISC
 *
 * Which forms a test runs: the catalogue's that fit the test and the server, the controls beside
 * them, and what an earlier run of the same test has found out already.
 */
#include "relaytest/session-private.h"

#include "base/mem.h"
#include "relaytest/verdict.h"

#include <assert.h>
#include <stdio.h>

struct item *plan_add_item(struct session *s, const struct relay_case *form, enum item_kind kind)
{
	assert(s->item_count < ITEMS_MAX);
	if (s->item_count == s->item_room) {
		s->item_room = s->item_room ? s->item_room * 2 : 32;
		s->items = mem_realloc(s->items, s->item_room, sizeof(*s->items));
	}
	struct item *it = &s->items[s->item_count++];
	*it = (struct item){ .form = form, .kind = kind };
	return it;
}

void plan_skip(struct item *it, const char *why)
{
	it->state = ITEM_DONE;
	it->result.stage = STAGE_SKIPPED;
	it->result.code = 0;
	it->result.enhanced[0] = '\0';
	str_copy(it->result.text, sizeof(it->result.text), str_of(why));
}

struct profile plan_profile(const struct item *it)
{
	enum relay_session session = it->starttls ? RELAY_STARTTLS :
	                             it->form->session < RELAY_HELO_LOCALHOST ? RELAY_PLAIN :
	                             it->form->session;
	return (struct profile){ session, it->kind == ITEM_SECOND };
}

bool plan_fits(const struct item *it, const struct profile *profile)
{
	struct profile own = plan_profile(it);
	return own.session == profile->session && own.second == profile->second;
}

bool plan_is_here(const struct session *s, const struct item *it)
{
	return plan_fits(it, &s->conn.profile);
}

bool plan_claims_client(const struct session *s)
{
	const struct relay_case like = { .session = s->conn.profile.session };
	return relay_claims_client(&like);
}

bool plan_is_first(const struct session *s, const struct item *it)
{
	for (size_t i = 0; i < s->setup.first_count; i++)
		if (strcmp(s->setup.first[i], it->result.id) == 0)
			return true;
	return false;
}

/* ---- the plan -------------------------------------------------------------------- */

static bool listed(const char *const *ids, const char *id)
{
	for (; *ids; ids++)
		if ((*ids)[1] == id[1] && strcmp(*ids, id) == 0)
			return true;
	return false;
}

static bool is_chosen(const struct session *s, const struct relay_case *form)
{
	return !s->setup.only || listed(s->setup.only, form->id);
}

static void add_form(struct session *s, const struct relay_case *form, bool starttls)
{
	struct item *it = plan_add_item(s, form, ITEM_FORM);
	it->starttls = starttls;
	relay_form_name(&(struct relay_form){ form, starttls }, it->result.id);
	if (form->flags & RELAY_OWNER_ONLY && s->setup.test->consent != CONSENT_OWNER)
		plan_skip(it, "only with the owner's consent");
	else if (form->session == RELAY_AUTH_OWN && !s->setup.us->user)
		plan_skip(it, "no account was given");
	else if (form->session == RELAY_TRUSTED_PTR && !s->setup.has_trusted_source)
		plan_skip(it, "no source address with a trusted-looking reverse name");
	else if (form->flags & RELAY_V4_COLLECTOR && s->setup.collector.family != 4)
		plan_skip(it, "the collector's IPv4 address is not known");
}

static struct item *find_form(struct session *s, const char *id, unsigned attempt)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind == ITEM_FORM && it->result.attempt == attempt &&
		    strcmp(it->result.id, id) == 0)
			return it;
	}
	return NULL;
}

/* An item for a form that is not in the plan (yet): confirmations, forms under STARTTLS. */
static struct item *add_by_id(struct session *s, const char *id)
{
	struct relay_form form;
	if (relay_form_parse(str_of(id), &form) != ERR_OK || s->item_count >= ITEMS_MAX)
		return NULL;
	struct item *it = plan_add_item(s, form.row, ITEM_FORM);
	it->starttls = form.starttls;
	str_copy(it->result.id, sizeof(it->result.id), str_of(id));
	return it;
}

/* Where only the recipient was taken, the message is still to come; what was put off is asked
 * again, and so is the plain form where only a control beside it tells what its answer means. */
static enum item_state state_of_sent(const struct item *it)
{
	const struct case_result *r = &it->result;
	if (r->stage == STAGE_MESSAGE || r->stage == STAGE_SKIPPED)
		return ITEM_DONE;
	if (r->stage == STAGE_RCPT && r->code / 100 == 2)
		return ITEM_CANDIDATE;
	bool again = verdict_undecided(r) ||
	             (it->form == &relay_cases[0] && r->refusal != REFUSAL_RELAY);
	if (again && r->attempt == 1)
		return ITEM_CANDIDATE;
	return again ? ITEM_TODO : ITEM_DONE;
}

/* What an earlier run of this test sent is never sent again. Returns are counted anew: the
 * caller hands them in. */
static void take_over_sent(struct session *s)
{
	for (size_t i = 0; i < s->setup.sent_count; i++) {
		const struct case_result *r = &s->setup.sent[i];
		if (r->stage == STAGE_NONE)
			continue;
		struct item *it = find_form(s, r->id, r->attempt);
		if (!it && !(it = add_by_id(s, r->id)))
			continue;
		it->result = *r;
		it->result.returned = it->result.bounced = 0;
		it->state = state_of_sent(it);
		it->known = r->code && !verdict_undecided(r);
		it->messaged = r->stage == STAGE_MESSAGE;
		it->second = r->attempt == 1;
		/* An MX of our first domain: the rest goes to the second, as before. */
		s->swapped |= verdict_denies_second(r);
		s->accepted += r->accepted;
		s->unanswered += verdict_may_keep(r);
		if (r->code && r->stage > STAGE_CONNECT)
			host_seen(s, HOST_REACHED);
		if (r->code && r->stage >= STAGE_MAIL && !it->starttls &&
		    plan_profile(it).session == RELAY_PLAIN)
			host_seen(s, HOST_TOOK_PART);
	}
}

/* What a retest asks from the second address too: the plain form, and those that were open
 * and need no connection of their own. */
static void add_seconds(struct session *s)
{
	plan_add_item(s, &relay_cases[0], ITEM_SECOND);
	for (size_t i = 0; i < s->setup.first_count && s->item_count < ITEMS_MAX; i++) {
		struct relay_form form;
		if (relay_form_parse(str_of(s->setup.first[i]), &form) != ERR_OK ||
		    form.row->session != RELAY_PLAIN ||
		    (form.row == relay_cases && !form.starttls))
			continue;
		plan_add_item(s, form.row, ITEM_SECOND)->starttls = form.starttls;
	}
}

void plan_make(struct session *s)
{
	/* The plain form stands first; the controls come with it in the first batch. */
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *form = &relay_cases[i];
		if (form->session != RELAY_STARTTLS && is_chosen(s, form))
			add_form(s, form, false);
		if (i == 0 && !s->setup.only) {
			plan_add_item(s, form, ITEM_POSTMASTER);
			plan_add_item(s, form, ITEM_POSTMASTER_ALONE);
			plan_add_item(s, form, ITEM_NOBODY);
		}
	}
	if (s->setup.has_second)
		add_seconds(s);
	take_over_sent(s);
}

/* ---- what the server offers ------------------------------------------------------ */

/* What the server does not offer, it does not let anyone use: that is a refusal. */
static void plan_not_offered(struct item *it, const char *why)
{
	plan_skip(it, why);
	it->result.refusal = REFUSAL_TURNED_AWAY;
}

static void skip_sessions(struct session *s, enum relay_session session, const char *why)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].form->session == session &&
		    s->items[i].state == ITEM_TODO)
			plan_not_offered(&s->items[i], why);
}

static void plan_starttls_round(struct session *s)
{
	size_t n = s->item_count;
	/* A host that listens only under TLS has its controls there. */
	for (enum item_kind kind = ITEM_POSTMASTER; kind <= ITEM_NOBODY; kind++)
		plan_add_item(s, &relay_cases[0], kind)->starttls = true;
	for (size_t i = 0; i < n && s->item_count < ITEMS_MAX; i++) {
		const struct item *it = &s->items[i];
		char id[RELAY_NAME_MAX];
		if (it->kind != ITEM_FORM || it->starttls || it->result.attempt != 0 ||
		    !relay_has_tls_twin(it->form))
			continue;
		relay_form_name(&(struct relay_form){ it->form, true }, id);
		if (!find_form(s, id, 0))
			add_form(s, it->form, true);
	}
}

/* Forms that were open under STARTTLS and cannot be used without it are refused now. */
static void refuse_without_starttls(struct session *s)
{
	for (size_t i = 0; i < s->setup.first_count; i++) {
		const char *id = s->setup.first[i];
		struct relay_form form;
		struct item *it = NULL;
		if (relay_form_parse(str_of(id), &form) == ERR_OK && form.starttls &&
		    !find_form(s, id, 0))
			it = add_by_id(s, id);
		if (it)
			plan_not_offered(it, "STARTTLS is not offered");
	}
}

void plan_extensions(struct session *s, unsigned extensions)
{
	if (s->host.extensions_known)
		return;
	s->host.extensions_known = true;
	if (!(extensions & SMTP_EXT_CHUNKING))
		skip_sessions(s, RELAY_BARE_BDAT, "CHUNKING is not offered");
	if (!(extensions & SMTP_EXT_SMTPUTF8))
		skip_sessions(s, RELAY_UTF8, "SMTPUTF8 is not offered");
	if (!(extensions & SMTP_EXT_XCLIENT))
		skip_sessions(s, RELAY_XCLIENT, "XCLIENT is not offered");
	if (!smtp_login_offered(extensions) && !(extensions & SMTP_EXT_STARTTLS)) {
		const char *why = extensions & SMTP_EXT_AUTH ?
			"neither AUTH PLAIN nor LOGIN is offered" : "AUTH is not offered";
		skip_sessions(s, RELAY_AUTH_INVENTED, why);
		skip_sessions(s, RELAY_AUTH_OWN, why);
	}
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind != ITEM_FORM || it->form->session != RELAY_ANNOUNCED ||
		    it->state != ITEM_TODO)
			continue;
		plan_skip(it, extensions & SMTP_EXT_XFORWARD ? "XFORWARD is offered"
		                                             : "XFORWARD is not offered");
		if (extensions & SMTP_EXT_XFORWARD)
			it->result.stage = STAGE_HELO;
	}
	if (s->setup.test->target.port == 465 || s->setup.only)
		return;
	if (extensions & SMTP_EXT_STARTTLS)
		plan_starttls_round(s);
	else
		refuse_without_starttls(s);
}

/* ---- its name -------------------------------------------------------------------- */

/* With no usable name the literal stands for it, and some forms read the same. */
void plan_names(struct session *s)
{
	s->host.naming = NAME_SETTLED;
	if (*s->host.name)
		return;
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind != ITEM_FORM || it->starttls || it->result.attempt != 0 ||
		    it->state != ITEM_TODO)
			continue;
		if (it->form->literal)
			plan_skip(it, "without a usable host name it reads as the literal form");
		else if (it->form->session == RELAY_HELO_HOST)
			plan_skip(it, "no usable host name");
	}
}

/* A form that was not sent because its literal twin reads the same is refused with it. */
void plan_settle_twins(struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind != ITEM_FORM || it->starttls || !it->form->literal ||
		    it->result.stage != STAGE_SKIPPED || it->result.attempt != 0)
			continue;
		const struct item *twin = find_form(s, it->form->literal, 0);
		if (twin)
			it->result.refusal = twin->result.refusal;
	}
}
