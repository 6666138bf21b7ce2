/* SPDX-License-Identifier: ISC
 *
 * Host names and addresses: patterns, organisations, customers' lines.
 */
#include "test.h"

#include "trace/names.h"
#include "trace/providers.h"

static void test_globs(void **state)
{
	(void)state;
	static const struct { const char *pattern, *host; bool match; } rows[] = {
		{ "mx.example", "MX.example.", true }, { "*.example", "a.b.example", true },
		{ "*.example", "example", false }, { "mx?.example", "mx1.example", true },
		{ "mx?.example", "mx.example", false }, { "*", "", true }, { "", "a", false },
		{ "*a*b*", "xxaxxbxx", true }, { "*a*b*", "xxbxxaxx", false },
		{ "mx.example", "mx.example.evil.example", false },
		{ "*.\xc3\xbc.example", "a.xn--tda.example", true },
		{ "*.xn--tda.example", "a.\xc3\x9c.example", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(rows[i].pattern, name_glob(str_of(rows[i].pattern),
		                                     str_of(rows[i].host)) == rows[i].match);
}

/* A pattern full of stars must not take for ever. */
static void test_glob_cost(void **state)
{
	(void)state;
	char host[256], pattern[256];
	memset(host, 'a', sizeof(host));
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 2 ? 'a' : '*';
	assert_false(name_glob((struct str){ pattern, sizeof(pattern) },
	                       (struct str){ host, 100 }));
}

static void test_org(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "mx.example.com", "www.EXAMPLE.com", true },
		{ "a.example.com", "b.example.org", false },
		{ "a.foo.co.uk", "b.foo.co.uk", true }, { "a.foo.co.uk", "a.bar.co.uk", false },
		{ "co.uk", "co.uk", false }, { "mx", "mx", false }, { "", "", false },
		{ "bay1.hotmail.com", "x.prod.outlook.com", true },
		{ "x.google.com", "gmail.com", true },
		{ "10.1.2.3", "11.1.2.3", false }, { "[192.0.2.1]", "[192.0.2.1]", false },
		{ "evilgoogle.com", "google.com", false },
		{ "mx.\xc3\xbc.example", "www.xn--tda.example", true },
		{ "mx.\xc3\xbc.example", "www.xn--tca.example", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(rows[i].a, provider_same_org(str_of(rows[i].a), str_of(rows[i].b)) ==
		                     rows[i].same);
	assert_null(provider_of(STR("notaol.com")));
	assert_non_null(provider_of(STR("rly.mx.AOL.com")));
}

/* The table is searched by halves: its ends and what stands between. */
static void test_providers(void **state)
{
	(void)state;
	static const struct { const char *host, *name; } rows[] = {
		{ "m12.126.com", "NetEase" }, { "m12.163.com", "NetEase" },
		{ "mail.foxmail.com", "Tencent" }, { "newxm.qq.com", "Tencent" },
		{ "x.outbound-mail.sendgrid.net", "SendGrid" }, { "m42.mailgun.net", "Mailgun" },
		{ "x.prod.outlook.com", "Microsoft" }, { "mx.zohomail.com", "Zoho" },
		{ "mail.zzz.com", NULL }, { "1.com", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider *p = provider_of(str_of(rows[i].host));
		CHECK_ROW(rows[i].host, p ? rows[i].name && strcmp(p->name, rows[i].name) == 0
		                          : rows[i].name == NULL);
	}
}

static void test_said(void **state)
{
	(void)state;
	static const struct { const char *host, *helo; bool said; } rows[] = {
		{ "mx.example", "MX.example.", true },
		{ "in_7.far_domain", "in?7.far?domain", true },
		{ "mx.example", "mx.example.org", false }, { "", "", false }, { "a", "", false },
		{ "a?b", "a_b", false }, { "ab", "a?b", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(rows[i].host, name_was_said(str_of(rows[i].host),
		                                      str_of(rows[i].helo)) == rows[i].said);
}

static void test_generic(void **state)
{
	(void)state;
	struct ip ip = ip_from_v4(192, 0, 2, 77);
	assert_true(name_is_generic(STR("adsl-192-0-2-77.isp.example"), &ip));
	assert_true(name_is_generic(STR("77.2.0.192.isp.example"), &ip));
	assert_true(name_is_generic(STR("ipC000024D.isp.example"), &ip));
	assert_true(name_is_generic(STR("x.dialup.isp.example"), &ip));
	assert_true(name_is_generic(STR("nrm242245.isp.example"), &ip));
	assert_false(name_is_generic(STR("mx2107.isp12345.example"), &ip));
	assert_false(name_is_generic(STR("mx77.isp.example"), &ip));
	assert_false(name_is_generic(STR("mail.isp.example"), &ip));
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct { const char *text; char kind; } rows[] = {
		{ "127.0.0.1", 'l' }, { "::1", 'l' }, { "10.1.1.1", 'p' }, { "172.31.0.1", 'p' },
		{ "172.32.0.1", ' ' }, { "192.168.1.1", 'p' }, { "100.64.0.1", 'p' },
		{ "169.254.1.1", 'p' }, { "fe80::1", 'p' }, { "fd00::1", 'p' },
		{ "2002:a05::1", 'p' },
		{ "2002:c000:201::1", ' ' }, { "0.1.2.3", 'u' }, { "224.0.0.1", 'u' },
		{ "255.255.255.255", 'u' }, { "4000::1", 'u' }, { "192.0.2.1", ' ' },
		{ "2001:db8::1", ' ' },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip ip;
		assert_int_equal(ip_parse(str_of(rows[i].text), &ip, NULL), ERR_OK);
		CHECK_ROW(rows[i].text, ip_is_loopback(&ip) == (rows[i].kind == 'l'));
		CHECK_ROW(rows[i].text, ip_is_private(&ip) == (rows[i].kind == 'p'));
		CHECK_ROW(rows[i].text, ip_is_unassigned(&ip) == (rows[i].kind == 'u'));
		CHECK_ROW(rows[i].text, ip_is_public(&ip) == (rows[i].kind == ' '));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs), cmocka_unit_test(test_glob_cost),
		cmocka_unit_test(test_org), cmocka_unit_test(test_generic),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_providers),
		cmocka_unit_test(test_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
