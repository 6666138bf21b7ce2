/* SPDX-License-Identifier: ISC
 *
 * Answers of name servers, kept as long as they say (RFC 1035 3.2.1, RFC 2308 5) within limits:
 * whole messages by question. A table of fixed size, in which what would expire first makes room.
 * Pure but for its memory: time is an argument.
 *
 * Hostile input that reaches it: names that strangers have us ask (its hash is keyed), and the
 * times to live and bytes of whoever answers.
 */
#ifndef PORTREEVE_DNS_CACHE_H
#define PORTREEVE_DNS_CACHE_H

#include "base/hash.h"
#include "dns/message.h"

enum { DNS_CACHE_BYTES_MAX = 4096 };     /* of a message; longer ones are not kept */

struct dns_cache_limits {
	size_t entries;                  /* at most, rounded up to fours */
	uint32_t min_s, max_s;           /* a time to live is taken for at least, at most that */
	uint32_t negative_max_s;         /* the same for "none" */
};

struct dns_cache;
struct dns_cache *dns_cache_create(const struct dns_cache_limits *limits,
                                   const struct hash_key *key);
void dns_cache_destroy(struct dns_cache *c);             /* NULL is fine */
/* Keeps the answer to the question; 0 seconds to live: not. */
void dns_cache_put(struct dns_cache *c, const struct dns_question *q, struct str message,
                   uint32_t ttl_s, bool negative, int64_t now_ms);
/* The answer that is kept, and its age; valid until the next put. */
bool dns_cache_get(const struct dns_cache *c, const struct dns_question *q, int64_t now_ms,
                   struct str *message, uint32_t *age_s);
size_t dns_cache_count(const struct dns_cache *c);       /* what has expired included */

#endif
