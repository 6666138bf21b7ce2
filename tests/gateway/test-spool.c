/* SPDX-License-Identifier: ISC
 *
 * Where a queue may lie, and the key of its log.
 */
#include "test.h"

#include "base/file.h"
#include "base/log.h"
#include "gateway/spool.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static void test_fault(void **state)
{
	(void)state;
	static const struct {
		uint64_t magic;
		const char *says;
	} rows[] = {
		{ TMPFS_MAGIC, "tmpfs" }, { RAMFS_MAGIC, "ramfs" },
		{ OVERLAYFS_SUPER_MAGIC, "overlay" }, { EXT4_SUPER_MAGIC, NULL },
		{ XFS_SUPER_MAGIC, NULL }, { BTRFS_SUPER_MAGIC, NULL }, { NFS_SUPER_MAGIC, NULL },
		{ 0, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *fault = gateway_spool_fault(rows[i].magic);
		if (rows[i].says)
			assert_non_null(strstr(fault, rows[i].says));
		else
			assert_null(fault);
	}
}

/* Of a directory that is not there yet, its place is looked at. */
static void test_check(void **state)
{
	(void)state;
	struct buf message = { 0 };
	struct statfs fs;
	log_init("test", LOG_ERROR);
	if (statfs("/dev/shm", &fs) != 0 || fs.f_type != TMPFS_MAGIC)
		skip();
	assert_int_equal(gateway_spool_check("/dev/shm/a/b", false, &message), ERR_DENIED);
	assert_string_equal(buf_cstr(&message),
	                    "/dev/shm/a/b: lies on tmpfs, which is gone when the machine stops: "
	                    "expected a disk for what is acknowledged (gateway.spool_anywhere says "
	                    "that it may be lost)");
	assert_int_equal(gateway_spool_check("/dev/shm/a/b", true, &message), ERR_OK);
	buf_fini(&message);
}

static void test_key(void **state)
{
	(void)state;
	char directory[] = "/tmp/gateway-spool-XXXXXX", path[64], file[64], segment[64];
	struct hash_key key, again;
	struct buf message = { 0 };
	struct stat st;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/queue", directory);
	snprintf(file, sizeof(file), "%s/queue/key", directory);
	snprintf(segment, sizeof(segment), "%s/queue/segment-00000001", directory);
	assert_int_equal(gateway_spool_key(path, &key, &message), ERR_OK);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(gateway_spool_key(path, &again, &message), ERR_OK);
	assert_memory_equal(&key, &again, sizeof(key));
	/* The same bytes are the same key on every machine. */
	assert_int_equal(file_write(file, STR("00112233445566778899aabbccddeeff\n"), 0600), ERR_OK);
	assert_int_equal(gateway_spool_key(path, &key, &message), ERR_OK);
	assert_true(key.k[0] == 0x7766554433221100 && key.k[1] == 0xffeeddccbbaa9988);
	static const char *const wrong[] = { "", "00112233445566778899aabbccddeeff",
	                                     "00112233445566778899aabbccddeeffgg\n",
	                                     "0x112233445566778899aabbccddeeff\n" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(file_write(file, str_of(wrong[i]), 0600), ERR_OK);
		assert_int_not_equal(gateway_spool_key(path, &key, &message), ERR_OK);
		assert_non_null(strstr(buf_cstr(&message), "expected 32 hexadecimal digits"));
		buf_clear(&message);
	}
	/* No new key for a log that has lost its own. */
	unlink(file);
	assert_int_equal(file_write(segment, STR("x"), 0600), ERR_OK);
	assert_int_equal(gateway_spool_key(path, &key, &message), ERR_CORRUPT);
	assert_int_equal(access(file, F_OK), -1);
	buf_fini(&message);
	unlink(segment);
	rmdir(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
