/* SPDX-License-Identifier: ISC
 *
 * Logs of all four servers as they wrote them in the lab, behind every head that a log may
 * have, and what strangers wrote into them who know the word: no address but the server's own is
 * ever taken.
 */
#include "test.h"

#include "base/random.h"
#include "witness/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W "pwkeyqaaicamcakbqh6usq"
#define OTHER "pwkeyqqcikbmga2dqpkhvq"
#define PF "Nov 28 12:15:23 mail postfix/smtpd[249]: "
#define OS "Nov 28 12:15:26 mail smtpd[91]: "
#define SM "Nov 28 12:15:26 mail sm-mta[295]: "

/* "MTA ADDRESS FAMILY-PORT LINES; …", then "+N" lines that lead to no address. */
static char *result_of(struct witness_log *log, char *dst, size_t size)
{
	size_t n, used = 0;
	const struct witness_sighting *seen = witness_log_sightings(log, &n);
	dst[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char ip[IP_TEXT_MAX];
		used += (size_t)snprintf(dst + used, size - used, "%s %s %u-%u %zu; ",
		                         mta_name(seen[i].mta), ip_format(&seen[i].as, ip),
		                         seen[i].said.family, seen[i].said.port, seen[i].lines);
	}
	snprintf(dst + used, size - used, "+%zu", witness_log_unplaced(log));
	return dst;
}

struct row {
	const char *label, *text, *want;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char got[2000];
		struct witness_log *log = witness_log_create(W);
		witness_log_read(log, str_of(rows[i].text));
		witness_log_end(log);
		result_of(log, got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].label, got, rows[i].want);
		witness_log_destroy(log);
	}
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

/* ---- as the servers wrote it ---------- */

static const struct row genuine[] = {
	{ "Postfix",
	  PF "connect from client.example[203.0.113.1]\n"
	  PF "warning: Illegal address syntax from client.example[203.0.113.1] in RCPT command: "
	  "<" W "-4-25@a..b>\n"
	  PF "disconnect from client.example[203.0.113.1] ehlo=1 mail=1 rcpt=0/1 quit=1 "
	  "unknown=0/1 commands=3/5\n"
	  PF "connect from client.example[2001:db8:3::1]\n"
	  PF "warning: Illegal address syntax from client.example[2001:db8:3::1] in RCPT command: "
	  "<" W "-6-25@a..b>\n",
	  "postfix 203.0.113.1 4-25 1; postfix 2001:db8:3::1 6-25 1; +0" },
	{ "Postfix, without a name",
	  PF "warning: Illegal address syntax from unknown[172.18.0.1] in RCPT command: "
	  "<" W "-6-25@a..b>\n", "postfix 172.18.0.1 6-25 1; +0" },
	{ "Postfix, refused by a rule",
	  PF "NOQUEUE: reject: RCPT from client.example[203.0.113.1]: 550 5.1.1 <x>: Recipient "
	  "address rejected: User unknown in local recipient table; from=<> to=<x> proto=ESMTP "
	  "helo=<" W "-4-25.c.example>\n", "postfix 203.0.113.1 4-25 1; +0" },
	{ "postscreen",
	  "Nov 28 12:15:23 mail postfix/postscreen[24]: NOQUEUE: reject: RCPT from "
	  "[203.0.113.1]:40000: 450 4.3.2 Service currently unavailable; from=<>, to=<x>, "
	  "proto=ESMTP, helo=<" W "-4-25.c.example>\n", "postfix 203.0.113.1 4-25 1; +0" },
	{ "Postfix, placed by its process alone",
	  PF "connect from client.example[203.0.113.1]\n"
	  PF "warning: reject: ETRN " W ".example... from client.example[203.0.113.1]\n",
	  "postfix 203.0.113.1 0-0 1; +0" },
	{ "Postfix, another instance and service",
	  "Nov 28 12:15:23 mail postfix-out/submission/smtpd[7]: connect from a.example[10.0.0.1]\n"
	  PF "connect from b.example[10.0.0.2]\n"
	  "Nov 28 12:15:23 mail postfix-out/submission/smtpd[7]: warning: reject: ETRN " W "... x\n"
	  PF "warning: reject: ETRN " W "... x\n",
	  "postfix 10.0.0.1 0-0 1; postfix 10.0.0.2 0-0 1; +0" },
	{ "Exim, its own file",
	  "2026-11-28 12:15:23 H=client.example (" W "-4-25.client.example) [203.0.113.1] "
	  "rejected EXPN " W "-4-25\n"
	  "2026-11-28 12:15:23 H=client.example (" W "-6-25.client.example) [2001:db8:3::1] "
	  "rejected EXPN " W "-6-25\n"
	  "2026-11-28 12:15:24 H=(" W "-4-25.client.example) [203.0.113.2] "
	  "rejected EXPN " W "-4-25\n",
	  "exim 203.0.113.1 4-25 1; exim 2001:db8:3::1 6-25 1; exim 203.0.113.2 4-25 1; +0" },
	{ "Exim, with the selectors of Debian and more",
	  "2026-11-28 12:15:25.123 +0100 [4711] SMTP syntax error in \"RCPT TO:<" W "-4-25@a..b>\" "
	  "H=client.example (" W "-4-25.client.example) [203.0.113.1]:40000 I=[198.51.100.2]:25 "
	  "domain missing or malformed\n", "exim 203.0.113.1 4-25 1; +0" },
	{ "Exim by syslog",
	  "Nov 28 12:15:23 mail exim[62]: 2026-11-28 12:15:23 H=client.example (" W
	  "-4-25.client.example) [203.0.113.1] rejected EXPN " W "-4-25\n",
	  "exim 203.0.113.1 4-25 1; +0" },
	{ "Exim, HELO was refused",
	  "2026-11-28 12:15:26 H=client.example [203.0.113.1] rejected EXPN " W "-4-25\n",
	  "exim 203.0.113.1 4-25 1; +0" },
	{ "Sendmail",
	  SM "6ASCFQa7000295: client.example [203.0.113.1]: EXPN " W "-4-25\n"
	  SM "6ASCFQa7000295: <" W "-4-25@a..b>... Invalid host name\n"
	  SM "6ASCFQa7000295: from=<>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA-v4, "
	  "relay=client.example [203.0.113.1]\n"
	  "Nov 28 12:15:26 mail sendmail[297]: 6ASCFQvw000297: client.example "
	  "[IPv6:2001:db8:3:0:0:0:0:1]: EXPN " W "-6-25\n"
	  SM "6ASCFQlf000299: [203.0.113.2]: EXPN " W "-4-25\n",
	  "sendmail 203.0.113.1 4-25 2; sendmail 2001:db8:3::1 6-25 1; "
	  "sendmail 203.0.113.2 4-25 1; +0" },
	{ "Sendmail, name not confirmed; sessions among each other",
	  SM "6ASCFQa7000295: <" W "-4-25@a..b>... Invalid host name\n"
	  SM "6ASCFQa7000777: from=<>, size=0, class=0, nrcpts=0, relay=evil.example [192.0.2.1]\n"
	  SM "6ASCFQa7000295: from=<>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA-v4, "
	  "relay=client.example [10.0.0.1] (may be forged)\n", "sendmail 10.0.0.1 4-25 1; +0" },
	{ "OpenSMTPD",
	  OS "095bddbc1ade73d7 smtp connected address=203.0.113.1 host=client.example\n"
	  OS "095bddbdd796cca0 smtp connected address=[2001:db8:3::1] host=<unknown>\n"
	  OS "095bddbc1ade73d7 smtp failed-command command=\"EXPN " W "-4-25\" "
	  "result=\"500 5.5.1 Invalid command: Command unrecognized\"\n"
	  OS "095bddbdd796cca0 smtp failed-command command=\"RCPT TO:<" W "-6-25@a..b>\" "
	  "result=\"501 5.1.3 Recipient address syntax error\"\n"
	  OS "095bddbc1ade73d7 smtp disconnected reason=quit\n",
	  "opensmtpd 203.0.113.1 4-25 1; opensmtpd 2001:db8:3::1 6-25 1; +0" },
	{ "OpenSMTPD in the foreground",
	  "095bddbc1ade73d7 smtp connected address=172.18.0.1 host=<unknown>\n"
	  "095bddbc1ade73d7 smtp failed-command command=\"EXPN " W "-6-25\" result=\"500 x\"\n",
	  "opensmtpd 172.18.0.1 6-25 1; +0" },
};

static void each_server_is_read(void **state)
{
	(void)state;
	CHECK_ROWS(genuine);
}

/* ---- heads ---------- */

#define TAIL "warning: Illegal address syntax from c.example[203.0.113.1] in RCPT command: <" W \
	"-4-25@a..b>"
#define FOUND "postfix 203.0.113.1 4-25 1; +0"
static const struct row heads[] = {
	{ "syslog", PF TAIL, FOUND },
	{ "a day of one digit", "Nov  8 12:15:23 mail postfix/smtpd[249]: " TAIL, FOUND },
	{ "rsyslog", "2026-11-28T12:15:23.123456+01:00 mail postfix/smtpd[249]: " TAIL, FOUND },
	{ "the journal, short-iso", "2026-11-28T12:15:23+0000 mail postfix/smtpd[249]: " TAIL, FOUND },
	{ "priority", "<22>Nov 28 12:15:23 mail postfix/smtpd[249]: " TAIL, FOUND },
	{ "RFC 5424", "<22>1 2026-11-28T12:15:23.1Z mail postfix/smtpd 249 - - " TAIL, FOUND },
	{ "RFC 5424, structured data", "<22>1 2026-11-28T12:15:23.1Z mail postfix/smtpd 249 - "
	  "[a@1 b=\"c\"] \xef\xbb\xbf" TAIL, FOUND },
	{ "busybox", "Nov 28 12:15:23 mail mail.info postfix/smtpd[249]: " TAIL, FOUND },
	{ "no host", "Nov 28 12:15:23 postfix/smtpd[249]: " TAIL, FOUND },
	{ "compose", "mail-1  | Nov 28 12:15:23 mail postfix/smtpd[249]: " TAIL, FOUND },
	{ "CRLF", PF TAIL "\r\n", FOUND },
	{ "another program's line", "Nov 28 12:15:23 mail dovecot: imap: " PF TAIL, "+0" },
	{ "another program with a pid", "Nov 28 12:15:23 mail x[1]: postfix/smtpd[249]: " TAIL, "+0" },
	{ "no time", "mail postfix/smtpd[249]: " TAIL, "+0" },
	{ "no month", "Noc 28 12:15:23 mail postfix/smtpd[249]: " TAIL, "+0" },
	{ "another word", PF "warning: Illegal address syntax from c.example[203.0.113.1] in RCPT "
	  "command: <" OTHER "-4-25@a..b>", "+0" },
	{ "nothing", "", "+0" },
};

static void every_head_is_read(void **state)
{
	(void)state;
	CHECK_ROWS(heads);
}

/* ---- what strangers write ---------- */

static const struct row hostile[] = {
	{ "Postfix: an address in RCPT",
	  PF "connect from evil.example[203.0.113.9]\n"
	  PF "warning: Illegal address syntax from evil.example[203.0.113.9] in RCPT command: "
	  "<connect from x[10.0.0.1] " W "-4-25@a..b>\n", "postfix 203.0.113.9 4-25 1; +0" },
	{ "Postfix: an address in ETRN, and no session known",
	  PF "warning: reject: ETRN " W "... from x[10.0.0.1]... from evil.example[203.0.113.9]\n",
	  "+1" },
	{ "Postfix: the process's session is over",
	  PF "connect from a.example[10.0.0.1]\n" PF "disconnect from a.example[10.0.0.1] ehlo=1\n"
	  PF "warning: unknown DSN NOTIFY command value \"" W "\" in \"" W "\"\n", "+1" },
	{ "Postfix: line and process do not agree",
	  PF "connect from a.example[10.0.0.1]\n" PF TAIL "\n", "+1" },
	{ "Postfix: by a socket", PF "connect from unknown[unix:/x]\n"
	  PF "warning: reject: ETRN " W "... from unknown[unix:/x]\n", "+1" },
	{ "Postfix: a colon too few", PF "NOQUEUE: reject RCPT from x[10.0.0.1]: " W "\n", "+1" },
	{ "Exim: an address in HELO",
	  "2026-11-28 12:15:24 H=client.example (x) [10.0.0.1] (" W ".e) [203.0.113.1] rejected "
	  "EXPN " W "\n", "+1" },
	{ "Exim: an address behind HELO",
	  "2026-11-28 12:15:24 H=client.example (" W ".e) [10.0.0.1] (x) [203.0.113.1] rejected "
	  "EXPN " W "\n", "+1" },
	{ "Exim: a client in HELO",
	  "2026-11-28 12:15:24 H=client.example (x H=y (" W ".e) [10.0.0.1]) [203.0.113.1] "
	  "rejected EXPN " W "\n", "+1" },
	{ "Exim: a client in RCPT",
	  "2026-11-28 12:15:26 SMTP protocol error in \"RCPT TO:<" W "@a..b> H=x (" W
	  ".e) [10.0.0.1]\" H=client.example [203.0.113.1] sender not yet given\n", "+1" },
	{ "Exim: a client in what is no command",
	  "2026-11-28 12:15:26 SMTP syntax error in \"H=y (" W ".e) [10.0.0.1]\" "
	  "H=client.example [203.0.113.1] unrecognized command\n", "exim 203.0.113.1 0-0 1; +0" },
	{ "Exim: HELO refused",
	  "2026-11-28 12:15:26 rejected EHLO from client.example [203.0.113.1]: syntactically "
	  "invalid argument(s): x H=y (" W ".e) [10.0.0.1]\n", "+1" },
	{ "Exim: dropped",
	  "2026-11-28 12:15:26 SMTP call from client.example [203.0.113.1] dropped: too many syntax "
	  "or protocol errors (last command was \"H=y (" W ".e) [10.0.0.1]\",  C=EHLO,EXPN)\n",
	  "+1" },
	{ "Exim: somebody else's HELO",
	  "2026-11-28 12:15:24 H=client.example (evil.example) [203.0.113.1] rejected EXPN " W "\n",
	  "+1" },
	{ "Sendmail: a relay in the recipient",
	  SM "6ASCFQa7000295: <x, relay=y [10.0.0.1] " W "@a..b>... Invalid host name\n"
	  SM "6ASCFQa7000295: from=<>, size=0, class=0, nrcpts=0, relay=client.example "
	  "[203.0.113.1]\n", "sendmail 203.0.113.1 0-0 1; +0" },
	{ "Sendmail: a relay in the sender",
	  SM "6ASCFQa7000295: <" W "@a..b>... Invalid host name\n"
	  SM "6ASCFQa7000295: from=<x, relay=y [10.0.0.1]>, size=0, relay=client.example "
	  "[203.0.113.1]\n", "+1" },
	{ "Sendmail: a client in what is no client",
	  SM "6ASCFQa7000295: <y [10.0.0.1]: EXPN " W ">... User unknown\n", "+0" },
	{ "OpenSMTPD: a session in a command",
	  OS "095bddbc1ade73d7 smtp connected address=203.0.113.1 host=client.example\n"
	  OS "095bddbc1ade73d7 smtp failed-command command=\"095bddbdd796cca0 smtp connected "
	  "address=10.0.0.1 " W "\" result=\"500\"\n", "opensmtpd 203.0.113.1 0-0 1; +0" },
	{ "OpenSMTPD: an unknown session",
	  OS "095bddbc1ade73d7 smtp failed-command command=\"" W "\" result=\"500\"\n", "+1" },
	{ "OpenSMTPD: a session that is over",
	  OS "095bddbc1ade73d7 smtp connected address=203.0.113.1 host=client.example\n"
	  OS "095bddbc1ade73d7 smtp disconnected reason=quit\n"
	  OS "095bddbc1ade73d7 smtp failed-command command=\"" W "\" result=\"500\"\n", "+1" },
};

static void only_the_servers_own_words_count(void **state)
{
	(void)state;
	CHECK_ROWS(hostile);
}

/* Cut at every byte, it is the same. */
static void bytes_may_come_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(genuine) / sizeof(*genuine); i++) {
		struct str text = str_of(genuine[i].text);
		char got[2000];
		struct witness_log *log = witness_log_create(W);
		for (size_t k = 0; k < text.n; k++)
			witness_log_read(log, (struct str){ text.p + k, 1 });
		witness_log_end(log);
		CHECK_ROW(genuine[i].label, strcmp(result_of(log, got, sizeof(got)),
		                                   genuine[i].want) == 0);
		witness_log_destroy(log);
	}
}

/* A long line is cut, and its rest is no line; what follows is read. */
static void long_lines_are_cut(void **state)
{
	struct buf text = { 0 };
	char got[200];
	struct witness_log *log = witness_log_create(NULL);
	(void)state;
	buf_add_cstr(&text, PF "x");
	for (size_t i = 0; i < 3 * WITNESS_LINE_BYTES; i++)
		buf_add_byte(&text, 'y');
	buf_add_cstr(&text, PF TAIL "\n" PF TAIL "\n");
	witness_log_read(log, buf_str(&text));
	assert_string_equal(result_of(log, got, sizeof(got)), FOUND);
	assert_int_equal(witness_log_lines(log), 2);
	witness_log_destroy(log);
	buf_fini(&text);
}

/* Without a word each one is found; what is seen stays within its bound, sessions too. */
static void memory_is_bounded(void **state)
{
	struct witness_log *log = witness_log_create(NULL);
	char line[300], word[WITNESS_WORD_SIZE];
	size_t n;
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t random[WITNESS_RANDOM_BYTES] = { (uint8_t)i, (uint8_t)(i >> 8) };
		witness_word_make(20785, random, word);
		snprintf(line, sizeof(line), "Nov 28 12:15:23 m postfix/smtpd[%u]: connect from "
		         "a[10.0.0.1]\nNov 28 12:15:23 m postfix/smtpd[%u]: warning: reject: ETRN "
		         "%s... x\n", i, i, word);
		witness_log_read(log, str_of(line));
	}
	assert_non_null(witness_log_sightings(log, &n));
	assert_int_equal(n, WITNESS_SIGHTINGS_MAX);
	assert_true(witness_log_cut(log));
	assert_int_equal(witness_log_unplaced(log), 0);
	witness_log_destroy(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_server_is_read),
		cmocka_unit_test(every_head_is_read),
		cmocka_unit_test(only_the_servers_own_words_count),
		cmocka_unit_test(bytes_may_come_in_pieces),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
