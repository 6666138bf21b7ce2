/* SPDX-License-Identifier: ISC
 *
 * Clients that go in the middle of something, in clear and under TLS: by an end of TLS in order, by
 * one of TCP alone, by a reset, and by going on in clear behind the end of TLS. Whatever
 * was under way is no message, nothing said behind the end is read, and the session is told once
 * that it has ended, from where its owner destroys it.
 */
#include "test.h"

#include "certificate.h"
#include "visitor.h"
#include "wire/smtp-server.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURNS_MAX = 10000, HELD_TURNS = 10 };

/* ---- the clients -------------------------------------------------------------------- */

#define ENVELOPE "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"

static void to_data(struct visitor *v)
{
	visitor_say(v, ENVELOPE "DATA\r\n");
	visitor_hear(v, "354");
}

static void in_command(struct visitor *v) { visitor_say(v, "MAIL FROM:<a@b"); }

static void in_data(struct visitor *v)
{
	to_data(v);
	visitor_say(v, "Subject: x\r\n\r\ntext\r\n.");
}

static void in_data_at_the_dot(struct visitor *v)
{
	to_data(v);
	visitor_say(v, "text\r\n.\r");
}

static void in_chunk(struct visitor *v)
{
	visitor_say(v, ENVELOPE "BDAT 1000\r\n0123456789");
	visitor_hear(v, "250");
}

static void in_last_chunk(struct visitor *v)
{
	visitor_say(v, ENVELOPE "BDAT 12\r\n0123456789\r\nBDAT 11 LAST\r\n0123456789");
	visitor_hear(v, "250");
}

static void behind_a_chunk(struct visitor *v)
{
	visitor_say(v, ENVELOPE "BDAT 12\r\n0123456789\r\n");
	visitor_hear(v, "250");
}

static void in_exchange(struct visitor *v)
{
	visitor_say(v, "AUTH X-STEPS YQ==\r\n");
	visitor_hear(v, "334");
	visitor_say(v, "Yg=");
}

/* Answers that the server keeps for a while, so that the end comes before them. */
static void before_the_answer(struct visitor *v)
{
	to_data(v);
	visitor_say(v, "hold\r\n.\r\n");
}

static const struct { const char *name; void (*go)(struct visitor *v); bool whole; } stages[] = {
	{ "in a command", in_command, false },
	{ "in DATA", in_data, false },
	{ "in DATA, at the dot", in_data_at_the_dot, false },
	{ "in a chunk", in_chunk, false },
	{ "in the last chunk", in_last_chunk, false },
	{ "behind a chunk", behind_a_chunk, false },
	{ "in an exchange of AUTH", in_exchange, false },
	{ "before the answer", before_the_answer, true },
};

static void close_tcp(struct visitor *v) { close(v->fd); }

static void close_tls(struct visitor *v)
{
	SSL_shutdown(v->ssl);
	close(v->fd);
}

static void reset(struct visitor *v)
{
	const struct linger none = { .l_onoff = 1 };
	setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(v->fd);
}

/* What would end any of the stages, and be a message. */
static const char behind[] =
	"\r\n.\r\nRSET\r\nMAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\nsmuggled\r\n.\r\n";

static void go_on_in_clear(struct visitor *v)
{
	SSL_shutdown(v->ssl);
	v->ssl = NULL;
	if (write(v->fd, behind, sizeof(behind) - 1) < 0)
		return;                  /* it has closed already */
	visitor_drain(v);
}

/* No record, in the middle of what TLS has under way. */
static void break_tls(struct visitor *v)
{
	v->ssl = NULL;
	visitor_say(v, behind);
	visitor_drain(v);
}

static const struct { const char *name; void (*go)(struct visitor *v); bool tls_only; } ways[] = {
	{ "TCP ends", close_tcp, false },
	{ "a reset", reset, false },
	{ "TLS ends", close_tls, true },
	{ "TLS ends, and clear text", go_on_in_clear, true },
	{ "clear text within TLS", break_tls, true },
};

/* ---- the server --------------------------------------------------------------------- */

struct server {
	struct loop *loop;
	int listen_fd;
	struct endpoint at;
	struct loop_watch *listener;
	SSL_CTX *tls;
	struct wire_server *wire;
	unsigned mails, messages, ends;
	bool held;                       /* the answer to the message comes later */
	unsigned held_turns;
	struct buf text;
};

static void event(void *arg, const struct smtp_server_event *ev)
{
	struct server *s = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: wire_server_reply(s->wire, 220, NULL, NULL); break;
	case SMTP_SERVER_DATA: wire_server_reply(s->wire, 354, NULL, "Go on"); break;
	case SMTP_SERVER_TEXT: buf_add_str(&s->text, ev->text); break;
	case SMTP_SERVER_SASL: wire_server_challenge(s->wire, STR("b")); break;
	case SMTP_SERVER_MESSAGE:
		s->messages++;
		s->held = str_eq(buf_str(&s->text), STR("hold\r\n"));
		if (!s->held)
			wire_server_reply(s->wire, 250, NULL, "Taken");
		break;
	case SMTP_SERVER_HELO: case SMTP_SERVER_MAIL: case SMTP_SERVER_RCPT:
		s->mails += ev->type == SMTP_SERVER_MAIL;
		wire_server_reply(s->wire, 250, NULL, NULL);
		break;
	case SMTP_SERVER_UNKNOWN: wire_server_reply(s->wire, 500, NULL, "?"); break;
	default: break;
	}
}

static void ended(void *arg, enum stream_end why)
{
	struct server *s = arg;
	(void)why;
	s->ends++;
	wire_server_destroy(s->wire);
	s->wire = NULL;
}

static const struct wire_server_hooks hooks = { .event = event, .ended = ended };

static void acceptable(void *arg, unsigned events)
{
	struct server *s = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(s->listen_fd, &peer);
	if (fd < 0)
		return;
	const struct smtp_server_options options = {
		.hostname = "mx.test", .offer_starttls = true, .sasl = "X-STEPS",
		.auth_in_clear = true,
	};
	const struct wire_server_setup setup = { .loop = s->loop, .fd = fd, .options = &options,
	                                         .tls = s->tls, .hooks = &hooks, .arg = s };
	s->wire = wire_server_create(&setup);
	wire_server_begin(s->wire);
}

static void server_init(struct server *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*s = (struct server){ .loop = loop_create(), .at = { ip_from_v4(127, 0, 0, 1), 0 } };
	s->listen_fd = stream_listen(&s->at);
	assert_true(s->listen_fd >= 0);
	getsockname(s->listen_fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &s->at);
	s->tls = certificate_server("mx.test");
	s->listener = loop_watch_create(s->loop, s->listen_fd, acceptable, s);
	loop_watch_set(s->listener, LOOP_READ);
}

static void server_fini(struct server *s)
{
	wire_server_destroy(s->wire);
	loop_watch_destroy(s->listener);
	close(s->listen_fd);
	SSL_CTX_free(s->tls);
	loop_destroy(s->loop);
	buf_fini(&s->text);
}

/* The client in a process of its own, until the server has seen its end. */
static void visit(struct server *s, bool tls, void (*stage)(struct visitor *v),
                  void (*way)(struct visitor *v))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct visitor v;
		visitor_connect(&v, s->at.port);
		visitor_hear(&v, "220");
		visitor_say(&v, "EHLO c.test\r\n");
		visitor_hear(&v, "250");
		if (tls)
			visitor_starttls(&v);
		stage(&v);
		way(&v);
		_exit(0);
	}
	assert_true(pid > 0);
	for (int i = 0; i < TURNS_MAX && s->ends == 0; i++) {
		loop_run_once(s->loop, 10);
		/* The session of who has closed in order ends by the answer. */
		if (s->held && s->wire && ++s->held_turns == HELD_TURNS)
			wire_server_reply(s->wire, 250, NULL, "Taken");
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		for (size_t k = 0; k < 2 * sizeof(ways) / sizeof(ways[0]); k++) {
			bool tls = k & 1;
			struct server s;
			char row[100];
			if (ways[k / 2].tls_only && !tls)
				continue;
			snprintf(row, sizeof(row), "%s, %s%s", stages[i].name, ways[k / 2].name,
			         tls ? " (TLS)" : "");
			server_init(&s);
			visit(&s, tls, stages[i].go, ways[k / 2].go);
			CHECK_ROW(row, s.ends == 1 && !s.wire);
			CHECK_ROW(row, s.messages == stages[i].whole);
			CHECK_ROW(row, s.mails <= 1);
			CHECK_ROW(row, str_search(buf_str(&s.text), STR("smuggled")) == SIZE_MAX);
			server_fini(&s);
		}
	}
}

/* ---- in front of TLS ------------------------------------------------------------------ */

static void nothing(struct visitor *v) { (void)v; }

/* In one packet with STARTTLS: the session ends, and TLS never begins. */
static void inject(struct visitor *v)
{
	visitor_say(v, "STARTTLS\r\nMAIL FROM:<x@y>\r\n");
	visitor_hear(v, "554");
	visitor_must(visitor_drain(v) == 0, "something behind the 554");
}

/* Instead of a handshake: no byte more is said in clear, whatever is asked. */
static void no_handshake(struct visitor *v)
{
	visitor_say(v, "STARTTLS\r\n");
	visitor_hear(v, "220");
	visitor_say(v, "EHLO x\r\nMAIL FROM:<x@y>\r\nQUIT\r\n");
	/* An alert of TLS may come. */
	visitor_must(visitor_drain(v) <= 7, "clear text in a handshake");
}

static void test_in_front_of_tls(void **state)
{
	static void (*const stages_of_tls[])(struct visitor *v) = { inject, no_handshake };
	(void)state;
	for (size_t i = 0; i < sizeof(stages_of_tls) / sizeof(stages_of_tls[0]); i++) {
		struct server s;
		server_init(&s);
		visit(&s, false, stages_of_tls[i], nothing);
		assert_int_equal(s.ends, 1);
		assert_int_equal(s.mails, 0);
		server_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends), cmocka_unit_test(test_in_front_of_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
