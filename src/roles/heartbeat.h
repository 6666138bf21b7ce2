/* SPDX-License-Identifier: ISC
 *
 * Whether a role still turns its loop. It says so to the supervisor by a byte a while, over the
 * pipe on which it said that it is ready; a role that is silent for too long is ended and
 * started again. Pure: time comes in. Times are monotonic milliseconds, which stand still
 * while the machine is suspended.
 *
 * It finds a role that hangs, not one that was taken over: that one can go on saying so.
 */
#ifndef PORTREEVE_ROLES_HEARTBEAT_H
#define PORTREEVE_ROLES_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/* Of the time that a role may be silent: how often it speaks, and the supervisor looks. */
	HEARTBEAT_SHARE = 5,
	/* Before it is ready a role reads the whole list, and waits for locks of others. */
	HEARTBEAT_START_FACTOR = 10,
	/* Between SIGABRT, which leaves a core where the operator wants one, and SIGKILL. */
	HEARTBEAT_ABORT_MS = 2000,
};

enum heartbeat_step {
	HEARTBEAT_WAIT,        /* alive, or too early to say */
	HEARTBEAT_ABORT,       /* send SIGABRT, once */
	HEARTBEAT_KILL,        /* send SIGKILL, until it is gone */
};

/* Of one process. */
struct heartbeat {
	int64_t heard_ms;      /* when it last spoke; at first: when it was started */
	bool ready;            /* it has spoken */
	bool aborted;
};

static inline void heartbeat_start(struct heartbeat *h, int64_t now_ms)
{
	*h = (struct heartbeat){ .heard_ms = now_ms };
}

/* It spoke. Too late once it has got SIGABRT: it cannot be called back. */
static inline void heartbeat_hear(struct heartbeat *h, int64_t now_ms)
{
	h->ready = true;
	if (!h->aborted)
		h->heard_ms = now_ms;
}

/* Of a role that may be silent for limit_ms; when it may be for ever, it speaks all the same. */
static inline int64_t heartbeat_period_ms(int64_t limit_ms)
{
	return (limit_ms ? limit_ms : 30000) / HEARTBEAT_SHARE;
}

/* What is to be done, to be asked every heartbeat_period_ms(). limit_ms: how long it
 * may be silent; 0: for ever. `late_ms`: by how much the supervisor itself came late to this
 * look, as when it was stopped or had no processor: so did the role, and the time counts for
 * nobody. */
enum heartbeat_step heartbeat_look(struct heartbeat *h, int64_t now_ms, int64_t late_ms,
                                   int64_t limit_ms);

#endif
