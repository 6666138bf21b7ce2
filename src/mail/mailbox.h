/* SPDX-License-Identifier: ISC
 *
 * The address in a field that people write: From, Reply-To, Return-Path (RFC 5322 3.4). Names
 * and comments beside it are never taken for it. Pure; any bytes may come.
 */
#ifndef PORTREEVE_MAIL_MAILBOX_H
#define PORTREEVE_MAIL_MAILBOX_H

#include "base/str.h"

/* The domain of the field's first address; "" if it has none, or one that is a literal or
 * torn apart by white space. */
struct str mailbox_domain(struct str field);

#endif
