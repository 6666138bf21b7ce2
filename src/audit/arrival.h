/* SPDX-License-Identifier: ISC
 *
 * By which address strangers arrive at a mail server: their own; or that of a program that passes
 * connections on, of the machine that masquerades, of a cluster's node, or the loopback. A server
 * that trusts such an address is open to the whole Internet (causes C1 to C5). Pure.
 *
 * Not seen yet: IPVS (kube-proxy in that mode, the inside of Swarm's mesh), eBPF (Cilium), services
 * whose pod is on another node, where HAProxy and nginx lead by their configuration, a PROXY header
 * that gives the source back (C7), NAT rules in the network of a container.
 */
#ifndef PORTREEVE_AUDIT_ARRIVAL_H
#define PORTREEVE_AUDIT_ARRIVAL_H

#include "audit/facts.h"

enum audit_way {
	AUDIT_DIRECT,                    /* by their own address */
	AUDIT_BY_PROXY,                  /* by that of the machine towards the server */
	AUDIT_MASQUERADED,               /* by that which a rule puts in place */
	AUDIT_BY_NODE,                   /* by a node's or pod's of a cluster */
	AUDIT_BY_LOOPBACK,               /* by 127.0.0.1 or ::1 */
};

struct audit_arrival {
	uint8_t family;                  /* of the strangers: 4, 6 */
	uint16_t port;                   /* at which they knock; 0: not known from here */
	enum audit_way way;
	struct ip as;                    /* family 0: their own, or (no AUDIT_DIRECT) not known */
	/* False: it may be so. Another machine decides it (we are in a container), or a rule has a
	 * condition that we don't understand. */
	bool certain;
	const char *cause;               /* "C1"; "" for AUDIT_DIRECT */
	const char *line;                /* the rule or command line that does it; "" */
	const char *text;                /* the evidence, one sentence */
};

const char *audit_way_name(enum audit_way way);

/* How strangers of each family arrive at `server`: an address (0.0.0.0 and :: stand for all of this
 * machine; a container's for one that it publishes: ask for each that it has, of both families) and
 * the port there. None of a family: they
 * can't reach it as far as the facts say. In the arena of `f`; ERR_LIMIT: the rules go in circles
 * or too far, with what was found before. */
int audit_arrivals(struct facts *f, const struct endpoint *server,
                   struct audit_arrival **arrivals, size_t *n);

#endif
