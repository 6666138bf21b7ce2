/* SPDX-License-Identifier: ISC
 * What a list's answers mean. */
#include "test.h"

#include "lookup/judge.h"

static struct dns_result answer(enum dns_status status, const char *codes, struct ip *ips)
{
	struct dns_result r = { .status = status, .ips = ips, .ede = -1 };
	struct str rest = str_of(codes), one;
	while (str_token(&rest, " ", &one))
		assert_int_equal(ip_parse(one, &ips[r.ip_count++], NULL), ERR_OK);
	return r;
}

static void test_judge(void **state)
{
	static const struct {
		enum dns_status status;
		const char *codes;
		enum lookup_verdict verdict;
		const char *problem;     /* part of it */
	} rows[] = {
		{ DNS_NXDOMAIN, "", LOOKUP_NOT_LISTED, "" },
		{ DNS_NODATA, "", LOOKUP_NOT_LISTED, "" },
		{ DNS_FOUND, "127.0.0.2", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.0.0.2 127.0.0.10", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.0.0.0", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.0.1.1", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.1.0.1", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.255.254.255", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.254.255.1", LOOKUP_LISTED, "" },
		{ DNS_FOUND, "127.0.0.1", LOOKUP_SICK, "127.0.0.1" },
		{ DNS_FOUND, "127.0.0.2 127.0.0.1", LOOKUP_SICK, "127.0.0.1" },
		{ DNS_FOUND, "127.255.255.252", LOOKUP_SICK, "error code" },
		{ DNS_FOUND, "127.255.255.254", LOOKUP_SICK, "error code" },
		{ DNS_FOUND, "127.255.255.255", LOOKUP_SICK, "error code" },
		{ DNS_FOUND, "127.255.255.0", LOOKUP_SICK, "error code" },
		{ DNS_FOUND, "127.0.0.2 198.51.100.7", LOOKUP_SICK, "198.51.100.7" },
		{ DNS_FOUND, "0.0.0.0", LOOKUP_SICK, "outside" },
		{ DNS_FOUND, "126.255.255.255", LOOKUP_SICK, "outside" },
		{ DNS_FOUND, "128.0.0.2", LOOKUP_SICK, "outside" },
		{ DNS_FOUND, "10.0.0.2", LOOKUP_SICK, "outside" },
		{ DNS_SERVFAIL, "", LOOKUP_SICK, "SERVFAIL" },
		{ DNS_REFUSED, "", LOOKUP_SICK, "REFUSED" },
		{ DNS_TIMEOUT, "", LOOKUP_SICK, "in time" },
		{ DNS_MALFORMED, "", LOOKUP_SICK, "protocol" },
		{ DNS_BAD_NAME, "", LOOKUP_SICK, "name" },
		/* an error with an address is an error */
		{ DNS_SERVFAIL, "127.0.0.2", LOOKUP_SICK, "SERVFAIL" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip ips[4];
		char problem[LOOKUP_PROBLEM_MAX];
		struct dns_result r = answer(rows[i].status, rows[i].codes, ips);
		enum lookup_verdict v = lookup_judge(&r, problem);
		CHECK_ROW(rows[i].codes, v == rows[i].verdict);
		CHECK_ROW(rows[i].codes, (problem[0] != '\0') == (v == LOOKUP_SICK));
		CHECK_ROW(rows[i].codes, strstr(problem, rows[i].problem) != NULL);
	}
}

/* All of 127.0.0.0/8 that differs in kind, by the rule written another way. */
static void test_every_code(void **state)
{
	static const uint8_t some[] = { 0, 1, 2, 3, 127, 128, 254, 255 };
	enum { N = sizeof(some) };
	char problem[LOOKUP_PROBLEM_MAX];
	(void)state;
	for (unsigned i = 0; i < N * N * N; i++) {
		for (unsigned first = 126; first <= 128; first++) {
			uint8_t b = some[i % N], c = some[i / N % N], d = some[i / N / N];
			struct ip ip = ip_from_v4((uint8_t)first, b, c, d);
			struct dns_result r = { .status = DNS_FOUND, .ips = &ip, .ip_count = 1 };
			uint32_t rest = (uint32_t)b << 16 | (uint32_t)c << 8 | d;
			bool listed = first == 127 && rest != 1 && rest >> 8 != 0xffff;
			assert_int_equal(lookup_judge(&r, problem),
			                 listed ? LOOKUP_LISTED : LOOKUP_SICK);
		}
	}
}

static void test_health(void **state)
{
	static const struct {
		enum dns_status listed;
		const char *listed_codes;
		enum dns_status unlisted;
		const char *unlisted_codes;
		bool healthy;
	} rows[] = {
		{ DNS_FOUND, "127.0.0.2", DNS_NXDOMAIN, "", true },
		{ DNS_FOUND, "127.0.0.4 127.0.0.10", DNS_NODATA, "", true },
		{ DNS_NXDOMAIN, "", DNS_NXDOMAIN, "", false },
		{ DNS_FOUND, "127.0.0.2", DNS_FOUND, "127.0.0.2", false },
		{ DNS_FOUND, "127.0.0.1", DNS_NXDOMAIN, "", false },
		{ DNS_FOUND, "127.255.255.254", DNS_FOUND, "127.255.255.254", false },
		{ DNS_FOUND, "203.0.113.7", DNS_FOUND, "203.0.113.7", false },
		{ DNS_TIMEOUT, "", DNS_TIMEOUT, "", false },
		{ DNS_FOUND, "127.0.0.2", DNS_TIMEOUT, "", false },
		{ DNS_SERVFAIL, "", DNS_NXDOMAIN, "", false },
		{ DNS_REFUSED, "", DNS_REFUSED, "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip a[4], b[4];
		char problem[LOOKUP_PROBLEM_MAX];
		struct dns_result listed = answer(rows[i].listed, rows[i].listed_codes, a);
		struct dns_result unlisted = answer(rows[i].unlisted, rows[i].unlisted_codes, b);
		bool healthy = lookup_judge_health(&listed, &unlisted, problem);
		CHECK_ROW(rows[i].listed_codes, healthy == rows[i].healthy);
		CHECK_ROW(rows[i].listed_codes, (problem[0] == '\0') == healthy);
	}
}

static void test_entries(void **state)
{
	char text[IP_TEXT_MAX];
	struct ip ip;
	(void)state;
	ip = lookup_test_listed(4);
	assert_string_equal(ip_format(&ip, text), "127.0.0.2");
	ip = lookup_test_unlisted(4);
	assert_string_equal(ip_format(&ip, text), "127.0.0.1");
	ip = lookup_test_listed(6);
	assert_string_equal(ip_format(&ip, text), "::ffff:127.0.0.2");
	ip = lookup_test_unlisted(6);
	assert_string_equal(ip_format(&ip, text), "::ffff:127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge), cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_health), cmocka_unit_test(test_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
