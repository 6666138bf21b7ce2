/* SPDX-License-Identifier: ISC
 * The resolver against a name server of our own on the same loop, whose answers are told
 * by the first label of the question. */
#include "sockets.h"
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "dns/message.h"
#include "dns/resolver.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
	struct loop *loop;
	int udp, tcp;
	struct endpoint at;
	struct loop_watch *udp_watch, *tcp_watch;
	struct stream *peer;
	struct dns_resolver *resolver;
	unsigned udp_queries, tcp_queries, results;
	bool ports[65536];               /* that a question by UDP came from */
	unsigned port_count;
	uint32_t ttl_s;
	enum dns_status status;
	struct buf found;
	struct str name;
	struct dns_query *other;
	bool destroy_in_callback;
};

static bool is(const struct dns_question *q, const char *label)
{
	return q->name.b[0] == strlen(label) && memcmp(q->name.b + 1, label, q->name.b[0]) == 0;
}

static void put_record(struct dns_writer *w, unsigned type, const void *data, size_t n)
{
	dns_put_pointer(w, DNS_HEADER_BYTES);
	dns_put_u16(w, type);
	dns_put_u16(w, DNS_CLASS_IN);
	dns_put_u32(w, 60);
	dns_put_u16(w, (unsigned)n);
	dns_put_bytes(w, data, n);
}

/* Returns the answer's length, 0 for none. */
static size_t answer(struct str query, bool tcp, uint8_t *dst, size_t size)
{
	struct dns_reader r = { (const uint8_t *)query.p, query.n, 0 };
	struct dns_writer w = { .p = dst, .size = size, .n = DNS_HEADER_BYTES };
	struct dns_header h;
	struct dns_question q;
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	assert_int_equal(dns_read_question(&r, &q), ERR_OK);
	struct dns_header a = { .id = h.id, .flags = DNS_FLAG_QR, .questions = 1, .answers = 1 };
	dns_put_question(&w, &q);
	if (is(&q, "silent"))
		return 0;
	if (is(&q, "nxsoa")) {
		static const uint8_t soa[] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1,
		                               0, 0, 0, 1, 0, 0, 0, 30 };
		a.answers = 0;
		a.authorities = 1;
		a.flags |= DNS_RCODE_NXDOMAIN;
		put_record(&w, DNS_TYPE_SOA, soa, sizeof(soa));
	} else
	if (is(&q, "wrongid"))
		a.id ^= 1;
	if (is(&q, "refused") || is(&q, "nx") || is(&q, "fail") || (is(&q, "tc") && !tcp) ||
	    (is(&q, "four") && q.type == DNS_TYPE_AAAA)) {
		a.answers = 0;
		a.flags |= is(&q, "refused") ? DNS_RCODE_REFUSED :
		           is(&q, "nx") ? DNS_RCODE_NXDOMAIN :
		           is(&q, "fail") ? DNS_RCODE_SERVFAIL :
		           is(&q, "tc") ? DNS_FLAG_TC : 0;
	} else if (q.type == DNS_TYPE_AAAA) {
		put_record(&w, q.type, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	} else if (q.type == DNS_TYPE_PTR) {
		put_record(&w, q.type, "\4mail\7example", 14);
	} else if (q.type == DNS_TYPE_MX) {
		put_record(&w, q.type, "\0\12\2mx\7example", 14);
	} else if (q.type == DNS_TYPE_TXT) {
		put_record(&w, q.type, "\2hi", 3);
	} else {
		put_record(&w, q.type, "\300\0\2\1", 4);
	}
	struct dns_writer head = { .p = dst, .size = DNS_HEADER_BYTES };
	dns_put_header(&head, &a);
	return w.n;
}

static void udp_ready(void *arg, unsigned events)
{
	struct world *w = arg;
	uint8_t query[600], reply[600];
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	(void)events;
	ssize_t n = recvfrom(w->udp, query, sizeof(query), 0, (struct sockaddr *)&peer, &len);
	if (n < 0)
		return;
	w->udp_queries++;
	unsigned port = ntohs(((struct sockaddr_in *)(void *)&peer)->sin_port);
	w->port_count += !w->ports[port];
	w->ports[port] = true;
	size_t m = answer((struct str){ (char *)query, (size_t)n }, false, reply, sizeof(reply));
	if (m)
		sendto(w->udp, reply, m, 0, (struct sockaddr *)&peer, len);
}

static void tcp_received(void *arg, struct str bytes)
{
	struct world *w = arg;
	uint8_t reply[602];
	w->tcp_queries++;
	size_t m = answer(str_from(bytes, 2), true, reply + 2, sizeof(reply) - 2);
	reply[0] = (uint8_t)(m >> 8);
	reply[1] = (uint8_t)m;
	stream_write(w->peer, (struct str){ (char *)reply, m + 2 });
}

static void tcp_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	(void)why;
	stream_destroy(w->peer);
	w->peer = NULL;
}

static void tcp_ready(void *arg, unsigned events)
{
	static const struct stream_events handlers = { .received = tcp_received,
	                                               .ended = tcp_ended };
	struct world *w = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(w->tcp, &peer);
	if (fd >= 0 && !w->peer)
		w->peer = stream_adopt(w->loop, fd, &handlers, w);
}

static int setup(void **state)
{
	struct world *w = mem_zalloc(sizeof(*w));
	w->loop = loop_create();
	w->at.ip = ip_from_v4(127, 0, 0, 1);
	assert_int_equal(sockets_bind_both(&w->at, &w->udp, &w->tcp), ERR_OK);
	w->udp_watch = loop_watch_create(w->loop, w->udp, udp_ready, w);
	loop_watch_set(w->udp_watch, LOOP_READ);
	w->tcp_watch = loop_watch_create(w->loop, w->tcp, tcp_ready, w);
	loop_watch_set(w->tcp_watch, LOOP_READ);
	struct dns_resolver_options options = { 60, 2, 250 };
	assert_int_equal(dns_resolver_create(w->loop, &w->at, 1, &options, &w->resolver), ERR_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	dns_resolver_destroy(w->resolver);
	stream_destroy(w->peer);
	loop_watch_destroy(w->udp_watch);
	loop_watch_destroy(w->tcp_watch);
	close(w->udp);
	close(w->tcp);
	loop_destroy(w->loop);
	buf_fini(&w->found);
	free(w);
	return 0;
}

static void came(void *arg, const struct dns_result *r)
{
	struct world *w = arg;
	char text[IP_TEXT_MAX];
	w->results++;
	w->status = r->status;
	w->ttl_s = r->ttl_s;
	buf_clear(&w->found);
	for (size_t i = 0; i < r->ip_count; i++)
		buf_printf(&w->found, "%s ", ip_format(&r->ips[i], text));
	for (size_t i = 0; i < r->mx_count; i++)
		buf_printf(&w->found, "%u:%s ", r->mx[i].preference, r->mx[i].host);
	for (size_t i = 0; i < r->name_count; i++)
		buf_printf(&w->found, "%s ", r->names[i]);
	for (size_t i = 0; i < r->text_count; i++)
		buf_printf(&w->found, "%.*s ", STR_ARG(r->texts[i]));
	dns_query_cancel(w->other);
	w->other = NULL;
	if (w->destroy_in_callback) {
		dns_resolver_destroy(w->resolver);
		w->resolver = NULL;
	}
	loop_stop(w->loop);
}

typedef struct dns_query *ask_fn(struct dns_resolver *, struct str, dns_result_cb *, void *);

static void test_answers(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *name;
		ask_fn *ask;
		enum dns_status status;
		const char *found;
	} rows[] = {
		{ "ok.example", dns_resolve_a, DNS_FOUND, "192.0.2.1 " },
		{ "ok.example.", dns_resolve_a, DNS_FOUND, "192.0.2.1 " },
		{ "ok.example", dns_resolve_aaaa, DNS_FOUND, "2001:db8::1 " },
		{ "ok.example", dns_resolve_ips, DNS_FOUND, "192.0.2.1 2001:db8::1 " },
		{ "four.example", dns_resolve_ips, DNS_FOUND, "192.0.2.1 " },
		{ "nx.example", dns_resolve_ips, DNS_NXDOMAIN, "" },
		{ "ok.example", dns_resolve_mx, DNS_FOUND, "10:mx.example " },
		{ "ok.example", dns_resolve_txt, DNS_FOUND, "hi " },
		{ "nx.example", dns_resolve_a, DNS_NXDOMAIN, "" },
		{ "fail.example", dns_resolve_a, DNS_SERVFAIL, "" },
		{ "refused.example", dns_resolve_a, DNS_REFUSED, "" },
		{ "four.example", dns_resolve_aaaa, DNS_NODATA, "" },
		{ "tc.example", dns_resolve_a, DNS_FOUND, "192.0.2.1 " },
		{ "silent.example", dns_resolve_a, DNS_TIMEOUT, "" },
		{ "silent.example", dns_resolve_ips, DNS_TIMEOUT, "" },
		{ "wrongid.example", dns_resolve_a, DNS_TIMEOUT, "" },
		{ "not a name", dns_resolve_a, DNS_BAD_NAME, "" },
		{ "", dns_resolve_ips, DNS_BAD_NAME, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned before = w->results;
		struct dns_query *q = rows[i].ask(w->resolver, str_of(rows[i].name), came, w);
		CHECK_ROW(rows[i].name, q != NULL && w->results == before);
		CHECK_ROW(rows[i].name, dns_resolver_pending(w->resolver) == 1);
		loop_run(w->loop);
		CHECK_ROW(rows[i].name, w->results == before + 1);
		CHECK_ROW(rows[i].name, w->status == rows[i].status);
		CHECK_ROW(rows[i].name, strcmp(buf_cstr(&w->found), rows[i].found) == 0);
		CHECK_ROW(rows[i].name, dns_resolver_pending(w->resolver) == 0);
	}
	assert_int_equal(w->tcp_queries, 1);
}

static void test_ptr(void **state)
{
	struct world *w = *state;
	struct ip ip = ip_from_v4(192, 0, 2, 7);
	dns_resolve_ptr(w->resolver, &ip, came, w);
	loop_run(w->loop);
	assert_string_equal(buf_cstr(&w->found), "mail.example ");
}

static void test_cancel(void **state)
{
	struct world *w = *state;
	struct dns_query *q = dns_resolve_a(w->resolver, STR("ok.example"), came, w);
	struct dns_query *bad = dns_resolve_a(w->resolver, STR("a b"), came, w);
	dns_query_cancel(q);
	dns_query_cancel(bad);
	dns_query_cancel(NULL);
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
	/* The answer of the first finds no socket any more. */
	dns_resolve_a(w->resolver, STR("ok.example"), came, w);
	loop_run(w->loop);
	assert_int_equal(w->results, 1);
	assert_int_equal(w->udp_queries, 2);
}

/* One is cancelled by the other's callback, when both are answered. */
static void test_cancel_in_callback(void **state)
{
	struct world *w = *state;
	dns_resolve_a(w->resolver, STR("a b"), came, w);
	w->other = dns_resolve_a(w->resolver, STR("c d"), came, w);
	loop_run(w->loop);
	loop_run_once(w->loop, 0);
	assert_int_equal(w->results, 1);
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
}

static void test_destroy_in_callback(void **state)
{
	struct world *w = *state;
	w->destroy_in_callback = true;
	dns_resolve_a(w->resolver, STR("silent.example"), came, w);
	dns_resolve_ips(w->resolver, STR("silent.example"), came, w);
	dns_resolve_a(w->resolver, STR("a b"), came, w);
	dns_resolve_a(w->resolver, STR("c d"), came, w);
	loop_run(w->loop);
	assert_int_equal(w->results, 1);
	assert_null(w->resolver);
}

static void test_destroy_with_queries(void **state)
{
	struct world *w = *state;
	dns_resolve_a(w->resolver, STR("silent.example"), came, w);
	dns_query_cancel(dns_resolve_ips(w->resolver, STR("silent.example"), came, w));
	dns_resolve_a(w->resolver, STR("a b"), came, w);
	dns_resolver_destroy(w->resolver);
	w->resolver = NULL;
	assert_int_equal(w->results, 0);
}

static void count(void *arg, const struct dns_result *r)
{
	struct world *w = arg;
	assert_int_equal(r->status, DNS_FOUND);
	if (++w->results == 200)
		loop_stop(w->loop);
}

static void test_many(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 100; i++) {
		dns_resolve_a(w->resolver, STR("ok.example"), count, w);
		dns_resolve_ips(w->resolver, STR("ok.example"), count, w);
	}
	loop_run(w->loop);
	assert_int_equal(w->results, 200);
}

/* Each from a port of its own, one after the other and all at once. (The kernel chooses: that it
 * takes one twice in a while is no fault.) */
static void test_source_ports(void **state)
{
	enum { TURNS = 40 };
	struct world *w = *state;
	for (int i = 0; i < TURNS; i++) {
		dns_resolve_a(w->resolver, STR("ok.example"), came, w);
		loop_run(w->loop);
	}
	assert_int_equal(w->udp_queries, TURNS);
	assert_true(w->port_count > TURNS - 5);
	memset(w->ports, 0, sizeof(w->ports));
	w->port_count = w->results = w->udp_queries = 0;
	for (int i = 0; i < 100; i++) {
		dns_resolve_a(w->resolver, STR("ok.example"), count, w);
		dns_resolve_ips(w->resolver, STR("ok.example"), count, w);
	}
	loop_run(w->loop);
	assert_true(w->udp_queries >= 300);
	assert_true(w->port_count > 290);
}

static void ask_again(struct world *w, ask_fn *fn, const char *name, enum dns_status want,
                      const char *found, unsigned queries)
{
	w->results = 0;
	w->udp_queries = 0;
	struct dns_query *q = fn(w->resolver, str_of(name), came, w);
	CHECK_ROW(name, q && w->results == 0);
	loop_run(w->loop);
	CHECK_ROW(name, w->results == 1 && w->status == want);
	CHECK_ROW(name, strcmp(buf_cstr(&w->found), found) == 0);
	CHECK_ROW(name, w->udp_queries == queries);
}

static void test_cache(void **state)
{
	struct world *w = *state;
	struct dns_resolver_options options = { 60, 2, 250, .cache_entries = 64 };
	dns_resolver_destroy(w->resolver);
	assert_int_equal(dns_resolver_create(w->loop, &w->at, 1, &options, &w->resolver), ERR_OK);
	ask_again(w, dns_resolve_a, "ok.example", DNS_FOUND, "192.0.2.1 ", 1);
	ask_again(w, dns_resolve_a, "OK.example.", DNS_FOUND, "192.0.2.1 ", 0);
	assert_true(w->ttl_s <= 60 && w->ttl_s >= 50);
	/* By type; what is kept of a pair is not asked for. */
	ask_again(w, dns_resolve_ips, "ok.example", DNS_FOUND, "192.0.2.1 2001:db8::1 ", 1);
	ask_again(w, dns_resolve_ips, "ok.example", DNS_FOUND, "192.0.2.1 2001:db8::1 ", 0);
	ask_again(w, dns_resolve_mx, "ok.example", DNS_FOUND, "10:mx.example ", 1);
	ask_again(w, dns_resolve_mx, "ok.example", DNS_FOUND, "10:mx.example ", 0);
	/* "None" without an SOA record is not kept, and no failure is. */
	ask_again(w, dns_resolve_a, "nx.example", DNS_NXDOMAIN, "", 1);
	ask_again(w, dns_resolve_a, "nx.example", DNS_NXDOMAIN, "", 1);
	ask_again(w, dns_resolve_a, "fail.example", DNS_SERVFAIL, "", 1);
	ask_again(w, dns_resolve_a, "fail.example", DNS_SERVFAIL, "", 1);
	/* With one it is. */
	ask_again(w, dns_resolve_a, "nxsoa.example", DNS_NXDOMAIN, "", 1);
	ask_again(w, dns_resolve_a, "nxsoa.example", DNS_NXDOMAIN, "", 0);
	/* An answer from the cache can be called off as any other. */
	w->results = 0;
	dns_query_cancel(dns_resolve_a(w->resolver, STR("ok.example"), came, w));
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
	loop_run_once(w->loop, 0);
	assert_int_equal(w->results, 0);
}

/* More questions at once than may be asked wait for their turn; called off they leave it. */
static void test_line(void **state)
{
	enum { MANY = 700 };
	static struct dns_query *asked[MANY];
	struct world *w = *state;
	for (int i = 0; i < MANY; i++)
		asked[i] = dns_resolve_a(w->resolver, STR("silent.example"), count, w);
	assert_int_equal(dns_resolver_pending(w->resolver), MANY);
	for (int i = 0; i < MANY; i++)
		dns_query_cancel(asked[i]);
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
	dns_resolve_a(w->resolver, STR("ok.example"), came, w);
	loop_run(w->loop);
	assert_true(w->results == 1 && w->status == DNS_FOUND);
}

/* Nobody listens: that is "no answer", at once or in time. */
static void test_dead_server(void **state)
{
	struct world *w = *state;
	struct dns_resolver_options options = { 60, 2, 250 };
	struct dns_resolver *r;
	struct endpoint dead = w->at;
	struct endpoint servers[2] = { dead, w->at };
	endpoint_parse(STR("127.0.0.9:9"), 0, &dead, NULL);
	servers[0] = dead;
	assert_int_equal(dns_resolver_create(w->loop, &dead, 1, &options, &r), ERR_OK);
	dns_resolve_a(r, STR("ok.example"), came, w);
	loop_run(w->loop);
	assert_int_equal(w->status, DNS_TIMEOUT);
	dns_resolver_destroy(r);
	/* The second server answers in its place. */
	assert_int_equal(dns_resolver_create(w->loop, servers, 2, &options, &r), ERR_OK);
	dns_resolve_a(r, STR("ok.example"), came, w);
	loop_run(w->loop);
	assert_int_equal(w->status, DNS_FOUND);
	dns_resolver_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ptr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy_with_queries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
