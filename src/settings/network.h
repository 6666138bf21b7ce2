/* SPDX-License-Identifier: ISC
 *
 * This machine's addresses and the gateways of its routes, which no stranger's mail may be trusted
 * for (gateway/trust.h) and no mail exchanger may lead to. The kernel's tables are opened once,
 * before a sandbox, and can be read anew behind it at any time: addresses and routes change while
 * a server runs.
 *
 * Hostile input: none; names of interfaces are other people's.
 */
#ifndef PORTREEVE_SETTINGS_NETWORK_H
#define PORTREEVE_SETTINGS_NETWORK_H

#include "base/arena.h"
#include "gateway/trust.h"

enum { NETWORK_TABLES = 4 };
struct network {
	int fds[NETWORK_TABLES];
};

/* Of the network that the caller is in. Tables that are not there (no IPv6) are empty. */
void network_open(struct network *n);
void network_close(struct network *n);
/* As it is now, loopback addresses among it; what it points to is the arena's. ERR_NOT_FOUND: the
 * kernel shows no addresses; ERR_LIMIT: there is more than NETWORK_BYTES_MAX of a table, and what
 * is beyond was not read. Does not wait for anybody. */
enum { NETWORK_BYTES_MAX = 4 << 20 };
int network_look(const struct network *n, struct arena *a, struct gateway_network *out);

#endif
