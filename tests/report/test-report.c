/* SPDX-License-Identifier: ISC
 *
 * What goes out of a message and what stays, and whom a report may go to.
 */
#include "world.h"

#include "report/token.h"
#include "report/contact.h"

#include <stdio.h>
#include <stdlib.h>

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
		{ "o'brien@b.test", "D@b.test" }, { "<jane+shop@b.test>", "<D@b.test>" },
		{ "a!b#c$d%e&f*g/h=i?j^k`l{m|n}o~p@b.test", "D@b.test" },
		{ "/G=Jane/S=Doe/@b.test", "D@b.test" },
		{ "\"a \\\"b\\\" c\"@b.test", "D@b.test" }, { "\"a\\\\\"@b.test", "D@b.test" },
		{ "x \"a@b\"@c.test y", "x D@c.test y" }, { "\"\"@b.test", "D@b.test" },
		{ "j\xc3\xbcrgen@b\xc3\xbc.test", "D@b\xc3\xbc.test" },
		{ "a&#64;b.test a&#x40;b.test a&commat;b.test",
		  "D&#64;b.test D&#x40;b.test D&commat;b.test" },
		{ "mailto:a@b.test?cc=c@d.test", "mailto:D@b.test?cc=D@d.test" },
		{ "/unsub?u=a@b.test", "/unsub?u=D@b.test" },
		{ "http://h.test/?u=a%40b.test&x=1", "http://h.test/?u=D%40b.test&x=1" },
		{ "http://h.test/a/b@c.test", "http://h.test/a/D@c.test" },
		{ "@", "@" }, { "@b.test", "@b.test" }, { "a@", "D@" },
		{ "a@@b.test", "D@@b.test" },
		{ "at 5 @ noon", "at 5 @ noon" },
		{ "kept@proved.test and a@proved.test", "kept@proved.test and D@proved.test" },
		{ "Dear jane.doe, jane.doe!", "Dear D, D!" },
		{ "JANE.DOE.", "D." },
		{ "jane.doesnt jane", "jane.doesnt jane" },
		{ "\"jane.doe\" jane.doe's x.jane.doe jane.doe.x", "\"D\" D's x.jane.doe jane.doe.x" },
		{ "jane.doe=ours.test", "D=ours.test" },
		/* what links and scripts write for the sign, and for any sign */
		{ "a%2540b.test a%252540b.test", "D%2540b.test D%252540b.test" },
		{ "a&#0064;b.test a&#x0040;b.test a&#64b.test",
		  "D&#0064;b.test D&#x0040;b.test D&#64b.test" },
		{ "a\\u0040b.test a\xef\xbc\xa0" "b.test", "D\\u0040b.test D\xef\xbc\xa0" "b.test" },
		{ "&#106;&#x6f;e&#64;b.test", "D&#64;b.test" },
		/* tokens that hide one; the last does not */
		{ "http://h.test/?t=aWQ9MSZlPWpvZUBiLnRlc3QmeA", "http://h.test/?t=D" },
		{ "http://h.test/u/aWQ9MSZlPWpvZUBiLnRlc3QmeA/7", "http://h.test/u/D/7" },
		{ "h=6a6f6540622e74657374", "h=D" }, { "t=eyJ1IjoiamFuZS5kb2UifQ.", "t=D." },
		{ "t=q83vEjRWeJCrze8SNFZ4kKvN7xI0", "t=q83vEjRWeJCrze8SNFZ4kKvN7xI0" },
	};
	struct redaction r = { .names = { { STR("jane.doe"), STR("jane.doe") } },
	                       .name_count = 1,
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

/* Every local part that the grammar of addresses knows, wherever it may stand. */
static void copy_knows_all_local_parts(void **unused)
{
	(void)unused;
	static const struct { const char *recipient, *text, *gone; } rows[] = {
		{ "<o'brien@ours.test>", "Dear o'brien, http://x.test/?u=o%27brien", "brien" },
		{ "<o'brien@ours.test>", "O&#39;Brien O&#x27;brien", "brien" },
		{ "<jane+shop@ours.test>", "jane+shop jane jane%2Bshop jane%2bshop", "jane" },
		{ "<\"jane doe\"@ours.test>", "Dear jane doe, \"jane doe\"@x.test", "jane" },
		{ "<\"jane\\\"doe\"@ours.test>", "\"jane\\\"doe\"@x.test", "jane" },
		{ "<j\xc3\xbcrgen@ours.test>", "Hallo j\xc3\xbcrgen! j%C3%BCrgen", "rgen" },
		{ "<{jane}@ours.test>", "Dear {jane}, %7Bjane%7D", "jane" },
		{ "<@a.test,@b.test:jane@ours.test>", "Dear jane", "jane" },
		{ "<jane@[192.0.2.1]>", "Dear jane", "jane" },
		{ "<jane>", "Dear jane", "jane" }, { "jane@ours.test", "Dear jane", "jane" },
		{ "<jane@ours.test>", "http://x.test/?u=amFuZUBvdXJzLnRlc3Q=", "amFuZUBvdXJz" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *message = NULL;
		struct world w;
		assert_true(asprintf(&message, "Received: from a.isp.test (a.isp.test "
			"[198.51.100.25]) by mx.ours.test (Postfix) with ESMTP id 1\n\tfor %s; "
			"Sat, 21 Nov 2026 10:00:00 +0000\nX-Text: %s\n\n%s\n", rows[i].recipient,
			rows[i].text, rows[i].text) > 0);
		world_init(&w, message, 4096);
		CHECK_ROW(rows[i].text, str_casesearch(buf_str(&w.copy), str_of(rows[i].gone)) ==
		          SIZE_MAX);
		CHECK_ROW(rows[i].text, has(&w.copy, "X-Text: "));
		world_fini(&w);
		free(message);
	}
}

/* Somebody to whom we delivered is not called by his name either; nobody else is left out. */
static void names_of_recipients(void **unused)
{
	(void)unused;
	struct world w;
	world_init(&w, HANDOVER "To: \"Doe, Jane\" <jane.doe@ours.test>, "
	           "=?utf-8?q?J=C3=BCrgen_Roe?= <roe@ours.test>,\n Win <win@prize.test>, Joe Poe "
	           "<joe@prize.test>\nDate: x\nSubject: for Doe, Jane\n\nDear J\xc3\xbcrgen Roe, "
	           "Joe Poe! Win at win.prize.test, joe\n", 4096);
	assert_false(has(&w.copy, "Doe, Jane"));
	assert_false(has(&w.copy, "Roe"));
	assert_false(has(&w.copy, "Joe Poe"));
	assert_true(has(&w.copy, "! Win at win.prize.test, joe"));
	world_fini(&w);
	/* A recipient's name may be a field's. */
	world_init(&w, "Received: from a.isp.test (a.isp.test [198.51.100.25]) by mx.ours.test "
	           "(Postfix) with ESMTP id 1 for <date@ours.test>; Sat, 21 Nov 2026 10:00:00 "
	           "+0000\nDate: Sat, 21 Nov 2026 09:00:00 +0000\n\nx\n", 100);
	assert_true(has(&w.copy, "\r\nDate: Sat, 21 Nov"));
	world_fini(&w);
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
		{ "an answer", "In-Reply-To: <portreeve-report.abcdefgh-a@x>\n", true },
		{ "a later answer", "References: <a@x>\n <portreeve-report.abcdefgh-a@x>\n", true },
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

static const unsigned char key[REPORT_KEY_BYTES] = { 7 };

static void tokens(void **unused)
{
	(void)unused;
	char token[REPORT_TOKEN_LEN + 1], other[REPORT_TOKEN_LEN + 1], id[REPORT_ID_LEN + 1];
	char text[200], uuid[REPORT_UUID_MAX], made[REPORT_ID_LEN + 1];
	report_id_make(made);
	report_token_make(key, made, token);
	assert_int_equal(strlen(token), REPORT_TOKEN_LEN);
	static const struct { const char *before, *behind; } rows[] = {
		{ "", "" }, { "<portreeve-report.", "@x>" }, { "To: b+", "@ours.test" },
		{ "-------aaaaaaaa-", "" }, { "aaaaaaaa-aaaaaaaaaaaaaaaa ", "\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "%s%s%s", rows[i].before, token, rows[i].behind);
		CHECK_ROW(rows[i].before, report_token_find(key, str_of(text), id));
		assert_string_equal(id, made);
		for (char *p = text; *p; p++)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
		CHECK_ROW(rows[i].before, report_token_find(key, str_of(text), id));
		assert_string_equal(id, made);
	}
	/* Any other character, or another key, and it is none. */
	for (size_t i = 0; i < REPORT_TOKEN_LEN; i++) {
		memcpy(other, token, sizeof(other));
		other[i] = other[i] == 'a' ? 'b' : 'a';
		assert_false(report_token_find(key, str_of(other), id));
		assert_false(report_token_find(key, (struct str){ token, i }, id));
	}
	static const unsigned char wrong[REPORT_KEY_BYTES] = { 8 };
	assert_false(report_token_find(wrong, str_of(token), id));
	report_uuid_make(uuid);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
}

static void return_paths(void **unused)
{
	(void)unused;
	static const struct { const char *path, *delimiter, *expected; } rows[] = {
		{ "", "+", "" },
		{ "b@ours.test", "+", "b+abcdefgh-aaaaaaaaaaaaaaaa@ours.test" },
		{ "b@ours.test", "-", "b-abcdefgh-aaaaaaaaaaaaaaaa@ours.test" },
		{ "b@ours.test", "none", "b@ours.test" },
		{ "a2345678901234567890123456789012345678@ours.test", "+",
		  "a2345678901234567890123456789012345678+abcdefgh-aaaaaaaaaaaaaaaa@ours.test" },
		{ "a23456789012345678901234567890123456789@ours.test", "+", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct report_config c = { .return_path = (char *)rows[i].path,
		                           .return_path_delimiter = (char *)rows[i].delimiter };
		char path[CONTACT_MAX];
		bool good = report_return_path(&c, "abcdefgh-aaaaaaaaaaaaaaaa", path);
		CHECK_ROW(rows[i].path, good == (rows[i].expected != NULL));
		CHECK_ROW(rows[i].path, !good || strcmp(path, rows[i].expected) == 0);
	}
}

/* Only what our border wrote down; what the client says of itself is no fact. */
static void source_ports(void **unused)
{
	(void)unused;
#define BY " by mx.ours.test with esmtp (Exim 4.96) id 1abcde-000001-AB for j@ours.test;" \
	" Sat, 21 Nov 2026 10:00:00 +0000\n\nhi"
	static const struct { const char *message; unsigned port; } rows[] = {
		{ "Received: from a.isp.test ([198.51.100.25]:50387 helo=x)" BY, 50387 },
		{ "Received: from [198.51.100.25]:50387 (helo=x)" BY, 50387 },
		{ "Received: from a.isp.test ([198.51.100.25] helo=x)" BY, 0 },
		{ "Received: from a.isp.test ([198.51.100.25]:0 helo=x)" BY, 0 },
		{ "Received: from a.isp.test ([198.51.100.25]:65536 helo=x)" BY, 0 },
		{ "Received: from a.isp.test ([198.51.100.25] helo=[198.51.100.25]:99)" BY, 0 },
		{ "Received: from [198.51.100.25]:99 (a.isp.test [198.51.100.25])"
		  " by mx.ours.test (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\n\n",
		  0 },
		{ HANDOVER "\nhi", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		world_init(&w, rows[i].message, 0);
		CHECK_ROW(rows[i].message, report_source_port(&w.facts) == rows[i].port);
		w.facts.source = ip_from_v4(203, 0, 113, 1);
		CHECK_ROW(rows[i].message, report_source_port(&w.facts) == 0);
		world_fini(&w);
	}
}

/* ---- contacts ----------------------------------------------------------- */

static void contacts_are_filtered(void **unused)
{
	(void)unused;
	static const struct { const char *email; enum contact_use use; } rows[] = {
		{ "abuse@isp.test", CONTACT_GOOD }, { "abuse@ours.test", CONTACT_OWN },
		{ "abuse@mail.ours.test", CONTACT_OWN }, { "abuse@notours.test", CONTACT_GOOD },
		{ "nobody@isp.test", CONTACT_PLACEHOLDER },
		{ "No-Reply@isp.test", CONTACT_PLACEHOLDER },
		{ "abuse@example.com", CONTACT_PLACEHOLDER },
		{ "abuse@ripe.net", CONTACT_PLACEHOLDER }, { "x@ignored.test", CONTACT_IGNORED },
		{ "Dead@isp.test", CONTACT_DEAD }, { "old@isp.test", CONTACT_GOOD },
		{ "abuse@isp.invalid", CONTACT_PLACEHOLDER },
		{ "Abuse@xn--mnchen-3ya.test", CONTACT_DEAD },
		{ "abuse@m\u00fcnchen.test", CONTACT_DEAD },
		{ "abuse@m\u00dcnchen.test", CONTACT_DEAD },
		{ "abuse@xn--bcher-kva.test", CONTACT_DEAD },
		{ "other@xn--bcher-kva.test", CONTACT_GOOD },
		{ "abuse@xn--mnchen-3yb.test", CONTACT_GOOD }, { "abuse@munchen.test", CONTACT_GOOD },
	};
	const char *const own[] = { "ours.test", NULL };
	char *globs[] = { "*@ignored.test" };
	struct config_strings ignore = { globs, 1 };
	struct dead_contact dead[] = { { "dead@isp.test", "", 200 }, { "old@isp.test", "", 50 },
	                               { "abuse@m\u00fcnchen.test", "", 200 },
	                               { "abuse@b\u00fccher.test", "", 200 } };
	struct contact_filter f = { own, &ignore, dead, 4, 100 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum contact_use use = contact_use(&f, rows[i].email);
		CHECK_ROW(rows[i].email, use == rows[i].use);
		CHECK_ROW(rows[i].email, (*contact_use_text(use) == '\0') == (use == CONTACT_GOOD));
	}
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

static void networks(void **unused)
{
	(void)unused;
	struct contact_answer answers[3] = { 0 };
	char text[NETWORK_MAX];
	struct ip ip = address_of("198.51.100.25"), six = address_of("2001:db8::1");
	contact_network(answers, 3, &ip, text);
	/* Nobody named one: what is counted by, and told to nobody. */
	assert_string_equal(text, "198.51.100.0/24");
	assert_false(contact_network_named(text));
	contact_network(answers, 3, &six, text);
	assert_string_equal(text, "2001:db8::/48");
	answers[0].first = address_of("198.51.96.0");
	answers[0].last = address_of("198.51.111.255");
	contact_network(answers, 3, &ip, text);
	assert_string_equal(text, "198.51.96.0-198.51.111.255");
	assert_true(contact_network_named(text));
	answers[2].first = address_of("198.51.100.0");
	answers[2].last = address_of("198.51.100.127");
	contact_network(answers, 3, &ip, text);
	assert_string_equal(text, "198.51.100.0-198.51.100.127");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_redacted), cmocka_unit_test(digests_are_consistent),
		cmocka_unit_test(copy_holds_no_recipient),
		cmocka_unit_test(copy_knows_all_local_parts),
		cmocka_unit_test(names_of_recipients),
		cmocka_unit_test(copy_is_plain_and_bounded),
		cmocka_unit_test(deep_mime), cmocka_unit_test(guards), cmocka_unit_test(tokens),
		cmocka_unit_test(return_paths), cmocka_unit_test(source_ports),
		cmocka_unit_test(contacts_are_filtered), cmocka_unit_test(contacts_are_addresses),
		cmocka_unit_test(networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
