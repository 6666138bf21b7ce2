/* SPDX-License-Identifier: ISC
 *
 * The session against scripted hosts: how it talks to servers good and odd, and what it
 * makes of their answers. Proof, retests and bounds have files of their own.
 */
#include "host.h"

#include "catalogue/catalogue.h"

#define RELAYS_ALL "RCPT * => 250 2.1.5 Ok\n"

static const char *const only_e01[] = { "E01", NULL };

/* ---- closed, in every way of saying so ------------------------------------------ */

static void test_closed(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "pipelined", .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 E14:rcpt:554 X02:rcpt:554 S11:skipped S01a:rcpt:554" },
		{ .name = "lock-step", .ehlo = "SIZE", .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 X02:rcpt:554 S12:rcpt:554" },
		{ .name = "one transaction at a time", .pipeline = 1, .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "byte by byte", .habits = BYTEWISE, .verdict = VERDICT_CLOSED },
		{ .name = "at MAIL", .rules = "MAIL * => 550 5.7.1 Relaying denied",
		  .verdict = VERDICT_CLOSED, .cases = "E01:mail:550" },
		{ .name = "454 4.7.1 is a policy", .rules = "RCPT TO:<postmaster* => 250 Ok\n"
		  "RCPT * => 454 4.7.1 Relay access denied", .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:454" },
		{ .name = "at DATA", .rules = RELAYS_ALL "DATA => 554 5.7.1 Relaying denied",
		  .verdict = VERDICT_CLOSED, .catch_all = true,
		  .cases = "E01:data:554" },
		{ .name = "at the final dot", .rules = RELAYS_ALL ". => 550 5.7.1 Relaying denied",
		  .verdict = VERDICT_CLOSED, .catch_all = true,
		  .cases = "E01:message:550" },
		{ .name = "multi-line, codes disagree: the last counts",
		  .rules = "RCPT TO:<postmaster* => 250 Ok\nRCPT * => 250-Taken|554 5.7.1 Not "
		           "taken",
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554" },
		{ .name = "hang-up at RSET", .rules = "RSET => - !closed",
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "hang-up at QUIT", .rules = "QUIT => - !closed",
		  .verdict = VERDICT_CLOSED },
		{ .name = "loses what was pipelined", .habits = LOSES_PIPELINED,
		  .verdict = VERDICT_CLOSED },
		{ .name = "IPv6", .ipv6 = true, .verdict = VERDICT_CLOSED,
		  .cases = "E07:rcpt:554 E19:rcpt:554" },
	};
	PLAY_ALL(plays);
}

/* ---- old and short-tempered servers ----------------------------------------------- */

static void test_tempers(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "knows no EHLO", .rules = "EHLO * => 500 5.5.1 What?",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 S11:skipped" },
		{ .name = "hangs up at EHLO", .rules = "EHLO * => - !closed",
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554" },
		{ .name = "hangs up at EHLO, open", .rules = "EHLO * => - !closed\n" RELAYS_ALL,
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2,
		  .cases = "E01:message:250 E01/1:message:250" },
		{ .name = "no RSET", .rules = "RSET => 502 5.5.1 Not here",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "no RSET, lock-step", .ehlo = "SIZE",
		  .rules = "RSET => 502 5.5.1 Not here",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "421 after 3 errors", .errors_421 = 3, .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 E20:rcpt:554 X02:rcpt:554" },
		{ .name = "421 after 3 errors, lock-step", .errors_421 = 3, .ehlo = "SIZE",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 E20:rcpt:554 X02:rcpt:554" },
		{ .name = "421 at the next MAIL, lock-step", .ehlo = "SIZE",
		  .rules = "6*MAIL * => 250 Ok\n1*MAIL * => 421 4.7.0 Enough !closed",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 E02:rcpt:554 E03:rcpt:554 E04:rcpt:554" },
		{ .name = "421 at RCPT, lock-step", .ehlo = "SIZE",
		  .rules = "3*RCPT *@one.test> => 554 5.7.1 No\n1*RCPT * => 421 4.7.0 Enough "
		           "!closed",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E01:rcpt:554 E02:rcpt:554 E03:rcpt:554 E04:rcpt:554" },
		{ .name = "421 after each refusal", .errors_421 = 1, .verdict = VERDICT_CLOSED,
		  .cases = "X02:rcpt:554" },
		{ .name = "hangs up after 3 errors", .errors_hangup = 3, .verdict = VERDICT_CLOSED,
		  .cases = "X02:rcpt:554" },
		{ .name = "hangs up after 1", .errors_hangup = 1, .verdict = VERDICT_CLOSED },
		{ .name = "hangs up after 3, percent hack", .errors_hangup = 3, .fate = RELAY,
		  .rules = "RCPT TO:*%*@mx.host.test> => 250 Ok", .verdict = VERDICT_OPEN,
		  .accepted = 2, .cases = "E14:message:250" },
		{ .name = "never answers QUIT", .habits = SILENT_AT_QUIT, .accepted = -1,
		  .verdict = VERDICT_CLOSED },
	};
	PLAY_ALL(plays);
}

/* A chunk of refusals a connection, and what is learned from a hang-up. */
static void test_chunks(void **state)
{
	(void)state;
	static const struct play patient = {
		.name = "six refusals", .verdict = VERDICT_CLOSED,
	};
	static const struct play curt = {
		.name = "hang-up after 2 is learned", .errors_hangup = 2, .ehlo = "SIZE",
		.verdict = VERDICT_CLOSED,
	};
	struct seen seen;
	play(&patient, &seen);
	assert_in_range(seen.connections, 9, 30);
	seen_fini(&seen);
	play(&curt, &seen);
	/* Two forms a connection: were nothing learned, each third one would be lost first. */
	assert_in_range(seen.connections, 20, 70);
	seen_fini(&seen);
}

/* ---- no conversation, and later ------------------------------------------------------ */

static void test_undecided(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "nobody listens", .rules = "CONNECT => - !refused",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_REFUSED,
		  .reason = "does not answer: connection refused", .connections_max = 1 },
		{ .name = "no route", .rules = "CONNECT => - !unreachable",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_NO_ROUTE,
		  .reason = "does not answer: no route to it", .connections_max = 1 },
		{ .name = "filtered", .rules = "CONNECT => - !timeout",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_TIMEOUT,
		  .reason = "does not answer: no answer in time", .connections_max = 1 },
		{ .name = "hangs up at connect", .rules = "BANNER => - !closed",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_HUNG_UP,
		  .reason = "does not answer: the server hung up", .connections_max = 20 },
		{ .name = "silent", .rules = "BANNER => -\nPROXY* => -",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_TIMEOUT,
		  .connections_max = 20 },
		{ .name = "no SMTP", .rules = "BANNER => HTTP/1.0 400 no|x|x|x|x !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "is no mail server*",
		  .connections_max = 20 },
		{ .name = "SSH", .rules = "BANNER => SSH-2.0-OpenSSH_9.2", .connections_max = 20,
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "is no mail server*" },
		{ .name = "FTP", .rules = "BANNER => 220 FTP\n* => 530 Please login with USER and PASS",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "refuses us at HELO: 530 *" },
		{ .name = "banner 421", .rules = "BANNER => 421 4.3.2 Busy !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 25 },
		{ .name = "EHLO 451", .rules = "EHLO * => 451 4.3.0 Try later",
		  .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "greylisting", .rules = "RCPT * => 450 4.2.0 Greylisted, try again later",
		  .verdict = VERDICT_INCONCLUSIVE, .cases = "E01:rcpt:450" },
		{ .name = "one form greylisted",
		  .rules = "RCPT TO:<*!* => 450 4.3.0 Try again later",
		  .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "late greylisting", .rules = RELAYS_ALL ". => 451 4.3.0 Try again later",
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true },
		{ .name = "silent from MAIL on", .rules = "MAIL * => -\nRCPT * => -\nRSET => -",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 8 },
		{ .name = "silent at DATA", .rules = RELAYS_ALL "DATA => -",
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true,
		  .connections_max = 20 },
		{ .name = "stopped with candidates left",
		  .rules = RELAYS_ALL "1*DATA => 554 5.7.1 No\n1*DATA => -\n1*DATA => 554 5.7.1 "
		                      "No\n"
		           "2*DATA => -\nDATA => 554 5.7.1 No",
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true },
		{ .name = "421 to all, for ever", .rules = "MAIL * => 421 4.7.0 Too many !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 12 },
		{ .name = "refused after one connection",
		  .rules = "1*CONNECT => 0\nCONNECT => - !refused",
		  .verdict = VERDICT_INCONCLUSIVE, .connections_max = 20 },
	};
	PLAY_ALL(plays);
}

/* Refused is not closed: what does not take part shows nothing of what others hear. */
static void test_no_part(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "banner 554", .rules = "BANNER => 554 5.7.1 No !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "refuses us at its greeting: 554 5.7.1 No",
		  .cases = "E01:connect:554", .connections_max = 20 },
		{ .name = "banner 521", .rules = "BANNER => 521 No mail here !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "refuses us at its greeting: 521 *" },
		{ .name = "banner 554 that speaks of relaying",
		  .rules = "BANNER => 554 5.7.1 Relay access denied !closed",
		  .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "HELO refused", .rules = "EHLO * => 550 5.7.1 Who?\nHELO * => 550 5.7.1 Who?",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "refuses us at HELO: 550 5.7.1 Who?" },
		{ .name = "hang-up at EHLO and HELO",
		  .rules = "EHLO * => - !closed\nHELO * => - !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "does not talk to us: *" },
		{ .name = "hang-up at MAIL", .rules = "MAIL * => - !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "no answer at mail: *" },
		{ .name = "hang-up at RCPT", .rules = "RCPT * => - !reset",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "no answer at rcpt: *" },
		{ .name = "hang-up at DATA", .rules = RELAYS_ALL "DATA => - !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true,
		  .reason = "no answer at data: *" },
		{ .name = "hang-up after 354", .rules = RELAYS_ALL ". => - !closed",
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true,
		  .reason = "no answer at message: *" },
		{ .name = "blocked by a list", .verdict = VERDICT_INCONCLUSIVE,
		  .rules = "RCPT * => 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked "
		           "using dnsbl.example", .reason = "refuses us: 554 *" },
		{ .name = "our sender is refused", .verdict = VERDICT_INCONCLUSIVE,
		  .rules = "MAIL * => 550 5.1.8 Sender address rejected: Domain not found",
		  .reason = "refuses us: 550 5.1.8 *" },
		{ .name = "no word why, to its own postmaster too", .verdict = VERDICT_INCONCLUSIVE,
		  .rules = "RCPT * => 554 5.7.1 No thanks",
		  .reason = "does not say why it refuses: 554 5.7.1 No thanks" },
		{ .name = "no word why, but its postmaster is taken", .verdict = VERDICT_CLOSED,
		  .rules = "RCPT TO:<postmaster* => 250 Ok\nRCPT * => 554 5.7.1 No thanks" },
		{ .name = "no word why, but others words for its own", .verdict = VERDICT_CLOSED,
		  .rules = "RCPT TO:<*@mx.host.test> => 550 5.7.1 We know them not\n"
		           "RCPT * => 550 5.7.1 No thanks" },
		{ .name = "the same words, with the recipient in them",
		  .rules = "RCPT TO:<postmaster> => 554 5.7.1 <postmaster>: Rejected\n"
		           "RCPT TO:<postmaster@*> => 554 5.7.1 <postmaster@mx.host.test>: Rejected\n"
		           "RCPT TO:<*@mx.host.test> => 554 5.7.1 <nobody@mx.host.test>: Rejected\n"
		           "RCPT * => 554 5.7.1 <somebody@one.test>: Rejected",
		  .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "no such recipient, and a control is taken", .verdict = VERDICT_CLOSED,
		  .rules = "RCPT TO:<postmaster* => 250 Ok\n"
		           "RCPT * => 550 5.4.1 Recipient address rejected: Access denied" },
		{ .name = "no such recipient, whoever it is", .verdict = VERDICT_INCONCLUSIVE,
		  .rules = "RCPT * => 550 5.1.1 User unknown" },
	};
	PLAY_ALL(plays);
}

/* ---- asked on later ------------------------------------------------------------------ */

#define GREYLISTED "450 4.7.1 Greylisted, see you in 5 minutes"

static void test_rounds(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "greylisted, then closed", .rounds = true, .rounds_seen = 1,
		  .rules = "RCPT TO:<postmaster* => 250 Ok\n(round0)RCPT * => " GREYLISTED,
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "greylisted, then open", .rounds = true, .rounds_seen = 1, .fate = RELAY,
		  .rules = "(round0)RCPT * => " GREYLISTED "\n" RELAYS_ALL, .catch_all = true,
		  .verdict = VERDICT_OPEN, .accepted = 2 },
		{ .name = "greylisted for ever, postmaster exempt", .rounds = true, .rounds_seen = 3,
		  .rules = "RCPT TO:<postmaster* => 250 Ok\nRCPT * => " GREYLISTED,
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "puts us off: 450 *",
		  .cases = "E01:rcpt:450" },
		{ .name = "in a language that nobody here knows", .rounds = true, .rounds_seen = 3,
		  .rules = "RCPT TO:<postmaster* => 250 Ok\nRCPT * => 450 4.7.1 Proszu chakaty",
		  .verdict = VERDICT_INCONCLUSIVE },
		{ .name = "a form is put off at DATA", .rounds = true, .rounds_seen = 1,
		  .rules = RELAYS_ALL "(round0)DATA => 451 4.7.1 Later", .catch_all = true,
		  .fate = RELAY, .verdict = VERDICT_OPEN, .accepted = 2 },
		{ .name = "a confirmation is put off", .rounds = true, .rounds_seen = 1, .fate = RELAY,
		  .rules = "(round0)RCPT TO:*two.example* => "
		           GREYLISTED "\n" RELAYS_ALL,
		  .verdict = VERDICT_OPEN, .accepted = 2 },
		{ .name = "banned after some refusals, for the rest of the round", .rounds = true,
		  .rounds_seen = 1, .rules = "2*(round0)CONNECT => 0\n(round0)CONNECT => - !refused",
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554 X02:rcpt:554" },
		{ .name = "turned away at the greeting after some refusals", .rounds = true,
		  .rounds_seen = 1, .verdict = VERDICT_CLOSED,
		  .rules = "2*(round0)BANNER => 220 Hi\n"
		           "(round0)BANNER => 554 5.7.1 You are banned !closed" },
		{ .name = "banned in words at RCPT", .rounds = true, .rounds_seen = 1,
		  .rules = "8*(round0)RCPT * => 554 5.7.1 Relay access denied\n"
		           "(round0)RCPT * => 554 5.7.1 Your address is banned",
		  .verdict = VERDICT_CLOSED },
		{ .name = "a limit of connections that soon passes", .rounds = true,
		  .rules = "2*BANNER => 220 Hi\n2*BANNER => 421 4.7.0 Too many connections !closed",
		  .verdict = VERDICT_CLOSED },
		{ .name = "…and open by a late form", .fate = RELAY,
		  .rules = "2*BANNER => 220 Hi\n2*BANNER => 421 4.7.0 Too many connections !closed\n"
		           "(localhost)RCPT TO:<*@one.test> => 250 Ok\n"
		           "(localhost)RCPT TO:<*@two.example> => 250 Ok",
		  .verdict = VERDICT_OPEN, .accepted = 2 },
		{ .name = "banned for ever", .rounds = true, .rounds_seen = 3,
		  .rules = "2*CONNECT => 0\nCONNECT => - !refused",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "shut us out part of the way: *" },
		{ .name = "banned in words for ever", .rounds = true, .rounds_seen = 3,
		  .rules = "RCPT * => 550 5.7.1 Your IP address is banned",
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "refuses us: 550 *" },
		{ .name = "put off at DATA for ever", .rounds = true, .rounds_seen = 3,
		  .rules = RELAYS_ALL "DATA => 451 4.3.0 Later", .catch_all = true,
		  .verdict = VERDICT_INCONCLUSIVE, .reason = "puts us off: 451 *" },
		{ .name = "what we write for the second domain is refused", .fate = RELAY,
		  .verdict = VERDICT_INCONCLUSIVE, .catch_all = true, .accepted = -1,
		  .rules = RELAYS_ALL "1*. => 250 Ok\n. => 550 5.7.1 Message content rejected" },
		{ .name = "an MX of our first domain is one in the next round too", .rounds = true,
		  .rounds_seen = 1, .fate = RELAY, .verdict = VERDICT_CLOSED, .accepted = 1,
		  .finding = "legitimate-mx",
		  .rules = "(round0)RCPT TO:*%* => " GREYLISTED "\n"
		           "RCPT TO:<????????????????????????????@one.test> => 250 Ok" },
		{ .name = "what is turned away while we are banned was not asked", .rounds = true,
		  .rounds_seen = 1, .verdict = VERDICT_CLOSED, .cases = "S05a:helo:500",
		  .rules = "(round0)PROXY* => - !closed\nPROXY* => 500 What?\n"
		           "9*(round0)CONNECT => 0\n5*(round0)CONNECT => 0\n"
		           "(round0)CONNECT => - !refused" },
		{ .name = "a form that is refused in odd words is heard all the same", .rounds = true,
		  .rules = "RCPT TO:<*!*@mx.host.test> => 554 5.7.1 You are banned for that",
		  .verdict = VERDICT_CLOSED },
	};
	PLAY_ALL(plays);
}

/* ---- ports and sessions of their own ---------------------------------------------------- */

static void test_sessions(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "a recipient of its own opens the way", .fate = RELAY, .accepted = 2,
		  .rules = "(recipient)RCPT TO:<*@*> => 250 Ok", .verdict = VERDICT_OPEN,
		  .cases = "E01:rcpt:554 S12:message:250" },
		{ .name = "…one command at a time", .ehlo = "SIZE", .fate = RELAY, .accepted = 2,
		  .rules = "(recipient)RCPT TO:<*@*> => 250 Ok", .verdict = VERDICT_OPEN,
		  .cases = "E01:rcpt:554 S12:message:250" },
		{ .name = "465 speaks TLS at once", .port = 465, .verdict = VERDICT_CLOSED,
		  .ehlo = "PIPELINING STARTTLS", .cases = "E01:rcpt:554" },
		{ .name = "no TLS at 465", .port = 465, .rules = "TLS => - !tls",
		  .verdict = VERDICT_UNREACHABLE, .cause = CAUSE_TLS_FAILED,
		  .reason = "does not answer: TLS failed" },
		{ .name = "LMTP at 24", .port = 24,
		  .rules = "EHLO * => 500 What?\nHELO * => 500 What?",
		  .verdict = VERDICT_CLOSED, .cases = "E01:rcpt:554" },
		{ .name = "XCLIENT refused", .ehlo = "PIPELINING XCLIENT",
		  .rules = "XCLIENT * => 550 5.7.0 Not you", .verdict = VERDICT_CLOSED,
		  .cases = "S04:helo:550" },
		{ .name = "XCLIENT taken, not believed", .ehlo = "PIPELINING XCLIENT",
		  .verdict = VERDICT_CLOSED, .cases = "S04:rcpt:554" },
		{ .name = "XCLIENT not offered", .verdict = VERDICT_CLOSED,
		  .cases = "S04:skipped S04b:skipped" },
		{ .name = "XFORWARD offered is a finding only", .ehlo = "PIPELINING XFORWARD",
		  .verdict = VERDICT_CLOSED, .cases = "S04b:helo" },
		{ .name = "PROXY not understood", .rules = "PROXY* => 500 What?",
		  .verdict = VERDICT_CLOSED,
		  .cases = "S05a:helo:500 S05b:helo:500" },
		{ .name = "BDAT refused", .ehlo = "PIPELINING CHUNKING", .verdict = VERDICT_CLOSED,
		  .cases = "S11:rcpt:554" },
		{ .name = "DATA after a refusal", .verdict = VERDICT_CLOSED,
		  .cases = "S20:rcpt:554" },
		{ .name = "S03 needs a source", .verdict = VERDICT_CLOSED,
		  .cases = "S03:skipped" },
		{ .name = "S03 with a source", .trusted_source = true, .verdict = VERDICT_CLOSED,
		  .cases = "S03:rcpt:554" },
		{ .name = "S06 where port 25 is not ours to use",
		  .rules = "CONNECT-25 => - !nosource", .verdict = VERDICT_CLOSED, .cases = "S06:skipped" },
		{ .name = "S06 filtered", .rules = "CONNECT-25 => - !timeout",
		  .verdict = VERDICT_CLOSED, .cases = "S06:connect:0" },
		{ .name = "S06", .verdict = VERDICT_CLOSED,
		  .cases = "S06:rcpt:554" },
		{ .name = "EHLO gets no answer, HELO does", .rules = "EHLO * => - !timeout",
		  .verdict = VERDICT_CLOSED, .cases = "E14:rcpt:554" },
		{ .name = "gives itself no name", .rules = "BANNER => 220 \nEHLO * => 250 ",
		  .verdict = VERDICT_CLOSED,
		  .cases = "E06:skipped E07:rcpt:554" },
		{ .name = "control characters in its words",
		  .rules = "BANNER => 220 mx\x01\x7f.host.test \xff\nEHLO * => 250 \x1b[2J",
		  .verdict = VERDICT_CLOSED },
		{ .name = "no AUTH offered", .consent = CONSENT_OWNER, .verdict = VERDICT_CLOSED,
		  .cases = "S10:skipped S14:skipped" },
		{ .name = "invented credentials need the owner", .ehlo = "PIPELINING AUTH=PLAIN",
		  .consent = CONSENT_RANGE, .verdict = VERDICT_CLOSED,
		  .cases = "S10:skipped S14:skipped" },
		{ .name = "invented credentials refused", .ehlo = "PIPELINING AUTH=PLAIN",
		  .consent = CONSENT_OWNER, .verdict = VERDICT_CLOSED,
		  .cases = "S10:helo:535" },
		{ .name = "no collector address", .no_collector = true, .verdict = VERDICT_CLOSED,
		  .cases = "E32:skipped E33:skipped" },
	};
	PLAY_ALL(plays);
}

static void test_starttls(void **state)
{
	(void)state;
	static const struct play plays[] = {
		{ .name = "under STARTTLS all forms again", .ehlo = "PIPELINING STARTTLS",
		  .verdict = VERDICT_CLOSED,
		  .cases = "S09-E01:rcpt:554 S09-X02:rcpt:554" },
		{ .name = "STARTTLS refused", .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 554 5.7.1 Not you", .verdict = VERDICT_CLOSED,
		  .cases = "S09-E01:helo:554" },
		{ .name = "STARTTLS breaks", .ehlo = "PIPELINING STARTTLS",
		  .rules = "TLS => - !tls",
		  .verdict = VERDICT_CLOSED, .cases = "S09-E01:skipped" },
		{ .name = "STARTTLS does not get anywhere", .ehlo = "PIPELINING STARTTLS",
		  .rules = "TLS => - !timeout", .verdict = VERDICT_CLOSED,
		  .cases = "S09-E01:skipped" },
		{ .name = "STARTTLS put off", .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 454 4.7.0 TLS not available", .verdict = VERDICT_CLOSED,
		  .cases = "E14:rcpt:554 S09-E01:skipped" },
		{ .name = "STARTTLS put off by 421", .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 421 4.7.0 Not now !closed", .verdict = VERDICT_CLOSED,
		  .cases = "E14:rcpt:554 S09-E01:skipped S06:rcpt:554" },
		{ .name = "STARTTLS put off, and AUTH needs it", .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 454 4.7.0 TLS not available", .consent = CONSENT_OWNER,
		  .verdict = VERDICT_CLOSED, .cases = "S10:skipped" },
		{ .name = "nothing without STARTTLS, and it is put off",
		  .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 454 4.7.0 TLS not available\n"
		           "MAIL * => 530 5.7.0 Must issue a STARTTLS command first",
		  .verdict = VERDICT_INCONCLUSIVE,
		  .cases = "S09-E01:helo:454" },
		{ .name = "nothing without encryption, and it breaks",
		  .ehlo = "PIPELINING STARTTLS",
		  .rules = "TLS => - !tls\nRCPT * => 550 5.7.10 Encryption needed",
		  .verdict = VERDICT_INCONCLUSIVE, .cases = "S09-E01:helo:0" },
		{ .name = "nothing without a login, and STARTTLS is put off",
		  .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 454 4.7.0 TLS not available\n"
		           "MAIL * => 530 5.7.0 Authentication required",
		  .verdict = VERDICT_CLOSED, .cases = "S09-E01:skipped" },
		{ .name = "bytes behind the 220 of STARTTLS are not believed",
		  .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => 220 Go|250 mx.host.test|250 Ok|250 Ok|250 Ok|250 Ok|354 Go",
		  .verdict = VERDICT_CLOSED, .cases = "S09-E01:rcpt:554" },
		{ .name = "hangs up at STARTTLS", .ehlo = "PIPELINING STARTTLS",
		  .rules = "STARTTLS => - !closed", .verdict = VERDICT_CLOSED, .cases = "S09-E01:skipped" },
		{ .name = "AUTH is not offered under TLS either", .ehlo = "PIPELINING STARTTLS",
		  .consent = CONSENT_OWNER, .verdict = VERDICT_CLOSED,
		  .cases = "S10:helo:502" },
		{ .name = "STARTTLS is offered once", .ehlo = "PIPELINING",
		  .rules = "1*EHLO * => 250-mx.host.test|250-PIPELINING|250 STARTTLS",
		  .verdict = VERDICT_CLOSED, .cases = "S09-E01:helo:502" },
	};
	PLAY_ALL(plays);
}

/* Which consent may do what: AUTH leaves us with the owner's alone. */
static void test_auth_consent(void **state)
{
	(void)state;
	static const enum consent others[] = { CONSENT_RANGE, CONSENT_EVIDENCE, CONSENT_CONTACT };
	struct play p = { .name = "AUTH", .ehlo = "PIPELINING AUTH=PLAIN", .account = true,
	                  .verdict = VERDICT_CLOSED };
	struct seen seen;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		p.consent = others[i];
		play(&p, &seen);
		assert_int_equal(seen_count(&seen, "AUTH*"), 0);
		seen_fini(&seen);
	}
	p.consent = CONSENT_OWNER;
	play(&p, &seen);
	assert_int_equal(seen_count(&seen, "AUTH PLAIN *"), 2);
	seen_fini(&seen);
}

#define MORE \
	"bm9* => 334 more\nbWFk* => 334 more\ndXNl* => 334 more\ncGFz* => 334 more"

/* What the server offers is what is said, and nothing where it offers neither. */
static void test_auth_mechanisms(void **state)
{
	(void)state;
	static const struct {
		struct play p;
		unsigned plain, bare, login, cancelled;      /* lines of each kind that were said */
	} rows[] = {
		{ { .ehlo = "AUTH=PLAIN", .cases = "S10:helo:535 S14:helo:535" }, 2, 0, 0, 0 },
		{ { .ehlo = "AUTH=LOGIN AUTH=PLAIN", .cases = "S10:helo:535" }, 2, 0, 0, 0 },
		{ { .ehlo = "AUTH=CRAM-MD5 AUTH=plain", .cases = "S10:helo:535" }, 2, 0, 0, 0 },
		{ { .ehlo = "AUTH=LOGIN", .cases = "S10:helo:535 S14:helo:535",
		    .rules = "AUTH LOGIN => 334 VXNlcm5hbWU6\n1*bm9ib2R5L* => 334 UGFzc3dvcmQ6\n"
		             "1*dXNlcg== => 334 UGFzc3dvcmQ6\n"
		             "bWFkZS11c* => 535 5.7.8 No\ncGFzc3dvcmQ= => 535 5.7.8 No" }, 0, 0, 2, 0 },
		{ { .ehlo = "AUTH=LOGIN", .cases = "S10:helo:501 S14:helo:501",
		    .rules = "AUTH LOGIN => 334 VXNlcm5hbWU6\n[*] => 501 5.7.0 Cancelled\n"
		             MORE }, 0, 0, 2, 2 },
		{ { .ehlo = "AUTH=LOGIN", .cases = "S10:helo:501",
		    .rules = "AUTH LOGIN => 334 VXNlcm5hbWU6\n[*] => 334 more\n" MORE }, 0, 0, 2, 2 },
		{ { .ehlo = "AUTH=LOGIN", .cases = "S10:helo:504",
		    .rules = "AUTH * => 504 5.5.4 No" }, 0, 0, 2, 0 },
		/* It takes no initial response. */
		{ { .ehlo = "AUTH=PLAIN", .cases = "S10:helo:501",
		    .rules = "AUTH * => 334 \n[*] => 501 No" }, 2, 0, 0, 2 },
		{ { .ehlo = "AUTH", .cases = "S10:skipped S14:skipped" }, 0, 0, 0, 0 },
		{ { .ehlo = "AUTH=CRAM-MD5 AUTH=PLAIN-CLIENTTOKEN AUTH=NTLM AUTH=XOAUTH2",
		    .cases = "S10:skipped S14:skipped" }, 0, 0, 0, 0 },
		{ { .ehlo = "AUTH=GSSAPI STARTTLS", .cases = "S10:helo:502 S14:helo:502" },
		  0, 0, 0, 0 },
		{ { .ehlo = "PIPELINING", .cases = "S10:skipped S14:skipped" }, 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct play p = rows[i].p;
		struct seen seen;
		p.name = p.ehlo;
		p.consent = CONSENT_OWNER;
		p.account = true;
		p.verdict = VERDICT_CLOSED;
		play(&p, &seen);
		CHECK_ROW(p.name, seen_count(&seen, "AUTH PLAIN *") == rows[i].plain);
		CHECK_ROW(p.name, seen_count(&seen, "AUTH PLAIN") == rows[i].bare);
		CHECK_ROW(p.name, seen_count(&seen, "AUTH LOGIN") == rows[i].login);
		CHECK_ROW(p.name, seen_count(&seen, "[*]") == rows[i].cancelled);
		seen_fini(&seen);
	}
}

/* Our own password waits for TLS where that is offered; an invented one need not. */
static void test_auth_under_tls(void **state)
{
	(void)state;
	static const struct play p = {
		.name = "own password", .ehlo = "AUTH=PLAIN STARTTLS", .consent = CONSENT_OWNER,
		.account = true, .verdict = VERDICT_CLOSED, .cases = "S10:helo:535 S14:helo:536",
		.rules = "(tls)AUTH PLAIN AHVzZXIA* => 536 No\nAUTH PLAIN AHVzZXIA* => 537 In clear",
	};
	struct seen seen;
	play(&p, &seen);
	seen_fini(&seen);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_names(void **state)
{
	(void)state;
	static const struct play named = { .name = "named", .verdict = VERDICT_CLOSED };
	static const struct play nameless = {
		.name = "nameless", .nameless = true, .verdict = VERDICT_CLOSED,
		.cases = "E06:skipped E07:rcpt:554 E09:skipped E14:skipped E15:rcpt:554 "
		         "S02a:skipped",
	};
	struct seen seen;
	play(&named, &seen);
	assert_int_equal(seen_count(&seen, "MAIL FROM:<*@mx.host.test>"), 3);     /* E06 E08 X01 */
	assert_int_equal(seen_count(&seen, "MAIL FROM:<*@host.test>"), 1);        /* E09 */
	assert_int_equal(seen_count(&seen, "EHLO mx.host.test"), 1);
	assert_int_equal(seen_count(&seen, "EHLO host.test"), 1);
	assert_int_equal(seen_count(&seen, "EHLO [[]192.0.2.1]"), 1);
	seen_fini(&seen);
	/* A name that does not resolve to the host never goes into an address. */
	play(&nameless, &seen);
	assert_int_equal(seen_count(&seen, "*host.test*"), 0);
	seen_fini(&seen);
}

/* Every form is either tried or says why not. */
static void test_all_forms_accounted_for(void **state)
{
	(void)state;
	static const struct play p = {
		.name = "all",
		.ehlo = "PIPELINING STARTTLS CHUNKING SMTPUTF8 XCLIENT XFORWARD AUTH=PLAIN",
		.consent = CONSENT_OWNER, .account = true, .trusted_source = true,
		.rules = "AUTH * => 235 2.7.0 Welcome", .verdict = VERDICT_CLOSED,
	};
	struct seen seen;
	play(&p, &seen);
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *c = &relay_cases[i];
		if (c->session == RELAY_STARTTLS)
			continue;
		const struct case_result *r = seen_result(&seen, c->id, 0);
		CHECK_ROW(c->id, r->stage != STAGE_NONE);
		CHECK_ROW(c->id, r->refusal || r->stage == STAGE_SKIPPED ||
		          c->flags & RELAY_FINDING_ONLY);
	}
	seen_fini(&seen);
}

/* The bench's and tests' choice of forms. */
static void test_only(void **state)
{
	(void)state;
	static const struct play p = {
		.name = "only", .only = only_e01, .verdict = VERDICT_CLOSED,
		.connections_max = 1, .cases = "E01:rcpt:554",
	};
	struct seen seen;
	play(&p, &seen);
	assert_int_equal(seen.outcome.n, 1);
	assert_int_equal(seen_count(&seen, "RCPT*"), 1);
	seen_fini(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_tempers),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_no_part),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_auth_consent),
		cmocka_unit_test(test_auth_mechanisms),
		cmocka_unit_test(test_auth_under_tls),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all_forms_accounted_for),
		cmocka_unit_test(test_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
