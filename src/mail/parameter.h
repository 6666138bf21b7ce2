/* SPDX-License-Identifier: ISC
 *
 * The values of MIME fields: Content-Type, Content-Disposition, Content-Transfer-Encoding, with
 * comments wherever they may stand (RFC 2045 5.1) and parameters in pieces and other character
 * sets (RFC 2231). Any bytes may come; what cannot be read is left out.
 */
#ifndef PORTREEVE_MAIL_PARAMETER_H
#define PORTREEVE_MAIL_PARAMETER_H

#include "base/arena.h"

enum {
	PARAMETER_READ_MAX_BYTES = 4096,     /* more of one value is not read */
	PARAMETER_PIECES_MAX = 32,
};

/* What stands before the parameters: "multipart/mixed", "base64". */
struct str parameter_main(struct str value, struct arena *arena);

/* The parameter of that name, or "": the first that is plain, else the one in pieces. Its bytes
 * are in the character set that it names, which is not looked at. */
struct str parameter_find(struct str value, struct str name, struct arena *arena);

#endif
