/* SPDX-License-Identifier: ISC
 *
 * Addresses, prefixes and endpoints: from text and to text, compared and masked.
 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>

static const char want_ip[] = "an IPv4 or IPv6 address";
static const char want_prefix[] = "an address or address/length with no host bits set";
static const char want_endpoint[] = "ADDRESS:PORT, or [IPv6]:PORT";

static void unmap(struct ip *ip)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	if (ip->family == 6 && memcmp(ip->b, mapped, sizeof(mapped)) == 0) {
		struct ip v4 = ip_from_v4(ip->b[12], ip->b[13], ip->b[14], ip->b[15]);
		*ip = v4;
	}
}

int ip_parse(struct str s, struct ip *ip, struct parse_error *pe)
{
	char text[IP_TEXT_MAX];
	struct ip r = { 0 };
	if (s.n == 0 || !str_copy(text, sizeof(text), s) || strlen(text) != s.n)
		return err_parse(pe, want_ip, 0);
	if (inet_pton(AF_INET, text, r.b) == 1)
		r.family = 4;
	else if (inet_pton(AF_INET6, text, r.b) == 1)
		r.family = 6;
	else
		return err_parse(pe, want_ip, 0);
	unmap(&r);
	*ip = r;
	return ERR_OK;
}

/* The address as it stands there, and the length; where it is wrong in *at. */
static int prefix_split(struct str s, struct ip *ip, unsigned *len, size_t *at)
{
	size_t slash = str_find(s, '/');
	struct str addr = slash == SIZE_MAX ? s : (struct str){ s.p, slash };
	*at = 0;
	if (ip_parse(addr, ip, NULL) != ERR_OK)
		return ERR_INVALID;
	uint64_t given = ip_bits(ip);
	*at = slash == SIZE_MAX ? s.n : slash + 1;
	if (slash != SIZE_MAX && str_u64(str_from(s, *at), ip_bits(ip), &given) != ERR_OK)
		return ERR_INVALID;
	*len = (unsigned)given;
	return ERR_OK;
}

int prefix_parse(struct str s, struct prefix *prefix, struct parse_error *pe)
{
	struct ip ip;
	unsigned len;
	size_t at;
	if (prefix_split(s, &ip, &len, &at) != ERR_OK)
		return err_parse(pe, want_prefix, at);
	struct prefix r = prefix_of(&ip, len);
	if (!ip_eq(&r.ip, &ip))
		return err_parse(pe, want_prefix, at);
	*prefix = r;
	return ERR_OK;
}

bool prefix_meant(struct str s, struct prefix *network)
{
	struct ip ip;
	unsigned len;
	size_t at;
	if (prefix_split(s, &ip, &len, &at) != ERR_OK)
		return false;
	*network = prefix_of(&ip, len);
	return !ip_eq(&network->ip, &ip);
}

static int endpoint_bracketed(struct str s, struct ip *ip, struct str *port,
                              struct parse_error *pe)
{
	size_t close = str_find(s, ']');
	if (close == SIZE_MAX)
		return err_parse(pe, want_endpoint, s.n);
	if (ip_parse((struct str){ s.p + 1, close - 1 }, ip, NULL) != ERR_OK)
		return err_parse(pe, want_endpoint, 1);
	*port = str_from(s, close + 1);
	if (port->n && port->p[0] != ':')
		return err_parse(pe, want_endpoint, close + 1);
	*port = str_from(*port, 1);
	return ERR_OK;
}

int endpoint_parse(struct str s, uint16_t default_port, struct endpoint *ep,
                   struct parse_error *pe)
{
	struct endpoint r = { .port = default_port };
	struct str port = { "", 0 };
	if (s.n && s.p[0] == '[') {
		int e = endpoint_bracketed(s, &r.ip, &port, pe);
		if (e != ERR_OK)
			return e;
	} else if (ip_parse(s, &r.ip, NULL) != ERR_OK) {
		size_t colon = str_find(s, ':');
		if (colon == SIZE_MAX ||
		    ip_parse((struct str){ s.p, colon }, &r.ip, NULL) != ERR_OK)
			return err_parse(pe, want_endpoint, 0);
		port = str_from(s, colon + 1);
	}
	uint64_t value = default_port;
	if (port.n && str_u64(port, 65535, &value) != ERR_OK)
		return err_parse(pe, "a port from 1 to 65535", (size_t)(port.p - s.p));
	if (value == 0)
		return err_parse(pe, want_endpoint, s.n);
	r.port = (uint16_t)value;
	*ep = r;
	return ERR_OK;
}

char *ip_format(const struct ip *ip, char dst[static IP_TEXT_MAX])
{
	if (ip->family == 0)
		str_copy(dst, IP_TEXT_MAX, STR("none"));
	else
		inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->b, dst, IP_TEXT_MAX);
	return dst;
}

char *prefix_format(const struct prefix *prefix, char dst[static PREFIX_TEXT_MAX])
{
	char text[IP_TEXT_MAX];
	ip_format(&prefix->ip, text);
	if (prefix->len == ip_bits(&prefix->ip))
		str_copy(dst, PREFIX_TEXT_MAX, str_of(text));
	else
		snprintf(dst, PREFIX_TEXT_MAX, "%s/%u", text, prefix->len);
	return dst;
}

char *endpoint_format(const struct endpoint *ep, char dst[static ENDPOINT_TEXT_MAX])
{
	char text[IP_TEXT_MAX];
	ip_format(&ep->ip, text);
	snprintf(dst, ENDPOINT_TEXT_MAX, ep->ip.family == 6 ? "[%s]:%u" : "%s:%u",
	         text, ep->port);
	return dst;
}

char *ip_format_literal(const struct ip *ip, char dst[static IP_TEXT_MAX + 8])
{
	char text[IP_TEXT_MAX];
	ip_format(ip, text);
	snprintf(dst, IP_TEXT_MAX + 8, ip->family == 6 ? "[IPv6:%s]" : "[%s]", text);
	return dst;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return ip_cmp(a, b) == 0;
}

bool ip_is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[sizeof(ip->b)];
	return memcmp(ip->b, zero, sizeof(zero)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[sizeof(ip->b)] = { [15] = 1 };
	return (ip->family == 4 && ip->b[0] == 127) ||
	       (ip->family == 6 && memcmp(ip->b, one, sizeof(one)) == 0);
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
	if (prefix->ip.family != ip->family)
		return false;
	unsigned whole = prefix->len / 8, rest = prefix->len % 8;
	if (memcmp(prefix->ip.b, ip->b, whole) != 0)
		return false;
	return rest == 0 || (prefix->ip.b[whole] ^ ip->b[whole]) >> (8 - rest) == 0;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return inner->len >= outer->len && prefix_contains(outer, &inner->ip);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int c = ip_cmp(&a->ip, &b->ip);
	return c ? c : (int)a->len - (int)b->len;
}

struct prefix prefix_of(const struct ip *ip, unsigned len)
{
	unsigned bits = ip_bits(ip);
	struct prefix r = { .ip = *ip, .len = (uint8_t)(len < bits ? len : bits) };
	unsigned whole = r.len / 8, rest = r.len % 8;
	if (r.len == bits)
		return r;
	r.ip.b[whole] &= (uint8_t)~(0xffu >> rest);
	memset(r.ip.b + whole + 1, 0, bits / 8 - whole - 1);
	return r;
}

bool ip_next(struct ip *ip)
{
	for (unsigned i = ip_bits(ip) / 8; i-- > 0;)
		if (++ip->b[i] != 0)
			return true;
	return false;
}

struct ip ip_from_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct ip){ .family = 4, .b = { a, b, c, d } };
}

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ep)
{
	struct endpoint r = { 0 };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		r.ip.family = 4;
		memcpy(r.ip.b, &in.sin_addr, 4);
		r.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		r.ip.family = 6;
		memcpy(r.ip.b, &in6.sin6_addr, 16);
		r.port = ntohs(in6.sin6_port);
		unmap(&r.ip);
	} else {
		return ERR_UNSUPPORTED;
	}
	*ep = r;
	return ERR_OK;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (ep->ip.family == 4) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(ep->port) };
		memcpy(&in.sin_addr, ep->ip.b, 4);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	assert(ep->ip.family == 6);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(ep->port) };
	memcpy(&in6.sin6_addr, ep->ip.b, 16);
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}
