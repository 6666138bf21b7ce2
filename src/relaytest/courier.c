/* SPDX-License-Identifier: ISC
 *
 * A mailing's socket: connected, timed, and closed whatever the other end does.
 */
#include "relaytest/courier.h"

#include "base/mem.h"

#include <stdlib.h>

enum { QUIT_MS = 5000 };

struct courier {
	struct courier_setup setup;
	struct mailing *mailing;
	struct stream *stream;
	int64_t began_ms;
	bool told;
};

/* From what we said, so that a server that drips bytes gains nothing. */
static void set_deadline(struct courier *c, bool decided)
{
	int64_t left = c->began_ms + c->setup.session_ms - loop_now_ms(c->setup.loop);
	int64_t delay = decided && c->setup.command_ms > QUIT_MS ? QUIT_MS : c->setup.command_ms;
	stream_deadline(c->stream, left < delay ? (left > 0 ? left : 0) : delay);
}

static const char *end_text(enum stream_end why)
{
	switch (why) {
	case STREAM_CLOSED: return "it hung up";
	case STREAM_RESET: return "connection reset";
	case STREAM_REFUSED: return "connection refused";
	case STREAM_UNREACHABLE: return "unreachable";
	case STREAM_TIMEOUT: return "no answer in time";
	case STREAM_TLS_FAILED: return "TLS failed";
	case STREAM_NO_SOURCE: return "the source address is not to be had";
	}
	return "";
}

static void over(struct courier *c, const char *why, bool tls_failed)
{
	struct mailing_result result;
	if (c->told)
		return;
	c->told = true;
	mailing_result(c->mailing, &result);
	if (!result.decided)
		result.why = why;
	c->setup.over(c->setup.arg, &result, tls_failed);
}

static void flush(struct courier *c)
{
	struct mailing_result result;
	struct str out = mailing_output(c->mailing);
	if (out.n == 0)
		return;
	stream_write(c->stream, out);
	mailing_output_sent(c->mailing, out.n);
	mailing_result(c->mailing, &result);
	set_deadline(c, result.decided);
}

static void on_connected(void *arg)
{
	struct courier *c = arg;
	set_deadline(c, false);
	if (c->setup.tls_at_once)
		stream_start_tls(c->stream, c->setup.tls, false, NULL);
}

static void on_secured(void *arg)
{
	struct courier *c = arg;
	if (c->setup.tls_at_once) {
		set_deadline(c, false);
		return;
	}
	mailing_secured(c->mailing);
	flush(c);
}

static void on_received(void *arg, struct str bytes)
{
	struct courier *c = arg;
	enum mailing_step step = mailing_received(c->mailing, bytes);
	flush(c);
	if (step == MAILING_START_TLS)
		stream_start_tls(c->stream, c->setup.tls, false, NULL);
	else if (step == MAILING_OVER)
		over(c, "", false);
}

static void on_ended(void *arg, enum stream_end why)
{
	over(arg, end_text(why), why == STREAM_TLS_FAILED);
}

static const struct stream_events courier_events = {
	.connected = on_connected, .secured = on_secured, .received = on_received,
	.ended = on_ended,
};

struct courier *courier_create(const struct courier_setup *setup)
{
	struct courier *c = mem_zalloc(sizeof(*c));
	struct endpoint source = { .ip = setup->source };
	c->setup = *setup;
	c->mailing = mailing_create(&setup->mailing);
	c->began_ms = loop_now_ms(setup->loop);
	c->stream = stream_connect(setup->loop, &setup->to, source.ip.family ? &source : NULL,
	                           &courier_events, c);
	stream_deadline(c->stream, setup->connect_ms);
	return c;
}

void courier_destroy(struct courier *c)
{
	if (!c)
		return;
	stream_destroy(c->stream);
	mailing_destroy(c->mailing);
	free(c);
}
