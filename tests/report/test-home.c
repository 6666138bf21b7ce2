/* SPDX-License-Identifier: ISC
 *
 * What of a message stays home, what a report says for people, and when nobody may send it.
 */
#include "world.h"

#include "report/desk.h"

#include <stdlib.h>

#define DAY INT64_C(86400)

/* ---- our own side ------------------------------------------------------------ */

#define DATE "; Sat, 21 Nov 2026 10:00:00 +0000\n"
#define BORDER \
	"Received: from a.isp.test (a.isp.test [198.51.100.25])\n\tby mx.ours.test (10.0.0.5) " \
	"(Postfix) with ESMTP id 4QUEUEID\n\tfor <jane.doe@ours.test>" DATE

enum where { ABOVE, BELOW };

static const struct home_row {
	const char *field, *sought;
	enum where where;
	bool stays;                      /* at home */
} home_rows[] = {
	{ "Received: from mx.ours.test (mx.ours.test [10.0.0.5]) by store.ours.test with LMTP id 7"
	  DATE, "LMTP", ABOVE, true },
	{ "X-Our-Filter: score 5\n", "score 5", ABOVE, true },
	{ "an odd line\n", "an odd", ABOVE, true },
	{ "Return-Path: <a@sender.test>\n", "Return-Path", ABOVE, true },
	{ "Authentication-Results: mx.ours.test; spf=fail\n", "spf=fail", ABOVE, true },
	{ "Subject: hello\n", "Subject: hello", ABOVE, false },
	{ "From: a@sender.test\n", "@sender.test", ABOVE, false },
	{ "Content-Language: de\n", "Language: de", ABOVE, false },
	{ "Delivered-To: jane.doe@ours.test\n", "Delivered-To", BELOW, true },
	{ "X-Original-To: jane.doe@ours.test\n", "X-Original-To", BELOW, true },
	{ "Envelope-To: jane.doe@ours.test\n", "Envelope-To", BELOW, true },
	{ "X-Spam-Status: Yes, score=9\n", "score=9", BELOW, true },
	{ "X-Amavis-Alert: BAD\n", "BAD", BELOW, true },
	{ "X-Mozilla-Status: 0001\n", "0001", BELOW, true },
	{ "Authentication-Results: mx.ours.test; dkim=pass\n", "dkim=pass", BELOW, true },
	{ "Authentication-Results: mx.isp.test; dkim=pass\n", "dkim=pass", BELOW, false },
	{ "Received-SPF: pass (mx.ours.test: ok)\n", "Received-SPF", BELOW, true },
	{ "X-Scan: at scan7.ours.test\n", "X-Scan", BELOW, true },
	{ "X-Scan: at ours.test\n", "X-Scan", BELOW, true },
	{ "X-Scan: at ours.test.isp.test\n", "X-Scan", BELOW, false },
	{ "X-Seen-By: 10.0.0.77\n", "10.0.0.77", BELOW, true },
	{ "X-Seen-By: [10.0.0.77]:25\n", "10.0.0.77", BELOW, true },
	{ "X-Seen-By: 10.1.0.77\n", "10.1.0.77", BELOW, false },
	{ "X-For: jane.doe@ours.test\n", "X-For", BELOW, false },
	{ "X-Originating-IP: [203.0.113.9]\n", "203.0.113.9", BELOW, false },
	{ "List-Id: Us <team.ours.test>\n", "team", BELOW, true },
	{ "List-Id: Them <news.sender.test>\n", "news", BELOW, true },
	{ "X-BeenThere: team@lists.test\n", "X-BeenThere", BELOW, true },
	{ "Precedence: list\nList-Unsubscribe: <http://lists.test/u>\n", "lists.test", BELOW, true },
	{ "X-Unsubscription-Info: http://bulk.test/u?r=8a7f\n", "8a7f", BELOW, true },
	{ "x-unsubscription-info:\n 8a7f\n", "8a7f", BELOW, true },
	{ "List-Unsubscribe: <http://bulk.test/u>\n", "bulk.test", BELOW, false },
	{ "Message-ID: <1@sender.test>\n", "<1@sender.test>", BELOW, false },
	{ "Message-ID: <1@mx.ours.test>\n", "Message-ID", BELOW, true },
	{ "In-Reply-To: <1@mx.ours.test>\n", "In-Reply-To", BELOW, true },
	{ "Received: from x (x [203.0.113.9]) by a.isp.test with SMTP id 8" DATE, "203.0.113.9",
	  BELOW, false },
};

static void whole_world(struct world *w, const char *message, bool own_lines)
{
	*w = (struct world){ 0 };
	assert_int_equal(border_add_own_host(&w->set, STR("*.ours.test"), NULL), ERR_OK);
	assert_int_equal(border_add_own_net(&w->set, STR("10.0.0.0/16"), NULL), ERR_OK);
	w->border = border_view(&w->set);
	trace_message(&w->trace, str_of(message), &w->border);
	assert_int_equal(w->trace.handover.family, 4);
	w->redaction.trace = &w->trace;
	w->redaction.border = &w->border;
	w->redaction.own_lines = own_lines;
	redact_recipients(&w->redaction, &w->arena, &w->trace, str_of(message));
	redact_message(&w->redaction, str_of(message), 0, &w->copy);
}

static void own_side_stays_home(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(home_rows) / sizeof(*home_rows); i++) {
		const struct home_row *row = &home_rows[i];
		for (int asked = 0; asked < 2; asked++) {
			char *message = NULL;
			struct world w;
			assert_true(asprintf(&message, "%s" BORDER "%sX-Last: x\n\nx\n",
			                     row->where == ABOVE ? row->field : "",
			                     row->where == BELOW ? row->field : "") > 0);
			whole_world(&w, message, asked);
			CHECK_ROW(row->field, has(&w.copy, row->sought) == (asked || !row->stays));
			CHECK_ROW(row->field, has(&w.copy, "X-Last: x\r\n"));
			CHECK_ROW(row->field, has(&w.copy, "[198.51.100.25]"));
			world_fini(&w);
			free(message);
		}
	}
}

/* The proof: from, by and date stay; the queue's id, the recipient and our address do not. */
static void line_of_the_handover(void **unused)
{
	(void)unused;
	static const struct { const char *line; const char *gone[4]; } rows[] = {
		{ BORDER, { "4QUEUEID", "jane.doe", "10.0.0.5" } },
		{ "Received: from a.isp.test ([198.51.100.25]:4711 helo=x)\n\tby mx.ours.test with "
		  "esmtps (Exim 4.96)\n\t(envelope-from <b@isp.test>) id 1abcde-000001-AB\n\tfor "
		  "jane.doe@ours.test" DATE, { "1abcde-000001-AB", "jane.doe", "b@isp" } },
		{ "Received: from a.isp.test (a.isp.test [198.51.100.25])\n\tby mx.ours.test "
		  "(8.17.1/8.17.1) with ESMTP id 3ALA0abc123456\n\tfor <jane>" DATE,
		  { "3ALA0abc123456", "jane" } },
		{ "Received: from a.isp.test (198.51.100.25) by mx.ours.test (10.0.0.5) with "
		  "Microsoft SMTP Server id 15.1.2044.4" DATE, { "15.1.2044.4", "10.0.0.5" } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, "%s\nx\n", rows[i].line) > 0);
		whole_world(&w, message, false);
		CHECK_ROW(rows[i].line, has(&w.copy, "from a.isp.test"));
		CHECK_ROW(rows[i].line, has(&w.copy, "by mx.ours.test"));
		CHECK_ROW(rows[i].line, !has(&w.copy, "<<") && !has(&w.copy, ">>"));
		CHECK_ROW(rows[i].line, has(&w.copy, "198.51.100.25"));
		CHECK_ROW(rows[i].line, has(&w.copy, "Sat, 21 Nov 2026 10:00:00 +0000\r\n"));
		for (size_t k = 0; k < 4 && rows[i].gone[k]; k++)
			CHECK_ROW(rows[i].gone[k], !has(&w.copy, rows[i].gone[k]));
		world_fini(&w);
		free(message);
	}
}

/* ---- the text for people ------------------------------------------------------- */

#define PASSED_ON \
	"Received: from b (b.away.test [203.0.113.9]) by a.isp.test (8.12.8/8.12.8) with SMTP id " \
	"h9L9xQ012345" DATE

static void nobody_is_accused(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *rest;
		bool relay, named;
		const char *says[3];
	} rows[] = {
		{ "straight", "", false, true, { "came to us from your network." } },
		{ "no network", "", false, false, { "came to us from the address below." } },
		{ "tied by HELO alone", "Received: from b ([203.0.113.9]) by other.isp.test with SMTP "
		  "id 3" DATE, false, true, { "by way of your network" } },
		{ "a relay", PASSED_ON, true, true, { "by way of your network",
		  "It is a relay or a forwarder." } },
		{ "passed on", PASSED_ON, false, true, { "by way of your network",
		  "forwarded it for a user" } },
	};
	static const char *const never[] = {
		"open relay", "stranger without", "abused", "owner", "forged", "(nothing)",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, HANDOVER "%s\nx\n", rows[i].rest) > 0);
		world_init(&w, message, 0);
		w.facts.relay = rows[i].relay ? w.trace.handover : (struct ip){ 0 };
		if (!rows[i].named)
			w.facts.network = "";
		report_text(&w.facts, &w.out);
		for (size_t k = 0; k < 3 && rows[i].says[k]; k++)
			CHECK_ROW(rows[i].says[k], has(&w.out, rows[i].says[k]));
		for (size_t k = 0; k < sizeof(never) / sizeof(*never); k++)
			CHECK_ROW(never[k], !has(&w.out, never[k]));
		CHECK_ROW(rows[i].name, has(&w.out, "Network:") == rows[i].named);
		CHECK_ROW(rows[i].name, rows[i].named || !has(&w.out, "your network"));
		world_fini(&w);
		free(message);
	}
}

/* RFC 5965 3.2 and RFC 5321 4.1.3. */
static void source_is_a_literal(void **unused)
{
	(void)unused;
	static const struct { const char *ip, *field; } rows[] = {
		{ "198.51.100.25", "Source-IP: 198.51.100.25\r\n" },
		{ "2001:db8::25", "Source-IP: IPv6:2001:db8::25\r\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		world_init(&w, HANDOVER "\nx\n", 0);
		w.facts.source = address_of(rows[i].ip);
		arf_format(&w.facts, &w.out);
		CHECK_ROW(rows[i].ip, has(&w.out, rows[i].field));
		world_fini(&w);
	}
}

static void subjects(void **unused)
{
	(void)unused;
	static const struct { const char *subject, *expected; } rows[] = {
		{ "plain", "Subject: FW: plain\r\n" },
		{ "=?utf-8?q?a_b?=", "Subject: FW: a b\r\n" },
		{ "gr\xc3\xbc\xc3\x9f", "Subject: FW: =?" },
		{ "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "Subject: FW: =?" },
		{ "latin \xfc", "Subject: FW: latin " },
		{ "=?utf-8?q?a=0D=0ABcc:_x@y.test?=", "Subject: FW: a Bcc: " },
		{ "folded\n and more", "Subject: FW: folded and more\r\n" },
		{ "", "Subject: FW:" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, HANDOVER "Subject: %s\n\nx\n", rows[i].subject) > 0);
		world_init(&w, message, 0);
		report_header(&w.facts, "b", &w.out);
		CHECK_ROW(rows[i].subject, has(&w.out, rows[i].expected));
		CHECK_ROW(rows[i].subject, !has(&w.out, "\\x") && !has(&w.out, "\nBcc"));
		for (size_t k = 0; k < w.out.n; k++)
			CHECK_ROW(rows[i].subject, (unsigned char)w.out.p[k] < 0x80);
		world_fini(&w);
		free(message);
	}
}

/* ---- who may send it, and when -------------------------------------------------- */

static void senders(void **unused)
{
	(void)unused;
	static const struct {
		const char *hostname, *contact, *from, *smarthost;
		bool hostname_given, contact_given;
		const char *problem;
	} rows[] = {
		{ "desk.ours.test", "a@ours.test", "", "mail", true, true, "" },
		{ "desk.ours.test", "a@ours.test", "", "", true, true, "report.smarthost: expected" },
		{ "desk.ours.test", "a@ours.test", "", "mail", false, true, "hostname: expected" },
		{ "desk.ours.test", "postmaster@x", "", "mail", true, false, "contact: expected" },
		{ "desk.ours.test", "x@x", "a@ours.test", "mail", true, false, "" },
		{ "localhost", "a@ours.test", "", "mail", true, true, "hostname: expected" },
		{ "desk", "a@ours.test", "", "mail", true, true, "hostname: expected" },
		{ "mx.example.org", "a@ours.test", "", "mail", true, true, "hostname: expected" },
		{ "desk.ours.test", "a@example.org", "", "mail", true, true, "contact: expected" },
		{ "desk.ours.test", "a@ours.test", "a@example.org", "mail", true, true,
		  "report.from: expected" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report_config config = { .from = (char *)rows[i].from,
		                                .smarthost = (char *)rows[i].smarthost };
		const struct desk desk = {
			.config = &config, .hostname = rows[i].hostname, .contact = rows[i].contact,
			.hostname_given = rows[i].hostname_given,
			.contact_given = rows[i].contact_given,
		};
		struct buf problem = { 0 };
		int e = desk_check_sender(&desk, &problem);
		CHECK_ROW(rows[i].problem, (e == ERR_OK) == (rows[i].problem[0] == '\0'));
		CHECK_ROW(rows[i].problem, has(&problem, rows[i].problem));
		buf_fini(&problem);
	}
}

static void ages(void **unused)
{
	(void)unused;
	static const struct {
		const char *message;
		int64_t age_s;
		bool old;
		const char *why;
	} rows[] = {
		{ HANDOVER, DAY, false, "" }, { HANDOVER, 3 * DAY, false, "" },
		{ HANDOVER, 3 * DAY + 1, true, "3 days ago" }, { HANDOVER, -DAY, false, "" },
		{ "Received: from a.isp.test (a.isp.test [198.51.100.25]) by mx.ours.test (Postfix) "
		  "with ESMTP id 1\nArrival-Date: Sat, 21 Nov 2026 10:00:00 +0000\n", 0, true,
		  "nobody wrote down" },
	};
	const struct report_config config = { .old_after_s = 3 * DAY };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		struct buf why = { 0 };
		assert_true(asprintf(&message, "%sArrival-Date: now\n\nx\n", rows[i].message) > 0);
		world_init(&w, message, 100);
		arf_format(&w.facts, &w.out);
		const struct report report = { .message = buf_str(&w.out) };
		const struct desk desk = { .config = &config,
		                           .now_s = report_arrival(&w.trace) + rows[i].age_s };
		CHECK_ROW(rows[i].why, desk_arrival(&report) == report_arrival(&w.trace));
		CHECK_ROW(rows[i].why, desk_is_old(&desk, desk_arrival(&report), &why) ==
		          rows[i].old);
		CHECK_ROW(rows[i].why, has(&why, rows[i].why));
		buf_fini(&why);
		world_fini(&w);
		free(message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_side_stays_home), cmocka_unit_test(line_of_the_handover),
		cmocka_unit_test(nobody_is_accused), cmocka_unit_test(source_is_a_literal),
		cmocka_unit_test(subjects), cmocka_unit_test(senders), cmocka_unit_test(ages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
