/* SPDX-License-Identifier: ISC
 *
 * When the service manager wants a watchdog: the rule of sd_watchdog_enabled(3), by what stands in
 * the environment.
 */
#include "test.h"

#include "roles/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN "own"                       /* stands for our process's number */

static const struct row {
	const char *usec, *pid;          /* NULL: not set */
	int64_t want_ms;
} rows[] = {
	{ NULL, NULL, 0 },
	{ NULL, OWN, 0 },
	{ "30000000", NULL, 15000 },
	{ "30000000", OWN, 15000 },
	{ "200000", OWN, 100 },
	/* Another process's: our parent's, init's, one that can be none. */
	{ "30000000", "1", 0 },
	{ "30000000", "0", 0 },
	{ "30000000", "-1", 0 },
	{ "30000000", "+1", 0 },
	{ "30000000", "", 0 },
	{ "30000000", " ", 0 },
	{ "30000000", "x", 0 },
	{ "30000000", "4294967296", 0 },
	{ "30000000", "99999999999999999999", 0 },
	/* No time. */
	{ "", NULL, 0 },
	{ "0", NULL, 0 },
	{ "-1", NULL, 0 },
	{ "+30000000", NULL, 0 },
	{ "30s", NULL, 0 },
	{ "30000000 ", NULL, 0 },
	{ " 30000000", NULL, 0 },
	{ "3e7", NULL, 0 },
	{ "0x100000", NULL, 0 },
	{ "30000000.5", NULL, 0 },
	{ "18446744073709551615", NULL, 0 },
	{ "99999999999999999999", NULL, 0 },
	{ "infinity", NULL, 0 },
	/* So short that half of it is below what is counted in: still wanted. */
	{ "1", NULL, 1 },
	{ "1999", NULL, 1 },
	{ "2000", OWN, 1 },
	{ "4000", NULL, 2 },
	/* Long, but a number of it. */
	{ "9223372036854775807", NULL, INT64_MAX / 1000 / 2 },
};

static void set_or_not(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void test_watchdog(void **state)
{
	char own[16], name[64];
	(void)state;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *pid = rows[i].pid && strcmp(rows[i].pid, OWN) == 0 ? own : rows[i].pid;
		set_or_not("WATCHDOG_USEC", rows[i].usec);
		set_or_not("WATCHDOG_PID", pid);
		snprintf(name, sizeof(name), "WATCHDOG_USEC=%.20s WATCHDOG_PID=%.20s",
		         rows[i].usec ? rows[i].usec : "(not set)", pid ? pid : "(not set)");
		CHECK_ROW(name, notify_watchdog_ms() == rows[i].want_ms);
	}
}

/* One digit less or more is somebody else. */
static void test_near_pids(void **state)
{
	char text[24];
	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	for (int step = -1; step <= 1; step++) {
		snprintf(text, sizeof(text), "%d", (int)getpid() + step);
		setenv("WATCHDOG_PID", text, 1);
		assert_int_equal(notify_watchdog_ms(), step == 0 ? 15000 : 0);
	}
	snprintf(text, sizeof(text), "%d0", (int)getpid());
	setenv("WATCHDOG_PID", text, 1);
	assert_int_equal(notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watchdog), cmocka_unit_test(test_near_pids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
