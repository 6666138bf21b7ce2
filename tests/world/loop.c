/* SPDX-License-Identifier: ISC
 *
 * base/loop.h in virtual time. The world turns all loops at once (schedule.c): loop_run() is
 * called by nobody.
 */
#include "base/loop.h"

#include "base/mem.h"
#include "net.h"
#include "world.h"

#include <stdlib.h>

struct loop {
	void (*step)(void *arg);
	void *step_arg;
};

struct loop_timer {
	struct event event;
	struct loop *loop;
	void (*fire)(void *arg);
	void *arg;
};

struct loop_watch {
	struct event event;
	struct loop *loop;
	int fd;
	unsigned events;
	void (*ready)(void *arg, unsigned events);
	void *arg;
	struct loop_watch *next, *prev;
};

struct loop_signal {
	int signum;
};

static struct loop_watch *watches;

struct loop *loop_create(void)
{
	return mem_zalloc(sizeof(struct loop));
}

void loop_destroy(struct loop *loop)
{
	free(loop);
}

void loop_run(struct loop *loop)
{
	/* The world turns the loops. */
	(void)loop;
	abort();
}

void loop_run_once(struct loop *loop, int timeout_ms)
{
	(void)timeout_ms;
	loop_run(loop);
}

void loop_stop(struct loop *loop)
{
	(void)loop;
}

void loop_on_step(struct loop *loop, void (*step)(void *arg), void *arg)
{
	loop->step = step;
	loop->step_arg = arg;
}

static void begin_step(struct loop *loop)
{
	if (loop->step)
		loop->step(loop->step_arg);
}

int64_t loop_now_ms(const struct loop *loop)
{
	(void)loop;
	return world.now_ms;
}

/* ---- timers ----------------------------------------------------------------------- */

static void timer_due(void *arg)
{
	struct loop_timer *t = arg;
	begin_step(t->loop);
	t->fire(t->arg);
}

struct loop_timer *loop_timer_create(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct loop_timer *t = mem_zalloc(sizeof(*t));
	*t = (struct loop_timer){ .loop = loop, .fire = fire, .arg = arg };
	event_init(&t->event, process_now(), timer_due, t);
	return t;
}

void loop_timer_arm(struct loop_timer *t, int64_t delay_ms)
{
	event_arm(&t->event, delay_ms > 0 ? delay_ms : 0);
}

void loop_timer_disarm(struct loop_timer *t)
{
	event_disarm(&t->event);
}

void loop_timer_destroy(struct loop_timer *t)
{
	if (!t)
		return;
	event_disarm(&t->event);
	free(t);
}

/* ---- watches: of listening sockets ------------------------------------------------- */

static void look_again(struct loop_watch *w)
{
	if (w->events & LOOP_READ && net_may_accept(w->fd))
		event_arm(&w->event, 0);
	else
		event_disarm(&w->event);
}

static void watch_due(void *arg)
{
	struct loop_watch *w = arg;
	if (!(w->events & LOOP_READ) || !net_may_accept(w->fd))
		return;
	/* Before its owner is asked, who may destroy it: it would be level-triggered. */
	event_arm(&w->event, 0);
	begin_step(w->loop);
	w->ready(w->arg, LOOP_READ);
}

struct loop_watch *loop_watch_create(struct loop *loop, int fd,
                                     void (*ready)(void *arg, unsigned events), void *arg)
{
	struct loop_watch *w = mem_zalloc(sizeof(*w));
	*w = (struct loop_watch){ .loop = loop, .fd = fd, .ready = ready, .arg = arg,
	                          .next = watches };
	event_init(&w->event, process_now(), watch_due, w);
	if (watches)
		watches->prev = w;
	watches = w;
	return w;
}

void loop_watch_set(struct loop_watch *w, unsigned events)
{
	w->events = events;
	look_again(w);
}

void loop_watch_destroy(struct loop_watch *w)
{
	if (!w)
		return;
	event_disarm(&w->event);
	if (w->prev)
		w->prev->next = w->next;
	else
		watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	free(w);
}

void loop_readable(int fd)
{
	for (struct loop_watch *w = watches; w; w = w->next)
		if (w->fd == fd && w->event.owner->alive)
			look_again(w);
}

void loop_drop(const struct process *p)
{
	for (struct loop_watch *w = watches, *next; w; w = next) {
		next = w->next;
		if (w->event.owner == p)
			loop_watch_destroy(w);
	}
}

/* ---- signals: nobody sends them ------------------------------------------------------ */

struct loop_signal *loop_signal_create(struct loop *loop, int signum,
                                       void (*caught)(void *arg, int signum), void *arg)
{
	struct loop_signal *s = mem_zalloc(sizeof(*s));
	(void)loop, (void)caught, (void)arg;
	s->signum = signum;
	return s;
}

void loop_signal_destroy(struct loop_signal *s)
{
	free(s);
}
