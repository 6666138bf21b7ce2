/* SPDX-License-Identifier: ISC
 *
 * Each wait is twice the one before, up to the longest, give or take an eighth.
 */
#include "gateway/retry.h"

#include <assert.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, SPREAD = 8, LATE = 4 };

const struct gateway_retry gateway_retry_default = {
	.first_s = 5 * MINUTE_S, .most_s = 3 * HOUR_S, .warn_s = 4 * HOUR_S, .give_up_s = 4 * DAY_S,
};

static int64_t wait_of(const struct gateway_retry *retry, unsigned tries)
{
	int64_t wait_s = retry->first_s;
	for (unsigned i = 1; i < tries && wait_s < retry->most_s; i++)
		wait_s *= 2;
	return wait_s < retry->most_s ? wait_s : retry->most_s;
}

int64_t gateway_retry_next(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                           unsigned tries, uint32_t chance)
{
	const int64_t wait_s = wait_of(retry, tries), spread_s = wait_s / SPREAD;
	assert(tries > 0 && retry->first_s > 0);
	const int64_t next_s = now_s + wait_s - spread_s + (int64_t)chance % (2 * spread_s + 1);
	const int64_t last_s = came_s + retry->give_up_s;
	return next_s < last_s || now_s >= last_s ? next_s : last_s;
}

/* How long that many tries take, each wait a quarter longer than it is: luck and busy hours. */
static int64_t tried_s(const struct gateway_retry *retry, unsigned tries)
{
	int64_t all_s = 0;
	for (unsigned i = 1; i < tries; i++) {
		const int64_t wait_s = wait_of(retry, i), late_s = wait_s + wait_s / LATE;
		if (wait_s == retry->most_s)
			return all_s + (tries - i) * late_s;
		all_s += late_s;
	}
	return all_s;
}

/* Since it came that time has passed, by the clock and by its tries. */
static bool has_passed(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                       unsigned tries, int64_t time_s)
{
	return now_s - came_s >= time_s && tried_s(retry, tries) >= time_s;
}

bool gateway_retry_is_over(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                           unsigned tries)
{
	return has_passed(retry, came_s, now_s, tries, retry->give_up_s);
}

bool gateway_retry_warns(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                         unsigned tries, bool told)
{
	return !told && retry->warn_s > 0 &&
	       has_passed(retry, came_s, now_s, tries, retry->warn_s) &&
	       !gateway_retry_is_over(retry, came_s, now_s, tries);
}
