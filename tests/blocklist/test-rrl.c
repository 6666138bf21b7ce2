/* SPDX-License-Identifier: ISC
 *
 * Equal answers to one network: the buckets alone, then the answers that come of them.
 */
#include "test.h"
#include "world.h"

#include "dns/message.h"

#include <stdio.h>

enum { NOW = 5000 };

static const struct hash_key key = { { 3, 5 } };

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

/* ---- buckets ------------------------------------------------------------------------ */

struct ask {
	const char *from, *name;
	uint16_t type;
	uint8_t rcode;
};

static bool allowed(struct blocklist_rrl *rrl, const struct ask *a, int64_t now_ms)
{
	struct ip ip = ip_of(a->from);
	struct dns_name name = { 0 };
	if (a->name)
		assert_int_equal(dns_name_parse(str_of(a->name), &name, NULL), ERR_OK);
	struct blocklist_rrl_question q = { a->name ? name.b : NULL, name.n, a->type, a->rcode };
	return blocklist_rrl_allows(rrl, &ip, &q, now_ms);
}

static unsigned count(struct blocklist_rrl *rrl, const struct ask *a, unsigned times,
                      int64_t now_ms)
{
	unsigned n = 0;
	for (unsigned i = 0; i < times; i++)
		n += allowed(rrl, a, now_ms);
	return n;
}

static void one_bucket_or_two(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		struct ask a, b;
		bool same;
	} rows[] = {
		{ "the same", { "192.0.2.1", "x.test", 1, 0 }, { "192.0.2.1", "x.test", 1, 0 },
		  true },
		{ "a neighbour", { "192.0.2.1", "x.test", 1, 0 }, { "192.0.2.99", "x.test", 1, 0 },
		  true },
		{ "another case", { "192.0.2.1", "x.test", 1, 0 }, { "192.0.2.1", "X.tEST", 1, 0 },
		  true },
		{ "another /24", { "192.0.2.1", "x.test", 1, 0 }, { "192.0.3.1", "x.test", 1, 0 },
		  false },
		{ "another name", { "192.0.2.1", "1.x.test", 0, 3 },
		  { "192.0.2.1", "2.x.test", 0, 3 }, false },
		{ "another type", { "192.0.2.1", "x.test", 1, 0 }, { "192.0.2.1", "x.test", 16, 0 },
		  false },
		{ "a /56", { "2001:db8:1:100::1", "x.test", 1, 0 },
		  { "2001:db8:1:1ff::1", "x.test", 1, 0 }, true },
		{ "another /56", { "2001:db8:1:100::1", "x.test", 1, 0 },
		  { "2001:db8:1:200::1", "x.test", 1, 0 }, false },
		{ "mapped", { "192.0.2.1", "x.test", 1, 0 },
		  { "::ffff:192.0.2.1", "x.test", 1, 0 }, true },
		{ "REFUSED of any name", { "192.0.2.1", NULL, 0, 5 }, { "192.0.2.1", NULL, 0, 5 },
		  true },
		{ "another error", { "192.0.2.1", NULL, 0, 5 }, { "192.0.2.1", NULL, 0, 1 },
		  false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_rrl *rrl = blocklist_rrl_create(20, &key);
		CHECK_ROW(rows[i].name, count(rrl, &rows[i].a, 30, NOW) == 20);
		CHECK_ROW(rows[i].name, allowed(rrl, &rows[i].b, NOW) == !rows[i].same);
		blocklist_rrl_destroy(rrl);
	}
}

static void flows_off(void **unused)
{
	(void)unused;
	struct ask a = { "192.0.2.1", "x.test", 1, 0 };
	struct blocklist_rrl *rrl = blocklist_rrl_create(20, &key);
	assert_int_equal(count(rrl, &a, 1000, NOW), 20);
	assert_int_equal(count(rrl, &a, 1000, NOW + 49), 0);
	assert_int_equal(count(rrl, &a, 1000, NOW + 550), 11);
	assert_int_equal(count(rrl, &a, 1000, NOW + 3600000), 20);
	/* Ten seconds of a flood. */
	unsigned n = 0;
	for (int64_t ms = 0; ms < 10000; ms++)
		n += count(rrl, &a, 10, NOW + 7200000 + ms);
	assert_in_range(n, 219, 221);
	blocklist_rrl_set(rrl, 0);
	assert_int_equal(count(rrl, &a, 1000, NOW + 7200000), 1000);
	blocklist_rrl_destroy(rrl);
}

/* A big resolver: a hundred thousand names a second from one address, each a few times. A flood
 * of one name beside it stays found. */
static void many_names_are_all_answered(void **unused)
{
	(void)unused;
	struct ask flood = { "192.0.2.1", "flood.test", 1, 0 };
	struct blocklist_rrl *rrl = blocklist_rrl_create(20, &key);
	unsigned through = 0;
	for (unsigned i = 0; i < 100000; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%u.x.test", i);
		struct ask a = { "192.0.2.1", name, 0, 3 };
		assert_int_equal(count(rrl, &a, 4, NOW + i / 100), 4);
		through += allowed(rrl, &flood, NOW + i / 100);
	}
	assert_in_range(through, 20, 41);
	blocklist_rrl_destroy(rrl);
}

/* ---- answers ------------------------------------------------------------------------------- */

static size_t make_query(const char *name, unsigned type, uint8_t *dst, size_t size)
{
	struct dns_writer w = { .p = dst, .size = size };
	struct dns_question q = { .type = (uint16_t)type, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	dns_put_query(&w, 77, &q);
	assert_false(w.full);
	return w.n;
}

static struct dns_header ask(struct world *w, struct blocklist_rrl *rrl, const char *from,
                             const char *name, unsigned type, size_t *longer)
{
	uint8_t query[512], answer[BLOCKLIST_ANSWER_MAX];
	struct dns_header h;
	size_t n = make_query(name, type, query, sizeof(query));
	struct blocklist_asker asker = { rrl, ip_of(from), NOW };
	size_t m = blocklist_answer(&w->state, (struct str){ (char *)query, n }, BLOCKLIST_UDP,
	                            &asker, answer);
	struct dns_reader r = { answer, m, 0 };
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	*longer = m > n ? m - n : 0;
	return h;
}

static void answers(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *asked;
		unsigned type;
	} rows[] = {
		{ "listed", "1.2.0.192.bl.example", DNS_TYPE_A },
		{ "listed, the text", "1.2.0.192.bl.example", DNS_TYPE_TXT },
		{ "not listed", "9.2.0.192.bl.example", DNS_TYPE_A },
		{ "the test entry", "2.0.0.127.bl.example", DNS_TYPE_A },
		{ "SOA", "bl.example", DNS_TYPE_SOA }, { "NS", "bl.example", DNS_TYPE_NS },
		{ "ANY", "bl.example", DNS_TYPE_ANY }, { "foreign", "other.example", DNS_TYPE_A },
		{ "a transfer", "bl.example", DNS_TYPE_AXFR },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		size_t longer;
		struct blocklist_rrl *rrl = blocklist_rrl_create(20, &key);
		world_make(&w, "192.0.2.1", NULL, NULL);
		for (unsigned k = 0; k < 50; k++) {
			struct dns_header h = ask(&w, rrl, "198.51.100.1", rows[i].asked,
			                          rows[i].type, &longer);
			bool cut = h.flags & DNS_FLAG_TC;
			CHECK_ROW(rows[i].name, cut == (k >= 20));
			CHECK_ROW(rows[i].name, h.id == 77 && h.questions == 1);
			if (cut)
				CHECK_ROW(rows[i].name, longer == 0 && h.additionals == 1 &&
				          h.answers + h.authorities == 0);
		}
		/* Others get theirs in full. */
		struct dns_header h = ask(&w, rrl, "203.0.113.1", rows[i].asked, rows[i].type,
		                          &longer);
		CHECK_ROW(rows[i].name, !(h.flags & DNS_FLAG_TC));
		blocklist_rrl_destroy(rrl);
		world_free(&w);
	}
}

/* What makes an answer equal: no type helps to ask for the same SOA record again and again, and
 * no name for the same error. */
static void no_way_around(void **unused)
{
	(void)unused;
	struct world w;
	size_t longer;
	unsigned full = 0, refused = 0;
	struct blocklist_rrl *rrl = blocklist_rrl_create(20, &key);
	world_make(&w, "192.0.2.1", NULL, NULL);
	for (unsigned i = 0; i < 200; i++) {
		char name[64];
		full += !(ask(&w, rrl, "198.51.100.1", "1.2.0.192.bl.example", 1000 + i,
		              &longer).flags & DNS_FLAG_TC);
		snprintf(name, sizeof(name), "%u.example.org", i);
		refused += !(ask(&w, rrl, "198.51.100.1", name, DNS_TYPE_A, &longer).flags &
		             DNS_FLAG_TC);
	}
	assert_int_equal(full, 20);
	assert_int_equal(refused, 20);
	/* Names that are not there are all told apart. */
	for (unsigned i = 0; i < 200; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%u.3.0.192.bl.example", i);
		assert_false(ask(&w, rrl, "198.51.100.1", name, DNS_TYPE_A, &longer).flags &
		             DNS_FLAG_TC);
	}
	blocklist_rrl_destroy(rrl);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bucket_or_two), cmocka_unit_test(flows_off),
		cmocka_unit_test(many_names_are_all_answered), cmocka_unit_test(answers),
		cmocka_unit_test(no_way_around),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
