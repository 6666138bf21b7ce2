/* SPDX-License-Identifier: ISC
 *
 * The syncer with its thread: many requests at once, one sync for all who ask for a file,
 * failure that stays, the limit, and an end with work waiting, which a disk that hangs holds up
 * only so long. A job waits for a condition, so
 * that the thread is where a test needs it.
 */
#include "test.h"

#include "base/clock.h"
#include "base/syncer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 200, TURNS = 1000, TURN_MS = 30, STOP_MS = 30000, SHORT_MS = 20 };

struct told {
	unsigned calls;
	int err;
	unsigned order;                  /* of all that were called, from 1 */
};

struct gate {
	sem_t entered, open;
	pthread_t by;
	struct told told;
};

static struct loop *loop;
static struct syncer *syncer;
static unsigned order;

static int begin(void **state)
{
	(void)state;
	loop = loop_create();
	syncer = syncer_create(loop, LIMIT);
	order = 0;
	return syncer ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	assert_int_equal(syncer_stop(syncer, STOP_MS), ERR_OK);
	syncer_destroy(syncer);
	loop_destroy(loop);
	return 0;
}

static void tell(void *arg, int err)
{
	struct told *t = arg;
	*t = (struct told){ t->calls + 1, err, ++order };
}

static void turn_until(const unsigned *value, unsigned wanted)
{
	for (int i = 0; i < TURNS && *value < wanted; i++)
		loop_run_once(loop, TURN_MS);
	assert_int_equal(*value, wanted);
}

/* ---- a job that holds the thread --------------------------------------------------------- */

static int wait_at_gate(void *arg)
{
	struct gate *g = arg;
	g->by = pthread_self();
	sem_post(&g->entered);
	sem_wait(&g->open);
	return ERR_FULL;
}

static void tell_gate(void *arg, int err)
{
	struct gate *g = arg;
	tell(&g->told, err);
}

/* The thread is in there when it returns. */
static void hold_thread(struct gate *g)
{
	*g = (struct gate){ .told = { 0 } };
	sem_init(&g->entered, 0, 0);
	sem_init(&g->open, 0, 0);
	assert_int_equal(syncer_start(syncer), ERR_OK);
	assert_int_equal(syncer_job(syncer, wait_at_gate, tell_gate, g), ERR_OK);
	loop_run_once(loop, 0);
	sem_wait(&g->entered);
}

static void free_gate(struct gate *g)
{
	sem_destroy(&g->entered);
	sem_destroy(&g->open);
}

/* ---- jobs ------------------------------------------------------------------------------- */

static int works;

static int count_work(void *arg)
{
	(void)arg;
	works++;
	return works % 2 ? ERR_OK : ERR_IO;
}

static void many_at_once(void **state)
{
	(void)state;
	static struct told told[LIMIT];
	memset(told, 0, sizeof(told));
	works = 0;
	assert_int_equal(syncer_start(syncer), ERR_OK);
	for (size_t i = 0; i < LIMIT; i++)
		assert_int_equal(syncer_job(syncer, count_work, tell, &told[i]), ERR_OK);
	assert_int_equal(order, 0);      /* never from within the call */
	turn_until(&order, LIMIT);
	assert_int_equal(works, LIMIT);
	for (unsigned i = 0; i < LIMIT; i++) {
		assert_int_equal(told[i].calls, 1);
		assert_int_equal(told[i].order, i + 1);
		assert_int_equal(told[i].err, i % 2 ? ERR_IO : ERR_OK);
	}
}

static void loop_turns_while_a_job_waits(void **state)
{
	(void)state;
	struct gate g;
	hold_thread(&g);
	loop_run_once(loop, 0);
	assert_int_equal(g.told.calls, 0);
	assert_false(pthread_equal(g.by, pthread_self()));
	sem_post(&g.open);
	turn_until(&order, 1);
	assert_int_equal(g.told.err, ERR_FULL);
	free_gate(&g);
}

static void limit_counts_what_is_not_called_back(void **state)
{
	(void)state;
	static struct told told[LIMIT];
	struct gate g;
	memset(told, 0, sizeof(told));
	hold_thread(&g);
	for (size_t i = 0; i + 1 < LIMIT; i++)
		assert_int_equal(syncer_job(syncer, count_work, tell, &told[i]), ERR_OK);
	assert_int_equal(syncer_job(syncer, count_work, tell, &told[0]), ERR_LIMIT);
	sem_post(&g.open);
	turn_until(&order, LIMIT);
	assert_int_equal(told[0].calls, 1);
	assert_int_equal(syncer_job(syncer, count_work, tell, &told[0]), ERR_OK);
	turn_until(&order, LIMIT + 1);
	free_gate(&g);
}

/* ---- files ------------------------------------------------------------------------------ */

/* By steps of our own: one for all who ask for the same file, whatever stands between them. */
static void one_sync_for_all_who_ask(void **state)
{
	(void)state;
	FILE *a = tmpfile(), *b = tmpfile();
	struct syncer_file file_a = { .fd = fileno(a) }, file_b = { .fd = fileno(b) };
	struct told told_a = { 0 }, told_b = { 0 }, job = { 0 };
	for (int i = 0; i < 10; i++) {
		assert_int_equal(syncer_file(syncer, &file_a, tell, &told_a), ERR_OK);
		assert_int_equal(syncer_file(syncer, &file_b, tell, &told_b), ERR_OK);
	}
	works = 0;
	assert_int_equal(syncer_job(syncer, count_work, tell, &job), ERR_OK);
	assert_int_equal(syncer_step(syncer), 0);
	turn_until(&order, 10);
	assert_int_equal(told_a.calls, 10);
	assert_int_equal(told_b.calls, 0);
	assert_int_equal(syncer_step(syncer), 0);
	assert_true(syncer_step(syncer) < 0);
	turn_until(&order, 21);
	assert_int_equal(told_b.calls, 10);
	assert_int_equal(told_b.err, ERR_OK);
	assert_int_equal(job.order, 21);
	assert_true(syncer_step(syncer) < 0);
	fclose(a);
	fclose(b);
}

/* A pipe cannot be synced. That the descriptor is a good one later changes nothing: what was
 * written before may be lost. */
static void a_failure_stays(void **state)
{
	(void)state;
	int ends[2];
	FILE *good = tmpfile();
	assert_int_equal(pipe(ends), 0);
	struct syncer_file file = { .fd = ends[1] }, other = { .fd = fileno(good) };
	struct told told[3] = { { 0 } };
	assert_int_equal(syncer_start(syncer), ERR_OK);
	assert_int_equal(syncer_file(syncer, &file, tell, &told[0]), ERR_OK);
	turn_until(&order, 1);
	assert_int_equal(told[0].err, ERR_IO);
	assert_int_equal(dup2(fileno(good), ends[1]), ends[1]);
	assert_int_equal(syncer_file(syncer, &file, tell, &told[1]), ERR_OK);
	assert_int_equal(syncer_file(syncer, &other, tell, &told[2]), ERR_OK);
	turn_until(&order, 3);
	assert_int_equal(told[1].err, ERR_IO);
	assert_int_equal(told[2].err, ERR_OK);
	close(ends[0]);
	close(ends[1]);
	fclose(good);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void ask_again(void *arg, int err)
{
	tell(arg, err);
	assert_int_equal(syncer_job(syncer, count_work, tell, arg), ERR_BUSY);
}

static void stop_finishes_what_waits(void **state)
{
	(void)state;
	FILE *f = tmpfile();
	struct syncer_file file = { .fd = fileno(f) };
	struct told told[3] = { { 0 } };
	struct gate g;
	works = 0;
	hold_thread(&g);
	assert_int_equal(syncer_job(syncer, count_work, tell, &told[0]), ERR_OK);
	assert_int_equal(syncer_file(syncer, &file, tell, &told[1]), ERR_OK);
	assert_int_equal(syncer_job(syncer, count_work, ask_again, &told[2]), ERR_OK);
	sem_post(&g.open);
	assert_int_equal(syncer_stop(syncer, STOP_MS), ERR_OK);
	assert_int_equal(order, 4);
	assert_int_equal(g.told.err, ERR_FULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(told[i].calls, 1);
		assert_int_equal(told[i].order, i + 2);
	}
	assert_int_equal(told[2].err, ERR_IO);
	assert_int_equal(syncer_file(syncer, &file, tell, &told[1]), ERR_BUSY);
	free_gate(&g);
	fclose(f);
}

static int note_thread(void *arg)
{
	struct gate *g = arg;
	g->by = pthread_self();
	return ERR_OK;
}

/* A disk that hangs: what is done is called back, the rest waits; nothing of it is done by the
 * loop, then or later. */
static void stop_has_a_limit(void **state)
{
	(void)state;
	static struct told done;
	struct gate g, second = { .told = { 0 } };
	done = (struct told){ 0 };
	works = 0;
	assert_int_equal(syncer_job(syncer, count_work, tell, &done), ERR_OK);
	hold_thread(&g);
	assert_int_equal(syncer_job(syncer, note_thread, tell_gate, &second), ERR_OK);
	assert_true(syncer_since_ms(syncer) <= clock_mono_ms());
	assert_int_equal(syncer_stop(syncer, SHORT_MS), ERR_TIMEOUT);
	assert_int_equal(syncer_stop(syncer, 0), ERR_TIMEOUT);
	assert_int_equal(done.calls, 1);
	assert_int_equal(g.told.calls + second.told.calls, 0);
	assert_int_equal(syncer_job(syncer, count_work, tell, &done), ERR_BUSY);
	sem_post(&g.open);
	assert_int_equal(syncer_stop(syncer, STOP_MS), ERR_OK);
	assert_int_equal(g.told.calls, 1);
	assert_int_equal(second.told.calls, 1);
	assert_false(pthread_equal(second.by, pthread_self()));
	assert_true(syncer_since_ms(syncer) == INT64_MAX);
	free_gate(&g);
}

static void stop_without_a_thread(void **state)
{
	(void)state;
	struct told told = { 0 };
	works = 0;
	assert_int_equal(syncer_job(syncer, count_work, tell, &told), ERR_OK);
	assert_int_equal(syncer_stop(syncer, STOP_MS), ERR_OK);
	assert_int_equal(told.calls, 1);
	assert_int_equal(syncer_stop(syncer, STOP_MS), ERR_OK);
	assert_int_equal(order, 1);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(many_at_once), EACH(loop_turns_while_a_job_waits),
		EACH(limit_counts_what_is_not_called_back), EACH(one_sync_for_all_who_ask),
		EACH(a_failure_stays), EACH(stop_finishes_what_waits),
		EACH(stop_has_a_limit),
		EACH(stop_without_a_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
