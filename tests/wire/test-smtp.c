/* SPDX-License-Identifier: ISC
 *
 * The SMTP client and server over real sockets, against each other and against peers that do not
 * read, do not answer, or drip: deadlines, back-pressure, TLS, late answers, ends.
 */
#include "test.h"

#include "base/mem.h"
#include "certificate.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"
#include "wire/smtp-server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS_MAX = 20000, LARGE = 3 << 20 };

struct world {
	struct loop *loop;
	int listen_fd;
	struct endpoint at;
	struct loop_watch *watch;
	SSL_CTX *server_tls, *client_tls;

	/* the server */
	struct smtp_server_options options;
	struct wire_server *server;
	struct endpoint peer;
	bool holds, held;                /* the MESSAGE is answered later */
	bool drops;                      /* the wire is destroyed at MAIL */
	bool serves_tls;                 /* from the first byte */
	const char *protocol;
	unsigned replies, actives;
	struct buf message;
	enum stream_end server_ended;
	bool server_over;

	/* the client */
	struct wire_client_setup setup;
	struct wire_client *client;
	struct smtp_client *engine;
	bool wants_tls, destroys;
	struct str text, left;
	size_t pulled;
	bool fails;
	struct buf log;
	bool client_over;
	enum stream_end client_ended;
};

/* ---- the server -------------------------------------------------------------------- */

static void server_event(void *arg, const struct smtp_server_event *ev)
{
	struct world *w = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: wire_server_reply(w->server, 220, NULL, NULL); break;
	case SMTP_SERVER_DATA: wire_server_reply(w->server, 354, NULL, "Go on"); break;
	case SMTP_SERVER_TEXT: buf_add_str(&w->message, ev->text); break;
	case SMTP_SERVER_MESSAGE:
		w->replies = ev->replies;
		w->protocol = wire_server_state(w->server).protocol;
		w->held = w->holds;
		for (; !w->holds && w->replies > 0; w->replies--)
			wire_server_reply(w->server, 250, NULL, "Taken");
		break;
	case SMTP_SERVER_MAIL:
		if (w->drops) {
			wire_server_destroy(w->server);
			w->server = NULL;
			w->server_over = true;
			break;
		}
		wire_server_reply(w->server, 250, NULL, NULL);
		break;
	case SMTP_SERVER_ABORT: case SMTP_SERVER_STARTTLS: case SMTP_SERVER_CLOSE: break;
	case SMTP_SERVER_UNKNOWN: wire_server_reply(w->server, 500, NULL, "No"); break;
	default: wire_server_reply(w->server, 250, NULL, NULL); break;
	}
}

static void server_active(void *arg)
{
	struct world *w = arg;
	w->actives++;
}

static void server_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	w->server_over = true;
	w->server_ended = why;
	wire_server_destroy(w->server);
	w->server = NULL;
}

static const struct wire_server_hooks server_hooks = {
	.event = server_event, .active = server_active, .ended = server_ended,
};

static void serve(struct world *w, int fd, int64_t session_ms)
{
	const struct wire_server_setup setup = {
		.loop = w->loop, .fd = fd, .options = &w->options, .tls = w->server_tls,
		.tls_at_once = w->serves_tls, .session_ms = session_ms, .hooks = &server_hooks,
		.arg = w,
	};
	assert_null(w->server);
	w->server = wire_server_create(&setup);
	wire_server_begin(w->server);
}

static void acceptable(void *arg, unsigned events)
{
	struct world *w = arg;
	(void)events;
	int fd = stream_accept(w->listen_fd, &w->peer);
	if (fd >= 0)
		serve(w, fd, 0);
}

/* ---- the client -------------------------------------------------------------------- */

static struct smtp_client *client_engine(void *arg)
{
	struct world *w = arg;
	return w->engine;
}

static ssize_t client_pull(void *arg, char *dst, size_t room)
{
	struct world *w = arg;
	ssize_t n = smtp_text_pull(&w->left, dst, room);
	w->pulled += (size_t)n;
	return n == 0 && w->fails ? -1 : n;
}

static void say(struct world *w, enum smtp_verb verb, const char *line)
{
	assert_int_equal(smtp_client_command(w->engine, verb, 0, str_of(line)), ERR_OK);
}

static void next(struct world *w, enum smtp_verb verb)
{
	const struct smtp_source source = { client_pull, w };
	bool lmtp = w->options.lmtp;
	switch (verb) {
	case SMTP_BANNER: say(w, SMTP_EHLO, lmtp ? "LHLO c.test" : "EHLO c.test"); break;
	case SMTP_EHLO:
		if (w->wants_tls && !smtp_client_injected(w->engine))
			say(w, SMTP_STARTTLS, "STARTTLS");
		else
			say(w, SMTP_MAIL, "MAIL FROM:<a@b>");
		break;
	case SMTP_STARTTLS: wire_client_start_tls(w->client); break;
	case SMTP_MAIL:
		say(w, SMTP_RCPT, "RCPT TO:<c@d>");
		say(w, SMTP_RCPT, "RCPT TO:<e@d>");
		say(w, SMTP_DATA, "DATA");
		break;
	case SMTP_DATA:
		w->left = w->text;
		smtp_client_message_from(w->engine, 0, &source);
		say(w, SMTP_QUIT, "QUIT");
		break;
	default: break;
	}
}

static void client_connected(void *arg)
{
	struct world *w = arg;
	struct endpoint local;
	assert_true(w->setup.path || wire_client_local(w->client, &local));
	buf_add_cstr(&w->log, "connected\n");
}

static void client_secured(void *arg)
{
	struct world *w = arg;
	buf_add_cstr(&w->log, "secured\n");
	if (w->setup.tls_at_once)
		return;
	w->wants_tls = false;
	smtp_client_tls_started(w->engine);
	say(w, SMTP_EHLO, "EHLO c.test");
}

static void client_received(void *arg, struct str bytes)
{
	struct world *w = arg;
	struct smtp_client_event ev;
	smtp_client_input(w->engine, bytes);
	while (smtp_client_next(w->engine, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			buf_printf(&w->log, "broken: %.*s\n", STR_ARG(ev.text));
			w->client_over = true;
			continue;
		}
		buf_printf(&w->log, "%s %d\n", smtp_verb_name(ev.verb), ev.reply.code);
		if (ev.verb == SMTP_BANNER && w->destroys) {
			wire_client_destroy(w->client);
			w->client = NULL;
			w->client_over = true;
			return;
		}
		next(w, ev.verb);
	}
}

static void client_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	w->client_over = true;
	w->client_ended = why;
	wire_client_destroy(w->client);
	w->client = NULL;
}

static const struct wire_client_talk client_talks = {
	.engine = client_engine, .connected = client_connected, .secured = client_secured,
	.received = client_received, .ended = client_ended,
};

static void connect_client(struct world *w)
{
	const struct smtp_client_limits limits = { .lmtp = w->options.lmtp };
	w->engine = smtp_client_create(&limits);
	w->setup.loop = w->loop;
	w->setup.to = w->at;
	w->setup.tls = w->client_tls;
	w->setup.talk = &client_talks;
	w->setup.arg = w;
	w->client = wire_client_create(&w->setup);
}

/* ---- the world --------------------------------------------------------------------- */

static void world_init(struct world *w)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*w = (struct world){ .loop = loop_create(), .text = STR("Subject: x\n\n.dots\ny") };
	w->options = (struct smtp_server_options){ .hostname = "mx.test" };
	w->at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	w->listen_fd = stream_listen(&w->at);
	assert_true(w->listen_fd >= 0);
	getsockname(w->listen_fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w->at);
	w->watch = loop_watch_create(w->loop, w->listen_fd, acceptable, w);
	loop_watch_set(w->watch, LOOP_READ);
	w->server_tls = certificate_server("mx.test");
	w->client_tls = SSL_CTX_new(TLS_client_method());
}

static void world_fini(struct world *w)
{
	wire_client_destroy(w->client);
	wire_server_destroy(w->server);
	smtp_client_destroy(w->engine);
	loop_watch_destroy(w->watch);
	if (w->listen_fd >= 0)
		close(w->listen_fd);
	SSL_CTX_free(w->server_tls);
	SSL_CTX_free(w->client_tls);
	loop_destroy(w->loop);
	buf_fini(&w->message);
	buf_fini(&w->log);
}

static void run_until(struct world *w, const bool *over)
{
	for (int i = 0; i < TURNS_MAX && !*over; i++)
		loop_run_once(w->loop, 1000);
	assert_true(*over);
}

/* ---- both ---------------------------------------------------------------------------- */

static void test_a_mail(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_string_equal(buf_cstr(&w.log), "connected\nbanner 220\nEHLO 250\nMAIL 250\nRCPT 250\n"
	                    "RCPT 250\nDATA 354\nmessage 250\nQUIT 221\n");
	assert_int_equal(w.client_ended, STREAM_CLOSED);
	assert_string_equal(buf_cstr(&w.message), "Subject: x\r\n\r\n.dots\r\ny\r\n");
	run_until(&w, &w.server_over);
	assert_true(w.actives > 0);
	world_fini(&w);
}

static void test_starttls(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.options.offer_starttls = w.wants_tls = true;
	w.setup.server_name = "mx.test";
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_string_equal(buf_cstr(&w.log), "connected\nbanner 220\nEHLO 250\nSTARTTLS 220\n"
	                    "secured\nEHLO 250\nMAIL 250\nRCPT 250\nRCPT 250\nDATA 354\n"
	                    "message 250\nQUIT 221\n");
	world_fini(&w);
}

static void test_tls_at_once(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.setup.tls_at_once = w.serves_tls = true;
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_string_equal(buf_cstr(&w.log), "connected\nsecured\nbanner 220\nEHLO 250\nMAIL 250\n"
	                    "RCPT 250\nRCPT 250\nDATA 354\nmessage 250\nQUIT 221\n");
	assert_string_equal(w.protocol, "ESMTPS");
	world_fini(&w);
}

static void make_large(struct buf *large, size_t bytes)
{
	while (large->n < bytes)
		buf_add_cstr(large, "A line of a large message, as long as others are.\r\n");
}

static void test_large(void **state)
{
	struct world w;
	struct buf large = { 0 };
	(void)state;
	world_init(&w);
	make_large(&large, LARGE);
	w.text = buf_str(&large);
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_true(str_eq(buf_str(&w.message), w.text));
	world_fini(&w);
	buf_fini(&large);
}

static void test_lmtp_at_a_path(void **state)
{
	struct world w;
	char path[64], directory[] = "/tmp/wire-XXXXXX";
	(void)state;
	world_init(&w);
	loop_watch_destroy(w.watch);
	close(w.listen_fd);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/lmtp", directory);
	w.listen_fd = stream_listen_unix(path, 0600);
	assert_true(w.listen_fd >= 0);
	assert_int_equal(stream_listen_unix(path, 0600), ERR_EXISTS);
	w.watch = loop_watch_create(w.loop, w.listen_fd, acceptable, &w);
	loop_watch_set(w.watch, LOOP_READ);
	w.options.lmtp = true;
	w.setup.path = path;
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_string_equal(buf_cstr(&w.log), "connected\nbanner 220\nEHLO 250\nMAIL 250\nRCPT 250\n"
	                    "RCPT 250\nDATA 354\nmessage 250\nmessage 250\nQUIT 221\n");
	assert_int_equal(w.peer.ip.family, 0);
	unlink(path);
	rmdir(directory);
	world_fini(&w);
}

/* The reply comes long after the event; what the client pipelines meanwhile waits. */
static void test_late_replies(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.options.lmtp = w.holds = true;
	connect_client(&w);
	run_until(&w, &w.held);
	assert_int_equal(w.replies, 2);
	for (int i = 0; i < 10; i++)
		loop_run_once(w.loop, 0);
	assert_int_equal(str_search(buf_str(&w.log), STR("message")), SIZE_MAX);
	wire_server_reply(w.server, 250, NULL, "Taken");
	for (int i = 0; i < TURNS_MAX && str_search(buf_str(&w.log), STR("message")) == SIZE_MAX; i++)
		loop_run_once(w.loop, 1000);
	assert_int_equal(str_search(buf_str(&w.log), STR("QUIT")), SIZE_MAX);
	wire_server_reply(w.server, 450, NULL, "Later");
	run_until(&w, &w.client_over);
	assert_true(str_search(buf_str(&w.log), STR("message 250\nmessage 450\nQUIT 221\n")) !=
	            SIZE_MAX);
	world_fini(&w);
}

static void test_shutdown(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	connect_client(&w);
	for (int i = 0; i < TURNS_MAX && !w.server; i++)
		loop_run_once(w.loop, 1000);
	assert_false(wire_server_is_closing(w.server));
	assert_false(wire_server_state(w.server).tls);
	wire_server_shutdown(w.server, "4.3.2", "Going");
	wire_server_destroy(w.server);
	w.server = NULL;
	run_until(&w, &w.client_over);
	assert_true(str_search(buf_str(&w.log), STR(" 421\n")) != SIZE_MAX);
	world_fini(&w);
}

static void test_destroyed_within(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.destroys = true;
	connect_client(&w);
	run_until(&w, &w.client_over);
	run_until(&w, &w.server_over);
	assert_true(w.server_ended == STREAM_CLOSED || w.server_ended == STREAM_RESET);
	world_fini(&w);
	world_init(&w);
	w.drops = true;
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_true(w.server_over && w.client_ended != STREAM_TIMEOUT);
	world_fini(&w);
}

static void test_source_fails(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.fails = true;
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_true(str_search(buf_str(&w.log), STR("broken: the message cannot be read\n")) !=
	            SIZE_MAX);
	world_fini(&w);
}

/* ---- ends and deadlines of the client -------------------------------------------------- */

static void test_nobody_listens(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	loop_watch_destroy(w.watch);
	w.watch = NULL;
	close(w.listen_fd);
	w.listen_fd = -1;
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_int_equal(w.client_ended, STREAM_REFUSED);
	world_fini(&w);
	world_init(&w);
	w.setup.path = "/nonexistent/socket";
	connect_client(&w);
	run_until(&w, &w.client_over);
	assert_int_equal(w.client_ended, STREAM_UNREACHABLE);
	world_fini(&w);
}

/* A server that is only a socket. */
static int raw_server(struct world *w)
{
	int fd = -1;
	loop_watch_set(w->watch, 0);
	connect_client(w);
	for (int i = 0; i < TURNS_MAX && (fd < 0 || w->log.n == 0); i++) {
		loop_run_once(w->loop, 10);
		if (fd < 0)
			fd = stream_accept(w->listen_fd, &w->peer);
	}
	assert_true(fd >= 0);
	return fd;
}

static void test_silent_server(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.setup.command_ms = 50;
	int fd = raw_server(&w);
	run_until(&w, &w.client_over);
	assert_int_equal(w.client_ended, STREAM_TIMEOUT);
	close(fd);
	world_fini(&w);
}

/* Bytes are no progress, only a whole reply is. */
static void test_dripping_server(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.setup.command_ms = 100;
	int fd = raw_server(&w);
	int64_t began = loop_now_ms(w.loop);
	send(fd, "220-", 4, MSG_NOSIGNAL);
	while (!w.client_over && loop_now_ms(w.loop) - began < 20000) {
		if (send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			assert_true(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		loop_run_once(w.loop, 5);
	}
	assert_true(w.client_over && w.client_ended == STREAM_TIMEOUT);
	close(fd);
	world_fini(&w);
}

/* A reply for each line that has come. */
static void answer_lines(int fd)
{
	char lines[512];
	ssize_t n = recv(fd, lines, sizeof(lines), MSG_DONTWAIT);
	for (ssize_t i = 0; i < n; i++)
		if (lines[i] == '\n')
			send(fd, "250 x\r\n", 7, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Replies in time, but no end of them. */
static void test_session_ends(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.setup.session_ms = 300;
	w.setup.connect_ms = 20000;
	int fd = raw_server(&w);
	int64_t began = loop_now_ms(w.loop);
	send(fd, "220 x\r\n", 7, MSG_NOSIGNAL);
	while (!w.client_over && loop_now_ms(w.loop) - began < 20000) {
		if (smtp_client_outstanding(w.engine) == 0)
			say(&w, SMTP_NOOP, "NOOP");
		wire_client_flush(w.client);
		loop_run_once(w.loop, 5);
		answer_lines(fd);
	}
	assert_true(w.client_over && w.client_ended == STREAM_TIMEOUT);
	close(fd);
	world_fini(&w);
}

/* ---- back-pressure --------------------------------------------------------------------- */

static void small_buffers(int fd)
{
	int bytes = 4096;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* It reads nothing: a message of any size is not pulled. */
static void test_server_that_does_not_read(void **state)
{
	struct world w;
	struct buf large = { 0 };
	(void)state;
	world_init(&w);
	small_buffers(w.listen_fd);
	make_large(&large, 8 * LARGE);
	w.text = buf_str(&large);
	int fd = raw_server(&w);
	static const char replies[] = "220 x\r\n250 e\r\n250 m\r\n250 r\r\n250 r\r\n354 d\r\n";
	assert_int_equal(send(fd, replies, sizeof(replies) - 1, 0), sizeof(replies) - 1);
	size_t before = 1;
	for (int quiet = 0; quiet < 20; quiet = w.pulled == before ? quiet + 1 : 0) {
		before = w.pulled;
		loop_run_once(w.loop, 5);
	}
	assert_true(w.pulled > 0 && w.pulled < w.text.n);
	close(fd);
	world_fini(&w);
	buf_fini(&large);
}

/* It asks on and on and does not read the answers: we stop to listen. */
static void test_client_that_does_not_read(void **state)
{
	struct world w;
	int fds[2];
	size_t sent = 0;
	(void)state;
	world_init(&w);
	w.options.limits.commands = 100000000;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	small_buffers(fds[0]);
	small_buffers(fds[1]);
	serve(&w, fds[0], 0);
	for (int quiet = 0; quiet < 20;) {
		ssize_t n = send(fds[1], "NOOP\r\nNOOP\r\n", 12, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		loop_run_once(w.loop, 0);
		assert_true(sent < 10u << 20);
	}
	assert_false(w.server_over);
	/* It reads at last: we go on. */
	char bytes[4096];
	size_t got = 0;
	for (int i = 0; i < TURNS_MAX && got < sent; i++) {
		ssize_t n = recv(fds[1], bytes, sizeof(bytes), 0);
		got += n > 0 ? (size_t)n : 0;
		loop_run_once(w.loop, 0);
	}
	assert_true(got >= sent);                 /* replies are longer than the commands */
	close(fds[1]);
	run_until(&w, &w.server_over);
	world_fini(&w);
}

/* What is in the socket before the greeting, read or not. */
static void test_early(void **state)
{
	(void)state;
	for (int early = 0; early < 2; early++) {
		struct world w;
		int fds[2];
		world_init(&w);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		if (early)
			assert_int_equal(send(fds[1], "EHLO x\r\n", 8, MSG_NOSIGNAL), 8);
		serve(&w, fds[0], 0);
		assert_int_equal(wire_server_state(w.server).early, early);
		close(fds[1]);
		run_until(&w, &w.server_over);
		world_fini(&w);
	}
}

/* Who said QUIT is not waited for. */
static void test_quit(void **state)
{
	struct world w;
	int fds[2];
	char bytes[100];
	(void)state;
	world_init(&w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	serve(&w, fds[0], 0);
	assert_int_equal(send(fds[1], "QUIT\r\n", 6, MSG_NOSIGNAL), 6);
	run_until(&w, &w.server_over);
	assert_int_equal(w.server_ended, STREAM_CLOSED);
	assert_true(recv(fds[1], bytes, sizeof(bytes), 0) > 0);
	assert_int_equal(recv(fds[1], bytes, sizeof(bytes), 0), 0);
	close(fds[1]);
	world_fini(&w);
}

static void test_session_of_a_client_ends(void **state)
{
	struct world w;
	int fds[2];
	(void)state;
	world_init(&w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	serve(&w, fds[0], 50);
	run_until(&w, &w.server_over);
	assert_int_equal(w.server_ended, STREAM_TIMEOUT);
	close(fds[1]);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mail), cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_tls_at_once), cmocka_unit_test(test_early),
		cmocka_unit_test(test_quit),
		cmocka_unit_test(test_large), cmocka_unit_test(test_lmtp_at_a_path),
		cmocka_unit_test(test_late_replies), cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_destroyed_within), cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_nobody_listens), cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_dripping_server), cmocka_unit_test(test_session_ends),
		cmocka_unit_test(test_server_that_does_not_read),
		cmocka_unit_test(test_client_that_does_not_read),
		cmocka_unit_test(test_session_of_a_client_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
