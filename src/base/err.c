/* SPDX-License-Identifier: ISC
 *
 * Errors in words, and the place of a parser's error.
 */
#include "base/err.h"

const char *err_text(int err)
{
	switch ((enum err)err) {
	case ERR_OK: return "no error";
	case ERR_INVALID: return "invalid input";
	case ERR_LIMIT: return "limit exceeded";
	case ERR_NOT_FOUND: return "not found";
	case ERR_EXISTS: return "exists already";
	case ERR_IO: return "input/output error";
	case ERR_FULL: return "no space left, nothing was written";
	case ERR_BUSY: return "locked by another process, try again";
	case ERR_TIMEOUT: return "timed out";
	case ERR_DENIED: return "not permitted";
	case ERR_CORRUPT: return "stored data is damaged";
	case ERR_UNSUPPORTED: return "not supported";
	case ERR_CLOSED: return "connection closed by the peer";
	case ERR_AGAIN: return "incomplete";
	}
	return "unknown error";
}

int err_parse(struct parse_error *pe, const char *expected, size_t offset)
{
	if (pe) {
		pe->expected = expected;
		pe->offset = offset;
	}
	return ERR_INVALID;
}
