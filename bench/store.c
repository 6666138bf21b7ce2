/* SPDX-License-Identifier: ISC
 *
 * What the store costs per test: processor time, user and system, of the three use cases that
 * every test passes, over the embedded backend in memory (/dev/shm), so that no disk is
 * measured:
 *
 *   add       a test is queued
 *   lease     it is taken
 *   finish    it ends with 16 results; every other one is proved open and gets on the list
 *
 *   bench-store [ROUNDS [TESTS]]       default 20 rounds of 500 tests, each in a new store
 */
#include "base/log.h"
#include "sqlite/sqlite.h"
#include "store/admission.h"
#include "store/clock.h"
#include "store/tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 1000, TESTS_MAX = 60000, RESULTS = 16, NOW_S = 1800000000 };
enum step { ADD, LEASE, FINISH, STEPS };

/* Seconds per round and step. */
static double costs[STEPS][ROUNDS_MAX];

static void need(struct store *st, int e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "bench-store: %s: %s\n", what, st ? store_message(st) : err_text(e));
	exit(EXIT_FAILURE);
}

/* The kernel's split of user and system is too coarse to be told. */
static double cost_now(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void add(struct store *st, unsigned i)
{
	struct test t = {
		.target = { .ip = ip_from_v4(10, 20, (uint8_t)(i / 256), (uint8_t)i), .port = 25 },
		.consent = CONSENT_RANGE, .created_s = NOW_S + i, .not_before_s = NOW_S + i,
	};
	str_copy(t.who, sizeof(t.who), STR("bench"));
	need(st, store_test_add(st, &t), "add");
}

static void lease(struct store *st, unsigned i, struct test *t)
{
	size_t n = 0;
	need(st, store_test_lease(st, NOW_S + i, 600, t, 1, &n), "lease");
	need(st, n == 1 ? ERR_OK : ERR_NOT_FOUND, "lease of one");
}

static void finish(struct store *st, unsigned i, const struct test *t)
{
	static const struct lifecycle_policy policy = {
		.recheck_interval_s = 90 * 86400, .retry_after_s = 3600, .retry_max = 3,
	};
	struct case_result results[RESULTS] = { 0 };
	struct lifecycle_effects effects;
	bool open = i % 2;
	for (unsigned n = 0; n < RESULTS; n++) {
		results[n].stage = STAGE_RCPT;
		results[n].code = 550;
		snprintf(results[n].id, sizeof(results[n].id), "E%02u", n + 1);
		str_copy(results[n].text, sizeof(results[n].text), STR("relaying denied"));
	}
	if (open)
		results[0] = (struct case_result){
			.id = "E01", .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
			.returned = 1, .output = t->target.ip,
		};
	struct test_outcome outcome = {
		.test_id = t->id, .verdict = open ? VERDICT_OPEN : VERDICT_CLOSED,
		.control_ok = true, .forms_refused = !open, .results = results,
		.result_count = RESULTS, .seconds = 1.5, .now_s = NOW_S + i,
		.reason = "open relay on port 25 (E01)",
	};
	need(st, store_test_finish(st, &outcome, &policy, &effects), "finish");
}

static void measure(struct store *st, unsigned round, unsigned tests)
{
	for (unsigned i = 0; i < tests; i++) {
		struct test t;
		double began = cost_now();
		add(st, i);
		double added = cost_now();
		lease(st, i, &t);
		double leased = cost_now();
		finish(st, i, &t);
		costs[ADD][round] += added - began;
		costs[LEASE][round] += leased - added;
		costs[FINISH][round] += cost_now() - leased;
	}
}

static void remove_all(char *directory)
{
	pid_t child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-r", directory, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void run_round(unsigned round, unsigned tests)
{
	char directory[] = "/dev/shm/portreeve-bench-XXXXXX";
	struct buf message = { 0 };
	struct store *st = NULL;
	struct permit all = {
		.range = prefix_of(&(struct ip){ .family = 4, .b = { 10 } }, 8),
		.consent = CONSENT_RANGE, .by = "bench", .created_s = NOW_S,
	};
	if (!mkdtemp(directory)) {
		perror(directory);
		exit(EXIT_FAILURE);
	}
	need(st, store_sqlite_open(directory, STORE_ALL, &st, &message), "open");
	need(st, store_clock_beat(st, NOW_S), "beat");
	need(st, store_permit_add(st, &all), "permit");
	measure(st, round, tests);
	store_close(st);
	buf_fini(&message);
	remove_all(directory);
}

/* Of the round that others on this machine disturbed least. */
static void print_least(const char *name, const double *v, unsigned rounds, unsigned tests)
{
	double best = v[0];
	for (unsigned i = 1; i < rounds; i++)
		best = v[i] < best ? v[i] : best;
	printf("%-6s  %6.1f us a test\n", name, best / tests * 1e6);
}

int main(int argc, char **argv)
{
	static const char *const names[STEPS] = { "add", "lease", "finish" };
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
	unsigned long tests = argc > 2 ? strtoul(argv[2], NULL, 10) : 500;
	if (rounds < 1 || rounds > ROUNDS_MAX || tests < 1 || tests > TESTS_MAX) {
		fprintf(stderr, "bench-store: expected 1 to %d rounds of 1 to %d tests\n",
		        ROUNDS_MAX, TESTS_MAX);
		return EXIT_FAILURE;
	}
	log_init("bench", LOG_WARN);
	for (unsigned i = 0; i < rounds; i++)
		run_round(i, (unsigned)tests);
	for (unsigned s = 0; s < STEPS; s++)
		print_least(names[s], costs[s], (unsigned)rounds, (unsigned)tests);
	return EXIT_SUCCESS;
}
