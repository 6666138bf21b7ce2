/* SPDX-License-Identifier: ISC
 *
 * Response rate limiting: equal answers that one network is given by UDP. A forged source
 * address makes a name server's answers fall on somebody else; beyond the limit they are cut to
 * no more than the question, with TC. Never dropped: who really asks comes back by TCP, whose
 * handshake cannot be forged.
 *
 * A bucket belongs to an IPv4 /24 or IPv6 /56 *and* a question: a big resolver asks a list many
 * names from one address, and each of them has its own. Pure: time is an argument; memory is
 * fixed, and a look takes constant time and allocates nothing.
 *
 * Hostile input that reaches it: names, types and source addresses of any datagram.
 */
#ifndef PORTREEVE_BLOCKLIST_RRL_H
#define PORTREEVE_BLOCKLIST_RRL_H

#include "base/hash.h"
#include "base/ip.h"

struct blocklist_rrl;

/* What is equal about an answer. */
struct blocklist_rrl_question {
	const uint8_t *name;             /* wire form, any case; NULL: of the network alone */
	size_t name_bytes;
	uint16_t type;                   /* 0: of any type */
	uint8_t rcode;
};

/* per_second: equal answers, as many at once; 0: no limit. */
struct blocklist_rrl *blocklist_rrl_create(unsigned per_second, const struct hash_key *key);
void blocklist_rrl_destroy(struct blocklist_rrl *rrl);      /* NULL is fine */
void blocklist_rrl_set(struct blocklist_rrl *rrl, unsigned per_second);
/* Whether one more may be given in full; counts it if so. */
bool blocklist_rrl_allows(struct blocklist_rrl *rrl, const struct ip *peer,
                          const struct blocklist_rrl_question *question, int64_t now_ms);

#endif
