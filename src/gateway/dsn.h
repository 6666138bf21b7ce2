/* SPDX-License-Identifier: ISC
 *
 * Notices about a message (RFC 3464, asked for by RFC 3461): who is to be told what, and the text.
 * Pure. A notice has the null sender, and none is ever made about a message that has it, so that
 * no report causes a report.
 *
 * Hostile input: the message that is told of, the replies of foreign servers, ENVID and ORCPT of
 * clients; all of it goes into headers and bodies only as text that cannot leave its place.
 */
#ifndef PORTREEVE_GATEWAY_DSN_H
#define PORTREEVE_GATEWAY_DSN_H

#include "gateway/queue.h"

/* Whether the recipient wants that notice (RFC 3461 4.1: failures and nothing else where nothing is
 * said; a delay where nothing is said, too, as a server may). */
bool gateway_dsn_wanted(const struct gateway_to *to, enum gateway_notice what);

struct gateway_dsn {
	enum gateway_notice what;
	const struct gateway_envelope *about;
	const struct gateway_told *told;     /* _write(): those that want it, at least one */
	size_t count;
	struct str original;          /* the message: its header, or all of it by RET (RFC 3461 4.3)
	                               * as long as that is short; empty: it cannot be read */
	const char *hostname;
	const char *id;               /* of the notice, in the queue: Message-ID, boundary */
	int64_t now_s, give_up_s;     /* DELAYED: until when it is tried */
};

/* Appends the notice as a message, lines ended by CRLF: 7bit, none longer than 998, whatever the
 * original is; only a sender's address that is no ASCII stands in its header as it is (RFC 6531).
 * What is returned of the original: all of it with a failure, unless RET=HDRS or it is long or cut;
 * else its header. */
void gateway_dsn_write(const struct gateway_dsn *dsn, struct buf *out);

/* The envelope of the notice, to the sender of what it is about, so that nobody is told of its own
 * fate (RFC 3461 6.1). `local`: to a mailbox of ours. Slices are dsn's or the arena's. */
void gateway_dsn_envelope(const struct gateway_dsn *dsn, bool local, uint64_t size_bytes,
                          struct arena *a, struct gateway_envelope *out);

/* Both, of those among `told` that want it; the whole of a queue's hook `notice`. False, and
 * nothing is made: the message has the null sender, or nobody wants it. */
bool gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text);

#endif
