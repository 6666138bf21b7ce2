/* SPDX-License-Identifier: ISC
 *
 * What is said of disks and containers, by their facts, as a table; mounts, as the kernel lists
 * them.
 */
#include "test.h"

#include "doctor/durability.h"

#include <linux/magic.h>
#include <stdio.h>

struct row {
	const char *name;
	struct doctor_durability facts;
	int exit_code;
	const char *says;
};

static const struct row rows[] = {
	{ "a disk of a virtual machine",
	  { .magic = EXT4_SUPER_MAGIC, .has_mount = true, .mount = { "/", "ext4", "/dev/vda1", "rw" },
	    .has_device = true, .device = "vda", .is_virtual = true, .rotates = true,
	    .cache = "write back", .sync_us = 230 }, 0, "takes 230 us (the median)" },
	{ "a disk that turns, and waits for it",
	  { .magic = XFS_SUPER_MAGIC, .has_mount = true, .mount = { "/v", "xfs", "/dev/sda1", "rw" },
	    .has_device = true, .device = "sda", .rotates = true, .sync_us = 8000 }, 0,
	  "a disk that turns" },
	{ "one that says too early that it is safe",
	  { .magic = XFS_SUPER_MAGIC, .has_mount = true, .mount = { "/v", "xfs", "/dev/sda1", "rw" },
	    .has_device = true, .device = "sda", .rotates = true, .sync_us = 120 }, 2,
	  "faster than it can be" },
	{ "syncs that do nothing",
	  { .magic = EXT4_SUPER_MAGIC, .has_mount = true, .mount = { "/", "ext4", "/dev/vda1", "rw" },
	    .has_device = true, .device = "nvme0n1", .sync_us = 1 }, 1, "no device is so fast" },
	{ "a mount without barriers",
	  { .magic = EXT4_SUPER_MAGIC, .has_mount = true,
	    .mount = { "/", "ext4", "/dev/sda1", "rw,relatime,nobarrier" }, .has_device = true,
	    .device = "sda", .sync_us = 100 }, 1, "is mounted with nobarrier" },
	{ "the same in other words",
	  { .magic = EXT4_SUPER_MAGIC, .has_mount = true,
	    .mount = { "/", "ext4", "/dev/sda1", "rw,barrier=0" }, .has_device = true,
	    .device = "sda", .sync_us = 100 }, 1, "is mounted with barrier=0" },
	{ "a container's layer",
	  { .magic = OVERLAYFS_SUPER_MAGIC, .has_mount = true,
	    .mount = { "/", "overlay", "overlay", "rw" }, .sync_us = 100 }, 1,
	  "gone with the container" },
	{ "memory", { .magic = TMPFS_MAGIC, .sync_us = 1 }, 1, "gone when the machine stops" },
	{ "another machine's disk",
	  { .magic = NFS_SUPER_MAGIC, .has_mount = true, .mount = { "/n", "nfs4", "h:/x", "rw" },
	    .sync_us = 900 }, 2, "another machine's word" },
	{ "read-only",
	  { .magic = EXT4_SUPER_MAGIC, .has_mount = true, .mount = { "/", "ext4", "/dev/sda1", "ro" },
	    .why = "Read-only file system" }, 1, "cannot be written to: Read-only file system" },
};

static void test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct doctor_findings f = { .arena = &a };
		struct doctor_durability facts = rows[i].facts;
		bool says = false;
		facts.directory = "/v/spool";
		doctor_durability_judge(&facts, &f);
		for (size_t j = 0; j < f.n; j++)
			says = says || strstr(f.v[j].text, rows[i].says);
		if (!says || doctor_exit_code(&f) != rows[i].exit_code)
			fail_msg("%s: exit %d, %zu findings", rows[i].name, doctor_exit_code(&f), f.n);
		doctor_findings_fini(&f);
		arena_fini(&a);
	}
}

static void test_mounts(void **state)
{
	(void)state;
	static const char text[] =
		"22 27 0:20 / /proc rw,nosuid - proc proc rw\n"
		"27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
		"30 27 8:2 / /var rw shared:2 master:3 - xfs /dev/sda2 rw,noquota\n"
		"31 30 8:3 / /var/my\\040spool rw - ext4 /dev/sdb1 rw,nobarrier\n"
		"32 27 0:9 / /var rw - overlay overlay rw\n"
		"broken\n33 27 0:1 /x\n";
	static const struct { const char *path, *point, *kind; } found[] = {
		{ "/home", "/", "ext4" }, { "/varia", "/", "ext4" }, { "/var", "/var", "overlay" },
		{ "/var/lib", "/var", "overlay" }, { "/var/my spool/x", "/var/my spool", "ext4" },
	};
	struct doctor_mount m;
	for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++) {
		assert_true(doctor_mount_find(str_of(text), found[i].path, &m));
		assert_string_equal(m.point, found[i].point);
		assert_string_equal(m.kind, found[i].kind);
	}
	assert_string_equal(m.options, "rw,rw,nobarrier");
	assert_string_equal(m.source, "/dev/sdb1");
	assert_false(doctor_mount_find(STR("broken\n"), "/", &m));
	assert_false(doctor_mount_find(STR(""), "/", &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_mounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
