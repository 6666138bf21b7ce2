/* SPDX-License-Identifier: ISC
 *
 * Messages inside other files: the messages of an mbox (RFC 4155) or of an MMDF mailbox, and
 * the messages that a message carries as attachments. All of it works in place and takes any
 * bytes; nesting and counts are limited.
 */
#ifndef PORTREEVE_MAIL_MBOX_H
#define PORTREEVE_MAIL_MBOX_H

#include "base/arena.h"

struct mbox_cursor {
	struct str rest;
	bool undated;            /* its first "From " line has no date, so others may have none */
	bool mmdf;
};

/* Behind a byte order mark and empty lines, if a message or a mailbox begins there; else all
 * of the file. */
struct str mbox_text(struct str file);

/* Is this a mailbox (or a message with its "From " line)? */
bool mbox_is(struct str file);
void mbox_begin(struct mbox_cursor *c, struct str file);
/* The next message, its "From " line and the empty line behind it left out. */
bool mbox_next(struct mbox_cursor *c, struct str *message);

enum { ATTACHED_MAX = 32, ATTACHED_DEPTH_MAX = 6 };

struct attached {
	struct str message[ATTACHED_MAX];
	size_t n;
	bool truncated;          /* more, or deeper, than is looked at */
};

/* The message/rfc822 parts of a message (and text/rfc822-headers, as bounces return
 * them), and parts of any type whose file is named *.eml and that begin with a header field,
 * outermost first. Those in base64 or quoted-printable are decoded into the arena; the others
 * are slices. */
void attached_find(struct str message, struct arena *arena, struct attached *found);

#endif
