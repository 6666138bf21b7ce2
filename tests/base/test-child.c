/* SPDX-License-Identifier: ISC
 *
 * Tools that do as they like: that never end, flood, close their output and go on, take no signal,
 * leave others that hold the line open. Each is a row; all end in time, and nothing is left.
 */
#include "test.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHORT_MS = 300, LONG_MS = 30000, MOST_BYTES = 100000 };

/* ---- what comes of a tool ------------------------------------------------------------ */

struct row {
	const char *name, *script;
	int64_t time_ms;
	int err, status;
	const char *said;                /* NULL: whatever */
	enum child_hearing hearing;
	const char *input;
};

static const struct row rows[] = {
	{ "says and ends", "echo hallo", LONG_MS, ERR_OK, 0, "hallo\n", 0, "" },
	{ "says nothing", ":", LONG_MS, ERR_OK, 0, "", 0, "" },
	{ "fails", "echo no; exit 3", LONG_MS, ERR_OK, 3, "no\n", 0, "" },
	{ "is killed", "kill -SEGV $$", LONG_MS, ERR_OK, 128 + SIGSEGV, "", 0, "" },
	{ "its errors are lost", "echo a; echo b >&2", LONG_MS, ERR_OK, 0, "a\n", 0, "" },
	{ "its errors are heard", "echo a; echo b >&2", LONG_MS, ERR_OK, 0, "a\nb\n", CHILD_BOTH,
	  "" },
	{ "has no input", "cat", LONG_MS, ERR_OK, 0, "", 0, "" },
	{ "has an input", "cat", LONG_MS, ERR_OK, 0, "one\ntwo", 0, "one\ntwo" },
	{ "does not read its input", "exec 0<&-; echo a", LONG_MS, ERR_OK, 0, "a\n", 0, "one\n" },
	/* Who stops himself never ends. */
	{ "never ends", "echo a; kill -STOP $$", SHORT_MS, ERR_TIMEOUT, 128 + SIGKILL, "a\n", 0,
	  "" },
	{ "never ends and takes no signal", "trap '' TERM HUP INT; echo a; while :; do :; done",
	  SHORT_MS, ERR_TIMEOUT, 128 + SIGKILL, "a\n", 0, "" },
	{ "floods", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", LONG_MS,
	  ERR_LIMIT, 128 + SIGKILL, NULL, 0, "" },
	{ "closes its output and goes on", "echo a; exec >&- 2>&-; kill -STOP $$", SHORT_MS,
	  ERR_TIMEOUT, 128 + SIGKILL, "a\n", 0, "" },
	{ "closes its output and ends later",
	  "echo a; exec >/dev/null 2>&1; head -c 20000000 /dev/zero | cksum; exit 4", LONG_MS,
	  ERR_OK, 4, "a\n", 0, "" },
	{ "leaves one that holds the line", "echo a; sh -c 'kill -STOP $$' & exit 0", LONG_MS,
	  ERR_OK, 0, "a\n", 0, "" },
	{ "leaves one that holds it in a session of its own",
	  "echo a; setsid sleep 3 & exit 0", LONG_MS, ERR_OK, 0, "a\n", 0, "" },
	{ "one that it started floods",
	  "(while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaa; done) & wait", LONG_MS, ERR_LIMIT,
	  128 + SIGKILL, NULL, 0, "" },
};

static void test_tools(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		const char *const words[] = { "/bin/sh", "-c", row->script, NULL };
		const struct child_order order = {
			.words = words, .input = str_of(row->input), .hearing = row->hearing,
			.time_ms = row->time_ms, .max_bytes = MOST_BYTES };
		struct buf said = { 0 };
		int status = -1;
		const int64_t began_ms = clock_mono_ms();
		const int e = child_run(&order, &said, &status);
		const int64_t took_ms = clock_mono_ms() - began_ms;
		if (e != row->err || status != row->status ||
		    (row->said && strcmp(buf_cstr(&said), row->said) != 0))
			fail_msg("%s: %s, status %d, \"%.80s\"", row->name, err_text(e), status,
			         buf_cstr(&said));
		CHECK_ROW(row->name, took_ms < LONG_MS / 3);
		CHECK_ROW(row->name, said.n <= MOST_BYTES);
		buf_fini(&said);
	}
}

static void test_no_such_tool(void **state)
{
	static const struct { const char *path; int err; } none[] = {
		{ "/nowhere/tool", ERR_NOT_FOUND }, { "/dev/null", ERR_DENIED },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		const char *const words[] = { none[i].path, NULL };
		const struct child_order order = { .words = words, .time_ms = LONG_MS,
		                                   .max_bytes = MOST_BYTES };
		struct buf said = { 0 };
		int status;
		assert_int_equal(child_run(&order, &said, &status), none[i].err);
		buf_fini(&said);
	}
}

/* ---- what is left of it ---------------------------------------------------------------- */

static bool is_gone(pid_t pid)
{
	for (const int64_t until_ms = clock_mono_ms() + LONG_MS; clock_mono_ms() < until_ms;) {
		char path[40], state = 'Z', text[200] = "";
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		int fd = open(path, O_RDONLY);
		ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
		const char *end = n > 0 ? strrchr(text, ')') : NULL;
		if (fd >= 0)
			close(fd);
		if (end && end[1] == ' ')
			state = end[2];
		if (state == 'Z')
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

static pid_t number_in(const struct buf *said)
{
	return (pid_t)strtol(buf_cstr(said), NULL, 10);
}

static void test_its_group_ends_with_it(void **state)
{
	static const struct { const char *name, *script; int64_t time_ms; } left[] = {
		{ "ended by itself", "sleep 1000 & echo $!", LONG_MS },
		{ "was ended", "sleep 1000 & echo $!; wait", SHORT_MS },
		{ "takes no signal", "trap '' TERM; (trap '' TERM HUP; sleep 1000) & echo $!; wait",
		  SHORT_MS },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
		const char *const words[] = { "/bin/sh", "-c", left[i].script, NULL };
		const struct child_order order = { .words = words, .time_ms = left[i].time_ms,
		                                   .max_bytes = MOST_BYTES };
		struct buf said = { 0 };
		int status;
		child_run(&order, &said, &status);
		CHECK_ROW(left[i].name, number_in(&said) > 1 && is_gone(number_in(&said)));
		buf_fini(&said);
	}
}

/* A mail program delivers behind the back of whoever gave it the mail. */
static void test_one_that_is_told_may_go_on(void **state)
{
	char path[] = "/tmp/test-child-XXXXXX";
	char script[200];
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	snprintf(script, sizeof(script), "(while ! grep -q on %s; do sleep 0.05; done; "
	         "echo off > %s) &", path, path);
	const char *const words[] = { "/bin/sh", "-c", script, NULL };
	const struct child_order order = { .words = words, .hearing = CHILD_NEITHER,
	                                   .time_ms = LONG_MS };
	struct buf said = { 0 };
	int status;
	assert_int_equal(child_run(&order, &said, &status), ERR_OK);
	assert_true(write(fd, "on", 2) == 2);
	struct { char text[8]; } read_back = { "" };
	for (const int64_t until_ms = clock_mono_ms() + LONG_MS;
	     clock_mono_ms() < until_ms && strncmp(read_back.text, "off", 3) != 0;
	     poll(NULL, 0, 10))
		(void)!pread(fd, read_back.text, sizeof(read_back.text) - 1, 0);
	assert_memory_equal(read_back.text, "off", 3);
	close(fd);
	unlink(path);
	buf_fini(&said);
}

/* Who started it is killed, and can end nothing any more. */
static void test_who_started_it_is_killed(void **state)
{
	static const char *const words[] = { "/bin/sh", "-c", "echo $$; exec sleep 1000", NULL };
	const struct child_order order = { .words = words, .time_ms = LONG_MS,
	                                   .max_bytes = MOST_BYTES };
	int ends[2];
	pid_t number = 0;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t starter = fork();
	if (starter == 0) {
		struct child child;
		struct buf said = { 0 };
		if (child_start(&order, &child) == ERR_OK && child_hear(&child, &said) == ERR_OK)
			number = number_in(&said);
		(void)!write(ends[1], &number, sizeof(number));
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &number, sizeof(number)), sizeof(number));
	kill(starter, SIGKILL);
	waitpid(starter, NULL, 0);
	assert_true(number > 1 && is_gone(number));
	close(ends[0]);
	close(ends[1]);
}

/* ---- what it has of ours ------------------------------------------------------------------ */

static void test_what_it_inherits(void **state)
{
	static const char *const words[] = { "/bin/sh", "-c",
		"[ -e /proc/$$/fd/57 ] && echo inherited; grep SigBlk /proc/self/status; "
		/* The last four digits: signals 1 to 16. glibc's own, 32 and 33, nobody can set. */
		"grep -q 'SigIgn.*0000$' /proc/self/status && echo SIGPIPE as it was; "
		"echo \"$SECRET$LC_ALL\"", NULL };
	const struct child_order order = { .words = words, .time_ms = LONG_MS,
	                                   .max_bytes = MOST_BYTES };
	struct buf said = { 0 };
	int status;
	(void)state;
	assert_int_equal(dup2(STDERR_FILENO, 57), 57);   /* not closed on exec */
	setenv("SECRET", "secret", 1);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(child_run(&order, &said, &status), ERR_OK);
	assert_string_equal(buf_cstr(&said), "SigBlk:\t0000000000000000\nSIGPIPE as it was\nC\n");
	signal(SIGPIPE, SIG_DFL);
	close(57);
	buf_fini(&said);
}

static int before_fails(const void *arg) { return *(const int *)arg; }

static void test_before(void **state)
{
	static const char *const words[] = { "/bin/sh", "-c", "exit 5", NULL };
	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		const struct child_order order = { .words = words, .time_ms = LONG_MS,
		                                   .max_bytes = MOST_BYTES,
		                                   .before = before_fails, .arg = &fails };
		struct buf said = { 0 };
		int status;
		assert_int_equal(child_run(&order, &said, &status), ERR_OK);
		assert_int_equal(status, fails ? 126 : 5);
		buf_fini(&said);
	}
}

/* ---- a process of ours ----------------------------------------------------------------- */

static int echo(void *arg, int line)
{
	char byte;
	while (read(line, &byte, 1) == 1)
		for (const char *p = arg; byte != '.' && *p; p++)
			if (write(line, p, 1) != 1)
				return 1;
	return 7;
}

static void test_one_of_ours(void **state)
{
	static char word[] = "hallo";
	struct child child;
	struct buf said = { 0 };
	(void)state;
	assert_int_equal(child_serve(echo, word, &child), ERR_OK);
	child.until_ms = clock_mono_ms() + LONG_MS;
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(write(child.line, "?", 1), 1);
		while (said.n < (size_t)i * strlen(word))
			assert_int_equal(child_hear(&child, &said), ERR_OK);
	}
	assert_string_equal(buf_cstr(&said), "hallohallo");
	/* It hangs: nothing is said. */
	child.until_ms = clock_mono_ms() + SHORT_MS;
	assert_int_equal(write(child.line, ".", 1), 1);
	assert_int_equal(child_hear(&child, &said), ERR_TIMEOUT);
	assert_int_equal(child_end(&child), 128 + SIGKILL);
	assert_true(child.pid == 0 && child.line == -1);
	buf_fini(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tools), cmocka_unit_test(test_no_such_tool),
		cmocka_unit_test(test_its_group_ends_with_it),
		cmocka_unit_test(test_one_that_is_told_may_go_on),
		cmocka_unit_test(test_who_started_it_is_killed),
		cmocka_unit_test(test_what_it_inherits), cmocka_unit_test(test_before),
		cmocka_unit_test(test_one_of_ours),
	};
	return descriptors_standard() != ERR_OK ||
	       cmocka_run_group_tests(tests, NULL, NULL);
}
