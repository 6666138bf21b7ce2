/* SPDX-License-Identifier: ISC
 *
 * What DNS answers come to: a plan of one address is answered rightly, then one thing is changed,
 * and the findings that are then not "ok" are compared.
 */
#include "test.h"

#include "doctor/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char conf[] =
	"hostname = \"probe.isp-lab.net\"\n"
	"tester { domain = \"a-lab.net\"\n domain2 = \"b-lab.org\"\n collector = \"192.0.2.10:25\"\n"
	" source = {\"192.0.2.10\"} }\n"
	"collector { listen = {\"192.0.2.10:25\", \"[2001:db8::10]:25\"} }\n"
	"dnsbl { zone = \"relays.isp-lab.net\"\n listen = {\"192.0.2.10:53\"} }\n"
	"list { allow_special = {\"192.0.2.0/24\", \"2001:db8::/32\"} }\n";

#define ANSWER_IP(...) (struct doctor_answer){ DNS_FOUND, .ips = { { 4, { __VA_ARGS__ } } }, \
                                               .ip_count = 1 }
#define ANSWER_NAME(name) (struct doctor_answer){ DNS_FOUND, .names = { name }, .name_count = 1 }
#define ANSWER_SPF(text) (struct doctor_answer){ DNS_FOUND, .texts = { text }, .text_count = 1 }
#define ANSWER(status) (struct doctor_answer){ status }

static const struct ip six = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x10 } };

static void answer_rightly(struct doctor_dns *d)
{
	*d = (struct doctor_dns){ 0 };
	d->helo = ANSWER_IP(192, 0, 2, 10);
	d->helo.ips[d->helo.ip_count++] = six;
	for (size_t i = 0; i < DOCTOR_DOMAINS; i++) {
		d->mx[i] = ANSWER_NAME("probe.isp-lab.net");
		d->mx_ips[i][0] = d->helo;
		d->spf[i] = ANSWER_SPF("v=spf1 a:probe.isp-lab.net -all");
	}
	d->helo_spf = ANSWER_SPF("v=spf1 a -all");
	d->source_ptr[0] = ANSWER_NAME("Probe.ISP-lab.net");
	d->collector_ptr[1] = ANSWER_NAME("probe.isp-lab.net");
	d->zones[0] = (struct doctor_zone_answers){ ANSWER_IP(127, 0, 0, 2), ANSWER(DNS_NXDOMAIN),
	                                            ANSWER_IP(127, 0, 0, 2), true };
}

static void nothing(struct doctor_dns *d) { (void)d; }
static void no_mx(struct doctor_dns *d) { d->mx[1] = ANSWER(DNS_NODATA); }
static void no_domain(struct doctor_dns *d) { d->mx[0] = ANSWER(DNS_NXDOMAIN); }
static void mx_fails(struct doctor_dns *d) { d->mx[0] = ANSWER(DNS_SERVFAIL); }
static void null_mx(struct doctor_dns *d) { d->mx[0] = ANSWER_NAME("."); }
static void mx_elsewhere(struct doctor_dns *d) { d->mx_ips[0][0] = ANSWER_IP(203, 0, 113, 5); }
static void mx_hostless(struct doctor_dns *d) { d->mx_ips[0][0] = ANSWER(DNS_NXDOMAIN); }
static void mx_late(struct doctor_dns *d) { d->mx_ips[0][0] = ANSWER(DNS_TIMEOUT); }
static void mx_v4_only(struct doctor_dns *d) { d->mx_ips[0][0].ip_count = 1; }
static void helo_gone(struct doctor_dns *d) { d->helo = ANSWER(DNS_NXDOMAIN); }
static void helo_other(struct doctor_dns *d) { d->helo = ANSWER_IP(203, 0, 113, 5); }
static void helo_fails(struct doctor_dns *d) { d->helo = ANSWER(DNS_TIMEOUT); }
static void ptr_none(struct doctor_dns *d) { d->source_ptr[0] = ANSWER(DNS_NXDOMAIN); }
static void ptr_dynamic(struct doctor_dns *d) { d->source_ptr[0] = ANSWER_NAME("ip-10.dyn-lab.net"); }
static void ptr_hostile(struct doctor_dns *d) { d->source_ptr[0] = ANSWER_NAME("\033[2Jx"); }
static void ptr_fails(struct doctor_dns *d) { d->source_ptr[0] = ANSWER(DNS_REFUSED); }
static void ptr_six(struct doctor_dns *d) { d->collector_ptr[1] = ANSWER(DNS_NXDOMAIN); }
static void spf_none(struct doctor_dns *d) { d->spf[0] = ANSWER(DNS_NODATA); }
static void spf_refuses(struct doctor_dns *d) { d->spf[0] = ANSWER_SPF("v=spf1 -all"); }
static void spf_deep(struct doctor_dns *d) { d->spf[0] = ANSWER_SPF("v=spf1 include:x.net -all"); }
static void no_delegation(struct doctor_dns *d) { d->zones[0].listed = ANSWER(DNS_NXDOMAIN); }
static void lame(struct doctor_dns *d) { d->zones[0].listed = ANSWER(DNS_SERVFAIL); }
static void wildcard(struct doctor_dns *d) { d->zones[0].free = ANSWER_IP(127, 0, 0, 2); }
static void parked(struct doctor_dns *d) { d->zones[0].listed = ANSWER_IP(203, 0, 113, 5); }
static void anothers(struct doctor_dns *d) { d->zones[0].listed = ANSWER_IP(127, 0, 0, 9); }

static void two_spf(struct doctor_dns *d)
{
	d->spf[0] = ANSWER_SPF("v=spf1 a:probe.isp-lab.net -all");
	d->spf[0].text_count = 2;
}

static void not_running(struct doctor_dns *d)
{
	d->zones[0].listed = d->zones[0].own = ANSWER(DNS_TIMEOUT);
}

static const struct { const char *label; void (*change)(struct doctor_dns *d); const char *told; }
rows[] = {
	{ "all is right", nothing, "" },
	{ "no MX", no_mx, "missing MX of b-lab.org: the name has no such record "
	  "[b-lab.org. IN MX 10 probe.isp-lab.net.]\n" },
	{ "no domain", no_domain, "missing MX of a-lab.net: there is no such name "
	  "[a-lab.net. IN MX 10 probe.isp-lab.net.]\n" },
	{ "a failure is no record's fault", mx_fails,
	  "unknown MX of a-lab.net: the resolver could not find out (SERVFAIL) []\n" },
	{ "null MX", null_mx, "differs MX of a-lab.net: found \".\", which says that the domain "
	  "takes no mail [a-lab.net. IN MX 10 probe.isp-lab.net.]\n" },
	{ "MX elsewhere", mx_elsewhere, "differs MX of a-lab.net: found probe.isp-lab.net at "
	  "203.0.113.5, where our collector is not: mail that goes there is lost "
	  "[a-lab.net. IN MX 10 probe.isp-lab.net.]\n" },
	{ "MX without address", mx_hostless, "missing MX of a-lab.net: probe.isp-lab.net has no "
	  "address [a-lab.net. IN MX 10 probe.isp-lab.net.]\n" },
	{ "MX whose address is late", mx_late, "unknown MX of a-lab.net: the address of "
	  "probe.isp-lab.net: no answer in time []\n" },
	{ "no IPv6", mx_v4_only, "better MX of a-lab.net: nothing leads to 2001:db8::10, at which "
	  "the collector listens as well [probe.isp-lab.net. IN AAAA 2001:db8::10]\n" },
	{ "HELO's name is none", helo_gone, "missing address of probe.isp-lab.net, our name in "
	  "HELO: found none; expected 192.0.2.10 among them, from which we come "
	  "[probe.isp-lab.net. IN A 192.0.2.10]\n" },
	{ "HELO's name leads elsewhere", helo_other, "differs address of probe.isp-lab.net, our "
	  "name in HELO: found 203.0.113.5; expected 192.0.2.10 among them, from which we come "
	  "[probe.isp-lab.net. IN A 192.0.2.10]\n" },
	{ "HELO's name fails", helo_fails, "unknown address of probe.isp-lab.net, our name in "
	  "HELO: no answer in time []\n" },
	{ "no PTR", ptr_none, "missing reverse name of 192.0.2.10: there is no such name; expected "
	  "probe.isp-lab.net [10.2.0.192.in-addr.arpa. IN PTR probe.isp-lab.net.]\n" },
	{ "a provider's PTR", ptr_dynamic, "differs reverse name of 192.0.2.10: found "
	  "ip-10.dyn-lab.net; expected probe.isp-lab.net "
	  "[10.2.0.192.in-addr.arpa. IN PTR probe.isp-lab.net.]\n" },
	{ "a terminal's PTR", ptr_hostile, "differs reverse name of 192.0.2.10: found "
	  "\\x1b[2Jx; expected probe.isp-lab.net "
	  "[10.2.0.192.in-addr.arpa. IN PTR probe.isp-lab.net.]\n" },
	{ "PTR fails", ptr_fails, "unknown reverse name of 192.0.2.10: the resolver refuses to "
	  "answer []\n" },
	{ "who only receives", ptr_six, "better reverse name of 2001:db8::10: there is no such "
	  "name; expected probe.isp-lab.net [0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	  "8.b.d.0.1.0.0.2.ip6.arpa. IN PTR probe.isp-lab.net.]\n" },
	{ "no SPF", spf_none, "better SPF of a-lab.net: there is none; some servers would refuse "
	  "what we send [a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"]\n" },
	{ "SPF refuses", spf_refuses, "differs SPF of a-lab.net: found \"v=spf1 -all\", which "
	  "refuses us [a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"]\n" },
	{ "SPF by others", spf_deep, "better SPF of a-lab.net: found \"v=spf1 include:x.net -all\"; "
	  "whether it lets us through is not looked at so deep "
	  "[a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"]\n" },
	{ "two SPF", two_spf, "differs SPF of a-lab.net: found 2 records, which count as an error; "
	  "expected one [a-lab.net. IN TXT \"v=spf1 a:probe.isp-lab.net -all\"]\n" },
	{ "no delegation", no_delegation, "missing delegation of relays.isp-lab.net: the test entry "
	  "127.0.0.2 is not found (there is no such name) "
	  "[relays.isp-lab.net. IN NS ns.relays.isp-lab.net.]\n" },
	{ "the way is broken", lame, "wrong delegation of relays.isp-lab.net: our own server "
	  "answers, the way through the DNS does not (the resolver could not find out (SERVFAIL)): "
	  "look at the delegation, at the addresses of its name servers, and whether port 53 is let "
	  "in, by UDP and TCP []\n" },
	{ "nothing runs", not_running, "unknown delegation of relays.isp-lab.net: no answer in time; "
	  "look again when the role dnsbl runs []\n" },
	{ "lists the world", wildcard, "differs delegation of relays.isp-lab.net: 127.0.0.1 is "
	  "listed, too: somebody answers for every name "
	  "[relays.isp-lab.net. IN NS ns.relays.isp-lab.net.]\n" },
	{ "parked", parked, "differs delegation of relays.isp-lab.net: the test entry 127.0.0.2 has "
	  "an address outside of 127.0.0.0/8: another zone's records, or a parked domain "
	  "[relays.isp-lab.net. IN NS ns.relays.isp-lab.net.]\n" },
	{ "another's list", anothers, "differs delegation of relays.isp-lab.net: the test entry has "
	  "another code than at our own server: it is delegated to another one "
	  "[relays.isp-lab.net. IN NS ns.relays.isp-lab.net.]\n" },
};

static struct settings settings;
static struct doctor_plan plan;

static int make(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (settings_load_text(&settings, STR(conf), &message) != ERR_OK)
		return -1;
	doctor_plan_make(&settings, NULL, 0, &plan);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	settings_fini(&settings);
	return 0;
}

static void test_answers(void **state)
{
	(void)state;
	struct doctor_dns *dns = malloc(sizeof(*dns));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct doctor_findings f = { .arena = &a };
		struct buf told = { 0 };
		answer_rightly(dns);
		rows[i].change(dns);
		doctor_dns_judge(&plan, dns, &f);
		for (size_t j = 0; j < f.n; j++)
			if (f.v[j].status != DOCTOR_OK)
				buf_printf(&told, "%s %s: %s [%s]\n",
				           doctor_status_name(f.v[j].status), f.v[j].about,
				           f.v[j].text, f.v[j].todo);
		CHECK_ROW(rows[i].label, f.n >= 8);
		assert_string_equal(buf_cstr(&told), rows[i].told);
		buf_fini(&told);
		doctor_findings_fini(&f);
		arena_fini(&a);
	}
	free(dns);
}

/* ---- SPF ------------------------------------------------------------------------------- */

static const struct { const char *record; enum doctor_spf how; } records[] = {
	{ "v=spf1 ip4:192.0.2.10 -all", DOCTOR_SPF_PASS },
	{ "v=spf1 ip4:192.0.2.0/24 ~all", DOCTOR_SPF_PASS },
	{ "v=spf1 +ip4:192.0.2.10 -all", DOCTOR_SPF_PASS },
	{ "V=SPF1 A:Probe.ISP-lab.net -ALL", DOCTOR_SPF_PASS },
	{ "v=spf1 mx -all", DOCTOR_SPF_PASS },
	{ "v=spf1 mx:b-lab.org -all", DOCTOR_SPF_PASS },
	{ "v=spf1 all", DOCTOR_SPF_PASS },
	{ "v=spf1 include:x.net ip4:192.0.2.10 -all", DOCTOR_SPF_PASS },
	{ "v=spf1 -all", DOCTOR_SPF_FAIL },
	{ "v=spf1 ~all", DOCTOR_SPF_FAIL },
	{ "v=spf1", DOCTOR_SPF_FAIL },
	{ "v=spf1 ip4:198.51.100.0/24 -all", DOCTOR_SPF_FAIL },
	{ "v=spf1 ip6:2001:db8::/32 -all", DOCTOR_SPF_FAIL },
	{ "v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.10 -all", DOCTOR_SPF_FAIL },
	{ "v=spf1 exp=x.net -all", DOCTOR_SPF_FAIL },
	{ "v=spf1 a -all", DOCTOR_SPF_OTHER },              /* of the domain, not of this machine */
	{ "v=spf1 include:x.net -all", DOCTOR_SPF_OTHER },
	{ "v=spf1 redirect=x.net", DOCTOR_SPF_OTHER },
	{ "v=spf1 exists:%{i}.x.net ~all", DOCTOR_SPF_OTHER },
	{ "v=spf1 ip4:nonsense -all", DOCTOR_SPF_OTHER },
	{ "v=spf10 +all", DOCTOR_SPF_BROKEN },
	{ "", DOCTOR_SPF_BROKEN },
};

static void test_spf(void **state)
{
	(void)state;
	const struct ip ip = ip_from_v4(192, 0, 2, 10);
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		CHECK_ROW(records[i].record,
		          doctor_spf_judge(&plan, str_of(records[i].record), STR("a-lab.net"), &ip) ==
		          records[i].how);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_spf),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
