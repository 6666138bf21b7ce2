/* SPDX-License-Identifier: ISC
 *
 * Client certificates that are made for the asking, in memory: some servers let whoever has one
 * relay, whoever signed it. One that signs itself shows whether any is enough; where the room's
 * server is made to trust `authority`, the other shows whether any that is trusted is.
 *
 * Who uses it: ask.c and session.c; the command `audit`. No input from outside.
 */
#ifndef PORTREEVE_CLOSED_CERTIFICATE_H
#define PORTREEVE_CLOSED_CERTIFICATE_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/ssl.h>

/* Appends PEM to *own: a certificate for `name`, that of its signer, its key; and to *authority the
 * signer's certificate alone, which has the name of `like` unless that is NULL. Authority NULL: it
 * signs itself. Valid from yesterday for two days.
 * ERR_IO: OpenSSL makes none. */
int closed_certificate_make(const char *name, const X509 *like, struct buf *authority,
                            struct buf *own);

/* Gives a connection such a certificate. ERR_INVALID: it is none. */
int closed_certificate_use(SSL *ssl, struct str pem);

#endif
