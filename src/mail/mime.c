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

/* ---- writing a field --------------------------------------------------------------- */

enum {
	FIELD_LINE_MAX = 76,                   /* of one with an encoded word (RFC 2047 2) */
	ENCODED_BYTES = 45,                    /* of text: 60 in base64, 72 with what is around */
	WORD_BYTES_MAX = 900,                  /* longer ones cannot be folded: they are encoded */
};

void mime_field_begin(struct mime_field *f, const char *name, struct buf *out)
{
	*f = (struct mime_field){ .out = out, .column = strlen(name) + 1 };
	buf_printf(out, "%s:", name);
}

void mime_field_word(struct mime_field *f, struct str word)
{
	bool fold = f->column + 1 + word.n > FIELD_LINE_MAX;
	buf_add_cstr(f->out, fold ? "\r\n " : " ");
	buf_add_str(f->out, word);
	f->column = (fold ? 1 : f->column + 1) + word.n;
}

void mime_field_end(struct mime_field *f)
{
	buf_add_cstr(f->out, "\r\n");
}

/* Whether it can stand in a field without being encoded. */
static bool is_field_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isprint((unsigned char)s.p[i]))
			return false;
	return s.n <= WORD_BYTES_MAX && str_search(s, STR("=?")) == SIZE_MAX;
}

/* Takes as many whole characters as one encoded word holds; where more follow, so many that the
 * base64 needs no padding, because readers are about that join words before they decode. */
static void take_characters(struct str *text, struct buf *piece)
{
	struct str rest = *text, whole = { 0 };
	size_t whole_bytes = 0;
	while (rest.n) {
		size_t n = str_utf8(rest), taken = n ? n : 1;
		if (piece->n + taken > ENCODED_BYTES)
			break;
		if (n)
			buf_add(piece, rest.p, n);
		else
			buf_add_byte(piece, '?');
		rest = str_from(rest, taken);
		if (piece->n % 3 == 0) {
			whole = rest;
			whole_bytes = piece->n;
		}
	}
	if (rest.n && whole_bytes) {
		rest = whole;
		piece->n = whole_bytes;
	}
	*text = rest;
}

static void add_encoded_words(struct mime_field *f, struct str text)
{
	while (text.n) {
		struct buf piece = { 0 }, word = { 0 };
		take_characters(&text, &piece);
		char *base64 = g_base64_encode((const guchar *)piece.p, piece.n);
		buf_printf(&word, "=?utf-8?b?%s?=", base64);
		mime_field_word(f, buf_str(&word));
		g_free(base64);
		buf_fini(&word);
		buf_fini(&piece);
	}
}

void mime_field_text(struct mime_field *f, struct str text)
{
	struct str rest = text, word, odd = { 0 };     /* words in a row that are to be encoded */
	while (str_word(&rest, &word)) {
		if (!is_field_text(word)) {
			const char *start = odd.n ? odd.p : word.p;
			odd = (struct str){ start, (size_t)(word.p + word.n - start) };
			continue;
		}
		add_encoded_words(f, odd);
		odd.n = 0;
		mime_field_word(f, word);
	}
	add_encoded_words(f, odd);
}

void mime_field_phrase(struct mime_field *f, struct str text)
{
	struct buf quoted = { 0 };
	if (!is_field_text(text)) {
		add_encoded_words(f, text);
		f->column = FIELD_LINE_MAX;    /* the address has a line of its own */
		return;
	}
	buf_add_byte(&quoted, '"');
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '"' && text.p[i] != '\\')
			buf_add_byte(&quoted, text.p[i]);
	buf_add_byte(&quoted, '"');
	mime_field_word(f, buf_str(&quoted));
	buf_fini(&quoted);
}

/* ---- a text ------------------------------------------------------------------------ */

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

void mime_add_quoted_printable(struct str text, struct buf *out)
{
	GMimeEncoding state;
	init_once();
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
		mime_add_quoted_printable(text, out);
}

InternetAddressList *mime_addresses(const char *value)
{
	init_once();
	return internet_address_list_parse(NULL, value);
}
