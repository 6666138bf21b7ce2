/* SPDX-License-Identifier: ISC
 *
 * The step hook of the loop: between the callbacks of one turn, too.
 */
#include "test.h"

#include "base/loop.h"

enum { TIMERS = 5 };

struct world {
	struct loop *loop;
	unsigned steps, fired, steps_at[TIMERS];
};

static void step(void *arg)
{
	((struct world *)arg)->steps++;
}

static void fire(void *arg)
{
	struct world *w = arg;
	w->steps_at[w->fired++] = w->steps;
	if (w->fired == TIMERS)
		loop_stop(w->loop);
}

static void run(struct world *w)
{
	struct loop_timer *timers[TIMERS];
	w->fired = 0;
	for (size_t i = 0; i < TIMERS; i++) {
		timers[i] = loop_timer_create(w->loop, fire, w);
		loop_timer_arm(timers[i], 0);
	}
	loop_run(w->loop);
	for (size_t i = 0; i < TIMERS; i++)
		loop_timer_destroy(timers[i]);
}

static void test_step(void **state)
{
	(void)state;
	struct world w = { .loop = loop_create() };
	loop_on_step(w.loop, step, &w);
	run(&w);
	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(w.steps_at[i], i + 1);
	loop_on_step(w.loop, NULL, NULL);
	run(&w);
	assert_int_equal(w.steps, TIMERS);
	loop_destroy(w.loop);
}

static unsigned rests, fired_at_rest;
static struct world *resting;

static void rest(void)
{
	rests++;
	fired_at_rest = resting->fired;
}

/* Once for all callbacks of a turn, behind them. */
static void test_rest(void **state)
{
	(void)state;
	struct world w = { .loop = loop_create() };
	resting = &w;
	loop_on_rest(w.loop, rest);
	run(&w);
	assert_true(rests >= 1 && rests <= TIMERS);
	assert_int_equal(fired_at_rest, TIMERS);
	rests = 0;
	loop_run_once(w.loop, 0);
	assert_int_equal(rests, 1);
	loop_on_rest(w.loop, NULL);
	run(&w);
	assert_int_equal(rests, 1);
	loop_destroy(w.loop);
}

static void fire_last(void *arg)
{
	struct world *w = arg;
	fired_at_rest = w->fired;
	rests++;
}

struct asker {
	struct world *world;
	struct loop_timer *last;
};

static void ask_for_last(void *arg)
{
	struct asker *a = arg;
	a->world->fired++;
	loop_timer_last(a->last);
}

/* Once for all that ask for it in a turn, behind them, and in the same turn. */
static void test_last(void **state)
{
	(void)state;
	struct world w = { .loop = loop_create() };
	struct asker asker = { &w, loop_timer_create(w.loop, fire_last, &w) };
	struct loop_timer *timers[TIMERS];
	for (size_t i = 0; i < TIMERS; i++) {
		timers[i] = loop_timer_create(w.loop, ask_for_last, &asker);
		loop_timer_last(timers[i]);
	}
	rests = fired_at_rest = 0;
	loop_run_once(w.loop, 0);
	assert_int_equal(rests, 1);
	assert_int_equal(fired_at_rest, TIMERS);
	loop_run_once(w.loop, 0);
	assert_int_equal(rests, 1);
	for (size_t i = 0; i < TIMERS; i++)
		loop_timer_destroy(timers[i]);
	loop_timer_destroy(asker.last);
	loop_destroy(w.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step), cmocka_unit_test(test_rest),
		cmocka_unit_test(test_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
