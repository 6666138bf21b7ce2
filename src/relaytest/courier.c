/* SPDX-License-Identifier: ISC
 *
 * The talker between a mailing and its wire; how it went is told once.
 */
#include "relaytest/courier.h"

#include "base/mem.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <stdlib.h>

struct courier {
	struct courier_setup setup;
	struct mailing *mailing;
	struct wire_client *wire;
	bool told;
};

static const char *end_text(enum stream_end why)
{
	switch (why) {
	case STREAM_CLOSED: return "it hung up";
	case STREAM_RESET: return "connection reset";
	case STREAM_REFUSED: return "connection refused";
	case STREAM_UNREACHABLE: return "no route to it";
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

static struct smtp_client *courier_engine(void *arg)
{
	struct courier *c = arg;
	return mailing_client(c->mailing);
}

static void on_secured(void *arg)
{
	struct courier *c = arg;
	if (!c->setup.tls_at_once)
		mailing_secured(c->mailing);
}

static void on_received(void *arg, struct str bytes)
{
	struct courier *c = arg;
	enum mailing_step step = mailing_received(c->mailing, bytes);
	if (step == MAILING_START_TLS) {
		wire_client_start_tls(c->wire);
	} else if (step == MAILING_OVER) {
		wire_client_flush(c->wire);
		over(c, "", false);
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	over(arg, end_text(why), why == STREAM_TLS_FAILED);
}

static const struct wire_client_talk courier_talks = {
	.engine = courier_engine, .secured = on_secured, .received = on_received,
	.ended = on_ended,
};

struct courier *courier_create(const struct courier_setup *setup)
{
	struct courier *c = mem_zalloc(sizeof(*c));
	struct endpoint source = { .ip = setup->source };
	c->setup = *setup;
	c->mailing = mailing_create(&setup->mailing);
	struct wire_client_setup wire = {
		.loop = setup->loop, .to = setup->to, .source = source.ip.family ? &source : NULL,
		.tls = setup->tls, .tls_at_once = setup->tls_at_once,
		.connect_ms = setup->connect_ms, .command_ms = setup->command_ms,
		.session_ms = setup->session_ms, .talk = &courier_talks, .arg = c,
	};
	c->wire = wire_client_create(&wire);
	return c;
}

void courier_destroy(struct courier *c)
{
	if (!c)
		return;
	/* Given up before its end: the server is told, where it can be. */
	if (smtp_client_leave(mailing_client(c->mailing)))
		wire_client_flush(c->wire);
	wire_client_destroy(c->wire);
	mailing_destroy(c->mailing);
	free(c);
}
