/* SPDX-License-Identifier: ISC
 *
 * The files of a tree that a stranger made: links, pipes, sockets, long lines, many names. No test
 * here can wait for a pipe: one that was opened would hang until meson ends it.
 */
#include "test.h"
#include "hanging-disk.h"

#include "audit/config.h"
#include "audit/disk-files.h"
#include "base/clock.h"
#include "base/file.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char top[64];                     /* "top/root" is the root, "top/outside" is not */

static const char *at(const char *name)
{
	static char path[2][300];
	static int turn;
	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", top, name);
	return path[turn];
}

static void put(const char *name, const char *text)
{
	assert_int_equal(file_write(at(name), str_of(text), 0644), ERR_OK);
}

static void link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, at(name)), 0);
}

static int make_tree(void **state)
{
	(void)state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	/* Ten thousand files are made in memory, if there is room for them. */
	snprintf(top, sizeof(top), "%s/test-disk-files-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(top));
	assert_int_equal(file_mkdirs(at("root/etc/d"), 0755), ERR_OK);
	put("outside", "secret");
	put("root/inside", "inside");
	put("root/etc/plain", "one\ntwo\n");
	put("root/etc/d/b.conf", "b");
	put("root/etc/d/a.conf", "a");
	put("root/etc/d/.hidden.conf", "h");
	put("root/etc/d/c.txt", "c");
	assert_int_equal(mkfifo(at("root/etc/fifo"), 0666), 0);
	link_to("fifo", "root/etc/to-fifo");
	link_to("../../../../../outside", "root/etc/out");
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", at("outside"));
	link_to(un.sun_path, "root/etc/out-absolute");
	link_to("/inside", "root/etc/absolute");
	link_to("..", "root/etc/up");
	link_to("loop-b", "root/etc/loop-a");
	link_to("loop-a", "root/etc/loop-b");
	link_to("/proc/self/root/etc/passwd", "root/etc/magic");
	link_to("/etc/d", "root/etc/to-d");
	link_to("/dev/zero", "root/etc/zero");
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", at("root/etc/socket"));
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct {
	const char *name;
	int err;
	const char *text;
} rows[] = {
	{ "/etc/plain", ERR_OK, "one\ntwo\n" }, { "etc/plain", ERR_OK, "one\ntwo\n" },
	{ "/etc/../etc/./plain", ERR_OK, "one\ntwo\n" }, { "/../../etc/plain", ERR_OK, "one\ntwo\n" },
	{ "/etc/absolute", ERR_OK, "inside" }, { "/etc/up/inside", ERR_OK, "inside" },
	{ "/etc/to-d/a.conf", ERR_OK, "a" },
	{ "/etc/none", ERR_NOT_FOUND, NULL }, { "/etc/plain/more", ERR_NOT_FOUND, NULL },
	{ "/etc", ERR_INVALID, NULL }, { "/", ERR_INVALID, NULL }, { "", ERR_INVALID, NULL },
	{ "/etc/fifo", ERR_INVALID, NULL }, { "/etc/to-fifo", ERR_INVALID, NULL },
	{ "/etc/socket", ERR_INVALID, NULL },
	{ "/etc/loop-a", ERR_INVALID, NULL },
	{ "/etc/out", ERR_NOT_FOUND, NULL }, { "/etc/out-absolute", ERR_NOT_FOUND, NULL },
	{ "/etc/magic", ERR_NOT_FOUND, NULL }, { "/etc/zero", ERR_NOT_FOUND, NULL },
	{ "/outside", ERR_NOT_FOUND, NULL }, { "/../outside", ERR_NOT_FOUND, NULL },
};

static void test_files(void **state)
{
	(void)state;
	struct disk_files d;
	struct audit_files files;
	struct arena a = { 0 };
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str text = { 0 };
		const int err = files.read(files.arg, rows[i].name, &a, &text);
		if (err != rows[i].err)
			fail_msg("%s: %s", rows[i].name, err_text(err));
		/* What is there and cannot be read is not missing. */
		assert_int_equal(disk_files_missing(&d, rows[i].name), err == ERR_NOT_FOUND);
		if (rows[i].text && !str_eq(text, str_of(rows[i].text)))
			fail_msg("%s: \"%.*s\"", rows[i].name, STR_ARG(text));
	}
	disk_files_fini(&d);
	arena_fini(&a);
}

/* The machine itself, also where the kernel has no openat2: pipes and devices stay shut. */
static void test_machine(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct disk_files d;
		struct audit_files files;
		struct arena a = { 0 };
		struct str text = { 0 };
		assert_int_equal(disk_files_init(&d, "", &files), ERR_OK);
		if (plain) {
			child_end(&d.reader);    /* the next one does without */
			d.plain = true;
		}
		assert_int_equal(files.read(files.arg, at("root/etc/plain"), &a, &text), ERR_OK);
		assert_true(str_eq(text, STR("one\ntwo\n")));
		assert_int_equal(files.read(files.arg, at("root/etc/to-fifo"), &a, &text),
		                 ERR_INVALID);
		assert_int_equal(files.read(files.arg, "/dev/zero", &a, &text), ERR_INVALID);
		assert_int_equal(files.read(files.arg, at("root/etc/loop-a"), &a, &text),
		                 ERR_INVALID);
		disk_files_fini(&d);
		arena_fini(&a);
	}
}

static void check_names(struct audit_files *files, const char *pattern, int err,
                        const char *wanted)
{
	struct arena a = { 0 };
	struct buf found = { 0 };
	const char **names = NULL;
	size_t n = 0;
	const int was = files->list(files->arg, pattern, &a, &names, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&found, "%s ", names[i]);
	if (was != err || strcmp(buf_cstr(&found), wanted))
		fail_msg("%s: %s, %s", pattern, err_text(was), buf_cstr(&found));
	buf_fini(&found);
	arena_fini(&a);
}

static void test_names(void **state)
{
	(void)state;
	struct disk_files d;
	struct audit_files files;
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	check_names(&files, "/etc/d", ERR_OK,
	            "/etc/d/.hidden.conf /etc/d/a.conf /etc/d/b.conf /etc/d/c.txt ");
	check_names(&files, "/etc/d/", ERR_OK,
	            "/etc/d/.hidden.conf /etc/d/a.conf /etc/d/b.conf /etc/d/c.txt ");
	check_names(&files, "/etc/d/*.conf", ERR_OK, "/etc/d/a.conf /etc/d/b.conf ");
	check_names(&files, "/etc/to-d/[b-z]*", ERR_OK, "/etc/to-d/b.conf /etc/to-d/c.txt ");
	check_names(&files, "/etc/d/*.none", ERR_OK, "");
	check_names(&files, "/etc/none/*", ERR_NOT_FOUND, "");
	check_names(&files, "/etc/plain", ERR_NOT_FOUND, "");
	check_names(&files, "/etc/fifo/*", ERR_NOT_FOUND, "");
	check_names(&files, "/../outside*", ERR_OK, "");
	check_names(&files, "/etc/loop-a/*", ERR_INVALID, "");
	disk_files_fini(&d);
}

/* Ten thousand files, files without end, and asking without end. */
static void test_limits(void **state)
{
	(void)state;
	struct disk_files d;
	struct audit_files files;
	struct arena a = { 0 };
	struct str text;
	char name[64];
	int err = ERR_OK;
	const int fd = open(at("root"), O_PATH | O_DIRECTORY);
	assert_int_equal(mkdirat(fd, "many", 0755), 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		assert_int_equal(mknodat(fd, name, S_IFREG | 0644, 0), 0);
	}
	assert_int_equal(mknodat(fd, "sparse", S_IFREG | 0644, 0), 0);
	assert_int_equal(truncate(at("root/sparse"), (off_t)1 << 40), 0);
	assert_int_equal(mknodat(fd, "three", S_IFREG | 0644, 0), 0);
	assert_int_equal(truncate(at("root/three"), 3 << 20), 0);
	close(fd);
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	check_names(&files, "/many", ERR_LIMIT, "");
	check_names(&files, "/many/77?5", ERR_OK, "/many/7705 /many/7715 /many/7725 /many/7735 "
	            "/many/7745 /many/7755 /many/7765 /many/7775 /many/7785 /many/7795 ");
	for (int i = 0; i < 10; i++)
		check_names(&files, "/many/none*", i < 3 ? ERR_OK : ERR_LIMIT, "");
	assert_int_equal(files.read(files.arg, "/sparse", &a, &text), ERR_LIMIT);
	for (int i = 0; i < 50 && err == ERR_OK; i++) {
		err = files.read(files.arg, "/three", &a, &text);
		arena_fini(&a);
	}
	assert_int_equal(err, ERR_LIMIT);
	for (int i = 0; i < DISK_FILES_MAX; i++)
		err = files.read(files.arg, "/none", &a, &text);
	assert_int_equal(err, ERR_LIMIT);
	disk_files_fini(&d);
	arena_fini(&a);
}

/* What is read of it: a line of a megabyte and a pipe are said, not taken. */
static void test_reading(void **state)
{
	(void)state;
	struct disk_files d;
	struct audit_files files;
	struct arena a = { 0 };
	struct audit_config *config;
	struct buf main = { 0 };
	bool pipe = false, line = false;
	const struct audit_config_given given = { MTA_POSTFIX, "/etc/postfix", NULL, NULL, NULL };
	assert_int_equal(file_mkdirs(at("root/etc/postfix"), 0755), ERR_OK);
	buf_add_cstr(&main, "mynetworks = 127.0.0.1 hash:/etc/fifo\nx = ");
	for (int i = 0; i < 1 << 20; i++)
		buf_add_byte(&main, 'x');
	put("root/etc/postfix/main.cf", buf_cstr(&main));
	put("root/etc/postfix/master.cf", "smtp inet n - y - - smtpd\n");
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	assert_int_equal(audit_config_read(&files, &given, &a, &config), ERR_OK);
	const struct audit_reading *r = audit_config_reading(config);
	for (size_t i = 0; i < r->unread_n; i++) {
		pipe = pipe || !strcmp(r->unread[i].what, "/etc/fifo");
		line = line || !strcmp(r->unread[i].why, "the line is too long");
	}
	assert_true(pipe && line);
	buf_fini(&main);
	disk_files_fini(&d);
	arena_fini(&a);
}

static void test_roots(void **state)
{
	(void)state;
	struct disk_files d;
	struct audit_files files;
	assert_int_equal(disk_files_init(&d, at("none"), &files), ERR_NOT_FOUND);
	assert_int_equal(disk_files_init(&d, at("root/etc/fifo"), &files), ERR_INVALID);
	assert_int_equal(disk_files_init(&d, at("outside"), &files), ERR_INVALID);
	disk_files_fini(&d);
}

/* A disk that does not answer: what is on it is late and named, all else is read. */
static void test_a_disk_that_hangs(void **state)
{
	static const struct { const char *name; int err; } asked[] = {
		{ "/etc/plain", ERR_OK }, { "/etc/hang/main.cf", ERR_TIMEOUT },
		{ "/etc/plain", ERR_OK }, { "/etc/hang", ERR_INVALID }, { "/etc/absolute", ERR_OK },
	};
	struct disk_files d;
	struct audit_files files;
	struct arena a = { 0 };
	struct str text;
	const char **names;
	size_t n;
	(void)state;
	assert_int_equal(file_mkdirs(at("root/etc/hang"), 0755), ERR_OK);
	pid_t disk = geteuid() == 0 ? hanging_disk_make(at("root/etc/hang")) : 0;
	if (!disk)
		skip();
	const int64_t began_ms = clock_mono_ms();
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		CHECK_ROW(asked[i].name,
		          files.read(files.arg, asked[i].name, &a, &text) == asked[i].err);
	assert_int_equal(files.list(files.arg, "/etc/hang/*.cf", &a, &names, &n), ERR_TIMEOUT);
	/* Who names many of them does not hold us for each. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(files.read(files.arg, "/etc/hang/map", &a, &text), ERR_TIMEOUT);
	assert_true(clock_mono_ms() - began_ms < DISK_ALL_MS + 10000);
	assert_int_equal(d.late_n, 22);
	assert_string_equal(d.late[0], "/etc/hang/main.cf");
	assert_string_equal(d.late[1], "/etc/hang/*.cf");
	disk_files_fini(&d);
	hanging_disk_end(disk, at("root/etc/hang"));
	arena_fini(&a);
}

/* A file becomes a pipe between two looks. */
static void test_a_pipe_that_is_swapped_in(void **state)
{
	struct disk_files d;
	struct audit_files files;
	struct arena a = { 0 };
	struct str text;
	(void)state;
	put("root/swapped", "text");
	assert_int_equal(mkfifo(at("root/swapped-fifo"), 0666), 0);
	assert_int_equal(disk_files_init(&d, at("root"), &files), ERR_OK);
	char from[300];
	pid_t swaps = fork();
	if (swaps == 0)
		for (snprintf(from, sizeof(from), "%s", at("root/swapped"));;)
			renameat2(AT_FDCWD, from, AT_FDCWD, at("root/swapped-fifo"), 2 /* exchange */);
	for (int i = 0; i < 2000; i++) {
		int e = files.read(files.arg, "/swapped", &a, &text);
		assert_true(e == ERR_OK || e == ERR_INVALID || e == ERR_NOT_FOUND);
	}
	assert_int_equal(d.late_n, 0);
	kill(swaps, SIGKILL);
	waitpid(swaps, NULL, 0);
	disk_files_fini(&d);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_a_pipe_that_is_swapped_in),
		cmocka_unit_test(test_a_disk_that_hangs),
	};
	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
