/* SPDX-License-Identifier: ISC
 *
 * The world of the blocklist: chaos, then calm, then what must have come to an end.
 */
#include "faults.h"
#include "host.h"
#include "law.h"
#include "net.h"
#include "people.h"
#include "roles.h"
#include "vfs.h"

enum {
	CHAOS_LEAST_MS = 40 * 1000, CHAOS_MOST_MS = 150 * 1000,
	STEPS_MAX = 400 * 1000, LEAP_MOST_MS = 5000,
	LEAP_CALM_MS = 15 * 1000, LEAP_IDLE_MS = 1800 * 1000,
	SETTLED_MS = 30 * 1000,
};
/* 2026-11-28 */
#define WALL_BEGIN_MS 1795824000000
/* A retry that a wrong clock has planned is put off by no more (store/store.h). */
#define CALM_MOST_MS (31 * 86400000LL)

/* Nothing is made of that. */
void law_logs(const char *event)
{
	(void)event;
}

static void begin_world(uint64_t seed)
{
	world = (struct world){ .seed = seed, .now_ms = 1000, .wall_ms = WALL_BEGIN_MS,
	                        .right_ms = WALL_BEGIN_MS };
	chance_seed(seed);
	vfs_begin();
	outside_loop = loop_create();
	roles_prepare();
	hosts_begin();
	faults_begin(1, INT64_MAX);
	people_begin();
	for (unsigned i = 0; i < ROLES; i++)
		if (i != ROLE_TESTER_2 || chance_of(300))
			role_begin(i);
}

/* Where nothing is on its way, roles that only poll are not asked a hundred times. */
static void leap(void)
{
	int64_t next_ms = schedule_next_ms(&outside), most_ms = LEAP_MOST_MS;
	if (net_open() > 0 || resolver_pending() > 0 || (world.calm && law_settled()))
		return;
	if (world.calm)
		most_ms = roles_active() > 0 ? LEAP_CALM_MS : LEAP_IDLE_MS;
	most_ms += world.now_ms;
	int64_t to_ms = next_ms < most_ms ? next_ms : most_ms;
	if (chance_of(150) && to_ms > world.now_ms)
		world.now_ms = to_ms;
}

static bool turn_world(void)
{
	leap();
	if (!schedule_step())
		return false;
	faults_look();
	law_step();
	if (world.steps >= STEPS_MAX)
		world_broken("settles", "%u steps were not enough", STEPS_MAX);
	return true;
}

void world_run(uint64_t seed)
{
	begin_world(seed);
	int64_t until_ms = world.now_ms + chance_between(CHAOS_LEAST_MS, CHAOS_MOST_MS);
	while (world.now_ms < until_ms && turn_world())
		;
	faults_end();
	while (roles_missing() && turn_world())
		;
	people_calm();
	until_ms = world.now_ms + CALM_MOST_MS;
	int64_t since_ms = INT64_MAX / 2;        /* settled */
	while (world.now_ms < until_ms && world.now_ms - since_ms < SETTLED_MS && turn_world())
		if (!law_settled())
			since_ms = INT64_MAX / 2;
		else if (since_ms > world.now_ms)
			since_ms = world.now_ms;
	law_end();
}
