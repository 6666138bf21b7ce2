/* SPDX-License-Identifier: ISC
 *
 * May this be tested? The pure answer as a table, and what is queued by it.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/tests.h"

enum { DAY = 86400 };

/* The 24 h rule (RFC 6471 section 3.4). */
static void repeat(void **unused)
{
	(void)unused;
	static const struct { int64_t last, now; bool owner, may; } rows[] = {
		{ 0, 1000000, false, true },               /* never tested */
		{ 1000000, 1000000, false, false },
		{ 1000000, 1000000 + DAY - 1, false, false },
		{ 1000000, 1000000 + DAY, false, true },
		{ 1000000, 1000001, true, true },          /* its owner asks */
		{ 1000000, 999999, false, false },         /* a clock that went back */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(admission_may_repeat(rows[i].last, rows[i].now, DAY,
		                                      rows[i].owner),
		                 rows[i].may);
}

static void decides(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		bool excluded;
		enum consent consent;
		bool all;
		int64_t last_s, interval_s;
		enum admission said;
	} rows[] = {
		{ "permitted", false, CONSENT_RANGE, false, 0, DAY, ADMITTED },
		{ "evidence", false, CONSENT_EVIDENCE, false, 0, DAY, ADMITTED },
		{ "contact", false, CONSENT_CONTACT, false, 0, DAY, ADMITTED },
		{ "owner", false, CONSENT_OWNER, false, 0, DAY, ADMITTED },
		{ "nothing holds", false, CONSENT_NONE, false, 0, DAY, ADMISSION_NO_CONSENT },
		{ "excluded", true, CONSENT_NONE, false, 0, DAY, ADMISSION_EXCLUDED },
		{ "excluded first", true, CONSENT_OWNER, true, NOW, DAY, ADMISSION_EXCLUDED },
		{ "all", false, CONSENT_CONTACT, true, 0, DAY, ADMISSION_OWNER_ONLY },
		{ "all, too soon", false, CONSENT_RANGE, true, NOW, DAY, ADMISSION_OWNER_ONLY },
		{ "all, the owner", false, CONSENT_OWNER, true, NOW, DAY, ADMITTED },
		{ "too soon", false, CONSENT_RANGE, false, NOW - DAY + 1, DAY,
		  ADMISSION_TOO_SOON },
		{ "a day ago", false, CONSENT_RANGE, false, NOW - DAY, DAY, ADMITTED },
		{ "no interval", false, CONSENT_RANGE, false, NOW, 0, ADMITTED },
		{ "the owner at once", false, CONSENT_OWNER, false, NOW, DAY, ADMITTED },
		{ "ended ahead", false, CONSENT_RANGE, false, NOW + 9, DAY, ADMISSION_TOO_SOON },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct consent_answer consent = {
			.consent = rows[i].consent, .excluded = rows[i].excluded,
		};
		CHECK_ROW(rows[i].name, admission_decide(&consent, rows[i].all, rows[i].last_s,
		                                         NOW, rows[i].interval_s) == rows[i].said);
	}
}

/* Only a permit can be withdrawn while a test waits; an exclusion ends all. */
static void holds(void **unused)
{
	(void)unused;
	for (unsigned on = CONSENT_NONE; on <= CONSENT_OWNER; on++) {
		for (unsigned now = CONSENT_NONE; now <= CONSENT_OWNER; now++) {
			struct consent_answer answer = { .consent = (enum consent)now };
			bool expected = on != CONSENT_NONE &&
			                (on != CONSENT_RANGE || now != CONSENT_NONE);
			assert_int_equal(consent_holds((enum consent)on, &answer), expected);
			answer.excluded = true;
			assert_false(consent_holds((enum consent)on, &answer));
		}
	}
}

static struct test a_test(const char *endpoint, int64_t now_s)
{
	return (struct test){
		.target = endpoint_of(endpoint), .reason = TEST_NOMINATED, .who = "tests",
		.created_s = now_s, .not_before_s = now_s,
	};
}

static enum admission ask(struct test *t, enum admission_ground ground)
{
	struct admission_answer answer;
	OK(st, store_test_ask(st, t, ground, "a desk", DAY, &answer));
	assert_int_equal(answer.last_s != 0, answer.said == ADMISSION_TOO_SOON);
	return answer.said;
}

static bool is_queued(const char *endpoint)
{
	struct endpoint target = endpoint_of(endpoint);
	struct test t;
	return store_test_last(st, &target, &t) == ERR_OK && t.state == TEST_QUEUED;
}

static void permit_range(const char *range)
{
	struct permit p = { .range = prefix_of_text(range), .consent = CONSENT_RANGE, .by = "op",
	                    .created_s = NOW };
	OK(st, store_permit_add(st, &p));
}

static void exclude(const char *range)
{
	struct exclusion x = { .range = prefix_of_text(range), .by = "op", .created_s = NOW };
	OK(st, store_exclusion_add(st, &x));
}

static void asked(void **unused)
{
	(void)unused;
	struct test t = a_test("192.0.2.1:25", NOW), again;
	uint64_t serial;
	assert_int_equal(ask(&t, GROUND_NONE), ADMISSION_NO_CONSENT);
	assert_int_equal(t.consent, CONSENT_NONE);
	assert_false(is_queued("192.0.2.1:25"));
	permit_range("192.0.2.0/24");
	exclude("192.0.2.7");
	serial = serial_of(st);
	assert_int_equal(ask(&t, GROUND_NONE), ADMITTED);
	assert_int_equal(t.consent, CONSENT_RANGE);
	assert_true(is_queued("192.0.2.1:25"));
	/* The one that waits is the answer. */
	again = a_test("192.0.2.1:25", NOW + 1);
	assert_int_equal(ask(&again, GROUND_NONE), ADMISSION_PENDING);
	assert_string_equal(again.id, t.id);
	again = a_test("192.0.2.7:25", NOW);
	assert_int_equal(ask(&again, GROUND_NONE), ADMISSION_EXCLUDED);
	again = a_test("192.0.2.8:25", NOW);
	again.all = true;
	assert_int_equal(ask(&again, GROUND_NONE), ADMISSION_OWNER_ONLY);
	assert_int_equal(serial_of(st), serial);      /* a queue is no change of the list */
}

static void asked_again(void **unused)
{
	(void)unused;
	permit_range("192.0.2.0/24");
	struct test t = a_test("192.0.2.1:25", NOW), again;
	assert_int_equal(ask(&t, GROUND_NONE), ADMITTED);
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 5);
	again = a_test("192.0.2.1:25", NOW + DAY);
	assert_int_equal(ask(&again, GROUND_NONE), ADMISSION_TOO_SOON);
	/* Another port is another target. */
	again = a_test("192.0.2.1:587", NOW + DAY);
	assert_int_equal(ask(&again, GROUND_NONE), ADMITTED);
	again = a_test("192.0.2.1:25", NOW + DAY + 5);
	assert_int_equal(ask(&again, GROUND_NONE), ADMITTED);
	assert_string_not_equal(again.id, t.id);
}

/* A ground brings a consent where none is permitted, and never against an exclusion. */
static void grounds(void **unused)
{
	(void)unused;
	struct ip address = ip_of("192.0.2.1");
	struct consent_answer answer;
	OK(st, store_consent_on(st, &address, GROUND_NONE, "a desk", NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_NONE);
	OK(st, store_consent_on(st, &address, GROUND_TRACE, "a desk", NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_EVIDENCE);
	assert_string_equal(answer.by, "a desk");
	struct test t = a_test("192.0.2.1:25", NOW);
	assert_int_equal(ask(&t, GROUND_TRACE), ADMITTED);
	assert_int_equal(t.consent, CONSENT_EVIDENCE);

	permit_range("192.0.2.0/24");
	OK(st, store_consent_on(st, &address, GROUND_TRACE, "a desk", NOW, &answer));
	assert_int_equal(answer.consent, CONSENT_RANGE);
	assert_string_equal(answer.by, "op");
	exclude("192.0.2.1");
	OK(st, store_consent_on(st, &address, GROUND_TRACE, "a desk", NOW, &answer));
	assert_true(answer.excluded);
	assert_int_equal(answer.consent, CONSENT_NONE);
}

/* Who may not write the queue asks for nothing. */
static void not_for_readers(void **unused)
{
	(void)unused;
	permit_range("192.0.2.0/24");
	struct store *reader = open_store(state, STORE_READS);
	struct test t = a_test("192.0.2.1:25", NOW);
	struct admission_answer answer;
	assert_int_equal(store_test_ask(reader, &t, GROUND_NONE, "", DAY, &answer), ERR_DENIED);
	store_close(reader);
	assert_false(is_queued("192.0.2.1:25"));
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeat), cmocka_unit_test(decides), cmocka_unit_test(holds),
		EACH(asked), EACH(asked_again), EACH(grounds), EACH(not_for_readers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
