/* SPDX-License-Identifier: ISC
 *
 * What may be removed from the store, and when: a pure function. Nothing that belongs to an
 * address on the list is ever removed, nor the last test of a target, nor what a role has
 * not read yet; the journal, permits, exclusions and nominations stay for good.
 */
#ifndef PORTREEVE_STORE_RETENTION_H
#define PORTREEVE_STORE_RETENTION_H

#include "store/config.h"

enum retained {
	RETAINED_TEST,               /* with its intents and results */
	RETAINED_EVIDENCE,
	RETAINED_RETURN,
	RETAINED_REQUEST,            /* for a retest */
	RETAINED_KINDS,
};

/* What is known of a row. */
struct retention_facts {
	int64_t time_s;              /* when it ended, was made or came */
	bool listed;                 /* its address is on the list now */
	bool under_way;              /* TEST: it has not ended */
	bool last;                   /* TEST: none of its address and port is newer */
	int64_t delisted_s;          /* EVIDENCE: when its address left the list; 0: never */
	bool unread;                 /* RETURN, REQUEST: the tester has still to see it */
};

/* Whether its time is over. Pure. */
bool retention_over(enum retained kind, const struct retention_facts *facts,
                    const struct store_config *keep, int64_t now_s);
/* How long rows of that kind are kept at the least. */
int64_t retention_keep_s(enum retained kind, const struct store_config *keep);

#endif
