/* SPDX-License-Identifier: ISC
 *
 * Tests that are put off and asked on later: they stay the same test, hold no try, and give
 * way to a retest that their owner asks for.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/list.h"
#include "store/tests.h"

enum { DUE = NOW + 1800 };

static struct test put_off(const char *endpoint)
{
	struct test t = add_test(st, endpoint, NOW), leased;
	OK(st, store_test_lease_one(st, t.id, NOW, 60, &leased));
	struct case_result r[] = { result_of("E01", &t, NULL), result_of("E14", &t, NULL) };
	r[0].code = 450;
	r[0].refusal = REFUSAL_TIME;
	r[1].refusal = REFUSAL_RECIPIENT;
	struct test_put_off p = {
		.test_id = t.id, .results = r, .result_count = 2, .seconds = 1.5, .due_s = DUE,
		.rounds = 1, .fruitless = 0, .why = "puts us off: 450 4.7.1",
	};
	OK(st, store_test_put_off(st, &p));
	OK(st, store_test_get(st, t.id, &t));
	return t;
}

static size_t lease_at(int64_t now_s, struct test *t)
{
	size_t n;
	OK(st, store_test_lease(st, now_s, 60, t, 1, &n));
	return n;
}

/* The same test, with what it knew; a round is no try. */
static void goes_on(void **unused)
{
	(void)unused;
	struct test t = put_off("192.0.2.1:25"), again;
	struct case_result *results;
	size_t n;
	assert_int_equal(t.state, TEST_QUEUED);
	assert_int_equal(t.tries, 0);
	assert_int_equal(t.rounds, 1);
	assert_string_equal(t.why, "puts us off: 450 4.7.1");
	assert_int_equal(lease_at(DUE - 1, &again), 0);
	assert_int_equal(lease_at(DUE, &again), 1);
	assert_string_equal(again.id, t.id);
	assert_int_equal(again.tries, 1);
	assert_int_equal(again.rounds, 1);
	OK(st, store_test_results(st, t.id, &a, &results, &n));
	assert_int_equal(n, 2);
	assert_int_equal(results[0].refusal, REFUSAL_TIME);
	assert_int_equal(results[1].refusal, REFUSAL_RECIPIENT);
	/* One of that target has not ended. */
	struct test other = { .target = t.target, .consent = CONSENT_OWNER, .created_s = DUE };
	assert_int_equal(store_test_add(st, &other), ERR_EXISTS);
	finish_with(st, &again, VERDICT_CLOSED, true, true, DUE + 1);
	struct test_put_off p = { .test_id = t.id, .why = "" };
	assert_int_equal(store_test_put_off(st, &p), ERR_EXISTS);
}

/* What comes back between two rounds does not wait for the next. */
static void is_brought_forward(void **unused)
{
	(void)unused;
	struct test t = put_off("192.0.2.1:25"), again;
	struct test fresh = add_test(st, "192.0.2.2:25", DUE + 5000);
	OK(st, store_test_due(st, t.id, NOW + 10));
	assert_int_equal(store_test_due(st, fresh.id, NOW + 10), ERR_NOT_FOUND);
	assert_int_equal(store_test_due(st, "zzzzzzzz", NOW + 10), ERR_NOT_FOUND);
	assert_int_equal(lease_at(NOW + 10, &again), 1);
	assert_string_equal(again.id, t.id);
	assert_int_equal(store_test_due(st, t.id, NOW + 10), ERR_NOT_FOUND);
}

/* The owner says that something has changed: what was heard before that does not count. */
static void gives_way_to_a_retest(void **unused)
{
	(void)unused;
	struct test open = add_test(st, "192.0.2.1:25", NOW - 100), again;
	finish_open(st, &open, "E01", "", NOW - 90);
	struct test t = put_off("192.0.2.1:25");
	unsigned queued;
	OK(st, store_retest(st, &t.target.ip, "its owner", "<postmaster@[192.0.2.1]>", "<m@h.test>", NOW + 20,
	                    &queued));
	assert_int_equal(queued, 1);
	OK(st, store_test_get(st, t.id, &t));
	assert_int_equal(t.state, TEST_DONE);
	assert_int_equal(t.verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(lease_at(NOW + 20, &again), 1);
	assert_string_not_equal(again.id, t.id);
	assert_int_equal(again.reason, TEST_RETEST);
	assert_int_equal(again.rounds, 0);
}

/* …also where it was under way when its owner asked, and is put off only then. */
static void gives_way_when_put_off(void **unused)
{
	(void)unused;
	struct test open = add_test(st, "192.0.2.1:25", NOW - 100), t, again;
	finish_open(st, &open, "E01", "", NOW - 90);
	t = add_test(st, "192.0.2.1:25", NOW);
	OK(st, store_test_lease_one(st, t.id, NOW, 60, &again));
	unsigned queued;
	OK(st, store_retest(st, &t.target.ip, "its owner", "<postmaster@[192.0.2.1]>", "<m@h.test>", NOW + 20,
	                    &queued));
	struct test_put_off p = { .test_id = t.id, .now_s = NOW + 30, .due_s = DUE, .rounds = 1,
	                          .why = "" };
	OK(st, store_test_put_off(st, &p));
	OK(st, store_test_get(st, t.id, &t));
	assert_int_equal(t.state, TEST_DONE);
	assert_int_equal(t.verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(lease_at(NOW + 30, &again), 1);
	assert_string_not_equal(again.id, t.id);
	assert_int_equal(again.reason, TEST_RETEST);
	assert_string_equal(again.reply_to, "<postmaster@[192.0.2.1]>");
	assert_int_equal(again.rounds, 0);
}

/* Its messages may be under way: without consent it is waited for, and not forgotten. */
static void outlives_its_consent(void **unused)
{
	(void)unused;
	struct test t = put_off("192.0.2.1:25"), again;
	struct exclusion x = { .range = prefix_of_text("192.0.2.0/24"), .by = "op", .why = "no",
	                       .created_s = NOW };
	OK(st, store_exclusion_add(st, &x));
	assert_int_equal(lease_at(DUE, &again), 1);
	assert_string_equal(again.id, t.id);
	assert_int_equal(again.state, TEST_WAITING);
}

/* One that had ended is reopened by a late return, and its confirmation put off: rounds of its
 * own, and it still ends as a late one. */
static void reopened(void **unused)
{
	(void)unused;
	struct test t = put_off("192.0.2.1:25"), again;
	finish_with(st, &t, VERDICT_ACCEPTING, true, false, NOW + 5);
	OK(st, store_test_reopen(st, t.id, NOW + 10, 60, &again));
	assert_int_equal(again.rounds, 0);
	struct test_put_off p = { .test_id = t.id, .now_s = NOW + 20, .due_s = DUE, .rounds = 1,
	                          .why = "" };
	OK(st, store_test_put_off(st, &p));
	assert_int_equal(lease_at(DUE, &again), 1);
	assert_string_equal(again.id, t.id);
	assert_int_equal(again.rounds, 1);
	assert_int_equal(again.finished_s, NOW + 5);
	struct lifecycle_effects effects = finish_open(st, &again, "E01", "", DUE + 5);
	assert_true(effects.set & LIFE_LIST);
	OK(st, store_test_get(st, t.id, &t));
	assert_int_equal(t.finished_s, NOW + 5);
}

/* Why a test decided nothing is kept with it. */
static void says_why(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	struct lifecycle_effects effects;
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_INCONCLUSIVE, .now_s = NOW + 5,
		.why = "refuses us at its greeting: 554 No",
	};
	OK(st, store_test_finish(st, &o, &default_policy, &effects));
	OK(st, store_test_get(st, t.id, &t));
	assert_string_equal(t.why, "refuses us at its greeting: 554 No");
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(goes_on), EACH(is_brought_forward), EACH(gives_way_to_a_retest),
		EACH(gives_way_when_put_off),
		EACH(outlives_its_consent), EACH(reopened), EACH(says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
