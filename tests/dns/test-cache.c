/* SPDX-License-Identifier: ISC
 * The cache of answers, and how long an answer says that it may be kept. */
#include "test.h"

#include "dns/cache.h"
#include "dns/response.h"

#include <stdio.h>

static const struct hash_key key = { { 1, 2 } };

static struct dns_question question(const char *name, unsigned type)
{
	struct dns_question q = { .type = (uint16_t)type, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	return q;
}

static void test_times(void **state)
{
	static const struct { uint32_t ttl_s; bool negative; int64_t kept_s; } rows[] = {
		{ 0, false, 0 }, { 1, false, 5 }, { 60, false, 60 }, { 1000, false, 100 },
		{ 0, true, 0 }, { 1, true, 5 }, { 20, true, 20 }, { 60, true, 30 },
	};
	struct dns_cache_limits limits = { 16, 5, 100, 30 };
	struct dns_question q = question("a.example", DNS_TYPE_A);
	struct str found;
	uint32_t age_s;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_cache *c = dns_cache_create(&limits, &key);
		int64_t end_ms = 7000 + rows[i].kept_s * 1000;
		dns_cache_put(c, &q, STR("message"), rows[i].ttl_s, rows[i].negative, 7000);
		assert_false(dns_cache_get(c, &q, end_ms, &found, &age_s));
		if (rows[i].kept_s) {
			assert_true(dns_cache_get(c, &q, end_ms - 1, &found, &age_s));
			assert_true(str_eq(found, STR("message")));
			assert_int_equal(age_s, rows[i].kept_s - 1);
		}
		dns_cache_destroy(c);
	}
}

static void test_questions(void **state)
{
	struct dns_cache_limits limits = { 16, 0, 100, 30 };
	struct dns_cache *c = dns_cache_create(&limits, &key);
	struct dns_question q = question("a.example", DNS_TYPE_A);
	struct dns_question same = question("A.Example", DNS_TYPE_A);
	struct dns_question other = question("a.example", DNS_TYPE_MX);
	static char large[DNS_CACHE_BYTES_MAX + 1];
	struct str found;
	uint32_t age_s;
	(void)state;
	dns_cache_put(c, &q, STR("one"), 10, false, 0);
	assert_true(dns_cache_get(c, &same, 0, &found, &age_s));
	assert_false(dns_cache_get(c, &other, 0, &found, &age_s));
	/* The newer one counts. */
	dns_cache_put(c, &same, STR("two"), 10, false, 5000);
	assert_true(dns_cache_get(c, &q, 12000, &found, &age_s) && str_eq(found, STR("two")));
	assert_int_equal(dns_cache_count(c), 1);
	dns_cache_put(c, &other, (struct str){ large, sizeof(large) }, 10, false, 0);
	assert_int_equal(dns_cache_count(c), 1);
	dns_cache_destroy(c);
}

/* It never has more entries than that, and what expires first makes room. */
static void test_bound(void **state)
{
	enum { ENTRIES = 64, MANY = 5000 };
	struct dns_cache_limits limits = { ENTRIES, 0, 100000, 30 };
	struct dns_cache *c = dns_cache_create(&limits, &key);
	struct str found;
	uint32_t age_s;
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		char name[32];
		snprintf(name, sizeof(name), "n%u.example", i);
		struct dns_question q = question(name, DNS_TYPE_A);
		dns_cache_put(c, &q, STR("x"), i + 1, false, 0);
		assert_true(dns_cache_get(c, &q, 0, &found, &age_s));
	}
	assert_int_equal(dns_cache_count(c), ENTRIES);
	struct dns_question first = question("n0.example", DNS_TYPE_A);
	assert_false(dns_cache_get(c, &first, 0, &found, &age_s));
	dns_cache_destroy(c);
}

static void put_rr(struct dns_writer *w, unsigned type, uint32_t ttl_s, const void *data, size_t n)
{
	dns_put_pointer(w, DNS_HEADER_BYTES);
	dns_put_u16(w, type);
	dns_put_u16(w, DNS_CLASS_IN);
	dns_put_u32(w, ttl_s);
	dns_put_u16(w, (unsigned)n);
	dns_put_bytes(w, data, n);
}

static void test_ttl(void **state)
{
	static const uint8_t soa[22] = { [21] = 30 };
	uint8_t bytes[512];
	struct dns_question q = question("a.example", DNS_TYPE_A);
	struct dns_header h = { .flags = DNS_FLAG_QR, .questions = 1, .answers = 2 };
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
	(void)state;
	dns_put_header(&w, &h);
	dns_put_question(&w, &q);
	put_rr(&w, DNS_TYPE_CNAME, 20, "\300\14", 2);
	put_rr(&w, DNS_TYPE_A, 60, "\177\0\0\2", 4);
	assert_int_equal(dns_response_ttl_s(bytes, w.n, false), 20);
	assert_int_equal(dns_response_ttl_s(bytes, w.n, true), 0);
	assert_int_equal(dns_response_ttl_s(bytes, w.n - 1, false), 0);
	/* The lesser of the SOA record's time to live and its minimum. */
	for (uint32_t ttl_s = 10; ttl_s <= 50; ttl_s += 40) {
		h = (struct dns_header){ .flags = DNS_FLAG_QR, .questions = 1, .authorities = 1 };
		w = (struct dns_writer){ .p = bytes, .size = sizeof(bytes) };
		dns_put_header(&w, &h);
		dns_put_question(&w, &q);
		put_rr(&w, DNS_TYPE_SOA, ttl_s, soa, sizeof(soa));
		assert_int_equal(dns_response_ttl_s(bytes, w.n, true), ttl_s < 30 ? ttl_s : 30);
		assert_int_equal(dns_response_ttl_s(bytes, w.n, false), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times), cmocka_unit_test(test_questions),
		cmocka_unit_test(test_bound), cmocka_unit_test(test_ttl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
