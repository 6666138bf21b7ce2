/* SPDX-License-Identifier: ISC
 *
 * A byte stream over TCP or AF_UNIX, with or without TLS, on the loop. It moves bytes and
 * reports ends; what they mean is for a protocol engine above. Reads go straight
 * from a stack buffer to the callback; writes go to the socket at once, and only
 * what it does not take is kept.
 *
 * Hostile input that reaches it: any bytes of any peer, at any pace. It keeps no
 * input; the output kept is bounded by what the engine above produced.
 */
#ifndef PORTREEVE_BASE_STREAM_H
#define PORTREEVE_BASE_STREAM_H

#include "base/ip.h"
#include "base/loop.h"

#include <openssl/ssl.h>

struct stream;

enum stream_end {
	STREAM_CLOSED,          /* the peer closed in order */
	STREAM_RESET,           /* connection reset, or another socket error */
	STREAM_REFUSED,         /* connect: nobody listens */
	STREAM_UNREACHABLE,     /* connect: no route, or filtered */
	STREAM_TIMEOUT,         /* the deadline set with stream_deadline() passed */
	STREAM_TLS_FAILED,      /* handshake or record error */
	STREAM_NO_SOURCE,       /* connect: the source address or port is not ours to use */
};

/* For the log. */
static inline const char *stream_end_word(enum stream_end end)
{
	switch (end) {
	case STREAM_CLOSED: return "closed";
	case STREAM_RESET: return "reset";
	case STREAM_REFUSED: return "refused";
	case STREAM_UNREACHABLE: return "unreachable";
	case STREAM_TIMEOUT: return "timeout";
	case STREAM_TLS_FAILED: return "tls-failed";
	case STREAM_NO_SOURCE: return "no-source";
	}
	return "";
}

/* All are called from the loop. After `ended` no other comes, and the owner
 * still calls stream_destroy(). Any of them may call stream_destroy(). */
struct stream_events {
	void (*connected)(void *arg);                    /* TCP is up (connect only) */
	void (*secured)(void *arg);                      /* TLS handshake done */
	void (*received)(void *arg, struct str bytes);
	/* all output is with the kernel; or NULL */
	void (*drained)(void *arg);
	void (*ended)(void *arg, enum stream_end why);
	/* The peer says no more, by an end in order. True: what is written still goes to it, until
	 * stream_leave() or the deadline; false, or NULL: `ended` follows. */
	bool (*fell_silent)(void *arg);
};

/* Starts connecting to `to`; from `source` if it is not NULL (port 0: any).
 * Never NULL: an immediate failure is reported by `ended` from the loop. */
struct stream *stream_connect(struct loop *loop, const struct endpoint *to,
                              const struct endpoint *source,
                              const struct stream_events *events, void *arg);
/* A socket that is bound, port and all, even if somebody listens at that port of all addresses: in
 * the closed room the server does, and an asker speaks from the same port. For a process that may
 * administer its network; ERR_DENIED, ERR_IO. */
int stream_bind_beside(const struct endpoint *at);
/* stream_connect() from such a socket, which is the stream's then. */
struct stream *stream_connect_bound(struct loop *loop, int fd, const struct endpoint *to,
                                    const struct stream_events *events, void *arg);
/* The same to a socket of AF_UNIX. A path that is too long is STREAM_UNREACHABLE. */
struct stream *stream_connect_unix(struct loop *loop, const char *path,
                                   const struct stream_events *events, void *arg);
/* Takes over an accepted, non-blocking socket. */
struct stream *stream_adopt(struct loop *loop, int fd,
                            const struct stream_events *events, void *arg);
/* Closes the socket (what is unsent is dropped). NULL is fine. */
void stream_destroy(struct stream *s);

void stream_write(struct stream *s, struct str bytes);
/* The same of the last words, where stream_finish() or stream_leave() comes next: the end goes out
 * with them, in one packet. */
void stream_write_last(struct stream *s, struct str bytes);
/* Bytes accepted by stream_write() and not yet by the kernel. */
size_t stream_pending(const struct stream *s);
/* Closes in order once all output is out; then `ended` with STREAM_CLOSED. */
void stream_finish(struct stream *s);
/* The same where the peer has said that it says no more: its own end is not waited for, `ended`
 * comes from the loop once all is out. What it says all the same is lost. */
void stream_leave(struct stream *s);
/* Stops or resumes reading (back-pressure). */
void stream_pause(struct stream *s, bool paused);

/* Starts TLS as client (server_name may be NULL) or server; the context is the
 * caller's and outlives the stream. What was written before goes out in clear first. `secured` or
 * `ended` follows. */
void stream_start_tls(struct stream *s, SSL_CTX *ctx, bool as_server, const char *server_name);
/* Our end of the connection; false if there is none (yet). */
bool stream_local(const struct stream *s, struct endpoint *local);
/* NULL before TLS. */
SSL *stream_tls(const struct stream *s);

/* Ends the stream with STREAM_TIMEOUT after delay_ms unless set again; negative
 * takes the deadline away. */
void stream_deadline(struct stream *s, int64_t delay_ms);

/* A listening, non-blocking TCP socket (IPv6 ones take IPv6 only), or a
 * negative enum err: ERR_EXISTS if the port is taken, ERR_DENIED, ERR_IO. */
int stream_listen(const struct endpoint *at);
/* A bound, non-blocking UDP socket; errors as above. */
int stream_bind_udp(const struct endpoint *at);
/* The same at a path of AF_UNIX, for whom `mode` lets connect; ERR_LIMIT: the path is too long.
 * What an earlier process left there is the caller's to remove. */
int stream_listen_unix(const char *path, mode_t mode);
/* accept4 with the flags we need; -1 when there is none, and errno tells why. Fills *peer: of
 * family 0 if it has no address (AF_UNIX). */
int stream_accept(int listen_fd, struct endpoint *peer);

/* For an accepted socket that has no stream yet. */
/* Of AF_UNIX: the kernel's word for who connected. False: it has none. */
bool stream_peer_uid(int fd, unsigned *uid);
/* What has come, up to `size` bytes, left where it is: their number; 0: the peer has closed;
 * ERR_AGAIN: nothing yet; ERR_IO. */
ssize_t stream_peek(int fd, void *dst, size_t size);
/* Takes away n bytes that were peeked at. ERR_IO: they are not there. */
int stream_discard(int fd, size_t n);
/* Says a short text as far as it can be said at once, and closes. */
void stream_turn_away(int fd, struct str text);

#endif
