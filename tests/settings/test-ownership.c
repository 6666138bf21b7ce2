/* SPDX-License-Identifier: ISC
 *
 * A state directory of another owner: whose it is, what was expected and what to run are told, to
 * roles at their start and to commands, and no command is offered that would give away a file that
 * the owner has linked there.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "settings/ownership.h"
#include "settings/state.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTREEVE { 998, "portreeve" }

static const struct {
	const char *label;
	struct ownership facts;
	const char *told;                    /* NULL: it is right */
} rows[] = {
	{ "the user's", { .path = "/s", .owner = PORTREEVE, .wanted = PORTREEVE }, NULL },
	{ "a number that nobody has", { "/var/lib/portreeve", { 4711, "" }, PORTREEVE },
	  "state directory /var/lib/portreeve: belongs to user id 4711, which no user has; expected "
	  "that it is the roles', user \"portreeve\" (id 998). Run: chown -R --no-dereference "
	  "portreeve: /var/lib/portreeve" },
	{ "another service's", { "/s", { 105, "redis" }, PORTREEVE },
	  "state directory /s: belongs to user \"redis\" (id 105); expected that it is the roles', "
	  "user \"portreeve\" (id 998). Run: chown -R --no-dereference portreeve: /s"
	  "  (or set user = \"redis\", if they are to be that one)" },
	{ "root's", { "/s", { 0, "root" }, PORTREEVE },
	  "state directory /s: belongs to user \"root\" (id 0); expected that it is the roles', user "
	  "\"portreeve\" (id 998). Run: chown -R --no-dereference portreeve: /s" },
	/* As systemd-tmpfiles leaves it: it gives away the directory alone. */
	{ "what is in it", { "/s", PORTREEVE, PORTREEVE, "portreeve.db", { 4711, "" }, false },
	  "state directory /s: belongs to \"portreeve\", but portreeve.db in it to user id 4711, "
	  "which no user has; expected one owner. Run: chown -R --no-dereference portreeve: /s" },
	{ "a link to root's", { "/s", PORTREEVE, PORTREEVE, "serial", { 0, "root" }, true },
	  "state directory /s: belongs to \"portreeve\", but serial in it to user \"root\" (id 0); "
	  "expected that it is no link to what is somebody else's. Look at it first; remove it if "
	  "it was planted" },
	{ "a path for a shell", { "/a b/it's", { 4711, "" }, { 12, "" } },
	  "state directory /a b/it's: belongs to user id 4711, which no user has; expected that it "
	  "is the roles', user id 12, which no user has. Run: chown -R --no-dereference 12 "
	  "'/a b/it'\\''s'" },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf told = { 0 };
		bool right = ownership_is_right(&rows[i].facts, &told);
		CHECK_ROW(rows[i].label, right == !rows[i].told);
		assert_string_equal(buf_cstr(&told), rows[i].told ? rows[i].told : "");
		buf_fini(&told);
	}
}

/* ---- on a real directory ---------------------------------------------------------- */

enum { NOBODY_HAS = 61234 };

static char directory[] = "/tmp/portreeve-ownership-XXXXXX";
static char *conf, *home;
static struct settings settings;
static struct passwd theirs;

static int make(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (geteuid() != 0)
		return 0;
	if (!mkdtemp(directory) || chmod(directory, 0755) != 0)
		return -1;
	conf = mem_printf("%s/portreeve.conf", directory);
	home = mem_printf("%s/state", directory);
	theirs = *getpwnam("nobody");
	return file_write(conf, STR("user = nobody"), 0644) != ERR_OK ||
	       settings_load(&settings, conf, home, &message) != ERR_OK || mkdir(home, 0750) != 0;
}

static int clean(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	settings_fini(&settings);
	free(conf);
	free(home);
	return directory_remove(directory);
}

static void give(const char *name, unsigned uid)
{
	char *path = mem_printf("%s/%s", home, name);
	int fd = name[0] ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640) : -1;
	assert_true(!name[0] || fd >= 0);
	assert_int_equal(lchown(path, uid, theirs.pw_gid), 0);
	if (fd >= 0)
		close(fd);
	free(path);
}

static void test_roles_refuse(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (geteuid() != 0)
		skip();
	give("", NOBODY_HAS);
	assert_int_equal(state_prepare(&settings, true, &message), ERR_DENIED);
	assert_non_null(strstr(buf_cstr(&message), "user id 61234, which no user has"));
	assert_non_null(strstr(buf_cstr(&message), "Run: chown -R --no-dereference nobody: "));
	buf_clear(&message);
	/* A command becomes its owner, whoever that is. */
	assert_int_equal(state_prepare(&settings, false, &message), ERR_OK);
	give("", theirs.pw_uid);
	assert_int_equal(state_prepare(&settings, true, &message), ERR_OK);
	buf_fini(&message);
}

/* In a process of its own: it becomes the owner for good. */
static int entered(void)
{
	struct buf message = { 0 };
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		int e = state_enter(&settings, 0, &message);
		bool told = strstr(buf_cstr(&message), "one owner. Run: chown") != NULL;
		_exit(e == ERR_OK ? 0 : e == ERR_DENIED && told ? 1 : 2);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_inside(void **state)
{
	(void)state;
	static const char *const names[] = { "portreeve.db", "portreeve.db-wal", "serial", "keys" };
	if (geteuid() != 0)
		skip();
	give("", theirs.pw_uid);
	assert_int_equal(entered(), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		give(names[i], NOBODY_HAS);
		CHECK_ROW(names[i], entered() == 1);
		give(names[i], 0);
		CHECK_ROW(names[i], entered() == 1);
		give(names[i], theirs.pw_uid);
		CHECK_ROW(names[i], entered() == 0);
	}
	/* What is not ours may be anybody's. */
	give("notes", NOBODY_HAS);
	assert_int_equal(entered(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_roles_refuse),
		cmocka_unit_test(test_inside),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
