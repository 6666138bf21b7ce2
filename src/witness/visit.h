/* SPDX-License-Identifier: ISC
 *
 * One connection of a witness: it takes the greeting, says EHLO with the word, then MAIL with the
 * null sender and an RCPT that no server can accept (it has no domain, so that it is refused and
 * logged whomever the server trusts), and QUIT. There is no DATA in it. It ends within
 * WITNESS_VISIT_MS.
 *
 * Who uses it: witness/service.h. Hostile input: all that the visited server sends, by wire/
 * and smtp/; nothing of it is kept but codes.
 */
#ifndef PORTREEVE_WITNESS_VISIT_H
#define PORTREEVE_WITNESS_VISIT_H

#include "base/loop.h"
#include "witness/message.h"

#include <openssl/ssl.h>

enum {
	WITNESS_CONNECT_MS = 10000, WITNESS_COMMAND_MS = 15000, WITNESS_VISIT_MS = 40000,
	WITNESS_TLS_PORT = 465,          /* TLS from the first byte */
};

struct witness_visit;

struct witness_visit_setup {
	struct loop *loop;
	struct endpoint to;
	SSL_CTX *tls;                    /* for WITNESS_TLS_PORT; outlives the visit */
	const char *word;                /* outlives the visit */
	/* Once, from the loop; the visit may be destroyed in it. */
	void (*done)(void *arg, const struct witness_seen *seen);
	void *arg;
};

struct witness_visit *witness_visit_create(const struct witness_visit_setup *setup);
/* Closes at once. NULL is fine. */
void witness_visit_destroy(struct witness_visit *v);

#endif
