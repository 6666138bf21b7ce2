/* SPDX-License-Identifier: ISC
 *
 * A client of a server under test, in a process of its own: it writes what it likes, waits for
 * replies, and ends that process with 1 where something is not as it was said to be.
 */
#ifndef PORTREEVE_TESTS_VISITOR_H
#define PORTREEVE_TESTS_VISITOR_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visitor {
	int fd;
	SSL *ssl;             /* NULL: in clear */
};

void visitor_must(bool good, const char *what);
/* To this port of 127.0.0.1. */
void visitor_connect(struct visitor *v, uint16_t port);
/* All of it, or it must not be. */
void visitor_put(struct visitor *v, const char *bytes, size_t n);
void visitor_say(struct visitor *v, const char *bytes);
/* Up to the end of a reply of that code; replies before it are read over. */
void visitor_hear(struct visitor *v, const char *code);
/* The handshake. */
void visitor_secure(struct visitor *v);
/* STARTTLS behind an EHLO, and another EHLO. */
void visitor_starttls(struct visitor *v);
/* Until the peer has closed: how many bytes came before that. */
size_t visitor_drain(struct visitor *v);

#endif
