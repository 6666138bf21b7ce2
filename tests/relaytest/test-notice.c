/* SPDX-License-Identifier: ISC
 *
 * Mail to a tested host itself, over a socket of the loopback: it goes to that host and to
 * nobody else, and an answer to a retest never to a name that a still open relay would carry
 * it on to.
 */
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "relaytest/tester-private.h"
#include "smtp/server.h"

#include <stdlib.h>
#include <unistd.h>

enum { TURNS_MAX = 500 };

/* The host: takes mail for those whom it knows, and writes down what was said. */
struct host {
	struct loop *loop;
	int fd;
	struct loop_watch *watch;
	struct stream *stream;
	struct smtp_server *smtp;
	const char *knows;           /* a recipient; NULL: none */
	int greeting;                /* 0: 220 */
	bool closing;
	struct buf said, message;
};

static void reply_to_event(struct host *h, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		smtp_server_reply(h->smtp, h->greeting ? h->greeting : 220, NULL, "");
		break;
	case SMTP_SERVER_MAIL:
		buf_printf(&h->said, "MAIL %.*s\n", STR_ARG(ev->path->text));
		smtp_server_reply(h->smtp, 250, NULL, "Ok");
		break;
	case SMTP_SERVER_RCPT: {
		bool known = h->knows && str_eq(ev->path->text, str_of(h->knows));
		buf_printf(&h->said, "RCPT %.*s\n", STR_ARG(ev->path->text));
		smtp_server_reply(h->smtp, known ? 250 : 550, NULL, "So be it");
		break;
	}
	case SMTP_SERVER_TEXT:
		buf_add_str(&h->message, ev->text);
		break;
	case SMTP_SERVER_DATA:
		smtp_server_reply(h->smtp, 354, NULL, "Go on");
		break;
	case SMTP_SERVER_HELO:
	case SMTP_SERVER_MESSAGE:
		smtp_server_reply(h->smtp, 250, NULL, "Ok");
		break;
	case SMTP_SERVER_CLOSE:
		h->closing = true;
		break;
	default:
		break;
	}
}

static void host_turn(struct host *h)
{
	struct smtp_server_event ev;
	while (smtp_server_next(h->smtp, &ev))
		reply_to_event(h, &ev);
	struct str out = smtp_server_output(h->smtp);
	stream_write(h->stream, out);
	smtp_server_output_sent(h->smtp, out.n);
	if (h->closing)
		stream_finish(h->stream);
}

static void host_received(void *arg, struct str bytes)
{
	struct host *h = arg;
	smtp_server_input(h->smtp, bytes);
	host_turn(h);
}

static void host_ended(void *arg, enum stream_end why)
{
	struct host *h = arg;
	(void)why;
	stream_destroy(h->stream);
	h->stream = NULL;
}

static const struct stream_events host_events = { .received = host_received, .ended = host_ended };

static void host_accept(void *arg, unsigned events)
{
	static const struct smtp_server_options options = { .hostname = "mx.host.test" };
	struct host *h = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(h->fd, &peer);
	assert_true(fd >= 0 && !h->smtp);
	h->smtp = smtp_server_create(&options);
	h->stream = stream_adopt(h->loop, fd, &host_events, h);
	host_turn(h);
}

static void host_open(struct host *h, struct loop *loop, struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	h->loop = loop;
	h->fd = stream_listen(at);
	assert_true(h->fd >= 0);
	assert_int_equal(getsockname(h->fd, (struct sockaddr *)&ss, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, at);
	h->watch = loop_watch_create(loop, h->fd, host_accept, h);
	loop_watch_set(h->watch, LOOP_READ);
}

static void host_close(struct host *h)
{
	loop_watch_destroy(h->watch);
	stream_destroy(h->stream);
	smtp_server_destroy(h->smtp);
	close(h->fd);
	buf_fini(&h->said);
	buf_fini(&h->message);
}

/* ---- rows ------------------------------------------------------------------------------- */

struct row {
	const char *name, *knows;
	enum verdict verdict;        /* NONE: a notice of a listing */
	bool delisted;
	int greeting;
	const char *said;
	const char *message[3];      /* what stands in the mail; none: no mail */
};

static void send_notice(struct tester *t, struct run *r, const struct row *row)
{
	if (row->verdict == VERDICT_NONE)
		notice_listed(t, r, "ev-1");
	else
		notice_result(t, r, row->verdict, row->delisted);
}

static void check_said(const struct row *row, const struct host *h)
{
	if (strcmp(buf_cstr(&h->said), row->said) != 0)
		fail_msg("%s: said\n%sexpected\n%s", row->name, buf_cstr(&h->said), row->said);
	CHECK_ROW(row->name, (h->message.n > 0) == (row->message[0] != NULL));
	for (size_t i = 0; i < 3 && row->message[i]; i++)
		if (str_search(buf_str(&h->message), str_of(row->message[i])) == SIZE_MAX)
			fail_msg("%s: \"%s\" is not in\n%s", row->name, row->message[i],
			         buf_cstr(&h->message));
}

static void check(const struct row *row)
{
	struct tester_config config = { .domain = (char[]){ "one.test" } };
	struct host host = { .knows = row->knows, .greeting = row->greeting };
	struct loop *loop = loop_create();
	struct tester t = { .setup = { .loop = loop, .config = &config, .operator_name = "Us",
	                               .hostname = "tester.one.test", .contact = "abuse@one.test",
	                               .objection_url = "" } };
	struct run r = { .tester = &t, .test = { .reply_to = "<admin@elsewhere.test>" } };
	host_open(&host, loop, &r.test.target);
	send_notice(&t, &r, row);
	for (int i = 0; t.notices; i++) {
		assert_true(i < TURNS_MAX);
		loop_run_once(loop, 1000);
	}
	check_said(row, &host);
	host_close(&host);
	loop_destroy(loop);
}

static void test_notices(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "passed", "<admin@elsewhere.test>", VERDICT_CLOSED, true, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\n",
		  { "Subject: Retest passed: delisted\r\n", "taken off the list",
		    "abuse@one.test" } },
		{ "closed, but not delisted", "<admin@elsewhere.test>", VERDICT_CLOSED, false, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\n",
		  { "Subject: Retest result\r\n", "The list was not changed" } },
		{ "closed, and relays for nobody", "<postmaster@[127.0.0.1]>", VERDICT_CLOSED, true,
		  0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\nRCPT <postmaster@[127.0.0.1]>\n",
		  { "delisted", "Auto-Submitted: auto-replied\r\n" } },
		{ "open still: not to a name that may be forged", "<postmaster@[127.0.0.1]>",
		  VERDICT_OPEN, false, 0, "MAIL <>\nRCPT <postmaster@[127.0.0.1]>\n",
		  { "Verdict for port", "open" } },
		{ "takes it, perhaps: nor then", "<postmaster>", VERDICT_ACCEPTING, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.0.0.1]>\nRCPT <postmaster>\n", { "accepting" } },
		{ "undecided: nor then", "<postmaster@[127.0.0.1]>", VERDICT_INCONCLUSIVE, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.0.0.1]>\n", { "inconclusive" } },
		{ "knows nobody", NULL, VERDICT_CLOSED, true, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\nRCPT <postmaster@[127.0.0.1]>\n"
		  "RCPT <postmaster>\n", { NULL } },
		{ "turns us away", NULL, VERDICT_CLOSED, true, 554, "", { NULL } },
		{ "hangs up", NULL, VERDICT_CLOSED, true, 421, "", { NULL } },
		{ "listed", "<postmaster@[127.0.0.1]>", VERDICT_NONE, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.0.0.1]>\n",
		  { "Subject: Your mail server is an open relay\r\n", "Evidence: ev-1\r\n",
		    "send a mail to retest@one.test" } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* What is under way at the end is dropped. */
static void test_abandoned(void **state)
{
	(void)state;
	struct tester_config config = { .domain = (char[]){ "one.test" } };
	struct loop *loop = loop_create();
	struct tester t = { .setup = { .loop = loop, .config = &config, .operator_name = "Us",
	                               .hostname = "x.test", .contact = "", .objection_url = "" } };
	struct run r = { .tester = &t, .test = {
		.target = { ip_from_v4(127, 0, 0, 1), 9 }, .reply_to = "<a@b.test>" } };
	notice_result(&t, &r, VERDICT_CLOSED, true);
	notice_result(&t, &r, VERDICT_OPEN, false);
	notice_listed(&t, &r, "ev");
	assert_non_null(t.notices);
	notice_abandon(&t);
	assert_null(t.notices);
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_abandoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
