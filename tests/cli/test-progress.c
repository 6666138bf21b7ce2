/* SPDX-License-Identifier: ISC
 *
 * The progress bar's line: numbers, rate, time left; never wider than the terminal.
 */
#include "test.h"

#include "base/str.h"
#include "cli/progress.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void test_format(void **state)
{
	(void)state;
	static const struct {
		uint64_t total, before, done;
		int64_t ms;
		const char *remark;
		unsigned columns;
		const char *line;
	} rows[] = {
		{ 100, 0, 0, 0, NULL, 80, "scan [........................] 0/100 0.0/s" },
		{ 100, 0, 50, 10000, "2 open", 80,
		  "scan [############............] 50/100 5.0/s, 0:10 left  2 open" },
		{ 100, 0, 100, 10000, "", 80, "scan [########################] 100/100 10.0/s" },
		/* What was done before a resumed scan's start is not in the rate. */
		{ 100, 50, 60, 10000, NULL, 80,
		  "scan [##############..........] 60/100 1.0/s, 0:40 left" },
		{ 100000, 0, 1, 1000, NULL, 80,
		  "scan [........................] 1/100000 1.0/s, 27h46min left" },
		{ 0, 0, 7, 1000, NULL, 80, "scan 7 7.0/s" },
		/* More than was announced. */
		{ 10, 0, 20, 1000, NULL, 80, "scan [########################] 20/10 20.0/s" },
		{ 0, 0, 7, 1000, "\x1b[2J\n", 80, "scan 7 7.0/s  \\x1b[2J\\n" },
		{ 100, 0, 50, 10000, NULL, 10, "scan [####" },
		{ 0, 0, 1, 0, NULL, 80, "scan 1 0.0/s" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char line[256];
		struct progress p;
		progress_init(&p, "scan", rows[i].total, 5000);
		p.before = rows[i].before;
		progress_format(&p, rows[i].done, rows[i].remark, 5000 + rows[i].ms,
		                rows[i].columns, line, sizeof(line));
		assert_string_equal(line, rows[i].line);
		progress_format(&p, rows[i].done, rows[i].remark, 5000 + rows[i].ms,
		                rows[i].columns, line, 5);
		assert_true(strlen(line) < 5);
	}
}

/* What stands on stderr now. */
static void take_stderr(int from, struct buf *text)
{
	char bytes[256];
	ssize_t n = read(from, bytes, sizeof(bytes));
	buf_clear(text);
	if (n > 0)
		buf_add(text, bytes, (size_t)n);
}

/* A result is printed between two drawings. */
static void test_wipe(void **state)
{
	(void)state;
	struct progress p;
	struct buf text = { 0 };
	int ends[2], kept = dup(STDERR_FILENO);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	progress_init(&p, "scan", 10, 0);
	progress_update(&p, 1, NULL, 1000);
	take_stderr(ends[0], &text);
	bool quiet = text.n == 0;        /* a pipe is no terminal */
	p.on = true;
	for (int64_t ms = 2000; ms <= 4000; ms += 2000) {
		progress_update(&p, 1, NULL, ms);
		take_stderr(ends[0], &text);
		CHECK_ROW(buf_cstr(&text), str_search(buf_str(&text), STR("1/10")) != SIZE_MAX);
		progress_wipe(&p);
		take_stderr(ends[0], &text);
		CHECK_ROW(buf_cstr(&text), str_eq(buf_str(&text), STR("\r\033[K")));
	}
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[0]);
	close(ends[1]);
	buf_fini(&text);
	assert_true(quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format), cmocka_unit_test(test_wipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
