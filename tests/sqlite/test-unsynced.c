/* SPDX-License-Identifier: ISC
 *
 * A process that is killed between the write of a commit and its sync leaves what others read as
 * any other commit. Who finds it there answers "it is kept": so it must be safe by then. The
 * system's fsync() and fdatasync() here stand before the C library's: they tell which file is
 * synced, and kill or fail when a test wants it.
 */
#include "store/support.h"

#include "base/mem.h"
#include "sqlite/sqlite.h"
#include "store/returns.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000, VALUE = 4711 };

static char *state;
/* Of one file or directory, by the end of its name. */
static struct {
	const char *name;
	unsigned syncs;
	bool kills, fails;
} watched;

static bool is_watched(int fd)
{
	char link[64], name[256];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, name, sizeof(name));
	size_t end = watched.name ? strlen(watched.name) : 0;
	return end && n >= (ssize_t)end &&
	       memcmp(name + (size_t)n - end, watched.name, end) == 0;
}

static int sync_or_not(long call, int fd)
{
	if (is_watched(fd)) {
		watched.syncs++;
		if (watched.kills)
			kill(getpid(), SIGKILL);
		if (watched.fails) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return sync_or_not(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_or_not(SYS_fdatasync, fd);
}

static int setup(void **unused)
{
	(void)unused;
	memset(&watched, 0, sizeof(watched));
	state = state_make();
	store_close(open_store(state, STORE_ALL));
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	memset(&watched, 0, sizeof(watched));
	state_remove(state);
	return 0;
}

/* ---- what is written --------------------------------------------------------------- */

static void add_return(struct store *st, const char *what)
{
	struct test_return r = a_return("aaaaaaaa", what, NOW);
	OK(st, store_return_add(st, &r, 1));
}

static void set_cursor(struct store *st, const char *what)
{
	OK(st, store_cursor_set(st, what, VALUE));
}

static bool has_return(struct store *st)
{
	return rows_of(st, ROW_RETURN) == 2;
}

static bool has_cursor(struct store *st)
{
	int64_t value = 0;
	OK(st, store_cursor_get(st, "second", &value));
	return value == VALUE;
}

static const struct row {
	const char *name, *wal;
	unsigned may_write;
	void (*write)(struct store *st, const char *what);
	bool (*is_there)(struct store *st);
} rows[] = {
	{ "a return", "/returns/returns.db-wal", STORE_RETURNS, add_return, has_return },
	{ "the list", "/portreeve.db-wal", STORE_ALL, set_cursor, has_cursor },
};

static void write_and_die(const struct row *row)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct store *st = open_store(state, row->may_write);
		/* The first of a -wal file syncs its head before anything of it is written. */
		row->write(st, "first");
		watched.name = row->wal;
		watched.kills = true;
		row->write(st, "second");
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the tests ----------------------------------------------------------------------- */

static void found_is_made_safe(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		write_and_die(&rows[i]);
		watched.name = rows[i].wal;
		watched.syncs = 0;
		struct store *st = open_store(state, rows[i].may_write);
		CHECK_ROW(rows[i].name, rows[i].is_there(st) && watched.syncs > 0);
		/* As a client that comes again: it is told that it is kept. */
		rows[i].write(st, "second");
		CHECK_ROW(rows[i].name, rows[i].is_there(st));
		watched.name = NULL;
		store_close(st);
	}
}

/* What cannot be made safe is not built upon. */
static void found_cannot_be_made_safe(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 };
		struct store *st = NULL;
		write_and_die(&rows[i]);
		watched.name = rows[i].wal;
		watched.fails = true;
		int e = store_sqlite_open(state, rows[i].may_write, &st, &message);
		watched.fails = false;
		watched.name = NULL;
		CHECK_ROW(rows[i].name, e == ERR_IO && !st && message.n > 0);
		buf_fini(&message);
		st = open_store(state, rows[i].may_write);
		CHECK_ROW(rows[i].name, rows[i].is_there(st));
		store_close(st);
	}
}

/* The same of its name, which the process that made it may not have synced either. */
static void name_is_made_safe(void **unused)
{
	(void)unused;
	for (int again = 0; again < 2; again++) {
		watched.name = "/returns";
		watched.syncs = 0;
		struct store *st = open_store(state, STORE_RETURNS);
		assert_true(watched.syncs > 0);
		watched.name = NULL;
		store_close(st);
	}
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(found_is_made_safe), EACH(found_cannot_be_made_safe), EACH(name_is_made_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
