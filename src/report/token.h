/* SPDX-License-Identifier: ISC
 *
 * How a report is known again when something comes back: its id with a truncated
 * HMAC-SHA256, in the envelope sender, the Message-ID and the envelope id. Only who got the
 * report has seen it; its id alone, which people read and tell, proves nothing. Pure.
 *
 * Hostile input: the whole text in which a token is looked for; time is linear in it.
 */
#ifndef PORTREEVE_REPORT_TOKEN_H
#define PORTREEVE_REPORT_TOKEN_H

#include "base/str.h"
#include "store/types.h"
#include "report/config.h"

enum {
	REPORT_KEY_BYTES = 32,
	REPORT_MAC_LEN = 16,                       /* base32, 80 bits */
	REPORT_TOKEN_LEN = REPORT_ID_LEN + 1 + REPORT_MAC_LEN,
};

/* "abcdefgh-mmmmmmmmmmmmmmmm": letters, digits, one dash; either case is read. */
void report_token_make(const unsigned char key[static REPORT_KEY_BYTES], const char *id,
                       char token[static REPORT_TOKEN_LEN + 1]);
/* The id of the first true token in a text. */
bool report_token_find(const unsigned char key[static REPORT_KEY_BYTES], struct str text,
                       char id[static REPORT_ID_LEN + 1]);
/* The envelope sender of a report: the configured return path, the token behind its local
 * part: "bounces+TOKEN@example.org". As it is if return_path_delimiter is "none", "" if none
 * is configured. False: it gets longer than an address may be. */
bool report_return_path(const struct report_config *config, const char *token,
                        char dst[static CONTACT_MAX]);

#endif
