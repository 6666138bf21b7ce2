/* SPDX-License-Identifier: ISC
 *
 * AUTH: the name is looked up, the password is asked about (login.h), and the answer comes later.
 */
#include "gateway/gateway-private.h"

#include "base/log.h"

#include <assert.h>
#include <openssl/crypto.h>

static void log_login(const struct gateway_session *s, bool right, const char *why)
{
	LOG(right ? LOG_INFO : LOG_WARN, right ? "login" : "login-failed",
	    LOG_IP("peer", &s->peer.ip), LOG_S("name", s->login_name ? s->login_name : ""),
	    LOG_S("account", s->account ? s->account : ""), LOG_S("why", why));
}

static void finish(struct gateway_session *s, enum gateway_login_answer answer,
                   struct str account)
{
	struct gateway_counters *c = s->gateway->counters;
	c->logins += answer == GATEWAY_LOGIN_YES;
	c->logins_failed += answer != GATEWAY_LOGIN_YES;
	switch (answer) {
	case GATEWAY_LOGIN_YES:
		gateway_set_account(s, GATEWAY_BY_LOGIN, account);
		log_login(s, true, "");
		wire_server_login(s->wire, s->client.name);
		gateway_say(s, 235, "2.7.0", "Authentication successful");
		break;
	case GATEWAY_LOGIN_LATER:
		log_login(s, false, "it could not be asked about");
		gateway_say(s, 454, "4.7.0", "Temporary authentication failure");
		break;
	case GATEWAY_LOGIN_LOCKED:
		log_login(s, false, "too many wrong guesses");
		gateway_say(s, 535, "5.7.8", "Authentication credentials invalid");
		break;
	case GATEWAY_LOGIN_NO:
		log_login(s, false, "wrong name or password");
		gateway_say(s, 535, "5.7.8", "Authentication credentials invalid");
		break;
	}
	gateway_set_text(&s->login_name, STR(""));
}

static void login_answered(void *arg, enum gateway_login_answer answer, struct str account)
{
	struct gateway_session *s = arg;
	assert(s->login && s->may_login);
	s->login = NULL;
	finish(s, answer, account);
}

void gateway_on_auth(struct gateway_session *s, const struct smtp_server_event *ev)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct buf hash = { 0 }, scram = { 0 };
	enum gateway_login_answer answer = GATEWAY_LOGIN_NO;
	assert(s->may_login && !s->login && wire_server_state(s->wire).tls);
	gateway_set_text(&s->login_name, ev->user);
	enum gateway_known known = GATEWAY_NO;
	if (setup->credentials)
		known = setup->credentials(setup->arg, ev->user, &hash, &scram);
	if (known == GATEWAY_NOT_NOW)
		answer = GATEWAY_LOGIN_LATER;
	else
		s->login = gateway_login_ask(setup->login, &s->peer.ip, ev->user, ev->password,
		                             buf_str(&hash), login_answered, s, &answer);
	if (scram.n)
		OPENSSL_cleanse(scram.p, scram.n);
	buf_fini(&hash);
	buf_fini(&scram);
	if (!s->login)
		finish(s, answer, STR(""));
}
