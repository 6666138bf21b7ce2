/* SPDX-License-Identifier: ISC
 *
 * The bundles of evidence as they are kept. Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_EVIDENCE_ROWS_H
#define PORTREEVE_STORE_EVIDENCE_ROWS_H

#include "base/arena.h"
#include "base/ip.h"
#include "store/store.h"

int store_evidence_get(struct store *st, const char *evidence_id, struct arena *a,
                       struct str *bundle);
/* The newest evidence of an address. */
int store_evidence_of(struct store *st, const struct ip *address, struct arena *a,
                      char evidence_id[static 48], struct str *bundle);

#endif
