/* SPDX-License-Identifier: ISC
 *
 * One connection to a simulated host: policy.c answers what the server engine asks, unless
 * guard.c did; session.c moves the bytes, in the persona's manner.
 */
#ifndef PORTREEVE_TESTS_SIM_SESSION_H
#define PORTREEVE_TESTS_SIM_SESSION_H

#include "sim.h"
#include "wire/smtp-server.h"

enum { SESSION_RECIPIENTS_MAX = 8 };

struct recipient {
	char text[MAILBOX_MAX];      /* as it was given */
	char mailbox[MAILBOX_MAX];   /* where it leads; "" if it is local */
	bool trusted;
};

struct session {
	struct host *host;
	struct session *next, *prev;         /* of the host */
	struct wire_session *place;          /* at the listener */
	struct wire_server *wire;
	int fd;                              /* the wire's */
	struct endpoint peer;
	struct loop_timer *timer;
	struct buf in, out, slow;    /* input; what is said; what is said byte by byte */

	/* Where it stands. */
	char verb[16];               /* of the command at hand */
	bool begun, listing, in_message, deaf, waiting, start_tls, closing, gone;
	struct buf instead;          /* said in place of what the engine says */
	const struct words *unwelcome;       /* what it is greeted with, or NULL */
	unsigned refusals;

	/* Who the client is taken for. */
	bool tls, logged_in, by_xclient, by_proxy;
	char helo[256];

	/* The transaction. */
	char sender[MAILBOX_MAX];
	bool took_local;
	struct recipient recipients[SESSION_RECIPIENTS_MAX];
	size_t recipient_count;
	struct buf message;
	bool logged;
};

/* ---- policy.c ---- */
void policy_answer(struct session *s, const struct smtp_server_event *ev);
bool policy_hangs_up(const struct session *s, const char *at);

/* ---- words.c ---- */
/* Fills s->instead; `path` is what the command at hand is about. */
void words_prepare(struct session *s, const struct words *w, struct str path);
/* … and answers the engine's question with them. */
void words_reply(struct session *s, const struct words *w, struct str path);

/* ---- guard.c ---- */
/* A connection comes. False: it is reset. */
bool guard_admits(struct session *s);
/* Whether it has answered. */
bool guard_answers(struct session *s, const struct smtp_server_event *ev);
/* A refusal was said. True: that was one too many, and the client is banned. */
bool guard_counts(struct session *s);
void guard_forget(struct host *h);

#endif
