/* SPDX-License-Identifier: ISC
 *
 * The queue: what comes into it and goes out of it, who is told what and when, what an operator
 * asks for; over restarts, too.
 */
#include "queue-fixture.h"

#include "heard.h"

#include <stdio.h>

static void test_life(void **state)
{
	(void)state;
	struct buf text = { 0 };
	add("one", "s@x", "a@x b@x");
	add("two", "s@x", "c@x");
	assert_int_equal(due_n, 3);
	delivered("b@x");
	deferred("a@x");
	expect("one: a@x waiting 1, b@x delivered 1; two: c@x waiting 0");
	struct gateway_message *m = gateway_queue_find(queue, STR("one"));
	assert_string_equal(m->rcpt[0].why, "mx[192.0.2.1] said: later");
	assert_true(m->rcpt[0].due_s > test_now_s && m->left == 1);
	again();
	expect("one: a@x waiting 1, b@x delivered 1; two: c@x waiting 0");
	m = gateway_queue_find(queue, STR("one"));
	assert_string_equal(m->rcpt[0].why, "mx[192.0.2.1] said: later");
	assert_true(str_eq(m->envelope.account, STR("alice")));
	assert_int_equal(gateway_queue_text(queue, m, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "Subject: x\r\n\r\ntext\r\n");
	buf_fini(&text);
	/* What was tried is due at once, what waits is not. */
	turn();
	assert_int_equal(due_n, 1);
	delivered("c@x");
	expect("one: a@x waiting 1, b@x delivered 1");
	later(HOUR);
	delivered("a@x");
	expect("");
	const struct gateway_queue_state s = gateway_queue_state(queue);
	assert_true(s.messages == 0 && s.recipients == 0 && s.trying == 0 && s.bytes == 0);
	assert_true(s.delivered == 2 && s.log.live <= 1);
	again();
	expect("");
	expect_notices("");
}

static void test_is_not_there_before_its_commit(void **state)
{
	(void)state;
	struct gateway_to list[8];
	const struct gateway_envelope e = envelope_of("one", "s@x", "a@x", list);
	int told = ERR_AGAIN;
	assert_int_equal(gateway_queue_add(queue, &e, STR("x"), note_err, &told), ERR_OK);
	loop_run_once(loop, 0);
	assert_int_equal(told, ERR_AGAIN);
	assert_null(gateway_queue_find(queue, STR("one")));
	assert_int_equal(due_n, 0);
	turn();
	assert_int_equal(told, ERR_OK);
	assert_non_null(gateway_queue_find(queue, STR("one")));
	assert_int_equal(due_n, 1);
}

static void add_after(int64_t ms, unsigned number)
{
	char id[16];
	snprintf(id, sizeof(id), "m%u", number);
	apart_ms = ms;
	add(id, "s@x", "a@x");
}

/* The loop's timers go by the real clock. */
static void wait_due(size_t n)
{
	for (int i = 0; due_n < n && i < 100; i++)
		loop_run_once(loop, 100);
	assert_int_equal(due_n, n);
}

/* What comes close behind the tenth waits for a pause, but for no more than a second. */
static void test_a_burst_comes_in_first(void **state)
{
	(void)state;
	unsigned n = 0;
	while (n < 9)
		add_after(0, n++);
	assert_int_equal(due_n, 9);
	while (n < 15)
		add_after(1, n++);
	assert_int_equal(due_n, 9);
	add_after(10, n++);
	wait_due(16);
	/* It does not end: from its second on all goes on as it comes. */
	for (unsigned i = 0; i < 199; i++)
		add_after(5, n++);
	assert_int_equal(due_n, 24);
	add_after(5, n++);
	wait_due(216);
	add_after(5, n++);
	assert_int_equal(due_n, 217);
}

/* One notice for all that fail together; it is in the log before they have failed. */
static void test_failure_is_told_first(void **state)
{
	(void)state;
	add("one", "s@x", "a@x b@x c@x");
	settle_only("a@x", GATEWAY_FATE_FAILED, "5.1.1", "no such user");
	turn();
	expect_notices("");            /* others are being tried */
	settle_only("b@x", GATEWAY_FATE_FAILED, "5.2.2", "full");
	settle_only("c@x", GATEWAY_FATE_DELIVERED, "2.0.0", "ok");
	for (int i = 0; i < 3; i++)
		loop_run_once(loop, 0);
	/* The notice is made and not safe yet. */
	expect_notices("failed one: a@x(5.1.1 no such user) b@x(5.2.2 full)\n");
	expect("one: a@x waiting 1, b@x waiting 1, c@x delivered 1");
	turn();
	assert_null(gateway_queue_find(queue, STR("one")));
	assert_int_equal(gateway_queue_state(queue).messages, 1);
	again();
	turn();
	assert_int_equal(due_n, 1);
	assert_true(str_eq(due[0]->message->envelope.from, STR("")));
	/* A report causes no report. */
	failed("s@x");
	expect("");
	again();
	expect("");
}

static void test_nobody_is_told(void **state)
{
	(void)state;
	nobody_is_told = true;
	add("one", "s@x", "a@x");
	failed("a@x");
	expect("");
	add("two", "", "a@x b@x");
	failed("a@x");
	delivered("b@x");
	expect("");
	assert_int_equal(gateway_queue_state(queue).notices, 0);
	assert_int_equal(gateway_queue_state(queue).failed, 2);
	again();
	expect("");
}

/* Time goes on until the message is tried, or gone; notices go their way. */
static void until_due(const char *id)
{
	while (gateway_queue_find(queue, str_of(id))) {
		for (size_t i = 0; i < due_n; i++)
			if (str_eq(due[i]->message->envelope.id, str_of(id)))
				return;
		if (due_n > 0)
			delivered("s@x");
		later(HOUR / 4);
	}
}

static void test_waits_and_gives_up(void **state)
{
	(void)state;
	unsigned tries = 0;
	add("one", "s@x", "a@x");
	for (; gateway_queue_find(queue, STR("one")); tries++) {
		deferred("a@x");
		if (tries < 2)
			expect_notices("");
		if (tries == 20)
			again();
		until_due("one");
	}
	assert_in_range(tries, 30, 45);
	assert_string_equal(buf_cstr(&notices),
	                    "delayed one: a@x(4.2.0 later)\nfailed one: a@x(4.4.7 later)\n");
}

static void test_success(void **state)
{
	(void)state;
	struct gateway_to list[] = {
		{ .address = STR("a@x"), .notify = SMTP_NOTIFY_SUCCESS, .local = true },
		{ .address = STR("b@x"), .notify = SMTP_NOTIFY_SUCCESS } };
	struct gateway_envelope e = { .id = STR("one"), .from = STR("s@x"), .to = list,
	                              .to_count = 2, .came_s = test_now_s };
	int told = ERR_AGAIN;
	assert_int_equal(gateway_queue_add(queue, &e, STR("x"), note_err, &told), ERR_OK);
	turn();
	delivered("b@x");              /* the next server tells */
	delivered("a@x");
	expect_notices("success one: a@x(2.0.0 ok)\n");
	assert_null(gateway_queue_find(queue, STR("one")));
	assert_int_equal(gateway_queue_state(queue).messages, 1);
}

static void test_given_back(void **state)
{
	(void)state;
	add("one", "s@x", "a@x");
	gateway_queue_give_back(queue, take("a@x"), test_now_s + 100);
	turn();
	assert_int_equal(due_n, 0);
	later(99);
	assert_int_equal(due_n, 0);
	later(1);
	assert_int_equal(due_n, 1);
	expect("one: a@x waiting 0");
	/* The clock goes back a year: nothing waits so long. */
	deferred("a@x");
	set_clock(-365 * 24 * HOUR);
	later(HOUR);
	assert_int_equal(due_n, 1);
}

/* The clock is set ahead by four days: all that waits is tried, and nothing is given up, nor is
 * anybody told that it is late, before it was tried for as long. */
static void test_clock_ahead(void **state)
{
	(void)state;
	unsigned tries = 0;
	add("one", "s@x", "a@x");
	deferred("a@x");
	later(HOUR);
	deferred("a@x");
	set_clock(96 * HOUR);
	assert_int_equal(due_n, 1);
	deferred("a@x");
	expect("one: a@x waiting 3");
	expect_notices("");
	const int64_t set_s = test_now_s;
	again();
	for (; gateway_queue_find(queue, STR("one")); tries++) {
		until_due("one");
		deferred("a@x");
	}
	assert_in_range(tries, 25, 30);
	assert_true(test_now_s - set_s > 70 * HOUR);
	assert_string_equal(buf_cstr(&notices),
	                    "delayed one: a@x(4.2.0 later)\nfailed one: a@x(4.4.7 later)\n");
}

/* It is set back by an hour: what was due in minutes is. */
static void test_clock_back(void **state)
{
	(void)state;
	struct heard log;
	add("one", "s@x", "a@x b@x");
	deferred("a@x");
	deferred("b@x");
	later(60);
	heard_begin(&log);
	set_clock(-HOUR);
	heard_end(&log);
	assert_int_equal(heard_lines(&log, "clock-back"), 1);
	assert_int_equal(due_n, 0);
	later(300);
	assert_int_equal(due_n, 2);
}

static void test_operator(void **state)
{
	(void)state;
	add("one", "s@x", "a@x b@x");
	add("two", "s@x", "c@x");
	struct gateway_message *one = gateway_queue_find(queue, STR("one"));
	assert_int_equal(gateway_queue_drop(queue, one), ERR_BUSY);
	deferred("a@x");
	deferred("b@x");
	assert_int_equal(gateway_queue_hold(queue, one, true), ERR_OK);
	later(HOUR);
	assert_int_equal(due_n, 1);            /* of the other */
	again();
	expect("one held: a@x waiting 1, b@x waiting 1; two: c@x waiting 0");
	assert_int_equal(gateway_queue_state(queue).held, 1);
	one = gateway_queue_find(queue, STR("one"));
	gateway_queue_flush(queue, one);
	turn();
	assert_int_equal(due_n, 1);
	assert_int_equal(gateway_queue_hold(queue, one, false), ERR_OK);
	again();
	expect("one: a@x waiting 1, b@x waiting 1; two: c@x waiting 0");
	turn();
	assert_int_equal(due_n, 3);
	deferred("a@x");
	deferred("b@x");
	one = gateway_queue_find(queue, STR("one"));
	gateway_queue_flush(queue, one);
	turn();
	assert_int_equal(due_n, 3);
	deferred("a@x");
	deferred("b@x");
	assert_int_equal(gateway_queue_drop(queue, gateway_queue_find(queue, STR("one"))), ERR_OK);
	expect("two: c@x waiting 0");
	again();
	expect("two: c@x waiting 0");
	expect_notices("");
}

static void test_ids(void **state)
{
	(void)state;
	char before[GATEWAY_ID_MAX] = "", id[GATEWAY_ID_MAX];
	for (int i = 0; i < 10000; i++) {
		if (i % 100 == 0)
			test_now_s += i % 200 ? 1 : -1;
		gateway_queue_id(queue, id);
		assert_int_equal(strlen(id), 13);
		assert_true(strcmp(before, id) < 0);
		memcpy(before, id, sizeof(id));
	}
}

/* What a message takes in memory beside its texts. */
static void test_small(void **state)
{
	(void)state;
	const size_t one = sizeof(struct message) + sizeof(struct gateway_rcpt) +
	                   sizeof(struct queue_entry) + 2 * sizeof(void *);
	print_message("a message of one recipient: %zu bytes and its texts\n", one);
	assert_in_range(one, 1, 448);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(test_life),
		QUEUE_TEST(test_is_not_there_before_its_commit),
		QUEUE_TEST(test_a_burst_comes_in_first),
		QUEUE_TEST(test_failure_is_told_first),
		QUEUE_TEST(test_nobody_is_told),
		QUEUE_TEST(test_waits_and_gives_up),
		QUEUE_TEST(test_success),
		QUEUE_TEST(test_given_back),
		QUEUE_TEST(test_clock_ahead),
		QUEUE_TEST(test_clock_back),
		QUEUE_TEST(test_operator),
		QUEUE_TEST(test_ids),
		QUEUE_TEST(test_small),
	};
	return queue_tests_end(cmocka_run_group_tests(tests, NULL, NULL));
}
