/* SPDX-License-Identifier: ISC
 *
 * Text as a JSON value: bytes that cannot stand in one are written as \xNN.
 */
#include "base/json.h"

#include <assert.h>

/* Bytes of the character that s begins with, if it may stand as it is; else 0. */
static size_t plain(struct str s)
{
	size_t n = str_utf8(s);
	bool c1 = n == 2 && s.p[0] == '\xc2' && (unsigned char)s.p[1] < 0xa0;
	return s.p[0] == '\0' || s.p[0] == 0x7f || c1 ? 0 : n;
}

json_t *json_text(struct str s)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n;) {
		size_t n = plain(str_from(s, i));
		if (n > 0)
			buf_add(&b, s.p + i, n);
		else
			buf_printf(&b, "\\x%02x", (unsigned char)s.p[i]);
		i += n ? n : 1;
	}
	json_t *text = json_stringn(buf_cstr(&b), b.n);
	buf_fini(&b);
	assert(text);
	return text;
}
