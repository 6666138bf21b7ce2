/* SPDX-License-Identifier: ISC
 *
 * What the session (carrier.c) and its transaction (carrier-load.c) share.
 */
#ifndef PORTREEVE_GATEWAY_CARRIER_PRIVATE_H
#define PORTREEVE_GATEWAY_CARRIER_PRIVATE_H

#include "gateway/carrier.h"
#include "smtp/client.h"
#include "smtp/login.h"
#include "smtp/params.h"
#include "wire/smtp-client.h"

struct gateway_carrier {
	struct gateway_carrier_setup setup;
	char *name, *hostname, *host;
	struct wire_client *wire;
	struct smtp_client *client;
	struct smtp_login login;
	struct loop_timer *idle;
	bool connected, secured, ready, over;
	bool starttls;                /* was said, and nothing was answered within TLS yet */
	bool clears;                  /* that failed: once more without, when the call is over */
	bool without_tls;             /* it was tried, and failed */
	bool in_call, doomed;         /* destroyed from within a call of ours */

	/* The transaction. */
	struct gateway_load *load;    /* NULL: none */
	unsigned loads;               /* carried before */
	bool unclean;                 /* the last one did not end by its text: RSET goes first */
	bool answered;                /* something of this one */
	bool mail_ok, data_said, text_said;
	size_t said, accepted;        /* recipients that were said, and taken */
	struct str left;              /* of the text, as it goes out */
};

/* Says a line, wipes it and frees it. */
void carrier_say(struct gateway_carrier *c, enum smtp_verb verb, uint32_t tag, struct buf *line);
/* Appends "450 4.2.0 text", cut to what is kept. */
void carrier_add_reply(struct buf *text, const struct smtp_reply *r);

/* The load is carried: its owner is told. */
void carrier_load_tell(struct gateway_carrier *c);
/* A reply while there is a load. NULL, or why the session cannot go on, what is said of the load
 * by carrier_load_lost(). */
const char *carrier_load_reply(struct gateway_carrier *c, enum smtp_verb verb, uint32_t tag,
                               const struct smtp_reply *r);
/* The session is over: whose fate is not known is put off for that reason. */
void carrier_load_lost(struct gateway_carrier *c, const char *enhanced, const char *why);

#endif
