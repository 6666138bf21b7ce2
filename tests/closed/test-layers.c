/* SPDX-License-Identifier: ISC
 *
 * Which of the machine's mounts the room makes for itself. Layers are tried in the lab.
 */
#include "test.h"

#include "closed/layers.h"

static void devices_processes_and_the_kernel_are_made_anew(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		bool anew;
	} rows[] = {
		{ "/proc", true }, { "/sys", true }, { "/dev", true }, { "/dev/shm", true },
		{ "/sys/fs/cgroup/unified", true }, { "/proc/sys/fs/binfmt_misc", true },
		{ "/", false }, { "/devices", false }, { "/system", false }, { "/procs/x", false },
		{ "/srv/dev", false }, { "/var/lib/c1/proc", false }, { "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(closed_layers_anew(rows[i].path), rows[i].anew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_processes_and_the_kernel_are_made_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
