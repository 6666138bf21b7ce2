/* SPDX-License-Identifier: ISC
 *
 * What readers see of the two files, and how: live, without write permission, and from the
 * moment a file comes to be.
 */
#include "store/admin.h"
#include "sqlite/sqlite.h"

#include "base/mem.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* No descriptor of a reader could write the list, whoever's user it runs as. */
static void readers_hold_no_writable_descriptor(void **unused)
{
	(void)unused;
	store_close(st);
	st = NULL;
	struct store *dnsbl = open_store(state, STORE_READS);
	uint64_t serial;
	OK(dnsbl, store_serial(dnsbl, &serial));
	int files = 0;
	for (int fd = 0; fd < 256; fd++) {
		char link[64], path[4096];
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof(path) - 1);
		if (n < 0)
			continue;
		path[n] = '\0';
		if (!strstr(path, "portreeve.db"))
			continue;
		files++;
		CHECK_ROW(path, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	}
	assert_true(files >= 3);                      /* the file, -wal and -shm */
	store_close(dnsbl);
}

/* Runs `work` in a child that has no write permission anywhere below the state. */
static void as_reader(int (*work)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(work());
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void allow_reading(void)
{
	static const char *const names[] = {
		"portreeve.db", "portreeve.db-wal", "portreeve.db-shm", "returns/returns.db",
		"returns/returns.db-wal", "returns/returns.db-shm",
	};
	char path[4096];
	snprintf(path, sizeof(path), "%s/returns", state);
	assert_int_equal(chmod(path, 0555), 0);
	assert_int_equal(chmod(state, 0555), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", state, names[i]);
		assert_int_equal(chmod(path, 0444), 0);
	}
}

static int pipe_to_child[2], pipe_to_parent[2];

static int read_two_states(void)
{
	struct buf message = { 0 };
	struct store *dnsbl;
	struct list_snapshot list;
	char byte = 'r';
	if (store_sqlite_open(state, STORE_READS, &dnsbl, &message) != ERR_OK)
		return 1;
	if (store_snapshot(dnsbl, &a, &list) != ERR_OK || list.listing_n != 1)
		return 2;
	if (write(pipe_to_parent[1], &byte, 1) != 1 || read(pipe_to_child[0], &byte, 1) != 1)
		return 3;
	if (store_snapshot(dnsbl, &a, &list) != ERR_OK || list.listing_n != 2)
		return 4;
	store_close(dnsbl);
	arena_fini(&a);
	buf_fini(&message);
	return 0;
}

/* The dnsbl sees each commit of a tester that runs, with read permission alone. */
static void live_view(void **unused)
{
	(void)unused;
	struct ip one = ip_of("192.0.2.1"), two = ip_of("192.0.2.2");
	OK(st, store_list(st, &one, "op", "x", &default_policy, NOW));
	allow_reading();
	assert_int_equal(pipe(pipe_to_child), 0);
	assert_int_equal(pipe(pipe_to_parent), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(read_two_states());
	}
	/* If the child fails early, our end of the pipe would keep the read waiting. */
	close(pipe_to_parent[1]);
	char byte;
	assert_int_equal(read(pipe_to_parent[0], &byte, 1), 1);
	OK(st, store_list(st, &two, "op", "x", &default_policy, NOW));
	assert_int_equal(write(pipe_to_child[1], "w", 1), 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(pipe_to_parent[0]);
	close(pipe_to_child[0]);
	close(pipe_to_child[1]);
}

static int read_alone(void)
{
	struct buf message = { 0 };
	struct store *dnsbl;
	struct list_snapshot list;
	if (store_sqlite_open(state, STORE_READS, &dnsbl, &message) != ERR_OK)
		return 1;
	if (store_snapshot(dnsbl, &a, &list) != ERR_OK || list.listing_n != 1)
		return 2;
	store_close(dnsbl);
	arena_fini(&a);
	buf_fini(&message);
	return 0;
}

/* Nobody who writes has the file open, and -wal and -shm are as the last one left them. */
static void view_without_a_writer(void **unused)
{
	(void)unused;
	struct ip one = ip_of("192.0.2.1");
	OK(st, store_list(st, &one, "op", "x", &default_policy, NOW));
	store_close(st);
	st = NULL;
	allow_reading();
	as_reader(read_alone);
}

/* A writer that was killed leaves its commits in the -wal alone. */
static void view_after_a_killed_writer(void **unused)
{
	(void)unused;
	store_close(st);
	st = NULL;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *writer = open_store(state, STORE_ALL);
		struct ip one = ip_of("192.0.2.1");
		if (store_list(writer, &one, "op", "x", &default_policy, NOW) == ERR_OK)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	allow_reading();
	as_reader(read_alone);
}

/* The tester may start before the collector has made its file. */
static void returns_come_later(void **unused)
{
	(void)unused;
	char *fresh = state_make();
	struct store *tester = open_store(fresh, STORE_TESTS | STORE_LIST);
	struct test_return *rows;
	struct retest_request *requested;
	size_t n = 9;
	OK(tester, store_returns_after(tester, 0, 10, false, &a, &rows, &n));
	assert_int_equal(n, 0);
	OK(tester, store_requests_after(tester, 0, 10, &a, &requested, &n));
	assert_int_equal(n, 0);
	struct store *collector = open_store(fresh, STORE_RETURNS);
	struct test_return r = a_return("aaaaaaaa", "t", NOW);
	OK(collector, store_return_add(collector, &r, 3));
	OK(tester, store_returns_after(tester, 0, 10, false, &a, &rows, &n));
	assert_int_equal(n, 1);
	store_close(collector);
	store_close(tester);
	state_remove(fresh);
}

/* A reader of a store that nobody has made says what to do. */
static void nothing_to_read(void **unused)
{
	(void)unused;
	char *fresh = state_make();
	struct buf message = { 0 };
	struct store *dnsbl;
	assert_int_equal(store_sqlite_open(fresh, STORE_READS, &dnsbl, &message), ERR_NOT_FOUND);
	assert_null(dnsbl);
	assert_non_null(strstr(buf_cstr(&message), "portreeve.db: no such file"));
	buf_fini(&message);
	state_remove(fresh);
}

/* A path that SQLite could read as options. */
static void odd_path(void **unused)
{
	(void)unused;
	char *odd = mem_printf("%s/a?mode=rw#%%41 \xc3\xa9", state);
	struct store *admin = open_store(odd, STORE_ALL);
	struct store *dnsbl = open_store(odd, STORE_READS);
	uint64_t serial;
	OK(dnsbl, store_serial(dnsbl, &serial));
	store_close(dnsbl);
	store_close(admin);
	char *file = mem_printf("%s/portreeve.db", odd);
	assert_int_equal(access(file, R_OK), 0);
	free(file);
	free(odd);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(readers_hold_no_writable_descriptor), EACH(live_view),
		EACH(view_without_a_writer), EACH(view_after_a_killed_writer),
		EACH(returns_come_later), EACH(nothing_to_read), EACH(odd_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
