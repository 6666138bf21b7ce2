/* SPDX-License-Identifier: ISC
 *
 * What the collector writes, and what each role may do.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/upkeep.h"

#include <stdio.h>

static void returns(void **unused)
{
	(void)unused;
	struct store *collector = open_store(state, STORE_RETURNS);
	struct test_return r = a_return("aaaaaaaa", "token1", NOW);
	static const char *const messages[] = { "Received: x\r\n\r\nbody", "second", "third" };
	int64_t last = 0;
	for (int i = 0; i < 3; i++) {
		r.message = str_of(messages[i]);
		OK(collector, store_return_add(collector, &r, 3));
		assert_true(r.id > last);
		last = r.id;
		/* The same again, by a client that did not hear our answer, adds nothing. */
		OK(collector, store_return_add(collector, &r, 3));
		assert_int_equal(r.id, last);
	}
	r.message = STR("fourth");
	assert_int_equal(store_return_add(collector, &r, 3), ERR_LIMIT);
	/* One that was there is known again. */
	r.message = str_of(messages[0]);
	OK(collector, store_return_add(collector, &r, 3));
	assert_true(r.id < last);
	struct test_return other = a_return("bbbbbbbb", "token2", NOW + 1);
	OK(collector, store_return_add(collector, &other, 3));

	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	struct test_return *rows;
	size_t n;
	OK(tester, store_returns_after(tester, 0, 10, true, &a, &rows, &n));
	assert_int_equal(n, 4);
	assert_string_equal(rows[0].token, "token1");
	assert_string_equal(rows[0].helo, "relay.example");
	assert_true(str_eq(rows[0].message, str_of(messages[0])));
	assert_int_equal(rows[0].peer.port, 4025);
	assert_true(rows[0].marked);
	OK(tester, store_returns_after(tester, last, 10, false, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].message.n, 0);
	OK(tester, store_returns_of(tester, "aaaaaaaa", false, &a, &rows, &n));
	assert_int_equal(n, 3);
	OK(tester, store_returns_after(tester, 0, 2, false, &a, &rows, &n));
	assert_int_equal(n, 2);
	store_close(tester);
	store_close(collector);
}

/* A hundred tokens in one message: it is stored once, again if a client tries again, and goes
 * with the last row. */
static void many_tokens(void **unused)
{
	(void)unused;
	enum { TOKENS = 100 };
	static struct test_return rows[TOKENS];
	static char big[100000];
	int results[TOKENS];
	struct test_return *read;
	size_t n;
	memset(big, 'x', sizeof(big));
	for (int i = 0; i < TOKENS; i++) {
		char token[16];
		snprintf(token, sizeof(token), "token%d", i);
		rows[i] = a_return("aaaaaaaa", token, NOW);
		rows[i].message = (struct str){ big, sizeof(big) };
	}
	for (int again = 0; again < 2; again++) {
		OK(st, store_returns_add(st, rows, TOKENS, 1, results));
		for (int i = 0; i < TOKENS; i++)
			assert_int_equal(results[i], ERR_OK);
		assert_int_equal(rows_of(st, ROW_RETURN), TOKENS);
		assert_int_equal(rows_of(st, ROW_MESSAGE), 1);
	}
	OK(st, store_returns_of(st, "aaaaaaaa", true, &a, &read, &n));
	assert_int_equal(n, TOKENS);
	assert_true(str_eq(read[0].message, rows[0].message));
	assert_ptr_equal(read[TOKENS - 1].message.p, read[0].message.p);

	/* Some have had enough, one has not: each its own result, and nothing of the rest. */
	struct test_return more[3] = { rows[0], a_return("aaaaaaaa", "new", NOW), rows[1] };
	more[0].message = STR("another");
	OK(st, store_returns_add(st, more, 3, 1, results));
	assert_int_equal(results[0], ERR_LIMIT);
	assert_int_equal(results[1], ERR_OK);
	assert_int_equal(results[2], ERR_LIMIT);
	more[0].message = STR("a third, for nobody");
	OK(st, store_returns_add(st, more, 1, 1, results));
	assert_int_equal(results[0], ERR_LIMIT);
	assert_int_equal(rows_of(st, ROW_MESSAGE), 2);

	/* Retention. */
	struct store_config keep = { .keep_tests_s = 1, .keep_evidence_s = 1, .keep_returns_s = 1 };
	OK(st, store_cursor_set(st, "returns", rows[TOKENS - 1].id));
	for (struct store_expiry x = { 0 }; !x.over;)
		OK(st, store_expire(st, &keep, NOW + 1000, 7, false, &x));
	assert_int_equal(rows_of(st, ROW_RETURN), 1);
	assert_int_equal(rows_of(st, ROW_MESSAGE), 1);
}

static void requests(void **unused)
{
	(void)unused;
	struct retest_request r = { .address = ip_of("192.0.2.1"), .reply_to = "a@b.example",
	                            .time_s = NOW };
	OK(st, store_request_add(st, &r, 600));
	r.time_s = NOW + 599;
	assert_int_equal(store_request_add(st, &r, 600), ERR_LIMIT);
	r.time_s = NOW + 600;
	OK(st, store_request_add(st, &r, 600));
	struct retest_request *rows;
	size_t n;
	OK(st, store_requests_after(st, 0, 10, &a, &rows, &n));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].reply_to, "a@b.example");
	OK(st, store_requests_after(st, rows[1].id, 10, &a, &rows, &n));
	assert_int_equal(n, 0);
}

static void cursors(void **unused)
{
	(void)unused;
	int64_t value = 7;
	OK(st, store_cursor_get(st, "returns", &value));
	assert_int_equal(value, 0);
	OK(st, store_cursor_set(st, "returns", 5));
	OK(st, store_cursor_set(st, "returns", 9));
	OK(st, store_cursor_get(st, "returns", &value));
	assert_int_equal(value, 9);
}

/* What a role may not do is refused before anything is touched. */
static void denied(void **unused)
{
	(void)unused;
	struct store *collector = open_store(state, STORE_RETURNS);
	struct store *dnsbl = open_store(state, STORE_READS);
	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	struct ip ip = ip_of("192.0.2.1");
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_OWNER };
	struct exclusion x = { .range = p.range };
	struct test_return r = a_return("aaaaaaaa", "t", NOW);
	struct retest_request rr = { .address = ip };
	struct list_snapshot list;
	uint64_t serial;
	unsigned queued;

	assert_int_equal(store_permit_add(tester, &p), ERR_DENIED);
	assert_int_equal(store_permit_remove(tester, &p.range, "x", NOW), ERR_DENIED);
	assert_int_equal(store_exclusion_add(tester, &x), ERR_DENIED);
	struct prefix range = prefix_of_text("192.0.2.0/28");
	assert_int_equal(store_range_list(tester, &range, "x", "y", NOW), ERR_DENIED);
	assert_int_equal(store_range_delist(tester, &range, "x", "y", NOW), ERR_DENIED);
	assert_int_equal(store_return_add(tester, &r, 3), ERR_DENIED);
	assert_int_equal(store_backup(tester, NULL, NULL, NULL), ERR_DENIED);

	assert_int_equal(store_list(collector, &ip, "x", "y", &default_policy, NOW), ERR_DENIED);
	assert_int_equal(store_delist(collector, &ip, "x", "y", NOW), ERR_DENIED);
	assert_int_equal(store_retest(collector, &ip, "x", NULL, NULL, NOW, &queued), ERR_DENIED);
	assert_int_equal(store_cursor_set(collector, "x", 1), ERR_DENIED);
	assert_string_equal(store_message(collector),
	                    "store: to write cursors is not allowed to this process");

	assert_int_equal(store_return_add(dnsbl, &r, 3), ERR_DENIED);
	assert_int_equal(store_request_add(dnsbl, &rr, 0), ERR_DENIED);
	assert_int_equal(store_delist(dnsbl, &ip, "x", "y", NOW), ERR_DENIED);
	OK(dnsbl, store_snapshot(dnsbl, &a, &list));
	OK(dnsbl, store_serial(dnsbl, &serial));

	store_close(collector);
	store_close(dnsbl);
	store_close(tester);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(returns), EACH(many_tokens), EACH(requests),
		EACH(cursors), EACH(denied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
