/* SPDX-License-Identifier: ISC
 *
 * The talker of one session: what is awaited decides what is said next.
 */
#include "closed/session.h"

#include "base/mem.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <assert.h>
#include <stdlib.h>

enum { AGAIN_MS = 50, CONNECT_MS = 3000 };

struct asker_session {
	struct asker_setup setup;
	struct smtp_client *engine;
	struct wire_client *wire;
	struct loop_timer *again;
	int64_t began_ms;
	enum smtp_verb awaited;
	int envelope;                        /* ASKED_CONTROL, or which one */
	struct closed_answer answer;         /* to it, so far */
	bool over, secured;
	enum closed_end end;
};

/* It is told from the loop, not from within a call of the wire: whoever hears it destroys us. */
static void session_over(struct asker_session *s, enum closed_end end)
{
	if (s->over)
		return;
	s->over = true;
	s->end = end;
	loop_timer_arm(s->again, 0);
}

static void say(struct asker_session *s, enum smtp_verb verb, const char *start, const char *rest)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s%s", start, rest);
	s->awaited = verb;
	/* A form that cannot be said is for the caller not to ask. */
	if (smtp_client_command(s->engine, verb, 0, buf_str(&line)) != ERR_OK)
		session_over(s, CLOSED_UNASKED);
	buf_fini(&line);
}

static const struct closed_envelope *envelope_now(const struct asker_session *s)
{
	const struct closed_session *asked = s->setup.session;
	return s->envelope == ASKED_CONTROL ? asked->control : &asked->envelopes[s->envelope];
}

static void envelope_next(struct asker_session *s)
{
	const struct closed_session *asked = s->setup.session;
	s->envelope++;
	if (s->envelope == ASKED_CONTROL && !asked->control)
		s->envelope++;
	if (s->envelope >= (int)asked->n) {
		if (smtp_client_leave(s->engine))
			wire_client_flush(s->wire);
		session_over(s, CLOSED_ASKED);
		return;
	}
	s->answer = (struct closed_answer){ 0 };
	say(s, SMTP_MAIL, "MAIL FROM:", envelope_now(s)->mail);
}

static void reply_keep(struct closed_reply *kept, const struct smtp_reply *reply)
{
	kept->code = reply->code;
	str_copy(kept->enhanced, sizeof(kept->enhanced), str_of(reply->enhanced));
	str_copy(kept->text, sizeof(kept->text), reply->text);
}

static void on_greeting(struct asker_session *s, const struct smtp_reply *reply)
{
	struct closed_answer greeting = { 0 };
	reply_keep(&greeting.mail, reply);
	s->setup.answered(s->setup.arg, ASKED_GREETING, &greeting);
	if (smtp_reply_ok(reply))
		say(s, SMTP_EHLO, "EHLO ", s->setup.session->helo);
	else
		session_over(s, CLOSED_HUNG_UP);
}

static void on_hello(struct asker_session *s, const struct smtp_reply *reply)
{
	bool to_secure = s->setup.session->tls == CLOSED_STARTTLS && !s->secured;
	if (to_secure && smtp_reply_ok(reply)) {
		if (smtp_client_extensions(s->engine) & SMTP_EXT_STARTTLS)
			say(s, SMTP_STARTTLS, "STARTTLS", "");
		else
			session_over(s, CLOSED_NO_TLS);
		return;
	}
	if (s->awaited == SMTP_EHLO && smtp_reply_unknown(reply)) {
		say(s, SMTP_HELO, "HELO ", s->setup.session->helo);
		return;
	}
	struct closed_answer hello = { 0 };
	reply_keep(&hello.mail, reply);
	s->setup.answered(s->setup.arg, ASKED_HELLO, &hello);
	s->envelope = ASKED_CONTROL - 1;
	/* Refused: there is something to learn from the answers to MAIL all the same. */
	envelope_next(s);
}

static void envelope_done(struct asker_session *s)
{
	s->setup.answered(s->setup.arg, s->envelope, &s->answer);
	say(s, SMTP_RSET, "RSET", "");
}

static void on_reply(struct asker_session *s, const struct smtp_reply *reply)
{
	switch (s->awaited) {
	case SMTP_BANNER:
		on_greeting(s, reply);
		break;
	case SMTP_EHLO: case SMTP_HELO:
		on_hello(s, reply);
		break;
	case SMTP_STARTTLS:
		if (smtp_reply_ok(reply))
			wire_client_start_tls(s->wire);
		else
			session_over(s, CLOSED_NO_TLS);
		break;
	case SMTP_MAIL:
		reply_keep(&s->answer.mail, reply);
		if (smtp_reply_ok(reply))
			say(s, SMTP_RCPT, "RCPT TO:", envelope_now(s)->rcpt);
		else
			envelope_done(s);
		break;
	case SMTP_RCPT:
		reply_keep(&s->answer.rcpt, reply);
		envelope_done(s);
		break;
	default:
		assert(s->awaited == SMTP_RSET);
		envelope_next(s);
	}
}

static struct smtp_client *asker_engine(void *arg)
{
	struct asker_session *s = arg;
	return s->over ? NULL : s->engine;
}

static void asker_received(void *arg, struct str bytes)
{
	struct asker_session *s = arg;
	struct smtp_client_event event;
	smtp_client_input(s->engine, bytes);
	while (!s->over && smtp_client_next(s->engine, &event)) {
		if (event.type == SMTP_CLIENT_BROKEN)
			session_over(s, CLOSED_BROKEN);
		else if (event.tag == SMTP_TAG_UNASKED)
			session_over(s, CLOSED_HUNG_UP);
		else
			on_reply(s, &event.reply);
	}
}

static void asker_secured(void *arg)
{
	struct asker_session *s = arg;
	s->secured = true;
	if (s->over || s->setup.session->tls != CLOSED_STARTTLS)
		return;
	/* What was injected before TLS is dropped with it. */
	smtp_client_tls_started(s->engine);
	say(s, SMTP_EHLO, "EHLO ", s->setup.session->helo);
}

static enum closed_end end_of(enum stream_end why)
{
	switch (why) {
	case STREAM_REFUSED: case STREAM_UNREACHABLE: return CLOSED_NOBODY;
	case STREAM_TIMEOUT: return CLOSED_LATE;
	case STREAM_NO_SOURCE: return CLOSED_NO_SOURCE;
	case STREAM_TLS_FAILED: return CLOSED_NO_TLS;
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	return CLOSED_HUNG_UP;
}

static void asker_ended(void *arg, enum stream_end why)
{
	struct asker_session *s = arg;
	int64_t waited_ms = loop_now_ms(s->setup.loop) - s->began_ms;
	if (!s->over && why == STREAM_REFUSED && waited_ms < s->setup.patience->refused_ms)
		loop_timer_arm(s->again, AGAIN_MS);
	else
		session_over(s, end_of(why));
}

static void session_connect(struct asker_session *s)
{
	static const struct wire_client_talk talk = {
		.engine = asker_engine, .secured = asker_secured,
		.received = asker_received, .ended = asker_ended,
	};
	const struct endpoint from = { .ip = s->setup.session->from };
	struct wire_client_setup wire = {
		.loop = s->setup.loop, .to = s->setup.session->to, .source = &from,
		.tls = s->setup.tls, .tls_at_once = s->setup.session->tls == CLOSED_TLS_FIRST,
		.connect_ms = CONNECT_MS, .command_ms = s->setup.patience->command_ms,
		.session_ms = s->setup.patience->session_ms, .talk = &talk, .arg = s,
	};
	wire_client_destroy(s->wire);
	smtp_client_destroy(s->engine);
	s->engine = smtp_client_create(NULL);
	s->awaited = SMTP_BANNER;
	s->wire = wire_client_create(&wire);
}

static void turn_again(void *arg)
{
	struct asker_session *s = arg;
	if (s->over)
		s->setup.ended(s->setup.arg, s->end);
	else
		session_connect(s);
}

struct asker_session *asker_session_create(const struct asker_setup *setup)
{
	struct asker_session *s = mem_zalloc(sizeof(*s));
	assert(setup->session->n <= CLOSED_ENVELOPES_MAX);
	s->setup = *setup;
	s->began_ms = loop_now_ms(setup->loop);
	s->again = loop_timer_create(setup->loop, turn_again, s);
	session_connect(s);
	return s;
}

void asker_session_destroy(struct asker_session *s)
{
	if (!s)
		return;
	loop_timer_destroy(s->again);
	wire_client_destroy(s->wire);
	smtp_client_destroy(s->engine);
	free(s);
}
