/* SPDX-License-Identifier: ISC
 *
 * Permits, exclusions, nominations, and the life of a test up to its end, over SQLite.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/tests.h"
#include "store/upkeep.h"

#include <stdio.h>

static struct permit permit(const char *range, enum consent consent, int64_t until_s)
{
	return (struct permit){ .range = prefix_of_text(range), .consent = consent, .by = "op",
	                        .created_s = NOW, .until_s = until_s };
}

static struct exclusion exclusion(const char *range)
{
	return (struct exclusion){ .range = prefix_of_text(range), .by = "op",
	                           .why = "its owner's wish", .created_s = NOW };
}

static void permits(void **unused)
{
	(void)unused;
	struct permit four = permit("192.0.2.0/24", CONSENT_RANGE, 0);
	struct permit six = permit("2001:db8::/32", CONSENT_OWNER, NOW + 10);
	struct permit none = permit("198.51.100.0/24", CONSENT_NONE, 0);
	OK(st, store_permit_add(st, &six));
	OK(st, store_permit_add(st, &four));
	assert_int_equal(store_permit_add(st, &four), ERR_EXISTS);
	assert_string_equal(store_message(st), "that range has a permit already");
	assert_int_equal(store_permit_add(st, &none), ERR_INVALID);
	/* One that ran out makes room. */
	assert_int_equal(store_permit_add(st, &six), ERR_EXISTS);
	six.created_s = NOW + 10;
	six.until_s = 0;
	OK(st, store_permit_add(st, &six));

	struct permit *rows;
	size_t n;
	OK(st, store_permits(st, &a, &rows, &n));
	assert_int_equal(n, 2);
	assert_int_equal(prefix_cmp(&rows[0].range, &four.range), 0);
	assert_int_equal(prefix_cmp(&rows[1].range, &six.range), 0);
	assert_int_equal(rows[1].consent, CONSENT_OWNER);
	assert_string_equal(rows[0].by, "op");

	assert_int_equal(store_permit_remove(st, &none.range, "op", NOW), ERR_NOT_FOUND);
	OK(st, store_permit_remove(st, &four.range, "op2", NOW + 5));
	struct journal_entry j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_UNPERMIT);
	assert_string_equal(j.who, "op2");
	assert_int_equal(j.time_s, NOW + 5);
	assert_int_equal(prefix_cmp(&j.subject, &four.range), 0);
}

static void exclusions(void **unused)
{
	(void)unused;
	struct exclusion x = exclusion("192.0.2.7");
	OK(st, store_exclusion_add(st, &x));
	assert_int_equal(store_exclusion_add(st, &x), ERR_EXISTS);
	struct exclusion *rows;
	size_t n;
	OK(st, store_exclusions(st, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].why, "its owner's wish");
	assert_int_equal(last_entry(st).action, JOURNAL_EXCLUDE);
	OK(st, store_exclusion_remove(st, &x.range, "op", NOW));
	assert_int_equal(store_exclusion_remove(st, &x.range, "op", NOW), ERR_NOT_FOUND);
	OK(st, store_exclusions(st, &a, &rows, &n));
	assert_int_equal(n, 0);
}

/* The rows are kept in memory; they follow our own changes and another's. */
static void consent_follows(void **unused)
{
	(void)unused;
	struct store *other = open_store(state, STORE_TESTS | STORE_LIST);
	struct ip address = ip_of("192.0.2.1");
	struct permit p = permit("192.0.2.0/24", CONSENT_RANGE, 0);
	struct exclusion x = exclusion("192.0.2.0/31");
	struct consent_answer answer;

	OK(other, store_consent(other, &address, NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_NONE);
	OK(st, store_permit_add(st, &p));
	OK(other, store_consent(other, &address, NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_RANGE);
	OK(st, store_consent(st, &address, NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_RANGE);
	OK(st, store_exclusion_add(st, &x));
	OK(other, store_consent(other, &address, NOW, &answer));
	assert_true(answer.excluded);
	OK(st, store_consent(st, &address, NOW, &answer));
	assert_true(answer.excluded);
	OK(st, store_exclusion_remove(st, &x.range, "op", NOW));
	OK(st, store_permit_remove(st, &p.range, "op", NOW));
	OK(st, store_consent(st, &address, NOW, &answer));
	assert_false(answer.excluded);
	assert_int_equal(answer.consent, CONSENT_NONE);
	store_close(other);
}

static void nominations(void **unused)
{
	(void)unused;
	struct nomination nom = {
		.address = ip_of("192.0.2.1"), .by = "desk", .reason = "spam trace",
		.consent = CONSENT_EVIDENCE, .created_s = NOW, .message = STR("From: \0x\xff\r\n"),
	};
	OK(st, store_nominate(st, &nom));
	assert_true(nom.id > 0);
	struct nomination *rows;
	size_t n;
	OK(st, store_nominations(st, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].id, nom.id);
	assert_true(ip_eq(&rows[0].address, &nom.address));
	assert_string_equal(rows[0].reason, "spam trace");
	assert_int_equal(rows[0].consent, CONSENT_EVIDENCE);
	assert_true(str_eq(rows[0].message, nom.message));
	assert_int_equal(last_entry(st).action, JOURNAL_NOMINATE);
}

static void queueing(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	assert_int_equal(strlen(t.id), TEST_ID_LEN);
	struct test again = {
		.target = t.target, .consent = CONSENT_OWNER, .created_s = NOW,
	};
	assert_int_equal(store_test_add(st, &again), ERR_EXISTS);
	assert_string_equal(again.id, t.id);
	add_test(st, "192.0.2.1:587", NOW);
	add_test(st, "[2001:db8::1]:25", NOW);

	struct test got;
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.state, TEST_QUEUED);
	assert_int_equal(got.target.port, 25);
	assert_string_equal(got.who, "tests");
	assert_int_equal(store_test_get(st, "nonesuch", &got), ERR_NOT_FOUND);

	struct endpoint any = { ip_of("192.0.2.1"), 0 }, unknown = endpoint_of("192.0.2.9:25");
	OK(st, store_test_last(st, &any, &got));
	assert_int_equal(got.target.port, 587);
	OK(st, store_test_last(st, &t.target, &got));
	assert_string_equal(got.id, t.id);
	assert_int_equal(store_test_last(st, &unknown, &got), ERR_NOT_FOUND);

	struct test *rows;
	size_t n;
	struct ip all = { 0 };
	OK(st, store_tests(st, &all, 10, &a, &rows, &n));
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].target.ip.family, 6);        /* newest first */
	OK(st, store_tests(st, &any.ip, 10, &a, &rows, &n));
	assert_int_equal(n, 2);
	OK(st, store_tests(st, &all, 1, &a, &rows, &n));
	assert_int_equal(n, 1);
}

static void no_consent_no_test(void **unused)
{
	(void)unused;
	struct test t = { .target = endpoint_of("192.0.2.1:25"), .created_s = NOW };
	assert_int_equal(store_test_add(st, &t), ERR_DENIED);
	t.consent = CONSENT_RANGE;
	assert_int_equal(store_test_add(st, &t), ERR_DENIED);
	struct permit p = permit("192.0.2.0/24", CONSENT_RANGE, NOW + 100);
	OK(st, store_permit_add(st, &p));
	struct exclusion x = exclusion("192.0.2.0/31");
	OK(st, store_exclusion_add(st, &x));
	t.consent = CONSENT_OWNER;
	assert_int_equal(store_test_add(st, &t), ERR_DENIED);
	assert_non_null(strstr(store_message(st), "excluded"));
	OK(st, store_exclusion_remove(st, &x.range, "op", NOW));
	t.consent = CONSENT_RANGE;
	OK(st, store_test_add(st, &t));
}

/* What was permitted when it was queued may not be when it is due. */
static void consent_gone_before_the_lease(void **unused)
{
	(void)unused;
	struct permit p = permit("192.0.2.0/24", CONSENT_RANGE, NOW + 100);
	OK(st, store_permit_add(st, &p));
	struct test t = { .target = endpoint_of("192.0.2.1:25"), .consent = CONSENT_RANGE,
	                  .created_s = NOW };
	OK(st, store_test_add(st, &t));
	struct test rows[4], got;
	size_t n;
	assert_int_equal(store_test_lease_one(st, t.id, NOW + 100, 60, &got), ERR_DENIED);
	OK(st, store_test_lease(st, NOW + 100, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	assert_int_equal(store_test_get(st, t.id, &got), ERR_NOT_FOUND);

	/* More of them than are asked for do not hide one that may run. */
	struct exclusion x = exclusion("198.51.100.0/24");
	for (int i = 0; i < 9; i++) {
		char text[32];
		snprintf(text, sizeof(text), "198.51.100.%d:25", i);
		add_test(st, text, NOW);
	}
	struct test last = add_test(st, "203.0.113.1:25", NOW);
	OK(st, store_exclusion_add(st, &x));
	OK(st, store_test_lease(st, NOW, 60, rows, 4, &n));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].id, last.id);
}

static void leases(void **unused)
{
	(void)unused;
	struct test one = add_test(st, "192.0.2.1:25", NOW);
	struct test two = add_test(st, "192.0.2.2:25", NOW + 50);
	struct test rows[4], got;
	size_t n;
	OK(st, store_test_lease(st, NOW - 1, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_lease(st, NOW, 60, rows, 4, &n));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].id, one.id);
	assert_int_equal(rows[0].state, TEST_RUNNING);
	assert_int_equal(rows[0].tries, 1);
	assert_int_equal(rows[0].started_s, NOW);

	/* Held by another: not to be had until it runs out. */
	OK(st, store_test_lease(st, NOW + 40, 60, rows, 4, &n));
	assert_int_equal(n, 0);
	assert_int_equal(store_test_lease_one(st, one.id, NOW + 59, 60, &got), ERR_BUSY);
	OK(st, store_test_renew(st, one.id, NOW + 100));
	assert_int_equal(store_test_lease_one(st, one.id, NOW + 99, 60, &got), ERR_BUSY);
	OK(st, store_test_lease(st, NOW + 100, 60, rows, 4, &n));
	assert_int_equal(n, 2);
	assert_int_equal(rows[0].tries, 2);
	assert_int_equal(rows[0].started_s, NOW);

	/* Given back: as if it had not been taken. */
	OK(st, store_test_release(st, two.id));
	OK(st, store_test_get(st, two.id, &got));
	assert_int_equal(got.state, TEST_QUEUED);
	assert_int_equal(got.tries, 0);
	assert_int_equal(store_test_renew(st, two.id, NOW + 500), ERR_NOT_FOUND);
	OK(st, store_test_lease_one(st, two.id, NOW + 100, 60, &got));
	assert_int_equal(got.tries, 1);
	assert_int_equal(store_test_lease_one(st, "nonesuch", NOW, 60, &got), ERR_NOT_FOUND);
	OK(st, store_test_lease(st, NOW, 60, rows, 0, &n));
	assert_int_equal(n, 0);
}

static struct alive_sight only_seven_lives(int64_t pid)
{
	return (struct alive_sight){ .what = pid == 7 ? ALIVE_THERE : ALIVE_GONE };
}

/* A lease is taken over from the dead, and from nobody else. */
static void leases_of_the_dead(void **unused)
{
	(void)unused;
	const struct alive_id seven = { "boot", 1, 7, 70 }, eight = { "boot", 1, 8, 80 };
	struct test nobodys = add_test(st, "192.0.2.1:25", NOW), of_seven, of_eight, got;
	size_t n;
	OK(st, store_test_lease_one(st, nobodys.id, NOW, 60, &got));
	of_seven = add_test(st, "192.0.2.2:25", NOW);
	store_hold_as(st, &seven);
	OK(st, store_test_lease_one(st, of_seven.id, NOW, 60, &got));
	of_eight = add_test(st, "192.0.2.3:25", NOW);
	store_hold_as(st, &eight);
	OK(st, store_test_lease_one(st, of_eight.id, NOW, 60, &got));
	OK(st, store_test_intend(st, of_eight.id, "E01", 0));

	OK(st, store_leases_of_dead(st, &seven, only_seven_lives, NOW + 1, &n));
	assert_int_equal(n, 1);
	store_hold_as(st, &seven);
	assert_int_equal(store_test_lease_one(st, nobodys.id, NOW + 1, 60, &got), ERR_BUSY);
	assert_int_equal(store_test_lease_one(st, of_seven.id, NOW + 1, 60, &got), ERR_BUSY);
	OK(st, store_test_lease_one(st, of_eight.id, NOW + 1, 60, &got));
	/* What the dead one sent stays sent. */
	assert_int_equal(got.tries, 2);
	assert_int_equal(store_test_intend(st, of_eight.id, "E01", 0), ERR_EXISTS);
	/* It has a living holder now. */
	OK(st, store_leases_of_dead(st, &seven, only_seven_lives, NOW + 2, &n));
	assert_int_equal(n, 0);
	/* After a start of the machine nobody of before lives; only nobody's lease stays. */
	const struct alive_id other = { "other", 1, 7, 70 };
	OK(st, store_leases_of_dead(st, &other, only_seven_lives, NOW + 3, &n));
	assert_int_equal(n, 2);
}

static void intents(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	OK(st, store_test_lease_one(st, t.id, NOW, 60, &got));
	OK(st, store_test_intend(st, t.id, "E01", 0));
	assert_int_equal(store_test_intend(st, t.id, "E01", 0), ERR_EXISTS);
	OK(st, store_test_intend(st, t.id, "E01", 1));
	OK(st, store_test_intend(st, t.id, "E02", 0));
	assert_int_equal(store_test_intend(st, "nonesuch", "E01", 0), ERR_NOT_FOUND);

	/* What was sent stays sent when the lease goes to another. */
	OK(st, store_test_release(st, t.id));
	OK(st, store_test_lease_one(st, t.id, NOW + 60, 60, &got));
	assert_int_equal(got.state, TEST_RUNNING);
	/* Whoever has it now does not take it for new: it reads results and returns. */
	assert_int_equal(got.tries, 2);
	assert_int_equal(store_test_intend(st, t.id, "E02", 0), ERR_EXISTS);

	struct case_result *results, result = result_of("E02", &t, NULL);
	size_t n;
	OK(st, store_test_results(st, t.id, &a, &results, &n));
	assert_int_equal(n, 3);
	result.stage = STAGE_MESSAGE;
	OK(st, store_test_wait(st, t.id, &result, 1, 2.5, NOW + 300));
	OK(st, store_test_results(st, t.id, &a, &results, &n));
	assert_int_equal(n, 3);
	assert_string_equal(results[0].id, "E02");
	assert_int_equal(results[0].code, 554);
	assert_true(results[0].refusal == REFUSAL_RELAY);
	assert_string_equal(results[1].id, "E01");
	assert_int_equal(results[1].attempt, 0);
	assert_int_equal(results[2].attempt, 1);
	assert_string_equal(results[2].text, "interrupted");
	assert_int_equal(results[2].stage, STAGE_MESSAGE);
	assert_false(results[2].accepted);

	/* "exclude" wins over a test under way. */
	struct exclusion x = exclusion("192.0.2.1");
	OK(st, store_exclusion_add(st, &x));
	assert_int_equal(store_test_intend(st, t.id, "E03", 0), ERR_DENIED);
}

/* Progress is saved, another body leaves, and the process dies. */
static void saved_before_the_intent(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	struct case_result *out, in[2] = {
		{ .id = "E01", .stage = STAGE_RCPT, .code = 554, .refusal = REFUSAL_RELAY },
		{ .id = "E14", .stage = STAGE_RCPT, .code = 250, .text = "Ok" },
	};
	size_t n;
	OK(st, store_test_wait(st, t.id, in, 2, 1.0, NOW + 1));
	OK(st, store_test_intend(st, t.id, "E14", 0));
	OK(st, store_test_results(st, t.id, &a, &out, &n));
	assert_int_equal(n, 2);
	assert_int_equal(out[0].code, 554);
	assert_string_equal(out[1].id, "E14");
	assert_int_equal(out[1].stage, STAGE_MESSAGE);
	assert_int_equal(out[1].code, 0);
	assert_string_equal(out[1].text, "interrupted");

	/* Once its result is there, that counts. */
	in[1].stage = STAGE_MESSAGE;
	in[1].accepted = true;
	OK(st, store_test_wait(st, t.id, in, 2, 1.0, NOW + 1));
	OK(st, store_test_results(st, t.id, &a, &out, &n));
	assert_int_equal(n, 2);
	assert_int_equal(out[1].code, 250);
	assert_true(out[1].accepted);
}

static void results_round_trip(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "[2001:db8::1]:465", NOW);
	struct case_result in[2] = {
		result_of("E14", &t, "2001:db8::2"),
		{ .id = "S04", .attempt = 1, .stage = STAGE_SKIPPED, .text = "bytes \x01\xff\xfe",
		  .bounced = 3 },
	};
	struct case_result *out;
	size_t n;
	OK(st, store_test_wait(st, t.id, in, 2, 1.25, NOW + 1));
	OK(st, store_test_results(st, t.id, &a, &out, &n));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(out[i].id, in[i].id);
		assert_int_equal(out[i].attempt, in[i].attempt);
		assert_int_equal(out[i].stage, in[i].stage);
		assert_int_equal(out[i].code, in[i].code);
		assert_string_equal(out[i].enhanced, in[i].enhanced);
		assert_string_equal(out[i].text, in[i].text);
		assert_int_equal(out[i].accepted, in[i].accepted);
		assert_int_equal(out[i].returned, in[i].returned);
		assert_int_equal(out[i].bounced, in[i].bounced);
		assert_true(ip_eq(&out[i].output, &in[i].output));
	}
	struct test got;
	OK(st, store_test_get(st, t.id, &got));
	assert_true(got.seconds > 1.2 && got.seconds < 1.3);
	assert_int_equal(store_test_results(st, "nonesuch", &a, &out, &n), ERR_NOT_FOUND);
}

/* The tester died while it waited: only the wait is left to do. */
static void waiting(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	struct case_result r = result_of("E01", &t, NULL);
	struct test rows[2];
	size_t n;
	OK(st, store_test_lease_one(st, t.id, NOW, 10, &got));
	OK(st, store_test_wait(st, t.id, &r, 1, 1, NOW + 300));
	OK(st, store_test_lease(st, NOW + 299, 10, rows, 2, &n));
	assert_int_equal(n, 0);
	OK(st, store_test_lease(st, NOW + 300, 10, rows, 2, &n));
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].state, TEST_WAITING);
	assert_int_equal(rows[0].wait_until_s, NOW + 300);
	OK(st, store_test_release(st, t.id));
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.state, TEST_WAITING);
}

/* Excluded after its tester died: nothing more is sent, what was sent still counts. */
static void excluded_while_running(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	struct exclusion x = exclusion("192.0.2.0/24");
	OK(st, store_test_lease_one(st, t.id, NOW, 10, &got));
	OK(st, store_exclusion_add(st, &x));
	OK(st, store_test_lease_one(st, t.id, NOW + 10, 10, &got));
	assert_int_equal(got.state, TEST_WAITING);
	assert_int_equal(got.wait_until_s, NOW + 10);
}

static void scans(void **unused)
{
	(void)unused;
	uint64_t seed, again;
	int64_t started;
	assert_int_equal(store_scan_end(st, "abc", NOW), ERR_NOT_FOUND);
	OK(st, store_scan_begin(st, "abc", NOW, &seed, &started));
	assert_int_equal(started, NOW);
	OK(st, store_scan_begin(st, "abc", NOW + 9, &again, &started));
	assert_true(again == seed);
	assert_int_equal(started, NOW);
	OK(st, store_scan_begin(st, "abd", NOW + 9, &again, &started));
	assert_int_equal(started, NOW + 9);
	OK(st, store_scan_end(st, "abc", NOW + 20));
	OK(st, store_scan_begin(st, "abc", NOW + 21, &again, &started));
	assert_int_equal(started, NOW + 21);
	assert_true(again != seed);
}

/* Values are values, whatever they look like. */
static void hostile_texts(void **unused)
{
	(void)unused;
	struct nomination nom = {
		.address = ip_of("192.0.2.1"), .by = "'; DROP TABLE tests; --",
		.reason = "\xff\xfe\n\x1b[2J", .created_s = NOW,
	};
	OK(st, store_nominate(st, &nom));
	struct nomination *rows;
	struct test *tests;
	size_t n;
	OK(st, store_nominations(st, &a, &rows, &n));
	assert_string_equal(rows[0].by, nom.by);
	assert_string_equal(rows[0].reason, nom.reason);
	OK(st, store_tests(st, &(struct ip){ 0 }, 1, &a, &tests, &n));
	struct test got;
	assert_int_equal(store_test_get(st, "' OR 1 = 1 --", &got), ERR_NOT_FOUND);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(permits), EACH(exclusions), EACH(consent_follows), EACH(nominations),
		EACH(queueing), EACH(no_consent_no_test), EACH(consent_gone_before_the_lease),
		EACH(leases), EACH(leases_of_the_dead), EACH(intents),
		EACH(saved_before_the_intent),
		EACH(results_round_trip), EACH(waiting),
		EACH(excluded_while_running), EACH(scans), EACH(hostile_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
