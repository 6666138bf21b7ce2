/* SPDX-License-Identifier: ISC
 *
 * Whose domain a field names: never a display name's or a comment's.
 */
#include "test.h"

#include "mail/mailbox.h"

static const struct { const char *field, *domain; } rows[] = {
	{ "a@b.example", "b.example" }, { "<a@b.example>", "b.example" },
	{ "Name <a@b.example>", "b.example" }, { "a@b.example (Name)", "b.example" },
	{ "\"x@shop.example\" <a@b.example>", "b.example" },
	{ "\"Shop <x@shop.example>\" <a@b.example>", "b.example" },
	{ "\"x \\\" <x@shop.example>\" <a@b.example>", "b.example" },
	{ "x@shop.example <a@b.example>", "b.example" },
	{ "(x@shop.example) a@b.example", "b.example" },
	{ "(\\) <x@shop.example>) <a@b.example>", "b.example" },
	{ "<a@b.example> (x@shop.example)", "b.example" },
	{ "Name (<x@shop.example>) <a@b.example>", "b.example" },
	{ "<\"x@shop.example\"@b.example>", "b.example" },
	{ "\"x@shop.example\"@b.example", "b.example" },
	{ "<@one.example,@two.example:a@b.example>", "b.example" },
	{ "=?utf-8?q?x=40shop.example?= <a@b.example>", "b.example" },
	{ "Friends: a@b.example, c@d.example;", "b.example" },
	{ "x@shop.example: a@b.example;", "b.example" },
	{ "a@b.example, c@d.example", "b.example" },
	{ "\r\n\ta@\r\n\tb.example", "b.example" }, { "a @ (c) b.example", "b.example" },
	{ "a@b.example.", "b.example" }, { "<a@\xd0\xbf.example>", "\xd0\xbf.example" },
	/* none */
	{ "", "" }, { "<>", "" }, { "MAILER-DAEMON", "" }, { "<MAILER-DAEMON>", "" }, { "Name", "" },
	{ "\"a@b.example\"", "" }, { "(a@b.example)", "" }, { "undisclosed-recipients:;", "" },
	{ "\"a@b.example", "" }, { "(a@b.example", "" }, { "<a@[192.0.2.1]>", "" }, { "#@[]", "" },
	{ "a@b . example", "" }, { "a@b. example", "" }, { "a@", "" }, { "@", "" }, { "<@", "" },
	{ "<\"", "" }, { "<a@b", "b" },
};

static void test_domains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str domain = mailbox_domain(str_of(rows[i].field));
		CHECK_ROW(rows[i].field, str_eq(domain, str_of(rows[i].domain)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_domains) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
