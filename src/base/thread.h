/* SPDX-License-Identifier: ISC
 *
 * A thread that does one thing time and again: a step, which says when the next one is due. All
 * that it does is in the step, so that a test or a world calls that without any thread.
 *
 * A process has one of them at most besides its first thread, which has the loop and gets all
 * signals. A sandbox allows it by `thread` of struct sandbox (base/sandbox.h).
 */
#ifndef PORTREEVE_BASE_THREAD_H
#define PORTREEVE_BASE_THREAD_H

#include "base/err.h"

#include <stdint.h>

struct thread;

/* Calls step(arg) in a new thread, at once and then after as many milliseconds as it returned
 * (0: at once; negative: not before thread_wake()). NULL if there can be no thread. */
struct thread *thread_start(int64_t (*step)(void *arg), void *arg);
/* The next step comes now, or as soon as the present one is over. */
void thread_wake(struct thread *t);
/* Since when the present step goes on; between two steps when the next one is due, so that one that
 * does not begin shows as well. As clock_mono_ms() has it; INT64_MAX: not before thread_wake().
 * Never blocks. */
int64_t thread_since_ms(const struct thread *t);
/* Waits up to limit_ms for the end of the present step, if there is one: there is no other after
 * it. What the thread did is seen by the caller then, and t is gone. ERR_TIMEOUT: the step goes on;
 * t, and all that the step touches, must stay. It may be asked for again. NULL is fine. */
int thread_stop(struct thread *t, int64_t limit_ms);

#endif
