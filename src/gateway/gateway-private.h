/* SPDX-License-Identifier: ISC
 *
 * Inside of the sessions (gateway.h). gateway.c has the sockets and all sessions, and calls
 * gateway-session.c, which has one, and hands each event to the file that answers it: -greet.c
 * (who connects), -login.c, -envelope.c (MAIL and RCPT), -message.c (the text, until it is in the
 * queue). All of them answer by -say.c.
 */
#ifndef PORTREEVE_GATEWAY_GATEWAY_PRIVATE_H
#define PORTREEVE_GATEWAY_GATEWAY_PRIVATE_H

#include "gateway/gateway.h"
#include "gateway/scram.h"
#include "wire/smtp-server.h"

/* With what a session began; it holds a reference, and so does the gateway for the next one. */
struct gateway_rules {
	unsigned references;
	const struct gateway_config *config;
	char *hostname;
	SSL_CTX *tls;
	bool scram, refuses_ours;
	unsigned char scram_secret[SCRAM_SECRET_BYTES];
};

/* A listening socket. */
struct gateway_door {
	struct gateway *gateway;
	struct gateway_listening at;
};

struct gateway {
	/* The newest; of what it points to, the strings and sockets are not looked at again. */
	struct gateway_setup setup;
	struct gateway_rules *rules;
	struct gateway_counters *counters;
	struct wire_listener *listener;
	struct gateway_door *doors;
	size_t door_count;
	struct gateway_session *sessions;
	size_t held_bytes;               /* of messages that are just coming in */
	bool draining;
	struct loop_timer *sweep;        /* draining: ends those that are between two messages */
	void (*drained)(void *arg);
	void *drained_arg;
};

/* What a blocklist says of a client that is listed. */
struct gateway_listed_words {
	bool warn;                       /* only to be marked */
	char *lists, *text;
};

/* One transaction. It outlives its session where it waits for the disk. */
struct gateway_mail {
	struct gateway *gateway;
	struct gateway_session *session; /* NULL: it has ended */
	struct arena arena;              /* has what the envelope points to */
	struct gateway_envelope envelope;
	size_t to_room;
	struct gateway_address sender;
	uint64_t announced;              /* bytes, by MAIL; 0: nothing */
	struct gateway_offer offer;      /* of the inner hosts of all recipients, together */
	/* A recipient whose inner host is being asked; RCPT waits for it. */
	struct gateway_callout *callout;
	struct gateway_asked {
		struct gateway_address address;
		struct str path;
		struct smtp_rcpt_params params;
	} *asked;
	char id[GATEWAY_ID_MAX];
	struct buf text;
	size_t head_bytes, held_bytes;   /* of the text: ours in front; counted in the gateway */
	bool no_memory;                  /* the text was let go of */
	bool waiting;                    /* for the queue's done() */
};

struct gateway_session {
	struct gateway *gateway;
	struct gateway_session *next, *prev;
	struct wire_session *place;
	struct wire_server *wire;
	struct gateway_rules *rules;
	struct endpoint peer;            /* as a named proxy has said it; family 0: a local one */
	unsigned uid;                    /* of a local one; UINT_MAX: not known */
	struct gateway_client client;    /* its name is `account` */
	char *account, *helo;
	bool may_xclient;
	bool may_login;
	struct gateway_blocklists_query *asked;      /* a greeting waits for it */
	struct gateway_listed_words *listed;         /* NULL: it is not listed */
	struct gateway_login_query *login;
	struct scram *scram;             /* an exchange goes on */
	char *login_name;                /* as it was given, while it is asked about */
	char *guessed;                   /* whose password that tries: login.h */
	struct gateway_mail *mail;       /* NULL: between two messages */
	const char *stage;
	int64_t since_ms;
	uint64_t bytes;
};

/* ---- gateway-say.c: what is answered, logged and counted ----------------------------- */

void gateway_say(struct gateway_session *s, int code, const char *enhanced, const char *text);
/* The policy's refusal of a sender (`to` is empty) or a recipient. */
void gateway_say_refused(struct gateway_session *s, const struct gateway_decision *d,
                         struct str from, struct str to);
/* One line for the end of a transaction: "queued", or why not. Its session may be gone. */
void gateway_log_message(const struct gateway_mail *m, int code, const char *result);
void gateway_set_text(char **field, struct str text);
/* By what the client is known to be an account, from here on. */
void gateway_set_account(struct gateway_session *s, enum gateway_account account,
                         struct str name);

/* ---- gateway-greet.c: who connects --------------------------------------------------- */

/* CONNECT, or XCLIENT has named another: 220, now or when the blocklists have answered. */
void gateway_greet(struct gateway_session *s);
void gateway_on_xclient(struct gateway_session *s, struct str attributes);
/* The blocklists that were asked are going: the new ones are. */
void gateway_greet_again(struct gateway_session *s);
void gateway_forget_listing(struct gateway_session *s);
/* Whether the peer is one of the hosts that are an account by their address, as of now. */
void gateway_look_trusted(struct gateway_session *s);

/* ---- gateway-login.c ----------------------------------------------------------------- */

void gateway_on_auth(struct gateway_session *s, const struct smtp_server_event *ev);
void gateway_on_sasl(struct gateway_session *s, const struct smtp_server_event *ev);
/* What was begun of a login is given up. */
void gateway_forget_login(struct gateway_session *s);

/* ---- gateway-envelope.c -------------------------------------------------------------- */

void gateway_on_mail(struct gateway_session *s, const struct smtp_server_event *ev);
void gateway_on_rcpt(struct gateway_session *s, const struct smtp_server_event *ev);

/* ---- gateway-message.c --------------------------------------------------------------- */

/* A message up to this is taken whatever is held in memory. */
enum { GATEWAY_SMALL_MESSAGE = 64 << 10 };

void gateway_mail_free(struct gateway_mail *m);
/* The transaction, if there is one, is over for the session: it is freed, or left to the queue's
 * done(). */
void gateway_forget_mail(struct gateway_session *s);
/* What came of it is lost. */
void gateway_on_abort(struct gateway_session *s);
void gateway_on_data(struct gateway_session *s);
void gateway_on_text(struct gateway_session *s, struct str text);
void gateway_on_message(struct gateway_session *s);

/* ---- gateway-session.c --------------------------------------------------------------- */

/* wire_listener_setup.opened; `arg` is a door. */
void *gateway_session_open(void *arg, struct wire_session *place, int fd,
                           const struct endpoint *peer);
/* With 421, as far as that can be said at once. */
void gateway_session_end(struct gateway_session *s, const char *enhanced, const char *why);
bool gateway_session_is_idle(const struct gateway_session *s);

/* ---- gateway-rules.c ----------------------------------------------------------------- */

struct gateway_rules *gateway_rules_create(const struct gateway_setup *setup);
struct gateway_rules *gateway_rules_ref(struct gateway_rules *r);
void gateway_rules_unref(struct gateway_rules *r);

#endif
