/* SPDX-License-Identifier: ISC
 *
 * Makes things safe on disk without blocking the loop: whoever must not answer before a file is
 * synced asks here, and is called back in the loop with what came of it.
 *
 * Two things can be asked. A *file*, an append-only log say, is synced once for all who asked
 * before that sync began (group commit). A *job* is a function that blocks for as long as it
 * likes: the delivery of a mail writes, syncs, renames, and syncs the directory. They are done one
 * at a time, in the order in which they were asked for, so a job sees what earlier ones have done.
 *
 * The work is a step, which a thread of the syncer calls (base/thread.h); a test may call it
 * itself. A process behind a sandbox creates the syncer before it and starts the thread after it.
 * All else is called in the loop's thread. It makes no hostile input its own: what reaches it are
 * our own functions and descriptors.
 */
#ifndef PORTREEVE_BASE_SYNCER_H
#define PORTREEVE_BASE_SYNCER_H

#include "base/err.h"
#include "base/loop.h"

#include <stddef.h>

struct syncer;

/* How a file is told from others; its owner has it, and keeps it and fd open until all that was
 * asked of it is done. */
struct syncer_file {
	int fd;                          /* to be synced; not owned */
	int failed;                      /* the syncer's: the first error of a sync, for good */
};

/* `limit`: how many requests there may be that are not called back yet. NULL: the system gives no
 * descriptor. What is asked for before syncer_start() waits for it. */
struct syncer *syncer_create(struct loop *loop, size_t limit);
/* Starts the thread. ERR_LIMIT: there can be none. */
int syncer_start(struct syncer *s);
/* Calls work(arg) in the thread, then done(arg, what it returned) in the loop: never from within
 * this call, and once for each request. ERR_LIMIT: too many wait; ERR_BUSY: it was stopped; then
 * neither is called. */
int syncer_job(struct syncer *s, int (*work)(void *arg), void (*done)(void *arg, int err),
               void *arg);
/* The same for what was written to the file until now: done(arg, ERR_OK) says that it is safe.
 * Once a sync of it has failed, ERR_FULL or ERR_IO is all that this file ever gets: the kernel
 * tells of a lost write only once, so that a later sync that succeeds says nothing of earlier
 * writes. */
int syncer_file(struct syncer *s, struct syncer_file *file, void (*done)(void *arg, int err),
                void *arg);
/* As thread_since_ms() of its thread; INT64_MAX where there is none. */
int64_t syncer_since_ms(const struct syncer *s);
/* Takes no more, and lets the thread finish what waits, for up to limit_ms; then ends it. What is
 * done by then is called back before this returns; not from a done(). ERR_TIMEOUT: the thread is
 * still at work; the syncer, and what was asked of it, must stay as they are until the process
 * ends. Without a thread all is done here, for as long as it takes. */
int syncer_stop(struct syncer *s, int64_t limit_ms);
/* After syncer_stop() succeeded, or before anything was asked for. NULL is fine. */
void syncer_destroy(struct syncer *s);

/* The thread's step: does the first job that waits, or the first file for all who wait for it.
 * Returns in how many milliseconds it is to be called again; negative: when something is asked
 * for. Only for who starts no thread. */
int64_t syncer_step(struct syncer *s);

#endif
