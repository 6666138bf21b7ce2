/* SPDX-License-Identifier: ISC
 *
 * Foreign text as it may go to a terminal or into a page. Where UTF-8 is understood, what is
 * printable in it is shown as such; all else is escaped as in base/str.h. Pure.
 *
 * Hostile input that reaches it: any bytes of the network, of files and of arguments. None of
 * what comes out moves the cursor, changes the direction of the text or hides in it.
 */
#ifndef PORTREEVE_BASE_SHOWN_H
#define PORTREEVE_BASE_SHOWN_H

#include "base/str.h"

/* Appends s. With utf8 characters stay, but for controls (C0, C1), marks of direction, what has
 * no width, private ones and those that are none: each of their bytes is \xHH. */
void shown_add(struct buf *b, struct str s, bool utf8);
/* The same for text that stands by itself, as a line of a session does: quotes and backslashes
 * stay, a tab is a space, and what is not shown is \xHH. */
void shown_add_plain(struct buf *b, struct str s, bool utf8);
/* What the two above gave with utf8, for who doesn't speak it: each byte above 0x7f is \xHH. */
void shown_narrow(struct buf *b, struct str s);
/* The longest beginning of s, of at most max bytes, that cuts no character in two. */
struct str shown_cut(struct str s, size_t max);
/* Columns of the text, a character each. */
size_t shown_columns(const char *text);

#endif
