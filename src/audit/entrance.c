/* SPDX-License-Identifier: ISC
 *
 * A packet from the wire goes through the rules that change its destination, then to a program
 * that passes it on, and from there again through rules. Where a rule may hold or not, both ways
 * are followed.
 */
#include "audit/entrance.h"

#include "audit/facts-private.h"
#include "audit/kinds.h"

enum { HOPS_MAX = 4, KNOCKED_MAX = 128, WIRES_MAX = 16, WORK_MAX = 50 << 20 };

struct entering {
	struct facts *f;
	struct audit_entrance *v;
	size_t n;
	struct ip knocked[KNOCKED_MAX];  /* addresses at which strangers may knock */
	const char *wires[WIRES_MAX];    /* interfaces by which they come */
	struct facts_ports mail, ports;  /* at which servers may be; at which strangers knock */
	size_t knocked_n, wire_n;
	uint64_t work;
	int worst;
};

/* A connection on its way. */
struct step {
	struct facts_packet packet;
	struct audit_entrance found;
	unsigned hop;
};

/* ---- programs ---------- */

static const struct { const char *program; enum mta mta; } servers[] = {
	{ "master", MTA_POSTFIX }, { "exim4", MTA_EXIM }, { "exim", MTA_EXIM },
	{ "sendmail-mta", MTA_SENDMAIL }, { "sendmail", MTA_SENDMAIL },
	{ "smtpd", MTA_OPENSMTPD },
};

enum mta audit_mta_of_process(const char *program)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
		if (strcmp(program, servers[i].program) == 0)
			return servers[i].mta;
	return MTA_UNKNOWN;
}

static bool is_one_of(const char *program, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(program, names[i]) == 0)
			return true;
	return false;
}

/* They pass nothing on but for whoever logs in, or nothing at all. */
static bool is_harmless(const char *program)
{
	static const char *const names[] = { "portreeve", "dovecot", "submission-login" };
	return is_one_of(program, names, sizeof(names) / sizeof(*names));
}

/* They hold a socket for whomever they start. */
static bool is_supervisor(const char *program)
{
	static const char *const names[] = { "", "systemd", "init", "inetd", "xinetd" };
	return is_one_of(program, names, sizeof(names) / sizeof(*names));
}

/* ---- results ---------- */

static bool is_same(const struct audit_entrance *a, const struct audit_entrance *b)
{
	if (a->at.port != b->at.port || a->listener != b->listener)
		return false;
	if (a->listener)
		return true;
	if (a->to.ip.family == 0 || b->to.ip.family == 0)
		return a->to.ip.family == b->to.ip.family && (a->proxy && b->proxy
			? a->proxy->pid == b->proxy->pid
			: a->proxy == b->proxy && strcmp(a->line, b->line) == 0);
	return a->to.port == b->to.port && ip_eq(&a->to.ip, &b->to.ip);
}

/* At a port that leads to mail by one way another one may lead to the web. */
static bool may_be_mail(const struct entering *g, const struct audit_entrance *e)
{
	return facts_ports_have(&g->mail, e->at.port) || facts_ports_have(&g->mail, e->to.port) ||
	       (e->listener && audit_mta_of_process(e->listener->program) != MTA_UNKNOWN);
}

static void entered(struct entering *g, const struct audit_entrance *e)
{
	if (!may_be_mail(g, e))
		return;
	for (size_t i = 0; i < g->n; i++)
		if (is_same(&g->v[i], e))
			return;
	if (g->n >= AUDIT_ENTRANCES_MAX) {
		g->worst = ERR_LIMIT;
		return;
	}
	FACTS_GROW(g->f->arena, g->v, g->n);
	g->v[g->n++] = *e;
}

static void led_by(struct entering *g, struct step *s, const char *by, const char *line)
{
	s->found.by = s->found.by[0] ? arena_printf(g->f->arena, "%s, then %s", s->found.by, by)
	                             : by;
	s->found.line = line;
}

/* ---- the way ---------- */

static void follow_packet(struct entering *g, const struct step *from, enum facts_hook hook);

/* The program makes a new connection. */
static void follow_proxy(struct entering *g, const struct step *from,
                         const struct facts_proxy *proxy)
{
	struct step s = *from;
	struct facts_packet *p = &s.packet;
	unsigned offset = proxy->from.port && p->to.port > proxy->from.port ?
	                  (unsigned)(p->to.port - proxy->from.port) : 0;
	s.found.proxy = proxy;
	led_by(g, &s, arena_printf(g->f->arena, "%s (process %u)", proxy->program, proxy->pid),
	       proxy->text);
	p->to.ip = ip_is_unspecified(&proxy->to.ip) ? (struct ip){ 0 } : proxy->to.ip;
	p->to.port = (uint16_t)(proxy->to.port ? proxy->to.port + offset : 0);
	p->in = "";
	p->mark = 0;
	s.hop++;
	if (p->to.ip.family == 0 || p->to.port == 0) {
		s.found.to = p->to;
		s.found.to.ip.family = 0;
		entered(g, &s.found);
	} else if (s.hop < HOPS_MAX) {
		follow_packet(g, &s, FACTS_OUTPUT);
	} else {
		g->worst = ERR_LIMIT;
	}
}

/* A program that passes on, at a socket of which its command line says nothing. */
static const struct facts_proxy *proxy_of(const struct facts *f, const struct facts_listener *l)
{
	for (size_t i = 0; i < f->proxy_n && l->pid; i++)
		if (f->proxies[i].pid == l->pid && f->proxies[i].kind != FACTS_KLIPPER &&
		    (!f->proxies[i].from.port || f->proxies[i].from.port == l->at.port))
			return &f->proxies[i];
	return NULL;
}

static void take_listeners(struct entering *g, const struct step *from)
{
	const struct facts *f = g->f;
	for (size_t i = 0; i < f->listener_n; i++) {
		struct step s = *from;
		if (!facts_listens_at(&f->listeners[i].at, 1, &s.packet.to))
			continue;
		const struct facts_proxy *proxy = proxy_of(f, &f->listeners[i]);
		s.found.to = s.packet.to;
		s.found.listener = proxy ? NULL : &f->listeners[i];
		if (proxy)
			follow_proxy(g, from, proxy);
		else
			entered(g, &s.found);
	}
}

/* Here the packet has come to. */
static void arrive(struct entering *g, const struct step *s)
{
	const struct facts *f = g->f;
	bool passed_on = false;
	if (!facts_is_own(f, &s->packet.to.ip)) {
		struct step out = *s;
		out.found.to = s->packet.to;
		if (out.found.by[0])             /* else it is not for this machine */
			entered(g, &out.found);
		return;
	}
	for (size_t i = 0; i < f->proxy_n; i++)
		if (f->proxies[i].kind != FACTS_KLIPPER &&
		    facts_listens_at(&f->proxies[i].from, f->proxies[i].ports, &s->packet.to)) {
			passed_on = true;
			follow_proxy(g, s, &f->proxies[i]);
		}
	if (!passed_on)
		take_listeners(g, s);
}

static void follow_rule(struct entering *g, const struct step *from, const char *where,
                        const struct facts_rule *rule)
{
	struct step s = *from;
	if (!facts_leads_on(rule))
		return;
	facts_lead(g->f, rule, &s.packet);
	led_by(g, &s, where, rule->text ? rule->text : "");
	arrive(g, &s);
	if (rule->to_others) {
		s.found.to = (struct endpoint){ .port = s.packet.to.port };
		entered(g, &s.found);
	}
}

static void follow_packet(struct entering *g, const struct step *from, enum facts_hook hook)
{
	struct facts_verdict verdict;
	struct step s = *from;
	g->work += g->f->rule_n + 1;
	int err = g->work > WORK_MAX ? ERR_LIMIT : facts_walk(g->f, hook, &s.packet, &verdict);
	if (err != ERR_OK) {
		g->worst = err;
		return;
	}
	if (verdict.other_n > FACTS_OTHERS_MAX)
		g->worst = ERR_LIMIT;
	const char *where = !verdict.rule ? "" : arena_printf(g->f->arena,
		"a rule of %s in chain %s", verdict.chain->source,
		facts_shown(g->f, str_of(verdict.chain->name)));
	if (verdict.rule)
		follow_rule(g, &s, where, verdict.rule);
	for (size_t i = 0; i < verdict.other_n && i < FACTS_OTHERS_MAX; i++)
		follow_rule(g, &s, "another rule behind that", verdict.others[i]);
	/* What changes sources there changes no destination. */
	if (!verdict.rule || !verdict.certain || !facts_leads_on(verdict.rule))
		arrive(g, &s);
}

/* ---- where it begins ---------- */

/* That it may know, those of documents as well. */
static bool is_of_internet(const struct ip *ip)
{
	bool local = ip->family == 4 ? ip->b[0] == 127 || ip->b[0] == 169 || ip->b[0] >= 224
	                             : (ip->b[0] & 0xe0) != 0x20;
	return !local && !facts_is_private(ip);
}

static void add_knocked(struct entering *g, const struct ip *ip)
{
	if (ip_is_loopback(ip) || ip_is_unspecified(ip) ||
	    (ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80))
		return;
	for (size_t i = 0; i < g->knocked_n; i++)
		if (ip_eq(&g->knocked[i], ip))
			return;
	if (g->knocked_n < KNOCKED_MAX)
		g->knocked[g->knocked_n++] = *ip;
	else
		g->worst = ERR_LIMIT;
}

static bool leads_on(const struct facts_chain *c)
{
	for (size_t i = 0; i < c->rule_n; i++)
		if (facts_leads_on(&c->rules[i]) || c->rules[i].action == FACTS_JUMP ||
		    c->rules[i].action == FACTS_GOTO)
			return true;
	return false;
}

/* An address that a rule leads on, though no interface has it: a router leads it here. */
static void find_knocked_of_rules(struct entering *g)
{
	for (size_t i = 0; i < g->f->chain_n; i++) {
		const struct facts_chain *c = &g->f->chains[i];
		for (size_t k = 0; leads_on(c) && k < c->rule_n; k++)
			for (size_t m = 0; m < c->rules[k].match_n; m++) {
				const struct facts_match *match = &c->rules[k].matches[m];
				if (match->field == FACTS_TO && !match->negated && match->n &&
				    ip_eq(&match->spans[0].first, &match->spans[0].last) &&
				    is_of_internet(&match->spans[0].first))
					add_knocked(g, &match->spans[0].first);
			}
	}
}

static void add_wire(struct entering *g, const char *name)
{
	for (size_t i = 0; i < g->wire_n; i++)
		if (strcmp(g->wires[i], name) == 0)
			return;
	if (g->wire_n < WIRES_MAX)
		g->wires[g->wire_n++] = name;
	else
		g->worst = ERR_LIMIT;
}

/* Where the Internet is: the way back to it, and what has a public address. Where neither is, all
 * but what leads to containers. */
static void find_wires(struct entering *g)
{
	const struct facts *f = g->f;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct ip own, stranger = audit_stranger(f, family, NULL, 0);
		const struct facts_interface *in = facts_way(f, &stranger, &own);
		if (in)
			add_wire(g, in->name);
	}
	for (int public = 1; public >= 0 && (public || g->wire_n == 0); public--)
		for (size_t i = 0; i < f->interface_n; i++) {
			const struct facts_interface *at = &f->interfaces[i];
			bool fits = !public && at->address_n > 0;
			for (size_t k = 0; k < at->address_n && public; k++)
				fits |= is_of_internet(&at->addresses[k].ip);
			if (fits && at->kind != FACTS_LOOPBACK && at->kind != FACTS_CONTAINER_END &&
			    !audit_is_container_bridge(f, at))
				add_wire(g, at->name);
		}
}

/* The usual ones, those of mail servers here and in containers, and all that lead to one of them:
 * a container's port may be published by any number. */
static void find_ports(struct entering *g, const struct audit_asked_at *asked, size_t asked_n)
{
	static const uint16_t usual[] = { 25, 465, 587, 2525 };
	const struct facts *f = g->f;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		facts_ports_add(&g->ports, usual[i]);
	for (size_t i = 0; i < asked_n; i++)
		facts_ports_add(&g->ports, asked[i].at.port);
	for (size_t i = 0; i < f->listener_n; i++)
		if (audit_mta_of_process(f->listeners[i].program) != MTA_UNKNOWN)
			facts_ports_add(&g->ports, f->listeners[i].at.port);
	for (size_t i = 0; i < f->inner_port_n; i++)
		facts_ports_add(&g->ports, f->inner_ports[i]);
	g->mail = g->ports;
	facts_ports_trace(g->f, &g->ports);
	if (g->ports.cut || f->inner_cut)
		g->worst = ERR_LIMIT;
}

static void knock(struct entering *g, const struct ip *ip, const char *wire, uint16_t port)
{
	struct ip stranger = audit_stranger(g->f, ip->family, NULL, 0);
	struct step s = {
		.packet = { { stranger, 40000 }, { *ip, port }, wire, "", 0 },
		.found = { .at = { *ip, port }, .by = "", .line = "", .why_not = "" },
	};
	follow_packet(g, &s, FACTS_PREROUTING);
}

int audit_entrances(struct facts *f, const struct audit_asked_at *asked, size_t asked_n,
                    struct audit_entrance **entrances, size_t *n)
{
	struct entering g = { .f = f, .worst = ERR_OK };
	find_ports(&g, asked, asked_n);
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++)
			add_knocked(&g, &f->interfaces[i].addresses[k].ip);
	find_knocked_of_rules(&g);
	find_wires(&g);
	for (size_t p = 0; p < g.ports.n; p++)
		for (size_t i = 0; i < g.knocked_n; i++)
			for (size_t w = 0; w < g.wire_n && g.work <= WORK_MAX; w++)
				knock(&g, &g.knocked[i], g.wires[w], g.ports.v[p]);
	*entrances = g.v;
	*n = g.n;
	return g.worst;
}

/* ---- which of them were asked ---------- */

static bool covers(const struct audit_asked_at *a, const struct endpoint *at)
{
	const struct ip *ip = &a->at.ip;
	return a->at.port == at->port &&
	       (ip->family == 0 || ip_is_unspecified(ip) || ip_eq(ip, &at->ip));
}

/* Of this machine's own servers that one listens: was its installation asked? What runs may be of
 * another day than its files, so its ports need not be those; two of a kind are told apart by
 * them. */
static bool is_installation(const struct facts *f, const struct audit_asked_at *a,
                            const struct facts_listener *l)
{
	bool alone = true;
	for (size_t i = 0; i < f->listener_n; i++) {
		const struct facts_listener *other = &f->listeners[i];
		if (other->elsewhere || !facts_is_for_mail(other->at.port) ||
		    audit_mta_of_process(other->program) != a->mta)
			continue;
		if (other->pid != l->pid)
			alone = false;
		else if (a->at.port == other->at.port)
			return true;
	}
	return alone;
}

static bool is_asked_here(const struct facts *f, const struct audit_asked_at *a,
                          const struct audit_entrance *e)
{
	const struct facts_listener *l = e->listener;
	enum mta mta = audit_mta_of_process(l->program);
	if (l->elsewhere || a->pid)
		return l->elsewhere && a->pid && a->pid == l->pid;
	if (l->other_program)
		return false;
	if (mta != MTA_UNKNOWN)
		return mta == a->mta && l->started && strcmp(l->started, a->started) == 0 &&
		       (covers(a, &e->to) || is_installation(f, a, l));
	return is_supervisor(l->program) && covers(a, &e->to);
}

void audit_entrances_mark(const struct facts *f, const struct audit_asked_at *asked,
                          size_t asked_n, struct audit_entrance *entrances, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct audit_entrance *e = &entrances[i];
		e->asked = e->listener && !e->listener->elsewhere &&
		           is_harmless(e->listener->program);
		for (size_t k = 0; k < asked_n && !e->asked && !e->unsettled; k++)
			e->asked = e->listener ? is_asked_here(f, &asked[k], e)
			         : e->to.ip.family != 0 && asked[k].pid != 0 &&
			           asked[k].at.port == e->to.port &&
			           ip_eq(&asked[k].at.ip, &e->to.ip);
	}
}

/* ---- in words ---------- */

const char *audit_entrance_what(struct arena *a, const struct audit_entrance *e)
{
	return arena_printf(a, "port %u of this machine", e->at.port);
}

static const char *taker_words(struct arena *a, const struct facts_listener *l)
{
	enum mta mta = audit_mta_of_process(l->program);
	const char *title = mta != MTA_UNKNOWN ? mta_title(mta)
	                  : l->program[0] ? l->program : "a program that could not be seen";
	const bool own = mta != MTA_UNKNOWN && !l->elsewhere;
	return arena_printf(a, "%s%s%s%s%s%s", title,
	                    l->pid ? arena_printf(a, " (process %u)", l->pid) : "",
	                    l->elsewhere ? " in a container" : "",
	                    l->other_program ? arena_printf(a, ", whose program is %s and not the "
	                                                    "one that is installed,",
	                                                    l->other_program) : "",
	                    own && !l->started ? ", by which options is not known,"
	                    : own && l->started[0] ? " by " : "",
	                    own && l->started ? l->started : "");
}

const char *audit_entrance_why(struct arena *a, const struct audit_entrance *e)
{
	char text[ENDPOINT_TEXT_MAX];
	const char *line = e->line[0] && e->by[0] ? arena_printf(a, " (%s)", e->line) : "";
	const char *to = e->to.ip.family ? endpoint_format(&e->to, text) : "";
	const char *not = e->why_not[0] ? arena_printf(a, "which was not asked: %s", e->why_not)
	                                : "which was not asked";
	if (!e->listener)
		return arena_printf(a, "it leads by %s%s to %s, %s", e->by, line, to[0] ? to :
		                    e->proxy ? "where its command line does not say"
		                             : "more than one place, or to one that is not known",
		                    not);
	if (e->by[0])
		return arena_printf(a, "it leads by %s%s to %s of this machine, where %s listens, "
		                    "%s", e->by, line, to, taker_words(a, e->listener), not);
	return arena_printf(a, "%s listens there, %s", taker_words(a, e->listener), not);
}
