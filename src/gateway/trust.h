/* SPDX-License-Identifier: ISC
 *
 * Whether a host may be an account by its address. Most relays of today are open because the
 * address of a bridge, a NAT or a proxy was trusted, and every stranger comes from it. So trust is
 * for single hosts, and never for an address that others may come by: it is asked again whenever
 * addresses or routes of this machine change. Pure.
 */
#ifndef PORTREEVE_GATEWAY_TRUST_H
#define PORTREEVE_GATEWAY_TRUST_H

#include "base/ip.h"

/* The addresses of this machine by which others may come, from its interfaces and routes. */
struct gateway_network {
	const struct ip *own;         /* of its interfaces, bridges among them */
	size_t own_count;
	const struct ip *gateways;    /* of its routes */
	size_t gateway_count;
};

/* NULL if the host may be trusted; else why not, in words that follow its address ("is this
 * machine's own address: …"). Static. `network` NULL: as far as can be told without it, for what
 * is written down and stays. A network without an address is one that cannot be seen: then nobody
 * is trusted. */
const char *gateway_trust_refuses(const struct ip *host, const struct gateway_network *network);

#endif
