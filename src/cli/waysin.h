/* SPDX-License-Identifier: ISC
 *
 * The ways by which strangers arrive at this machine's mail server, as its own network tells them
 * (audit/arrival.h): to name the rule or the program by which a witness lost its address.
 *
 * It reads the kernel's files and runs nft and iptables-save, and blocks for that long.
 */
#ifndef PORTREEVE_CLI_WAYSIN_H
#define PORTREEVE_CLI_WAYSIN_H

#include "audit/arrival.h"
#include "witness/log.h"

struct waysin {
	struct arena arena;
	struct facts facts;
};

void waysin_look(struct waysin *ways);
void waysin_fini(struct waysin *ways);

/* The way by which a stranger gets that address, who knocked so; NULL: none is known here. Its
 * cause, line and text live as long as `ways`. */
const struct audit_arrival *waysin_find(struct waysin *ways,
                                        const struct witness_sighting *seen);

#endif
