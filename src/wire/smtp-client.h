/* SPDX-License-Identifier: ISC
 *
 * An SMTP client over a stream: it connects, moves bytes between the client engine
 * (smtp/client.h) and the socket, starts TLS, and lets no wait be without an end. What is said,
 * and what an answer means, is for the one who talks: it gives the engine commands, and takes the
 * engine's events when bytes came.
 *
 * Who uses it: tests of others (relaytest/run.c), our own mail (relaytest/courier.c), reports
 * (report/send.c); in the tests, the simulated hosts that send on.
 *
 *   deadlines    of RFC 5321 4.5.3.2 as the engine knows them, or of the setup where those are
 *                shorter; QUIT has 5 seconds. The time for a reply runs from what was said, or from
 *                the whole reply before, or from a block of the message that has left: who drips
 *                bytes gains nothing. All of it ends with `session_ms`.
 *   back-pressure   No more than WIRE_CLIENT_PENDING bytes and what the engine gives at once wait
 *                for the socket; a message that is pulled (smtp_client_message_from()) is pulled
 *                as the server takes it.
 *
 * Hostile input: none of its own. All bytes of the server go to the talker, who gives them to the
 * engine.
 */
#ifndef PORTREEVE_WIRE_SMTP_CLIENT_H
#define PORTREEVE_WIRE_SMTP_CLIENT_H

#include "base/stream.h"

struct smtp_client;
struct wire_client;

enum { WIRE_CLIENT_PENDING = 65536 };

/* All are called from the loop, and any of them may destroy the wire. After each, what the engine
 * has to say is sent. */
struct wire_client_talk {
	/* The engine of this connection, which is the talker's; NULL: it has none any more. */
	struct smtp_client *(*engine)(void *arg);
	/* TCP is up; before TLS if that comes first. NULL: nothing to do. */
	void (*connected)(void *arg);
	/* TLS is up. After STARTTLS the talker calls smtp_client_tls_started() here. */
	void (*secured)(void *arg);
	/* Bytes for smtp_client_input(); none if the engine has an event without (a message that
	 * cannot be read). */
	void (*received)(void *arg, struct str bytes);
	/* The last call. */
	void (*ended)(void *arg, enum stream_end why);
};

struct wire_client_setup {
	struct loop *loop;
	struct endpoint to;
	const char *path;                    /* a socket of AF_UNIX instead of `to`; or NULL */
	const struct endpoint *source;       /* NULL: the system's choice; port 0: any */
	int bound;                           /* a socket of stream_bind_beside(), which is the */
	bool is_bound;                       /* wire's then, instead of `source` */
	SSL_CTX *tls;                        /* outlives the wire; NULL: no TLS will be asked for */
	const char *server_name;             /* for TLS; NULL: none; outlives the wire */
	bool tls_at_once;
	/* Milliseconds; 0: no limit but the engine's. */
	int64_t connect_ms, command_ms, session_ms;
	const struct wire_client_talk *talk; /* static */
	void *arg;
};

/* Starts to connect. Never NULL: an immediate failure comes by `ended`, from the loop. */
struct wire_client *wire_client_create(const struct wire_client_setup *setup);
/* Closes at once; no call comes any more. The engine stays the talker's. NULL is fine. */
void wire_client_destroy(struct wire_client *w);

/* Sends what the engine has got to say: outside of a call from here, or before the wire is
 * destroyed in one. NULL is fine. */
void wire_client_flush(struct wire_client *w);
/* The server has said 220 to STARTTLS: sends what there is, then `secured` or `ended` follows. */
void wire_client_start_tls(struct wire_client *w);
/* Our end of the connection; false if there is none. */
bool wire_client_local(const struct wire_client *w, struct endpoint *local);

#endif
