/* SPDX-License-Identifier: ISC
 *
 * The table of mounts.
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
	assert_true(str_eq(m.rows[1].options, STR("rw,nosuid")));
	assert_string_equal(m.rows[2].at, "/srv/c 1/run");
	assert_true(str_eq(m.rows[5].type, STR("proc")));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
