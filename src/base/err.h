/* SPDX-License-Identifier: ISC
 *
 * Errors of the whole house. A function that can fail returns 0 or one of
 * these negative values; wrong input is a value, never an abort. Parsers also
 * fill a `struct parse_error`, so that a user can be told what, where and what
 * was expected. Our own bugs are assert()s, which stay on in production.
 */
#ifndef PORTREEVE_BASE_ERR_H
#define PORTREEVE_BASE_ERR_H

#include <stddef.h>

enum err {
	ERR_OK = 0,
	ERR_INVALID = -1,     /* input breaks its grammar */
	ERR_LIMIT = -2,       /* input or work exceeds a stated limit */
	ERR_NOT_FOUND = -3,   /* no such thing */
	ERR_EXISTS = -4,      /* there already */
	ERR_IO = -5,          /* the system refused; errno may tell more */
	ERR_FULL = -6,        /* disk or quota full: nothing was written */
	ERR_BUSY = -7,        /* locked by another; try again */
	ERR_TIMEOUT = -8,     /* a deadline passed */
	ERR_DENIED = -9,      /* a rule of ours or the system's forbids it */
	ERR_CORRUPT = -10,    /* stored data fails its check */
	ERR_UNSUPPORTED = -11,/* valid, but not something we do */
	ERR_CLOSED = -12,     /* the peer has gone */
	ERR_AGAIN = -13,      /* incomplete: more input is needed */
};

/* Where a text went wrong. `expected` is a static text ("an IPv4 or IPv6
 * address"); `offset` counts bytes from the start of the text. */
struct parse_error {
	const char *expected;
	size_t offset;
};

/* A plain-words text for an error; static, never NULL. */
const char *err_text(int err);

/* Sets *pe if it is not NULL and returns ERR_INVALID: the last line of a
 * parser that fails. */
int err_parse(struct parse_error *pe, const char *expected, size_t offset);

#endif
