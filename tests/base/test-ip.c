/* SPDX-License-Identifier: ISC
 *
 * Addresses, prefixes and endpoints: what is taken, what is refused, and where.
 */
#include "test.h"

#include "base/ip.h"

#include <netinet/in.h>

static void test_ip_parse(void **state)
{
	(void)state;
	static const struct { const char *in, *out; } rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },          /* one host, one name */
		{ "::ffff:c000:201", "192.0.2.1" },
		{ "::192.0.2.1", "::192.0.2.1" },             /* not mapped */
		{ "", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2.01", NULL },                       /* octal or not? refused */
		{ "0x7f.0.0.1", NULL },
		{ "2130706433", NULL },
		{ "192.0.2.1.", NULL },
		{ " 192.0.2.1", NULL },
		{ "192.0.2.1 ", NULL },
		{ "192.0.2.1/32", NULL },
		{ "[2001:db8::1]", NULL },
		{ "2001:db8::1::2", NULL },
		{ "2001:db8::g", NULL },
		{ "fe80::1%lo", NULL },
		{ "localhost", NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip ip;
		struct parse_error pe = { 0 };
		char text[IP_TEXT_MAX];
		int e = ip_parse(str_of(rows[i].in), &ip, &pe);
		CHECK_ROW(rows[i].in, (e == ERR_OK) == (rows[i].out != NULL));
		if (e == ERR_OK)
			assert_string_equal(ip_format(&ip, text), rows[i].out);
		else
			assert_string_equal(pe.expected, "an IPv4 or IPv6 address");
	}
	struct ip ip;
	assert_int_equal(ip_parse((struct str){ "192.0.2.1\0x", 11 }, &ip, NULL), ERR_INVALID);
}

static void test_prefix(void **state)
{
	(void)state;
	static const struct { const char *in, *out; size_t offset; } rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", 0 },
		{ "192.0.2.1", "192.0.2.1", 0 },
		{ "192.0.2.1/32", "192.0.2.1", 0 },
		{ "0.0.0.0/0", "0.0.0.0/0", 0 },
		{ "2001:db8::/32", "2001:db8::/32", 0 },
		{ "2001:db8::1/128", "2001:db8::1", 0 },
		{ "192.0.2.1/24", NULL, 10 },                 /* host bits */
		{ "192.0.2.0/33", NULL, 10 },
		{ "192.0.2.0/", NULL, 10 },
		{ "192.0.2.0/-1", NULL, 10 },
		{ "192.0.2.0/24/", NULL, 10 },
		{ "2001:db8::/129", NULL, 11 },
		{ "x/24", NULL, 0 },
		{ "/24", NULL, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix p;
		struct parse_error pe = { 0 };
		char text[PREFIX_TEXT_MAX];
		int e = prefix_parse(str_of(rows[i].in), &p, &pe);
		CHECK_ROW(rows[i].in, (e == ERR_OK) == (rows[i].out != NULL));
		if (e == ERR_OK)
			assert_string_equal(prefix_format(&p, text), rows[i].out);
		else
			CHECK_ROW(rows[i].in, pe.offset == rows[i].offset);
	}
}

static struct prefix prefix(const char *s)
{
	struct prefix p;
	assert_int_equal(prefix_parse(str_of(s), &p, NULL), ERR_OK);
	return p;
}

static struct ip ip(const char *s)
{
	struct ip r;
	assert_int_equal(ip_parse(str_of(s), &r, NULL), ERR_OK);
	return r;
}

/* What may have been meant by address/length with host bits: the network. */
static void test_prefix_meant(void **state)
{
	(void)state;
	static const struct { const char *in, *network; } rows[] = {
		{ "192.0.2.1/24", "192.0.2.0/24" }, { "192.0.2.255/31", "192.0.2.254/31" },
		{ "192.0.2.1/0", "0.0.0.0/0" }, { "2001:db8:1:2::1/64", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2:8000::/64", "2001:db8:1:2::/64" }, { "::1/127", "::/127" },
		/* Nothing else was. */
		{ "192.0.2.0/24", NULL }, { "192.0.2.1", NULL }, { "192.0.2.1/32", NULL },
		{ "::/0", NULL }, { "192.0.2.1/33", NULL }, { "192.0.2.1/", NULL },
		{ "192.0.2.1/24x", NULL }, { "192.0.2/24", NULL }, { "x/24", NULL }, { "", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix p = { 0 };
		char text[PREFIX_TEXT_MAX];
		bool meant = prefix_meant(str_of(rows[i].in), &p);
		CHECK_ROW(rows[i].in, meant == (rows[i].network != NULL));
		CHECK_ROW(rows[i].in, !meant || strcmp(prefix_format(&p, text),
		                                       rows[i].network) == 0);
	}
}

static void test_overlaps(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool share; } rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", true }, { "192.0.2.0/24", "192.0.2.7", true },
		{ "192.0.2.0/24", "192.0.0.0/16", true }, { "192.0.2.0/25", "192.0.2.128/25", false },
		{ "192.0.2.0/24", "192.0.3.0/24", false }, { "0.0.0.0/0", "::/0", false },
		{ "::/0", "2001:db8::/64", true }, { "2001:db8::/64", "2001:db8:0:1::/64", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix a = prefix(rows[i].a), b = prefix(rows[i].b);
		CHECK_ROW(rows[i].b, prefix_overlaps(&a, &b) == rows[i].share);
		CHECK_ROW(rows[i].b, prefix_overlaps(&b, &a) == rows[i].share);
	}
}

static void test_contains(void **state)
{
	(void)state;
	static const struct { const char *range, *ip; bool in; } rows[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix p = prefix(rows[i].range);
		struct ip a = ip(rows[i].ip);
		CHECK_ROW(rows[i].range, prefix_contains(&p, &a) == rows[i].in);
	}
	struct prefix wide = prefix("192.0.2.0/24"), narrow = prefix("192.0.2.64/26");
	assert_true(prefix_covers(&wide, &narrow));
	assert_true(prefix_covers(&wide, &wide));
	assert_false(prefix_covers(&narrow, &wide));
}

static void test_order_and_next(void **state)
{
	(void)state;
	static const char *const sorted[] = {
		"0.0.0.0", "9.0.0.0", "10.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1",
		"2001:db8::", "ffff::",
	};
	enum { N = sizeof(sorted) / sizeof(*sorted) };
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			struct ip a = ip(sorted[i]), b = ip(sorted[j]);
			int c = ip_cmp(&a, &b);
			CHECK_ROW(sorted[i], (c < 0) == (i < j) && (c == 0) == (i == j));
		}
	static const struct { const char *from, *to; } rows[] = {
		{ "192.0.2.255", "192.0.3.0" }, { "255.255.255.255", NULL },
		{ "2001:db8::ffff", "2001:db8::1:0" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip a = ip(rows[i].from);
		bool more = ip_next(&a);
		CHECK_ROW(rows[i].from, more == (rows[i].to != NULL));
		if (more) {
			struct ip want = ip(rows[i].to);
			CHECK_ROW(rows[i].from, ip_eq(&a, &want));
		}
	}
}

static void test_endpoint(void **state)
{
	(void)state;
	static const struct { const char *in; uint16_t def; const char *out; } rows[] = {
		{ "192.0.2.1", 25, "192.0.2.1:25" },
		{ "192.0.2.1:587", 25, "192.0.2.1:587" },
		{ "2001:db8::1", 25, "[2001:db8::1]:25" },
		{ "[2001:db8::1]:587", 25, "[2001:db8::1]:587" },
		{ "[2001:db8::1]", 25, "[2001:db8::1]:25" },
		{ "[192.0.2.1]:5", 25, "192.0.2.1:5" },
		{ "192.0.2.1:65535", 0, "192.0.2.1:65535" },
		{ "192.0.2.1", 0, NULL },
		{ "192.0.2.1:0", 25, NULL },
		{ "192.0.2.1:65536", 25, NULL },
		{ "192.0.2.1:-1", 25, NULL },
		{ "192.0.2.1:25x", 25, NULL },
		{ "[2001:db8::1", 25, NULL },
		{ "[2001:db8::1]25", 25, NULL },
		{ "[]:25", 25, NULL },
		{ "host:25", 25, NULL },
		{ ":25", 25, NULL },
		{ "", 25, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct endpoint ep;
		char text[ENDPOINT_TEXT_MAX];
		int e = endpoint_parse(str_of(rows[i].in), rows[i].def, &ep, NULL);
		CHECK_ROW(rows[i].in, (e == ERR_OK) == (rows[i].out != NULL));
		if (e != ERR_OK)
			continue;
		assert_string_equal(endpoint_format(&ep, text), rows[i].out);
		struct sockaddr_storage ss;
		struct endpoint back;
		socklen_t len = endpoint_to_sockaddr(&ep, &ss);
		CHECK_ROW(rows[i].in, len == (ep.ip.family == 4 ? sizeof(struct sockaddr_in)
		                                                : sizeof(struct sockaddr_in6)));
		assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&ss, &back), ERR_OK);
		CHECK_ROW(rows[i].in, ip_eq(&ep.ip, &back.ip) && ep.port == back.port);
	}
}

static void test_literal(void **state)
{
	(void)state;
	char text[IP_TEXT_MAX + 8];
	struct ip four = ip("192.0.2.1"), six = ip("2001:db8::1");
	assert_string_equal(ip_format_literal(&four, text), "[192.0.2.1]");
	assert_string_equal(ip_format_literal(&six, text), "[IPv6:2001:db8::1]");
	struct prefix cut = prefix_of(&four, 99);
	assert_int_equal(cut.len, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_parse),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_meant),
		cmocka_unit_test(test_overlaps), cmocka_unit_test(test_contains),
		cmocka_unit_test(test_order_and_next),
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_literal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
