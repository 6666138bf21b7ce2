/* SPDX-License-Identifier: ISC
 *
 * AUTH PLAIN and LOGIN (RFC 4954, 4616). Passwords are wiped from the input and
 * from here as soon as they were asked about.
 */
#include "smtp/server-private.h"

#include <assert.h>

enum { DECODED_MAX = 3 * 255 + 2 };

static const struct smtp_answer bad_base64 = { 501, "5.5.2", "Not base64" };
static const struct smtp_answer too_long = { 500, "5.5.6", "Too long" };
static const struct smtp_answer bad_form = { 501, "5.5.2", "Bad form of credentials" };
static const struct smtp_answer cancelled = { 501, "5.7.0", "Authentication cancelled" };
static const struct smtp_answer other_identity =
	{ 535, "5.7.8", "Nobody acts for another here" };

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 with its padding and nothing else. ERR_INVALID, ERR_LIMIT. */
static int base64_decode(struct str s, char *dst, size_t size, size_t *length)
{
	size_t n = 0, padding = 0;
	if (s.n % 4 != 0)
		return ERR_INVALID;
	while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
		padding++;
	if (s.n / 4 * 3 - padding > size)
		return ERR_LIMIT;
	unsigned bits = 0;
	for (size_t i = 0; i < s.n; i++) {
		int v = i < s.n - padding ? base64_value(s.p[i]) : 0;
		if (v < 0)
			return ERR_INVALID;
		bits = (bits << 6 | (unsigned)v) & 0xffffff;
		for (int k = 2; i % 4 == 3 && k >= 0; k--)
			if (n < s.n / 4 * 3 - padding)
				dst[n++] = (char)(bits >> (8 * k) & 0xff);
	}
	assert(n <= size && padding <= 2);
	*length = n;
	return ERR_OK;
}

void smtp_server_auth_forget(struct smtp_server *s)
{
	explicit_bzero(&s->auth, sizeof(s->auth));
	assert(s->auth.password_bytes == 0);
}

static void give_up(struct smtp_server *s, const struct smtp_answer *refusal)
{
	smtp_server_auth_forget(s);
	s->phase = SMTP_PHASE_COMMAND;
	smtp_server_refuse(s, refusal);
}

static void auth_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	struct smtp_answer a = *answer;
	assert(!s->authenticated && s->login_bytes == 0);
	s->authenticated = a.code / 100 == 2;
	if (s->authenticated) {
		memcpy(s->login, s->auth.user, s->auth.user_bytes);
		s->login_bytes = s->auth.user_bytes;
	}
	smtp_server_auth_forget(s);
	if (!a.enhanced && a.code == 535)
		a.enhanced = "5.7.8";
	smtp_server_pass_on(s, &a, "2.7.0");
}

static void ask(struct smtp_server *s)
{
	s->phase = SMTP_PHASE_COMMAND;
	assert(s->auth.user_bytes > 0 && s->auth.user_bytes <= sizeof(s->auth.user));
	assert(s->auth.password_bytes > 0 && s->auth.password_bytes <= sizeof(s->auth.password));
	s->event.user = (struct str){ s->auth.user, s->auth.user_bytes };
	s->event.password = (struct str){ s->auth.password, s->auth.password_bytes };
	smtp_server_ask(s, SMTP_SERVER_AUTH, auth_decided);
}

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

static const struct smtp_answer *keep_user(struct smtp_server *s, struct str value)
{
	return keep(value, s->auth.user, sizeof(s->auth.user), &s->auth.user_bytes);
}

static const struct smtp_answer *keep_password(struct smtp_server *s, struct str value)
{
	return keep(value, s->auth.password, sizeof(s->auth.password), &s->auth.password_bytes);
}

/* [authzid] NUL authcid NUL passwd */
static const struct smtp_answer *plain(struct smtp_server *s, struct str message)
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
	const struct smtp_answer *refusal = keep_user(s, user);
	return refusal ? refusal : keep_password(s, str_from(rest, second + 1));
}

static void prompt(struct smtp_server *s, enum smtp_auth_step step, const char *text)
{
	s->auth.step = step;
	s->phase = SMTP_PHASE_AUTH;
	smtp_server_say(s, 334, "", text);
}

/* One answer of the client, decoded. */
static void take(struct smtp_server *s, struct str message)
{
	const struct smtp_answer *refusal;
	assert(!s->authenticated && message.n <= DECODED_MAX);
	if (s->auth.step == SMTP_AUTH_PLAIN)
		refusal = plain(s, message);
	else if (s->auth.step == SMTP_AUTH_LOGIN_USER)
		refusal = keep_user(s, message);
	else
		refusal = keep_password(s, message);
	if (refusal)
		give_up(s, refusal);
	else if (s->auth.step == SMTP_AUTH_LOGIN_USER)
		prompt(s, SMTP_AUTH_LOGIN_PASSWORD, "UGFzc3dvcmQ6");   /* Password: */
	else
		ask(s);
}

/* `line` lies in our own input and is wiped. */
static void take_base64(struct smtp_server *s, struct str line)
{
	char decoded[DECODED_MAX];
	size_t n = 0;
	bool cancel = str_eq(line, STR("*"));
	int e = base64_decode(line, decoded, sizeof(decoded), &n);
	if (line.p)
		explicit_bzero((char *)line.p, line.n);
	if (cancel)
		give_up(s, &cancelled);
	else if (e != ERR_OK)
		give_up(s, e == ERR_LIMIT ? &too_long : &bad_base64);
	else
		take(s, (struct str){ decoded, n });
	explicit_bzero(decoded, sizeof(decoded));
}

bool smtp_server_auth_step(struct smtp_server *s)
{
	struct str line;
	assert(s->phase == SMTP_PHASE_AUTH && !s->in_mail);
	int e = smtp_server_line(s, &line);
	if (e == ERR_AGAIN)
		return false;
	if (e == ERR_OK) {
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

const struct smtp_answer *smtp_server_auth_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer too_early = { 503, "5.5.1", "Say EHLO first" };
	static const struct smtp_answer again = { 503, "5.5.1", "Authenticated already" };
	static const struct smtp_answer in_mail = { 503, "5.5.1", "A message is under way" };
	static const struct smtp_answer in_clear = { 538, "5.7.11", "Start TLS first" };
	static const struct smtp_answer no_mechanism = { 501, "5.5.4", "A mechanism is expected" };
	static const struct smtp_answer unknown = { 504, "5.5.4", "PLAIN or LOGIN" };
	if (!s->esmtp)
		return &too_early;
	if (s->authenticated)
		return &again;
	if (s->in_mail)
		return &in_mail;
	if (!s->tls && !s->options.auth_in_clear)
		return &in_clear;
	struct str mechanism;
	if (!str_token(&arg, " ", &mechanism))
		return &no_mechanism;
	if (str_caseeq(mechanism, STR("PLAIN")))
		s->auth.step = SMTP_AUTH_PLAIN;
	else if (str_caseeq(mechanism, STR("LOGIN")))
		s->auth.step = SMTP_AUTH_LOGIN_USER;
	else
		return &unknown;
	s->auth.initial = str_trim(arg);
	return NULL;
}

void smtp_server_auth_proceed(struct smtp_server *s)
{
	struct str initial = s->auth.initial;
	assert(s->auth.step != SMTP_AUTH_LOGIN_PASSWORD && s->auth.user_bytes == 0);
	if (initial.n == 0)
		prompt(s, s->auth.step, s->auth.step == SMTP_AUTH_PLAIN ? "" : "VXNlcm5hbWU6");
	else if (str_eq(initial, STR("=")))
		take(s, STR(""));      /* RFC 4954: an initial response that is empty */
	else
		take_base64(s, initial);
}
