/* SPDX-License-Identifier: ISC
 * The sockets half, with clients of our own beside it. */
#include "sockets.h"
#include "test.h"
#include "world.h"

#include "base/mem.h"
#include "base/stream.h"
#include "blocklist/server.h"
#include "dns/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
	struct world w;
	struct blocklist_handover handover;
	struct loop *loop;
	struct blocklist_server *server;
	int udp, tcp;
	struct endpoint at;
};

static int bind_both(struct fixture *f, const char *address)
{
	assert_int_equal(ip_parse(str_of(address), &f->at.ip, NULL), ERR_OK);
	int e = sockets_bind_both(&f->at, &f->udp, &f->tcp);
	if (e != ERR_OK)
		return e;
	blocklist_server_add_udp(f->server, f->udp);
	blocklist_server_add_tcp(f->server, f->tcp);
	return ERR_OK;
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));
	struct blocklist_limits limits = { 3, 2, 200 };
	world_make(&f->w, "192.0.2.1", NULL, NULL);
	f->loop = loop_create();
	blocklist_handover_put(&f->handover, world_edition(&f->w));
	f->server = blocklist_server_create(f->loop, f->w.table, &f->handover, &limits);
	assert_int_equal(bind_both(f, "127.0.0.1"), ERR_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	blocklist_server_destroy(f->server);
	close(f->udp);
	close(f->tcp);
	loop_destroy(f->loop);
	blocklist_handover_fini(&f->handover);
	world_free(&f->w);
	free(f);
	return 0;
}

static size_t make_query(unsigned id, const char *name, uint8_t *dst, size_t size)
{
	struct dns_writer w = { .p = dst, .size = size };
	struct dns_question q = { .type = DNS_TYPE_A, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	dns_put_query(&w, (uint16_t)id, &q);
	assert_false(w.full);
	return w.n;
}

static int client(const struct endpoint *to, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(to, &ss);
	int fd = socket(ss.ss_family, type, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

/* Runs the server until the client can read; false if it cannot in a second. */
static bool readable(struct fixture *f, int fd)
{
	for (int i = 0; i < 100; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		loop_run_once(f->loop, 0);
		if (poll(&p, 1, 10) == 1)
			return true;
	}
	return false;
}

static ssize_t read_some(struct fixture *f, int fd, uint8_t *dst, size_t size)
{
	return readable(f, fd) ? recv(fd, dst, size, 0) : -2;
}

static void read_whole(struct fixture *f, int fd, uint8_t *dst, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t m = read_some(f, fd, dst + got, n - got);
		assert_true(m > 0);
		got += (size_t)m;
	}
}

static void test_udp(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[6000] = { 0 };
	bool seen[100] = { false };
	int fd = client(&f->at, SOCK_DGRAM);
	for (unsigned i = 0; i < 100; i++) {
		size_t n = make_query(i, i % 2 ? "1.2.0.192.bl.example" : "2.2.0.192.bl.example",
		                      bytes, sizeof(bytes));
		assert_int_equal(send(fd, bytes, n, 0), n);
	}
	for (unsigned i = 0; i < 100; i++) {
		assert_true(read_some(f, fd, bytes, sizeof(bytes)) > 12);
		assert_true(bytes[0] == 0 && bytes[1] < 100 && !seen[bytes[1]]);
		seen[bytes[1]] = true;
		assert_int_equal(bytes[7], bytes[1] % 2);
	}
	/* A datagram that is too long, one too short and a response get nothing; the next does. */
	memset(bytes, 0, sizeof(bytes));
	send(fd, bytes, 5000, 0);
	send(fd, bytes, 11, 0);
	bytes[2] = 0x80;
	send(fd, bytes, 12, 0);
	size_t n = make_query(777, "1.2.0.192.bl.example", bytes, sizeof(bytes));
	send(fd, bytes, n, 0);
	assert_true(read_some(f, fd, bytes, sizeof(bytes)) > 12);
	assert_int_equal(bytes[0] << 8 | bytes[1], 777);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
	close(fd);
}

/* Asked at one of many addresses, it answers from that one: the client is connected to it. */
static void any_address(struct fixture *f, const char *listen, const char *ask)
{
	uint8_t bytes[600];
	close(f->udp);
	close(f->tcp);
	blocklist_server_destroy(f->server);
	struct blocklist_limits limits = { 3, 2, 200 };
	f->server = blocklist_server_create(f->loop, f->w.table, &f->handover, &limits);
	int e = bind_both(f, listen);
	if (e != ERR_OK) {
		f->udp = f->tcp = -1;
		skip();
	}
	struct endpoint to = { .port = f->at.port };
	assert_int_equal(ip_parse(str_of(ask), &to.ip, NULL), ERR_OK);
	int fd = client(&to, SOCK_DGRAM);
	size_t n = make_query(1, "1.2.0.192.bl.example", bytes, sizeof(bytes));
	send(fd, bytes, n, 0);
	assert_true(read_some(f, fd, bytes, sizeof(bytes)) > 12);
	close(fd);
}

static void test_any_v4(void **state)
{
	any_address(*state, "0.0.0.0", "127.9.8.7");
}

static void test_any_v6(void **state)
{
	any_address(*state, "::", "::1");
}

static size_t frame(unsigned id, uint8_t *dst, size_t size)
{
	size_t n = make_query(id, "1.2.0.192.bl.example", dst + 2, size - 2);
	dst[0] = (uint8_t)(n >> 8);
	dst[1] = (uint8_t)n;
	return n + 2;
}

static unsigned read_answer(struct fixture *f, int fd)
{
	uint8_t head[2], bytes[1000];
	read_whole(f, fd, head, 2);
	size_t n = (size_t)head[0] << 8 | head[1];
	assert_true(n > 12 && n < sizeof(bytes));
	read_whole(f, fd, bytes, n);
	assert_int_equal(bytes[7], 1);
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void test_tcp(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[4000];
	size_t n = 0;
	int fd = client(&f->at, SOCK_STREAM);
	/* Twenty in one piece. */
	for (unsigned i = 0; i < 20; i++)
		n += frame(i, bytes + n, sizeof(bytes) - n);
	assert_int_equal(send(fd, bytes, n, 0), n);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(read_answer(f, fd), i);
	/* One byte by byte. */
	n = frame(99, bytes, sizeof(bytes));
	for (size_t i = 0; i < n; i++) {
		send(fd, bytes + i, 1, 0);
		loop_run_once(f->loop, 0);
	}
	assert_int_equal(read_answer(f, fd), 99);
	close(fd);
}

static void expect_end(struct fixture *f, int fd)
{
	uint8_t byte;
	ssize_t n = read_some(f, fd, &byte, 1);
	assert_true(n == 0 || (n == -1 && errno == ECONNRESET));
	close(fd);
}

static void test_tcp_nonsense(void **state)
{
	static const uint8_t huge[] = { 0xff, 0xff }, empty[] = { 0, 0 },
		response[] = { 0, 12, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	int fd = client(&f->at, SOCK_STREAM);
	send(fd, huge, sizeof(huge), 0);
	expect_end(f, fd);
	fd = client(&f->at, SOCK_STREAM);
	send(fd, empty, sizeof(empty), 0);
	expect_end(f, fd);
	fd = client(&f->at, SOCK_STREAM);
	send(fd, response, sizeof(response), 0);
	expect_end(f, fd);
}

/* Half a query, fed slowly, does not hold a connection. */
static void test_tcp_slow(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[600];
	int fd = client(&f->at, SOCK_STREAM), idle = client(&f->at, SOCK_STREAM);
	frame(1, bytes, sizeof(bytes));
	bool ended = false;
	for (size_t i = 0; i < 60 && !ended; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		send(fd, bytes + i % 20, i < 20, MSG_NOSIGNAL);
		loop_run_once(f->loop, 0);
		ended = poll(&p, 1, 10) == 1;
	}
	assert_true(ended);
	expect_end(f, fd);
	expect_end(f, idle);
}

static void test_tcp_limits(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[600];
	int a = client(&f->at, SOCK_STREAM), b = client(&f->at, SOCK_STREAM);
	size_t n = frame(5, bytes, sizeof(bytes));
	send(a, bytes, n, 0);
	assert_int_equal(read_answer(f, a), 5);
	/* Two of one host, no third. */
	int c = client(&f->at, SOCK_STREAM);
	expect_end(f, c);
	send(b, bytes, n, 0);
	assert_int_equal(read_answer(f, b), 5);
	/* One that left makes room. */
	close(a);
	for (int i = 0; i < 5; i++)
		loop_run_once(f->loop, 0);
	a = client(&f->at, SOCK_STREAM);
	send(a, bytes, n, 0);
	assert_int_equal(read_answer(f, a), 5);
	close(a);
	close(b);
}

/* Whether a new connection gets its answer. */
static bool is_served(struct fixture *f)
{
	uint8_t bytes[600];
	int fd = client(&f->at, SOCK_STREAM);
	size_t n = frame(9, bytes, sizeof(bytes));
	send(fd, bytes, n, MSG_NOSIGNAL);
	bool served = read_some(f, fd, bytes, sizeof(bytes)) > 0;
	close(fd);
	return served;
}

/* A peer that asks and asks and never reads is not read any more, and then let go. */
static void test_tcp_deaf(void **state)
{
	enum { ENOUGH = 64 << 20 };
	struct fixture *f = *state;
	struct blocklist_limits limits = { 3, 1, 200 };
	static uint8_t bytes[32768];
	size_t n = 0, at = 0, sent = 0;
	blocklist_server_limits(f->server, &limits);
	int fd = client(&f->at, SOCK_STREAM), small = 4096, full = 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (n + 600 < sizeof(bytes))
		n += frame(5, bytes + n, sizeof(bytes) - n);
	while (sent < ENOUGH && full < 20) {
		ssize_t m = send(fd, bytes + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		full = m < 0 ? full + 1 : 0;
		if (m > 0) {
			at = (at + (size_t)m) % n;
			sent += (size_t)m;
		}
		loop_run_once(f->loop, m < 0 ? 5 : 0);
	}
	assert_true(sent < ENOUGH);
	bool served = false;
	for (int i = 0; i < 1000 && !served; i++) {
		loop_run_once(f->loop, 10);
		served = is_served(f);
	}
	assert_true(served);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_udp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_v4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_v6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_deaf, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
