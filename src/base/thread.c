/* SPDX-License-Identifier: ISC
 *
 * The shell around a step: it waits, and calls. Nothing is decided here.
 */
#include "base/thread.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct thread {
	pthread_t id;
	int64_t (*step)(void *arg);
	void *arg;
	_Atomic int64_t since_ms;        /* see thread_since_ms(); written under the lock */
	pthread_mutex_t lock;            /* of the rest; never held in a step */
	pthread_cond_t changed, ended;
	bool stopping, woken, over;
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
	int64_t now_ms = clock_mono_ms();
	t->since_ms = t->woken ? now_ms : delay_ms < 0 ? INT64_MAX : now_ms + delay_ms;
	while (!t->stopping && !t->woken && late == 0)
		late = delay_ms < 0 ? pthread_cond_wait(&t->changed, &t->lock)
		                    : pthread_cond_timedwait(&t->changed, &t->lock, &until);
	bool go_on = !t->stopping;
	t->woken = false;
	t->since_ms = clock_mono_ms();
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static void *turn(void *arg)
{
	struct thread *t = arg;
	int64_t delay_ms = 0;
	while (wait_for_step(t, delay_ms))
		delay_ms = t->step(t->arg);
	pthread_mutex_lock(&t->lock);
	t->over = true;
	pthread_cond_signal(&t->ended);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void thread_init(struct thread *t)
{
	pthread_condattr_t attributes;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attributes);
	pthread_cond_init(&t->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	t->since_ms = clock_mono_ms();
}

static void thread_free(struct thread *t)
{
	pthread_cond_destroy(&t->changed);
	pthread_cond_destroy(&t->ended);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct thread *thread_start(int64_t (*step)(void *arg), void *arg)
{
	struct thread *t = mem_zalloc(sizeof(*t));
	sigset_t all, before;
	t->step = step;
	t->arg = arg;
	thread_init(t);
	/* It inherits that it takes none. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&t->id, NULL, turn, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return t;
	thread_free(t);
	return NULL;
}

void thread_wake(struct thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->woken = true;
	if (t->since_ms > clock_mono_ms())
		t->since_ms = clock_mono_ms();
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

int64_t thread_since_ms(const struct thread *t)
{
	return t->since_ms;
}

/* Not a timed join: the one that goes by the monotonic clock is unknown to ThreadSanitizer. What
 * comes after `over` is the C library's, and waits for nothing. */
static bool wait_for_end(struct thread *t, int64_t limit_ms)
{
	struct timespec until = after_ms(limit_ms);
	int late = 0;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->changed);
	while (!t->over && late == 0)
		late = pthread_cond_timedwait(&t->ended, &t->lock, &until);
	bool over = t->over;
	pthread_mutex_unlock(&t->lock);
	return over;
}

int thread_stop(struct thread *t, int64_t limit_ms)
{
	if (!t)
		return ERR_OK;
	assert(limit_ms >= 0 && !pthread_equal(t->id, pthread_self()));
	if (!wait_for_end(t, limit_ms))
		return ERR_TIMEOUT;
	int e = pthread_join(t->id, NULL);
	assert(e == 0);
	thread_free(t);
	return ERR_OK;
}
