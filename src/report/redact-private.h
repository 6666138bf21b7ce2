/* SPDX-License-Identifier: ISC
 *
 * What the files of the redaction share.
 */
#ifndef PORTREEVE_REPORT_REDACT_PRIVATE_H
#define PORTREEVE_REPORT_REDACT_PRIVATE_H

#include "report/redact.h"
#include "mail/header.h"

enum { REDACT_HEADER_MAX_BYTES = 128 << 10 };

/* redact.c: a recipient's names alone, where addresses stay: in ids. */
void redact_names(const struct redaction *r, struct str s, struct buf *out);
/* redact.c: mail addresses alone, written openly. */
void redact_addresses(const struct redaction *r, struct str s, struct buf *out);
/* The local part of "local@domain", "<@route:local@domain>" or "local", without quotes; false if
 * there is none. The text is `address`'s or in the arena. */
bool redact_local_of(struct arena *a, struct str address, struct str *local);

/* redact-home.c: whether the field is our own side's, or a list's, and is not sent. */
bool redact_stays_home(const struct redaction *r, const struct header_field *f);
/* Whether it names those who got the message. */
bool redact_is_recipients(const struct header_field *f);
/* It tells to whom it was delivered, which no sender writes. */
bool redact_is_delivery(const struct header_field *f);
/* Ids look like addresses and are none. */
bool redact_is_id(const struct header_field *f);
/* Appends the line of the handover without the queue's id, the recipient and our host's own
 * address. */
void redact_handover(const struct redaction *r, const struct trace_hop *hop, struct buf *out);

/* redact-body.c: appends the text of the text parts, in quoted-printable. */
void redact_body(const struct redaction *r, struct str message, size_t body_max,
                 struct buf *out);

#endif
