/* SPDX-License-Identifier: ISC
 *
 * Notices about a message (RFC 3464, asked for by RFC 3461): who is to be told what, and the text.
 * Pure. A notice has the null sender, and none is ever made about a message that has it, so that
 * no report causes a report.
 *
 * An account is told of its messages. A stranger is told nothing: who he is, is not known, and what
 * was refused him in the session his own server has told him. If a message of his fails later (an
 * inner host refuses what it did not refuse before), it goes to a postmaster, who can pass it on or
 * answer; nobody is sent what he never wrote.
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
	/* Who is told of what failed of a stranger's: of a domain whose mail is kept here, as what
	 * refused it would refuse the notice, too. Empty: that of the domain it was for. */
	struct str postmaster;
	const char *hostname;
	const char *id;               /* of the notice, in the queue: Message-ID, boundary */
	int64_t now_s, give_up_s;     /* DELAYED: until when it is tried */
};

/* Appends the notice as a message, lines ended by CRLF: 7bit, none longer than 998, whatever the
 * original is; only an address `whom` that is no ASCII stands in its header as it is (RFC 6531).
 * What is returned of the original: all of it with a failure, unless RET=HDRS or it is long or cut;
 * else its header. */
void gateway_dsn_write(const struct gateway_dsn *dsn, struct str whom, struct buf *out);

/* To whom it goes: the sender, or a postmaster in the arena; "": nobody is told. */
struct str gateway_dsn_whom(const struct gateway_dsn *dsn, struct arena *a);

/* The envelope of the notice, of which nobody is told what becomes (RFC 3461 6.1). `local`: to a
 * mailbox of ours. Slices are dsn's or the arena's. */
void gateway_dsn_envelope(const struct gateway_dsn *dsn, struct str whom, bool local,
                          uint64_t size_bytes, struct arena *a, struct gateway_envelope *out);

/* Both, of those among `told` of which notice is to be given; the whole of a queue's hook `notice`.
 * False, and nothing is made: nobody is told. `local`: of whom. */
bool gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text);

#endif
