/* SPDX-License-Identifier: ISC
 *
 * The delivery against servers of every kind: who gets what, what each answer means for the queue,
 * and how many connections it takes.
 */
#include "delivery-stage.h"

#include "base/clock.h"
#include "heard.h"

#include <stdio.h>
#include <stdlib.h>

/* One server for example.com, by a transport. */
static struct peer *begin(struct stage *s)
{
	stage_init(s);
	struct peer *p = stage_peer(s);
	stage_transport(s, "example.com", "smtp", p);
	return p;
}

static void expect_log(struct peer *p, const char *expected)
{
	if (strcmp(buf_cstr(&p->log), expected) != 0)
		fail_msg("expected:\n%sfound:\n%s", expected, buf_cstr(&p->log));
}

static void test_one_message(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@example.com d@EXAMPLE.com");
	stage_run_out(&s);
	expect_log(p, "EHLO us.example\nMAIL <a@b.example>\nRCPT <c@example.com>\n"
	           "RCPT <d@EXAMPLE.com>\nTEXT 21\n");
	assert_string_equal(buf_cstr(&p->text), s.text);
	stage_expect(&s, "c@example.com: delivered 2.0.0 relayed [127.0.0.11]|250 2.0.0");
	stage_expect(&s, "d@EXAMPLE.com: delivered");
	assert_int_equal(s.counters.connections, 1);
	assert_int_equal(s.delivered, 2);
	stage_fini(&s);
}

static void test_refusals(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "550-x@example.com ok@example.com 451-y@example.com "
	           "552-z@example.com 552-large@example.com");
	stage_run_out(&s);
	stage_expect(&s, "550-x@example.com: failed 5.0.0 [127.0.0.11]|550");
	stage_expect(&s, "ok@example.com: delivered");
	stage_expect(&s, "451-y@example.com: deferred 4.0.0 ");
	stage_expect(&s, "552-z@example.com: deferred ");
	stage_expect(&s, "552-large@example.com: failed 5.3.4 ");
	/* Nobody is taken: the lone dot of a DATA that was said before, then the next message. */
	stage_mail(&s, "a@b.example", "550-x@example.com");
	stage_run_out(&s);
	stage_mail(&s, "a@b.example", "two@example.com");
	stage_run_out(&s);
	stage_expect(&s, "two@example.com: delivered");
	assert_int_equal(p->connections, 1);
	stage_fini(&s);
}

/* Each stage's answer to all. */
static void test_answers(void **state)
{
	static const struct {
		const char *name;
		int greet, helo, mail, data, message;
		bool old;
		const char *expected;
	} rows[] = {
		{ "greeting", 554, 0, 0, 0, 0, false, "deferred 4." },
		{ "EHLO", 0, 550, 0, 0, 0, false, "deferred 4." },
		{ "MAIL 5xx", 0, 0, 550, 0, 0, false, "failed 5." },
		{ "MAIL 4xx", 0, 0, 450, 0, 0, false, "deferred 4." },
		{ "MAIL 421", 0, 0, 421, 0, 0, false, "deferred 4." },
		{ "DATA 5xx", 0, 0, 0, 554, 0, false, "failed 5." },
		{ "DATA 4xx", 0, 0, 0, 451, 0, false, "deferred 4." },
		{ "text 5xx", 0, 0, 0, 0, 554, false, "failed 5." },
		{ "text 4xx", 0, 0, 0, 0, 452, false, "deferred 4." },
		{ "text 421", 0, 0, 0, 0, 421, false, "deferred 4." },
		{ "old: yes", 0, 0, 0, 0, 0, true, "delivered 2." },
		{ "old: MAIL", 0, 0, 550, 0, 0, true, "failed 5." },
		{ "old: DATA", 0, 0, 0, 554, 0, true, "failed 5." },
		{ "old: text", 0, 0, 0, 0, 554, true, "failed 5." },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		struct peer *p = begin(&s);
		char expected[64];
		p->greet = rows[i].greet;
		p->helo = rows[i].helo;
		p->mail = rows[i].mail;
		p->data = rows[i].data;
		p->message = rows[i].message;
		p->options.no_pipelining = p->options.no_ehlo = rows[i].old;
		stage_begin(&s);
		stage_mail(&s, "", "c@example.com d@example.com");
		stage_run_out(&s);
		snprintf(expected, sizeof(expected), "c@example.com: %s", rows[i].expected);
		CHECK_ROW(rows[i].name, strstr(buf_cstr(&s.outcomes), expected));
		snprintf(expected, sizeof(expected), "d@example.com: %s", rows[i].expected);
		CHECK_ROW(rows[i].name, strstr(buf_cstr(&s.outcomes), expected));
		stage_fini(&s);
	}
}

/* It hangs up where a message is on its way: put off, whether or not the text was out. */
static void test_lost(void **state)
{
	static const enum smtp_server_event_type at[] = {
		SMTP_SERVER_CONNECT, SMTP_SERVER_HELO, SMTP_SERVER_MAIL, SMTP_SERVER_RCPT,
		SMTP_SERVER_DATA, SMTP_SERVER_MESSAGE,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		struct stage s;
		struct peer *p = begin(&s);
		p->drops_at = at[i];
		p->drops = 100;
		stage_begin(&s);
		stage_mail(&s, "a@b.example", "c@example.com");
		stage_run_out(&s);
		stage_expect(&s, "c@example.com: deferred 4.4.2 |[127.0.0.11]: ");
		assert_int_equal(s.settled, 1);
		stage_fini(&s);
	}
}

/* The server closes between two messages: the second was not tried, and goes at once anew. */
static void test_gone_meanwhile(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@example.com");
	stage_run_out(&s);
	p->drops_at = SMTP_SERVER_MAIL;
	p->drops = 1;
	stage_mail(&s, "a@b.example", "d@example.com e@example.com");
	stage_run_out(&s);
	stage_expect(&s, "d@example.com: delivered");
	stage_expect(&s, "e@example.com: delivered");
	assert_int_equal(p->connections, 2);
	stage_fini(&s);
}

static void test_pause(void **state)
{
	struct stage s;
	begin(&s);
	(void)state;
	s.peer[0].greet = 421;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@example.com");
	stage_run_out(&s);
	/* What comes during the pause is told why, without a connection. */
	stage_mail(&s, "a@b.example", "d@example.com");
	stage_run_out(&s);
	stage_expect(&s, "d@example.com: deferred 4.");
	assert_int_equal(s.peer[0].connections, 1);
	struct gateway_destination to;
	assert_true(gateway_delivery_destination(s.delivery, 0, &to));
	assert_true(to.pause_ms > 0 && to.waiting == 0 && to.sessions == 0);
	assert_false(gateway_delivery_destination(s.delivery, 1, &to));
	stage_fini(&s);
}

static void test_many(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	stage_begin(&s);
	for (int i = 0; i < 500; i++)
		stage_mail(&s, "a@b.example", "c@example.com");
	stage_run_out(&s);
	assert_int_equal(s.delivered, 500);
	assert_true(p->most_open > 2 && p->most_open <= 5);
	assert_true(s.counters.reused >= 480);
	stage_fini(&s);
}

/* More than one transaction holds. */
static void test_many_recipients(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	struct buf to = { 0 };
	(void)state;
	for (int i = 0; i < 150; i++)
		buf_printf(&to, "r%d@example.com ", i);
	p->options.limits.recipients = 1000;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", buf_cstr(&to));
	stage_run_out(&s);
	assert_int_equal(s.delivered, 150);
	assert_int_equal(s.texts_read, 2);
	buf_fini(&to);
	stage_fini(&s);
}

static void test_dsn(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	p->options.offer_dsn = true;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@example.com");
	stage_run_out(&s);
	stage_expect(&s, "c@example.com: delivered 2.0.0 [127.0.0.11]");
	stage_fini(&s);
}

/* ---- by MX ----------------------------------------------------------------------------------- */

static void begin_mx(struct stage *s, size_t peers)
{
	static const char *const hosts[] = { "one.mx", "two.mx", "three.mx" };
	static const char *const ips[] = { "127.0.0.11", "127.0.0.12", "127.0.0.13" };
	stage_init(s);
	for (size_t i = 0; i < peers; i++) {
		stage_peer(s);
		s->ip_of[i][0] = hosts[i];
		s->ip_of[i][1] = ips[i];
	}
	s->config.remote_port = s->peer[0].at.port;
	s->mx_of[0][0] = "far.example";
	s->mx_of[0][1] = "10 one.mx 20 two.mx";
}

static void test_mx(void **state)
{
	struct stage s;
	(void)state;
	begin_mx(&s, 2);
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@far.example");
	stage_run_out(&s);
	stage_expect(&s, "c@far.example: delivered 2.0.0 relayed one.mx[127.0.0.11]|250");
	stage_fini(&s);

	/* The first refuses us: the second. The next message begins there. */
	begin_mx(&s, 2);
	s.peer[0].greet = 554;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@far.example");
	stage_run_out(&s);
	stage_expect(&s, "c@far.example: delivered 2.0.0 relayed two.mx[127.0.0.12]|250");
	assert_int_equal(s.asked, 3);
	stage_fini(&s);
}

/* Who is put off by a host is tried at the next one at once; what is refused is not. */
static void test_put_off(void **state)
{
	static const struct {
		int first, second;
		bool closed;
		const char *to, *expected;
	} rows[] = {
		{ 450, 0, false, "c@far.example", "c@far.example: delivered 2.0.0 relayed two.mx[" },
		{ 450, 550, false, "c@far.example", "c@far.example: failed 5.0.0 two.mx[" },
		{ 450, 451, false, "c@far.example", "c@far.example: deferred 4.0.0 two.mx[" },
		{ 450, 0, true, "c@far.example", "c@far.example: deferred 4.0.0 one.mx[" },
		{ 550, 0, false, "c@far.example", "c@far.example: failed 5.0.0 one.mx[" },
		{ 0, 0, false, "c@far.example 451-d@far.example 550-e@far.example",
		  "c@far.example: delivered 2.0.0 relayed one.mx[" },
		{ 0, 0, false, "c@far.example 451-d@far.example 550-e@far.example",
		  "451-d@far.example: deferred 4.0.0 two.mx[" },
		{ 0, 0, false, "c@far.example 451-d@far.example 550-e@far.example",
		  "550-e@far.example: failed 5.0.0 one.mx[" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		begin_mx(&s, 2);
		s.peer[0].mail = rows[i].first;
		s.peer[1].mail = rows[i].second;
		s.peer[1].greet = rows[i].closed ? 554 : 0;
		stage_begin(&s);
		stage_mail(&s, "a@b.example", rows[i].to);
		stage_run_out(&s);
		stage_expect(&s, rows[i].expected);
		/* The next message begins at the first again. */
		s.peer[0].mail = 0;
		stage_mail(&s, "a@b.example", "f@far.example");
		stage_run_out(&s);
		stage_expect(&s, "f@far.example: delivered 2.0.0 relayed one.mx[");
		stage_fini(&s);
	}
}

/* The delivery ends while a kept recipient is on its way to the next host. */
static void test_put_off_and_ended(void **state)
{
	struct stage s;
	(void)state;
	begin_mx(&s, 2);
	s.peer[0].mail = 450;
	s.peer[1].holds = true;
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@far.example d@far.example");
	for (int i = 0; i < TURNS_MAX && !strstr(buf_cstr(&s.peer[1].log), "TEXT"); i++)
		loop_run_once(s.loop, 100);
	gateway_delivery_destroy(s.delivery);
	s.delivery = NULL;
	assert_int_equal(s.given_back, 2);
	stage_fini(&s);
}

/* Three destinations, and two connections in all: each gets its turn, whatever the others have. */
static void test_fair_turns(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	struct peer *q = stage_peer(&s), *r = stage_peer(&s);
	stage_transport(&s, "second.example", "smtp", q);
	stage_transport(&s, "third.example", "smtp", r);
	s.config.connections = 2;
	stage_begin(&s);
	for (int i = 0; i < 200; i++)
		stage_mail(&s, "a@b.example", "c@example.com");
	for (int i = 0; i < 5; i++)
		stage_mail(&s, "a@b.example", "c@second.example d@third.example");
	while (!strstr(buf_cstr(&q->log), "TEXT") || !strstr(buf_cstr(&r->log), "TEXT")) {
		assert_true(s.settled < 200);
		loop_run_once(s.loop, 1000);
		assert_true(p->open + q->open + r->open <= 4);
	}
	stage_run_out(&s);
	assert_int_equal(s.delivered, 210);
	stage_fini(&s);
}

/* A thousand domains and two connections: questions are bounded, what is blocked costs no time. */
static void test_many_destinations(void **state)
{
	struct stage s;
	(void)state;
	begin_mx(&s, 1);
	s.mx_of[0][0] = ".many.example";
	s.mx_of[0][1] = "1 one.mx";
	s.config.connections = 2;
	s.peer[0].holds = true;
	stage_begin(&s);
	for (int i = 0; i < 500; i++) {
		char to[64];
		snprintf(to, sizeof(to), "c@d%d.many.example c@e%d.many.example", i, i);
		stage_mail(&s, "a@b.example", to);
	}
	for (int i = 0; i < 200; i++)
		loop_run_once(s.loop, 1);
	int64_t began_ms = clock_mono_ms();
	for (int i = 0; i < 10; i++)
		loop_run_once(s.loop, 20);
	assert_true(clock_mono_ms() - began_ms >= 100);
	assert_true(s.most_asking <= 100);
	s.peer[0].holds = false;
	peer_close_all(&s.peer[0]);
	stage_run_out(&s);
	assert_true(s.delivered >= 990);
	stage_fini(&s);
}

/* Texts on their way stay within the memory that there is for them. */
static void test_memory(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	s.config.memory_bytes = 50;      /* two texts of 21 bytes */
	s.config.connections_per_destination = 20;
	p->holds = true;
	stage_begin(&s);
	for (int i = 0; i < 10; i++)
		stage_mail(&s, "a@b.example", "c@example.com");
	for (int i = 0; i < 100; i++)
		loop_run_once(s.loop, 5);
	assert_int_equal(s.texts_read, 2);
	p->holds = false;
	peer_close_all(p);
	stage_run_out(&s);
	stage_fini(&s);
}

static void test_mx_wrong(void **state)
{
	static const struct { const char *mx, *ip, *expected; } rows[] = {
		{ "nxdomain", "", "failed 5.1.2" }, { "servfail", "", "deferred 4.4.3" },
		{ "0 .", "", "failed 5.1.10" }, { "1 one.mx", "servfail", "deferred 4.4.3" },
		{ "1 one.mx", "10.0.0.1", "failed 5.4.4" },
		{ "1 us.example", "127.0.0.1", "failed 5.4.6" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		char expected[64];
		begin_mx(&s, 1);
		s.mx_of[0][1] = rows[i].mx;
		s.ip_of[0][1] = rows[i].ip;
		stage_begin(&s);
		stage_mail(&s, "a@b.example", "c@far.example");
		stage_mail(&s, "a@b.example", "d@far.example");
		stage_run_out(&s);
		snprintf(expected, sizeof(expected), "c@far.example: %s", rows[i].expected);
		stage_expect(&s, expected);
		assert_int_equal(s.peer[0].connections, 0);
		stage_fini(&s);
	}
}

/* Our own port 25 on loopback is never reached by a stranger's MX. */
static void test_mx_to_loopback(void **state)
{
	struct stage s;
	(void)state;
	begin_mx(&s, 1);
	s.config.remote_port = 25;
	s.mx_of[0][1] = "1 one.mx";
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@far.example");
	stage_run_out(&s);
	stage_expect(&s, "c@far.example: failed 5.4.4 |mail for far.example would go to 127.0.0.11, "
	             "which is a loopback address (RFC 1122): a transport must name it");
	assert_int_equal(s.counters.connections, 0);
	stage_fini(&s);
}

static void test_nowhere(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@[127.0.0.1] nothing @a,@b:c@d.example a@b@c");
	stage_run_out(&s);
	stage_expect(&s, "c@[127.0.0.1]: failed 5.1.2");
	stage_expect(&s, "nothing: failed 5.1.2");
	stage_expect(&s, "@a,@b:c@d.example: failed 5.1.2");
	stage_expect(&s, "a@b@c: failed 5.1.2");
	stage_fini(&s);
}

/* ---- TLS and logins -------------------------------------------------------------------------- */

static void test_tls(void **state)
{
	static const struct {
		const char *policy;
		bool offers, secured;
		const char *expected;
	} rows[] = {
		{ "opportunistic", true, true, "delivered" },
		{ "opportunistic", false, false, "delivered" },
		{ "none", true, false, "delivered" },
		{ "encrypt", true, true, "delivered" },
		{ "encrypt", false, false, "deferred 4.7.4" },
		{ "verify", true, true, "deferred 4.7.5" },     /* signed by nobody */
		{ "verify", false, false, "deferred 4.7.4" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		char policy[64], expected[64];
		begin_mx(&s, 1);
		s.mx_of[0][1] = "1 one.mx";
		s.peer[0].options.offer_starttls = rows[i].offers;
		snprintf(policy, sizeof(policy), "far.example %s", rows[i].policy);
		s.policies[s.config.tls_policies.n++] = policy;
		stage_begin(&s);
		stage_mail(&s, "a@b.example", "c@far.example");
		stage_run_out(&s);
		snprintf(expected, sizeof(expected), "c@far.example: %s", rows[i].expected);
		stage_expect(&s, expected);
		assert_int_equal(s.peer[0].secured, rows[i].secured);
		assert_int_equal(s.counters.over_tls,
		                 rows[i].secured && strcmp(rows[i].expected, "delivered") == 0);
		stage_fini(&s);
	}
}

/* The next message needs a connection; how many it took, and how often TLS was given up. */
static void mail_anew(struct stage *s, struct peer *p, unsigned connections, unsigned given_up)
{
	struct heard log;
	const unsigned before = p->connections;
	peer_close_all(p);
	heard_begin(&log);
	stage_mail(s, "a@b.example", "d@far.example");
	stage_run_out(s);
	heard_end(&log);
	stage_expect(s, "d@far.example: delivered");
	assert_int_equal(p->connections, before + connections);
	assert_int_equal(heard_lines(&log, "tls-failed"), given_up);
}

/* STARTTLS is offered, and what comes of it is no TLS: once more without, where that is borne. The
 * next connection goes without at once. */
static void test_tls_breaks(void **state)
{
	static const struct {
		const char *name, *at_starttls;
		bool certificate, drops;
		enum smtp_server_event_type drops_at;
		const char *demanded;        /* what is said where TLS is demanded */
	} rows[] = {
		{ "no handshake succeeds", NULL, false, false, 0, "deferred 4.7.5" },
		{ "it hangs up at STARTTLS", NULL, true, true, SMTP_SERVER_STARTTLS,
		  "deferred 4.4.2" },
		{ "garbage for an answer", "SSH-2.0\r\n\x16\x03", true, true,
		  SMTP_SERVER_STARTTLS, "deferred 4.4.2" },
		{ "it goes away with words", "421 4.3.0 no TLS today\r\n", true, true,
		  SMTP_SERVER_STARTTLS, "deferred 4.3.0" },
		{ "an answer too many in clear", "220 go on\r\n", true, false, 0,
		  "deferred 4.7.5" },
		{ "it hangs up within TLS", NULL, true, true, SMTP_SERVER_HELO,
		  "deferred 4." },
	};
	static const char *const policies[] = { "* opportunistic", "* encrypt" };
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const bool demanded = i % 2;
		struct stage s;
		struct heard log;
		char expected[64];
		begin_mx(&s, 1);
		struct peer *p = &s.peer[0];
		s.mx_of[0][1] = "1 one.mx";
		p->options.offer_starttls = true;
		p->at_starttls = rows[i / 2].at_starttls;
		p->drops = rows[i / 2].drops ? 100 : 0;
		p->drops_at = rows[i / 2].drops_at;
		p->drops_within_tls = p->drops_at == SMTP_SERVER_HELO;
		if (!rows[i / 2].certificate) {
			SSL_CTX_free(p->tls);
			p->tls = SSL_CTX_new(TLS_server_method());
		}
		s.policies[s.config.tls_policies.n++] = (char *)policies[demanded];
		stage_begin(&s);
		heard_begin(&log);
		stage_mail(&s, "a@b.example", "c@far.example");
		stage_run_out(&s);
		heard_end(&log);
		snprintf(expected, sizeof(expected), "c@far.example: %s",
		         demanded ? rows[i / 2].demanded : "delivered");
		stage_expect(&s, expected);
		CHECK_ROW(rows[i / 2].name, p->connections == (demanded ? 1 : 2));
		CHECK_ROW(rows[i / 2].name, heard_lines(&log, "tls-failed") == !demanded);
		CHECK_ROW(rows[i / 2].name, s.counters.over_tls == 0);
		if (!demanded) {
			mail_anew(&s, p, 1, 0);
			gateway_delivery_reload(s.delivery, &s.setup);  /* TLS once more */
			mail_anew(&s, p, 2, 1);
		}
		stage_fini(&s);
	}
}

static void test_smarthost(void **state)
{
	static const struct { const char *password, *policy, *expected; bool tls; } rows[] = {
		{ "secret", "encrypt", "delivered", true },
		{ "wrong", "encrypt", "deferred 4.", true },
		{ "secret", "encrypt", "deferred 4.7.4", false },
		/* Without a word about it, the certificate must prove the host. */
		{ "secret", NULL, "deferred 4.7.5", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		char smarthost[ENDPOINT_TEXT_MAX], policy[64], expected[64];
		stage_init(&s);
		struct peer *p = stage_peer(&s);
		p->options.offer_starttls = rows[i].tls;
		p->options.offer_auth_plain = true;
		s.config.smarthost = endpoint_format(&p->at, smarthost);
		s.config.smarthost_login = "us";
		s.config.smarthost_password_file = "/etc/smarthost.password";
		snprintf(policy, sizeof(policy), "127.0.0.11 %s", rows[i].policy);
		if (rows[i].policy)
			s.policies[s.config.tls_policies.n++] = policy;
		stage_begin(&s);
		if (strcmp(rows[i].password, "secret") != 0) {
			s.setup.smarthost_password = str_of(rows[i].password);
			gateway_delivery_reload(s.delivery, &s.setup);
		}
		stage_mail(&s, "a@b.example", "c@far.example d@other.example");
		stage_run_out(&s);
		snprintf(expected, sizeof(expected), "d@other.example: %s", rows[i].expected);
		stage_expect(&s, expected);
		assert_int_equal(strstr(buf_cstr(&p->log), "AUTH us ") != NULL,
		                 strncmp(rows[i].expected, "deferred 4.7.", 13) != 0);
		stage_fini(&s);
	}
}

/* ---- its end --------------------------------------------------------------------------------- */

static void test_given_back(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	p->holds = true;
	stage_begin(&s);
	for (int i = 0; i < 5; i++)
		stage_mail(&s, "a@b.example", "c@example.com d@example.com");
	for (int i = 0; i < TURNS_MAX && !strstr(buf_cstr(&p->log), "TEXT"); i++)
		loop_run_once(s.loop, 100);
	gateway_delivery_destroy(s.delivery);
	s.delivery = NULL;
	assert_int_equal(s.given_back, 10);
	assert_int_equal(s.settled, 0);
	stage_fini(&s);
}

/* New settings: what waits goes by the new way, what is carried ends by the old one. */
static void test_reload(void **state)
{
	struct stage s;
	struct peer *p = begin(&s);
	(void)state;
	struct peer *q = stage_peer(&s);
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@example.com");
	stage_run_out(&s);
	char *kept = s.transports[0];
	s.config.transports.n = 0;
	stage_transport(&s, "example.com", "smtp", q);
	free(kept);
	stage_mail(&s, "a@b.example", "d@example.com");
	gateway_delivery_reload(s.delivery, &s.setup);
	stage_run_out(&s);
	stage_expect(&s, "c@example.com: delivered 2.0.0 relayed [127.0.0.11]");
	stage_expect(&s, "d@example.com: delivered 2.0.0 relayed [127.0.0.12]");
	assert_int_equal(p->connections, 1);
	stage_fini(&s);
}

static void test_unreadable(void **state)
{
	static const struct { int error; const char *expected; } rows[] = {
		{ ERR_IO, "c@example.com: deferred 4.3.0" },
		{ ERR_CORRUPT, "c@example.com: failed 5.3.0" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		begin(&s);
		s.text_error = rows[i].error;
		stage_begin(&s);
		stage_mail(&s, "a@b.example", "c@example.com");
		stage_mail(&s, "a@b.example", "d@example.com");
		stage_run_out(&s);
		stage_expect(&s, rows[i].expected);
		stage_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_message), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_lost),
		cmocka_unit_test(test_gone_meanwhile), cmocka_unit_test(test_pause),
		cmocka_unit_test(test_many), cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_mx_wrong), cmocka_unit_test(test_mx_to_loopback),
		cmocka_unit_test(test_nowhere), cmocka_unit_test(test_tls),
		cmocka_unit_test(test_smarthost),
		cmocka_unit_test(test_tls_breaks),
		cmocka_unit_test(test_dsn), cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_put_off_and_ended), cmocka_unit_test(test_fair_turns),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_many_destinations),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_reload), cmocka_unit_test(test_unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
