/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "trace/border.h"
#include "trace/contact.h"
#include "trace/report.h"
#include "trace/report-bounce.h"

#include <stdio.h>
#include <stdlib.h>

#define HANDOVER \
	"Received: from a.isp.test (a.isp.test [198.51.100.25]) by mx.ours.test (Postfix)\n" \
	"\twith ESMTP id 1 for <jane.doe@ours.test>; Sat, 21 Nov 2026 10:00:00 +0000\n"

/* A traced message with what a report needs of it. */
struct world {
	struct border_set set;
	struct trace trace;
	struct redaction redaction;
	struct buf copy, out, problem;
	struct report_facts facts;
};

static void world_init(struct world *w, const char *message, size_t body_max)
{
	*w = (struct world){ 0 };
	assert_int_equal(border_add_own_host(&w->set, STR("*.ours.test"), NULL), ERR_OK);
	struct trace_border border = border_view(&w->set);
	trace_message(&w->trace, str_of(message), &border);
	assert_int_equal(w->trace.handover.family, 4);
	redact_recipients(&w->redaction, &w->trace, str_of(message));
	redact_message(&w->redaction, str_of(message), body_max, &w->copy);
	w->facts = (struct report_facts){
		.reporter = { "Us", "reports@ours.test", "desk.ours.test" }, .id = "abcdefgh",
		.uuid = "00000000-0000-4000-8000-000000000000", .contact = "abuse@isp.test",
		.contact_source = "rdap", .now_s = 1795255200, .source = w->trace.handover,
		.relay = w->trace.handover, .network = "198.51.100.0-198.51.100.255",
		.network_name = "", .incidents = 1, .trace = &w->trace,
		.redaction = &w->redaction, .copy = buf_str(&w->copy),
	};
}

static void world_fini(struct world *w)
{
	buf_fini(&w->copy);
	buf_fini(&w->out);
	buf_fini(&w->problem);
	trace_fini(&w->trace);
	border_set_fini(&w->set);
}

static bool has(const struct buf *b, const char *text)
{
	return str_search(buf_str(b), str_of(text)) != SIZE_MAX;
}

/* ---- redaction ---------------------------------------------------------- */

static void text_is_redacted(void **unused)
{
	(void)unused;
	/* Behind the arrow: D stands for any digest. */
	static const struct { const char *text, *expected; } rows[] = {
		{ "", "" },
		{ "no address", "no address" },
		{ "a@b.test", "D@b.test" },
		{ "<a.b+c@b.test>, d@e.test.", "<D@b.test>, D@e.test." },
		{ "\"two words\"@b.test", "D@b.test" },
		{ "a@[192.0.2.1]", "D@[192.0.2.1]" },
		{ "bounce-a=b.test@c.test", "D@c.test" },
		{ "http://h.test/?u=a%40b.test&x=1", "http://h.test/?u=D%40b.test&x=1" },
		{ "http://h.test/a/b@c.test", "http://h.test/a/D@c.test" },
		{ "@", "@" }, { "@b.test", "@b.test" }, { "a@", "D@" },
		{ "a@@b.test", "D@@b.test" },
		{ "at 5 @ noon", "at 5 @ noon" },
		{ "kept@proved.test and a@proved.test", "kept@proved.test and D@proved.test" },
		{ "Dear jane.doe, jane.doe!", "Dear D, D!" },
		{ "JANE.DOE.", "D." },
		{ "jane.doesnt jane", "jane.doesnt jane" },
	};
	struct redaction r = { .names = { STR("jane.doe") }, .name_count = 1,
	                       .keep = STR("kept@proved.test") };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 }, simple = { 0 };
		redact_text(&r, str_of(rows[i].text), &out);
		/* A digest is a word of 16 letters and digits of base32. */
		for (size_t k = 0; k < out.n; k++) {
			size_t n = strspn(out.p + k, "abcdefghijklmnopqrstuvwxyz234567");
			if (n >= REDACT_DIGEST_LEN && n < 20) {
				buf_add_byte(&simple, 'D');
				k += REDACT_DIGEST_LEN - 1;
			} else {
				buf_add_byte(&simple, out.p[k]);
			}
		}
		CHECK_ROW(rows[i].text, strcmp(buf_cstr(&simple), rows[i].expected) == 0);
		buf_fini(&out);
		buf_fini(&simple);
	}
}

/* RFC 6590: the same text the same digest, in either case; another key another one. */
static void digests_are_consistent(void **unused)
{
	(void)unused;
	struct redaction one = { .key = { 1 } }, two = { .key = { 2 } };
	struct buf a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	redact_digest(&one, STR("Jane"), &a);
	redact_digest(&one, STR("jane"), &b);
	redact_digest(&one, STR("joan"), &c);
	redact_digest(&two, STR("jane"), &d);
	assert_string_equal(a.p, b.p);
	assert_string_not_equal(a.p, c.p);
	assert_string_not_equal(a.p, d.p);
	assert_int_equal(a.n, REDACT_DIGEST_LEN);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
	buf_fini(&d);
}

static void copy_holds_no_recipient(void **unused)
{
	(void)unused;
	static const char *const rest[] = {
		"To: \"Jane Doe\" <jane.doe@ours.test>\n\nhi",
		"To: jane.doe@ours.test (Jane Doe)\n\nhi",
		"Cc: Jane Doe: jane.doe@ours.test;\n\nhi",
		"Subject: =?utf-8?B?Zm9yIGphbmUuZG9l?=\n\nhi",
		"Subject: =?utf-8?Q?for_jane=2Edoe?=\n\nhi",
		"Content-Transfer-Encoding: base64\n\namFuZS5kb2VAb3Vycy50ZXN0Cg==\n",
		"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
		"jane.=\ndoe=40ours.test",
		"List-Unsubscribe: <http://x.test/jane.doe%40ours.test>\n\nhi",
		"In-Reply-To: <jane.doe@ours.test>\n\nhi",
		"jane.doe and no colon\nSubject: x\n\nhi",
		"X-Folded: a\n\tjane.doe@ours.test\n\nhi",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
		"To: jane.doe@ours.test\n\njane.doe\n--b--\n",
	};
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, "%s%s", HANDOVER, rest[i]) > 0);
		world_init(&w, message, 4096);
		CHECK_ROW(rest[i], str_casesearch(buf_str(&w.copy), STR("jane")) == SIZE_MAX);
		CHECK_ROW(rest[i], has(&w.copy, "198.51.100.25"));
		world_fini(&w);
		free(message);
	}
}

static void copy_is_plain_and_bounded(void **unused)
{
	(void)unused;
	struct buf message = { 0 };
	struct world w;
	buf_add_cstr(&message, HANDOVER);
	buf_add_cstr(&message, "X-Long: ");
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&message, 'x');
	buf_add_cstr(&message, "\nX-Odd: \xff\x01\r bare\nno colon\nContent-Type: image/png\n\n");
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&message, (char)i);
	world_init(&w, message.p, 1000);
	size_t line = 0;
	for (size_t i = 0; i < w.copy.n; i++) {
		unsigned char c = (unsigned char)w.copy.p[i];
		assert_true(c == '\r' || c == '\n' || c == '\t' || ascii_isprint(c));
		line = c == '\n' ? 0 : line + 1;
		assert_true(line < 998);
	}
	assert_true(has(&w.copy, "X-Odd: \\xFF\\x01\\x0D bare\r\n"));
	assert_true(has(&w.copy, "X-No-Field: no colon\r\n"));
	assert_true(has(&w.copy, "[attachment, left out: image/png]"));
	assert_true(w.copy.n < 8000);
	world_fini(&w);
	buf_fini(&message);
}

/* Deep and wide MIME costs neither the stack nor much time. */
static void deep_mime(void **unused)
{
	(void)unused;
	struct buf message = { 0 };
	struct world w;
	buf_add_cstr(&message, HANDOVER);
	for (int i = 0; i < 20000; i++)
		buf_printf(&message, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n",
		           i, i);
	world_init(&w, message.p, 32 << 10);
	world_fini(&w);
	buf_fini(&message);
}

/* ---- guards, ids -------------------------------------------------------- */

static void guards(void **unused)
{
	(void)unused;
	static const struct { const char *name, *fields; bool guarded; } rows[] = {
		{ "plain", "Subject: x\n", false },
		{ "not automatic", "Auto-Submitted: no\n", false },
		{ "automatic", "auto-submitted: auto-generated\n", true },
		{ "arf", "Content-Type: multipart/report;\n report-type=\"feedback-report\"\n",
		  true },
		{ "dsn", "Content-Type: multipart/report; report-type=delivery-status\n", true },
		{ "mdn", "Content-Type: multipart/report; report-type=disposition-notification\n",
		  true },
		{ "ours", "X-Portreeve-Report: x\n", true },
		{ "ours by id", "Message-ID: <portreeve-report.abcdefgh@x>\n", true },
		{ "null sender", "Return-Path: <>\n", true },
		{ "sender", "Return-Path: <a@b.test>\n", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, "%s%s\nhi\n", rows[i].fields, HANDOVER) > 0);
		world_init(&w, message, 0);
		bool guarded = report_guard(str_of(message), &w.trace, false) != NULL;
		CHECK_ROW(rows[i].name, guarded == rows[i].guarded);
		world_fini(&w);
		free(message);
	}
}

static void ids(void **unused)
{
	(void)unused;
	static const struct { const char *text, *id; } rows[] = {
		{ "Message-ID: <portreeve-report.abcd2345@x>", "abcd2345" },
		{ "In-Reply-To: <PORTREEVE-REPORT.ABCD2345@X>", "abcd2345" },
		{ "portreeve-report.short@x portreeve-report.abcdefgh@x", "abcdefgh" },
		{ "portreeve-report.abcdefghi@x", NULL }, { "portreeve-report.abcdefgh", NULL },
		{ "portreeve-report.", NULL }, { "", NULL },
	};
	char id[REPORT_ID_LEN + 1], uuid[REPORT_UUID_MAX], name[REPORT_MESSAGE_ID_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool found = report_id_find(str_of(rows[i].text), id);
		CHECK_ROW(rows[i].text, found == (rows[i].id != NULL));
		CHECK_ROW(rows[i].text, !found || strcmp(id, rows[i].id) == 0);
	}
	report_id_make(id);
	report_message_id(id, "desk.ours.test", name);
	char again[REPORT_ID_LEN + 1];
	assert_true(report_id_find(str_of(name), again));
	assert_string_equal(id, again);
	report_uuid_make(uuid);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
}

/* ---- templates ---------------------------------------------------------- */

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

/* ---- bounces ------------------------------------------------------------ */

#define DSN(action, status) \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" \
	"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; abuse@isp.test\r\n" \
	"Action: " action "\r\nStatus: " status "\r\n" \
	"Diagnostic-Code: smtp; 550 no\r\n\r\n" \
	"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <portreeve-report.abcdefgh@x>\r\n"

static void bounces(void **unused)
{
	(void)unused;
	static const struct { const char *name, *text; int e; bool dead; } rows[] = {
		{ "unknown", DSN("failed", "5.1.1"), ERR_OK, true },
		{ "with a word", DSN("failed", "5.1.1 (unknown)"), ERR_OK, true },
		{ "disabled", DSN("failed", "5.2.1"), ERR_OK, true },
		{ "full", DSN("failed", "5.2.2"), ERR_OK, false },
		{ "policy", DSN("failed", "5.7.1"), ERR_OK, false },
		{ "delayed", DSN("delayed", "4.4.1"), ERR_UNSUPPORTED, false },
		{ "delivered", DSN("delivered", "2.0.0"), ERR_INVALID, false },
		{ "failed but 4", DSN("failed", "4.4.7"), ERR_INVALID, false },
		{ "no dsn", "Subject: x\r\n\r\nportreeve-report.abcdefgh@x", ERR_INVALID, false },
		{ "empty", "", ERR_INVALID, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report_bounce b;
		const char *expected;
		int e = report_bounce_parse(str_of(rows[i].text), &b, &expected);
		CHECK_ROW(rows[i].name, e == rows[i].e);
		if (e != ERR_OK)
			continue;
		CHECK_ROW(rows[i].name, b.dead == rows[i].dead);
		CHECK_ROW(rows[i].name, strcmp(b.id, "abcdefgh") == 0);
		CHECK_ROW(rows[i].name, strcmp(b.recipient, "abuse@isp.test") == 0);
		CHECK_ROW(rows[i].name, strcmp(b.text, "550 no") == 0);
	}
}

/* ---- contacts ----------------------------------------------------------- */

static void contacts_are_filtered(void **unused)
{
	(void)unused;
	static const struct { const char *email; bool usable; } rows[] = {
		{ "abuse@isp.test", true }, { "abuse@ours.test", false },
		{ "abuse@mail.ours.test", false }, { "abuse@notours.test", true },
		{ "nobody@isp.test", false }, { "No-Reply@isp.test", false },
		{ "abuse@example.com", false }, { "abuse@ripe.net", false },
		{ "x@ignored.test", false }, { "Dead@isp.test", false }, { "old@isp.test", true },
		{ "abuse@isp.invalid", false },
	};
	const char *const own[] = { "ours.test", NULL };
	char *globs[] = { "*@ignored.test" };
	struct config_strings ignore = { globs, 1 };
	struct dead_contact dead[] = { { "dead@isp.test", "", 200 }, { "old@isp.test", "", 50 } };
	struct contact_filter f = { own, &ignore, dead, 2, 100 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].email,
		          (contact_unusable(&f, rows[i].email) == NULL) == rows[i].usable);
}

static void contacts_are_addresses(void **unused)
{
	(void)unused;
	static const struct { const char *text; bool good; } rows[] = {
		{ "abuse@isp.test", true }, { " abuse@isp.test\n", true }, { "", false },
		{ "abuse", false }, { "@isp.test", false }, { "a b@isp.test", false },
		{ "a@isp.test>,<b@x.test", false }, { "a@isp.test\r\nRCPT TO:<b@x.test", false },
		{ "@r.test:a@isp.test", false }, { "\"a\"@isp.test", false },
		{ "a@[192.0.2.1]", false }, { "a@-x.test", false }, { "\xc3\xa4@isp.test", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct contact_answer a = { 0 };
		contact_add(&a, str_of(rows[i].text));
		CHECK_ROW(rows[i].text, (a.email_count == 1) == rows[i].good);
		contact_add(&a, str_of(rows[i].text));
		CHECK_ROW(rows[i].text, a.email_count <= 1);
	}
}

static struct ip address(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static void networks(void **unused)
{
	(void)unused;
	struct contact_answer answers[3] = { 0 };
	char text[NETWORK_MAX];
	struct ip ip = address("198.51.100.25"), six = address("2001:db8::1");
	contact_network(answers, 3, &ip, text);
	assert_string_equal(text, "198.51.100.0-198.51.100.255");
	contact_network(answers, 3, &six, text);
	assert_string_equal(text, "2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff");
	answers[0].first = address("198.51.96.0");
	answers[0].last = address("198.51.111.255");
	contact_network(answers, 3, &ip, text);
	assert_string_equal(text, "198.51.96.0-198.51.111.255");
	answers[2].first = address("198.51.100.0");
	answers[2].last = address("198.51.100.127");
	contact_network(answers, 3, &ip, text);
	assert_string_equal(text, "198.51.100.0-198.51.100.127");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_redacted), cmocka_unit_test(digests_are_consistent),
		cmocka_unit_test(copy_holds_no_recipient),
		cmocka_unit_test(copy_is_plain_and_bounded),
		cmocka_unit_test(deep_mime), cmocka_unit_test(guards), cmocka_unit_test(ids),
		cmocka_unit_test(templates), cmocka_unit_test(bounces),
		cmocka_unit_test(contacts_are_filtered), cmocka_unit_test(contacts_are_addresses),
		cmocka_unit_test(networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
