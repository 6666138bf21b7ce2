/* SPDX-License-Identifier: ISC
 *
 * All that is due in the world, in one list: timers of roles, bytes on their way, answers of
 * name servers, the moves of hosts and people. The time is that of what happens now.
 */
#include "world.h"

#include <assert.h>

static struct event *armed;
static uint64_t order;

void event_init(struct event *e, struct process *owner, void (*fire)(void *arg), void *arg)
{
	*e = (struct event){ .owner = owner, .fire = fire, .arg = arg };
}

void event_disarm(struct event *e)
{
	if (!e->armed)
		return;
	e->armed = false;
	if (e->prev)
		e->prev->next = e->next;
	else
		armed = e->next;
	if (e->next)
		e->next->prev = e->prev;
	e->next = e->prev = NULL;
}

void event_arm(struct event *e, int64_t delay_ms)
{
	assert(delay_ms >= 0);
	event_disarm(e);
	e->due_ms = world.now_ms + delay_ms;
	e->order = order++;
	e->armed = true;
	e->next = armed;
	if (armed)
		armed->prev = e;
	armed = e;
}

/* A process that is stalled does all of it late. */
static int64_t when(const struct event *e)
{
	return e->due_ms > e->owner->stalled_until_ms ? e->due_ms : e->owner->stalled_until_ms;
}

static struct event *first(const struct process *owner)
{
	struct event *best = NULL;
	for (struct event *e = armed; e; e = e->next) {
		if (owner && e->owner != owner)
			continue;
		if (!best || when(e) < when(best) ||
		    (when(e) == when(best) && e->order < best->order))
			best = e;
	}
	return best;
}

int64_t schedule_next_ms(const struct process *owner)
{
	const struct event *e = first(owner);
	return e ? when(e) : INT64_MAX;
}

bool schedule_step(void)
{
	struct event *e = first(NULL);
	if (!e)
		return false;
	if (when(e) > world.now_ms)
		world.now_ms = when(e);
	event_disarm(e);
	world.steps++;
	process_run(e->owner, e->fire, e->arg);
	return true;
}

void schedule_drop(const struct process *owner)
{
	for (struct event *e = armed, *next; e; e = next) {
		next = e->next;
		if (e->owner == owner)
			event_disarm(e);
	}
}

unsigned schedule_owned(const struct process *owner)
{
	unsigned n = 0;
	for (const struct event *e = armed; e; e = e->next)
		n += e->owner == owner;
	return n;
}
