/* SPDX-License-Identifier: ISC
 *
 * base/stream.h over the network of the world. TLS is left out: what starts it fails, or in a world
 * that has it is as if it were there.
 */
#include "base/stream.h"

#include "base/mem.h"
#include "net.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum phase { CONNECTING, OPEN, ENDED };

struct stream {
	const struct stream_events *events;
	void *arg;
	struct end *end;                 /* NULL: closed */
	enum phase phase;
	bool paused, in_callback, doomed;
	bool securing, secured;          /* TLS is about to be there, or as if it were */
	struct event deadline, handshake;
	enum stream_end late;            /* … ends it so */
	struct buf early;                /* written before it was connected */
};

static void release(struct stream *s)
{
	event_disarm(&s->deadline);
	event_disarm(&s->handshake);
	buf_fini(&s->early);
	free(s);
}

static bool leave(struct stream *s, bool nested)
{
	if (nested)
		return s->doomed;
	s->in_callback = false;
	if (!s->doomed)
		return false;
	release(s);
	return true;
}

static void end(struct stream *s, enum stream_end why)
{
	if (s->phase == ENDED)
		return;
	s->phase = ENDED;
	event_disarm(&s->deadline);
	event_disarm(&s->handshake);
	bool nested = s->in_callback;
	s->in_callback = true;
	s->events->ended(s->arg, why);
	leave(s, nested);
}

static void handshake_done(void *arg)
{
	struct stream *s = arg;
	s->securing = false;
	s->secured = true;
	s->in_callback = true;
	s->events->secured(s->arg);
	if (!leave(s, false) && s->end)
		event_arm(&s->end->wake, 0);
}

static void deadline_passed(void *arg)
{
	struct stream *s = arg;
	end(s, s->late);
}

static struct stream *create(const struct stream_events *events, void *arg)
{
	struct stream *s = mem_zalloc(sizeof(*s));
	*s = (struct stream){ .events = events, .arg = arg, .late = STREAM_TIMEOUT };
	event_init(&s->deadline, process_now(), deadline_passed, s);
	event_init(&s->handshake, process_now(), handshake_done, s);
	return s;
}

struct stream *stream_connect(struct loop *loop, const struct endpoint *to,
                              const struct endpoint *source,
                              const struct stream_events *events, void *arg)
{
	struct endpoint from = { .ip = process_now()->ip };
	struct stream *s = create(events, arg);
	(void)loop;
	seam("connect");
	if (source && source->ip.family)
		from.ip = source->ip;
	if (source)
		from.port = source->port;
	law_connects(process_now(), to);
	s->end = net_connect(&from, to, s);
	return s;
}

struct stream *stream_adopt(struct loop *loop, int fd,
                            const struct stream_events *events, void *arg)
{
	struct stream *s = create(events, arg);
	(void)loop;
	s->phase = OPEN;
	s->end = net_adopt(fd, s);
	return s;
}

void stream_destroy(struct stream *s)
{
	if (!s)
		return;
	s->phase = ENDED;
	event_disarm(&s->deadline);
	event_disarm(&s->handshake);
	if (s->end)
		net_close(s->end);
	s->end = NULL;
	if (s->in_callback)
		s->doomed = true;
	else
		release(s);
}

/* ---- what comes --------------------------------------------------------------------- */

static void become_connected(struct stream *s)
{
	s->phase = OPEN;
	s->events->connected(s->arg);
	if (s->doomed || s->phase != OPEN)
		return;
	stream_write(s, buf_str(&s->early));
	buf_clear(&s->early);
}

static void hand_over(struct stream *s)
{
	struct buf bytes = s->end->inbox;
	s->end->inbox = (struct buf){ 0 };
	s->events->received(s->arg, buf_str(&bytes));
	buf_fini(&bytes);
}

void stream_woken(void *arg)
{
	struct end *e = arg;
	struct stream *s = e->stream;
	s->in_callback = true;
	if (s->phase == CONNECTING && e->connected)
		become_connected(s);
	if (!s->doomed && s->phase == OPEN && !s->paused && !s->securing && e->inbox.n)
		hand_over(s);
	bool over = !s->doomed && s->phase != ENDED && e->over && !s->securing &&
	            !(s->paused && e->inbox.n);
	if (!leave(s, false) && over)
		end(s, e->why);
}

/* ---- what goes ----------------------------------------------------------------------- */

void stream_write(struct stream *s, struct str bytes)
{
	if (s->phase == ENDED || bytes.n == 0)
		return;
	if (s->phase == CONNECTING) {
		buf_add_str(&s->early, bytes);
		return;
	}
	law_sends(process_now(), &s->end->link->at[1], bytes);
	net_send(s->end, bytes);
	seam("write");
}

size_t stream_pending(const struct stream *s)
{
	return s->early.n;
}

void stream_finish(struct stream *s)
{
	if (s->end)
		net_finish(s->end);
}

void stream_write_last(struct stream *s, struct str bytes)
{
	stream_write(s, bytes);
}

void stream_leave(struct stream *s)
{
	stream_finish(s);
}

void stream_pause(struct stream *s, bool paused)
{
	s->paused = paused;
	if (!paused && s->end && (s->end->inbox.n || s->end->over))
		event_arm(&s->end->wake, 0);
}

void stream_start_tls(struct stream *s, SSL_CTX *ctx, bool as_server, const char *server_name)
{
	(void)ctx, (void)as_server, (void)server_name;
	if (world.tls && s->phase == OPEN) {
		s->securing = true;
		event_arm(&s->handshake, 0);
		return;
	}
	s->late = STREAM_TLS_FAILED;
	event_arm(&s->deadline, 0);
}

/* A connection of which nothing can be told. */
SSL *stream_tls(const struct stream *s)
{
	static SSL *any;
	if (!any)
		any = SSL_new(SSL_CTX_new(TLS_method()));
	return s->secured ? any : NULL;
}

void stream_deadline(struct stream *s, int64_t delay_ms)
{
	if (s->late != STREAM_TIMEOUT || s->phase == ENDED)
		return;
	if (delay_ms < 0)
		event_disarm(&s->deadline);
	else
		event_arm(&s->deadline, delay_ms);
}

bool stream_local(const struct stream *s, struct endpoint *local)
{
	if (!s->end)
		return false;
	*local = s->end->link->at[s->end == &s->end->link->end[1]];
	return true;
}

/* ---- sockets ----------------------------------------------------------------------------- */

int stream_listen(const struct endpoint *at)
{
	return net_listen(at);
}

int stream_bind_udp(const struct endpoint *at)
{
	(void)at;
	return -1;
}

int stream_accept(int listen_fd, struct endpoint *peer)
{
	int fd = net_accept(listen_fd, peer);
	if (fd >= 0)
		seam("accept");
	return fd;
}

/* There is no proxy in the world, and no AF_UNIX. */
struct stream *stream_connect_unix(struct loop *loop, const char *path,
                                   const struct stream_events *events, void *arg)
{
	struct stream *s = create(events, arg);
	(void)loop, (void)path;
	s->late = STREAM_UNREACHABLE;
	event_arm(&s->deadline, 0);
	return s;
}

/* No room, either. */
struct stream *stream_connect_bound(struct loop *loop, int fd, const struct endpoint *to,
                                    const struct stream_events *events, void *arg)
{
	(void)fd, (void)to;
	return stream_connect_unix(loop, NULL, events, arg);
}

int stream_listen_unix(const char *path, mode_t mode)
{
	(void)path, (void)mode;
	return ERR_UNSUPPORTED;
}

bool stream_peer_uid(int fd, unsigned *uid)
{
	(void)fd, (void)uid;
	return false;
}

ssize_t stream_peek(int fd, void *dst, size_t size)
{
	(void)fd, (void)dst, (void)size;
	return ERR_IO;
}

int stream_discard(int fd, size_t n)
{
	(void)fd, (void)n;
	return ERR_IO;
}

void stream_turn_away(int fd, struct str text)
{
	net_turn_away(fd, text);
}
