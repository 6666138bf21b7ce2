/* SPDX-License-Identifier: ISC
 *
 * Sessions of the control socket, a few at a time. While an answer is not with the kernel no byte
 * is read, so that what a client does not read costs one answer; and it has half a minute for it.
 */
#include "gateway/control.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { SESSIONS = 16, IDLE_MS = 60000, READ_MS = 30000 };

struct session {
	struct gateway_control *control;
	struct wire_session *place;
	struct stream *stream;
	struct session *next, **at;
	struct buf line;
};

struct gateway_control {
	struct gateway_control_setup setup;
	struct wire_listener *listener;
	struct session *sessions;
};

static void session_end(struct session *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	stream_destroy(s->stream);
	wire_listener_ended(s->control->listener, s->place);
	buf_fini(&s->line);
	free(s);
}

static void answer_one(struct session *s, size_t end)
{
	struct buf answer = { 0 };
	gateway_control_answer(&s->control->setup, (struct str){ s->line.p, end }, &answer);
	buf_consume(&s->line, end + 1);
	wire_listener_active(s->control->listener, s->place, false);
	stream_write(s->stream, buf_str(&answer));
	buf_fini(&answer);
}

/* What has come, until an answer has to wait for its reader. */
static void answer(struct session *s)
{
	size_t end;
	while (stream_pending(s->stream) == 0 &&
	       (end = str_find(buf_str(&s->line), '\n')) != SIZE_MAX)
		answer_one(s, end);
	const bool waits = stream_pending(s->stream) > 0;
	stream_pause(s->stream, waits);
	stream_deadline(s->stream, waits ? READ_MS : IDLE_MS);
	if (!waits && s->line.n > GATEWAY_CONTROL_LINE_MAX)
		session_end(s);
}

static void on_received(void *arg, struct str bytes)
{
	struct session *s = arg;
	buf_add_str(&s->line, bytes);
	answer(s);
}

static void on_drained(void *arg)
{
	answer(arg);
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	session_end(arg);
}

static bool may(int fd)
{
	unsigned uid = UINT_MAX;
	if (stream_peer_uid(fd, &uid) && (uid == 0 || uid == geteuid()))
		return true;
	LOG(LOG_WARN, "control-refused", LOG_I("uid", uid));
	stream_turn_away(fd, STR("{\"error\":\"only root and the roles' user may ask\"}\n"));
	return false;
}

static void *on_opened(void *arg, struct wire_session *place, int fd, const struct endpoint *peer)
{
	static const struct stream_events events = {
		.received = on_received, .drained = on_drained, .ended = on_ended };
	struct gateway_control *c = arg;
	(void)peer;
	if (!may(fd))
		return NULL;
	struct session *s = mem_zalloc(sizeof(*s));
	*s = (struct session){ .control = c, .place = place, .next = c->sessions,
	                       .at = &c->sessions };
	if (s->next)
		s->next->at = &s->next;
	c->sessions = s;
	s->stream = stream_adopt(c->setup.loop, fd, &events, s);
	stream_deadline(s->stream, IDLE_MS);
	return s;
}

static void on_unwanted(void *owner)
{
	session_end(owner);
}

struct gateway_control *gateway_control_create(const struct gateway_control_setup *setup)
{
	struct gateway_control *c = mem_zalloc(sizeof(*c));
	const struct wire_listener_setup listening = {
		.loop = setup->loop, .name = "control", .opened = on_opened,
		.unwanted = on_unwanted, .arg = c,
		.limits = { .sessions = SESSIONS, .per_host = SESSIONS, .per_second = 1000,
		            .idle_ms = IDLE_MS } };
	c->setup = *setup;
	c->listener = wire_listener_create(&listening);
	wire_listener_add(c->listener, setup->fd);
	return c;
}

void gateway_control_destroy(struct gateway_control *c)
{
	if (!c)
		return;
	while (c->sessions)
		session_end(c->sessions);
	wire_listener_remove(c->listener, c->setup.fd);
	wire_listener_destroy(c->listener);
	free(c);
}
