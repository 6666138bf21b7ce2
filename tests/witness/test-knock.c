/* SPDX-License-Identifier: ISC
 *
 * What is said to a mail server, answer by answer, and how it ends: a server that says what its row
 * has, on the same loop.
 */
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "witness/knock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TURNS = 2000, TURN_MS = 5 };
#define WORD "pwkeyqaaicamcakbqh6usq"

struct world {
	struct loop *loop;
	int fd;
	struct endpoint at;
	struct loop_watch *watch;
	struct stream *server;
	const char *answers;             /* "220|250|550|…"; 0: closes */
	struct buf heard;                /* the verbs */
	bool done;
	struct witness_knocked knocked;
};

static void answer_next(struct world *w)
{
	char line[100];
	unsigned code = 0;
	if (sscanf(w->answers, "%u", &code) != 1 || code == 0) {
		stream_destroy(w->server);
		w->server = NULL;
		return;
	}
	bool tls = code == 251;          /* EHLO, and STARTTLS is offered */
	snprintf(line, sizeof(line), tls ? "250-mx\r\n250 STARTTLS\r\n" : "%u mx\r\n", code);
	stream_write(w->server, str_of(line));
	w->answers = strchr(w->answers, '|') ? strchr(w->answers, '|') + 1 : "";
}

static void server_received(void *arg, struct str bytes)
{
	struct world *w = arg;
	buf_add(&w->heard, bytes.p, bytes.n < 4 ? bytes.n : 4);
	buf_add_byte(&w->heard, ' ');
	answer_next(w);
}

static void server_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	(void)why;
	stream_destroy(w->server);
	w->server = NULL;
}

static void server_ready(void *arg, unsigned events)
{
	static const struct stream_events handlers = { .received = server_received,
	                                               .ended = server_ended };
	struct world *w = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(w->fd, &peer);
	if (fd < 0)
		return;
	w->server = stream_adopt(w->loop, fd, &handlers, w);
	answer_next(w);
}

static void knock_ended(void *arg, const struct witness_knocked *knocked)
{
	struct world *w = arg;
	w->knocked = *knocked;
	w->done = true;
}

static void world_begin(struct world *w, const char *answers)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*w = (struct world){ .loop = loop_create(), .answers = answers,
	                     .at = { .ip = ip_from_v4(127, 0, 0, 1) } };
	w->fd = stream_listen(&w->at);
	assert_true(w->fd >= 0 && getsockname(w->fd, (struct sockaddr *)&ss, &len) == 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w->at);
	w->watch = loop_watch_create(w->loop, w->fd, server_ready, w);
	loop_watch_set(w->watch, LOOP_READ);
}

static void world_end(struct world *w)
{
	stream_destroy(w->server);
	loop_watch_destroy(w->watch);
	close(w->fd);
	loop_destroy(w->loop);
	buf_fini(&w->heard);
}

static void knock_at(struct world *w)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	const struct witness_knock_setup setup = {
		.loop = w->loop, .to = w->at, .name = "probe.example", .word = WORD, .tls = tls,
		.connect_ms = 2000, .command_ms = 2000, .session_ms = 5000,
		.ended = knock_ended, .arg = w,
	};
	struct witness_knock *k = witness_knock_create(&setup);
	for (int i = 0; i < TURNS && !w->done; i++)
		loop_run_once(w->loop, TURN_MS);
	assert_true(w->done);
	witness_knock_destroy(k);
	SSL_CTX_free(tls);
}

static const struct {
	const char *label, *answers, *heard;
	enum witness_knock_end end;
	bool told;
} rows[] = {
	{ "all is said", "220|250|550|250|501|221", "EHLO EXPN MAIL RCPT QUIT ", WITNESS_KNOCKED,
	  true },
	{ "EXPN may do what it likes", "220|250|250|250|501|221", "EHLO EXPN MAIL RCPT QUIT ",
	  WITNESS_KNOCKED, true },
	{ "no data even if RCPT is taken", "220|250|550|250|250|221", "EHLO EXPN MAIL RCPT QUIT ",
	  WITNESS_KNOCKED, true },
	{ "it closes behind QUIT", "220|250|550|250|501|0", "EHLO EXPN MAIL RCPT QUIT ",
	  WITNESS_KNOCKED, true },
	{ "HELO", "220|502|250|550|250|501|221", "EHLO HELO EXPN MAIL RCPT QUIT ", WITNESS_KNOCKED,
	  true },
	{ "no greeting for us", "554|221", "QUIT ", WITNESS_TURNED_AWAY, false },
	{ "EHLO is refused", "220|550|221", "EHLO QUIT ", WITNESS_TURNED_AWAY, true },
	{ "MAIL is refused", "220|250|502|550|221", "EHLO EXPN MAIL QUIT ", WITNESS_TURNED_AWAY,
	  true },
	{ "TLS is needed, and not offered", "220|250|502|530|221", "EHLO EXPN MAIL QUIT ",
	  WITNESS_TURNED_AWAY, true },
	{ "TLS is needed, and cannot be had", "220|251|502|530|454|221",
	  "EHLO EXPN MAIL STAR QUIT ", WITNESS_NO_TLS, true },
	{ "hung up at once", "0", "", WITNESS_HUNG_UP, false },
	{ "hung up", "220|250|0", "EHLO EXPN ", WITNESS_HUNG_UP, true },
};

static void each_answer_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		world_begin(&w, rows[i].answers);
		knock_at(&w);
		if (strcmp(buf_cstr(&w.heard), rows[i].heard) != 0 ||
		    w.knocked.end != rows[i].end || w.knocked.told != rows[i].told)
			fail_msg("%s: heard \"%s\", end %d", rows[i].label, buf_cstr(&w.heard),
			         w.knocked.end);
		world_end(&w);
	}
}

static void the_lines_are_kept(void **state)
{
	struct world w;
	char line[100];
	(void)state;
	world_begin(&w, "220|250|550|250|501|221");
	knock_at(&w);
	assert_int_equal(w.knocked.n, 5);
	assert_true(ip_eq(&w.knocked.from.ip, &w.at.ip));
	snprintf(line, sizeof(line), "EHLO " WORD "-4-%u.probe.example", w.at.port);
	assert_string_equal(w.knocked.lines[0].said, line);
	snprintf(line, sizeof(line), "RCPT TO:<" WORD "-4-%u@a..b>", w.at.port);
	assert_string_equal(w.knocked.lines[3].said, line);
	assert_int_equal(w.knocked.lines[3].code, 501);
	world_end(&w);
}

static void nobody_is_there(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, "");
	loop_watch_destroy(w.watch);
	w.watch = NULL;
	close(w.fd);
	w.fd = -1;
	knock_at(&w);
	assert_int_equal(w.knocked.end, WITNESS_NOBODY);
	assert_int_equal(w.knocked.from.ip.family, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_decides),
		cmocka_unit_test(the_lines_are_kept),
		cmocka_unit_test(nobody_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
