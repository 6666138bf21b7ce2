/* SPDX-License-Identifier: ISC
 *
 * How a clock is judged by the time last known.
 */
#include "store/heartbeat.h"

#include <assert.h>

const char *clock_state_name(enum clock_state state)
{
	static const char *const names[] = {
		[CLOCK_STEADY] = "steady", [CLOCK_AHEAD] = "ahead", [CLOCK_BEHIND] = "behind",
	};
	assert(state <= CLOCK_BEHIND);
	return names[state];
}

enum clock_state heartbeat_judge(int64_t known_s, int64_t now_s, int64_t jump_max_s)
{
	assert(jump_max_s >= 0);
	if (known_s == 0 || jump_max_s == 0)
		return CLOCK_STEADY;
	if (now_s > known_s && now_s - known_s > jump_max_s)
		return CLOCK_AHEAD;
	return now_s < known_s && known_s - now_s > HEARTBEAT_S ? CLOCK_BEHIND : CLOCK_STEADY;
}

bool heartbeat_crept(int64_t began_s, int64_t now_s, int64_t passed_s, int64_t jump_max_s)
{
	int64_t beside_s = now_s - began_s - passed_s;
	assert(jump_max_s >= 0);
	return jump_max_s != 0 && (beside_s > jump_max_s || -beside_s > jump_max_s);
}
