/* SPDX-License-Identifier: ISC
 *
 * A TLS server's certificate and key, from PEM files that the configuration names. One function
 * loads them for whoever serves and for whoever only checks the configuration, so that both
 * say the same. The files are the operator's; they are read whole, and it blocks.
 */
#ifndef PORTREEVE_BASE_TLS_H
#define PORTREEVE_BASE_TLS_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/ssl.h>

/* *ctx is the caller's. `section` names the parameters in the error line:
 * "collector.key: expected a PEM key that can be read, found \"/k.pem\": permission denied". A key
 * with a passphrase is an error: nobody is asked for one. ERR_NOT_FOUND, ERR_DENIED,
 * ERR_INVALID (not what they should be, or not of one another), ERR_IO. */
int tls_server_create(const char *section, const char *certificate, const char *key,
                      SSL_CTX **ctx, struct buf *message);
/* The same of files that somebody else has read; the paths are for the line. */
struct tls_pem {
	const char *certificate, *key;
	struct str certificate_text, key_text;
};
int tls_server_create_from(const char *section, const struct tls_pem *pem, SSL_CTX **ctx,
                           struct buf *message);
/* From here on a client that asks `ctx` for that name (SNI) gets the certificate of `other`,
 * of which a reference is taken; who asks for another, or for none, gets that of `ctx`. */
void tls_server_add_name(SSL_CTX *ctx, const char *name, SSL_CTX *other);
/* Appends a line if the certificate of *ctx is not valid now or expires within 14 days, and one
 * if it is not for `host` (NULL: any). */
void tls_server_remark(const char *section, const SSL_CTX *ctx, const char *host, int64_t now_s,
                       struct buf *remarks);

/* When the first certificate of a PEM text ends. ERR_INVALID: there is none in it. */
int tls_certificate_end(struct str pem, int64_t *end_s);

#endif
