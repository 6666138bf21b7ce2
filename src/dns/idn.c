/* SPDX-License-Identifier: ISC
 *
 * U-labels to A-labels by libidn2, a label at a time: patterns and names with underscores are
 * no valid names as a whole.
 */
#include "dns/idn.h"

#include <assert.h>
#include <idn2.h>

bool idn_is_wide(struct str name)
{
	bool wide = false;
	for (size_t i = 0; i < name.n; i++)
		wide |= ((unsigned char)name.p[i] & 0x80) != 0;
	return wide;
}

/* Appends one label to dst at *n; false if it is none or does not fit. */
static bool add_label(struct str label, char *dst, size_t *n)
{
	enum { LABEL_BYTES_MAX = 252 };      /* 63 characters of four bytes */
	char text[LABEL_BYTES_MAX + 1];
	uint8_t *ascii = NULL;
	struct str s = label;
	if (idn_is_wide(label)) {
		if (!str_copy(text, sizeof(text), label) || strlen(text) != label.n)
			return false;
		if (idn2_lookup_u8((const uint8_t *)text, &ascii,
		                   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return false;
		s = str_of((const char *)ascii);
	}
	bool fits = s.n < IDN_TEXT_MAX - *n;
	if (fits && s.n)
		memcpy(dst + *n, s.p, s.n);
	*n += fits ? s.n : 0;
	idn2_free(ascii);
	assert(*n < IDN_TEXT_MAX);
	return fits;
}

struct str idn_ascii(struct str name, char dst[static IDN_TEXT_MAX])
{
	size_t n = 0;
	struct str rest = name;
	if (!idn_is_wide(name) || name.n > 4 * IDN_TEXT_MAX)
		return name;
	for (;;) {
		size_t dot = str_find(rest, '.');
		struct str label = { rest.p, dot == SIZE_MAX ? rest.n : dot };
		if (!add_label(label, dst, &n))
			return name;
		if (dot == SIZE_MAX)
			return (struct str){ dst, n };
		if (n + 1 >= IDN_TEXT_MAX)
			return name;
		dst[n++] = '.';
		rest = str_from(rest, dot + 1);
	}
}
