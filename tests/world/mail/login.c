/* SPDX-License-Identifier: ISC
 *
 * gateway/login.h without helpers: the password is that of this world, and the answer comes late.
 * It is counted as the gateway's own does it.
 */
#include "gateway/login.h"

#include "base/clock.h"
#include "base/mem.h"
#include "gateway/known.h"
#include "gateway/throttle.h"
#include "mail.h"

#include <stdlib.h>

enum { ANSWER_MOST_MS = 400, LATER_PER_MILLE = 50 };

struct gateway_login {
	struct loop *loop;
	struct known *known;
	struct throttle *throttle;
};

struct gateway_login_query {
	struct gateway_login *login;
	struct loop_timer *timer;
	gateway_login_done *done;
	void *arg;
	enum gateway_login_answer answer;
	struct ip peer;
	char *name, *account;
};

static int64_t now_s(void)
{
	return clock_mono_ms() / 1000;
}

int gateway_login_create(struct loop *loop, const struct gateway_config *config,
                         struct gateway_login **out, struct buf *message)
{
	static const struct hash_key key = { { 7, 8 } };
	struct gateway_login *l = mem_zalloc(sizeof(*l));
	(void)config, (void)message;
	*l = (struct gateway_login){ .loop = loop, .known = known_create(&key) };
	l->throttle = throttle_create(&key, l->known);
	*out = l;
	return ERR_OK;
}

void gateway_login_destroy(struct gateway_login *l)
{
	throttle_destroy(l->throttle);
	known_destroy(l->known);
	free(l);
}

struct known *gateway_login_known(struct gateway_login *l)
{
	return l->known;
}

void gateway_login_cancel(struct gateway_login_query *q)
{
	if (!q)
		return;
	loop_timer_destroy(q->timer);
	free(q->name);
	free(q->account);
	free(q);
}

static void answer(void *arg)
{
	struct gateway_login_query *q = arg;
	bool right = q->answer == GATEWAY_LOGIN_YES;
	if (right)
		gateway_login_right(q->login, &q->peer, str_of(q->account));
	else if (q->answer == GATEWAY_LOGIN_LATER)
		gateway_login_none(q->login, &q->peer, str_of(q->account));
	q->done(q->arg, q->answer, right ? str_of(q->name) : STR(""));
	gateway_login_cancel(q);
}

static struct gateway_login_query *answer_later(struct gateway_login *l, const struct ip *peer,
                                                struct str account,
                                                enum gateway_login_answer what,
                                                gateway_login_done *done, void *arg)
{
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	*q = (struct gateway_login_query){ .login = l, .done = done, .arg = arg, .answer = what,
	                                   .peer = *peer, .name = mem_strdup(""),
	                                   .account = mem_strndup(account.p, account.n) };
	q->timer = loop_timer_create(l->loop, answer, q);
	loop_timer_arm(q->timer, chance_between(1, ANSWER_MOST_MS));
	return q;
}

struct gateway_login_query *gateway_login_ask(struct gateway_login *l,
                                              const struct gateway_login_guess *guess,
                                              gateway_login_done *done, void *arg,
                                              enum gateway_login_answer *now)
{
	enum gateway_login_answer what = str_eq(guess->password, STR(NAMES_PASSWORD)) ?
	                                 GATEWAY_LOGIN_YES : GATEWAY_LOGIN_NO;
	if (!gateway_login_may(l, guess->peer, guess->account)) {
		*now = GATEWAY_LOGIN_LOCKED;
		return NULL;
	}
	if (!world.calm && chance_of(LATER_PER_MILLE))
		what = GATEWAY_LOGIN_LATER;
	struct gateway_login_query *q = answer_later(l, guess->peer, guess->account, what, done,
	                                             arg);
	free(q->name);
	q->name = mem_strndup(guess->name.p, guess->name.n);
	return q;
}

bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str account)
{
	if (!throttle_may(l->throttle, peer, account, now_s()))
		return false;
	throttle_guess(l->throttle, peer, account, now_s());
	return true;
}

void gateway_login_right(struct gateway_login *l, const struct ip *peer, struct str account)
{
	law_right(peer, account);
	throttle_right(l->throttle, peer, account, now_s());
}

void gateway_login_none(struct gateway_login *l, const struct ip *peer, struct str account)
{
	throttle_none(l->throttle, peer, account, now_s());
}

struct gateway_login_query *gateway_login_wrong(struct gateway_login *l, const struct ip *peer,
                                                struct str account, gateway_login_done *done,
                                                void *arg)
{
	return answer_later(l, peer, account, GATEWAY_LOGIN_NO, done, arg);
}
