/* SPDX-License-Identifier: ISC
 *
 * How often may be guessed: by address (IPv6: by /64) and by account, so that neither one guesser
 * with a long list nor many with one account get far. A wrong guess is forgotten after a while;
 * who made many waits for that, one guess at a time.
 *
 * An account is who is guessed, whatever name of it is given; a name that is nobody's is counted as
 * an account of its own. From an address at which it has logged in (known.h) it is counted by
 * itself: what others guess, from elsewhere or from behind the same NAT, does not lock it out.
 *
 * From everywhere else an account under attack (THROTTLE_BY_ACCOUNT wrong guesses) becomes hard to
 * reach and not shut, so that its owner gets in on the road, too:
 *
 *   a network   (/24; IPv6: /48) has one guess at once; behind its first wrong one it waits a
 *               minute, behind each further one twice as long, up to a day; each quiet week
 *               takes one back
 *   all         together have THROTTLE_BY_ACCOUNT_MOST guesses, and 1440 a day, one a minute. The
 *               second half of them is for networks that have not guessed wrong: so 200 networks
 *               never keep the owner out where he is not known, and more only until each of them
 *               has guessed once (1000 networks: half a day a week)
 *
 * At places where the account is known: THROTTLE_KNOWN guesses and 480 a day at each, of which
 * there are KNOWN_PLACES.
 *
 * Pure: time is the caller's. Bounded: what is counted longest ago, and least, is forgotten first.
 *
 * Hostile input: addresses and names of anybody, as many as they like.
 */
#ifndef PORTREEVE_GATEWAY_THROTTLE_H
#define PORTREEVE_GATEWAY_THROTTLE_H

#include "base/hash.h"
#include "base/ip.h"

enum {
	THROTTLE_BY_ADDRESS = 20, THROTTLE_KNOWN = 10,
	THROTTLE_BY_ACCOUNT = 40, THROTTLE_BY_ACCOUNT_MOST = 400,
	/* One wrong guess: of an address, of an account, of a network for one account. */
	THROTTLE_FORGET_S = 180, THROTTLE_ACCOUNT_FORGET_S = 60,
	THROTTLE_NETWORK_FORGET_S = 7 * 86400,
	/* Under attack, behind a network's first wrong one, and at most. */
	THROTTLE_NETWORK_WAIT_S = 60, THROTTLE_NETWORK_WAIT_MAX_S = 86400,
	THROTTLE_FREE = 2,            /* wrong guesses that are answered at once */
	THROTTLE_DELAY_MS = 1000, THROTTLE_DELAY_MAX_MS = 8000,
	THROTTLE_ENTRIES = 65536,     /* 16 bytes each */
};

struct known;
struct throttle;
/* The key: so that nobody chooses what meets in one place. Who is known where is the caller's. */
struct throttle *throttle_create(const struct hash_key *key, struct known *known);
void throttle_destroy(struct throttle *t);               /* NULL is fine */

/* Whether a guess may be made. `account`: whose password is guessed, in any letters. */
bool throttle_may(const struct throttle *t, const struct ip *peer, struct str account,
                  int64_t now_s);
/* A guess is made: it counts as wrong until it is known to be right, or not to have been one (there
 * was no answer), so that a thousand at the same time are a thousand. */
void throttle_guess(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s);
void throttle_right(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s);
void throttle_none(struct throttle *t, const struct ip *peer, struct str account, int64_t now_s);
/* How long the answer to a wrong one is kept back: 0, then 1 s, 2 s, … 8 s. */
int64_t throttle_delay_ms(const struct throttle *t, const struct ip *peer, struct str account,
                          int64_t now_s);

#endif
