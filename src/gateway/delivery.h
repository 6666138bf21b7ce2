/* SPDX-License-Identifier: ISC
 *
 * Delivery: it takes what is due of the queue, finds the way of each recipient (route.h), and takes
 * it there: into a Maildir, by LMTP or SMTP to an inner host, by MX to the world, or to a
 * smarthost. Sessions are used again for the next message of the same destination, of which as
 * many go on at once as that destination bears.
 *
 * Who uses it: the role gateway, in the loop. What blocks (Maildirs) is a syncer's job.
 *
 * Hostile input: MX and address records, every byte of foreign servers (smtp/client.h), the
 * messages. No address of our own, of a private network or of loopback is ever connected to unless
 * a transport of the configuration names it.
 */
#ifndef PORTREEVE_GATEWAY_DELIVERY_H
#define PORTREEVE_GATEWAY_DELIVERY_H

#include "base/syncer.h"
#include "dns/resolver.h"
#include "gateway/config.h"
#include "gateway/queue.h"

#include <openssl/ssl.h>

struct gateway_delivery;
struct directory;

/* Of sessions; what became of recipients is counted by the queue. */
struct gateway_delivery_counters {
	uint64_t connections, reused, over_tls;
};

struct gateway_delivery_setup {
	struct loop *loop;
	struct syncer *syncer;        /* for Maildirs */
	struct dns_resolver *resolver;
	const struct gateway_config *config;     /* outlives it, or until the next one is given */
	const char *hostname;         /* in EHLO */
	const char *mailboxes;        /* directory of the Maildirs, open to us */
	struct directory *directory;  /* whose Maildir an address has (directory.h), as long as the
	                               * delivery or until the next one is given. What inner
	                               * hosts offer is noted there. NULL: all addresses have
	                               * DOMAIN/LOCAL, for tests */
	const struct ip *own;         /* addresses of this machine, which no MX may lead to */
	size_t own_count;
	struct str smarthost_password;           /* empty: none */
	struct gateway_delivery_counters *counters;
};

/* The queue is told to it once it is open: gateway_delivery_queue(). */
struct gateway_delivery *gateway_delivery_create(const struct gateway_delivery_setup *setup);
void gateway_delivery_queue(struct gateway_delivery *d, struct gateway_queue *q);
/* Nothing is begun any more, however much waits; what is under way comes to its end, so that no
 * server and no mailbox gets it once more after the next start. Of a batch into Maildirs that is
 * what is safe already; the others are given back. */
void gateway_delivery_drain(struct gateway_delivery *d);
/* Whether any is under way. */
bool gateway_delivery_is_busy(const struct gateway_delivery *d);
/* Ends its sessions; what was TRYING is given back. NULL is fine. */
void gateway_delivery_destroy(struct gateway_delivery *d);
/* New settings: sessions that go on end by the old ones; TLS that did not work is tried again. */
void gateway_delivery_reload(struct gateway_delivery *d,
                             const struct gateway_delivery_setup *setup);

/* gateway_queue_hooks.due, whose arg is the delivery. */
void gateway_delivery_due(void *arg, struct gateway_rcpt *rcpt);

/* What goes on, a destination at a time, for `portreeve top`; false: no more. */
struct gateway_destination {
	const char *name;
	unsigned waiting, sessions, limit;
	int64_t pause_ms;             /* it is not tried before; 0: it is */
	const char *why;              /* of the last failure; NULL */
};
bool gateway_delivery_destination(const struct gateway_delivery *d, size_t index,
                                  struct gateway_destination *out);

#endif
