/* SPDX-License-Identifier: ISC
 *
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), by GNU SASL over
 * stored keys: bytes in, bytes out. The password is never seen.
 *
 * Who uses it: the sessions, for SMTP_SERVER_SASL, on the loop: it takes microseconds.
 *
 *   unknown names   get a salt all the same, made of the name and a secret that stays, so that
 *                   nobody learns by asking (twice, or after a restart) which accounts there are
 *   binding         a client that could bind to the channel and does not is refused where the
 *                   server offers -PLUS: somebody may have taken that offer out (RFC 5802 6)
 *
 * Hostile input: all messages of any client.
 */
#ifndef PORTREEVE_GATEWAY_SCRAM_H
#define PORTREEVE_GATEWAY_SCRAM_H

#include "base/str.h"
#include "gateway/facts.h"

#include <openssl/ssl.h>

#define SCRAM_NAME "SCRAM-SHA-256"
#define SCRAM_NAME_PLUS "SCRAM-SHA-256-PLUS"
/* What is offered over TLS, best first. */
#define SCRAM_MECHANISMS SCRAM_NAME_PLUS " " SCRAM_NAME

enum { SCRAM_BINDING_MAX = 64, SCRAM_SECRET_BYTES = 32, SCRAM_MESSAGE_MAX = 4096 };

/* What ties an exchange to its TLS connection; n 0: there is none. */
struct scram_binding {
	size_t exporter_n, unique_n;
	unsigned char exporter[SCRAM_BINDING_MAX];       /* tls-exporter (RFC 9266 2) */
	unsigned char unique[SCRAM_BINDING_MAX];         /* tls-unique, TLS 1.2 alone */
};
/* Of the server's side of a connection. */
void scram_binding_of(SSL *tls, struct scram_binding *out);

struct scram_setup {
	bool plus;                    /* the mechanism has -PLUS */
	/* That of the connection, with -PLUS and without: so it is known that -PLUS was offered.
	 * NULL: it was not. */
	const struct scram_binding *binding;
	/* The keys of an account in *scram (RFC 5803 1), empty for none: those that
	 * gateway_setup.credentials has. */
	enum gateway_known (*keys)(void *arg, struct str name, struct buf *scram);
	void *arg;
	unsigned char secret[SCRAM_SECRET_BYTES];        /* the same over all starts */
};

enum scram_state {
	SCRAM_MORE,                   /* `out` is a challenge; the client answers it */
	SCRAM_DONE,                   /* scram_name() has logged in; 235 */
	SCRAM_FAILED,                 /* 535 */
	SCRAM_LATER,                  /* the account could not be looked up; 454 */
};

struct scram;
struct scram *scram_create(const struct scram_setup *setup);
void scram_destroy(struct scram *s);                     /* NULL is fine */
/* A message of the client, decoded; appends what is to be said to *out. After DONE, FAILED and
 * LATER it is over. The first message may be asked for by an empty challenge: that is the
 * caller's. */
enum scram_state scram_step(struct scram *s, struct str in, struct buf *out);
/* Who it is, in small letters, once the client has said so; empty before. It is shown to be true by
 * DONE alone. */
struct str scram_name(const struct scram *s);

#endif
