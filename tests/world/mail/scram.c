/* SPDX-License-Identifier: ISC
 *
 * SCRAM-SHA-256 as a client of this world speaks it, and the keys that the server has of it: all
 * accounts have the same salt, so that a password is worked on once in a world.
 */
#include "mail.h"

#include "base/mem.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 4096, BYTES = 32, BASE64_MAX = 2048 };
#define SALT "salt of a world."

struct keys {
	unsigned char client[BYTES], stored[BYTES], server[BYTES];
};

static void hmac(const unsigned char *key, struct str text, unsigned char out[static BYTES])
{
	unsigned n = BYTES;
	HMAC(EVP_sha256(), key, BYTES, (const unsigned char *)text.p, text.n, out, &n);
}

static void make_keys(const char *password, struct keys *k)
{
	unsigned char salted[BYTES];
	unsigned n = BYTES;
	PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const unsigned char *)SALT,
	                  sizeof(SALT) - 1, ROUNDS, EVP_sha256(), BYTES, salted);
	hmac(salted, STR("Client Key"), k->client);
	hmac(salted, STR("Server Key"), k->server);
	EVP_Digest(k->client, BYTES, k->stored, &n, EVP_sha256(), NULL);
}

static const struct keys *keys_of(bool right)
{
	static struct keys keys[2];
	static bool made[2];
	if (!made[right])
		make_keys(right ? NAMES_PASSWORD : "wrong", &keys[right]);
	made[right] = true;
	return &keys[right];
}

static void add_base64(const void *bytes, size_t n, struct buf *out)
{
	char text[BASE64_MAX];
	assert(n < BASE64_MAX / 2);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	buf_add_cstr(out, text);
}

void scram_stored(struct buf *out)
{
	const struct keys *k = keys_of(true);
	buf_printf(out, "SCRAM-SHA-256$%d:", ROUNDS);
	add_base64(SALT, sizeof(SALT) - 1, out);
	buf_add_byte(out, '$');
	add_base64(k->stored, BYTES, out);
	buf_add_byte(out, ':');
	add_base64(k->server, BYTES, out);
}

/* ---- the client --------------------------------------------------------------------------- */

void scram_hello(const char *name, struct buf *bare, struct buf *line)
{
	struct buf text = { 0 };
	buf_printf(bare, "n=%s,r=nonce-%u", name, chance_below(1000000));
	buf_printf(&text, "n,,%s", buf_cstr(bare));
	add_base64(text.p, text.n, line);
	buf_fini(&text);
}

bool scram_prove(struct str bare, struct str challenge, bool right, struct buf *line)
{
	const struct keys *k = keys_of(right);
	unsigned char first[BASE64_MAX], signature[BYTES];
	struct buf last = { 0 }, all = { 0 };
	if (challenge.n >= sizeof(first))
		return false;
	int n = EVP_DecodeBlock(first, (const unsigned char *)challenge.p, (int)challenge.n);
	while (n > 0 && first[n - 1] == '\0')
		n--;
	struct str said = { (const char *)first, n > 0 ? (size_t)n : 0 };
	size_t comma = str_find(said, ',');
	if (!str_prefix(said, STR("r=")) || comma == SIZE_MAX)
		return false;
	buf_printf(&last, "c=biws,%.*s", (int)comma, said.p);
	buf_printf(&all, "%.*s,%.*s,%s", STR_ARG(bare), STR_ARG(said), buf_cstr(&last));
	hmac(k->stored, buf_str(&all), signature);
	for (unsigned i = 0; i < BYTES; i++)
		signature[i] ^= k->client[i];
	buf_add_cstr(&last, ",p=");
	add_base64(signature, BYTES, &last);
	add_base64(last.p, last.n, line);
	buf_fini(&last);
	buf_fini(&all);
	return true;
}
