/* SPDX-License-Identifier: ISC
 *
 * Kinds of client. Addresses that are given (own, gateway, loopback) come first; for the others one
 * is looked for that is free, and within no narrower range, so that each row shows its own trust.
 */
#include "audit/kinds.h"

#include <assert.h>

enum { TRIES_MAX = 1500 };

struct choosing {
	const struct facts *f;
	const struct audit_asked *asked;
	struct audit_asker *clients;
	size_t n;
	bool cut;
};

const char *audit_asker_name(const struct audit_asker *client)
{
	static const char *const names[] = {
		[AUDIT_STRANGER4] = "stranger4", [AUDIT_STRANGER6] = "stranger6",
		[AUDIT_NEIGHBOUR] = "neighbour", [AUDIT_BRIDGE] = "gateway",
		[AUDIT_CONTAINER] = "neighbour", [AUDIT_GATEWAY] = "gateway",
		[AUDIT_LOOPBACK] = "loopback", [AUDIT_OWN] = "own", [AUDIT_RANGE] = "range",
		[AUDIT_OUTSIDE] = NULL, [AUDIT_SEEN] = "gateway",
	};
	assert((size_t)client->kind < sizeof(names) / sizeof(*names));
	if (client->kind == AUDIT_OUTSIDE)
		return client->ip.family == 4 ? "stranger4" : "stranger6";
	return names[client->kind];
}

bool audit_is_stranger(const struct audit_asker *asker)
{
	return asker->kind == AUDIT_STRANGER4 || asker->kind == AUDIT_STRANGER6;
}

/* ---- addresses ---------- */

static struct ip last_of(const struct prefix *p)
{
	struct ip last = p->ip;
	for (unsigned bit = p->len; bit < ip_bits(&p->ip); bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

/* The address before; false when it wrapped. */
static bool ip_before(struct ip *ip)
{
	for (size_t i = ip->family == 4 ? 4 : 16; i-- > 0;)
		if (ip->b[i]-- != 0)
			return true;
	return false;
}

bool audit_is_link_local(const struct ip *ip)
{
	return ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* From which a connection can come at all. */
static bool is_askable(const struct ip *ip)
{
	if (ip->family == 4)
		return ip->b[0] != 0 && ip->b[0] < 224;
	return ip->b[0] != 0xff && !ip_is_unspecified(ip) && !audit_is_link_local(ip);
}

static bool is_taken(const struct choosing *c, const struct ip *ip)
{
	for (size_t i = 0; i < c->n; i++)
		if (ip_eq(&c->clients[i].ip, ip))
			return true;
	for (size_t i = 0; i < c->asked->seen_n; i++)
		if (ip_eq(&c->asked->seen[i], ip))
			return true;
	return facts_holder(c->f, ip) != NULL;
}

/* The first or last address of a network of the machine: no host's. */
static bool is_edge(const struct facts *f, const struct ip *ip)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			struct prefix network = prefix_of(&a->ip, a->len);
			struct ip last = last_of(&network);
			if (ip->family != 4 || a->len >= 31)
				continue;
			if (ip_eq(&network.ip, ip) || ip_eq(&last, ip))
				return true;
		}
	return false;
}

/* A trusted range or a network of the machine that is a part of `within`, and has the address. */
static bool narrower(const struct choosing *c, const struct prefix *within, const struct ip *ip,
                     struct prefix *found)
{
	for (size_t i = 0; i < c->asked->trusted_n; i++) {
		const struct prefix *p = &c->asked->trusted[i];
		if (p->len > within->len && prefix_covers(within, p) && prefix_contains(p, ip)) {
			*found = *p;
			return true;
		}
	}
	for (size_t i = 0; i < c->f->interface_n; i++)
		for (size_t k = 0; k < c->f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &c->f->interfaces[i].addresses[k];
			*found = prefix_of(&a->ip, a->len);
			if (found->len > within->len && prefix_covers(within, found) &&
			    prefix_contains(found, ip))
				return true;
		}
	return false;
}

static bool pick_within(const struct choosing *c, const struct prefix *within, bool strict,
                        struct ip *ip)
{
	struct prefix inner;
	const struct ip last = last_of(within);
	*ip = within->ip;
	/* A half of all, or more: begin where hosts are. */
	if (ip->family == 4 && ip->b[0] == 0 && within->len < 8)
		ip->b[0] = ip->b[3] = 1;
	else if (ip->family == 6 && ip->b[0] == 0 && within->len < 3)
		ip->b[0] = 0x20, ip->b[15] = 1;
	for (unsigned tries = 0; tries < TRIES_MAX && prefix_contains(within, ip); tries++) {
		bool edge = within->ip.family == 4 && within->len < 31 &&
		            (ip_eq(ip, &within->ip) || ip_eq(ip, &last));
		if (strict && narrower(c, within, ip, &inner))
			*ip = last_of(&inner);
		else if (!edge && !(within->ip.family == 6 && ip_eq(ip, &within->ip) &&
		                    within->len < 127) &&
		         is_askable(ip) && !is_taken(c, ip) && !is_edge(c->f, ip))
			return true;
		if (ip_eq(ip, &last) || !ip_next(ip))
			break;
	}
	return false;
}

static const struct prefix *trusted_around(const struct choosing *c, const struct ip *ip)
{
	const struct prefix *widest = NULL;
	for (size_t i = 0; i < c->asked->trusted_n; i++) {
		const struct prefix *p = &c->asked->trusted[i];
		if (prefix_contains(p, ip) && (!widest || p->len < widest->len))
			widest = p;
	}
	return widest;
}

static bool pick_outside(const struct choosing *c, const struct prefix *range, bool up,
                         struct ip *ip)
{
	*ip = up ? last_of(range) : range->ip;
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		const struct prefix *around = trusted_around(c, ip);
		if (around)
			*ip = up ? last_of(around) : around->ip;
		else if (is_askable(ip) && !is_taken(c, ip) && !is_edge(c->f, ip) &&
		         !prefix_contains(range, ip))
			return true;
		if (up ? !ip_next(ip) : !ip_before(ip))
			return false;
	}
	return false;
}

/* ---- rows ---------- */

static void add(struct choosing *c, enum audit_kind kind, const struct ip *ip,
                const struct prefix *network, const char *interface, bool shared)
{
	if (c->n >= AUDIT_ASKERS_MAX) {
		c->cut = true;
		return;
	}
	c->clients[c->n++] = (struct audit_asker){ kind, *ip, *network, interface, shared };
}

/* One that is what it is; a second row of the same address says nothing new. */
static void add_given(struct choosing *c, enum audit_kind kind, const struct ip *ip,
                      const char *interface)
{
	struct prefix alone = prefix_of(ip, ip_bits(ip));
	for (size_t i = 0; i < c->n; i++)
		if (ip_eq(&c->clients[i].ip, ip))
			return;
	if (is_askable(ip))
		add(c, kind, ip, &alone, interface, false);
}

static void add_picked(struct choosing *c, enum audit_kind kind, const struct prefix *network,
                       const char *interface)
{
	struct ip ip;
	for (size_t i = 0; i < c->n; i++)
		if (c->clients[i].kind == kind && prefix_cmp(&c->clients[i].network, network) == 0)
			return;
	if (pick_within(c, network, true, &ip) || pick_within(c, network, false, &ip))
		add(c, kind, &ip, network, interface, false);
	else if (kind == AUDIT_RANGE && is_askable(&network->ip))
		add(c, kind, &network->ip, network, interface, true);
}

bool audit_is_container_bridge(const struct facts *f, const struct facts_interface *i)
{
	const struct facts_route *ways[] = { facts_gateway(f, 4), facts_gateway(f, 6) };
	for (size_t k = 0; k < 2; k++)
		if (ways[k] && strcmp(ways[k]->interface, i->name) == 0)
			return false;
	return i->kind == FACTS_BRIDGE;
}

static bool has_ipv6(const struct facts *f)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++)
			if (f->interfaces[i].addresses[k].ip.family == 6)
				return true;
	return false;
}

static void add_own(struct choosing *c)
{
	static const struct ip loopback4 = { 4, { 127, 0, 0, 1 } };
	static const struct ip loopback6 = { 6, { [15] = 1 } };
	const struct facts *f = c->f;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct ip far = audit_stranger(f, family, NULL, 0), source;
		const struct facts_interface *out = facts_way(f, &far, &source);
		if (out && source.family)
			add_given(c, AUDIT_OWN, &source, out->name);
	}
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++)
			if (facts_is_public(&f->interfaces[i].addresses[k].ip))
				add_given(c, AUDIT_OWN, &f->interfaces[i].addresses[k].ip,
				          f->interfaces[i].name);
	add_given(c, AUDIT_LOOPBACK, &loopback4, "lo");
	if (has_ipv6(f))
		add_given(c, AUDIT_LOOPBACK, &loopback6, "lo");
	for (unsigned family = 4; family <= 6; family += 2) {
		const struct facts_route *gateway = facts_gateway(f, family);
		if (gateway)
			add_given(c, AUDIT_GATEWAY, &gateway->via, gateway->interface);
	}
}

/* Calls for each network that is worth a question: no loopback, no link-local of IPv6, no lone
 * address. */
static void add_networks(struct choosing *c, bool given)
{
	size_t n = 0;
	for (size_t i = 0; i < c->f->interface_n; i++) {
		const struct facts_interface *at = &c->f->interfaces[i];
		bool bridge = audit_is_container_bridge(c->f, at);
		for (size_t k = 0; k < at->address_n; k++) {
			const struct facts_address *a = &at->addresses[k];
			struct prefix network = prefix_of(&a->ip, a->len);
			if (at->kind == FACTS_LOOPBACK || audit_is_link_local(&a->ip))
				continue;
			if (n++ >= AUDIT_NETWORKS_MAX) {
				c->cut = true;
				return;
			}
			if (given && bridge)
				add_given(c, AUDIT_BRIDGE, &a->ip, at->name);
			else if (!given && a->len < ip_bits(&a->ip))
				add_picked(c, bridge ? AUDIT_CONTAINER : AUDIT_NEIGHBOUR, &network,
				           at->name);
		}
	}
}

static void add_range(struct choosing *c, const struct prefix *range)
{
	if (is_askable(&range->ip) || range->len < 8)
		add_picked(c, AUDIT_RANGE, range, "");
}

/* Of more than are asked for, the wide ones before the others. */
static void add_trusted(struct choosing *c, size_t n)
{
	enum { WIDE4_BITS = 22, WIDE6_BITS = 48 };
	const struct audit_asked *asked = c->asked;
	for (size_t i = 0; i < asked->trusted_n && asked->trusted_n > n && n > 0; i++) {
		const struct prefix *range = &asked->trusted[i];
		if (range->len < (range->ip.family == 4 ? WIDE4_BITS : WIDE6_BITS)) {
			add_range(c, range);
			n--;
		}
	}
	for (size_t i = 0; i < n; i++)
		add_range(c, &asked->trusted[i]);
}

static void add_ranges(struct choosing *c)
{
	const struct audit_asked *asked = c->asked;
	size_t n = asked->trusted_n < AUDIT_RANGES_MAX ? asked->trusted_n : AUDIT_RANGES_MAX;
	struct ip ip;
	c->cut |= asked->trusted_n > n;
	add_trusted(c, n);
	for (size_t i = 0; i < n && !asked->partial; i++) {
		const struct prefix *range = &asked->trusted[i];
		bool seen = false;
		for (size_t k = 0; k < i; k++)
			seen |= prefix_cmp(&asked->trusted[k], range) == 0;
		if (seen || range->len == 0 || (range->ip.family == 4 && range->ip.b[0] == 127) ||
		    (range->ip.family == 6 && range->len == 128 && !facts_is_public(&range->ip)) ||
		    audit_is_link_local(&range->ip))
			continue;
		if (pick_outside(c, range, true, &ip) || pick_outside(c, range, false, &ip))
			add(c, AUDIT_OUTSIDE, &ip, range, "", false);
	}
}

/* ---- strangers ---------- */

static bool is_near(const struct facts *f, const struct ip *ip)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			struct prefix network = prefix_of(&a->ip, a->len);
			if (prefix_contains(&network, ip))
				return true;
		}
	return false;
}

/* Far apart, so that no range but that of all covers them all. */
static const struct ip strangers[] = {
	{ 4, { 8, 8, 8, 8 } }, { 4, { 77, 88, 8, 8 } }, { 4, { 101, 101, 101, 101 } },
	{ 4, { 156, 154, 70, 1 } }, { 4, { 195, 46, 39, 39 } }, { 4, { 45, 90, 28, 9 } },
	{ 4, { 216, 146, 35, 35 } }, { 4, { 41, 63, 0, 9 } }, { 4, { 128, 9, 0, 9 } },
	{ 6, { 0x2a, 0, [15] = 0x25 } }, { 6, { 0x26, 0, [15] = 0x25 } },
	{ 6, { 0x24, 0, [15] = 0x25 } }, { 6, { 0x28, 0, [15] = 0x25 } },
	{ 6, { 0x2c, 0x0f, [15] = 0x25 } }, { 6, { 0x20, 0x01, 0x48, 0x60, [15] = 0x25 } },
};

size_t audit_strangers(unsigned family, const struct ip **first)
{
	size_t n = 0;
	*first = NULL;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
		if (strangers[i].family == family && n++ == 0)
			*first = &strangers[i];
	return n;
}

struct ip audit_stranger(const struct facts *f, unsigned family, const struct prefix *ranges,
                         size_t range_n)
{
	const struct ip *fallback = NULL;
	assert(family == 4 || family == 6);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		bool trusted = false;
		if (strangers[i].family != family)
			continue;
		for (size_t k = 0; k < range_n; k++)
			trusted |= prefix_contains(&ranges[k], &strangers[i]);
		if (!is_near(f, &strangers[i])) {
			if (!trusted)
				return strangers[i];
			if (!fallback)
				fallback = &strangers[i];
		}
	}
	return fallback ? *fallback : strangers[family == 4 ? 0 : 9];
}

int audit_kinds(const struct facts *f, const struct audit_asked *asked,
                struct audit_asker **clients, size_t *n)
{
	static const struct prefix all4 = { { 4, { 0 } }, 0 }, all6 = { { 6, { 0 } }, 0 };
	struct choosing c = { .f = f, .asked = asked };
	c.clients = arena_alloc(f->arena, AUDIT_ASKERS_MAX * sizeof(*c.clients));
	struct ip four = audit_stranger(f, 4, asked->trusted, asked->trusted_n);
	struct ip six = audit_stranger(f, 6, asked->trusted, asked->trusted_n);
	add(&c, AUDIT_STRANGER4, &four, &all4, "", false);
	add(&c, AUDIT_STRANGER6, &six, &all6, "", false);
	add_own(&c);
	add_networks(&c, true);
	for (size_t i = 0; i < asked->seen_n; i++)
		add_given(&c, AUDIT_SEEN, &asked->seen[i], "");
	add_networks(&c, false);
	add_ranges(&c);
	*clients = c.clients;
	*n = c.n;
	return c.cut ? ERR_LIMIT : ERR_OK;
}
