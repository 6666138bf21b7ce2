/* SPDX-License-Identifier: ISC
 *
 * Several processes at one store, and `kill -9` at any instant: what was acknowledged is
 * there, what was not is there whole or not at all.
 */
#include "store/evidence-rows.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/support.h"
#include "sqlite/sqlite.h"

#include "base/random.h"
#include "store/tests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000, KILLS = 40, QUEUED = 60, WORKERS = 3 };

static char *state;

static int setup(void **unused)
{
	(void)unused;
	state = state_make();
	store_close(open_store(state, STORE_ALL));
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	state_remove(state);
	return 0;
}

/* ---- leases ---------------------------------------------------------------- */

static int lease_until_empty(int out)
{
	struct store *st = open_store(state, STORE_TESTS | STORE_LIST);
	for (;;) {
		struct test t[2];
		size_t n;
		if (store_test_lease(st, NOW, 60, t, 2, &n) != ERR_OK)
			return 1;
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++)
			if (write(out, t[i].id, TEST_ID_LEN) != TEST_ID_LEN)
				return 2;
	}
	store_close(st);
	return 0;
}

static int by_id(const void *x, const void *y)
{
	return memcmp(x, y, TEST_ID_LEN);
}

/* Each queued test goes to one process, and to one only. */
static void leased_once(void **unused)
{
	(void)unused;
	struct store *st = open_store(state, STORE_ALL);
	for (int i = 0; i < QUEUED; i++) {
		char text[32];
		snprintf(text, sizeof(text), "192.0.2.%d:25", i);
		add_test(st, text, NOW);
	}
	store_close(st);

	int ids[2];
	assert_int_equal(pipe(ids), 0);
	for (int i = 0; i < WORKERS; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			_exit(lease_until_empty(ids[1]));
	}
	close(ids[1]);
	for (int i = 0; i < WORKERS; i++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	char seen[(QUEUED + 1) * TEST_ID_LEN];
	ssize_t n = read(ids[0], seen, sizeof(seen));
	close(ids[0]);
	assert_int_equal(n, QUEUED * TEST_ID_LEN);
	qsort(seen, QUEUED, TEST_ID_LEN, by_id);
	for (int i = 1; i < QUEUED; i++)
		assert_true(by_id(seen + (i - 1) * TEST_ID_LEN, seen + i * TEST_ID_LEN) != 0);
}

/* All open a store that is not there yet: one makes it, none fails. */
static void opened_first_by_many(void **unused)
{
	(void)unused;
	for (int round = 0; round < 10; round++) {
		char *fresh = state_make();
		for (int i = 0; i < WORKERS; i++) {
			pid_t child = fork();
			assert_true(child >= 0);
			if (child == 0) {
				struct store *st;
				struct buf message = { 0 };
				int e = store_sqlite_open(fresh, STORE_ALL, &st, &message);
				if (e != ERR_OK)
					fprintf(stderr, "%s\n", buf_cstr(&message));
				_exit(e == ERR_OK ? 0 : 1);
			}
		}
		for (int i = 0; i < WORKERS; i++) {
			int status;
			assert_true(wait(&status) > 0);
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
		}
		state_remove(fresh);
	}
}

/* ---- kill -9 --------------------------------------------------------------- */

/* What a writer says is done, once the store has said so. */
struct ack {
	enum { ACK_INTENT, ACK_FINISHED, ACK_RETURN, ACK_WAITING } kind;
	char id[TEST_ID_LEN + 1];
	struct ip address;
};

static void say(int out, struct ack ack)
{
	if (write(out, &ack, sizeof(ack)) != sizeof(ack))
		_exit(3);
}

static void write_one(struct store *st, int out, uint32_t number)
{
	struct test t = {
		.target = { ip_from_v4(10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		                       (uint8_t)number), 25 },
		.consent = CONSENT_OWNER, .created_s = NOW,
	};
	struct ack ack = { .address = t.target.ip };
	OK(st, store_test_add(st, &t));
	memcpy(ack.id, t.id, sizeof(ack.id));
	OK(st, store_test_intend(st, t.id, "E01", 0));
	ack.kind = ACK_INTENT;
	say(out, ack);

	struct test_return r = { .marked = true, .peer = t.target, .message = STR("mail") };
	memcpy(r.test_id, t.id, sizeof(r.test_id));
	memcpy(r.token, t.id, sizeof(t.id));
	OK(st, store_return_add(st, &r, 3));
	ack.kind = ACK_RETURN;
	say(out, ack);
	if (number % 4 == 0) {
		struct case_result result = result_of("E01", &t, "");
		OK(st, store_test_wait(st, t.id, &result, 1, 1, NOW + 300));
		ack.kind = ACK_WAITING;
	} else {
		finish_open(st, &t, "E01", "", NOW);
		ack.kind = ACK_FINISHED;
	}
	say(out, ack);
}

static void writer(int out, uint32_t number)
{
	struct store *st = open_store(state, STORE_ALL);
	for (;;)
		write_one(st, out, number++);
}

static void check_ack(struct store *st, struct arena *a, const struct ack *ack)
{
	struct test t;
	struct test_return *returns;
	struct listing l;
	struct str bundle;
	char id[48];
	size_t n;
	OK(st, store_test_get(st, ack->id, &t));
	switch (ack->kind) {
	case ACK_INTENT:
		if (t.state != TEST_DONE)
			assert_int_equal(store_test_intend(st, ack->id, "E01", 0), ERR_EXISTS);
		break;
	case ACK_RETURN:
		OK(st, store_returns_of(st, ack->id, true, a, &returns, &n));
		assert_int_equal(n, 1);
		assert_true(str_eq(returns[0].message, STR("mail")));
		break;
	case ACK_WAITING:
		assert_int_equal(t.state, TEST_WAITING);
		assert_int_equal(t.wait_until_s, NOW + 300);
		break;
	case ACK_FINISHED:
		assert_int_equal(t.state, TEST_DONE);
		OK(st, store_listing_get(st, &ack->address, &l));
		OK(st, store_evidence_of(st, &ack->address, a, id, &bundle));
		break;
	}
}

/* The parts of one test: all are there, or none. */
static void check_whole(struct store *st, struct arena *a, const struct test *t)
{
	struct listing l;
	struct proof *proofs;
	struct case_result *results;
	struct str bundle;
	char id[48];
	size_t proof_count, result_count;
	bool done = t->state == TEST_DONE;
	int listed = store_listing_get(st, &t->target.ip, &l);
	int evidence = store_evidence_of(st, &t->target.ip, a, id, &bundle);
	OK(st, store_proofs(st, &t->target.ip, a, &proofs, &proof_count));
	OK(st, store_test_results(st, t->id, a, &results, &result_count));
	assert_int_equal(listed, done ? ERR_OK : ERR_NOT_FOUND);
	assert_int_equal(evidence, done ? ERR_OK : ERR_NOT_FOUND);
	assert_int_equal(proof_count, done ? 1 : 0);
	assert_int_equal(t->verdict, done ? VERDICT_OPEN : VERDICT_NONE);
	assert_true(result_count <= 1);
	assert_true(!done || result_count == 1);
}

static void check_store(const struct ack *acks, size_t ack_count, uint32_t *next)
{
	struct arena a = { 0 };
	struct store *st = open_store(state, STORE_ALL);
	for (size_t i = 0; i < ack_count; i++)
		check_ack(st, &a, &acks[i]);

	struct test *tests;
	struct list_snapshot list;
	struct journal_entry *journal;
	size_t test_count, journal_count, done = 0;
	OK(st, store_tests(st, &(struct ip){ 0 }, SIZE_MAX, &a, &tests, &test_count));
	for (size_t i = 0; i < test_count; i++) {
		check_whole(st, &a, &tests[i]);
		done += tests[i].state == TEST_DONE;
	}
	OK(st, store_snapshot(st, &a, &list));
	OK(st, store_journal(st, 0, SIZE_MAX, &a, &journal, &journal_count));
	assert_int_equal(list.listing_n, done);
	assert_int_equal(journal_count, done);        /* each is one change of the list */
	assert_int_equal(list.serial, journal_count);
	for (size_t i = 0; i < journal_count; i++)
		assert_int_equal(journal[i].serial, i + 1);
	*next = (uint32_t)test_count + 1;
	store_close(st);
	arena_fini(&a);
}

struct acks { struct ack v[512]; size_t n; };

/* Reads up to `max` acknowledgements; SIZE_MAX: to the end. */
static void read_acks(int in, struct acks *acks, size_t max)
{
	struct ack ack;
	for (size_t i = 0; i < max && acks->n < 512; i++) {
		if (read(in, &ack, sizeof(ack)) != sizeof(ack))
			return;
		acks->v[acks->n++] = ack;
	}
}

static void spin(uint64_t turns)
{
	for (volatile uint64_t i = 0; i < turns; i++)
		;
}

static void killed_at_any_instant(void **unused)
{
	(void)unused;
	static struct acks acks;
	uint32_t next = 1;
	size_t acknowledged = 0;
	for (int round = 0; round < KILLS; round++) {
		int out[2];
		acks.n = 0;
		assert_int_equal(pipe(out), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(out[0]);
			writer(out[1], next);
		}
		close(out[1]);
		read_acks(out[0], &acks, (size_t)random_u64() % 20);
		spin(random_u64() % 2000000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		read_acks(out[0], &acks, SIZE_MAX);
		close(out[0]);
		check_store(acks.v, acks.n, &next);
		acknowledged += acks.n;
	}
	assert_true(acknowledged > KILLS);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(leased_once), EACH(opened_first_by_many), EACH(killed_at_any_instant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
