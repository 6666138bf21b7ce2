/* SPDX-License-Identifier: ISC
 *
 * The parameters of MAIL and RCPT (RFC 1870, 3461, 4954, 6152, 6531): the server engine reads them,
 * whoever passes a message on writes them again, as far as the next server offers it. Pure.
 *
 * Hostile input: values that a client gave, as the server engine has read them; an address that is
 * none, or has more in it, makes no line.
 */
#ifndef PORTREEVE_SMTP_PARAMS_H
#define PORTREEVE_SMTP_PARAMS_H

#include "base/str.h"

enum smtp_body { SMTP_BODY_UNSAID, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };
enum smtp_return { SMTP_RETURN_UNSAID, SMTP_RETURN_FULL, SMTP_RETURN_HEADERS };
enum {
	SMTP_NOTIFY_NEVER = 1u << 0, SMTP_NOTIFY_SUCCESS = 1u << 1, SMTP_NOTIFY_FAILURE = 1u << 2,
	SMTP_NOTIFY_DELAY = 1u << 3,
};

/* What stands behind the path of MAIL FROM. What was not said is 0, false or empty. */
struct smtp_mail_params {
	bool has_size;
	uint64_t size;                    /* RFC 1870: bytes of the message as announced */
	enum smtp_body body;              /* RFC 6152 */
	bool smtputf8;                    /* RFC 6531 */
	enum smtp_return ret;             /* RFC 3461 4.3 */
	struct str envid;                 /* RFC 3461 4.4: xtext, 1 to 100 bytes */
	struct str auth;                  /* RFC 4954 5: xtext or "<>", at most 500 bytes */
};

/* … and behind that of RCPT TO. */
struct smtp_rcpt_params {
	unsigned notify;                  /* RFC 3461 4.1: NEVER alone, or some of the others */
	struct str orcpt_type, orcpt;     /* RFC 3461 4.2: "rfc822" and xtext; 500 bytes in all */
};

/* ---- values ------------------------------------------------------------------------------ */

/* Whether s is xtext (RFC 3461 4) of at least one character, all of which are printable ASCII, so
 * that no line can be made of what it stands for. */
bool smtp_xtext_printable(struct str s);
/* xtext decoded, appended to *out. False, and nothing appended, if it is none. What a parameter
 * holds is printable ASCII (checked where it was read). */
bool smtp_xtext_decode(struct str xtext, struct buf *out);
/* Any bytes as xtext, appended to *out: at most three for one. */
void smtp_xtext_encode(struct str plain, struct buf *out);
/* "rfc822;xtext", the value of ORCPT, into its two members; ERR_INVALID, and they are as before. */
int smtp_orcpt_parse(struct str value, struct smtp_rcpt_params *params);

/* ---- lines of a client ----------------------------------------------------------------------- */

struct smtp_offer;                        /* client.h */

/* What a server lacks for a message. What is not here it can do without: DSN (the sender is told
 * "relayed" then, RFC 3461 6.3), SIZE. */
enum smtp_lack {
	SMTP_LACKS_NOTHING,
	SMTP_LACKS_ROOM,                  /* RFC 1870 6.1: larger than what it said that it takes */
	SMTP_LACKS_8BITMIME,              /* RFC 6152 3: not to be sent as it is */
	SMTP_LACKS_SMTPUTF8,              /* RFC 6531 3.5 */
};
enum smtp_lack smtp_mail_lacks(const struct smtp_mail_params *params,
                               const struct smtp_offer *offer);

/* Appends "MAIL FROM:<address> SIZE=…" with those parameters that the server offers, which lacks
 * nothing. `address` has no brackets, and is empty for <>; `auth` is not passed on (nobody vouches
 * for it). ERR_INVALID, and nothing appended: the address is none that may stand there, with a
 * source route, of other bytes than ASCII where `smtputf8` is not said or not offered. */
int smtp_mail_write(struct str address, const struct smtp_mail_params *params,
                    const struct smtp_offer *offer, struct buf *line);
/* "RCPT TO:<address> NOTIFY=… ORCPT=…"; "postmaster" without a domain is an address. `smtputf8` is
 * that of MAIL. */
int smtp_rcpt_write(struct str address, bool smtputf8, const struct smtp_rcpt_params *params,
                    const struct smtp_offer *offer, struct buf *line);

#endif
