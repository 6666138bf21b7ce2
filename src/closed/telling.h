/* SPDX-License-Identifier: ISC
 *
 * The line of a mail server's log that tells the most of why it does not start, answer, or give
 * TLS: one with "fatal" before one with "error" before a warning, or else the last. Pure.
 *
 * Who uses it: server.c and run.c, for the one line of an audit.
 * Hostile input: all of the log. The line comes as it is, and must be escaped before it is shown.
 */
#ifndef PORTREEVE_CLOSED_TELLING_H
#define PORTREEVE_CLOSED_TELLING_H

#include "base/str.h"

#include <stdbool.h>

enum { CLOSED_TELLING_MAX = 240 };

enum closed_tells {
	CLOSED_TELLS_NOTHING,
	CLOSED_TELLS_LAST,                       /* the last line: no word of what is wrong */
	CLOSED_TELLS_WHY,
};
/* Appends it, without time and process number, cut to CLOSED_TELLING_MAX, and where it ends with a
 * colon the next one as well; tls: of the lines about TLS alone. */
enum closed_tells closed_telling(struct str log, bool tls, struct buf *line);

#endif
