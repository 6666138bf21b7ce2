/* SPDX-License-Identifier: ISC
 *
 * The DNS server as one thing: what its two halves answer from, and their limits.
 */
#include "blocklist/server-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct blocklist_server *blocklist_server_create(struct loop *loop,
                                                 const struct blocklist_zones *zones,
                                                 struct blocklist_handover *handover,
                                                 const struct blocklist_limits *limits)
{
	struct blocklist_server *s = mem_zalloc(sizeof(*s));
	struct hash_key key;
	*s = (struct blocklist_server){ .loop = loop, .zones = zones, .handover = handover,
	                                .limits = *limits };
	hash_key_init(&key);
	s->rrl = blocklist_rrl_create(limits->rrl_rate, &key);
	s->udp = server_udp_create(s);
	s->tcp = server_tcp_create(s);
	return s;
}

void blocklist_server_destroy(struct blocklist_server *s)
{
	if (!s)
		return;
	server_tcp_destroy(s->tcp);
	server_udp_destroy(s->udp);
	blocklist_rrl_destroy(s->rrl);
	free(s);
}

void blocklist_server_zones(struct blocklist_server *s, const struct blocklist_zones *zones)
{
	assert(zones != s->zones);
	s->zones = zones;
}

void blocklist_server_limits(struct blocklist_server *s, const struct blocklist_limits *limits)
{
	assert(limits->tcp_sessions >= 1 && limits->tcp_timeout_ms > 0);
	s->limits = *limits;
	server_tcp_limit(s->tcp);
	blocklist_rrl_set(s->rrl, limits->rrl_rate);
}

void blocklist_server_add_udp(struct blocklist_server *s, int fd)
{
	server_udp_add(s->udp, fd);
}

void blocklist_server_add_tcp(struct blocklist_server *s, int fd)
{
	server_tcp_add(s->tcp, fd);
}

const struct blocklist_counters *blocklist_server_counters(const struct blocklist_server *s)
{
	return &s->counters;
}
