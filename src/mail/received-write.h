/* SPDX-License-Identifier: ISC
 *
 * The Received field that a server of ours puts in front of a message (RFC 5321 4.4): pure.
 *
 * Hostile input that reaches it: the name that a stranger gave at HELO. If it is no domain and no
 * address literal, the peer's address stands in its place, and the name in a comment behind it.
 */
#ifndef PORTREEVE_MAIL_RECEIVED_WRITE_H
#define PORTREEVE_MAIL_RECEIVED_WRITE_H

#include "base/ip.h"
#include "base/str.h"

struct received_written {
	struct str helo;                 /* any bytes */
	struct ip peer;                  /* family 0: a program of this machine, not named */
	const char *by;                  /* our host name */
	const char *with;                /* "ESMTPS": smtp_server_state() (RFC 3848, 6531) */
	const char *id;                  /* an atom of ours */
	/* An address without brackets, for `for`; empty, or without a domain: not said. */
	struct str recipient;
	int64_t time_s;
};

/* Appends the field, its lines ended by CRLF. */
void received_write(const struct received_written *r, struct buf *out);

#endif
