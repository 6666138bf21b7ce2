/* SPDX-License-Identifier: ISC
 *
 * Clients asked about at lists of a name server of our own on the same loop. Each zone is a kind of
 * list: "good", "also", "white" work; "sick" has no test entry, "all" lists everything, "parked"
 * answers with a web server's address, "error" refuses by a code, "silent" gives no answer, and
 * "dead" lives on in its test entries alone.
 */
#include "test.h"

#include "base/mem.h"
#include "base/stream.h"
#include "dns/message.h"
#include "gateway/blocklists-health.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
	struct loop *loop;
	int udp;
	struct endpoint at;
	struct loop_watch *watch;
	struct dns_resolver *resolver;
	struct gateway_config config;
	char *block[4], *allow[2];
	struct gateway_blocklists *lists;
	struct gateway_blocklists_query *other;     /* cancelled by whoever calls back first */
	unsigned questions, results;
	bool good_is_broken, keyless;
	bool listed, allowed, warn;
	int weight;
	char matched[100], text[GATEWAY_LISTED_TEXT_MAX];
};

/* ---- the name server ------------------------------------------------------------------- */

/* What the lists of our zones say of whom: by the first labels of the name and its zone. */
static const struct { const char *name; uint8_t code[4]; } entries[] = {
	{ "7.113.0.203.good.example", { 127, 0, 0, 2 } },
	{ "7.113.0.203.also.example", { 127, 0, 0, 9 } },
	{ "7.113.0.203.error.example", { 127, 255, 255, 254 } },
	{ "8.113.0.203.good.example", { 127, 0, 0, 3 } },
	{ "8.113.0.203.white.example", { 127, 0, 0, 2 } },
	{ "7.113.0.203.k1.keyed.example", { 127, 0, 0, 2 } },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.good.example",
	  { 127, 0, 0, 2 } },
};

static const uint8_t *code_of(struct world *w, struct str name)
{
	static const uint8_t test[] = { 127, 0, 0, 2 }, parked[] = { 192, 0, 2, 80 },
	                     error[] = { 127, 255, 255, 254 };
	if (str_casesuffix(name, STR(".parked.example")))
		return parked;
	if (str_casesuffix(name, STR(".all.example")))
		return test;
	if (w->good_is_broken && str_casesuffix(name, STR(".good.example")))
		return error;
	if (str_casesuffix(name, STR(".sick.example")))
		return NULL;
	if (str_prefix(name, STR("2.0.0.127.")) ||
	    (str_prefix(name, STR("2.0.0.0.0.0.f.7.f.f.f.f.0.")) &&
	     !str_casesuffix(name, STR(".also.example"))))
		return test;
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		if (str_caseeq(name, str_of(entries[i].name)))
			return entries[i].code;
	return NULL;
}

static size_t answer(struct world *w, struct str query, uint8_t *dst, size_t size)
{
	static const char reason[] = "\x1eopen relay, see http://x/k1/203";
	struct dns_reader r = { (const uint8_t *)query.p, query.n, 0 };
	struct dns_writer out = { .p = dst, .size = size, .n = DNS_HEADER_BYTES };
	char text[DNS_NAME_TEXT_MAX];
	struct dns_header h;
	struct dns_question q;
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	assert_int_equal(dns_read_question(&r, &q), ERR_OK);
	const struct str name = str_of(dns_name_format(&q.name, text));
	if (str_casesuffix(name, STR(".silent.example")))
		return 0;
	w->keyless |= str_casesuffix(name, STR("keyed.example")) &&
	              str_search(name, STR("k1.keyed.")) == SIZE_MAX;
	const uint8_t *code = code_of(w, name);
	struct dns_header a = { .id = h.id, .flags = DNS_FLAG_QR, .questions = 1,
	                        .answers = code ? 1 : 0 };
	a.flags |= code ? 0 : str_casesuffix(name, STR("113.0.203.dead.example"))
	           ? DNS_RCODE_SERVFAIL : DNS_RCODE_NXDOMAIN;
	dns_put_question(&out, &q);
	if (code) {
		dns_put_pointer(&out, DNS_HEADER_BYTES);
		dns_put_u16(&out, q.type);
		dns_put_u16(&out, DNS_CLASS_IN);
		dns_put_u32(&out, 60);
		dns_put_u16(&out, q.type == DNS_TYPE_TXT ? 31 : 4);
		dns_put_bytes(&out, q.type == DNS_TYPE_TXT ? (const void *)reason : code,
		              q.type == DNS_TYPE_TXT ? 31 : 4);
	}
	struct dns_writer head = { .p = dst, .size = DNS_HEADER_BYTES };
	dns_put_header(&head, &a);
	return out.n;
}

static void ready(void *arg, unsigned events)
{
	struct world *w = arg;
	uint8_t query[600], reply[600];
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	(void)events;
	const ssize_t n = recvfrom(w->udp, query, sizeof(query), 0, (struct sockaddr *)&peer,
	                           &len);
	if (n < 0)
		return;
	w->questions++;
	const size_t m = answer(w, (struct str){ (char *)query, (size_t)n }, reply, sizeof(reply));
	if (m > 0)
		sendto(w->udp, reply, m, 0, (struct sockaddr *)&peer, len);
}

/* ---- the world ------------------------------------------------------------------------- */

static int setup(void **state)
{
	const struct dns_resolver_options options = { 5000, 1, 10000 };
	struct world *w = mem_zalloc(sizeof(*w));
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	w->loop = loop_create();
	w->at.ip = ip_from_v4(127, 0, 0, 1);
	w->udp = stream_bind_udp(&w->at);
	assert_true(w->udp >= 0);
	getsockname(w->udp, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w->at);
	w->watch = loop_watch_create(w->loop, w->udp, ready, w);
	loop_watch_set(w->watch, LOOP_READ);
	assert_int_equal(dns_resolver_create(w->loop, &w->at, 1, &options, &w->resolver), ERR_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	gateway_blocklists_destroy(w->lists);
	dns_resolver_destroy(w->resolver);
	loop_watch_destroy(w->watch);
	close(w->udp);
	loop_destroy(w->loop);
	free(w);
	return 0;
}

/* Entries apart by '|'. */
static size_t split(struct str text, char **v)
{
	struct str one;
	size_t n = 0;
	while (str_token(&text, "|", &one))
		v[n++] = mem_strndup(one.p, one.n);
	return n;
}

static void begin(struct world *w, const char *block, const char *allow, int threshold)
{
	w->config = (struct gateway_config){
		.blocklists = { w->block, split(str_of(block), w->block) },
		.allowlists = { w->allow, split(str_of(allow), w->allow) },
		.blocklist_threshold = threshold, .blocklist_timeout_s = 1,
		.blocklist_action = threshold > 100 ? "warn" : "refuse",
		.blocklist_text = "{address} is listed by {list}: {reason}",
	};
	w->lists = gateway_blocklists_create(w->loop, w->resolver, &w->config);
	w->listed = w->allowed = false;
	w->matched[0] = w->text[0] = '\0';
}

static void end(struct world *w)
{
	gateway_blocklists_destroy(w->lists);
	w->lists = NULL;
	for (size_t i = 0; i < w->config.blocklists.n; i++)
		free(w->block[i]);
	for (size_t i = 0; i < w->config.allowlists.n; i++)
		free(w->allow[i]);
}

static void came(void *arg, const struct gateway_listing *l)
{
	struct world *w = arg;
	w->results++;
	w->listed = l->listed;
	w->allowed = l->allowed;
	w->warn = l->warn;
	w->weight = l->weight;
	str_copy(w->matched, sizeof(w->matched), l->lists);
	str_copy(w->text, sizeof(w->text), str_of(l->text));
	gateway_blocklists_cancel(w->other);
	w->other = NULL;
	loop_stop(w->loop);
}

static struct gateway_blocklists_query *ask(struct world *w, const char *client)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(client), &ip, NULL), ERR_OK);
	return gateway_blocklists_ask(w->lists, &ip, came, w);
}

/* ---- the tests ------------------------------------------------------------------------- */

static void test_cases(void **state)
{
	static const struct {
		const char *block, *allow;
		int threshold;
		const char *client;
		bool listed, allowed;
		const char *matched, *text;
	} rows[] = {
		{ "good.example", "", 1, "203.0.113.7", true, false, "good.example=1",
		  "203.0.113.7 is listed by good.example: open relay, see http://x/k1/20" },
		{ "good.example", "", 1, "203.0.113.9", false, false, "", "" },
		{ "good.example weight=2|also.example weight=3", "", 5, "203.0.113.7", true, false,
		  "good.example=2 also.example=3",
		  "203.0.113.7 is listed by also.example: open relay, see http://x/k1/20" },
		{ "good.example|also.example codes=127.0.0.2", "", 2, "203.0.113.7", false, false,
		  "good.example=1", "" },
		{ "good.example", "white.example", 1, "203.0.113.8", false, true,
		  "white.example=1", "" },
		{ "good.example", "white.example", 1, "203.0.113.7", true, false, "good.example=1",
		  "203.0.113.7 is listed by good.example: open relay, see http://x/k1/20" },
		{ "keyed.example key=k1", "", 1, "203.0.113.7", true, false, "keyed.example=1",
		  "203.0.113.7 is listed by keyed.example: open relay, see http://x/***/20" },
		{ "good.example", "", 1, "2001:db8::1", true, false, "good.example=1",
		  "2001:db8::1 is listed by good.example: open relay, see http://x/k1/20" },
		/* Nothing that is wrong with a list counts against anybody. */
		{ "sick.example", "", 1, "203.0.113.7", false, false, "", "" },
		{ "all.example", "", 1, "203.0.113.7", false, false, "", "" },
		{ "parked.example", "", 1, "203.0.113.7", false, false, "", "" },
		{ "error.example", "", 1, "203.0.113.7", false, false, "", "" },
		{ "good.example", "all.example", 1, "203.0.113.7", true, false, "good.example=1",
		  "203.0.113.7 is listed by good.example: open relay, see http://x/k1/20" },
		/* Of this family it says nothing. */
		{ "also.example", "", 1, "2001:db8::1", false, false, "", "" },
		/* It is not waited for where it can change nothing; else until the end. */
		{ "good.example weight=2|silent.example", "", 2, "203.0.113.7", true, false,
		  "good.example=2",
		  "203.0.113.7 is listed by good.example: open relay, see http://x/k1/20" },
		{ "good.example weight=2|silent.example", "", 3, "203.0.113.7", false, false,
		  "good.example=2", "" },
		{ "good.example", "silent.example", 1, "203.0.113.7", true, false,
		  "good.example=1", "203.0.113.7 is listed by good.example: no reason given" },
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const unsigned before = w->results;
		begin(w, rows[i].block, rows[i].allow, rows[i].threshold);
		assert_non_null(ask(w, rows[i].client));
		CHECK_ROW(rows[i].block, w->results == before);
		loop_run(w->loop);
		CHECK_ROW(rows[i].block, w->results == before + 1);
		CHECK_ROW(rows[i].block, w->listed == rows[i].listed &&
		          w->allowed == rows[i].allowed && !w->warn);
		assert_string_equal(w->matched, rows[i].matched);
		assert_string_equal(w->text, rows[i].text);
		end(w);
		CHECK_ROW(rows[i].block, dns_resolver_pending(w->resolver) == 0);
	}
	assert_false(w->keyless);
}

/* Until the first list is, or is not, well. */
static void turn_until(struct world *w, bool well, struct gateway_blocklist_state *s)
{
	const int64_t until_ms = loop_now_ms(w->loop) + 30000;
	do {
		loop_run_once(w->loop, 100);
		assert_true(gateway_blocklists_state(w->lists, 0, s));
	} while (s->well != well && loop_now_ms(w->loop) < until_ms);
	assert_true(s->well == well);
}

/* Nothing is asked, because nothing could list the client. */
static void test_nothing_to_ask(void **state)
{
	struct world *w = *state;
	struct gateway_blocklist_state s = { 0 };
	begin(w, "", "white.example", 1);
	assert_null(ask(w, "203.0.113.7"));
	assert_false(gateway_blocklists_state(w->lists, 0, &s));
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
	end(w);
	begin(w, "good.example|sick.example", "", 101);
	assert_null(ask(w, "203.0.113.7"));         /* 2 is less than 101 */
	end(w);
	begin(w, "sick.example", "", 1);
	assert_null(ask(w, "127.0.0.1"));
	assert_null(ask(w, "10.0.0.1"));
	turn_until(w, false, &s);
	assert_true(strstr(s.problem, "127.0.0.2") && s.asked == 0);
	assert_string_equal(s.zone, "sick.example");
	assert_null(ask(w, "203.0.113.7"));
	end(w);
}

/* A list that breaks is switched off soon, not only by the next test of its health. */
static void test_breaks(void **state)
{
	struct world *w = *state;
	struct gateway_blocklist_state s;
	begin(w, "good.example", "", 1);
	assert_non_null(ask(w, "203.0.113.7"));
	loop_run(w->loop);
	assert_true(w->listed);
	w->good_is_broken = true;
	assert_non_null(ask(w, "203.0.113.7"));
	loop_run(w->loop);
	assert_false(w->listed);
	turn_until(w, false, &s);
	assert_null(ask(w, "203.0.113.7"));
	assert_int_equal(s.asked, 2);
	assert_int_equal(s.matched, 1);
	end(w);
	w->good_is_broken = false;
}

/* Its test entries say that it is well: what clients hear says more. */
static void test_dead(void **state)
{
	struct world *w = *state;
	struct gateway_blocklist_state s;
	begin(w, "dead.example", "", 1);
	const int64_t until_ms = loop_now_ms(w->loop) + 30000;
	int asked = 0;
	for (; ask(w, "203.0.113.7"); asked++) {
		loop_run(w->loop);
		assert_false(w->listed);
		loop_run_once(w->loop, 20);
		assert_true(loop_now_ms(w->loop) < until_ms);
	}
	assert_true(asked >= BLOCKLIST_FAILURES_MAX);
	assert_true(gateway_blocklists_state(w->lists, 0, &s) && !s.well);
	assert_string_equal(s.problem, "no name server could answer (SERVFAIL)");
	end(w);
}

static void test_warn(void **state)
{
	struct world *w = *state;
	begin(w, "good.example weight=200", "", 101);
	assert_non_null(ask(w, "203.0.113.7"));
	loop_run(w->loop);
	assert_true(w->listed && w->warn && w->weight == 200);
	end(w);
}

/* One that calls back ends another, one is cancelled at once, and one by the end of all. */
static void test_cancel(void **state)
{
	struct world *w = *state;
	const unsigned before = w->results;
	begin(w, "good.example|silent.example", "", 1);
	gateway_blocklists_cancel(ask(w, "203.0.113.7"));
	gateway_blocklists_cancel(NULL);
	assert_non_null(ask(w, "203.0.113.7"));
	w->other = ask(w, "203.0.113.8");
	loop_run(w->loop);
	for (int i = 0; i < 5; i++)
		loop_run_once(w->loop, 10);
	assert_int_equal(w->results, before + 1);
	assert_non_null(ask(w, "203.0.113.9"));
	end(w);
	loop_run_once(w->loop, 10);
	assert_int_equal(w->results, before + 1);
	assert_int_equal(dns_resolver_pending(w->resolver), 0);
}

static const struct gateway_listing *known(struct world *w, const char *client)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(client), &ip, NULL), ERR_OK);
	return gateway_blocklists_known(w->lists, &ip);
}

/* The next session of a client is answered at once, until another list is sick. */
static void test_known(void **state)
{
	struct world *w = *state;
	struct gateway_blocklist_state s;
	begin(w, "good.example", "", 1);
	assert_null(known(w, "203.0.113.7"));
	assert_non_null(ask(w, "203.0.113.7"));
	loop_run(w->loop);
	assert_non_null(ask(w, "203.0.113.9"));
	loop_run(w->loop);
	const struct gateway_listing *l = known(w, "203.0.113.7");
	assert_true(l && l->listed && l->weight == 1 && str_eq(l->lists, STR("good.example=1")));
	assert_non_null(strstr(l->text, "203.0.113.7 is listed by good.example: open relay"));
	l = known(w, "203.0.113.9");
	assert_true(l && !l->listed);
	assert_null(known(w, "203.0.113.10"));
	assert_null(known(w, "2001:db8::1"));
	w->good_is_broken = true;
	while (gateway_blocklists_state(w->lists, 0, &s) && s.well) {
		if (ask(w, "203.0.113.11"))
			loop_run(w->loop);
		loop_run_once(w->loop, 20);
	}
	assert_null(known(w, "203.0.113.7"));
	assert_null(known(w, "203.0.113.11"));
	end(w);
	w->good_is_broken = false;
}

/* Sessions of one client at the same time are one question; one of them may end others. */
static void test_together(void **state)
{
	enum { SESSIONS = 20 };
	struct world *w = *state;
	struct gateway_blocklist_state s;
	const unsigned before = w->results;
	begin(w, "good.example", "", 1);
	/* The newest is answered first. */
	w->other = ask(w, "203.0.113.7");
	for (int i = 0; i < SESSIONS; i++)
		assert_non_null(ask(w, "203.0.113.7"));
	gateway_blocklists_cancel(ask(w, "203.0.113.7"));
	while (w->results < before + SESSIONS)
		loop_run_once(w->loop, 100);
	loop_run_once(w->loop, 0);
	assert_true(w->listed && w->results == before + SESSIONS);
	assert_true(gateway_blocklists_state(w->lists, 0, &s) && s.asked == 1 && s.matched == 1);
	end(w);
}

static void test_many(void **state)
{
	enum { CLIENTS = 300 };
	struct world *w = *state;
	const unsigned before = w->results;
	begin(w, "good.example|also.example", "white.example", 1);
	for (int i = 0; i < CLIENTS; i++)
		assert_non_null(ask(w, i % 2 ? "203.0.113.7" : "203.0.113.9"));
	while (w->results < before + CLIENTS)
		loop_run_once(w->loop, 100);
	assert_int_equal(w->results, before + CLIENTS);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_nothing_to_ask),
		cmocka_unit_test(test_breaks), cmocka_unit_test(test_dead),
		cmocka_unit_test(test_warn), cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_known), cmocka_unit_test(test_together),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
