/* SPDX-License-Identifier: ISC
 *
 * Whether a name and a password belong together: asked of the backend that the configuration
 * names (our accounts, Dovecot's auth socket, PAM), which works in helper processes of its own, so
 * that a hash that takes long or a backend that hangs never stops the loop. It fails closed: no
 * answer is no login. Who guesses waits ever longer, by address and by account (throttle.h).
 *
 * Hostile input: names and passwords of anybody; what a backend answers.
 */
#ifndef PORTREEVE_GATEWAY_LOGIN_H
#define PORTREEVE_GATEWAY_LOGIN_H

#include "base/ip.h"
#include "base/loop.h"
#include "gateway/config.h"

struct gateway_login;
struct gateway_login_query;

enum gateway_login_answer {
	GATEWAY_LOGIN_NO,             /* 535 5.7.8 */
	GATEWAY_LOGIN_YES,            /* 235 2.7.0 */
	GATEWAY_LOGIN_LATER,          /* 454 4.7.0: the backend gave no answer, or too many wait */
	GATEWAY_LOGIN_LOCKED,         /* 535 5.7.8, after too many wrong guesses: not even asked */
};

enum { GATEWAY_LOGIN_NAME_MAX = 255 };

/* Whether gateway.auth can be read; ERR_INVALID with one line. Pure. */
int gateway_login_check(const struct gateway_config *config, struct buf *message);

/* Starts the helpers, with the rights that the caller still has (PAM needs root): before the
 * sandbox. `message` gets one line. ERR_IO, ERR_INVALID. */
int gateway_login_create(struct loop *loop, const struct gateway_config *config,
                         struct gateway_login **out, struct buf *message);
/* Ends the helpers. NULL is fine. */
void gateway_login_destroy(struct gateway_login *l);

/* What is asked, which is copied. */
struct gateway_login_guess {
	const struct ip *peer;
	struct str name, password;    /* as they were given */
	/* Whose guess it is: the account that the name is, or one of its addresses; else the name.
	 * So an account with many addresses is guessed as one. */
	struct str account;
	/* The account's (store/accounts.h) where the backend is ours: empty for no such account,
	 * which takes as long as a wrong password. */
	struct str hash;
};

/* `account` is the name to go on with: the backend's word for the user, in lower case. */
typedef void gateway_login_done(void *arg, enum gateway_login_answer answer, struct str account);

/* Calls back once from the loop, never from within; its copy of the password is wiped. NULL: see
 * *answer at once (LATER, LOCKED). */
struct gateway_login_query *gateway_login_ask(struct gateway_login *l,
                                              const struct gateway_login_guess *guess,
                                              gateway_login_done *done, void *arg,
                                              enum gateway_login_answer *answer);
/* It will not call back. NULL is fine. */
void gateway_login_cancel(struct gateway_login_query *query);

/* For exchanges that need no helper (SCRAM): whether a guess at the account may be made now. It
 * counts as wrong from then on, as those above, so that those of a thousand sessions at the same
 * time are a thousand. Then what came of it: it was right; or no guess, as there was no answer; or
 * wrong: NO is called back as late as above. */
bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str account);
void gateway_login_right(struct gateway_login *l, const struct ip *peer, struct str account);
void gateway_login_none(struct gateway_login *l, const struct ip *peer, struct str account);
struct gateway_login_query *gateway_login_wrong(struct gateway_login *l, const struct ip *peer,
                                                struct str account, gateway_login_done *done,
                                                void *arg);

/* Who is known where (known.h), for whoever keeps it. */
struct known;
struct known *gateway_login_known(struct gateway_login *l);

#endif
