/* SPDX-License-Identifier: ISC
 *
 * What a store needs to go on: scans that can be resumed, the removal of what is old, the look
 * whether it is still the one that was opened, and its copy. Promises and errors are those of
 * store.h.
 */
#ifndef PORTREEVE_STORE_UPKEEP_H
#define PORTREEVE_STORE_UPKEEP_H

#include "store/retention.h"
#include "store/store.h"

/* Resumable scans: the start of an unfinished scan with that key (a hash of what is
 * scanned and how), or a new one; `seed` orders it. */
int store_scan_begin(struct store *st, const char *key, int64_t now_s, uint64_t *seed,
                     int64_t *started_s);
int store_scan_end(struct store *st, const char *key, int64_t now_s);

/* How far a removal of old rows has come; zeroed at first. */
struct store_expiry {
	int64_t at[RETAINED_KINDS];            /* the last row looked at */
	uint64_t removed[RETAINED_KINDS];
	bool done[RETAINED_KINDS], over;       /* all that is old has been looked at */
};
/* One pass: looks at up to `max` old rows of each kind that this opener may write, and
 * removes those whose time is over, in one transaction per kind. To be called
 * until x->over. `dry`: they are counted only. */
int store_expire(struct store *st, const struct store_config *keep, int64_t now_s, size_t max,
                 bool dry, struct store_expiry *x);
/* Whether what is open is still the store that stands at its place: for a role that has it open
 * for long, a few times a second. ERR_CLOSED: it was replaced, or an older copy was restored;
 * nothing that is written is kept, so close it and open anew. ERR_NOT_FOUND: it was taken away.
 * Whatever changes it returns ERR_CLOSED from then on. */
int store_check(struct store *st);
/* A descriptor that can be read soon after somebody has committed to the list with a new serial,
 * for who would follow it without delay; -1: there is none, and he looks now and then, as he does
 * anyway, for what is missed. It does not block; the caller reads away what it has, and closes
 * it. A sandbox may keep it from being made. */
int store_news(struct store *st);
/* Where a copy goes: an empty file that the caller has opened for reading and writing, and its
 * name for messages. Nothing is opened or made by that name. */
struct store_copy {
	const char *name;
	int fd;
};
/* A consistent copy while roles run, checked by reading it back: of the list, the returns and the
 * accounts. To be flushed by the caller. On an error what was written is of no use. */
int store_backup(struct store *st, const struct store_copy *list,
                 const struct store_copy *returns, const struct store_copy *accounts);

#endif
