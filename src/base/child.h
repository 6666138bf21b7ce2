/* SPDX-License-Identifier: ISC
 *
 * A process for one thing, that is heard and ended: a tool of the machine, or a function of ours
 * that may hang, as one does that reads files of foreign disks. It has its time and may say so
 * much; whatever it does, it ends by then: SIGKILL needs nobody's consent. It ends as well when
 * whoever started it does.
 *
 * Who uses it: whoever asks a tool or reads foreign files. It blocks, as long as the limits say
 * and END_MS more: one that waits for a disk in the kernel ends only when the disk answers, so
 * nobody waits for that.
 *
 * Hostile input: what it says. A tool inherits nothing but its input and outputs; what it started
 * is ended with its group, but not what left that.
 */
#ifndef PORTREEVE_BASE_CHILD_H
#define PORTREEVE_BASE_CHILD_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/* Its standard output, and its standard error. */
enum child_hearing {
	CHILD_OUTPUT,                    /* the one is heard, the other lost */
	CHILD_BOTH,                      /* both are heard */
	CHILD_NEITHER,                   /* they are the caller's; what it leaves may go on */
};

struct child_order {
	const char *const *words;        /* words[0] is its path, NULL behind the last */
	const char *const *variables;    /* NULL: a PATH and LC_ALL=C */
	struct str input;                /* all of its standard input */
	enum child_hearing hearing;
	int64_t time_ms;
	size_t max_bytes;                /* that it may say */
	/* Called in the new process before its program; not 0: it ends, with 126. NULL: nothing. */
	int (*before)(const void *arg);
	const void *arg;
};

struct child {
	pid_t pid;                       /* 0: none */
	int line;                        /* it speaks there; -1: no more */
	int sight;                       /* readable when it has ended; -1: that is looked for */
	int64_t until_ms;                /* as clock_mono_ms() has it; may be set anew */
	size_t left_bytes;
	bool leaves;                     /* what it started outlives it */
};

/* Runs a tool to its end, *said gets what it says; *status is its exit status (127: the program
 * could not be run), or 128 and the signal. ERR_TIMEOUT, ERR_LIMIT: it was ended, and *said has
 * what came before; ERR_NOT_FOUND, ERR_DENIED: no such program; ERR_IO. */
int child_run(const struct child_order *order, struct buf *said, int *status);

/* The same in parts. Started: ERR_OK, and it is to be ended. */
int child_start(const struct child_order *order, struct child *child);
/* Waits for more and appends it. ERR_CLOSED: it has ended, and all was heard; ERR_TIMEOUT,
 * ERR_LIMIT, ERR_IO: it must be ended. */
int child_hear(struct child *child, struct buf *said);
/* Ends it if it has not. Its status as above. Nothing is left of *child. */
int child_end(struct child *child);

/* A process of ours, which has all that we have open: it calls work(arg, line) and ends with what
 * that returns. The line leads both ways. The time is the caller's to set in *child; the limit of
 * what it says is not set. ERR_IO. */
int child_serve(int (*work)(void *arg, int line), void *arg, struct child *child);

#endif
