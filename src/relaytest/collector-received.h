/* SPDX-License-Identifier: ISC
 *
 * The Received field of mail that the collector keeps for people (RFC 5321 4.4): pure.
 *
 * Hostile input that reaches it: the name that a stranger gave at HELO. If it is no domain and no
 * address literal, the peer's address stands in its place, and the name in a comment behind it.
 */
#ifndef PORTREEVE_RELAYTEST_COLLECTOR_RECEIVED_H
#define PORTREEVE_RELAYTEST_COLLECTOR_RECEIVED_H

#include "base/ip.h"
#include "base/str.h"

struct collector_received {
	const char *helo;                /* any bytes */
	struct ip peer;
	const char *by;                  /* our host name */
	const char *with;                /* "ESMTPS": smtp_server_state() (RFC 3848, 6531) */
	struct str identity;             /* of the message; the id follows from it */
	const char *recipient;           /* a path with its brackets, for `for`; NULL: not said */
	int64_t time_s;
};

/* Appends the field, its lines ended by CRLF. */
void collector_received(const struct collector_received *r, struct buf *out);

#endif
