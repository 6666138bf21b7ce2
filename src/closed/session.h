/* SPDX-License-Identifier: ISC
 *
 * One session of the asker, over the house's wire. One command at a time: what an answer means
 * must not depend on what the server makes of a pipeline.
 *
 * Who uses it: ask.c, in the process that has no rights.
 * Hostile input: every byte of the server, by wire/smtp-client.h.
 */
#ifndef PORTREEVE_CLOSED_SESSION_H
#define PORTREEVE_CLOSED_SESSION_H

#include "base/loop.h"
#include "closed/ask.h"

#include <openssl/ssl.h>

struct asker_session;

/* What is told of it: `about` its greeting, its hello, its control or an envelope. */
enum { ASKED_END = -4, ASKED_GREETING = -3, ASKED_HELLO = -2, ASKED_CONTROL = -1 };
struct asker_setup {
	struct loop *loop;
	SSL_CTX *tls;                            /* outlives it */
	const struct closed_session *session;    /* outlives it */
	const struct closed_patience *patience;  /* outlives it */
	/* A greeting and a hello stand in answer->mail. Called from the loop. */
	void (*answered)(void *arg, int about, const struct closed_answer *answer);
	/* The last call; it may destroy the session. */
	void (*ended)(void *arg, enum closed_end end);
	void *arg;
};
struct asker_session *asker_session_create(const struct asker_setup *setup);
void asker_session_destroy(struct asker_session *s);     /* NULL is fine */

#endif
