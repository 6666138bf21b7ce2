/* SPDX-License-Identifier: ISC
 *
 * What the log says of a fault that lasts, comes and goes.
 */
#include "base/fault.h"

#include "test.h"

enum { MET, OVER };

struct step {
	int what;
	int64_t at_ms;
	bool said;
	int64_t lasted_ms;            /* OVER */
};

static const struct row {
	const char *name;
	struct step steps[8];
	size_t n;
} rows[] = {
	{ "nothing is over", { { OVER, 0, false, 0 } }, 1 },
	{ "begins and ends", { { MET, 5, true, 0 }, { OVER, 25, true, 20 }, { OVER, 30, false, 0 } }, 3 },
	{ "once a minute", { { MET, 0, true, 0 }, { MET, 50, false, 0 }, { MET, 59999, false, 0 },
	                     { MET, 60000, true, 0 }, { MET, 60050, false, 0 },
	                     { MET, 120000, true, 0 }, { OVER, 120050, true, 120050 } }, 7 },
	{ "comes and goes", { { MET, 0, true, 0 }, { OVER, 50, true, 50 }, { MET, 100, false, 0 },
	                      { OVER, 150, false, 50 }, { MET, 200, false, 0 },
	                      { MET, 60000, true, 0 }, { OVER, 60200, true, 60000 } }, 7 },
	{ "a new one later", { { MET, 0, true, 0 }, { OVER, 10, true, 10 }, { MET, 60000, true, 0 },
	                       { OVER, 60001, true, 1 } }, 4 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fault f = { 0 };
		for (size_t k = 0; k < rows[i].n; k++) {
			const struct step *s = &rows[i].steps[k];
			int64_t lasted_ms = 0;
			bool said = s->what == MET ? fault_met(&f, s->at_ms)
			                           : fault_over(&f, s->at_ms, &lasted_ms);
			CHECK_ROW(rows[i].name, said == s->said);
			CHECK_ROW(rows[i].name, lasted_ms == s->lasted_ms);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
