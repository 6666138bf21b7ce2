/* SPDX-License-Identifier: ISC
 *
 * The world of the gateway: chaos, then calm until the queue is empty, then its end in order.
 */
#include "../faults.h"
#include "files.h"
#include "mail.h"

enum {
	CHAOS_LEAST_MS = 30 * 1000, CHAOS_MOST_MS = 400 * 1000, SLOWNESS = 60,
	SLOW_PER_MILLE = 150, STEPS_MAX = 400 * 1000, MARGIN = 3,
};
/* 2026-11-28 */
#define WALL_BEGIN_MS 1795824000000

static void begin_world(uint64_t seed, unsigned *slowness)
{
	world = (struct world){ .seed = seed, .now_ms = 1000, .wall_ms = WALL_BEGIN_MS,
	                        .right_ms = WALL_BEGIN_MS, .tls = true };
	/* Far apart: the numbers of a seed are those of the one before it but for the first. */
	chance_seed(seed * 1000003);
	*slowness = chance_of(SLOW_PER_MILLE) ? SLOWNESS : 1;
	outside_loop = loop_create();
	files_begin();
	gateway_prepare(*slowness > 1);
	hosts_begin();
	faults_begin(*slowness, gateway_give_up_s());
	lists_begin();
	people_begin(*slowness);
	operator_begin(*slowness);
	guessers_begin(*slowness);
	role_begin(0);
}

static bool turn_world(void)
{
	if (!schedule_step())
		return false;
	faults_look();
	if (world.steps >= STEPS_MAX)
		world_broken("settles", "%u steps were not enough", STEPS_MAX);
	return true;
}

void world_run(uint64_t seed)
{
	unsigned slowness;
	begin_world(seed, &slowness);
	int64_t until_ms = world.now_ms + slowness * (int64_t)chance_between(CHAOS_LEAST_MS,
	                                                                     CHAOS_MOST_MS);
	while (world.now_ms < until_ms && turn_world())
		;
	faults_end();
	operator_calm();
	until_ms = world.now_ms + MARGIN * 1000 * gateway_give_up_s() +
	           slowness * (int64_t)CHAOS_MOST_MS;
	while (world.now_ms < until_ms &&
	       (people_talking() > 0 || guessers_talking() > 0 || gateway_queued() > 0) &&
	       turn_world())
		;
	if (gateway_queued() > 0)
		world_broken("settles", "%zu messages are in the queue", gateway_queued());
	role_end(0);
	law_letters_end();
}
