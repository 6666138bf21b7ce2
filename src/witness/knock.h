/* SPDX-License-Identifier: ISC
 *
 * One session in which a witness's word is said to a mail server, so that it stands in the
 * server's log (log.h):
 *
 *   EHLO WORD-4-25.NAME
 *   EXPN WORD-4-25          refused by default, and logged with the client by Exim and Sendmail
 *   MAIL FROM:<>
 *   RCPT TO:<WORD-4-25@a..b>    no address (RFC 5321 4.1.2: a domain has no empty label), so that
 *                           no server takes it, whomever it trusts
 *   QUIT
 *
 * Never DATA, and no address that anybody could have: nothing can be relayed or delivered by it.
 * Where MAIL needs TLS (530) and STARTTLS is offered, it is said once more behind that.
 *
 * Who uses it: `test --word`. Hostile input: every byte of the server, by wire/smtp-client.h.
 */
#ifndef PORTREEVE_WITNESS_KNOCK_H
#define PORTREEVE_WITNESS_KNOCK_H

#include "base/ip.h"
#include "base/loop.h"
#include "base/stream.h"
#include "witness/word.h"

#include <openssl/ssl.h>

enum witness_knock_end {
	WITNESS_KNOCKED,                 /* all was said */
	WITNESS_TURNED_AWAY,             /* no greeting, EHLO or MAIL for us; the reply says why */
	WITNESS_NOBODY,                  /* refused, or no way there */
	WITNESS_LATE, WITNESS_HUNG_UP, WITNESS_NO_SMTP, WITNESS_NO_TLS, WITNESS_NO_SOURCE,
};
/* "it hung up"; whole words, no full stop. */
const char *witness_knock_end_text(enum witness_knock_end end);

enum { WITNESS_LINES_MAX = 10, WITNESS_LINE_MAX = 320, WITNESS_REPLY_MAX = 80 };

/* What was said, and the first line of each answer. */
struct witness_line {
	char said[WITNESS_LINE_MAX];
	int code;
	char reply[WITNESS_REPLY_MAX];   /* any bytes but NUL */
};
struct witness_knocked {
	enum witness_knock_end end;
	enum stream_end why;             /* of WITNESS_NOBODY: what the system said */
	struct endpoint from;            /* our end; family 0: there was no connection */
	struct witness_line lines[WITNESS_LINES_MAX];
	size_t n;
	bool told;                       /* EHLO was answered: the word may stand in its log */
};

struct witness_knock_setup {
	struct loop *loop;
	struct endpoint to;
	bool tls_at_once;                /* port 465 */
	struct ip from;                  /* family 0: the system's choice */
	const char *name;                /* ours, for EHLO; outlives it */
	const char *word;                /* copied */
	SSL_CTX *tls;                    /* outlives it */
	int64_t connect_ms, command_ms, session_ms;
	/* The last call, from the loop; it may destroy the knock. */
	void (*ended)(void *arg, const struct witness_knocked *knocked);
	void *arg;
};

struct witness_knock;
struct witness_knock *witness_knock_create(const struct witness_knock_setup *setup);
void witness_knock_destroy(struct witness_knock *knock);     /* NULL is fine */

#endif
