/* SPDX-License-Identifier: ISC
 *
 * Nobody may disagree with us where a command or a message ends: every false end
 * of CVE-2023-51764 and its kin, in commands, after DATA and in BDAT; and input
 * injected in front of TLS (CVE-2011-0411).
 */
#include "dialogue.h"

#include <stdlib.h>

#define HELLO "S: 220 mx.test ESMTP\nC: HELO c.test\nS: 250 mx.test\n"
#define MAIL_RCPT \
	"C: MAIL FROM:<a@b>\nS: 250 2.1.0 OK\nC: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n"
#define TO_DATA HELLO MAIL_RCPT "C: DATA\nS: 354 Go on\n"
#define EVENTS_TO_DATA "E: CONNECT\nE: HELO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
#define SMUGGLED "MAIL FROM:<x@y>\\r\\nRCPT TO:<smuggled@y>\\r\\nDATA\\r\\nz\\r\\n.\\r\\n"
#define SPOILT "S: 554 5.6.0 A bare CR or LF is in the message\n"
/* The false end is no end: what is behind it is text, the true end refuses all, and
 * the session goes on. */
#define FALSE_END(name, bytes) \
	{ name, .text = TO_DATA "c: Subject: x\\r\\n\\r\\ntext" bytes SMUGGLED "\n" SPOILT \
	  "C: NOOP\nS: 250 2.0.0*\n" EVENTS_TO_DATA "E: ABORT" }

static const struct script data[] = {
	FALSE_END("LF.LF", "\\n.\\n"),
	FALSE_END("LF.CRLF", "\\n.\\r\\n"),
	FALSE_END("CRLF.LF", "\\r\\n.\\n"),
	FALSE_END("CR.CR", "\\r.\\r"),
	FALSE_END("CR.CRLF", "\\r.\\r\\n"),
	FALSE_END("CRLF.CR", "\\r\\n.\\r"),
	FALSE_END("CR.LF", "\\r.\\n"),
	FALSE_END("LF.CR", "\\n.\\r"),
	FALSE_END("LFLF.CRLF", "\\n\\n.\\r\\n"),
	FALSE_END("CRLF.CRCRLF", "\\r\\n.\\r\\r\\n"),
	FALSE_END("CRCRLF.CRLF", "\\r\\r\\n.\\r\\r\\n"),
	FALSE_END("LFCR.LFCR", "\\n\\r.\\n\\r"),
	FALSE_END("a bare LF alone", "\\n"),
	FALSE_END("a bare CR alone", "\\r"),
	{ "CRCRLF, then a true end", .text = TO_DATA
	  "c: a\\r\\r\\n.\\r\\n\n" SPOILT "C: NOOP\nS: 250*\n" EVENTS_TO_DATA "E: ABORT" },
	{ "LF first", .text = TO_DATA "c: \\n.\\r\\n\\r\\n.\\r\\n\n" SPOILT "C: NOOP\nS: 250*\n" },
	{ ".NULCRLF is text", { .nul_ok = true },
	  .text = TO_DATA "c: .\\0\\r\\n.\\r\\n\nS: 250 2.0.0 Taken\n"
	  EVENTS_TO_DATA "E: TEXT \\x00\\x0d\\n\nE: MESSAGE" },
	{ "a NUL", .text = TO_DATA "c: a\\0b\\r\\n.\\r\\nNOOP\\r\\n\n"
	  "S: 554 5.6.0 A NUL is in the message\nS: 250 2.0.0*\n" EVENTS_TO_DATA "E: ABORT" },
	{ "a NUL in the end", .text = TO_DATA "c: a\\r\\n.\\0\\r\\n.\\r\\0\\n.\\r\\n\\r\\n.\\r\\n\n"
	  SPOILT "C: NOOP\nS: 250 2.0.0*\n" EVENTS_TO_DATA "E: ABORT" },
	{ "a dot and a space are text", .text = TO_DATA "c: . \\r\\n.\\r\\n\nS: 250 2.0.0 Taken\n"
	  EVENTS_TO_DATA "E: TEXT  \\x0d\\n\nE: MESSAGE" },
	{ "a dot behind text ends nothing", .text = TO_DATA "c: a.\\r\\n.\\r\\n\nS: 250*\n"
	  EVENTS_TO_DATA "E: TEXT a.\\x0d\\n\nE: MESSAGE" },
};

static const struct script commands[] = {
	{ "a bare LF ends no command", .text = HELLO
	  "c: NOOP\\nRSET\\r\\n\nS: 500 5.5.2 A bare*\nC: NOOP\nS: 250*\n" },
	{ "a bare CR ends no command", .text = HELLO
	  "c: NOOP\\rRSET\\r\\n\nS: 500 5.5.2 A bare*\nC: NOOP\nS: 250*\n" },
	{ "CRCRLF", .text = HELLO "c: NOOP\\r\\r\\n\nS: 500 5.5.2*\nC: NOOP\nS: 250*\n" },
	{ "LFCRLF", .text = HELLO "c: NOOP\\n\\r\\n\nS: 500 5.5.2*\nC: NOOP\nS: 250*\n" },
	{ "NUL", .text = HELLO "c: NOOP\\0\\r\\n\nS: 500 5.5.2*\nc: RSET \\0x\\r\\n\n"
	  "S: 500 5.5.2*\n" },
	{ "a whole session with LF alone is one line", .text = "S: 220 mx.test ESMTP\n"
	  "c: EHLO x\\nMAIL FROM:<a@b>\\nRCPT TO:<c@d>\\nDATA\\n\\r\\n\nS: 500 5.5.2*\n"
	  "E: CONNECT" },
	{ "a CR inside an address", .text = HELLO
	  "c: MAIL FROM:<a\\r@b>\\r\\n\nS: 500 5.5.2*\n" },
};

#define EHLO \
	"S: 220 mx.test ESMTP\nC: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\n" \
	"S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
#define EVENTS_TO_BDAT "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
#define BAD_CHUNK(name, count, bytes) \
	{ name, .text = EHLO MAIL_RCPT "C: BDAT " count " LAST\nc: " bytes "\n" SPOILT \
	  "C: NOOP\nS: 250*\n" EVENTS_TO_BDAT "E: ABORT" }

static const struct script chunks[] = {
	BAD_CHUNK("LF.LF", "5", "a\\n.\\nb"),
	BAD_CHUNK("CR.CR", "5", "a\\r.\\rb"),
	BAD_CHUNK("LF first", "2", "\\na"),
	BAD_CHUNK("CRCRLF", "4", "a\\r\\r\\n"),
	BAD_CHUNK("LFCR", "3", "a\\n\\r"),
	BAD_CHUNK("a CR last", "2", "a\\r"),
	{ "a NUL", .text = EHLO MAIL_RCPT "C: BDAT 3 LAST\nc: a\\0b\nS: 554 5.6.0 A NUL*\n"
	  "C: NOOP\nS: 250*\n" EVENTS_TO_BDAT "E: ABORT" },
	{ "a CR last, and the next chunk has no LF", .text = EHLO MAIL_RCPT
	  "C: BDAT 2\nc: a\\r\nS: 250*\nC: BDAT 2 LAST\nc: b\\n\n" SPOILT },
	{ "a CR last, and the last chunk is empty", .text = EHLO MAIL_RCPT
	  "C: BDAT 2\nc: a\\r\nS: 250*\nC: BDAT 0 LAST\n" SPOILT EVENTS_TO_BDAT "E: ABORT" },
	{ "spoilt in the first of two chunks", .text = EHLO MAIL_RCPT
	  "C: BDAT 2\nc: a\\n\n" SPOILT "C: BDAT 2 LAST\nc: b\\n\nS: 503 5.5.1*\n" },
	{ "commands in a chunk are text", .text = EHLO MAIL_RCPT
	  "C: BDAT 6 LAST\nc: QUIT\\r\\n\nS: 250 2.0.0 Taken\n"
	  EVENTS_TO_BDAT "E: TEXT QUIT\\x0d\\n\nE: MESSAGE" },
};

static void test_data(void **state) { (void)state; RUN_SCRIPTS(data); }
static void test_commands(void **state) { (void)state; RUN_SCRIPTS(commands); }
static void test_chunks(void **state) { (void)state; RUN_SCRIPTS(chunks); }

/* --- STARTTLS --- */

static struct smtp_server *tls_server(void)
{
	const struct smtp_server_options options = { .hostname = "mx.test",
	                                             .offer_starttls = true };
	return smtp_server_create(&options);
}

/* Runs on and says yes; gives the last event. */
static enum smtp_server_event_type run(struct smtp_server *s)
{
	struct smtp_server_event ev = { 0 };
	enum smtp_server_event_type last = SMTP_SERVER_CONNECT;
	while (smtp_server_next(s, &ev)) {
		last = ev.type;
		if (ev.type == SMTP_SERVER_CONNECT)
			smtp_server_reply(s, 220, NULL, NULL);
		else if (ev.type == SMTP_SERVER_HELO)
			smtp_server_reply(s, 250, NULL, NULL);
		else
			assert_true(ev.type == SMTP_SERVER_STARTTLS ||
			            ev.type == SMTP_SERVER_CLOSE);
	}
	return last;
}

static void test_injected_in_one_packet(void **state)
{
	(void)state;
	struct smtp_server *s = tls_server();
	run(s);
	smtp_server_input(s, STR("EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n"));
	assert_int_equal(run(s), SMTP_SERVER_CLOSE);
	assert_true(str_search(smtp_server_output(s), STR("\r\n554 5.5.0 ")) != SIZE_MAX);
	assert_true(str_search(smtp_server_output(s), STR("220 2.0.0")) == SIZE_MAX);
	smtp_server_destroy(s);
}

static void test_injected_later(void **state)
{
	(void)state;
	struct smtp_server *s = tls_server();
	run(s);
	smtp_server_input(s, STR("EHLO x\r\nSTARTTLS\r\n"));
	assert_int_equal(run(s), SMTP_SERVER_STARTTLS);
	smtp_server_input(s, STR("M"));
	assert_int_equal(run(s), SMTP_SERVER_CLOSE);
	/* Too late now. */
	smtp_server_tls_started(s);
	smtp_server_input(s, STR("EHLO x\r\n"));
	struct smtp_server_event ev;
	assert_false(smtp_server_next(s, &ev));
	smtp_server_destroy(s);
}

static void test_nothing_survives_tls(void **state)
{
	(void)state;
	struct smtp_server *s = tls_server();
	run(s);
	smtp_server_input(s, STR("EHLO x\r\nSTARTTLS\r\n"));
	assert_int_equal(run(s), SMTP_SERVER_STARTTLS);
	smtp_server_output_sent(s, smtp_server_output(s).n);
	smtp_server_tls_started(s);
	smtp_server_input(s, STR("MAIL FROM:<a@b>\r\n"));
	run(s);
	assert_true(str_prefix(smtp_server_output(s), STR("503 ")));
	smtp_server_destroy(s);
}

/* No clear text goes into a handshake, not even "421". */
static void test_shutdown_in_handshake(void **state)
{
	(void)state;
	struct smtp_server *s = tls_server();
	run(s);
	smtp_server_input(s, STR("EHLO x\r\nSTARTTLS\r\n"));
	assert_int_equal(run(s), SMTP_SERVER_STARTTLS);
	smtp_server_output_sent(s, smtp_server_output(s).n);
	smtp_server_shutdown(s, "4.3.2", "Going down");
	assert_int_equal(smtp_server_output(s).n, 0);
	assert_int_equal(run(s), SMTP_SERVER_CLOSE);
	smtp_server_destroy(s);
}

static void test_tls_from_the_first_byte(void **state)
{
	(void)state;
	struct smtp_server *s = tls_server();
	smtp_server_tls_started(s);
	run(s);
	smtp_server_input(s, STR("EHLO x\r\n"));
	run(s);
	assert_true(str_search(smtp_server_output(s), STR("STARTTLS")) == SIZE_MAX);
	smtp_server_input(s, STR("STARTTLS\r\n"));
	run(s);
	assert_true(str_search(smtp_server_output(s), STR("503 5.5.1 TLS")) != SIZE_MAX);
	smtp_server_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_chunks), cmocka_unit_test(test_injected_in_one_packet),
		cmocka_unit_test(test_injected_later), cmocka_unit_test(test_nothing_survives_tls),
		cmocka_unit_test(test_shutdown_in_handshake),
		cmocka_unit_test(test_tls_from_the_first_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
