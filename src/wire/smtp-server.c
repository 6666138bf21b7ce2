/* SPDX-License-Identifier: ISC
 *
 * The server engine and its stream. Every way in (begin, input, TLS, a late reply, room for
 * output) comes to turn(): the engine's events, then its replies, then what they mean for the
 * stream.
 */
#include "wire/smtp-server.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { LINGER_MS = 5000 };

struct wire_server {
	struct wire_server_setup setup;
	struct stream *stream;           /* NULL: destroyed */
	struct smtp_server *smtp;
	int64_t since_ms;
	bool begun, start_tls, closing, quit;
	bool silent;                     /* the client says no more; a reply is owed to it */
	bool in_call, doomed;            /* destroyed from within a call of ours */
	bool paused;
};

static bool has_reins(const struct wire_server *w)
{
	return w->setup.hooks->output != NULL;
}

/* Around all that calls a hook. */
static void enter(struct wire_server *w)
{
	assert(!w->in_call && !w->doomed);
	w->in_call = true;
}

static void leave(struct wire_server *w)
{
	assert(w->in_call);
	w->in_call = false;
	if (!w->doomed)
		return;
	smtp_server_destroy(w->smtp);
	free(w);
}

/* ---- the stream's side ------------------------------------------------------------ */

static void set_deadline(struct wire_server *w)
{
	int64_t delay = smtp_server_timeout_ms(w->smtp);
	assert(delay > 0);
	if (w->setup.session_ms > 0) {
		int64_t left = w->since_ms + w->setup.session_ms - loop_now_ms(w->setup.loop);
		delay = left < delay ? (left > 0 ? left : 0) : delay;
	}
	stream_deadline(w->stream, delay);
}

/* Reads on only while the engine takes more and the client takes what was said. */
static void hold(struct wire_server *w)
{
	assert(!w->closing && !has_reins(w));
	bool paused = !smtp_server_wants_input(w->smtp) ||
	              stream_pending(w->stream) > WIRE_SERVER_PENDING;
	if (paused != w->paused)
		stream_pause(w->stream, paused);
	w->paused = paused;
}

static void say(struct wire_server *w)
{
	struct str out = smtp_server_output(w->smtp);
	assert(!w->doomed && w->begun == true);
	if (has_reins(w))
		w->setup.hooks->output(w->setup.arg, out);
	else if (w->closing)
		stream_write_last(w->stream, out);
	else
		stream_write(w->stream, out);
	if (!w->doomed)
		smtp_server_output_sent(w->smtp, out.n);
}

static void act(struct wire_server *w)
{
	assert(!w->start_tls || w->setup.tls != NULL);
	if (w->closing || (w->silent && !smtp_server_owes_mail(w->smtp))) {
		stream_deadline(w->stream, LINGER_MS);
		/* Who said QUIT waits for our end (RFC 5321 4.1.1.10); others may still speak, and
		 * would lose our last words by a reset. */
		if (w->quit || w->silent)
			stream_leave(w->stream);
		else
			stream_finish(w->stream);
		return;
	}
	if (w->start_tls) {
		w->start_tls = false;
		stream_start_tls(w->stream, w->setup.tls, true, NULL);
	}
	hold(w);
	set_deadline(w);
}

/* ---- the engine's side -------------------------------------------------------------- */

/* What the engine answers alone does not get a client on. */
static bool tell_events(struct wire_server *w)
{
	struct smtp_server_event ev;
	bool active = false;
	while (!w->doomed && !w->closing && smtp_server_next(w->smtp, &ev)) {
		enum smtp_server_event_type type = ev.type;
		w->closing = type == SMTP_SERVER_CLOSE;
		w->quit = ev.quit;
		w->start_tls |= type == SMTP_SERVER_STARTTLS;
		active |= type != SMTP_SERVER_UNKNOWN;
		w->setup.hooks->event(w->setup.arg, &ev);
	}
	return active;
}

/* Within enter() and leave(). */
static void turn(struct wire_server *w)
{
	bool active = tell_events(w);
	if (!w->doomed && active && w->setup.hooks->active)
		w->setup.hooks->active(w->setup.arg);
	if (!w->doomed)
		say(w);
	if (!w->doomed && !has_reins(w))
		act(w);
}

/* From without, or from within a call of ours. */
static void run_turn(struct wire_server *w)
{
	bool within = w->in_call;
	if (!within)
		enter(w);
	turn(w);
	if (!within)
		leave(w);
}

/* ---- events of the stream ----------------------------------------------------------- */

static void on_received(void *arg, struct str bytes)
{
	struct wire_server *w = arg;
	enter(w);
	if (has_reins(w)) {
		w->setup.hooks->input(w->setup.arg, bytes);
	} else if (!w->closing) {
		smtp_server_input(w->smtp, bytes);
		turn(w);
	}
	leave(w);
}

static void on_secured(void *arg)
{
	struct wire_server *w = arg;
	enter(w);
	if (has_reins(w)) {
		w->setup.hooks->secured(w->setup.arg);
	} else {
		smtp_server_tls_started(w->smtp);
		turn(w);
	}
	leave(w);
}

static void on_drained(void *arg)
{
	struct wire_server *w = arg;
	if (!has_reins(w) && !w->closing)
		hold(w);
}

/* Who has given a message and closed his half wants to know what becomes of it: without a reply he
 * would send it once more. */
static bool on_fell_silent(void *arg)
{
	struct wire_server *w = arg;
	assert(!w->silent);
	w->silent = !has_reins(w) && !w->closing && smtp_server_owes_mail(w->smtp);
	return w->silent;
}

static void on_ended(void *arg, enum stream_end why)
{
	struct wire_server *w = arg;
	assert(!w->doomed && w->stream != NULL);
	enter(w);
	w->setup.hooks->ended(w->setup.arg, why);
	leave(w);
}

static const struct stream_events server_events = {
	.secured = on_secured, .received = on_received, .drained = on_drained,
	.ended = on_ended, .fell_silent = on_fell_silent,
};

/* ---- for its user ------------------------------------------------------------------ */

struct wire_server *wire_server_create(const struct wire_server_setup *setup)
{
	const struct wire_server_hooks *h = setup->hooks;
	struct wire_server *w = mem_zalloc(sizeof(*w));
	assert(h->event && h->ended && !h->input == !h->output && !h->input == !h->secured);
	assert(!(setup->options->offer_starttls || setup->tls_at_once) || setup->tls);
	assert(!setup->tls_at_once || !h->output);
	*w = (struct wire_server){ .setup = *setup, .since_ms = loop_now_ms(setup->loop) };
	w->setup.options = NULL;         /* the engine has a copy */
	w->smtp = smtp_server_create(setup->options);
	w->stream = stream_adopt(setup->loop, setup->fd, &server_events, w);
	return w;
}

void wire_server_begin(struct wire_server *w)
{
	assert(!w->begun);
	char byte;
	w->begun = true;
	if (w->setup.tls_at_once) {
		stream_start_tls(w->stream, w->setup.tls, true, NULL);
		set_deadline(w);
		return;
	}
	if (stream_peek(w->setup.fd, &byte, sizeof(byte)) > 0)
		smtp_server_spoke_early(w->smtp);
	run_turn(w);
}

void wire_server_destroy(struct wire_server *w)
{
	if (!w)
		return;
	stream_destroy(w->stream);
	w->stream = NULL;
	assert(!w->doomed);
	w->doomed = w->in_call;
	if (w->in_call)
		return;
	smtp_server_destroy(w->smtp);
	free(w);
}

void wire_server_reply(struct wire_server *w, int code, const char *enhanced, const char *text)
{
	assert(w->begun && !w->doomed);
	smtp_server_reply(w->smtp, code, enhanced, text);
	if (!w->in_call)
		run_turn(w);
}

void wire_server_challenge(struct wire_server *w, struct str bytes)
{
	assert(w->begun && !w->doomed);
	smtp_server_challenge(w->smtp, bytes);
	if (!w->in_call)
		run_turn(w);
}

void wire_server_login(struct wire_server *w, struct str name)
{
	assert(w->begun && !w->doomed);
	smtp_server_login(w->smtp, name);
}

void wire_server_shutdown(struct wire_server *w, const char *enhanced, const char *text)
{
	assert(!w->doomed && !has_reins(w));
	smtp_server_shutdown(w->smtp, enhanced, text);
	say(w);
}

bool wire_server_is_closing(const struct wire_server *w)
{
	return w->closing;
}

struct smtp_server_state wire_server_state(const struct wire_server *w)
{
	return smtp_server_state(w->smtp);
}

SSL *wire_server_tls(const struct wire_server *w)
{
	return stream_tls(w->stream);
}

/* ---- the reins ---------------------------------------------------------------------- */

void wire_server_feed(struct wire_server *w, struct str bytes)
{
	assert(w->begun && !w->doomed && has_reins(w));
	smtp_server_input(w->smtp, bytes);
	run_turn(w);
}

void wire_server_write(struct wire_server *w, struct str bytes)
{
	stream_write(w->stream, bytes);
}

void wire_server_start_tls(struct wire_server *w)
{
	assert(has_reins(w) && w->setup.tls);
	stream_start_tls(w->stream, w->setup.tls, true, NULL);
}

void wire_server_tls_started(struct wire_server *w)
{
	assert(has_reins(w));
	smtp_server_tls_started(w->smtp);
}

void wire_server_finish(struct wire_server *w)
{
	stream_finish(w->stream);
}
