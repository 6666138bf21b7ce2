/* SPDX-License-Identifier: ISC
 *
 * The sockets of TCP and AF_UNIX: connecting, listening, accepting, and the bytes of a stream with
 * TLS or without. No other file makes a socket.
 */
#include "base/stream.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 16384, READS_PER_TURN = 4, LISTEN_BACKLOG = 512 };

/* CLEARING: TLS begins as soon as what was said before is out. */
enum phase { CONNECTING, OPEN, CLEARING, HANDSHAKE, ENDED };

struct stream {
	struct loop *loop;
	const struct stream_events *events;
	void *arg;
	int fd;
	enum phase phase;
	bool paused, silent, finishing, leaving, ends_soon;    /* silent: the peer */
	bool end_follows;              /* what is being written */
	enum stream_end early;
	bool in_callback, doomed;      /* destroyed from its own callback */
	bool tls_wants_write;
	struct loop_watch *watch;
	struct loop_timer *deadline;
	struct buf out;
	size_t clear;                  /* of out, at its start: CLEARING, what goes out in clear */
	SSL *ssl;
};

/* The owner may destroy the stream from any callback: `enter` and `leave` keep
 * it alive until the callback is done. `leave` is true if it is gone. */
static void enter(struct stream *s)
{
	s->in_callback = true;
}

/* At once, so that the owner's next connection cannot overlap with this one. */
static void close_socket(struct stream *s)
{
	loop_watch_destroy(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void release(struct stream *s)
{
	close_socket(s);
	loop_timer_destroy(s->deadline);
	SSL_free(s->ssl);
	buf_fini(&s->out);
	free(s);
}

static bool leave(struct stream *s)
{
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
	if (s->watch)
		loop_watch_set(s->watch, 0);
	if (s->deadline)
		loop_timer_disarm(s->deadline);
	bool nested = s->in_callback;
	enter(s);
	s->events->ended(s->arg, why);
	if (!nested)
		leave(s);
}

static void update_watch(struct stream *s)
{
	if (s->phase == ENDED || !s->watch)
		return;
	unsigned want = 0;
	if (s->phase == CONNECTING || s->phase == CLEARING)
		want = LOOP_WRITE;
	else if (s->phase == HANDSHAKE)
		want = s->tls_wants_write ? LOOP_WRITE : LOOP_READ;
	else
		want = (s->paused || s->silent ? 0u : LOOP_READ) |
		       (s->out.n || s->tls_wants_write ? LOOP_WRITE : 0u);
	loop_watch_set(s->watch, want);
}

/* Returns bytes moved, 0 for "later", or -1 with *why set. */
static ssize_t tls_result(struct stream *s, int rc, enum stream_end *why)
{
	int saved = errno;
	int e = SSL_get_error(s->ssl, rc);
	ERR_clear_error();
	s->tls_wants_write = e == SSL_ERROR_WANT_WRITE;
	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
		return 0;
	*why = STREAM_TLS_FAILED;
	if (e == SSL_ERROR_ZERO_RETURN || (e == SSL_ERROR_SYSCALL && saved == 0))
		*why = STREAM_CLOSED;
	else if (e == SSL_ERROR_SYSCALL)
		*why = STREAM_RESET;
	return -1;
}

static ssize_t read_some(struct stream *s, char *dst, size_t n, enum stream_end *why)
{
	if (s->ssl) {
		ERR_clear_error();
		errno = 0;
		int rc = SSL_read(s->ssl, dst, (int)n);
		return rc > 0 ? rc : tls_result(s, rc, why);
	}
	ssize_t rc = recv(s->fd, dst, n, 0);
	if (rc > 0)
		return rc;
	if (rc < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*why = rc == 0 ? STREAM_CLOSED : STREAM_RESET;
	return -1;
}

static ssize_t write_clear(struct stream *s, struct str bytes, enum stream_end *why)
{
	ssize_t rc = send(s->fd, bytes.p, bytes.n,
	                  MSG_NOSIGNAL | (s->end_follows ? MSG_MORE : 0));
	if (rc >= 0)
		return rc;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	*why = STREAM_RESET;
	return -1;
}

static ssize_t write_some(struct stream *s, struct str bytes, enum stream_end *why)
{
	if (s->ssl) {
		ERR_clear_error();
		errno = 0;
		int n = bytes.n > 1 << 20 ? 1 << 20 : (int)bytes.n;
		int rc = SSL_write(s->ssl, bytes.p, n);
		return rc > 0 ? rc : tls_result(s, rc, why);
	}
	return write_clear(s, bytes, why);
}

/* What is known at once is told from the loop. */
static void end_soon(struct stream *s, enum stream_end why)
{
	s->early = why;
	stream_deadline(s, 0);
	s->ends_soon = true;
}

/* Puts out what it can. A write error is not reported here: what the peer said
 * last (421 …) may still be unread, and the read side will see the end. */
static void flush(struct stream *s)
{
	enum stream_end why;
	if (s->phase != OPEN)
		return;
	while (s->out.n) {
		ssize_t n = write_some(s, buf_str(&s->out), &why);
		if (n < 0)
			buf_clear(&s->out);
		else if (n == 0)
			break;
		else
			buf_consume(&s->out, (size_t)n);
	}
	if (s->out.n == 0)
		buf_fini(&s->out);
	if (s->out.n == 0 && s->finishing) {
		s->finishing = false;
		if (s->ssl)
			SSL_shutdown(s->ssl);
		shutdown(s->fd, SHUT_WR);
		if (s->leaving)
			end_soon(s, STREAM_CLOSED);
	}
}

static void read_end(struct stream *s, enum stream_end why)
{
	s->silent = why == STREAM_CLOSED && s->events->fell_silent &&
	            s->events->fell_silent(s->arg);
	if (!s->silent && !s->doomed)
		end(s, why);
}

static void read_ready(struct stream *s)
{
	char chunk[READ_BYTES];
	for (int i = 0; i < READS_PER_TURN && s->phase == OPEN && !s->paused && !s->silent; i++) {
		enum stream_end why;
		ssize_t n = read_some(s, chunk, sizeof(chunk), &why);
		if (n == 0)
			return;
		if (n < 0) {
			read_end(s, why);
			return;
		}
		s->events->received(s->arg, (struct str){ chunk, (size_t)n });
		if (s->doomed)
			return;
		/* A short read emptied the socket; TLS may hold more. */
		if (!s->ssl && (size_t)n < sizeof(chunk))
			return;
	}
}

static enum stream_end connect_error(int error)
{
	switch (error) {
	case ECONNREFUSED: return STREAM_REFUSED;
	case ECONNRESET: return STREAM_RESET;
	case ETIMEDOUT: return STREAM_TIMEOUT;       /* the system's own, before ours */
	default: return STREAM_UNREACHABLE;
	}
}

static void connect_done(struct stream *s)
{
	int error = 0;
	socklen_t len = sizeof(error);
	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error == 0) {
		s->phase = OPEN;
		s->events->connected(s->arg);
	} else {
		end(s, connect_error(error));
	}
}

/* Said within TLS, it would seem to be as safe as what comes after it; and whoever waits for the
 * last of it (220 to STARTTLS) would wait for ever. A write error is for the handshake to find. */
static void clear_out(struct stream *s)
{
	enum stream_end why;
	while (s->clear > 0) {
		ssize_t n = write_clear(s, (struct str){ s->out.p, s->clear }, &why);
		if (n == 0)
			return;
		size_t gone = n < 0 ? s->clear : (size_t)n;
		assert(gone <= s->clear && s->clear <= s->out.n);
		buf_consume(&s->out, gone);
		s->clear -= gone;
	}
	s->phase = HANDSHAKE;
}

static void handshake(struct stream *s)
{
	enum stream_end why;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_do_handshake(s->ssl);
	if (rc == 1) {
		s->phase = OPEN;
		s->tls_wants_write = false;
		s->events->secured(s->arg);
	} else if (tls_result(s, rc, &why) < 0) {
		end(s, STREAM_TLS_FAILED);
	}
}

static void ready(void *arg, unsigned events)
{
	struct stream *s = arg;
	enter(s);
	if (s->phase == CONNECTING)
		connect_done(s);
	else if (s->phase == CLEARING)
		clear_out(s);
	else if (s->phase == HANDSHAKE)
		handshake(s);
	else if (events & LOOP_WRITE && s->phase == OPEN) {
		bool had_output = s->out.n > 0;
		flush(s);
		if (had_output && s->out.n == 0 && s->events->drained)
			s->events->drained(s->arg);
	}
	if (!s->doomed && s->phase == OPEN && !s->ends_soon && (events & LOOP_READ || s->ssl))
		read_ready(s);
	if (!leave(s))
		update_watch(s);
}

static void deadline_passed(void *arg)
{
	struct stream *s = arg;
	end(s, s->ends_soon ? s->early : STREAM_TIMEOUT);
}

static struct stream *stream_create(struct loop *loop, int fd,
                                    const struct stream_events *events, void *arg)
{
	struct stream *s = mem_zalloc(sizeof(*s));
	*s = (struct stream){ .loop = loop, .events = events, .arg = arg, .fd = fd };
	if (fd >= 0)
		s->watch = loop_watch_create(loop, fd, ready, s);
	return s;
}

/* A port of our own is wanted again at once, for the next connection to that peer: the end of this
 * one leaves nothing behind. */
static void leave_nothing(int fd)
{
	const struct linger none = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static bool start_connect(int fd, const struct endpoint *to, const struct endpoint *source,
                          bool bound, enum stream_end *why)
{
	struct sockaddr_storage ss;
	socklen_t len;
	if (source) {
		int one = 1;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
#ifdef IP_BIND_ADDRESS_NO_PORT
		if (source->port == 0)
			setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
#endif
		if (source->port != 0)
			leave_nothing(fd);
		len = endpoint_to_sockaddr(source, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) != 0) {
			*why = STREAM_NO_SOURCE;
			return false;
		}
	}
	len = endpoint_to_sockaddr(to, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS) {
		*why = (source || bound) && errno == EADDRNOTAVAIL ? STREAM_NO_SOURCE
		                                                   : connect_error(errno);
		return false;
	}
	return true;
}

static int unix_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return str_copy(address->sun_path, sizeof(address->sun_path), str_of(path)) ? ERR_OK
	                                                                            : ERR_LIMIT;
}

struct stream *stream_connect_unix(struct loop *loop, const char *path,
                                   const struct stream_events *events, void *arg)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stream *s = stream_create(loop, fd, events, arg);
	if (fd < 0 || unix_address(path, &address) != ERR_OK)
		end_soon(s, STREAM_UNREACHABLE);
	else if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		end_soon(s, connect_error(errno));
	else
		update_watch(s);
	return s;
}

static int tcp_socket(const struct ip *ip)
{
	return socket(ip->family == 4 ? AF_INET : AF_INET6,
	              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static struct stream *connect_by(struct loop *loop, int fd, const struct endpoint *to,
                                 const struct endpoint *source, bool bound,
                                 const struct stream_events *events, void *arg)
{
	struct stream *s = stream_create(loop, fd, events, arg);
	enum stream_end why = STREAM_UNREACHABLE;
	int one = 1;
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd < 0 || !start_connect(fd, to, source, bound, &why)) {
		end_soon(s, why);
		return s;
	}
	update_watch(s);
	return s;
}

struct stream *stream_connect(struct loop *loop, const struct endpoint *to,
                              const struct endpoint *source,
                              const struct stream_events *events, void *arg)
{
	return connect_by(loop, tcp_socket(&to->ip), to, source, false, events, arg);
}

/* While a socket is under repair (an option that CRIU made), its bind() asks for
 * no leave of others at that port. Nothing is repaired. */
int stream_bind_beside(const struct endpoint *at)
{
	const int on = 1, off = 0;
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(at, &ss);
	int fd = tcp_socket(&at->ip);
	if (fd < 0)
		return file_err(errno);
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) != 0) {
		int e = file_err(errno);
		close(fd);
		return e;
	}
	leave_nothing(fd);
	return fd;
}

struct stream *stream_connect_bound(struct loop *loop, int fd, const struct endpoint *to,
                                    const struct stream_events *events, void *arg)
{
	assert(fd >= 0);
	return connect_by(loop, fd, to, NULL, true, events, arg);
}

struct stream *stream_adopt(struct loop *loop, int fd,
                            const struct stream_events *events, void *arg)
{
	struct stream *s = stream_create(loop, fd, events, arg);
	s->phase = OPEN;
	update_watch(s);
	return s;
}

void stream_destroy(struct stream *s)
{
	if (!s)
		return;
	s->phase = ENDED;
	if (s->in_callback) {
		close_socket(s);
		s->doomed = true;
	} else {
		release(s);
	}
}

void stream_write(struct stream *s, struct str bytes)
{
	enum stream_end why;
	if (s->phase == ENDED || bytes.n == 0)
		return;
	if (s->phase == OPEN && s->out.n == 0) {
		ssize_t n = write_some(s, bytes, &why);
		if (n < 0)
			return;         /* see flush() */
		bytes = str_from(bytes, (size_t)n);
	}
	buf_add_str(&s->out, bytes);
	if (!s->in_callback)
		update_watch(s);
}

void stream_write_last(struct stream *s, struct str bytes)
{
	s->end_follows = true;
	stream_write(s, bytes);
	s->end_follows = false;
}

size_t stream_pending(const struct stream *s)
{
	return s->out.n;
}

void stream_finish(struct stream *s)
{
	s->finishing = true;
	flush(s);
	if (!s->in_callback)
		update_watch(s);
}

void stream_leave(struct stream *s)
{
	s->leaving = true;
	stream_finish(s);
}

void stream_pause(struct stream *s, bool paused)
{
	s->paused = paused;
	if (!s->in_callback)
		update_watch(s);
}

void stream_start_tls(struct stream *s, SSL_CTX *ctx, bool as_server, const char *server_name)
{
	assert(!s->ssl && s->phase == OPEN);
	s->ssl = SSL_new(ctx);
	assert(s->ssl);
	SSL_set_fd(s->ssl, s->fd);
	SSL_set_mode(s->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	             SSL_MODE_RELEASE_BUFFERS);
	if (as_server)
		SSL_set_accept_state(s->ssl);
	else
		SSL_set_connect_state(s->ssl);
	if (!as_server && server_name)
		SSL_set_tlsext_host_name(s->ssl, server_name);
	s->phase = s->out.n > 0 ? CLEARING : HANDSHAKE;
	s->clear = s->out.n;
	/* The client speaks first: it needs a turn with nothing to read. */
	s->tls_wants_write = !as_server;
	if (!s->in_callback)
		update_watch(s);
}

SSL *stream_tls(const struct stream *s)
{
	return s->ssl;
}

void stream_deadline(struct stream *s, int64_t delay_ms)
{
	if (s->ends_soon && s->deadline)
		return;                  /* that end is told, and no other */
	if (!s->deadline) {
		if (delay_ms < 0)
			return;
		s->deadline = loop_timer_create(s->loop, deadline_passed, s);
	}
	if (delay_ms < 0)
		loop_timer_disarm(s->deadline);
	else
		loop_timer_arm(s->deadline, delay_ms);
}

static int bound_socket(const struct endpoint *at, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(at, &ss);
	int one = 1;
	int fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return file_err(errno);
	/* TCP: old connections in TIME_WAIT don't matter. UDP: it would let two servers share. */
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		/* Those that are accepted have it of this one. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (at->ip.family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, LISTEN_BACKLOG) != 0)) {
		int e = errno == EADDRINUSE ? ERR_EXISTS : file_err(errno);
		close(fd);
		return e;
	}
	return fd;
}

int stream_listen(const struct endpoint *at)
{
	return bound_socket(at, SOCK_STREAM);
}

int stream_listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un address;
	int e = unix_address(path, &address);
	if (e != ERR_OK)
		return e;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return file_err(errno);
	/* Nobody can connect before it listens, and then the mode is as it shall be. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, mode) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		e = errno == EADDRINUSE ? ERR_EXISTS : file_err(errno);
		close(fd);
		return e;
	}
	return fd;
}

bool stream_peer_uid(int fd, unsigned *uid)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 ||
	    peer.uid == (uid_t)-1)
		return false;
	*uid = peer.uid;
	return true;
}

ssize_t stream_peek(int fd, void *dst, size_t size)
{
	ssize_t n = recv(fd, dst, size, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_IO;
	return n;
}

int stream_discard(int fd, size_t n)
{
	char chunk[256];
	while (n > 0) {
		ssize_t taken = recv(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk),
		                     MSG_DONTWAIT);
		if (taken <= 0)
			return ERR_IO;
		n -= (size_t)taken;
	}
	return ERR_OK;
}

void stream_turn_away(int fd, struct str text)
{
	if (text.n && send(fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0;               /* it has gone already */
	close(fd);
}

int stream_bind_udp(const struct endpoint *at)
{
	return bound_socket(at, SOCK_DGRAM);
}

int stream_accept(int listen_fd, struct endpoint *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = accept4(listen_fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	if (endpoint_from_sockaddr((struct sockaddr *)&ss, peer) != ERR_OK)
		*peer = (struct endpoint){ 0 };
	return fd;
}

bool stream_local(const struct stream *s, struct endpoint *local)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	return s->fd >= 0 && getsockname(s->fd, (struct sockaddr *)&ss, &len) == 0 &&
	       endpoint_from_sockaddr((struct sockaddr *)&ss, local) == ERR_OK;
}
