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

/* A header field that is being written: folded at 76 characters, in CRLF. What is not ASCII, or
 * would be read as an encoded word, goes out as encoded words of at most 75 (RFC 2047 2); bytes
 * that are no UTF-8 become "?". */
struct mime_field {
	struct buf *out;
	size_t column;
};
void mime_field_begin(struct mime_field *f, const char *name, struct buf *out);
/* A word as it stands: ASCII without spaces. */
void mime_field_word(struct mime_field *f, struct str word);
/* Text of an unstructured field; white space becomes one space. */
void mime_field_text(struct mime_field *f, struct str text);
/* A display name: a quoted string, or all of it encoded (RFC 2047 5). Quotes are left out. */
void mime_field_phrase(struct mime_field *f, struct str text);
void mime_field_end(struct mime_field *f);

/* Appends the text of a mail with the fields that say what it is, MIME-Version to the empty line,
 * all lines in LF: ASCII as it stands, other text (UTF-8) and lines too long for mail in
 * quoted-printable, so that it is 7bit in any case. */
void mime_add_text(struct str text, struct buf *out);
/* Appends text with lines in LF as quoted-printable (RFC 2045 6.7), lines in LF. */
void mime_add_quoted_printable(struct str text, struct buf *out);
/* The addresses of a To field, names decoded, or NULL; g_object_unref() frees them. */
InternetAddressList *mime_addresses(const char *value);

#endif
