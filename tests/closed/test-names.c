/* SPDX-License-Identifier: ISC
 *
 * What DNS says in the closed room, by the reader that the resolver has.
 */
#include "test.h"

#include "closed/names.h"
#include "dns/response.h"

#define LITERAL(s) { (s), sizeof(s) - 1 }

static const struct closed_name rows[] = {
	{ .name = "mail.own.example", .address = { 4, { 192, 0, 2, 1 } } },
	{ .name = "mail.own.example", .address = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
	{ .name = "elsewhere.example", .mx = "mail.own.example" },
	{ .name = "trusted.own.example", .address = { 4, { 198, 51, 100, 2 } } },
	{ .name = "localhost", .address = { 4, { 198, 51, 100, 3 } } },
	/* The server's own, and an asker that is called so: both. */
	{ .name = "mail.own.example", .address = { 4, { 198, 51, 100, 6 } } },
};
static const struct closed_reverse reverses[] = {
	{ { 4, { 198, 51, 100, 1 } }, NULL },
	{ { 4, { 198, 51, 100, 2 } }, "trusted.own.example" },
	{ { 4, { 198, 51, 100, 3 } }, "localhost" },
	{ { 4, { 198, 51, 100, 4 } }, "unverified.own.example" },
	/* Of another's address, which does not lead back. */
	{ { 4, { 198, 51, 100, 5 } }, "trusted.own.example" },
	{ { 4, { 198, 51, 100, 6 } }, "mail.own.example" },
	{ { 6, { 0x2a, [15] = 2 } }, "unverified.own.example" },
};
static const struct closed_names names = {
	.askers = "asker.example", .names = rows, .name_n = sizeof(rows) / sizeof(rows[0]),
	.reverses = reverses, .reverse_n = sizeof(reverses) / sizeof(reverses[0]),
};

static void ask(const char *name, uint16_t type, struct arena *a, struct dns_result *result)
{
	uint8_t query[512], answer[CLOSED_ANSWER_MAX];
	struct dns_question q = { .type = type, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	struct dns_writer w = { query, sizeof(query), 0, false };
	dns_put_query(&w, 4711, &q);
	size_t n = closed_names_answer(&names, (struct str){ (char *)query, w.n }, answer);
	assert_true(n > DNS_HEADER_BYTES);
	assert_int_equal(answer[0] << 8 | answer[1], 4711);
	dns_response_read(answer, n, &q, a, result);
}

static void addresses_are_answered(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint16_t type;
		struct ip ip;
		size_t n;                        /* that and others; 0: that alone */
	} cases[] = {
		{ "mail.own.example", DNS_TYPE_A, { 4, { 192, 0, 2, 1 } }, 2 },
		{ "MAIL.own.Example", DNS_TYPE_A, { 4, { 192, 0, 2, 1 } }, 2 },
		{ "mail.own.example", DNS_TYPE_AAAA, { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
		{ "trusted.own.example", DNS_TYPE_A, { 4, { 198, 51, 100, 2 } } },
		{ "LocalHost", DNS_TYPE_A, { 4, { 198, 51, 100, 3 } } },
		{ "a08080808.asker.example", DNS_TYPE_A, { 4, { 8, 8, 8, 8 } } },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct dns_result result = { 0 };
		ask(cases[i].name, cases[i].type, &a, &result);
		assert_int_equal(result.status, DNS_FOUND);
		assert_int_equal(result.ip_count, cases[i].n ? cases[i].n : 1);
		assert_true(ip_eq(&result.ips[0], &cases[i].ip));
		arena_fini(&a);
	}
}

static void reverse_names_fit(void **state)
{
	(void)state;
	static const struct {
		const char *name, *points_to;    /* NULL: there is none */
	} cases[] = {
		{ "8.8.8.8.in-addr.arpa", "a08080808.asker.example" },
		{ "2.100.51.198.in-addr.arpa", "trusted.own.example" },
		{ "1.100.51.198.in-addr.arpa", NULL },
		{ "3.100.51.198.in-addr.arpa", "localhost" },
		{ "4.100.51.198.in-addr.arpa", "unverified.own.example" },
		{ "5.100.51.198.IN-ADDR.ARPA", "trusted.own.example" },
		{ "6.100.51.198.in-addr.arpa", "mail.own.example" },
		{ "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.2.ip6.arpa",
		  "unverified.own.example" },
		{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.2.ip6.arpa",
		  "a2a000000000000000000000000000001.asker.example" },
		{ "8.8.8.in-addr.arpa", NULL },
		{ "8.8.8.8.8.in-addr.arpa", NULL },
		{ "256.8.8.8.in-addr.arpa", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct dns_result result = { 0 };
		ask(cases[i].name, DNS_TYPE_PTR, &a, &result);
		if (cases[i].points_to) {
			assert_int_equal(result.name_count, 1);
			assert_string_equal(result.names[0], cases[i].points_to);
		} else {
			assert_int_equal(result.status, DNS_NXDOMAIN);
		}
		arena_fini(&a);
	}
}

static void all_else_is_not_there(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint16_t type;
		enum dns_status status;
	} cases[] = {
		{ "8.8.8.8.zen.spamhaus.org", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "8.8.8.8.zen.spamhaus.org", DNS_TYPE_TXT, DNS_NXDOMAIN },
		{ "2.100.51.198.list.dnswl.org", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "1.0.0.127.zen.spamhaus.org", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "2.0.0.127.dnsbl.own.example", DNS_TYPE_TXT, DNS_NXDOMAIN },
		{ "8.8.8.8.in-addr.arpa.dnsbl.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "a08080808.asker.example.dbl.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "trusted.own.example.dbl.spamhaus.org", DNS_TYPE_TXT, DNS_NXDOMAIN },
		/* A name of which no row says anything is nobody's, whoever claims it. */
		{ "unverified.own.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "unverified.own.example", DNS_TYPE_AAAA, DNS_NXDOMAIN },
		{ "trusted.own.example", DNS_TYPE_AAAA, DNS_NODATA },
		{ "elsewhere.example.dbl.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "asker.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "a0808.asker.example", DNS_TYPE_A, DNS_NXDOMAIN },
		{ "elsewhere.example", DNS_TYPE_A, DNS_NODATA },
		{ "mail.own.example", DNS_TYPE_TXT, DNS_NODATA },
		{ ".", DNS_TYPE_NS, DNS_NXDOMAIN },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct dns_result result = { 0 };
		ask(cases[i].name, cases[i].type, &a, &result);
		assert_int_equal(result.status, cases[i].status);
		arena_fini(&a);
	}
}

static void mail_goes_where_the_row_says(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct dns_result result = { 0 };
	ask("elsewhere.example", DNS_TYPE_MX, &a, &result);
	assert_int_equal(result.status, DNS_FOUND);
	assert_int_equal(result.mx_count, 1);
	assert_string_equal(result.mx[0].host, "mail.own.example");
	arena_fini(&a);
}

static void what_is_no_query_gets_no_answer(void **state)
{
	(void)state;
	static const struct str queries[] = {
		LITERAL(""), LITERAL("short"),
		LITERAL("\0\1\x80\0\0\1\0\0\0\0\0\0\0\0\1\0\1"),      /* an answer */
		LITERAL("\0\1\0\0\0\2\0\0\0\0\0\0\0\0\1\0\1"),        /* two questions */
		LITERAL("\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),  /* a loop */
	};
	uint8_t answer[CLOSED_ANSWER_MAX];
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_int_equal(closed_names_answer(&names, queries[i], answer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_answered),
		cmocka_unit_test(reverse_names_fit),
		cmocka_unit_test(all_else_is_not_there),
		cmocka_unit_test(mail_goes_where_the_row_says),
		cmocka_unit_test(what_is_no_query_gets_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
