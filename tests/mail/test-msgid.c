/* SPDX-License-Identifier: ISC
 *
 * Message identifiers: what may stand in a header of ours, and what is left out.
 */
#include "test.h"

#include "mail/msgid.h"

#include <string.h>

static void test_grammar(void **state)
{
	(void)state;
	static const struct { const char *value, *id; } rows[] = {
		{ "<a@b>", "<a@b>" },
		{ " <20261128.1234@mx.host.test>\r\n", "<20261128.1234@mx.host.test>" },
		{ "<CAB+x=y_z/1$2@mail.gmail.com>", "<CAB+x=y_z/1$2@mail.gmail.com>" },
		{ "<a@[192.0.2.1]>", "<a@[192.0.2.1]>" },
		{ "<a@[IPv6:2001:db8::1]>", "<a@[IPv6:2001:db8::1]>" },
		{ "(by hand) <a.b@c> (really)", "<a.b@c>" },
		{ "\r\n\t<a@b>", "<a@b>" },
		/* More in it than an identifier. */
		{ "<a@b> <c@d>", "" }, { "<a@b>, x", "" }, { "x <a@b>", "" },
		{ "<a@b>\r\nBcc: <victim@c.test>", "" }, { "<a@b\r\n Bcc: c>", "" },
		{ "<a@b>\nX: y", "" }, { "<a\r@b>", "" },
		/* Not by the grammar, or only by the obsolete one. */
		{ "", "" }, { "a@b", "" }, { "<a>", "" }, { "<@b>", "" }, { "<a@>", "" }, { "<>", "" },
		{ "<a@b", "" }, { "<a..b@c>", "" }, { "<.a@b>", "" }, { "<a.@b>", "" },
		{ "<a@b..c>", "" }, { "<a@b.>", "" }, { "<a b@c>", "" }, { "<\"a b\"@c>", "" },
		{ "<a@b@c>", "" }, { "<a@[b>", "" }, { "<a@[b[]>", "" }, { "<a@[b\\]]>", "" },
		{ "<a@b(c)>", "" }, { "<\xc3\xbc@b>", "" }, { "<a@b\x7f>", "" }, { "<a@<b@c>>", "" },
		{ "<%s@%n>", "<%s@%n>" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].value, str_eq(msgid_parse(str_of(rows[i].value)),
		                                str_of(rows[i].id)));
	assert_int_equal(msgid_parse((struct str){ "<a\0@b>", 6 }).n, 0);
}

static void test_of_message(void **state)
{
	(void)state;
	static const struct { const char *message, *id; } rows[] = {
		{ "Subject: x\r\nMESSAGE-id: <a@b>\r\n\r\nhello", "<a@b>" },
		{ "Message-ID:\r\n <a@b>\r\n\r\n", "<a@b>" },
		{ "Subject: x\r\n\r\nMessage-ID: <a@b>\r\n", "" },
		{ "Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n", "" },
		{ "Message-ID: <a@b>\r\nMessage-ID: no\r\n\r\n", "" },
		{ "Resent-Message-ID: <a@b>\r\n\r\n", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].message, str_eq(msgid_of(str_of(rows[i].message)),
		                                  str_of(rows[i].id)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_of_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
