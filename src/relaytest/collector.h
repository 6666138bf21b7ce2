/* SPDX-License-Identifier: ISC
 *
 * The collector: the SMTP server at which our tokens come back. It takes mail for valid
 * tokens at its own domains and address literals, for postmaster and abuse there, and
 * retest@ from a listed host itself. It takes nothing else, ever, and sends nothing.
 *
 * Two halves: a policy that decides over recipients and answers (pure, collector-policy.c),
 * and the shell with sockets (collector.c), store (collector-keep.c) and Maildir
 * (collector-mail.c). Hostile input: every byte of any client, by way of the server engine. A 250
 * to a message means that it is on disk; while a delivery waits for the disk, other sessions go on.
 */
#ifndef PORTREEVE_RELAYTEST_COLLECTOR_H
#define PORTREEVE_RELAYTEST_COLLECTOR_H

#include "base/loop.h"
#include "base/syncer.h"
#include "mail/address.h"
#include "relaytest/config.h"
#include "relaytest/token.h"
#include "store/store.h"
#include "relaytest/counters.h"

/* ---- policy ---------------------------------------------------------------- */

enum collector_for { COLLECTOR_REFUSED, COLLECTOR_TOKEN, COLLECTOR_PERSON, COLLECTOR_RETEST };

struct collector_domains {
	const char *domain, *domain2;
	const struct ip *addresses;          /* our own, for literals and bare addresses */
	size_t address_count;
};

struct collector_recipient {
	enum collector_for what;
	struct token token;                  /* COLLECTOR_TOKEN: read, not yet verified */
	const char *person;                  /* COLLECTOR_PERSON: "postmaster" or "abuse" */
	int code;                            /* COLLECTOR_REFUSED: the reply */
	const char *enhanced, *text;
};

/* What a recipient is to us by its form alone. A token may stand among what a relay left
 * of the form it was sent in ("token%domain", quotes). Pure. */
void collector_recipient(const struct mail_path *path, const struct collector_domains *domains,
                         struct collector_recipient *out);

/* What became of a message for one of its recipients, from the best to the worst. SMTP has one
 * answer for all of them: that of the worst, so that what is due again comes again. */
enum collector_fate {
	COLLECTOR_KEPT,
	COLLECTOR_ENOUGH,            /* the token has had its messages: for good */
	COLLECTOR_TOO_SOON,          /* a retest was asked for just now: later */
	COLLECTOR_NOT_KEPT,          /* nothing was written: again */
};

struct collector_answer {
	int code;
	const char *enhanced, *text;
};

/* What the answer of the store or the Maildir means for a recipient of that kind. Pure, as the next
 * two. */
enum collector_fate collector_fate(enum collector_for what, int err);
enum collector_fate collector_worse(enum collector_fate a, enum collector_fate b);
/* `retest`: one of the recipients was retest@. */
struct collector_answer collector_answer(enum collector_fate worst, bool retest);
/* The same words for who asks for a retest from `peer`: the address that we see, and which settings
 * of which servers make them send from one of the other family, or from a fixed address.
 * COLLECTOR_KEPT, COLLECTOR_TOO_SOON; anything else: it isn't listed. Pure. Returns dst. */
enum { COLLECTOR_WORDS_MAX = 460 };
char *collector_retest_words(enum collector_fate fate, const struct ip *peer,
                             char dst[static COLLECTOR_WORDS_MAX]);
/* What is said to who asks from an address that is listed as part of a range alone. Pure. Returns
 * dst. */
char *collector_range_words(const struct prefix *range, const struct ip *peer,
                            char dst[static COLLECTOR_WORDS_MAX]);

/* ---- shell ------------------------------------------------------------------ */

struct collector;

struct collector_setup {
	struct loop *loop;
	struct syncer *syncer;               /* delivers mail; outlives the collector */
	struct store *store;                 /* as STORE_RETURNS or STORE_ALL */
	const struct token_signer *signer;
	/* A token names a key that the signer does not have: read the keys again, there may
	 * have been a rotation. Called at most once per second; may be NULL. */
	void (*unknown_key)(void *arg);
	void *arg;
	const struct collector_config *config;
	const struct tester_config *tester;  /* domains, collector address, return window */
	const char *hostname;
	const char *mail_directory;          /* Maildir for postmaster and abuse; made if missing */
	SSL_CTX *tls;                        /* NULL: no STARTTLS; owned by the caller */
	const int *listen_fds;               /* listening sockets; owned by the caller */
	const struct endpoint *listen_at;
	size_t listen_count;
	struct collector_counters *counters; /* the caller's, which outlive it; NULL: its own */
};

struct collector *collector_create(const struct collector_setup *setup);
/* Ends sessions with 421; what was answered 250 is on disk. A delivery that the syncer still has
 * goes on without its client, who comes again; syncer_stop() before this lets them all be
 * answered. NULL is fine. */
void collector_destroy(struct collector *c);

#endif
