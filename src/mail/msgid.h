/* SPDX-License-Identifier: ISC
 *
 * Message identifiers (RFC 5322 3.6.4), to be written into a mail of ours. Pure. Hostile input:
 * the Message-ID of whoever writes to us.
 */
#ifndef PORTREEVE_MAIL_MSGID_H
#define PORTREEVE_MAIL_MSGID_H

#include "base/str.h"

/* The identifier with its brackets, "<left@right>", that stands alone in the value of a field,
 * comments around it. Empty if the value is anything else: nothing is guessed, and obsolete forms
 * are not passed on. So it holds no space, no control character and no 8-bit. */
struct str msgid_parse(struct str value);

/* The one of a message, from its only Message-ID field; empty without one, and with two. */
struct str msgid_of(struct str message);

#endif
