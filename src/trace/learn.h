/* SPDX-License-Identifier: ISC
 *
 * Works out what is ours from messages that the user sent to himself: every host on
 * such a message's way is his own or his provider's. It proposes; the user decides.
 *
 * Hostile input: a spam addressed from its recipient looks like such a message. Only what
 * more than half of the messages agree on is proposed, so a few of those change nothing.
 */
#ifndef PORTREEVE_TRACE_LEARN_H
#define PORTREEVE_TRACE_LEARN_H

#include "base/arena.h"
#include "base/json.h"
#include "trace/trace.h"

enum { LEARN_HOSTS_MAX = 768, LEARN_NETS_MAX = 512, LEARN_SERVICES_MAX = 4 };

/* Hosts as names and as patterns that fit them, networks and wider ones; each counts the
 * messages that had it. */
struct learn_host {
	struct str pattern;
	unsigned seen, last;                     /* messages; the last one's number */
};

struct learn_net {
	struct prefix prefix;
	unsigned seen, last;
};

struct learn {
	struct arena arena;
	struct learn_host host[LEARN_HOSTS_MAX];
	size_t host_count;
	struct learn_net net[LEARN_NETS_MAX];
	size_t net_count;
	struct learn_net service[LEARN_SERVICES_MAX];    /* mail services, see learn.c */
	unsigned used, skipped;                  /* messages */
};

/* Takes one message. It is skipped if it is not from an address to the same (in To or
 * Delivered-To), since its hosts need not be ours then. */
void learn_message(struct learn *learn, struct str message);
/* Is there anything to propose? */
bool learn_any(const struct learn *learn);
/* The proposal as a section of the configuration file: what more than half of the messages
 * agree on; where they name different hosts of one kind, a pattern. */
void learn_config(const struct learn *learn, struct buf *out);
/* The same in JSON: adds own_hosts, own_nets, messages and skipped to the object that is open. */
void learn_json(const struct learn *learn, struct json *j);
void learn_fini(struct learn *learn);

#endif
