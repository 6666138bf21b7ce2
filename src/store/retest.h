/* SPDX-License-Identifier: ISC
 *
 * Retests that are asked for, and rechecks that are due. Promises and errors are those of
 * store.h.
 */
#ifndef PORTREEVE_STORE_RETEST_H
#define PORTREEVE_STORE_RETEST_H

#include "store/lifecycle.h"
#include "store/store.h"

/* Queues a retest of every port with a standing proof (and a listing's address
 * without proofs on port 25). ERR_NOT_FOUND: not listed; ERR_DENIED: excluded, or no
 * consent holds. `reply_to` not NULL: asked by mail from the address itself, which is the
 * owner's consent ("" if its sender was empty); NULL: the operator asks, on the consent
 * that holds by permit or nomination. A queued test of a port is brought forward; one
 * that is under way is followed by the retest. */
int store_retest(struct store *st, const struct ip *address, const char *who,
                 const char *reply_to, int64_t now_s, unsigned *queued);
/* Listings whose recheck is due get a TEST_RECHECK queued; *queued of them. */
int store_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                   unsigned *queued);

#endif
