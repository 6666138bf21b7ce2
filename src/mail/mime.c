/* SPDX-License-Identifier: ISC
 *
 * gmime, initialised once, by whoever comes first.
 */
#include "mail/mime.h"

#include "base/mem.h"

#include <gmime/gmime.h>
#include <stdlib.h>

static void init_once(void)
{
	static bool begun;
	if (!begun)
		g_mime_init();
	begun = true;
}

GMimeMessage *mime_parse(struct str message)
{
	init_once();
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(message.p ? message.p : "",
	                                                        message.n);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *parsed = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return parsed;
}

char *mime_decode_header(const char *value)
{
	init_once();
	return g_mime_utils_header_decode_text(NULL, value);
}

char *mime_encode_header(const char *text)
{
	init_once();
	return g_mime_utils_header_encode_text(NULL, text, "utf-8");
}

char *mime_encode_phrase(const char *text)
{
	init_once();
	return g_mime_utils_header_encode_phrase(NULL, text, "utf-8");
}

static bool is_plain(struct str text)
{
	enum { LINE_BYTES_MAX = 998 };         /* RFC 5322 2.1.1 */
	size_t line = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		line = c == '\n' ? 0 : line + 1;
		if (c >= 0x80 || c == '\0' || line > LINE_BYTES_MAX)
			return false;
	}
	return true;
}

static void add_quoted_printable(struct str text, struct buf *out)
{
	GMimeEncoding state;
	g_mime_encoding_init_encode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *encoded = mem_alloc(g_mime_encoding_outlen(&state, text.n) + 1);
	size_t n = g_mime_encoding_flush(&state, text.p, text.n, encoded);
	buf_add(out, encoded, n);
	free(encoded);
}

void mime_add_text(struct str text, struct buf *out)
{
	bool plain = is_plain(text);
	init_once();
	buf_printf(out, "MIME-Version: 1.0\n"
	           "Content-Type: text/plain; charset=%s\n"
	           "Content-Transfer-Encoding: %s\n\n",
	           plain ? "us-ascii" : "utf-8", plain ? "7bit" : "quoted-printable");
	if (plain)
		buf_add_str(out, text);
	else
		add_quoted_printable(text, out);
}

InternetAddressList *mime_addresses(const char *value)
{
	init_once();
	return internet_address_list_parse(NULL, value);
}
