/* SPDX-License-Identifier: ISC
 *
 * The insides of the tester. The files, from the top down; none calls one above it but by a hook:
 *
 *   tester.c         made and asked by its callers; its timers
 *   tester-follow.c  what is read from the store: returns, requests, tests that are due
 *   run.c            one test's sockets and pauses
 *   run-names.c      the host's names
 *   run-finish.c     verdict and evidence to the store
 *   notice.c         mail to tested hosts
 *   reach-check.c    can anything come back? The collector is asked,
 *   reach-mx.c       …and the DNS
 *   tester-runs.c    the list of tests under way and their queues
 */
#ifndef PORTREEVE_RELAYTEST_TESTER_PRIVATE_H
#define PORTREEVE_RELAYTEST_TESTER_PRIVATE_H

#include "relaytest/politeness.h"
#include "relaytest/reach.h"
#include "relaytest/seen.h"
#include "relaytest/session.h"
#include "relaytest/verdict.h"
#include "relaytest/tester.h"

enum run_state {
	RUN_QUEUED,           /* for the rate */
	RUN_NAMES,            /* reverse name looked up */
	RUN_TALKING,          /* the session is at work */
	RUN_PAUSED,           /* between two messages */
	RUN_WAITING,          /* for returns */
	RUN_OVER,
	RUN_LATER,            /* put off, for a round that this process waits for */
};

struct run {
	struct tester *tester;
	struct run *next, *prev;             /* all runs */
	struct run *queue_next;              /* for the rate or for a connection */
	enum run_state state;
	struct test test;
	struct session *session;
	struct arena arena;
	struct wire_client *wire;
	bool holds_connection, wants_connection, stepping;
	bool unsaved;                        /* the outcome of a message */
	struct ip came_from;                 /* the address that we connected from; family 0 */
	struct seen_as seen;                 /* by which the host saw us; found at the end */
	enum mta server;                     /* what it is by its Received line; the same */
	bool later;                          /* what is waited for is followed by another round */
	unsigned finish_tries;
	struct session_action connect;       /* owed while wants_connection; else the last round's
	                                        end */
	struct loop_timer *timer;
	int64_t began_ms, connection_ms;     /* the test, this connection */
	int64_t connected_ms;                /* spent in connections before this one */
	int64_t wait_from_ms, wait_until_ms; /* for returns; until 0: not yet */
	int64_t sent_ms;                     /* the last message of this process; 0: none */
	char (*first)[CASE_ID_MAX];
	size_t first_count;

	/* run-names.c */
	struct dns_query *query;
	char name[256], mail_domain[256];
	bool name_usable;
};

struct run_queue {
	struct run *head, **tail;
};

/* What a file asks of one above it. */
struct tester_hooks {
	void (*open_connection)(struct run *r);              /* politeness has let it */
	void (*named)(struct run *r);                        /* or no name is to be had */
	void (*run_over)(struct tester *t, struct run *r);   /* frees the run */
	/* The collector has answered, or not: tests start, or are given back. */
	void (*reach_told)(struct tester *t);
};

struct tester {
	struct tester_setup setup;
	const struct tester_hooks *hooks;
	struct politeness *politeness;
	SSL_CTX *tls;
	struct run *runs;
	size_t active, talking;
	struct run_queue starting, connecting;
	struct loop_timer *start_timer, *poll_timer, *lease_timer;
	bool leases, lease_fails;
	uint64_t polls;
	int64_t returns_seen, requests_seen;
	/* Returns of tests that cannot be reopened while a newer one of the same target has not
	 * ended, the oldest first; one per test. */
	struct test_return *held;
	size_t held_n, held_room;
	int64_t returns_kept;                /* the cursor in the store: before what is held */
	struct notice *notices;
	struct reach reach;
	struct reach_check *check;
	uint64_t sent;                       /* messages */
	struct seen_votes seen_votes;
	struct tester_counters counters;     /* but for these */
};

/* run.c */
void run_begin(struct run *r);
void run_returned(struct run *r, const struct test_return *ret);
/* Takes a test up again that was put off. */
void run_again(struct run *r);
/* Hooks. */
void run_open_connection(struct run *r);
void run_named(struct run *r);
void run_free(struct run *r);

/* run-names.c: finds a name of the target that resolves to it; the hook `named` follows. */
void run_find_name(struct run *r, const char *candidate);

/* run-finish.c */
void run_finish(struct run *r);
/* The test is put off to its next round. */
void run_put_off(struct run *r);
void run_save_wait(struct run *r, int64_t until_s);

/* tester-runs.c; tester_run() as well */
void run_queue_init(struct run_queue *q);
void run_queue_push(struct run_queue *q, struct run *r);
void run_queue_remove(struct run_queue *q, struct run *r);
/* NULL if it is not under way here. */
struct run *tester_find(struct tester *t, const char *test_id);
void tester_connection_wanted(struct tester *t, struct run *r);
/* A connection was given back: those who wait try again, in order. */
void tester_connections_free(struct tester *t);
/* What the operator should know: to the command, or into the log. */
void tester_remark(struct tester *t, const char *event, const char *text);

/* tester-follow.c */
void follow_begin(struct tester *t, bool lease);
void follow_turn(struct tester *t);

/* Our message came back to its recipient: there is something to confirm. */
static inline bool tester_is_news(const struct test_return *ret)
{
	return ret->kind == RETURN_RECIPIENT && ret->marked;
}

/* reach-check.c: asks the collector when reach.h says so and a test is there to ask with. */
struct reach_check *reach_check_create(struct tester *t);
void reach_check_destroy(struct reach_check *c);
void reach_check_poll(struct reach_check *c);
bool reach_check_has_token(const struct tester *t);
/* The configuration is another: the question under way has no answer. */
void reach_check_abandon(struct reach_check *c);

/* reach-mx.c */
struct reach_mx *reach_mx_create(struct tester *t);
void reach_mx_destroy(struct reach_mx *m);           /* NULL is fine */

/* notice.c: mail to a tested host itself, and to no other: on the port that was tested, or on
 * port 25 of its address; within the limits of politeness, and never beside a test that talks
 * to the address. One recipient after the other until one is taken. */

/* What a retest came to. */
struct told {
	enum verdict verdict;
	bool delisted;
	const char *reason;             /* why nothing was shown; "" */
	const struct explanation *why;  /* it is open; NULL: nothing is said of that */
	const struct prefix *range;     /* the address is listed as part of it; NULL: of none */
};

void notice_result(struct tester *t, const struct run *r, const struct told *told);
/* `why` it is open; NULL: nothing is said of that. */
void notice_listed(struct tester *t, const struct run *r, const char *evidence_id,
                   const struct explanation *why);
/* Connects for those that may go out now. */
void notice_turn(struct tester *t);
void notice_abandon(struct tester *t);

#endif
