/* SPDX-License-Identifier: ISC
 *
 * Inner hosts asked whether they have a recipient: by MAIL FROM:<> and RCPT TO in a session of its
 * own, in which no message is begun. For domains of ours whose mail goes to an inner host of which
 * there is no file of recipients (directory.h). What is known is kept for a while; a host that
 * cannot be asked is no answer, and the client comes again.
 *
 * Who uses it: the sessions ask (gateway-envelope.c), the directory reads what was answered.
 *
 * Hostile input: the recipients of any client, as plain addresses: what is kept of them is
 * bounded, and how many questions go on at once; the replies of inner hosts.
 */
#ifndef PORTREEVE_GATEWAY_CALLOUT_H
#define PORTREEVE_GATEWAY_CALLOUT_H

#include "dns/resolver.h"
#include "gateway/config.h"
#include "gateway/facts.h"
#include "gateway/offer.h"

struct gateway_callouts;
struct gateway_callout;

enum {
	GATEWAY_CALLOUTS_MAX = 50,                   /* at the same time */
	GATEWAY_CALLOUT_YES_MS = 300 * 1000, GATEWAY_CALLOUT_NO_MS = 60 * 1000,
	GATEWAY_CALLOUT_LATER_MS = 5 * 1000,         /* a host that gave no answer is let be */
};

struct gateway_callouts_setup {
	struct loop *loop;
	struct dns_resolver *resolver;
	const struct gateway_config *config;         /* outlives it, or until the next one */
	const char *hostname;                        /* copied */
	/* What the host of that domain offered: before its answer is there. NULL: nobody asks. */
	void (*offered)(void *arg, const char *domain, const struct gateway_offer *offer);
	void *arg;
};

struct gateway_callouts *gateway_callouts_create(const struct gateway_callouts_setup *setup);
/* For the questions to come; what was answered before is forgotten. */
void gateway_callouts_reload(struct gateway_callouts *c,
                             const struct gateway_callouts_setup *setup);
/* Nobody waits any more. NULL is fine. */
void gateway_callouts_destroy(struct gateway_callouts *c);

/* directory_setup.inner, whose arg is the callouts: what was answered and still counts. */
enum gateway_known gateway_callouts_known(void *callouts, const struct gateway_address *address);

/* Asks the domain's host. done() is called once from the loop, never from within: then
 * gateway_callouts_known() has the answer, or there is none. NULL: too many are asked just now, the
 * host gave no answer a moment ago, or the domain's mail goes to no host. */
struct gateway_callout *gateway_callouts_ask(struct gateway_callouts *c,
                                             const struct gateway_address *address,
                                             void (*done)(void *arg), void *arg);
/* done() is not called. NULL is fine. */
void gateway_callout_cancel(struct gateway_callout *one);

#endif
