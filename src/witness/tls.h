/* SPDX-License-Identifier: ISC
 *
 * TLS 1.3 between a witness and who asks it, by their key (a pre-shared key, RFC 8446 2.2 and
 * 4.2.11, with a fresh Diffie-Hellman exchange): each side proves to the other that it has the
 * hash of the secret, and the secret never travels. There is no certificate. Who has no key gets
 * as far as the alert that ends the handshake, which is the same for a name that there is not and
 * for a wrong key. No session is resumed, nothing is said early.
 *
 * Who uses it: witness/service.h and witness/ask.h. Hostile input: the handshake of anybody, read
 * by OpenSSL; the name in it, compared here.
 */
#ifndef PORTREEVE_WITNESS_TLS_H
#define PORTREEVE_WITNESS_TLS_H

#include "witness/key.h"

#include <openssl/ssl.h>

/* The witness's side; the keys outlive it, and stay where they are. NULL: OpenSSL cannot. */
SSL_CTX *witness_tls_server(const struct witness_keys *keys);
/* Whose handshake this was; NULL: it was by no key. */
const struct witness_key *witness_tls_key(SSL *ssl);

/* The asker's side; the secret outlives it. NULL: OpenSSL cannot. */
SSL_CTX *witness_tls_client(const struct witness_secret *secret);
/* The other side has proved that it has the key. */
bool witness_tls_proved(SSL *ssl);

#endif
