/* SPDX-License-Identifier: ISC
 *
 * Appending, committing and reading. How the log is opened is in log-open.c, how its segments take
 * turns in log-turn.c.
 */
#include "gateway/log.h"

#include "base/mem.h"
#include "gateway/log-private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* NULL: it is not in use any more. */
static struct segment *segment_of(const struct gateway_log *log, uint64_t use)
{
	struct segment *s = log->first;
	while (s && s->use != use)
		s = s->next;
	return s;
}

/* ---- appending ------------------------------------------------------------------------- */

/* Whether there will be another segment behind the one that is ready. For one that failed there is
 * a new one when its turn comes. */
static bool more_behind(const struct gateway_log *log)
{
	for (const struct segment *s = log->idle; s; s = s->next)
		if (!s->failed || log->trouble == ERR_OK)
			return true;
	return log->count < log->max && log->trouble == ERR_OK;
}

/* As long as no other segment is ready, what begins leaves a part of this one to what ends. */
static bool has_room(const struct gateway_log *log, enum gateway_room room, size_t bytes)
{
	enum { ENDS_PART = 16 };
	const size_t left = log->bytes - log->current->end;
	const size_t kept = room == GATEWAY_BEGINS && !log->ready ? log->bytes / ENDS_PART : 0;
	return !log->current->failed && left >= kept && left - kept >= bytes;
}

static bool may_advance(const struct gateway_log *log, enum gateway_room room)
{
	return log->ready && (room == GATEWAY_ENDS || more_behind(log));
}

int gateway_log_room(const struct gateway_log *log, enum gateway_room room, size_t payload)
{
	const size_t bytes = gateway_record_bytes(payload);
	if (bytes > log->bytes - gateway_record_bytes(0))
		return ERR_LIMIT;
	return has_room(log, room, bytes) || may_advance(log, room) ? ERR_OK : ERR_FULL;
}

static int current_advance(struct gateway_log *log, enum gateway_room room)
{
	if (!may_advance(log, room)) {
		/* Where syncs failed one after the other, each segment may hold what counts, and
		 * none can be written anew: it takes one more until one can go. */
		if (room == GATEWAY_ENDS && !log->ready && !log->preparing &&
		    log->count >= log->max + log->stretched && log->stretched < log->max)
			log->stretched++;
		log_prepare(log);
		return ERR_FULL;
	}
	log->current->next = log->ready;
	log->current = log->ready;
	log->ready = NULL;
	log_release(log);
	log_prepare(log);
	return ERR_OK;
}

/* Most records fit into the memory of the last one. */
static void record_clear(struct gateway_log *log)
{
	enum { KEPT_BYTES = 1 << 18 };
	if (log->record.cap > KEPT_BYTES)
		buf_fini(&log->record);
	else
		buf_clear(&log->record);
}

int gateway_log_append(struct gateway_log *log, enum gateway_room room, uint32_t kind,
                       uint64_t message, struct str payload, struct gateway_place *place)
{
	const size_t bytes = gateway_record_bytes(payload.n);
	assert(kind != GATEWAY_KIND_SEGMENT);
	if (bytes > log->bytes - gateway_record_bytes(0))
		return ERR_LIMIT;
	int e = has_room(log, room, bytes) ? ERR_OK : current_advance(log, room);
	if (e != ERR_OK)
		return e;
	struct segment *s = log->current;
	const struct gateway_record written = { .kind = kind, .use = s->use, .message = message,
	                                        .payload = payload };
	gateway_record_write(&log->key, &written, &log->record);
	e = segment_write(s->file.fd, s->end, buf_str(&log->record));
	record_clear(log);
	if (e != ERR_OK) {
		s->failed = true;
		return e;
	}
	*place = (struct gateway_place){ .use = s->use, .at = s->end, .bytes = bytes };
	s->end += bytes;
	s->live++;
	return ERR_OK;
}

/* ---- committing ------------------------------------------------------------------------ */

struct waiter {
	struct gateway_log *log;
	struct segment *segment;
	void (*done)(void *arg, int err);
	void *arg;
};

static void committed(void *arg, int err)
{
	struct waiter w = *(struct waiter *)arg;
	free(arg);
	assert(w.segment->owed > 0);
	w.segment->owed--;
	if (err != ERR_OK)
		w.segment->failed = true;
	w.done(w.arg, err);
	log_release(w.log);
}

int gateway_log_commit(struct gateway_log *log, const struct gateway_place *place,
                       void (*done)(void *arg, int err), void *arg)
{
	struct segment *s = segment_of(log, place->use);
	assert(s);
	struct waiter *w = mem_alloc(sizeof(*w));
	*w = (struct waiter){ log, s, done, arg };
	int e = syncer_file(log->syncer, &s->file, committed, w);
	if (e != ERR_OK) {
		free(w);
		return e;
	}
	s->owed++;
	return ERR_OK;
}

/* ---- reading and dropping -------------------------------------------------------------- */

int gateway_log_read(struct gateway_log *log, const struct gateway_place *place,
                     struct buf *out)
{
	const struct segment *s = segment_of(log, place->use);
	struct gateway_record record;
	size_t at = 0;
	assert(s && place->at + place->bytes <= log->bytes);
	char *bytes = mem_alloc(place->bytes);
	int e = segment_read(s->file.fd, place->at, place->bytes, bytes);
	if (e == ERR_OK &&
	    gateway_record_read(&log->key, (struct str){ bytes, place->bytes }, s->use, &at,
	                        &record) != GATEWAY_FOUND_RECORD)
		e = ERR_CORRUPT;
	if (e == ERR_OK)
		buf_add_str(out, record.payload);
	free(bytes);
	return e;
}

void gateway_log_keep(struct gateway_log *log, const struct gateway_place *place)
{
	struct segment *s = segment_of(log, place->use);
	assert(s && place->at < s->end);
	s->live++;
}

void gateway_log_drop(struct gateway_log *log, const struct gateway_place *place)
{
	struct segment *s = segment_of(log, place->use);
	assert(s && s->live > 0);
	s->live--;
	if (log->is_open) {
		log_release(log);
		log_prepare(log);
	}
}

/* ---- how it stands --------------------------------------------------------------------- */

bool gateway_log_crowded(const struct gateway_log *log, uint64_t *use, bool *failed)
{
	*failed = false;
	for (const struct segment *s = log->first; s; s = s->next)
		if (s->failed && s->live > 0) {
			*use = s->use;
			*failed = true;
			return true;
		}
	*use = log->first->use;
	return log->first != log->current && log->first->live > 0 && !more_behind(log);
}

struct gateway_log_state gateway_log_state(const struct gateway_log *log)
{
	struct gateway_log_state state = {
		.segments = log->count, .segments_max = log->max, .segment_bytes = log->bytes,
		.preparing = log->preparing, .trouble = log->trouble };
	for (const struct segment *s = log->first; s; s = s->next)
		state.live += s->live;
	for (const struct segment *s = log->idle; s; s = s->next)
		state.free++;
	state.free += log->ready != NULL;
	return state;
}

static void segments_free(struct segment *s)
{
	for (struct segment *next; s; s = next) {
		next = s->next;
		if (s->file.fd >= 0)
			close(s->file.fd);
		free(s);
	}
}

void gateway_log_close(struct gateway_log *log)
{
	if (!log)
		return;
	assert(!log->preparing);
	if (log->is_open)
		fdatasync(log->current->file.fd);
	segments_free(log->first);
	segments_free(log->idle);
	segments_free(log->ready);
	if (log->directory >= 0)
		close(log->directory);
	buf_fini(&log->record);
	free(log->path);
	free(log);
}
