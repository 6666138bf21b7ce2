/* SPDX-License-Identifier: ISC
 *
 * The shell around a step: it waits, and calls. Nothing is decided here.
 */
#include "base/thread.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct thread {
	pthread_t id;
	int64_t (*step)(void *arg);
	void *arg;
	pthread_mutex_t lock;            /* of the rest; never held in a step */
	pthread_cond_t changed;
	bool stopping, woken;
};

static struct timespec after_ms(int64_t ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* False when it is to end. */
static bool wait_for_step(struct thread *t, int64_t delay_ms)
{
	struct timespec until = after_ms(delay_ms > 0 ? delay_ms : 0);
	int late = 0;
	pthread_mutex_lock(&t->lock);
	while (!t->stopping && !t->woken && late == 0)
		late = delay_ms < 0 ? pthread_cond_wait(&t->changed, &t->lock)
		                    : pthread_cond_timedwait(&t->changed, &t->lock, &until);
	bool go_on = !t->stopping;
	t->woken = false;
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static void *turn(void *arg)
{
	struct thread *t = arg;
	int64_t delay_ms = 0;
	while (wait_for_step(t, delay_ms))
		delay_ms = t->step(t->arg);
	return NULL;
}

struct thread *thread_start(int64_t (*step)(void *arg), void *arg)
{
	struct thread *t = mem_zalloc(sizeof(*t));
	pthread_condattr_t attributes;
	sigset_t all, before;
	*t = (struct thread){ .step = step, .arg = arg };
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	/* It inherits that it takes none. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&t->id, NULL, turn, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return t;
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

static void tell(struct thread *t, bool *what)
{
	pthread_mutex_lock(&t->lock);
	*what = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void thread_wake(struct thread *t)
{
	tell(t, &t->woken);
}

void thread_stop(struct thread *t)
{
	if (!t)
		return;
	assert(!pthread_equal(t->id, pthread_self()));
	tell(t, &t->stopping);
	int e = pthread_join(t->id, NULL);
	assert(e == 0);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
