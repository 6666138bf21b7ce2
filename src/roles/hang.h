/* SPDX-License-Identifier: ISC
 *
 * Whether the second thread of a role hangs in a step. The loop looks, whose own beat
 * (heartbeat.h) says nothing of that thread. A role whose thread hangs is not ended: what it
 * serves without it is better than nothing. It is said in the log once, and once more when the
 * thread goes on. Pure: time comes in, as monotonic milliseconds.
 */
#ifndef PORTREEVE_ROLES_HANG_H
#define PORTREEVE_ROLES_HANG_H

#include <stdbool.h>
#include <stdint.h>

enum hang_news { HANG_NOTHING, HANG_BEGAN, HANG_OVER };

/* Of one thread. Zero-initialised nothing was seen yet. */
struct hang {
	int64_t since_ms;      /* the step that was looked at last */
	int64_t excused_ms;    /* of its time: the loop, too, did not run then */
	int64_t for_ms;        /* how long it hangs, or with HANG_OVER: has hung */
	bool said;             /* HANG_BEGAN, of this step */
};

/* since_ms: thread_since_ms(), so a step that is not due yet lies ahead. late_ms: by how much
 * this look itself comes late, as when the process was stopped: that time counts for nobody.
 * limit_ms: how long a step may take; 0: as long as it likes. */
enum hang_news hang_look(struct hang *h, int64_t now_ms, int64_t late_ms, int64_t since_ms,
                         int64_t limit_ms);

#endif
