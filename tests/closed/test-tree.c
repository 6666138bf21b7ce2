/* SPDX-License-Identifier: ISC
 *
 * What of a directory's tree is copied, and what is left out.
 */
#include "test.h"

#include "base/file.h"
#include "closed/tree.h"
#include "directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether it is there, as what. */
static mode_t mode_at(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
}

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void spool_make(int dir, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(mkdirat(dir, "etc", 0755), 0);
	assert_int_equal(mkdirat(dir, "etc/deep", 0700), 0);
	assert_int_equal(mkdirat(dir, "deferred", 0700), 0);
	assert_int_equal(mkdirat(dir, "deferred/a", 0710), 0);
	put(dir, "etc/resolv.conf", "nameserver 192.0.2.1\n");
	put(dir, "etc/deep/hosts", "");
	put(dir, "deferred/a/MESSAGE", "secret");
	put(dir, "pid", "1");
	put(dir, "etcetera", "no");
	assert_int_equal(symlinkat("etc/resolv.conf", dir, "link"), 0);
	assert_int_equal(mkfifoat(dir, "etc/pipe", 0600), 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/etc/s", path);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	close(s);
}

static void directories_stay_and_files_go(void **state)
{
	(void)state;
	static const char *const kept[] = { "etc", NULL };
	const struct closed_tree tree = { .kept = kept };
	char from_path[] = "/tmp/portreeve-tree-XXXXXX", to_path[] = "/tmp/portreeve-tree-XXXXXX";
	assert_non_null(mkdtemp(from_path));
	assert_non_null(mkdtemp(to_path));
	int from = open(from_path, O_RDONLY | O_DIRECTORY);
	int to = open(to_path, O_RDONLY | O_DIRECTORY);
	spool_make(from, from_path);
	assert_int_equal(closed_tree_copy(from, to, &tree), ERR_OK);
	assert_int_equal(mode_at(to, "etc/resolv.conf"), S_IFREG | 0640);
	assert_int_equal(mode_at(to, "etc/deep/hosts"), S_IFREG | 0640);
	assert_int_equal(mode_at(to, "deferred/a"), S_IFDIR | 0710);
	assert_true(S_ISLNK(mode_at(to, "link")));
	static const char *const left_out[] = { "deferred/a/MESSAGE", "pid", "etcetera", "etc/pipe",
	                                        "etc/s" };
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		assert_int_equal(mode_at(to, left_out[i]), 0);
	close(from);
	close(to);
	directory_remove(from_path);
	directory_remove(to_path);
}

static void a_whole_copy_is_read_by_all(void **state)
{
	(void)state;
	char from_path[] = "/tmp/portreeve-tree-XXXXXX", to_path[] = "/tmp/portreeve-tree-XXXXXX";
	assert_non_null(mkdtemp(from_path));
	assert_non_null(mkdtemp(to_path));
	int from = open(from_path, O_RDONLY | O_DIRECTORY);
	int to = open(to_path, O_RDONLY | O_DIRECTORY);
	spool_make(from, from_path);
	assert_int_equal(closed_tree_copy_whole(from, to), ERR_OK);
	assert_int_equal(mode_at(to, "etc/resolv.conf"), S_IFREG | 0644);
	assert_int_equal(mode_at(to, "deferred/a"), S_IFDIR | 0755);
	assert_int_equal(mode_at(to, "deferred/a/MESSAGE"), S_IFREG | 0644);
	assert_int_equal(mode_at(to, "etc/s"), 0);
	close(from);
	close(to);
	directory_remove(from_path);
	directory_remove(to_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_stay_and_files_go),
		cmocka_unit_test(a_whole_copy_is_read_by_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
