/* SPDX-License-Identifier: ISC
 *
 * Foreign text as it may go to a terminal. In a UTF-8 terminal what is printable in UTF-8 is
 * shown as such; all else is escaped as in base/str.h. Pure but for shown_utf8().
 *
 * Hostile input that reaches it: any bytes of the network, of files and of arguments. None of
 * what comes out moves the cursor, changes the direction of the text or hides in it.
 */
#ifndef PORTREEVE_CLI_SHOWN_H
#define PORTREEVE_CLI_SHOWN_H

#include "base/str.h"

/* Whether the locale of the environment says that the terminal speaks UTF-8. Found out once;
 * the process keeps the locale "C". */
bool shown_utf8(void);
/* Appends s. With utf8 characters stay, but for controls (C0, C1), marks of direction, what has
 * no width, private ones and those that are none: each of their bytes is \xHH. */
void shown_add(struct buf *b, struct str s, bool utf8);
/* The longest beginning of s, of at most max bytes, that cuts no character in two. */
struct str shown_cut(struct str s, size_t max);
/* Columns of the text, a character each. */
size_t shown_columns(const char *text);

#endif
