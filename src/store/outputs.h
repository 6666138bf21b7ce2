/* SPDX-License-Identifier: ISC
 *
 * Outputs of relays of several hops, and the operator's agreement to publish one. Promises and
 * errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_OUTPUTS_H
#define PORTREEVE_STORE_OUTPUTS_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

/* In order of the address. */
int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n);
/* The operator agrees to publish an output, or takes that back (JOURNAL_AGREE,
 * JOURNAL_DISAGREE); whether it is published has an entry of its own where that changes.
 * ERR_NOT_FOUND: no output; ERR_DENIED: it may not be published. */
int store_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                       int64_t now_s);

#endif
