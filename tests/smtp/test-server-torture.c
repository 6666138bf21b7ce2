/* SPDX-License-Identifier: ISC
 *
 * What undid servers elsewhere: a line end inside an address, text behind the last chunk, commands
 * pipelined into a message, states that are left in the middle, floods of whatever is cheap to say.
 * Each as a dialogue, in all pieces.
 */
#include "dialogue.h"

#define GREETING "S: 220 mx.test ESMTP\n"
#define EHLO GREETING \
	"C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\n" \
	"S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
#define MAIL_RCPT \
	"C: MAIL FROM:<a@b>\nS: 250 2.1.0 OK\nC: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n"
#define EVENTS "E: CONNECT\nE: EHLO c.test\n"
#define EVENTS_TO_DATA EVENTS "E: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
#define NOOP "C: NOOP\nS: 250 2.0.0*\n"
#define MANY .limits.errors = 1000

/* What a line holds ends with it; what is behind it is another, and in no transaction. */
static const struct script addresses[] = {
	{ "CRLF in MAIL FROM", .text = EHLO
	  "c: MAIL FROM:<a\\r\\nRCPT TO:<x@y>@b>\\r\\n\nS: 501 5.1.7*\nS: 503 5.5.1*\n" NOOP EVENTS },
	{ "CRLF in a quoted sender", .text = EHLO
	  "c: MAIL FROM:<\"a\\r\\nRCPT TO:<x@y>\\r\\n\"@b>\\r\\n\nS: 501 5.1.7*\nS: 503*\nS: 500*\n"
	  NOOP EVENTS "E: UNKNOWN \\\"@b>" },
	{ "an escaped CRLF", .text = EHLO
	  "c: MAIL FROM:<\"a\\\\\\r\\n\"@b>\\r\\n\nS: 501*\nS: 500*\n" NOOP },
	{ "a bare LF, CR, NUL", { MANY }, .text = EHLO
	  "c: MAIL FROM:<a@b>\\nRCPT TO:<x@y>\\r\\n\nS: 500 5.5.2*\n"
	  "c: MAIL FROM:<a@b>\\rRCPT TO:<x@y>\\r\\n\nS: 500 5.5.2*\n"
	  "c: MAIL FROM:<a@b\\0>\\r\\n\nS: 500 5.5.2*\nc: MAIL FROM:<\"\\0\"@b>\\r\\n\nS: 500*\n"
	  NOOP EVENTS },
	{ "other space than SP", { MANY }, .text = EHLO
	  "c: MAIL FROM:<a@b>\\x0bSIZE=1\\r\\n\nS: 501*\nc: MAIL FROM:<a@b>\\tSIZE=1\\r\\n\nS: 501*\n"
	  "c: MAIL FROM:<a\\x0c@b>\\r\\n\nS: 501*\nc: MAIL FROM:<a@b\\x7f>\\r\\n\nS: 501*\n" EVENTS },
	{ "line ends as xtext", { .offer_auth_plain = true, .auth_in_clear = true },
	  .text = GREETING
	  "C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n"
	  "S: 250-AUTH*\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
	  "C: MAIL FROM:<a@b> ENVID=x+0D+0AX:y\nS: 501 5.5.4*\n"
	  "C: MAIL FROM:<a@b> AUTH=x+0Ay\nS: 501 5.5.4*\nC: MAIL FROM:<a@b> AUTH=x+00\nS: 501*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<c@d> ORCPT=rfc822;x+0D+0AX:y\nS: 501*\n"
	  "C: RCPT TO:<c@d> ORCPT=rfc+2D822;x\nS: 501*\n" EVENTS "E: MAIL <a@b>" },
	{ "two paths", { MANY }, .text = EHLO
	  "C: MAIL FROM:<a@b><c@d>\nS: 501*\nC: MAIL FROM:<a@b>,<c@d>\nS: 501*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<c@d>,<x@y>\nS: 501*\n"
	  "C: RCPT TO:<c@d> <x@y>\nS: 501*\nC: RCPT TO:<c@d> TO:<x@y>\nS: 501*\n"
	  EVENTS "E: MAIL <a@b>" },
};

static const struct script chunks[] = {
	{ "a command right behind LAST", .text = EHLO MAIL_RCPT
	  "c: BDAT 3 LAST\\r\\nabcNOOP\\r\\n\nS: 250 2.0.0 Taken\nS: 250 2.0.0 Nothing*\n"
	  EVENTS_TO_DATA "E: TEXT abc\nE: MESSAGE" },
	{ "text behind LAST", .text = EHLO MAIL_RCPT
	  "c: BDAT 3 LAST\\r\\nabcdef\\r\\n.\\r\\nNOOP\\r\\n\nS: 250 2.0.0 Taken\nS: 500*\nS: 500*\n"
	  "S: 250 2.0.0 Nothing*\n" EVENTS_TO_DATA "E: TEXT abc\nE: MESSAGE\nE: UNKNOWN def\n"
	  "E: UNKNOWN ." },
	{ "another LAST", .text = EHLO MAIL_RCPT
	  "c: BDAT 3 LAST\\r\\nabcBDAT 6 LAST\\r\\nQUIT\\r\\nBDAT 0 LAST\\r\\n\nS: 250 2.0.0 Taken\n"
	  "S: 503 5.5.1*\nS: 503 5.5.1*\n" NOOP EVENTS_TO_DATA "E: TEXT abc\nE: MESSAGE" },
	/* There it ends nothing; whoever sends it on by DATA doubles it. */
	{ "a dot in a chunk", .text = EHLO MAIL_RCPT
	  "c: BDAT 7 LAST\\r\\na\\r\\n.\\r\\nbNOOP\\r\\n\nS: 250 2.0.0 Taken\nS: 250 2.0.0 Nothing*\n"
	  EVENTS_TO_DATA "E: TEXT a\\x0d\\n.\\x0d\\nb\nE: MESSAGE" },
	{ "RSET between chunks", .text = EHLO MAIL_RCPT
	  "c: BDAT 3\\r\\na\\r\\nRSET\\r\\nBDAT 3 LAST\\r\\nb\\r\\nNOOP\\r\\n\nS: 250 2.0.0 Chunk*\n"
	  "S: 250 2.0.0 Forgotten\nS: 503 5.5.1*\nS: 250 2.0.0 Nothing*\n" EVENTS_TO_DATA
	  "E: ABORT" },
	{ "between chunks, all else is refused", { MANY, .offer_starttls = true }, .text = GREETING
	  "C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n"
	  "S: 250-STARTTLS\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n" MAIL_RCPT
	  "c: BDAT 3\\r\\na\\r\\n\nS: 250*\nC: DATA\nS: 503*\nC: RCPT TO:<x@y>\nS: 503*\n"
	  "C: MAIL FROM:<x@y>\nS: 503*\nC: EHLO x\nS: 503*\nC: STARTTLS\nS: 503*\n"
	  "c: BDAT 3 LAST\\r\\nb\\r\\n\nS: 250 2.0.0 Taken\n" EVENTS_TO_DATA
	  "E: TEXT a\\x0d\\nb\\x0d\\n\nE: MESSAGE" },
	{ "QUIT between chunks", .text = EHLO MAIL_RCPT "c: BDAT 3\\r\\na\\r\\n\nS: 250*\nC: QUIT\n"
	  "S: 221*\nC: NOOP\n" EVENTS_TO_DATA "E: ABORT\nE: CLOSE" },
	{ "a chunk larger than what is taken", { .limits.message_bytes = 10 }, .text = EHLO MAIL_RCPT
	  "c: BDAT 12\\r\\n0123456789\\r\\nBDAT 4\\r\\nRSETNOOP\\r\\n\nS: 552 5.3.4*\nS: 503*\n"
	  "S: 250 2.0.0 Nothing*\n" },
	{ "counts", { MANY }, .text = EHLO MAIL_RCPT "C: BDAT 18446744073709551616 LAST\n"
	  "S: 501 5.5.4*\nC: NOOP\n" EVENTS "E: MAIL <a@b>\nE: RCPT <c@d>\nE: CLOSE" },
	{ "a count in another base", .text = EHLO MAIL_RCPT "C: BDAT 0x3 LAST\nS: 501 5.5.4*\n"
	  "C: abc\n" EVENTS "E: MAIL <a@b>\nE: RCPT <c@d>\nE: CLOSE" },
};

/* Until the dot all is text. */
static const struct script pipelined[] = {
	{ "RSET in DATA", .text = EHLO MAIL_RCPT
	  "c: DATA\\r\\nRSET\\r\\nQUIT\\r\\n.\\r\\nNOOP\\r\\n\nS: 354*\nS: 250 2.0.0 Taken\n"
	  "S: 250 2.0.0 Nothing*\n" EVENTS_TO_DATA
	  "E: TEXT RSET\\x0d\\nQUIT\\x0d\\n\nE: MESSAGE" },
	{ "STARTTLS in DATA", { .offer_starttls = true }, .text = GREETING
	  "C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n"
	  "S: 250-STARTTLS\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n" MAIL_RCPT
	  "c: DATA\\r\\nSTARTTLS\\r\\n.\\r\\n\nS: 354*\nS: 250 2.0.0 Taken\n" EVENTS_TO_DATA
	  "E: TEXT STARTTLS\\x0d\\n\nE: MESSAGE" },
	/* The text of a message that DATA did not want is commands, by RFC 2920 3.1; none of them
	 * finds a transaction that would carry it. */
	{ "DATA that is refused, and its text", { MANY }, .text = EHLO
	  "C: MAIL FROM:<nodata@b>\nS: 250*\nC: RCPT TO:<c@d>\nS: 250*\n"
	  "c: DATA\\r\\nMAIL FROM:<x@y>\\r\\nRCPT TO:<z@y>\\r\\nDATA\\r\\n.\\r\\n\nS: 554 5.7.1*\n"
	  "S: 503 5.5.1 A sender*\nS: 250*\nS: 554 5.7.1*\nS: 500*\n" NOOP },
	{ "DATA without recipients, and its text", { MANY }, .text = EHLO
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<refuse@d>\nS: 550*\n"
	  "c: DATA\\r\\nRSET\\r\\n.\\r\\n\nS: 554 5.5.1*\nS: 250 2.0.0 Forgotten\nS: 500*\n" NOOP },
	{ "a new MAIL does not keep recipients", .text = EHLO MAIL_RCPT
	  "C: RSET\nS: 250*\nC: MAIL FROM:<e@f>\nS: 250*\nC: DATA\nS: 554 5.5.1*\n" },
	{ "EHLO forgets the transaction", .text = EHLO MAIL_RCPT
	  "C: HELO x\nS: 250*\nC: DATA\nS: 503 5.5.1*\nC: RCPT TO:<c@d>\nS: 503*\n" },
};

#define FOUR(line) line line line line
static const struct script floods[] = {
	{ "NOOP", { .limits.commands = 5 }, .text = EHLO FOUR("C: NOOP\nS: 250*\n")
	  "C: NOOP\nS: 421 4.7.0*\nC: NOOP\n" },
	{ "RSET", { .limits.commands = 5 }, .text = EHLO FOUR("C: RSET\nS: 250*\n")
	  "C: RSET\nS: 421 4.7.0*\nC: RSET\n" },
	{ "unknown commands", { .limits.errors = 5 }, .text = EHLO FOUR("C: X\nS: 500*\n")
	  "C: X\nS: 500*\nS: 421 4.7.0*\nC: X\n" },
	{ "empty lines", { .limits.errors = 5 }, .text = EHLO FOUR("C: \nS: 500*\n")
	  "C: \nS: 500*\nS: 421*\nC: \n" },
	{ "guessed recipients", { .limits.errors = 5 }, .text = EHLO "C: MAIL FROM:<a@b>\nS: 250*\n"
	  FOUR("C: RCPT TO:<refuse@d>\nS: 550*\n") "C: RCPT TO:<refuse@d>\nS: 550*\nS: 421*\n"
	  "C: RCPT TO:<c@d>\n" },
	{ "a million recipients", { .limits = { .errors = 5, .recipients = 4 } }, .text = EHLO
	  "C: MAIL FROM:<a@b>\nS: 250*\n" FOUR("C: RCPT TO:<c@d>\nS: 250*\n")
	  FOUR("C: RCPT TO:<c@d>\nS: 452 4.5.3*\n") "C: RCPT TO:<c@d>\nS: 452*\nS: 421*\nC: NOOP\n" },
	{ "transactions that come to nothing", { .limits.transactions = 4 }, .text = EHLO
	  FOUR("C: MAIL FROM:<a@b>\nS: 250*\nC: RSET\nS: 250*\n")
	  "C: MAIL FROM:<a@b>\nS: 421 4.7.0*\nC: RSET\n" },
	{ "lines of AUTH LOGIN", { .limits.errors = 5, .offer_auth_plain = true,
	                           .auth_in_clear = true },
	  .text = GREETING
	  "C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n"
	  "S: 250-AUTH*\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
	  FOUR("C: AUTH LOGIN eA==\nS: 334*\nC: eA==\nS: 535*\n")
	  "C: AUTH LOGIN eA==\nS: 334*\nC: eA==\nS: 535*\nS: 421 4.7.0*\nC: AUTH PLAIN AHUAcA==\n" },
	{ "half of AUTH LOGIN", { .limits.commands = 7, .offer_auth_plain = true,
	                          .auth_in_clear = true },
	  .text = GREETING
	  "C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n"
	  "S: 250-AUTH*\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
	  "C: AUTH LOGIN\nS: 334*\nC: dQ==\nS: 334*\nC: *\nS: 501*\nC: AUTH LOGIN\nS: 334*\n"
	  "C: dQ==\nS: 334*\nC: *\nS: 501*\nC: AUTH LOGIN\nS: 421*\nC: dQ==\n" },
};

static void test_addresses(void **state) { (void)state; RUN_SCRIPTS(addresses); }
static void test_chunks(void **state) { (void)state; RUN_SCRIPTS(chunks); }
static void test_pipelined(void **state) { (void)state; RUN_SCRIPTS(pipelined); }
static void test_floods(void **state) { (void)state; RUN_SCRIPTS(floods); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_pipelined), cmocka_unit_test(test_floods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
