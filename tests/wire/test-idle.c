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
#include "visitor.h"
#include "wire/smtp-server.h"

#include <malloc.h>
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

static void send_large(struct visitor *c)
{
	static char line[1000];
	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	visitor_say(c, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	visitor_hear(c, "354");
	for (size_t sent = 0; sent < MESSAGE_BYTES; sent += sizeof(line))
		visitor_put(c, line, sizeof(line));
	visitor_say(c, ".\r\n");
	visitor_hear(c, "250");
}

static void visit(struct visitor *c, uint16_t port, bool tls, bool large)
{
	visitor_connect(c, port);
	visitor_hear(c, "220");
	visitor_say(c, "EHLO c.test\r\n");
	visitor_hear(c, "250");
	if (tls)
		visitor_starttls(c);
	if (large)
		send_large(c);
}

/* One after the other; a byte tells of each. They stay until somebody hangs up. */
_Noreturn static void visit_all(uint16_t port, bool with_tls, bool large, int told, int stay)
{
	static struct visitor clients[WARM + SESSIONS];
	char byte = 'x';
	for (size_t i = 0; i < WARM + SESSIONS; i++) {
		visit(&clients[i], port, with_tls, large);
		visitor_must(write(told, &byte, 1) == 1, "pipe");
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
