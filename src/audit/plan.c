/* SPDX-License-Identifier: ISC
 *
 * The sessions of an audit, stage by stage. What was asked tells what is worth asking next.
 */
#include "audit/plan-private.h"

#include <assert.h>

#define ASKER_HELO "client.asker.example"

void audit_plan_init(struct audit_plan *plan, const struct audit_ground *ground, struct arena *a)
{
	const char *trusted = arena_printf(a, "mail.%s", ground->domain);
	const struct { const char *name, *form; bool verified; } kinds[] = {
		{ NULL, "A08", false }, { trusted, "S03", true }, { "localhost", "S03", false },
	};
	*plan = (struct audit_plan){ .ground = ground, .arena = a };
	plan->questions = arena_alloc(a, AUDIT_QUESTIONS_MAX * sizeof(*plan->questions));
	for (size_t i = 0; i < ground->asker_n; i++) {
		const struct audit_asker *asker = &ground->askers[i];
		struct ip ip = asker->ip;
		if (asker->kind != AUDIT_STRANGER4 && asker->kind != AUDIT_STRANGER6)
			continue;
		for (size_t k = 0; k < 3 && plan->named_n < AUDIT_NAMED_MAX && ip_next(&ip); k++)
			plan->named[plan->named_n++] = (struct audit_named){
				ip, kinds[k].name, kinds[k].verified, kinds[k].form };
	}
}

void audit_plan_leave_out(struct audit_plan *plan, const char *what, const char *why)
{
	enum { LEFT_OUT_MAX = 100 };
	for (size_t i = 0; i < plan->left_out_n; i++)
		if (strcmp(plan->left_out[i].what, what) == 0)
			return;
	if (!plan->left_out)
		plan->left_out = arena_alloc(plan->arena, LEFT_OUT_MAX * sizeof(*plan->left_out));
	if (plan->left_out_n < LEFT_OUT_MAX)
		plan->left_out[plan->left_out_n++] = (struct audit_unread){
			arena_strdup(plan->arena, str_of(what)),
			arena_strdup(plan->arena, str_of(why)) };
}

/* ---- ways to the server --------------------------------------------------------------- */

static bool is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };
	return ip->family == 4 ? ip->b[0] == 127
	                       : ip->family == 6 && memcmp(ip->b, one, sizeof(one)) == 0;
}

static bool is_of_link(const struct ip *ip)
{
	return is_loopback(ip) || (ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80);
}

static struct ip loopback_of(unsigned family)
{
	static const struct ip four = { 4, { 127, 0, 0, 1 } }, six = { 6, { [15] = 1 } };
	return family == 4 ? four : six;
}

/* Our address in the network by which that asker comes. */
static bool own_towards(const struct facts *f, const struct audit_asker *asker, struct ip *own)
{
	for (size_t i = 0; i < f->interface_n && asker->interface[0]; i++) {
		const struct facts_interface *at = &f->interfaces[i];
		for (size_t k = 0; strcmp(at->name, asker->interface) == 0 && k < at->address_n;
		     k++) {
			const struct facts_address *a = &at->addresses[k];
			struct prefix network = prefix_of(&a->ip, a->len);
			*own = a->ip;
			if (prefix_contains(&network, &asker->ip))
				return true;
		}
	}
	if (facts_way(f, &asker->ip, own) && own->family && !is_loopback(own))
		return true;
	struct ip far = audit_stranger(f, asker->ip.family, NULL, 0);
	if (facts_way(f, &far, own) && own->family)
		return true;
	/* No way leads out now; one may tomorrow. */
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			*own = f->interfaces[i].addresses[k].ip;
			if (own->family == asker->ip.family && !is_of_link(own))
				return true;
		}
	return false;
}

bool plan_reach(const struct audit_ground *g, const struct audit_asker *asker,
                const struct audit_port *port, struct endpoint *at)
{
	const struct ip *listens = &port->address;
	bool all = listens->family == 0 || ip_is_unspecified(listens);
	at->port = port->port;
	if (all && listens->family == 4 && asker->ip.family != 4)
		return false;
	if (all && is_loopback(&asker->ip)) {
		at->ip = loopback_of(asker->ip.family);
		return true;
	}
	if (all)
		return own_towards(g->facts, asker, &at->ip);
	at->ip = *listens;
	return listens->family == asker->ip.family &&
	       is_loopback(listens) == is_loopback(&asker->ip);
}

/* ---- sessions --------------------------------------------------------------------------- */

struct audit_question *plan_add(struct audit_plan *plan, const struct audit_asker *asker,
                                size_t port, enum audit_tls tls)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	struct endpoint at;
	assert(port < r->port_n && port < AUDIT_PORTS_MAX);
	if (plan->n == AUDIT_QUESTIONS_MAX ||
	    !plan_reach(plan->ground, asker, &r->ports[port], &at))
		return NULL;
	struct audit_question *q = &plan->questions[plan->n++];
	*q = (struct audit_question){
		.asker = asker, .port = &r->ports[port], .at = at, .tls = tls, .from = asker->ip,
		.helo = ASKER_HELO, .control = plan->control[port], .end_text = "",
		.tries = arena_alloc(plan->arena, AUDIT_TRIES_MAX * sizeof(*q->tries)),
	};
	return q;
}

struct audit_try *plan_try(struct audit_plan *plan, struct audit_question *q, const char *form,
                           const char *mail, const char *rcpt)
{
	const char *from = plan_render(plan, &q->at, mail), *to = plan_render(plan, &q->at, rcpt);
	if (!from || !to)
		return NULL;
	assert(q->try_n < AUDIT_TRIES_MAX);
	struct audit_try *t = &q->tries[q->try_n++];
	*t = (struct audit_try){ .form = form, .mail = from, .rcpt = to, .text = "" };
	return t;
}

static size_t port_count(const struct audit_plan *plan)
{
	size_t n = audit_config_reading(plan->ground->config)->port_n;
	return n < AUDIT_PORTS_MAX ? n : AUDIT_PORTS_MAX;
}

static bool is_full(const struct audit_plan *plan)
{
	return plan->n == AUDIT_QUESTIONS_MAX;
}

/* Under which TLS a port is asked at all. */
static enum audit_tls tls_of(const struct audit_plan *plan, size_t port)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	return r->ports[port].tls_first ? AUDIT_TLS_FIRST :
	       plan->secured[port] ? AUDIT_STARTTLS : AUDIT_CLEAR;
}

/* ---- which mail is taken ------------------------------------------------------------------ */

static void controls_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                         enum audit_tls tls)
{
	struct audit_question *q = plan_add(plan, asker, port, tls);
	for (size_t i = 0; q && plan->ground->controls[i] && q->try_n < AUDIT_TRIES_MAX; i++)
		plan_try(plan, q, "A00", "<{S}@{T}>", plan->ground->controls[i]);
}

bool audit_plan_controls(struct audit_plan *plan)
{
	const struct audit_ground *g = plan->ground;
	const struct audit_reading *r = audit_config_reading(g->config);
	for (size_t port = 0; port < port_count(plan); port++)
		for (size_t i = 0; i < g->asker_n; i++) {
			enum audit_kind kind = g->askers[i].kind;
			if (kind != AUDIT_STRANGER4 && kind != AUDIT_STRANGER6 &&
			    kind != AUDIT_LOOPBACK && kind != AUDIT_OWN)
				continue;
			controls_add(plan, &g->askers[i], port, tls_of(plan, port));
			if (!r->ports[port].tls_first)
				controls_add(plan, &g->askers[i], port, AUDIT_STARTTLS);
		}
	return !is_full(plan);
}

/* The first that was taken; the clear ones go before those under STARTTLS. */
static void controls_choose(struct audit_plan *plan)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	for (size_t i = 0; i < plan->n; i++) {
		const struct audit_question *q = &plan->questions[i];
		size_t port = (size_t)(q->port - r->ports);
		bool better = !plan->control[port] ||
		              (plan->secured[port] && q->tls != AUDIT_STARTTLS);
		for (size_t k = 0; k < q->try_n && better; k++)
			if (q->tries[k].said == AUDIT_TAKEN) {
				plan->control[port] = &q->tries[k];
				plan->secured[port] = q->tls == AUDIT_STARTTLS;
				better = false;
			}
	}
}

/* ---- the plain form ------------------------------------------------------------------------ */

static void plain_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                      enum audit_tls tls)
{
	struct audit_question *q = plan_add(plan, asker, port, tls);
	if (q)
		plan_try(plan, q, "E01", "<{S}@{T}>", "<{U}@{D}>");
}

/* Whether anybody was answered there. One who waits for a PROXY header answers nobody. */
static bool is_silent(const struct audit_plan *plan, size_t end, size_t port)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	for (size_t i = 0; i < end; i++)
		if (plan->questions[i].port == &r->ports[port] &&
		    plan->questions[i].end == AUDIT_ASKED)
			return false;
	return true;
}

bool audit_plan_plain(struct audit_plan *plan)
{
	const struct audit_ground *g = plan->ground;
	const size_t asked = plan->n;
	controls_choose(plan);
	for (size_t i = 0; i < g->asker_n; i++)
		for (size_t port = 0; port < port_count(plan); port++) {
			enum audit_tls tls = tls_of(plan, port);
			if (is_silent(plan, asked, port)) {
				if (g->askers[i].kind == AUDIT_STRANGER4 ||
				    g->askers[i].kind == AUDIT_STRANGER6) {
					plain_add(plan, &g->askers[i], port, tls);
					plan_proxies_add(plan, &g->askers[i], port, tls);
				}
				continue;
			}
			plain_add(plan, &g->askers[i], port, tls);
			if (tls == AUDIT_CLEAR && (g->askers[i].kind == AUDIT_STRANGER4 ||
			                           g->askers[i].kind == AUDIT_STRANGER6))
				plain_add(plan, &g->askers[i], port, AUDIT_STARTTLS);
		}
	return !is_full(plan);
}

/* ---- all forms ----------------------------------------------------------------------------- */

static enum audit_said plain_said(const struct audit_plan *plan, size_t end,
                                  const struct audit_asker *asker, const struct audit_port *port,
                                  enum audit_tls tls)
{
	for (size_t i = 0; i < end; i++) {
		const struct audit_question *q = &plan->questions[i];
		if (q->asker == asker && q->port == port && q->tls == tls && q->try_n == 1 &&
		    strcmp(q->tries[0].form, "E01") == 0 && q->end != AUDIT_NO_ANSWER)
			return q->tries[0].said;
	}
	return AUDIT_UNSAID;
}

/* What the files say of that asker: those of whom they say the same are one set. */
static struct audit_place place_of(const struct audit_plan *plan, const struct audit_asker *asker,
                                   const struct audit_port *port)
{
	struct audit_client client = { .ip = asker->ip, .port = port,
	                               .own = facts_is_own(plan->ground->facts, &asker->ip) };
	struct audit_why why = { 0 };
	audit_config_explain(plan->ground->config, &client, &why);
	return why.by_n ? why.by[0].place : (struct audit_place){ 0 };
}

static bool is_same_place(const struct audit_place *a, const struct audit_place *b)
{
	return a->line == b->line && strcmp(a->file ? a->file : "", b->file ? b->file : "") == 0;
}

/* Whether one before it stands for it as well. */
static bool is_alike_before(const struct audit_plan *plan, size_t end, size_t asker, size_t port)
{
	const struct audit_ground *g = plan->ground;
	const struct audit_port *p = &audit_config_reading(g->config)->ports[port];
	enum audit_tls tls = tls_of(plan, port);
	struct audit_place own = place_of(plan, &g->askers[asker], p);
	for (size_t i = 0; i < asker; i++) {
		if (g->askers[i].ip.family != g->askers[asker].ip.family ||
		    plain_said(plan, end, &g->askers[i], p, tls) == AUDIT_TAKEN ||
		    plain_said(plan, end, &g->askers[i], p, tls) == AUDIT_UNSAID)
			continue;
		struct audit_place place = place_of(plan, &g->askers[i], p);
		if (is_same_place(&place, &own))
			return true;
	}
	return false;
}

bool audit_plan_forms(struct audit_plan *plan)
{
	const struct audit_ground *g = plan->ground;
	const struct audit_reading *r = audit_config_reading(g->config);
	const size_t asked = plan->n;
	for (size_t port = 0; port < port_count(plan); port++)
		for (size_t i = 0; i < g->asker_n; i++) {
			enum audit_tls tls = tls_of(plan, port);
			enum audit_said said = plain_said(plan, asked, &g->askers[i],
			                                  &r->ports[port], tls);
			if (said != AUDIT_UNSAID && said != AUDIT_TAKEN &&
			    !is_alike_before(plan, asked, i, port))
				plan_forms_add(plan, &g->askers[i], port, tls);
		}
	return !is_full(plan);
}
