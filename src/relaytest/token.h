/* SPDX-License-Identifier: ISC
 *
 * Tokens: the unforgeable local parts of our probes. One stands in the sender and
 * another in the recipient of each probe; both are bound to test, case, address and
 * port by a truncated HMAC-SHA256, so that nobody can make one up for a host that
 * we did not test, or move one to another host.
 *
 * Form, 28 characters of [a-z2-7], which survives every mail system's rewriting:
 *
 *   k  tttttttt  nn  f  mmmmmmmmmmmmmmmm
 *   key id, test (40 bits), case number (10 bits), flags (5 bits), MAC (80 bits)
 *
 * One HMAC a probe gives all three secrets, from parts of its output that do not
 * overlap: the MAC of the recipient token, that of the sender token, and the
 * mark that stands in the message and is not to be had from the envelope.
 *
 * Hostile input: local parts of any client of the collector.
 */
#ifndef PORTREEVE_RELAYTEST_TOKEN_H
#define PORTREEVE_RELAYTEST_TOKEN_H

#include "store/keys.h"
#include "store/types.h"

#include <openssl/evp.h>

enum { TOKEN_LEN = 28, MARK_LEN = 20 };

enum {
	TOKEN_SENDER = 1u << 0,      /* else recipient */
	TOKEN_CONFIRM = 1u << 1,     /* attempt 1: the domains swapped */
	TOKEN_STARTTLS = 1u << 2,    /* the envelope form under STARTTLS (S09) */
};

struct token {
	char key_id;
	char test_id[TEST_ID_LEN + 1];
	uint16_t case_number;
	uint8_t flags;
	char text[TOKEN_LEN + 1];    /* lower case */
};

/* The three texts of one probe. */
struct token_set {
	char recipient[TOKEN_LEN + 1], sender[TOKEN_LEN + 1], mark[MARK_LEN + 1];
};

/* Keys made ready for use: a MAC state each. Not shared between threads. */
struct token_signer {
	struct {
		char id;
		EVP_MAC_CTX *mac;
	} key[TOKEN_KEYS_MAX];
	size_t n;                    /* the last one signs */
};
/* `keys` may be wiped afterwards; it holds at least one key. */
void token_signer_init(struct token_signer *signer, const struct token_keys *keys);
void token_signer_fini(struct token_signer *signer);
/* Whether a key of that id is among them. */
bool token_signer_knows(const struct token_signer *signer, char key_id);

/* The probe's texts, signed with the newest key. `flags` without TOKEN_SENDER. */
void token_make(const struct token_signer *signer, const char *test_id, unsigned case_number,
                unsigned flags, const struct endpoint *target, struct token_set *set);
/* Reads the form only; either case. ERR_INVALID. */
int token_parse(struct str s, struct token *t);
/* Whether the token was made by us for that target, in constant time; *set (may be
 * NULL) gets the texts of its probe. */
bool token_verify(const struct token_signer *signer, const struct token *t,
                  const struct endpoint *target, struct token_set *set);

/* "E14", or "S09-E14" under STARTTLS; ERR_NOT_FOUND for a number no case has. */
int token_case_id(const struct token *t, char id[static CASE_ID_MAX]);

#endif
