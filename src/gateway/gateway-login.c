/* SPDX-License-Identifier: ISC
 *
 * AUTH: the name is looked up, the password is asked about (login.h), and the answer comes later;
 * or the client shows by SCRAM that it has it (scram.h), at once.
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

/* The name that was right is an account's, or an address of it. It may have gone meanwhile. */
static enum gateway_login_answer name_account(struct gateway_session *s, struct str login)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct buf account = { 0 };
	enum gateway_known known = GATEWAY_YES;
	if (setup->account_of_login)
		known = setup->account_of_login(setup->arg, login, &account);
	else
		buf_add_str(&account, login);
	if (known == GATEWAY_YES)
		gateway_set_account(s, GATEWAY_BY_LOGIN, buf_str(&account));
	buf_fini(&account);
	return known == GATEWAY_YES ? GATEWAY_LOGIN_YES :
	       known == GATEWAY_NOT_NOW ? GATEWAY_LOGIN_LATER : GATEWAY_LOGIN_NO;
}

static void finish(struct gateway_session *s, enum gateway_login_answer answer,
                   struct str account)
{
	struct gateway_counters *c = s->gateway->counters;
	if (answer == GATEWAY_LOGIN_YES)
		answer = name_account(s, account);
	c->logins += answer == GATEWAY_LOGIN_YES;
	c->logins_failed += answer != GATEWAY_LOGIN_YES;
	switch (answer) {
	case GATEWAY_LOGIN_YES:
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
	gateway_forget_login(s);
}

void gateway_forget_login(struct gateway_session *s)
{
	gateway_login_cancel(s->login);
	s->login = NULL;
	scram_destroy(s->scram);
	s->scram = NULL;
	gateway_set_text(&s->login_name, STR(""));
	gateway_set_text(&s->guessed, STR(""));
}

static void login_answered(void *arg, enum gateway_login_answer answer, struct str account)
{
	struct gateway_session *s = arg;
	assert(s->login && s->may_login);
	s->login = NULL;
	finish(s, answer, account);
}

/* The name that a client gives, and whose password is guessed then. */
static void take_name(struct gateway_session *s, struct str name)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct buf account = { 0 };
	if (!setup->account_of_login ||
	    setup->account_of_login(setup->arg, name, &account) != GATEWAY_YES)
		buf_add_str(&account, name);
	gateway_set_text(&s->login_name, name);
	gateway_set_text(&s->guessed, buf_str(&account));
	buf_fini(&account);
}

static struct str guessed(const struct gateway_session *s)
{
	return str_of(s->guessed ? s->guessed : "");
}

void gateway_on_auth(struct gateway_session *s, const struct smtp_server_event *ev)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct buf hash = { 0 }, scram = { 0 };
	enum gateway_login_answer answer = GATEWAY_LOGIN_NO;
	assert(s->may_login && !s->login && wire_server_state(s->wire).tls);
	take_name(s, ev->user);
	enum gateway_known known = GATEWAY_NO;
	if (setup->credentials)
		known = setup->credentials(setup->arg, ev->user, &hash, &scram);
	const struct gateway_login_guess guess = {
		.peer = &s->peer.ip, .name = ev->user, .password = ev->password,
		.account = guessed(s), .hash = hash.n ? buf_str(&hash) : STR("") };
	if (known == GATEWAY_NOT_NOW)
		answer = GATEWAY_LOGIN_LATER;
	else
		s->login = gateway_login_ask(setup->login, &guess, login_answered, s, &answer);
	if (scram.n)
		OPENSSL_cleanse(scram.p, scram.n);
	if (hash.n)
		OPENSSL_cleanse(hash.p, hash.n);
	buf_fini(&hash);
	buf_fini(&scram);
	if (!s->login)
		finish(s, answer, STR(""));
}

/* ---- SCRAM ------------------------------------------------------------------------------ */

static enum gateway_known scram_keys(void *arg, struct str name, struct buf *scram)
{
	const struct gateway_setup *setup = &((struct gateway_session *)arg)->gateway->setup;
	struct buf hash = { 0 };
	enum gateway_known known = setup->credentials ?
		setup->credentials(setup->arg, name, &hash, scram) : GATEWAY_NO;
	if (hash.n)
		OPENSSL_cleanse(hash.p, hash.n);
	buf_fini(&hash);
	return known;
}

static void begin_scram(struct gateway_session *s, struct str mechanism)
{
	struct scram_binding binding;
	struct scram_setup setup = {
		.plus = str_eq(mechanism, STR(SCRAM_NAME_PLUS)), .binding = &binding,
		.keys = scram_keys, .arg = s,
	};
	gateway_forget_login(s);
	scram_binding_of(wire_server_tls(s->wire), &binding);
	memcpy(setup.secret, s->rules->scram_secret, sizeof(setup.secret));
	s->scram = scram_create(&setup);
	explicit_bzero(setup.secret, sizeof(setup.secret));
}

/* The name is known from the first message on: who guesses too often is not answered by it. */
static bool may_guess(struct gateway_session *s, struct str name)
{
	if (s->login_name || name.n == 0)
		return true;
	take_name(s, name);
	return gateway_login_may(s->gateway->setup.login, &s->peer.ip, guessed(s));
}

/* `name` is the exchange's, which ends with it. */
static void end_scram(struct gateway_session *s, enum scram_state state)
{
	struct gateway_login *login = s->gateway->setup.login;
	struct buf name = { 0 };
	const bool counted = s->login_name != NULL;      /* may_guess() has */
	buf_add_str(&name, scram_name(s->scram));
	if (state == SCRAM_FAILED && counted) {
		s->login = gateway_login_wrong(login, &s->peer.ip, guessed(s), login_answered, s);
	} else {
		if (state == SCRAM_DONE)
			gateway_login_right(login, &s->peer.ip, guessed(s));
		else if (counted)
			gateway_login_none(login, &s->peer.ip, guessed(s));
		finish(s, state == SCRAM_DONE ? GATEWAY_LOGIN_YES :
		       state == SCRAM_LATER ? GATEWAY_LOGIN_LATER : GATEWAY_LOGIN_NO,
		       name.n ? buf_str(&name) : STR(""));
	}
	buf_fini(&name);
}

void gateway_on_sasl(struct gateway_session *s, const struct smtp_server_event *ev)
{
	struct buf out = { 0 };
	assert(s->may_login && s->rules->scram && wire_server_tls(s->wire));
	if (ev->first)
		begin_scram(s, ev->mechanism);
	if (ev->first && !ev->said) {
		wire_server_challenge(s->wire, STR(""));
		return;
	}
	enum scram_state state = scram_step(s->scram, ev->text, &out);
	if (state == SCRAM_MORE && !may_guess(s, scram_name(s->scram)))
		finish(s, GATEWAY_LOGIN_LOCKED, STR(""));
	else if (state == SCRAM_MORE)
		wire_server_challenge(s->wire, out.n ? buf_str(&out) : STR(""));
	else
		end_scram(s, state);
	if (out.n)
		OPENSSL_cleanse(out.p, out.n);
	buf_fini(&out);
}
