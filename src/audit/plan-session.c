/* SPDX-License-Identifier: ISC
 *
 * A session of an audit by itself: where its asker finds the server, and its envelopes with the
 * templates filled in.
 */
#include "audit/plan-private.h"

#include <assert.h>

#define ASKER_HELO "client.asker.example"

enum { NAMES_HINTED_MAX = 3 };           /* of each family */

/* The next address has that name. */
static void named_add(struct audit_plan *plan, struct ip *ip, const char *name, bool verified,
                      const char *form)
{
	if (plan->named_n < AUDIT_NAMED_MAX && ip_next(ip))
		plan->named[plan->named_n++] = (struct audit_named){ *ip, name, verified, form };
}

void audit_plan_init(struct audit_plan *plan, const struct audit_ground *ground, struct arena *a)
{
	const char *trusted = arena_printf(a, "mail.%s", ground->domain);
	const struct { const char *name, *form; bool verified; } kinds[] = {
		{ NULL, "A08", false }, { trusted, "S03", true }, { "localhost", "S03", false },
	};
	*plan = (struct audit_plan){ .ground = ground, .arena = a };
	plan->questions = arena_alloc(a, AUDIT_QUESTIONS_MAX * sizeof(*plan->questions));
	plan_hints_find(plan);
	for (size_t i = 0; i < ground->asker_n; i++) {
		const struct audit_asker *asker = &ground->askers[i];
		struct ip ip = asker->ip;
		if (!audit_is_stranger(asker))
			continue;
		for (size_t k = 0; k < 3; k++)
			named_add(plan, &ip, kinds[k].name, kinds[k].verified, kinds[k].form);
		for (size_t k = 0, n = 0; k < plan->hint_n && n < NAMES_HINTED_MAX; k++)
			if (plan->hints[k].by == AUDIT_BY_RDNS) {
				named_add(plan, &ip, plan->hints[k].value, true, "A14");
				n++;
			}
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

void audit_plan_cut(struct audit_plan *plan, const char *what, const char *why)
{
	struct audit_unread *cut = arena_alloc(plan->arena, sizeof(*cut));
	*cut = (struct audit_unread){ arena_strdup(plan->arena, str_of(what)),
	                              arena_strdup(plan->arena, str_of(why)) };
	if (!plan->cut)
		plan->cut = cut;
}

/* ---- ways to the server --------------------------------------------------------------- */

static bool is_of_link(const struct ip *ip)
{
	return ip_is_loopback(ip) || audit_is_link_local(ip);
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
	if (facts_way(f, &asker->ip, own) && own->family && !ip_is_loopback(own))
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

static size_t places_more(const struct facts *f, struct endpoint *at, size_t n)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n && n < PLAN_PLACES_MAX; k++) {
			const struct ip *ip = &f->interfaces[i].addresses[k].ip;
			if (ip->family == at[0].ip.family && !is_of_link(ip) &&
			    !ip_eq(ip, &at[0].ip))
				at[n++] = (struct endpoint){ *ip, at[0].port };
		}
	return n;
}

size_t plan_places(const struct audit_ground *g, const struct audit_asker *asker,
                   const struct audit_port *port, struct endpoint at[static PLAN_PLACES_MAX])
{
	const struct ip *listens = &port->address;
	const bool all = listens->family == 0 || ip_is_unspecified(listens);
	at[0].port = port->port;
	if (!all) {
		at[0].ip = *listens;
		return listens->family == asker->ip.family &&
		       ip_is_loopback(listens) == ip_is_loopback(&asker->ip);
	}
	if (listens->family == 4 && asker->ip.family != 4)
		return 0;
	if (ip_is_loopback(&asker->ip)) {
		at[0].ip = loopback_of(asker->ip.family);
		return 1;
	}
	if (!own_towards(g->facts, asker, &at[0].ip))
		return 0;
	return audit_is_stranger(asker) ? places_more(g->facts, at, 1) : 1;
}

/* ---- sessions --------------------------------------------------------------------------- */

struct audit_question *plan_add(struct audit_plan *plan, const struct audit_asker *asker,
                                size_t port, enum audit_tls tls, const struct endpoint *at)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	assert(port < r->port_n && port < AUDIT_PORTS_MAX);
	if (plan->n == AUDIT_QUESTIONS_MAX)
		return NULL;
	struct audit_question *q = &plan->questions[plan->n++];
	*q = (struct audit_question){
		.asker = asker, .port = &r->ports[port], .at = *at, .tls = tls, .from = asker->ip,
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

/* ---- templates --------------------------------------------------------------------------- */

const char *plan_render(struct audit_plan *plan, const struct endpoint *at, const char *pattern)
{
	const struct audit_ground *g = plan->ground;
	char literal[IP_TEXT_MAX + 8];
	const char *missing;
	struct buf out = { 0 };
	const struct relay_names names = {
		.u = STR("someone"), .s = STR("asker"), .d = str_of(g->foreign),
		.t = str_of(g->other), .r = str_of(g->host_name), .m = str_of(g->domain),
		.i = str_of(ip_format_literal(&at->ip, literal)),
		.c = STR("203.0.113.77"), .cl = STR("[203.0.113.77]"),
	};
	if (strcmp(pattern, "<{L}>") == 0)
		return g->user ? arena_printf(plan->arena, "<%s@%s>", g->user, g->domain) : NULL;
	if (strcmp(pattern, "<{U}@{X}>") == 0)
		return arena_printf(plan->arena, "<someone@%s>", g->mx_here);
	int e = relay_render(pattern, &names, &out, &missing);
	const char *text = e == ERR_OK ? arena_strdup(plan->arena, buf_str(&out)) : NULL;
	buf_fini(&out);
	return text;
}
