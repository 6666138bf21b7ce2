/* SPDX-License-Identifier: ISC
 *
 * Processes of the world. One that is killed stops in the midst of a call through the seam and
 * never comes back: its memory stays as it was and is used by nobody any more, as the memory of
 * a process is that the system has killed. What the system would close is closed.
 */
#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct process outside = { .name = "outside", .kind = PROCESS_OUTSIDE, .alive = true };
struct process observer = { .name = "observer", .kind = PROCESS_OBSERVER, .alive = true };

static struct process *now = &outside;
static jmp_buf way_out;

struct process *process_now(void)
{
	return now;
}

bool process_outlives(const struct process *p)
{
	return p->kind == PROCESS_OUTSIDE || p->kind == PROCESS_OBSERVER;
}

bool process_run(struct process *p, void (*f)(void *arg), void *arg)
{
	struct process *volatile before = now;
	struct process *volatile runs = p;
	jmp_buf outer;
	memcpy(&outer, &way_out, sizeof(outer));
	now = p;
	bool lived = setjmp(way_out) == 0;
	if (lived)
		f(arg);
	now = before;
	memcpy(&way_out, &outer, sizeof(outer));
	if (!lived)
		process_abandon(runs);
	return lived;
}

bool process_begin(struct process *p, void (*begin)(void *role), void *role, const bool *failed)
{
	assert(!p->alive);
	p->alive = true;
	p->life++;
	p->role = role;
	trace("%s begins", p->name);
	if (!process_run(p, begin, role))
		return false;
	if (*failed)
		process_abandon(p);
	return p->alive;
}

void process_abandon(struct process *p)
{
	assert(!process_outlives(p));
	p->alive = false;
	p->kill_in = 0;
	p->power = false;
	p->role = NULL;
	schedule_drop(p);
	resolver_drop(p);
	net_drop(p);
	vfs_drop(p);
}

void seam(const char *what)
{
	struct process *p = now;
	if (p->kill_in == 0 || --p->kill_in > 0)
		return;
	trace("killed at %s", what);
	world.power_is_cut = p->power;
	longjmp(way_out, 1);
}
