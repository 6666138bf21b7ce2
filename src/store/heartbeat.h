/* SPDX-License-Identifier: ISC
 *
 * Whether the wall clock can be believed. The store keeps a heartbeat: the time at which the
 * clock was last found right, written once an hour. A clock that is far from it has jumped, and
 * what would be done by it (rows removed, hosts tested, the list changed) could not be undone:
 * it is not done until the operator says that the clock is right. Pure.
 */
#ifndef PORTREEVE_STORE_HEARTBEAT_H
#define PORTREEVE_STORE_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

enum clock_state { CLOCK_STEADY, CLOCK_AHEAD, CLOCK_BEHIND };
const char *clock_state_name(enum clock_state state);      /* "steady"; never NULL */

/* How often it is written, and how far the clock may be behind it. */
enum { HEARTBEAT_S = 3600 };

/* known_s 0: nothing is known, and any clock is believed; jump_max_s 0: it is not judged. */
enum clock_state heartbeat_judge(int64_t known_s, int64_t now_s, int64_t jump_max_s);
/* Whether steps, each too small to be a jump, have added up to one: the clock said began_s, and
 * says now_s when passed_s seconds have passed. jump_max_s as above. */
bool heartbeat_crept(int64_t began_s, int64_t now_s, int64_t passed_s, int64_t jump_max_s);

#endif
