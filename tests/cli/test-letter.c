/* SPDX-License-Identifier: ISC
 *
 * A message as programs hand it to sendmail, and as it goes out.
 */
#include "test.h"

#include "cli/letter.h"

static void test_input(void **state)
{
	(void)state;
	static const struct { const char *in, *out; bool no_dot, ended; } rows[] = {
		{ "", "", false, false }, { "a", "a\n", false, false }, { "a\n", "a\n", false, false },
		{ "a\r\nb\rc\n", "a\nb\nc\n", false, false }, { "\r\r\n", "\n\n", false, false },
		{ "a\n.\nb\n", "a\n", false, true }, { "a\n.", "a\n", false, true },
		{ "a\n.\r\nb", "a\n", false, true }, { "a\n.\nb\n", "a\n.\nb\n", true, false },
		{ ".", ".\n", true, false }, { "..\n.a\n", "..\n.a\n", false, false },
		{ ".", "", false, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t piece = 1; piece < 4; piece++) {
			struct letter_input in = { .no_dot = rows[i].no_dot };
			struct str rest = str_of(rows[i].in);
			bool more = true;
			while (more && rest.n > 0) {
				const size_t n = piece < rest.n ? piece : rest.n;
				more = letter_take(&in, (struct str){ rest.p, n });
				rest = str_from(rest, n);
			}
			letter_finish(&in);
			CHECK_ROW(rows[i].in, strcmp(buf_cstr(&in.text), rows[i].out) == 0);
			CHECK_ROW(rows[i].in, in.ended && !in.too_long);
			buf_fini(&in.text);
		}
}

static void test_recipients(void **state)
{
	(void)state;
	static const struct { const char *given, *header, *out; bool wrong; } rows[] = {
		{ "a@b", NULL, "a@b", false }, { "a", NULL, "a@h", false },
		{ "Al <a@b>, \"B, C\" <c@d>,a@b", NULL, "a@b c@d", false },
		{ "g: a@b, c;, d", NULL, "a@b c@h d@h", false }, { "", NULL, "", false },
		{ "<", NULL, "", true },
		{ NULL, "To: a@b,\n c\nX: d@e\nCc: f@g\nbcc: i@j\n\nTo: k@l\n", "a@b c@h f@g i@j", false },
		{ NULL, "To: a@b\nResent-To: c@d\nResent-Bcc: e@f\n", "c@d e@f", false },
		{ NULL, "no header\nTo: a@b\n", "", false }, { NULL, "", "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct letter_recipients r;
		struct buf found = { 0 };
		const char *name = rows[i].given ? rows[i].given : rows[i].header;
		if (rows[i].given)
			letter_add_recipients(&r, str_of(rows[i].given), "h");
		else
			letter_recipients_of(&r, str_of(rows[i].header), "h");
		for (size_t k = 0; k < r.n; k++)
			buf_printf(&found, "%s%s", k ? " " : "", r.v[k]);
		CHECK_ROW(name, strcmp(buf_cstr(&found), rows[i].out) == 0);
		CHECK_ROW(name, (r.wrong != NULL) == rows[i].wrong && !r.too_many);
		buf_fini(&found);
		letter_recipients_fini(&r);
	}
}

static void test_too_many(void **state)
{
	static struct letter_recipients r;
	struct buf list = { 0 };
	(void)state;
	for (int i = 0; i <= LETTER_RECIPIENTS_MAX; i++)
		buf_printf(&list, "a%d@b, ", i);
	letter_add_recipients(&r, buf_str(&list), "h");
	assert_true(r.too_many && r.n == LETTER_RECIPIENTS_MAX);
	letter_recipients_fini(&r);
	buf_fini(&list);
}

#define ADDED "Date: Thu, 1 Jan 1970 00:00:00 +0000\nMessage-ID: <1@h>\n\n"

static void test_write(void **state)
{
	(void)state;
	static const struct { const char *sender, *name, *text, *out; } rows[] = {
		{ "s@t", "", "hi\n", "From: <s@t>\r\n" ADDED "hi\n" },
		{ "", "Al B", "\nhi\n", "From: \"Al B\" <u@h>\r\n" ADDED "hi\n" },
		{ "s@t", "", "From: a@b\nBcc: c@d,\n e@f\nX: y\n z\n\nhi\n",
		  "From: a@b\nX: y\n z\n" ADDED "hi\n" },
		{ "s@t", "", "From: a@b\nDate: x\nMessage-Id: <y>\n\n",
		  "From: a@b\nDate: x\nMessage-Id: <y>\n\n" },
		{ "s@t", "", "From: root (Cron)\nTo: a, b@c\n\n", "From: <root@h>\r\nTo: <a@h>, "
		  "<b@c>\r\n" ADDED },
		{ "s@t", "", "From: \xc3\xbc <a@b>\n\n", "From: =?utf-8?b?w7w=?=\r\n <a@b>\r\n" ADDED },
		{ "s@t", "", "From: a@b\nno field\n", "From: a@b\n" ADDED "no field\n" },
		{ "s@t", "", "From: a@b\nTo: undisclosed:;\n\n", "From: a@b\nTo: undisclosed:;\n"
		  ADDED },
		{ "s@t", "", "From x@y Thu Jan 1\nFrom: a@b\n\n", "From: a@b\n" ADDED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct letter_facts facts = { .sender = rows[i].sender, .author = "u@h",
		                                    .name = rows[i].name, .hostname = "h",
		                                    .id = "1" };
		struct buf out = { 0 };
		letter_write(str_of(rows[i].text), &facts, &out);
		if (strcmp(buf_cstr(&out), rows[i].out) != 0)
			fail_msg("%s:\n%s", rows[i].text, buf_cstr(&out));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input), cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
