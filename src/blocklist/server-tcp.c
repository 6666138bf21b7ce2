/* SPDX-License-Identifier: ISC
 *
 * DNS by TCP: connections within limits, each answered as its queries come.
 */
#include "blocklist/server-private.h"

#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CONNECTIONS_PER_SECOND = 200,    /* of one host: many queries come alone in theirs */
	BACKLOG_MAX = 64 * 1024,         /* answers a peer has not read: then we stop reading */
};

struct connection {
	struct connection *next, **link;
	struct server_tcp *tcp;
	struct wire_session *session;
	struct stream *stream;
	struct buf in;
};

struct server_tcp {
	struct blocklist_server *server;
	struct wire_listener *listener;
	struct connection *connections;
};

static void connection_destroy(struct connection *c)
{
	assert(*c->link == c);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	stream_destroy(c->stream);
	wire_listener_ended(c->tcp->listener, c->session);
	buf_fini(&c->in);
	free(c);
}

static void pace(struct connection *c)
{
	stream_pause(c->stream, stream_pending(c->stream) > BACKLOG_MAX);
}

/* False when the connection is to end: what came was no query. */
static bool answer_one(struct connection *c, const struct blocklist_state *state,
                       struct str query)
{
	uint8_t message[2 + BLOCKLIST_ANSWER_MAX];
	struct blocklist_answers answers;
	size_t n, messages = 0;
	blocklist_answers_begin(&answers, state, query, BLOCKLIST_TCP, NULL);
	while ((n = blocklist_answers_next(&answers, message + 2)) > 0) {
		assert(n <= BLOCKLIST_ANSWER_MAX);
		message[0] = (uint8_t)(n >> 8);
		message[1] = (uint8_t)n;
		stream_write(c->stream, (struct str){ (const char *)message, n + 2 });
		messages++;
	}
	assert(answers.outcome < BLOCKLIST_OUTCOMES);
	c->tcp->server->counters.outcomes[answers.outcome]++;
	c->tcp->server->counters.tcp_queries++;
	return messages > 0;
}

/* Answers each whole query of what came; *used bytes of it were. False as answer_one(). */
static bool answer_whole(struct connection *c, size_t *used)
{
	struct blocklist_state state = server_state(c->tcp->server);
	size_t at = 0;
	while (c->in.n - at >= 2) {
		const uint8_t *p = (const uint8_t *)c->in.p + at;
		size_t length = (size_t)p[0] << 8 | p[1];
		if (length > SERVER_QUERY_MAX)
			return false;
		if (c->in.n - at - 2 < length)
			break;
		if (!answer_one(c, &state, (struct str){ (const char *)p + 2, length }))
			return false;
		at += 2 + length;
	}
	assert(at <= c->in.n);
	*used = at;
	return true;
}

static void tcp_received(void *arg, struct str bytes)
{
	struct connection *c = arg;
	size_t used;
	buf_add_str(&c->in, bytes);
	if (!answer_whole(c, &used)) {
		connection_destroy(c);
		return;
	}
	/* Only a whole query buys more time. */
	if (used > 0) {
		stream_deadline(c->stream, c->tcp->server->limits.tcp_timeout_ms);
		wire_listener_active(c->tcp->listener, c->session, false);
	}
	buf_consume(&c->in, used);
	assert(c->in.n < 2 + SERVER_QUERY_MAX);
	pace(c);
}

static void tcp_drained(void *arg)
{
	pace(arg);
}

static void tcp_ended(void *arg, enum stream_end why)
{
	(void)why;
	connection_destroy(arg);
}

static const struct stream_events tcp_events = {
	.received = tcp_received, .drained = tcp_drained, .ended = tcp_ended,
};

static void *connection_create(void *arg, struct wire_session *session, int fd,
                               const struct endpoint *peer)
{
	struct server_tcp *t = arg;
	struct connection *c = mem_zalloc(sizeof(*c));
	(void)peer;
	*c = (struct connection){ .tcp = t, .session = session, .next = t->connections,
	                          .link = &t->connections };
	if (c->next)
		c->next->link = &c->next;
	t->connections = c;
	c->stream = stream_adopt(t->server->loop, fd, &tcp_events, c);
	stream_deadline(c->stream, t->server->limits.tcp_timeout_ms);
	return c;
}

static void connection_unwanted(void *owner)
{
	connection_destroy(owner);
}

static struct wire_limits_config tcp_limits(const struct blocklist_limits *limits)
{
	return (struct wire_limits_config){
		.sessions = limits->tcp_sessions, .per_host = limits->tcp_sessions_per_host,
		.per_second = CONNECTIONS_PER_SECOND, .idle_ms = limits->tcp_timeout_ms,
	};
}

struct server_tcp *server_tcp_create(struct blocklist_server *s)
{
	struct server_tcp *t = mem_zalloc(sizeof(*t));
	struct wire_listener_setup setup = {
		.loop = s->loop, .name = "dnsbl", .limits = tcp_limits(&s->limits),
		.opened = connection_create, .unwanted = connection_unwanted, .arg = t,
		.counters = &s->counters.tcp,
	};
	t->server = s;
	t->listener = wire_listener_create(&setup);
	return t;
}

void server_tcp_destroy(struct server_tcp *t)
{
	while (t->connections)
		connection_destroy(t->connections);
	assert(wire_listener_sessions(t->listener) == 0);
	wire_listener_destroy(t->listener);
	free(t);
}

void server_tcp_add(struct server_tcp *t, int fd)
{
	assert(fd >= 0);
	wire_listener_add(t->listener, fd);
}

void server_tcp_limit(struct server_tcp *t)
{
	struct wire_limits_config limits = tcp_limits(&t->server->limits);
	assert(limits.sessions >= 1);
	wire_listener_limits(t->listener, &limits);
}
