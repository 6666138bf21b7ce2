/* SPDX-License-Identifier: ISC
 *
 * gateway/login.h without helpers: a password is "secret", and the answer comes late.
 */
#include "gateway/login.h"

#include "base/mem.h"
#include "world.h"

#include <stdlib.h>

enum { ANSWER_MOST_MS = 400, LATER_PER_MILLE = 50 };

struct gateway_login_query {
	struct loop_timer *timer;
	void (*done)(void *arg, enum gateway_login_answer answer, struct str account);
	void *arg;
	enum gateway_login_answer answer;
	char *account;
};

int gateway_login_create(struct loop *loop, const struct gateway_config *config,
                         struct gateway_login **out, struct buf *message)
{
	(void)config, (void)message;
	*out = (struct gateway_login *)(void *)loop;
	return ERR_OK;
}

void gateway_login_destroy(struct gateway_login *l)
{
	(void)l;
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

struct gateway_login_query *gateway_login_ask(struct gateway_login *l, const struct ip *peer,
                                              struct str name, struct str password,
                                              struct str hash,
                                              void (*done)(void *arg,
                                                           enum gateway_login_answer answer,
                                                           struct str account),
                                              void *arg, enum gateway_login_answer *now)
{
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	(void)peer, (void)hash, (void)now;
	*q = (struct gateway_login_query){ .done = done, .arg = arg,
	                                   .account = mem_strndup(name.p, name.n) };
	q->answer = str_eq(password, STR("secret")) ? GATEWAY_LOGIN_YES : GATEWAY_LOGIN_NO;
	if (!world.calm && chance_of(LATER_PER_MILLE))
		q->answer = GATEWAY_LOGIN_LATER;
	q->timer = loop_timer_create((struct loop *)(void *)l, answer, q);
	loop_timer_arm(q->timer, chance_between(1, ANSWER_MOST_MS));
	return q;
}

bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str name)
{
	(void)l, (void)peer, (void)name;
	return true;
}

void gateway_login_note(struct gateway_login *l, const struct ip *peer, struct str name,
                        bool right)
{
	(void)l, (void)peer, (void)name, (void)right;
}
