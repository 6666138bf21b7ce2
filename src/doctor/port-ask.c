/* SPDX-License-Identifier: ISC
 *
 * The calls to port 25: the collector by a courier without a message, others by their greeting
 * and QUIT.
 *
 * Hostile input: any bytes of the hosts that are called, in pieces of any size. One greeting is
 * read of them, with a limit; nothing is said before its end: who talks earlier is taken for a
 * spammer.
 */
#include "doctor/port.h"

#include "base/mem.h"
#include "relaytest/courier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, SESSION_MS = 8000, PATH_BYTES = 320, GREETING_MAX = 2048 };

struct call {
	struct doctor_call *result;
	struct stream *stream;               /* NULL when it is over */
	char heard[GREETING_MAX];
	size_t n;
};

struct doctor_port {
	struct courier *courier;             /* NULL when it is over */
	struct doctor_collector *collector;
	char paths[DOCTOR_DOMAINS][PATH_BYTES];
	const char *recipients[DOCTOR_DOMAINS];
	struct call calls[DOCTOR_CALLS_MAX];
	size_t n;
};

/* ---- the collector ------------------------------------------------------------------- */

/* A domain that nobody has: a server that takes mail for it relays, or takes all. */
#define STRANGER "<postmaster@relay-check.invalid>"

static void collector_over(void *arg, const struct mailing_result *result, bool tls_failed)
{
	struct doctor_port *p = arg;
	(void)tls_failed;
	p->collector->told = true;
	p->collector->taken = result->taken;
	str_copy(p->collector->why, sizeof(p->collector->why), str_of(result->why));
	courier_destroy(p->courier);
	p->courier = NULL;
}

static void ask_collector(struct doctor_port *p, struct loop *loop,
                          const struct doctor_plan *plan)
{
	const struct settings *s = plan->settings;
	*p->collector = (struct doctor_collector){
		.ours = settings_has_role(s, "collector"), .checked = s->tester.collector_check };
	if (plan->domain_count == 0 || s->tester.collector.n == 0)
		return;
	for (size_t i = 0; i < DOCTOR_DOMAINS; i++) {
		snprintf(p->paths[i], PATH_BYTES, "<postmaster@%s>", plan->domains[i]);
		p->recipients[i] = p->paths[i];
	}
	p->collector->asked = true;
	p->collector->at = s->tester.collector.v[0];
	const struct courier_setup setup = {
		.loop = loop, .to = p->collector->at, .connect_ms = CONNECT_MS,
		.command_ms = CONNECT_MS, .session_ms = SESSION_MS, .over = collector_over,
		.arg = p,
		.mailing = { .helo = plan->helo, .from = "<>", .recipients = p->recipients,
		             .n = DOCTOR_DOMAINS, .stranger = STRANGER },
	};
	p->courier = courier_create(&setup);
}

/* ---- others ---------------------------------------------------------------------------- */

static void call_over(struct call *c)
{
	stream_destroy(c->stream);
	c->stream = NULL;
}

static void call_connected(void *arg)
{
	struct call *c = arg;
	stream_deadline(c->stream, CONNECT_MS);
}

/* Whether it has its last line, "220 ok": those before it are "220-...". */
static bool greeting_ended(struct str rest)
{
	size_t end;
	while ((end = str_find(rest, '\n')) != SIZE_MAX) {
		if (end < 4 || rest.p[3] != '-')
			return true;
		rest = str_from(rest, end + 1);
	}
	return false;
}

/* The first line; or what there is of it. */
static void keep_greeting(struct call *c)
{
	struct str all = { c->heard, c->n };
	struct buf shown = { 0 };
	size_t end = str_find(all, '\n');
	if (end != SIZE_MAX)
		all.n = end;
	buf_add_escaped(&shown, str_trim(all));
	str_copy(c->result->said, sizeof(c->result->said), buf_str(&shown));
	buf_fini(&shown);
	c->result->greeted = true;
}

static void call_received(void *arg, struct str bytes)
{
	struct call *c = arg;
	size_t room = sizeof(c->heard) - c->n, n = bytes.n < room ? bytes.n : room;
	if (c->result->greeted)
		return;
	memcpy(c->heard + c->n, bytes.p, n);
	c->n += n;
	assert(c->n <= sizeof(c->heard));
	if (greeting_ended((struct str){ c->heard, c->n })) {
		keep_greeting(c);
		stream_write(c->stream, STR("QUIT\r\n"));
		stream_finish(c->stream);
		stream_deadline(c->stream, CONNECT_MS / 2);
	} else if (c->n == sizeof(c->heard)) {
		keep_greeting(c);
		call_over(c);
	}
}

/* A greeting that had begun is an answer, too. */
static void call_ended(void *arg, enum stream_end why)
{
	struct call *c = arg;
	if (!c->result->greeted && c->n > 0)
		keep_greeting(c);
	c->result->end = why;
	call_over(c);
}

static const struct stream_events call_events = {
	.connected = call_connected, .received = call_received, .ended = call_ended };

static void start_call(struct doctor_port *p, struct loop *loop, struct doctor_call *result)
{
	struct call *c = &p->calls[p->n++];
	const struct endpoint source = { .ip = result->source };
	*c = (struct call){ .result = result };
	result->end = STREAM_TIMEOUT;
	c->stream = stream_connect(loop, &result->to, result->source.family ? &source : NULL,
	                           &call_events, c);
	stream_deadline(c->stream, CONNECT_MS);
}

struct doctor_port *doctor_port_create(struct loop *loop, const struct doctor_plan *plan,
                                       struct doctor_collector *collector,
                                       struct doctor_call *calls, size_t n)
{
	struct doctor_port *p = mem_zalloc(sizeof(*p));
	assert(n <= DOCTOR_CALLS_MAX);
	p->collector = collector;
	ask_collector(p, loop, plan);
	for (size_t i = 0; i < n; i++)
		start_call(p, loop, &calls[i]);
	return p;
}

void doctor_port_destroy(struct doctor_port *p)
{
	if (!p)
		return;
	courier_destroy(p->courier);
	for (size_t i = 0; i < p->n; i++)
		call_over(&p->calls[i]);
	free(p);
}

size_t doctor_port_pending(const struct doctor_port *p)
{
	size_t n = p->courier != NULL;
	for (size_t i = 0; i < p->n; i++)
		n += p->calls[i].stream != NULL;
	return n;
}
