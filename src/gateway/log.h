/* SPDX-License-Identifier: ISC
 *
 * The queue's log: an append-only log in a directory of segments of one size, with group commit.
 * What is appended is safe when its commit has been called back, and not before.
 *
 * Segments are used in turn. The oldest is used again once nothing in it counts any more; for what
 * stays long, the caller appends it anew (gateway_log_crowded() says of which segment). So a
 * record that ends a message always stands behind the one that began it, and goes later.
 *
 * Who uses it: the queue of the role gateway, in one thread. What may block (making, renewing and
 * syncing a segment) is asked of the syncer; an append writes to the kernel's cache. Errors of the
 * disk are ordinary here: each segment has a `failed` of its own that stays until it is renewed,
 * and the log goes on with another.
 *
 * Hostile input: the payloads, which hold what strangers sent, and whatever a disk gives back.
 */
#ifndef PORTREEVE_GATEWAY_LOG_H
#define PORTREEVE_GATEWAY_LOG_H

#include "base/syncer.h"
#include "gateway/record.h"

struct gateway_log;

enum {
	GATEWAY_SEGMENT_MIN = 64 << 10, GATEWAY_SEGMENT_MAX = 1 << 30, GATEWAY_SEGMENTS_MIN = 4,
	GATEWAY_KIND_SEGMENT = 0,     /* the log's own: the first record of a segment */
};

struct gateway_log_options {
	const char *directory;        /* of its own, mode 0700 */
	size_t segment_bytes;         /* multiple of 4096; an old log keeps its own */
	unsigned segments_max;
	struct hash_key key;
};

/* Where a record stands. */
struct gateway_place {
	uint64_t use;                 /* of its segment */
	size_t at, bytes;
};

/* What an opening tells of the segments, oldest first. */
struct gateway_log_reader {
	void *arg;
	/* `record->payload` lives for the call. */
	void (*record)(void *arg, const struct gateway_record *record,
	               const struct gateway_place *place);
	/* Bytes that cannot be read, in that segment's file; what stands behind them was read. */
	void (*damage)(void *arg, const char *file, size_t at, size_t bytes);
};

/* Reads all segments, then makes or renews one to begin with; blocks for it. Torn tails are cut.
 * What was found counts as live until it is dropped, which the reader may do at once: *out is set
 * before it is called. `message` gets the reason in words; *out is NULL then.
 * ERR_DENIED, ERR_IO, ERR_FULL, ERR_INVALID (what is there is no log, or its key is another). */
int gateway_log_open(const struct gateway_log_options *options, struct syncer *syncer,
                     const struct gateway_log_reader *reader, struct gateway_log **out,
                     struct buf *message);
/* After syncer_stop(). What was appended last is synced, committed or not. NULL is fine. */
void gateway_log_close(struct gateway_log *log);

/* What there is room for: an append that ends something may use the last segment, and all of the
 * one before while that is not ready; one that begins something must leave them. */
enum gateway_room { GATEWAY_BEGINS, GATEWAY_ENDS };

/* Whether a record of that payload could be appended now: ERR_OK, ERR_FULL, ERR_LIMIT. */
int gateway_log_room(const struct gateway_log *log, enum gateway_room room, size_t payload);
/* Writes a record behind the others. It counts as live until it is dropped. ERR_FULL: there is no
 * room, or the disk has none; ERR_LIMIT: no segment has so much; ERR_IO. Nothing was appended
 * then. The log's next use of the disk begins by itself. */
int gateway_log_append(struct gateway_log *log, enum gateway_room room, uint32_t kind,
                       uint64_t message, struct str payload, struct gateway_place *place);
/* done(arg, ERR_OK): the record there is safe. Else it never will be there: ERR_IO, ERR_FULL;
 * append it anew before anybody is told that it is safe. Never from within this call. ERR_LIMIT:
 * too many wait, and done() is not called. */
int gateway_log_commit(struct gateway_log *log, const struct gateway_place *place,
                       void (*done)(void *arg, int err), void *arg);
/* Appends the payload that stands there to *out, checked. ERR_CORRUPT, ERR_IO. */
int gateway_log_read(struct gateway_log *log, const struct gateway_place *place,
                     struct buf *out);
/* The record there, which stands in a segment that is in use, counts once more: another drop. */
void gateway_log_keep(struct gateway_log *log, const struct gateway_place *place);
/* The record there does not count any more: after its end was appended, or after the commit of
 * what was appended in its place. */
void gateway_log_drop(struct gateway_log *log, const struct gateway_place *place);

/* Whether what counts in the segment *use is to be appended anew and dropped: it failed, or it is
 * the oldest and there is little room left. *failed: the former. */
bool gateway_log_crowded(const struct gateway_log *log, uint64_t *use, bool *failed);

struct gateway_log_state {
	unsigned segments, free;      /* free: ready, or to be used again */
	unsigned segments_max;
	bool preparing;               /* one more is being made or renewed just now */
	size_t segment_bytes;
	uint64_t live;                /* records that count */
	int trouble;                  /* why no segment could be made; ERR_OK */
};
struct gateway_log_state gateway_log_state(const struct gateway_log *log);

#endif
