/* SPDX-License-Identifier: ISC
 *
 * Whether one list works: its test entries (RFC 5782 5) asked at the start, every few minutes, and
 * soon after an answer that no working list gives. For IPv4 and for IPv6, as many a list has only
 * one of them. These entries may come out of some cache when the list is long dead: where it gives
 * no good answer to a few clients in a row it is left alone until the next test, then tried by one
 * of them. What it says of the list is logged when it changes.
 *
 * Hostile input: what the list answers, by way of lookup/judge.h.
 */
#ifndef PORTREEVE_GATEWAY_BLOCKLISTS_HEALTH_H
#define PORTREEVE_GATEWAY_BLOCKLISTS_HEALTH_H

#include "gateway/blocklists-judge.h"
#include "lookup/judge.h"

enum {
	BLOCKLIST_HEALTH_MS = 5 * 60 * 1000, BLOCKLIST_HEALTH_SOON_MS = 2 * 1000,
	/* In a row, over so much time: many at one moment are as likely our own trouble. */
	BLOCKLIST_FAILURES_MAX = 4, BLOCKLIST_FAILING_MS = 2 * 1000,
};

struct blocklist_health;

/* `entry` and the resolver outlive it. known(arg): it is known now whether the list works; each
 * time, never from within a call. */
struct blocklist_health *blocklist_health_create(struct loop *loop, struct dns_resolver *resolver,
                                                 const struct blocklist_entry *entry,
                                                 void (*known)(void *arg), void *arg);
void blocklist_health_destroy(struct blocklist_health *h);      /* NULL is fine */

enum blocklist_state { BLOCKLIST_UNKNOWN, BLOCKLIST_WELL, BLOCKLIST_SICK };
/* For addresses of that family. */
enum blocklist_state blocklist_health_of(const struct blocklist_health *h, uint8_t family);
/* NULL: it is well for one of the families, or nothing is known against it yet. */
const char *blocklist_health_problem(const struct blocklist_health *h);
/* What came of a question about a client: a good answer, be it "not listed"; or why not. */
void blocklist_health_good(struct blocklist_health *h);
void blocklist_health_bad(struct blocklist_health *h, const char *problem);

#endif
