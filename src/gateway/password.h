/* SPDX-License-Identifier: ISC
 *
 * What is kept of a password, and whether another one is the same. Argon2id for logins that give it
 * away (PLAIN, LOGIN), SCRAM keys (RFC 5802 3) for those that do not. Both are made of the password
 * as SASLprep has it, so that it is the same whichever keyboard it was typed on.
 *
 * Who uses it: the helpers of login.h and `portreeve user`. An argon2 takes tens of milliseconds
 * and 19 MiB: never on a loop.
 *
 * Hostile input: passwords of anybody, up to the limit.
 */
#ifndef PORTREEVE_GATEWAY_PASSWORD_H
#define PORTREEVE_GATEWAY_PASSWORD_H

#include "base/err.h"
#include "base/str.h"

enum {
	PASSWORD_MAX = 1024,
	/* What OWASP's cheat sheet for the storage of passwords names first. */
	PASSWORD_KIB = 19 << 10, PASSWORD_PASSES = 2, PASSWORD_LANES = 1,
	PASSWORD_SCRAM_ITERATIONS = 20000, /* 4096 or more (RFC 7677 4) */
};

/* Why it cannot be one, in words that follow "expected a password "; NULL: it can. Pure, static. */
const char *password_expected(struct str password);

/* Appends its hash as a PHC text ("$argon2id$v=19$m=19456,t=2,p=1$…"). ERR_INVALID: it cannot be
 * a password. ERR_FULL: there is no memory for it. */
int password_hash(struct str password, struct buf *hash);
/* Whether the password is that of the hash; a hash that is empty or none is nobody's, and takes as
 * long. ERR_OK, ERR_DENIED (it is not), ERR_FULL. */
int password_verify(struct str hash, struct str password);

/* Appends "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY" (RFC 5803 1). ERR_INVALID. */
int password_scram(struct str password, struct buf *scram);

/* Appends a new one of 100 random bits: "k3m2p-7xqad-…". */
void password_generate(struct buf *password);

#endif
