/* SPDX-License-Identifier: ISC
 *
 * What a message becomes in a user's Maildir: where it lies, its name there, and the lines that go
 * in front of it. Pure; mail/maildir.h writes it.
 *
 * Hostile input: paths that are made of addresses, though of plain ones only; the message, which
 * may have been here before.
 */
#ifndef PORTREEVE_GATEWAY_MAILDROP_H
#define PORTREEVE_GATEWAY_MAILDROP_H

#include "gateway/queue.h"

/* Whether a path below the directory of the Maildirs stays there: parts of 1 to 255 bytes, none of
 * which begins with a dot, no control characters, no slash at either end. */
bool gateway_maildrop_path_valid(struct str path);

/* Whether the message has been delivered to that address before: it has the line that we put into
 * it then. Forwarded in a circle, it would come again for ever. */
bool gateway_maildrop_loops(struct str text, struct str address);

/* Appends Return-Path (RFC 5321 4.4) and Delivered-To, with the line ends of a file. */
void gateway_maildrop_head(struct str from, struct str address, struct buf *out);
/* Appends the message with the line ends of a file. */
void gateway_maildrop_text(struct str text, struct buf *out);
/* Appends the name of the mail in new/: the same at each try, so that what was delivered before a
 * crash is known again; unlike that of any other recipient or message. */
void gateway_maildrop_name(const struct gateway_rcpt *rcpt, const char *hostname,
                           struct buf *out);

#endif
