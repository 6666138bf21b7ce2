/* SPDX-License-Identifier: ISC
 *
 * The event loop of a role (over libevent): file descriptors, timers, signals.
 * There is one loop per process, in one thread; callbacks run from loop_run() and may destroy
 * their own watch. This is the only header that hides libevent; other rooms
 * don't name it.
 */
#ifndef PORTREEVE_BASE_LOOP_H
#define PORTREEVE_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

/* From here on SIGPIPE is ignored: OpenSSL writes without MSG_NOSIGNAL, and a peer that has
 * gone must not end the process. */
struct loop *loop_create(void);
void loop_destroy(struct loop *loop);
/* Blocks until loop_stop() or nothing is left to wait for. */
void loop_run(struct loop *loop);
/* Runs what is ready and waits at most timeout_ms for more (0: not at all). */
void loop_run_once(struct loop *loop, int timeout_ms);
void loop_stop(struct loop *loop);
/* Calls step before each callback from now on (NULL: no more): many of them, each of which waits
 * for a while, are a slow turn of the loop but no loop that hangs. It must be quick. */
void loop_on_step(struct loop *loop, void (*step)(void *arg), void *arg);
/* Calls rest at the end of each turn, before the loop waits for more (NULL: no more). It must be
 * quick. */
void loop_on_rest(struct loop *loop, void (*rest)(void));
/* Monotonic milliseconds, as of the start of this turn of the loop. */
int64_t loop_now_ms(const struct loop *loop);

/* A timer fires once for each arming; arming again moves it. Created unarmed. */
struct loop_timer *loop_timer_create(struct loop *loop, void (*fire)(void *arg), void *arg);
void loop_timer_arm(struct loop_timer *t, int64_t delay_ms);
/* It fires at the end of this turn, behind all that is ready by now, and before the loop looks for
 * more. Not for what fires itself again: nothing else would have a turn. */
void loop_timer_last(struct loop_timer *t);
void loop_timer_disarm(struct loop_timer *t);
void loop_timer_destroy(struct loop_timer *t);       /* NULL is fine */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
/* Watches fd (not owned) for the `events` set; 0 pauses it. */
struct loop_watch *loop_watch_create(struct loop *loop, int fd,
                                     void (*ready)(void *arg, unsigned events), void *arg);
void loop_watch_set(struct loop_watch *w, unsigned events);
void loop_watch_destroy(struct loop_watch *w);       /* NULL is fine */

struct loop_signal *loop_signal_create(struct loop *loop, int signum,
                                       void (*caught)(void *arg, int signum), void *arg);
void loop_signal_destroy(struct loop_signal *s);     /* NULL is fine */

#endif
