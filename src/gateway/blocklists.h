/* SPDX-License-Identifier: ISC
 *
 * What the configured blocklists say of a client: asked at connect, all at once, allow-lists first
 * in what counts. No error of a list ever counts against anybody: a list that does not answer, or
 * that is sick (RFC 5782 5, RFC 6471), says nothing, and is switched off and reported until it is
 * well again.
 *
 * Hostile input: what lists answer, or whoever took over their domains.
 */
#ifndef PORTREEVE_GATEWAY_BLOCKLISTS_H
#define PORTREEVE_GATEWAY_BLOCKLISTS_H

#include "base/ip.h"
#include "base/loop.h"
#include "dns/resolver.h"
#include "gateway/config.h"

struct gateway_blocklists;
struct gateway_blocklists_query;

enum { GATEWAY_BLOCKLISTS_MAX = 32, GATEWAY_LISTED_TEXT_MAX = 480 };

/* What they say together. Valid during the callback. */
struct gateway_listing {
	bool listed;         /* the weights reach the threshold, and no allow-list has it */
	bool allowed;
	bool warn;                    /* shadow mode: it is only logged and marked */
	int weight;
	struct str lists;             /* those that matched: "relays.example=2 other.example=1" */
	/* The refusal, of the operator's template: address, list, reason, how to be released. */
	char text[GATEWAY_LISTED_TEXT_MAX];
};

/* Entries are parsed from the configuration (its check has read them); the health test begins at
 * once, and again every few minutes. */
struct gateway_blocklists *gateway_blocklists_create(struct loop *loop,
                                                     struct dns_resolver *resolver,
                                                     const struct gateway_config *config);
/* Its queries have ended or are cancelled by it without a call. NULL is fine. */
void gateway_blocklists_destroy(struct gateway_blocklists *b);

/* What was found of that client lately: answers count for all its sessions as long as they may be
 * remembered (RFC 1035 3.2.1, RFC 2308 5), for a second at least and five minutes at most, and no
 * longer than the same lists are well. NULL: it is to be asked about. Valid until the next call. */
const struct gateway_listing *gateway_blocklists_known(const struct gateway_blocklists *b,
                                                       const struct ip *client);
/* NULL if nothing is to be asked (no list, a private or loopback address): the client is not
 * listed. Calls back once from the loop, within config->blocklist_timeout_s, never from within.
 * Sessions of one client that ask at the same time are answered by the same questions. */
struct gateway_blocklists_query *gateway_blocklists_ask(struct gateway_blocklists *b,
                                                        const struct ip *client,
                                                        void (*done)(void *arg,
                                                              const struct gateway_listing *l),
                                                        void *arg);
void gateway_blocklists_cancel(struct gateway_blocklists_query *query);     /* NULL is fine */

/* For logs and `portreeve top`; false: no more. */
struct gateway_blocklist_state {
	const char *zone;             /* query keys are not shown */
	bool well;
	const char *problem;          /* NULL if it is well */
	uint64_t asked, matched;
};
bool gateway_blocklists_state(const struct gateway_blocklists *b, size_t index,
                              struct gateway_blocklist_state *out);

/* Whether an entry of the configuration can be read; ERR_INVALID with one line. */
int gateway_blocklists_check(const struct gateway_config *config, struct buf *message);

#endif
