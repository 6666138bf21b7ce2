/* SPDX-License-Identifier: ISC
 *
 * The lexical tokens that structured header fields have in common (RFC 5322 3.2): white space
 * and comments, quoted strings, and the values that are built of them. Pure, in place, linear.
 *
 * Called by the parsers of single fields. Any bytes may come: comments ten thousand deep,
 * quoted strings without an end, NULs.
 */
#ifndef PORTREEVE_MAIL_LEXICAL_H
#define PORTREEVE_MAIL_LEXICAL_H

#include "base/str.h"

/* Behind white space and comments (CFWS). A comment that never closes runs to the end. In a
 * comment a quote is a character like any other, but for that of a quoted local part
 * ("a) b"@example.org): servers note addresses in comments as they came, and what such a
 * local part holds is the sender's, and closes nothing. */
struct str lexical_skip(struct str s);

/* At "(": the bytes up to behind its ")", or all of them. */
size_t lexical_comment(struct str s);

/* At a quote: the bytes up to behind the closing one; 0 if there is none. */
size_t lexical_quoted(struct str s);

/* Takes letters, digits, hyphens and underscores; "" if none stand here. */
struct str lexical_keyword(struct str *s);

/* Takes `c` and the white space and comments before it. */
bool lexical_take(struct str *s, char c);

/* Takes one value: what runs up to white space, a semicolon or a comment, quoted strings in
 * it being read as such, and white space and comments being allowed before the "@" of an
 * address. It is a slice, as written. False if a quoted string in it never closes: nothing
 * behind can be told apart then. */
bool lexical_value(struct str *s, struct str *value);

/* A value without the quotes around it, if these hold all of it. */
struct str lexical_inside(struct str value);

/* A value with quoted strings and quoted pairs undone, as much of it as dst holds; the length. */
size_t lexical_unquote(struct str value, char *dst, size_t size);

/* What stood between quotes with its quoted pairs undone; the same. */
size_t lexical_unpair(struct str inside, char *dst, size_t size);

/* The domain of a value that is a domain or an address in any of their spellings:
 * "example.org", "@example.org", <a@example.org>, "a b"@example.org. "" if it is neither. */
struct str lexical_domain(struct str value);

#endif
