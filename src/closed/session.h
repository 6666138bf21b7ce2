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

/* What is told of it: `about` its greeting, its hello, the claim, its control or an envelope. */
enum {
	ASKED_END = -5, ASKED_GREETING = -4, ASKED_HELLO = -3, ASKED_CLAIM = -2,
	ASKED_CONTROL = -1,
};
struct asker_word {
	int32_t about;
	struct closed_answer answer;             /* greeting, hello and claim: answer.mail */
	uint32_t extensions;                     /* ASKED_HELLO */
	int32_t end;                             /* ASKED_END: an enum closed_end */
	int32_t claim_refused;                   /* ASKED_END; 0: no */
};

struct asker_setup {
	struct loop *loop;
	SSL_CTX *tls;                            /* outlives it */
	const char *certificate;                 /* where the session has none; outlives it */
	int bound;                               /* CLOSED_CLAIM_PORT25: the socket that speaks
	                                            from there, the session's then; or -1 */
	const struct closed_session *session;    /* outlives it */
	const struct closed_patience *patience;  /* outlives it */
	/* Called from the loop. ASKED_END is the last, and may destroy the session. */
	void (*told)(void *arg, const struct asker_word *word);
	void *arg;
};
struct asker_session *asker_session_create(const struct asker_setup *setup);
void asker_session_destroy(struct asker_session *s);     /* NULL is fine */

#endif
