/* SPDX-License-Identifier: ISC
 *
 * What comes back about a report, as mail servers write it.
 */
#include "test.h"

#include "report/bounce.h"

#include <openssl/evp.h>

static const unsigned char key[REPORT_KEY_BYTES] = { 7 };

/* TOKEN stands for a true one. */
#define TO "To: bounces+TOKEN@ours.test\r\n"
#define DAEMON "Return-Path: <>\r\nFrom: Mail system <MAILER-DAEMON@isp.test>\r\n"
#define DSN(action, status) DAEMON \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" \
	"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; abuse@isp.test\r\n" \
	"Action: " action "\r\nStatus: " status "\r\n" \
	"Diagnostic-Code: smtp; 550 no\r\n\r\n" \
	"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <portreeve-report.TOKEN@x>\r\n"
#define QMAIL(reason) DAEMON TO "Subject: failure notice\r\n\r\n" \
	"Hi. This is the qmail-send program at isp.test.\r\nSorry.\r\n\r\n" \
	"<abuse@isp.test>:\r\n" reason "\r\n\r\n" \
	"--- Below this line is a copy of the message.\r\n\r\nSubject: 5.7.1 x\r\n"

#define MIXED(type, part, fields) DAEMON TO "MIME-Version: 1.0\r\nContent-Type: multipart/report; " \
	"report-type=" type "; boundary=\"b\"\r\n\r\n--b\r\n\r\nsorry\r\n--b\r\nContent-Type: " part \
	"\r\n\r\n" fields "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" \
	"Subject: x\r\n\r\nFinal-Recipient: rfc822; c@d.test\r\nAction: failed\r\nStatus: 5.1.1\r\n" \
	"--b--\r\n"
#define STATUS(fields) MIXED("delivery-status", "message/delivery-status", \
	"Reporting-MTA: dns; x\r\n\r\n" fields)
#define RECEIPT(type, part) DAEMON TO "Subject: Read\r\nContent-Type: multipart/report; report-type=" \
	type "; boundary=b\r\n\r\n--b\r\nContent-Type: " part "\r\n\r\nFinal-Recipient: rfc822; " \
	"abuse@isp.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
/* "Final-Recipient: rfc822; abuse@isp.test", "Action: failed", "Status: 5.1.1" */
#define B64_STATUS "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFidXNlQGlzcC50ZXN0DQpBY3Rp" \
	"b246IGZhaWxlZA0KU3RhdHVzOiA1LjEuMQ0K"
/* "550 5.1.1 unknown" */
#define B64_TEXT "SXQgZmFpbGVkLg0KNTUwIDUuMS4xIHVua25vd24NCg=="

enum { FAILED = REPORT_BOUNCE_FAILED, DELAYED = REPORT_BOUNCE_DELAYED,
       ARRIVED = REPORT_BOUNCE_ARRIVED, NONE = -1 };

static const struct bounce_row {
	const char *name, *text;
	int kind;
	bool dead;
	const char *recipient, *why;
} bounce_rows[] = {
	{ "unknown", DSN("failed", "5.1.1"), FAILED, true, "abuse@isp.test", "550 no" },
	{ "with a word", DSN("failed", "5.1.1 (unknown)"), FAILED, true, "abuse@isp.test",
	  "550 no" },
	{ "disabled", DSN("failed", "5.2.1"), FAILED, true, "abuse@isp.test", "550 no" },
	{ "full", DSN("failed", "5.2.2"), FAILED, false, "abuse@isp.test", "550 no" },
	{ "policy", DSN("failed", "5.7.1"), FAILED, false, "abuse@isp.test", "550 no" },
	{ "too long in the queue", DSN("failed", "4.4.7"), FAILED, false, "abuse@isp.test",
	  "550 no" },
	{ "delayed", DSN("delayed", "4.4.1"), DELAYED, false, "abuse@isp.test", "550 no" },
	{ "delivered", DSN("delivered", "2.0.0"), ARRIVED, false, "abuse@isp.test", "550 no" },
	{ "one of two", DAEMON TO
	  "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
	  "Final-Recipient: rfc822; a@isp.test\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
	  "Final-Recipient: rfc822; b@isp.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n",
	  FAILED, true, "b@isp.test", "" },
	{ "a failure within what was returned", DSN("delayed", "4.4.1") "\r\n"
	  "Final-Recipient: rfc822; abuse@isp.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n",
	  DELAYED, false, "abuse@isp.test", "550 no" },
	{ "by its envelope id", DAEMON
	  "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
	  "Original-Envelope-Id: TOKEN\r\n\r\nOriginal-Recipient: rfc822;a@isp.test\r\n"
	  "Action: failed\r\nStatus: 5.1.1\r\n\r\n", FAILED, true, "a@isp.test", "" },
	{ "says delivery-status, holds none", DAEMON TO
	  "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
	  "Subject: Undeliverable\r\n\r\nNo such mailbox.\r\n", FAILED, false, "",
	  "Undeliverable" },
	{ "qmail", QMAIL("Sorry, no mailbox here by that name. (#5.1.1)"), FAILED, true,
	  "abuse@isp.test", "Sorry, no mailbox here by that name. (#5.1.1)" },
	{ "qmail, elsewhere", QMAIL("192.0.2.5 does not like recipient.\r\n"
	  "Remote host said: 550 5.7.1 no\r\nGiving up on 192.0.2.5."), FAILED, false,
	  "abuse@isp.test", "Remote host said: 550 5.7.1 no" },
	{ "qmail, no status", QMAIL("192.0.2.5 does not like recipient.\r\n"
	  "Remote host said: 550 no such user"), FAILED, false, "abuse@isp.test",
	  "192.0.2.5 does not like recipient." },
	{ "exim of old", DAEMON TO "X-Failed-Recipients: abuse@isp.test, b@isp.test\r\n"
	  "Auto-Submitted: auto-replied\r\nSubject: Mail delivery failed\r\n\r\n"
	  "  abuse@isp.test\r\n    550 5.1.1 unknown user 5.1.2.3\r\n\r\n", FAILED, true,
	  "abuse@isp.test", "550 5.1.1 unknown user 5.1.2.3" },
	{ "of no form", DAEMON TO "Subject: Returned mail\r\n\r\nIt went wrong.\r\n", FAILED,
	  false, "", "Returned mail" },
	{ "a header alone", DAEMON TO "Subject: Returned\r\n", FAILED, false, "", "Returned" },
	{ "of no form, without Return-Path", "From: Postmaster@isp.test\r\n" TO
	  "Subject: Returned mail\r\n\r\nIt went wrong.\r\n", FAILED, false, "", "Returned mail" },
	{ "addresses are no status", DAEMON TO "Subject: x\r\n\r\n"
	  "15.1.1 5.1.1.7 5.1 5.1.x a5.1.1 5.1234.1 v-5.1.1\r\n", FAILED, false, "", "x" },
	{ "what was returned says nothing", DAEMON TO "Subject: x\r\n\r\nsorry\r\n"
	  "Content-Type: message/rfc822\r\n\r\n550 5.1.1 unknown\r\n", FAILED, false, "", "x" },
	{ "comments", STATUS("Final-Recipient: (who) rfc822 (as \\(ever) ; abuse@isp.test (Desk)\r\n"
	  "Action: (alas) failed (for good)\r\nStatus: (not (so) good) 5.1.1 (unknown)\r\n"),
	  FAILED, true, "abuse@isp.test", "" },
	{ "folds", STATUS("Final-Recipient: rfc822;\r\n  abuse@isp.test\r\nAction:\r\n\tfailed\r\n"
	  "Status:\r\n 5.1.1\r\nDiagnostic-Code: smtp;\r\n 550 (no)\r\n\tsuch user\r\n"), FAILED,
	  true, "abuse@isp.test", "550 (no) such user" },
	{ "brackets and case", STATUS("FINAL-RECIPIENT : RFC822;<abuse@isp.test>\r\n"
	  "action: FAILED\r\nstatus:5.1.1\r\n"), FAILED, true, "abuse@isp.test", "" },
	{ "Original after Final", STATUS("Final-Recipient: rfc822;bob@isp.test\r\n"
	  "Original-Recipient: rfc822;abuse@isp.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"),
	  FAILED, true, "bob@isp.test", "" },
	{ "base64", MIXED("delivery-status", "message/delivery-status\r\n"
	  "Content-Transfer-Encoding: base64", B64_STATUS), FAILED, true, "abuse@isp.test", "" },
	{ "quoted-printable", MIXED("delivery-status", "message/delivery-status\r\n"
	  "Content-Transfer-Encoding: quoted-printable", "Final-Recipient: rfc822; abuse=40isp.te=\r\n"
	  "st\r\nAction: failed\r\nStatus: 5.1.1\r\n"), FAILED, true, "abuse@isp.test", "" },
	{ "global", MIXED("delivery-status", "message/global-delivery-status",
	  "Reporting-MTA: dns;x\r\n\r\nFinal-Recipient: utf-8; abuse@isp.test\r\nAction: failed\r\n"
	  "Status: 5.1.1\r\n"), FAILED, true, "abuse@isp.test", "" },
	{ "global, by another name", MIXED("global-delivery-status",
	  "message/global-delivery-status\r\nContent-Transfer-Encoding: base64", B64_STATUS), FAILED,
	  true, "abuse@isp.test", "" },
	{ "global, in 7 bits", STATUS("Final-Recipient: utf-8;\\x{61}buse@isp.test\r\nAction: failed\r\n"
	  "Status: 5.1.1\r\n"), FAILED, true, "abuse@isp.test", "" },
	{ "of another address", STATUS("Final-Recipient: utf-8; ab\xc3\xbcuse@isp.test\r\n"
	  "Action: failed\r\nStatus: 5.1.1\r\n"), FAILED, true, "ab??use@isp.test", "" },
	{ "escaped, another address", STATUS("Final-Recipient: utf-8;ab\\x{FC}use@isp.test\r\n"
	  "Action: failed\r\nStatus: 5.1.1\r\n"), FAILED, true, "ab?use@isp.test", "" },
	{ "comment in the type", DAEMON TO "Content-Type: (a) multipart/report (b);\r\n boundary = \"b\";"
	  "\r\n report-type=(c) \"delivery-status\"\r\n\r\n--b\r\nContent-Type: "
	  "message/delivery-status\r\n\r\nFinal-Recipient: rfc822; abuse@isp.test\r\nAction: failed"
	  "\r\nStatus: 5.1.1\r\n\r\n--b--\r\n", FAILED, true, "abuse@isp.test", "" },
	{ "in no report", DAEMON TO "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	  "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; abuse@isp.test\r\n"
	  "Action: delayed\r\nStatus: 4.4.1\r\n\r\n--b--\r\n", DELAYED, false, "abuse@isp.test", "" },
	{ "a text in base64", DAEMON TO "Subject: x\r\nContent-Type: text/plain\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\n" B64_TEXT "\r\n", FAILED, true, "",
	  "550 5.1.1 unknown" },
	{ "relayed to who sends no notices", DSN("relayed", "2.0.0"), ARRIVED, false, "abuse@isp.test",
	  "550 no" },
	{ "expanded to a list", DSN("expanded", "2.0.0"), ARRIVED, false, "abuse@isp.test", "550 no" },
	{ "Exchange", STATUS("Original-Recipient: rfc822;abuse@isp.test\r\nFinal-Recipient: rfc822;"
	  "abuse@isp.test\r\nAction: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 "
	  "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n"), FAILED,
	  true, "abuse@isp.test", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by "
	  "SMTP address lookup" },
	{ "line ends of Unix", "Return-Path: <>\nFrom: MAILER-DAEMON@isp.test\nTo: bounces+TOKEN@ours.test\n"
	  "X-Failed-Recipients: abuse@isp.test\n\n550 5.1.1 unknown\n", FAILED, true,
	  "abuse@isp.test", "550 5.1.1 unknown" },
	{ "a receipt", RECEIPT("disposition-notification", "message/disposition-notification"),
	  ARRIVED, false, "", "Read" },
	{ "a receipt of a daemon", "Return-Path: <>\r\nFrom: postmaster@isp.test\r\n" TO
	  "Subject: Read\r\nContent-Type: multipart/report; report-type=\"disposition-notification\";"
	  " boundary=b\r\n\r\nfailed 5.1.1\r\n", ARRIVED, false, "", "Read" },
	{ "a receipt in UTF-8", RECEIPT("disposition-notification",
	  "message/global-disposition-notification"), ARRIVED, false, "", "Read" },
	{ "a feedback report", RECEIPT("feedback-report", "message/feedback-report"), ARRIVED, false,
	  "", "Read" },
	{ "automatic answer", "Return-Path: <>\r\nFrom: Desk <abuse@isp.test>\r\n" TO
	  "Auto-Submitted: auto-replied\r\nSubject: [#5] we got it\r\n\r\nThanks! 5.1.1\r\n",
	  ARRIVED, false, "", "[#5] we got it" },
	{ "a person's answer", "Return-Path: <abuse@isp.test>\r\nFrom: abuse@isp.test\r\n" TO
	  "In-Reply-To: <portreeve-report.TOKEN@x>\r\nSubject: Re: x\r\n\r\nno\r\n", NONE, false,
	  "", "" },
	{ "no token", DAEMON "To: bounces@ours.test\r\nSubject: x\r\n\r\n5.1.1\r\n", NONE, false,
	  "", "" },
	{ "token made up", DAEMON "To: bounces+abcdefgh-aaaaaaaaaaaaaaaa@ours.test\r\n\r\n", NONE,
	  false, "", "" },
	{ "empty", "", NONE, false, "", "" },
};

static void bounces(void **unused)
{
	(void)unused;
	char token[REPORT_TOKEN_LEN + 1];
	report_token_make(key, "abcdefgh", token);
	for (size_t i = 0; i < sizeof(bounce_rows) / sizeof(*bounce_rows); i++) {
		const struct bounce_row *row = &bounce_rows[i];
		struct report_bounce b;
		struct buf text = { 0 };
		const char *expected = NULL;
		struct str rest = str_of(row->text);
		size_t at;
		while ((at = str_search(rest, STR("TOKEN"))) != SIZE_MAX) {
			buf_add(&text, rest.p, at);
			buf_add_cstr(&text, token);
			rest = str_from(rest, at + 5);
		}
		buf_add_str(&text, rest);
		int e = report_bounce_parse(buf_str(&text), key, &b, &expected);
		buf_fini(&text);
		CHECK_ROW(row->name, expected != NULL);
		CHECK_ROW(row->name, (e == ERR_OK) == (row->kind != NONE));
		if (e != ERR_OK)
			continue;
		CHECK_ROW(row->name, (int)b.kind == row->kind);
		CHECK_ROW(row->name, b.dead == row->dead);
		CHECK_ROW(row->name, strcmp(b.id, "abcdefgh") == 0);
		CHECK_ROW(row->name, strcmp(b.recipient, row->recipient) == 0);
		CHECK_ROW(row->name, strcmp(b.text, row->why) == 0);
	}
}

/* Where the address without a mark is used, only what was returned has it. */
static void token_in_an_encoded_part(void **unused)
{
	(void)unused;
	static const char *const types[] = {
		"message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers",
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char token[REPORT_TOKEN_LEN + 1];
		unsigned char encoded[512];
		struct buf plain = { 0 }, mail = { 0 };
		struct report_bounce b;
		const char *expected;
		report_token_make(key, "abcdefgh", token);
		buf_printf(&plain, "Subject: x\r\nMessage-ID: <portreeve-report.%s@x>\r\n\r\n", token);
		EVP_EncodeBlock(encoded, (unsigned char *)plain.p, (int)plain.n);
		buf_printf(&mail, DAEMON "Content-Type: multipart/report; boundary=b; "
		           "report-type=delivery-status\r\n\r\n--b\r\nContent-Type: "
		           "message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@isp.test\r\n"
		           "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: %s\r\n"
		           "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n", types[i],
		           encoded);
		CHECK_ROW(types[i], report_bounce_parse(buf_str(&mail), key, &b, &expected) ==
		          ERR_OK);
		CHECK_ROW(types[i], strcmp(b.id, "abcdefgh") == 0 && b.dead);
		buf_fini(&plain);
		buf_fini(&mail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounces), cmocka_unit_test(token_in_an_encoded_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
