/* SPDX-License-Identifier: ISC
 *
 * base/clock.h in virtual time: the time of day may jump, the others go on.
 */
#include "base/clock.h"

#include "world.h"

int64_t clock_now_ms(void) { return world.now_ms + world.wall_ms; }
int64_t clock_now_s(void) { return clock_now_ms() / 1000; }
int64_t clock_mono_ms(void) { return world.now_ms; }
int64_t clock_boot_ms(void) { return world.now_ms; }

int64_t world_wall_s(void) { return clock_now_s(); }
