/* SPDX-License-Identifier: ISC
 *
 * The insides of the simulator: one process that plays many mail hosts for the tests, and
 * their name server. simulator.c (command line, hosts, log), session.c (one connection to a
 * host), policy.c (what it answers), guard.c (what it remembers of its clients), relay.c (what it
 * sends on), names.c (DNS).
 *
 * It sends mail to the given collectors and to nobody else.
 */
#ifndef PORTREEVE_TESTS_SIM_SIM_H
#define PORTREEVE_TESTS_SIM_SIM_H

#include "base/loop.h"
#include "base/stream.h"
#include "persona.h"
#include "wire/listener.h"

#include <stdio.h>

struct sim;
struct session;
struct delivery;
struct memory;

struct host {
	struct sim *sim;
	struct endpoint at;
	const struct persona *persona, *later;       /* later: after SIGUSR1; or NULL */
	struct memory *memory;       /* guard.c */
	char name[80], domain[64], literal[IP_TEXT_MAX + 8];
	struct own_names own;
	size_t index;
	unsigned relayed;            /* messages, for honeypots */
	int listen_fd;               /* -1: nobody listens */
	struct session *sessions;
	struct loop_timer *reopens;  /* or NULL */
};

struct sim {
	struct loop *loop;
	SSL_CTX *tls;
	struct host *hosts;
	size_t host_count;
	struct endpoint collectors[2];       /* one of each family */
	size_t collector_count;
	const char *first_domain;            /* of the collector: for its legitimate MX */
	struct ip trusted_clients[2];        /* of each family: reverse names in
	                                        .localdomain */
	struct ip unknown_clients[2];        /* of each family: whom the sly ones do not know
	                                        for the tester */
	FILE *log;
	struct wire_listener *listener;      /* all hosts' */
	struct delivery *deliveries;
	int dns_fd;
	struct loop_watch *dns_watch;
	struct dns_zone *zone;
};

/* "EVENT ADDRESS PORT PERSONA TEXT", one line; the text is escaped. */
void sim_log(const struct host *h, const char *event, struct str text);

void host_open(struct host *h);
/* Nobody listens any more; reopens after for_ms, or never if that is 0. */
void host_shut(struct host *h, unsigned for_ms);

/* ---- session.c ------------------------------------------------------------------- */
/* For the listener; arg: the host. */
void *session_accept(void *arg, struct wire_session *place, int fd, const struct endpoint *peer);
void session_unwanted(void *owner);
void sessions_close(struct host *h);

/* ---- relay.c: sends a message to the collector from the host's address, after a while,
 * again and again until it is taken or refused for good ------------------------------- */
void relay_message(struct host *h, const char *sender, const char *recipient, struct str message);
void relay_bounce(struct host *h, const char *sender, const char *recipient, struct str message);
void relay_forge(struct host *h, const char *recipient);
void relays_close(struct sim *sim);

/* ---- names.c ---------------------------------------------------------------------- */
void names_open(struct sim *sim, const struct endpoint *at);
void names_close(struct sim *sim);

#endif
