/* SPDX-License-Identifier: ISC
 *
 * Back-off and its exceptions: see restart.h.
 */
#include "roles/restart.h"

#include "roles/role.h"

#include <sysexits.h>

enum restart_step restart_after(struct restart *r, struct restart_end end, bool all_were_ready,
                                int64_t now_ms, int64_t *wait_ms)
{
	int64_t lived_ms = now_ms - r->started_ms;
	/* What may pass is tried again. */
	if (!r->was_ready && !all_were_ready && !end.killed && end.how != EX_TEMPFAIL)
		return RESTART_NEVER;
	if (!end.killed && end.how == ROLE_STORE_REPLACED) {
		*wait_ms = lived_ms < RESTART_SETTLED_MS ? RESTART_FIRST_MS : 0;
		return RESTART_REPLACED;
	}
	if (r->backoff_ms == 0 || lived_ms >= RESTART_HEALTHY_MS)
		r->backoff_ms = RESTART_FIRST_MS;
	*wait_ms = r->backoff_ms;
	r->backoff_ms = r->backoff_ms * 2 < RESTART_MOST_MS ? r->backoff_ms * 2 : RESTART_MOST_MS;
	return RESTART_DIED;
}

int restart_exit_code(struct restart_end end)
{
	return end.how ? end.how : EX_SOFTWARE;
}

bool restart_try(struct restart *r, int64_t now_ms)
{
	if (now_ms < r->trial_due_ms)
		return false;
	r->trial_due_ms = now_ms + RESTART_TRIAL_MS;
	return true;
}

bool restart_is_stuck(int64_t killed_ms, int64_t now_ms)
{
	return killed_ms && now_ms - killed_ms > RESTART_GONE_MS;
}
