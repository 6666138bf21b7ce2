/* SPDX-License-Identifier: ISC
 *
 * One SMTP conversation that we hold in our own name: a mail to one host, or the question
 * whether a mail would be taken there. A pure state machine over the client engine: no socket
 * and no clock. Its shell is courier.c; the notices and the check of the collector use it.
 *
 * EHLO, or HELO where that is not known; STARTTLS where it is offered and wanted; MAIL; one
 * RCPT after the other; then the message to the first recipient that was taken, or none. It
 * says QUIT before it ends, unless the server said 421.
 *
 * Hostile input: all that the server sends, by way of the client engine. Every command is
 * sent once, so the conversation is bounded by what is to be said.
 */
#ifndef PORTREEVE_RELAYTEST_MAILING_H
#define PORTREEVE_RELAYTEST_MAILING_H

#include "base/str.h"

#include <stdint.h>

struct mailing;
struct smtp_client;

/* All texts outlive the mailing; none holds a CR or LF but the message. */
struct mailing_setup {
	const char *helo;
	const char *from;                    /* "<>" */
	const char *const *recipients;       /* paths in angle brackets */
	size_t n;
	/* Goes to the first recipient that is taken. Empty: none is sent, and every recipient
	 * must be taken. */
	struct str message;
	/* A recipient that must be refused for good, asked for after the others; NULL: none.
	 * Only without a message. */
	const char *stranger;
	bool starttls;                       /* take TLS where it is offered */
};

enum mailing_step {
	MAILING_WAITS,       /* for the server; write the output */
	MAILING_START_TLS,   /* write the output, start TLS, then mailing_secured() */
	MAILING_OVER,        /* close */
};

struct mailing *mailing_create(const struct mailing_setup *setup);
void mailing_destroy(struct mailing *m);     /* NULL is fine */

enum mailing_step mailing_received(struct mailing *m, struct str bytes);
void mailing_secured(struct mailing *m);
/* For wire/smtp-client.h; the mailing's own. */
struct smtp_client *mailing_client(const struct mailing *m);
struct str mailing_output(const struct mailing *m);
void mailing_output_sent(struct mailing *m, size_t n);

/* How it went, at any time. */
struct mailing_result {
	bool decided;        /* all that remains is QUIT */
	bool taken;          /* the message, or all that was asked for */
	bool unanswered;     /* the message has left, and nobody knows what became of it */
	bool secured;        /* TLS by STARTTLS was tried */
	/* If it was not taken: `it said "550 5.1.1 No such mailbox" to RCPT TO:<x@y.test>`,
	 * printable. Lives as long as the mailing. */
	const char *why;
};
void mailing_result(const struct mailing *m, struct mailing_result *result);

#endif
