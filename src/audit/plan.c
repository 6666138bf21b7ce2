/* SPDX-License-Identifier: ISC
 *
 * The sessions of an audit, stage by stage. What was asked tells what is worth asking next.
 */
#include "audit/plan-private.h"

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
	struct endpoint at[PLAN_PLACES_MAX];
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	size_t n = plan_places(plan->ground, asker, &r->ports[port], at);
	for (size_t k = 0; k < n; k++) {
		struct audit_question *q = plan_add(plan, asker, port, tls, &at[k]);
		for (size_t i = 0; q && plan->ground->controls[i] && q->try_n < AUDIT_TRIES_MAX;
		     i++)
			plan_try(plan, q, "A00", "<{S}@{T}>", plan->ground->controls[i]);
	}
}

bool audit_plan_controls(struct audit_plan *plan)
{
	const struct audit_ground *g = plan->ground;
	const struct audit_reading *r = audit_config_reading(g->config);
	for (size_t port = 0; port < port_count(plan); port++)
		for (size_t i = 0; i < g->asker_n; i++) {
			enum audit_kind kind = g->askers[i].kind;
			if (!audit_is_stranger(&g->askers[i]) && kind != AUDIT_LOOPBACK &&
			    kind != AUDIT_OWN)
				continue;
			controls_add(plan, &g->askers[i], port, tls_of(plan, port));
			if (!r->ports[port].tls_first)
				controls_add(plan, &g->askers[i], port, AUDIT_STARTTLS);
		}
	plan->clients_left |= is_full(plan);
	return !plan->clients_left;
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

/* Where nobody listens at the one place of an asker, it goes to where strangers were answered. */
static void place_mend(const struct audit_plan *plan, struct endpoint *at)
{
	const struct audit_question *other = NULL;
	bool deaf = false;
	for (size_t i = 0; i < plan->n; i++) {
		const struct audit_question *q = &plan->questions[i];
		if (q->at.port != at->port || q->at.ip.family != at->ip.family)
			continue;
		if (ip_eq(&q->at.ip, &at->ip))
			deaf = deaf || q->nobody;
		else if (q->end == AUDIT_ASKED && q->asker->kind != AUDIT_LOOPBACK && !other)
			other = q;
	}
	if (deaf && other)
		*at = other->at;
}

static void plain_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                      enum audit_tls tls)
{
	struct endpoint at[PLAN_PLACES_MAX];
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	size_t n = plan_places(plan->ground, asker, &r->ports[port], at);
	if (n == 1 && asker->kind != AUDIT_LOOPBACK)
		place_mend(plan, &at[0]);
	for (size_t k = 0; k < n; k++) {
		struct audit_question *q = plan_add(plan, asker, port, tls, &at[k]);
		if (q)
			plan_try(plan, q, "E01", "<{S}@{T}>", "<{U}@{D}>");
	}
}

/* The same from strangers elsewhere: a list of networks may have some of them. */
static void plain_add_elsewhere(struct audit_plan *plan, const struct audit_asker *asker,
                                size_t port, enum audit_tls tls)
{
	struct endpoint at[PLAN_PLACES_MAX];
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	const struct ip *others;
	const size_t n = audit_strangers(asker->ip.family, &others);
	if (!plan_places(plan->ground, asker, &r->ports[port], at))
		return;
	place_mend(plan, &at[0]);
	for (size_t i = 0; i < n; i++) {
		struct audit_question *q = ip_eq(&others[i], &asker->ip)
			? NULL : plan_add(plan, asker, port, tls, &at[0]);
		if (!q)
			continue;
		q->from = others[i];
		plan_try(plan, q, "E01", "<{S}@{T}>", "<{U}@{D}>");
	}
}

static void proxies_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                        enum audit_tls tls)
{
	struct endpoint at[PLAN_PLACES_MAX];
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	size_t n = plan_places(plan->ground, asker, &r->ports[port], at);
	for (size_t k = 0; k < n; k++)
		plan_proxies_add(plan, asker, port, tls, &at[k]);
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
				if (audit_is_stranger(&g->askers[i])) {
					plain_add(plan, &g->askers[i], port, tls);
					proxies_add(plan, &g->askers[i], port, tls);
				}
				continue;
			}
			plain_add(plan, &g->askers[i], port, tls);
			if (audit_is_stranger(&g->askers[i]))
				plain_add_elsewhere(plan, &g->askers[i], port, tls);
			if (tls == AUDIT_CLEAR && audit_is_stranger(&g->askers[i]))
				plain_add(plan, &g->askers[i], port, AUDIT_STARTTLS);
		}
	plan->clients_left |= is_full(plan);
	return !plan->clients_left;
}

/* ---- all forms ----------------------------------------------------------------------------- */

/* The plain question at the place that answered the most; NULL: none did. */
static const struct audit_question *plain_of(const struct audit_plan *plan, size_t end,
                                             const struct audit_asker *asker,
                                             const struct audit_port *port, enum audit_tls tls)
{
	const struct audit_question *best = NULL;
	for (size_t i = 0; i < end; i++) {
		const struct audit_question *q = &plan->questions[i];
		if (q->asker == asker && q->port == port && q->tls == tls && q->try_n == 1 &&
		    q->claim == AUDIT_AS_ITSELF && strcmp(q->tries[0].form, "E01") == 0 &&
		    ip_eq(&q->from, &asker->ip) && q->end != AUDIT_NO_ANSWER &&
		    (!best || q->tries[0].said > best->tries[0].said))
			best = q;
	}
	return best;
}

static enum audit_said plain_said(const struct audit_plan *plan, size_t end,
                                  const struct audit_asker *asker, const struct audit_port *port,
                                  enum audit_tls tls)
{
	const struct audit_question *q = plain_of(plan, end, asker, port, tls);
	return q ? q->tries[0].said : AUDIT_UNSAID;
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
	return a->text && b->text && a->line == b->line &&
	       strcmp(a->file ? a->file : "", b->file ? b->file : "") == 0 &&
	       strcmp(a->text, b->text) == 0;
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

/* At the first place where the plain form was refused: one setting rules the port. */
static void forms_at_place(struct audit_plan *plan, size_t end, const struct audit_asker *asker,
                            size_t port, enum audit_tls tls)
{
	const struct audit_port *p =
		&audit_config_reading(plan->ground->config)->ports[port];
	for (size_t i = 0; i < end; i++) {
		const struct audit_question *q = &plan->questions[i];
		const struct endpoint at = q->at;
		if (q->asker == asker && q->port == p && q->tls == tls && q->try_n == 1 &&
		    q->claim == AUDIT_AS_ITSELF && strcmp(q->tries[0].form, "E01") == 0 &&
		    q->tries[0].said != AUDIT_UNSAID && q->tries[0].said != AUDIT_TAKEN) {
			plan_forms_add(plan, asker, port, tls, &at);
			return;
		}
	}
}

/* Who comes from a range that is believed may say that it is this machine. */
static void claims_at_place(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                            enum audit_tls tls)
{
	enum { BELIEVED_MAX = 64 };
	const struct audit_port *p =
		&audit_config_reading(plan->ground->config)->ports[port];
	struct endpoint at[PLAN_PLACES_MAX];
	struct prefix ranges[BELIEVED_MAX];
	const size_t n = asker->kind != AUDIT_RANGE ? 0
		: audit_config_believed(plan->ground->config, p->service ? p->service : "",
		                        plan->arena, ranges, BELIEVED_MAX);
	for (size_t i = 0; i < n; i++)
		if (prefix_contains(&ranges[i], &asker->ip)) {
			if (plan_places(plan->ground, asker, p, at))
				plan_claims_add(plan, asker, port, tls, &at[0]);
			return;
		}
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
				forms_at_place(plan, asked, &g->askers[i], port, tls);
			else if (said != AUDIT_TAKEN)
				claims_at_place(plan, &g->askers[i], port, tls);
		}
	plan->forms_left = is_full(plan);
	return !plan->forms_left;
}
