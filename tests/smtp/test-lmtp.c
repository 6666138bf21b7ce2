/* SPDX-License-Identifier: ISC
 *
 * LMTP (RFC 2033) of both engines, the parameters of an envelope as types, and what the server
 * tells of its session.
 */
#include "dialogue.h"

#include "smtp/client.h"

#define LHLO \
	"S: 220 mx.test ESMTP\n" \
	"C: LHLO c.test\n" \
	"S: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\n" \
	"S: 250-DSN\nS: 250 ENHANCEDSTATUSCODES\n"
#define LMTP { .lmtp = true, .limits = { .message_bytes = 1000 } }
#define THREE \
	"C: MAIL FROM:<a@b>\nS: 250 2.1.0 OK\nC: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n" \
	"C: RCPT TO:<refuse@d>\nS: 550 5.7.1 Refused\nC: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n" \
	"C: RCPT TO:<e@d>\nS: 250 2.1.5 OK\n"

static const struct script lmtp[] = {
	{ "a reply for each recipient that was accepted", LMTP, .text = LHLO THREE
	  "C: DATA\nS: 354 Go on\nC: x\nC: .\nS: 250 2.0.0 Taken\nS: 452 4.0.0 Full\n"
	  "S: 250 2.0.0 Taken\nC: QUIT\nS: 221*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: RCPT <refuse@d>\n"
	  "E: RCPT <c@d>\nE: RCPT <e@d>\nE: DATA\nE: TEXT x\\x0d\\n\nE: MESSAGE 3\nE: CLOSE" },
	{ "the next transaction counts anew", LMTP, .text = LHLO THREE "C: RSET\nS: 250*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<c@d>\nS: 250*\n"
	  "C: DATA\nS: 354 Go on\nC: .\nS: 250 2.0.0 Taken\nC: NOOP\nS: 250 2.0.0 Nothing done\n" },
	{ "what we refuse ourselves is refused for each", LMTP, .text = LHLO THREE
	  "C: DATA\nS: 354 Go on\nC: x\\ny\nC: .\nS: 554 5.6.0*\nS: 554 5.6.0*\nS: 554 5.6.0*\n"
	  "C: NOOP\nS: 250*\n" },
	{ "too many errors in the middle", { .lmtp = true, .limits = { .message_bytes = 1000,
	  .errors = 3 } }, .text = LHLO THREE
	  "C: DATA\nS: 354 Go on\nC: x\\ny\nC: .\nS: 554*\nS: 554*\nS: 421*\n" },
	{ "HELO and EHLO are another protocol's", LMTP, .text = "S: 220 mx.test ESMTP\n"
	  "C: HELO x\nS: 500*\nC: EHLO x\nS: 500*\nC: MAIL FROM:<a@b>\nS: 503*\n" },
	{ "LHLO is not SMTP's", .text = "S: 220*\nC: LHLO x\nS: 500*\n" },
	{ "no recipient, no message", LMTP, .text = LHLO
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<refuse@d>\nS: 550*\nC: DATA\nS: 503 5.5.1*\n" },
	{ "no chunks", LMTP, .text = LHLO THREE "C: BDAT 1 LAST\nS: 500*\n" },
};

static const struct script no_dsn[] = {
	{ "not offered: not known", .no_dsn = true,
	  .text = "S: 220*\nC: EHLO x\nS: 250-mx*\nS: 250-PIP*\nS: 250-SIZE*\nS: 250-8BIT*\n"
	  "S: 250-CHUNK*\nS: 250 ENH*\nC: MAIL FROM:<a@b> RET=FULL\nS: 555 5.5.4*\n"
	  "C: MAIL FROM:<a@b> ENVID=x\nS: 555*\nC: MAIL FROM:<a@b>\nS: 250*\n"
	  "C: RCPT TO:<c@d> NOTIFY=NEVER\nS: 555*\nC: RCPT TO:<c@d> ORCPT=rfc822;c@d\nS: 555*\n" },
};

#define EHLO_ANY "S: 220*\nC: EHLO x\nS: 250-mx*\nS: 250-PIP*\nS: 250-SIZE*\nS: 250-8BIT*\n" \
	"S: 250-SMTPUTF8\nS: 250-CHUNK*\nS: 250-DSN\nS: 250 ENH*\n"
static const struct script typed[] = {
	{ "all parameters", { .offer_smtputf8 = true }, .text = EHLO_ANY
	  "C: MAIL FROM:<a@b> ret=full envid=QQ+2B1 body=8bitmime size=00012 SMTPUTF8\nS: 250*\n"
	  "C: RCPT TO:<c@d> orcpt=rfc822;c+40d notify=delay,SUCCESS\nS: 250*\n"
	  "E: CONNECT\nE: EHLO x\n"
	  "E: MAIL <a@b> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=QQ+2B1\n"
	  "E: RCPT <c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d" },
	{ "those of one command are not the next one's", { .offer_smtputf8 = true },
	  .text = EHLO_ANY "C: MAIL FROM:<a@b> RET=HDRS\nS: 250*\nC: RSET\nS: 250*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<c@d> NOTIFY=NEVER\nS: 250*\n"
	  "C: RCPT TO:<e@d>\nS: 250*\n"
	  "E: CONNECT\nE: EHLO x\nE: MAIL <a@b> RET=HDRS\nE: MAIL <a@b>\n"
	  "E: RCPT <c@d> NOTIFY=NEVER\nE: RCPT <e@d>" },
	{ "xtext stands for what can be printed", { .offer_smtputf8 = true }, .text = EHLO_ANY
	  "C: MAIL FROM:<a@b> ENVID=a+0D+0Ab\nS: 501*\nC: MAIL FROM:<a@b> ENVID=+FF\nS: 501*\n"
	  "C: MAIL FROM:<a@b> ENVID=a+20b\nS: 250*\nC: RCPT TO:<c@d> ORCPT=rfc822;+00\nS: 501*\n" },
};

static void test_lmtp(void **state) { (void)state; RUN_SCRIPTS(lmtp); }
static void test_no_dsn(void **state) { (void)state; RUN_SCRIPTS(no_dsn); }
static void test_typed(void **state) { (void)state; RUN_SCRIPTS(typed); }

static void test_xtext(void **state)
{
	(void)state;
	static const struct { const char *xtext, *plain; } rows[] = {
		{ "", "" }, { "abc", "abc" }, { "a+2Bb", "a+b" }, { "+3D+20", "= " },
		{ "a+", NULL }, { "a+2", NULL }, { "a+2b", NULL }, { "a=b", NULL }, { "a b", NULL },
		{ "+2B+", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		buf_add_cstr(&out, ":");
		bool good = smtp_xtext_decode(str_of(rows[i].xtext), &out);
		CHECK_ROW(rows[i].xtext, good == (rows[i].plain != NULL));
		CHECK_ROW(rows[i].xtext, str_eq(str_from(buf_str(&out), 1),
		                                str_of(good ? rows[i].plain : "")));
		buf_fini(&out);
	}
}

/* ---- the state of a session --------------------------------------------------------- */

static void say(struct smtp_server *s, const char *bytes, int code)
{
	struct smtp_server_event ev;
	smtp_server_input(s, str_of(bytes));
	while (smtp_server_next(s, &ev))
		if (ev.type != SMTP_SERVER_TEXT && ev.type != SMTP_SERVER_STARTTLS)
			smtp_server_reply(s, ev.type == SMTP_SERVER_AUTH ? 235 :
			                  ev.type == SMTP_SERVER_CONNECT ? 220 : code, NULL, NULL);
	smtp_server_output_sent(s, smtp_server_output(s).n);
}

static void test_state(void **state)
{
	(void)state;
	const struct smtp_server_options options = {
		.hostname = "mx.test", .offer_starttls = true, .offer_auth_plain = true,
		.offer_smtputf8 = true,
	};
	struct smtp_server *s = smtp_server_create(&options);
	say(s, "HELO x\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "SMTP");
	assert_false(smtp_server_state(s).esmtp);
	say(s, "EHLO x\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "ESMTP");
	say(s, "STARTTLS\r\n", 250);
	smtp_server_tls_started(s);
	say(s, "EHLO x\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "ESMTPS");
	assert_true(smtp_server_state(s).tls);
	assert_int_equal(smtp_server_state(s).login.n, 0);
	say(s, "AUTH PLAIN AGFubgBw\r\n", 250);
	assert_true(str_eq(smtp_server_state(s).login, STR("ann")));
	assert_string_equal(smtp_server_state(s).protocol, "ESMTPSA");
	say(s, "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@d>\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "UTF8SMTPSA");
	assert_int_equal(smtp_server_state(s).recipients, 2);
	say(s, "RSET\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "ESMTPSA");
	assert_int_equal(smtp_server_state(s).recipients, 0);
	smtp_server_destroy(s);
}

static void test_state_lmtp(void **state)
{
	(void)state;
	const struct smtp_server_options options = { .hostname = "mx.test", .lmtp = true,
	                                             .offer_smtputf8 = true };
	struct smtp_server *s = smtp_server_create(&options);
	say(s, "LHLO x\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "LMTP");
	say(s, "MAIL FROM:<a@b> SMTPUTF8\r\n", 250);
	assert_string_equal(smtp_server_state(s).protocol, "UTF8LMTP");
	smtp_server_destroy(s);
}

/* ---- the client --------------------------------------------------------------------- */

static void hear(struct smtp_client *c, const char *bytes, struct buf *log)
{
	struct smtp_client_event ev;
	smtp_client_input(c, str_of(bytes));
	while (smtp_client_next(c, &ev))
		if (ev.type == SMTP_CLIENT_BROKEN)
			buf_printf(log, "BROKEN\n");
		else
			buf_printf(log, "%s#%u %d\n", smtp_verb_name(ev.verb), ev.tag,
			           ev.reply.code);
}

/* Pipelined: whose RCPTs hold is known when their replies have come. */
static void test_client(void **state)
{
	(void)state;
	const struct smtp_client_limits limits = { .lmtp = true };
	struct smtp_client *c = smtp_client_create(&limits);
	struct buf log = { 0 };
	smtp_client_command(c, SMTP_EHLO, 1, STR("LHLO c.test"));
	for (int i = 0; i < 2; i++) {
		smtp_client_command(c, SMTP_MAIL, 2, STR("MAIL FROM:<a@b>"));
		smtp_client_command(c, SMTP_RCPT, 3, STR("RCPT TO:<c@d>"));
		smtp_client_command(c, SMTP_RCPT, 4, STR("RCPT TO:<e@d>"));
		smtp_client_command(c, SMTP_RCPT, 5, STR("RCPT TO:<f@d>"));
		smtp_client_message(c, 6, STR("x"));
	}
	smtp_client_command(c, SMTP_QUIT, 7, STR("QUIT"));
	smtp_client_output_sent(c, smtp_client_output(c).n);
	hear(c, "220 x\r\n250 x\r\n250 m\r\n250 a\r\n550 b\r\n250 c\r\n250 1\r\n", &log);
	assert_string_equal(buf_cstr(&log), "banner#0 220\nEHLO#1 250\nMAIL#2 250\nRCPT#3 250\n"
	                    "RCPT#4 550\nRCPT#5 250\nmessage#3 250\n");
	assert_int_equal(smtp_client_awaiting(c), SMTP_MESSAGE);
	buf_clear(&log);
	hear(c, "452 2\r\n250 m\r\n550 a\r\n550 b\r\n550 c\r\n503 none\r\n221 x\r\n", &log);
	assert_string_equal(buf_cstr(&log), "message#5 452\nMAIL#2 250\nRCPT#3 550\nRCPT#4 550\n"
	                    "RCPT#5 550\nmessage#6 503\nQUIT#7 221\n");
	assert_int_equal(smtp_client_outstanding(c), 0);
	buf_fini(&log);
	smtp_client_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lmtp), cmocka_unit_test(test_no_dsn),
		cmocka_unit_test(test_typed), cmocka_unit_test(test_xtext),
		cmocka_unit_test(test_state), cmocka_unit_test(test_state_lmtp),
		cmocka_unit_test(test_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
