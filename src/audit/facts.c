/* SPDX-License-Identifier: ISC
 *
 * The facts as they are built up, and plain questions to them.
 */
#include "audit/facts-private.h"

#include <assert.h>
#include <net/if.h>

void facts_begin(struct facts *f, struct arena *a)
{
	*f = (struct facts){ .arena = a, .container_why = "" };
}

const char *facts_kind_name(enum facts_kind kind)
{
	static const char *const names[] = {
		[FACTS_LOOPBACK] = "loopback", [FACTS_ETHERNET] = "ethernet",
		[FACTS_BRIDGE] = "bridge", [FACTS_CONTAINER_END] = "container-end",
		[FACTS_TUNNEL] = "tunnel", [FACTS_DUMMY] = "dummy", [FACTS_OTHER] = "other",
	};
	assert((size_t)kind < sizeof(names) / sizeof(*names));
	return names[kind];
}

const char *facts_container_name(enum facts_container container)
{
	static const char *const names[] = {
		[FACTS_NO_CONTAINER] = "none", [FACTS_DOCKER] = "Docker",
		[FACTS_PODMAN] = "Podman", [FACTS_LXC] = "LXC",
		[FACTS_KUBERNETES] = "Kubernetes", [FACTS_NSPAWN] = "systemd-nspawn",
		[FACTS_SOME_CONTAINER] = "a container",
	};
	assert((size_t)container < sizeof(names) / sizeof(*names));
	return names[container];
}

bool facts_is_for_mail(unsigned port)
{
	return port == 25 || port == 465 || port == 587 || port == 2525;
}

bool facts_listens_at(const struct endpoint *listener, unsigned ports, const struct endpoint *at)
{
	if (listener->port == 0 || at->port < listener->port ||
	    (unsigned)(at->port - listener->port) >= (ports ? ports : 1))
		return false;
	return listener->ip.family == 0 || ip_eq(&listener->ip, &at->ip) ||
	       (ip_is_unspecified(&listener->ip) &&
	        (listener->ip.family == at->ip.family || listener->ip.family == 6));
}

/* ---- growing ---------- */

/* Powers of two from 4 on are where it is full: no capacity needs to be kept. */
void *facts_grow(struct arena *a, void *v, size_t n, size_t size_bytes)
{
	enum { FIRST = 4 };
	if (n != 0 && (n < FIRST || (n & (n - 1)) != 0))
		return v;
	char *bigger = arena_alloc(a, (n ? 2 * n : FIRST) * size_bytes);
	if (n)
		memcpy(bigger, v, n * size_bytes);
	return bigger;
}

bool facts_may_search(struct facts *f, size_t n)
{
	const uint64_t most = 50u << 20;
	f->work += n;
	f->cut |= f->work > most;
	return f->work <= most;
}

void facts_unread(struct facts *f, const char *what, const char *why)
{
	if (f->unread_n >= FACTS_UNREAD_MAX)
		return;
	FACTS_GROW(f->arena, f->unread, f->unread_n);
	f->unread[f->unread_n++] = (struct audit_unread){ what, why };
}

const char *facts_shown(struct facts *f, struct str s)
{
	enum { SHOWN_MAX = 400 };
	struct buf shown = { 0 };
	size_t n = s.n > SHOWN_MAX ? SHOWN_MAX : s.n;
	/* Quotes and backslashes stay as they are: this is no string of a log. */
	for (size_t i = 0; i < n; i++)
		if (ascii_isprint((unsigned char)s.p[i]))
			buf_add_byte(&shown, s.p[i]);
		else
			buf_add_escaped(&shown, (struct str){ s.p + i, 1 });
	if (s.n > n)
		buf_add_cstr(&shown, "…");
	const char *text = arena_strdup(f->arena, str_of(buf_cstr(&shown)));
	buf_fini(&shown);
	return text;
}

bool facts_variable(struct str environ_, const char *name, struct str *value)
{
	size_t n = strlen(name);
	while (environ_.n) {
		size_t end = str_find(environ_, '\0');
		struct str word = { environ_.p, end == SIZE_MAX ? environ_.n : end };
		if (word.n > n && str_prefix(word, (struct str){ name, n }) && word.p[n] == '=') {
			*value = str_from(word, n + 1);
			return true;
		}
		environ_ = str_from(environ_, end == SIZE_MAX ? environ_.n : end + 1);
	}
	return false;
}

/* ---- interfaces ---------- */

/* The kernel's own rule (dev_valid_name), and nothing that a terminal might obey. */
static bool is_interface_name(struct str name)
{
	if (name.n == 0 || name.n >= IFNAMSIZ || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isprint((unsigned char)name.p[i]) || name.p[i] == ' ' ||
		    name.p[i] == '/' || name.p[i] == ':')
			return false;
	return true;
}

struct facts_interface *facts_interface_of(struct facts *f, struct str name)
{
	if (!facts_may_search(f, f->interface_n))
		return NULL;
	for (size_t i = 0; i < f->interface_n; i++)
		if (str_eq(str_of(f->interfaces[i].name), name))
			return &f->interfaces[i];
	f->cut |= f->interface_n >= FACTS_INTERFACES_MAX;
	if (f->interface_n >= FACTS_INTERFACES_MAX || !is_interface_name(name))
		return NULL;
	FACTS_GROW(f->arena, f->interfaces, f->interface_n);
	struct facts_interface *made = &f->interfaces[f->interface_n++];
	*made = (struct facts_interface){
		.name = arena_strdup(f->arena, name), .up = true,
		.kind = str_eq(name, STR("lo")) ? FACTS_LOOPBACK : FACTS_OTHER,
	};
	return made;
}

int facts_add_address(struct facts *f, struct str interface, const struct ip *ip, unsigned len)
{
	struct facts_interface *i = facts_interface_of(f, interface);
	if (!i || (ip->family != 4 && ip->family != 6) || len > ip_bits(ip))
		return ERR_INVALID;
	if (!facts_may_search(f, i->address_n))
		return ERR_LIMIT;
	for (size_t k = 0; k < i->address_n; k++)
		if (ip_eq(&i->addresses[k].ip, ip) && i->addresses[k].len == len)
			return ERR_OK;
	if (f->address_n >= FACTS_ADDRESSES_MAX)
		return ERR_LIMIT;
	f->address_n++;
	FACTS_GROW(f->arena, i->addresses, i->address_n);
	i->addresses[i->address_n++] = (struct facts_address){ *ip, (uint8_t)len };
	return ERR_OK;
}

static bool has_devtype(const char *uevent, const char *type)
{
	struct str rest = str_of(uevent), line;
	while (str_token(&rest, "\n", &line))
		if (str_prefix(line, STR("DEVTYPE=")) && str_eq(str_from(line, 8), str_of(type)))
			return true;
	return false;
}

static enum facts_kind kind_of(const struct facts_sys *s)
{
	enum { ARP_ETHER = 1, ARP_PPP = 512, ARP_TUNNEL = 768, ARP_TUNNEL6 = 769,
	       ARP_LOOPBACK = 772, ARP_SIT = 776, ARP_GRE = 778, ARP_GRE6 = 823,
	       ARP_NONE = 0xfffe };
	static const char *const tunnels[] = { "wireguard", "vxlan", "geneve", "gretap" };
	if (s->type == ARP_LOOPBACK)
		return FACTS_LOOPBACK;
	if (s->is_bridge || has_devtype(s->uevent, "bridge"))
		return FACTS_BRIDGE;
	if (s->is_tun || s->type == ARP_PPP || s->type == ARP_TUNNEL || s->type == ARP_TUNNEL6 ||
	    s->type == ARP_SIT || s->type == ARP_GRE || s->type == ARP_GRE6 || s->type == ARP_NONE)
		return FACTS_TUNNEL;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		if (has_devtype(s->uevent, tunnels[i]))
			return FACTS_TUNNEL;
	if (s->type != ARP_ETHER)
		return FACTS_OTHER;
	if (has_devtype(s->uevent, "veth") ||
	    (s->is_virtual && s->index != s->link && !has_devtype(s->uevent, "vlan") &&
	     !has_devtype(s->uevent, "macvlan") && !has_devtype(s->uevent, "ipvlan")))
		return FACTS_CONTAINER_END;
	if (str_prefix(str_of(s->name), STR("dummy")) || has_devtype(s->uevent, "dummy"))
		return FACTS_DUMMY;
	return FACTS_ETHERNET;
}

int facts_add_sys(struct facts *f, const struct facts_sys *sys)
{
	struct facts_interface *i = facts_interface_of(f, str_of(sys->name));
	struct facts_sys s = *sys;
	if (!i)
		return ERR_INVALID;
	if (!s.uevent)
		s.uevent = "";
	i->kind = kind_of(&s);
	i->up = s.flags & IFF_UP;
	if (s.master && is_interface_name(str_of(s.master)))
		i->master = arena_strdup(f->arena, str_of(s.master));
	return ERR_OK;
}

/* ---- questions ---------- */

const struct facts_interface *facts_holder(const struct facts *f, const struct ip *ip)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++)
			if (ip_eq(&f->interfaces[i].addresses[k].ip, ip))
				return &f->interfaces[i];
	return NULL;
}

bool facts_is_own(const struct facts *f, const struct ip *ip)
{
	return (ip->family == 4 && ip->b[0] == 127) || facts_holder(f, ip);
}

static const struct facts_interface *interface_named(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->interface_n; i++)
		if (strcmp(f->interfaces[i].name, name) == 0)
			return &f->interfaces[i];
	return NULL;
}

static bool is_link_local(const struct ip *ip)
{
	return ip->family == 4 ? ip->b[0] == 169 && ip->b[1] == 254
	                       : ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* As the kernel picks it, in short: the one of the same network, else the first that is global. */
static struct ip source_at(const struct facts_interface *i, const struct ip *to)
{
	struct ip best = { 0 };
	for (size_t k = 0; k < i->address_n; k++) {
		const struct facts_address *a = &i->addresses[k];
		struct prefix network = prefix_of(&a->ip, a->len);
		if (a->ip.family != to->family)
			continue;
		if (prefix_contains(&network, to))
			return a->ip;
		if (best.family == 0 && (!is_link_local(&a->ip) || is_link_local(to)))
			best = a->ip;
	}
	return best;
}

const struct facts_interface *facts_way(const struct facts *f, const struct ip *ip,
                                        struct ip *source)
{
	const struct facts_interface *way = NULL, *holder = facts_holder(f, ip);
	struct ip near = *ip;
	int len = -1;
	uint32_t metric = 0;
	*source = (struct ip){ 0 };
	if (holder || facts_is_own(f, ip)) {
		*source = *ip;
		return holder ? holder : interface_named(f, "lo");
	}
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			struct prefix network = prefix_of(&a->ip, a->len);
			if (prefix_contains(&network, ip) && a->len > len) {
				way = &f->interfaces[i];
				len = a->len;
			}
		}
	for (size_t i = 0; i < f->route_n; i++) {
		const struct facts_route *r = &f->routes[i];
		const struct facts_interface *at = interface_named(f, r->interface);
		if (!at || !prefix_contains(&r->to, ip) || r->to.len < len ||
		    (r->to.len == len && way && (metric <= r->metric)))
			continue;
		way = at;
		len = r->to.len;
		metric = r->metric;
		near = r->via.family == ip->family ? r->via : *ip;
	}
	if (way)
		*source = source_at(way, &near);
	return way;
}

const struct facts_route *facts_gateway(const struct facts *f, unsigned family)
{
	const struct facts_route *best = NULL;
	for (size_t i = 0; i < f->route_n; i++) {
		const struct facts_route *r = &f->routes[i];
		if (r->to.len == 0 && r->to.ip.family == family && r->via.family &&
		    (!best || r->metric < best->metric))
			best = r;
	}
	return best;
}

bool facts_is_public(const struct ip *ip)
{
	static const struct prefix never4[] = {
		{ { 4, { 0 } }, 8 }, { { 4, { 10 } }, 8 }, { { 4, { 100, 64 } }, 10 },
		{ { 4, { 127 } }, 8 }, { { 4, { 169, 254 } }, 16 }, { { 4, { 172, 16 } }, 12 },
		{ { 4, { 192, 0, 0 } }, 24 }, { { 4, { 192, 0, 2 } }, 24 },
		{ { 4, { 192, 168 } }, 16 }, { { 4, { 198, 18 } }, 15 },
		{ { 4, { 198, 51, 100 } }, 24 }, { { 4, { 203, 0, 113 } }, 24 },
		{ { 4, { 224 } }, 3 }, { { 6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 },
		{ { 6, { 0x20, 0x01 } }, 23 },
	};
	for (size_t i = 0; i < sizeof(never4) / sizeof(*never4); i++)
		if (prefix_contains(&never4[i], ip))
			return false;
	return ip->family == 4 || (ip->family == 6 && (ip->b[0] & 0xe0) == 0x20);
}

bool facts_is_private(const struct ip *ip)
{
	static const struct prefix private[] = {
		{ { 4, { 10 } }, 8 }, { { 4, { 172, 16 } }, 12 }, { { 4, { 192, 168 } }, 16 },
		{ { 4, { 100, 64 } }, 10 }, { { 6, { 0xfc } }, 7 },
	};
	for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++)
		if (prefix_contains(&private[i], ip))
			return true;
	return false;
}
