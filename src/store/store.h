/* SPDX-License-Identifier: ISC
 *
 * The store contract: the only state that roles share. A backend (sqlite.h)
 * fills `struct store_ops`; callers use the functions below
 * and never know which one it is. Only roles/ and cli/ name a backend.
 *
 * Promises of every backend:
 *  - what returned ERR_OK is on disk; a kill at any instant loses nothing of it;
 *  - a verdict, its evidence, the list change, the journal and the serial are
 *    one transaction: all or none is seen;
 *  - a store that was replaced while it was open is ERR_CLOSED (store_check());
 *  - a full disk is ERR_FULL, a lock held too long ERR_BUSY, damage ERR_CORRUPT;
 *    nothing was changed then; store_message() says what and where;
 *  - each opening role can do only what its job needs (enum store_role);
 *  - by a clock that has jumped (section "the clock") nothing is removed, listed, leased or
 *    journalled: ERR_BUSY.
 * All functions block (milliseconds; ERR_BUSY after 5 s). One thread a store.
 */
#ifndef PORTREEVE_STORE_STORE_H
#define PORTREEVE_STORE_STORE_H

#include "base/arena.h"
#include "store/admission.h"
#include "store/fuse.h"
#include "store/heartbeat.h"
#include "store/list.h"
#include "store/retention.h"
#include "store/tests.h"
#include "store/types.h"

enum store_role {
	STORE_ADMIN,        /* commands: all */
	STORE_TESTER,       /* all but permits and exclusions, which it reads */
	STORE_COLLECTOR,    /* adds returns and retest requests; reads tests and listings */
	STORE_DNSBL,        /* reads listings, outputs, journal */
};

struct store;

void store_close(struct store *st);                     /* NULL is fine */
/* One line on the last error: what, where. Valid until the next call. */
const char *store_message(struct store *st);
/* The rules, which are copied: what may be published (store/fuse.h), and how far the clock may
 * be from the time last known (section "the clock" below). Until then fuse_default and
 * STORE_CLOCK_JUMP_MAX_S hold. */
enum { STORE_CLOCK_JUMP_MAX_S = 7 * 86400 };
void store_set_rules(struct store *st, const struct fuse *fuse, int64_t clock_jump_max_s);
const struct fuse *store_fuse(const struct store *st);

/* ---- the clock ----------------------------------------------------------- */
struct store_clock {
	enum clock_state state;
	int64_t known_s;               /* judged by this; 0: by nothing */
	bool recorded;                 /* it is the heartbeat; else the newest row's time */
};
int store_clock_look(struct store *st, int64_t now_s, struct store_clock *out);
/* To be called at a start, before anything else is written, and at least once an hour: moves
 * the heartbeat on and corrects times of rows that are ahead. A role that cannot write the
 * list's database keeps the time in memory. ERR_BUSY: the clock has jumped; the message says
 * what to do, and nothing was written. */
int store_clock_beat(struct store *st, int64_t now_s);
/* The operator's word that the clock is right. */
int store_clock_accept(struct store *st, int64_t now_s);

/* The most that a test may wait for returns, and that a retry may be put off. */
enum { STORE_WAIT_MAX_S = 5 * 86400, STORE_RETRY_MAX_S = 30 * 86400 };

/* ---- scans --------------------------------------------------------------- */
/* Resumable scans: the start of an unfinished scan with that key (a hash of what is
 * scanned and how), or a new one; `seed` orders it. */
int store_scan_begin(struct store *st, const char *key, int64_t now_s, uint64_t *seed,
                     int64_t *started_s);
int store_scan_end(struct store *st, const char *key, int64_t now_s);

/* ---- returns (written by the collector) ---------------------------------- */
/* What came back in one message, rows[0].message, for each of its n > 0 tokens; the message is
 * kept once. Durable when it returns; an error has undone all. results[i] is ERR_OK, also
 * where the token has had this very message (its client tries again; rows[i].id is the
 * first's), or ERR_LIMIT where it has had max_per_token others. */
int store_returns_add(struct store *st, struct test_return *rows, size_t n,
                      unsigned max_per_token, int *results);
/* The same for one token. */
int store_return_add(struct store *st, struct test_return *r, unsigned max_per_token);
/* Returns with id > after, oldest first, at most max. Messages in the arena only
 * if with_message. */
int store_returns_after(struct store *st, int64_t after, size_t max, bool with_message,
                        struct arena *a, struct test_return **rows, size_t *n);
int store_returns_of(struct store *st, const char *test_id, bool with_message, struct arena *a,
                     struct test_return **rows, size_t *n);
/* ERR_LIMIT: the same address asked within min_interval_s. */
int store_request_add(struct store *st, const struct retest_request *r, int64_t min_interval_s);
int store_requests_after(struct store *st, int64_t after, size_t max, struct arena *a,
                         struct retest_request **rows, size_t *n);
/* How far the tester has read each of the two (kept with its own writes); 0 at first. */
int store_cursor_get(struct store *st, const char *name, int64_t *value);
int store_cursor_set(struct store *st, const char *name, int64_t value);

/* ---- the journal --------------------------------------------------------- */
int store_serial(struct store *st, uint64_t *serial);
/* Entries with serial > after, in order, at most max. */
int store_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                  struct journal_entry **rows, size_t *n);
/* One consistent view: every listing and the serial it belongs to. */
int store_snapshot(struct store *st, struct arena *a, struct listing **rows, size_t *n,
                   uint64_t *serial);

/* ---- evidence, upkeep ----------------------------------------------------- */
int store_evidence_get(struct store *st, const char *evidence_id, struct arena *a,
                       struct str *bundle);
/* The newest evidence of an address. */
int store_evidence_of(struct store *st, const struct ip *address, struct arena *a,
                      char evidence_id[static 48], struct str *bundle);
/* How far a removal of old rows has come; zeroed at first. */
struct store_expiry {
	int64_t at[RETAINED_KINDS];            /* the last row looked at */
	uint64_t removed[RETAINED_KINDS];
	bool done[RETAINED_KINDS], over;       /* all that is old has been looked at */
};
/* One pass: looks at up to `max` old rows of each kind that this role writes, and removes
 * those whose time is over, in one transaction a kind. To be called until x->over. `dry`: they
 * are counted only. */
int store_expire(struct store *st, const struct store_config *keep, int64_t now_s, size_t max,
                 bool dry, struct store_expiry *x);
/* Whether what is open is still the store that stands at its place: for a role that has it open
 * for long, a few times a second. ERR_CLOSED: it was replaced, or an older copy was restored;
 * nothing that is written is kept, so close it and open anew. ERR_NOT_FOUND: it was taken away.
 * Whatever changes it returns ERR_CLOSED from then on. */
int store_check(struct store *st);
/* Where a copy goes: an empty file that the caller has opened for reading and writing, and its
 * name for messages. Nothing is opened or made by that name. */
struct store_copy {
	const char *name;
	int fd;
};
/* A consistent copy while roles run, checked by reading it back: of the list and of the
 * returns. To be flushed by the caller. On an error what was written is of no use. */
int store_backup(struct store *st, const struct store_copy *list,
                 const struct store_copy *returns);

#endif
