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
		cmocka_unit_test(test_mbox), cmocka_unit_test(test_attached),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
