/* SPDX-License-Identifier: ISC
 *
 * Listening sockets with limits: it accepts on the loop, refuses by wire/limits.h before
 * anything is made for a connection, and tells its user when a session is to end because
 * its place is needed. Sockets may be of AF_UNIX: their peers are of family 0.
 *
 * From peers that are named as proxies it first reads a PROXY header (wire/proxy.h), and takes
 * whom that names for the peer, in the limits too. Such a peer must send one, within
 * WIRE_PROXY_MS in all; of anybody else no byte is read.
 *
 * Who uses it: the collector (SMTP), the name server (DNS over TCP); in the tests, the simulated
 * hosts. It never spins: while the system has no descriptor it waits for a session to end, or for
 * a time that grows. Nothing walks over sessions: an accept takes constant time.
 *
 * Hostile input that reaches it: connections of anybody, at any pace.
 */
#ifndef PORTREEVE_WIRE_LISTENER_H
#define PORTREEVE_WIRE_LISTENER_H

#include "base/loop.h"
#include "wire/limits.h"

struct wire_listener;

/* WIRE_PROXY_WAITING: connections of proxies whose header is still to come; more are refused. */
enum { WIRE_PROXY_MS = 5000, WIRE_PROXY_WAITING = 1024 };

/* Since they were zeroed. Written in the loop's thread, and read there. */
struct wire_counters {
	uint64_t connections;            /* that became sessions */
	uint64_t refused;                /* turned away by the limits, or for their PROXY header */
};

struct wire_listener_setup {
	struct loop *loop;
	const char *name;                /* in the log */
	struct wire_limits_config limits;
	struct str refusal;              /* sent to who is refused; empty: nothing; static */
	/* A connection that is within the limits; fd is the user's from here on. What it
	 * returns is the owner of the session, which begins now. NULL: it has ended already, and
	 * its socket is closed; else it must not end in here. */
	void *(*opened)(void *arg, struct wire_session *session, int fd,
	                const struct endpoint *peer);
	/* The session of that owner must end: idle for too long, or its place is needed. The
	 * user closes its socket and calls wire_listener_ended(), before it returns. */
	void (*unwanted)(void *owner);
	void *arg;
	/* Whose PROXY header is read, each within wire_proxy_peer_check(); the caller's, as long as
	 * the listener lives or until wire_listener_proxy_peers(). */
	const struct prefix *proxy_peers;
	size_t proxy_peer_count;
	struct wire_counters *counters;  /* the caller's, outlive the listener; NULL: none */
};

/* The loop outlives it. */
struct wire_listener *wire_listener_create(const struct wire_listener_setup *setup);
/* Its sessions have ended. The sockets added are not closed. NULL is fine. */
void wire_listener_destroy(struct wire_listener *w);
/* A listening, non-blocking socket, owned by the caller; each is served in turn. */
void wire_listener_add(struct wire_listener *w, int fd);
/* The same, whose sessions are opened with an `arg` of their own. */
void wire_listener_add_for(struct wire_listener *w, int fd, void *arg);
/* Before that socket is closed; also from within `opened`. Sessions that are open stay. */
void wire_listener_remove(struct wire_listener *w, int fd);
void wire_listener_limits(struct wire_listener *w, const struct wire_limits_config *limits);
void wire_listener_proxy_peers(struct wire_listener *w, const struct prefix *peers, size_t n);

/* The session got on: a whole command or query, not a byte. `busy`: it is inside a
 * transaction, whose loss would cost the peer work. */
void wire_listener_active(struct wire_listener *w, struct wire_session *session, bool busy);
/* The socket of the session is closed. */
void wire_listener_ended(struct wire_listener *w, struct wire_session *session);
unsigned wire_listener_sessions(const struct wire_listener *w);

#endif
