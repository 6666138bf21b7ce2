/* SPDX-License-Identifier: ISC
 *
 * What is over: for how long each kind is kept, and what stays whatever its age.
 */
#include "store/retention.h"

#include "base/clock.h"

#include <assert.h>

int64_t retention_keep_s(enum retained kind, const struct store_config *keep)
{
	assert(kind < RETAINED_KINDS);
	switch (kind) {
	case RETAINED_TEST: return keep->keep_tests_s;
	case RETAINED_EVIDENCE: return keep->keep_evidence_s;
	default: return keep->keep_returns_s;
	}
}

bool retention_over(enum retained kind, const struct retention_facts *facts,
                    const struct store_config *keep, int64_t now_s)
{
	int64_t since_s = facts->delisted_s > facts->time_s ? facts->delisted_s : facts->time_s;
	if (facts->listed || facts->under_way || facts->last || facts->unread)
		return false;
	return now_s - clock_past(since_s, now_s) >= retention_keep_s(kind, keep);
}
