/* SPDX-License-Identifier: ISC
 *
 * The loop, and streams over it, on loopback: both ends run on one loop. Nothing
 * sleeps; a test that hangs is ended by its own deadline and fails.
 */
#include "certificate.h"
#include "test.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { GIVE_UP_MS = 20000 };

/* One end of a connection, and what happened to it. */
struct end {
	struct loop *loop;
	struct stream *stream;
	struct buf received;
	bool connected, secured, ended;
	enum stream_end why;
	unsigned drained;
	bool destroy_on_receive, echo;
};

static void on_connected(void *arg) { ((struct end *)arg)->connected = true; }
static void on_secured(void *arg) { ((struct end *)arg)->secured = true; }
static void on_drained(void *arg) { ((struct end *)arg)->drained++; }

static void on_received(void *arg, struct str bytes)
{
	struct end *e = arg;
	buf_add_str(&e->received, bytes);
	if (e->echo)
		stream_write(e->stream, bytes);
	if (e->destroy_on_receive) {
		stream_destroy(e->stream);
		e->stream = NULL;
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	struct end *e = arg;
	assert_false(e->ended);
	e->ended = true;
	e->why = why;
}

static const struct stream_events events = {
	on_connected, on_secured, on_received, on_drained, on_ended,
};

struct pair {
	struct loop *loop;
	int listen_fd;
	struct endpoint at;
	struct end client, server;
};

static struct endpoint loopback(void)
{
	return (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
}

static struct endpoint bound(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct endpoint ep;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&ss, &ep), ERR_OK);
	return ep;
}

/* Turns the loop until *flag; fails when that takes too long. */
static void wait_for(struct loop *loop, const bool *flag)
{
	int64_t start = clock_mono_ms();
	while (!*flag) {
		assert_true(clock_mono_ms() - start < GIVE_UP_MS);
		loop_run_once(loop, 100);
	}
}

static void wait_bytes(struct loop *loop, const struct end *e, size_t n)
{
	int64_t start = clock_mono_ms();
	while (e->received.n < n) {
		assert_true(clock_mono_ms() - start < GIVE_UP_MS);
		loop_run_once(loop, 100);
	}
}

static void pair_open(struct pair *p)
{
	struct endpoint at = loopback(), peer;
	*p = (struct pair){ .loop = loop_create() };
	p->listen_fd = stream_listen(&at);
	assert_true(p->listen_fd >= 0);
	p->at = bound(p->listen_fd);
	p->client.stream = stream_connect(p->loop, &p->at, NULL, &events, &p->client);
	wait_for(p->loop, &p->client.connected);
	int fd = stream_accept(p->listen_fd, &peer);
	assert_true(fd >= 0);
	p->server.stream = stream_adopt(p->loop, fd, &events, &p->server);
	assert_true(ip_eq(&peer.ip, &at.ip) && peer.port != 0);
}

static void pair_close(struct pair *p)
{
	stream_destroy(p->client.stream);
	stream_destroy(p->server.stream);
	buf_fini(&p->client.received);
	buf_fini(&p->server.received);
	close(p->listen_fd);
	loop_destroy(p->loop);
}

static void test_echo_and_finish(void **state)
{
	(void)state;
	struct pair p;
	pair_open(&p);
	p.server.echo = true;
	stream_write(p.client.stream, STR("hello"));
	wait_bytes(p.loop, &p.client, 5);
	assert_string_equal(buf_cstr(&p.client.received), "hello");
	stream_write(p.client.stream, STR("bye"));
	stream_finish(p.client.stream);
	wait_for(p.loop, &p.server.ended);
	assert_int_equal(p.server.why, STREAM_CLOSED);
	assert_string_equal(buf_cstr(&p.server.received), "hellobye");
	pair_close(&p);
}

/* All gets out, and the end is told though the peer, who is not done, does not close; once, however
 * often it is said, and whatever deadline is set. */
static void test_leave(void **state)
{
	(void)state;
	enum { MUCH = 8 << 20 };
	struct pair p;
	pair_open(&p);
	char *bytes = mem_alloc(MUCH);
	memset(bytes, 'x', MUCH);
	stream_pause(p.server.stream, true);
	stream_deadline(p.client.stream, GIVE_UP_MS);
	stream_write(p.client.stream, (struct str){ bytes, MUCH });
	stream_leave(p.client.stream);
	loop_run_once(p.loop, 0);
	assert_false(p.client.ended);
	stream_pause(p.server.stream, false);
	wait_for(p.loop, &p.client.ended);
	stream_leave(p.client.stream);
	stream_deadline(p.client.stream, 0);
	assert_int_equal(p.client.why, STREAM_CLOSED);
	assert_false(p.server.ended);
	stream_destroy(p.client.stream);
	p.client.stream = NULL;
	wait_for(p.loop, &p.server.ended);
	assert_int_equal(p.server.why, STREAM_CLOSED);
	assert_int_equal(p.server.received.n, MUCH);
	pair_close(&p);
	free(bytes);
}

/* A reply of few bytes waits for no acknowledgement. */
static void test_no_delay(void **state)
{
	(void)state;
	struct endpoint at = loopback(), peer;
	int listen_fd = stream_listen(&at), on = 0;
	socklen_t size = sizeof(on);
	struct end client = { .loop = loop_create() };
	at = bound(listen_fd);
	client.stream = stream_connect(client.loop, &at, NULL, &events, &client);
	wait_for(client.loop, &client.connected);
	int fd = stream_accept(listen_fd, &peer);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_true(on != 0);
	stream_destroy(client.stream);
	close(fd);
	close(listen_fd);
	loop_destroy(client.loop);
}

/* More than the sockets hold: it is kept, sent, and told when all is out. */
static void test_much(void **state)
{
	(void)state;
	enum { MUCH = 8 << 20 };
	struct pair p;
	pair_open(&p);
	char *bytes = mem_alloc(MUCH);
	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (char)(i * 7 >> 3);
	stream_pause(p.server.stream, true);
	stream_write(p.client.stream, (struct str){ bytes, MUCH });
	assert_true(stream_pending(p.client.stream) > 0);
	loop_run_once(p.loop, 0);
	assert_int_equal(p.server.received.n, 0);        /* paused */
	stream_pause(p.server.stream, false);
	wait_bytes(p.loop, &p.server, MUCH);
	assert_memory_equal(p.server.received.p, bytes, MUCH);
	assert_int_equal(stream_pending(p.client.stream), 0);
	assert_int_equal(p.client.drained, 1);
	free(bytes);
	pair_close(&p);
}

static void test_destroy_in_callback(void **state)
{
	(void)state;
	struct pair p;
	pair_open(&p);
	p.server.destroy_on_receive = true;
	stream_write(p.client.stream, STR("x"));
	wait_for(p.loop, &p.client.ended);
	assert_true(p.client.why == STREAM_CLOSED || p.client.why == STREAM_RESET);
	assert_false(p.server.ended);
	pair_close(&p);
}

static void test_connect_failures(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	struct endpoint at = loopback();
	int fd = stream_listen(&at);
	at = bound(fd);
	assert_int_equal(stream_listen(&at), ERR_EXISTS);
	close(fd);                                       /* nobody listens there now */
	struct end e = { 0 };
	e.stream = stream_connect(loop, &at, NULL, &events, &e);
	wait_for(loop, &e.ended);
	assert_int_equal(e.why, STREAM_REFUSED);
	stream_destroy(e.stream);
	/* A source that is no address of this machine: told from the loop, not at once. */
	struct endpoint source = { ip_from_v4(192, 0, 2, 1), 0 };
	struct end f = { 0 };
	f.stream = stream_connect(loop, &at, &source, &events, &f);
	assert_non_null(f.stream);
	assert_false(f.ended);
	wait_for(loop, &f.ended);
	assert_int_equal(f.why, STREAM_NO_SOURCE);
	stream_destroy(f.stream);
	stream_destroy(NULL);
	loop_destroy(loop);
}

/* We close first: the next connection from that port to that peer does not have to wait. */
static void test_same_source_port(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	struct endpoint at = loopback();
	int listener = stream_listen(&at), fd = stream_bind_udp(&at);
	assert_true(listener >= 0 && fd >= 0);
	struct endpoint to = bound(listener), source = bound(fd);
	for (int i = 0; i < 2; i++) {
		struct end e = { 0 };
		e.stream = stream_connect(loop, &to, &source, &events, &e);
		while (!e.connected && !e.ended)
			loop_run_once(loop, 100);
		assert_true(e.connected);
		stream_destroy(e.stream);
	}
	close(fd);
	close(listener);
	loop_destroy(loop);
}

static void test_deadline(void **state)
{
	(void)state;
	struct pair p;
	pair_open(&p);
	stream_deadline(p.client.stream, 1);
	stream_deadline(p.server.stream, 1);
	stream_deadline(p.server.stream, -1);
	wait_for(p.loop, &p.client.ended);
	assert_int_equal(p.client.why, STREAM_TIMEOUT);
	assert_false(p.server.ended);
	pair_close(&p);
}

static void test_tls(void **state)
{
	(void)state;
	struct pair p;
	SSL_CTX *server = certificate_server("test"), *client = SSL_CTX_new(TLS_client_method());
	pair_open(&p);
	p.server.echo = true;
	assert_null(stream_tls(p.client.stream));
	stream_start_tls(p.server.stream, server, true, NULL);
	stream_start_tls(p.client.stream, client, false, "test.example");
	wait_for(p.loop, &p.client.secured);
	wait_for(p.loop, &p.server.secured);
	assert_non_null(stream_tls(p.client.stream));
	char *bytes = mem_zalloc(100000);                /* several records */
	stream_write(p.client.stream, (struct str){ bytes, 100000 });
	wait_bytes(p.loop, &p.client, 100000);
	stream_finish(p.client.stream);
	wait_for(p.loop, &p.server.ended);
	assert_int_equal(p.server.why, STREAM_CLOSED);
	free(bytes);
	pair_close(&p);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

/* More was said in clear than the socket takes: the peer reads all of it in clear, and then only
 * what was said within TLS. */
static void test_tls_behind_clear_text(void **state)
{
	(void)state;
	enum { CLEAR = 8 << 20 };
	struct pair p;
	SSL_CTX *server = certificate_server("test"), *client = SSL_CTX_new(TLS_client_method());
	pair_open(&p);
	char *bytes = mem_zalloc(CLEAR);
	stream_write(p.server.stream, (struct str){ bytes, CLEAR });
	assert_true(stream_pending(p.server.stream) > 0);
	stream_start_tls(p.server.stream, server, true, NULL);
	stream_write(p.server.stream, STR("within"));
	wait_bytes(p.loop, &p.client, CLEAR);
	assert_int_equal(p.client.received.n, CLEAR);
	buf_clear(&p.client.received);
	stream_start_tls(p.client.stream, client, false, NULL);
	wait_for(p.loop, &p.client.secured);
	wait_bytes(p.loop, &p.client, strlen("within"));
	assert_true(str_eq(buf_str(&p.client.received), STR("within")));
	free(bytes);
	pair_close(&p);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

/* Who doesn't read it is gone some time. */
static void test_tls_behind_clear_text_peer_gone(void **state)
{
	(void)state;
	enum { CLEAR = 8 << 20 };
	struct pair p;
	SSL_CTX *server = certificate_server("test");
	pair_open(&p);
	char *bytes = mem_zalloc(CLEAR);
	stream_write(p.server.stream, (struct str){ bytes, CLEAR });
	stream_start_tls(p.server.stream, server, true, NULL);
	stream_destroy(p.client.stream);
	p.client.stream = NULL;
	wait_for(p.loop, &p.server.ended);
	assert_int_equal(p.server.why, STREAM_TLS_FAILED);
	free(bytes);
	pair_close(&p);
	SSL_CTX_free(server);
}

/* OpenSSL writes without MSG_NOSIGNAL: a peer that has gone must not end the process. */
static void test_tls_peer_gone(void **state)
{
	(void)state;
	struct pair p;
	SSL_CTX *server = certificate_server("test"), *client = SSL_CTX_new(TLS_client_method());
	pair_open(&p);
	stream_start_tls(p.server.stream, server, true, NULL);
	stream_start_tls(p.client.stream, client, false, NULL);
	wait_for(p.loop, &p.client.secured);
	wait_for(p.loop, &p.server.secured);
	stream_destroy(p.client.stream);
	p.client.stream = NULL;
	stream_pause(p.server.stream, true);
	for (int i = 0; i < 20; i++) {
		stream_write(p.server.stream, STR("nobody reads this"));
		loop_run_once(p.loop, 1);
	}
	stream_pause(p.server.stream, false);
	wait_for(p.loop, &p.server.ended);
	pair_close(&p);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

static void test_tls_garbage(void **state)
{
	(void)state;
	struct pair p;
	SSL_CTX *server = certificate_server("test");
	pair_open(&p);
	stream_start_tls(p.server.stream, server, true, NULL);
	stream_write(p.client.stream, STR("EHLO this is no TLS\r\n"));
	wait_for(p.loop, &p.server.ended);
	assert_int_equal(p.server.why, STREAM_TLS_FAILED);
	pair_close(&p);
	SSL_CTX_free(server);
}

/* ---- the loop itself -------------------------------------------------------------- */

static void set_flag(void *arg) { *(bool *)arg = true; }
static void set_flag_signal(void *arg, int signum) { *(bool *)arg = signum == SIGUSR1; }

static void test_timers(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	bool fired = false, moved = false, never = false;
	struct loop_timer *a = loop_timer_create(loop, set_flag, &fired);
	struct loop_timer *b = loop_timer_create(loop, set_flag, &moved);
	struct loop_timer *c = loop_timer_create(loop, set_flag, &never);
	loop_timer_arm(a, -5);                           /* at once */
	loop_timer_arm(b, 3600 * 1000);
	loop_timer_arm(b, 1);                            /* moved */
	loop_timer_arm(c, 0);
	loop_timer_disarm(c);
	wait_for(loop, &fired);
	wait_for(loop, &moved);
	assert_false(never);
	fired = false;
	loop_run_once(loop, 0);
	assert_false(fired);                             /* once for each arming */
	loop_run(loop);                                  /* nothing left: returns */
	loop_timer_destroy(a);
	loop_timer_destroy(b);
	loop_timer_destroy(c);
	loop_timer_destroy(NULL);
	loop_destroy(loop);
}

static void test_signal(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	bool caught = false;
	struct loop_signal *s = loop_signal_create(loop, SIGUSR1, set_flag_signal, &caught);
	raise(SIGUSR1);
	wait_for(loop, &caught);
	loop_signal_destroy(s);
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_and_finish), cmocka_unit_test(test_leave),
		cmocka_unit_test(test_no_delay),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_destroy_in_callback),
		cmocka_unit_test(test_connect_failures),
		cmocka_unit_test(test_same_source_port),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_behind_clear_text),
		cmocka_unit_test(test_tls_behind_clear_text_peer_gone),
		cmocka_unit_test(test_tls_peer_gone),
		cmocka_unit_test(test_tls_garbage),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_signal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
