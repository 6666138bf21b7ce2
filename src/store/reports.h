/* SPDX-License-Identifier: ISC
 *
 * The store contract's part for reports to abuse desks: the reports, whom they go to, and a
 * secret of ours for their tokens. What store.h promises holds here too; all is for commands
 * (STORE_ALL) alone. Blocks.
 */
#ifndef PORTREEVE_STORE_REPORTS_H
#define PORTREEVE_STORE_REPORTS_H

#include "base/arena.h"
#include "store/store.h"
#include "store/types.h"

/* The report of that network and day. A message is known by its digest: if it has been
 * reported, ERR_EXISTS with its report. ERR_NOT_FOUND: none yet; r->incidents is then how
 * many messages earlier reports of the network did not tell of. No texts are read. */
int store_report_find(struct store *st, const char *network, int64_t day, struct str digest,
                      struct report *r);
/* Writes what store_report_find() led to: a new report, its id made by the caller, or one
 * message more in the one found (its texts anew unless it was sent). ERR_BUSY: another was
 * faster; look again. */
int store_report_save(struct store *st, const struct report *r, struct str digest);
/* ERR_NOT_FOUND. Texts in the arena. */
int store_report_get(struct store *st, const char *id, struct arena *a, struct report *r);
/* Newest first, without texts. */
int store_reports(struct store *st, struct arena *a, struct report **rows, size_t *n);
/* ERR_NOT_FOUND; ERR_DENIED if it may not become that. */
int store_report_become(struct store *st, const char *id, enum report_state state,
                        const char *why, int64_t now_s);

/* What a source said of the range that holds the address, not older than oldest_s.
 * ERR_NOT_FOUND. The smallest range counts. ERR_LIMIT: the source's name is too long to keep. */
int store_contact_get(struct store *st, const char *source, const struct ip *address,
                      int64_t oldest_s, struct arena *a, struct str *answer, int64_t *fetched_s);
int store_contact_put(struct store *st, const char *source, const struct ip *first,
                      const struct ip *last, struct str answer, int64_t now_s);
int store_contact_bury(struct store *st, const char *address, const char *why, int64_t now_s);
int store_contacts_dead(struct store *st, struct arena *a, struct dead_contact **rows, size_t *n);
/* A key of ours by its name, made when it is asked for first. */
enum { STORE_SECRET_BYTES = 32 };
int store_secret(struct store *st, const char *name,
                 unsigned char secret[static STORE_SECRET_BYTES]);

#endif
