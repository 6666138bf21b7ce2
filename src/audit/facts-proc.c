/* SPDX-License-Identifier: ISC
 *
 * The kernel's tables in /proc/net: routes, addresses, sockets that listen. A line that has not
 * the form is left out.
 */
#include "audit/facts-private.h"

enum { FIELDS_MAX = 16 };

static size_t split(struct str line, struct str fields[static FIELDS_MAX])
{
	size_t n = 0;
	while (n < FIELDS_MAX && str_word(&line, &fields[n]))
		n++;
	return n;
}

/* All of s as hexadecimal, at most 8 digits. */
static bool hex(struct str s, uint32_t *value)
{
	uint32_t v = 0;
	if (s.n == 0 || s.n > 8)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if (!ascii_isdigit((unsigned char)c) && (c < 'a' || c > 'f'))
			return false;
		v = v * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*value = v;
	return true;
}

/* 32 digits in the order of the bytes. */
static bool hex6(struct str s, struct ip *ip)
{
	*ip = (struct ip){ .family = 6 };
	for (size_t i = 0; i < 16; i++) {
		uint32_t v;
		if (s.n != 32 || !hex((struct str){ s.p + 2 * i, 2 }, &v))
			return false;
		ip->b[i] = (uint8_t)v;
	}
	return true;
}

/* Words of 8 digits, each in the machine's own order. */
static bool hex_words(struct str s, unsigned family, struct ip *ip)
{
	size_t words = family == 4 ? 1 : 4;
	*ip = (struct ip){ .family = (uint8_t)family };
	if (s.n != 8 * words)
		return false;
	for (size_t i = 0; i < words; i++) {
		uint32_t v;
		if (!hex((struct str){ s.p + 8 * i, 8 }, &v))
			return false;
		memcpy(ip->b + 4 * i, &v, sizeof(v));
	}
	return true;
}

/* ---- routes ---------- */

enum { RTF_IS_UP = 1, RTF_IS_GATEWAY = 2, RTF_IS_REJECT = 0x200 };

static int add_route(struct facts *f, const struct facts_route *route, struct str interface)
{
	struct facts_interface *i = facts_interface_of(f, interface);
	if (!i)
		return ERR_OK;
	if (f->route_n >= FACTS_ROUTES_MAX)
		return ERR_LIMIT;
	FACTS_GROW(f->arena, f->routes, f->route_n);
	f->routes[f->route_n] = *route;
	f->routes[f->route_n++].interface = i->name;
	return ERR_OK;
}

int facts_parse_route(struct facts *f, struct str text)
{
	struct str line, v[FIELDS_MAX];
	int err = text.n > FACTS_TEXT_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	while (err == ERR_OK && str_token(&text, "\n", &line)) {
		struct ip to, via, mask;
		struct facts_route r = { 0 };
		uint32_t flags, metric, bits;
		uint64_t decimal;
		if (split(line, v) < 8 || !hex_words(v[1], 4, &to) || !hex_words(v[2], 4, &via) ||
		    !hex(v[3], &flags) || str_u64(v[6], UINT32_MAX, &decimal) != ERR_OK ||
		    !hex_words(v[7], 4, &mask) || !(flags & RTF_IS_UP) || (flags & RTF_IS_REJECT))
			continue;
		metric = (uint32_t)decimal;
		bits = (uint32_t)mask.b[0] << 24 | (uint32_t)mask.b[1] << 16 |
		       (uint32_t)mask.b[2] << 8 | mask.b[3];
		if ((~bits & (~bits + 1)) != 0)
			continue;                       /* no mask of a prefix */
		r.to = prefix_of(&to, (unsigned)__builtin_popcount(bits));
		r.metric = metric;
		if (flags & RTF_IS_GATEWAY)
			r.via = via;
		err = add_route(f, &r, v[0]);
	}
	return err;
}

int facts_parse_ipv6_route(struct facts *f, struct str text)
{
	const uint32_t not_ours = 0x80000000u | 0x100000u | RTF_IS_REJECT;     /* local, anycast */
	struct str line, v[FIELDS_MAX];
	int err = text.n > FACTS_TEXT_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	while (err == ERR_OK && str_token(&text, "\n", &line)) {
		struct ip to, via;
		struct facts_route r = { 0 };
		uint32_t len, metric, flags;
		if (split(line, v) < 10 || !hex6(v[0], &to) || !hex(v[1], &len) || len > 128 ||
		    !hex6(v[4], &via) || !hex(v[5], &metric) || !hex(v[8], &flags))
			continue;
		if (!(flags & RTF_IS_UP) || (flags & not_ours) || to.b[0] == 0xff)
			continue;
		r.to = prefix_of(&to, len);
		r.metric = metric;
		if (flags & RTF_IS_GATEWAY)
			r.via = via;
		err = add_route(f, &r, v[9]);
	}
	return err;
}

/* ---- sockets ---------- */

/* `::ffff:192.0.2.1` is that address; a struct ip of family 6 never holds a mapped one. */
static void unmap_listener(struct ip *ip)
{
	char text[IP_TEXT_MAX];
	struct ip same;
	if (ip_parse(str_of(ip_format(ip, text)), &same, NULL) == ERR_OK)
		*ip = same;
}

int facts_parse_tcp(struct facts *f, unsigned family, struct str text)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9 };
	struct str line, v[FIELDS_MAX];
	if (text.n > FACTS_TEXT_MAX_BYTES)
		return ERR_LIMIT;
	while (str_token(&text, "\n", &line)) {
		struct facts_listener l = { .program = "", .started = "" };
		uint32_t port;
		size_t colon;
		if (split(line, v) <= INODE || !str_eq(v[STATE], STR("0A")))
			continue;
		colon = str_find(v[LOCAL], ':');
		if (colon == SIZE_MAX ||
		    !hex_words((struct str){ v[LOCAL].p, colon }, family, &l.at.ip) ||
		    !hex(str_from(v[LOCAL], colon + 1), &port) || port > 65535 ||
		    str_u64(v[INODE], UINT64_MAX, &l.inode) != ERR_OK)
			continue;
		if (f->listener_n >= FACTS_LISTENERS_MAX)
			return ERR_LIMIT;
		unmap_listener(&l.at.ip);
		l.at.port = (uint16_t)port;
		FACTS_GROW(f->arena, f->listeners, f->listener_n);
		f->listeners[f->listener_n++] = l;
	}
	return ERR_OK;
}

void facts_add_holder(struct facts *f, uint64_t inode, unsigned pid, struct str comm)
{
	for (size_t i = 0; i < f->listener_n; i++) {
		struct facts_listener *l = &f->listeners[i];
		/* Postfix's master hands its sockets on to an smtpd, of a lower number maybe. */
		bool hands_on = str_eq(str_trim(comm), STR("master"));
		if (l->inode != inode || inode == 0 || (l->pid > 1 && !hands_on) ||
		    (l->pid == 1 && pid == 1))
			continue;
		l->pid = pid;
		l->program = facts_shown(f, str_trim(comm));
	}
}

/* ---- addresses ---------- */

int facts_parse_if_inet6(struct facts *f, struct str text)
{
	struct str line, v[FIELDS_MAX];
	int err = text.n > FACTS_TEXT_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	while (err != ERR_LIMIT && str_token(&text, "\n", &line)) {
		struct ip ip;
		uint32_t len;
		if (split(line, v) < 6 || !hex6(v[0], &ip) || !hex(v[2], &len) || len > 128)
			continue;
		err = facts_add_address(f, v[5], &ip, len);
	}
	return err == ERR_LIMIT ? err : ERR_OK;
}

/* The network of a local address by the routes on the link: the narrowest around it; without one
 * the address alone, at the interface of the default gateway. */
static int add_local(struct facts *f, const struct ip *ip)
{
	const struct facts_route *best = NULL;
	if (ip->b[0] == 127)
		return facts_add_address(f, STR("lo"), ip, 8);
	if (!facts_may_search(f, f->route_n))
		return ERR_LIMIT;
	for (size_t i = 0; i < f->route_n; i++) {
		const struct facts_route *r = &f->routes[i];
		if (r->via.family == 0 && r->to.len > 0 && prefix_contains(&r->to, ip) &&
		    (!best || r->to.len > best->to.len))
			best = r;
	}
	if (best)
		return facts_add_address(f, str_of(best->interface), ip, best->to.len);
	best = facts_gateway(f, 4);
	return facts_add_address(f, best ? str_of(best->interface) : STR("lo"), ip, 32);
}

/* "|-- 192.0.2.2", and below it "/32 host LOCAL". */
int facts_parse_fib_trie(struct facts *f, struct str text)
{
	struct str line, v[FIELDS_MAX];
	struct ip ip = { 0 };
	int err = text.n > FACTS_TEXT_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	while (err != ERR_LIMIT && str_token(&text, "\n", &line)) {
		size_t n = split(line, v);
		if (n == 2 && str_eq(v[0], STR("|--"))) {
			if (ip_parse(v[1], &ip, NULL) != ERR_OK || ip.family != 4)
				ip.family = 0;
		} else if (n >= 3 && ip.family && str_eq(v[0], STR("/32")) &&
		           str_eq(v[1], STR("host")) && str_eq(v[2], STR("LOCAL"))) {
			err = add_local(f, &ip);
		}
	}
	return err == ERR_LIMIT ? err : ERR_OK;
}
