/* SPDX-License-Identifier: ISC
 *
 * The list: what is on it and by which proofs, the operator's word, retests, and the outputs
 * of multi-hop relays that are published beside it.
 *
 * Errors as in store.h. All functions block.
 */
#ifndef PORTREEVE_STORE_LIST_H
#define PORTREEVE_STORE_LIST_H

#include "base/arena.h"
#include "store/lifecycle.h"

struct store;

/* ---- listings: list.c -------------------------------------------------------- */
/* ERR_NOT_FOUND */
int store_listing_get(struct store *st, const struct ip *address, struct listing *l);
int store_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n);
int store_proofs(struct store *st, const struct ip *address, struct arena *a,
                 struct proof **rows, size_t *n);
/* Those whose server saw us by another address than others do. In order of the address. */
int store_seen(struct store *st, struct arena *a, struct listing **rows, size_t *n);
/* Listings that only the operator's word keeps: no proof stands. In order of the address. */
int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n);

/* ---- the operator's word: word.c ------------------------------------------------ */
/* ERR_EXISTS, ERR_NOT_FOUND; ERR_DENIED: it may not be published. An address that is listed as
 * part of a range alone cannot be taken off alone: ERR_DENIED. */
int store_list(struct store *st, const struct ip *address, const char *who, const char *why,
               const struct lifecycle_policy *policy, int64_t now_s);
int store_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                 int64_t now_s);

/* ---- ranges: ranges.c ------------------------------------------------------------ */
/* A range by the operator's word; with the length of an address it is listed as one, by
 * store_list(). ERR_EXISTS; ERR_DENIED: some part of it may not be published or is excluded,
 * which the message names. */
int store_range_list(struct store *st, const struct prefix *range, const char *who,
                     const char *why, int64_t now_s);
/* The range that was listed, and no other: what is listed inside it stays. ERR_NOT_FOUND: it was
 * not; the message says what of it is. */
int store_range_delist(struct store *st, const struct prefix *range, const char *who,
                       const char *why, int64_t now_s);
/* All, in order: by address, then by length. */
int store_ranges(struct store *st, struct arena *a, struct listed_range **rows, size_t *n);
/* The narrowest listed range that holds all of `part` and is wider. ERR_NOT_FOUND, without a
 * message; *found is as it was then. */
int store_range_around(struct store *st, const struct prefix *part, struct listed_range *found);

/* ---- retests and rechecks: retest.c --------------------------------------------- */
/* Queues a retest of every port with a standing proof (and a listing's address
 * without proofs on port 25). ERR_NOT_FOUND: not listed; ERR_DENIED: excluded, or no
 * consent holds. `reply_to` not NULL: asked by mail from the address itself, which is the
 * owner's consent ("" if its sender was empty), with that mail's `message_id` or NULL;
 * reply_to NULL: the operator asks, on the consent that holds by permit or nomination. A
 * queued test of a port is brought forward; one that is under way is followed by the retest. */
int store_retest(struct store *st, const struct ip *address, const char *who,
                 const char *reply_to, const char *message_id, int64_t now_s,
                 unsigned *queued);
/* Listings whose recheck is due get a TEST_RECHECK queued; *queued of them. */
int store_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                   unsigned *queued);

/* ---- outputs: outputs.c ------------------------------------------------------- */
/* In order of the address. */
int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n);
/* The operator agrees to publish an output, or withdraws it (JOURNAL_AGREE, JOURNAL_WITHDRAW).
 * Whether it is published now has an entry of its own where that changes. ERR_NOT_FOUND: no
 * output; ERR_DENIED: it may not be published. */
int store_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                       int64_t now_s);

#endif
