/* SPDX-License-Identifier: ISC
 *
 * Inside of the collector's shell: collector.c holds sessions, collector-keep.c what becomes
 * of a message, collector-mail.c that of it which is for people.
 */
#ifndef PORTREEVE_RELAYTEST_COLLECTOR_PRIVATE_H
#define PORTREEVE_RELAYTEST_COLLECTOR_PRIVATE_H

#include "relaytest/collector.h"
#include "wire/listener.h"
#include "wire/smtp-server.h"

enum {
	RECIPIENTS_MAX = 100,            /* the least that RFC 5321 4.5.3.1.8 allows */
	RATE_SLOTS = 4096,
};

struct recipient {
	enum collector_for what;
	struct token token;
	struct token_set tokens;
	const char *person;
	char path[MAIL_PATH_MAX + 2];
};

/* One client. */
struct client {
	struct collector *collector;
	struct client *next, *prev;
	struct wire_session *session;
	struct wire_server *wire;
	struct endpoint peer;
	char helo[256], mail_from[320];
	bool null_sender;
	struct recipient *recipients;    /* up to RECIPIENTS_MAX, grown as they come */
	size_t n, room;
	struct buf message;
	bool in_mail;
	struct delivery *delivery;       /* of the message whose answer is owed; or NULL */
	enum collector_fate worst;       /* of what was kept of it before that */
	void (*kept)(struct client *cl, enum collector_fate worst);
};

/* Messages in the current minute, by a hash of the peer's network: a collision only
 * makes two strangers share a limit. */
struct rate_slot {
	int64_t minute;
	unsigned count;
};

struct collector {
	struct collector_setup setup;
	struct collector_domains domains;
	struct ip *addresses;
	char *mail_directory;
	struct wire_listener *listener;
	struct client *clients;
	struct hash_key key;
	struct rate_slot rate[RATE_SLOTS];
	int64_t keys_asked_s;
	struct collector_counters *counters, own_counters;
};

/* Keeps the client's whole message for all its recipients, and calls kept() with the worst of what
 * became of it: within this call, or later in the loop, unless the client is freed before. After
 * COLLECTOR_NOT_KEPT the client tries all again, and nothing is doubled then. */
void collector_keep(struct client *cl,
                    void (*kept)(struct client *cl, enum collector_fate worst));

/* Asks for the message to be put into the Maildir, for the people among its recipients, and calls
 * kept() in the loop when it is safe there, or can't be: never within this call, and not at all if
 * the client was freed meanwhile, which says so by collector_mail_forget(). ERR_LIMIT or ERR_BUSY:
 * it is not even tried. */
int collector_mail(struct client *cl, void (*kept)(struct client *cl, int err));
void collector_mail_forget(struct client *cl);

#endif
