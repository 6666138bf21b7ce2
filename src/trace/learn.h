/* SPDX-License-Identifier: ISC
 *
 * Works out what is ours from messages that the user sent to himself: every host on
 * such a message's way is his own or his provider's. It proposes; the user decides.
 */
#ifndef PORTREEVE_TRACE_LEARN_H
#define PORTREEVE_TRACE_LEARN_H

#include "base/arena.h"
#include "trace/trace.h"

enum { LEARN_HOSTS_MAX = 256, LEARN_NETS_MAX = 256 };

struct learn {
	struct arena arena;
	struct str host[LEARN_HOSTS_MAX];
	unsigned host_seen[LEARN_HOSTS_MAX];     /* messages that name it */
	size_t host_count;
	struct ip net[LEARN_NETS_MAX];
	unsigned net_seen[LEARN_NETS_MAX];
	size_t net_count;
	unsigned used, skipped;                  /* messages */
};

/* Takes one message. Skipped if its From and To (or Delivered-To) are not the same
 * address: then its hosts need not be ours. */
void learn_message(struct learn *learn, struct str message);
/* The proposal as a section of the configuration file: what at least half of the messages
 * agree on, since a spam can be addressed from its recipient, too. */
void learn_config(const struct learn *learn, struct buf *out);
/* The same as a JSON object: own_hosts, own_nets, messages, skipped. */
void learn_json(const struct learn *learn, struct buf *out);
void learn_fini(struct learn *learn);

#endif
