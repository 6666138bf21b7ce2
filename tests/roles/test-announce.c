/* SPDX-License-Identifier: ISC
 *
 * What is said of roles that say something else all the time: a hostile one may. The file is
 * written a few times a second at most, by one process at a time.
 */
#include "directory.h"
#include "test.h"

#include "base/clock.h"
#include "base/err.h"
#include "roles/announce.h"
#include "roles/statusline.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

static uint64_t serial;

/* Another one each time it is asked. */
static void fill_anew(const void *arg, struct running *out)
{
	(void)arg;
	out->count = 1;
	out->roles[0] = (struct running_role){ .name = "dnsbl", .state = RUNNING_READY, .pid = 2 };
	out->roles[0].word = (struct running_word){ .has_list = true, .serial = ++serial };
}

static void flood_forks_no_more(void **unused)
{
	(void)unused;
	enum { TURNS = 4, TURN_MS = 100 };
	char directory[] = "/tmp/portreeve-announce-XXXXXX";
	struct settings s;
	struct buf text = { 0 }, message = { 0 };
	int status;
	assert_non_null(mkdtemp(directory));
	buf_printf(&text, "state_directory = \"%s\"\n", directory);
	assert_int_equal(settings_load_text(&s, buf_str(&text), &message), ERR_OK);
	struct loop *loop = loop_create();
	int64_t begun_ms = clock_mono_ms();
	struct announce *a = announce_create(loop, &s, fill_anew, NULL);
	for (int written = 0; written < TURNS;) {
		loop_run_once(loop, TURN_MS);
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			continue;
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		announce_reaped(a, pid, status);
		written++;
		/* The next one has its time. */
		assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	}
	assert_true(clock_mono_ms() - begun_ms >= TURNS * STATUSLINE_GAP_MS);
	announce_destroy(a);
	loop_destroy(loop);
	settings_fini(&s);
	buf_fini(&text);
	buf_fini(&message);
	assert_int_equal(directory_remove(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(flood_forks_no_more) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
