/* SPDX-License-Identifier: ISC
 *
 * The insides of the tester: tester.c (work in and out), run.c (one test's sockets and
 * pauses), run-names.c (the host's names), run-finish.c (verdict and evidence to the store).
 */
#ifndef PORTREEVE_RELAYTEST_TESTER_PRIVATE_H
#define PORTREEVE_RELAYTEST_TESTER_PRIVATE_H

#include "relaytest/politeness.h"
#include "relaytest/session.h"
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
	struct stream *stream;
	bool holds_connection, wants_connection, connected, stepping;
	bool unsaved;                        /* the outcome of a message */
	bool later;                          /* what is waited for is followed by another round */
	unsigned finish_tries, replies;
	struct session_action connect;       /* owed while wants_connection; else the last round's
	                                        end */
	struct loop_timer *timer;
	int64_t began_ms, connection_ms;     /* the test, this connection */
	int64_t connected_ms;                /* spent in connections before this one */
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

struct tester {
	struct tester_setup setup;
	struct politeness *politeness;
	SSL_CTX *tls;
	struct run *runs;
	size_t active, talking;
	struct run_queue starting, connecting;
	struct loop_timer *start_timer, *poll_timer, *lease_timer;
	bool leases;
	uint64_t polls;
	int64_t returns_seen, requests_seen;
	struct notice *notices;
};

/* run.c */
void run_begin(struct run *r);
void run_returned(struct run *r, const struct test_return *ret);
/* Takes a test up again that was put off. */
void run_again(struct run *r);
/* When politeness has let it. */
void run_open_connection(struct run *r);
void run_free(struct run *r);

/* run-names.c: finds a name of the target that resolves to it; run_named() follows. */
void run_find_name(struct run *r, const char *candidate);
void run_named(struct run *r);

/* run-finish.c */
void run_finish(struct run *r);
/* The test is put off to its next round. */
void run_put_off(struct run *r);
void run_save_wait(struct run *r, int64_t until_s);

/* tester.c */
void tester_connection_wanted(struct tester *t, struct run *r);
void tester_connections_free(struct tester *t);
void tester_run_over(struct tester *t, struct run *r);

/* notice.c: mail to a tested host itself, on the port that was tested, and to no other: one
 * connection, one recipient after the other until one is taken. */
void notice_result(struct tester *t, const struct run *r, enum verdict verdict, bool delisted);
void notice_listed(struct tester *t, const struct run *r, const char *evidence_id);
void notice_abandon(struct tester *t);

#endif
