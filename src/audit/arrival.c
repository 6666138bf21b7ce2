/* SPDX-License-Identifier: ISC
 *
 * A stranger's first packet is followed from the wire: the translation of destinations, the program
 * that takes it or the interface that it leaves by, the translation of sources; and again from
 * each program that passes it on.
 */
#include "audit/arrival.h"

#include "audit/facts-private.h"
#include "audit/kinds.h"

#include <assert.h>

enum { HOPS_MAX = 4, ARRIVALS_MAX = 256, FOLLOWED_MAX = 20000 };

struct following {
	struct facts *f;
	struct endpoint server;
	struct audit_arrival *v;
	size_t n;
	struct facts_ports ports;        /* at which a way to the server may begin */
	unsigned followed;
	int worst;
};

/* A packet on its way, and what has happened to it. */
struct follower {
	struct facts_packet packet;
	struct audit_arrival found;      /* as far as it has come */
	bool own_source;                 /* still the stranger's */
	const struct facts_rule *ingress;    /* of a Swarm's routing mesh, by which it went; NULL */
};

const char *audit_way_name(enum audit_way way)
{
	static const char *const names[] = {
		[AUDIT_DIRECT] = "direct", [AUDIT_BY_PROXY] = "proxy",
		[AUDIT_MASQUERADED] = "masquerade", [AUDIT_BY_NODE] = "node",
		[AUDIT_BY_LOOPBACK] = "loopback",
	};
	assert((size_t)way < sizeof(names) / sizeof(*names));
	return names[way];
}

/* ---- results ---------- */

static void add(struct following *g, const struct audit_arrival *a)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].family == a->family && g->v[i].port == a->port &&
		    g->v[i].way == a->way && ip_eq(&g->v[i].as, &a->as))
			return;
	if (g->n >= ARRIVALS_MAX) {
		g->worst = ERR_LIMIT;
		return;
	}
	FACTS_GROW(g->f->arena, g->v, g->n);
	g->v[g->n] = *a;
	if (!a->line)
		g->v[g->n].line = "";
	if (!a->cause)
		g->v[g->n].cause = "";
	g->n++;
}

static const char *family_name(unsigned family)
{
	return family == 4 ? "IPv4" : "IPv6";
}

static void arrived(struct following *g, struct follower *w)
{
	char as[IP_TEXT_MAX] = "";
	struct audit_arrival *a = &w->found;
	a->certain &= g->f->container == FACTS_NO_CONTAINER;
	if (w->own_source) {
		a->way = AUDIT_DIRECT;
		a->as = (struct ip){ 0 };
		a->cause = "";
		a->text = arena_printf(g->f->arena, "Strangers%s arrive at port %u by their own "
		                       "%s addresses.", a->certain ? "" : " may", a->port,
		                       family_name(a->family));
	} else {
		a->as = w->packet.from.ip;
		a->text = arena_printf(g->f->arena, "Strangers who connect to port %u by %s "
		                       "%sarrive as %s: %s.", a->port,
		                       family_name(a->family), a->certain ? "" : "may ",
		                       a->as.family ? ip_format(&a->as, as) : "this machine",
		                       a->text ? a->text : "");
	}
	add(g, a);
}

/* ---- steps ---------- */

static bool is_server(const struct following *g, const struct endpoint *at)
{
	const struct endpoint *s = &g->server;
	if (at->port != s->port)
		return false;
	if (s->ip.family == 0 || ip_is_unspecified(&s->ip))
		return facts_is_own(g->f, &at->ip) &&
		       (s->ip.family != 4 || at->ip.family == 4);
	return ip_eq(&s->ip, &at->ip);
}

static const struct facts_proxy *proxy_at(const struct following *g, const struct endpoint *at)
{
	for (size_t i = 0; i < g->f->proxy_n; i++)
		if (g->f->proxies[i].kind != FACTS_KLIPPER &&
		    facts_listens_at(&g->f->proxies[i].from, g->f->proxies[i].ports, at))
			return &g->f->proxies[i];
	return NULL;
}

static bool is_cluster_chain(const struct facts_chain *chain)
{
	return str_prefix(str_of(chain->name), STR("KUBE-")) ||
	       str_prefix(str_of(chain->name), STR("CNI-")) ||
	       str_search(str_of(chain->table), STR("kube")) != SIZE_MAX;
}

/* The sources as a rule of the hook changes them. */
static int translate_source(struct following *g, struct follower *w, enum facts_hook hook)
{
	struct facts_verdict verdict;
	struct ip own, to = w->packet.to.ip;
	int err = facts_walk(g->f, hook, &w->packet, &verdict);
	if (err != ERR_OK || !verdict.rule || (verdict.rule->action != FACTS_MASQUERADE &&
	                                       verdict.rule->action != FACTS_SNAT))
		return err;
	if (!verdict.certain) {                 /* both ways may be: the plain one, too */
		struct follower plain = *w;
		plain.found.certain = false;
		arrived(g, &plain);
		w->found.certain = false;
	}
	facts_way(g->f, &to, &own);
	bool fixed = verdict.rule->action == FACTS_SNAT && verdict.rule->to.ip.family;
	w->packet.from.ip = fixed ? verdict.rule->to.ip : own;
	w->own_source = false;
	w->found.way = is_cluster_chain(verdict.chain) ? AUDIT_BY_NODE : AUDIT_MASQUERADED;
	w->found.cause = w->found.way == AUDIT_BY_NODE ? "C4" : "C3";
	w->found.line = verdict.rule->text;
	w->found.text = arena_printf(g->f->arena, "a rule of %s in chain %s puts the machine's "
	                             "address in place of theirs", verdict.chain->source,
	                             facts_shown(g->f, str_of(verdict.chain->name)));
	return ERR_OK;
}

static const char *proxy_cause(const struct facts_proxy *proxy, unsigned family,
                               const struct ip *as)
{
	bool container = proxy->kind == FACTS_DOCKER_PROXY || proxy->kind == FACTS_ROOTLESSKIT ||
	                 proxy->kind == FACTS_ROOTLESSPORT || proxy->kind == FACTS_SLIRP4NETNS;
	if (proxy->kind == FACTS_FORKPROXY)
		return "C5";
	if (as->family && as->family != family)
		return "C1";
	return container ? "C2" : "C3";
}

/* A new connection, from the machine to where the program leads. */
static void pass_on(struct following *g, struct follower *w, const struct facts_proxy *proxy)
{
	struct facts_packet *p = &w->packet;
	const struct facts_interface *out;
	struct ip source = { 0 };
	bool elsewhere = proxy->kind == FACTS_FORKPROXY;   /* it connects in the container */
	unsigned offset = proxy->from.port && p->to.port > proxy->from.port ?
	                  (unsigned)(p->to.port - proxy->from.port) : 0;
	p->to = proxy->to;
	p->to.port = (uint16_t)(proxy->to.port ? proxy->to.port + offset : g->server.port);
	if (p->to.ip.family == 0)
		p->to.ip = g->server.ip;
	bool unknown = p->to.ip.family == 0 || ip_is_unspecified(&p->to.ip);
	out = unknown ? NULL : facts_way(g->f, &p->to.ip, &source);
	if (unknown)
		source = (struct ip){ 0 };
	if (proxy->keeps_source)
		return;
	p->from.ip = elsewhere ? p->to.ip : source;
	p->in = "";
	p->out = out ? out->name : "";
	p->mark = 0;
	w->own_source = false;
	w->found.way = ip_is_loopback(&p->from.ip) ? AUDIT_BY_LOOPBACK : AUDIT_BY_PROXY;
	w->found.cause = proxy_cause(proxy, w->found.family, &p->from.ip);
	w->found.line = proxy->text;
	w->found.text = arena_printf(g->f->arena, "%s (process %u) takes their connections and "
	                             "makes new ones to the server", proxy->program, proxy->pid);
}

/* Whether the program leads to the server; one that doesn't say where, may. */
static bool leads_to_server(const struct facts_proxy *proxy)
{
	return proxy->to.ip.family == 0 || proxy->kind == FACTS_FORKPROXY ||
	       proxy->kind == FACTS_PASTA;
}

/* ---- the way ---------- */

static void follow_klipper(struct following *g, struct follower *w)
{
	for (size_t i = 0; i < g->f->proxy_n; i++) {
		const struct facts_proxy *proxy = &g->f->proxies[i];
		if (proxy->kind != FACTS_KLIPPER || proxy->from.port != w->packet.to.port ||
		    proxy->to.port != g->server.port)
			continue;
		w->packet.from.ip = w->packet.to.ip;    /* the pod masquerades */
		w->own_source = false;
		w->found.way = AUDIT_BY_NODE;
		w->found.cause = "C4";
		w->found.line = proxy->text;
		w->found.text = "the load balancer of k3s (klipper-lb) masquerades in its pod";
		w->found.certain = false;
		arrived(g, w);
		return;
	}
}

/* Docker Swarm: behind its rule stands a namespace of its own, that balances and masquerades; the
 * server's address in the overlay network is not to be seen from here. */
static void follow_ingress(struct following *g, struct follower *w)
{
	if (!w->ingress)
		return;
	w->packet.from.ip = (struct ip){ 0 };
	w->own_source = false;
	w->found.way = AUDIT_BY_NODE;
	w->found.cause = "C2";
	w->found.line = w->ingress->text;
	w->found.text = "the routing mesh of Docker Swarm puts an address of its ingress network "
	                "in place of theirs";
	w->found.certain = false;
	arrived(g, w);
}

/* One hop from where the packet is: true if it goes on from a program. */
static int follow_hop(struct following *g, struct follower *w, bool *goes_on)
{
	struct facts_packet *p = &w->packet;
	const struct facts_proxy *proxy;
	struct ip source;
	int err;
	*goes_on = false;
	if (!facts_is_own(g->f, &p->to.ip)) {
		const struct facts_interface *out = facts_way(g->f, &p->to.ip, &source);
		p->out = out ? out->name : "";
		if (!is_server(g, &p->to)) {
			follow_klipper(g, w);
			follow_ingress(g, w);
			return ERR_OK;
		}
		err = translate_source(g, w, FACTS_POSTROUTING);
		if (err == ERR_OK)
			arrived(g, w);
		return err;
	}
	proxy = proxy_at(g, &p->to);
	if (proxy) {
		bool may = leads_to_server(proxy);
		pass_on(g, w, proxy);
		if (proxy->to.ip.family == 0 && !proxy->keeps_source)
			w->found.certain = false;
		if (may || is_server(g, &p->to))
			arrived(g, w);
		else
			*goes_on = true;
		return ERR_OK;
	}
	if (!is_server(g, &p->to))
		return ERR_OK;
	p->out = "";
	err = translate_source(g, w, FACTS_INPUT);
	if (err == ERR_OK)
		arrived(g, w);
	return err;
}

static int follow(struct following *g, const struct follower *from, enum facts_hook hook,
                  unsigned hop);

/* Where the rules have led it. */
static int follow_on(struct following *g, struct follower *w, unsigned hop)
{
	bool goes_on;
	int err = follow_hop(g, w, &goes_on);
	if (err != ERR_OK || !goes_on)
		return err;
	return hop + 1 < HOPS_MAX ? follow(g, w, FACTS_OUTPUT, hop + 1) : ERR_LIMIT;
}

/* Where a rule may hold or not, both ways are followed. */
static int follow(struct following *g, const struct follower *from, enum facts_hook hook,
                  unsigned hop)
{
	struct facts_verdict verdict;
	struct follower w = *from;
	if (g->followed++ > FOLLOWED_MAX)
		return ERR_LIMIT;
	int err = facts_walk(g->f, hook, &w.packet, &verdict);
	if (err != ERR_OK)
		return err;
	struct follower plain = w;
	w.found.certain &= verdict.certain;
	plain.found.certain = w.found.certain;
	for (size_t i = 0; verdict.rule && i <= verdict.other_n && err == ERR_OK; i++) {
		struct follower one = w;
		if (i > FACTS_OTHERS_MAX)
			return ERR_LIMIT;
		const struct facts_rule *rule = i ? verdict.others[i - 1] : verdict.rule;
		if (facts_leads_on(rule))
			facts_lead(g->f, rule, &one.packet);
		if (i == 0 && strcmp(verdict.chain->name, "DOCKER-INGRESS") == 0)
			one.ingress = verdict.rule;
		err = follow_on(g, &one, hop);
	}
	if (err == ERR_OK && (!verdict.rule || !verdict.certain))
		err = follow_on(g, &plain, hop);
	return err;
}

/* Where strangers come in, and to which address: by the way back to them; where that stands in a
 * table of policy routing, which we don't read, by an address that the Internet may know. */
static const struct facts_interface *way_in(const struct facts *f, const struct ip *stranger,
                                            struct ip *own)
{
	const struct facts_interface *in = facts_way(f, stranger, own);
	if (in && own->family)
		return in;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct ip *ip = &f->interfaces[i].addresses[k].ip;
			bool local = ip->family == 4 ? ip->b[0] == 127 || ip->b[0] == 169
			                             : (ip->b[0] & 0xe0) != 0x20;
			if (ip->family == stranger->family && !local && !facts_is_private(ip)) {
				*own = *ip;
				return &f->interfaces[i];
			}
		}
	return NULL;
}

static int follow_family(struct following *g, unsigned family)
{
	struct ip own, stranger = audit_stranger(g->f, family, NULL, 0);
	const struct facts_interface *in = way_in(g->f, &stranger, &own);
	int err = ERR_OK;
	if (!in)
		return ERR_OK;                  /* they have no way here */
	for (size_t i = 0; i < g->ports.n && err == ERR_OK; i++) {
		struct follower w = {
			.packet = { { stranger, 40000 }, { own, g->ports.v[i] }, in->name, "", 0 },
			.found = { .family = (uint8_t)family, .port = g->ports.v[i],
			           .certain = true },
			.own_source = true,
		};
		err = follow(g, &w, FACTS_PREROUTING, 0);
	}
	return err;
}

/* ---- from within a container ---------- */

/* What the host does is not to be seen from here; what each kind of it may do is known. */
static void add_outer(struct following *g, unsigned family, enum audit_way way, const struct ip *as,
                      const char *cause, const char *why)
{
	char text[IP_TEXT_MAX] = "";
	struct audit_arrival a = { .family = (uint8_t)family, .way = way, .as = *as,
	                           .cause = cause, .line = g->f->container_why };
	if (as->family)
		ip_format(as, text);
	a.text = arena_printf(g->f->arena, "We are inside %s: strangers by %s may arrive "
	                      "as %s, %s.",
	                      facts_container_name(g->f->container), family_name(family),
	                      as->family ? text : "a node of the cluster", why);
	add(g, &a);
}

/* Rootless Podman: the program that publishes ports connects from the container's own address. */
static bool own_tap(const struct facts *f, struct ip *ip)
{
	for (size_t i = 0; i < f->interface_n; i++)
		if (strcmp(f->interfaces[i].name, "tap0") == 0 && f->interfaces[i].address_n) {
			*ip = f->interfaces[i].addresses[0].ip;
			return true;
		}
	return false;
}

static void find_outer(struct following *g)
{
	static const struct ip loopback = { 4, { 127, 0, 0, 1 } }, none = { 0 };
	const struct facts *f = g->f;
	const struct facts_route *four = facts_gateway(f, 4), *six = facts_gateway(f, 6);
	const struct ip *gateway = four ? &four->via : six ? &six->via : &none;
	struct ip tap;
	if (f->container == FACTS_KUBERNETES) {
		add_outer(g, 4, AUDIT_BY_NODE, four ? &four->via : &none, "C4",
		          "where the load balancer or node port does not keep the source");
		add_outer(g, 4, AUDIT_BY_NODE, &none, "C4",
		          "where the service's externalTrafficPolicy is not Local");
		return;
	}
	if (f->container == FACTS_LXC)
		add_outer(g, 4, AUDIT_BY_LOOPBACK, &loopback, "C5",
		          "where a proxy device leads into the container");
	if (own_tap(f, &tap))
		add_outer(g, 4, AUDIT_BY_PROXY, &tap, "C2",
		          "where rootlessport publishes the port");
	if (gateway->family == 0)
		return;
	if (!six)
		add_outer(g, 6, AUDIT_BY_PROXY, gateway, "C1",
		          "as the container has no IPv6 and the host may pass it on");
	add_outer(g, 4, AUDIT_BY_PROXY, gateway, "C2",
	          "where a program on the host passes connections on, or rules masquerade them");
}

/* A private address is reached by way of a router, which may masquerade what comes in, too. */
static void find_router(struct following *g, unsigned family)
{
	struct ip own, stranger = audit_stranger(g->f, family, NULL, 0);
	const struct facts_interface *in = facts_way(g->f, &stranger, &own);
	const struct facts_route *gateway = facts_gateway(g->f, family);
	char text[IP_TEXT_MAX];
	if (!in || !gateway || !facts_is_private(&own))
		return;
	struct audit_arrival a = { .family = (uint8_t)family, .way = AUDIT_MASQUERADED,
	                           .as = gateway->via, .cause = "C3" };
	a.text = arena_printf(g->f->arena, "This machine's address is private: the router %s that "
	                      "leads strangers to it may put its own address in place of "
	                      "theirs.", ip_format(&gateway->via, text));
	add(g, &a);
}

int audit_arrivals(struct facts *f, const struct endpoint *server,
                   struct audit_arrival **arrivals, size_t *n)
{
	struct following g = { .f = f, .server = *server, .worst = ERR_OK };
	int err = ERR_OK;
	facts_ports_add(&g.ports, server->port);
	facts_ports_trace(f, &g.ports);
	if (g.ports.cut)
		g.worst = ERR_LIMIT;
	for (unsigned family = 4; family <= 6; family += 2) {
		int one = follow_family(&g, family);
		err = err == ERR_OK ? one : err;
		if (f->container == FACTS_NO_CONTAINER && g.n > 0)
			find_router(&g, family);
	}
	if (f->container != FACTS_NO_CONTAINER)
		find_outer(&g);
	*arrivals = g.v;
	*n = g.n;
	return err == ERR_OK ? g.worst : err;
}
