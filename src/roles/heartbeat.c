/* SPDX-License-Identifier: ISC
 *
 * Whether a role was silent for too long: see heartbeat.h.
 */
#include "roles/heartbeat.h"

enum heartbeat_step heartbeat_look(struct heartbeat *h, int64_t now_ms, int64_t late_ms,
                                   int64_t limit_ms)
{
	h->heard_ms += late_ms;
	if (h->heard_ms > now_ms)
		h->heard_ms = now_ms;
	int64_t silent_ms = now_ms - h->heard_ms;
	if (h->aborted)
		return silent_ms < HEARTBEAT_ABORT_MS ? HEARTBEAT_WAIT : HEARTBEAT_KILL;
	if (limit_ms == 0)
		return HEARTBEAT_WAIT;
	if (!h->ready)
		limit_ms *= HEARTBEAT_START_FACTOR;
	if (silent_ms < limit_ms)
		return HEARTBEAT_WAIT;
	h->aborted = true;
	h->heard_ms = now_ms;
	return HEARTBEAT_ABORT;
}
