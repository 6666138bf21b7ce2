/* SPDX-License-Identifier: ISC
 *
 * Listening sockets with limits: it accepts on the loop, refuses by wire/limits.h before
 * anything is made for a connection, and tells its user when a session is to end because
 * its place is needed.
 *
 * Who uses it: the collector (SMTP) and the name server (DNS over TCP). It never spins: while
 * the system has no descriptor it waits for a session to end, or for a time that grows.
 *
 * Hostile input that reaches it: connections of anybody, at any pace. It reads no byte.
 */
#ifndef PORTREEVE_WIRE_LISTENER_H
#define PORTREEVE_WIRE_LISTENER_H

#include "base/loop.h"
#include "wire/limits.h"

struct wire_listener;

struct wire_listener_setup {
	struct loop *loop;
	const char *name;                /* in the log */
	struct wire_limits_config limits;
	struct str refusal;              /* sent to who is refused; empty: nothing; static */
	/* A connection that is within the limits; fd is the user's from here on. What it
	 * returns is the owner of the session, which begins now; it must not end in here. */
	void *(*opened)(void *arg, struct wire_session *session, int fd,
	                const struct endpoint *peer);
	/* The session of that owner must end: idle for too long, or its place is needed. The
	 * user closes its socket and calls wire_listener_ended(), before it returns. */
	void (*unwanted)(void *owner);
	void *arg;
};

/* The loop outlives it. */
struct wire_listener *wire_listener_create(const struct wire_listener_setup *setup);
/* Its sessions have ended. The sockets added are not closed. NULL is fine. */
void wire_listener_destroy(struct wire_listener *w);
/* A listening, non-blocking socket, owned by the caller; each is served in turn. */
void wire_listener_add(struct wire_listener *w, int fd);
void wire_listener_limits(struct wire_listener *w, const struct wire_limits_config *limits);

/* The session got on: a whole command or query, not a byte. `busy`: it is inside a
 * transaction, whose loss would cost the peer work. */
void wire_listener_active(struct wire_listener *w, struct wire_session *session, bool busy);
/* The socket of the session is closed. */
void wire_listener_ended(struct wire_listener *w, struct wire_session *session);
unsigned wire_listener_sessions(const struct wire_listener *w);

#endif
