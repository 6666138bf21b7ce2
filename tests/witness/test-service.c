/* SPDX-License-Identifier: ISC
 *
 * A witness and who asks it, over real sockets and TLS, with a name server and a mail server of our
 * own on the same loop: what the mail server hears, what the asker is told, who is not answered.
 */
#include "sockets.h"
#include "test.h"

#include "base/mem.h"
#include "certificate.h"
#include "dns/message.h"
#include "witness/ask.h"
#include "witness/service.h"
#include "witness/tls.h"

#include <stdlib.h>

enum { TURNS = 4000, TURN_MS = 5 };

struct world {
	struct loop *loop;
	int dns_fd, mail_fd, witness_fd;
	struct loop_watch *dns, *mail;
	struct endpoint mail_at, witness_at;
	struct stream *server;           /* of the mail server: one connection at a time */
	struct buf heard;                /* all lines of all connections */
	const char *greeting;
	char word[WITNESS_WORD_SIZE];
	bool mute;                       /* no answer to RCPT, but a close */
	struct dns_resolver *resolver;
	struct witness_config config;
	struct witness_keys keys;
	struct witness_secret secret;
	struct witness_counters counters;
	struct witness_service *service;
	bool done;
	struct witness_answer answer;
	const char *why;
};

/* ---- the name server --------------------------------------------------------------------- */

static bool is_named(const struct dns_question *q, const char *label)
{
	return q->name.b[0] == strlen(label) && memcmp(q->name.b + 1, label, q->name.b[0]) == 0;
}

static void put_a(struct dns_writer *w, struct dns_header *h, const char *bytes)
{
	dns_put_pointer(w, DNS_HEADER_BYTES);
	dns_put_u16(w, DNS_TYPE_A);
	dns_put_u16(w, DNS_CLASS_IN);
	dns_put_u32(w, 60);
	dns_put_u16(w, 4);
	dns_put_bytes(w, bytes, 4);
	h->answers++;
}

static size_t name_answer(struct str query, uint8_t *dst, size_t size)
{
	struct dns_reader r = { (const uint8_t *)query.p, query.n, 0 };
	struct dns_writer w = { .p = dst, .size = size, .n = DNS_HEADER_BYTES };
	struct dns_writer head = { .p = dst, .size = DNS_HEADER_BYTES };
	struct dns_header h;
	struct dns_question q;
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	assert_int_equal(dns_read_question(&r, &q), ERR_OK);
	struct dns_header a = { .id = h.id, .flags = DNS_FLAG_QR, .questions = 1 };
	dns_put_question(&w, &q);
	if (is_named(&q, "half") && q.type == DNS_TYPE_AAAA)
		a.flags |= DNS_RCODE_SERVFAIL;
	else if (q.type != DNS_TYPE_A || is_named(&q, "none"))
		;
	else if (is_named(&q, "private"))
		put_a(&w, &a, "\12\143\0\1");
	else if (is_named(&q, "closed"))
		put_a(&w, &a, "\177\0\0\2");
	else
		put_a(&w, &a, "\177\0\0\1");
	if (is_named(&q, "twice") && q.type == DNS_TYPE_A)
		put_a(&w, &a, "\177\0\0\1");
	for (char i = 0; is_named(&q, "many") && q.type == DNS_TYPE_A && i < 9; i++)
		put_a(&w, &a, (char[]){ 127, 0, 1, i });
	dns_put_header(&head, &a);
	return w.n;
}

static void dns_ready(void *arg, unsigned events)
{
	struct world *w = arg;
	uint8_t query[600], reply[600];
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	(void)events;
	ssize_t n = recvfrom(w->dns_fd, query, sizeof(query), 0, (struct sockaddr *)&peer, &len);
	if (n < 0)
		return;
	size_t m = name_answer((struct str){ (char *)query, (size_t)n }, reply, sizeof(reply));
	sendto(w->dns_fd, reply, m, 0, (struct sockaddr *)&peer, len);
}

/* ---- the mail server ------------------------------------------------------------------------ */

static void mail_received(void *arg, struct str bytes)
{
	struct world *w = arg;
	buf_add_str(&w->heard, bytes);
	if (str_prefix(bytes, STR("RCPT")) && w->mute) {
		stream_destroy(w->server);
		w->server = NULL;
	} else if (str_prefix(bytes, STR("RCPT"))) {
		stream_write(w->server, STR("501 5.1.3 Bad recipient address syntax\r\n"));
	} else if (str_prefix(bytes, STR("QUIT"))) {
		stream_write(w->server, STR("221 bye\r\n"));
	} else {
		stream_write(w->server, STR("250 the secret of the server\r\n"));
	}
}

static void mail_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	(void)why;
	stream_destroy(w->server);
	w->server = NULL;
}

static void mail_ready(void *arg, unsigned events)
{
	static const struct stream_events handlers = { .received = mail_received,
	                                               .ended = mail_ended };
	struct world *w = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(w->mail_fd, &peer);
	if (fd < 0)
		return;
	assert_null(w->server);
	w->server = stream_adopt(w->loop, fd, &handlers, w);
	stream_write(w->server, str_of(w->greeting));
}

/* ---- the world ------------------------------------------------------------------------------ */

static void make_key(struct world *w)
{
	struct buf row = { 0 }, message = { 0 };
	struct witness_key key = {
		.name = "mx", .host_count = 7,
		.hosts = { "one.example", "half.example", "private.example", "many.example",
		           "closed.example", "none.example", "twice.example" },
		.port_count = 1, .ports = { w->mail_at.port }, .network_count = 1,
	};
	assert_int_equal(prefix_parse(STR("127.0.0.0/8"), &key.networks[0], NULL), ERR_OK);
	str_copy(w->secret.name, sizeof(w->secret.name), STR("mx"));
	memset(w->secret.secret, 0x5a, sizeof(w->secret.secret));
	witness_secret_hash(&w->secret, key.hash);
	witness_key_format(&key, &row);
	assert_int_equal(witness_keys_parse("k", buf_str(&row), &w->keys, &message), ERR_OK);
	buf_fini(&row);
}

static int listening(struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*at = (struct endpoint){ .ip = ip_from_v4(127, 0, 0, 1) };
	int fd = stream_listen(at);
	assert_true(fd >= 0 && getsockname(fd, (struct sockaddr *)&ss, &len) == 0);
	endpoint_from_sockaddr((struct sockaddr *)&ss, at);
	return fd;
}

static int begin(void **state)
{
	struct world *w = mem_zalloc(sizeof(*w));
	struct endpoint dns = { .ip = ip_from_v4(127, 0, 0, 1) };
	struct buf message = { 0 };
	int unused;
	w->loop = loop_create();
	w->greeting = "220 mx ESMTP\r\n";
	witness_word_make(20000, (const uint8_t[WITNESS_RANDOM_BYTES]){ 1, 2, 3 }, w->word);
	assert_int_equal(sockets_bind_both(&dns, &w->dns_fd, &unused), ERR_OK);
	close(unused);
	w->dns = loop_watch_create(w->loop, w->dns_fd, dns_ready, w);
	loop_watch_set(w->dns, LOOP_READ);
	w->mail_fd = listening(&w->mail_at);
	w->mail = loop_watch_create(w->loop, w->mail_fd, mail_ready, w);
	loop_watch_set(w->mail, LOOP_READ);
	w->witness_fd = listening(&w->witness_at);
	assert_int_equal(dns_resolver_create(w->loop, &dns, 1, NULL, &w->resolver), ERR_OK);
	w->config = (struct witness_config){ .rate = 100, .sessions = 8, .sessions_per_host = 8 };
	make_key(w);
	const struct witness_service_setup setup = {
		.loop = w->loop, .name = "witness.example", .config = &w->config,
		.keys = &w->keys, .resolver = w->resolver,
		.counters = &w->counters, .listen_fds = &w->witness_fd, .listen_count = 1,
	};
	assert_int_equal(witness_service_create(&setup, &w->service, &message), ERR_OK);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	witness_service_destroy(w->service);
	dns_resolver_destroy(w->resolver);
	witness_keys_fini(&w->keys);
	stream_destroy(w->server);
	loop_watch_destroy(w->dns);
	loop_watch_destroy(w->mail);
	close(w->dns_fd);
	close(w->mail_fd);
	close(w->witness_fd);
	loop_destroy(w->loop);
	buf_fini(&w->heard);
	free(w);
	return 0;
}

static void answered(void *arg, const struct witness_answer *answer, const char *why)
{
	struct world *w = arg;
	w->done = true;
	w->why = why;
	if (answer)
		w->answer = *answer;
}

static void ask_at(struct world *w, const struct endpoint *at, const struct witness_secret *secret,
                   const char *host, uint16_t port)
{
	struct witness_ask_setup setup = {
		.loop = w->loop, .to = *at, .secret = secret,
		.request = { .ports = { port }, .port_count = 1 },
		.done = answered, .arg = w,
	};
	str_copy(setup.request.word, sizeof(setup.request.word), str_of(w->word));
	str_copy(setup.request.host, sizeof(setup.request.host), str_of(host));
	w->done = false;
	w->why = NULL;
	w->answer = (struct witness_answer){ 0 };
	struct witness_ask *a = witness_ask_create(&setup);
	for (int i = 0; i < TURNS && !w->done; i++)
		loop_run_once(w->loop, TURN_MS);
	assert_true(w->done);
	witness_ask_destroy(a);
}

static void ask_about(struct world *w, const char *host)
{
	ask_at(w, &w->witness_at, &w->secret, host, w->mail_at.port);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_seen(void **state)
{
	struct world *w = *state;
	ask_about(w, "One.example");
	assert_null(w->why);
	assert_int_equal(w->answer.no, WITNESS_YES);
	assert_int_equal(w->answer.n, 1);
	assert_int_equal(w->answer.v[0].result, WITNESS_CONNECTED);
	assert_true(w->answer.v[0].greeted && w->answer.v[0].said);
	assert_true(ip_eq(&w->answer.v[0].source, &w->mail_at.ip));
	struct buf expected = { 0 };
	unsigned port = w->mail_at.port;
	buf_printf(&expected, "EHLO %s-4-%u.witness.example\r\nEXPN %s-4-%u\r\n"
	           "MAIL FROM:<>\r\nRCPT TO:<%s-4-%u@a..b>\r\nQUIT\r\n",
	           w->word, port, w->word, port, w->word, port);
	assert_string_equal(buf_cstr(&w->heard), buf_cstr(&expected));
	buf_fini(&expected);
	ask_about(w, "twice.example");
	assert_int_equal(w->answer.n, 1);
	assert_int_equal(w->counters.visits, 2);
	assert_int_equal(w->counters.answered, 2);
}

static void test_servers(void **state)
{
	struct world *w = *state;
	ask_about(w, "closed.example");
	assert_int_equal(w->answer.v[0].result, WITNESS_REFUSED);
	assert_false(w->answer.v[0].greeted);
	w->greeting = "554 go away\r\n";
	ask_about(w, "one.example");
	assert_int_equal(w->answer.v[0].result, WITNESS_CONNECTED);
	assert_false(w->answer.v[0].greeted || w->answer.v[0].said);
	w->greeting = "220 mx\r\n";
	w->mute = true;
	ask_about(w, "one.example");
	assert_true(w->answer.v[0].greeted && !w->answer.v[0].said);
}

/* What is not asked of anybody. */
static void test_denied(void **state)
{
	struct world *w = *state;
	ask_at(w, &w->witness_at, &w->secret, "one.example", 22);
	assert_int_equal(w->answer.no, WITNESS_NO_PORT);
	ask_about(w, "other.example");
	assert_int_equal(w->answer.no, WITNESS_NO_HOST);
	ask_about(w, "none.example");
	assert_int_equal(w->answer.no, WITNESS_NO_NAME);
	ask_about(w, "half.example");
	assert_int_equal(w->answer.no, WITNESS_NO_NAME);
	ask_about(w, "many.example");
	assert_int_equal(w->answer.no, WITNESS_NO_MANY);
	ask_about(w, "private.example");
	assert_int_equal(w->answer.no, WITNESS_YES);
	assert_int_equal(w->answer.v[0].result, WITNESS_FORBIDDEN);
	assert_int_equal(w->counters.visits, 0);
	assert_int_equal(w->heard.n, 0);
}

static void test_rate(void **state)
{
	struct world *w = *state;
	w->config.rate = 1;
	ask_about(w, "one.example");
	assert_int_equal(w->answer.n, 1);
	ask_about(w, "one.example");
	assert_int_equal(w->answer.no, WITNESS_NO_RATE);
	assert_int_equal(w->counters.visits, 1);
}

/* A wrong secret and a name that there is not end alike. */
static void test_no_key(void **state)
{
	struct world *w = *state;
	struct witness_secret wrong = w->secret, nobody = w->secret;
	wrong.secret[0] ^= 1;
	str_copy(nobody.name, sizeof(nobody.name), STR("nobody"));
	ask_at(w, &w->witness_at, &wrong, "one.example", w->mail_at.port);
	const char *why = w->why;
	assert_non_null(why);
	ask_at(w, &w->witness_at, &nobody, "one.example", w->mail_at.port);
	assert_ptr_equal(w->why, why);
	for (int i = 0; i < TURNS && w->counters.keyless < 2; i++)
		loop_run_once(w->loop, TURN_MS);
	assert_int_equal(w->counters.keyless, 2);
	assert_int_equal(w->counters.asked, 0);
}

struct stranger {
	struct stream *stream;
	SSL_CTX *tls;
	bool secured, ended;
	size_t bytes;
};

static void stranger_connected(void *arg)
{
	struct stranger *s = arg;
	if (s->tls)
		stream_start_tls(s->stream, s->tls, false, NULL);
	else
		stream_write(s->stream, STR("witness/1 pwjyqacaqdaqcqmbyijmmq one.example 25\n"));
}

static void stranger_secured(void *arg)
{
	((struct stranger *)arg)->secured = true;
}

static void stranger_received(void *arg, struct str bytes)
{
	((struct stranger *)arg)->bytes += bytes.n;
}

static void stranger_ended(void *arg, enum stream_end why)
{
	(void)why;
	((struct stranger *)arg)->ended = true;
}

/* TLS by any certificate, and no TLS at all. In clear an alert of 7 bytes is all that comes. */
static void test_strangers(void **state)
{
	static const struct stream_events handlers = {
		.connected = stranger_connected, .secured = stranger_secured,
		.received = stranger_received, .ended = stranger_ended,
	};
	struct world *w = *state;
	for (int tls = 0; tls < 2; tls++) {
		struct stranger s = { .tls = tls ? SSL_CTX_new(TLS_client_method()) : NULL };
		s.stream = stream_connect(w->loop, &w->witness_at, NULL, &handlers, &s);
		for (int i = 0; i < TURNS && !s.ended; i++)
			loop_run_once(w->loop, TURN_MS);
		assert_true(s.ended && !s.secured && s.bytes <= 7);
		stream_destroy(s.stream);
		SSL_CTX_free(s.tls);
	}
	assert_int_equal(w->counters.asked, 0);
	assert_int_equal(w->counters.visits, 0);
}

/* ---- who passes for a witness ---------------------------------------------------------- */

struct impostor {
	int fd;
	struct loop *loop;
	SSL_CTX *tls;
	struct stream *stream;
	bool secured;
};

static void impostor_secured(void *arg)
{
	struct impostor *i = arg;
	i->secured = true;
	stream_write(i->stream, STR("at 127.0.0.1 25 connected 127.0.0.1 greeted said\nend\n"));
}

static void impostor_received(void *arg, struct str bytes)
{
	(void)arg, (void)bytes;
}

static void impostor_ended(void *arg, enum stream_end why)
{
	struct impostor *i = arg;
	(void)why;
	stream_destroy(i->stream);
	i->stream = NULL;
}

static void impostor_ready(void *arg, unsigned events)
{
	static const struct stream_events handlers = {
		.secured = impostor_secured, .received = impostor_received,
		.ended = impostor_ended,
	};
	struct impostor *i = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(i->fd, &peer);
	if (fd < 0)
		return;
	i->stream = stream_adopt(i->loop, fd, &handlers, i);
	stream_start_tls(i->stream, i->tls, true, NULL);
}

/* A certificate proves nothing to who has a key. */
static void test_impostor(void **state)
{
	struct world *w = *state;
	struct endpoint at;
	struct impostor i = { .loop = w->loop, .tls = certificate_server("witness.example") };
	i.fd = listening(&at);
	struct loop_watch *watch = loop_watch_create(w->loop, i.fd, impostor_ready, &i);
	loop_watch_set(watch, LOOP_READ);
	ask_at(w, &at, &w->secret, "one.example", w->mail_at.port);
	assert_non_null(w->why);
	assert_int_equal(w->answer.n, 0);
	loop_watch_destroy(watch);
	stream_destroy(i.stream);
	SSL_CTX_free(i.tls);
	close(i.fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_seen), TEST(test_servers), TEST(test_denied), TEST(test_rate),
		TEST(test_no_key), TEST(test_strangers), TEST(test_impostor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
