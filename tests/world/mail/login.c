/* SPDX-License-Identifier: ISC
 *
 * gateway/login.h without helpers: the password is that of this world, and the answer comes late.
 * It is counted as the gateway's own does it.
 */
#include "gateway/login.h"

#include "base/clock.h"
#include "base/mem.h"
#include "gateway/throttle.h"
#include "mail.h"

#include <stdlib.h>

enum { ANSWER_MOST_MS = 400, LATER_PER_MILLE = 50 };

struct gateway_login {
	struct loop *loop;
	struct throttle *throttle;
};

struct gateway_login_query {
	struct gateway_login *login;
	struct loop_timer *timer;
	void (*done)(void *arg, enum gateway_login_answer answer, struct str account);
	void *arg;
	enum gateway_login_answer answer;
	struct ip peer;
	char *account;
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
	*l = (struct gateway_login){ loop, throttle_create(&key) };
	*out = l;
	return ERR_OK;
}

void gateway_login_destroy(struct gateway_login *l)
{
	throttle_destroy(l->throttle);
	free(l);
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
	struct str name = str_of(q->account);
	if (q->answer == GATEWAY_LOGIN_YES)
		throttle_right(q->login->throttle, &q->peer, name, now_s());
	else if (q->answer == GATEWAY_LOGIN_LATER)
		throttle_none(q->login->throttle, &q->peer, name, now_s());
	q->done(q->arg, q->answer, q->answer == GATEWAY_LOGIN_YES ? name : STR(""));
	gateway_login_cancel(q);
}

struct gateway_login_query *gateway_login_ask(struct gateway_login *l, const struct ip *peer,
                                              struct str name, struct str password,
                                              struct str hash,
                                              void (*done)(void *arg,
                                                           enum gateway_login_answer answer,
                                                           struct str account),
                                              void *arg, enum gateway_login_answer *answer_now)
{
	(void)hash;
	if (!throttle_may(l->throttle, peer, name, now_s())) {
		*answer_now = GATEWAY_LOGIN_LOCKED;
		return NULL;
	}
	throttle_guess(l->throttle, peer, name, now_s());
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	*q = (struct gateway_login_query){ .login = l, .done = done, .arg = arg, .peer = *peer,
	                                   .account = mem_strndup(name.p, name.n) };
	q->answer = str_eq(password, STR(NAMES_PASSWORD)) ? GATEWAY_LOGIN_YES : GATEWAY_LOGIN_NO;
	if (!world.calm && chance_of(LATER_PER_MILLE))
		q->answer = GATEWAY_LOGIN_LATER;
	q->timer = loop_timer_create(l->loop, answer, q);
	loop_timer_arm(q->timer, chance_between(1, ANSWER_MOST_MS));
	return q;
}

bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str name)
{
	if (!throttle_may(l->throttle, peer, name, now_s()))
		return false;
	throttle_guess(l->throttle, peer, name, now_s());
	return true;
}

void gateway_login_note(struct gateway_login *l, const struct ip *peer, struct str name,
                        bool right)
{
	if (right)
		throttle_right(l->throttle, peer, name, now_s());
}
