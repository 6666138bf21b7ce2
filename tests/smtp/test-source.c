/* SPDX-License-Identifier: ISC
 *
 * A message that the client pulls from its source: the same bytes as of one that it was given
 * whole, wherever it is cut, and never much of it in memory.
 */
#include "test.h"

#include "smtp/client.h"

#include <stdlib.h>

struct text {
	struct str rest;
	size_t piece, pulls;
	bool fails;                      /* at its end */
};

static ssize_t text_pull(void *arg, char *dst, size_t room)
{
	struct text *t = arg;
	size_t n = t->piece < room ? t->piece : room;
	n = n < t->rest.n ? n : t->rest.n;
	if (n == 0 && t->fails)
		return -1;
	if (n > 0)
		memcpy(dst, t->rest.p, n);
	t->rest = str_from(t->rest, n);
	t->pulls++;
	return (ssize_t)n;
}

/* Takes up to `sip` bytes at a time, as a full socket does. */
static void drain(struct smtp_client *c, size_t sip, struct buf *all)
{
	struct str out;
	while ((out = smtp_client_output(c)).n) {
		assert_true(out.n <= SMTP_SOURCE_BYTES + 512);
		if (out.n > sip)
			out.n = sip;
		buf_add_str(all, out);
		smtp_client_output_sent(c, out.n);
	}
}

static void check_same(struct str message)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100000 };
	struct buf whole = { 0 };
	struct smtp_client *c = smtp_client_create(NULL);
	smtp_client_message(c, 1, message);
	smtp_client_command(c, SMTP_QUIT, 2, STR("QUIT"));
	buf_add_str(&whole, smtp_client_output(c));
	smtp_client_destroy(c);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct text t = { .rest = message, .piece = pieces[i] };
		const struct smtp_source source = { text_pull, &t };
		struct buf out = { 0 };
		c = smtp_client_create(NULL);
		smtp_client_message_from(c, 1, &source);
		smtp_client_command(c, SMTP_QUIT, 2, STR("QUIT"));
		drain(c, i % 2 ? 1 : 5000, &out);
		if (!str_eq(buf_str(&out), buf_str(&whole)))
			fail_msg("pieces of %zu: \"%s\", expected \"%s\"", pieces[i],
			         buf_cstr(&out), buf_cstr(&whole));
		buf_fini(&out);
		smtp_client_destroy(c);
	}
	buf_fini(&whole);
}

static void test_same_bytes(void **state)
{
	(void)state;
	static const char *const messages[] = {
		"", "a", "a\r\n", "a\nb\rc\r\nd", ".\n..\n.a\nb.\n", "a\n\r\nb\n", "\r.\r", "\r\r\n\n.",
		".\r\n.\r\n", "\n.", "a\r\n.\r\nMAIL",
	};
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		check_same(str_of(messages[i]));
}

static void test_large(void **state)
{
	(void)state;
	struct buf message = { 0 };
	for (unsigned i = 0; i < 30000; i++)
		buf_add_str(&message, i % 3 ? STR(".\n") : STR("a line\r\n"));
	check_same(buf_str(&message));
	buf_fini(&message);
}

static void test_nothing_is_pulled_ahead(void **state)
{
	(void)state;
	static char line[10 * SMTP_SOURCE_BYTES];
	memset(line, 'x', sizeof(line));
	struct text t = { .rest = { line, sizeof(line) }, .piece = sizeof(line) };
	const struct smtp_source source = { text_pull, &t };
	struct smtp_client *c = smtp_client_create(NULL);
	smtp_client_message_from(c, 1, &source);
	assert_int_equal(t.pulls, 0);
	assert_int_equal(smtp_client_timeout_ms(c), 5 * 60000);    /* the banner's still */
	size_t n = smtp_client_output(c).n, pulls = t.pulls;
	assert_true(n > 0 && n <= SMTP_SOURCE_BYTES);
	assert_int_equal(smtp_client_output(c).n, n);
	assert_int_equal(t.pulls, pulls);
	assert_int_equal(t.rest.n, sizeof(line) - n);
	smtp_client_destroy(c);
}

static void expect_broken(struct smtp_client *c, const char *why)
{
	struct smtp_client_event ev;
	assert_true(smtp_client_next(c, &ev));
	assert_int_equal(ev.type, SMTP_CLIENT_BROKEN);
	assert_true(str_eq(ev.text, str_of(why)));
	assert_false(smtp_client_next(c, &ev));
}

static void test_unreadable(void **state)
{
	(void)state;
	struct text t = { .rest = STR("half of it"), .piece = 100, .fails = true };
	const struct smtp_source source = { text_pull, &t };
	struct smtp_client *c = smtp_client_create(NULL);
	struct buf out = { 0 };
	smtp_client_message_from(c, 1, &source);
	smtp_client_command(c, SMTP_QUIT, 2, STR("QUIT"));
	drain(c, 5000, &out);
	assert_string_equal(buf_cstr(&out), "half of it");
	expect_broken(c, "the message cannot be read");
	buf_fini(&out);
	smtp_client_destroy(c);
}

/* The source may be gone with the reply. What was not sent was not taken. */
static void answer_early(const char *reply, int code)
{
	static char line[10 * SMTP_SOURCE_BYTES];
	memset(line, 'x', sizeof(line));
	struct text t = { .rest = { line, sizeof(line) }, .piece = sizeof(line) };
	const struct smtp_source source = { text_pull, &t };
	struct smtp_client *c = smtp_client_create(NULL);
	struct smtp_client_event ev;
	smtp_client_message_from(c, 7, &source);
	smtp_client_output_sent(c, smtp_client_output(c).n);
	smtp_client_input(c, STR("220 x\r\n"));
	smtp_client_input(c, str_of(reply));
	assert_true(smtp_client_next(c, &ev) && ev.verb == SMTP_BANNER);
	if (code) {
		assert_true(smtp_client_next(c, &ev) && ev.verb == SMTP_MESSAGE && ev.tag == 7);
		assert_int_equal(ev.reply.code, code);
	}
	expect_broken(c, "the server answers before the message has ended");
	size_t pulls = t.pulls;
	assert_int_equal(smtp_client_output(c).n, 0);
	assert_int_equal(t.pulls, pulls);
	smtp_client_destroy(c);
}

static void test_answered_before_the_end(void **state)
{
	(void)state;
	answer_early("552 5.3.4 Too much\r\n", 552);
	answer_early("250 2.0.0 Taken\r\n", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_large),
		cmocka_unit_test(test_nothing_is_pulled_ahead), cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_answered_before_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
