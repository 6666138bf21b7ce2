/* SPDX-License-Identifier: ISC
 *
 * The table of mounts, and a file's other paths.
 */
#include "test.h"

#include "base/err.h"
#include "closed/mounts.h"

static const char text[] =
	"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"22 21 0:20 / /run rw,nosuid shared:2 master:1 - tmpfs tmpfs rw\n"
	"23 21 0:20 /docker /srv/c\\0401/run rw - tmpfs tmpfs rw\n"
	"24 21 0:20 /docker/a.sock /opt/door rw - tmpfs tmpfs rw\n"
	"25 21 8:1 /var/lib/x /mnt rw - ext4 /dev/sda1 rw\n"
	"26 21 0:5 / /proc rw - proc proc rw\n"
	"nonsense\n27 21 8:1 / /x rw ext4\n28 x\n";

static void the_table_is_read(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct closed_mounts m;
	assert_int_equal(closed_mounts_read(str_of(text), &a, &m), ERR_OK);
	assert_int_equal(m.n, 6);
	assert_int_equal(m.rows[2].id, 23);
	assert_string_equal(m.rows[2].root, "/docker");
	assert_string_equal(m.rows[2].at, "/srv/c 1/run");
	assert_true(str_eq(m.rows[5].type, STR("proc")));
	arena_fini(&a);
}

static void a_file_has_other_paths(void **state)
{
	(void)state;
	static const struct {
		size_t seen;
		const char *path;
		size_t other;
		const char *expected;
	} rows[] = {
		{ 1, "/run/docker/a.sock", 2, "/srv/c 1/run/a.sock" },
		{ 1, "/run/docker/a.sock", 3, "/opt/door" },
		{ 1, "/run/docker/a.sockets", 3, NULL },
		{ 1, "/run/dockers/a.sock", 2, NULL },
		{ 2, "/srv/c 1/run/b", 1, "/run/docker/b" },
		{ 3, "/opt/door", 2, "/srv/c 1/run/a.sock" },
		{ 0, "/var/lib/x/s", 4, "/mnt/s" },
		{ 4, "/mnt/s", 0, "/var/lib/x/s" },
		{ 0, "/var/lib/x", 4, "/mnt" },
		{ 0, "/run/s", 1, NULL },
		{ 4, "/elsewhere", 0, NULL },
	};
	struct arena a = { 0 };
	struct closed_mounts m;
	assert_int_equal(closed_mounts_read(str_of(text), &a, &m), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *other = closed_mounts_other(&m.rows[rows[i].seen], rows[i].path,
		                                        &m.rows[rows[i].other], &a);
		if (rows[i].expected)
			assert_string_equal(other, rows[i].expected);
		else
			assert_null(other);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_read),
		cmocka_unit_test(a_file_has_other_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
