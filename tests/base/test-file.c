/* SPDX-License-Identifier: ISC
 *
 * Whole files: limits, errors, and that a failed write leaves what was there.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-file-XXXXXX";

static char *in(const char *name)
{
	return mem_printf("%s/%s", directory, name);
}

static int make(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	return directory_remove(directory);
}

static unsigned count_files(void)
{
	unsigned n = 0;
	DIR *d = opendir(directory);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_write_and_read(void **state)
{
	(void)state;
	char *path = in("a");
	struct buf b = { 0 };
	struct stat st;
	assert_int_equal(file_write(path, STR("first"), 0640), ERR_OK);
	assert_int_equal(file_write(path, (struct str){ "sec\0nd", 6 }, 0600), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_read(path, 6, &b), ERR_OK);
	assert_int_equal(b.n, 6);
	assert_memory_equal(b.p, "sec\0nd", 6);
	buf_clear(&b);
	assert_int_equal(file_read(path, 5, &b), ERR_LIMIT);
	/* No temporary file is left. */
	assert_int_equal(count_files(), 1);
	buf_fini(&b);
	free(path);
}

static void test_errors(void **state)
{
	(void)state;
	struct buf b = { 0 };
	char *nowhere = in("no/such"), *dir = in("d");
	assert_int_equal(file_read(nowhere, 10, &b), ERR_NOT_FOUND);
	assert_int_equal(file_write(nowhere, STR("x"), 0600), ERR_NOT_FOUND);
	assert_int_equal(file_mkdirs(dir, 0700), ERR_OK);
	unsigned before = count_files();
	/* A directory cannot be replaced by a file. */
	assert_true(file_write(dir, STR("x"), 0600) < 0);
	assert_int_equal(count_files(), before);
	assert_int_equal(file_read("/dev/full", 0, &b), ERR_LIMIT);
	buf_fini(&b);
	free(nowhere);
	free(dir);
}

static void test_mkdirs(void **state)
{
	(void)state;
	char *deep = in("x/y/z"), *blocked = in("f/y"), *file = in("f");
	struct stat st;
	assert_int_equal(file_mkdirs(deep, 0700), ERR_OK);
	assert_int_equal(file_mkdirs(deep, 0700), ERR_OK);
	assert_int_equal(stat(deep, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(file_write(file, STR(""), 0600), ERR_OK);
	assert_int_equal(file_mkdirs(blocked, 0700), ERR_NOT_FOUND);
	free(deep);
	free(blocked);
	free(file);
}

static void test_errno(void **state)
{
	(void)state;
	static const struct { int errnum, err; } rows[] = {
		{ ENOENT, ERR_NOT_FOUND }, { EACCES, ERR_DENIED }, { ENOSPC, ERR_FULL },
		{ EDQUOT, ERR_FULL }, { EEXIST, ERR_EXISTS }, { EIO, ERR_IO },
		{ EROFS, ERR_DENIED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(file_err(rows[i].errnum), rows[i].err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_read),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_mkdirs),
		cmocka_unit_test(test_errno),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
