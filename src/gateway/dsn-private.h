/* SPDX-License-Identifier: ISC
 *
 * The two parts of a notice that tell of the recipients: for a person (dsn-words.c) and for
 * programs (dsn-status.c). Both take foreign text only through the functions here, which let
 * nothing out of its place.
 */
#ifndef PORTREEVE_GATEWAY_DSN_PRIVATE_H
#define PORTREEVE_GATEWAY_DSN_PRIVATE_H

#include "gateway/dsn.h"

/* What of a foreign text goes into a notice at most. */
enum { DSN_TEXT_MAX = GATEWAY_WHY_MAX, DSN_ADDRESS_MAX = 800 };

/* Appends UTF-8 with lines in LF. */
void dsn_words(const struct gateway_dsn *dsn, struct buf *out);
/* Appends the fields of message/delivery-status: ASCII, lines in CRLF. */
void dsn_status(const struct gateway_dsn *dsn, struct buf *out);

/* A message of a stranger, of which a postmaster is told. */
bool dsn_is_strangers(const struct gateway_dsn *dsn);

/* The code of a recipient's outcome (RFC 3463) as the notice gives it: of the class that the notice
 * has, else "5.0.0" and the like. */
struct str dsn_code(enum gateway_notice what, const struct gateway_outcome *outcome);
/* Whether it is another server's reply, code in front. */
bool dsn_is_reply(const struct gateway_outcome *outcome);

/* Appends at most `most` bytes of it: control characters, line ends too, become spaces, and what is
 * no UTF-8 "?". */
void dsn_add_text(struct str s, size_t most, struct buf *out);
/* The same with "?" for all that is not ASCII, and for spaces too where there may be none. */
void dsn_add_ascii(struct str s, size_t most, bool spaces, struct buf *out);

#endif
