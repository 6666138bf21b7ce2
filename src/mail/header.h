/* SPDX-License-Identifier: ISC
 *
 * Cuts the header block of a message into its fields, in place: no copy, no
 * allocation, one pass. Nothing is dropped: a line that is no field (no colon, a
 * name with spaces or bytes that no name may have) comes out as an odd one, so
 * that evidence stays whole.
 *
 * Called by trace and by whoever reads a header. Trusts nothing: NULs, 8-bit
 * bytes, bare CR, lines of any length and a missing body all reach it.
 */
#ifndef PORTREEVE_MAIL_HEADER_H
#define PORTREEVE_MAIL_HEADER_H

#include "base/str.h"

struct header_field {
	struct str name;         /* as written, without the colon; "" when odd */
	struct str value;        /* behind the colon, folds and all, trimmed at both ends */
	struct str line;         /* the whole field without its last line end */
	size_t offset;           /* of `line` in the message */
	bool odd;                /* no field by RFC 5322 */
};

struct header_cursor {
	struct str message;
	size_t at;               /* after the last field: the body, or the end */
};

/* A byte order mark (as editors put before a saved message) and an mbox "From " line
 * at the very start are stepped over. */
void header_begin(struct header_cursor *c, struct str message);
/* The next field; false at the empty line (which it steps over) or the end. A
 * line ends at LF or CRLF; a bare CR is a byte like any other. */
bool header_next(struct header_cursor *c, struct header_field *f);
/* Has the field this name? ASCII case does not matter. */
bool header_is(const struct header_field *f, struct str name);

/* Whether the header has a field that messages have (From, Received, X-…): many a text begins with
 * a word and a colon. */
bool header_is_message(struct str message);

/* Copies a value with each fold (line end and white space) as one space and no
 * space at either end. At most size-1 bytes; NUL-terminated. Returns the length. */
size_t header_unfold(struct str value, char *dst, size_t size);

#endif
