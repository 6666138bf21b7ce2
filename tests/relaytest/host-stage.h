/* SPDX-License-Identifier: ISC
 *
 * The insides of the scripted host: host.c (what it answers), host-checks.c (what must hold, and
 * what was expected), host-play.c (the session's actions, and a whole test).
 */
#ifndef PORTREEVE_TESTS_HOST_STAGE_H
#define PORTREEVE_TESTS_HOST_STAGE_H

#include "host.h"

#define HOST "mx.host.test"

enum { INTENTS_MAX = 64, RETURNS_MAX = 64, RULES_MAX = 32 };

struct intent {
	char id[CASE_ID_MAX];
	unsigned attempt;
	bool sent;
};

struct stage_set {
	const struct play *p;
	struct session *s;
	struct test test;
	struct token_signer signer;
	struct seen *seen;

	/* The host's end of the connection. */
	bool up, ending, reading;        /* reading: a message */
	enum stream_end end;
	bool replied, quit;              /* it said a code; it was told QUIT */
	bool farewell;                   /* it said 421 */
	unsigned errors, recipients;
	size_t bdat_left;
	struct buf in, out, message;
	char rcpt[400];                  /* the last one that was taken */
	bool tls;
	struct identity us;
	char became[16], helo[256];      /* "auth", "xclient", "proxy" */
	unsigned used[RULES_MAX];        /* how often a rule fitted */
	bool second;                     /* the connection is from the second address */
	struct case_result *sent;        /* what the last round found out */
	size_t sent_count;
	unsigned rounds, fruitless;
	int64_t waited_ms;

	struct intent intents[INTENTS_MAX];
	size_t intent_count;
	struct test_return returns[RETURNS_MAX];
	size_t return_count, returned;
	unsigned relayed;
};

/* ---- host.c ------------------------------------------------------------------- */

/* The reply to a word or command line, without what a counted rule has used up. */
bool host_rule(struct stage_set *g, const char *line, char *reply, size_t size);
/* Says a reply as a rule has it. Returns the code of its last line, 0 for none. */
int host_say(struct stage_set *g, const char *rule);
void host_connect(struct stage_set *g, const struct session_action *a);
void host_take(struct stage_set *g, struct str bytes);
/* What was relayed comes back: all but what lags behind; at least one at the end. */
void host_deliver(struct stage_set *g, size_t keep);

/* ---- host-checks.c ------------------------------------------------------------ */

/* What holds for every session. */
void host_check(const struct stage_set *g);
/* What the play says. */
void host_compare(const struct play *p, const struct seen *seen);

#endif
