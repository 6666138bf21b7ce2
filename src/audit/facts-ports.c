/* SPDX-License-Identifier: ISC
 *
 * From ports back to those that lead there: by programs that pass on, and by rules, where the port
 * may stand in the rule that leads on, or in one that jumps to its chain.
 */
#include "audit/facts-private.h"

enum { ROUNDS_MAX = 16, CHAINS_MAX = 256 };

struct tracing {
	struct facts_ports *ports;
	const struct facts_chain *chains[CHAINS_MAX];    /* that lead there, from any port */
	size_t chain_n;
};

bool facts_leads_on(const struct facts_rule *rule)
{
	return rule->action == FACTS_DNAT || rule->action == FACTS_REDIRECT ||
	       rule->action == FACTS_TPROXY;
}

/* A socket here takes it: at its own address, or at that of the interface. */
static void to_socket(const struct facts *f, struct facts_packet *packet)
{
	struct ip *to = &packet->to.ip;
	for (size_t i = 0; i < f->interface_n && !facts_is_own(f, to); i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++)
			if (strcmp(f->interfaces[i].name, packet->in) == 0 &&
			    f->interfaces[i].addresses[k].ip.family == to->family) {
				*to = f->interfaces[i].addresses[k].ip;
				return;
			}
}

void facts_lead(const struct facts *f, const struct facts_rule *rule, struct facts_packet *packet)
{
	static const struct ip loopback4 = { 4, { 127, 0, 0, 1 } };
	struct endpoint *to = &packet->to;
	if (rule->to.ip.family == to->ip.family && !ip_is_unspecified(&rule->to.ip))
		to->ip = rule->to.ip;
	else if (rule->action == FACTS_TPROXY)
		to_socket(f, packet);
	else if (rule->action == FACTS_REDIRECT && !packet->in[0] && to->ip.family == 4)
		to->ip = loopback4;              /* of what the machine itself sends */
	if (rule->to.port)
		to->port = rule->to.port;
}

void facts_ports_add(struct facts_ports *ports, uint32_t port)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i] == port)
			return;
	if (port == 0 || port > UINT16_MAX)
		return;
	if (ports->n < FACTS_PORTS_MAX)
		ports->v[ports->n++] = (uint16_t)port;
	else
		ports->cut = true;
}

bool facts_ports_have(const struct facts_ports *ports, uint32_t port)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i] == port)
			return true;
	return false;
}

/* Of those that don't say where they lead, most lead to the web. */
static void trace_proxy(struct tracing *t, const struct facts_proxy *proxy)
{
	const uint32_t from = proxy->from.port, count = proxy->ports ? proxy->ports : 1;
	for (uint32_t i = 0; i < count && !proxy->to.port; i++)
		if (facts_is_for_mail(from + i))
			facts_ports_add(t->ports, from + i);
	for (size_t i = 0; i < t->ports->n && proxy->to.port; i++) {
		const uint32_t port = t->ports->v[i];
		if (port >= proxy->to.port && port - proxy->to.port < count)
			facts_ports_add(t->ports, from + (port - proxy->to.port));
	}
}

static void chain_add(struct tracing *t, const struct facts_chain *chain)
{
	for (size_t i = 0; i < t->chain_n; i++)
		if (t->chains[i] == chain)
			return;
	if (t->chain_n < CHAINS_MAX)
		t->chains[t->chain_n++] = chain;
	else
		t->ports->cut = true;
}

/* The ends of a span stand for it: all of it leads to one place. */
static void take_ports(struct tracing *t, const struct facts_chain *chain,
                       const struct facts_rule *rule)
{
	bool any = true;
	for (size_t m = 0; m < rule->match_n; m++) {
		const struct facts_match *match = &rule->matches[m];
		if (match->field != FACTS_PORT || match->negated)
			continue;
		any = false;
		for (size_t i = 0; i < match->n; i++) {
			facts_ports_add(t->ports, match->spans[i].low);
			facts_ports_add(t->ports, match->spans[i].high);
		}
	}
	if (any)
		chain_add(t, chain);
}

static bool leads_there(const struct tracing *t, const struct facts_chain *chain,
                        const struct facts_rule *rule)
{
	if (facts_leads_on(rule))
		return facts_ports_have(t->ports, rule->to.port);
	if (rule->action != FACTS_JUMP && rule->action != FACTS_GOTO)
		return false;
	for (size_t i = 0; i < t->chain_n; i++)
		if (strcmp(t->chains[i]->name, rule->target) == 0 &&
		    t->chains[i]->family == chain->family &&
		    strcmp(t->chains[i]->table, chain->table) == 0 &&
		    strcmp(t->chains[i]->source, chain->source) == 0)
			return true;
	return false;
}

void facts_ports_trace(struct facts *f, struct facts_ports *ports)
{
	struct tracing *t = arena_alloc(f->arena, sizeof(*t));
	bool more = true;
	*t = (struct tracing){ .ports = ports };
	for (unsigned round = 0; more; round++) {
		const size_t before = ports->n + t->chain_n;
		for (size_t i = 0; i < f->proxy_n; i++)
			trace_proxy(t, &f->proxies[i]);
		if (round == ROUNDS_MAX || !facts_may_search(f, f->rule_n * (t->chain_n + 1))) {
			ports->cut = true;
			return;
		}
		for (size_t i = 0; i < f->chain_n; i++)
			for (size_t k = 0; k < f->chains[i].rule_n; k++)
				if (leads_there(t, &f->chains[i], &f->chains[i].rules[k]))
					take_ports(t, &f->chains[i], &f->chains[i].rules[k]);
		more = ports->n + t->chain_n > before;
	}
}
