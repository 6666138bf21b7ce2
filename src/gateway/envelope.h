/* SPDX-License-Identifier: ISC
 *
 * What the queue keeps of a message beside its text: by whom it came and to whom it goes, so that
 * it leads back to an account, client and time. In the log it is a line of JSON in front of the
 * text, so that a spool can be read by eye and by other programs.
 *
 * Who reads it: the queue, when it is opened. Hostile input that reaches it: addresses and names
 * that clients gave, as checked values; and whatever a disk gives back, of which nothing is
 * believed.
 */
#ifndef PORTREEVE_GATEWAY_ENVELOPE_H
#define PORTREEVE_GATEWAY_ENVELOPE_H

#include "base/arena.h"
#include "base/ip.h"
#include "gateway/policy.h"
#include "smtp/server.h"

enum {
	GATEWAY_ENVELOPE_BYTES_MAX = 1 << 20, GATEWAY_RECIPIENTS_MAX = 1000,
	GATEWAY_TEXT_MAX = 1024,      /* bytes of any one member */
};

/* All slices are the caller's, or of the arena that it was read into. Addresses are without
 * brackets: "a@b.example", "" for <>, "postmaster" alone. */
struct gateway_to {
	struct str address;
	unsigned notify;              /* SMTP_NOTIFY_…; 0: unsaid */
	struct str orcpt;             /* "rfc822;a@b.example" as it came (RFC 3461 4.2) */
	bool local;                   /* to a mailbox of ours */
};

struct gateway_envelope {
	struct str id;                /* of the queue */
	struct str from;
	struct str account;           /* empty: a stranger's */
	struct str helo;
	struct endpoint client;       /* family 0: a program of this machine */
	enum gateway_listener listener;
	bool tls;
	bool utf8;                    /* RFC 6531: whoever takes it on must offer SMTPUTF8 */
	enum smtp_body body;
	enum smtp_return ret;
	struct str envid;
	int64_t came_s;
	uint64_t size_bytes;          /* of the text behind it */
	struct gateway_to *to;
	size_t to_count;
};

/* Appends the line with its line end. */
void gateway_envelope_write(const struct gateway_envelope *envelope, struct buf *out);
/* Reads the line at the start of a record's payload; *text is what stands behind it. ERR_CORRUPT:
 * a member is missing, or is not as it would have been written; *why names it, static. */
int gateway_envelope_read(struct str payload, struct arena *a, struct gateway_envelope *envelope,
                          struct str *text, const char **why);

#endif
