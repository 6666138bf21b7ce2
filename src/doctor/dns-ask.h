/* SPDX-License-Identifier: ISC
 *
 * Gets the answers that the judgement needs, all at the same time, from the resolver and of our
 * own server. On the loop; ends by itself within a few seconds.
 *
 * Hostile input: answers of name servers, by way of dns/resolver.h.
 */
#ifndef PORTREEVE_DOCTOR_DNS_ASK_H
#define PORTREEVE_DOCTOR_DNS_ASK_H

#include "base/loop.h"
#include "doctor/dns.h"

struct doctor_dns_ask;

/* Fills *dns until it is destroyed. `own`: ask our own server, too. ERR_IO if no resolver can be
 * made. */
int doctor_dns_ask_create(struct loop *loop, const struct doctor_plan *plan, bool own,
                          struct doctor_dns *dns, struct doctor_dns_ask **ask);
/* What has no answer yet stays a time-out. NULL is fine. */
void doctor_dns_ask_destroy(struct doctor_dns_ask *ask);
/* Questions that have no answer yet. */
size_t doctor_dns_ask_pending(const struct doctor_dns_ask *ask);

#endif
