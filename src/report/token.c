/* SPDX-License-Identifier: ISC
 *
 * Tokens of reports, made and found.
 */
#include "report/token.h"

#include "base/random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum { LOCAL_PART_MAX = 64 };

static void make_mac(const unsigned char *key, const char *id, char mac[REPORT_MAC_LEN + 1])
{
	unsigned char full[EVP_MAX_MD_SIZE];
	unsigned n;
	HMAC(EVP_sha256(), key, REPORT_KEY_BYTES, (const unsigned char *)id, strlen(id), full, &n);
	base32_encode(full, REPORT_MAC_LEN * 5 / 8, mac);
}

void report_token_make(const unsigned char key[static REPORT_KEY_BYTES], const char *id,
                       char token[static REPORT_TOKEN_LEN + 1])
{
	char mac[REPORT_MAC_LEN + 1];
	make_mac(key, id, mac);
	snprintf(token, REPORT_TOKEN_LEN + 1, "%.*s-%s", REPORT_ID_LEN, id, mac);
}

/* n letters and digits of base32, in lower case. */
static bool is_base32(const char *p, size_t n, char *dst)
{
	for (size_t i = 0; i < n; i++) {
		dst[i] = ascii_lower(p[i]);
		if (!(dst[i] >= 'a' && dst[i] <= 'z') && !(dst[i] >= '2' && dst[i] <= '7'))
			return false;
	}
	dst[n] = '\0';
	return true;
}

bool report_token_find(const unsigned char key[static REPORT_KEY_BYTES], struct str text,
                       char id[static REPORT_ID_LEN + 1])
{
	char mac[REPORT_MAC_LEN + 1], right[REPORT_MAC_LEN + 1];
	for (size_t i = REPORT_ID_LEN; i + REPORT_MAC_LEN < text.n; i++) {
		if (text.p[i] != '-' || !is_base32(text.p + i - REPORT_ID_LEN, REPORT_ID_LEN, id) ||
		    !is_base32(text.p + i + 1, REPORT_MAC_LEN, mac))
			continue;
		make_mac(key, id, right);
		if (CRYPTO_memcmp(mac, right, REPORT_MAC_LEN) == 0)
			return true;
	}
	id[0] = '\0';
	return false;
}

bool report_return_path(const struct report_config *config, const char *token,
                        char dst[static CONTACT_MAX])
{
	const char *path = config->return_path, *at = strrchr(path, '@');
	if (!at || strcmp(config->return_path_delimiter, "none") == 0)
		return str_copy(dst, CONTACT_MAX, str_of(path));
	int local = (int)(at - path);
	int n = snprintf(dst, CONTACT_MAX, "%.*s%s%s%s", local, path,
	                 config->return_path_delimiter, token, at);
	return n < CONTACT_MAX && (size_t)local + 1 + REPORT_TOKEN_LEN <= LOCAL_PART_MAX;
}
