/* SPDX-License-Identifier: ISC
 *
 * Base64 by OpenSSL, which skips over space and knows padding anywhere: what may stand there is
 * looked at before.
 */
#include "smtp/base64-private.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

static bool is_base64(struct str s, size_t padding)
{
	for (size_t i = 0; i + padding < s.n; i++)
		if (!ascii_isalnum((unsigned char)s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
			return false;
	return s.n % 4 == 0;
}

/* Appends n bytes of what is wiped and freed here. */
static void move(struct buf *out, unsigned char *text, size_t size, size_t n)
{
	buf_add(out, text, n);
	explicit_bzero(text, size);
	free(text);
}

void smtp_base64_encode(struct str s, struct buf *out)
{
	size_t size = (s.n + 2) / 3 * 4 + 1;
	assert(s.n < INT32_MAX / 2);
	unsigned char *text = mem_alloc(size);
	int n = EVP_EncodeBlock(text, (const unsigned char *)(s.n ? s.p : ""), (int)s.n);
	assert((size_t)n == size - 1);
	move(out, text, size, (size_t)n);
}

int smtp_base64_decode(struct str s, struct buf *out)
{
	size_t padding = 0, size = s.n / 4 * 3;
	while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
		padding++;
	if (!is_base64(s, padding) || s.n >= INT32_MAX / 2)
		return ERR_INVALID;
	if (s.n == 0)
		return ERR_OK;
	unsigned char *text = mem_alloc(size);
	int n = EVP_DecodeBlock(text, (const unsigned char *)s.p, (int)s.n);
	assert((size_t)n == size);
	move(out, text, size, size - padding);
	return ERR_OK;
}
