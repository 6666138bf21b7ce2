/* SPDX-License-Identifier: ISC
 *
 * The store in a few numbers, step by step through what changes them.
 */
#include "admin.h"
#include "store/list.h"
#include "store/summary.h"
#include "store/tests.h"

enum { DAY = 86400 };

static const struct store_config keep = { .keep_evidence_s = 100 * DAY };

static struct store_summary summary(int64_t now_s)
{
	struct store_summary sum;
	OK(st, store_summary(st, &keep, now_s, &sum));
	assert_int_equal(sum.serial, serial_of(st));
	return sum;
}

static void test_empty(void **unused)
{
	(void)unused;
	struct store_summary sum = summary(1000);
	assert_true(sum.listed == 0 && sum.queued == 0 && sum.changed_s == 0);
	assert_true(sum.oldest_s == 0 && sum.evidence_over_s == 0 && sum.withheld == 0);
}

static void test_list(void **unused)
{
	const struct ip one = ip_of("192.0.2.1"), two = ip_of("192.0.2.2");
	const struct fuse strict = fuse_default;
	(void)unused;
	OK(st, store_list(st, &one, "me", "why", &default_policy, 1000));
	OK(st, store_list(st, &two, "me", "why", &default_policy, 2000));
	struct store_summary sum = summary(3000);
	assert_true(sum.listed == 2 && sum.by_operator == 2 && sum.changed_s == 2000);
	assert_int_equal(sum.withheld, 0);
	OK(st, store_delist(st, &one, "me", "gone", 4000));
	sum = summary(5000);
	assert_true(sum.listed == 1 && sum.changed_s == 4000);
	/* Documentation addresses are not published by the rules as they are without us. */
	store_set_rules(st, &strict, 0);
	assert_int_equal(summary(5000).withheld, 1);
}

static void test_queue(void **unused)
{
	struct test first, later, rows[8];
	size_t n;
	(void)unused;
	first = add_test(st, "192.0.2.1:25", 1000);
	struct test t = { .target = endpoint_of("192.0.2.2:25"), .consent = CONSENT_OWNER,
	                  .created_s = 2000, .not_before_s = 9000 };
	OK(st, store_test_add(st, &t));
	struct store_summary sum = summary(3000);
	assert_true(sum.queued == 2 && sum.due == 1 && sum.oldest_s == 1000);
	assert_true(sum.running == 0 && sum.waiting == 0);
	OK(st, store_test_lease(st, 3000, 60, rows, 8, &n));
	assert_int_equal(n, 1);
	sum = summary(3000);
	assert_true(sum.queued == 1 && sum.due == 0 && sum.running == 1 && sum.oldest_s == 2000);
	OK(st, store_test_wait(st, first.id, NULL, 0, 1.0, 4000));
	sum = summary(3000);
	assert_true(sum.queued == 1 && sum.running == 0 && sum.waiting == 1);
	sum = summary(9000);
	assert_true(sum.queued == 1 && sum.due == 1);
	later = first;
	finish_with(st, &later, VERDICT_CLOSED, true, true, 9500);
	sum = summary(9500);
	assert_true(sum.waiting == 0 && sum.queued == 1);
}

static struct evidence_row evidence(const char *id, const char *address, int64_t time_s)
{
	struct evidence_row row = { .address = ip_of(address), .time_s = time_s,
	                            .bundle = STR("x") };
	str_copy(row.id, sizeof(row.id), str_of(id));
	return row;
}

/* Evidence of who is listed is kept; of others, so long after the test or their delisting. */
static void test_evidence(void **unused)
{
	const struct ip one = ip_of("192.0.2.1");
	struct evidence_row a1 = evidence("a", "192.0.2.1", 1 * DAY);
	struct evidence_row b1 = evidence("b", "192.0.2.2", 2 * DAY);
	struct evidence_row c1 = evidence("c", "192.0.2.3", 3 * DAY);
	(void)unused;
	OK(st, store_list(st, &one, "me", "why", &default_policy, 1 * DAY));
	OK(st, row_add(st, ROW_EVIDENCE, &a1));
	assert_int_equal(summary(5 * DAY).evidence_over_s, 0);
	OK(st, row_add(st, ROW_EVIDENCE, &b1));
	OK(st, row_add(st, ROW_EVIDENCE, &c1));
	assert_int_equal(summary(5 * DAY).evidence_over_s, 102 * DAY);
	OK(st, store_delist(st, &one, "me", "gone", 2 * DAY + 1));
	assert_int_equal(summary(5 * DAY).evidence_over_s, 102 * DAY);
	OK(st, row_remove(st, ROW_EVIDENCE, &b1));
	assert_int_equal(summary(5 * DAY).evidence_over_s, 102 * DAY + 1);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_empty), EACH(test_list), EACH(test_queue), EACH(test_evidence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
