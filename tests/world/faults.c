/* SPDX-License-Identifier: ISC
 *
 * When what goes wrong: kills, stalls, a full disk, a clock that jumps, power cuts.
 */
#include "faults.h"

#include "disk.h"
#include "net.h"

enum {
	PAUSE_LEAST_MS = 500, PAUSE_MOST_MS = 12 * 1000, KILL_WITHIN = 400,
	BACK_LEAST_MS = 200, BACK_MOST_MS = 15 * 1000, STALL_MOST_MS = 8000,
	FULL_MOST_MS = 15 * 1000, DAY_S = 86400,
};

struct faults faults;

/* What this seed's faults do, each with its share of all. */
static struct {
	unsigned kill, term, stall, full, jump, power, wake;
} shares;
static struct event next_fault, disk_is_free;
static unsigned slowness = 1;
static int64_t jump_most_s;
static struct event back[PROCESSES_MAX];

/* ---- deaths ------------------------------------------------------------------------- */

static void come_back(void *arg)
{
	unsigned which = (unsigned)(uintptr_t)arg;
	if (roles[which].alive)
		return;
	if (!role_begin(which))
		event_arm(&back[which], BACK_LEAST_MS);
}

static void see_the_dead(void)
{
	for (unsigned i = 0; i < role_n; i++) {
		if (roles[i].alive || back[i].armed || roles[i].life == 0)
			continue;
		law_after_death(false);
		event_arm(&back[i], world.calm ? BACK_LEAST_MS
		          : chance_between(BACK_LEAST_MS, BACK_MOST_MS));
	}
}

void faults_look(void)
{
	see_the_dead();
	if (!world.power_is_cut)
		return;
	world.power_is_cut = false;
	trace("the power is cut");
	for (unsigned i = 0; i < role_n; i++)
		if (roles[i].alive)
			process_abandon(&roles[i]);
	disk_power_cut();
	law_after_death(true);
	law_disturbed();
	see_the_dead();
}

static void kill_role(bool power)
{
	struct process *p = &roles[chance_below(role_n)];
	if (!p->alive)
		return;
	p->kill_in = 1 + chance_below(chance_of(500) ? 20 : KILL_WITHIN);
	p->power = power;
}

static void end_role(void)
{
	role_end(chance_below(role_n));
}

static void stall_role(void)
{
	struct process *p = &roles[chance_below(role_n)];
	p->stalled_until_ms = world.now_ms + chance_between(1, STALL_MOST_MS);
	trace("%s is stalled", p->name);
}

/* ---- the machine ------------------------------------------------------------------------ */

static void free_disk(void *arg)
{
	(void)arg;
	trace("the disk has room again");
	faults.disk_full = false;
	law_disturbed();
}

static void fill_disk(void)
{
	if (faults.disk_full)
		return;
	trace("the disk is full");
	faults.disk_full = true;
	law_disturbed();
	event_arm(&disk_is_free, chance_between(PAUSE_LEAST_MS, FULL_MOST_MS));
}

static void jump_clock(void)
{
	static const int64_t most_s[] = { 5, 120, 2 * DAY_S, 30 * DAY_S };
	int64_t by_s = chance_below((unsigned)most_s[chance_below(4)]);
	if (by_s > jump_most_s)
		by_s = jump_most_s;
	if (world.wall_ms != world.right_ms)
		world.wall_ms = world.right_ms;          /* somebody sets it right */
	else
		world.wall_ms += 1000 * (chance_of(500) ? by_s : -by_s);
	trace("the clock is %lld s off", (long long)(world.wall_ms - world.right_ms) / 1000);
	law_disturbed();
}

static void go_wrong(void *arg)
{
	(void)arg;
	unsigned all = shares.kill + shares.term + shares.stall + shares.full + shares.jump +
	               shares.power;
	unsigned at = chance_below(all + 1);
	if (at < shares.kill)
		kill_role(false);
	else if ((at -= shares.kill) < shares.term)
		end_role();
	else if ((at -= shares.term) < shares.stall)
		stall_role();
	else if ((at -= shares.stall) < shares.full)
		fill_disk();
	else if ((at -= shares.full) < shares.jump)
		jump_clock();
	else if ((at -= shares.jump) < shares.power)
		kill_role(true);
	event_arm(&next_fault, (int64_t)slowness * chance_between(PAUSE_LEAST_MS, PAUSE_MOST_MS));
}

/* ---- begin and end ------------------------------------------------------------------------ */

/* Half of the worlds know no such fault, so that faults are also seen alone. */
static unsigned draw(unsigned most)
{
	return chance_of(500) ? 0 : chance_below(most + 1);
}

void faults_begin(unsigned slow, int64_t jump_s)
{
	slowness = slow;
	jump_most_s = jump_s;
	faults = (struct faults){
		.drop = draw(4), .hole = draw(2), .slow = draw(20), .split = draw(500),
		.descriptors = draw(50), .dns_late = draw(200), .dns_fails = draw(100),
		.disk_fails = draw(3), .disk_busy = draw(5),
	};
	shares.kill = draw(10);
	shares.term = draw(8);
	shares.stall = draw(6);
	shares.full = draw(3);
	shares.jump = draw(3);
	shares.power = draw(4);
	event_init(&next_fault, &outside, go_wrong, NULL);
	event_init(&disk_is_free, &outside, free_disk, NULL);
	for (unsigned i = 0; i < role_n; i++)
		event_init(&back[i], &outside, come_back, (void *)(uintptr_t)i);
	event_arm(&next_fault, (int64_t)slowness * chance_between(PAUSE_LEAST_MS, PAUSE_MOST_MS));
}

void faults_end(void)
{
	trace("all is calm");
	faults = (struct faults){ 0 };
	world.calm = true;
	world.wall_ms = world.right_ms;
	event_disarm(&next_fault);
	event_disarm(&disk_is_free);
	for (unsigned i = 0; i < role_n; i++)
		roles[i].kill_in = 0;
	law_disturbed();
	see_the_dead();
}
