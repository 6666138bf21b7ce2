/* SPDX-License-Identifier: ISC
 *
 * Two lists under one lock: what waits for the thread, and what waits for the loop, which an
 * eventfd wakes. All else is the loop's.
 */
#include "base/syncer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct request {
	struct request *next;
	struct syncer_file *file;        /* NULL: a job */
	int (*work)(void *arg);
	void (*done)(void *arg, int err);
	void *arg;
	int result;
};

/* First in, first out. */
struct requests {
	struct request *first, **end;
};

struct syncer {
	struct loop_watch *watch;
	struct loop_timer *begin;        /* of the thread's work, once in a turn of the loop */
	struct thread *thread;
	int wake_fd;
	size_t limit, count;             /* count: of the requests that are not called back yet */
	bool stopped;

	pthread_mutex_t lock;            /* of what follows; never held while something blocks */
	pthread_cond_t idle;             /* nothing waits, nothing is being done */
	bool working;
	struct requests waiting, finished;
};

/* ---- lists ------------------------------------------------------------------------------ */

static void requests_init(struct requests *list)
{
	*list = (struct requests){ .end = &list->first };
}

static void requests_add(struct requests *list, struct request *r)
{
	r->next = NULL;
	*list->end = r;
	list->end = &r->next;
}

static void requests_move(struct requests *from, struct requests *to)
{
	for (struct request *r = from->first, *next; r; r = next) {
		next = r->next;
		requests_add(to, r);
	}
	requests_init(from);
}

/* The first of the list, and for a file all others that ask for the same. */
static void requests_take_turn(struct requests *list, struct requests *out)
{
	struct requests rest;
	const struct request *first = list->first;
	requests_init(&rest);
	for (struct request *r = list->first, *next; r; r = next) {
		next = r->next;
		bool together = r == first || (r->file && r->file == first->file);
		requests_add(together ? out : &rest, r);
	}
	requests_init(list);
	requests_move(&rest, list);
}

/* ---- in the thread ------------------------------------------------------------------------ */

static int sync_of_file(struct syncer_file *file)
{
	if (file->failed != ERR_OK)
		return file->failed;
	int result;
	do {
		result = fdatasync(file->fd);
	} while (result != 0 && errno == EINTR);
	if (result != 0)
		file->failed = file_err(errno) == ERR_FULL ? ERR_FULL : ERR_IO;
	return file->failed;
}

static void wake_loop(struct syncer *s)
{
	const uint64_t one = 1;
	ssize_t n = write(s->wake_fd, &one, sizeof(one));
	/* A full counter wakes as well. */
	assert(n == (ssize_t)sizeof(one) || errno == EAGAIN);
}

int64_t syncer_step(struct syncer *s)
{
	struct requests turn;
	requests_init(&turn);
	pthread_mutex_lock(&s->lock);
	requests_take_turn(&s->waiting, &turn);
	s->working = turn.first != NULL;
	pthread_mutex_unlock(&s->lock);
	if (!turn.first)
		return -1;
	int result = turn.first->file ? sync_of_file(turn.first->file)
	                              : turn.first->work(turn.first->arg);
	for (struct request *r = turn.first; r; r = r->next)
		r->result = result;
	pthread_mutex_lock(&s->lock);
	requests_move(&turn, &s->finished);
	bool more = s->waiting.first != NULL;
	s->working = false;
	if (!more)
		pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	wake_loop(s);
	return more ? 0 : -1;
}

static int64_t step_of_thread(void *arg)
{
	return syncer_step(arg);
}

/* ---- in the loop ---------------------------------------------------------------------------- */

static void call_back(struct syncer *s)
{
	struct requests finished;
	requests_init(&finished);
	pthread_mutex_lock(&s->lock);
	requests_move(&s->finished, &finished);
	pthread_mutex_unlock(&s->lock);
	for (struct request *r = finished.first, *next; r; r = next) {
		next = r->next;
		assert(s->count > 0);
		s->count--;
		r->done(r->arg, r->result);
		free(r);
	}
}

static void woken(void *arg, unsigned events)
{
	struct syncer *s = arg;
	uint64_t times;
	(void)events;
	ssize_t n = read(s->wake_fd, &times, sizeof(times));
	assert(n == (ssize_t)sizeof(times) || errno == EAGAIN);
	call_back(s);
}

/* Not before the turn's end: one sync is for all that was written in it, and the thread does not
 * compete with the loop for what is still to be written. */
static void begin(void *arg)
{
	struct syncer *s = arg;
	if (s->thread)
		thread_wake(s->thread);
}

static int ask(struct syncer *s, const struct request *what)
{
	if (s->stopped)
		return ERR_BUSY;
	if (s->count >= s->limit)
		return ERR_LIMIT;
	struct request *r = mem_zalloc(sizeof(*r));
	*r = *what;
	s->count++;
	pthread_mutex_lock(&s->lock);
	requests_add(&s->waiting, r);
	pthread_mutex_unlock(&s->lock);
	if (s->thread)
		loop_timer_last(s->begin);
	return ERR_OK;
}

int syncer_job(struct syncer *s, int (*work)(void *arg), void (*done)(void *arg, int err),
               void *arg)
{
	return ask(s, &(struct request){ .work = work, .done = done, .arg = arg });
}

int syncer_file(struct syncer *s, struct syncer_file *file, void (*done)(void *arg, int err),
                void *arg)
{
	return ask(s, &(struct request){ .file = file, .done = done, .arg = arg });
}

struct syncer *syncer_create(struct loop *loop, size_t limit)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	struct syncer *s = mem_zalloc(sizeof(*s));
	*s = (struct syncer){ .wake_fd = fd, .limit = limit };
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->idle, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&s->lock, NULL);
	requests_init(&s->waiting);
	requests_init(&s->finished);
	s->begin = loop_timer_create(loop, begin, s);
	s->watch = loop_watch_create(loop, fd, woken, s);
	loop_watch_set(s->watch, LOOP_READ);
	return s;
}

int syncer_start(struct syncer *s)
{
	assert(!s->thread && !s->stopped);
	s->thread = thread_start(step_of_thread, s);
	return s->thread ? ERR_OK : ERR_LIMIT;
}

int64_t syncer_since_ms(const struct syncer *s)
{
	return s->thread ? thread_since_ms(s->thread) : INT64_MAX;
}

static bool wait_until_idle(struct syncer *s, int64_t until_ms)
{
	struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
	                          .tv_nsec = (long)(until_ms % 1000) * 1000000 };
	int late = 0;
	pthread_mutex_lock(&s->lock);
	while ((s->waiting.first || s->working) && late == 0)
		late = pthread_cond_timedwait(&s->idle, &s->lock, &until);
	bool idle = !s->waiting.first && !s->working;
	pthread_mutex_unlock(&s->lock);
	return idle;
}

/* The thread does what waits, and not the loop, whose wait has a limit. */
static int finish_in_thread(struct syncer *s, int64_t limit_ms)
{
	int64_t until_ms = clock_mono_ms() + limit_ms;
	begin(s);
	if (!wait_until_idle(s, until_ms))
		return ERR_TIMEOUT;
	int64_t left_ms = until_ms - clock_mono_ms();
	int e = thread_stop(s->thread, left_ms > 0 ? left_ms : 0);
	if (e == ERR_OK)
		s->thread = NULL;
	return e;
}

int syncer_stop(struct syncer *s, int64_t limit_ms)
{
	int e = ERR_OK;
	s->stopped = true;
	if (s->thread)
		e = finish_in_thread(s, limit_ms);
	else
		while (syncer_step(s) >= 0)
			;
	call_back(s);
	assert(e != ERR_OK || (s->count == 0 && !s->waiting.first && !s->finished.first));
	return e;
}

void syncer_destroy(struct syncer *s)
{
	if (!s)
		return;
	assert(!s->thread && s->count == 0);
	loop_watch_destroy(s->watch);
	loop_timer_destroy(s->begin);
	close(s->wake_fd);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
