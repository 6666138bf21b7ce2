/* SPDX-License-Identifier: ISC
 *
 * By libargon2 and GNU SASL. Whoever has no hash is compared with one of nobody's password, of the
 * same parameters.
 */
#include "gateway/password.h"

#include "base/random.h"

#include <argon2.h>
#include <assert.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { SALT_BYTES = 16, HASH_BYTES = 32, KEY_BYTES = 32, ENCODED_MAX = 160 };

/* A made-up salt and digest: no password is known that leads there. */
#define NOBODYS "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ" \
                "$Wm0dW5d3Cq3yYt0C7p6pTq0sHf2yJkqB1m0p0lXo3xE"

const char *password_expected(struct str password)
{
	if (password.n == 0)
		return "that is not empty";
	if (password.n > PASSWORD_MAX)
		return "of at most 1024 bytes";
	for (size_t i = 0; i < password.n; i++)
		if ((unsigned char)password.p[i] < ' ' || password.p[i] == 0x7f)
			return "without control characters";
	return str_is_utf8(password) ? NULL : "in UTF-8";
}

/* As SASLprep has it; NULL: it lets that through for nobody. */
static char *prepared(struct str password)
{
	char text[PASSWORD_MAX + 1], *out = NULL;
	if (!str_copy(text, sizeof(text), password) ||
	    gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &out, NULL) != GSASL_OK)
		out = NULL;
	explicit_bzero(text, sizeof(text));
	return out;
}

static void wipe_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	gsasl_free(text);
}

int password_hash(struct str password, struct buf *hash)
{
	unsigned char salt[SALT_BYTES];
	char encoded[ENCODED_MAX];
	char *text = password_expected(password) ? NULL : prepared(password);
	if (!text)
		return ERR_INVALID;
	random_bytes(salt, sizeof(salt));
	int rc = argon2id_hash_encoded(PASSWORD_PASSES, PASSWORD_KIB, PASSWORD_LANES, text,
	                               strlen(text), salt, sizeof(salt), HASH_BYTES, encoded,
	                               sizeof(encoded));
	wipe_free(text);
	assert(rc == ARGON2_OK || rc == ARGON2_MEMORY_ALLOCATION_ERROR);
	if (rc != ARGON2_OK)
		return ERR_FULL;
	buf_add_cstr(hash, encoded);
	return ERR_OK;
}

int password_verify(struct str hash, struct str password)
{
	char encoded[ENCODED_MAX];
	bool known = hash.n > 0 && str_copy(encoded, sizeof(encoded), hash);
	char *text = password_expected(password) ? NULL : prepared(password);
	int rc = argon2id_verify(known ? encoded : NOBODYS, text ? text : "",
	                         text ? strlen(text) : 0);
	if (rc != ARGON2_OK && rc != ARGON2_VERIFY_MISMATCH &&
	    rc != ARGON2_MEMORY_ALLOCATION_ERROR)      /* it is no hash: as if there were none */
		rc = argon2id_verify(NOBODYS, "", 0);
	/* Nobody's hash can be read: else it would take no time. */
	assert(rc == ARGON2_OK || rc == ARGON2_VERIFY_MISMATCH ||
	       rc == ARGON2_MEMORY_ALLOCATION_ERROR);
	bool same = rc == ARGON2_OK && known && text;
	wipe_free(text);
	explicit_bzero(encoded, sizeof(encoded));
	if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
		return ERR_FULL;
	return same ? ERR_OK : ERR_DENIED;
}

static void add_base64(struct buf *b, const void *bytes, size_t n)
{
	unsigned char text[2 * KEY_BYTES];
	assert(n <= KEY_BYTES);
	buf_add(b, text, (size_t)EVP_EncodeBlock(text, bytes, (int)n));
}

int password_scram(struct str password, struct buf *scram)
{
	unsigned char salt[SALT_BYTES];
	char salted[KEY_BYTES], client[KEY_BYTES], server[KEY_BYTES], stored[KEY_BYTES];
	char *text = password_expected(password) ? NULL : prepared(password);
	if (!text)
		return ERR_INVALID;
	random_bytes(salt, sizeof(salt));
	int rc = gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, text,
	                                           PASSWORD_SCRAM_ITERATIONS, (char *)salt,
	                                           sizeof(salt), salted, client, server, stored);
	wipe_free(text);
	assert(rc == GSASL_OK);
	buf_printf(scram, "SCRAM-SHA-256$%d:", PASSWORD_SCRAM_ITERATIONS);
	add_base64(scram, salt, sizeof(salt));
	buf_add_byte(scram, '$');
	add_base64(scram, stored, sizeof(stored));
	buf_add_byte(scram, ':');
	add_base64(scram, server, sizeof(server));
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	explicit_bzero(server, sizeof(server));
	return ERR_OK;
}

void password_generate(struct buf *password)
{
	enum { GROUPS = 4, LETTERS = 5 };
	unsigned char bytes[13];
	char text[22];
	random_bytes(bytes, sizeof(bytes));
	base32_encode(bytes, sizeof(bytes), text);
	for (unsigned i = 0; i < GROUPS; i++)
		buf_printf(password, "%s%.*s", i ? "-" : "", (int)LETTERS, text + i * LETTERS);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
}
