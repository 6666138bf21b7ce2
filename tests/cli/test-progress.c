/* SPDX-License-Identifier: ISC
 *
 * The progress bar's line: numbers, rate, time left; never wider than the terminal.
 */
#include "test.h"

#include "cli/progress.h"

#include <string.h>

static void test_format(void **state)
{
	(void)state;
	static const struct {
		uint64_t total, first, done;
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
		progress_init(&p, "scan", rows[i].total, rows[i].first, 5000);
		progress_format(&p, rows[i].done, rows[i].remark, 5000 + rows[i].ms,
		                rows[i].columns, line, sizeof(line));
		assert_string_equal(line, rows[i].line);
		progress_format(&p, rows[i].done, rows[i].remark, 5000 + rows[i].ms,
		                rows[i].columns, line, 5);
		assert_true(strlen(line) < 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_format) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
