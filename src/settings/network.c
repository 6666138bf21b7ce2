/* SPDX-License-Identifier: ISC
 *
 * Four files of /proc/self/net, read by the parsers of the audit.
 */
#include "settings/network.h"

#include "audit/facts.h"

#include <fcntl.h>
#include <unistd.h>

/* Routes first: an address is put to its interface by them. */
static const struct {
	const char *path;
	int (*parse)(struct facts *f, struct str text);
} tables[NETWORK_TABLES] = {
	{ "/proc/self/net/route", facts_parse_route },
	{ "/proc/self/net/ipv6_route", facts_parse_ipv6_route },
	{ "/proc/self/net/if_inet6", facts_parse_if_inet6 },
	{ "/proc/self/net/fib_trie", facts_parse_fib_trie },
};

void network_open(struct network *n)
{
	for (size_t i = 0; i < NETWORK_TABLES; i++)
		n->fds[i] = open(tables[i].path, O_RDONLY | O_CLOEXEC);
}

void network_close(struct network *n)
{
	for (size_t i = 0; i < NETWORK_TABLES; i++)
		if (n->fds[i] >= 0)
			close(n->fds[i]);
}

/* The kernel writes a table anew for who reads from its start. */
static int read_table(int fd, struct buf *text)
{
	char chunk[16384];
	ssize_t n = 0;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return ERR_OK;
	while (text->n <= NETWORK_BYTES_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(text, chunk, (size_t)n);
	return n > 0 ? ERR_LIMIT : ERR_OK;
}

static void take_addresses(const struct facts *f, struct arena *a, struct gateway_network *out)
{
	struct ip *own = arena_alloc(a, (f->address_n + 1) * sizeof(*own));
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t j = 0; j < f->interfaces[i].address_n; j++)
			own[out->own_count++] = f->interfaces[i].addresses[j].ip;
	out->own = own;
}

static void take_gateways(const struct facts *f, struct arena *a, struct gateway_network *out)
{
	struct ip *gateways = arena_alloc(a, (f->route_n + 1) * sizeof(*gateways));
	for (size_t i = 0; i < f->route_n; i++)
		if (f->routes[i].via.family)
			gateways[out->gateway_count++] = f->routes[i].via;
	out->gateways = gateways;
}

int network_look(const struct network *n, struct arena *a, struct gateway_network *out)
{
	struct facts facts;
	int e = ERR_OK;
	*out = (struct gateway_network){ 0 };
	facts_begin(&facts, a);
	for (size_t i = 0; i < NETWORK_TABLES; i++) {
		struct buf text = { 0 };
		int err = read_table(n->fds[i], &text);
		if (tables[i].parse(&facts, buf_str(&text)) == ERR_LIMIT)
			err = ERR_LIMIT;
		e = err != ERR_OK ? err : e;
		buf_fini(&text);
	}
	take_addresses(&facts, a, out);
	take_gateways(&facts, a, out);
	return e == ERR_OK && out->own_count == 0 ? ERR_NOT_FOUND : e;
}
