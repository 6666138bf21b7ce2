/* SPDX-License-Identifier: ISC
 *
 * Base64 of AUTH exchanges (RFC 4954, 4648), both sides. What is decoded or encoded may be a
 * credential: nothing of it stays in what these allocate for themselves.
 */
#ifndef PORTREEVE_SMTP_BASE64_PRIVATE_H
#define PORTREEVE_SMTP_BASE64_PRIVATE_H

#include "base/str.h"

/* Appended to *out. */
void smtp_base64_encode(struct str s, struct buf *out);
/* The alphabet with its padding and nothing else; appended to *out. ERR_INVALID. */
int smtp_base64_decode(struct str s, struct buf *out);

#endif
