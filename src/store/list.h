/* SPDX-License-Identifier: ISC
 *
 * The list as it stands, and the operator's word. Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_LIST_H
#define PORTREEVE_STORE_LIST_H

#include "base/arena.h"
#include "store/lifecycle.h"
#include "store/store.h"

/* ERR_NOT_FOUND */
int store_listing_get(struct store *st, const struct ip *address, struct listing *l);
int store_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n);
int store_proofs(struct store *st, const struct ip *address, struct arena *a,
                 struct proof **rows, size_t *n);
/* The operator's word. ERR_EXISTS, ERR_NOT_FOUND; ERR_DENIED: it may not be published. */
int store_list(struct store *st, const struct ip *address, const char *who, const char *why,
               const struct lifecycle_policy *policy, int64_t now_s);
int store_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                 int64_t now_s);
/* Listings that only the operator's word keeps: no proof stands. In order of the address. */
int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n);

#endif
