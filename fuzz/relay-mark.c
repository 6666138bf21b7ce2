/* SPDX-License-Identifier: ISC
 *
 * Our mark in a message of any shape. First byte: what the rest is.
 *
 *   r  a whole message, raw: nothing but bounds
 *   b  text before the mark, all of it in base64 in a part: the mark must be found
 *   q  the same in quoted-printable with a soft break inside the mark
 *   h  a header and parts before ours, which is attached as a message
 */
#include "fuzz.h"

#include "base/mem.h"
#include "relaytest/probe.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define MARK "a2b3c4d5e6f7g2h3i4j5"
enum { TEXT_MAX = 1 << 16 };

static void add_base64(struct buf *out, struct str text)
{
	unsigned char *encoded = mem_alloc(text.n * 2 + 8);
	int n = EVP_EncodeBlock(encoded, (const unsigned char *)text.p, (int)text.n);
	for (int i = 0; i < n; i += 76) {
		buf_add(out, encoded + i, (size_t)(n - i < 76 ? n - i : 76));
		buf_add_cstr(out, "\r\n");
	}
	free(encoded);
}

static void as_base64(struct str data)
{
	struct buf text = { 0 }, message = { 0 };
	buf_add_str(&text, data);
	buf_add_cstr(&text, MARK "\r\n");
	buf_add_cstr(&message,
	             "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	add_base64(&message, buf_str(&text));
	assert(probe_mark_found(buf_str(&message), MARK));
	buf_fini(&text);
	buf_fini(&message);
}

static void as_quoted_printable(struct str data)
{
	struct buf message = { 0 };
	buf_add_cstr(&message, "Content-Type: text/plain\r\n"
	                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	for (size_t i = 0; i < data.n; i++)
		buf_printf(&message, "=%02X%s", (unsigned char)data.p[i],
		           i % 20 == 19 ? "=\r\n" : "");
	buf_add_cstr(&message, "a2b3c4d5e6=\r\nf7g2h3=\r\ni4=6A5\r\n");
	assert(probe_mark_found(buf_str(&message), MARK));
	buf_fini(&message);
}

/* The parts before ours may hide it: that must not be fatal, no more. */
static void as_attachment(struct str data)
{
	struct buf message = { 0 };
	buf_add_str(&message, data);
	buf_add_cstr(&message, "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
	                       "Content-Transfer-Encoding: base64\r\n\r\n");
	add_base64(&message, STR(MARK));
	buf_add_cstr(&message, "--b--\r\n");
	probe_mark_found(buf_str(&message), MARK);
	buf_fini(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > TEXT_MAX)
		return 0;
	struct str rest = { (const char *)data + 1, size - 1 };
	switch (data[0]) {
	case 'b': as_base64(rest); break;
	case 'q': as_quoted_printable(rest); break;
	case 'h': as_attachment(rest); break;
	default:
		if (str_casesearch(rest, STR(MARK)) != SIZE_MAX)
			assert(probe_mark_found(rest, MARK));
		else
			probe_mark_found(rest, MARK);
	}
	return 0;
}
