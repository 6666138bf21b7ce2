/* SPDX-License-Identifier: ISC
 *
 * The forms of a report: ARF, XARF, its mail, and templates of nominations.
 */
#include "world.h"

#include <openssl/evp.h>
#include <jansson.h>
#include <stdlib.h>

#define AUTHENTICATED \
	"Return-Path: <win@sender.test>\n" \
	"Authentication-Results: mx.ours.test; spf=pass smtp.mailfrom=sender.test;\n" \
	"\tdkim=fail header.d=other.test; dmarc=none\n"
#define MAIL \
	"From: a@sender.test\nTo: jane.doe@ours.test\nSubject: =?utf-8?q?w=C3=BCn?= jane.doe\n" \
	"Message-ID: <m@s.test>\n\nDear jane.doe@ours.test\n"

/* ---- ARF ------------------------------------------------------------------ */

static void arf_holds(void **unused)
{
	(void)unused;
	static const char *const rows[] = {
		"From: \"Us\" <reports@ours.test>\r\nTo: <abuse@isp.test>\r\n",
		"Message-ID: <portreeve-report.abcdefgh-aaaaaaaaaaaaaaaa@desk.ours.test>\r\n",
		"Auto-Submitted: auto-generated\r\nX-Portreeve-Report: abcdefgh\r\n",
		"report-type=feedback-report;\r\n\tboundary=\"=_portreeve_abcdefgh_00000000-",
		"Feedback-Type: abuse\r\nUser-Agent: Portreeve/",
		"Source-IP: 198.51.100.25\r\nIncidents: 3\r\n",
		"Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n",
		"Reporting-MTA: dns; mx.ours.test\r\n",
		"@sender.test>\r\n", "Original-Rcpt-To: <",
		("Authentication-Results: desk.ours.test;\r\n\tspf=pass smtp.mailfrom=sender.test;"
		 "\r\n\tdkim=fail header.d=other.test\r\n"),
		"Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n",
		"198.51.100.25 (the host that gave it to our server)",
		"This was sent to abuse@isp.test because the registry's data (RDAP) name\r\nit",
		"Our server mx.ours.test took the message from 198.51.100.25.\r\n",
		"Subject: FW: =?",
	};
	struct world w;
	world_init(&w, AUTHENTICATED HANDOVER MAIL, 1000);
	w.facts.incidents = 3;
	arf_format(&w.facts, &w.out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i], has(&w.out, rows[i]));
	assert_false(has(&w.out, "jane.doe"));
	assert_false(has(&w.out, "win@sender.test"));
	for (size_t i = 0; i < w.out.n; i++) {
		assert_true((unsigned char)w.out.p[i] < 0x80);
		assert_true(w.out.p[i] != '\n' || (i && w.out.p[i - 1] == '\r'));
	}
	world_fini(&w);
}

static void arf_leaves_out(void **unused)
{
	(void)unused;
	static const char *const rows[] = {
		"Arrival-Date:", "Authentication-Results:", "Source-Port:", "Original-Mail-From:",
		"message/rfc822\r\n", "open relay",
	};
	struct world w;
	world_init(&w, "Received: from a.isp.test (a.isp.test [198.51.100.25]) by mx.ours.test "
	           "(Postfix) with ESMTP id 1\n" MAIL, 0);
	w.facts.relay = (struct ip){ 0 };
	w.facts.header_only = true;
	w.facts.is_origin = true;
	arf_format(&w.facts, &w.out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i], !has(&w.out, rows[i]));
	assert_true(has(&w.out, "text/rfc822-headers"));
	assert_true(has(&w.out, "as far as the lines can be believed"));
	assert_true(has(&w.out, "a time that was not recorded"));
	world_fini(&w);
}

/* ---- XARF ------------------------------------------------------------------- */

static json_t *xarf_of(struct world *w)
{
	xarf_format(&w->facts, &w->out);
	json_t *root = json_loadb(w->out.p, w->out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	return root;
}

static const char *text_in(const json_t *root, const char *key)
{
	const char *text = json_string_value(json_object_get(root, key));
	return text ? text : "";
}

static void xarf_holds(void **unused)
{
	(void)unused;
	static const struct { const char *key, *value; } rows[] = {
		{ "xarf_version", "4.2.0" }, { "category", "messaging" }, { "type", "spam" },
		{ "report_id", "00000000-0000-4000-8000-000000000000" },
		{ "source_identifier", "198.51.100.25" }, { "protocol", "other" },
		{ "timestamp", "2026-11-21T10:00:00Z" }, { "message_id", "<m@s.test>" },
		{ "evidence_source", "user_complaint" },
		{ "description", "Spam, 2 messages from network 198.51.100.0-198.51.100.255. The "
		  "host 198.51.100.25 took it from another and passed it on: it is a relay or a "
		  "forwarder." },
	};
	struct world w;
	world_init(&w, AUTHENTICATED HANDOVER MAIL, 1000);
	w.facts.incidents = 2;
	json_t *root = xarf_of(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].key, strcmp(text_in(root, rows[i].key), rows[i].value) == 0);
	json_t *reporter = json_object_get(root, "reporter");
	assert_string_equal(text_in(reporter, "domain"), "ours.test");
	assert_string_equal(text_in(reporter, "org"), "Us");
	assert_true(json_equal(reporter, json_object_get(root, "sender")));
	assert_null(json_object_get(root, "source_port"));
	assert_false(has(&w.out, "jane.doe"));
	json_t *item = json_array_get(json_object_get(root, "evidence"), 0);
	assert_int_equal(json_integer_value(json_object_get(item, "size")), w.copy.n);
	unsigned char *copy = malloc(w.copy.n + 3);
	const char *payload = text_in(item, "payload");
	assert_true(EVP_DecodeBlock(copy, (const unsigned char *)payload, (int)strlen(payload)) >=
	            (int)w.copy.n);
	assert_memory_equal(copy, w.copy.p, w.copy.n);
	free(copy);
	json_decref(root);
	world_fini(&w);
}

/* "smtp" needs the sender and the port; a made-up port would accuse somebody else. */
static void xarf_protocol(void **unused)
{
	(void)unused;
	static const struct { const char *name, *before, *protocol; unsigned port; } rows[] = {
		{ "neither", "", "other", 0 },
		{ "the sender alone", "Return-Path: <a@b.test>\n", "other", 0 },
		{ "no address", "Return-Path: <>\n", "other", 0 },
		{ "both", "Return-Path: <a@b.test>\n", "smtp", 4711 },
		{ "the port alone", "", "other", 4711 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		char *message = NULL;
		assert_true(asprintf(&message, "%s%s" MAIL, rows[i].before, rows[i].port ?
			"Received: from [198.51.100.25]:4711 (helo=a) by mx.ours.test with esmtp "
			"(Exim 4.96) id 1Abcde-000001-00; Sat, 21 Nov 2026 10:00:00 +0000\n" :
			HANDOVER) > 0);
		world_init(&w, message, 0);
		json_t *root = xarf_of(&w);
		CHECK_ROW(rows[i].name, strcmp(text_in(root, "protocol"), rows[i].protocol) == 0);
		CHECK_ROW(rows[i].name, json_integer_value(json_object_get(root, "source_port")) ==
		          rows[i].port);
		CHECK_ROW(rows[i].name, !strstr(rows[i].protocol, "smtp") ||
		          json_object_get(root, "smtp_from"));
		json_decref(root);
		world_fini(&w);
		free(message);
	}
}

static void xarf_by_mail(void **unused)
{
	(void)unused;
	struct world w;
	struct buf mail = { 0 };
	world_init(&w, HANDOVER MAIL, 100);
	w.facts.is_origin = true;
	json_t *root = xarf_of(&w);
	assert_true(json_real_value(json_object_get(root, "confidence")) < 1);
	json_decref(root);
	xarf_mail_format(&w.facts, buf_str(&w.out), &mail);
	assert_true(has(&mail, "Feedback-Type: xarf\r\n"));
	assert_true(has(&mail, "application/json; name=\"xarf.json\"\r\n"));
	/* Its first line: the JSON in base64, 57 bytes a line. */
	unsigned char line[80];
	int n = EVP_EncodeBlock(line, (const unsigned char *)w.out.p, 57);
	line[n] = '\0';
	assert_true(has(&mail, (const char *)line));
	buf_fini(&mail);
	world_fini(&w);
}

/* ---- templates --------------------------------------------------------------- */

static void templates(void **unused)
{
	(void)unused;
	static const struct { const char *text, *to, *holds; } rows[] = {
		{ "To: x@list.test\nSubject: {{relay}}\n\n{{source}}\n", "x@list.test",
		  "Subject: 198.51.100.25\r\n\r\n198.51.100.25\r\n" },
		{ "To: List <x@list.test>\n\n{{ id }} {{network}} {{contact}}", "x@list.test",
		  "abcdefgh 198.51.100.0-198.51.100.255 abuse@isp.test" },
		{ "To: x@list.test\n\n{{time}}", "x@list.test", "2026-11-21T10:00:00Z" },
		{ "To: x@list.test\nX: {{message_id}}\n\n", "x@list.test", "X: <m@s.test>\r\n" },
		{ "To: x@list.test\n\n{{header}}", "x@list.test", "Subject: hi" },
		{ "To: {{contact}}\n\n", NULL, "To: expected one mail address" },
		{ "To: a@b.test, c@d.test\n\n", NULL, "To: expected one mail address" },
		{ "To: a@b.test\nTo: c@d.test\n\n", NULL, "expected one To field" },
		{ "Subject: x\n\n", NULL, "expected one To field" },
		{ "To: a@b.test\n\n{{secret}}", NULL, "{{}}, found \"secret" },
		{ "To: a@b.test\n\n{{relay", NULL, "{{}}, found \"relay" },
		{ "To: a@b.test\nSubject: {{message}}\n\n", NULL, "in the header" },
		{ "hello\n\nthere", NULL, "expected a mail" },
		{ "", NULL, "expected one To field" },
		{ "To: x@list.test\nBcc: y@list.test\n\nx", NULL, "Bcc: another recipient" },
		{ "To: x@list.test\nbcc: y@list.test\n\nx", NULL, "bcc: another recipient" },
		{ "To: x@list.test\nCc: y@list.test\n\nx", NULL, "Cc: another recipient" },
		{ "To: x@list.test\nResent-Bcc: y@list.test\n\nx", NULL, "Resent-Bcc: a field" },
		{ "From: us@ours.test\nTo: x@list.test\n\nx", NULL, "From: a field that is added" },
		{ "To: x@list.test\nDate: now\n\nx", NULL, "Date: a field that is added" },
		{ "To: x@list.test\nMESSAGE-ID: <x@y>\n\nx", NULL, "MESSAGE-ID: a field that" },
		{ "To: x@list.test\nAuto-Submitted: no\n\nx", NULL, "Auto-Submitted: a field" },
		{ "Subject: a\nTo: x@list.test\nsubject: b\n\nx", NULL, "Subject: a field that a" },
		{ "To: x@list.test\nReply-To: a@b.test\nReply-To: c@d.test\n\nx", NULL,
		  "Reply-To: a field that a mail has once" },
		{ "To: x@list.test\nReply-To: a@b.test\nX-A: 1\nX-A: 2\n\nx", "x@list.test",
		  "X-A: 1\r\nX-A: 2\r\n\r\nx" },
		{ "To: x@list.test\nSubject: gr\xc3\xbc\xc3\x9f\n\nx", "x@list.test", "Subject: =?" },
		{ "To: x@list.test\n\ngr\xc3\xbc\xc3\x9f", "x@list.test", "gr=C3=BC=C3=9F" },
		{ "To: x@list.test\n\na\ngr\xc3\xbc\xc3\x9f\n\nb\n", "x@list.test",
		  "\r\n\r\na\r\ngr=C3=BC=C3=9F\r\n\r\nb\r\n" },
		{ "To: x@list.test\n\ngr\xc3\xbc\xc3\x9f", "x@list.test",
		  "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" },
		/* What MIME needs stands there once, whatever of it the template says. */
		{ "To: x@list.test\nMIME-Version: 1.0\n\ngr\xc3\xbc", "x@list.test",
		  "To: x@list.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		  "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC" },
		{ "To: x@list.test\nContent-Type: text/plain; charset=utf-8\n\ngr\xc3\xbc",
		  "x@list.test", "charset=utf-8\r\nMIME-Version: 1.0\r\n"
		  "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC" },
		{ "To: x@list.test\nContent-Transfer-Encoding: 8bit\n\ngr\xc3\xbc", "x@list.test",
		  "To: x@list.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		  "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC" },
		{ "To: x@list.test\nContent-Type: text/plain\n\nhi", "x@list.test",
		  "Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\nhi" },
		{ "To: x@list.test\nMime-Version: 1.0\n\nhi", "x@list.test",
		  "To: x@list.test\r\n\r\nhi" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		char to[CONTACT_MAX];
		world_init(&w, HANDOVER "Subject: hi\nMessage-ID: <m@s.test>\n\nhi", 0);
		int e = template_format(&w.facts, str_of(rows[i].text), to, &w.out, &w.problem);
		CHECK_ROW(rows[i].text, (e == ERR_OK) == (rows[i].to != NULL));
		CHECK_ROW(rows[i].text, e != ERR_OK || strcmp(to, rows[i].to) == 0);
		CHECK_ROW(rows[i].text, has(e == ERR_OK ? &w.out : &w.problem, rows[i].holds));
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arf_holds), cmocka_unit_test(arf_leaves_out),
		cmocka_unit_test(xarf_holds), cmocka_unit_test(xarf_protocol),
		cmocka_unit_test(xarf_by_mail), cmocka_unit_test(templates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
