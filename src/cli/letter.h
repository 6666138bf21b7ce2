/* SPDX-License-Identifier: ISC
 *
 * A message as programs of this machine hand it to sendmail, made into one that may be submitted:
 * line ends, the lone dot, who it is to, what its header lacks or may not show. Pure.
 *
 * Hostile input: all that any program, or whoever feeds it, writes.
 */
#ifndef PORTREEVE_CLI_LETTER_H
#define PORTREEVE_CLI_LETTER_H

#include "base/str.h"

#include <stdint.h>

enum { LETTER_BYTES_MAX = 128 << 20, LETTER_RECIPIENTS_MAX = 1000, LETTER_FIELD_MAX = 1 << 20 };

/* ---- as it comes in ----------------------------------------------------------------------- */

/* Zero-initialised is the start. */
struct letter_input {
	bool no_dot;                  /* -i: a lone dot is text */
	bool cr, dot, inside;         /* what stands before the next byte; inside: of a line */
	bool ended, too_long;
	struct buf text;              /* in LF; CR alone ends a line, too; without NUL */
};
/* Takes bytes in pieces of any size; false if no more are wanted: it has ended by a dot, or is
 * longer than LETTER_BYTES_MAX. */
bool letter_take(struct letter_input *in, struct str bytes);
/* At the end of the input: its last line has a line end. */
void letter_finish(struct letter_input *in);

/* ---- who it is to ------------------------------------------------------------------------- */

struct letter_recipients {
	char *v[LETTER_RECIPIENTS_MAX];       /* "a@b.example", each once */
	size_t n;
	char *wrong;                          /* the first text that names nobody */
	bool too_many;
};
/* Adds the mailboxes of an address list as it stands on a command line: "a@b.example",
 * "Al <a@b.example>, c". What has no domain gets `hostname`, in lower case. */
void letter_add_recipients(struct letter_recipients *r, struct str list, const char *hostname);
/* Those of To, Cc and Bcc; of the Resent- fields where there are any (RFC 5322 3.6.6). */
void letter_recipients_of(struct letter_recipients *r, struct str text, const char *hostname);
void letter_recipients_fini(struct letter_recipients *r);

/* ---- as it goes out ----------------------------------------------------------------------- */

struct letter_facts {
	const char *sender;           /* "a@b.example", or "" */
	const char *author;           /* the caller's address: a From without a sender */
	const char *name;             /* of the caller, for a From that is made; "": none */
	const char *hostname;
	const char *id;               /* for a Message-ID */
	int64_t now_s;
};
/* Appends the message, lines in LF or CRLF: Bcc taken out, From, Date and Message-ID put in where
 * they are missing, addresses without a domain given one, a From that is no plain ASCII written
 * as mail has it. A text without a header gets one. */
void letter_write(struct str text, const struct letter_facts *facts, struct buf *out);

/* Adds "@hostname" to a word without one. */
void letter_qualify(struct str address, const char *hostname, struct buf *out);

#endif
