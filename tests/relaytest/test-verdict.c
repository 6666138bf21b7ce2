/* SPDX-License-Identifier: ISC
 *
 * The verdict over a host's forms: every kind of outcome alone, and every three of them
 * together by precedence: open > inconclusive > backscatter > accepting > closed.
 */
#include "test.h"

#include "relaytest/verdict.h"

#include <stdio.h>

enum { RANKS = 5 };
static const enum verdict by_rank[RANKS] = {
	VERDICT_CLOSED, VERDICT_ACCEPTING, VERDICT_BACKSCATTER, VERDICT_INCONCLUSIVE, VERDICT_OPEN,
};

/* What became of a form: its own result and, where it has one, its confirmation's. */
struct kind {
	const char *name;
	int rank;                    /* of by_rank */
	struct case_result first, second;
};

#define RESULT(s, c, ...) { .stage = STAGE_##s, .code = (c), __VA_ARGS__ }
#define NOT_SENT { .stage = STAGE_NONE }

static const struct kind kinds[] = {
	{ "not run", 0, RESULT(NONE, 0), NOT_SENT },
	{ "skipped", 0, RESULT(SKIPPED, 0), NOT_SENT },
	{ "not offered", 0, RESULT(SKIPPED, 0, .refusal = REFUSAL_TURNED_AWAY), NOT_SENT },
	{ "refused", 0, RESULT(RCPT, 554, .refusal = REFUSAL_RELAY), NOT_SENT },
	{ "refused by 454", 0, RESULT(RCPT, 454, .refusal = REFUSAL_RELAY), NOT_SENT },
	{ "its sender is refused", 0, RESULT(MAIL, 550, .refusal = REFUSAL_SENDER), NOT_SENT },
	{ "its HELO is refused", 0, RESULT(RCPT, 550, .refusal = REFUSAL_HELO), NOT_SENT },
	{ "refused, and not said why", 0, RESULT(RCPT, 554, .refusal = REFUSAL_UNKNOWN), NOT_SENT },
	{ "refused at MAIL", 0, RESULT(MAIL, 550, .refusal = REFUSAL_RELAY), NOT_SENT },
	{ "refused at the end", 0, RESULT(MESSAGE, 554, .refusal = REFUSAL_RELAY), NOT_SENT },
	{ "hung up", 0, RESULT(RCPT, 0, .refusal = REFUSAL_TURNED_AWAY), NOT_SENT },
	{ "recipient taken, no message sent", 0, RESULT(RCPT, 250), NOT_SENT },
	{ "accepted", 1, RESULT(MESSAGE, 250, .accepted = true), NOT_SENT },
	{ "accepted twice, never back", 1, RESULT(MESSAGE, 250, .accepted = true),
	  RESULT(MESSAGE, 250, .accepted = true) },
	{ "bounced", 2, RESULT(MESSAGE, 250, .accepted = true, .bounced = 1), NOT_SENT },
	{ "bounced, though refused", 2, RESULT(MESSAGE, 554, .refusal = REFUSAL_RELAY, .bounced = 2),
	  NOT_SENT },
	{ "later", 3, RESULT(RCPT, 450), NOT_SENT },
	{ "later, and why", 3, RESULT(RCPT, 450, .refusal = REFUSAL_TIME), NOT_SENT },
	{ "later, and not why", 3, RESULT(RCPT, 450, .refusal = REFUSAL_UNKNOWN), NOT_SENT },
	{ "later at the banner", 3, RESULT(CONNECT, 421), NOT_SENT },
	{ "silent", 3, RESULT(RCPT, 0), NOT_SENT },
	{ "message sent, no answer", 3, RESULT(MESSAGE, 0), NOT_SENT },
	{ "a 3xx out of place", 3, RESULT(RCPT, 354), NOT_SENT },
	{ "came back, second later", 3, RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
	  RESULT(RCPT, 451) },
	{ "came back, second banned in words", 3,
	  RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
	  RESULT(RCPT, 554, .refusal = REFUSAL_CLIENT) },
	{ "came back, second hung up", 3, RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
	  RESULT(RCPT, 0, .refusal = REFUSAL_RELAY) },
	{ "came back, second turned away at the banner", 3,
	  RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
	  RESULT(CONNECT, 554, .refusal = REFUSAL_RELAY) },
	{ "came back under both domains", 4, RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
	  RESULT(MESSAGE, 250, .accepted = true, .returned = 1) },
	{ "came back under both, though refused", 4,
	  RESULT(MESSAGE, 554, .refusal = REFUSAL_RELAY, .returned = 1),
	  RESULT(MESSAGE, 0, .returned = 3) },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void add(struct case_result *results, size_t *n, const char *id, const struct kind *k)
{
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		struct case_result r = attempt ? k->second : k->first;
		if (attempt && r.stage == STAGE_NONE)
			return;
		r.attempt = (uint8_t)attempt;
		str_copy(r.id, sizeof(r.id), str_of(id));
		results[(*n)++] = r;
	}
}

static enum verdict decide(const struct case_result *results, size_t n)
{
	struct verdict_input in = { .results = results, .n = n, .reached = true,
	                            .plain_shut = true };
	return verdict_decide(&in);
}

static void expect(const char *what, enum verdict got, enum verdict want)
{
	if (got != want)
		fail_msg("%s: %s, expected %s", what, verdict_name(got), verdict_name(want));
}

static void test_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct case_result results[2];
		size_t n = 0;
		add(results, &n, "E01", &kinds[i]);
		expect(kinds[i].name, decide(results, n), by_rank[kinds[i].rank]);
		CHECK_ROW(kinds[i].name, !!verdict_proof(results, n) == (kinds[i].rank == 4));
	}
}

static void test_three_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (size_t j = 0; j < KINDS; j++) {
			for (size_t k = 0; k < KINDS; k++) {
				struct case_result results[6];
				size_t n = 0;
				int rank = kinds[i].rank > kinds[j].rank ? kinds[i].rank
				           : kinds[j].rank;
				rank = rank > kinds[k].rank ? rank : kinds[k].rank;
				add(results, &n, "E01", &kinds[i]);
				add(results, &n, "S09-E14", &kinds[j]);
				add(results, &n, "S04", &kinds[k]);
				char what[200];
				snprintf(what, sizeof(what), "%s + %s + %s", kinds[i].name,
				         kinds[j].name, kinds[k].name);
				expect(what, decide(results, n), by_rank[rank]);
			}
		}
	}
}

/* The proof is of one form: two halves of different forms are none. */
static void test_halves(void **state)
{
	(void)state;
	struct case_result r[] = {
		{ .id = "E01", .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
		  .returned = 1 },
		{ .id = "E14", .attempt = 1, .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
		  .returned = 1 },
		{ .id = "S09-E01", .attempt = 1, .stage = STAGE_MESSAGE, .code = 250,
		  .accepted = true, .returned = 1 },
	};
	expect("halves", decide(r, 3), VERDICT_ACCEPTING);
	assert_null(verdict_proof(r, 3));
	expect("nothing", decide(r, 0), VERDICT_CLOSED);
}

static void test_reached(void **state)
{
	(void)state;
	struct case_result refused = { .id = "E01", .stage = STAGE_RCPT, .code = 554,
	                               .refusal = REFUSAL_RELAY };
	struct case_result back[] = {
		{ .id = "E01", .stage = STAGE_MESSAGE, .returned = 1 },
		{ .id = "E01", .attempt = 1, .stage = STAGE_MESSAGE, .returned = 1 },
	};
	static const struct {
		bool reached, unfinished;
		enum verdict verdict;
	} rows[] = {
		{ true, false, VERDICT_CLOSED }, { true, true, VERDICT_INCONCLUSIVE },
		{ false, false, VERDICT_UNREACHABLE }, { false, true, VERDICT_UNREACHABLE },
	};
	for (size_t i = 0; i < 4; i++) {
		struct verdict_input in = { .results = &refused, .n = 1, .reached = rows[i].reached,
		                            .plain_shut = true,
		                            .unfinished = rows[i].unfinished };
		expect("reached", verdict_decide(&in), rows[i].verdict);
		/* What came back came back, whether the host is there now or not. */
		in.results = back;
		in.n = 2;
		expect("proof", verdict_decide(&in), VERDICT_OPEN);
	}
}

/* A catch-all takes mail at its own name: that is no relaying. */
static void test_catch_all(void **state)
{
	(void)state;
	static const struct { const char *id; bool own; } rows[] = {
		{ "E14", true }, { "S09-E14", true }, { "E29a", true }, { "X02", true },
		{ "E01", false }, { "E06", false }, { "E21", false }, { "S09-E21", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct case_result r = { .stage = STAGE_MESSAGE, .code = 250, .accepted = true };
		str_copy(r.id, sizeof(r.id), str_of(rows[i].id));
		struct verdict_input in = { .results = &r, .n = 1, .reached = true,
		                            .plain_shut = true };
		expect(rows[i].id, verdict_decide(&in), VERDICT_ACCEPTING);
		in.catch_all = true;
		expect(rows[i].id, verdict_decide(&in),
		       rows[i].own ? VERDICT_CLOSED : VERDICT_ACCEPTING);
		r.bounced = 1;
		expect(rows[i].id, verdict_decide(&in), VERDICT_BACKSCATTER);
	}
}

/* Forms that are findings of their own say nothing of relaying. */
static void test_finding_only(void **state)
{
	(void)state;
	static const char *const ids[] = { "S14", "S04b" };
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < KINDS; k++) {
			struct case_result r[2];
			size_t n = 0;
			add(r, &n, ids[i], &kinds[k]);
			expect(kinds[k].name, decide(r, n), VERDICT_CLOSED);
			assert_null(verdict_proof(r, n));
			assert_null(verdict_finding(r, n));
		}
	}
}

static void test_findings(void **state)
{
	(void)state;
	static const struct {
		const char *name, *finding;
		struct case_result second;
		enum verdict verdict;
	} rows[] = {
		{ "refused at RCPT", "legitimate-mx", RESULT(RCPT, 554, .refusal = REFUSAL_RELAY),
		  VERDICT_CLOSED },
		{ "refused at MAIL", "legitimate-mx", RESULT(MAIL, 550, .refusal = REFUSAL_RELAY),
		  VERDICT_CLOSED },
		{ "refused by 454", "legitimate-mx", RESULT(RCPT, 454, .refusal = REFUSAL_RELAY),
		  VERDICT_CLOSED },
		{ "kept", "relays-test-mail", RESULT(MESSAGE, 250, .accepted = true),
		  VERDICT_ACCEPTING },
		{ "hung up", NULL, RESULT(RCPT, 0, .refusal = REFUSAL_RELAY), VERDICT_INCONCLUSIVE },
		{ "banned", NULL, RESULT(CONNECT, 554, .refusal = REFUSAL_RELAY), VERDICT_INCONCLUSIVE },
		{ "HELO refused", NULL, RESULT(HELO, 550, .refusal = REFUSAL_RELAY), VERDICT_INCONCLUSIVE },
		{ "later", NULL, RESULT(RCPT, 450), VERDICT_INCONCLUSIVE },
		{ "back", NULL, RESULT(MESSAGE, 250, .accepted = true, .returned = 1),
		  VERDICT_OPEN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct case_result r[2] = {
			{ .id = "E01", .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
			  .returned = 1 },
			rows[i].second,
		};
		str_copy(r[1].id, sizeof(r[1].id), STR("E01"));
		r[1].attempt = 1;
		const char *finding = verdict_finding(r, 2);
		CHECK_ROW(rows[i].name, !finding == !rows[i].finding);
		CHECK_ROW(rows[i].name, !finding || strcmp(finding, rows[i].finding) == 0);
		expect(rows[i].name, decide(r, 2), rows[i].verdict);
	}
}

/* An MX of our first domain takes its mail by right; what it takes and keeps is another matter. */
static void test_mx_takes_its_own(void **state)
{
	(void)state;
	struct case_result r[] = {
		{ .id = "E01", .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
		  .returned = 1 },
		{ .id = "E02", .stage = STAGE_MESSAGE, .code = 250, .accepted = true,
		  .returned = 2 },
		{ .id = "E01", .attempt = 1, .stage = STAGE_RCPT, .code = 554, .refusal = REFUSAL_RELAY },
		{ .id = "E02", .attempt = 1, .stage = STAGE_RCPT, .code = 554, .refusal = REFUSAL_RELAY },
		{ .id = "E14", .stage = STAGE_MESSAGE, .code = 250, .accepted = true },
	};
	expect("its own mail", decide(r, 4), VERDICT_CLOSED);
	expect("and mail that is not its", decide(r, 5), VERDICT_ACCEPTING);
}

/* ---- passing a retest ---------------------------------------------------------------------- */

static void test_forms_refused(void **state)
{
	(void)state;
	static const struct { const char *name; struct case_result r; bool refused; } rows[] = {
		{ "refused", RESULT(RCPT, 554, .refusal = REFUSAL_RELAY), true },
		{ "policy", RESULT(RCPT, 454, .refusal = REFUSAL_RELAY), true },
		{ "not offered", RESULT(SKIPPED, 0, .refusal = REFUSAL_TURNED_AWAY), true },
		{ "not said why", RESULT(RCPT, 554, .refusal = REFUSAL_UNKNOWN), true },
		{ "no such recipient", RESULT(RCPT, 550, .refusal = REFUSAL_RECIPIENT), true },
		{ "banned", RESULT(RCPT, 554, .refusal = REFUSAL_CLIENT), false },
		{ "too often", RESULT(RCPT, 554, .refusal = REFUSAL_TIME), false },
		{ "our sender", RESULT(MAIL, 550, .refusal = REFUSAL_SENDER), false },
		{ "our HELO", RESULT(RCPT, 550, .refusal = REFUSAL_HELO), false },
		{ "greylisted", RESULT(RCPT, 450, .refusal = REFUSAL_TIME), false },
		{ "hung up at RCPT", RESULT(RCPT, 0, .refusal = REFUSAL_TURNED_AWAY), false },
		{ "refused at the end", RESULT(MESSAGE, 554, .refusal = REFUSAL_RELAY), true },
		{ "our words at the end", RESULT(MESSAGE, 550, .refusal = REFUSAL_UNKNOWN), false },
		{ "no such user at the end", RESULT(MESSAGE, 550, .refusal = REFUSAL_RECIPIENT),
		  true },
		{ "hung up on the message", RESULT(MESSAGE, 0), false },
		{ "refused, and it came back", RESULT(MESSAGE, 554, .refusal = REFUSAL_RELAY, .returned = 1),
		  false },
		{ "accepted", RESULT(MESSAGE, 250, .accepted = true), false },
		{ "later", RESULT(RCPT, 450), false },
		{ "recipient taken", RESULT(RCPT, 250), false },
		{ "skipped", RESULT(SKIPPED, 0), false },
		{ "not run", RESULT(NONE, 0), false },
	};
	static const char form[1][CASE_ID_MAX] = { "E14" };
	static const char two[2][CASE_ID_MAX] = { "E14", "S09-E01" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct case_result r[2] = { rows[i].r,
		                            { .id = "E01", .stage = STAGE_RCPT, .code = 554,
		                                         .refusal = REFUSAL_RELAY } };
		str_copy(r[0].id, sizeof(r[0].id), STR("E14"));
		CHECK_ROW(rows[i].name, verdict_forms_refused(r, 2, form, 1) == rows[i].refused);
		/* One that is missing is not refused; nor does its plain form stand for it. */
		CHECK_ROW(rows[i].name, !verdict_forms_refused(r, 2, two, 2));
		/* A confirmation's refusal is not the form's. */
		r[0].attempt = 1;
		CHECK_ROW(rows[i].name, !verdict_forms_refused(r, 2, form, 1));
	}
	assert_true(verdict_forms_refused(NULL, 0, NULL, 0));
}

/* What a form pretends to be may be refused as that; what we are may not. */
static void test_what_closes(void **state)
{
	(void)state;
	static const struct { const char *id; enum refusal refusal; bool closes; } rows[] = {
		{ "E01", REFUSAL_RELAY, true }, { "E01", REFUSAL_CLIENT, false },
		{ "E01", REFUSAL_SENDER, false }, { "E02", REFUSAL_SENDER, false },
		{ "E03", REFUSAL_SENDER, true }, { "E06", REFUSAL_SENDER, true },
		{ "E06", REFUSAL_CLIENT, false }, { "E06", REFUSAL_TIME, false },
		{ "S09-E06", REFUSAL_SENDER, true }, { "X01", REFUSAL_SENDER, true },
		{ "E14", REFUSAL_SENDER, false }, { "E14", REFUSAL_UNKNOWN, true },
		{ "S01a", REFUSAL_HELO, true }, { "S01a", REFUSAL_CLIENT, false },
		{ "S01b", REFUSAL_SENDER, true }, { "S02a", REFUSAL_TIME, false },
		{ "S02c", REFUSAL_HELO, true }, { "S11", REFUSAL_HELO, false },
		{ "S04", REFUSAL_CLIENT, true }, { "S05a", REFUSAL_TURNED_AWAY, true },
		{ "S06", REFUSAL_CLIENT, true }, { "S10", REFUSAL_UNKNOWN, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct case_result r = { .stage = STAGE_RCPT, .code = 550,
		                         .refusal = rows[i].refusal };
		str_copy(r.id, sizeof(r.id), str_of(rows[i].id));
		CHECK_ROW(rows[i].id, verdict_closes(&r) == rows[i].closes);
		/* No 4xx is the last word but that of relay policy. */
		r.code = 450;
		CHECK_ROW(rows[i].id, verdict_closes(&r) ==
		          (rows[i].refusal == REFUSAL_RELAY ||
		           rows[i].refusal == REFUSAL_TURNED_AWAY));
	}
}

/* Refused is not closed: the plain form must be seen to be refused by policy. */
static void test_plain_shut(void **state)
{
	(void)state;
	struct case_result r = { .id = "E14", .stage = STAGE_RCPT, .code = 554,
	                         .refusal = REFUSAL_RELAY };
	struct verdict_input in = { .results = &r, .n = 1, .reached = true };
	expect("not shown", verdict_decide(&in), VERDICT_INCONCLUSIVE);
	in.plain_shut = true;
	expect("shown", verdict_decide(&in), VERDICT_CLOSED);
	in.second_taken = true;
	expect("another address is let through", verdict_decide(&in), VERDICT_INCONCLUSIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_three_together),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_reached),
		cmocka_unit_test(test_catch_all),
		cmocka_unit_test(test_finding_only),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_mx_takes_its_own),
		cmocka_unit_test(test_forms_refused),
		cmocka_unit_test(test_what_closes),
		cmocka_unit_test(test_plain_shut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
