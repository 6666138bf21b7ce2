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

#include <stdint.h>

struct thread;

/* Calls step(arg) in a new thread, at once and then after as many milliseconds as it returned
 * (0: at once; negative: not before thread_wake()). NULL if there can be no thread. */
struct thread *thread_start(int64_t (*step)(void *arg), void *arg);
/* The next step comes now, or as soon as the present one is over. */
void thread_wake(struct thread *t);
/* Waits for the end of the present step, if there is one: there is no other after it. What the
 * thread did is seen by the caller then. NULL is fine. */
void thread_stop(struct thread *t);

#endif
