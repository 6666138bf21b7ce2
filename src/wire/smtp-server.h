/* SPDX-License-Identifier: ISC
 *
 * An SMTP server over an accepted stream: it moves bytes between the server engine
 * (smtp/server.h) and the socket, starts TLS when the client has asked for it, lets no wait be
 * without an end, and reads no further while the client does not take its replies or a reply is
 * owed. Who closes his half while one is owed within a transaction gets it, with those to what he
 * had said behind it, before the session ends. What is answered is for its user, event by event.
 *
 * Who uses it: the collector; in the tests, the simulated hosts, which hold the reins themselves.
 * Who may connect is for wire/listener.h.
 *
 * Hostile input that reaches it: the pace of any client; its bytes go to the engine. What it keeps
 * for a client that does not read is WIRE_SERVER_PENDING and the replies to one turn's input.
 */
#ifndef PORTREEVE_WIRE_SMTP_SERVER_H
#define PORTREEVE_WIRE_SMTP_SERVER_H

#include "base/stream.h"
#include "smtp/server.h"

struct wire_server;

enum { WIRE_SERVER_PENDING = 65536 };

/* All are called from the loop, and any of them may destroy the wire. */
struct wire_server_hooks {
	/* Of each event of the engine; those marked (reply) in smtp/server.h are answered with
	 * wire_server_reply(), now or later. SMTP_SERVER_STARTTLS and SMTP_SERVER_CLOSE are for
	 * the wire to act on. */
	void (*event)(void *arg, const struct smtp_server_event *ev);
	/* The events of a turn have been told, and the client has got on: by more than what the
	 * engine answers alone (NOOP, RSET, what is no command). Before the replies go out. NULL:
	 * nobody counts. */
	void (*active)(void *arg);
	/* The last call. */
	void (*ended)(void *arg, enum stream_end why);

	/* The reins, for hosts of the tests that misbehave; all three or none. With them input
	 * goes to the engine by wire_server_feed(), what the engine says to the client by
	 * wire_server_write(), and TLS and the end of the session are the user's. */
	void (*input)(void *arg, struct str bytes);
	void (*output)(void *arg, struct str text);
	void (*secured)(void *arg);
};

struct wire_server_setup {
	struct loop *loop;
	int fd;                              /* accepted, non-blocking; the wire's from here on */
	const struct smtp_server_options *options;   /* copied */
	SSL_CTX *tls;                        /* if STARTTLS is offered; outlives the wire */
	bool tls_at_once;                    /* TLS from the first byte, with `tls` (RFC 8314 3) */
	int64_t session_ms;                  /* the whole session; 0: without end */
	const struct wire_server_hooks *hooks;       /* static */
	void *arg;
};

/* No event comes before wire_server_begin(); where TLS comes first, none before that is up. */
struct wire_server *wire_server_create(const struct wire_server_setup *setup);
void wire_server_begin(struct wire_server *w);
/* Closes at once, what is unsent is dropped. NULL is fine. */
void wire_server_destroy(struct wire_server *w);

/* smtp_server_reply(); outside of an event the session goes on. */
void wire_server_reply(struct wire_server *w, int code, const char *enhanced, const char *text);
/* smtp_server_challenge(), smtp_server_login(). */
void wire_server_challenge(struct wire_server *w, struct str bytes);
void wire_server_login(struct wire_server *w, struct str name);
/* Ends the session with 421, as far as that can be said at once; then destroy it. */
void wire_server_shutdown(struct wire_server *w, const char *enhanced, const char *text);
/* The engine has told the end of the session: what was said goes out, no more is read. */
bool wire_server_is_closing(const struct wire_server *w);
struct smtp_server_state wire_server_state(const struct wire_server *w);
/* For what is bound to it, or said of it; NULL before TLS. */
SSL *wire_server_tls(const struct wire_server *w);

/* With the reins only. */
void wire_server_feed(struct wire_server *w, struct str bytes);
void wire_server_write(struct wire_server *w, struct str bytes);
void wire_server_start_tls(struct wire_server *w);
/* TLS of the engine's own STARTTLS is up. */
void wire_server_tls_started(struct wire_server *w);
/* Closes in order once all is out. */
void wire_server_finish(struct wire_server *w);

#endif
