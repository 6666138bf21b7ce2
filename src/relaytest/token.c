/* SPDX-License-Identifier: ISC
 *
 * A test signs a token for each form. EVP_MAC allocates and frees its states for each: 440 ns
 * a token. The older interface of OpenSSL copies them as plain values: 120 ns.
 */
#define OPENSSL_API_COMPAT 10100
#include "relaytest/token.h"

#include "base/random.h"
#include "catalogue/catalogue.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum {
	MAC_BYTES = 10, MAC_CHARS = 16, MARK_BYTES = 12, FULL_BYTES = 32,
	HEAD_CHARS = TOKEN_LEN - MAC_CHARS,
};

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/* The key, padded to a block, with each byte's bits changed (RFC 2104 section 2). */
static void begin_block(SHA256_CTX *state, const unsigned char secret[static TOKEN_KEY_BYTES],
                        unsigned char change)
{
	unsigned char block[SHA256_CBLOCK];
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (i < TOKEN_KEY_BYTES ? secret[i] : 0) ^ change;
	SHA256_Init(state);
	SHA256_Update(state, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
}

static void hmac(const struct token_signing_key *key, const void *text, size_t n,
                 unsigned char full[static FULL_BYTES])
{
	SHA256_CTX inner = key->inner, outer = key->outer;
	SHA256_Update(&inner, text, n);
	SHA256_Final(full, &inner);
	SHA256_Update(&outer, full, FULL_BYTES);
	SHA256_Final(full, &outer);
}

void token_signer_init(struct token_signer *signer, const struct token_keys *keys)
{
	assert(keys->n > 0);
	*signer = (struct token_signer){ 0 };
	for (size_t i = 0; i < keys->n; i++) {
		struct token_signing_key *k = &signer->key[i];
		k->id = keys->v[i].id;
		begin_block(&k->inner, keys->v[i].secret, 0x36);
		begin_block(&k->outer, keys->v[i].secret, 0x5c);
	}
	signer->n = keys->n;
}

void token_signer_fini(struct token_signer *signer)
{
	OPENSSL_cleanse(signer, sizeof(*signer));
}

/* What all texts of a probe begin with, and the HMAC over it and the target. */
static void sign(const struct token_signing_key *key, const char head[static HEAD_CHARS],
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
	hmac(key, bound, (size_t)(p - bound), full);
}

static void make(const struct token_signing_key *key, const char *test_id,
                 unsigned case_number, unsigned flags, const struct endpoint *target,
                 struct token_set *set)
{
	unsigned char full[FULL_BYTES];
	char head[HEAD_CHARS];
	head[0] = key->id;
	memcpy(head + 1, test_id, TEST_ID_LEN);
	head[1 + TEST_ID_LEN] = digits[case_number >> 5];
	head[2 + TEST_ID_LEN] = digits[case_number & 31];
	head[3 + TEST_ID_LEN] = digits[flags];
	sign(key, head, target, full);
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
	make(&signer->key[signer->n - 1], test_id, case_number, flags, target, set);
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
		make(&signer->key[i], t->test_id, t->case_number,
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
	const struct relay_case *c = relay_case_by_number(t->case_number);
	if (!c)
		return ERR_NOT_FOUND;
	snprintf(id, CASE_ID_MAX, "%s%s", t->flags & TOKEN_STARTTLS ? "S09-" : "", c->id);
	return ERR_OK;
}
