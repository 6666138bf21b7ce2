/* SPDX-License-Identifier: ISC
 *
 * `portreeve run` with its roles on loopback, as a service manager has it: it says when it is
 * ready, serves, takes over new settings on HUP and ends on TERM. What is listed is asked for with
 * `portreeve check`.
 */
#include "program.h"

#include "sockets.h"
#include "test.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sysexits.h>

enum { GIVE_UP_MS = 60000 };

static unsigned smtp_port, dns_port;
static int manager;             /* the service manager's socket */
static pid_t supervisor;

static unsigned free_port(void)
{
	struct endpoint at = { 0 };
	int udp, tcp;
	assert_int_equal(ip_parse(STR("127.0.0.1"), &at.ip, NULL), ERR_OK);
	assert_int_equal(sockets_bind_both(&at, &udp, &tcp), ERR_OK);
	close(udp);
	close(tcp);
	return at.port;
}

static char *roles_with_zone(const char *zone)
{
	struct buf text = { 0 };
	buf_printf(&text,
	           "tester { collector = \"127.0.0.1:%u\" }\n"
	           "collector { listen = {\"127.0.0.1:%u\"} }\n"
	           "dnsbl {\n  listen = {\"127.0.0.1:%u\"}\n  zone = \"%s\"\n}\n",
	           smtp_port, smtp_port, dns_port, zone);
	return buf_release(&text);
}

static void listen_as_manager(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "notify" };
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "notify", 1), 0);
}

static int begin(void **state)
{
	(void)state;
	smtp_port = free_port();
	dns_port = free_port();
	char *text = roles_with_zone("one.test");
	program_begin(text);
	free(text);
	listen_as_manager();
	supervisor = program_start("run");
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (supervisor > 0) {
		kill(supervisor, SIGTERM);
		program_wait(supervisor);
	}
	close(manager);
	program_end();
	return 0;
}

/* Waits until the supervisor says this; what it says besides is passed over. */
static void hear(const char *state)
{
	char said[512];
	struct pollfd p = { .fd = manager, .events = POLLIN };
	do {
		if (poll(&p, 1, GIVE_UP_MS) != 1)
			fail_msg("gave up waiting for %s", state);
		ssize_t n = read(manager, said, sizeof(said) - 1);
		assert_true(n > 0);
		said[n] = '\0';
	} while (!strstr(said, state));
}

static void check_listed(const char *address, const char *zone, int code, const char *out)
{
	char line[128];
	snprintf(line, sizeof(line), "check %s --zone %s --resolver 127.0.0.1:%u", address, zone,
	         dns_port);
	program_check(line, code, out, NULL);
}

/* A role takes new settings over after the supervisor said that there are some. */
static void wait_listed(const char *address, const char *zone)
{
	enum { TRIES = 1000 };
	char line[128];
	int code = -1;
	snprintf(line, sizeof(line), "check %s --zone %s --resolver 127.0.0.1:%u", address, zone,
	         dns_port);
	for (int i = 0; i < TRIES && code != 1; i++)
		code = program_wait(program_start(line));
	assert_int_equal(code, 1);
}

static void check_banner(void)
{
	char banner[4] = "";
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)smtp_port),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(recv(fd, banner, sizeof(banner), MSG_WAITALL), sizeof(banner));
	assert_memory_equal(banner, "220 ", sizeof(banner));
	close(fd);
}

static void stop(void)
{
	assert_int_equal(kill(supervisor, SIGTERM), 0);
	hear("STOPPING=1");
	assert_int_equal(program_wait(supervisor), EX_OK);
	supervisor = 0;
}

static void test_serves_reloads_and_stops(void **state)
{
	(void)state;
	hear("READY=1");
	check_banner();
	/* 127.0.0.2 is on every list, for those who ask whether it is one. */
	check_listed("127.0.0.2", "one.test", 1, "127.0.0.2");
	check_listed("192.0.2.1", "one.test", EX_OK, "not listed");
	char *text = roles_with_zone("other.test");
	program_configure(text);
	free(text);
	assert_int_equal(kill(supervisor, SIGHUP), 0);
	hear("RELOADING=1");
	hear("READY=1");
	wait_listed("127.0.0.2", "other.test");
	stop();
}

/* A mistake in the configuration is told, and all goes on as before. */
static void test_keeps_its_settings(void **state)
{
	(void)state;
	hear("READY=1");
	program_configure("tester { rate = fast }\n");
	assert_int_equal(kill(supervisor, SIGHUP), 0);
	hear("tester.rate: expected a number");
	char *text = roles_with_zone("one.test");
	program_configure(text);
	free(text);
	check_listed("127.0.0.2", "one.test", 1, "127.0.0.2");
	check_banner();
	stop();
}

/* What is bound by another is told before anything starts. */
static void test_port_in_use(void **state)
{
	(void)state;
	hear("READY=1");
	program_check("run", EX_UNAVAILABLE, NULL, "expected a free port, found one in use");
	check_banner();
	stop();
}

#define WITH_ROLES(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(int argc, char **argv)
{
	if (argc > 1)
		return program_main(argc, argv);
	const struct CMUnitTest tests[] = {
		WITH_ROLES(test_serves_reloads_and_stops), WITH_ROLES(test_keeps_its_settings),
		WITH_ROLES(test_port_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
