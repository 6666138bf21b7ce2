/* SPDX-License-Identifier: ISC
 *
 * The end of a test and what it does to the list: proofs, retests, rechecks, outputs,
 * journal and evidence, over SQLite.
 */
#include "admin.h"
#include "store/admission.h"
#include "store/evidence-rows.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/tests.h"

#include <stdio.h>

enum { DAY = 86400 };

static bool listed(const char *address)
{
	struct ip ip = ip_of(address);
	struct listing l;
	int e = store_listing_get(st, &ip, &l);
	assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
	return e == ERR_OK;
}

static struct listing listing(const char *address)
{
	struct ip ip = ip_of(address);
	struct listing l;
	OK(st, store_listing_get(st, &ip, &l));
	return l;
}

static size_t proof_count(const char *address)
{
	struct ip ip = ip_of(address);
	struct proof *rows;
	size_t n;
	OK(st, store_proofs(st, &ip, &a, &rows, &n));
	return n;
}

/* Lists an address by proof on each port given; returns when. */
static void prove(const char *endpoint, const char *output, int64_t now_s)
{
	struct test t = add_test(st, endpoint, now_s);
	finish_open(st, &t, "E01", output, now_s);
}

/* The test that waits for that target. */
static struct test queued_test(const char *endpoint)
{
	struct endpoint target = endpoint_of(endpoint);
	struct test t;
	OK(st, store_test_last(st, &target, &t));
	assert_int_equal(t.state, TEST_QUEUED);
	return t;
}

static unsigned ask_retest(const char *address, const char *reply_to, int64_t now_s)
{
	struct ip ip = ip_of(address);
	char message_id[MESSAGE_ID_MAX];
	unsigned queued;
	snprintf(message_id, sizeof(message_id), "<%s>", reply_to);
	OK(st, store_retest(st, &ip, "owner", reply_to, message_id, now_s, &queued));
	return queued;
}

/* The mail that asked, by its sender and its identifier. */
static void check_asked(const struct test *t, const char *reply_to, const char *message_id)
{
	assert_string_equal(t->reply_to, reply_to);
	assert_string_equal(t->message_id, message_id);
}

static void first_proof_lists(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	uint64_t before = serial_of(st);
	struct lifecycle_effects f = finish_open(st, &t, "E14", "", NOW + 5);
	assert_true(f.set & LIFE_LIST);
	assert_true(f.set & LIFE_NOTIFY);

	struct listing l = listing("192.0.2.1");
	assert_string_equal(l.reason, "open relay");
	assert_int_equal(l.since_s, NOW + 5);
	assert_int_equal(l.last_test_s, NOW + 5);
	assert_int_equal(l.recheck_s, NOW + 5 + 90 * DAY);
	assert_false(l.by_operator);

	struct proof *proofs;
	size_t n;
	OK(st, store_proofs(st, &t.target.ip, &a, &proofs, &n));
	assert_int_equal(n, 1);
	assert_string_equal(proofs[0].case_id, "E14");
	assert_string_equal(proofs[0].test_id, t.id);
	assert_int_equal(proofs[0].port, 25);

	assert_int_equal(serial_of(st), before + 1);
	struct journal_entry j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_LIST);
	assert_int_equal(j.serial, before + 1);

	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.state, TEST_DONE);
	assert_int_equal(got.verdict, VERDICT_OPEN);
	assert_int_equal(got.finished_s, NOW + 5);
	assert_string_equal(got.evidence_id, l.evidence_id);

	struct str bundle;
	char id[48];
	OK(st, store_evidence_get(st, l.evidence_id, &a, &bundle));
	assert_true(str_eq(bundle, STR("{\"bundle\"}")));
	OK(st, store_evidence_of(st, &t.target.ip, &a, id, &bundle));
	assert_string_equal(id, l.evidence_id);
	assert_int_equal(store_evidence_get(st, "ev-none", &a, &bundle), ERR_NOT_FOUND);
}

/* A kill between commit and answer makes the tester say it again. */
static void finishing_twice(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	finish_open(st, &t, "E01", "", NOW);
	uint64_t serial = serial_of(st);
	struct case_result r = result_of("E01", &t, NULL);
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_CLOSED, .control_ok = true,
		.forms_refused = true, .results = &r, .result_count = 1, .now_s = NOW + 1,
	};
	struct lifecycle_effects f;
	assert_int_equal(store_test_finish(st, &o, &default_policy, &f), ERR_EXISTS);
	assert_int_equal(f.set, 0);
	assert_true(listed("192.0.2.1"));
	assert_int_equal(serial_of(st), serial);
	o.test_id = "nonesuch";
	assert_int_equal(store_test_finish(st, &o, &default_policy, &f), ERR_NOT_FOUND);
}

/* We list only what is proved. */
static void open_needs_a_proof(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	struct case_result r = result_of("E01", &t, "");
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_OPEN, .results = &r, .result_count = 1,
		.now_s = NOW,
	};
	struct lifecycle_effects f;
	r.returned = 0;
	assert_int_equal(store_test_finish(st, &o, &default_policy, &f), ERR_INVALID);
	r.returned = 1;
	r.accepted = false;
	r.stage = STAGE_RCPT;
	assert_int_equal(store_test_finish(st, &o, &default_policy, &f), ERR_INVALID);
	assert_false(listed("192.0.2.1"));
	/* The body was sent, the answer was lost or a lie: it came back all the same. */
	r.stage = STAGE_MESSAGE;
	OK(st, store_test_finish(st, &o, &default_policy, &f));
	assert_true(listed("192.0.2.1"));

	t = add_test(st, "192.0.2.2:25", NOW);
	o.test_id = t.id;
	o.verdict = VERDICT_NONE;
	assert_int_equal(store_test_finish(st, &o, &default_policy, &f), ERR_INVALID);
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.state, TEST_QUEUED);
}

static void closed_changes_nothing(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	uint64_t serial = serial_of(st);
	struct lifecycle_effects f = finish_with(st, &t, VERDICT_CLOSED, true, true, NOW);
	assert_int_equal(f.set, 0);
	assert_false(listed("192.0.2.1"));
	assert_int_equal(serial_of(st), serial);
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.verdict, VERDICT_CLOSED);
}

static void the_owner_fixes_it(void **unused)
{
	(void)unused;
	prove("192.0.2.1:25", "", NOW);
	prove("192.0.2.1:587", "", NOW + 1);
	assert_int_equal(ask_retest("192.0.2.1", "admin@host.example", NOW + DAY), 2);

	struct test t = queued_test("192.0.2.1:25");
	assert_int_equal(t.consent, CONSENT_OWNER);
	assert_int_equal(t.reason, TEST_RETEST);
	check_asked(&t, "admin@host.example", "<admin@host.example>");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + DAY + 1);
	assert_true(listed("192.0.2.1"));                     /* 587 is still open */
	assert_int_equal(proof_count("192.0.2.1"), 1);
	assert_non_null(strstr(listing("192.0.2.1").reason, "587"));
	assert_int_equal(last_entry(st).action, JOURNAL_TEST);

	t = queued_test("192.0.2.1:587");
	struct lifecycle_effects f = finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + DAY + 2);
	assert_true(f.set & LIFE_DELIST);
	assert_false(listed("192.0.2.1"));
	assert_int_equal(proof_count("192.0.2.1"), 0);
	assert_int_equal(last_entry(st).action, JOURNAL_DELIST);
}

static void what_does_not_delist(void **unused)
{
	(void)unused;
	static const struct { enum verdict verdict; bool control_ok, forms_refused; } rows[] = {
		{ VERDICT_CLOSED, false, true },      /* blocks the tester only */
		{ VERDICT_CLOSED, true, false },      /* other forms are refused */
		{ VERDICT_ACCEPTING, true, true },
		{ VERDICT_UNREACHABLE, true, true },
		{ VERDICT_INCONCLUSIVE, true, true },
	};
	prove("192.0.2.1:25", "", NOW);
	int64_t now_s = NOW;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		now_s += DAY;
		ask_retest("192.0.2.1", "admin@host.example", now_s);
		struct test t = queued_test("192.0.2.1:25");
		finish_with(st, &t, rows[i].verdict, rows[i].control_ok, rows[i].forms_refused,
		            now_s);
		CHECK_ROW(verdict_name(rows[i].verdict), listed("192.0.2.1"));
		CHECK_ROW(verdict_name(rows[i].verdict), proof_count("192.0.2.1") == 1);
		CHECK_ROW("last test", listing("192.0.2.1").last_test_s == now_s);
	}
}

static void retries(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	OK(st, store_test_lease_one(st, t.id, NOW, 60, &got));
	struct lifecycle_effects f = finish_with(st, &t, VERDICT_INCONCLUSIVE, true, false, NOW);
	assert_true(f.set & LIFE_QUEUE_RETRY);
	for (unsigned tries = 2; tries <= 3; tries++) {
		t = queued_test("192.0.2.1:25");
		assert_int_equal(t.reason, TEST_RETRY);
		assert_int_equal(t.not_before_s, f.at_s);
		int64_t now_s = f.at_s;
		OK(st, store_test_lease_one(st, t.id, now_s, 60, &got));
		assert_int_equal(got.tries, tries);
		f = finish_with(st, &t, VERDICT_INCONCLUSIVE, true, false, now_s);
	}
	assert_false(f.set & LIFE_QUEUE_RETRY);               /* the third was the last */
	struct endpoint target = endpoint_of("192.0.2.1:25");
	OK(st, store_test_last(st, &target, &got));
	assert_int_equal(got.state, TEST_DONE);
}

/* An owner's retest that met greylisting is still the owner's, and answers him. */
static void retry_of_a_retest(void **unused)
{
	(void)unused;
	prove("192.0.2.1:25", "", NOW);
	ask_retest("192.0.2.1", "admin@host.example", NOW + 1);
	struct test t = queued_test("192.0.2.1:25");
	finish_with(st, &t, VERDICT_INCONCLUSIVE, true, false, NOW + 2);
	t = queued_test("192.0.2.1:25");
	assert_int_equal(t.reason, TEST_RETEST);
	check_asked(&t, "admin@host.example", "<admin@host.example>");
	assert_int_equal(t.not_before_s, NOW + 2 + 3600);
	/* Asking again brings it forward. */
	assert_int_equal(ask_retest("192.0.2.1", "other@host.example", NOW + 10), 1);
	t = queued_test("192.0.2.1:25");
	assert_int_equal(t.not_before_s, NOW + 10);
	assert_int_equal(t.tries, 0);
	check_asked(&t, "other@host.example", "<other@host.example>");
}

/* A test under way has seen the host before the owner's word: his retest comes after. */
static void asked_while_under_way(void **unused)
{
	(void)unused;
	prove("192.0.2.1:25", "", NOW);
	struct test t = add_test(st, "192.0.2.1:25", NOW + 1), got;
	OK(st, store_test_lease_one(st, t.id, NOW + 1, 60, &got));
	assert_int_equal(ask_retest("192.0.2.1", "admin@host.example", NOW + 2), 1);
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.reason, TEST_OPERATOR);
	assert_string_equal(got.reply_to, "");
	struct lifecycle_effects f;
	f = finish_with(st, &t, VERDICT_INCONCLUSIVE, true, false, NOW + 3);
	assert_false(f.set & LIFE_QUEUE_RETRY);
	t = queued_test("192.0.2.1:25");
	assert_int_equal(t.reason, TEST_RETEST);
	assert_int_equal(t.consent, CONSENT_OWNER);
	assert_int_equal(t.not_before_s, NOW + 3);
	check_asked(&t, "admin@host.example", "<admin@host.example>");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 4);
	assert_false(listed("192.0.2.1"));
	OK(st, store_test_last(st, &t.target, &got));         /* asked once, tested once */
	assert_string_equal(got.id, t.id);
}

/* Why it was unreachable stays with the test, and its retry has not been asked yet. */
static void cause_of_a_test(void **unused)
{
	(void)unused;
	for (enum test_cause c = CAUSE_REFUSED; c <= CAUSE_NOT_ASKED; c++) {
		struct test t = add_test(st, "192.0.2.1:25", NOW), got;
		struct test_outcome o = { .test_id = t.id, .verdict = VERDICT_UNREACHABLE,
		                          .cause = c, .now_s = NOW, .evidence_id = "" };
		struct lifecycle_effects f;
		OK(st, store_test_finish(st, &o, &default_policy, &f));
		OK(st, store_test_get(st, t.id, &got));
		assert_int_equal(got.cause, c);
		t = queued_test("192.0.2.1:25");
		assert_int_equal(t.cause, CAUSE_NONE);
		finish_with(st, &t, VERDICT_CLOSED, true, false, NOW);
		OK(st, store_test_get(st, t.id, &got));
		assert_int_equal(got.cause, CAUSE_NONE);
	}
}

static void late_return(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	OK(st, store_test_intend(st, t.id, "E01", 0));
	finish_with(st, &t, VERDICT_ACCEPTING, true, false, NOW);
	assert_false(listed("192.0.2.1"));
	struct case_result r = result_of("E01", &t, "");
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_OPEN, .results = &r, .result_count = 1,
		.now_s = NOW + DAY, .evidence = STR("{}"), .evidence_id = "ev-late",
	};
	struct lifecycle_effects f;
	struct test again;
	assert_int_equal(store_test_intend(st, t.id, "E01", 1), ERR_DENIED);
	OK(st, store_test_reopen(st, t.id, NOW + DAY, 60, &again));
	assert_int_equal(again.state, TEST_WAITING);
	assert_int_equal(store_test_intend(st, t.id, "E01", 0), ERR_EXISTS);
	OK(st, store_test_intend(st, t.id, "E01", 1));
	OK(st, store_test_finish(st, &o, &default_policy, &f));
	assert_true(f.set & LIFE_LIST);
	assert_true(listed("192.0.2.1"));
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.verdict, VERDICT_OPEN);
	assert_int_equal(got.finished_s, NOW);
	/* What is proved stays proved. */
	assert_int_equal(store_test_reopen(st, t.id, NOW + DAY, 60, &again), ERR_DENIED);
	/* Not a test that runs, and not beside a newer one. */
	struct test running = add_test(st, "192.0.2.2:25", NOW);
	assert_int_equal(store_test_reopen(st, running.id, NOW, 60, &again), ERR_DENIED);
	finish_with(st, &running, VERDICT_ACCEPTING, true, false, NOW);
	struct test newer = add_test(st, "192.0.2.2:25", NOW + 1);
	assert_int_equal(store_test_reopen(st, running.id, NOW + 2, 60, &again), ERR_EXISTS);
	finish_with(st, &newer, VERDICT_CLOSED, true, true, NOW + 3);
}

/* A bounce that comes late changes the verdict, and neither lists nor delists. */
static void late_bounce(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	struct case_result r = result_of("E01", &t, "");
	finish_with(st, &t, VERDICT_ACCEPTING, true, false, NOW);
	OK(st, store_test_reopen(st, t.id, NOW + 5, 60, &got));
	r.returned = 0;
	r.bounced = 1;
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_BACKSCATTER, .results = &r, .result_count = 1,
		.control_ok = true, .forms_refused = true, .now_s = NOW + 6,
	};
	struct lifecycle_effects f;
	OK(st, store_test_finish(st, &o, &default_policy, &f));
	assert_int_equal(f.set, 0);
	assert_false(listed("192.0.2.1"));
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.verdict, VERDICT_BACKSCATTER);
	assert_int_equal(got.finished_s, NOW);
}

/* A queue that empties slowly must not put a host back that was repaired meanwhile. */
static void late_return_from_before_the_fix(void **unused)
{
	(void)unused;
	struct test first = add_test(st, "192.0.2.1:25", NOW);
	finish_with(st, &first, VERDICT_ACCEPTING, true, false, NOW);
	struct test second = add_test(st, "192.0.2.1:25", NOW + 10);
	finish_with(st, &second, VERDICT_CLOSED, true, true, NOW + 20);
	assert_false(listed("192.0.2.1"));

	struct case_result r = result_of("E02", &first, "");
	struct test_outcome o = {
		.test_id = first.id, .verdict = VERDICT_OPEN, .results = &r, .result_count = 1,
		.now_s = NOW + DAY,
	};
	struct lifecycle_effects f;
	struct test again;
	OK(st, store_test_reopen(st, first.id, NOW + DAY, 60, &again));
	OK(st, store_test_finish(st, &o, &default_policy, &f));
	assert_int_equal(f.set, LIFE_REFUSE);
	assert_false(listed("192.0.2.1"));
}

static void operators_word(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.1");
	assert_int_equal(store_delist(st, &ip, "op", "why", NOW), ERR_NOT_FOUND);
	OK(st, store_list(st, &ip, "op", "spam seen", &default_policy, NOW));
	assert_int_equal(store_list(st, &ip, "op", "again", &default_policy, NOW), ERR_EXISTS);
	struct listing l = listing("192.0.2.1");
	assert_true(l.by_operator);
	assert_string_equal(l.reason, "spam seen");

	/* Its recheck runs, and does not end it… */
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_RANGE,
	                    .by = "op", .created_s = NOW };
	OK(st, store_permit_add(st, &p));
	unsigned queued;
	OK(st, store_rechecks(st, NOW + 90 * DAY, &default_policy, &queued));
	assert_int_equal(queued, 1);
	struct test t = queued_test("192.0.2.1:25");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 90 * DAY);
	assert_true(listed("192.0.2.1"));
	/* …a retest that is asked for does. */
	ask_retest("192.0.2.1", "admin@host.example", NOW + 91 * DAY);
	t = queued_test("192.0.2.1:25");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 91 * DAY);
	assert_false(listed("192.0.2.1"));

	prove("192.0.2.9:25", "", NOW);
	ip = ip_of("192.0.2.9");
	OK(st, store_delist(st, &ip, "op", "a mistake of ours", NOW));
	assert_false(listed("192.0.2.9"));
	assert_int_equal(proof_count("192.0.2.9"), 0);
	struct journal_entry j = last_entry(st);
	assert_string_equal(j.who, "op");
	assert_string_equal(j.why, "a mistake of ours");
}

static void retest_needs_consent(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.1");
	unsigned queued;
	assert_int_equal(store_retest(st, &ip, "op", NULL, NULL, NOW, &queued), ERR_NOT_FOUND);
	prove("192.0.2.1:25", "", NOW);
	assert_int_equal(store_retest(st, &ip, "op", NULL, NULL, NOW, &queued), ERR_DENIED);
	struct nomination nom = { .address = ip, .by = "desk", .consent = CONSENT_EVIDENCE,
	                          .created_s = NOW };
	OK(st, store_nominate(st, &nom));
	OK(st, store_retest(st, &ip, "op", NULL, NULL, NOW, &queued));
	assert_int_equal(queued, 1);
	assert_int_equal(queued_test("192.0.2.1:25").consent, CONSENT_EVIDENCE);
	assert_string_equal(queued_test("192.0.2.1:25").reply_to, "");

	struct exclusion x = { .range = prefix_of_text("192.0.2.1"), .by = "op",
	                       .created_s = NOW };
	OK(st, store_exclusion_add(st, &x));
	assert_int_equal(store_retest(st, &ip, "op", "admin@h.example", NULL, NOW, &queued),
	                 ERR_DENIED);
	assert_non_null(strstr(store_message(st), "excluded"));
	assert_true(listed("192.0.2.1"));
}

static void rechecks(void **unused)
{
	(void)unused;
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_RANGE,
	                    .by = "op", .created_s = NOW };
	OK(st, store_permit_add(st, &p));
	prove("192.0.2.1:25", "", NOW);
	prove("192.0.2.1:587", "", NOW);
	prove("198.51.100.1:25", "", NOW);            /* no consent holds any more */
	unsigned queued;
	OK(st, store_rechecks(st, NOW + 90 * DAY - 1, &default_policy, &queued));
	assert_int_equal(queued, 0);
	OK(st, store_rechecks(st, NOW + 90 * DAY, &default_policy, &queued));
	assert_int_equal(queued, 2);
	assert_int_equal(queued_test("192.0.2.1:587").reason, TEST_RECHECK);
	assert_int_equal(listing("198.51.100.1").recheck_s, NOW + 180 * DAY);
	OK(st, store_rechecks(st, NOW + 90 * DAY + 1, &default_policy, &queued));
	assert_int_equal(queued, 0);                  /* queued already */
	struct test t = queued_test("192.0.2.1:25");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 90 * DAY + 2);
	t = queued_test("192.0.2.1:587");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 90 * DAY + 3);
	assert_false(listed("192.0.2.1"));            /* it changed hands */
}

static void excluded_is_not_listed(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW), got;
	struct exclusion x = { .range = prefix_of_text("192.0.2.0/24"), .by = "op",
	                       .created_s = NOW };
	OK(st, store_exclusion_add(st, &x));
	struct lifecycle_effects f = finish_open(st, &t, "E01", "", NOW);
	assert_int_equal(f.set, LIFE_REFUSE);
	assert_false(listed("192.0.2.1"));
	OK(st, store_test_get(st, t.id, &got));
	assert_int_equal(got.verdict, VERDICT_OPEN);  /* what was found is kept */
}

static void outputs(void **unused)
{
	(void)unused;
	struct output *rows;
	size_t n;
	struct ip output = ip_of("203.0.113.9");
	assert_int_equal(store_output_agree(st, &output, true, "op", NOW), ERR_NOT_FOUND);
	prove("192.0.2.1:25", "203.0.113.9", NOW);
	prove("192.0.2.2:25", "203.0.113.9", NOW + 1);        /* the same /24 */
	prove("198.51.100.1:25", "198.51.100.1", NOW + 2);    /* no other than the input */
	prove("[2001:db8:1::1]:25", "203.0.113.9", NOW + 3);
	prove("[2001:db8:1:ffff::1]:25", "203.0.113.9", NOW + 4);
	OK(st, store_outputs(st, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_true(ip_eq(&rows[0].address, &output));
	assert_int_equal(rows[0].inputs, 4);
	assert_int_equal(rows[0].networks, 2);
	assert_int_equal(rows[0].first_s, NOW);
	assert_int_equal(rows[0].last_s, NOW + 4);
	assert_false(rows[0].agreed);
	assert_false(listed("203.0.113.9"));                  /* never on the main list */

	/* The operator's word publishes nothing as long as the networks are too few. */
	OK(st, store_output_agree(st, &output, true, "op", NOW + 5));
	assert_int_equal(last_entry(st).action, JOURNAL_AGREE);
	prove("[2001:db8:2::1]:25", "203.0.113.9", NOW + 6);  /* the third network */
	struct journal_entry j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_OUTPUT_LIST);
	assert_true(ip_eq(&j.subject.ip, &output));
	OK(st, store_outputs(st, &a, &rows, &n));
	assert_int_equal(rows[0].networks, OUTPUT_NETWORKS_MIN);
	assert_true(rows[0].agreed);

	struct ip input = ip_of("2001:db8:2::1");
	OK(st, store_delist(st, &input, "op", "fixed", NOW + 7));
	j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_OUTPUT_DELIST);
	assert_true(ip_eq(&j.subject.ip, &output));
	OK(st, store_output_agree(st, &output, false, "op", NOW + 8));
	assert_int_equal(last_entry(st).action, JOURNAL_WITHDRAW);
	OK(st, store_outputs(st, &a, &rows, &n));
	assert_false(rows[0].agreed);

	/* Once they are enough, it does, and its withdrawal ends that. */
	prove("[2001:db8:3::1]:25", "203.0.113.9", NOW + 9);
	uint64_t before = serial_of(st);
	OK(st, store_output_agree(st, &output, true, "op", NOW + 10));
	assert_true(serial_of(st) == before + 2 && last_entry(st).action == JOURNAL_OUTPUT_LIST);
	OK(st, store_output_agree(st, &output, true, "op", NOW + 11));
	assert_int_equal(last_entry(st).action, JOURNAL_AGREE);
	OK(st, store_output_agree(st, &output, false, "op", NOW + 12));
	assert_int_equal(last_entry(st).action, JOURNAL_OUTPUT_DELIST);
}

static void journal_and_snapshot(void **unused)
{
	(void)unused;
	assert_int_equal(serial_of(st), 0);
	prove("192.0.2.2:25", "", NOW);
	prove("192.0.2.1:25", "", NOW);
	prove("[2001:db8::1]:25", "", NOW);
	struct journal_entry *j;
	struct list_snapshot list;
	size_t n;
	OK(st, store_journal(st, 0, 100, &a, &j, &n));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(j[i].serial, i + 1);
	OK(st, store_journal(st, 1, 1, &a, &j, &n));
	assert_int_equal(n, 1);
	assert_int_equal(j[0].serial, 2);
	OK(st, store_journal(st, UINT64_MAX, 10, &a, &j, &n));
	assert_int_equal(n, 0);

	OK(st, store_snapshot(st, &a, &list));
	assert_int_equal(list.listing_n, 3);
	assert_int_equal(list.range_n, 0);
	assert_int_equal(list.serial, 3);
	struct ip first = ip_of("192.0.2.1"), last = ip_of("2001:db8::1");
	assert_true(ip_eq(&list.listings[0].address, &first));       /* in the order of ip_cmp() */
	assert_true(ip_eq(&list.listings[2].address, &last));
}

static void prove_seen(const char *target, const char *seen, const char *known, int64_t now_s)
{
	struct test t = add_test(st, target, now_s);
	struct case_result r = { .id = "E01", .stage = STAGE_MESSAGE, .accepted = true,
	                         .returned = 1 };
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_OPEN, .control_ok = true, .results = &r,
		.result_count = 1, .now_s = now_s, .reason = "open relay",
	};
	struct lifecycle_effects effects;
	if (seen) {
		o.seen_as = ip_of(seen);
		o.known_as = ip_of(known);
	}
	OK(st, store_test_finish(st, &o, &default_policy, &effects));
}

/* By which address it saw us is what the newest proof tells, and goes with that. */
static void seen_is_of_the_newest_proof(void **unused)
{
	(void)unused;
	struct ip bridge = ip_of("172.18.0.1"), known = ip_of("203.0.113.5");
	struct listing *rows;
	size_t n;
	prove_seen("192.0.2.1:25", "172.18.0.1", "203.0.113.5", NOW);
	prove_seen("192.0.2.2:25", NULL, NULL, NOW);
	OK(st, store_seen(st, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_true(ip_eq(&rows[0].seen_as, &bridge) && ip_eq(&rows[0].known_as, &known));
	assert_int_equal(listing("192.0.2.2").seen_as.family, 0);

	prove_seen("192.0.2.1:587", "127.0.0.1", "203.0.113.5", NOW + 1);
	struct listing l = listing("192.0.2.1");
	assert_false(ip_eq(&l.seen_as, &bridge));
	/* That port is closed: of the other one no more is known than its evidence has. */
	assert_int_equal(ask_retest("192.0.2.1", "admin@host.example", NOW + DAY), 2);
	struct test t = queued_test("192.0.2.1:587");
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + DAY + 1);
	assert_true(listed("192.0.2.1"));
	assert_int_equal(listing("192.0.2.1").seen_as.family, 0);
	assert_int_equal(listing("192.0.2.1").known_as.family, 0);
	OK(st, store_seen(st, &a, &rows, &n));
	assert_int_equal(n, 0);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(seen_is_of_the_newest_proof), EACH(first_proof_lists),
		EACH(finishing_twice), EACH(open_needs_a_proof),
		EACH(closed_changes_nothing), EACH(the_owner_fixes_it), EACH(what_does_not_delist),
		EACH(retries), EACH(cause_of_a_test),
		EACH(retry_of_a_retest), EACH(asked_while_under_way),
		EACH(late_return), EACH(late_bounce),
		EACH(late_return_from_before_the_fix), EACH(operators_word),
		EACH(retest_needs_consent), EACH(rechecks), EACH(excluded_is_not_listed),
		EACH(outputs), EACH(journal_and_snapshot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
