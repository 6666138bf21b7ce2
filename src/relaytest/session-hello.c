/* SPDX-License-Identifier: ISC
 *
 * The beginning of a connection: greeting, EHLO or HELO, TLS, and what the connection's
 * profile asks for before the first envelope.
 *
 * Hostile input that reaches it: the replies to all of these.
 */
#include "relaytest/session-private.h"

#include "smtp/xclient.h"

static const char *hello_name(const struct session *s)
{
	switch (s->conn.profile.session) {
	case RELAY_HELO_LOCALHOST: return "localhost";
	case RELAY_HELO_LOOPBACK: return "[127.0.0.1]";
	case RELAY_HELO_HOST: return *s->host.name ? s->host.name : s->literal;
	case RELAY_HELO_DOMAIN: return *s->host.mail_domain ? s->host.mail_domain : s->literal;
	case RELAY_HELO_LITERAL: return s->literal;
	default: return s->setup.us->hostname;
	}
}

void hello_start(struct session *s)
{
	bool helo = s->host.prefers_helo || s->conn.used_helo;
	bool lmtp = s->setup.test->target.port == 24;
	const char *verb = lmtp ? "LHLO" : helo ? "HELO" : "EHLO";
	s->conn.used_helo = helo;
	phase_enter(s, PHASE_HELLO);
	note_say(s, helo && !lmtp ? SMTP_HELO : SMTP_EHLO, 0,
	             arena_printf(&s->arena, "%s %s", verb, hello_name(s)));
}

/* A line with credentials; it is not kept in the transcript. */
static void say_secret(struct session *s, struct buf *line, const char *shown)
{
	note_add(s, ">", str_of(shown));
	if (smtp_client_command(s->conn.client, SMTP_AUTH, 0, buf_str(line)) != ERR_OK) {
		end_at_prelude(s, STREAM_TIMEOUT);
		end_leave(s);
	}
	explicit_bzero(line->p, line->n);
	buf_fini(line);
}

static void login_start(struct session *s, unsigned extensions)
{
	bool invented = s->conn.profile.session == RELAY_AUTH_INVENTED;
	const char *id = s->setup.test->id;
	struct smtp_login *login = &s->conn.login;
	struct buf line = { 0 };
	*login = (struct smtp_login){
		.user = str_of(invented ? arena_printf(&s->arena, "nobody-%s", id) :
		                          s->setup.us->user),
		.password = str_of(invented ? arena_printf(&s->arena, "made-up-%s", id) :
		                              s->setup.us->password),
	};
	smtp_login_begin(login, extensions, &line);
	say_secret(s, &line, login->by_login ? "AUTH LOGIN" :
	                     login->said ? "AUTH PLAIN (credentials)" : "AUTH PLAIN");
}

/* A 334: who asks on and on has let nobody in. */
static void login_go_on(struct session *s)
{
	static const struct smtp_reply endless = {
		.code = 501, .text = { "The login does not end", 22 } };
	struct buf line = { 0 };
	if (!smtp_login_answer(&s->conn.login, &line)) {
		answer_profile(s, STAGE_HELO, &endless);
		phase_enter(s, PHASE_READY);
		return;
	}
	say_secret(s, &line, str_eq(buf_str(&line), STR("*")) ? "*" : "(credentials)");
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
	c->kept_out = true;
	host_seen(s, HOST_REACHED);
	if (s->phase == PHASE_BANNER && smtp_client_notes(c->client) & SMTP_NOTE_GARBAGE)
		host_seen(s, HOST_NO_SMTP);
	if (c->profile.second)
		answer_profile(s, stage, r);
	else if (host_took_part(s) && !plan_claims_client(s) && !helo_forged)
		end_shut_out(s, words_of(s, r));
	/* A temporary refusal may pass at once, where it is the first word. */
	else if (r->code / 100 == 5 || stage == STAGE_HELO || s->barren + 1 >= BARREN_MAX ||
	         c->profile.session != RELAY_PLAIN)
		answer_profile(s, stage, r);
	end_leave(s);
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
	s->host.login_offered |= ext & (SMTP_EXT_AUTH | SMTP_EXT_STARTTLS);
	if (!plan_claims_client(s)) {
		s->knocks = 0;
		s->host.shut_out = NULL;
	}
	if (c->profile.session == RELAY_PLAIN) {
		host_seen(s, HOST_TOOK_PART);
		plan_extensions(s, ext);
	}
}

static void say_xclient(struct session *s)
{
	const struct ip loopback = ip_from_v4(127, 0, 0, 1);
	struct buf line = { 0 };
	smtp_xclient_format(&loopback, "localhost", &line);
	note_say(s, SMTP_XCLIENT, 0, buf_cstr(&line));
	buf_fini(&line);
}

/* The greeting is done: what the profile asks for comes before the first envelope. */
static void after_hello(struct session *s)
{
	struct conn *c = &s->conn;
	unsigned ext = smtp_client_extensions(c->client);
	bool for_tls = c->profile.session == RELAY_STARTTLS;
	bool again = c->greeted;
	let_in(s);
	/* Our own password goes out in clear only where nothing else is offered (RFC 4616 5). */
	bool wants_tls = for_tls || c->profile.session == RELAY_AUTH_OWN ||
	                 (is_auth(s) && !smtp_login_offered(ext));
	if (wants_tls && !c->tls && ext & SMTP_EXT_STARTTLS) {
		phase_enter(s, PHASE_STARTTLS);
		note_say(s, SMTP_STARTTLS, 0, "STARTTLS");
		return;
	}
	if (for_tls && !c->tls) {
		struct smtp_reply none = { .code = 502, .text = STR("STARTTLS is not offered") };
		answer_profile(s, STAGE_HELO, &none);
	} else if (c->profile.session == RELAY_XCLIENT && !again) {
		phase_enter(s, PHASE_PRELUDE);
		say_xclient(s);
		return;
	} else if (is_auth(s)) {
		if (smtp_login_offered(ext)) {
			phase_enter(s, PHASE_PRELUDE);
			login_start(s, ext);
			return;
		}
		struct smtp_reply none = { .code = 502, .text = STR("AUTH is not offered") };
		if (ext & SMTP_EXT_AUTH)
			none.text = STR("Neither AUTH PLAIN nor LOGIN is offered");
		answer_profile(s, STAGE_HELO, &none);
	}
	phase_enter(s, PHASE_READY);
}

void hello_banner(struct session *s, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	struct conn *c = &s->conn;
	if (!smtp_reply_ok(r)) {
		keep_out(s, STAGE_CONNECT, r);
		return;
	}
	if (c->profile.session == RELAY_PLAIN || is_proxy(s))
		host_seen(s, HOST_REACHED);
	hello_start(s);
}

void hello_reply(struct session *s, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	struct conn *c = &s->conn;
	if (smtp_reply_ok(r)) {
		after_hello(s);
		return;
	}
	/* A reply to a PROXY header that was not understood comes in this place. Who sends mail
	 * says HELO only where EHLO is unknown; a test does after any 5xx, as a spammer would. */
	if (r->code / 100 == 5 && !c->used_helo && !is_proxy(s)) {
		c->used_helo = true;
		hello_start(s);
		return;
	}
	keep_out(s, STAGE_HELO, r);
}

void hello_starttls(struct session *s, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	if (smtp_reply_ok(r)) {
		phase_enter(s, PHASE_TLS_DUE);
		return;
	}
	if (r->code / 100 == 5)
		answer_profile(s, STAGE_HELO, r);
	else
		end_without_tls(s, STAGE_HELO, r);
	phase_enter(s, PHASE_READY);
}

bool hello_start_tls(struct session *s, struct session_action *action)
{
	phase_enter(s, PHASE_HANDSHAKE);
	action->type = SESSION_START_TLS;
	return true;
}

void hello_prelude(struct session *s, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	if (ev->verb == SMTP_AUTH && r->code / 100 == 3) {
		login_go_on(s);
	} else if (!smtp_reply_ok(r)) {
		answer_profile(s, STAGE_HELO, r);
		phase_enter(s, PHASE_READY);
	} else if (ev->verb == SMTP_XCLIENT) {
		hello_start(s);
	} else {
		phase_enter(s, PHASE_READY);
	}
}
