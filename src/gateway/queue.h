/* SPDX-License-Identifier: ISC
 *
 * The queue: which messages there are, to whom each still is to go, and when. All of it is in
 * memory; what must outlive a cut of power is in the log (log.h), of which the index is made
 * anew at each start. A message is in the queue when its commit has come back, and not before;
 * it has left when a record says so, for each recipient.
 *
 * Who uses it: the sessions add, the delivery takes what is due and says what came of it, the
 * control socket looks and orders. One thread, the loop's.
 *
 * Hostile input: none of its own; texts and addresses are the sessions', checked by them.
 */
#ifndef PORTREEVE_GATEWAY_QUEUE_H
#define PORTREEVE_GATEWAY_QUEUE_H

#include "base/loop.h"
#include "gateway/envelope.h"
#include "gateway/log.h"
#include "gateway/retry.h"

struct gateway_queue;
struct gateway_message;

enum gateway_state {
	GATEWAY_WAITING,              /* until due_s */
	GATEWAY_TRYING,               /* handed to the delivery, which owes an outcome */
	GATEWAY_DELIVERED, GATEWAY_FAILED,   /* over */
};

enum { GATEWAY_WHY_MAX = 512, GATEWAY_ID_MAX = 24 };

/* Where in the log something stands; bytes 0: nowhere. The queue's own, as small as it can be. */
struct gateway_kept {
	uint64_t use;
	uint32_t at, bytes;
};

/* One recipient of one message. The queue's, valid until its message is over. */
struct gateway_rcpt {
	struct gateway_message *message;
	struct gateway_to to;         /* address, notify, orcpt, local */
	enum gateway_state state;
	unsigned tries;
	int64_t due_s;
	bool warned, telling;         /* telling: it failed, and its sender is being told */
	bool unwritten;               /* the queue's own: its progress is not in the log */
	uint32_t heap_at;             /* the queue's own */
	char *why; /* of the last try: "host[192.0.2.1] said: 450 …"; NULL: none */
	/* The delivery's while TRYING: its line of recipients for one destination. */
	struct gateway_rcpt *next;
	void *owner;
	struct gateway_kept kept;     /* the queue's own: its last progress */
};

struct gateway_message {
	uint64_t number;
	struct gateway_envelope envelope;    /* all but `to`, which is below */
	struct gateway_rcpt *rcpt;
	size_t rcpt_count, left;      /* left: not over */
	bool held;                    /* by an operator: nothing of it becomes due */
	/* The queue's own is behind it. */
};

/* What came of a try. */
enum gateway_fate { GATEWAY_FATE_DELIVERED, GATEWAY_FATE_DEFERRED, GATEWAY_FATE_FAILED };
struct gateway_outcome {
	enum gateway_fate fate;
	char enhanced[12];            /* "5.1.1", "4.4.1"; "2.0.0" where none was given */
	struct str host;              /* of who said it; empty: we ourselves */
	struct str said;              /* its reply, or why, in words of ours; any bytes */
	/* It took the message but promised no notification of its own (RFC 3461 5.2.2, 6.3): a
	 * NOTIFY=SUCCESS is answered by us, as "relayed"; of a mailbox of ours as "delivered". */
	bool relayed;
};

/* What the sender is to be told. */
enum gateway_notice { GATEWAY_NOTICE_FAILED, GATEWAY_NOTICE_DELAYED, GATEWAY_NOTICE_SUCCESS };
struct gateway_told {
	const struct gateway_rcpt *rcpt;
	struct gateway_outcome outcome;
};

struct gateway_queue_hooks {
	void *arg;
	/* The recipient is due and TRYING from here on: gateway_queue_settle() is owed. Called
	 * from the loop, never from within a call of the caller's. While many messages come at
	 * once it waits until they pause, for a second at most. */
	void (*due)(void *arg, struct gateway_rcpt *rcpt);
	/* Makes the notification of these recipients of one message (dsn.h): its envelope and
	 * text into what is given, in `a`. False: nobody is told (a null sender, NEVER). */
	bool (*notice)(void *arg, enum gateway_notice what, const struct gateway_message *message,
	               const struct gateway_told *told, size_t n, struct arena *a,
	               struct gateway_envelope *envelope, struct buf *text);
};

struct gateway_queue_setup {
	struct loop *loop;
	struct syncer *syncer;        /* outlives the queue */
	struct gateway_log_options log;
	struct gateway_retry retry;
	struct gateway_queue_hooks hooks;
	const char *hostname;         /* in ids of notices and their sender's name */
	size_t messages_max;          /* more are ERR_FULL; 0: a million */
};

/* Reads the log and makes the index; blocks. What was TRYING is due at once. Nothing is handed
 * out before the loop turns. Errors as gateway_log_open(), in words in *message. */
int gateway_queue_open(const struct gateway_queue_setup *setup, struct gateway_queue **out,
                       struct buf *message);
/* After syncer_stop(). NULL is fine. */
void gateway_queue_close(struct gateway_queue *q);
void gateway_queue_retry(struct gateway_queue *q, const struct gateway_retry *retry);

/* A new id, "0CKZ7M4Q2XWB9" say, unlike any other of this spool. */
void gateway_queue_id(struct gateway_queue *q, char id[static GATEWAY_ID_MAX]);

/* Whether a message of that size would find room now: ERR_OK, ERR_FULL (452 4.3.1). */
int gateway_queue_room(const struct gateway_queue *q, uint64_t bytes);
/* The message is the queue's when done(arg, ERR_OK) is called; else it is not, and nothing of it
 * is ever delivered: ERR_FULL, ERR_IO. Never from within this call. All is copied. A segment whose
 * sync failed is made good by the queue before `done`. Returned at once, without done(): ERR_FULL,
 * ERR_LIMIT, ERR_IO. */
int gateway_queue_add(struct gateway_queue *q, const struct gateway_envelope *envelope,
                      struct str text, void (*done)(void *arg, int err), void *arg);

/* The text of a message, read from disk and checked; blocks for that read. ERR_CORRUPT, ERR_IO. */
int gateway_queue_text(struct gateway_queue *q, const struct gateway_message *message,
                       struct buf *out);
/* What came of the try of a recipient that is TRYING. The queue writes it down, sends notices, sets
 * the next try, or ends the message; the rcpt may be gone after it. A notice is in the log and
 * synced before the failure that it tells of is written. */
void gateway_queue_settle(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                          const struct gateway_outcome *outcome);
/* It was not tried after all (no place, shutting down): due again at due_s, no try counted; no
 * later than by the longest wait of the schedule. */
void gateway_queue_give_back(struct gateway_queue *q, struct gateway_rcpt *rcpt, int64_t due_s);

/* ---- for the operator ------------------------------------------------------------------ */

/* By number from `after` on; NULL: no more. */
struct gateway_message *gateway_queue_after(struct gateway_queue *q, uint64_t after);
/* NULL: there is none. */
struct gateway_message *gateway_queue_find(struct gateway_queue *q, struct str id);
/* Written down, so that they outlive a restart. ERR_FULL, ERR_IO. */
int gateway_queue_hold(struct gateway_queue *q, struct gateway_message *m, bool held);
/* All that waits of it is due now. */
void gateway_queue_flush(struct gateway_queue *q, struct gateway_message *m);
/* Removes it without a notice. ERR_BUSY: a recipient is being tried just now. */
int gateway_queue_drop(struct gateway_queue *q, struct gateway_message *m);

struct gateway_queue_state {
	size_t messages, recipients, trying, held;
	uint64_t bytes;
	int64_t oldest_s;             /* when the oldest came; 0: there is none */
	uint64_t added, delivered, deferred, failed, notices;    /* since the start */
	uint64_t damaged_bytes;       /* found at the start */
	struct gateway_log_state log;
};
struct gateway_queue_state gateway_queue_state(const struct gateway_queue *q);

#endif
