/* SPDX-License-Identifier: ISC
 *
 * From which kernel on the largest process number is the room's own.
 */
#include "test.h"

#include "closed/bounds.h"

static void numbers_are_the_rooms_from_a_release_on(void **state)
{
	(void)state;
	static const struct {
		const char *release;
		bool numbered;
	} rows[] = {
		{ "6.14.0-arm64", true }, { "6.14", true }, { "6.18.44-x", true }, { "7.0", true },
		{ "10.1.2", true }, { "6.13.12", false }, { "6.1.0-28-amd64", false }, { "5.15", false },
		{ "6", false }, { "6.", false }, { "", false }, { "linux", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(closed_bounds_numbered(rows[i].release), rows[i].numbered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_rooms_from_a_release_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
