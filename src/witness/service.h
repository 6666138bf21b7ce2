/* SPDX-License-Identifier: ISC
 *
 * A witness: says to who has a key by what addresses it reaches the hosts of that key. It takes one
 * question (witness/message.h) of a TLS session (witness/tls.h), resolves the host, visits each of
 * its addresses (witness/knock.h), and answers.
 *
 * Who uses it: the role witness. What it can be made to do by who has a key: at most
 * WITNESS_SIGHTS_MAX connections for a question, one question of a key at a time, so many a minute,
 * to the hosts and ports of the key, on the Internet unless its row names other networks. By who
 * has none: a TLS handshake, within the limits of wire/limits.h and WITNESS_ASK_MS.
 *
 * Hostile input: connections and handshakes of anybody, the line of whoever has a key, names from
 * DNS, and what the visited servers send.
 */
#ifndef PORTREEVE_WITNESS_SERVICE_H
#define PORTREEVE_WITNESS_SERVICE_H

#include "base/log.h"
#include "dns/resolver.h"
#include "wire/listener.h"
#include "witness/config.h"
#include "witness/key.h"

enum {
	WITNESS_ASK_MS = 10000,          /* for the handshake and the question */
	WITNESS_SESSION_MS = 75000,      /* all of it */
};

/* Since they were zeroed. */
struct witness_counters {
	struct wire_counters wire;
	uint64_t asked;                  /* questions of who has a key */
	uint64_t answered;               /* with lines */
	uint64_t denied;                 /* with "no" */
	uint64_t keyless;                /* sessions that ended without a key's handshake */
	uint64_t visits;                 /* connections that were begun */
};
enum { WITNESS_COUNTERS_FIELDS = 7 };
size_t witness_counters_fields(const struct witness_counters *c, struct log_field *fields);

struct witness_service_setup {
	struct loop *loop;
	const char *name;                        /* ours, for EHLO; outlives the service */
	const struct witness_config *config;     /* outlives the service */
	const struct witness_keys *keys;         /* the same */
	struct dns_resolver *resolver;           /* the same */
	struct witness_counters *counters;       /* the same */
	const int *listen_fds;                   /* listening, the caller's */
	size_t listen_count;
};

struct witness_service;

/* ERR_IO with one line: TLS cannot be set up. */
int witness_service_create(const struct witness_service_setup *setup, struct witness_service **out,
                           struct buf *message);
/* Ends all sessions. NULL is fine. */
void witness_service_destroy(struct witness_service *w);

#endif
