/* SPDX-License-Identifier: ISC
 *
 * What a backend of the store is: 13 primitives over the rows of rows.h, and no decision. What
 * they are used for, the rules of the house, stands in the use cases beside this file, which
 * run over any backend:
 *
 *   accounts.c      accounts of the mail gateway and their addresses
 *   admission.c     whether a test may be made, queued or leased: consent, permits, exclusions
 *   nominations.c   who asked for a look at an address
 *   queue.c         a test is queued, leased, renewed, put off, given back, reopened
 *   tests.c         intents and results; tests are read
 *   finish.c        the end of a test: verdict, proofs, what follows for the list
 *   lifecycle.c     when a listing begins and ends (pure), lifecycle-state.c: what it is asked with
 *   list.c          listings and their proofs as they stand
 *   word.c          the operator's word: on the list, and off it
 *   ranges.c        the same of ranges, which nothing else lists
 *   outputs.c       outputs and the operator's agreement
 *   retest.c        retests that are asked for, rechecks that are due
 *   journal.c       the journal, its serial, the snapshot that goes with a serial
 *   returns.c       what came back, requests for a retest, how far they are read
 *   undecided.c     listings that no test decides
 *   evidence-rows.c bundles as they are kept
 *   reports-rows.c  reports, contacts, dead contacts
 *   summary.c       the store in a few numbers
 *   retention.c     what may be removed (pure), expire.c: its removal
 *   clock.c         the heartbeat, the judgement by it, the repair
 *   upkeep.c        scans, secrets, check and backup
 *
 * A use case is a function over `struct store`; one transaction, written as
 *
 *   static int bury(struct store *st, const struct dead_contact *d)
 *   {
 *           struct dead_contact found = *d;                   // key columns say which
 *           int e = row_get(st, ROW_DEAD_CONTACT, BY_KEY, &found, NULL);
 *           if (e == ERR_OK && found.since_s > d->since_s)
 *                   return store_fail(st, ERR_EXISTS, "%s is dead already", d->address);
 *           return e == ERR_OK || e == ERR_NOT_FOUND ? row_put(st, ROW_DEAD_CONTACT, d) : e;
 *   }
 *
 *   int store_contact_bury(struct store *st, …)
 *   {
 *           int e = store_begin(st, PLACE_LIST, STORE_REPORTS, "contact_bury");
 *           return e == ERR_OK ? store_end(st, bury(st, &d)) : e;
 *   }
 *
 * A use case calls the functions of this file's second part, which check what may be written;
 * only they call the operations. Rows that are listed are copies: they may be changed while one
 * goes over them. Nothing in between yields to another user of the same store: one thread.
 */
#ifndef PORTREEVE_STORE_BACKEND_H
#define PORTREEVE_STORE_BACKEND_H

#include "base/arena.h"
#include "store/fuse.h"
#include "store/rows.h"
#include "store/store.h"

struct store_copy;

/* Which rows of an index, in which order. All of them in order: { .index = BY_KEY }. */
enum row_bound { BOUND_NONE, BOUND_AFTER, BOUND_FROM, BOUND_BEFORE, BOUND_UPTO };
struct row_range {
	unsigned index;
	const void *row;               /* holds what is compared with, and stays so meanwhile;
	                                  NULL: nothing is */
	unsigned equal;                /* the first columns of the index that equal those of row */
	enum row_bound bound;          /* the column behind them is >, >=, <, <= that of row */
	bool backward;
};
/* 0: go on; 1: enough; negative: an error, which ends it. */
typedef int row_seen(void *context, const void *row);

/* Each returns ERR_OK or an error, with a message (store_fail()): ERR_FULL, ERR_BUSY (5 s),
 * ERR_CORRUPT, ERR_IO, ERR_CLOSED (the store was replaced; what was written is lost). Each is
 * all or nothing, and on disk when the transaction's end, or it itself outside of one, returns.
 * A place that is not there yet has no rows. Blobs come in the arena; with none they come empty,
 * and nothing of them is read. What is given is copied. A value that cannot be one of ours,
 * like an address of 3 bytes, is ERR_CORRUPT. */
struct backend_ops {
	void (*close)(struct store *);

	/* A transaction over one place. Reading: what is seen is one state. Writing: no other
	 * writer's, from begin to end. None within another of the same place. */
	int (*begin)(struct store *, enum row_place, bool write);
	/* Commits if e is ERR_OK and undoes all otherwise. Returns e, or why the commit failed;
	 * the message that belongs to e stays. */
	int (*end)(struct store *, int e);

	/* The row whose columns of that unique index equal those of *row; a row that the index
	 * does not hold is not found. ERR_NOT_FOUND without a message; *row is as it was. */
	int (*get)(struct store *, enum row_kind, unsigned index, void *row, struct arena *blobs);
	/* In order of the index. `seen` may read, but not write. */
	int (*each)(struct store *, enum row_kind, const struct row_range *, struct arena *blobs,
	            row_seen *seen, void *context);
	/* The greatest value of a number's column, 0 without rows. Over the key of a numbered
	 * kind it is as cheap as one row. */
	int (*greatest)(struct store *, enum row_kind, const char *column, int64_t *value);

	/* A new row; its number is set if the kind is numbered. ERR_EXISTS if a unique index
	 * has one already. */
	int (*add)(struct store *, enum row_kind, void *row);
	/* Adds, or changes the row of that key. Only for kinds without numbers and without
	 * another unique index. */
	int (*put)(struct store *, enum row_kind, const void *row);
	/* All columns of the row of that key, blobs too: they must have been read.
	 * ERR_NOT_FOUND. */
	int (*update)(struct store *, enum row_kind, const void *row);
	/* The row of that key. ERR_NOT_FOUND. */
	int (*remove)(struct store *, enum row_kind, const void *row);

	/* Appends to the journal, within a writing transaction. The serial is given under a lock
	 * that is held until the commit: who has read up to a serial never misses one below it.
	 * It is greater than any that was ever given out, even if an older copy of the store was
	 * restored meanwhile; that is journalled before it then (JOURNAL_RESTORE). */
	int (*journal)(struct store *, const struct journal_entry *);
	/* A number that is another one when somebody else has committed to PLACE_LIST. */
	int (*changed)(struct store *, int64_t *version);
	/* store_news() in upkeep.h; NULL: this backend has none. */
	int (*news)(struct store *);

	/* store_check(), store_backup() in upkeep.h. ERR_UNSUPPORTED is an answer of backup. */
	int (*check)(struct store *);
	int (*backup)(struct store *, const struct store_copy *list,
	              const struct store_copy *returns, const struct store_copy *accounts);
};

/* Permits and exclusions, kept in memory until they change (admission.c). */
struct consent_cache {
	bool valid;
	int64_t version;               /* ops->changed() when it was read */
	struct arena arena;
	struct permit *permits;
	struct exclusion *exclusions;
	size_t permit_count, exclusion_count;
};

/* What every backend's store begins with. */
struct store {
	const struct backend_ops *ops;
	unsigned may_write;            /* capabilities */
	struct buf message;
	struct fuse fuse;
	int64_t clock_jump_max_s;
	char holder[HOLDER_MAX];       /* of the leases that are taken; "": it was not said */
	int64_t steady_s;              /* clock.c: the heartbeat of who cannot write it */
	struct consent_cache consents;
	const char *names[ROW_PLACES]; /* of the places, as messages name them; the backend's */
	bool writing[ROW_PLACES];      /* within store_begin() and store_end() */
	enum row_place open_place;     /* …of the transaction that is open */
	bool open, only_reads;
};
/* For a backend: before it opens anything, and last when it closes. */
void store_init(struct store *st, const struct backend_ops *ops, unsigned may_write);
void store_fini(struct store *st);

/* ---- for use cases ------------------------------------------------------------- */

/* Fails with one line. Returns err. */
int store_fail(struct store *st, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether rows of that kind may be written by this opener. */
bool store_may_write(const struct store *st, enum row_kind kind);
/* A writing transaction. ERR_DENIED, with a message that names `what`, unless this opener has
 * all of the capabilities `needs`. */
int store_begin(struct store *st, enum row_place place, unsigned needs, const char *what);
int store_begin_read(struct store *st, enum row_place place);
int store_end(struct store *st, int e);

/* The operations, checked: what is written is ERR_DENIED where the kind's writers say so. */
int row_get(struct store *st, enum row_kind kind, unsigned index, void *row, struct arena *blobs);
int row_each(struct store *st, enum row_kind kind, const struct row_range *range,
             struct arena *blobs, row_seen *seen, void *context);
int row_greatest(struct store *st, enum row_kind kind, const char *column, int64_t *value);
int row_add(struct store *st, enum row_kind kind, void *row);
int row_put(struct store *st, enum row_kind kind, const void *row);
int row_update(struct store *st, enum row_kind kind, const void *row);
int row_remove(struct store *st, enum row_kind kind, const void *row);

/* The first row of the range. ERR_NOT_FOUND; *row is as it was then. `row` may be the
 * range's. */
int row_first(struct store *st, enum row_kind kind, const struct row_range *range, void *row,
              struct arena *blobs);
/* Rows of a range as an array of the kind's struct, in the arena: those that `fits` (NULL: all)
 * says yes to, at most max (0: no end). Blobs come there too, if `with_blobs`. */
struct row_wish {
	struct row_range range;
	bool (*fits)(const void *context, const void *row);
	const void *context;
	size_t max;
	bool with_blobs;
};
int row_list(struct store *st, enum row_kind kind, const struct row_wish *wish, struct arena *a,
             void *rows, size_t *n);       /* void *rows: struct x **rows */
/* Removes all of a range, which are `removed` then (may be NULL). */
int row_clear(struct store *st, enum row_kind kind, const struct row_range *range,
              size_t *removed);

/* ---- use cases that others use (in a transaction of theirs) --------------------- */

/* ERR_BUSY, with the message: the clock has jumped. Everything that a wrong clock could do for
 * good asks this first; journal_add() does. clock.c */
int clock_guard(struct store *st, int64_t now_s);
/* journal.c */
int journal_add(struct store *st, enum journal_action action, const struct prefix *subject,
                const char *who, const char *why, int64_t now_s);
int journal_add_ip(struct store *st, enum journal_action action, const struct ip *subject,
                   const char *who, const char *why, int64_t now_s);
/* A test with its intents and results. expire.c */
int test_remove(struct store *st, const struct test_row *test);
/* A row, which was read with its digest, and its message if no other names it. returns.c */
int return_remove(struct store *st, const struct return_row *row);
/* A bundle is kept under its id; one that is there stays. evidence-rows.c */
int evidence_keep(struct store *st, const char *id, const struct ip *address, struct str bundle,
                  int64_t now_s);
/* A bundle as it is kept, and back: ERR_CORRUPT. */
void bundle_pack(struct str bundle, struct buf *out);
int bundle_unpack(struct arena *a, struct str *bundle);

#endif
