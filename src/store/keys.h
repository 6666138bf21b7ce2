/* SPDX-License-Identifier: ISC
 *
 * Keys in the state directory (keys/, mode 0700): token keys (HMAC-SHA256, each
 * with a one-letter id; the newest signs, all that are not retired verify) and the
 * Ed25519 pair that signs evidence. Files, so that each role gets only those it
 * needs. Blocks.
 */
#ifndef PORTREEVE_STORE_KEYS_H
#define PORTREEVE_STORE_KEYS_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/evp.h>

enum { TOKEN_KEY_BYTES = 32, TOKEN_KEYS_MAX = 26 };

struct token_key {
	char id;                              /* 'a'…'z', used in turn */
	int64_t created_s;
	unsigned char secret[TOKEN_KEY_BYTES];
};

struct token_keys {
	struct token_key v[TOKEN_KEYS_MAX];   /* oldest first; the last one signs */
	size_t n;
};

/* Makes what is missing (first start). */
int keys_ensure(const char *state_directory, int64_t now_s, struct buf *message);
int keys_token_load(const char *state_directory, struct token_keys *keys, struct buf *message);
/* Adds a key; retires those older than keep_s (never the newest two). */
int keys_token_rotate(const char *state_directory, int64_t now_s, int64_t keep_s,
                      struct buf *message);
/* Wipes the secrets. */
void keys_token_fini(struct token_keys *keys);
/* The key with that id, or NULL. */
const struct token_key *keys_token_find(const struct token_keys *keys, char id);
/* Owned by the caller, EVP_PKEY_free(). */
int keys_evidence_load(const char *state_directory, EVP_PKEY **pair, struct buf *message);
/* The directory of the token keys, for a sandbox that lets a role read them again after a
 * rotation; freed with free(). */
char *keys_token_directory(const char *state_directory);
/* The public key as PEM, for `keys export` and evidence's readers. */
int keys_evidence_public(const char *state_directory, struct buf *pem, struct buf *message);

#endif
