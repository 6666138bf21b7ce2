/* SPDX-License-Identifier: ISC
 *
 * Messages inside an mbox, and inside messages.
 */
#include "test.h"

#include "mail/mbox.h"

static unsigned count(struct str file, struct str *last)
{
	struct mbox_cursor c;
	unsigned n = 0;
	mbox_begin(&c, file);
	while (mbox_next(&c, last))
		n++;
	return n;
}

static void test_mbox(void **state)
{
	(void)state;
	struct str m = STR("");
	assert_true(mbox_is(STR("From a b\nA: 1\n")));
	assert_false(mbox_is(STR("From: a\n")));
	assert_int_equal(count(STR("From a\nA: 1\n\nbody\n\nFrom b\nA: 2\n\nx\n"), &m), 2);
	assert_true(str_eq(m, STR("A: 2\n\nx\n")));
	assert_int_equal(count(STR("From a\r\nA: 1\r\n\r\nb\r\n\r\nFrom b\r\nA: 2\r\n\r\n"), &m),
	                 2);
	/* "From " inside a paragraph is text. */
	assert_int_equal(count(STR("From a\nA: 1\n\nbody\nFrom here\n"), &m), 1);
	assert_int_equal(count(STR("A: 1\n\nbody\n"), &m), 1);
	assert_int_equal(count(STR(""), &m), 0);
	assert_int_equal(count(STR("From a\n"), &m), 0);
	/* Nor is a paragraph that begins so a message: a header must follow. */
	assert_int_equal(count(STR("From a\nA: 1\n\nx\n\nFrom now on\nall is well\n"), &m), 1);
	assert_int_equal(count(STR("From a\nA: 1\n\nx\n\nFrom here\n\nFrom there"), &m), 1);
	assert_int_equal(count(STR("From a\nA: 1\n\n>From b\nA: 2\n\n>>From c\n"), &m), 1);
	assert_int_equal(count(STR("From a\nA: 1\n\n\nFrom b\n>From c\nA: 2\n\n"), &m), 2);
	assert_true(str_eq(m, STR(">From c\nA: 2\n\n")));
}

#define F "From a@b Tue Mar  5 10:00:00 2024\n"

/* Each file, how many messages it has, and the last of them. */
static const struct { const char *name, *file; unsigned n; const char *last; } files[] = {
	{ "a sentence and a field", F "A: 1\n\nx\n\nFrom memory, on Friday.\nNote: papers\n", 1, NULL },
	{ "a sentence of a word", F "A: 1\n\nx\n\nFrom here\nNote: papers\n", 1, NULL },
	{ "a sentence and a clock", F "A: 1\n\nx\n\nFrom 10:00:00 on Tue Mar 5\nNote: x\n", 1, NULL },
	{ "a sentence and a date", F "A: 1\n\nx\n\nFrom about Tue Mar  5 10:00:00 2024 on, the\nNote: x\n",
	  1, NULL },
	{ "… at its end", F "A: 1\n\nx\n\nFrom about Tue Mar  5 10:00:00 2024.\nNote: x\n", 1, NULL },
	{ "… at its begin", F "A: 1\n\nx\n\nFrom Tue Mar  5 10:00:00 2024\nNote: x\n", 1, NULL },
	{ "no blank line", F "A: 1\n\nx\n" F "A: 2\n\ny\n", 2, "A: 2\n\ny\n" },
	{ "a date and no header", F "A: 1\n\nx\n\n" F "and so on\n", 1, NULL },
	{ "leading blank lines", "\n\r\n \n" F "A: 1\n\nx\n\n" F "A: 2\n", 2, "A: 2\n" },
	{ "byte order mark", "\xef\xbb\xbf" F "A: 1\n\nx\n\n" F "A: 2\n", 2, "A: 2\n" },
	{ "both", "\xef\xbb\xbf\n" F "A: 1\n", 1, "A: 1\n" },
	{ "Thunderbird", F "A: 1\n\nx\n\nFrom - Tue Mar 05 10:00:00 2024\nA: 2\n", 2, "A: 2\n" },
	{ "no seconds", F "A: 1\n\nx\n\nFrom a Tue Mar  5 10:00 2024\nA: 2\n", 2, "A: 2\n" },
	{ "a zone", F "A: 1\n\nx\n\nFrom a Tue Mar  5 10:00:00 CET 2024\nA: 2\n", 2, "A: 2\n" },
	{ "UUCP", F "A: 1\n\nx\n\nFrom a Tue Mar  5 10:00:00 2024 remote from b\nA: 2\n", 2, "A: 2\n" },
	{ "Gmail", F "A: 1\n\nx\n\nFrom 179@xxx Tue Mar 05 10:00:00 +0000 2024\nA: 2\n", 2, "A: 2\n" },
	{ "RFC 5322", F "A: 1\n\nx\n\nFrom a Tue, 05 Mar 2024 10:00:00 +0000\nA: 2\n", 2, "A: 2\n" },
	{ "a quoted sender", F "A: 1\n\nx\n\nFrom \"a b\"@c Tue Mar  5 10:00:00 2024\nA: 2\n", 2, "A: 2\n" },
	{ "pipermail", F "A: 1\n\nx\n\nFrom a at b  Tue Mar  5 10:00:00 2024\nA: 2\n", 2, "A: 2\n" },
	{ "no sender", F "A: 1\n\nx\n\nFrom  Tue Mar  5 10:00:00 2024\nA: 2\n", 2, "A: 2\n" },
	{ "CRLF", "From a Tue Mar  5 10:00:00 2024\r\nA: 1\r\n\r\nx\r\nFrom b Tue Mar  5 10:00:00 "
	  "2024\r\nA: 2\r\n", 2, "A: 2\r\n" },
	{ "escaped", F "A: 1\n\nx\n\n>" F "A: 2\n", 1, NULL },
	{ "MMDF", "\1\1\1\1\nA: 1\n\nx\n\1\1\1\1\n\1\1\1\1\n" F "A: 2\n\n" F "B: 3\n\1\1\1\1\n", 2,
	  "A: 2\n\n" F "B: 3\n" },
	{ "MMDF without an end", "\1\1\1\1\r\nA: 1\r\n\r\nx\r\n", 1, "A: 1\r\n\r\nx\r\n" },
	{ "MMDF of nothing", "\1\1\1\1\n\1\1\1\1\n", 0, NULL },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct str last = STR(""), file = str_of(files[i].file);
		CHECK_ROW(files[i].name, mbox_is(file));
		CHECK_ROW(files[i].name, count(file, &last) == files[i].n);
		CHECK_ROW(files[i].name, !files[i].last || str_eq(last, str_of(files[i].last)));
	}
	/* What stands before a message, and what is none. */
	assert_true(str_eq(mbox_text(STR("\n \r\nA: 1\n")), STR("A: 1\n")));
	assert_true(str_eq(mbox_text(STR("\xef\xbb\xbf" "A: 1\n")), STR("A: 1\n")));
	assert_true(str_eq(mbox_text(STR("\n\ntext\n")), STR("\n\ntext\n")));
	assert_true(str_eq(mbox_text(STR("\n")), STR("\n")));
}

static void find(const char *text, struct arena *arena, struct attached *found)
{
	attached_find(str_of(text), arena, found);
}

static void test_attached(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct attached found;
	find("A: 1\n\nplain", &arena, &found);
	assert_int_equal(found.n, 0);
	find("Content-Type: message/rfc822\n\nA: in\n\nx", &arena, &found);
	assert_int_equal(found.n, 1);
	assert_true(str_prefix(found.message[0], STR("A: in\n")));
	find("Content-Type: multipart/mixed;\n boundary=\"b b\"\n\npre\n--b b\n\ntext\n--b b\n"
	     "Content-Type: message/rfc822\n\nA: 1\n\nx\n--b b\nContent-Type: MESSAGE/RFC822; a=b\n"
	     "Content-Transfer-Encoding: base64\n\nQTogMgoKeQo=\n--b b--\n--b b\n"
	     "Content-Type: message/rfc822\n\nA: late\n", &arena, &found);
	assert_int_equal(found.n, 2);
	assert_true(str_prefix(found.message[0], STR("A: 1\n")));
	assert_true(str_eq(found.message[1], STR("A: 2\n\ny\n")));
	find("Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: multipart/mixed; "
	     "boundary=y\n\n--y\nContent-Type: message/rfc822\n\nA: deep\n\n--y--\n--x--\n",
	     &arena, &found);
	assert_int_equal(found.n, 1);
	find("Content-Type: multipart/mixed\n\n--\n--\n", &arena, &found);
	assert_int_equal(found.n, 0);
	/* A boundary that begins like the outer one is not the outer one. */
	find("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nA: "
	     "1\n"
	     "Content-Type: multipart/mixed; x-boundary=b; boundary=\"b1\"\n\n--b1\n\nt\n--b1\n"
	     "Content-Type: message/rfc822\n\nA: 2\n--b1--\n--b \n\nlast\n--b--\n", &arena, &found);
	assert_int_equal(found.n, 2);
	assert_true(str_prefix(found.message[1], STR("A: 2\n")));
	assert_true(str_search(found.message[0], STR("--b1--")) != SIZE_MAX);
	find("Content-Type: multipart/digest; boundary=d\n\n--d\n\nA: 1\n\nx\n--d\nContent-Type: "
	     "text/plain\n"
	     "\ny\n--d\n\nA: 2\n\n--d--\n", &arena, &found);
	assert_int_equal(found.n, 2);
	assert_true(str_prefix(found.message[1], STR("A: 2\n")));
	find("Content-Type: multipart/report; boundary=d\n\n--d\nContent-Type: "
	     "text/rfc822-headers\n\nA: 1\n"
	     "--d--\n", &arena, &found);
	assert_int_equal(found.n, 1);
	arena_fini(&arena);
}

#define M "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
#define E "\n\nA: in\n\nx\n--b--\n"
#define E64 "\nContent-Transfer-Encoding: base64\n\nQTogaW4KCngK\n--b--\n"

/* Each has one message attached, or none. */
static const struct { const char *name, *message; unsigned n; } attachments[] = {
	{ "octets", M "Content-Type: application/octet-stream; name=\"spam.eml\"" E64, 1 },
	{ "text", M "Content-Type: text/plain; name=spam.EML" E, 1 },
	{ "by disposition", M "Content-Disposition: attachment; filename=\"a b.eml\"" E, 1 },
	{ "of any type", M "Content-Type: application/x-mail (x)\nContent-Disposition: attachment "
	  "(x);\n filename (y) = spam.eml" E, 1 },
	{ "in pieces", M "Content-Disposition: attachment; filename*0=sp; filename*1=\"am.eml\"" E, 1 },
	{ "in a character set", M "Content-Disposition: attachment; filename*=utf-8''%c3%bc%2eeml" E, 1 },
	{ "in encoded words", M "Content-Type: application/octet-stream; "
	  "name=\"=?utf-8?B?c3BhbS5lbWw=?=\"" E64, 1 },
	{ "all of the message", "Content-Type: application/octet-stream; name=a.eml" E, 1 },
	{ "blank lines first", M "Content-Type: message/rfc822\n\n\n\nA: in\n\nx\n--b--\n", 1 },
	{ "a byte order mark", M "Content-Type: text/plain; name=a.eml\n\n\xef\xbb\xbf" "A: in\n--b--\n", 1 },
	{ "encoding and comment", M "Content-Type: message/rfc822\nContent-Transfer-Encoding: (y) base64 "
	  "(x)\n\nQTogaW4KCngK\n--b--\n", 1 },
	{ "quoted-printable", M "Content-Type: text/plain; name=a.eml\nContent-Transfer-Encoding: "
	  "Quoted-Printable\n\nA: i=\nn\n\nx\n--b--\n", 1 },
	{ "comments in the type", "Content-Type: multipart (a) / mixed (;) ; (boundary=x) boundary (b) = "
	  "\"b\"\n\n--b\nContent-Type: message/rfc822 (x)" E, 1 },
	{ "a quoted pair", "Content-Type: multipart/mixed; boundary=\"a\\\"b\"\n\n--a\"b\nContent-Type: "
	  "message/rfc822\n\nA: in\n\n--a\"b--\n", 1 },
	{ "a boundary in pieces", "Content-Type: multipart/mixed; boundary*1=\"\"; "
	  "boundary*0*=us-ascii''%62\n\n--b\nContent-Type: message/rfc822" E, 1 },
	{ "a boundary in a string", "Content-Type: multipart/mixed; x=\"; boundary=c\"; boundary=b\n\n"
	  "--b\nContent-Type: message/rfc822" E, 1 },
	{ "another file", M "Content-Type: text/plain; name=\"a.eml.txt\"" E, 0 },
	{ "no message in it", M "Content-Type: text/plain; name=a.eml\n\njust text\n--b--\n", 0 },
	{ "no name", M "Content-Type: text/plain" E, 0 },
	{ "a name in a comment", M "Content-Type: text/plain (; name=a.eml)" E, 0 },
};

static void test_attachments(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	for (size_t i = 0; i < sizeof(attachments) / sizeof(attachments[0]); i++) {
		struct attached found;
		find(attachments[i].message, &arena, &found);
		CHECK_ROW(attachments[i].name, found.n == attachments[i].n);
		CHECK_ROW(attachments[i].name,
		          found.n == 0 || str_prefix(found.message[0], STR("A: in")));
	}
	arena_fini(&arena);
}

/* A message within a message without end. */
static void test_depth(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct attached found;
	struct buf b = { 0 };
	for (unsigned i = 0; i < 10000; i++)
		buf_add_cstr(&b, "Content-Type: message/rfc822\n\n");
	attached_find(buf_str(&b), &arena, &found);
	assert_true(found.truncated);
	assert_true(found.n <= ATTACHED_DEPTH_MAX + 1);
	buf_fini(&b);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mbox), cmocka_unit_test(test_files),
		cmocka_unit_test(test_attached), cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
