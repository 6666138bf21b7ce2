/* SPDX-License-Identifier: ISC
 *
 * base/syncer.h in virtual time: no thread, each request is done at once or after a while, and
 * called back a while after that. Its process may die before the work, and between the work and
 * whoever waits for it.
 */
#include "base/syncer.h"

#include "base/mem.h"
#include "world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { SLOW_PER_MILLE = 200, SLOW_MOST_MS = 8000 };

struct request {
	struct request *next;
	struct syncer_file *file;
	int (*work)(void *arg);
	void (*done)(void *arg, int err);
	void *arg;
	int result;
};

struct syncer {
	struct event due;
	struct request *first, **end;
	size_t limit, count;
	bool worked, stopped;            /* worked: the first one is, and waits for its call */
};

static int64_t some_time(void)
{
	return !world.calm && chance_of(SLOW_PER_MILLE) ? chance_below(SLOW_MOST_MS) : 0;
}

/* An error is for good. */
static int sync_file(struct syncer_file *file)
{
	int failed = file->failed ? 0 : vfs_sync(file->fd);
	if (failed)
		file->failed = failed == ENOSPC ? ERR_FULL : ERR_IO;
	return file->failed;
}

static void work_first(struct syncer *s)
{
	struct request *r = s->first;
	seam("sync");
	r->result = r->file ? sync_file(r->file) : r->work(r->arg);
	seam("synced");
	s->worked = true;
}

static void call_first(struct syncer *s)
{
	struct request *r = s->first;
	s->first = r->next;
	if (!s->first)
		s->end = &s->first;
	s->worked = false;
	s->count--;
	r->done(r->arg, r->result);
	free(r);
}

static void due(void *arg)
{
	struct syncer *s = arg;
	if (s->worked)
		call_first(s);
	else
		work_first(s);
	if (s->first)
		event_arm(&s->due, some_time());
}

static int ask(struct syncer *s, const struct request *what)
{
	if (s->stopped)
		return ERR_BUSY;
	if (s->count >= s->limit)
		return ERR_LIMIT;
	struct request *r = mem_zalloc(sizeof(*r));
	*r = *what;
	*s->end = r;
	s->end = &r->next;
	if (s->count++ == 0)
		event_arm(&s->due, some_time());
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
	struct syncer *s = mem_zalloc(sizeof(*s));
	(void)loop;
	s->limit = limit;
	s->end = &s->first;
	event_init(&s->due, process_now(), due, s);
	return s;
}

int syncer_start(struct syncer *s)
{
	(void)s;
	return ERR_OK;
}

int64_t syncer_step(struct syncer *s)
{
	(void)s;
	return -1;                       /* the schedule does it */
}

int64_t syncer_since_ms(const struct syncer *s)
{
	(void)s;
	return INT64_MAX;                /* it never hangs */
}

int syncer_stop(struct syncer *s, int64_t limit_ms)
{
	(void)limit_ms;
	s->stopped = true;
	event_disarm(&s->due);
	while (s->first) {
		if (!s->worked)
			work_first(s);
		call_first(s);
	}
	assert(s->count == 0);
	return ERR_OK;
}

void syncer_destroy(struct syncer *s)
{
	if (!s)
		return;
	assert(s->count == 0);
	free(s);
}
