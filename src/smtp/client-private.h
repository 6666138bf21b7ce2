/* SPDX-License-Identifier: ISC
 *
 * Inside of the SMTP client engine, shared by its files only: the reader of
 * replies (reply.c) and of the EHLO answer (extensions.c).
 */
#ifndef PORTREEVE_SMTP_CLIENT_PRIVATE_H
#define PORTREEVE_SMTP_CLIENT_PRIVATE_H

#include "smtp/client.h"

enum { SMTP_GARBAGE_LINES_MAX = 64 };

/* Puts lines together to replies. */
struct smtp_reply_reader {
	struct smtp_client_limits limits;
	struct buf line;               /* the start of a line whose end is still to come */
	char line_last;                /* its last byte, even if that was cut */
	bool skips_line;               /* it was answered before its end: the rest is dropped */
	struct buf joined;             /* the text of several lines */
	struct str text;               /* of the reply so far, enhanced codes removed */
	size_t lines, garbage_lines;
	unsigned notes;
	int code;                      /* of the reply's last line so far; 0: none */
	char enhanced[12];
	bool plain;                    /* the awaited reply has no enhanced codes (RFC 2034) */
	bool done;                     /* the reply was handed out */
};

void smtp_reply_reader_fini(struct smtp_reply_reader *r);
/* Takes bytes off *in until a reply is whole. ERR_OK: *reply is it, its text lives as
 * long as *in does and until the next call; ERR_AGAIN: all bytes are taken;
 * ERR_LIMIT: too many lines; ERR_INVALID: nothing but garbage. */
int smtp_reply_read(struct smtp_reply_reader *r, struct str *in, struct smtp_reply *reply);

/* What an EHLO reply's text offers (its first line is the name). */
struct smtp_offer smtp_offer_parse(struct str text);

#endif
