/* SPDX-License-Identifier: ISC
 *
 * Whether a step takes too long: see hang.h.
 */
#include "roles/hang.h"

#include <assert.h>

/* The time since then that counts. */
static int64_t time_taken(struct hang *h, int64_t now_ms, int64_t late_ms)
{
	int64_t passed_ms = now_ms > h->since_ms ? now_ms - h->since_ms : 0;
	h->excused_ms += late_ms > 0 ? late_ms : 0;
	if (h->excused_ms > passed_ms)
		h->excused_ms = passed_ms;
	return passed_ms - h->excused_ms;
}

enum hang_news hang_look(struct hang *h, int64_t now_ms, int64_t late_ms, int64_t since_ms,
                         int64_t limit_ms)
{
	assert(limit_ms >= 0);
	int64_t before_ms = time_taken(h, now_ms, late_ms);
	if (since_ms == h->since_ms) {
		h->for_ms = before_ms;
		if (h->said || limit_ms == 0 || h->for_ms < limit_ms)
			return HANG_NOTHING;
		h->said = true;
		return HANG_BEGAN;
	}
	bool was_said = h->said;
	*h = (struct hang){ .since_ms = since_ms };
	h->for_ms = time_taken(h, now_ms, late_ms);
	if (was_said)
		h->for_ms = before_ms;
	return was_said ? HANG_OVER : HANG_NOTHING;
}
