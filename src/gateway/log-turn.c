/* SPDX-License-Identifier: ISC
 *
 * How segments come into use and go out of it. One is always made ready ahead of need, by the
 * syncer. One that failed is not renewed: it is removed when its turn comes.
 */
#include "gateway/log-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

/* In the syncer's thread, a new one by a piece for each time: what waits to be synced meanwhile
 * does not wait for the whole of it. */
static int prepare_work(void *arg)
{
	struct preparation *p = arg;
	int e = p->fd >= 0 ? ERR_OK : segment_create(p->directory, p->name, p->bytes, &p->fd);
	if (e == ERR_OK && p->filled < p->bytes)
		e = segment_fill(p->fd, p->bytes, &p->filled);
	if (e != ERR_OK || p->filled < p->bytes)
		return e;
	e = segment_renew(p->fd, &p->key, p->use);
	return e == ERR_OK && p->is_new ? segment_publish(p->directory, p->fd) : e;
}

static void segment_away(struct gateway_log *log, struct segment *s)
{
	if (s->file.fd >= 0) {
		unlinkat(log->directory, s->name, 0);
		close(s->file.fd);
	}
	log->count--;
	free(s);
}

static void prepare_end(struct gateway_log *log, int err)
{
	struct segment *s = log->preparation.segment;
	log->preparing = false;
	log->trouble = err;
	s->file.fd = log->preparation.fd;
	if (err != ERR_OK) {
		segment_away(log, s);
		return;
	}
	assert(log->preparation.filled == log->bytes);
	s->use = log->preparation.use;
	s->end = gateway_record_bytes(0);
	log->ready = s;
}

static void prepare_done(void *arg, int err)
{
	struct preparation *p = arg;
	if (err == ERR_OK && p->filled < p->bytes) {
		err = syncer_job(p->log->syncer, prepare_work, prepare_done, p);
		if (err == ERR_OK)
			return;
	}
	prepare_end(p->log, err);
}

void log_idle_add(struct gateway_log *log, struct segment *s)
{
	struct segment **end = &log->idle;
	while (*end)
		end = &(*end)->next;
	s->next = NULL;
	*end = s;
}

/* One that waits, or a new one if there may be more; NULL: neither. */
static struct segment *segment_next(struct gateway_log *log)
{
	struct segment *s;
	while ((s = log->idle)) {
		log->idle = s->next;
		s->next = NULL;
		if (!s->failed)
			return s;
		segment_away(log, s);
	}
	if (log->count >= log->max + log->stretched)
		return NULL;
	s = mem_zalloc(sizeof(*s));
	s->file.fd = -1;
	segment_name(log->next_number++, s->name);
	log->count++;
	return s;
}

/* False: there is one, or can be none. */
static bool prepare_begin(struct gateway_log *log)
{
	if (log->ready || log->preparing)
		return false;
	struct segment *s = segment_next(log);
	if (!s) {
		log->trouble = ERR_LIMIT;
		return false;
	}
	log->preparing = true;
	log->preparation = (struct preparation){
		.log = log, .segment = s, .directory = log->directory, .fd = s->file.fd,
		.bytes = log->bytes, .is_new = s->file.fd < 0,
		.filled = s->file.fd < 0 ? 0 : log->bytes,
		.key = log->key, .use = log->next_use++ };
	memcpy(log->preparation.name, s->name, sizeof(s->name));
	return true;
}

void log_prepare(struct gateway_log *log)
{
	if (!prepare_begin(log))
		return;
	int e = syncer_job(log->syncer, prepare_work, prepare_done, &log->preparation);
	if (e != ERR_OK) {
		/* Nothing was touched: it waits again, or was never made. */
		struct segment *s = log->preparation.segment;
		log->preparing = false;
		log->trouble = e;
		if (s->file.fd < 0) {
			segment_away(log, s);
		} else {
			s->next = log->idle;
			log->idle = s;
		}
	}
}

int log_prepare_now(struct gateway_log *log)
{
	struct preparation *p = &log->preparation;
	if (prepare_begin(log)) {
		int e;
		do {
			e = prepare_work(p);
		} while (e == ERR_OK && p->filled < p->bytes);
		prepare_end(log, e);
	}
	return log->ready ? ERR_OK : log->trouble;
}

void log_release(struct gateway_log *log)
{
	while (log->first && log->first != log->current && log->first->live == 0 &&
	       log->first->owed == 0) {
		struct segment *s = log->first;
		log->first = s->next;
		if (log->count > log->max)
			segment_away(log, s);
		else
			log_idle_add(log, s);
		log->stretched = log->count > log->max ? log->count - log->max : 0;
	}
}
