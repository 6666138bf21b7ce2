/* SPDX-License-Identifier: ISC
 *
 * The beginning of a connection: greeting, EHLO or HELO, TLS, and what the connection's
 * profile asks for before the first envelope.
 *
 * Hostile input that reaches it: the replies to all of these.
 */
#include "relaytest/session-private.h"

#include <openssl/evp.h>

static const char *hello_name(const struct session *s)
{
	switch (s->conn.profile.session) {
	case RELAY_HELO_LOCALHOST: return "localhost";
	case RELAY_HELO_LOOPBACK: return "[127.0.0.1]";
	case RELAY_HELO_HOST: return *s->host_name ? s->host_name : s->literal;
	case RELAY_HELO_DOMAIN: return *s->mail_domain ? s->mail_domain : s->literal;
	case RELAY_HELO_LITERAL: return s->literal;
	default: return s->setup.helo;
	}
}

void hello_start(struct session *s)
{
	bool helo = s->prefers_helo || s->conn.used_helo;
	bool lmtp = s->setup.test->target.port == 24;
	const char *verb = lmtp ? "LHLO" : helo ? "HELO" : "EHLO";
	s->conn.used_helo = helo;
	s->phase = PHASE_HELLO;
	talk_command(s, helo && !lmtp ? SMTP_HELO : SMTP_EHLO, 0,
	             arena_printf(&s->arena, "%s %s", verb, hello_name(s)));
}

/* AUTH PLAIN with credentials; the line is not kept in the transcript. */
static void say_auth(struct session *s)
{
	bool invented = s->conn.profile.session == RELAY_AUTH_INVENTED;
	const char *user = invented ? "nobody-" : s->setup.user;
	const char *password = invented ? "made-up-" : s->setup.password;
	const char *tail = invented ? s->setup.test->id : "";
	struct buf plain = { 0 };
	buf_add_byte(&plain, '\0');
	buf_printf(&plain, "%s%s", user, tail);
	buf_add_byte(&plain, '\0');
	buf_printf(&plain, "%s%s", password, tail);
	unsigned char *encoded = arena_alloc(&s->arena, plain.n * 2 + 8);
	EVP_EncodeBlock(encoded, (const unsigned char *)plain.p, (int)plain.n);
	const char *line = arena_printf(&s->arena, "AUTH PLAIN %s", (const char *)encoded);
	OPENSSL_cleanse(plain.p, plain.n);
	buf_fini(&plain);
	note_add(s, ">", STR("AUTH PLAIN (credentials)"));
	int e = smtp_client_command(s->conn.client, SMTP_AUTH, 0, str_of(line));
	if (e != ERR_OK)
		s->conn.closing = true;
}

/* ---- not let in -------------------------------------------------------------- */

static const char *words_of(struct session *s, const struct smtp_reply *r)
{
	return arena_printf(&s->arena, "%d %s%s%.*s", r->code, r->enhanced,
	                    *r->enhanced ? " " : "", STR_ARG(r->text));
}

/* Greeting or HELO turned us away. From a host that let us in before, that is a ban or a limit,
 * no answer to any form; but a form that claims to come from elsewhere is refused so. */
static void keep_out(struct session *s, enum case_stage stage, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	bool helo_forged = stage == STAGE_HELO && c->profile.session != RELAY_PLAIN &&
	                   c->profile.session != RELAY_STARTTLS;
	c->closing = c->kept_out = true;
	s->reached = true;
	if (c->profile.second)
		talk_finish_profile(s, stage, r);
	else if (s->took_part && !plan_claims_client(s) && !helo_forged)
		end_shut_out(s, words_of(s, r));
	/* A temporary refusal may pass at once, where it is the first word. */
	else if (r->code / 100 == 5 || stage == STAGE_HELO || s->barren + 1 >= BARREN_MAX ||
	         c->profile.session != RELAY_PLAIN)
		talk_finish_profile(s, stage, r);
}

/* ---- STARTTLS that does not work ---------------------------------------------- */

/* Nothing was listened to in clear. */
static bool tls_only(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (plan_profile(&s->items[i]).session == RELAY_PLAIN &&
		    judge_demands_tls(&s->items[i].result))
			return true;
	return false;
}

/* The client may go on in clear (RFC 3207 4.1), and there every form has its answer: what needs
 * TLS is open to nobody now, and was not tried. Where it would have decided, it is left without
 * an answer: a form that was open, a recipient that was taken, a host that listens to nothing
 * else. */
void hello_without_tls(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	bool decides = tls_only(s);
	const char *why = arena_printf(&s->arena, "STARTTLS does not work: %d %s %.*s", reply->code,
	                               reply->enhanced, STR_ARG(reply->text));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (!plan_is_here(s, it) || (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (decides || it->state == ITEM_CANDIDATE || plan_is_first(s, it))
			talk_finish(s, it, stage, reply);
		else
			plan_skip(it, why);
	}
	s->conn.finished++;
}

/* ---- replies -------------------------------------------------------------------- */

static bool is_auth(const struct session *s)
{
	return s->conn.profile.session == RELAY_AUTH_INVENTED ||
	       s->conn.profile.session == RELAY_AUTH_OWN;
}

static bool is_proxy(const struct session *s)
{
	return s->conn.profile.session == RELAY_PROXY_V1 ||
	       s->conn.profile.session == RELAY_PROXY_V2;
}

static void let_in(struct session *s)
{
	struct conn *c = &s->conn;
	unsigned ext = c->used_helo ? 0 : smtp_client_extensions(c->client);
	c->greeted = true;
	if (c->profile.second)
		return;
	s->login_offered |= ext & (SMTP_EXT_AUTH | SMTP_EXT_STARTTLS);
	if (!plan_claims_client(s)) {
		s->knocks = 0;
		s->shut_out = NULL;
	}
	if (c->profile.session == RELAY_PLAIN) {
		s->took_part = true;
		plan_extensions(s, ext);
	}
}

/* The greeting is done: what the profile asks for comes before the first envelope. */
static void after_hello(struct session *s)
{
	struct conn *c = &s->conn;
	unsigned ext = smtp_client_extensions(c->client);
	bool for_tls = c->profile.session == RELAY_STARTTLS;
	let_in(s);
	bool wants_tls = for_tls || (is_auth(s) && !(ext & SMTP_EXT_AUTH));
	if (wants_tls && !c->tls && ext & SMTP_EXT_STARTTLS) {
		s->phase = PHASE_STARTTLS;
		talk_command(s, SMTP_STARTTLS, 0, "STARTTLS");
		return;
	}
	if (for_tls && !c->tls) {
		struct smtp_reply none = { .code = 502, .text = STR("STARTTLS is not offered") };
		talk_finish_profile(s, STAGE_HELO, &none);
	} else if (c->profile.session == RELAY_XCLIENT && !c->hello_again) {
		s->phase = PHASE_PRELUDE;
		talk_command(s, SMTP_XCLIENT, 0, "XCLIENT ADDR=127.0.0.1 NAME=localhost");
		return;
	} else if (is_auth(s)) {
		if (ext & SMTP_EXT_AUTH) {
			s->phase = PHASE_PRELUDE;
			say_auth(s);
			return;
		}
		struct smtp_reply none = { .code = 502, .text = STR("AUTH is not offered") };
		talk_finish_profile(s, STAGE_HELO, &none);
	}
	s->phase = PHASE_READY;
}

void hello_banner(struct session *s, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	c->heard = true;
	if (!smtp_reply_ok(r)) {
		keep_out(s, STAGE_CONNECT, r);
		return;
	}
	if (c->profile.session == RELAY_PLAIN || is_proxy(s))
		s->reached = true;
	hello_start(s);
}

void hello_reply(struct session *s, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	if (smtp_reply_ok(r)) {
		after_hello(s);
		return;
	}
	/* A reply to a PROXY header that was not understood comes in this place. */
	if (r->code / 100 == 5 && !c->used_helo && !is_proxy(s)) {
		c->used_helo = true;
		hello_start(s);
		return;
	}
	keep_out(s, STAGE_HELO, r);
}

void hello_starttls(struct session *s, const struct smtp_reply *r)
{
	if (smtp_reply_ok(r)) {
		s->phase = PHASE_HANDSHAKE;
		s->start_tls = true;
		return;
	}
	if (r->code / 100 == 5)
		talk_finish_profile(s, STAGE_HELO, r);
	else
		hello_without_tls(s, STAGE_HELO, r);
	s->phase = PHASE_READY;
}

void hello_prelude(struct session *s, enum smtp_verb verb, const struct smtp_reply *r)
{
	if (!smtp_reply_ok(r)) {
		talk_finish_profile(s, STAGE_HELO, r);
		s->phase = PHASE_READY;
	} else if (verb == SMTP_XCLIENT) {
		s->conn.hello_again = true;
		hello_start(s);
	} else {
		s->phase = PHASE_READY;
	}
}
