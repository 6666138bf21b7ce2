/* SPDX-License-Identifier: ISC
 *
 * AUTH (RFC 4954): PLAIN and LOGIN (RFC 4616), which are taken apart here, and the mechanisms of
 * the options, whose bytes are the caller's to understand. What was said is wiped from the input
 * and from here as soon as it was asked about.
 */
#include "smtp/base64-private.h"
#include "smtp/server-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { PLAIN_MAX = 3 * 255 + 2 };

static const struct smtp_answer bad_base64 = { 501, "5.5.2", "Not base64" };
static const struct smtp_answer too_long = { 500, "5.5.6", "Too long" };
static const struct smtp_answer bad_form = { 501, "5.5.2", "Bad form of credentials" };
static const struct smtp_answer cancelled = { 501, "5.7.0", "Authentication cancelled" };
static const struct smtp_answer other_identity =
	{ 535, "5.7.8", "Nobody acts for another here" };

static void wipe_text(struct smtp_auth *auth)
{
	if (auth->text.p)
		explicit_bzero(auth->text.p, auth->text.cap);
	buf_fini(&auth->text);
}

void smtp_server_auth_forget(struct smtp_server *s)
{
	if (!s->auth)
		return;
	s->sasl_end_due |= s->auth->told;
	wipe_text(s->auth);
	explicit_bzero(s->auth, sizeof(*s->auth));
	free(s->auth);
	s->auth = NULL;
}

static void give_up(struct smtp_server *s, const struct smtp_answer *refusal)
{
	smtp_server_auth_forget(s);
	s->phase = SMTP_PHASE_COMMAND;
	smtp_server_refuse(s, refusal);
}

void smtp_server_login(struct smtp_server *s, struct str name)
{
	if (s->phase == SMTP_PHASE_CLOSED)
		return;
	assert(s->auth && s->decided && name.n > 0 && name.n <= sizeof(s->auth->user));
	memcpy(s->auth->user, name.p, name.n);
	s->auth->user_bytes = name.n;
}

static void auth_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	struct smtp_answer a = *answer;
	assert(!s->authenticated && s->login_bytes == 0 && a.code / 100 != 3);
	s->authenticated = a.code / 100 == 2;
	s->auth->told = false;
	if (s->authenticated) {
		/* A mechanism that we do not know says no name: the caller does. */
		assert(s->auth->user_bytes > 0);
		memcpy(s->login, s->auth->user, s->auth->user_bytes);
		s->login_bytes = s->auth->user_bytes;
	}
	smtp_server_auth_forget(s);
	if (!a.enhanced && a.code == 535)
		a.enhanced = "5.7.8";
	smtp_server_pass_on(s, &a, "2.7.0");
}

static void ask(struct smtp_server *s)
{
	const struct smtp_auth *auth = s->auth;
	s->phase = SMTP_PHASE_COMMAND;
	assert(auth->user_bytes > 0 && auth->user_bytes <= sizeof(auth->user));
	assert(auth->password_bytes > 0 && auth->password_bytes <= sizeof(auth->password));
	s->event.user = (struct str){ auth->user, auth->user_bytes };
	s->event.password = (struct str){ auth->password, auth->password_bytes };
	smtp_server_ask(s, SMTP_SERVER_AUTH, auth_decided);
}

/* ---- a mechanism of the options --------------------------------------------------------- */

static void ask_sasl(struct smtp_server *s, bool said)
{
	struct smtp_auth *auth = s->auth;
	assert(auth->step == SMTP_AUTH_SASL && auth->mechanism.n > 0);
	s->phase = SMTP_PHASE_COMMAND;
	s->event.mechanism = auth->mechanism;
	s->event.first = !auth->told;
	s->event.said = said;
	s->event.text = auth->text.n ? buf_str(&auth->text) : STR("");
	auth->told = true;
	smtp_server_ask(s, SMTP_SERVER_SASL, auth_decided);
}

void smtp_server_challenge(struct smtp_server *s, struct str bytes)
{
	assert(bytes.n <= SMTP_SERVER_CHALLENGE_MAX);
	if (s->phase == SMTP_PHASE_CLOSED)
		return;
	assert(s->decided == auth_decided && !s->event_due && s->auth->step == SMTP_AUTH_SASL);
	s->decided = NULL;
	s->phase = SMTP_PHASE_AUTH;
	wipe_text(s->auth);
	/* In one line, however long it is (RFC 4954 4). */
	buf_add_cstr(&s->out, "334 ");
	smtp_base64_encode(bytes, &s->out);
	buf_add_cstr(&s->out, "\r\n");
}

/* ---- PLAIN and LOGIN ------------------------------------------------------------------------ */

static const struct smtp_answer *keep(struct str value, char *dst, size_t size, size_t *length)
{
	if (value.n == 0 || str_find(value, '\0') != SIZE_MAX)
		return &bad_form;
	if (value.n > size)
		return &too_long;
	memcpy(dst, value.p, value.n);
	*length = value.n;
	return NULL;
}

static const struct smtp_answer *keep_user(struct smtp_auth *auth, struct str value)
{
	return keep(value, auth->user, sizeof(auth->user), &auth->user_bytes);
}

static const struct smtp_answer *keep_password(struct smtp_auth *auth, struct str value)
{
	return keep(value, auth->password, sizeof(auth->password), &auth->password_bytes);
}

/* [authzid] NUL authcid NUL passwd */
static const struct smtp_answer *plain(struct smtp_auth *auth, struct str message)
{
	size_t first = str_find(message, '\0');
	if (first == SIZE_MAX)
		return &bad_form;
	struct str identity = { message.p, first };
	struct str rest = str_from(message, first + 1);
	size_t second = str_find(rest, '\0');
	if (second == SIZE_MAX)
		return &bad_form;
	struct str user = { rest.p, second };
	if (identity.n && !str_eq(identity, user))
		return &other_identity;
	const struct smtp_answer *refusal = keep_user(auth, user);
	return refusal ? refusal : keep_password(auth, str_from(rest, second + 1));
}

static void prompt(struct smtp_server *s, enum smtp_auth_step step, const char *text)
{
	s->auth->step = step;
	s->phase = SMTP_PHASE_AUTH;
	smtp_server_say(s, 334, "", text);
}

static const struct smtp_answer *take_part(struct smtp_auth *auth, struct str message)
{
	if (message.n > PLAIN_MAX)
		return &too_long;
	if (auth->step == SMTP_AUTH_PLAIN)
		return plain(auth, message);
	return auth->step == SMTP_AUTH_LOGIN_USER ? keep_user(auth, message)
	                                          : keep_password(auth, message);
}

/* ---- the exchange --------------------------------------------------------------------------- */

/* One answer of the client, decoded. */
static void take(struct smtp_server *s)
{
	struct smtp_auth *auth = s->auth;
	assert(!s->authenticated && auth->text.n <= s->in.n);
	if (auth->step == SMTP_AUTH_SASL) {
		ask_sasl(s, true);
		return;
	}
	const struct smtp_answer *refusal =
		take_part(auth, auth->text.n ? buf_str(&auth->text) : STR(""));
	if (refusal)
		give_up(s, refusal);
	else if (auth->step == SMTP_AUTH_LOGIN_USER)
		prompt(s, SMTP_AUTH_LOGIN_PASSWORD, "UGFzc3dvcmQ6");   /* Password: */
	else
		ask(s);
}

/* `line` lies in our own input and is wiped. */
static void take_base64(struct smtp_server *s, struct str line)
{
	bool cancel = str_eq(line, STR("*"));
	wipe_text(s->auth);
	int e = smtp_base64_decode(line, &s->auth->text);
	if (line.n)
		explicit_bzero((char *)line.p, line.n);
	if (cancel)
		give_up(s, &cancelled);
	else if (e != ERR_OK)
		give_up(s, &bad_base64);
	else
		take(s);
}

bool smtp_server_auth_step(struct smtp_server *s)
{
	struct str line;
	assert(s->phase == SMTP_PHASE_AUTH && !s->in_mail && s->auth);
	int e = smtp_server_line(s, &line);
	if (e == ERR_AGAIN)
		return false;
	if (++s->commands > s->options.limits.commands) {
		smtp_server_say(s, 421, "4.7.0", "Too many commands");
	} else if (e == ERR_OK) {
		take_base64(s, line);
	} else {
		smtp_server_auth_forget(s);
		if (e == ERR_INVALID) {
			s->phase = SMTP_PHASE_COMMAND;
			smtp_server_say_bad_line(s, e);
		}
	}
	return true;
}

/* ---- the verb ------------------------------------------------------------------------------- */

/* Channel binding is to TLS: without it there is nothing to bind to (RFC 5802 6). */
static bool usable(const struct smtp_server *s, struct str mechanism)
{
	return s->tls || !str_casesuffix(mechanism, STR("-PLUS"));
}

static bool find_sasl(const struct smtp_server *s, struct str name, struct str *mechanism)
{
	struct str rest = str_of(s->options.sasl);
	while (str_token(&rest, " ", mechanism))
		if (str_caseeq(*mechanism, name) && usable(s, *mechanism))
			return true;
	return false;
}

static bool find_step(const struct smtp_server *s, struct str name, enum smtp_auth_step *step,
                      struct str *mechanism)
{
	*mechanism = STR("");
	*step = str_caseeq(name, STR("PLAIN")) ? SMTP_AUTH_PLAIN :
	        str_caseeq(name, STR("LOGIN")) ? SMTP_AUTH_LOGIN_USER : SMTP_AUTH_SASL;
	return *step == SMTP_AUTH_SASL ? find_sasl(s, name, mechanism)
	                               : s->options.offer_auth_plain;
}

void smtp_server_auth_offer(const struct smtp_server *s, struct buf *line)
{
	const struct smtp_server_options *o = &s->options;
	struct str rest = str_of(o->sasl), mechanism;
	size_t before = line->n;
	if (!s->tls && !o->auth_in_clear)
		return;
	buf_add_cstr(line, "AUTH");
	size_t bare = line->n;
	while (str_token(&rest, " ", &mechanism))
		if (usable(s, mechanism))
			buf_printf(line, " %.*s", STR_ARG(mechanism));
	if (o->offer_auth_plain)
		buf_add_cstr(line, " PLAIN LOGIN");
	if (line->n > bare)
		buf_add_byte(line, '\n');
	else
		line->n = before;
}

const struct smtp_answer *smtp_server_auth_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer too_early = { 503, "5.5.1", "Say EHLO first" };
	static const struct smtp_answer again = { 503, "5.5.1", "Authenticated already" };
	static const struct smtp_answer in_mail = { 503, "5.5.1", "A message is under way" };
	static const struct smtp_answer in_clear = { 538, "5.7.11", "Start TLS first" };
	static const struct smtp_answer no_mechanism = { 501, "5.5.4", "A mechanism is expected" };
	static const struct smtp_answer unknown = { 504, "5.5.4", "No such mechanism here" };
	if (!s->esmtp)
		return &too_early;
	if (s->authenticated)
		return &again;
	if (s->in_mail)
		return &in_mail;
	if (!s->tls && !s->options.auth_in_clear)
		return &in_clear;
	struct str name;
	if (!str_token(&arg, " ", &name))
		return &no_mechanism;
	struct smtp_auth auth = { .initial = str_trim(arg) };
	if (!find_step(s, name, &auth.step, &auth.mechanism))
		return &unknown;
	assert(!s->auth);
	s->auth = mem_alloc(sizeof(*s->auth));
	*s->auth = auth;
	return NULL;
}

void smtp_server_auth_proceed(struct smtp_server *s)
{
	struct smtp_auth *auth = s->auth;
	struct str initial = auth->initial;
	assert(auth->step != SMTP_AUTH_LOGIN_PASSWORD && auth->user_bytes == 0);
	if (initial.n && !str_eq(initial, STR("=")))
		take_base64(s, initial);
	else if (initial.n)
		take(s);               /* RFC 4954 4: an initial response that is empty */
	else if (auth->step == SMTP_AUTH_SASL)
		ask_sasl(s, false);
	else
		prompt(s, auth->step, auth->step == SMTP_AUTH_PLAIN ? "" : "VXNlcm5hbWU6");
}
