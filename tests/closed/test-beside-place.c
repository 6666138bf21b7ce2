/* SPDX-License-Identifier: ISC
 *
 * The directory of a second Postfix: made and removed, and swept where nobody has it any more.
 */
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "closed/beside-place.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[] = "/tmp/test-place-XXXXXX";

static const char *at(const char *directory, const char *name)
{
	static char path[4][200];
	static unsigned turn;
	char *p = path[turn++ % 4];
	snprintf(p, sizeof(path[0]), "%s/%s", directory, name);
	return p;
}

static bool is_there(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static void fill(const char *directory)
{
	assert_int_equal(file_mkdirs(at(directory, "spool/pid"), 0755), ERR_OK);
	assert_int_equal(file_mkdirs(at(directory, "spool/private/deep"), 0700), ERR_OK);
	assert_int_equal(file_write(at(directory, "spool/private/deep/file"), STR("x"), 0600),
	                 ERR_OK);
	assert_int_equal(mkfifo(at(directory, "spool/fifo"), 0600), 0);
	assert_int_equal(symlink(at(top, "outside"), at(directory, "spool/link")), 0);
}

static void test_made_and_removed(void **state)
{
	struct beside_place place;
	struct stat st;
	(void)state;
	assert_int_equal(beside_place_make(top, &place), ERR_OK);
	assert_true(stat(place.path, &st) == 0 && (st.st_mode & 07777) == 0755);
	char path[sizeof(place.path)];
	memcpy(path, place.path, sizeof(path));
	fill(path);
	beside_places_sweep(top);                /* it is ours */
	assert_true(is_there(at(path, "spool/private/deep/file")));
	beside_place_remove(&place);
	assert_false(is_there(path));
	assert_true(is_there(at(top, "outside/kept")));
	beside_place_remove(&place);             /* there is none */
}

/* Nobody has them. */
static void test_swept(void **state)
{
	static const struct { const char *name; bool marked, old, full, stays; } rows[] = {
		{ "portreeve-beside-aaaaaa", true, false, true, false },
		{ "portreeve-beside-bbbbbb", true, false, false, false },
		{ "portreeve-beside-cccccc", false, true, false, false },
		{ "portreeve-beside-dddddd", false, false, false, true },    /* about to be marked */
		{ "portreeve-beside-backup", false, true, true, true },      /* somebody's own */
		{ "portreeve-beside-eeeeeee", true, true, true, true },
		{ "portreeve-other-aaaaaa", true, true, true, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[100];
		snprintf(path, sizeof(path), "%s/%s", top, rows[i].name);
		const struct timespec old[] = { { 1000, 0 }, { 1000, 0 } };
		assert_int_equal(mkdir(path, 0755), 0);
		if (rows[i].full)
			fill(path);
		if (rows[i].marked)
			assert_int_equal(file_write(at(path, "of-an-audit"), STR(""), 0600),
			                 ERR_OK);
		if (rows[i].old)
			utimensat(AT_FDCWD, path, old, 0);
	}
	beside_places_sweep(top);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].name, is_there(at(top, rows[i].name)) == rows[i].stays);
	assert_true(is_there(at(top, "outside/kept")));
}

/* Who had it was killed; its group runs on, or another process has got the number that stands
 * there. */
static void test_its_group_ends(void **state)
{
	(void)state;
	for (int own = 0; own < 2; own++) {
		struct beside_place place;
		assert_int_equal(beside_place_make(top, &place), ERR_OK);
		fill(place.path);
		pid_t master = fork();
		if (master == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setsid() < 0 ||
			    beside_place_lead(&place) != ERR_OK)
				_exit(126);
			close(place.lock);
			execl("/bin/sh", "sh", "-c", "while :; do sleep 1; done", "master",
			      own ? at(place.path, "config") : "/etc/other", (char *)NULL);
			_exit(127);
		}
		for (char words[64] = ""; !strstr(words, "sh -c ");) {       /* it is the shell */
			char name[40];
			snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)master);
			int fd = open(name, O_RDONLY);
			ssize_t n = fd >= 0 ? read(fd, words, sizeof(words) - 1) : 0;
			for (ssize_t i = 0; i < n; i++)
				words[i] = words[i] ? words[i] : ' ';
			if (fd >= 0)
				close(fd);
		}
		close(place.lock);
		beside_places_sweep(top);
		assert_false(is_there(place.path));
		int raw = 0;
		pid_t ended = own ? waitpid(master, &raw, 0) : waitpid(master, &raw, WNOHANG);
		assert_int_equal(ended, own ? master : 0);
		if (!own) {
			kill(master, SIGKILL);
			waitpid(master, NULL, 0);
		}
	}
}

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(mkdir(at(top, "outside"), 0755), 0);
	return file_write(at(top, "outside/kept"), STR("x"), 0600);
}

static int end(void **state)
{
	char *const words[] = { "rm", "-rf", top, NULL };
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		execv("/bin/rm", words);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_removed), cmocka_unit_test(test_swept),
		cmocka_unit_test(test_its_group_ends),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
