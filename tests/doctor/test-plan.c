/* SPDX-License-Identifier: ISC
 *
 * The records that a configuration needs: each as the line of a zone file, none for an address that
 * others cannot reach.
 */
#include "test.h"

#include "doctor/plan.h"

#include <string.h>

struct row {
	const char *label, *text;
	struct ip found[2];                  /* by the system, if tester.source is unset */
	const char *lines;
};

#define NAMES "hostname = \"probe.isp-lab.net\"\n"
#define LAB "list { allow_special = {\"192.0.2.0/24\", \"198.51.100.0/24\", \"2001:db8::/32\"} }\n"

static const struct row rows[] = {
	{ "one address for all of it",
	  NAMES LAB "tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n"
	  "collector = \"192.0.2.10:25\"\n source = {\"192.0.2.10\"} }\n"
	  "dnsbl { zone = \"relays.isp-lab.net\"\n listen = {\"192.0.2.10:53\"} }", {},
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "b-lab.org. IN MX 10 probe.isp-lab.net.\n"
	  "probe.isp-lab.net. IN A 192.0.2.10\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "b-lab.org. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "10.2.0.192.in-addr.arpa. IN PTR probe.isp-lab.net.\n"
	  "relays.isp-lab.net. IN NS ns.relays.isp-lab.net.\n"
	  "ns.relays.isp-lab.net. IN A 192.0.2.10\n" },
	{ "a mail server alone: nothing of tests and lists",
	  NAMES LAB "roles = {\"gateway\"}\ngateway { source = {\"192.0.2.10\"} }\n", {},
	  "probe.isp-lab.net. IN A 192.0.2.10\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "10.2.0.192.in-addr.arpa. IN PTR probe.isp-lab.net.\n" },
	/* The collector's name must not lead to where nobody takes mail. */
	{ "tests from elsewhere, both families, two zones",
	  NAMES LAB "tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n"
	  "collector = \"192.0.2.10:25\"\n source = {\"198.51.100.7\", \"2001:db8::7\"} }\n"
	  "collector { listen = {\"192.0.2.10:25\", \"[2001:db8::10]:25\", \"127.0.0.1:25\"} }\n"
	  "dnsbl { zone = \"relays.isp-lab.net\"\n output_zone = \"out.isp-lab.net\"\n"
	  "nameserver = {\"ns1.isp-lab.net\", \"n.out.isp-lab.net\"}\n"
	  "nameserver_address = {\"192.0.2.53\"} }", {},
	  "a-lab.net. IN MX 10 mx.a-lab.net.\n"
	  "b-lab.org. IN MX 10 mx.a-lab.net.\n"
	  "mx.a-lab.net. IN A 192.0.2.10\n"
	  "mx.a-lab.net. IN AAAA 2001:db8::10\n"
	  "probe.isp-lab.net. IN A 198.51.100.7\n"
	  "probe.isp-lab.net. IN AAAA 2001:db8::7\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "b-lab.org. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "7.100.51.198.in-addr.arpa. IN PTR probe.isp-lab.net.\n"
	  "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR "
	  "probe.isp-lab.net.\n"
	  "10.2.0.192.in-addr.arpa. IN PTR mx.a-lab.net.\n"
	  "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR "
	  "mx.a-lab.net.\n"
	  "relays.isp-lab.net. IN NS ns1.isp-lab.net.\n"
	  "relays.isp-lab.net. IN NS n.out.isp-lab.net.\n"
	  "out.isp-lab.net. IN NS ns1.isp-lab.net.\n"
	  "out.isp-lab.net. IN NS n.out.isp-lab.net.\n"
	  "n.out.isp-lab.net. IN A 192.0.2.53\n" },
	/* Behind a NAT: what others see is not known here. */
	{ "private and loopback addresses",
	  NAMES "tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n"
	  "collector = \"10.0.0.1:25\" }\n"
	  "dnsbl { zone = \"relays.isp-lab.net\"\n listen = {\"0.0.0.0:53\", \"127.0.0.1:53\"} }",
	  { { 4, { 10, 0, 0, 1 } } },
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "b-lab.org. IN MX 10 probe.isp-lab.net.\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "b-lab.org. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "relays.isp-lab.net. IN NS ns.relays.isp-lab.net.\n" },
	{ "behind a NAT, and told how others see it",
	  NAMES "tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n"
	  "collector = \"8.8.4.4:25\"\n seen_as = {\"2a00::1\", \"8.8.4.4\"} }\n"
	  "dnsbl { zone = \"relays.isp-lab.net\"\n listen = {\"0.0.0.0:53\"}\n"
	  "nameserver = {\"ns.isp-lab.net\"} }",
	  { { 4, { 10, 0, 0, 1 } } },
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "b-lab.org. IN MX 10 probe.isp-lab.net.\n"
	  "probe.isp-lab.net. IN A 8.8.4.4\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "b-lab.org. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "4.4.8.8.in-addr.arpa. IN PTR probe.isp-lab.net.\n"
	  "relays.isp-lab.net. IN NS ns.isp-lab.net.\n" },
	{ "the system's address",
	  NAMES "tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n"
	  "collector = \"8.8.4.4:25\" }\n"
	  "dnsbl { zone = \"relays.isp-lab.net\"\n listen = {\"0.0.0.0:53\"}\n"
	  "nameserver = {\"ns.isp-lab.net\"} }",
	  { { 4, { 8, 8, 4, 4 } } },
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "b-lab.org. IN MX 10 probe.isp-lab.net.\n"
	  "probe.isp-lab.net. IN A 8.8.4.4\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "b-lab.org. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "4.4.8.8.in-addr.arpa. IN PTR probe.isp-lab.net.\n"
	  "relays.isp-lab.net. IN NS ns.isp-lab.net.\n" },
	{ "a mail server alone",
	  NAMES "roles = {\"gateway\"}\ngateway { domains = {\"a-lab.net\", \"b\xc3\xbc.net\"}\n"
	  "listen = {\"0.0.0.0:25\", \"8.8.8.8:25\"} }", { { 4, { 8, 8, 4, 4 } } },
	  "probe.isp-lab.net. IN A 8.8.4.4\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "xn--b-eha.net. IN MX 10 probe.isp-lab.net.\n"
	  "probe.isp-lab.net. IN A 8.8.8.8\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "xn--b-eha.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "4.4.8.8.in-addr.arpa. IN PTR probe.isp-lab.net.\n" },
	{ "its name is a domain of its own: one SPF",
	  NAMES "roles = {\"gateway\"}\ngateway { domains = {\"a-lab.net\", \"Probe.ISP-lab.net\"}\n"
	  "listen = {\"8.8.4.4:25\"} }", { { 4, { 8, 8, 4, 4 } } },
	  "probe.isp-lab.net. IN A 8.8.4.4\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "Probe.ISP-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"\n"
	  "4.4.8.8.in-addr.arpa. IN PTR probe.isp-lab.net.\n" },
	{ "a mail server behind a smarthost",
	  NAMES "roles = {\"gateway\"}\ngateway { domains = {\"a-lab.net\"}\n"
	  "smarthost = \"smtp.isp-lab.com:587\"\nlisten = {\"8.8.4.4:25\"} }",
	  { { 4, { 8, 8, 4, 4 } } },
	  "probe.isp-lab.net. IN A 8.8.4.4\n"
	  "probe.isp-lab.net. IN TXT \"v=spf1 a -all\"\n"
	  "a-lab.net. IN MX 10 probe.isp-lab.net.\n"
	  "4.4.8.8.in-addr.arpa. IN PTR probe.isp-lab.net.\n" },
};

static void add_line(void *arg, const struct doctor_record *r)
{
	doctor_record_line(r, arg);
	buf_add_byte(arg, '\n');
}

static void add_left_out(void *arg, const struct ip *ip, const char *why)
{
	char text[IP_TEXT_MAX];
	buf_printf(arg, "%s %s\n", ip_format(ip, text), why);
}

static void test_left_out(void **state)
{
	(void)state;
	struct settings s;
	struct doctor_plan plan;
	struct buf message = { 0 }, lines = { 0 };
	const struct ip found = { 4, { 10, 0, 0, 1 } };
	assert_int_equal(settings_load_text(&s, str_of(rows[3].text), &message), ERR_OK);
	doctor_plan_make(&s, &found, 1, &plan);
	doctor_plan_left_out(&plan, add_left_out, &lines);
	/* Each once, though it is collector and source. */
	assert_string_equal(buf_cstr(&lines), "10.0.0.1 a private address (RFC 1918)\n"
	                    "127.0.0.1 a loopback address\n");
	buf_fini(&lines);
	settings_fini(&s);
}

static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings s;
		struct doctor_plan plan;
		struct buf message = { 0 }, lines = { 0 };
		size_t found = rows[i].found[0].family ? 1 : 0;
		CHECK_ROW(rows[i].label,
		          settings_load_text(&s, str_of(rows[i].text), &message) == ERR_OK);
		doctor_plan_make(&s, rows[i].found, found, &plan);
		doctor_plan_records(&plan, add_line, &lines);
		assert_string_equal(buf_cstr(&lines), rows[i].lines);
		buf_fini(&lines);
		buf_fini(&message);
		settings_fini(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
