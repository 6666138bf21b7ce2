/* SPDX-License-Identifier: ISC
 *
 * The way of a connection's first packet through the chains of a hook: which rule translates it.
 * A condition that is not understood may hold or not: what follows from it is not certain, and the
 * walk goes on as if it did not hold. Hostile chains may jump in circles, or double at each jump.
 */
#include "audit/facts.h"

#include <limits.h>

enum { STEPS_MAX = 100000, JUMPS_MAX = 32 };
enum truth { NO, MAYBE, YES };
enum going { GO_ON, GO_BACK, GO_OUT };  /* the next rule; back from the chain; no more rules */

struct walk {
	const struct facts *f;
	const char *source;              /* jumps stay within one table of one tool */
	struct facts_packet *packet;
	struct facts_verdict *verdict;
	unsigned steps, depth;
	bool unsure;                     /* below a jump that may not have been made */
};

/* ---- conditions ---------- */

static bool name_fits(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);
	if (n && pattern[n - 1] == '*')
		return strncmp(pattern, name, n - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static bool name_in(const struct facts_match *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (name_fits(m->names[i], name))
			return true;
	return false;
}

static bool address_in(const struct facts_match *m, const struct ip *ip)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->spans[i].first.family == ip->family &&
		    ip_cmp(&m->spans[i].first, ip) <= 0 && ip_cmp(ip, &m->spans[i].last) <= 0)
			return true;
	return false;
}

/* "! ip saddr 10.0.0.0/8" never holds for IPv6, nor does its contrary. */
static bool other_family(const struct facts_match *m, const struct ip *ip)
{
	return m->n > 0 && m->spans[0].first.family != ip->family;
}

static bool number_in(const struct facts_match *m, uint32_t number)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->spans[i].low <= number && number <= m->spans[i].high)
			return true;
	return false;
}

static enum truth holds(const struct walk *w, const struct facts_match *m)
{
	const struct facts_packet *p = w->packet;
	bool yes;
	switch (m->field) {
	case FACTS_IN: yes = name_in(m, p->in); break;
	case FACTS_OUT: yes = name_in(m, p->out); break;
	case FACTS_FROM:
		if (other_family(m, &p->from.ip))
			return NO;
		yes = address_in(m, &p->from.ip);
		break;
	case FACTS_TO:
		if (other_family(m, &p->to.ip))
			return NO;
		yes = address_in(m, &p->to.ip);
		break;
	case FACTS_PORT: yes = number_in(m, p->to.port); break;
	case FACTS_PROTOCOL: yes = number_in(m, 6); break;
	case FACTS_MARK: yes = m->n && (p->mark & m->spans[0].high) == m->spans[0].low; break;
	case FACTS_TO_LOCAL: yes = facts_is_own(w->f, &p->to.ip); break;
	default: return MAYBE;
	}
	return yes != m->negated ? YES : NO;
}

static enum truth rule_holds(const struct walk *w, const struct facts_rule *rule)
{
	enum truth all = YES;
	for (size_t i = 0; i < rule->match_n; i++) {
		enum truth one = holds(w, &rule->matches[i]);
		if (one < all)
			all = one;
		if (all == NO)
			break;
	}
	return all;
}

/* ---- rules ---------- */

static int walk_chain(struct walk *w, const struct facts_chain *chain, enum going *going);

static const struct facts_chain *target_of(struct walk *w, const struct facts_chain *from,
                                           const char *name)
{
	w->steps += (unsigned)(w->f->chain_n / 64);
	for (size_t i = 0; i < w->f->chain_n; i++) {
		const struct facts_chain *c = &w->f->chains[i];
		if (c->family == from->family && strcmp(c->name, name) == 0 &&
		    strcmp(c->source, from->source) == 0 && strcmp(c->table, from->table) == 0)
			return c;
	}
	return NULL;
}

static void translate(struct walk *w, const struct facts_chain *chain,
                      const struct facts_rule *rule, bool sure)
{
	struct facts_verdict *v = w->verdict;
	if (!v->rule)
		*v = (struct facts_verdict){ .chain = chain, .rule = rule, .certain = sure };
	else if (v->other_n++ < FACTS_OTHERS_MAX)
		v->others[v->other_n - 1] = rule;
}

static int jump(struct walk *w, const struct facts_chain *chain, const struct facts_rule *rule,
                bool sure, enum going *going)
{
	const struct facts_chain *to = target_of(w, chain, rule->target);
	bool before = w->unsure;
	struct facts_packet packet = *w->packet;
	*going = GO_ON;
	if (!to)
		return ERR_OK;
	if (w->depth >= JUMPS_MAX)
		return ERR_LIMIT;
	w->unsure = before || !sure;
	w->depth++;
	int err = walk_chain(w, to, going);
	w->depth--;
	w->unsure = before;
	if (!sure) {                            /* it may as well not have been there */
		*w->packet = packet;
		*going = GO_ON;
	} else if (*going == GO_BACK) {
		*going = rule->action == FACTS_GOTO ? GO_BACK : GO_ON;
	}
	return err;
}

static int apply(struct walk *w, const struct facts_chain *chain, const struct facts_rule *rule,
                 bool sure, enum going *going)
{
	*going = GO_ON;
	switch (rule->action) {
	case FACTS_JUMP:
	case FACTS_GOTO:
		return jump(w, chain, rule, sure, going);
	case FACTS_SET_MARK:
		if (sure)
			w->packet->mark = (w->packet->mark & ~rule->mark_mask) ^ rule->mark;
		break;
	case FACTS_ACCEPT:
		*going = sure ? GO_OUT : GO_ON;
		break;
	case FACTS_RETURN:
		*going = sure ? GO_BACK : GO_ON;
		break;
	case FACTS_MASQUERADE:
	case FACTS_SNAT:
	case FACTS_DNAT:
	case FACTS_REDIRECT:
		/* In a table of both families ("inet") the kernel passes over it. */
		if (rule->to.ip.family && rule->to.ip.family != w->packet->to.ip.family)
			break;
		translate(w, chain, rule, sure && !w->unsure);
		*going = sure ? GO_OUT : GO_ON;
		break;
	case FACTS_TPROXY:                      /* a socket that does not want it passes it by */
		if (!rule->to.ip.family || rule->to.ip.family == w->packet->to.ip.family)
			translate(w, chain, rule, false);
		break;
	default:
		break;
	}
	return ERR_OK;
}

static int walk_chain(struct walk *w, const struct facts_chain *chain, enum going *going)
{
	int err = ERR_OK;
	for (size_t i = 0; i < chain->rule_n && err == ERR_OK; i++) {
		if (++w->steps > STEPS_MAX)
			return ERR_LIMIT;
		enum truth t = rule_holds(w, &chain->rules[i]);
		if (t == NO)
			continue;
		err = apply(w, chain, &chain->rules[i], t == YES, going);
		if (*going != GO_ON)
			return err;
	}
	*going = GO_BACK;
	return err;
}

/* The base chain that comes next: the lowest priority above the last, in order of the list. */
static const struct facts_chain *next_base(const struct facts *f, enum facts_hook hook,
                                           uint8_t family, const struct facts_chain *last)
{
	const struct facts_chain *best = NULL;
	for (size_t i = 0; i < f->chain_n; i++) {
		const struct facts_chain *c = &f->chains[i];
		bool later = !last || c->priority > last->priority ||
		             (c->priority == last->priority && c > last);
		if (c->hook == hook && (c->family == 0 || c->family == family) && later &&
		    (!best || c->priority < best->priority))
			best = c;
	}
	return best;
}

int facts_walk(const struct facts *f, enum facts_hook hook, struct facts_packet *packet,
               struct facts_verdict *verdict)
{
	struct walk w = { .f = f, .packet = packet, .verdict = verdict };
	const struct facts_chain *chain = NULL;
	*verdict = (struct facts_verdict){ .certain = true };
	while ((chain = next_base(f, hook, packet->to.ip.family, chain)) != NULL) {
		enum going going;
		w.steps += (unsigned)(f->chain_n / 64);
		int err = walk_chain(&w, chain, &going);
		if (err != ERR_OK)
			return err;
		if (verdict->rule && verdict->certain)
			break;
	}
	return ERR_OK;
}
