/* SPDX-License-Identifier: ISC
 *
 * Whether what we send can come back: the rules over what was learnt of the collector. A
 * test without a collector that answers delivers messages for nothing, and calls a relay
 * "accepting". So the collector is asked, over the network and as a relay would ask it, to
 * take one of our tokens: before anything is sent, then every ten minutes, and once more
 * before a verdict that rests on silence.
 *
 * Pure: times come in as arguments, in monotonic milliseconds. reach-check.c does the asking.
 * Hostile input: `why` has been made printable.
 */
#ifndef PORTREEVE_RELAYTEST_REACH_H
#define PORTREEVE_RELAYTEST_REACH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REACH_EVERY_MS = 10 * 60 * 1000,     /* while it answers; and between two log lines */
	REACH_RETRY_MS = 15 * 1000,          /* while it does not */
	/* Between two questions, whatever is wanted: the collector counts them as mail
	 * (collector.rate). */
	REACH_GAP_MS = 5 * 1000,
	REACH_PATIENCE_MS = 60 * 1000,       /* of a command, if it did answer before */
	REACH_WHY_MAX = 400,
};

enum reach_state { REACH_UNKNOWN, REACH_GOOD, REACH_BAD };

/* All zero and reach_init(). */
struct reach {
	bool checked;                /* tester.collector_check; else it is never asked */
	enum reach_state state;
	bool was_good, was_asked, has_return;
	int64_t asked_ms, told_ms;   /* the last question's beginning and end */
	int64_t good_ms;             /* the beginning of the last one that ended well */
	int64_t bad_ms;              /* since when it is bad */
	int64_t said_ms;             /* when the log last said so */
	int64_t wanted_ms;           /* somebody needs a question asked since then */
	int64_t return_ms;           /* when the last return was read */
	char why[REACH_WHY_MAX];     /* if bad */
};

void reach_init(struct reach *r, bool checked);
/* Forgets what is known: another collector may stand in the configuration. */
void reach_forget(struct reach *r, bool checked);

/* Milliseconds until the collector is to be asked, if there is a token to ask with; 0: now,
 * negative: never. */
int64_t reach_due_ms(const struct reach *r, int64_t now_ms);
/* The question that began at asked_ms has its answer. why: NULL if it took the token. True:
 * this is news, or old news that is to be said again. */
bool reach_told(struct reach *r, int64_t asked_ms, int64_t now_ms, const char *why);
/* Something came back `age_ms` ago. */
void reach_returned(struct reach *r, int64_t now_ms, int64_t age_ms);

/* Whether a test may start: we know that it can end. */
bool reach_may_start(const struct reach *r, int64_t now_ms);
/* Whether a test that runs may send another message. */
bool reach_may_send(const struct reach *r);
/* Whether a command has waited long enough. */
bool reach_is_hopeless(const struct reach *r, int64_t now_ms);

/* What silence means of a message sent at since_ms, the last one. */
enum reach_sign {
	REACH_SIGN_YES,      /* something would have come back */
	REACH_SIGN_NO,       /* nothing could have */
	REACH_SIGN_ASK,      /* not known before the next answer: reach_want() */
};
/* window_ms: how old a return may be where the collector is not asked. */
enum reach_sign reach_sign(const struct reach *r, int64_t now_ms, int64_t since_ms,
                           int64_t window_ms);
void reach_want(struct reach *r, int64_t since_ms);
/* Why nothing may be sent, or nothing could have come back. */
const char *reach_why(const struct reach *r);

#endif
