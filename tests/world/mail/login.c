/* SPDX-License-Identifier: ISC
 *
 * gateway/login.h without helpers: a password is "secret", and the answer comes late.
 */
#include "gateway/login.h"

#include "base/mem.h"
#include "gateway/known.h"
#include "world.h"

#include <stdlib.h>

enum { ANSWER_MOST_MS = 400, LATER_PER_MILLE = 50 };

struct gateway_login_query {
	struct loop_timer *timer;
	gateway_login_done *done;
	void *arg;
	enum gateway_login_answer answer;
	char *account;
};

struct gateway_login {
	struct loop *loop;
	struct known *known;
};

int gateway_login_create(struct loop *loop, const struct gateway_config *config,
                         struct gateway_login **out, struct buf *message)
{
	struct hash_key key;
	(void)config, (void)message;
	hash_key_init(&key);
	*out = mem_zalloc(sizeof(**out));
	**out = (struct gateway_login){ loop, known_create(&key) };
	return ERR_OK;
}

void gateway_login_destroy(struct gateway_login *l)
{
	if (!l)
		return;
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
	free(q->account);
	free(q);
}

static void answer(void *arg)
{
	struct gateway_login_query *q = arg;
	q->done(q->arg, q->answer, str_of(q->account));
	gateway_login_cancel(q);
}

static struct gateway_login_query *answer_later(struct gateway_login *l, struct str account,
                                                enum gateway_login_answer what,
                                                gateway_login_done *done, void *arg)
{
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	*q = (struct gateway_login_query){ .done = done, .arg = arg, .answer = what,
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
	enum gateway_login_answer what = str_eq(guess->password, STR("secret")) ?
	                                 GATEWAY_LOGIN_YES : GATEWAY_LOGIN_NO;
	(void)now;
	if (!world.calm && chance_of(LATER_PER_MILLE))
		what = GATEWAY_LOGIN_LATER;
	return answer_later(l, guess->name, what, done, arg);
}

bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l, (void)peer, (void)account;
	return true;
}

void gateway_login_right(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l, (void)peer, (void)account;
}

void gateway_login_none(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l, (void)peer, (void)account;
}

struct gateway_login_query *gateway_login_wrong(struct gateway_login *l, const struct ip *peer,
                                                struct str account, gateway_login_done *done,
                                                void *arg)
{
	(void)peer;
	return answer_later(l, account, GATEWAY_LOGIN_NO, done, arg);
}
