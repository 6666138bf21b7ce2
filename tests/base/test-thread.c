/* SPDX-License-Identifier: ISC
 *
 * A thread that steps: what it says of its step, and its end, with a limit, where the step ends and
 * where it does not. All of it behind the sandbox as well, in which roles have their threads. A
 * step waits for a condition, so that it is where a test needs it.
 */
#include "test.h"

#include "base/clock.h"
#include "base/sandbox.h"
#include "base/thread.h"

#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 30000, SHORT_MS = 20, HOUR_MS = 3600 * 1000 };

/* A step tells that it has begun, waits until it may end, and gives the next one's delay. */
struct gate {
	sem_t entered, open;
	_Atomic int64_t delay_ms;
	atomic_uint steps;
};

static int64_t step_at_gate(void *arg)
{
	struct gate *g = arg;
	sem_post(&g->entered);
	sem_wait(&g->open);
	atomic_fetch_add(&g->steps, 1);
	return atomic_load(&g->delay_ms);
}

static void gate_init(struct gate *g, int64_t delay_ms)
{
	sem_init(&g->entered, 0, 0);
	sem_init(&g->open, 0, 0);
	atomic_init(&g->delay_ms, delay_ms);
	atomic_init(&g->steps, 0);
}

static void gate_fini(struct gate *g)
{
	sem_destroy(&g->entered);
	sem_destroy(&g->open);
}

/* The step after the gate was opened is over when the thread tells when the next one is due. */
static int64_t wait_for_plan(const struct thread *t, int64_t begun_ms)
{
	int64_t end = clock_mono_ms() + LONG_MS, since_ms;
	while ((since_ms = thread_since_ms(t)) <= begun_ms && clock_mono_ms() < end)
		sched_yield();
	return since_ms;
}

/* Each returns what it expected, or the line that was wrong: it runs in a child, too. */
#define EXPECT(condition) do { if (!(condition)) return __LINE__; } while (0)

static int ends_with_its_step(void)
{
	struct gate g;
	gate_init(&g, 0);
	struct thread *t = thread_start(step_at_gate, &g);
	EXPECT(t && sem_wait(&g.entered) == 0);
	sem_post(&g.open);
	EXPECT(sem_wait(&g.entered) == 0);
	sem_post(&g.open);
	sem_post(&g.open);               /* for the one that may have begun */
	EXPECT(thread_stop(t, LONG_MS) == ERR_OK);
	EXPECT(g.steps == 2 || g.steps == 3);
	gate_fini(&g);
	return 0;
}

static int ends_where_nothing_is_due(void)
{
	struct gate g;
	gate_init(&g, -1);
	struct thread *t = thread_start(step_at_gate, &g);
	EXPECT(t && sem_wait(&g.entered) == 0);
	sem_post(&g.open);
	EXPECT(wait_for_plan(t, clock_mono_ms()) == INT64_MAX);
	EXPECT(thread_stop(t, LONG_MS) == ERR_OK && g.steps == 1);
	gate_fini(&g);
	return 0;
}

static int step_that_does_not_end(void)
{
	struct gate g;
	gate_init(&g, 0);
	struct thread *t = thread_start(step_at_gate, &g);
	EXPECT(t && sem_wait(&g.entered) == 0);
	EXPECT(thread_stop(t, SHORT_MS) == ERR_TIMEOUT);
	EXPECT(thread_stop(t, 0) == ERR_TIMEOUT && g.steps == 0);
	sem_post(&g.open);
	EXPECT(thread_stop(t, LONG_MS) == ERR_OK);
	EXPECT(g.steps == 1);            /* none after it */
	gate_fini(&g);
	return 0;
}

static int says_since_when(void)
{
	struct gate g;
	gate_init(&g, HOUR_MS);
	int64_t before_ms = clock_mono_ms();
	struct thread *t = thread_start(step_at_gate, &g);
	EXPECT(t && sem_wait(&g.entered) == 0);
	int64_t since_ms = thread_since_ms(t);
	EXPECT(since_ms >= before_ms && since_ms <= clock_mono_ms());
	thread_wake(t);                  /* in a step: that one goes on */
	EXPECT(thread_since_ms(t) == since_ms);
	sem_post(&g.open);
	EXPECT(sem_wait(&g.entered) == 0);
	since_ms = clock_mono_ms();
	sem_post(&g.open);
	int64_t due_ms = wait_for_plan(t, since_ms);
	EXPECT(due_ms >= since_ms + HOUR_MS && due_ms <= clock_mono_ms() + HOUR_MS);
	thread_wake(t);
	EXPECT(thread_since_ms(t) <= clock_mono_ms());
	EXPECT(sem_wait(&g.entered) == 0);
	sem_post(&g.open);
	EXPECT(thread_stop(t, LONG_MS) == ERR_OK && g.steps == 3);
	gate_fini(&g);
	return 0;
}

static int no_thread(void)
{
	EXPECT(thread_stop(NULL, 0) == ERR_OK);
	return 0;
}

static const struct { const char *name; int (*run)(void); } rows[] = {
	{ "ends with its step", ends_with_its_step },
	{ "ends where nothing is due", ends_where_nothing_is_due },
	{ "a step that does not end", step_that_does_not_end },
	{ "says since when", says_since_when },
	{ "no thread", no_thread },
};

static void check_row(size_t i, int line)
{
	if (line)
		fail_msg("%s: line %d", rows[i].name, line);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(i, rows[i].run());
}

static int run_in_sandbox(size_t i)
{
	struct buf message = { 0 };
	const struct sandbox box = { .thread = true };
	if (sandbox_enter(&box, &message) != ERR_OK) {
		fprintf(stderr, "%s\n", buf_cstr(&message));
		return __LINE__;
	}
	return rows[i].run();
}

/* ThreadSanitizer has a thread of its own, and calls that the sandbox forbids. */
#ifdef __SANITIZE_THREAD__
enum { HAS_SANDBOX = false };
#else
enum { HAS_SANDBOX = true };
#endif

static void test_behind_the_sandbox(void **state)
{
	(void)state;
	if (!HAS_SANDBOX)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int ends[2], line = -1, status;
		assert_int_equal(pipe(ends), 0);
		pid_t pid = fork();
		if (pid == 0) {
			line = run_in_sandbox(i);
			_exit(write(ends[1], &line, sizeof(line)) == sizeof(line) ? 0 : 1);
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], &line, sizeof(line)), sizeof(line));
		close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		check_row(i, line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_behind_the_sandbox),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
