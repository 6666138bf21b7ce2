/* SPDX-License-Identifier: ISC
 *
 * When the collector is asked, what a test may do by its answers, and what silence means
 * then: a script of events a row, and the verdict over silence.
 */
#include "test.h"

#include "relaytest/reach.h"
#include "relaytest/verdict.h"

#include <stdio.h>
#include <stdlib.h>

enum { START_MS = 1000000, WINDOW_MS = 5 * 86400 * 1000 };

/* ---- scripts ------------------------------------------------------------------------------
 *
 * "+250" time passes (ms; s and m behind it: seconds, minutes) · "good", "bad" an answer to a
 * question asked now · "slow" one that was asked 5 s ago and is good · "back" something
 * comes back now · "old" something had come back six days ago · "forget" another
 * configuration
 *
 * start=, send=, hopeless=, due= (ms), sign= (of a message sent at the last "sent"), say= (the
 * last answer is news) are what must hold. */

struct world {
	const char *row;
	struct reach reach;
	int64_t now_ms, sent_ms;
	bool news;
};

static int64_t span(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	return n * (*end == 's' ? 1000 : *end == 'm' ? 60 * 1000 : 1);
}

static const char *sign_name(const struct world *w)
{
	switch (reach_sign(&w->reach, w->now_ms, w->sent_ms, WINDOW_MS)) {
	case REACH_SIGN_YES: return "yes";
	case REACH_SIGN_NO: return "no";
	case REACH_SIGN_ASK: return "ask";
	}
	return "";
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void check_word(struct world *w, const char *word)
{
	const char *value = strchr(word, '=') + 1;
	char due[32];
	snprintf(due, sizeof(due), "%lld", (long long)reach_due_ms(&w->reach, w->now_ms));
	const struct { const char *name, *is; } facts[] = {
		{ "start=", yes_no(reach_may_start(&w->reach, w->now_ms)) },
		{ "send=", yes_no(reach_may_send(&w->reach)) },
		{ "hopeless=", yes_no(reach_is_hopeless(&w->reach, w->now_ms)) },
		{ "due=", due }, { "sign=", sign_name(w) }, { "say=", yes_no(w->news) },
	};
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (strncmp(word, facts[i].name, strlen(facts[i].name)) != 0)
			continue;
		if (strcmp(facts[i].is, value) != 0)
			fail_msg("%s: %s, but it is %s", w->row, word, facts[i].is);
		return;
	}
	fail_msg("%s: no word \"%s\"", w->row, word);
}

static void do_word(struct world *w, const char *word)
{
	if (*word == '+')
		w->now_ms += span(word + 1);
	else if (strcmp(word, "good") == 0)
		w->news = reach_told(&w->reach, w->now_ms, w->now_ms, NULL);
	else if (strcmp(word, "slow") == 0)
		w->news = reach_told(&w->reach, w->now_ms - 5000, w->now_ms, NULL);
	else if (strcmp(word, "bad") == 0)
		w->news = reach_told(&w->reach, w->now_ms, w->now_ms, "connection refused");
	else if (strcmp(word, "sent") == 0)
		w->sent_ms = w->now_ms;
	else if (strcmp(word, "want") == 0)
		reach_want(&w->reach, w->sent_ms);
	else if (strcmp(word, "back") == 0)
		reach_returned(&w->reach, w->now_ms, 0);
	else if (strcmp(word, "old") == 0)
		reach_returned(&w->reach, w->now_ms, WINDOW_MS + 86400 * 1000);
	else if (strcmp(word, "forget") == 0)
		reach_forget(&w->reach, true);
	else
		check_word(w, word);
}

static void run_script(const char *row, bool checked, const char *script)
{
	struct world w = { .row = row, .now_ms = START_MS };
	struct str rest = str_of(script), word;
	char text[40];
	reach_init(&w.reach, checked);
	while (str_token(&rest, " ", &word)) {
		str_copy(text, sizeof(text), word);
		do_word(&w, text);
	}
}

static void test_scripts(void **state)
{
	(void)state;
	static const struct { const char *name, *script; bool unchecked; } rows[] = {
		{ "nothing is known", "start=no send=yes hopeless=no due=0" },
		{ "it answers", "good say=no start=yes send=yes due=600000 hopeless=no" },
		{ "asked again after ten minutes",
		  "good +599s start=yes due=1000 +1s start=no send=yes due=0 good start=yes" },
		{ "it does not answer", "bad say=yes start=no send=no hopeless=yes due=15000" },
		{ "said once, and again after ten minutes",
		  "bad say=yes +15s due=0 bad say=no +15s bad say=no +10m bad say=yes" },
		{ "it comes back", "bad good say=yes start=yes send=yes hopeless=no" },
		{ "a command is patient if it did answer",
		  "good bad say=yes hopeless=no start=no send=no +59s hopeless=no +1s hopeless=yes" },
		{ "bad for as long as it was", "good bad +40s bad +20s bad hopeless=yes" },
		{ "good before the message: not known", "good +1s sent +30s sign=ask" },
		{ "wanted, it is asked soon",
		  "good +1s sent +500 want due=3500 +3500 due=0 good sign=yes due=600000" },
		{ "wanted is not forgotten when it does not answer",
		  "good +1s sent +5s bad +1s sent want sign=ask due=4000" },
		{ "heard after the message", "good +1s sent +3s good sign=yes" },
		{ "asked before the message, answered after", "good +1s sent +3s slow sign=ask" },
		{ "gone after the message", "good +1s sent +3s bad sign=no" },
		{ "gone and here again", "good +1s sent +3s bad +15s good sign=yes" },
		{ "here and gone again", "good +1s sent +3s good +15s bad sign=yes" },
		{ "something came back since", "good +1s sent +3s back bad sign=yes" },
		{ "something came back before", "good back +1s sent +3s bad sign=no" },
		{ "another configuration", "good forget start=no due=0 bad hopeless=yes" },
		{ "never asked, and nothing came back",
		  "due=-1 start=yes send=yes sent +1m sign=no hopeless=no", true },
		{ "never asked, something came back lately", "back +60m sent +1m sign=yes", true },
		{ "never asked, and it is long ago", "old sent +1m sign=no", true },
		{ "never asked, late but since", "sent +1m sign=no back sign=yes", true },
		{ "an older return does not replace a newer", "back old sent sign=yes", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		run_script(rows[i].name, !rows[i].unchecked, rows[i].script);
}

static void test_long_reason(void **state)
{
	(void)state;
	struct reach r;
	char why[2 * REACH_WHY_MAX];
	memset(why, 'x', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	reach_init(&r, true);
	reach_told(&r, 1, 2, why);
	assert_int_equal(strlen(reach_why(&r)), REACH_WHY_MAX - 1);
}

/* ---- the verdict over silence ---------------------------------------------------------------- */

static void test_deaf(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct case_result r;
		bool catch_all;
		enum verdict hearing, deaf;
	} rows[] = {
		{ "accepted", { .id = "E01", .stage = STAGE_MESSAGE, .code = 250, .accepted = true },
		  false, VERDICT_ACCEPTING, VERDICT_INCONCLUSIVE },
		{ "accepted by a catch-all: only the token could tell",
		  { .id = "E12", .stage = STAGE_MESSAGE, .code = 250, .accepted = true },
		  true, VERDICT_CLOSED, VERDICT_INCONCLUSIVE },
		{ "refused", { .id = "E01", .stage = STAGE_RCPT, .code = 554,
		               .refusal = REFUSAL_RELAY },
		  false, VERDICT_CLOSED, VERDICT_CLOSED },
		{ "bounced: that came back", { .id = "E01", .stage = STAGE_MESSAGE, .code = 250,
		                               .accepted = true, .bounced = 1 },
		  false, VERDICT_BACKSCATTER, VERDICT_BACKSCATTER },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct verdict_input in = { .results = &rows[i].r, .n = 1, .reached = true,
		                            .plain_shut = true,
		                            .catch_all = rows[i].catch_all };
		CHECK_ROW(rows[i].name, verdict_decide(&in) == rows[i].hearing);
		in.deaf = true;
		CHECK_ROW(rows[i].name, verdict_decide(&in) == rows[i].deaf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_long_reason),
		cmocka_unit_test(test_deaf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
