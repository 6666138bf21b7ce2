/* SPDX-License-Identifier: ISC
 *
 * The header that is read comes byte by byte; after each, what is kept is still the start of a
 * header, or it is refused. So the time of the refusal does not depend on how the network cut it.
 */
#include "wire/proxy.h"

#include <assert.h>
#include <netinet/in.h>

enum {
	V2_HEAD = 16,                    /* signature, command, family, length */
	V2_TCP4 = 0x11, V2_TCP4_BYTES = 12, V2_TCP6 = 0x21, V2_TCP6_BYTES = 36,
	V2_LOCAL = 0x20, V2_PROXY = 0x21,
};

static const uint8_t signature[] = "\r\n\r\n\0\r\nQUIT\n";
static const char word[] = "PROXY ";

/* ---- version 1 ---------------------------------------------------------------------- */

/* Exactly one space between two words. */
static bool next_word(struct str *rest, struct str *text)
{
	size_t space = str_find(*rest, ' ');
	*text = (struct str){ rest->p, space == SIZE_MAX ? rest->n : space };
	*rest = space == SIZE_MAX ? STR("") : str_from(*rest, space + 1);
	return text->n > 0;
}

static bool read_port(struct str text, uint16_t *port)
{
	uint64_t n;
	if ((text.n > 1 && text.p[0] == '0') || str_u64(text, UINT16_MAX, &n) != ERR_OK)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* As it is written: an IPv4 address in the form of IPv6 is of TCP6. */
static bool read_address(struct str text, bool v6, struct ip *ip)
{
	return (str_find(text, ':') != SIZE_MAX) == v6 && ip_parse(text, ip, NULL) == ERR_OK;
}

/* "TCP4 192.0.2.1 198.51.100.1 56324 25", without its CRLF. */
static int read_line(struct wire_proxy *p, struct str line)
{
	struct str family, from, to, from_port, to_port;
	assert(line.n + 2 < WIRE_PROXY_V1_MAX && p->whole == 0);
	if (!next_word(&line, &family))
		return ERR_INVALID;
	if (str_eq(family, STR("UNKNOWN")))
		return ERR_OK;
	bool v6 = str_eq(family, STR("TCP6"));
	if (!v6 && !str_eq(family, STR("TCP4")))
		return ERR_INVALID;
	if (!next_word(&line, &from) || !next_word(&line, &to) || !next_word(&line, &from_port) ||
	    str_find(line, ' ') != SIZE_MAX)
		return ERR_INVALID;
	to_port = line;
	if (!read_address(from, v6, &p->source.ip) || !read_address(to, v6, &p->destination.ip) ||
	    !read_port(from_port, &p->source.port) || !read_port(to_port, &p->destination.port))
		return ERR_INVALID;
	p->relayed = true;
	return ERR_OK;
}

static int take_v1(struct wire_proxy *p)
{
	const char *text = (const char *)p->kept;
	size_t n = p->n;
	if (n <= sizeof(word) - 1)
		return text[n - 1] == word[n - 1] ? ERR_AGAIN : ERR_INVALID;
	/* Only CRLF ends it, and neither stands in it alone. */
	bool after_cr = text[n - 2] == '\r';
	if (after_cr != (text[n - 1] == '\n') || text[n - 1] == '\0')
		return ERR_INVALID;
	if (after_cr)
		return read_line(p, (struct str){ text + sizeof(word) - 1,
		                                  n - 2 - (sizeof(word) - 1) });
	return n == WIRE_PROXY_V1_MAX ? ERR_LIMIT : ERR_AGAIN;
}

/* ---- version 2 ---------------------------------------------------------------------- */

static size_t kept_u16(const struct wire_proxy *p, size_t at)
{
	assert(at + 1 < p->n);
	return (size_t)p->kept[at] << 8 | p->kept[at + 1];
}

static struct endpoint kept_endpoint(const struct wire_proxy *p, bool v6, size_t address,
                                     size_t port)
{
	struct endpoint ep;
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	memcpy(&in.sin_addr, p->kept + address, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, p->kept + address, sizeof(in6.sin6_addr));
	memcpy(&in.sin_port, p->kept + port, sizeof(in.sin_port));
	in6.sin6_port = in.sin_port;
	int e = endpoint_from_sockaddr(v6 ? (const struct sockaddr *)&in6
	                                  : (const struct sockaddr *)&in, &ep);
	assert(e == ERR_OK && ep.ip.family != 0);
	return ep;
}

/* The 16 bytes before the addresses. */
static int read_head(struct wire_proxy *p)
{
	uint8_t command = p->kept[12], family = p->kept[13];
	size_t length = kept_u16(p, 14);
	p->whole = V2_HEAD + length;
	if (command != V2_LOCAL && command != V2_PROXY)
		return ERR_INVALID;
	if (p->whole > WIRE_PROXY_V2_MAX)
		return ERR_LIMIT;
	/* Of LOCAL the family is ignored. */
	if (command == V2_LOCAL)
		return ERR_OK;
	if (family >> 4 > 3 || (family & 15) > 2 || (family == V2_TCP4 && length < V2_TCP4_BYTES) ||
	    (family == V2_TCP6 && length < V2_TCP6_BYTES))
		return ERR_INVALID;
	p->relayed = family == V2_TCP4 || family == V2_TCP6;
	return ERR_OK;
}

static void read_endpoints(struct wire_proxy *p)
{
	bool v6 = p->kept[13] == V2_TCP6;
	size_t each = v6 ? 16 : 4, ports = V2_HEAD + 2 * each;
	assert(p->n >= ports + 4);
	p->source = kept_endpoint(p, v6, V2_HEAD, ports);
	p->destination = kept_endpoint(p, v6, V2_HEAD + each, ports + 2);
}

static int take_v2(struct wire_proxy *p)
{
	if (p->bytes < V2_HEAD)
		return p->n > 12 || p->kept[p->n - 1] == signature[p->n - 1] ? ERR_AGAIN
		                                                             : ERR_INVALID;
	if (p->bytes == V2_HEAD) {
		int e = read_head(p);
		if (e != ERR_OK)
			return e;
	}
	assert(p->whole >= V2_HEAD && p->bytes <= p->whole);
	if (p->bytes < p->whole)
		return ERR_AGAIN;
	if (p->relayed)
		read_endpoints(p);
	return ERR_OK;
}

int wire_proxy_take(struct wire_proxy *p, struct str bytes, size_t *used)
{
	int e = ERR_AGAIN;
	assert(p->n <= p->bytes && p->n <= sizeof(p->kept));
	*used = 0;
	while (e == ERR_AGAIN && *used < bytes.n) {
		p->bytes++;
		/* Of what a long header of version 2 says, addresses stand first. */
		if (p->n < sizeof(p->kept))
			p->kept[p->n++] = (uint8_t)bytes.p[*used];
		++*used;
		e = p->kept[0] == signature[0] ? take_v2(p) : take_v1(p);
	}
	assert(*used <= bytes.n && p->bytes <= WIRE_PROXY_V2_MAX);
	assert(p->relayed || p->source.ip.family == 0 || e != ERR_OK);
	return e;
}

/* ---- written -------------------------------------------------------------------------- */

static void add_u16(struct buf *out, unsigned value)
{
	buf_add_byte(out, (char)(value >> 8));
	buf_add_byte(out, (char)(value & 0xff));
}

static void format_v2(const struct endpoint *source, const struct endpoint *destination,
                      struct buf *out)
{
	bool v6 = source->ip.family == 6;
	buf_add(out, signature, sizeof(signature) - 1);
	buf_add_byte(out, V2_PROXY);
	buf_add_byte(out, v6 ? V2_TCP6 : V2_TCP4);
	add_u16(out, v6 ? V2_TCP6_BYTES : V2_TCP4_BYTES);
	buf_add(out, source->ip.b, ip_bits(&source->ip) / 8);
	buf_add(out, destination->ip.b, ip_bits(&source->ip) / 8);
	add_u16(out, source->port);
	add_u16(out, destination->port);
}

void wire_proxy_format(unsigned version, const struct endpoint *source,
                       const struct endpoint *destination, struct buf *out)
{
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];
	assert(version == 1 || version == 2);
	assert(source->ip.family != 0 && source->ip.family == destination->ip.family);
	if (version == 2)
		format_v2(source, destination, out);
	else
		buf_printf(out, "PROXY TCP%u %s %s %u %u\r\n", source->ip.family,
		           ip_format(&source->ip, from), ip_format(&destination->ip, to),
		           source->port, destination->port);
}

int wire_proxy_peer_check(const struct prefix *peer)
{
	int widest = peer->ip.family == 4 ? WIRE_PROXY_WIDEST4 : WIRE_PROXY_WIDEST6;
	return peer->len < widest ? ERR_DENIED : ERR_OK;
}
