/* SPDX-License-Identifier: ISC
 *
 * When a recipient that was put off is tried again, when its sender is told, and when it is given
 * up. RFC 5321 4.5.4.1 wants half an hour between tries in general, and four to five days in all;
 * the first waits are shorter, since a server that greylists takes who comes again after minutes.
 * Pure: time and chance are the caller's.
 *
 * The clock is not believed alone: it may have been set ahead by days, and a machine may have been
 * off for as long. A message is given up when its time has passed and it was tried as often as it
 * would be in that time, with waits a quarter longer than they are; its sender is told of a delay
 * in the same way. So no record of the clock is needed.
 */
#ifndef PORTREEVE_GATEWAY_RETRY_H
#define PORTREEVE_GATEWAY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct gateway_retry {
	int64_t first_s;              /* between the first try and the second */
	int64_t most_s;               /* between two at most; each wait is twice the one before */
	int64_t warn_s, give_up_s;    /* after the message came; warn_s 0: nobody is warned */
};

/* After 5, 10 and 20 minutes, then ever longer up to 3 hours; told after 4 hours, given up after 4
 * days. */
extern const struct gateway_retry gateway_retry_default;

/* When the next try is due, after `tries` of which the last ended at now_s. `chance` is any number,
 * an even spread over its range: it moves the wait by up to an eighth, so that what was put off
 * together does not come back together. Never later than the message is given up: that try is
 * the last. */
int64_t gateway_retry_next(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                           unsigned tries, uint32_t chance);
/* Whether that try, which has just failed for now, was the last; `tries` with it. */
bool gateway_retry_is_over(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                           unsigned tries);
/* Whether the sender is to be told that it goes on; `told` if that was done. */
bool gateway_retry_warns(const struct gateway_retry *retry, int64_t came_s, int64_t now_s,
                         unsigned tries, bool told);

#endif
