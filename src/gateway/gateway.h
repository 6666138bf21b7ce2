/* SPDX-License-Identifier: ISC
 *
 * The mail server's sessions: who may connect, who logs in, what is asked of the policy (policy.h)
 * and what is answered, until a message is in the queue. Nothing here decides who may send what
 * to whom.
 *
 * Who uses it: the role gateway, in the loop. Hostile input: every byte of any client, by way of
 * the server engine.
 *
 *   new settings   A session ends by the rules with which it began; the next one has the new.
 *   the end        Sessions between two messages end with 421 at once; one in which a message waits
 *                  for the disk gets its answer before.
 */
#ifndef PORTREEVE_GATEWAY_GATEWAY_H
#define PORTREEVE_GATEWAY_GATEWAY_H

#include "gateway/blocklists.h"
#include "gateway/callout.h"
#include "gateway/counters.h"
#include "gateway/facts.h"
#include "gateway/login.h"
#include "gateway/offer.h"
#include "gateway/queue.h"

#include <openssl/ssl.h>

struct gateway;
struct store;

struct gateway_listening {
	int fd;
	enum gateway_listener listener;
	bool tls_at_once;
};

struct gateway_setup {
	struct loop *loop;
	const struct gateway_config *config;     /* lives as long as a session that began with it */
	const char *hostname;
	const struct gateway_listening *listening; /* sockets: the caller's, as long as it lives */
	size_t listening_count;
	SSL_CTX *tls;                        /* with SNI; NULL: no STARTTLS. A reference is taken */
	struct gateway_directory directory;
	struct gateway_queue *queue;
	struct gateway_login *login;
	struct gateway_blocklists *blocklists;
	/* Inner hosts that are asked about recipients of the domains of which asks(arg, domain)
	 * says so, where the directory does not know; NULL: none is. */
	struct gateway_callouts *callouts;
	bool (*asks)(void *arg, const char *domain);
	/* What the inner host of a domain offered, as far as that is known; NULL: never. */
	struct gateway_offer (*offer)(void *arg, const char *domain, int64_t now_ms);
	/* Hosts of config->trusted_hosts that trust.h lets be accounts now. */
	const struct gateway_trusted { struct ip host; struct str account; } *trusted;
	size_t trusted_count;
	/* The account of a system user at the local socket: appended to *account; GATEWAY_NO:
	 * there is none. That of who has logged in by a name (NULL: it is the name). And the stored
	 * hash and SCRAM keys of an account, by what is given at a login. */
	enum gateway_known (*account_of_uid)(void *arg, unsigned uid, struct buf *account);
	enum gateway_known (*account_of_login)(void *arg, struct str login,
	                                       struct buf *account);
	enum gateway_known (*credentials)(void *arg, struct str name, struct buf *hash,
	                                  struct buf *scram);
	void *arg;
	/* SCRAM_SECRET_BYTES (scram.h), the same at all starts, copied; NULL: no SCRAM. */
	const unsigned char *scram_secret;
	struct gateway_counters *counters;   /* the caller's, over all reloads */
};

struct gateway *gateway_create(const struct gateway_setup *setup);
/* For the sessions that begin from now on. */
void gateway_reload(struct gateway *g, const struct gateway_setup *setup);
/* No new session, those that are between two messages end. `drained` is called from the loop when
 * the last has ended. */
void gateway_drain(struct gateway *g, void (*drained)(void *arg), void *arg);
/* NULL is fine. */
void gateway_destroy(struct gateway *g);

/* For `portreeve top`: the sessions as they stand, in any order; false: no more. */
struct gateway_session_view {
	struct endpoint peer;
	enum gateway_listener listener;
	struct str helo, account;
	const char *stage;            /* "HELO", "RCPT", "DATA" */
	int64_t age_ms;
	uint64_t bytes;
	bool tls;
};
bool gateway_session(const struct gateway *g, size_t index, struct gateway_session_view *out);
size_t gateway_session_count(const struct gateway *g);

#endif
