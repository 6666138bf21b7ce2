/* SPDX-License-Identifier: ISC
 *
 * The log from within: its segments, in the order of their uses, and those that wait.
 */
#ifndef PORTREEVE_GATEWAY_LOG_PRIVATE_H
#define PORTREEVE_GATEWAY_LOG_PRIVATE_H

#include "gateway/log.h"
#include "gateway/segment-private.h"

struct segment {
	struct segment *next;
	struct syncer_file file;
	char name[SEGMENT_NAME_MAX];
	uint64_t use;
	size_t end;                   /* behind the last record */
	uint64_t live;                /* records that count */
	unsigned owed;                /* commits that are not called back */
	bool failed;                  /* a write or a sync of it: nothing more goes there */
};

/* What the syncer's thread is to do, apart from all else: it touches nothing but this. */
struct preparation {
	struct gateway_log *log;
	struct segment *segment;      /* the loop's: to be renewed, or new */
	int directory, fd;            /* fd -1: to be made */
	bool is_new;
	size_t filled;                /* of a new one: its bytes that were written once */
	char name[SEGMENT_NAME_MAX];
	size_t bytes;
	struct hash_key key;
	uint64_t use;
};

struct gateway_log {
	char *path;
	int directory;
	struct syncer *syncer;
	struct hash_key key;
	size_t bytes;                 /* of a segment */
	unsigned max, count;          /* segments that there may be, and are */
	uint64_t next_use, next_number;
	struct segment *first, *current;     /* in use, oldest to newest */
	struct segment *ready;        /* safe on disk in its next use; NULL */
	/* Out of use, to be renewed in the order in which they went: a message that was ended must
	 * be gone from the disk before the record that ended it. */
	struct segment *idle;
	struct buf record;            /* that is being written; empty between two */
	bool is_open;                 /* not while it is read */
	bool preparing;
	unsigned stretched;           /* how many more there may be, until some can go */
	struct preparation preparation;
	int trouble;                  /* of the last preparation */
};

/* Begins to make the next segment ready if there is none and can be one. */
void log_prepare(struct gateway_log *log);
/* The same here and now. */
int log_prepare_now(struct gateway_log *log);
/* Puts it behind the others that wait. */
void log_idle_add(struct gateway_log *log, struct segment *s);
/* Takes out of use what nothing counts in, from the oldest on. */
void log_release(struct gateway_log *log);

#endif
