/* SPDX-License-Identifier: ISC
 *
 * The door to gmime: all that needs the library initialised begins here, and the first call
 * initialises it, whoever makes it. (What works on a parsed message, and the coders of
 * gmime-encodings.h, may be called directly.) For one thread.
 *
 * Hostile input that reaches it: whole messages and header values from the network.
 */
#ifndef PORTREEVE_MAIL_MIME_H
#define PORTREEVE_MAIL_MIME_H

#include "base/str.h"

typedef struct _GMimeMessage GMimeMessage;
typedef struct _InternetAddressList InternetAddressList;

/* The message as its parts, or NULL; g_object_unref() frees it. */
GMimeMessage *mime_parse(struct str message);
/* A header's value with its encoded words (RFC 2047) read, in UTF-8; g_free() frees it. */
char *mime_decode_header(const char *value);
/* The same back in ASCII. */
char *mime_encode_header(const char *text);
/* The same for a display name, which it quotes if it must. */
char *mime_encode_phrase(const char *text);
/* Appends the text of a mail with the fields that say what it is, MIME-Version to the empty line,
 * all lines in LF: ASCII as it stands, other text (UTF-8) and lines too long for mail in
 * quoted-printable, so that it is 7bit in any case. */
void mime_add_text(struct str text, struct buf *out);
/* The addresses of a To field, names decoded, or NULL; g_object_unref() frees them. */
InternetAddressList *mime_addresses(const char *value);

#endif
