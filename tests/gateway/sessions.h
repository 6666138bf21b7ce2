/* SPDX-License-Identifier: ISC
 *
 * A gateway on the loopback and a client that is led by a script:
 *
 *   C: a line of the client
 *   S: how the last line of the next reply begins
 *   T: TLS is started
 *   !: the reply's last line holds this
 */
#ifndef PORTREEVE_TESTS_GATEWAY_SESSIONS_H
#define PORTREEVE_TESTS_GATEWAY_SESSIONS_H

#include "test.h"

#include "gateway/gateway.h"
#include "stand-ins.h"

enum door { DOOR_INBOUND, DOOR_SUBMISSION, DOOR_SUBMISSIONS, DOOR_LOCAL, DOORS };

struct world {
	struct loop *loop;
	struct gateway *gateway;
	struct gateway_config config;
	struct gateway_counters counters;
	struct gateway_setup setup;
	struct gateway_listening listening[DOORS];
	struct endpoint at[DOORS];
	char *directory, *path;       /* of the local socket */
	SSL_CTX *tls, *client_tls;
	bool store_is_away;           /* nothing is known just now */
};

extern struct world w;

int world_begin(void **state);
int world_end(void **state);

struct peer {
	int fd;
	SSL *ssl;
	char line[1024];              /* the last one of a reply */
};

/* From that loopback address ("127.0.0.9"); the local door takes none. */
void peer_connect(struct peer *p, enum door door, const char *from);
void peer_start_tls(struct peer *p);
void peer_send(struct peer *p, struct str bytes);
/* The code of one reply; 0: the gateway has closed. */
int peer_reply(struct peer *p);
void peer_close(struct peer *p);
void peer_script(struct peer *p, const char *name, const char *script);
/* All of it: connects, greets, says it, and closes. */
void session(const char *name, enum door door, const char *from, const char *script);
/* Turns the loop until it holds. */
#define TURN_UNTIL(condition) \
	do { \
		for (int turns_ = 0; !(condition) && turns_ < 2000; turns_++) \
			loop_run_once(w.loop, 5); \
		assert_true(condition); \
	} while (0)

/* "EHLO", and what a user of that name says to log in: base64 of "\0NAME\0secret". */
extern const char login_ann[];

#endif
