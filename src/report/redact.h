/* SPDX-License-Identifier: ISC
 *
 * The copy of a message that goes to an abuse desk, without the persons in it (RFC 6590).
 * The local part of each mail address becomes a keyed digest: the same person has the
 * same digest in all our reports, and nobody without the key can tell who it is. A
 * recipient's local part is replaced where it stands alone, too. Recipients' names are
 * left out; host names, addresses of hosts and message ids stay: they are the evidence.
 *
 * Hostile input: the whole message. Time is linear in it; what is long is cut, what is not
 * ASCII is escaped, so that the copy can stand in any mail.
 */
#ifndef PORTREEVE_REPORT_REDACT_H
#define PORTREEVE_REPORT_REDACT_H

#include "base/arena.h"
#include "trace/trace.h"

enum { REDACT_KEY_BYTES = 32, REDACT_NAMES_MAX = 16, REDACT_DIGEST_LEN = 16 };

struct redaction {
	unsigned char key[REDACT_KEY_BYTES];
	struct str names[REDACT_NAMES_MAX];      /* recipients' local parts */
	size_t name_count;
	struct str keep;                         /* an address that is not redacted, or "" */
};

/* Finds the recipients where our own hosts wrote them down. The slices are the message's. */
void redact_recipients(struct redaction *r, const struct trace *t, struct str message);
/* Appends the text, redacted. */
void redact_text(const struct redaction *r, struct str text, struct buf *out);
/* Appends the digest of a local part. */
void redact_digest(const struct redaction *r, struct str local, struct buf *out);
/* Appends the message: its header field by field; then, unless body_max is 0, the text of
 * its text parts, decoded, at most body_max bytes of it. Lines end in CRLF, all is ASCII. */
void redact_message(const struct redaction *r, struct str message, size_t body_max,
                    struct buf *out);

#endif
