/* SPDX-License-Identifier: ISC
 *
 * What a session costs that is there and does nothing: bytes of the heap, in clear and under TLS,
 * behind EHLO and behind a large message. The gateway's promise is 12 KiB and 48 KiB, of which its
 * own part of a session needs some. The clients are another process, so that nothing of theirs is
 * counted.
 */
#include "test.h"

#include "base/mem.h"
#include "certificate.h"
#include "wire/smtp-server.h"

#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SESSIONS = 100, WARM = 20, TURNS_MAX = 100000, MESSAGE_BYTES = 300000 };
enum { CLEAR_MAX = 4096, TLS_MAX = 24576 };

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
static size_t heap_bytes(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
static size_t heap_bytes(void) { return mallinfo2().uordblks; }
#endif

/* ---- the clients -------------------------------------------------------------------- */

struct client {
	int fd;
	SSL *ssl;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "client: %s\n", what);
	_exit(1);
}

static void put(struct client *c, const char *bytes, size_t n)
{
	ssize_t done = c->ssl ? SSL_write(c->ssl, bytes, (int)n) : write(c->fd, bytes, n);
	must(done == (ssize_t)n, "write");
}

static void say(struct client *c, const char *line) { put(c, line, strlen(line)); }

/* Up to the end of a reply: a line of `code` and a space. */
static void hear(struct client *c, const char *code)
{
	char text[4096];
	size_t n = 0;
	for (;;) {
		ssize_t got = c->ssl ? SSL_read(c->ssl, text + n, (int)(sizeof(text) - 1 - n))
		                     : read(c->fd, text + n, sizeof(text) - 1 - n);
		must(got > 0, code);
		n += (size_t)got;
		text[n] = '\0';
		const char *last = text;
		for (const char *p = text; (p = strchr(p, '\n')) && p[1];)
			last = ++p;
		if (text[n - 1] == '\n' && strncmp(last, code, 3) == 0 && last[3] == ' ')
			return;
	}
}

static void send_large(struct client *c)
{
	static char line[1000];
	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	say(c, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	hear(c, "354");
	for (size_t sent = 0; sent < MESSAGE_BYTES; sent += sizeof(line))
		put(c, line, sizeof(line));
	say(c, ".\r\n");
	hear(c, "250");
}

static void visit(struct client *c, uint16_t port, SSL_CTX *tls, bool large)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	hear(c, "220");
	say(c, "EHLO c.test\r\n");
	hear(c, "250");
	if (tls) {
		say(c, "STARTTLS\r\n");
		hear(c, "220");
		c->ssl = SSL_new(tls);
		SSL_set_fd(c->ssl, c->fd);
		must(SSL_connect(c->ssl) == 1, "handshake");
		say(c, "EHLO c.test\r\n");
		hear(c, "250");
	}
	if (large)
		send_large(c);
}

/* One after the other; a byte tells of each. They stay until somebody hangs up. */
_Noreturn static void visit_all(uint16_t port, bool with_tls, bool large, int told, int stay)
{
	static struct client clients[WARM + SESSIONS];
	SSL_CTX *tls = with_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	char byte = 'x';
	for (size_t i = 0; i < WARM + SESSIONS; i++) {
		visit(&clients[i], port, tls, large);
		must(write(told, &byte, 1) == 1, "pipe");
	}
	while (read(stay, &byte, 1) > 0)
		;
	_exit(0);
}

/* ---- the server --------------------------------------------------------------------- */

struct session {
	struct world *world;
	struct wire_server *wire;
};

struct world {
	struct loop *loop;
	int listen_fd, told_fd;
	SSL_CTX *tls;
	struct session sessions[WARM + SESSIONS];
	size_t count, told;
	size_t warm_bytes;
};

static void event(void *arg, const struct smtp_server_event *ev)
{
	struct session *s = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: wire_server_reply(s->wire, 220, NULL, NULL); break;
	case SMTP_SERVER_DATA: wire_server_reply(s->wire, 354, NULL, "Go on"); break;
	case SMTP_SERVER_HELO: case SMTP_SERVER_MAIL: case SMTP_SERVER_RCPT:
	case SMTP_SERVER_MESSAGE: wire_server_reply(s->wire, 250, NULL, NULL); break;
	default: break;
	}
}

static void ended(void *arg, enum stream_end why)
{
	struct session *s = arg;
	(void)why;
	wire_server_destroy(s->wire);
	s->wire = NULL;
}

static const struct wire_server_hooks hooks = { .event = event, .ended = ended };

static void acceptable(void *arg, unsigned events)
{
	struct world *w = arg;
	struct endpoint peer;
	const struct smtp_server_options options = { .hostname = "mx.test", .offer_dsn = true,
	                                             .offer_starttls = w->tls != NULL };
	(void)events;
	int fd = stream_accept(w->listen_fd, &peer);
	if (fd < 0)
		return;
	assert_true(w->count < WARM + SESSIONS);
	struct session *s = &w->sessions[w->count++];
	s->world = w;
	const struct wire_server_setup setup = { .loop = w->loop, .fd = fd, .options = &options,
	                                         .tls = w->tls, .hooks = &hooks, .arg = s };
	s->wire = wire_server_create(&setup);
	wire_server_begin(s->wire);
}

/* What is needed once (tables of the loop, caches) is there after some sessions. */
static void on_told(void *arg, unsigned events)
{
	struct world *w = arg;
	char byte;
	(void)events;
	assert_int_equal(read(w->told_fd, &byte, 1), 1);
	w->told++;
	if (w->told == WARM)
		w->warm_bytes = heap_bytes();
}

static size_t measure(bool with_tls, bool large)
{
	struct world w = { .loop = loop_create() };
	struct endpoint at = { ip_from_v4(127, 0, 0, 1), 0 };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int told[2], stay[2], status;
	w.listen_fd = stream_listen(&at);
	assert_true(w.listen_fd >= 0 && pipe(told) == 0 && pipe(stay) == 0);
	getsockname(w.listen_fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &at);
	if (with_tls)
		w.tls = certificate_server("mx.test");
	w.told_fd = told[0];
	pid_t pid = fork();
	if (pid == 0) {
		close(stay[1]);
		visit_all(at.port, with_tls, large, told[1], stay[0]);
	}
	assert_true(pid > 0);
	close(told[1]);
	close(stay[0]);
	struct loop_watch *listener = loop_watch_create(w.loop, w.listen_fd, acceptable, &w);
	struct loop_watch *teller = loop_watch_create(w.loop, told[0], on_told, &w);
	loop_watch_set(listener, LOOP_READ);
	loop_watch_set(teller, LOOP_READ);
	for (size_t i = 0; i < TURNS_MAX && w.told < WARM + SESSIONS; i++)
		loop_run_once(w.loop, 5000);
	size_t each = (heap_bytes() - w.warm_bytes) / SESSIONS;
	assert_int_equal(w.told, WARM + SESSIONS);
	loop_watch_destroy(listener);
	loop_watch_destroy(teller);
	close(stay[1]);
	close(told[0]);
	for (size_t i = 0; i < w.count; i++)
		wire_server_destroy(w.sessions[i].wire);
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	close(w.listen_fd);
	SSL_CTX_free(w.tls);
	loop_destroy(w.loop);
	return each;
}

static void test_idle(void **state)
{
	static const struct { const char *name; bool tls, large; size_t most; } rows[] = {
		{ "in clear", false, false, CLEAR_MAX },
		{ "in clear, behind a large message", false, true, CLEAR_MAX },
		{ "TLS", true, false, TLS_MAX },
		{ "TLS, behind a large message", true, true, TLS_MAX },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t each = measure(rows[i].tls, rows[i].large);
		print_message("%s: %zu bytes\n", rows[i].name, each);
		if (each > rows[i].most)
			fail_msg("%s: %zu bytes of an idle session, expected at most %zu",
			         rows[i].name, each, rows[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_idle) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
