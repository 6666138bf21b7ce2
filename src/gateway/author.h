/* SPDX-License-Identifier: ISC
 *
 * Whose a submitted message says that it is: every address in its From and Sender, and in each
 * Resent-From and Resent-Sender (RFC 5322 3.6.6: a set of them for each time that it was sent
 * again), must be the account's own, whatever the envelope says. Only what all readers read
 * alike is taken: one From field of plain mailboxes, on which our own reader and gmime agree. All
 * else (groups, routes, quoted local parts, comments with addresses in them, bytes that are no
 * UTF-8, lines that are no fields) is refused, as what one program shows another might not see.
 *
 * Who uses it: the session, at the end of a message that an account sends. Pure, but for the
 * directory. Hostile input: the header of any client who has logged in.
 */
#ifndef PORTREEVE_GATEWAY_AUTHOR_H
#define PORTREEVE_GATEWAY_AUTHOR_H

#include "gateway/facts.h"

/* Addresses of a field, bytes of it, and fields of a header: each address is asked for. */
enum { GATEWAY_AUTHORS_MAX = 16, GATEWAY_AUTHOR_FIELD_MAX = 8192, GATEWAY_AUTHOR_FIELDS_MAX = 16 };

struct gateway_author {
	int code;                     /* 0: it may go on; else 4xx or 5xx */
	const char *enhanced, *text;  /* of the refusal, static */
	/* What a message must have and this one has not (RFC 5322 3.6, RFC 6409 8). */
	bool lacks_from, lacks_date, lacks_message_id;
};

/* `message` is its header with whatever follows it. `utf8`: it came by SMTPUTF8. `sender` is the
 * envelope's, which the account owns, or "": a message without a From needs one. */
void gateway_author_check(struct str message, bool utf8, struct str sender, struct str account,
                          const struct gateway_directory *directory,
                          struct gateway_author *out);

/* Appends the fields that it lacks, to stand in front of it. */
void gateway_author_complete(const struct gateway_author *author, struct str sender,
                             const char *id, const char *hostname, int64_t now_s,
                             struct buf *out);

/* How many servers it has passed: its Received fields (RFC 5321 6.3). */
unsigned gateway_hops(struct str message);

#endif
