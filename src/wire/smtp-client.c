/* SPDX-License-Identifier: ISC
 *
 * The client engine and its stream. Every way in (connected, secured, received, drained) calls the
 * talker, then turn(), which sends and sets the deadline.
 */
#include "wire/smtp-client.h"

#include "base/mem.h"
#include "smtp/client.h"

#include <assert.h>
#include <stdlib.h>

enum { QUIT_MS = 5000 };

struct wire_client {
	struct wire_client_setup setup;
	struct stream *stream;           /* NULL: destroyed */
	int64_t began_ms;
	bool connected, ended;
	bool in_call, doomed;            /* destroyed from within a call of ours */
	bool broken_told, said;
	struct smtp_client *engine;      /* whose replies were counted */
	unsigned replies;
};

static struct smtp_client *engine_of(const struct wire_client *w)
{
	return w->setup.talk->engine(w->setup.arg);
}

/* ---- deadlines -------------------------------------------------------------------- */

static int64_t sooner(int64_t a_ms, int64_t limit_ms)
{
	assert(a_ms > 0 && limit_ms >= 0);
	return limit_ms > 0 && limit_ms < a_ms ? limit_ms : a_ms;
}

static int64_t reply_ms(const struct wire_client *w)
{
	const struct smtp_client *c = engine_of(w);
	int64_t most = c ? smtp_client_timeout_ms(c) : QUIT_MS;
	if (c && smtp_client_awaiting(c) == SMTP_QUIT)
		most = sooner(most, QUIT_MS);
	return sooner(most, w->setup.command_ms);
}

static void set_deadline(struct wire_client *w)
{
	int64_t delay = reply_ms(w);
	assert(w->connected && delay > 0);
	if (w->setup.session_ms > 0) {
		int64_t left = w->began_ms + w->setup.session_ms - loop_now_ms(w->setup.loop);
		delay = left < delay ? (left > 0 ? left : 0) : delay;
	}
	stream_deadline(w->stream, delay);
}

/* ---- sending ---------------------------------------------------------------------- */

static void push(struct wire_client *w)
{
	struct smtp_client *c = engine_of(w);
	struct str out;
	assert(!w->ended && !w->doomed);
	while (c && stream_pending(w->stream) < WIRE_CLIENT_PENDING &&
	       (out = smtp_client_output(c)).n) {
		stream_write(w->stream, out);
		smtp_client_output_sent(c, out.n);
		w->said = true;
	}
}

static bool has_new_reply(struct wire_client *w)
{
	struct smtp_client *c = engine_of(w);
	unsigned replies = c ? smtp_client_replies(c) : 0;
	bool more = c != w->engine || replies != w->replies;
	w->engine = c;
	w->replies = replies;
	return more;
}

static bool may_speak(const struct wire_client *w)
{
	return w->connected && !w->ended && !w->doomed;
}

/* A source that fails does so while we send. */
static bool owes_event(struct wire_client *w)
{
	const struct smtp_client *c = engine_of(w);
	if (!c || w->broken_told || !smtp_client_is_broken(c))
		return false;
	w->broken_told = true;
	return true;
}

static void turn(struct wire_client *w)
{
	if (!may_speak(w))
		return;
	push(w);
	if (has_new_reply(w) || w->said)
		set_deadline(w);
	w->said = false;
}

/* Around every call of the talker, who may destroy the wire in it. */
static void enter(struct wire_client *w)
{
	assert(!w->in_call && !w->doomed);
	w->in_call = true;
}

static void leave(struct wire_client *w)
{
	assert(w->in_call);
	turn(w);
	if (may_speak(w) && owes_event(w))
		w->setup.talk->received(w->setup.arg, STR(""));
	w->in_call = false;
	if (w->doomed)
		free(w);
}

/* ---- the stream ------------------------------------------------------------------- */

static void on_connected(void *arg)
{
	struct wire_client *w = arg;
	assert(!w->connected && !w->ended);
	enter(w);
	w->connected = true;
	set_deadline(w);
	/* A PROXY header goes before TLS (proxy-protocol.txt, section 2). */
	if (w->setup.tls_at_once)
		wire_client_start_tls(w);
	if (w->setup.talk->connected)
		w->setup.talk->connected(w->setup.arg);
	leave(w);
}

static void on_secured(void *arg)
{
	struct wire_client *w = arg;
	enter(w);
	set_deadline(w);
	w->setup.talk->secured(w->setup.arg);
	leave(w);
}

static void on_received(void *arg, struct str bytes)
{
	struct wire_client *w = arg;
	assert(bytes.n > 0 && w->connected);
	enter(w);
	w->setup.talk->received(w->setup.arg, bytes);
	leave(w);
}

static void on_drained(void *arg)
{
	struct wire_client *w = arg;
	enter(w);
	set_deadline(w);
	leave(w);
}

static void on_ended(void *arg, enum stream_end why)
{
	struct wire_client *w = arg;
	/* Within a call of ours, the stream does not end. */
	assert(!w->ended && !w->doomed);
	enter(w);
	w->ended = true;
	w->setup.talk->ended(w->setup.arg, why);
	leave(w);
}

static const struct stream_events wire_events = {
	.connected = on_connected, .secured = on_secured, .received = on_received,
	.drained = on_drained, .ended = on_ended,
};

/* ---- for the talker --------------------------------------------------------------- */

void wire_client_flush(struct wire_client *w)
{
	if (w && w->in_call && may_speak(w)) {
		push(w);
	} else if (w && !w->in_call) {
		enter(w);
		leave(w);
	}
}

void wire_client_start_tls(struct wire_client *w)
{
	assert(may_speak(w) && w->setup.tls);
	push(w);
	stream_start_tls(w->stream, w->setup.tls, false, w->setup.server_name);
	set_deadline(w);
}

bool wire_client_local(const struct wire_client *w, struct endpoint *local)
{
	return w->stream && stream_local(w->stream, local);
}

struct wire_client *wire_client_create(const struct wire_client_setup *setup)
{
	struct wire_client *w = mem_zalloc(sizeof(*w));
	assert(setup->talk->engine && setup->talk->received && setup->talk->ended);
	assert(!setup->tls_at_once || setup->tls);
	assert(!setup->tls || setup->talk->secured);
	w->setup = *setup;
	w->began_ms = loop_now_ms(setup->loop);
	w->engine = engine_of(w);
	w->stream = setup->path
		? stream_connect_unix(setup->loop, setup->path, &wire_events, w)
		: setup->is_bound
		? stream_connect_bound(setup->loop, setup->bound, &setup->to, &wire_events, w)
		: stream_connect(setup->loop, &setup->to, setup->source, &wire_events, w);
	w->setup.source = NULL;          /* the caller's, and only for now */
	if (setup->connect_ms > 0)
		stream_deadline(w->stream, setup->connect_ms);
	return w;
}

void wire_client_destroy(struct wire_client *w)
{
	if (!w)
		return;
	stream_destroy(w->stream);
	w->stream = NULL;
	assert(!w->doomed);
	w->doomed = w->in_call;
	if (!w->in_call)
		free(w);
}
