/* SPDX-License-Identifier: ISC
 *
 * Files that reach a role through memory: what was filled in is read again, newer contents
 * replace older ones, and what is no file holds nobody up.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "roles/files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-files-XXXXXX";

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

static char *path_of(const char *name)
{
	return mem_printf("%s/%s", directory, name);
}

static void put(const char *path, size_t n, char byte)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_add_byte(&text, byte);
	assert_int_equal(file_write(path, buf_str(&text), 0600), ERR_OK);
	buf_fini(&text);
}

static void check(int fd, size_t i, size_t n, char byte)
{
	struct buf out = { 0 };
	assert_int_equal(files_read(fd, i, &out), n ? ERR_OK : ERR_NOT_FOUND);
	assert_int_equal(out.n, n);
	for (size_t j = 0; j < n; j++)
		assert_int_equal(out.p[j], byte);
	buf_fini(&out);
}

static void test_there_and_back(void **state)
{
	(void)state;
	char *a = path_of("a"), *b = path_of("b");
	const char *const paths[] = { a, "", b };
	int fd = files_create();
	assert_true(fd >= 0);
	check(fd, 0, 0, 0);
	put(a, 10000, 'a');
	put(b, 3, 'b');
	assert_int_equal(files_fill(fd, paths, 3), ERR_OK);
	int reader = files_read_only(fd);
	assert_true(reader >= 0);
	check(reader, 0, 10000, 'a');
	check(reader, 1, 0, 0);
	check(reader, 2, 3, 'b');
	check(reader, 3, 0, 0);
	/* The role cannot change what its successor will get. */
	assert_int_equal(write(reader, "x", 1), -1);
	assert_int_equal(ftruncate(reader, 0), -1);
	/* Shorter ones after longer ones; the reader's descriptor stays. */
	put(a, 5, 'c');
	unlink(b);
	assert_int_equal(files_fill(fd, paths, 3), ERR_OK);
	check(reader, 0, 5, 'c');
	check(reader, 2, 0, 0);
	close(reader);
	close(fd);
	free(a);
	free(b);
}

static void test_what_is_no_file(void **state)
{
	(void)state;
	char *fifo = path_of("fifo"), *large = path_of("large"), *most = path_of("most");
	const char *const paths[] = { fifo, directory, large, most };
	int fd = files_create();
	assert_int_equal(mkfifo(fifo, 0600), 0);
	put(large, FILES_BYTES_MAX + 1, 'x');
	put(most, FILES_BYTES_MAX, 'y');
	assert_int_equal(files_fill(fd, paths, 4), ERR_OK);
	for (size_t i = 0; i < 3; i++)
		check(fd, i, 0, 0);
	check(fd, 3, FILES_BYTES_MAX, 'y');
	close(fd);
	free(fifo);
	free(large);
	free(most);
}

static void test_half_of_it(void **state)
{
	(void)state;
	char *a = path_of("a");
	const char *const paths[] = { a };
	struct buf out = { 0 };
	int fd = files_create();
	put(a, 100, 'a');
	assert_int_equal(files_fill(fd, paths, 1), ERR_OK);
	assert_int_equal(ftruncate(fd, 60), 0);
	assert_int_equal(files_read(fd, 0, &out), ERR_INVALID);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(files_read(fd, 0, &out), ERR_INVALID);
	assert_int_equal(files_read(-1, 0, &out), ERR_IO);
	assert_int_equal(files_fill(-1, paths, 1), ERR_IO);
	buf_fini(&out);
	close(fd);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_half_of_it),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
