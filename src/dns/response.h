/* SPDX-License-Identifier: ISC
 *
 * What an answer from a name server says about the one question it was asked: the pure
 * half of the resolver. Follows CNAMEs inside the message.
 *
 * Hostile input that reaches it: any bytes of whoever answers.
 */
#ifndef PORTREEVE_DNS_RESPONSE_H
#define PORTREEVE_DNS_RESPONSE_H

#include "base/arena.h"
#include "dns/message.h"
#include "dns/resolver.h"

/* Fills all but result->name; arrays and texts are the arena's. Wrong input is
 * DNS_MALFORMED, never an error; single records whose data is broken are left out. */
void dns_response_read(const uint8_t *message, size_t n, const struct dns_question *asked,
                       struct arena *a, struct dns_result *result);
/* How long it may be kept: the least time to live of its answers, or (negative) of the SOA record
 * beside them and that record's minimum (RFC 2308 5). 0: not at all. */
uint32_t dns_response_ttl_s(const uint8_t *message, size_t n, bool negative);

#endif
