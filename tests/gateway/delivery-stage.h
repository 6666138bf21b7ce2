/* SPDX-License-Identifier: ISC
 *
 * A stage for the delivery: a queue that only hands out and notes, names that a table answers, and
 * servers on loopback that do as they are told.
 */
#ifndef PORTREEVE_TESTS_DELIVERY_STAGE_H
#define PORTREEVE_TESTS_DELIVERY_STAGE_H

#include "test.h"

#include "gateway/delivery.h"
#include "wire/smtp-server.h"

enum { PEERS = 4, PEER_SESSIONS = 64, MESSAGES = 600, TOS = 150, TURNS_MAX = 200000 };

struct stage;

/* A server. 0 as a code: it says yes. */
struct peer {
	struct stage *stage;
	struct endpoint at;
	int fd;
	struct loop_watch *watch;
	struct smtp_server_options options;
	SSL_CTX *tls;
	int greet, helo, mail, data, message;   /* recipients: by the digits they begin with */
	/* What it hangs up at, for so many sessions. */
	enum smtp_server_event_type drops_at;
	unsigned drops;
	bool drops_within_tls;                  /* … only there */
	const char *at_starttls;                /* said in clear in front of the 220; or NULL */
	bool holds;                             /* answers no text */
	struct peer_session *sessions[PEER_SESSIONS];
	unsigned open, most_open, connections, secured;
	struct buf log;                         /* "MAIL a@b", "RCPT c@d", "TEXT 17", … */
	struct buf text;                        /* of the last message */
};

struct stage {
	struct loop *loop;
	struct gateway_config config;
	struct gateway_delivery_setup setup;
	struct gateway_delivery_counters counters;
	struct directory *directory;            /* the test's; NULL: none */
	struct gateway_delivery *delivery;
	struct syncer *syncer;
	char mailboxes[40];                     /* a directory of the test's; "": none yet */
	struct peer peer[PEERS];
	size_t peers;
	char *transports[8];
	char *policies[4];
	char *domains[2];

	/* names */
	const char *mx_of[4][3];                /* domain, "10 host 20 host", status instead */
	const char *ip_of[8][2];
	unsigned asked, asking, most_asking;

	/* the queue */
	struct gateway_message *messages[MESSAGES];
	char ids[MESSAGES][12];
	size_t message_count;
	unsigned due, settled, given_back, delivered;
	struct buf outcomes;                    /* "to: delivered 2.0.0 host said", a line each */
	const char *text;
	bool utf8;
	int text_error;
	unsigned texts_read;
};

void stage_init(struct stage *s);
/* Makes the delivery of what was set until now. */
void stage_begin(struct stage *s);
void stage_fini(struct stage *s);
/* The next server, at 127.0.0.N of its own; all have one port. */
struct peer *stage_peer(struct stage *s);
void stage_transport(struct stage *s, const char *domain, const char *kind, const struct peer *p);
/* A message to these, separated by blanks, is due. */
void stage_mail(struct stage *s, const char *from, const char *to);
void stage_run(struct stage *s, const unsigned *counter, unsigned until);
/* A directory for Maildirs, which goes with the stage. */
void stage_mailboxes(struct stage *s);
/* What was due is settled. */
void stage_run_out(struct stage *s);
/* The delivery of a recipient, as a part of its outcome; fails if it is another. */
void stage_expect(struct stage *s, const char *outcome);
void peer_close_all(struct peer *p);
/* What was held is answered. */
void peer_release(struct peer *p);

#endif
