/* SPDX-License-Identifier: ISC
 *
 * What the blocklists said of clients, for the next sessions of the same ones: as long as the
 * answers may be remembered, and as long as the same lists are well. A table of fixed size, in
 * which what would expire first makes room. Pure but for its memory: time is an argument.
 *
 * Hostile input: who connects from where (its hash is keyed).
 */
#ifndef PORTREEVE_GATEWAY_BLOCKLISTS_KEPT_H
#define PORTREEVE_GATEWAY_BLOCKLISTS_KEPT_H

#include "base/hash.h"
#include "gateway/blocklists.h"

/* Sessions that come within a second are judged by one answer, whatever it says of its time. */
enum { BLOCKLISTS_KEPT_LEAST_S = 1, BLOCKLISTS_KEPT_MOST_S = 300, BLOCKLISTS_KEPT = 4096 };

struct blocklists_kept;
struct blocklists_kept *blocklists_kept_create(const struct hash_key *key);
void blocklists_kept_destroy(struct blocklists_kept *k);         /* NULL is fine */
/* A copy. `well`: the lists that were, a bit each. */
void blocklists_kept_put(struct blocklists_kept *k, const struct ip *client, uint64_t well,
                         const struct gateway_listing *listing, uint32_t keep_s, int64_t now_ms);
/* NULL: nothing that still stands. Else it is valid until the next put. */
const struct gateway_listing *blocklists_kept_get(const struct blocklists_kept *k,
                                                  const struct ip *client, uint64_t well,
                                                  int64_t now_ms);

#endif
