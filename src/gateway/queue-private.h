/* SPDX-License-Identifier: ISC
 *
 * The queue from within. Its files, each using only those named before it: queue-progress.c (what
 * is written of a recipient), queue-index.c (which messages there are, and when what is due),
 * queue-write.c (the log, and what of it is not synced yet), queue-take.c (a message comes),
 * queue-settle.c (what came of a try), queue-move.c (what is to be written anew), queue-order.c
 * (the operator), queue.c (the turns of the timer), queue-open.c (the index is made of the log).
 */
#ifndef PORTREEVE_GATEWAY_QUEUE_PRIVATE_H
#define PORTREEVE_GATEWAY_QUEUE_PRIVATE_H

#include "base/fault.h"
#include "gateway/queue.h"

/* Kinds of records. */
enum {
	QUEUE_MESSAGE = 1,            /* the envelope's line and the text */
	QUEUE_PROGRESS = 2,           /* of one recipient: queue-progress.c */
	QUEUE_END = 3,                /* no payload: it is over, or was never taken */
	QUEUE_HOLD = 4, QUEUE_RELEASE = 5,   /* no payload */
};

enum { HEAP_NOWHERE = UINT32_MAX };

struct telling;

struct message {
	struct gateway_message pub;   /* first: a gateway_message is a message */
	struct message *next;         /* in its slot, or of those whose end is unwritten */
	struct gateway_kept kept, hold;
	struct telling *telling;      /* NULL: nobody is to be told anything just now */
	uint32_t trying;              /* recipients that are with the delivery */
	uint32_t payload;             /* bytes of the record's payload */
};

static inline struct message *message_of(struct gateway_message *m)
{
	return (struct message *)m;
}

/* ---- queue-progress.c: pure ------------------------------------------------------------- */

struct queue_progress {
	uint64_t rcpt;                /* which of the message's */
	enum gateway_state state;     /* not TRYING */
	unsigned tries;
	int64_t due_s;                /* WAITING */
	bool warned;
	struct str why;               /* empty: none */
};
/* Appends a line of JSON. */
void queue_progress_write(const struct queue_progress *progress, struct buf *out);
/* ERR_CORRUPT: it is none. `why` is in the arena. */
int queue_progress_read(struct str payload, struct arena *a, struct queue_progress *progress);

/* ---- queue-index.c ---------------------------------------------------------------------- */

struct queue_entry {
	uint64_t number;
	struct message *message;      /* NULL: gone */
};

struct queue_index {
	/* By number, ascending, with gaps. */
	struct queue_entry *line;
	size_t line_n, line_cap, gaps;
	/* By id. While the log is read, by number. */
	struct message **slots;
	size_t slots_n, count;
	struct hash_key key;
	bool by_number;
	/* Recipients that wait, the first to be due on top. */
	struct gateway_rcpt **heap;
	size_t heap_n, heap_cap;
};

/* A copy of the envelope with all its texts in one piece of memory; nothing is due yet. */
struct message *queue_message_create(uint64_t number, const struct gateway_envelope *envelope);
void queue_message_free(struct message *m);

void queue_index_init(struct queue_index *index);
/* With all its messages. */
void queue_index_fini(struct queue_index *index);
void queue_index_add(struct queue_index *index, struct message *m);
/* Out of everything, the heap too; not freed. */
void queue_index_remove(struct queue_index *index, struct message *m);
/* From now on by id, and in order: once, when the log is read. */
void queue_index_by_id(struct queue_index *index);
struct message *queue_index_number(const struct queue_index *index, uint64_t number);
struct message *queue_index_id(const struct queue_index *index, struct str id);
/* The first behind that number; NULL: none. Not while the log is read. */
struct message *queue_index_after(const struct queue_index *index, uint64_t number);

/* Into its place by due_s, whether it is in there or not. */
void queue_heap_put(struct queue_index *index, struct gateway_rcpt *rcpt);
void queue_heap_remove(struct queue_index *index, struct gateway_rcpt *rcpt);

/* ---- queue-write.c ---------------------------------------------------------------------- */

struct numbers {
	uint64_t *list;
	size_t n, cap;
};

struct gateway_queue {
	struct gateway_queue_setup setup;
	char *hostname;
	struct gateway_log *log;
	struct loop_timer *timer;
	int64_t clock_ahead_ms;       /* when last looked at */
	int64_t timer_ms;             /* when it fires, by loop_now_ms(); INT64_MAX: it does not */
	struct queue_index index;
	struct gateway_queue_state state;
	uint64_t next_number, last_id, last_use;
	size_t pending;               /* messages whose commit has not come back */
	uint64_t live_bytes;          /* of records that count */
	/* What was appended and is not asked to be synced. */
	struct gateway_kept unsynced;
	int64_t sync_at_ms;           /* 0: nothing */
	struct numbers ended;         /* those whose end is among it */
	/* What could not even be appended, an end or the progress of a message: again later. */
	struct message *ending;
	struct numbers owing;
	int64_t again_at_ms;
	struct fault unwritten;
	struct telling *tellings;
	/* Messages that come one close behind the other; times by the loop's clock. */
	struct {
		int64_t began_ms, last_ms;
		unsigned n;
	} burst;
	/* Writing anew what counts in one segment. */
	struct {
		bool on;
		uint64_t use, after;      /* after: the number of the last that was looked at */
		unsigned under_way, moved, failed;
		int64_t next_ms;      /* not before */
		struct fault stuck;
	} move;
};

/* The timer fires in that time at the latest. */
void queue_wake(struct gateway_queue *q, int64_t delay_ms);
/* What happens in the loop stays within int64_t. */
int64_t queue_now_ms(const struct gateway_queue *q);

struct gateway_place queue_place(const struct gateway_kept *kept);
/* The record does not count any more; *kept is nowhere then. Nowhere is fine. */
void queue_drop(struct gateway_queue *q, struct gateway_kept *kept);
/* As gateway_log_append(); a segment that fails meanwhile is left for the next. */
int queue_append(struct gateway_queue *q, enum gateway_room room, uint32_t kind, uint64_t number,
                 struct str payload, struct gateway_kept *kept);
/* What was appended there is synced soon. */
void queue_sync_soon(struct gateway_queue *q, const struct gateway_kept *kept);
/* Appends what is known of the recipient in place of what was there. A disk that is full leaves
 * what was. */
void queue_write_progress(struct gateway_queue *q, struct gateway_rcpt *rcpt);
/* Its records end here. ERR_FULL, ERR_IO: they do not. */
int queue_write_end(struct gateway_queue *q, struct message *m);
/* A record that never became a message. */
void queue_write_undone(struct gateway_queue *q, uint64_t number, struct gateway_kept *kept);
/* Takes the message out of the queue, whose end is written now or as soon as it can be. */
void queue_end(struct gateway_queue *q, struct message *m);
/* The timer's part: what is to be synced, and ends that are to be written. In how many ms again. */
int64_t queue_write_turn(struct gateway_queue *q);
void queue_write_fini(struct gateway_queue *q);

/* ---- the others ------------------------------------------------------------------------- */

/* queue-take.c: for how long what is due waits for a burst to end; 0: not at all. */
int64_t queue_burst_left_ms(const struct gateway_queue *q);
/* As gateway_queue_add(), without its limits. */
int queue_take(struct gateway_queue *q, const struct gateway_envelope *envelope, struct str text,
               void (*done)(void *arg, int err), void *arg);

/* queue-settle.c: notices that are to be made now. In how many ms again. */
int64_t queue_settle_turn(struct gateway_queue *q);
/* Nobody is told any more. */
void queue_settle_forget(struct gateway_queue *q, struct message *m);
void queue_settle_fini(struct gateway_queue *q);

/* No wait is longer: what is due later was set by a clock that has gone back since. */
static inline int64_t queue_longest_s(const struct gateway_queue *q)
{
	return q->setup.retry.most_s + q->setup.retry.most_s / 8;
}

/* queue-move.c: some of what is to be written anew. In how many ms again. */
int64_t queue_move_turn(struct gateway_queue *q);
/* Whether writing anew what counts would make room. */
bool queue_move_helps(const struct gateway_queue *q, uint64_t more_bytes);

/* queue.c */
void queue_turn(void *arg);
/* How far the clock is ahead of the time since the machine started: it changes when it is set. */
int64_t queue_clock_ahead_ms(void);

#endif
