/* SPDX-License-Identifier: ISC
 *
 * The store: the only state that roles share. Its use cases stand beside this file, a header
 * for each aggregate (admission.h, tests.h, list.h, returns.h, journal.h, …), which names the .c
 * file of each use case. Where the rows are kept is a backend's affair (backend.h), and only
 * settings/open.c names one.
 *
 * Promises, whatever the backend:
 *  - what returned ERR_OK is on disk; a kill at any instant loses nothing of it;
 *  - a verdict, its evidence, the list change, the journal and the serial are
 *    one transaction: all or none is seen;
 *  - a store that was replaced while it was open is ERR_CLOSED (store_check());
 *  - a full disk is ERR_FULL, a lock held too long ERR_BUSY, damage ERR_CORRUPT;
 *    nothing was changed then; store_message() says what and where;
 *  - each opener can write only what its job needs (the bits below): ERR_DENIED;
 *  - by a clock that has jumped (clock.h) nothing is removed, listed, leased or
 *    journalled: ERR_BUSY.
 * All functions block (milliseconds; ERR_BUSY after 5 s). One thread per store.
 */
#ifndef PORTREEVE_STORE_STORE_H
#define PORTREEVE_STORE_STORE_H

#include <stdint.h>

/* What a store may write, a set of bits. Whoever opens it says so (settings/open.h). */
enum {
	STORE_READS = 0,
	STORE_CONSENT = 1u << 0,       /* what operators alone say: permits, exclusions, listed
	                                  ranges */
	STORE_TESTS = 1u << 1,         /* nominations, the queue, tests, how far returns are read */
	STORE_LIST = 1u << 2,          /* listings, proofs, evidence, the operator's word */
	STORE_REPORTS = 1u << 3,       /* reports, contacts, secrets */
	STORE_RETURNS = 1u << 4,       /* what came back, requests for a retest */
	STORE_ACCOUNTS = 1u << 5,      /* accounts of the mail gateway, their addresses */
	STORE_ALL = (1u << 6) - 1,
};

struct store;
struct fuse;

void store_close(struct store *st);                     /* NULL is fine */
/* One line on the last error: what, where. Valid until the next call. */
const char *store_message(struct store *st);
/* The rules, which are copied: what may be published (store/fuse.h), and how far the clock may
 * be from the time last known (clock.h). Until then fuse_default and
 * STORE_CLOCK_JUMP_MAX_S hold. */
enum { STORE_CLOCK_JUMP_MAX_S = 7 * 86400 };
void store_set_rules(struct store *st, const struct fuse *fuse, int64_t clock_jump_max_s);
const struct fuse *store_fuse(const struct store *st);

#endif
