/* SPDX-License-Identifier: ISC
 *
 * The halves of the DNS server: datagrams (server-udp.c) and connections (server-tcp.c), and what
 * both answer from (server.c owns it).
 */
#ifndef PORTREEVE_BLOCKLIST_SERVER_PRIVATE_H
#define PORTREEVE_BLOCKLIST_SERVER_PRIVATE_H

#include "blocklist/server.h"

enum { SERVER_QUERY_MAX = 4096 };    /* a question, EDNS and a signature are far below */

struct blocklist_server {
	struct loop *loop;
	const struct blocklist_zones *zones;
	struct blocklist_handover *handover;
	struct blocklist_limits limits;
	struct blocklist_rrl *rrl;
	struct server_udp *udp;
	struct server_tcp *tcp;
	struct blocklist_counters counters;
};

/* As it stands now, until the next call: once for what came together. */
static inline struct blocklist_state server_state(const struct blocklist_server *s)
{
	return (struct blocklist_state){ s->zones, blocklist_handover_take(s->handover) };
}

struct server_udp *server_udp_create(struct blocklist_server *s);
void server_udp_destroy(struct server_udp *u);
void server_udp_add(struct server_udp *u, int fd);

struct server_tcp *server_tcp_create(struct blocklist_server *s);
void server_tcp_destroy(struct server_tcp *t);
void server_tcp_add(struct server_tcp *t, int fd);
/* The server's limits are others now. */
void server_tcp_limit(struct server_tcp *t);

#endif
