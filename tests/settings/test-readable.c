/* SPDX-License-Identifier: ISC
 *
 * Whether files can be read by the roles' user, while that user does to the process that looks what
 * he may do to one of his own: he stops it, or ends it.
 */
#include "test.h"

#include "base/err.h"
#include "base/sandbox.h"
#include "settings/settings-private.h"

#include <signal.h>
#include <unistd.h>

int __real_sandbox_become(unsigned uid, unsigned gid, unsigned keep);
int __wrap_sandbox_become(unsigned uid, unsigned gid, unsigned keep);

static int signal_of_his;

int __wrap_sandbox_become(unsigned uid, unsigned gid, unsigned keep)
{
	int e = __real_sandbox_become(uid, gid, keep);
	if (signal_of_his)
		raise(signal_of_his);
	return e;
}

static void look(int signum, const char *remark)
{
	struct settings s;
	struct buf message = { 0 }, remarks = { 0 };
	signal_of_his = signum;
	assert_int_equal(settings_load_text(&s, STR("user = \"nobody\"\nreport {\n"
	                 "smarthost_password_file = \"/proc/self/status\"\n}\n"), &message), ERR_OK);
	assert_int_equal(settings_check_files(&s, &message, &remarks), ERR_OK);
	assert_string_equal(buf_cstr(&message), "");
	assert_string_equal(buf_cstr(&remarks), remark);
	settings_fini(&s);
	buf_fini(&message);
	buf_fini(&remarks);
}

#define NOT_KNOWN "report.smarthost_password_file: could not be checked, as nobody else can be " \
	"asked: /proc/self/status\n"

static void stopped_or_ended(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();                 /* only root looks as another user */
	look(0, "");
	look(SIGKILL, NOT_KNOWN);
	look(SIGSTOP, NOT_KNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(stopped_or_ended) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
