/* SPDX-License-Identifier: ISC
 *
 * Listening sockets on loopback: what is refused is told so and never reaches the user; no
 * descriptor means to wait. The real program meets more of it in tests/cli/test_listener.py.
 */
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 64 };

struct user;

struct session {
	struct user *user;
	struct wire_session *wire;
	int fd;
};

struct user {
	struct loop *loop;
	struct wire_listener *listener;
	struct endpoint at[2];
	int fds[2];
	unsigned opened, unwanted, by_door[2];
	struct session sessions[MANY];
};

static void *opened(void *arg, struct wire_session *wire, int fd, const struct endpoint *peer)
{
	struct user *u = arg;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct endpoint at;
	(void)peer;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &at);
	u->by_door[at.port == u->at[1].port]++;
	struct session *s = u->sessions;
	while (s->wire)
		s++;
	*s = (struct session){ u, wire, fd };
	u->opened++;
	return s;
}

static void close_session(struct session *s)
{
	struct wire_session *wire = s->wire;
	close(s->fd);
	s->wire = NULL;
	wire_listener_ended(s->user->listener, wire);
}

static void unwanted(void *owner)
{
	struct session *s = owner;
	s->user->unwanted++;
	close_session(s);
}

static void add_door(struct user *u, unsigned i)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	u->at[i] = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	u->fds[i] = stream_listen(&u->at[i]);
	assert_true(u->fds[i] >= 0);
	getsockname(u->fds[i], (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &u->at[i]);
	wire_listener_add(u->listener, u->fds[i]);
}

static struct user *begin(unsigned sessions, unsigned per_host)
{
	struct user *u = mem_zalloc(sizeof(*u));
	u->loop = loop_create();
	struct wire_listener_setup setup = {
		.loop = u->loop, .name = "test", .limits = { sessions, per_host, 1000, 300000 },
		.refusal = STR("421 no\r\n"), .opened = opened, .unwanted = unwanted, .arg = u,
	};
	u->listener = wire_listener_create(&setup);
	add_door(u, 0);
	add_door(u, 1);
	return u;
}

static void end(struct user *u)
{
	for (unsigned i = 0; i < MANY; i++)
		if (u->sessions[i].wire)
			close_session(&u->sessions[i]);
	assert_int_equal(wire_listener_sessions(u->listener), 0);
	wire_listener_destroy(u->listener);
	close(u->fds[0]);
	close(u->fds[1]);
	loop_destroy(u->loop);
	free(u);
}

static int client(const struct user *u, unsigned door, unsigned net)
{
	struct sockaddr_storage ss;
	struct endpoint from = { ip_from_v4(127, 1, (uint8_t)net, 1), 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = endpoint_to_sockaddr(&u->at[door], &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static void turn(struct user *u, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		loop_run_once(u->loop, 5);
}

static bool readable(struct user *u, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	for (int i = 0; i < 200 && poll(&p, 1, 0) != 1; i++)
		loop_run_once(u->loop, 5);
	return poll(&p, 1, 0) == 1;
}

static void refused_is_told(void **unused)
{
	(void)unused;
	char text[32] = "";
	struct user *u = begin(10, 2);
	int fds[3];
	for (unsigned i = 0; i < 3; i++)
		fds[i] = client(u, 0, 0);
	assert_true(readable(u, fds[2]));
	assert_int_equal(read(fds[2], text, sizeof(text) - 1), 8);
	assert_string_equal(text, "421 no\r\n");
	assert_int_equal(read(fds[2], text, sizeof(text)), 0);
	assert_int_equal(u->opened, 2);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	end(u);
}

/* Both sockets have something to accept: both are served in the same turns. */
static void fair_among_sockets(void **unused)
{
	(void)unused;
	struct user *u = begin(60, 60);
	int fds[2 * 20];
	for (unsigned i = 0; i < 2 * 20; i++)
		fds[i] = client(u, i >= 20, i % 20);
	turn(u, 4);
	assert_int_equal(u->by_door[0], 20);
	assert_int_equal(u->by_door[1], 20);
	for (unsigned i = 0; i < 2 * 20; i++)
		close(fds[i]);
	end(u);
}

static double cpu_s(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* All that is open is busy, and no descriptor is left. */
static void waits_without_descriptors(void **unused)
{
	(void)unused;
	struct user *u = begin(60, 60);
	struct rlimit was, low;
	int waiting[3], first = client(u, 0, 0);
	turn(u, 2);
	assert_int_equal(u->opened, 1);
	wire_listener_active(u->listener, u->sessions[0].wire, true);
	for (unsigned i = 0; i < 3; i++)
		waiting[i] = client(u, 0, 1 + i);
	getrlimit(RLIMIT_NOFILE, &was);
	low = (struct rlimit){ (rlim_t)waiting[2] + 1, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	double before = cpu_s();
	for (int64_t until = loop_now_ms(u->loop) + 1500; loop_now_ms(u->loop) < until;)
		loop_run_once(u->loop, 100);
	assert_true(cpu_s() - before < 0.3);
	assert_int_equal(u->opened, 1);
	setrlimit(RLIMIT_NOFILE, &was);
	/* A session ends: at once it is served again. */
	close_session(&u->sessions[0]);
	turn(u, 3);
	assert_int_equal(u->opened, 4);
	close(first);
	for (unsigned i = 0; i < 3; i++)
		close(waiting[i]);
	end(u);
}

/* What is idle makes room at the limit of descriptors. */
static void idle_ones_give_descriptors(void **unused)
{
	(void)unused;
	struct user *u = begin(60, 60);
	struct rlimit was, low;
	int fds[12];
	for (unsigned i = 0; i < 12; i++)
		fds[i] = client(u, 0, 0);
	turn(u, 3);
	assert_int_equal(u->opened, 12);
	int stranger = client(u, 0, 9);
	getrlimit(RLIMIT_NOFILE, &was);
	low = (struct rlimit){ (rlim_t)stranger + 1, was.rlim_max };
	setrlimit(RLIMIT_NOFILE, &low);
	turn(u, 3);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(u->opened, 13);
	assert_in_range(u->unwanted, 1, 4);
	for (unsigned i = 0; i < 12; i++)
		close(fds[i]);
	close(stranger);
	end(u);
}

/* Half of the places are taken by sessions that do nothing: they end by and by. */
static void idle_ones_end_when_places_are_scarce(void **unused)
{
	(void)unused;
	struct user *u = begin(4, 4);
	struct wire_limits_config soon = { 4, 4, 1000, 100 };
	int fds[3];
	wire_listener_limits(u->listener, &soon);
	for (unsigned i = 0; i < 3; i++)
		fds[i] = client(u, 0, i);
	for (unsigned i = 0; i < 1000 && u->unwanted == 0; i++)
		loop_run_once(u->loop, 5);
	assert_int_equal(u->unwanted, 1);
	assert_int_equal(wire_listener_sessions(u->listener), 2);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	end(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_is_told), cmocka_unit_test(fair_among_sockets),
		cmocka_unit_test(waits_without_descriptors),
		cmocka_unit_test(idle_ones_give_descriptors),
		cmocka_unit_test(idle_ones_end_when_places_are_scarce),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
