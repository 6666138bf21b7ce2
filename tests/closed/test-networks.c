/* SPDX-License-Identifier: ISC
 *
 * Two lists of networks are compared as sets.
 */
#include "test.h"

#include "closed/networks.h"

#define ONLY(here, there) \
	"the server derives other networks in the closed room: only on this machine " here \
	"; only in the room " there

static void lists_are_compared_as_sets(void **state)
{
	(void)state;
	static const struct {
		const char *outside, *inside, *said;
	} rows[] = {
		{ "127.0.0.0/8 [::1]/128\n", "127.0.0.0/8 [::1]/128\n", NULL },
		{ "127.0.0.0/8 [::1]/128", "[::1]/128,  127.0.0.0/8", NULL },
		{ "127.0.0.0/8 127.0.0.0/8", "127.0.0.0/8", NULL },
		{ "127.0.0.0/8,10.0.0.0/24", "10.0.0.0/24\t127.0.0.0/8\n", NULL },
		{ "", "\n", NULL }, { " , ", "", NULL },
		{ "hash:/etc/postfix/n", "hash:/etc/postfix/n", NULL },
		{ "127.0.0.0/8 10.0.0.0/24", "127.0.0.0/8", ONLY("10.0.0.0/24", "nothing") },
		{ "127.0.0.0/8", "127.0.0.0/8 10.9.9.0/24", ONLY("nothing", "10.9.9.0/24") },
		{ "10.0.0.0/8", "10.0.0.0/24", ONLY("10.0.0.0/8", "10.0.0.0/24") },
		{ "a b a", "c b c d", ONLY("a", "c, d") },
		{ "10.0.0.0/8", "", ONLY("10.0.0.0/8", "nothing") },
		{ "a1 a2 a3 a4 a5 a6 a7 a8 a9 a10", "x",
		  ONLY("a1, a2, a3, a4, a5, a6, a7, a8 and 2 more", "x") },
	};
	struct arena a = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *said = closed_networks_compare(str_of(rows[i].outside),
		                                           str_of(rows[i].inside), &a);
		if (rows[i].said)
			assert_string_equal(said, rows[i].said);
		else
			assert_null(said);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lists_are_compared_as_sets) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
