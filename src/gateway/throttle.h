/* SPDX-License-Identifier: ISC
 *
 * How often may be guessed: by address (IPv6: by /64) and by account, so that neither one guesser
 * with a long list nor many with one name get far. A wrong guess is forgotten after a few minutes;
 * who made many waits for that, one guess at a time.
 *
 * An account that logged in from an address is known there: what others guess, from elsewhere or
 * from behind the same NAT, does not lock it out; what is guessed for it from there is counted by
 * itself. Pure: time is the caller's. Bounded: what is counted longest ago, and least, is
 * forgotten first.
 *
 * Hostile input: addresses and names of anybody, as many as they like.
 */
#ifndef PORTREEVE_GATEWAY_THROTTLE_H
#define PORTREEVE_GATEWAY_THROTTLE_H

#include "base/hash.h"
#include "base/ip.h"

enum {
	THROTTLE_BY_ADDRESS = 20, THROTTLE_BY_ACCOUNT = 40, THROTTLE_KNOWN = 10,
	THROTTLE_FORGET_S = 180,      /* one wrong guess */
	THROTTLE_FREE = 2,            /* wrong guesses that are answered at once */
	THROTTLE_DELAY_MS = 1000, THROTTLE_DELAY_MAX_MS = 8000,
	THROTTLE_ENTRIES = 32768,     /* 16 bytes each */
};

struct throttle;
/* The key: so that nobody chooses what meets in one place. */
struct throttle *throttle_create(const struct hash_key *key);
void throttle_destroy(struct throttle *t);               /* NULL is fine */

/* Whether a guess may be made. */
bool throttle_may(const struct throttle *t, const struct ip *peer, struct str name,
                  int64_t now_s);
/* A guess is made: it counts as wrong until it is known to be right, or not to have been one (there
 * was no answer), so that a thousand at the same time are a thousand. */
void throttle_guess(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s);
void throttle_right(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s);
void throttle_none(struct throttle *t, const struct ip *peer, struct str name, int64_t now_s);
/* How long the answer to a wrong one is kept back: 0, then 1 s, 2 s, … 8 s. */
int64_t throttle_delay_ms(const struct throttle *t, const struct ip *peer, struct str name,
                          int64_t now_s);

#endif
