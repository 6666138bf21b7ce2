/* SPDX-License-Identifier: ISC
 *
 * The clock by which the store lives: what is known of it, and what it is judged by.
 * Promises and errors are those of store.h.
 */
#ifndef PORTREEVE_STORE_CLOCK_H
#define PORTREEVE_STORE_CLOCK_H

#include "store/heartbeat.h"
#include "store/store.h"

struct store_clock {
	enum clock_state state;
	int64_t known_s;               /* judged by this; 0: by nothing */
	bool recorded;                 /* it is the heartbeat; else the newest row's time */
};
int store_clock_look(struct store *st, int64_t now_s, struct store_clock *out);
/* To be called at a start, before anything else is written, and at least once an hour: moves
 * the heartbeat on and corrects times of rows that are ahead. A role that cannot write the
 * list's database keeps the time in memory. ERR_BUSY: the clock has jumped; the message says
 * what to do, and nothing was written. */
int store_clock_beat(struct store *st, int64_t now_s);
/* Whether what happened at at_s came within window_s of since_s, of which neither is later than
 * now. ERR_LIMIT: it came later. ERR_BUSY: so it seems, but the clock has jumped: ask again. */
int store_clock_within(struct store *st, int64_t since_s, int64_t at_s, int64_t window_s,
                       int64_t now_s);
/* The operator's word that the clock is right. */
int store_clock_accept(struct store *st, int64_t now_s);

#endif
