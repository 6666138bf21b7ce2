/* SPDX-License-Identifier: ISC
 *
 * The forms of an audit: those of the catalogue that need no message, and those that only the
 * server's owner could know enough to ask (A01 and up). None says DATA.
 */
#include "audit/plan-private.h"

#include <assert.h>

enum { SMTP_PORT = 25 };

/* Asked beyond the catalogue. */
static const struct own_form {
	const char *form, *like, *mail, *rcpt, *title;
} own_forms[] = {
	{ "A02", "E06", "<{L}>", "<{U}@{D}>", "a real local user as forged sender" },
	{ "A03", "E01", "<{S}@{T}>", "<postmaster@{D}>", "the postmaster of somebody else" },
	{ "A04", "E01", "<{S}@{T}>", "<abuse@{D}>", "the abuse desk of somebody else" },
	{ "A05", NULL, "<{S}@{T}>", "<{U}@{X}>", "a domain whose MX names this server" },
	{ "A06", "E18", "<{S}@{T}>", "<\"{U}@{M}\"@{D}>", "the own domain within a foreign one's "
	                                                  "quoted local part" },
	{ "A07", "E14", "<{S}@{T}>", "<{U}%{M}@{D}>", "the own domain within a foreign one's "
	                                              "local part" },
};

/* Sessions of their own. */
static const struct own_session {
	const char *form, *like, *title;
} own_sessions[] = {
	{ "A00", NULL, "mail for an own user" },
	{ "A01", NULL, "mail for a mailbox that nobody has" },
	{ "A08", "S03", "a client without a reverse name" },
	{ "A09", "S10", "a login with the right name and a wrong password" },
	{ "A10", "S09", "a client certificate that nobody here has signed" },
	{ "A11", "S09", "a client certificate of a public authority" },
	{ "A12", NULL, "a sender that a line of the configuration names" },
	{ "A13", NULL, "a HELO that a line of the configuration names" },
	{ "A14", NULL, "a reverse name that a line of the configuration has, too" },
	{ "A15", NULL, "a recipient that a line of the configuration has, too" },
};

/* By what the plan's hints are asked. */
static const struct hinted {
	unsigned by;
	const char *form;
} hinted_forms[] = {
	{ AUDIT_BY_SENDER, "A12" }, { AUDIT_BY_HELO, "A13" }, { AUDIT_BY_RDNS, "A14" },
	{ AUDIT_BY_RECIPIENT, "A15" },
};
enum { HINTED_FORMS = sizeof(hinted_forms) / sizeof(hinted_forms[0]) };

/* Mailboxes that nobody has, at what stands for the server in the forms. */
static const struct { const char *at, *rcpt; } nobodies[] = {
	{ "@{R}>", "<nobody-by-this-name-4711@{R}>" },
	{ "@{I}>", "<nobody-by-this-name-4711@{I}>" },
	{ "@localhost>", "<nobody-by-this-name-4711@localhost>" },
	{ "", "<nobody-by-this-name-4711>" },
};
enum { NOBODIES = sizeof(nobodies) / sizeof(nobodies[0]) };

const char *audit_form_title(const char *form)
{
	for (size_t i = 0; i < sizeof(own_forms) / sizeof(*own_forms); i++)
		if (strcmp(own_forms[i].form, form) == 0)
			return own_forms[i].title;
	for (size_t i = 0; i < sizeof(own_sessions) / sizeof(*own_sessions); i++)
		if (strcmp(own_sessions[i].form, form) == 0)
			return own_sessions[i].title;
	const struct relay_case *c = relay_case_by_id(str_of(form));
	return c ? form_reasons_of(c)->title : "";
}

const struct relay_case *audit_form_case(const char *form)
{
	const char *like = form;
	for (size_t i = 0; i < sizeof(own_forms) / sizeof(*own_forms); i++)
		if (strcmp(own_forms[i].form, form) == 0)
			like = own_forms[i].like;
	for (size_t i = 0; i < sizeof(own_sessions) / sizeof(*own_sessions); i++)
		if (strcmp(own_sessions[i].form, form) == 0)
			like = own_sessions[i].like;
	return like ? relay_case_by_id(str_of(like)) : NULL;
}

unsigned audit_form_shows(const char *form)
{
	const struct relay_case *c = audit_form_case(form);
	if (strcmp(form, "A05") == 0)
		return AUDIT_BY_MX;
	if (strcmp(form, "A10") == 0 || strcmp(form, "A11") == 0)
		return AUDIT_BY_CERTIFICATE | AUDIT_BY_TLS;
	for (size_t i = 0; i < HINTED_FORMS; i++)
		if (strcmp(form, hinted_forms[i].form) == 0)
			return hinted_forms[i].by;
	if (!c)
		return 0;
	if (relay_forges_sender(c))
		return AUDIT_BY_SENDER;
	if (relay_forges_helo(c))
		return AUDIT_BY_HELO;
	return c->session == RELAY_TRUSTED_PTR ? AUDIT_BY_RDNS :
	       c->session == RELAY_AUTH_INVENTED ? AUDIT_BY_LOGIN :
	       c->session == RELAY_STARTTLS ? AUDIT_BY_TLS : 0;
}

/* ---- envelopes ------------------------------------------------------------------------------ */

struct packing {
	struct audit_plan *plan;
	const struct audit_asker *asker;
	size_t port;
	enum audit_tls tls;
	const struct endpoint *at;
	struct audit_question *q;        /* the one that is filled */
	const struct audit_try *nobodies[NOBODIES];
};

static struct audit_try *pack(struct packing *p, const char *form, const char *mail,
                              const char *rcpt)
{
	if (!p->q || p->q->try_n == AUDIT_TRIES_MAX)
		p->q = plan_add(p->plan, p->asker, p->port, p->tls, p->at);
	return p->q ? plan_try(p->plan, p->q, form, mail, rcpt) : NULL;
}

/* At which of the server's names the recipient stands. */
static const struct audit_try *nobody_of(const struct packing *p, const char *rcpt)
{
	size_t i = 0;
	for (; i + 1 < NOBODIES; i++)
		if (str_casesuffix(str_of(rcpt), str_of(nobodies[i].at)))
			break;
	return p->nobodies[i];
}

static bool is_envelope(const struct relay_case *c)
{
	return c->session == RELAY_PLAIN || c->session == RELAY_POSTMASTER_FIRST ||
	       c->session == RELAY_UTF8;
}

static void pack_case(struct packing *p, const struct relay_case *c)
{
	const char *mail = c->mail;
	if (c->session == RELAY_UTF8)
		mail = arena_printf(p->plan->arena, "%s SMTPUTF8", c->mail);
	struct audit_try *t = pack(p, c->id, mail, c->rcpt);
	if (!t)
		return;
	t->utf8 = c->session == RELAY_UTF8;
	if (c->session == RELAY_POSTMASTER_FIRST && p->q->control)
		t->first = p->q->control->rcpt;
	if (c->flags & RELAY_OWN_DOMAIN)
		t->nobody = nobody_of(p, c->rcpt);
}

static void envelopes_add(struct packing *p)
{
	for (size_t i = 0; i < NOBODIES; i++)
		p->nobodies[i] = pack(p, "A01", "<{S}@{T}>", nobodies[i].rcpt);
	for (size_t i = 0; i < relay_case_count; i++)
		if (is_envelope(&relay_cases[i]) && strcmp(relay_cases[i].id, "E01") != 0)
			pack_case(p, &relay_cases[i]);
	for (size_t i = 0; i < sizeof(own_forms) / sizeof(*own_forms); i++)
		pack(p, own_forms[i].form, own_forms[i].mail, own_forms[i].rcpt);
}

/* ---- sessions ------------------------------------------------------------------- */

static struct audit_question *alone(struct packing *p, const char *form, const char *helo,
                                    enum audit_claim claim)
{
	struct audit_question *q = plan_add(p->plan, p->asker, p->port, p->tls, p->at);
	const char *rendered = q && helo ? plan_render(p->plan, &q->at, helo) : NULL;
	if (!q)
		return NULL;
	q->claim = claim;
	q->user = strcmp(form, "A09") == 0 ? p->plan->ground->user : "nobody-by-this-name-4711";
	if (rendered)
		q->helo = rendered;
	plan_try(p->plan, q, form, "<{S}@{T}>", "<{U}@{D}>");
	return q;
}

/* What the configuration names: one in a session, as it is to be alone what decides. */
static void hints_add(struct packing *p)
{
	const struct audit_plan *plan = p->plan;
	for (size_t i = 0; i < plan->hint_n; i++) {
		const struct audit_hint *hint = &plan->hints[i];
		const bool helo = hint->by == AUDIT_BY_HELO;
		struct audit_question *q = hint->by == AUDIT_BY_RDNS ? NULL /* see `named` */
			: plan_add(p->plan, p->asker, p->port, p->tls, p->at);
		if (!q)
			continue;
		q->helo = helo ? hint->value : q->helo;
		const char *path = arena_printf(plan->arena, "<%s>", hint->value);
		for (size_t k = 0; k < HINTED_FORMS; k++)
			if (hinted_forms[k].by == hint->by)
				plan_try(p->plan, q, hinted_forms[k].form,
				         hint->by == AUDIT_BY_SENDER ? path : "<{S}@{T}>",
				         hint->by == AUDIT_BY_RECIPIENT ? path
				                                        : "<{U}@{D}>");
	}
}

static void sessions_add(struct packing *p)
{
	if (audit_is_stranger(p->asker))
		hints_add(p);
	alone(p, "S01a", "localhost", AUDIT_AS_ITSELF);
	alone(p, "S01b", "[127.0.0.1]", AUDIT_AS_ITSELF);
	alone(p, "S02a", "{R}", AUDIT_AS_ITSELF);
	alone(p, "S02b", "{M}", AUDIT_AS_ITSELF);
	alone(p, "S02c", "{I}", AUDIT_AS_ITSELF);
	alone(p, "S04", NULL, AUDIT_CLAIM_XCLIENT);
	alone(p, "S05a", NULL, AUDIT_CLAIM_PROXY1);
	alone(p, "S05b", NULL, AUDIT_CLAIM_PROXY2);
	/* From the server's own address and port it would be a connection to itself. */
	if (!(p->at->port == SMTP_PORT && ip_eq(&p->asker->ip, &p->at->ip)))
		alone(p, "S06", NULL, AUDIT_CLAIM_PORT25);
	alone(p, "S10", NULL, AUDIT_CLAIM_LOGIN);
	if (p->plan->ground->user)
		alone(p, "A09", NULL, AUDIT_CLAIM_LOGIN);
	alone(p, "A10", NULL, AUDIT_CLAIM_CERTIFICATE);
	struct audit_question *signed_ = p->plan->authority
		? alone(p, "A11", NULL, AUDIT_CLAIM_CERTIFICATE) : NULL;
	if (signed_)
		signed_->by_authority = true;
	for (size_t i = 0; audit_is_stranger(p->asker) && i < p->plan->named_n; i++) {
		const struct audit_named *named = &p->plan->named[i];
		struct audit_question *q = named->ip.family == p->asker->ip.family
			? alone(p, named->form, NULL, AUDIT_AS_ITSELF) : NULL;
		if (q)
			q->from = named->ip;
	}
}

void plan_forms_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                    enum audit_tls tls, const struct endpoint *at)
{
	struct packing p = { plan, asker, port, tls, at };
	envelopes_add(&p);
	sessions_add(&p);
}

void plan_proxies_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                      enum audit_tls tls, const struct endpoint *at)
{
	struct packing p = { plan, asker, port, tls, at };
	alone(&p, "S05a", NULL, AUDIT_CLAIM_PROXY1);
	alone(&p, "S05b", NULL, AUDIT_CLAIM_PROXY2);
}

void plan_claims_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                     enum audit_tls tls, const struct endpoint *at)
{
	struct packing p = { plan, asker, port, tls, at };
	alone(&p, "S04", NULL, AUDIT_CLAIM_XCLIENT);
	plan_proxies_add(plan, asker, port, tls, at);
}
