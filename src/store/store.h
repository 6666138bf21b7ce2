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
#include "store/fuse.h"
#include "store/heartbeat.h"
#include "store/lifecycle.h"
#include "store/retention.h"
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

/* ---- consent ------------------------------------------------------------ */
int store_permit_add(struct store *st, const struct permit *p);       /* ERR_EXISTS */
int store_permit_remove(struct store *st, const struct prefix *range, const char *who,
                        int64_t now_s);
int store_exclusion_add(struct store *st, const struct exclusion *x); /* ERR_EXISTS */
int store_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                           int64_t now_s);
/* Rows in order of the range, in the arena. */
int store_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n);
int store_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n);

/* Whether and why an address may be tested. */
struct consent_answer {
	enum consent consent;          /* CONSENT_NONE: no test */
	bool excluded;                 /* always wins */
	struct prefix rule;            /* the range that decided */
	char by[WHO_MAX];
};
/* Pure: the decision over all rows (exclusion wins; expired permits don't count;
 * the strongest consent wins). */
void consent_decide(const struct permit *permits, size_t n, const struct exclusion *exclusions,
                    size_t m, const struct ip *address, int64_t now_s, struct consent_answer *out);
/* The same over the stored rows (kept in memory until they change). */
int store_consent(struct store *st, const struct ip *address, int64_t now_s,
                  struct consent_answer *out);

/* ---- nominations and tests ---------------------------------------------- */
int store_nominate(struct store *st, struct nomination *nom);         /* sets nom->id; journalled */
int store_nominations(struct store *st, struct arena *a, struct nomination **rows, size_t *n);

/* Queues a test; makes its id. ERR_EXISTS if one of that target has not ended
 * (t gets it). ERR_DENIED: no consent, excluded, or CONSENT_RANGE and no permit holds:
 * the store is the last guard of "no consent, no test". */
int store_test_add(struct store *st, struct test *t);
/* Takes up to max tests that are due: queued with not_before_s <= now, or
 * running/waiting with a lease that has run out (their process died), or that reaches further
 * ahead than any lease could (it was taken by a wrong clock). Each is
 * leased until now + lease_s and its tries are counted. TEST_WAITING ones come
 * back as such: only the wait is left to do. A queued test whose consent has gone is
 * dropped; one that was running then comes back as TEST_WAITING. */
int store_test_lease(struct store *st, int64_t now_s, int64_t lease_s, struct test *rows,
                     size_t max, size_t *n);
/* Leases one test by id (a command that runs its own). ERR_BUSY if another holds it,
 * ERR_EXISTS if it has ended, ERR_DENIED if its consent has gone. */
int store_test_lease_one(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                         struct test *t);
/* Takes up a test that has ended without VERDICT_OPEN again, because something came back
 * late: it is leased as TEST_WAITING, and intents may be written. Its end is a
 * LIFE_RETURN_LATE if it is open then; else only verdict and results change. ERR_EXISTS: a
 * newer test of the target has not ended, and will find what there is. ERR_DENIED: excluded,
 * or it was open. */
int store_test_reopen(struct store *st, const char *id, int64_t now_s, int64_t lease_s,
                      struct test *t);
int store_test_renew(struct store *st, const char *id, int64_t lease_until_s);
/* Gives a lease back untouched (shutdown). */
int store_test_release(struct store *st, const char *id);
/* Written before the body of a probe is sent: this case and attempt is never sent again
 * in this test, whatever dies. ERR_EXISTS if it was written before, ERR_DENIED if the
 * test has ended or the address was excluded meanwhile: send nothing more. */
int store_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt);
/* The session's results so far; the test waits for returns until until_s, leased at least
 * that long. A test that waits for nothing can be finished without this. */
int store_test_wait(struct store *st, const char *id, const struct case_result *results,
                    size_t n, double seconds, int64_t until_s);
/* A test that is asked on later: its results so far are kept, and it goes back to the queue
 * until due_s. It keeps its id and so its tokens; this lease is no try. If a retest was asked
 * for meanwhile, it ends undecided, and that is queued. ERR_EXISTS if it has ended. */
struct test_put_off {
	const char *test_id;
	const struct case_result *results;
	size_t result_count;
	double seconds;
	int64_t now_s, due_s;
	unsigned rounds, fruitless;          /* see struct test */
	const char *why;                     /* in words */
};
int store_test_put_off(struct store *st, const struct test_put_off *p);
/* Something came back for a test that was put off: it is due now. ERR_NOT_FOUND if it was
 * not put off. */
int store_test_due(struct store *st, const char *id, int64_t now_s);
/* Results saved by store_test_wait() or store_test_put_off() and the intents (as accepted = false,
 * stage = STAGE_MESSAGE, code 0, text "interrupted" where no result followed). */
int store_test_results(struct store *st, const char *id, struct arena *a,
                       struct case_result **results, size_t *n);
int store_test_get(struct store *st, const char *id, struct test *t);            /* ERR_NOT_FOUND */
/* The newest test of that target, any state. port 0: of any port. ERR_NOT_FOUND. */
int store_test_last(struct store *st, const struct endpoint *target, struct test *t);
/* Newest first; family 0 for all addresses. */
int store_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                struct test **rows, size_t *n);

/* The end of a test. */
struct test_outcome {
	const char *test_id;
	enum verdict verdict;
	bool control_ok, forms_refused;      /* see lifecycle.h */
	const struct case_result *results;
	size_t result_count;
	double seconds;
	int64_t now_s;
	const char *reason;                  /* one line for the listing, if it is to be listed */
	const char *why;                     /* it is not decided, in words; NULL or "" */
	struct str evidence;                 /* signed bundle; empty: none */
	const char *evidence_id;
};
/* One transaction: verdict, results, proofs, evidence, lifecycle's effects on the
 * list, follow-up tests, journal, serial. *effects tells what was done. Repeating it
 * for a test that is done is ERR_EXISTS and changes nothing (a kill between commit
 * and answer).
 *
 * A proof is a result with `returned`, whose message was accepted or whose body was sent;
 * VERDICT_OPEN without one is ERR_INVALID. A proof on an address that may not be published
 * (store/fuse.h) keeps its verdict and evidence; the effects are LIFE_WITHHOLD, and the
 * journal says why. No results: those of store_test_wait() stay.
 * The test need not have been leased. A retry is a new test that counts the tries on; one
 * of a TEST_RETEST stays a TEST_RETEST, so that its asker gets an answer. */
int store_test_finish(struct store *st, const struct test_outcome *outcome,
                      const struct lifecycle_policy *policy, struct lifecycle_effects *effects);

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

/* ---- the list ------------------------------------------------------------ */
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
/* Listings that only the operator's word keeps: no proof stands. In order of the address. */
int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n);
int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n);
/* ERR_NOT_FOUND; ERR_DENIED: it may not be published. */
int store_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                       int64_t now_s);

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
