/* SPDX-License-Identifier: ISC
 *
 * The asking process before a server that is slow to take its connections and keeps few of them
 * waiting: each of many sessions is asked.
 */
#include "test.h"

#include "base/ip.h"
#include "closed/ask.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SESSIONS = 48, BACKLOG = 5, TAKE_MS = 10 };

static int listener(struct endpoint *at)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	                          .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(fd, BACKLOG), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	*at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), ntohs(in.sin_port) };
	return fd;
}

static void say(int fd, const char *line)
{
	ssize_t n = send(fd, line, strlen(line), MSG_NOSIGNAL);
	(void)n;
}

/* Greets whom it takes, one after another, and says yes to whatever comes. */
static _Noreturn void serve(int fd)
{
	struct pollfd wait[SESSIONS + 1] = { { fd, POLLIN, 0 } };
	char bytes[512];
	nfds_t n = 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		poll(wait, n, -1);
		for (nfds_t i = 1; i < n; i++) {
			if (wait[i].revents && recv(wait[i].fd, bytes, sizeof(bytes), 0) > 0)
				say(wait[i].fd, "250 yes\r\n");
			else if (wait[i].revents)
				wait[i].fd = -1;
		}
		if (!wait[0].revents || n > SESSIONS)
			continue;
		poll(NULL, 0, TAKE_MS);
		wait[n] = (struct pollfd){ accept(fd, NULL, NULL), POLLIN, 0 };
		say(wait[n++].fd, "220 here\r\n");
	}
}

static void a_short_queue(void **state)
{
	static struct closed_session sessions[SESSIONS];
	const struct closed_patience patience = { .command_ms = 5000, .session_ms = 20000,
	                                          .all_ms = 30000 };
	struct endpoint at;
	int status, fd = listener(&at);
	(void)state;
	pid_t server = fork();
	if (server == 0)
		serve(fd);
	assert_true(server > 0);
	for (size_t i = 0; i < SESSIONS; i++)
		sessions[i] = (struct closed_session){ .from = at.ip, .to = at, .helo = "x.example" };
	assert_int_equal(closed_ask(NULL, &patience, sessions, SESSIONS), 0);
	for (size_t i = 0; i < SESSIONS; i++)
		if (sessions[i].end != CLOSED_ASKED || sessions[i].hello.code != 250)
			fail_msg("session %zu: %s", i, closed_end_text(sessions[i].end));
	kill(server, SIGKILL);
	waitpid(server, &status, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
