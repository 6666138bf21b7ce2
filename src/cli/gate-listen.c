/* SPDX-License-Identifier: ISC
 *
 * A mail server that only listens for one word: see gate-listen.h.
 */
#include "cli/gate-listen.h"

#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"
#include "wire/smtp-server.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	SOCKETS_MAX = 16, SESSIONS = 50, PER_HOST = 10, PER_SECOND = 10, IDLE_MS = 20000,
	SESSION_MS = 60000,
};

struct caller {
	struct gate_listen *gate;
	struct wire_session *place;
	struct wire_server *wire;
	struct endpoint peer;
	struct caller *prev, *next;
};

struct gate_listen {
	struct loop *loop;
	const char *hostname, *word;
	struct wire_listener *listener;
	int fds[SOCKETS_MAX];
	size_t fd_n;
	struct caller *callers;
	struct gate_heard heard[GATE_HEARD_MAX];
	size_t heard_n;
};

static void caller_free(struct caller *c)
{
	wire_server_destroy(c->wire);
	wire_listener_ended(c->gate->listener, c->place);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->gate->callers = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c);
}

static void hear(struct gate_listen *g, const struct witness_said *said, const struct ip *as)
{
	for (size_t i = 0; i < g->heard_n; i++) {
		const struct gate_heard *h = &g->heard[i];
		if (h->said.family == said->family && h->said.port == said->port &&
		    ip_eq(&h->as, as))
			return;
	}
	if (g->heard_n < GATE_HEARD_MAX)
		g->heard[g->heard_n++] = (struct gate_heard){ *said, *as };
}

/* Whether the word is in it. */
static bool heard_word(struct caller *c, struct str text)
{
	struct witness_said said;
	size_t at = 0;
	while (witness_said_find(text, &at, &said)) {
		if (strcmp(said.word, c->gate->word) != 0)
			continue;
		hear(c->gate, &said, &c->peer.ip);
		return true;
	}
	return false;
}

static void caller_event(void *arg, const struct smtp_server_event *ev)
{
	struct caller *c = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		wire_server_reply(c->wire, 220, NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		if (heard_word(c, ev->text))
			wire_server_reply(c->wire, 250, NULL, NULL);
		else
			wire_server_reply(c->wire, 421, "4.3.2", "Not in service yet");
		break;
	case SMTP_SERVER_MAIL:
		wire_server_reply(c->wire, 250, "2.1.0", "So be it");
		break;
	case SMTP_SERVER_UNKNOWN: case SMTP_SERVER_XCLIENT: case SMTP_SERVER_AUTH:
	case SMTP_SERVER_SASL:
		wire_server_reply(c->wire, 500, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_RCPT: case SMTP_SERVER_DATA: case SMTP_SERVER_MESSAGE:
		wire_server_reply(c->wire, 550, "5.7.1", "Nothing is taken here yet");
		break;
	case SMTP_SERVER_TEXT: case SMTP_SERVER_ABORT: case SMTP_SERVER_STARTTLS:
	case SMTP_SERVER_SASL_END: case SMTP_SERVER_CLOSE:
		break;
	}
}

static void caller_ended(void *arg, enum stream_end why)
{
	(void)why;
	caller_free(arg);
}

static const struct wire_server_hooks caller_hooks = {
	.event = caller_event, .ended = caller_ended,
};

static void *caller_opened(void *arg, struct wire_session *place, int fd,
                           const struct endpoint *peer)
{
	struct gate_listen *g = arg;
	const struct smtp_server_options options = {
		.hostname = g->hostname, .greeting = "ESMTP not in service yet",
		.limits = { .errors = 5, .commands = 20, .transactions = 2 },
	};
	struct caller *c = mem_zalloc(sizeof(*c));
	const struct wire_server_setup setup = {
		.loop = g->loop, .fd = fd, .options = &options, .session_ms = SESSION_MS,
		.hooks = &caller_hooks, .arg = c,
	};
	*c = (struct caller){ .gate = g, .place = place, .peer = *peer, .next = g->callers };
	if (g->callers)
		g->callers->prev = c;
	g->callers = c;
	c->wire = wire_server_create(&setup);
	wire_server_begin(c->wire);
	return c;
}

static void caller_unwanted(void *owner)
{
	caller_free(owner);
}

/* ---- create and destroy ------------------------------------------------------------ */

static int bind_at(struct gate_listen *g, uint8_t family, uint16_t port, struct buf *message)
{
	struct endpoint at = { .ip = { .family = family }, .port = port };
	char text[ENDPOINT_TEXT_MAX];
	int fd = stream_listen(&at);
	/* A kernel without IPv6 lets nobody come by it. */
	if (family == 6 && fd == ERR_IO)
		return ERR_OK;
	if (fd < 0) {
		buf_printf(message, "%s: %s", endpoint_format(&at, text),
		           fd == ERR_EXISTS ? "something serves there already" : err_text(fd));
		return fd;
	}
	g->fds[g->fd_n++] = fd;
	wire_listener_add(g->listener, fd);
	return ERR_OK;
}

int gate_listen_create(struct loop *loop, const uint16_t *ports, size_t n, const char *hostname,
                       const char *word, struct gate_listen **out, struct buf *message)
{
	struct gate_listen *g = mem_zalloc(sizeof(*g));
	const struct wire_listener_setup setup = {
		.loop = loop, .name = "gate",
		.limits = { .sessions = SESSIONS, .per_host = PER_HOST, .per_second = PER_SECOND,
		            .idle_ms = IDLE_MS },
		.refusal = STR("421 4.3.2 Not in service yet\r\n"),
		.opened = caller_opened, .unwanted = caller_unwanted, .arg = g,
	};
	int e = 2 * n <= SOCKETS_MAX ? ERR_OK : ERR_LIMIT;
	*g = (struct gate_listen){ .loop = loop, .hostname = hostname, .word = word };
	g->listener = wire_listener_create(&setup);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		e = bind_at(g, 4, ports[i], message);
		if (e == ERR_OK)
			e = bind_at(g, 6, ports[i], message);
	}
	if (e != ERR_OK) {
		gate_listen_destroy(g);
		return e;
	}
	*out = g;
	return ERR_OK;
}

const struct gate_heard *gate_listen_heard(const struct gate_listen *g, size_t *n)
{
	*n = g->heard_n;
	return g->heard;
}

void gate_listen_destroy(struct gate_listen *g)
{
	if (!g)
		return;
	while (g->callers)
		caller_free(g->callers);
	for (size_t i = 0; i < g->fd_n; i++)
		wire_listener_remove(g->listener, g->fds[i]);
	wire_listener_destroy(g->listener);
	for (size_t i = 0; i < g->fd_n; i++)
		close(g->fds[i]);
	free(g);
}
