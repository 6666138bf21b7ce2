/* SPDX-License-Identifier: ISC
 *
 * Retests: the forms that were open come first, and each must be refused, for all to see,
 * before a listing may end. verdict_forms_refused() and control_ok are what the lifecycle goes
 * by.
 */
#include "host.h"

#include "relaytest/verdict.h"

#define RELAYS_ALL "RCPT * => 250 2.1.5 Ok\n"

struct retest {
	struct play play;
	bool refused;                /* every form that was open is refused */
};

static bool forms_refused(const struct play *p, const struct seen *seen)
{
	char first[4][CASE_ID_MAX];
	size_t n = 0;
	for (; n < 4 && p->first[n]; n++)
		str_copy(first[n], CASE_ID_MAX, str_of(p->first[n]));
	return verdict_forms_refused(seen->outcome.results, seen->outcome.n,
	                             (const char (*)[CASE_ID_MAX])first, n);
}

static void play_retests(const struct retest *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct seen seen;
		play(&rows[i].play, &seen);
		CHECK_ROW(rows[i].play.name,
		          forms_refused(&rows[i].play, &seen) == rows[i].refused);
		seen_fini(&seen);
	}
}
#define PLAY_RETESTS(rows) play_retests((rows), sizeof(rows) / sizeof((rows)[0]))

static void test_passes(void **state)
{
	(void)state;
	static const struct retest rows[] = {
		{ { .name = "repaired", .first = { "E01", "E14" }, .verdict = VERDICT_CLOSED,
		    .control_ok = true }, true },
		{ { .name = "repaired by 454", .first = { "E01" }, .verdict = VERDICT_CLOSED,
		    .rules = "RCPT TO:<postmaster* => 250 Ok\n"
		             "RCPT * => 454 4.7.1 Relay access denied", .control_ok = true },
		             true },
		{ { .name = "XCLIENT is not offered any more", .first = { "S04" },
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "CHUNKING is not offered any more", .first = { "S11" },
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "STARTTLS is not offered any more", .first = { "S09-E14" },
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "refused under STARTTLS", .first = { "S09-E14" },
		    .ehlo = "PIPELINING STARTTLS", .verdict = VERDICT_CLOSED,
		    .control_ok = true }, true },
		{ { .name = "its name went, its literal is refused", .first = { "E06" },
		    .nameless = true, .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "a submission service asks for a login", .first = { "E01" },
		    .port = 587,
		    .ehlo = "PIPELINING AUTH",
		    .rules = "MAIL * => 530 5.7.0 Authentication required",
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "a submission service takes its users only", .first = { "E01" },
		    .port = 587, .ehlo = "PIPELINING AUTH",
		    .rules = "RCPT * => 554 5.7.1 Recipient address rejected: Access denied",
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
		{ { .name = "PROXY is not believed any more", .first = { "S05a" },
		    .verdict = VERDICT_CLOSED, .control_ok = true }, true },
	};
	PLAY_RETESTS(rows);
}

static void test_does_not_pass(void **state)
{
	(void)state;
	static const struct retest rows[] = {
		{ { .name = "open still", .first = { "E14" }, .fate = RELAY,
		    .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok", .verdict = VERDICT_OPEN,
		    .accepted = 2, .control_ok = true }, false },
		{ { .name = "accepted, not (yet) relayed", .first = { "E14" },
		    .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok", .verdict = VERDICT_ACCEPTING,
		    .accepted = -1, .control_ok = true }, false },
		{ { .name = "later, perhaps", .first = { "E14" },
		    .rules = "RCPT TO:*%* => 451 4.3.0 Try again later",
		    .verdict = VERDICT_INCONCLUSIVE, .control_ok = true }, false },
		{ { .name = "takes the body and hangs up", .first = { "E01" },
		    .rules = RELAYS_ALL ". => - !closed", .verdict = VERDICT_CLOSED,
		    .control_ok = true, .catch_all = true }, false },
		{ { .name = "STARTTLS does not answer", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "TLS => - !timeout",
		    .verdict = VERDICT_INCONCLUSIVE, .control_ok = true }, false },
		{ { .name = "STARTTLS put off", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "STARTTLS => 454 4.7.0 Not now",
		    .verdict = VERDICT_INCONCLUSIVE, .control_ok = true }, false },
		{ { .name = "hangs up at STARTTLS", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "TLS => - !closed",
		    .verdict = VERDICT_INCONCLUSIVE, .control_ok = true }, false },
		{ { .name = "silent after a PROXY header", .first = { "S05a" },
		    .rules = "PROXY* => - !timeout", .verdict = VERDICT_INCONCLUSIVE,
		    .control_ok = true }, false },
		{ { .name = "unreachable", .first = { "E01" }, .rules = "CONNECT => - !timeout",
		    .verdict = VERDICT_UNREACHABLE }, false },
		{ { .name = "a form no longer known", .first = { "E99" },
		    .verdict = VERDICT_CLOSED, .control_ok = true }, false },
	};
	PLAY_RETESTS(rows);
}

/* Who blocks the tester alone shows it: the control fails. */
static void test_blocks_the_tester(void **state)
{
	(void)state;
	static const struct retest rows[] = {
		{ { .name = "at the banner", .first = { "E01" },
		    .rules = "BANNER => 554 5.7.1 You are blocked !closed",
		    .verdict = VERDICT_CLOSED, .control_ok = false }, true },
		{ { .name = "at EHLO", .first = { "E01" }, .rules = "EHLO * => 550 5.7.1 Blocked\n"
		    "HELO * => 550 5.7.1 Blocked", .verdict = VERDICT_CLOSED }, true },
		{ { .name = "at MAIL", .first = { "E01" }, .rules = "MAIL * => 554 5.7.1 Blocked",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "at RCPT", .first = { "E01" }, .rules = "RCPT * => 554 5.7.1 Blocked",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "at RCPT, on the submission port", .first = { "E01" }, .port = 587,
		    .ehlo = "PIPELINING AUTH",
		    .rules = "RCPT * => 554 5.7.1 <unknown[192.0.2.9]>: Client host rejected",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "at RCPT, where a login is offered", .first = { "E01" },
		    .ehlo = "PIPELINING AUTH", .rules = "RCPT * => 554 5.7.1 Access denied",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "by hanging up", .first = { "E01" }, .rules = "BANNER => - !closed",
		    .verdict = VERDICT_UNREACHABLE }, true },
	};
	PLAY_RETESTS(rows);
}

/* What was open is asked first, with the controls. */
static void test_order(void **state)
{
	(void)state;
	static const struct play p = {
		.name = "first", .first = { "E25", "E40b" }, .ehlo = "SIZE",
		.verdict = VERDICT_CLOSED, .control_ok = true,
	};
	struct seen seen;
	play(&p, &seen);
	const char *bang = strstr(seen.commands, "!");
	const char *notify = strstr(seen.commands, "NOTIFY=NEVER");
	const char *double_at = strstr(seen.commands, "@one.test@mx.host.test>");
	assert_true(bang && notify && double_at && bang < double_at && notify < double_at);
	seen_fini(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_does_not_pass),
		cmocka_unit_test(test_blocks_the_tester),
		cmocka_unit_test(test_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
