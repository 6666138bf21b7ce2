/* SPDX-License-Identifier: ISC
 *
 * Tokens: packed, signed and encoded; and recognised in whatever case they come back.
 */
#include "relaytest/token.h"

#include "base/random.h"
#include "catalogue/catalogue.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <stdio.h>

enum {
	MAC_BYTES = 10, MAC_CHARS = 16, MARK_BYTES = 12, FULL_BYTES = 32,
	HEAD_CHARS = TOKEN_LEN - MAC_CHARS,
};

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void token_signer_init(struct token_signer *signer, const struct token_keys *keys)
{
	assert(keys->n > 0);
	*signer = (struct token_signer){ 0 };
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	assert(hmac);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};
	for (size_t i = 0; i < keys->n; i++) {
		EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
		int ok = mac && EVP_MAC_init(mac, keys->v[i].secret, TOKEN_KEY_BYTES, params);
		assert(ok);
		signer->key[i].id = keys->v[i].id;
		signer->key[i].mac = mac;
	}
	signer->n = keys->n;
	EVP_MAC_free(hmac);
}

void token_signer_fini(struct token_signer *signer)
{
	for (size_t i = 0; i < signer->n; i++)
		EVP_MAC_CTX_free(signer->key[i].mac);
	*signer = (struct token_signer){ 0 };
}

bool token_signer_knows(const struct token_signer *signer, char key_id)
{
	for (size_t i = 0; i < signer->n; i++)
		if (signer->key[i].id == key_id)
			return true;
	return false;
}

/* What all texts of a probe begin with, and the HMAC over it and the target. */
static void sign_token(EVP_MAC_CTX *mac, const char head[static HEAD_CHARS],
                       const struct endpoint *target, unsigned char full[static FULL_BYTES])
{
	static const char purpose[] = "portreeve token 1";
	unsigned char bound[sizeof(purpose) + HEAD_CHARS + 1 + 16 + 2], *p = bound;
	p = mempcpy(p, purpose, sizeof(purpose));
	p = mempcpy(p, head, HEAD_CHARS);
	*p++ = target->ip.family;
	p = mempcpy(p, target->ip.b, 16);
	*p++ = (unsigned char)(target->port >> 8);
	*p++ = (unsigned char)target->port;
	size_t n = 0;
	int ok = EVP_MAC_init(mac, NULL, 0, NULL) &&
	         EVP_MAC_update(mac, bound, (size_t)(p - bound)) &&
	         EVP_MAC_final(mac, full, &n, FULL_BYTES);
	assert(ok && n == FULL_BYTES);
}

static void make_text(EVP_MAC_CTX *mac, char key_id, const char *test_id, unsigned case_number,
                      unsigned flags, const struct endpoint *target, struct token_set *set)
{
	unsigned char full[FULL_BYTES];
	char head[HEAD_CHARS];
	head[0] = key_id;
	memcpy(head + 1, test_id, TEST_ID_LEN);
	head[1 + TEST_ID_LEN] = digits[case_number >> 5];
	head[2 + TEST_ID_LEN] = digits[case_number & 31];
	head[3 + TEST_ID_LEN] = digits[flags];
	sign_token(mac, head, target, full);
	memcpy(set->recipient, head, HEAD_CHARS);
	base32_encode(full, MAC_BYTES, set->recipient + HEAD_CHARS);
	memcpy(set->sender, head, HEAD_CHARS);
	set->sender[HEAD_CHARS - 1] = digits[flags | TOKEN_SENDER];
	base32_encode(full + MAC_BYTES, MAC_BYTES, set->sender + HEAD_CHARS);
	base32_encode(full + 2 * MAC_BYTES, MARK_BYTES, set->mark);
}

void token_make(const struct token_signer *signer, const char *test_id, unsigned case_number,
                unsigned flags, const struct endpoint *target, struct token_set *set)
{
	assert(signer->n > 0 && case_number < 1024 && flags < 32 && !(flags & TOKEN_SENDER));
	assert(strlen(test_id) == TEST_ID_LEN);
	make_text(signer->key[signer->n - 1].mac, signer->key[signer->n - 1].id, test_id,
	          case_number, flags, target, set);
}

static int digit_value(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int token_parse(struct str s, struct token *t)
{
	struct token r = { 0 };
	if (s.n != TOKEN_LEN)
		return ERR_INVALID;
	for (size_t i = 0; i < s.n; i++) {
		r.text[i] = ascii_lower(s.p[i]);
		if (digit_value(r.text[i]) < 0)
			return ERR_INVALID;
	}
	r.key_id = r.text[0];
	memcpy(r.test_id, r.text + 1, TEST_ID_LEN);
	const char *p = r.text + 1 + TEST_ID_LEN;
	r.case_number = (uint16_t)(digit_value(p[0]) << 5 | digit_value(p[1]));
	r.flags = (uint8_t)digit_value(p[2]);
	*t = r;
	return ERR_OK;
}

bool token_verify(const struct token_signer *signer, const struct token *t,
                  const struct endpoint *target, struct token_set *set)
{
	for (size_t i = 0; i < signer->n; i++) {
		if (signer->key[i].id != t->key_id)
			continue;
		struct token_set ours;
		make_text(signer->key[i].mac, t->key_id, t->test_id, t->case_number,
		          t->flags & ~(unsigned)TOKEN_SENDER, target, &ours);
		const char *want = t->flags & TOKEN_SENDER ? ours.sender : ours.recipient;
		if (set)
			*set = ours;
		return CRYPTO_memcmp(want, t->text, TOKEN_LEN) == 0;
	}
	return false;
}

int token_case_id(const struct token *t, char id[static CASE_ID_MAX])
{
	static_assert((int)CASE_ID_MAX == (int)RELAY_NAME_MAX, "a form's name is a case's id");
	const struct relay_form form = { .row = relay_case_by_number(t->case_number),
	                                 .starttls = t->flags & TOKEN_STARTTLS };
	if (!form.row)
		return ERR_NOT_FOUND;
	relay_form_name(&form, id);
	return ERR_OK;
}
