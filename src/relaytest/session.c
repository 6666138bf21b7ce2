/* SPDX-License-Identifier: ISC
 *
 * A test as a state machine: the table below says, for each phase, what is awaited, who acts
 * on it, and which phases may follow. Everything else in this file looks a row up.
 *
 * The functions of the rows are in the files that session-private.h names.
 */
#include "relaytest/session-private.h"

#include "base/mem.h"

#include <stdlib.h>

#define TO(phase) (1u << PHASE_##phase)

/* A row: what is awaited; who acts where nothing is, who takes a reply, who knows what the
 * connection's end means; and below, which phases may follow. From every phase with a connection
 * its end leads back to idle. */
static const struct phase_row course[PHASE_COUNT] = {
	[PHASE_IDLE] =        { AWAITS_NOTHING,    course_idle, NULL, NULL,
	                        TO(PAUSED) | TO(CONNECTING) | TO(LATER) | TO(DONE) },
	[PHASE_PAUSED] =      { AWAITS_TIME,       NULL, NULL, NULL,
	                        TO(IDLE) },
	[PHASE_LATER] =       { AWAITS_RETURN,     NULL, NULL, NULL,
	                        TO(IDLE) },
	[PHASE_DONE] =        { AWAITS_RETURN,     NULL, NULL, NULL,
	                        TO(IDLE) },
	[PHASE_CONNECTING] =  { AWAITS_CONNECTION, NULL, NULL, end_before_greeting,
	                        TO(BANNER) | TO(IDLE) },
	[PHASE_BANNER] =      { AWAITS_REPLY,      NULL, hello_banner, end_before_greeting,
	                        TO(HELLO) | TO(QUIT) | TO(IDLE) },
	[PHASE_HELLO] =       { AWAITS_REPLY,      NULL, hello_reply, end_at_hello,
	                        TO(HELLO) | TO(STARTTLS) | TO(PRELUDE) | TO(READY) | TO(QUIT) |
	                        TO(IDLE) },
	[PHASE_STARTTLS] =    { AWAITS_REPLY,      NULL, hello_starttls, end_at_tls,
	                        TO(TLS_DUE) | TO(READY) | TO(IDLE) },
	[PHASE_TLS_DUE] =     { AWAITS_NOTHING,    hello_start_tls, NULL, end_at_tls,
	                        TO(HANDSHAKE) | TO(IDLE) },
	[PHASE_HANDSHAKE] =   { AWAITS_HANDSHAKE,  NULL, NULL, end_at_tls,
	                        TO(HELLO) | TO(IDLE) },
	[PHASE_PRELUDE] =     { AWAITS_REPLY,      NULL, hello_prelude, end_at_prelude,
	                        TO(HELLO) | TO(READY) | TO(QUIT) | TO(IDLE) },
	[PHASE_READY] =       { AWAITS_NOTHING,    course_ready, NULL, NULL,
	                        TO(RESOLVING) | TO(BATCH) | TO(MESSAGE) | TO(QUIT) | TO(IDLE) },
	[PHASE_RESOLVING] =   { AWAITS_NAME,       NULL, NULL, NULL,
	                        TO(READY) | TO(IDLE) },
	[PHASE_BATCH] =       { AWAITS_REPLY,      NULL, envelope_reply, end_of_batch,
	                        TO(READY) | TO(IDLE) },
	[PHASE_MESSAGE] =     { AWAITS_REPLY,      NULL, message_reply, end_of_message,
	                        TO(INTENT_DUE) | TO(BATCH) | TO(READY) | TO(IDLE) },
	[PHASE_INTENT_DUE] =  { AWAITS_NOTHING,    message_intend, NULL, end_of_message,
	                        TO(INTENDING) | TO(IDLE) },
	[PHASE_INTENDING] =   { AWAITS_INTENT,     NULL, NULL, end_of_message,
	                        TO(BODY) | TO(READY) | TO(IDLE) },
	[PHASE_BODY] =        { AWAITS_REPLY,      NULL, message_body_reply, end_of_message,
	                        TO(BATCH) | TO(READY) | TO(IDLE) },
	[PHASE_QUIT] =        { AWAITS_REPLY,      NULL, course_quit, NULL,
	                        TO(IDLE) },
};

struct session *session_create(const struct session_setup *setup)
{
	struct session *s = mem_zalloc(sizeof(*s));
	s->course = course;
	s->setup = *setup;
	s->host.name = s->host.mail_domain = "";
	s->refusals_limit = setup->refusals;
	ip_format_literal(&setup->test->target.ip, s->literal);
	if (setup->collector.family) {
		ip_format(&setup->collector, s->collector);
		ip_format_literal(&setup->collector, s->collector_literal);
	}
	plan_make(s);
	return s;
}

void session_destroy(struct session *s)
{
	if (!s)
		return;
	smtp_client_destroy(s->conn.client);
	arena_fini(&s->arena);
	buf_fini(&s->transcript);
	buf_fini(&s->scratch);
	free(s->items);
	free(s->results);
	free(s->returns_seen);
	free(s);
}

static void dropped(struct session *s, enum stream_end why)
{
	end_note(s, why);
	if (course[s->phase].dropped)
		course[s->phase].dropped(s, why);
}

bool session_next(struct session *s, struct session_action *action)
{
	*action = (struct session_action){ 0 };
	if (s->conn.client && s->conn.leaving) {
		/* Closed by us: a farewell, or no SMTP. That was no refusal. */
		if (s->phase != PHASE_QUIT)
			dropped(s, STREAM_TIMEOUT);
		course_over(s, STREAM_TIMEOUT);
		action->type = SESSION_DISCONNECT;
		return true;
	}
	return phase_awaits(s, AWAITS_NOTHING) && course[s->phase].step(s, action);
}

/* ---- events ---------------------------------------------------------------- */

static void set_now(struct session *s, int64_t now_ms)
{
	if (!s->started_ms)
		s->started_ms = now_ms;
	s->now_ms = now_ms;
}

void session_connected(struct session *s, int64_t now_ms)
{
	set_now(s, now_ms);
	note_add(s, "!", STR("connected"));
	phase_enter(s, PHASE_BANNER);
}

void session_secured(struct session *s, int64_t now_ms)
{
	set_now(s, now_ms);
	note_add(s, "!", STR("TLS started"));
	if (!phase_awaits(s, AWAITS_HANDSHAKE))
		return;                  /* TLS from the first byte: the banner follows */
	s->conn.tls = true;
	smtp_client_tls_started(s->conn.client);
	hello_start(s);
}

void session_received(struct session *s, struct str bytes, int64_t now_ms)
{
	struct smtp_client_event ev;
	set_now(s, now_ms);
	if (!s->conn.client)
		return;
	note_add(s, "<", bytes);
	smtp_client_input(s->conn.client, bytes);
	while (s->conn.client && !s->conn.leaving && smtp_client_next(s->conn.client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			note_add(s, "!", ev.text);
			end_broken(s);
		} else if (ev.tag == SMTP_TAG_UNASKED) {
			/* Out of the blue: a farewell ends the connection, all else means
			 * nothing. */
			if (ev.reply.code == 421)
				s->conn.leaving = true;
		} else {
			s->replies++;
			s->conn.farewell |= ev.reply.code == 421;
			if (phase_awaits(s, AWAITS_REPLY))
				course[s->phase].reply(s, &ev);
		}
	}
}

bool session_leave(struct session *s)
{
	return s->conn.client && smtp_client_leave(s->conn.client);
}

void session_ended(struct session *s, enum stream_end why, int64_t now_ms)
{
	set_now(s, now_ms);
	if (!s->conn.client)
		return;
	if (why == STREAM_TIMEOUT && s->conn.profile.session == RELAY_PLAIN &&
	    !s->conn.profile.second && s->phase != PHASE_QUIT && ++s->timeouts >= TIMEOUTS_MAX)
		session_round_over(s, "too many time-outs");
	/* That it hangs up at our QUIT is no refusal. */
	if (s->conn.farewell || (s->conn.kept_out && s->phase == PHASE_QUIT))
		why = STREAM_TIMEOUT;
	dropped(s, why);
	/* Nobody there at all: one try is enough, and other forms need it as well. */
	if (phase_awaits(s, AWAITS_CONNECTION) && s->conn.profile.session == RELAY_PLAIN &&
	    s->host.standing < HOST_REACHED)
		s->halted |= HALT_TEST;
	course_over(s, why);
}

void session_resolved(struct session *s, const char *name, bool usable, const char *mail_domain)
{
	if (usable) {
		s->host.name = arena_strdup(&s->arena, str_of(name));
		s->host.mail_domain = arena_strdup(&s->arena, str_of(mail_domain));
	}
	if (usable || s->host.naming == NAME_ASKED)
		plan_names(s);
	if (phase_awaits(s, AWAITS_NAME))
		phase_enter(s, PHASE_READY);
}

void session_resume(struct session *s)
{
	if (phase_awaits(s, AWAITS_TIME))
		phase_enter(s, PHASE_IDLE);
}

void session_deaf(struct session *s, const char *why)
{
	s->deaf = arena_printf(&s->arena, "nothing could have come back: %s", why);
}

struct str session_output(const struct session *s)
{
	return s->conn.client ? smtp_client_output(s->conn.client) : STR("");
}

struct smtp_client *session_client(const struct session *s)
{
	return s->conn.client;
}

void session_output_sent(struct session *s, size_t n)
{
	if (s->conn.client)
		smtp_client_output_sent(s->conn.client, n);
}

int64_t session_timeout_ms(const struct session *s)
{
	if (s->phase == PHASE_QUIT)
		return QUIT_TIMEOUT_MS;
	return s->conn.client ? smtp_client_timeout_ms(s->conn.client) : -1;
}
