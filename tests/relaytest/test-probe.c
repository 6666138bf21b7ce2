/* SPDX-License-Identifier: ISC
 *
 * The probe: what a person who reads it learns, and that its mark is known again whatever a
 * relay makes of the message.
 */
#include "test.h"

#include "relaytest/probe.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static const struct token_set tokens = {
	.recipient = "kabcdefghaba3pmwo5yja4qngq34", .sender = "kabcdefghabbgejwy4nyolntfhbb",
	.mark = "a2b3c4d5e6f7g2h3i4j5",
};
#define MARK "a2b3c4d5e6f7g2h3i4j5"

static const struct identity us = {
	.hostname = "probe.one.test", .operator_name = "Example Operator",
	.contact = "abuse@one.test", .objection_url = "https://one.test/object",
};

static struct probe probe_of(enum consent consent)
{
	struct probe p = {
		.tokens = &tokens, .case_id = "E14", .test_id = "abcdefgh",
		.detects = "percent hack (percent_hack_domains)", .consent = consent,
		.domain = "one.test", .sender_domain = "two.example", .us = &us,
		.now_s = 1700000000,
	};
	endpoint_parse(STR("192.0.2.1:25"), 0, &p.target, NULL);
	return p;
}

static bool has(const struct buf *b, const char *text)
{
	return str_search(buf_str(b), str_of(text)) != SIZE_MAX;
}

/* ---- what it says -------------------------------------------------------------------- */

static void test_says_who_and_why(void **state)
{
	(void)state;
	static const struct { enum consent consent; const char *why; } rows[] = {
		{ CONSENT_OWNER, "the owner of this address asked for it" },
		{ CONSENT_CONTACT, "this address sent mail to us" },
		{ CONSENT_EVIDENCE, "spam that came by way of this address was reported to us" },
		{ CONSENT_RANGE, "an operator of this network permitted it" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct probe p = probe_of(rows[i].consent);
		struct buf text = { 0 };
		probe_write(&p, &text);
		assert_true(has(&text, rows[i].why));
		assert_true(has(&text, "192.0.2.1:25"));
		assert_true(has(&text, "open relay"));
		assert_true(has(&text, "Example Operator (probe.one.test)"));
		assert_true(has(&text, "percent hack (percent_hack_domains)"));
		assert_true(has(&text, "To object, or to ask: abuse@one.test"));
		assert_true(has(&text, "https://one.test/object"));
		buf_fini(&text);
	}
}

/* Without an operator's name it still says who: the name of HELO. */
static void test_says_the_least(void **state)
{
	static const struct identity nobody = {
		.hostname = "probe.one.test", .operator_name = "", .contact = "", .objection_url = "",
	};
	(void)state;
	struct probe p = probe_of(CONSENT_RANGE);
	struct buf text = { 0 };
	p.us = &nobody;
	probe_write(&p, &text);
	assert_true(has(&text, "Who tests: probe.one.test"));
	assert_false(has(&text, "To object, or to ask: \n"));
	assert_false(has(&text, "More: \n"));
	buf_fini(&text);
}

/* The operator's name may be no ASCII: the probe is 7bit all the same. */
static void test_is_7bit(void **state)
{
	static const struct identity wide = {
		.hostname = "probe.one.test", .operator_name = "Verein f\xc3\xbcr Netze",
		.contact = "abuse@one.test", .objection_url = "",
	};
	(void)state;
	struct probe p = probe_of(CONSENT_RANGE);
	struct buf text = { 0 };
	p.us = &wide;
	probe_write(&p, &text);
	assert_true(str_is_ascii(buf_str(&text)));
	assert_true(has(&text, "charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"));
	assert_true(has(&text, "Verein f=C3=BCr Netze"));
	assert_true(probe_mark_found(buf_str(&text), MARK));
	buf_fini(&text);
}

static void test_form(void **state)
{
	(void)state;
	struct probe p = probe_of(CONSENT_OWNER);
	struct buf text = { 0 };
	probe_write(&p, &text);
	struct str rest = buf_str(&text), header;
	size_t end = str_search(rest, STR("\n\n"));
	assert_true(end != SIZE_MAX);
	header = (struct str){ rest.p, end + 1 };
	static const char *const fields[] = { "From: ", "To: ", "Subject: ", "Date: ",
	                                      "Message-ID: ",
	                                      "Auto-Submitted: auto-generated\n",
	                                      "MIME-Version: 1.0\n" };
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		CHECK_ROW(fields[i], str_search(header, str_of(fields[i])) != SIZE_MAX);
	/* The recipient's token is in To, the mark in no address. */
	assert_true(has(&text, "To: <kabcdefghaba3pmwo5yja4qngq34@one.test>\n"));
	for (size_t i = 0, line = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		assert_true(c == '\n' || ascii_isprint(c));
		line = c == '\n' ? 0 : line + 1;
		assert_true(line <= 998);
	}
	assert_true(text.p[text.n - 1] == '\n');
	/* Both from header and body: some relays strip one, some rewrite the other. */
	assert_true(str_search(header, STR(MARK)) != SIZE_MAX);
	assert_true(str_search(str_from(rest, end), STR("Mark: " MARK "\n")) != SIZE_MAX);
	buf_fini(&text);
}

/* ---- the mark after a journey ------------------------------------------------------------ */

static bool found(const char *text)
{
	return probe_mark_found(str_of(text), MARK);
}

static void test_mark_plain(void **state)
{
	(void)state;
	assert_true(found("Subject: x\r\n\r\nMark: " MARK "\r\n"));
	assert_true(found("Subject: x\r\n\r\nMARK: A2B3C4D5E6F7G2H3I4J5\r\n"));
	assert_true(found("X-Relay-Test: test=x case=E01 mark=" MARK "\r\n\r\nother text\r\n"));
	assert_true(found("body only, every header stripped " MARK));
	assert_true(found("Subject: x\r\n\r\nMark: " MARK "\r\n-- \r\nThis mail was scanned.\r\n"));
	/* Not ours. */
	assert_false(found(""));
	assert_false(found("Subject: x\r\n\r\nMark: a2b3c4d5e6f7g2h3i4j6\r\n"));
	assert_false(found("Subject: x\r\n\r\nMark: a2b3c4d5e6f7 g2h3i4j5\r\n"));
	assert_false(found("Subject: x\r\n\r\na2b3c4d5e6f7g2h3i4j\r\n"));
	assert_false(probe_mark_found((struct str){ NULL, 0 }, MARK));
	char nul[64] = "a\0b";
	memcpy(nul + 8, MARK, MARK_LEN);
	assert_true(probe_mark_found((struct str){ nul, sizeof(nul) }, MARK));
}

static char *base64_of(const char *text)
{
	size_t n = strlen(text);
	char *out = calloc(1, n * 2 + 8);
	assert_non_null(out);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)n);
	return out;
}

static void test_mark_encoded(void **state)
{
	(void)state;
	static const char *const wrappers[] = {
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n",
		/* multipart/alternative, the mark in the second part only */
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n"
		"--b\r\nContent-Type: text/plain\r\n\r\nsee the other part\r\n"
		"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n"
		"--b--\r\n",
		/* a mailing list's or scanner's wrapping, two deep, no last boundary */
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
		"--a\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
		"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
		"%s\r\n",
		/* attached whole */
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
		"--a\r\nContent-Type: text/plain\r\n\r\nA message came:\r\n"
		"--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n"
		"--a--\r\n",
		/* a bounce */
		"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;"
		" boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
		"--a\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n"
		"\r\n%s\r\n"
		"--a--\r\n",
		/* LF only */
		"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n%s\n",
	};
	char *ours = base64_of("This message tests ...\r\nMark: " MARK "\r\n");
	char *other = base64_of("This message tests ...\r\nMark: a2b3c4d5e6f7g2h3i4j4\r\n");
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++) {
		char text[2048];
		snprintf(text, sizeof(text), wrappers[i], ours);
		CHECK_ROW(wrappers[i], found(text));
		snprintf(text, sizeof(text), wrappers[i], other);
		CHECK_ROW(wrappers[i], !found(text));
	}
	free(ours);
	free(other);
}

static void test_mark_quoted_printable(void **state)
{
	(void)state;
	static const char head[] = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
	                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
	static const char *const bodies[] = {
		"Mark: a2b3c4d5e6=\r\nf7g2h3i4j5\r\n",
		"Mark: a2b3=\nc4d5=\ne6f7=\ng2h3=\ni4j5\n",
		"Mark:=20=61=32b3c4d5e6f7g2h3i4j5\r\n",
		("=4D=61=72=6B=3A=20=61=32=62=33=63=34=64=35=65=36=66=37=67=32=68=33=69=34"
		 "=6A=35\r\n"),
	};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		char text[512];
		snprintf(text, sizeof(text), "%s%s", head, bodies[i]);
		CHECK_ROW(bodies[i], found(text));
	}
}

/* Hostile MIME: parts without end, inside each other without end; bounded work, no mark. */
static void test_hostile_mime(void **state)
{
	(void)state;
	struct buf text = { 0 };
	for (int i = 0; i < 4000; i++)
		buf_printf(&text, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i,
		           i);
	buf_add_cstr(&text, "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
	assert_false(probe_mark_found(buf_str(&text), MARK));
	buf_clear(&text);
	for (int i = 0; i < 8000; i++)
		buf_add_cstr(&text, "Content-Type: message/rfc822\r\n\r\n");
	assert_false(probe_mark_found(buf_str(&text), MARK));
	buf_clear(&text);
	buf_add_cstr(&text, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < 50000; i++)
		buf_add_cstr(&text, "--b\r\n");
	assert_false(probe_mark_found(buf_str(&text), MARK));
	buf_clear(&text);
	for (int i = 0; i < 250000; i++)
		buf_add_byte(&text, i % 3 ? ' ' : ':');
	assert_false(probe_mark_found(buf_str(&text), MARK));
	buf_fini(&text);
}

/* As the collector has it: what probe_write() wrote. */
static void test_own_mark(void **state)
{
	(void)state;
	struct probe p = probe_of(CONSENT_RANGE);
	struct buf text = { 0 };
	probe_write(&p, &text);
	assert_true(probe_mark_found(buf_str(&text), MARK));
	assert_false(probe_mark_found(buf_str(&text), "z2z3z4z5z6z7z2z3z4z5"));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_who_and_why),
		cmocka_unit_test(test_says_the_least),
		cmocka_unit_test(test_is_7bit), cmocka_unit_test(test_form),
		cmocka_unit_test(test_mark_plain),
		cmocka_unit_test(test_mark_encoded),
		cmocka_unit_test(test_mark_quoted_printable),
		cmocka_unit_test(test_hostile_mime),
		cmocka_unit_test(test_own_mark),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
