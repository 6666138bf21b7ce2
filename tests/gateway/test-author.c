/* SPDX-License-Identifier: ISC
 *
 * Whose a message says that it is: what is the account's own passes, and every other writer,
 * however he is written, does not.
 */
#include "two-domains.h"
#include "test.h"

#include "gateway/author.h"

/* The account "a" owns a@b.a and a@a (two-domains.h). */
struct row {
	const char *header;               /* with LF for CRLF */
	int code;
	bool utf8;
};

static const struct row rows[] = {
	{ "From: a@b.a\n", 0 }, { "From: <a@b.a>\n", 0 }, { "from:a@B.A\n", 0 },
	{ "FROM: Al Gore <a@b.a>\n", 0 }, { "From: \"Gore, Al\" <a@a>\n", 0 },
	{ "From: \"a \\\"b\\\" c@d <x@y>\" <a@a>\n", 550 },   /* gmime's name has an end in it */
	{ "From: \"a \\\"b\\\" c@d\" <a@a>\n", 0 },
	{ "From: A. B. <a@a>\n", 0 }, { "From: =?utf-8?q?=C3=BC?= =?utf-8?b?w7w=?= <a@a>\n", 0 },
	{ "From: a@a (Al)\n", 0 }, { "From: (Al) a@a\n", 0 },
	{ "From: a@a, Al <a@b.a>\n", 0 }, { "From: Al\n <a@b.a>\n", 0 },
	{ "From: a@a\nSender: a@b.a\n", 0 }, { "From:\n a@a\n", 0 },
	{ "X: y\nFrom: a@a\nSubject: z\n", 0 },
	/* Somebody else. */
	{ "From: c@b.a\n", 550 }, { "From: a@c\n", 550 }, { "From: Al <a@c>\n", 550 },
	{ "From: a@a, c@a\n", 550 }, { "From: c@a, a@a\n", 550 },
	{ "From: a@a\nSender: c@a\n", 550 }, { "From: a@a\nSender: a@a, a@b.a\n", 550 },
	{ "From: a+x@a\n", 550 }, { "From: A@a\n", 550 },
	/* Sent again, as often as may be: each time by the account. */
	{ "Resent-From: a@a\nResent-Sender: a@b.a\nFrom: a@a\n", 0 },
	{ "Resent-From: a@a\nResent-Date: x\nResent-From: a@a, a@b.a\nFrom: a@a\n", 0 },
	{ "Resent-From: c@c\nFrom: a@a\n", 550 }, { "From: a@a\nRESENT-from:c@c\n", 550 },
	{ "Resent-From: a@a\nFrom: a@a\nResent-From: c@c\n", 550 },
	{ "Resent-From: c@c\nResent-From: a@a\nFrom: a@a\n", 550 },
	{ "Resent-From: a@a, c@c\nFrom: a@a\n", 550 },
	{ "Resent-Sender: c@c\nFrom: a@a\n", 550 },
	{ "Resent-Sender: a@a\nResent-Sender: c@c\nFrom: a@a\n", 550 },
	{ "Resent-Sender: a@a, a@b.a\nFrom: a@a\n", 550 },
	{ "Resent-From: a@a\n", 0 },             /* From is put there, as it lacks */
	{ "Resent-From:\nFrom: a@a\n", 550 }, { "Resent-From : c@c\nFrom: a@a\n", 550 },
	{ "Resent-From: g: c@c;\nFrom: a@a\n", 550 },
	{ "From: a@a\nResent-From: a@a\n \nResent-Sender: c@c\n", 550 },
	/* Twice, never, or not for everybody. */
	{ "From: a@a\nFrom: c@c\n", 550 }, { "From: a@a\nFrom: a@a\n", 550 },
	{ "From: a@a\nfROM : c@c\n", 550 }, { "From : a@a\n", 550 },
	{ "From: a@a\nSender: a@a\nSender: c@c\n", 550 },
	{ "From: a@a\n \nFrom: c@c\n", 550 }, { "From: a@a\n\t\n", 550 },
	{ "From: a@a\nFrom c@c\n", 550 }, { "From c@c\nFrom: a@a\n", 550 },
	{ "\xef\xbb\xbf" "From: a@a\n", 550 }, { "From: a@a\nno field\n", 550 },
	{ "From: a@a\n: c@c\n", 550 },
	/* What one reader takes for another's. */
	{ "From:\n", 550 }, { "From: <>\n", 550 }, { "From: a\n", 550 }, { "From: Al <a>\n", 550 },
	{ "From: a@a a@a\n", 550 }, { "From: a@a <c@c>\n", 550 }, { "From: c@c <a@a>\n", 550 },
	{ "From: <c@c> <a@a>\n", 550 }, { "From: <a@a> <c@c>\n", 550 },
	{ "From: <a@a> c@c\n", 550 }, { "From: <a@a> c\n", 550 }, { "From: <a@a\n", 550 },
	{ "From: a@a>\n", 550 }, { "From: <a@a>>\n", 550 }, { "From: <<a@a>>\n", 550 },
	{ "From: < a@a>\n", 550 }, { "From: <a @a>\n", 550 }, { "From: <a@ a>\n", 550 },
	{ "From: a @a\n", 550 }, { "From: a@a,\n", 550 }, { "From: ,a@a\n", 550 },
	{ "From: a@a;c@c\n", 550 }, { "From: a@a c@c\n", 550 }, { "From: a@@a\n", 550 },
	{ "From: a@a@c\n", 550 }, { "From: x@c@a\n", 550 }, { "From: a%c@a\n", 550 },
	{ "From: c!a@a\n", 550 }, { "From: <@c:a@a>\n", 550 }, { "From: <@a:a@c>\n", 550 },
	{ "From: \"a\"@a\n", 550 }, { "From: <\"a\"@a>\n", 550 }, { "From: a.@a\n", 550 },
	{ "From: a@[192.0.2.1]\n", 550 }, { "From: a@a.\n", 550 },
	{ "From: group: a@a;\n", 550 }, { "From: :;\n", 550 }, { "From: g: c@c; <a@a>\n", 550 },
	{ "From: a(c)@a\n", 550 }, { "From: a@(c)a\n", 550 }, { "From: a@a(c@c)\n", 550 },
	{ "From: (<c@c>) a@a\n", 550 }, { "From: (a (b)) a@a\n", 550 }, { "From: (a a@a\n", 550 },
	{ "From: \"Al <a@a>\n", 550 }, { "From: \"\" <a@a>\n", 0 },
	{ "From: =?utf-8?q?c=40c?=@a\n", 550 }, { "From: <=?utf-8?q?a=40a?=>\n", 550 },
	{ "From: =?utf-8?q?=3Cc=40c=3E?= <a@a>\n", 550 },
	{ "From: =?utf-8?q?x=0D=0AFrom:=20c?= <a@a>\n", 550 },
	{ "From: \xc3\xbc <a@a>\n", 550 }, { "From: \xc3\xbc <a@a>\n", 0, true },
	{ "From: a@\xef\xbb\xbf" "a\n", 550, true }, { "From: a@\xef\xbd\x81\n", 550, true },
	{ "From: \xff <a@a>\n", 550, true }, { "From: \xc3\xbc@a\n", 550, true },
	{ "From: a@a\x01\n", 550 }, { "From: a@a\x7f\n", 550 }, { "From: a\rb <a@a>\n", 550 },
	{ "From: a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, a@a, "
	  "a@a\n", 550 },
};

static struct gateway_author check(const char *header, bool utf8, struct str sender)
{
	struct gateway_author author;
	struct buf message = { 0 };
	for (const char *c = header; *c; c++) {
		if (*c == '\n')
			buf_add_byte(&message, '\r');
		buf_add_byte(&message, *c);
	}
	buf_add_cstr(&message, "\r\nFrom: c@c\r\n");
	gateway_author_check(buf_str(&message), utf8, sender, STR("a"), &test_directory, &author);
	buf_fini(&message);
	return author;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct gateway_author author = check(rows[i].header, rows[i].utf8,
		                                           STR("a@a"));
		if (author.code != rows[i].code)
			fail_msg("%s: %d %s", rows[i].header, author.code,
			         author.text ? author.text : "");
		CHECK_ROW(rows[i].header, (author.code == 0) == (author.text == NULL));
	}
}

static void test_nul_and_length(void **state)
{
	struct buf message = { 0 };
	struct gateway_author author;
	(void)state;
	gateway_author_check((struct str){ "From: a@a\0\r\n\r\n", 14 }, false, STR("a@a"),
	                     STR("a"), &test_directory, &author);
	assert_int_equal(author.code, 550);
	buf_add_cstr(&message, "From: ");
	for (size_t i = 0; i < GATEWAY_AUTHOR_FIELD_MAX; i++)
		buf_add_byte(&message, 'x');
	buf_add_cstr(&message, " <a@a>\r\n\r\n");
	gateway_author_check(buf_str(&message), false, STR("a@a"), STR("a"), &test_directory,
	                     &author);
	assert_int_equal(author.code, 550);
	buf_fini(&message);
}

/* Each costs questions. */
static void test_many_fields(void **state)
{
	(void)state;
	for (unsigned n = GATEWAY_AUTHOR_FIELDS_MAX - 1; n <= GATEWAY_AUTHOR_FIELDS_MAX; n++) {
		struct buf header = { 0 };
		buf_add_cstr(&header, "From: a@a\n");
		for (unsigned i = 0; i < n; i++)
			buf_add_cstr(&header, i % 2 ? "Resent-From: a@a\n" : "Resent-Sender: a@a\n");
		assert_int_equal(check(buf_cstr(&header), false, STR("a@a")).code,
		                 n < GATEWAY_AUTHOR_FIELDS_MAX ? 0 : 550);
		buf_fini(&header);
	}
}

/* What is missing is added; a From only with a sender that is known. */
static void test_complete(void **state)
{
	static const struct { const char *header, *added; } lacking[] = {
		{ "Subject: x\n", "From: <a@a>\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
		  "Message-ID: <Q1@mx.a>\r\n" },
		{ "From: a@a\nDate: x\n", "Message-ID: <Q1@mx.a>\r\n" },
		{ "From: a@a\nDate: x\nMessage-Id: <1@a>\n", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(lacking) / sizeof(*lacking); i++) {
		const struct gateway_author author = check(lacking[i].header, false, STR("a@a"));
		struct buf added = { 0 };
		assert_int_equal(author.code, 0);
		gateway_author_complete(&author, STR("a@a"), "Q1", "mx.a", 0, &added);
		CHECK_ROW(lacking[i].header, strcmp(buf_cstr(&added), lacking[i].added) == 0);
		buf_fini(&added);
	}
	assert_int_equal(check("Subject: x\n", false, STR("")).code, 550);
	assert_int_equal(check("From: a@a\n", false, STR("")).code, 0);
}

static enum gateway_known not_now(void *arg, struct str account,
                                  const struct gateway_address *address)
{
	(void)arg, (void)account, (void)address;
	return GATEWAY_NOT_NOW;
}

static void test_not_now(void **state)
{
	const struct gateway_directory directory = { .owns = not_now };
	struct gateway_author author;
	(void)state;
	gateway_author_check(STR("From: a@a\r\n\r\n"), false, STR("a@a"), STR("a"), &directory,
	                     &author);
	assert_int_equal(author.code, 451);
}

static void test_hops(void **state)
{
	(void)state;
	assert_int_equal(gateway_hops(STR("")), 0);
	assert_int_equal(gateway_hops(STR("Received: a\r\n b\r\nX: y\r\nRECEIVED: c\r\n"
	                                  "X-Received: d\r\n\r\nReceived: e\r\n")), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_nul_and_length),
		cmocka_unit_test(test_many_fields), cmocka_unit_test(test_complete),
		cmocka_unit_test(test_not_now), cmocka_unit_test(test_hops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
