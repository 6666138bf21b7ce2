/* SPDX-License-Identifier: ISC
 *
 * The line that the service manager shows: a state of the roles a row; and when it is told.
 */
#include "test.h"

#include "roles/statusline.h"

#include <string.h>

enum { NOW_S = 1000000 };
#define ROLE(n, s, ...) { .name = (n), .state = (s), __VA_ARGS__ }
#define TESTER(s, ...) ROLE("tester", s, __VA_ARGS__)
#define COLLECTOR(s, ...) ROLE("collector", s, __VA_ARGS__)
#define DNSBL(s, ...) ROLE("dnsbl", s, __VA_ARGS__)
#define LIST(n, s) .word = { .has_list = true, .listed = (n), .serial = (s) }

static const struct row {
	const char *want;
	struct running running;
} rows[] = {
	{ "", { .count = 0 } },
	{ "stops", { .stopping = true } },
	{ "3 roles run: tester, collector, dnsbl; 12,345 listed, serial 678",
	  { .count = 3, .roles = { TESTER(RUNNING_READY), COLLECTOR(RUNNING_READY),
	                           DNSBL(RUNNING_READY, LIST(12345, 678)) } } },
	{ "1 role runs: dnsbl; 0 listed, serial 0",
	  { .count = 1, .roles = { DNSBL(RUNNING_READY, LIST(0, 0)) } } },
	{ "1 role runs: dnsbl; 999 listed, serial 1",
	  { .count = 1, .roles = { DNSBL(RUNNING_READY, LIST(999, 1)) } } },
	{ "1 role runs: dnsbl; 1,000 listed, serial 4294967295",
	  { .count = 1, .roles = { DNSBL(RUNNING_READY, LIST(1000, UINT32_MAX)) } } },
	{ "1 role runs: dnsbl; 1,234,567 listed, serial 2",
	  { .count = 1, .roles = { DNSBL(RUNNING_READY, LIST(1234567, 2)) } } },
	{ "tester starts; dnsbl starts",
	  { .count = 2, .roles = { TESTER(RUNNING_STARTS), DNSBL(RUNNING_STARTS) } } },
	{ "1 role runs: tester; dnsbl starts again in 4 s (exit 75)",
	  { .count = 2, .roles = { TESTER(RUNNING_READY),
	                           DNSBL(RUNNING_WAITS, .again_s = NOW_S + 4, .end = "exit 75",
	                                 LIST(5, 5)) } } },
	{ "dnsbl starts again in 0 s (signal 9)",
	  { .count = 1, .roles = { DNSBL(RUNNING_WAITS, .again_s = NOW_S - 4,
	                                 .end = "signal 9") } } },
	{ "dnsbl starts (it hung)",
	  { .count = 1, .roles = { DNSBL(RUNNING_STARTS, .end = "it hung") } } },
	{ "1 role runs: tester; collector hangs and is ended",
	  { .count = 2, .roles = { TESTER(RUNNING_READY), COLLECTOR(RUNNING_HANGS) } } },
	{ "1 role runs: dnsbl; the disk or database of dnsbl hangs; 2 listed, serial 3",
	  { .count = 1, .roles = { DNSBL(RUNNING_READY, .word = { .has_list = true, .listed = 2,
	                                 .serial = 3, .hangs = true }) } } },
	{ "1 role runs: tester; tests are held: the collector does not answer",
	  { .count = 1, .roles = { TESTER(RUNNING_READY, .word = { .reach = RUNNING_REACH_BAD,
	                                  .why = "refused" }) } } },
	{ "1 role runs: tester",
	  { .count = 1, .roles = { TESTER(RUNNING_READY, .word.reach = RUNNING_REACH_GOOD) } } },
	{ "1 role runs: tester; settings kept: line 3: tester.rate: expected a number",
	  { .kept = "line 3: tester.rate: expected a number",
	    .count = 1, .roles = { TESTER(RUNNING_READY) } } },
	{ "stops; 1 role runs: tester",
	  { .stopping = true, .count = 2, .roles = { TESTER(RUNNING_READY),
	                                             DNSBL(RUNNING_WAITS, .end = "exit 0") } } },
};

static void test_lines(void **state)
{
	struct buf line = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&line);
		buf_add_cstr(&line, "STATUS=");
		statusline_format(&rows[i].running, NOW_S, &line);
		if (strcmp(buf_cstr(&line) + 7, rows[i].want) != 0)
			fail_msg("\n found %s\nwanted %s", buf_cstr(&line) + 7, rows[i].want);
	}
	buf_fini(&line);
}

/* Whatever roles and settings say, it is short. */
static void test_longest(void **state)
{
	struct running r = { .count = RUNNING_ROLES_MAX };
	struct buf line = { 0 };
	(void)state;
	memset(r.kept, 'k', sizeof(r.kept) - 1);
	for (size_t i = 0; i < r.count; i++) {
		struct running_role *role = &r.roles[i];
		memset(role->name, 'n', sizeof(role->name) - 1);
		memset(role->end, 'e', sizeof(role->end) - 1);
		role->state = i % 2 ? RUNNING_WAITS : RUNNING_READY;
		role->again_s = INT64_MAX;
		role->word = (struct running_word){ true, UINT64_MAX, UINT64_MAX, true,
		                                    RUNNING_REACH_BAD, "" };
	}
	statusline_format(&r, NOW_S, &line);
	assert_true(line.n <= STATUSLINE_MAX && strlen(buf_cstr(&line)) == line.n);
	r = (struct running){ .count = 0 };
	memset(r.kept, 'k', sizeof(r.kept) - 1);
	buf_clear(&line);
	statusline_format(&r, NOW_S, &line);
	assert_true(line.n < RUNNING_WHY_MAX && strstr(buf_cstr(&line), "kkk..."));
	buf_fini(&line);
}

/* A few times a second at most; each second while it counts down; else each minute, for the
 * file. */
static void test_when(void **state)
{
	static const struct running well = { .count = 1, .roles = { TESTER(RUNNING_READY) } };
	static const struct running waits = { .count = 1, .roles = { TESTER(RUNNING_WAITS) } };
	static const struct running stops = { .stopping = true, .count = 1,
	                                      .roles = { TESTER(RUNNING_WAITS) } };
	static const struct {
		const char *name;
		const struct running *running;
		bool changed;
		int64_t passed_ms, want_ms;
	} whens[] = {
		{ "just told", &well, true, 0, STATUSLINE_GAP_MS },
		{ "told a while ago", &well, true, 100, STATUSLINE_GAP_MS - 100 },
		{ "told long ago", &well, true, 100000, 0 },
		{ "nothing changed", &well, false, 0, RUNNING_EVERY_MS },
		{ "for half a minute", &well, false, 30000, 30000 },
		{ "counting", &waits, false, 0, STATUSLINE_COUNT_MS },
		{ "counting, changed", &waits, true, 0, STATUSLINE_GAP_MS },
		{ "stopping counts nothing", &stops, false, 0, RUNNING_EVERY_MS },
		{ "never back", &well, true, -5000, STATUSLINE_GAP_MS },
	};
	(void)state;
	assert_true(1000 / STATUSLINE_GAP_MS < 4);
	for (size_t i = 0; i < sizeof(whens) / sizeof(*whens); i++)
		CHECK_ROW(whens[i].name,
		          statusline_wait_ms(whens[i].running, whens[i].changed, 50000,
		                             50000 + whens[i].passed_ms) == whens[i].want_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_longest),
		cmocka_unit_test(test_when),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
