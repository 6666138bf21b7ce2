/* SPDX-License-Identifier: ISC
 *
 * When a step of a role's second thread is said to hang, and when to go on: rows of looks, each
 * with what comes of it.
 */
#include "test.h"

#include "roles/hang.h"

enum { LOOKS = 8, NEVER = -1 };

struct look {
	int64_t now_ms, late_ms, since_ms, limit_ms;
	enum hang_news news;
	int64_t for_ms;
};

/* since_ms NEVER: nothing is due. */
static const struct { const char *name; size_t n; struct look looks[LOOKS]; } rows[] = {
	{ "quick steps", 4, {
		{ 1000, 0, 990, 500, HANG_NOTHING, 10 },
		{ 1250, 0, 1200, 500, HANG_NOTHING, 50 },
		{ 1500, 0, 1600, 500, HANG_NOTHING, 0 },
		{ 9000, 0, 9000, 500, HANG_NOTHING, 0 } } },
	{ "one that hangs is said once, and that it goes on", 6, {
		{ 1000, 0, 900, 500, HANG_NOTHING, 100 },
		{ 1399, 0, 900, 500, HANG_NOTHING, 499 },
		{ 1400, 0, 900, 500, HANG_BEGAN, 500 },
		{ 9000, 0, 900, 500, HANG_NOTHING, 8100 },
		{ 9250, 0, 9400, 500, HANG_OVER, 8350 },
		{ 9500, 0, 9400, 500, HANG_NOTHING, 100 } } },
	{ "one after the other", 6, {
		{ 1000, 0, 100, 500, HANG_NOTHING, 900 },
		{ 1100, 0, 100, 500, HANG_BEGAN, 1000 },
		{ 3000, 0, 1200, 500, HANG_OVER, 2900 },
		{ 3001, 0, 1200, 500, HANG_BEGAN, 1801 },
		{ 4000, 0, 4100, 500, HANG_OVER, 2800 },
		{ 4250, 0, 4100, 500, HANG_NOTHING, 150 } } },
	{ "one that does not begin when it is due", 4, {
		{ 1000, 0, 1200, 500, HANG_NOTHING, 0 },
		{ 1250, 0, 1200, 500, HANG_NOTHING, 50 },
		{ 1700, 0, 1200, 500, HANG_BEGAN, 500 },
		{ 1900, 0, 1900, 500, HANG_OVER, 700 } } },
	{ "nothing is due", 4, {
		{ 1000, 0, 900, 500, HANG_NOTHING, 100 },
		{ 1400, 0, 900, 500, HANG_BEGAN, 500 },
		{ 1500, 0, NEVER, 500, HANG_OVER, 600 },
		{ 99999, 0, NEVER, 500, HANG_NOTHING, 0 } } },
	{ "may take as long as it likes", 3, {
		{ 1000, 0, 900, 0, HANG_NOTHING, 100 },
		{ 999999, 0, 900, 0, HANG_NOTHING, 999099 },
		{ 999999, 0, 900, 500, HANG_BEGAN, 999099 } } },
	{ "the limit is taken away: that it goes on is said", 4, {
		{ 1000, 0, 100, 500, HANG_NOTHING, 900 },
		{ 1001, 0, 100, 500, HANG_BEGAN, 901 },
		{ 2000, 0, 100, 0, HANG_NOTHING, 1900 },
		{ 2100, 0, 2050, 0, HANG_OVER, 2000 } } },
	{ "a longer limit says nothing again", 4, {
		{ 1000, 0, 100, 500, HANG_NOTHING, 900 },
		{ 1001, 0, 100, 500, HANG_BEGAN, 901 },
		{ 2000, 0, 100, 5000, HANG_NOTHING, 1900 },
		{ 7000, 0, 100, 5000, HANG_NOTHING, 6900 } } },
	{ "the process was stopped: nobody's time", 5, {
		{ 1000, 0, 900, 500, HANG_NOTHING, 100 },
		{ 99000, 97750, 900, 500, HANG_NOTHING, 350 },
		{ 99149, 0, 900, 500, HANG_NOTHING, 499 },
		{ 99150, 0, 900, 500, HANG_BEGAN, 500 },
		{ 99200, 0, 99150, 500, HANG_OVER, 550 } } },
	{ "stopped in a step that no look has seen yet", 3, {
		{ 1000, 0, 1100, 500, HANG_NOTHING, 0 },
		{ 99000, 97750, 1101, 500, HANG_NOTHING, 149 },
		{ 99351, 0, 1101, 500, HANG_BEGAN, 500 } } },
	{ "a look is later than the step is old", 3, {
		{ 9000, 8000, 8900, 500, HANG_NOTHING, 0 },
		{ 9499, 0, 8900, 500, HANG_NOTHING, 499 },
		{ 9500, 0, 8900, 500, HANG_BEGAN, 500 } } },
};

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hang h = { 0 };
		for (size_t k = 0; k < rows[i].n; k++) {
			const struct look *l = &rows[i].looks[k];
			int64_t since_ms = l->since_ms == NEVER ? INT64_MAX : l->since_ms;
			enum hang_news news = hang_look(&h, l->now_ms, l->late_ms, since_ms,
			                                l->limit_ms);
			if (news != l->news || h.for_ms != l->for_ms)
				fail_msg("%s, look %zu: %d for %lld ms, expected %d for %lld",
				         rows[i].name, k + 1, (int)news, (long long)h.for_ms,
				         (int)l->news, (long long)l->for_ms);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_looks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
