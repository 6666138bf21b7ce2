/* SPDX-License-Identifier: ISC
 *
 * The gateway's domains: answers that are right, then one thing is changed, and the findings that
 * are then not "ok" are compared; and the names of its certificates.
 */
#include "test.h"

#include "base/mem.h"
#include "certificate.h"
#include "doctor/certificates.h"

#include <stdio.h>
#include <stdlib.h>

static const char conf[] =
	"hostname = \"mx.isp-lab.net\"\nroles = {\"gateway\"}\n"
	"gateway { domains = {\"isp-lab.net\", \"b\xc3\xbc" "cher-lab.org\"}\n"
	" listen = {\"0.0.0.0:25\", \"[2001:db8::10]:25\"}\n submissions = {\"0.0.0.0:465\"}\n"
	" certificate = \"/c\"\n key = \"/k\"\n"
	" transports = {\"isp-lab.net smtp:inner.isp-lab.net:25\"} }\n"
	"list { allow_special = {\"192.0.2.0/24\", \"2001:db8::/32\"} }\n";

#define IP(...) (struct doctor_answer){ DNS_FOUND, .ips = { { 4, { __VA_ARGS__ } } }, \
                                        .ip_count = 1 }
#define NAMES(n, ...) (struct doctor_answer){ DNS_FOUND, .names = { __VA_ARGS__ }, .name_count = n }
#define NONE(status) (struct doctor_answer){ status }

static void answer_rightly(struct doctor_dns *d)
{
	*d = (struct doctor_dns){ .helo = IP(192, 0, 2, 10), .ways = { IP(192, 0, 2, 20) } };
	for (size_t i = 0; i < 2; i++) {
		d->mail[i].mx = NAMES(1, "MX.isp-lab.net");
		d->mail[i].ips[0] = d->mail[i].own = IP(192, 0, 2, 10);
		d->mail[i].spf = (struct doctor_answer){
			DNS_FOUND, .texts = { "v=spf1 a:mx.isp-lab.net -all" }, .text_count = 1 };
	}
}

static void nothing(struct doctor_dns *d) { (void)d; }
static void by_another_name(struct doctor_dns *d) { d->mail[0].mx = NAMES(1, "mail.isp-lab.net"); }
static void on_another_address(struct doctor_dns *d)
{
	by_another_name(d);
	d->mail[0].ips[0] = IP(192, 0, 2, 11);   /* of this machine */
}
static void address_only(struct doctor_dns *d) { d->mail[0].mx = NONE(DNS_NODATA); }
static void no_mx(struct doctor_dns *d)
{
	address_only(d);
	d->mail[0].own = IP(8, 8, 8, 8);
}
static void no_mx_late(struct doctor_dns *d)
{
	address_only(d);
	d->mail[0].own = NONE(DNS_TIMEOUT);
}
static void fails(struct doctor_dns *d) { d->mail[1].mx = NONE(DNS_SERVFAIL); }
static void null_mx(struct doctor_dns *d) { d->mail[0].mx = NAMES(1, "."); }
static void elsewhere(struct doctor_dns *d)
{
	d->mail[0].mx = NAMES(2, "a\033.isp-lab.com", "b.isp-lab.com");
	d->mail[0].ips[0] = d->mail[0].ips[1] = IP(8, 8, 8, 8);
}
static void elsewhere_late(struct doctor_dns *d)
{
	elsewhere(d);
	d->mail[0].ips[1] = NONE(DNS_TIMEOUT);
}
static void beside(struct doctor_dns *d)
{
	d->mail[0].mx = NAMES(2, "mx.isp-lab.net", "b.isp-lab.com");
	d->mail[0].ips[1] = IP(8, 8, 8, 8);
}
static void alias(struct doctor_dns *d) { d->mail[0].ips[0].alias = true; }
static void hostless(struct doctor_dns *d)
{
	by_another_name(d);
	d->mail[0].ips[0] = NONE(DNS_NXDOMAIN);
}
static void loopback(struct doctor_dns *d) { d->mail[0].ips[0] = IP(127, 0, 0, 1); }
static void no_spf(struct doctor_dns *d) { d->mail[0].spf = NONE(DNS_NODATA); }
static void circle(struct doctor_dns *d) { d->ways[0] = IP(192, 0, 2, 11); }
static void circle_near(struct doctor_dns *d) { d->ways[0] = IP(127, 0, 0, 9); }
static void way_nowhere(struct doctor_dns *d) { d->ways[0] = NONE(DNS_NXDOMAIN); }
static void way_late(struct doctor_dns *d) { d->ways[0] = NONE(DNS_TIMEOUT); }

#define TODO " [isp-lab.net. IN MX 10 mx.isp-lab.net.]\n"

static const struct { const char *label; void (*change)(struct doctor_dns *d); const char *told; }
rows[] = {
	{ "all is right", nothing, "" },
	{ "by another name", by_another_name, "" },
	{ "on another address", on_another_address, "" },
	{ "beside another", beside, "" },
	{ "by its address alone", address_only, "better MX of isp-lab.net: there is none; mail comes "
	  "by the domain's own address, as long as that is ours" TODO },
	{ "none", no_mx, "missing MX of isp-lab.net: the name has no such record" TODO },
	{ "none, and who knows", no_mx_late, "unknown MX of isp-lab.net: there is none, and of the "
	  "domain's own address: no answer in time []\n" },
	{ "a failure", fails, "unknown MX of xn--bcher-lab-q9a.org: the resolver could not find out "
	  "(SERVFAIL) []\n" },
	{ "null", null_mx, "differs MX of isp-lab.net: found \".\", which says that the domain takes "
	  "no mail" TODO },
	{ "elsewhere", elsewhere, "differs MX of isp-lab.net: found a\\x1b.isp-lab.com, "
	  "b.isp-lab.com, of which none is known to be this machine: its mail goes elsewhere" TODO },
	{ "elsewhere, and who knows", elsewhere_late, "unknown MX of isp-lab.net: found "
	  "a\\x1b.isp-lab.com, b.isp-lab.com, whose addresses could not all be found out now []\n" },
	{ "an alias", alias, "wrong MX of isp-lab.net: MX.isp-lab.net is an alias (CNAME), which no "
	  "mail exchanger may be (RFC 2181 10.3) []\n" },
	{ "no address", hostless, "wrong MX of isp-lab.net: mail.isp-lab.net has no address []\n" },
	{ "loopback", loopback, "wrong MX of isp-lab.net: MX.isp-lab.net has an address that others "
	  "cannot reach []\n" },
	{ "no SPF", no_spf, "better SPF of isp-lab.net: there is none; some servers would refuse "
	  "what we send [isp-lab.net. IN TXT \"v=spf1 a:mx.isp-lab.net -all\"]\n" },
	{ "a circle", circle, "wrong inner host of isp-lab.net: inner.isp-lab.net port 25 is this "
	  "gateway itself: mail goes in a circle [correct gateway.transports]\n" },
	{ "a circle by loopback", circle_near, "wrong inner host of isp-lab.net: inner.isp-lab.net "
	  "port 25 is this gateway itself: mail goes in a circle [correct gateway.transports]\n" },
	{ "a way nowhere", way_nowhere, "wrong inner host of isp-lab.net: inner.isp-lab.net has no "
	  "address [correct gateway.transports]\n" },
	{ "a way, and who knows", way_late, "unknown inner host of isp-lab.net: the address of "
	  "inner.isp-lab.net: no answer in time []\n" },
};

static struct settings settings;
static struct doctor_plan plan;
static const struct ip machine[] = { { 4, { 192, 0, 2, 10 } }, { 4, { 192, 0, 2, 11 } } };

static int make(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (settings_load_text(&settings, STR(conf), &message) != ERR_OK)
		return -1;
	doctor_plan_make(&settings, &machine[0], 1, &plan);
	plan.machine = machine;
	plan.machine_count = 2;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	settings_fini(&settings);
	return 0;
}

static void check_told(const char *label, struct doctor_findings *f, const char *expected)
{
	struct buf told = { 0 };
	for (size_t j = 0; j < f->n; j++)
		if (f->v[j].status != DOCTOR_OK)
			buf_printf(&told, "%s %s: %s [%s]\n", doctor_status_name(f->v[j].status),
			           f->v[j].about, f->v[j].text, f->v[j].todo);
	if (strcmp(buf_cstr(&told), expected) != 0)
		fail_msg("%s: expected:\n%sfound:\n%s", label, expected, buf_cstr(&told));
	buf_fini(&told);
}

static void test_answers(void **state)
{
	(void)state;
	struct doctor_dns *dns = mem_zalloc(sizeof(*dns));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct doctor_findings f = { .arena = &a };
		answer_rightly(dns);
		rows[i].change(dns);
		doctor_mail_judge(&plan, dns, &f);
		CHECK_ROW(rows[i].label, f.n >= 5);
		check_told(rows[i].label, &f, rows[i].told);
		doctor_findings_fini(&f);
		arena_fini(&a);
	}
	free(dns);
}

/* ---- certificates ------------------------------------------------------------------------- */

static void test_certificates(void **state)
{
	(void)state;
	static const char *const names[] = { "mx.isp-lab.net", "mail.isp-lab.net", "*.isp-lab.net" };
	static const struct { const char *label; int one, two; const char *told; } cases[] = {
		{ "none", -1, -1, "better certificates of the gateway: there is none: mail is brought "
		  "without TLS, and no user can log in [set gateway.certificate and gateway.key]\n" },
		{ "the machine's", 0, -1, "better certificates of the gateway: none is for "
		  "mail.isp-lab.net, to which mail is brought []\n" },
		{ "the other's", 1, -1, "differs certificates of the gateway: none is for "
		  "mx.isp-lab.net, this machine's name []\n" },
		{ "both", 0, 1, "" }, { "for all", 2, -1, "" },
	};
	struct doctor_dns *dns = mem_zalloc(sizeof(*dns));
	SSL_CTX *made[3];
	answer_rightly(dns);
	beside(dns);                             /* b.isp-lab.com is not ours to prove */
	dns->mail[1].mx = NAMES(1, "mail.isp-lab.net");
	for (size_t i = 0; i < 3; i++)
		made[i] = certificate_server(names[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena a = { 0 };
		struct doctor_findings f = { .arena = &a };
		struct doctor_certificates c = { 0 };
		const int wanted[] = { cases[i].one, cases[i].two };
		for (size_t k = 0; k < 2; k++)
			if (wanted[k] >= 0)
				c.v[c.n++] = SSL_CTX_get0_certificate(made[wanted[k]]);
		doctor_certificates_judge(&plan, dns, &c, &f);
		check_told(cases[i].label, &f, cases[i].told);
		doctor_findings_fini(&f);
		arena_fini(&a);
	}
	for (size_t i = 0; i < 3; i++)
		SSL_CTX_free(made[i]);
	free(dns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_certificates),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
