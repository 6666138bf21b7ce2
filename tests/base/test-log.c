/* SPDX-License-Identifier: ISC
 *
 * Log lines: no text from the network can forge one.
 */
#include "test.h"

#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#define LINE(want, ...) \
	do { \
		const struct log_field fields[] = { __VA_ARGS__ }; \
		struct buf b = { 0 }; \
		log_format(&b, "event", fields, sizeof(fields) / sizeof(*fields)); \
		assert_string_equal(buf_cstr(&b), want); \
		buf_fini(&b); \
	} while (0)

static void test_format(void **state)
{
	(void)state;
	struct ip ip = ip_from_v4(192, 0, 2, 1);
	LINE("event a=plain", LOG_S("a", "plain"));
	LINE("event a=\"\"", LOG_S("a", ""));
	LINE("event a=\"\"", LOG_S("a", NULL));
	LINE("event a=\"two words\"", LOG_S("a", "two words"));
	LINE("event a=\"k=v\"", LOG_S("a", "k=v"));
	LINE("event a=\"\\\"\"", LOG_S("a", "\""));
	LINE("event a=\"x\\x0d\\n2026 error\"", LOG_S("a", "x\r\n2026 error"));
	LINE("event a=\"\\x1b[2J\"", LOG_S("a", "\x1b[2J"));
	LINE("event a=\"a\\x00b\"", LOG_STR("a", ((struct str){ "a\0b", 3 })));
	LINE("event a=-5 b=192.0.2.1", LOG_I("a", -5), LOG_IP("b", &ip));
}

/* What is written to stderr by one call. */
static void capture(enum log_level max, enum log_level level, struct buf *out)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char chunk[4096];
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_init("tester", max);
	LOG(level, "done", LOG_S("verdict", "open"));
	dup2(saved, STDERR_FILENO);
	close(saved);
	for (ssize_t n; (n = read(ends[0], chunk, sizeof(chunk))) > 0;)
		buf_add(out, chunk, (size_t)n);
	close(ends[0]);
}

static void test_event(void **state)
{
	(void)state;
	struct buf out = { 0 };
	capture(LOG_WARN, LOG_INFO, &out);
	assert_int_equal(out.n, 0);
	capture(LOG_INFO, LOG_INFO, &out);
	/* "2026-11-21T21:09:19Z info tester done verdict=open\n" */
	assert_int_equal(out.p[19], 'Z');
	assert_string_equal(out.p + 20, " info tester done verdict=open\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
