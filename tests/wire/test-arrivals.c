/* SPDX-License-Identifier: ISC
 *
 * Connections that a proxy brings, those without an address, and doors that close: who is taken
 * for the peer, what the limits count, and what is left for the user to read.
 */
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"
#include "wire/proxy.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANY = 16, TURNS_MAX = 4000 };

struct guest {
	struct wire_session *session;
	int fd;
	struct endpoint peer;
	void *door;
};

struct inn {
	struct loop *loop;
	struct wire_listener *listener;
	struct endpoint at;
	int fd;
	struct prefix peers[1];
	unsigned opened;
	struct guest guests[MANY];
	bool turns_away, closes_door;
};

static struct inn *the_inn;              /* for the door that gives another argument */

static void *inn_opened(void *arg, struct wire_session *session, int fd,
                        const struct endpoint *peer)
{
	struct inn *inn = the_inn;
	if (inn->closes_door) {
		inn->closes_door = false;
		wire_listener_remove(inn->listener, inn->fd);
	}
	if (inn->turns_away) {
		close(fd);
		return NULL;
	}
	assert_true(inn->opened < MANY);
	struct guest *g = &inn->guests[inn->opened++];
	*g = (struct guest){ session, fd, *peer, arg };
	return g;
}

static void inn_unwanted(void *owner)
{
	struct guest *g = owner;
	close(g->fd);
	wire_listener_ended(the_inn->listener, g->session);
	g->session = NULL;
}

static struct inn *inn_open(const char *peers, unsigned sessions, unsigned per_host)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct inn *inn = the_inn = mem_zalloc(sizeof(*inn));
	inn->loop = loop_create();
	assert_int_equal(prefix_parse(str_of(peers), &inn->peers[0], NULL), ERR_OK);
	struct wire_listener_setup setup = {
		.loop = inn->loop, .name = "inn",
		.limits = { sessions, per_host, 1000, 300000 }, .refusal = STR("421 no\r\n"),
		.opened = inn_opened, .unwanted = inn_unwanted, .arg = inn,
		.proxy_peers = inn->peers, .proxy_peer_count = 1,
	};
	inn->listener = wire_listener_create(&setup);
	inn->at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	inn->fd = stream_listen(&inn->at);
	assert_true(inn->fd >= 0);
	getsockname(inn->fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &inn->at);
	wire_listener_add(inn->listener, inn->fd);
	return inn;
}

static void inn_close(struct inn *inn)
{
	for (unsigned i = 0; i < inn->opened; i++)
		if (inn->guests[i].session)
			inn_unwanted(&inn->guests[i]);
	assert_int_equal(wire_listener_sessions(inn->listener), 0);
	wire_listener_destroy(inn->listener);
	close(inn->fd);
	loop_destroy(inn->loop);
	free(inn);
}

/* From 127.0.0.x. */
static int come(const struct inn *inn, uint8_t last, struct str says)
{
	struct endpoint from = { ip_from_v4(127, 0, 0, last), 0 };
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = endpoint_to_sockaddr(&inn->at, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(send(fd, says.p, says.n, MSG_NOSIGNAL), (ssize_t)says.n);
	return fd;
}

static void wait_for(struct inn *inn, unsigned opened)
{
	for (int i = 0; i < TURNS_MAX && inn->opened < opened; i++)
		loop_run_once(inn->loop, 5);
	assert_int_equal(inn->opened, opened);
}

/* Text of the refusal, "" if it was closed without. */
static void wait_closed(struct inn *inn, int fd, const char *says)
{
	char text[64] = "";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	for (int i = 0; i < TURNS_MAX && poll(&p, 1, 0) != 1; i++)
		loop_run_once(inn->loop, 5);
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n >= 0 || *says == '\0');
	assert_string_equal(text, says);
	close(fd);
}

static void check_guest(const struct inn *inn, unsigned i, const char *peer, const char *rest)
{
	char text[ENDPOINT_TEXT_MAX], bytes[64] = "";
	assert_string_equal(endpoint_format(&inn->guests[i].peer, text), peer);
	ssize_t n = recv(inn->guests[i].fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
	assert_int_equal(n < 0 ? 0 : n, strlen(rest));
	assert_string_equal(bytes, rest);
}

#define V2 STR("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\x00\x02\x07\xc6\x33\x64\x02\x80\x01\x00\x19" \
               "EHLO")

static void test_who_is_named(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	int a = come(inn, 9, STR("PROXY TCP4 192.0.2.1 198.51.100.2 32769 25\r\nEHLO"));
	wait_for(inn, 1);
	check_guest(inn, 0, "192.0.2.1:32769", "EHLO");
	int b = come(inn, 9, V2);
	wait_for(inn, 2);
	check_guest(inn, 1, "192.0.2.7:32769", "EHLO");
	int c = come(inn, 9, STR("PROXY UNKNOWN\r\nEHLO"));
	wait_for(inn, 3);
	assert_true(inn->guests[2].peer.ip.b[3] == 9);
	close(a), close(b), close(c);
	inn_close(inn);
}

/* Byte by byte, and nothing behind it is taken. */
static void test_in_pieces(void **state)
{
	(void)state;
	static const char header[] = "PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n";
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	int fd = come(inn, 9, STR("P"));
	for (size_t i = 1; header[i]; i++) {
		assert_int_equal(inn->opened, 0);
		loop_run_once(inn->loop, 5);
		assert_int_equal(send(fd, header + i, 1, 0), 1);
	}
	wait_for(inn, 1);
	check_guest(inn, 0, "[2001:db8::1]:1", "");
	close(fd);
	inn_close(inn);
}

/* It is not read at all: the bytes are the user's. */
static void test_not_from_others(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	int fd = come(inn, 8, STR("PROXY UNKNOWN\r\n"));
	wait_for(inn, 1);
	for (int i = 0; i < 5; i++)
		loop_run_once(inn->loop, 1);
	assert_true(inn->guests[0].peer.ip.b[3] == 8);
	char bytes[64] = "";
	assert_int_equal(recv(inn->guests[0].fd, bytes, sizeof(bytes), 0), 15);
	close(fd);
	inn_close(inn);
}

static void test_bad_headers(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	wait_closed(inn, come(inn, 9, STR("EHLO x\r\n")), "");
	wait_closed(inn, come(inn, 9, STR("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n")), "");
	wait_closed(inn, come(inn, 9, STR("PROXY UNKNOWN "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaa")), "");
	int half = come(inn, 9, STR("PROXY TCP4 1.2.3"));
	loop_run_once(inn->loop, 5);
	assert_int_equal(shutdown(half, SHUT_WR), 0);
	wait_closed(inn, half, "");
	assert_int_equal(inn->opened, 0);
	/* One that is still to come is dropped with the listener. */
	int late = come(inn, 9, STR("PROXY"));
	loop_run_once(inn->loop, 5);
	inn_close(inn);
	close(late);
}

/* The limits are those of who connects, not of the proxy. */
static void test_limits_by_header(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 1);
	int fds[4];
	fds[0] = come(inn, 9, STR("PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\n"));
	wait_for(inn, 1);
	fds[1] = come(inn, 9, STR("PROXY TCP4 192.0.2.1 127.0.0.1 2 25\r\n"));
	wait_closed(inn, fds[1], "421 no\r\n");
	fds[2] = come(inn, 9, STR("PROXY TCP4 198.51.100.1 127.0.0.1 2 25\r\n"));
	wait_for(inn, 2);
	close(fds[0]), close(fds[2]);
	inn_close(inn);
}

static void test_peers_change(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	wire_listener_proxy_peers(inn->listener, NULL, 0);
	int fd = come(inn, 9, STR("EHLO"));
	wait_for(inn, 1);
	assert_true(inn->guests[0].peer.ip.b[3] == 9);
	close(fd);
	inn_close(inn);
}

/* Of AF_UNIX there is no host: what one may have is a user's. */
static void test_without_address(void **state)
{
	(void)state;
	char path[64], directory[] = "/tmp/arrivals-XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct inn *inn = inn_open("127.0.0.9/32", 32, 4);
	int fds[5], door;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/door", directory);
	door = stream_listen_unix(path, 0600);
	assert_true(door >= 0);
	wire_listener_add_for(inn->listener, door, &door);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (unsigned i = 0; i < 5; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	wait_for(inn, 4);
	wait_closed(inn, fds[4], "421 no\r\n");
	assert_true(inn->guests[3].peer.ip.family == 0 && inn->guests[3].door == &door);
	wire_listener_active(inn->listener, inn->guests[0].session, true);
	wire_listener_remove(inn->listener, door);
	close(door);
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
	unlink(path);
	rmdir(directory);
	inn_close(inn);
}

/* It ends while it is opened; and the door goes in the midst of its crowd. */
static void test_turned_away(void **state)
{
	(void)state;
	struct inn *inn = inn_open("127.0.0.9/32", 50, 50);
	inn->turns_away = true;
	wait_closed(inn, come(inn, 1, STR("")), "");
	assert_int_equal(wire_listener_sessions(inn->listener), 0);
	inn->closes_door = true;
	int a = come(inn, 1, STR("")), b = come(inn, 1, STR(""));
	wait_closed(inn, a, "");
	struct pollfd p = { .fd = b, .events = POLLIN };
	for (int i = 0; i < 10; i++)
		loop_run_once(inn->loop, 1);
	assert_int_equal(poll(&p, 1, 0), 0);     /* nobody serves it */
	close(b);
	inn_close(inn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_named), cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_not_from_others), cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_limits_by_header), cmocka_unit_test(test_peers_change),
		cmocka_unit_test(test_without_address), cmocka_unit_test(test_turned_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
