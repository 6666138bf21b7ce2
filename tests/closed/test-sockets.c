/* SPDX-License-Identifier: ISC
 *
 * Which paths are read from a list of sockets in the form of /proc/net/unix.
 */
#include "test.h"

#include "base/err.h"
#include "closed/sockets.h"

#define HEAD "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define LINE "0000000000000000: 00000002 00000000 00010000 0001 01 21000 "

static void paths_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *paths[3];
	} rows[] = {
		{ HEAD, { NULL } },
		{ HEAD LINE "/dev/log\n", { "/dev/log" } },
		{ HEAD LINE "/run/a\n" LINE "/run/b\n", { "/run/a", "/run/b" } },
		{ HEAD LINE "@abstract\n" LINE "relative\n" LINE "\n" LINE "/x\n", { "/x" } },
		/* Without a path there is no blank behind the number. */
		{ HEAD "0: 2 0 10000 1 1 21000\n" LINE "/y\n", { "/y" } },
		{ HEAD LINE "/with a blank/s\n", { "/with a blank/s" } },
		{ HEAD "0: 2 0 10000 1 1      7 /padded\n", { "/padded" } },
		{ "/not a line of it\n", { NULL } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct closed_sockets found = { 0 };
		assert_int_equal(closed_sockets_read(str_of(rows[i].text), &a, &found), ERR_OK);
		size_t n = 0;
		for (; rows[i].paths[n]; n++) {
			assert_true(n < found.n);
			assert_string_equal(found.paths[n], rows[i].paths[n]);
		}
		assert_int_equal(found.n, n);
		arena_fini(&a);
	}
}

static void there_may_be_too_many(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct closed_sockets found = { 0 };
	for (int i = 0; i <= CLOSED_SOCKETS_MAX; i++)
		buf_printf(&text, LINE "/s%d\n", i);
	assert_int_equal(closed_sockets_read(buf_str(&text), &a, &found), ERR_LIMIT);
	buf_fini(&text);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_read),
		cmocka_unit_test(there_may_be_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
