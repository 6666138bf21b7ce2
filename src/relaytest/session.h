/* SPDX-License-Identifier: ISC
 *
 * One test of one address and port: which form is tried next, on which connection,
 * what the answers mean, when a message is sent and when to stop. A pure state
 * machine over the SMTP client engine: no socket, no clock, no store. The shell
 * (tester.c) carries its actions out and tells it what happened.
 *
 * How it works:
 *  1. Envelopes first. MAIL, RCPT, RSET for form after form, pipelined where the server
 *     allows, until a connection has had a few refusals. Nothing is delivered by that. A form
 *     whose recipient is accepted becomes a candidate.
 *  2. Messages only for candidates, one at a time, the plain form at once, with a pause
 *     for the return after each; at most `messages` in all. Before the body leaves,
 *     the shell makes the intent durable (SESSION_INTEND).
 *  3. An answer that is no last word (a 4xx that is no relay policy, a ban or limit part of
 *     the way) is asked again later, in the same test: same sender, recipient and source. The
 *     shell is told when (SESSION_LATER), keeps the results, and makes a session anew.
 *  4. A return is confirmed by the same form with the two collector domains swapped and a
 *     new token: a legitimate MX of the first domain refuses it, a honeypot that lets one
 *     message out keeps it. Only then is the host proved open, and the test stops (unless
 *     the owner asked for all).
 *
 * Hostile input: all that a tested server sends, by way of the client engine. Every loop
 * is bounded: drops per form, barren connections, connections and time-outs per test, rounds.
 */
#ifndef PORTREEVE_RELAYTEST_SESSION_H
#define PORTREEVE_RELAYTEST_SESSION_H

#include "base/arena.h"
#include "base/stream.h"
#include "relaytest/identity.h"
#include "relaytest/token.h"

struct session;
struct smtp_client;

/* All pointers outlive the session. */
struct session_setup {
	const struct test *test;             /* id, target, consent, all */
	const struct token_signer *signer;
	const char *domain, *domain2;
	struct ip collector;                 /* family 0: literal forms are skipped */
	const struct identity *us;           /* …its hostname in HELO */
	unsigned messages, refusals, pipeline;
	int64_t proof_wait_ms;
	bool has_trusted_source;             /* S03 can be run */
	/* Forms that a retest must begin with: those that were open. */
	const char (*first)[CASE_ID_MAX];
	size_t first_count;
	/* A retest asks the plain form and those that were open from a second address too. */
	bool has_second;
	/* What an earlier, interrupted run or round of this test has already found out. */
	const struct case_result *sent;
	size_t sent_count;
	unsigned rounds, fruitless;          /* see struct test */
	int64_t ask_again_ms;                /* before the next round; then 4 and 16 times that, as
	                                        long as nothing new is learnt; 0: no rounds */
	/* NULL-terminated ids: only these forms (bench and tests). NULL: all. */
	const char *const *only;
	int64_t now_s;
};

enum session_action_type {
	SESSION_CONNECT,      /* open a connection as `source` says; TLS at once if `tls` */
	SESSION_START_TLS,    /* on the open connection */
	SESSION_RESOLVE,      /* does `name` resolve to the target? answer: session_resolved() */
	SESSION_INTEND,       /* write down that case and attempt is sent now: session_intended() */
	SESSION_DISCONNECT,   /* close the connection */
	SESSION_PAUSE,        /* wait pause_ms, or for a return: session_resume() */
	SESSION_LATER,        /* nothing more to send now; go on in pause_ms with a new session that
	                         is given the results, `rounds` and `fruitless` */
	SESSION_DONE,         /* nothing more to send now; returns may reopen it */
};

enum session_source {
	SESSION_SOURCE_OWN, SESSION_SOURCE_SECOND, SESSION_SOURCE_PORT_25, SESSION_SOURCE_TRUSTED,
};

struct session_action {
	enum session_action_type type;
	enum session_source source;
	bool tls;
	const char *name;
	const char *case_id;
	unsigned attempt;
	int64_t pause_ms;
	unsigned rounds, fruitless;
};

struct session *session_create(const struct session_setup *setup);
void session_destroy(struct session *s);     /* NULL is fine */

/* The next thing to do; false: wait for an event. Call after every event, until
 * false; then write session_output(). */
bool session_next(struct session *s, struct session_action *action);

/* What happened. now_ms is for the transcript only. */
void session_connected(struct session *s, int64_t now_ms);
void session_secured(struct session *s, int64_t now_ms);
void session_received(struct session *s, struct str bytes, int64_t now_ms);
void session_ended(struct session *s, enum stream_end why, int64_t now_ms);
/* The connection is about to be given up: as smtp_client_leave(). */
bool session_leave(struct session *s);
/* A name of the target is usable only if it resolves to its address; `mail_domain` ("" for
 * none) is a parent whose MX does. Also called before the start with the PTR name. */
void session_resolved(struct session *s, const char *name, bool usable, const char *mail_domain);
/* err other than ERR_OK: the message is not sent. */
void session_intended(struct session *s, int err);
void session_resume(struct session *s);
/* A message came back (after session_create() at any time, also after DONE and LATER). Handed
 * in again, the same one (by id; 0: it has none) counts once. */
void session_returned(struct session *s, const struct test_return *r);
/* Nothing could have come back, or can now: that a message was taken decides nothing then. */
void session_deaf(struct session *s, const char *why);
/* For good: what is left stays undone and the verdict says so. */
void session_stop(struct session *s, const char *why);
/* Enough for now: what is left is asked in the next round, if this one brought anything new. */
void session_round_over(struct session *s, const char *why);

struct str session_output(const struct session *s);
void session_output_sent(struct session *s, size_t n);
/* The engine of the connection as it stands now, for wire/smtp-client.h; NULL: there is none. */
struct smtp_client *session_client(const struct session *s);
/* For the connection as it stands now. */
int64_t session_timeout_ms(const struct session *s);

/* The outcome so far. Results are those of the forms, in the catalogue's order; the
 * confirmations (attempt 1) follow them. Valid until the next call. */
struct session_outcome {
	const struct case_result *results;
	size_t n;
	enum verdict verdict;
	enum test_cause cause;       /* of VERDICT_UNREACHABLE */
	unsigned accepted;           /* messages */
	bool control_ok;             /* see store/lifecycle.h */
	const char *reason;          /* why it is not decided, in words; "" */
	bool catch_all;
	const char *finding;         /* "legitimate-mx", "relays-test-mail", … or NULL */
	struct str transcript;
};
void session_outcome(struct session *s, struct session_outcome *out);

#endif
