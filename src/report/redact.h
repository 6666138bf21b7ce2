/* SPDX-License-Identifier: ISC
 *
 * The copy of a message that goes to an abuse desk, without the persons in it (RFC 6590) and
 * without what our own side wrote.
 *
 * Persons: the local part of each mail address, of whatever form, becomes a keyed digest: the
 * same person has the same digest in all our reports, and nobody without the key can tell who it
 * is. A recipient's local part and name are replaced where they stand alone, too, and as links
 * write them; a token of base64 or hex that holds an address is, as a whole. Recipients' names are
 * left out of their fields.
 *
 * Our own side: what stands above the line of the handover, what names our hosts below it, what
 * tells of the delivery, and a mailing list's fields stay home, unless they are asked for. The
 * line of the handover is the proof and stays, but for the queue's id and the recipient in it.
 * Host names, addresses of hosts and message ids of others stay: they are the evidence.
 *
 * Hostile input: the whole message. Time is linear in it; what is long is cut, what is not
 * ASCII is escaped, so that the copy can stand in any mail.
 */
#ifndef PORTREEVE_REPORT_REDACT_H
#define PORTREEVE_REPORT_REDACT_H

#include "base/arena.h"
#include "trace/trace.h"

enum { REDACT_KEY_BYTES = 32, REDACT_NAMES_MAX = 64, REDACT_DIGEST_LEN = 16 };

/* What stands for a person where it stands alone, and whose digest is put there. */
struct redact_name {
	struct str text, local;
};

struct redaction {
	unsigned char key[REDACT_KEY_BYTES];
	struct redact_name names[REDACT_NAMES_MAX];
	size_t name_count;
	struct str keep;                         /* an address that is not redacted, or "" */
	/* Where our own side is; both borrowed, NULL: not known, and all stays in the copy. */
	const struct trace *trace;
	const struct trace_border *border;
	bool own_lines;                          /* they are asked for */
};

/* Finds the recipients where our own hosts wrote them down, and under what names they are
 * addressed. What it makes up of them is in the arena, the rest are slices of the message. */
void redact_recipients(struct redaction *r, struct arena *a, const struct trace *t,
                       struct str message);
/* Adds a person's local part, as it is after quotes are taken off: it and, if there are any, its
 * forms in links and what stands before its "+detail". */
void redact_add_person(struct redaction *r, struct arena *a, struct str local);
/* Appends the text, redacted. */
void redact_text(const struct redaction *r, struct str text, struct buf *out);
/* Appends the digest of a local part. */
void redact_digest(const struct redaction *r, struct str local, struct buf *out);
/* Appends the address of an envelope, redacted, in angle brackets; one without a domain, too.
 * False for "". */
bool redact_path(const struct redaction *r, struct str address, struct buf *out);
/* Appends the message: its header field by field; then, unless body_max is 0, the text of
 * its text parts, decoded, at most body_max bytes of it. Lines end in CRLF, all is ASCII. */
void redact_message(const struct redaction *r, struct str message, size_t body_max,
                    struct buf *out);
/* Appends the text, whose lines end in LF, in quoted-printable, where they end in CRLF. */
void redact_quoted_printable(struct str text, struct buf *out);

#endif
