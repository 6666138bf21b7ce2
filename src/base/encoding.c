/* SPDX-License-Identifier: ISC
 *
 * Base32 and hexadecimal: the pure half of base/random.h.
 */
#include "base/random.h"

#include "base/err.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Five bytes are eight digits, the last ones fewer. */
void base32_encode(const void *src, size_t n, char *dst)
{
	const unsigned char *p = src, *end = p + n;
	while (p < end) {
		uint64_t group = 0;
		size_t bytes = end - p < 5 ? (size_t)(end - p) : 5;
		for (size_t i = 0; i < 5; i++)
			group = group << 8 | (i < bytes ? p[i] : 0);
		for (size_t i = 0; i < (bytes * 8 + 4) / 5; i++)
			*dst++ = alphabet[group >> (35 - 5 * i) & 31];
		p += bytes;
	}
	*dst = '\0';
}

void hex_encode(const void *src, size_t n, char *dst)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = src;
	for (size_t i = 0; i < n; i++) {
		*dst++ = digits[p[i] >> 4];
		*dst++ = digits[p[i] & 15];
	}
	*dst = '\0';
}

static int hex_value(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct str s, void *dst, size_t size)
{
	unsigned char *out = dst;
	if (s.n % 2 || s.n / 2 > size)
		return ERR_INVALID;
	for (size_t i = 0; i < s.n; i += 2) {
		int hi = hex_value(s.p[i]), lo = hex_value(s.p[i + 1]);
		if (hi < 0 || lo < 0)
			return ERR_INVALID;
		out[i / 2] = (unsigned char)(hi << 4 | lo);
	}
	return (int)(s.n / 2);
}
