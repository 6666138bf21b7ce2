/* SPDX-License-Identifier: ISC
 *
 * Mail to a tested host itself, over sockets of the loopback: it goes to that host and to
 * nobody else, and an answer to a retest never to a name that a still open relay would carry
 * it on to. It keeps to the limits of tests, waits until none talks to the address, speaks TLS
 * where that is to be had, and tries port 25 after another port.
 */
#include "certificate.h"
#include "test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/stream.h"
#include "relaytest/tester-private.h"
#include "smtp/server.h"

#include <stdlib.h>
#include <unistd.h>

enum { TURNS_MAX = 500 };

/* Ports below 1024 are root's: an address that no other test has. */
#define LOW_ADDRESS ip_from_v4(127, 46, 5, 25)

/* The host: takes mail for those whom it knows, and writes down what was said. */
struct host {
	struct loop *loop;
	int fd;
	struct loop_watch *watch;
	struct stream *stream;
	struct smtp_server *smtp;
	const char *knows;           /* a recipient; NULL: none */
	int greeting;                /* 0: 220 */
	SSL_CTX *tls;
	bool tls_at_once, offers_tls, breaks_tls;
	bool mute_at_mail;
	bool closing, start_tls, garbles;
	unsigned connections;
	struct buf said, message;
};

static void reply_to_event(struct host *h, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		smtp_server_reply(h->smtp, h->greeting ? h->greeting : 220, NULL, "");
		break;
	case SMTP_SERVER_STARTTLS:
		h->start_tls = true;
		break;
	case SMTP_SERVER_MAIL:
		buf_printf(&h->said, "%sMAIL %.*s\n", stream_tls(h->stream) ? "TLS " : "",
		           STR_ARG(ev->path->text));
		if (!h->mute_at_mail)
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
	if (h->start_tls && !h->breaks_tls)
		stream_start_tls(h->stream, h->tls, true, NULL);
	h->garbles = h->start_tls && h->breaks_tls;
	h->start_tls = false;
}

static void host_received(void *arg, struct str bytes)
{
	struct host *h = arg;
	if (h->garbles) {
		stream_write(h->stream, STR("no TLS at all\r\n"));
		return;
	}
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

static void host_secured(void *arg)
{
	struct host *h = arg;
	if (!h->tls_at_once)
		smtp_server_tls_started(h->smtp);
	host_turn(h);
}

static const struct stream_events host_events = {
	.secured = host_secured, .received = host_received, .ended = host_ended,
};

static void host_accept(void *arg, unsigned events)
{
	struct host *h = arg;
	struct smtp_server_options options = { .hostname = "mx.host.test",
	                                       .offer_starttls = h->offers_tls };
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(h->fd, &peer);
	if (fd < 0)
		return;
	assert_null(h->stream);      /* one connection at a time */
	h->connections++;
	h->closing = h->garbles = false;
	smtp_server_destroy(h->smtp);
	h->smtp = smtp_server_create(&options);
	h->stream = stream_adopt(h->loop, fd, &host_events, h);
	if (h->tls_at_once)
		stream_start_tls(h->stream, h->tls, true, NULL);
	else
		host_turn(h);
}

/* False: that port is not ours to use. */
static bool host_open(struct host *h, struct loop *loop, struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	h->loop = loop;
	h->fd = stream_listen(at);
	if (h->fd == ERR_DENIED)
		return false;
	assert_true(h->fd >= 0);
	assert_int_equal(getsockname(h->fd, (struct sockaddr *)&ss, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, at);
	h->watch = loop_watch_create(loop, h->fd, host_accept, h);
	loop_watch_set(h->watch, LOOP_READ);
	h->tls = certificate_server("mx.host.test");
	return true;
}

static void host_close(struct host *h)
{
	loop_watch_destroy(h->watch);
	stream_destroy(h->stream);
	smtp_server_destroy(h->smtp);
	if (h->fd >= 0)
		close(h->fd);
	SSL_CTX_free(h->tls);
	buf_fini(&h->said);
	buf_fini(&h->message);
}

/* ---- a tester without tests -------------------------------------------------------------- */

struct world {
	struct loop *loop;
	struct tester_config config;
	struct tester t;
	struct run r;                /* the test that it is about */
};

static void world_open(struct world *w, struct endpoint target)
{
	static const struct politeness_limits limits = { .rate = 1000, .sessions = 10,
	                                                 .sessions_per_net = 10 };
	static char domain[] = "one.test";
	*w = (struct world){ .loop = loop_create() };
	w->config = (struct tester_config){
		.domain = domain, .connect_timeout_s = 5, .command_timeout_s = 5,
		.session_timeout_s = 10,
	};
	w->t = (struct tester){
		.setup = { .loop = w->loop, .config = &w->config,
		           .us = { .operator_name = "Us", .hostname = "tester.one.test",
		                   .contact = "abuse@one.test", .objection_url = "" } },
		.politeness = politeness_create(&limits), .tls = SSL_CTX_new(TLS_client_method()),
	};
	w->r = (struct run){ .tester = &w->t, .test = { .target = target,
	                                                .reply_to = "<admin@elsewhere.test>" } };
}

static void world_close(struct world *w)
{
	notice_abandon(&w->t);
	politeness_destroy(w->t.politeness);
	SSL_CTX_free(w->t.tls);
	loop_destroy(w->loop);
}

static void turn(struct world *w)
{
	notice_turn(&w->t);
	loop_run_once(w->loop, 10);
}

static void run_out(struct world *w)
{
	for (int i = 0; w->t.notices; i++) {
		assert_true(i < TURNS_MAX);
		turn(w);
	}
}

/* ---- rows ------------------------------------------------------------------------------- */

struct row {
	const char *name, *knows;
	enum verdict verdict;        /* NONE: a notice of a listing */
	bool delisted;
	int greeting;
	const char *said;
	const char *message[3];      /* what stands in the mail; none: no mail */
	const char *reason, *range;
	bool open, lost;
};

/* A percent hack, in a host that greets as Exim. */
static const struct explanation *why_open(const struct row *row, struct explanation *why)
{
	const char *const forms[] = { "E14" };
	if (!row->open)
		return NULL;
	const struct seen_as seen = { ip_from_v4(172, 18, 0, 1), ip_from_v4(203, 0, 113, 5) };
	const struct ip host = ip_from_v4(198, 51, 100, 7);
	assert_int_equal(explain_open(forms, 1, MTA_EXIM, why), ERR_OK);
	if (row->lost)
		explain_seen(why, &seen, &host);
	return why;
}

static void send_notice(struct tester *t, struct run *r, const struct row *row)
{
	struct explanation why;
	struct prefix range = { 0 };
	if (row->range)
		assert_int_equal(prefix_parse(str_of(row->range), &range, NULL), ERR_OK);
	if (row->verdict == VERDICT_NONE)
		notice_listed(t, r, "ev-1", why_open(row, &why));
	else
		notice_result(t, r, &(struct told){
			.verdict = row->verdict, .delisted = row->delisted,
			.reason = row->reason ? row->reason : "", .why = why_open(row, &why),
			.range = row->range ? &range : NULL,
		});
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
	struct host host = { .knows = row->knows, .greeting = row->greeting };
	struct endpoint at = { ip_from_v4(127, 46, 5, 1), 0 };
	struct world w;
	world_open(&w, at);
	assert_true(host_open(&host, w.loop, &w.r.test.target));
	send_notice(&w.t, &w.r, row);
	run_out(&w);
	check_said(row, &host);
	host_close(&host);
	world_close(&w);
}

static void test_notices(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "passed", "<admin@elsewhere.test>", VERDICT_CLOSED, true, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\n",
		  { "Subject: Auto: Retest passed: delisted\r\n", "taken off the list",
		    "abuse@one.test" } },
		{ "passed, and part of a listed range", "<admin@elsewhere.test>", VERDICT_CLOSED,
		  true, 0, "MAIL <>\nRCPT <admin@elsewhere.test>\n",
		  { "Subject: Auto: Retest passed\r\n", "stays listed as part of 127.46.5.0/24",
		    "ask the operator of the list, abuse@one.test" }, NULL, "127.46.5.0/24" },
		{ "open, and part of a listed range", "<postmaster@[127.46.5.1]>", VERDICT_OPEN,
		  false, 0, "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "Subject: Retest result\r\n", "The list was not changed",
		    "stays listed as part of 127.46.5.0/24" }, NULL, "127.46.5.0/24" },
		{ "open, and the host loses addresses", "<postmaster@[127.46.5.1]>", VERDICT_OPEN,
		  false, 0, "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "the server saw us as 172.18.0.1, not 203.0.113.5:",
		    "Likeliest cause, C2: " }, .open = true, .lost = true },
		{ "closed, but not delisted", "<admin@elsewhere.test>", VERDICT_CLOSED, false, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\n",
		  { "Subject: Auto: Retest result\r\n", "The list was not changed" } },
		{ "closed, and relays for nobody", "<postmaster@[127.46.5.1]>", VERDICT_CLOSED, true,
		  0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "delisted", "Auto-Submitted: auto-replied\r\n" } },
		{ "open still: not to a name that may be forged", "<postmaster@[127.46.5.1]>",
		  VERDICT_OPEN, false, 0, "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "Verdict for port", "Auto-Submitted: auto-generated\r\n",
		    "Subject: Retest result\r\n" } },
		{ "takes it, perhaps: nor then", "<postmaster>", VERDICT_ACCEPTING, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\nRCPT <postmaster>\n", { "accepting" } },
		{ "undecided: nor then", "<postmaster@[127.46.5.1]>", VERDICT_INCONCLUSIVE, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "it says:\r\n\r\n    refuses us at its greeting: 554 No", "We come from ",
		    "ask the operator" }, "refuses us at its greeting: 554 No" },
		{ "what it says is no ASCII", "<postmaster@[127.46.5.1]>", VERDICT_INCONCLUSIVE,
		  false, 0, "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nYou asked",
		    "554 gesch=C3=BCtzt\r\n" }, "554 gesch\xc3\xbctzt" },
		{ "knows nobody", NULL, VERDICT_CLOSED, true, 0,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\nRCPT <postmaster@[127.46.5.1]>\n"
		  "RCPT <postmaster>\n", { NULL } },
		{ "turns us away", NULL, VERDICT_CLOSED, true, 554, "", { NULL } },
		{ "hangs up", NULL, VERDICT_CLOSED, true, 421, "", { NULL } },
		{ "listed", "<postmaster@[127.46.5.1]>", VERDICT_NONE, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "Subject: Your mail server is an open relay\r\n", "Evidence: ev-1\r\n",
		    "send a mail to retest@one.test" } },
		{ "listed, and why", "<postmaster@[127.46.5.1]>", VERDICT_NONE, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "What is open, and how it is closed:\r\n", "E14 (percent hack): ",
		    " local_parts = \\N^\\.|[%!@|/]\\N\r\n" }, .open = true },
		{ "open still, and why", "<postmaster@[127.46.5.1]>", VERDICT_OPEN, false, 0,
		  "MAIL <>\nRCPT <postmaster@[127.46.5.1]>\n",
		  { "The list was not changed.", "In Exim, a guess\r\n" },
		  .open = true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

static void tell(struct world *w, enum verdict verdict, bool delisted)
{
	notice_result(&w->t, &w->r, &(struct told){
		.verdict = verdict, .delisted = delisted, .reason = "",
	});
}

/* The answer stands below the mail that asked, for who wrote it; what is no identifier, and what is
 * for others, does not. */
static void test_thread(void **state)
{
	(void)state;
	static const char thread[] = "In-Reply-To: <a.1@h.test>\r\nReferences: <a.1@h.test>\r\n";
	static const struct {
		const char *name, *id;
		enum verdict verdict;
		bool threads;
	} rows[] = {
		{ "asked", "<a.1@h.test>", VERDICT_CLOSED, true },
		{ "bounces", "<a.1@h.test>", VERDICT_BACKSCATTER, true },
		{ "none", "", VERDICT_CLOSED, false },
		{ "not by the grammar", "<a.1@h.test>\r\nBcc: <b@c.test>", VERDICT_CLOSED, false },
		{ "two", "<a.1@h.test> <a.2@h.test>", VERDICT_CLOSED, false },
		{ "to the postmaster", "<a.1@h.test>", VERDICT_OPEN, false },
		{ "of a listing", "<a.1@h.test>", VERDICT_NONE, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct row row = { .name = rows[i].name, .verdict = rows[i].verdict };
		struct host host = { .knows = rows[i].verdict == VERDICT_CLOSED ||
		                              rows[i].verdict == VERDICT_BACKSCATTER
		                              ? "<admin@elsewhere.test>" : "<postmaster>" };
		struct endpoint at = { ip_from_v4(127, 46, 5, 6), 0 };
		struct world w;
		world_open(&w, at);
		assert_true(host_open(&host, w.loop, &w.r.test.target));
		str_copy(w.r.test.message_id, sizeof(w.r.test.message_id), str_of(rows[i].id));
		send_notice(&w.t, &w.r, &row);
		run_out(&w);
		struct str message = buf_str(&host.message);
		bool any = str_casesearch(message, STR("\nReferences:")) != SIZE_MAX ||
		           str_casesearch(message, STR("\nIn-Reply-To:")) != SIZE_MAX ||
		           str_casesearch(message, STR("\nBcc:")) != SIZE_MAX;
		CHECK_ROW(rows[i].name, message.n > 0 && any == rows[i].threads);
		CHECK_ROW(rows[i].name, (str_search(message, STR(thread)) != SIZE_MAX) == any);
		host_close(&host);
		world_close(&w);
	}
}

/* ---- TLS ---------------------------------------------------------------------------------- */

static void test_starttls(void **state)
{
	(void)state;
	static const struct { const char *name; bool breaks; const char *said; } rows[] = {
		{ "offered", false, "TLS MAIL <>\nRCPT <admin@elsewhere.test>\n" },
		{ "offered and broken: in clear, then", true,
		  "MAIL <>\nRCPT <admin@elsewhere.test>\n" },
	};
	for (size_t i = 0; i < 2; i++) {
		struct host host = { .knows = "<admin@elsewhere.test>", .offers_tls = true,
		                     .breaks_tls = rows[i].breaks };
		struct endpoint at = { ip_from_v4(127, 46, 5, 2), 0 };
		struct world w;
		world_open(&w, at);
		assert_true(host_open(&host, w.loop, &w.r.test.target));
		tell(&w, VERDICT_CLOSED, true);
		run_out(&w);
		assert_string_equal(buf_cstr(&host.said), rows[i].said);
		assert_int_equal(host.connections, rows[i].breaks ? 2 : 1);
		assert_true(host.message.n > 0);
		host_close(&host);
		world_close(&w);
	}
}

/* TLS from the first byte. */
static void test_port_465(void **state)
{
	(void)state;
	struct host host = { .knows = "<postmaster@[127.46.5.25]>", .tls_at_once = true };
	struct endpoint at = { LOW_ADDRESS, 465 };
	struct world w;
	world_open(&w, at);
	bool is_root = host_open(&host, w.loop, &w.r.test.target);
	if (is_root) {
		notice_listed(&w.t, &w.r, "ev", NULL);
		run_out(&w);
		assert_string_equal(buf_cstr(&host.said),
		                    "TLS MAIL <>\nRCPT <postmaster@[127.46.5.25]>\n");
		assert_true(str_search(buf_str(&host.message),
		                       STR("Auto-Submitted: auto-generated\r\n")) != SIZE_MAX);
	}
	host_close(&host);
	world_close(&w);
	if (!is_root)
		skip();
}

/* A submission port takes nothing without a login: port 25 is tried next, and what may be a
 * forged name is not said there. */
static void test_port_25_next(void **state)
{
	(void)state;
	struct host submission = { .knows = NULL };
	struct host host = { .knows = "<postmaster@[127.46.5.25]>" };
	struct endpoint first = { LOW_ADDRESS, 0 }, second = { LOW_ADDRESS, 25 };
	struct world w;
	world_open(&w, first);
	assert_true(host_open(&submission, w.loop, &w.r.test.target));
	bool is_root = host_open(&host, w.loop, &second);
	if (is_root) {
		tell(&w, VERDICT_CLOSED, true);
		run_out(&w);
		assert_string_equal(buf_cstr(&submission.said),
		                    "MAIL <>\nRCPT <admin@elsewhere.test>\n"
		                    "RCPT <postmaster@[127.46.5.25]>\nRCPT <postmaster>\n");
		assert_string_equal(buf_cstr(&host.said),
		                    "MAIL <>\nRCPT <postmaster@[127.46.5.25]>\n");
		assert_true(host.message.n > 0);
	}
	host_close(&submission);
	host_close(&host);
	world_close(&w);
	if (!is_root)
		skip();
}

/* A stop while the host has not answered: it is told that we go. */
static void test_told_of_a_stop(void **state)
{
	(void)state;
	struct host host = { .knows = "<admin@elsewhere.test>", .mute_at_mail = true };
	struct endpoint at = { ip_from_v4(127, 46, 5, 7), 0 };
	struct world w;
	world_open(&w, at);
	assert_true(host_open(&host, w.loop, &w.r.test.target));
	tell(&w, VERDICT_CLOSED, true);
	for (int i = 0; host.said.n == 0; i++) {
		assert_true(i < TURNS_MAX);
		turn(&w);
	}
	notice_abandon(&w.t);
	smtp_server_reply(host.smtp, 250, NULL, "Ok");
	host_turn(&host);
	for (int i = 0; !host.closing; i++) {    /* which QUIT alone brings about */
		assert_true(i < TURNS_MAX && host.stream);
		loop_run_once(w.loop, 10);
	}
	host_close(&host);
	world_close(&w);
}

/* ---- politeness ------------------------------------------------------------------------------ */

static void turn_often(struct world *w)
{
	for (int i = 0; i < 5; i++)
		turn(w);
}

/* Not beside a connection to the address, whoever has it, and one notice at a time. */
static void test_one_connection(void **state)
{
	(void)state;
	struct host host = { .knows = "<admin@elsewhere.test>" };
	struct endpoint at = { ip_from_v4(127, 46, 5, 3), 0 };
	struct world w;
	world_open(&w, at);
	assert_true(host_open(&host, w.loop, &w.r.test.target));
	assert_true(politeness_connect(w.t.politeness, &at.ip));
	tell(&w, VERDICT_CLOSED, true);
	tell(&w, VERDICT_CLOSED, true);
	turn_often(&w);
	assert_int_equal(host.connections, 0);
	politeness_disconnect(w.t.politeness, &at.ip);
	run_out(&w);                 /* host_accept() fails on two at a time */
	assert_int_equal(host.connections, 2);
	/* What was taken has been given back. */
	assert_true(politeness_connect(w.t.politeness, &at.ip));
	host_close(&host);
	world_close(&w);
}

/* Not while a test talks to the address, also between two of its connections. */
static void test_not_beside_a_test(void **state)
{
	(void)state;
	static const enum run_state talks[] = { RUN_NAMES, RUN_TALKING, RUN_PAUSED };
	for (size_t i = 0; i < sizeof(talks) / sizeof(*talks); i++) {
		struct host host = { .knows = "<admin@elsewhere.test>" };
		struct endpoint at = { ip_from_v4(127, 46, 5, 4), 0 };
		struct run other = { .state = talks[i] };
		struct world w;
		world_open(&w, at);
		assert_true(host_open(&host, w.loop, &w.r.test.target));
		other.test.target = (struct endpoint){ at.ip, 587 };
		w.t.runs = &other;
		tell(&w, VERDICT_CLOSED, true);
		turn_often(&w);
		assert_int_equal(host.connections, 0);
		other.state = RUN_WAITING;
		run_out(&w);
		assert_int_equal(host.connections, 1);
		host_close(&host);
		world_close(&w);
	}
}

/* Notices are counted as tests are. */
static void test_rate(void **state)
{
	(void)state;
	static const struct politeness_limits slow = { .rate = 1, .sessions = 10,
	                                               .sessions_per_net = 10 };
	struct endpoint at = { ip_from_v4(127, 46, 5, 5), 9 };
	struct world w;
	world_open(&w, at);
	politeness_destroy(w.t.politeness);
	w.t.politeness = politeness_create(&slow);
	assert_int_equal(politeness_start(w.t.politeness, clock_mono_ms()), 0);
	tell(&w, VERDICT_CLOSED, true);
	notice_turn(&w.t);
	/* No connection was taken. */
	assert_true(politeness_connect(w.t.politeness, &at.ip));
	world_close(&w);
}

/* What is under way at the end is dropped, and its connection given back. */
static void test_abandoned(void **state)
{
	(void)state;
	struct endpoint at = { ip_from_v4(127, 46, 5, 6), 9 };
	struct world w;
	world_open(&w, at);
	tell(&w, VERDICT_CLOSED, true);
	tell(&w, VERDICT_OPEN, false);
	notice_listed(&w.t, &w.r, "ev", NULL);
	assert_non_null(w.t.notices);
	notice_turn(&w.t);
	assert_false(politeness_connect(w.t.politeness, &at.ip));
	notice_abandon(&w.t);
	assert_null(w.t.notices);
	assert_true(politeness_connect(w.t.politeness, &at.ip));
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_port_465),
		cmocka_unit_test(test_port_25_next),
		cmocka_unit_test(test_told_of_a_stop),
		cmocka_unit_test(test_one_connection),
		cmocka_unit_test(test_not_beside_a_test),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_abandoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
