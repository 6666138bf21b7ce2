/* SPDX-License-Identifier: ISC
 *
 * What bounds a test: connections, time-outs, messages, intents; and what it does when it is
 * interrupted, stopped or resumed.
 */
#include "host.h"
#include "relaytest/session-private.h"

#include <stdio.h>

#define RELAYS_ALL "RCPT * => 250 2.1.5 Ok\n"

static void test_bounds(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "three barren connections",
		  .rules = "EHLO * => - !closed\nHELO * => - !reset",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 20 },
		{ .name = "three time-outs", .rules = "MAIL * => -\nRCPT * => -\nRSET => -",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 3 },
		{ .name = "one transaction a connection, every one a form",
		  .rules = "RSET => 502 5.5.1 No", .ehlo = "PIPELINING STARTTLS",
		  .verdict = VERDICT_CLOSED, .connections_max = 200,
		  .cases = "X02:rcpt:554 S09-X02:rcpt:554" },
		{ .name = "greets and dies, for ever", .rules = "EHLO * => 250 Hi !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 24 },
		{ .name = "answers one command a connection", .habits = LOSES_PIPELINED,
		  .errors_hangup = 1, .verdict = VERDICT_CLOSED,
		  .connections_max = 200 },
		{ .name = "says what nobody asked",
		  .rules = "EHLO * => 250 Hi|250 Hi|250 Hi|250 Hi|"
		  "250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 Hi|250 "
		  "Hi|250 Hi|"
		  "250 Hi|250 Hi|250 Hi|250 Hi|250 Hi", .verdict = VERDICT_INCONCLUSIVE,
		  .connections_max = 3 },
	};
	PLAY_ALL(plays);
}

/* A host that takes the body and says nothing may have kept it: such messages count. */
static void test_messages(void **state)
{
	(void)state;
	static const struct {
		struct play play;
		unsigned bodies_max;
	} rows[] = {
		{ { .name = "eight at most", .rules = RELAYS_ALL, .verdict = VERDICT_ACCEPTING,
		    .accepted = 7, .catch_all = true }, 7 },
		{ { .name = "hangs up on the body", .rules = RELAYS_ALL ". => - !closed",
		    .verdict = VERDICT_INCONCLUSIVE, .catch_all = true }, 7 },
		{ { .name = "is silent on the body", .rules = RELAYS_ALL ". => -",
		    .verdict = VERDICT_INCONCLUSIVE, .catch_all = true }, 3 },
		{ { .name = "hangs up on the body and relays it",
		    .rules = RELAYS_ALL ". => - !closed",
		    .messages = 2, .verdict = VERDICT_INCONCLUSIVE,
		    .catch_all = true }, 1 },
		{ { .name = "four", .messages = 4, .rules = RELAYS_ALL,
		    .verdict = VERDICT_ACCEPTING,
		    .accepted = 3, .catch_all = true }, 3 },
		{ { .name = "four, all forms", .messages = 4, .all = true, .rules = RELAYS_ALL,
		    .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 4,
		    .catch_all = true }, 4 },
		{ { .name = "put off behind the body", .rules = RELAYS_ALL ". => 451 4.3.0 Later",
		    .verdict = VERDICT_INCONCLUSIVE, .catch_all = true }, 7 },
		{ { .name = "…in all rounds", .rounds = true, .rounds_seen = 1,
		    .rules = "(round0)RCPT TO:*%* => 450 No\n5*. => 451 4.3.0 Later\n" RELAYS_ALL,
		    .verdict = VERDICT_INCONCLUSIVE, .accepted = 2, .catch_all = true }, 7 },
		{ { .name = "forty", .messages = 40, .rules = RELAYS_ALL,
		    .verdict = VERDICT_ACCEPTING, .accepted = 39,
		    .catch_all = true }, 39 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct seen seen;
		play(&rows[i].play, &seen);
		CHECK_ROW(rows[i].play.name, seen.messages <= rows[i].bodies_max);
		seen_fini(&seen);
	}
}

/* No intent, no message. */
static void test_intents(void **state)
{
	(void)state;
	static const int errors[] = { ERR_FULL, ERR_BUSY, ERR_DENIED, ERR_IO };
	struct play p = { .name = "intent fails", .rules = RELAYS_ALL, .fate = RELAY,
	                  .verdict = VERDICT_INCONCLUSIVE,
	                  .catch_all = true, .connections_max = 3 };
	struct seen seen;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		p.intend_error = errors[i];
		play(&p, &seen);
		assert_int_equal(seen.messages, 0);
		assert_int_equal(seen.intents, 1);
		seen_fini(&seen);
	}
	static const struct play exists = {
		.name = "sent before", .intend_exists = "E01", .rules = RELAYS_ALL, .fate = RELAY,
		.verdict = VERDICT_OPEN, .accepted = 2, .catch_all = true,
		.cases = "E01:message:0 E06:message:250 E06/1:message:250",
	};
	play(&exists, NULL);
	static const struct play lone = {
		.name = "sent before, and nothing more is known",
		.rules = "RCPT TO:<????????????????????????????@one.test> ORCPT* => 250 Ok\n",
		.intend_exists = "E40a", .verdict = VERDICT_INCONCLUSIVE,
		.cases = "E40a:message:0",
	};
	play(&lone, NULL);
}

/* ---- resumed ------------------------------------------------------------------------ */

static struct case_result sent(const char *id, unsigned attempt, enum case_stage stage, int code)
{
	struct case_result r = { .attempt = (uint8_t)attempt, .stage = stage, .code = code };
	str_copy(r.id, sizeof(r.id), str_of(id));
	r.accepted = stage == STAGE_MESSAGE && code == 250;
	r.refusal = code / 100 == 5 ? REFUSAL_RELAY : REFUSAL_NONE;
	str_copy(r.text, sizeof(r.text), str_of(code ? "" : "interrupted"));
	return r;
}

static void test_resumed(void **state)
{
	(void)state;
	const struct case_result killed[] = { sent("E01", 0, STAGE_MESSAGE, 0) };
	const struct case_result half[] = { sent("E01", 0, STAGE_MESSAGE, 250),
	                                    sent("E02", 0, STAGE_RCPT, 554),
	                                    sent("S09-E01", 0, STAGE_MESSAGE, 250) };
	const struct case_result confirmed[] = { sent("E01", 0, STAGE_MESSAGE, 250),
	                                         sent("E01", 1, STAGE_MESSAGE, 0) };
	const struct case_result taken[] = { sent("E01", 0, STAGE_MESSAGE, 250),
	                                     sent("E14", 0, STAGE_RCPT, 250),
	                                     sent("E21", 0, STAGE_RCPT, 554) };
	const struct case_result unsure[] = { sent("E01", 0, STAGE_MESSAGE, 250),
	                                      sent("E01", 1, STAGE_RCPT, 250) };
	const struct case_result odd[] = { sent("E999", 0, STAGE_MESSAGE, 250),
	                                   sent("", 1, STAGE_MESSAGE, 0),
	                                   sent("S09-", 0, STAGE_RCPT, 0) };
	struct case_result many[8];
	for (unsigned i = 0; i < 8; i++) {
		char id[CASE_ID_MAX];
		snprintf(id, sizeof(id), "E%02u", i + 1);
		many[i] = sent(id, 0, STAGE_MESSAGE, i % 2 ? 250 : 0);
	}
	const struct play plays[] = {
		{ .name = "killed in its first message", .sent = killed, .sent_count = 1,
		  .rules = RELAYS_ALL, .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .catch_all = true,
		  .cases = "E01:message:0 E06/1:message:250" },
		{ .name = "killed in its first message, closed", .sent = killed, .sent_count = 1,
		  .verdict = VERDICT_INCONCLUSIVE, .cases = "E01:message:0" },
		{ .name = "what has an answer is not asked again", .sent = half, .sent_count = 3,
		  .rules = RELAYS_ALL, .ehlo = "PIPELINING STARTTLS", .verdict = VERDICT_ACCEPTING,
		  .accepted = 7, .catch_all = true,
		  .cases = "E01:message:250 E02:rcpt:554 S09-E01:message:250" },
		{ .name = "its confirmation is not sent again", .sent = confirmed, .sent_count = 2,
		  .verdict = VERDICT_INCONCLUSIVE, .accepted = 1,
		  .cases = "E01/1:message:0" },
		{ .name = "a recipient that was taken still gets its message", .sent = taken,
		  .sent_count = 3, .rules = "RCPT TO:<*%*@mx.host.test> => 250 Ok", .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 3,
		  .cases = "E14:message:250 E14/1:message:250 E21:rcpt:554" },
		{ .name = "a confirmation goes to the other domain after a kill as well",
		  .sent = unsure, .sent_count = 2,
		  .rules = "RCPT TO:<????????????????????????????@one.test> => 250 Ok",
		  .verdict = VERDICT_ACCEPTING, .accepted = 1,
		  .cases = "E01/1:rcpt:554" },
		{ .name = "what came back late is confirmed", .ended = true, .sent = taken,
		  .sent_count = 1, .rules = RELAYS_ALL, .fate = RELAY, .verdict = VERDICT_OPEN,
		  .accepted = 2, .connections_max = 1 },
		{ .name = "…though its confirmation is put off", .ended = true, .sent = taken,
		  .sent_count = 1, .rounds = true, .rounds_seen = 1, .connections_max = 2,
		  .rules = "(round0)RCPT * => 450 4.7.1 Greylisted\n" RELAYS_ALL, .fate = RELAY,
		  .verdict = VERDICT_OPEN, .accepted = 2 },
		{ .name = "…but not for ever", .ended = true, .sent = taken,
		  .sent_count = 1, .rounds = true, .rounds_seen = 3, .connections_max = 4,
		  .rules = "RCPT * => 450 4.7.1 Greylisted", .verdict = VERDICT_INCONCLUSIVE,
		  .accepted = 1 },
		{ .name = "forms nobody knows", .sent = odd, .sent_count = 3,
		  .verdict = VERDICT_CLOSED, .accepted = -1 },
		{ .name = "the messages are used up", .sent = many, .sent_count = 8,
		  .rules = RELAYS_ALL, .verdict = VERDICT_INCONCLUSIVE, .accepted = 4,
		  .catch_all = true },
	};
	for (size_t i = 0; i < sizeof(plays) / sizeof(*plays); i++) {
		struct seen seen;
		play(&plays[i], &seen);
		CHECK_ROW(plays[i].name, plays[i].sent_count < 8 || seen.messages == 0);
		seen_fini(&seen);
	}
}

/* A tester holds some hundred of them: what one takes is known (its engine comes on top, and the
 * transcript, which has a bound of its own). */
static void test_size(void **state)
{
	(void)state;
	assert_true(sizeof(struct session) <= 2048);
	assert_true(sizeof(struct item) <= 448);
	assert_true(ITEMS_MAX * sizeof(struct item) <= 86016);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_intents),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
