/* SPDX-License-Identifier: ISC
 *
 * One session with a server that takes mail of us, by SMTP or LMTP: it connects, greets, starts
 * TLS as the policy wants it, logs in where that is asked for, and carries one message after
 * another. What a refusal means for the next try is for the delivery.
 *
 *   TLS        opportunistic: where a server that offers STARTTLS then hangs up, fails the
 *              handshake, or says what is no reply, before it has answered within TLS, it connects
 *              once more and goes without; gateway_carrier_goes_clear() tells so for the next one.
 *              encrypt, verify: it ends before a word of any message is said.
 *   a login    is said over TLS only.
 *   8 bits     go out as they are where 8BITMIME is not offered: RFC 6152 3 would have the message
 *              recoded or returned; servers that pass seven bits only are not met any more, and
 *              recoding breaks signatures.
 *   SMTPUTF8   A message that needs it (RFC 6531 3.2: an address or its header) fails with 5.6.7
 *              where it is not offered; one that does not goes without.
 *
 * Hostile input: every byte of the server, by way of the engine (smtp/client.h); the texts of its
 * replies are kept as they are, cut.
 */
#ifndef PORTREEVE_GATEWAY_CARRIER_H
#define PORTREEVE_GATEWAY_CARRIER_H

#include "base/stream.h"
#include "gateway/offer.h"
#include "gateway/queue.h"
#include "gateway/tlspolicy.h"

struct gateway_carrier;

enum { GATEWAY_SAID_MAX = GATEWAY_WHY_MAX, GATEWAY_CARRIER_HOST_MAX = 320 };

/* One message, and who of its recipients gets it by this transaction. The caller's, until it is
 * `carried`. */
struct gateway_load {
	const struct gateway_envelope *envelope;
	struct str text;
	struct gateway_cargo {
		struct gateway_rcpt *rcpt;
		void *owner;                 /* the caller's */
		/* The carrier's: */
		bool accepted, known;        /* at RCPT; its fate is known */
		bool replied;                /* `said` is the server's reply, and not ours */
		enum gateway_fate fate;
		char enhanced[12];
		char *said;                  /* freed by gateway_load_fini() */
	} *cargo;
	size_t count;
	/* Nothing is to be carried: whom it would take is asked, and no text is begun. */
	bool asks;
	bool relayed;                        /* the server promised no notification (DSN) */
	/* The connection had carried others and was gone before it answered anything of this one:
	 * no try was made. All fates are unknown then. */
	bool untouched;
};
/* Frees what the carrier put there, and the array. */
void gateway_load_fini(struct gateway_load *load);

/* All are called from the loop; any of them may destroy the carrier. */
struct gateway_carrier_hooks {
	/* It takes a message now: for the first time. */
	void (*ready)(void *arg);
	/* Every recipient of the load has its fate, or it is untouched. It takes the next one if
	 * gateway_carrier_takes(). */
	void (*carried)(void *arg);
	/* The last call: it is over. `ready`: it had been. What came of a load was told before. */
	void (*ended)(void *arg, bool ready, const char *enhanced, const char *why);
};

struct gateway_carrier_setup {
	struct loop *loop;
	struct endpoint to;
	const char *path;             /* a socket of AF_UNIX instead of `to`; NULL: none */
	const char *name;             /* of the host; "": none. For TLS and in texts; copied */
	struct ip source;             /* family 0: the system's choice */
	bool lmtp;
	enum gateway_tls_policy policy;
	bool clear;                   /* TLS did not work there before: only where it may be none */
	/* Both outlive the carrier. `verified` checks certificates; the name to be found there is
	 * set in it for each handshake. */
	SSL_CTX *tls, *verified;
	const char *hostname;         /* in EHLO; copied */
	struct str user, password;    /* outlive it; user empty: no login */
	int64_t connect_ms, idle_ms;
	const struct gateway_carrier_hooks *hooks;       /* static */
	void *arg;
};

/* A context for `tls`, or for `verified`; the caller's. */
SSL_CTX *gateway_carrier_tls(bool verify);

struct gateway_carrier *gateway_carrier_create(const struct gateway_carrier_setup *setup);
/* Says QUIT where that may be said, and closes. No hook is called any more, and nothing is told of
 * the load. NULL is fine. */
void gateway_carrier_destroy(struct gateway_carrier *c);

/* Whether it is ready and carries nothing. */
bool gateway_carrier_takes(const struct gateway_carrier *c);
/* What its server said of a transaction and of the session (RFC 9422): the most recipients, and
 * whether it wants no more messages. For one that is ready. */
unsigned gateway_carrier_recipients_max(const struct gateway_carrier *c);
bool gateway_carrier_is_spent(const struct gateway_carrier *c);
/* What it offers for messages. For one that is, or was, ready. */
struct gateway_offer gateway_carrier_offer(const struct gateway_carrier *c);
/* Only when it takes. */
void gateway_carrier_carry(struct gateway_carrier *c, struct gateway_load *load);

/* "mx.example.org[192.0.2.1]", as texts about it name it. */
const char *gateway_carrier_host(const struct gateway_carrier *c);
bool gateway_carrier_is_secured(const struct gateway_carrier *c);
/* Whether it does without the TLS that the server offers, since that did not work just now. */
bool gateway_carrier_goes_clear(const struct gateway_carrier *c);

#endif
