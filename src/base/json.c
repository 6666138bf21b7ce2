/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include <assert.h>

static bool is_plain(char c)
{
	return ascii_isprint((unsigned char)c) || c == '\t' || c == '\n' || c == '\r';
}

json_t *json_text(struct str s)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n;) {
		size_t n = is_plain(s.p[i]) ? 1 : str_utf8(str_from(s, i));
		bool control = n == 1 && !is_plain(s.p[i]);
		if (n > 0 && !control)
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
