/* SPDX-License-Identifier: ISC
 *
 * The file in which the supervisor says how it stands: written, read back, and read when it is
 * none, or a hostile owner's; and whether who wrote it lives.
 */
#include "test.h"

#include "base/err.h"
#include "settings/running.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/portreeve-running-XXXXXX";

static const struct running full = {
	.supervisor = { .boot = "60929e2e-acc6-4757-965c-d1f6f6fd4b67", .space = UINT64_MAX,
	                .pid = 4711, .started_ticks = 123456 },
	.since_s = 1795856475, .told_boot_ms = 41014984, .kept = "line 1: \\\"x\\\"",
	.count = 3, .roles = {
		{ .name = "tester", .state = RUNNING_READY, .pid = 1, .since_s = 5, .restarts = 7,
		  .end = "signal 9", .ended_s = 4,
		  .word = { .reach = RUNNING_REACH_BAD, .why = "refused", .hangs = true } },
		{ .name = "collector", .state = RUNNING_WAITS, .again_s = 9, .end = "exit 75" },
		{ .name = "dnsbl", .state = RUNNING_HANGS, .pid = 3,
		  .word = { .has_list = true, .listed = 12345, .serial = 678 } },
	},
};

static int enter(void **state)
{
	(void)state;
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("status.json");
	return chdir("/") == 0 && rmdir(top) == 0 ? 0 : -1;
}

static void put(const char *text)
{
	int fd = open("status.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_there_and_back(void **state)
{
	struct running found;
	struct stat st;
	(void)state;
	assert_int_equal(running_read(&found), ERR_NOT_FOUND);
	put("what was there");
	assert_int_equal(running_write(&full), ERR_OK);
	assert_int_equal(running_read(&found), ERR_OK);
	assert_false(running_differ(&full, &found));
	assert_int_equal(found.told_boot_ms, full.told_boot_ms);
	assert_int_equal(stat("status.json", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(access("status.json.new", F_OK), -1);
}

static void test_differ(void **state)
{
	struct running other = full;
	(void)state;
	other.told_boot_ms++;
	assert_false(running_differ(&full, &other));
	other.roles[2].word.serial++;
	assert_true(running_differ(&full, &other));
	other = full;
	other.roles[0].state = RUNNING_STARTS;
	assert_true(running_differ(&full, &other));
}

/* What a process that was killed left, and what somebody planted, is in nobody's way. */
static void test_planted(void **state)
{
	struct running found;
	struct stat st;
	(void)state;
	assert_int_equal(symlink("elsewhere", "status.json.new"), 0);
	assert_int_equal(running_write(&full), ERR_OK);
	assert_int_equal(lstat("elsewhere", &st), -1);
	assert_int_equal(running_read(&found), ERR_OK);
	unlink("status.json");
	assert_int_equal(symlink("/proc/self/status", "status.json"), 0);
	assert_int_equal(running_read(&found), ERR_INVALID);
	assert_int_equal(running_write(&full), ERR_OK);
	assert_true(lstat("status.json", &st) == 0 && S_ISREG(st.st_mode));
	unlink("status.json");
	assert_int_equal(mkfifo("status.json", 0600), 0);
	assert_int_equal(running_read(&found), ERR_INVALID);
}

#define HEAD \
	"{\"version\":1,\"boot\":\"b\",\"space\":\"1\",\"pid\":2,\"started_ticks\":3,"
#define REST "\"since_s\":1,\"told_boot_ms\":1,\"stopping\":false,\"kept\":\"\","
#define KEPT(why) \
	HEAD "\"since_s\":1,\"told_boot_ms\":1,\"stopping\":false,\"kept\":\"" why \
	"\",\"roles\":[]}"
#define ROLE \
	"\"pid\":1,\"since_s\":1,\"restarts\":0,\"end\":\"\",\"ended_s\":0,\"again_s\":0,"
#define WORD "\"step_hangs\":false,\"reach\":\"good\",\"why\":\"\""
#define GOOD_ROLE "{\"name\":\"a\",\"state\":\"ready\"," ROLE WORD "}"
#define FIVE GOOD_ROLE "," GOOD_ROLE "," GOOD_ROLE "," GOOD_ROLE "," GOOD_ROLE

static const struct row {
	const char *text;
	int want;
} rows[] = {
	{ HEAD REST "\"roles\":[]}", ERR_OK },
	{ HEAD REST "\"roles\":[" GOOD_ROLE "]}", ERR_OK },
	{ HEAD REST "\"roles\":[],\"more\":null}", ERR_OK },
	{ "", ERR_INVALID },
	{ "null", ERR_INVALID },
	{ "[]", ERR_INVALID },
	{ "{}", ERR_INVALID },
	{ HEAD REST, ERR_INVALID },
	{ HEAD REST "\"roles\":{}}", ERR_INVALID },
	{ HEAD REST "\"roles\":[null]}", ERR_INVALID },
	{ HEAD REST "\"roles\":[[]]}", ERR_INVALID },
	{ HEAD REST "\"roles\":[" FIVE "," FIVE "]}", ERR_INVALID },
	{ HEAD REST "\"roles\":[{\"name\":\"a\",\"state\":\"sleeps\"," ROLE WORD "}]}",
	  ERR_INVALID },
	{ HEAD REST "\"roles\":[{\"name\":\"a name that is too long\",\"state\":\"ready\"," ROLE WORD
	  "}]}", ERR_INVALID },
	{ HEAD REST "\"roles\":[{\"name\":\"a\",\"state\":\"ready\",\"listed\":1," ROLE WORD "}]}",
	  ERR_INVALID },
	{ HEAD REST "\"roles\":[{\"name\":\"a\",\"state\":\"ready\",\"listed\":-1,\"serial\":1," ROLE
	  WORD "}]}", ERR_INVALID },
	/* They would go to the terminal of whoever asks. */
	{ KEPT("line 1: \\\"x\\\""), ERR_OK },
	{ KEPT("\\u001b[2J"), ERR_INVALID },
	{ KEPT("x\\n  ! forged"), ERR_INVALID },
	{ KEPT("\\u007f"), ERR_INVALID },
	{ KEPT("\xe2\x80\xaegpj"), ERR_INVALID },
	{ KEPT("\xc2\x9b" "31m"), ERR_INVALID },
	{ HEAD REST "\"roles\":[{\"name\":\"a\\u001b[1m\",\"state\":\"ready\"," ROLE WORD "}]}",
	  ERR_INVALID },
	{ "{\"version\":2,\"boot\":\"b\",\"space\":\"1\",\"pid\":2,\"started_ticks\":3," REST
	  "\"roles\":[]}", ERR_INVALID },
	{ "{\"version\":1,\"boot\":\"b\",\"space\":\"1\",\"pid\":0,\"started_ticks\":3," REST
	  "\"roles\":[]}", ERR_INVALID },
	{ "{\"version\":1,\"boot\":\"b\",\"space\":\"1\",\"pid\":-2,\"started_ticks\":3," REST
	  "\"roles\":[]}", ERR_INVALID },
	{ "{\"version\":1,\"boot\":\"b\",\"space\":\"1\",\"pid\":9999999999,\"started_ticks\":3,"
	  REST "\"roles\":[]}", ERR_INVALID },
	{ "{\"version\":1,\"boot\":\"b\",\"space\":\"x\",\"pid\":2,\"started_ticks\":3," REST
	  "\"roles\":[]}", ERR_INVALID },
	{ "{\"version\":1,\"boot\":1,\"space\":\"1\",\"pid\":2,\"started_ticks\":3," REST
	  "\"roles\":[]}", ERR_INVALID },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct running found;
		int e = running_parse(str_of(rows[i].text), &found);
		CHECK_ROW(rows[i].text, e == rows[i].want);
	}
}

/* ---- whether it lives --------------------------------------------------------------- */

#define ME { .boot = "b", .space = 1, .pid = 9, .started_ticks = 8 }
static const struct look {
	const char *name;
	struct alive_id wrote, self;
	struct alive_sight sight;
	enum running_sight want;
} looks[] = {
	{ "there", { "b", 1, 2, 3 }, ME, { ALIVE_THERE, 3 }, RUNNING_LIVES },
	{ "gone", { "b", 1, 2, 3 }, ME, { ALIVE_GONE, 0 }, RUNNING_DEAD },
	{ "another with its number", { "b", 1, 2, 3 }, ME, { ALIVE_THERE, 4 }, RUNNING_DEAD },
	{ "the machine started again", { "a", 1, 2, 3 }, ME, { ALIVE_THERE, 4 }, RUNNING_DEAD },
	{ "started again, nobody there", { "a", 1, 2, 3 }, ME, { ALIVE_GONE, 0 }, RUNNING_DEAD },
	{ "started again, unknown when", { "a", 1, 2, 0 }, ME, { ALIVE_THERE, 0 }, RUNNING_DEAD },
	{ "started again, another space", { "a", 7, 2, 3 }, ME, { ALIVE_THERE, 3 }, RUNNING_DEAD },
	{ "a container's own start", { "a", 1, 2, 3 }, ME, { ALIVE_THERE, 3 }, RUNNING_LIVES },
	{ "another container", { "b", 7, 2, 3 }, ME, { ALIVE_THERE, 3 }, RUNNING_UNSEEN },
	{ "another container's, gone here", { "b", 7, 2, 3 }, ME, { ALIVE_GONE, 0 },
	  RUNNING_UNSEEN },
	{ "its start is hidden", { "b", 1, 2, 3 }, ME, { ALIVE_THERE, 0 }, RUNNING_UNSEEN },
	{ "it did not know its start", { "b", 1, 2, 0 }, ME, { ALIVE_THERE, 3 }, RUNNING_UNSEEN },
	{ "no look", { "b", 1, 2, 3 }, ME, { ALIVE_UNKNOWN, 0 }, RUNNING_UNSEEN },
	{ "no boot", { "", 1, 2, 3 }, ME, { ALIVE_THERE, 3 }, RUNNING_UNSEEN },
	{ "we have none", { "b", 1, 2, 3 }, { "", 1, 9, 8 }, { ALIVE_THERE, 3 }, RUNNING_UNSEEN },
	{ "we have no space", { "b", 1, 2, 3 }, { "b", 0, 9, 8 }, { ALIVE_THERE, 3 },
	  RUNNING_UNSEEN },
};

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		struct running r = { .supervisor = looks[i].wrote };
		CHECK_ROW(looks[i].name, running_look(&r, &looks[i].self, &looks[i].sight) ==
		                         looks[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_differ),
		cmocka_unit_test(test_planted), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_looks),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
