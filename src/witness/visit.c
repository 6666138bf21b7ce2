/* SPDX-License-Identifier: ISC
 *
 * The steps of a visit, one command at a time: see visit.h.
 */
#include "witness/visit.h"

#include "base/mem.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct witness_visit {
	struct witness_visit_setup setup;
	struct smtp_client *engine;
	struct wire_client *wire;
	struct witness_seen seen;
	bool leaves;                     /* QUIT was said */
	bool told;
};

/* The last call: the visit may be gone after it. */
static void tell(struct witness_visit *v)
{
	if (v->told)
		return;
	v->told = true;
	v->setup.done(v->setup.arg, &v->seen);
}

static void ask(struct witness_visit *v, enum smtp_verb verb, const char *before, const char *word,
                const char *after)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s%s%s", before, word, after);
	assert(n > 0 && (size_t)n < sizeof(line));
	int e = smtp_client_command(v->engine, verb, 1, (struct str){ line, (size_t)n });
	assert(e == ERR_OK && "a word has no line end");
}

/* Whether there is more to say. */
static bool go_on(struct witness_visit *v, const struct smtp_client_event *ev)
{
	bool ok = smtp_reply_ok(&ev->reply);
	switch (ev->verb) {
	case SMTP_BANNER:
		v->seen.greeted = ok;
		if (ok)
			ask(v, SMTP_EHLO, "EHLO ", v->setup.word, "");
		return ok;
	case SMTP_EHLO:
		if (!ok && smtp_reply_unknown(&ev->reply)) {
			ask(v, SMTP_HELO, "HELO ", v->setup.word, "");
			return true;
		}
		/* fall through */
	case SMTP_HELO:
		if (ok)
			ask(v, SMTP_MAIL, "MAIL FROM:<>", "", "");
		return ok;
	case SMTP_MAIL:
		if (ok)
			ask(v, SMTP_RCPT, "RCPT TO:<", v->setup.word, "@>");
		return ok;
	case SMTP_RCPT:
		v->seen.said = true;
		return false;
	default:
		return false;
	}
}

static struct smtp_client *engine_of_visit(void *arg)
{
	struct witness_visit *v = arg;
	return v->engine;
}

static void visit_connected(void *arg)
{
	struct witness_visit *v = arg;
	struct endpoint local;
	if (!wire_client_local(v->wire, &local))
		return;
	v->seen.result = WITNESS_CONNECTED;
	v->seen.source = local.ip;
}

static void visit_secured(void *arg)
{
	(void)arg;
}

/* It is over when QUIT has its answer, or cannot be said. */
static void visit_received(void *arg, struct str bytes)
{
	struct witness_visit *v = arg;
	struct smtp_client_event ev;
	bool on = true;
	smtp_client_input(v->engine, bytes);
	while (on && smtp_client_next(v->engine, &ev)) {
		if (ev.type != SMTP_CLIENT_REPLY)
			on = false;
		else if (v->leaves)
			on = ev.verb != SMTP_QUIT;
		else if (ev.tag == SMTP_TAG_UNASKED || !go_on(v, &ev))
			on = v->leaves = smtp_client_leave(v->engine);
	}
	if (!on)
		tell(v);
}

static void visit_ended(void *arg, enum stream_end why)
{
	struct witness_visit *v = arg;
	if (v->seen.result != WITNESS_CONNECTED) {
		static const enum witness_result results[] = {
			[STREAM_CLOSED] = WITNESS_FAILED, [STREAM_RESET] = WITNESS_FAILED,
			[STREAM_REFUSED] = WITNESS_REFUSED,
			[STREAM_UNREACHABLE] = WITNESS_UNREACHABLE,
			[STREAM_TIMEOUT] = WITNESS_TIMEOUT,
			[STREAM_TLS_FAILED] = WITNESS_FAILED, [STREAM_NO_SOURCE] = WITNESS_FAILED,
		};
		v->seen.result = results[why];
	}
	tell(v);
}

static const struct wire_client_talk visit_talk = {
	.engine = engine_of_visit, .connected = visit_connected, .secured = visit_secured,
	.received = visit_received, .ended = visit_ended,
};

struct witness_visit *witness_visit_create(const struct witness_visit_setup *setup)
{
	struct witness_visit *v = mem_zalloc(sizeof(*v));
	v->setup = *setup;
	v->seen = (struct witness_seen){ .to = setup->to, .result = WITNESS_FAILED };
	v->engine = smtp_client_create(NULL);
	const struct wire_client_setup wire = {
		.loop = setup->loop, .to = setup->to, .tls = setup->tls,
		.tls_at_once = setup->tls && setup->to.port == WITNESS_TLS_PORT,
		.connect_ms = WITNESS_CONNECT_MS, .command_ms = WITNESS_COMMAND_MS,
		.session_ms = WITNESS_VISIT_MS, .talk = &visit_talk, .arg = v,
	};
	v->wire = wire_client_create(&wire);
	return v;
}

void witness_visit_destroy(struct witness_visit *v)
{
	if (!v)
		return;
	wire_client_destroy(v->wire);
	smtp_client_destroy(v->engine);
	free(v);
}
