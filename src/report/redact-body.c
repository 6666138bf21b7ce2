/* SPDX-License-Identifier: ISC
 *
 * The text of a message, decoded, without the persons in it.
 */
#include "report/redact-private.h"

#include "base/mem.h"
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdlib.h>

enum { PART_DEPTH_MAX = 8, PARTS_MAX = 64 };

struct body {
	struct buf text;             /* UTF-8 */
	size_t max;
	unsigned parts;
};

static void add_note(struct body *b, GMimeObject *object, const char *what)
{
	char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
	buf_printf(&b->text, "[%s: %.60s]\n", what, type);
	g_free(type);
}

static void read_object(struct body *b, GMimeObject *object, unsigned depth)
{
	if (!object || b->text.n >= b->max || ++b->parts > PARTS_MAX || depth > PART_DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
			read_object(b, g_mime_multipart_get_part(multipart, i), depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		add_note(b, object, "attached message");
		if (inner)
			read_object(b, g_mime_message_get_mime_part(inner), depth + 1);
	} else if (GMIME_IS_TEXT_PART(object)) {
		char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
		if (text)
			buf_add_cstr(&b->text, text);
		buf_add_byte(&b->text, '\n');
		g_free(text);
	} else {
		add_note(b, object, "attachment, left out");
	}
}

static void redact_read_body(struct str message, struct body *b)
{
	GMimeMessage *parsed = mime_parse(message);
	if (parsed) {
		read_object(b, g_mime_message_get_mime_part(parsed), 0);
		g_object_unref(parsed);
	}
}

void redact_quoted_printable(struct str text, struct buf *out)
{
	GMimeEncoding state;
	g_mime_encoding_init_encode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *encoded = mem_alloc(g_mime_encoding_outlen(&state, text.n) + 1);
	size_t n = g_mime_encoding_flush(&state, text.p, text.n, encoded);
	for (size_t i = 0; i < n; i++) {
		if (encoded[i] == '\n')
			buf_add_byte(out, '\r');
		buf_add_byte(out, encoded[i]);
	}
	free(encoded);
}

/* Ends where a character ends. */
static struct str redact_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return (struct str){ s.p, max };
}

/* gmime is given no more than can matter: it reads all before we can stop it. */
void redact_body(const struct redaction *r, struct str message, size_t body_max,
                 struct buf *out)
{
	enum { ENCODED_FACTOR = 8 };
	struct body b = { .max = body_max };
	struct buf redacted = { 0 };
	size_t most = REDACT_HEADER_MAX_BYTES + body_max * ENCODED_FACTOR;
	if (message.n > most)
		message.n = most;
	redact_read_body(message, &b);
	struct str text = redact_cut(buf_str(&b.text), body_max);
	redact_text(r, text, &redacted);
	if (text.n < b.text.n)
		buf_add_cstr(&redacted, "\n[cut]\n");
	redact_quoted_printable(buf_str(&redacted), out);
	buf_fini(&redacted);
	buf_fini(&b.text);
}
