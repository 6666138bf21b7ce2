/* SPDX-License-Identifier: ISC
 *
 * A queue over a log on a real file system. The clock is the test's, and the syncer's steps are
 * called here.
 */
#ifndef PORTREEVE_TESTS_GATEWAY_QUEUE_FIXTURE_H
#define PORTREEVE_TESTS_GATEWAY_QUEUE_FIXTURE_H

#include "test.h"

#include "gateway/queue-private.h"

enum { SEGMENT = GATEWAY_SEGMENT_MIN, SEGMENTS = 6, RCPTS = 4096, HOUR = 3600 };

extern int64_t test_now_s;
extern int64_t apart_ms;              /* from one add() to the next; 10: no burst */
extern struct loop *loop;
extern struct syncer *syncer;
extern struct gateway_queue *queue;
extern size_t messages_max;           /* of the queue that is opened next */
/* Who was handed out and not settled, what notices were asked for, and whether they are made. */
extern struct gateway_rcpt *due[RCPTS];
extern size_t due_n;
extern struct buf notices;
extern bool nobody_is_told;

int queue_begin(void **state);
int queue_end_of_test(void **state);
/* What main() returns. */
int queue_tests_end(int failures);
#define QUEUE_TEST(test) cmocka_unit_test_setup_teardown(test, queue_begin, queue_end_of_test)

void open_queue(void);
/* All that was asked of the syncer is done and called back, and what is due is handed out. */
void turn(void);
/* As the killed process leaves it: nothing more is said to the log. */
void kill_queue(void);
void again(void);
/* Time goes on, and the queue looks at the clock. */
void later(int64_t seconds);
/* No time goes by, and the clock is set ahead by so much, or back. */
void set_clock(int64_t seconds);

/* A done() for an int, which is ERR_AGAIN before. */
void note_err(void *arg, int err);
/* "a@x b@x": to whom. */
struct gateway_envelope envelope_of(const char *id, const char *from, const char *to,
                                    struct gateway_to *list);
int add_text(const char *id, const char *from, const char *to, struct str text);
void add(const char *id, const char *from, const char *to);

/* Of one that is due; then a turn, but for settle_only(). */
struct gateway_rcpt *take(const char *address);
void settle_only(const char *address, enum gateway_fate fate, const char *enhanced,
                 const char *said);
void settle(const char *address, enum gateway_fate fate, const char *enhanced, const char *said);
void delivered(const char *address);
void deferred(const char *address);
void failed(const char *address);

/* "one: a@x waiting 0, b@x delivered 1; two held: …". What is tried waits in the log. */
char *shown(void);
void expect(const char *what);
void expect_notices(const char *what);
void each_file(void (*f)(const char *file, void *arg), void *arg);

#endif
