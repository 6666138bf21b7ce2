/* SPDX-License-Identifier: ISC
 *
 * The sockets half of the DNS service: datagrams in batches, and TCP with limits (RFC
 * 7766: many queries per connection, answered as they come). What is answered is
 * blocklist/answer.h's.
 *
 * Datagrams beyond a rate are cut (blocklist/rrl.h), connections are limited by host and network
 * (wire/listener.h).
 *
 * Hostile input that reaches it: datagrams and TCP bytes of anyone, at any pace. A
 * connection holds at most one query's bytes and a bounded backlog of answers, and ends
 * when no whole query came in time.
 */
#ifndef PORTREEVE_BLOCKLIST_SERVER_H
#define PORTREEVE_BLOCKLIST_SERVER_H

#include "base/loop.h"
#include "blocklist/answer.h"
#include "blocklist/counters.h"

struct blocklist_server;

struct blocklist_limits {
	unsigned tcp_sessions, tcp_sessions_per_host;    /* host: an IPv4 address, an IPv6 /64 */
	int64_t tcp_timeout_ms;                          /* idle */
	unsigned rrl_rate;                               /* equal answers a second; 0: any */
};

/* Answers from these zones and the newest edition when a query comes. Zones, handover and loop are
 * the caller's and outlive it; it is the one that takes editions. */
struct blocklist_server *blocklist_server_create(struct loop *loop,
                                                 const struct blocklist_zones *zones,
                                                 struct blocklist_handover *handover,
                                                 const struct blocklist_limits *limits);
/* Ends the connections; the sockets added are not closed. NULL is fine. */
void blocklist_server_destroy(struct blocklist_server *s);
/* Others from now on; the former may go. */
void blocklist_server_zones(struct blocklist_server *s, const struct blocklist_zones *zones);
void blocklist_server_limits(struct blocklist_server *s, const struct blocklist_limits *limits);
/* Since it was created; as it stands now, in the loop's thread. */
const struct blocklist_counters *blocklist_server_counters(const struct blocklist_server *s);
/* Bound (and for TCP listening) non-blocking sockets, owned by the caller. */
void blocklist_server_add_udp(struct blocklist_server *s, int fd);
void blocklist_server_add_tcp(struct blocklist_server *s, int fd);

#endif
