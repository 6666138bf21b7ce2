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
		{ { .name = "repaired", .first = { "E01", "E14" }, .verdict = VERDICT_CLOSED }, true },
		{ { .name = "repaired by 454", .first = { "E01" }, .verdict = VERDICT_CLOSED,
		    .rules = "RCPT TO:<postmaster* => 250 Ok\n"
		             "RCPT * => 454 4.7.1 Relay access denied" },
		             true },
		{ { .name = "XCLIENT is not offered any more", .first = { "S04" },
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "CHUNKING is not offered any more", .first = { "S11" },
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "STARTTLS is not offered any more", .first = { "S09-E14" },
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "refused under STARTTLS", .first = { "S09-E14" },
		    .ehlo = "PIPELINING STARTTLS", .verdict = VERDICT_CLOSED }, true },
		{ { .name = "its name went, its literal is refused", .first = { "E06" },
		    .nameless = true, .verdict = VERDICT_CLOSED }, true },
		{ { .name = "a submission service asks for a login", .first = { "E01" },
		    .port = 587,
		    .ehlo = "PIPELINING AUTH=PLAIN",
		    .rules = "MAIL * => 530 5.7.0 Authentication required",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "a submission service takes its users only", .first = { "E01" },
		    .port = 587, .ehlo = "PIPELINING AUTH=PLAIN",
		    .rules = "RCPT * => 554 5.7.1 Recipient address rejected: Access denied",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "a submission service rejects all client hosts", .first = { "E01" },
		    .port = 587, .ehlo = "PIPELINING AUTH=PLAIN",
		    .rules = "RCPT * => 554 5.7.1 <unknown[192.0.2.9]>: Client host rejected: "
		             "Access denied",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "a forged sender is refused now", .first = { "E06" },
		    .rules = "MAIL FROM:<*@mx.host.test> => 550 5.1.8 Sender address rejected",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "says at the end of the message that it does not relay",
		    .first = { "E01" }, .catch_all = true, .verdict = VERDICT_CLOSED,
		    .rules = RELAYS_ALL ". => 550 5.7.1 Relaying denied" }, true },
		{ { .name = "we are not localhost", .first = { "S01a", "S01b" },
		    .rules = "?*LO localhost => 550 Bad HELO: you are not me\n"
		             "([127.0.0.1])RCPT * => 554 5.7.1 Nonsense",
		    .verdict = VERDICT_CLOSED }, true },
		{ { .name = "a HELO of ours is blacklisted, and never let anything through",
		    .first = { "E01" }, .verdict = VERDICT_CLOSED,
		    .rules = "?*LO localhost => 554 5.7.1 blacklisted" }, true },
		{ { .name = "PROXY is hung up on", .first = { "S05a" },
		    .rules = "PROXY* => - !closed", .verdict = VERDICT_CLOSED }, true },
		{ { .name = "our second address hears the same", .first = { "E01", "E14" },
		    .second_source = true, .verdict = VERDICT_CLOSED }, true },
		{ { .name = "our second address is not let in", .first = { "E01" },
		    .second_source = true, .verdict = VERDICT_CLOSED,
		    .rules = "(second)BANNER => 554 5.7.1 You are blocked !closed" }, true },
		{ { .name = "our second address is refused as itself", .first = { "E01" },
		    .second_source = true, .verdict = VERDICT_CLOSED,
		    .rules = "(second)RCPT * => 554 5.7.1 blocked using dnsbl.example" }, true },
		{ { .name = "our second address is greylisted first", .first = { "E01" },
		    .second_source = true, .rounds = true, .rounds_seen = 1,
		    .verdict = VERDICT_CLOSED, .rules = "1*(second)RCPT * => 450 4.7.1 Later" },
		    true },
		{ { .name = "PROXY is not believed any more", .first = { "S05a" },
		    .verdict = VERDICT_CLOSED }, true },
	};
	PLAY_RETESTS(rows);
}

static void test_does_not_pass(void **state)
{
	(void)state;
	static const struct retest rows[] = {
		{ { .name = "open still", .first = { "E14" }, .fate = RELAY,
		    .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok", .verdict = VERDICT_OPEN,
		    .accepted = 2 }, false },
		{ { .name = "accepted, not (yet) relayed", .first = { "E14" },
		    .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok", .verdict = VERDICT_ACCEPTING,
		    .accepted = -1 }, false },
		{ { .name = "later, perhaps", .first = { "E14" },
		    .rules = "RCPT TO:*%* => 451 4.3.0 Try again later",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "takes the body and hangs up", .first = { "E01" },
		    .rules = RELAYS_ALL ". => - !closed", .verdict = VERDICT_INCONCLUSIVE,
		    .catch_all = true }, false },
		{ { .name = "STARTTLS does not answer", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "TLS => - !timeout",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "STARTTLS put off", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "STARTTLS => 454 4.7.0 Not now",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "hangs up at STARTTLS", .first = { "S09-E01" },
		    .ehlo = "PIPELINING STARTTLS", .rules = "TLS => - !closed",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "silent after a PROXY header", .first = { "S05a" },
		    .rules = "PROXY* => - !timeout", .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "unreachable", .first = { "E01" }, .rules = "CONNECT => - !timeout",
		    .verdict = VERDICT_UNREACHABLE }, false },
		{ { .name = "our second address is let through", .first = { "E01" },
		    .second_source = true, .verdict = VERDICT_INCONCLUSIVE,
		    .reason = "takes from our second address *",
		    .rules = "(second)" RELAYS_ALL }, true },
		{ { .name = "greylists for ever and takes its postmaster's mail",
		    .first = { "E01" }, .rounds = true, .rounds_seen = 3,
		    .verdict = VERDICT_INCONCLUSIVE,
		    .rules = "RCPT TO:<postmaster* => 250 Ok\nRCPT * => 450 4.7.1 Wait" }, false },
		{ { .name = "hangs up at the form that was open", .first = { "E14" },
		    .rules = "RCPT TO:*%*@mx.host.test> => - !closed",
		    .verdict = VERDICT_CLOSED }, false },
		{ { .name = "bans us at the form that was open", .first = { "E14" },
		    .rules = "RCPT TO:*%*@mx.host.test> => 554 5.7.1 You are banned",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "takes the recipient, and refuses what we write", .first = { "E01" },
		    .rules = RELAYS_ALL ". => 550 5.7.1 Message content rejected",
		    .verdict = VERDICT_INCONCLUSIVE, .catch_all = true,
		    .reason = "does not say why it refuses: 550 *" }, false },
		{ { .name = "…of the form that was open", .first = { "E14" },
		    .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok\n"
		             ". => 550 5.7.1 Message content rejected",
		    .verdict = VERDICT_CLOSED }, false },
		{ { .name = "bans us where we call ourselves localhost", .first = { "S01a" },
		    .rules = "(localhost)RCPT * => 554 5.7.1 Your IP address is blacklisted",
		    .verdict = VERDICT_INCONCLUSIVE }, false },
		{ { .name = "…as soon as we do", .first = { "S01a" }, .rounds = true,
		    .rounds_seen = 3, .verdict = VERDICT_INCONCLUSIVE,
		    .rules = "?*LO localhost => 554 5.7.1 Your IP address is blacklisted" }, false },
		{ { .name = "a form no longer known", .first = { "E99" },
		    .verdict = VERDICT_CLOSED }, false },
	};
	PLAY_RETESTS(rows);
}

/* Who blocks the tester alone shows nothing: nothing is delisted by that. */
static void test_blocks_the_tester(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "at the banner", .first = { "E01" },
		    .rules = "BANNER => 554 5.7.1 You are blocked !closed",
		    .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "at EHLO", .first = { "E01" }, .rules = "EHLO * => 550 5.7.1 Blocked\n"
		    "HELO * => 550 5.7.1 Blocked", .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "at MAIL", .first = { "E01" }, .rules = "MAIL * => 554 5.7.1 Blocked",
		    .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "at RCPT", .first = { "E01" }, .rules = "RCPT * => 554 5.7.1 Blocked",
		    .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "at RCPT, on the submission port", .first = { "E01" }, .port = 587,
		    .ehlo = "PIPELINING AUTH=PLAIN", .rules = "RCPT * => 554 5.7.1 Service unavailable; "
		    "Client host [192.0.2.9] blocked using dnsbl.example",
		    .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "at RCPT, where a login is offered", .first = { "E01" },
		    .ehlo = "PIPELINING AUTH=PLAIN", .rules = "RCPT * => 554 5.7.1 Access denied",
		    .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "by hanging up", .first = { "E01" }, .rules = "BANNER => - !closed",
		    .verdict = VERDICT_UNREACHABLE },
	};
	PLAY_ALL(plays);
}

/* What was open is asked first, with the controls. */
static void test_order(void **state)
{
	(void)state;
	static const struct play p = {
		.name = "first", .first = { "E25", "E40b" }, .ehlo = "SIZE",
		.verdict = VERDICT_CLOSED,
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
