/* SPDX-License-Identifier: ISC
 *
 * The event loop over libevent; no other file of the house names it.
 */
#include "base/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>

struct loop {
	struct event_base *base;
	int64_t now_ms;
	void (*step)(void *arg);         /* NULL: none */
	void *step_arg;
	void (*rest)(void);              /* NULL: none */
	bool stopping;
};

struct loop_timer {
	struct loop *loop;
	struct event ev;
	void (*fire)(void *arg);
	void *arg;
};

struct loop_watch {
	struct loop *loop;
	struct event ev;
	int fd;
	unsigned events;
	void (*ready)(void *arg, unsigned events);
	void *arg;
};

struct loop_signal {
	struct loop *loop;
	struct event ev;
	void (*caught)(void *arg, int signum);
	void *arg;
};

/* Its own way would be to write to stderr, and to wait there. */
static void libevent_says(int severity, const char *text)
{
	LOG(severity == EVENT_LOG_ERR ? LOG_ERROR : severity == EVENT_LOG_WARN ? LOG_WARN :
	    LOG_DEBUG, "libevent", LOG_S("text", text));
}

struct loop *loop_create(void)
{
	struct loop *loop = mem_zalloc(sizeof(*loop));
	event_set_log_callback(libevent_says);
	loop->base = event_base_new();
	assert(loop->base);
	loop->now_ms = clock_mono_ms();
	signal(SIGPIPE, SIG_IGN);
	return loop;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	event_base_free(loop->base);
	free(loop);
}

/* What is ready, or first waits for something to be; false: there is nothing to wait for. */
static bool turn(struct loop *loop, int flags)
{
	bool more = event_base_loop(loop->base, flags) == 0;
	if (loop->rest)
		loop->rest();
	return more;
}

void loop_run(struct loop *loop)
{
	loop->stopping = false;
	while (!loop->stopping && turn(loop, EVLOOP_ONCE))
		;
}

static void wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

void loop_run_once(struct loop *loop, int timeout_ms)
{
	struct event timeout;
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	evtimer_assign(&timeout, loop->base, wake, NULL);
	evtimer_add(&timeout, &tv);
	turn(loop, timeout_ms == 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
	event_del(&timeout);
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
	event_base_loopbreak(loop->base);
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

void loop_on_step(struct loop *loop, void (*step)(void *arg), void *arg)
{
	loop->step = step;
	loop->step_arg = arg;
}

void loop_on_rest(struct loop *loop, void (*rest)(void))
{
	loop->rest = rest;
}

static void begin_step(struct loop *loop)
{
	loop->now_ms = clock_mono_ms();
	if (loop->step)
		loop->step(loop->step_arg);
}

static void timer_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct loop_timer *t = arg;
	begin_step(t->loop);
	t->fire(t->arg);
}

struct loop_timer *loop_timer_create(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct loop_timer *t = mem_zalloc(sizeof(*t));
	*t = (struct loop_timer){ .loop = loop, .fire = fire, .arg = arg };
	evtimer_assign(&t->ev, loop->base, timer_cb, t);
	return t;
}

void loop_timer_arm(struct loop_timer *t, int64_t delay_ms)
{
	if (delay_ms < 0)
		delay_ms = 0;
	struct timeval tv = { delay_ms / 1000, delay_ms % 1000 * 1000 };
	evtimer_add(&t->ev, &tv);
}

void loop_timer_last(struct loop_timer *t)
{
	event_active(&t->ev, EV_TIMEOUT, 1);
}

void loop_timer_disarm(struct loop_timer *t)
{
	evtimer_del(&t->ev);
}

void loop_timer_destroy(struct loop_timer *t)
{
	if (!t)
		return;
	evtimer_del(&t->ev);
	free(t);
}

static void watch_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct loop_watch *w = arg;
	begin_step(w->loop);
	w->ready(w->arg, (what & EV_READ ? LOOP_READ : 0u) | (what & EV_WRITE ? LOOP_WRITE : 0u));
}

struct loop_watch *loop_watch_create(struct loop *loop, int fd,
                                     void (*ready)(void *arg, unsigned events), void *arg)
{
	struct loop_watch *w = mem_zalloc(sizeof(*w));
	*w = (struct loop_watch){ .loop = loop, .fd = fd, .ready = ready, .arg = arg };
	event_assign(&w->ev, loop->base, fd, EV_READ | EV_PERSIST, watch_cb, w);
	return w;
}

void loop_watch_set(struct loop_watch *w, unsigned events)
{
	if (events == w->events)
		return;
	event_del(&w->ev);
	w->events = events;
	if (events == 0)
		return;
	short what = (short)((events & LOOP_READ ? EV_READ : 0) |
	                     (events & LOOP_WRITE ? EV_WRITE : 0) | EV_PERSIST);
	event_assign(&w->ev, w->loop->base, w->fd, what, watch_cb, w);
	event_add(&w->ev, NULL);
}

void loop_watch_destroy(struct loop_watch *w)
{
	if (!w)
		return;
	event_del(&w->ev);
	free(w);
}

static void signal_cb(evutil_socket_t signum, short what, void *arg)
{
	(void)what;
	struct loop_signal *s = arg;
	begin_step(s->loop);
	s->caught(s->arg, (int)signum);
}

struct loop_signal *loop_signal_create(struct loop *loop, int signum,
                                       void (*caught)(void *arg, int signum), void *arg)
{
	struct loop_signal *s = mem_zalloc(sizeof(*s));
	*s = (struct loop_signal){ .loop = loop, .caught = caught, .arg = arg };
	evsignal_assign(&s->ev, loop->base, signum, signal_cb, s);
	evsignal_add(&s->ev, NULL);
	return s;
}

void loop_signal_destroy(struct loop_signal *s)
{
	if (!s)
		return;
	evsignal_del(&s->ev);
	free(s);
}
