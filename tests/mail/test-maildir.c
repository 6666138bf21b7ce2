/* SPDX-License-Identifier: ISC
 *
 * The Maildir: whole mails or none, each once, safe when it says so, and nothing left behind for
 * good. fsync() here stands before the C library's: it counts what is synced, and fails when a
 * test wants it.
 */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "mail/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOW = 1800000000 };

static char box[64];
static unsigned syncs_of_new;            /* of the directory new/ */
static bool new_cannot_be_synced;
static unsigned stops_after;             /* so many syncs of others; 0: never */
static atomic_bool stop;

static bool is_new(int fd)
{
	struct stat asked, is;
	char path[80];
	snprintf(path, sizeof(path), "%s/new", box);
	return fstat(fd, &asked) == 0 && stat(path, &is) == 0 && asked.st_ino == is.st_ino &&
	       asked.st_dev == is.st_dev;
}

int fsync(int fd)
{
	if (is_new(fd)) {
		syncs_of_new++;
		if (new_cannot_be_synced) {
			errno = EIO;
			return -1;
		}
	} else if (stops_after > 0 && --stops_after == 0) {
		atomic_store(&stop, true);
	}
	return (int)syscall(SYS_fsync, fd);
}

static int begin(void **state)
{
	(void)state;
	str_copy(box, sizeof(box), STR("/tmp/portreeve-maildir-XXXXXX"));
	assert_non_null(mkdtemp(box));
	assert_int_equal(maildir_open(box, NOW), ERR_OK);
	return 0;
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb, (void)type, (void)ftw;
	return remove(path);
}

static int end(void **state)
{
	(void)state;
	return nftw(box, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Calls `look` for each file of a part; returns how many. */
static unsigned files(const char *part, void (*look)(const char *path))
{
	unsigned n = 0;
	char *directory = mem_printf("%s/%s", box, part);
	DIR *d = opendir(directory);
	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *path = mem_printf("%s/%s", directory, entry->d_name);
		if (look)
			look(path);
		free(path);
		n++;
	}
	closedir(d);
	free(directory);
	return n;
}

static int deliver(const char *identity, const char *mail)
{
	return maildir_deliver(box, "mx.test", str_of(identity), str_of(mail), NOW);
}

static void each_once(void **state)
{
	(void)state;
	assert_int_equal(deliver("a", "one"), ERR_OK);
	assert_int_equal(deliver("b", "one"), ERR_OK);
	assert_int_equal(deliver("a", "one, with another Received line"), ERR_OK);
	assert_int_equal(files("new", NULL), 2);
	assert_int_equal(files("tmp", NULL), 0);
}

/* Killed between the rename and the sync of new/, it has left a mail there that the next power cut
 * may take: whoever finds it says that it is safe only once it is. */
static void found_is_made_safe(void **state)
{
	(void)state;
	static const struct { const char *name; bool fails; int err; unsigned syncs; } rows[] = {
		{ "first", false, ERR_OK, 1 },
		{ "found", false, ERR_OK, 1 },
		{ "found, and the disk fails", true, ERR_IO, 1 },
		{ "found, and it has come back", false, ERR_OK, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		syncs_of_new = 0;
		new_cannot_be_synced = rows[i].fails;
		int e = deliver("a", "one");
		new_cannot_be_synced = false;
		CHECK_ROW(rows[i].name, e == rows[i].err && syncs_of_new == rows[i].syncs);
		/* One that may have been taken before is never removed. */
		assert_int_equal(files("new", NULL), 1);
	}
	/* One that is new and cannot be made safe is not there for the next one to find. */
	new_cannot_be_synced = true;
	int e = deliver("b", "two");
	new_cannot_be_synced = false;
	assert_int_equal(e, ERR_IO);
	assert_int_equal(files("new", NULL), 1);
}

/* A batch that is told to end: what is safe is there, what is not is nowhere, and comes once. */
static void stops(void **state)
{
	(void)state;
	enum { MAILS = 5, SAFE = 2 };
	struct maildir_mail mails[MAILS];
	char names[MAILS][8];
	for (int i = 0; i < MAILS; i++) {
		snprintf(names[i], sizeof(names[i]), "m%d", i);
		mails[i] = (struct maildir_mail){ .directory = box, .name = names[i],
		                                  .text = STR("Subject: x\n\n") };
	}
	stops_after = SAFE;
	maildir_deliver_all(mails, MAILS, &stop);
	for (int i = 0; i < MAILS; i++)
		assert_int_equal(mails[i].err, i < SAFE ? ERR_OK : ERR_AGAIN);
	assert_int_equal(files("new", NULL), SAFE);
	assert_int_equal(files("tmp", NULL), 0);
	/* What is there already has nothing to wait for. */
	maildir_deliver_all(mails, MAILS, &stop);
	assert_int_equal(mails[0].err, ERR_OK);
	assert_int_equal(mails[SAFE].err, ERR_AGAIN);
	atomic_store(&stop, false);
	maildir_deliver_all(mails, MAILS, &stop);
	for (int i = 0; i < MAILS; i++)
		assert_int_equal(mails[i].err, ERR_OK);
	assert_int_equal(files("new", NULL), MAILS);
	assert_int_equal(files("tmp", NULL), 0);
}

static void is_full_some_day(void **state)
{
	(void)state;
	for (int i = 0; i < MAILDIR_MAILS_MAX; i++) {
		char *path = mem_printf("%s/new/%d", box, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
		free(path);
	}
	assert_int_equal(deliver("a", "one"), ERR_LIMIT);
	char *path = mem_printf("%s/new/7", box);
	unlink(path);
	free(path);
	assert_int_equal(deliver("a", "one"), ERR_OK);
}

/* As a full disk: nothing half-written stays anywhere. */
static void no_room_for_it(void **state)
{
	(void)state;
	static char big[200000];
	struct rlimit was, low;
	memset(big, 'x', sizeof(big) - 1);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	low = (struct rlimit){ 100000, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &low);
	int e = deliver("a", big);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_not_equal(e, ERR_OK);
	assert_int_equal(files("new", NULL) + files("tmp", NULL), 0);
	assert_int_equal(deliver("a", big), ERR_OK);
}

static size_t whole;

static void is_whole(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, whole);
}

/* A process that is killed at any instant leaves only whole mails in new/. */
static void killed_at_any_instant(void **state)
{
	(void)state;
	static char big[2000000];
	whole = sizeof(big) - 1;
	memset(big, 'x', whole);
	/* (each lives a little longer, until one has kept a mail: a machine may be busy) */
	for (unsigned i = 0; i < 20 || (i < 400 && files("new", NULL) == 0); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			for (int n = 0;; n++) {
				char identity[32];
				snprintf(identity, sizeof(identity), "%u.%d", i, n);
				if (deliver(identity, big) != ERR_OK)
					_exit(1);
			}
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 * (1 + i) }, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		files("new", is_whole);
	}
	assert_true(files("new", NULL) > 0);
}

static void put(const char *part, const char *name, int64_t age_s)
{
	char *path = mem_printf("%s/%s/%s", box, part, name);
	struct timespec times[2] = { { .tv_sec = NOW - age_s }, { .tv_sec = NOW - age_s } };
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(path);
}

/* What nobody has finished in 36 hours goes; mails stay. */
static void clears_what_is_left(void **state)
{
	(void)state;
	put("tmp", "old", 37 * 3600);
	put("tmp", "new", 35 * 3600);
	put("new", ".old", 37 * 3600);
	put("new", "mail", 9999 * 3600);
	assert_int_equal(maildir_open(box, NOW), ERR_OK);
	assert_int_equal(files("tmp", NULL), 1);
	assert_int_equal(files("new", NULL), 1);
}

static char last_name[512];

static void keep_name(const char *path)
{
	str_copy(last_name, sizeof(last_name), str_of(strrchr(path, '/') + 1));
}

/* What a name may not hold stands in it by its number. */
static void host_in_the_name(void **state)
{
	(void)state;
	static const struct { const char *host, *tail; } hosts[] = {
		{ "mx.test", ".mx.test" }, { "a/b", ".a\\057b" }, { "a:2,S", ".a\\0722,S" },
		{ "/../:/", ".\\057..\\057\\072\\057" }, { "", "." },
	};
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		void *none = NULL;
		assert_int_equal(begin(&none), 0);
		CHECK_ROW(hosts[i].host, maildir_deliver(box, hosts[i].host, STR("a"), STR("one"),
		                                         NOW) == ERR_OK);
		CHECK_ROW(hosts[i].host, files("new", keep_name) == 1 && files("tmp", NULL) == 0);
		CHECK_ROW(hosts[i].host, str_casesuffix(str_of(last_name),
		                                        str_of(hosts[i].tail)));
		CHECK_ROW(hosts[i].host, !strchr(last_name, ':'));
		end(&none);
	}
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(each_once), EACH(found_is_made_safe), EACH(stops), EACH(is_full_some_day),
		EACH(no_room_for_it),
		EACH(killed_at_any_instant), cmocka_unit_test(host_in_the_name),
		EACH(clears_what_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
