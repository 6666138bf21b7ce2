/* SPDX-License-Identifier: ISC
 *
 * Where mail for a domain goes, over what DNS says: a table of domains, and the order of equals.
 */
#include "test.h"

#include "gateway/mx.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { HOSTS = 7, IPS = 8 };

/* A domain: its MX, and the addresses of each host; a status instead of addresses by its name. */
struct row {
	const char *name;
	enum dns_status status;
	struct { unsigned preference; const char *host, *addresses; } mx[HOSTS];
	const char *self_addresses;      /* without MX: of the domain */
	bool laboratory;
	/* "[192.…] [192.…]" in their order, or "4.4.3" */
	const char *expected;
};

static const struct row rows[] = {
	{ "by preference", DNS_FOUND,
	  { { 10, "a.mx", "8.8.4.1" }, { 20, "b.mx", "8.8.4.2 2a00::2" } }, NULL, false,
	  "8.8.4.1 8.8.4.2 2a00::2" },
	{ "no MX", DNS_NODATA, { { 0 } }, "8.8.4.1 2a00::1", false, "8.8.4.1 2a00::1" },
	{ "null MX", DNS_FOUND, { { 0, ".", "" } }, NULL, false, "5.1.10" },
	{ "null MX beside another", DNS_FOUND, { { 0, ".", "" }, { 5, "a.mx", "8.8.4.1" } }, NULL,
	  false, "8.8.4.1" },
	{ "no domain", DNS_NXDOMAIN, { { 0 } }, NULL, false, "5.1.2" },
	{ "no name", DNS_BAD_NAME, { { 0 } }, NULL, false, "5.1.2" },
	{ "servfail", DNS_SERVFAIL, { { 0 } }, NULL, false, "4.4.3" },
	{ "timeout", DNS_TIMEOUT, { { 0 } }, NULL, false, "4.4.3" },
	{ "malformed", DNS_MALFORMED, { { 0 } }, NULL, false, "4.4.3" },
	{ "refused", DNS_REFUSED, { { 0 } }, NULL, false, "4.4.3" },
	{ "no MX and no address", DNS_NODATA, { { 0 } }, "", false, "5.4.4" },
	{ "no MX and no answer", DNS_NODATA, { { 0 } }, "servfail", false, "4.4.3" },
	{ "MX without address", DNS_FOUND, { { 1, "a.mx", "" }, { 2, "b.mx", "" } }, NULL, false,
	  "5.4.4" },
	{ "one cannot be looked up", DNS_FOUND, { { 1, "a.mx", "servfail" }, { 2, "b.mx", "" } },
	  NULL, false, "4.4.3" },
	{ "one cannot, another can", DNS_FOUND,
	  { { 1, "a.mx", "servfail" }, { 2, "b.mx", "8.8.4.2" } }, NULL, false, "8.8.4.2" },
	/* ---- ourselves: us.example, 8.8.8.8 and 2a00::8 ---- */
	{ "we are the second", DNS_FOUND,
	  { { 1, "a.mx", "8.8.4.1" }, { 2, "us.example", "8.8.8.8" }, { 3, "c.mx", "8.8.4.3" } },
	  NULL, false, "8.8.4.1" },
	{ "we are the first", DNS_FOUND,
	  { { 1, "US.example.", "8.8.8.8" }, { 2, "b.mx", "8.8.4.2" } }, NULL, false, "5.4.6" },
	{ "we by address", DNS_FOUND,
	  { { 1, "a.mx", "8.8.4.1" }, { 2, "other.name", "2a00::8" }, { 2, "b.mx", "8.8.4.2" } },
	  NULL, false, "8.8.4.1" },
	{ "we without MX", DNS_NODATA, { { 0 } }, "8.8.8.8", false, "5.4.6" },
	{ "we beyond the hosts that are asked", DNS_FOUND,
	  { { 1, "a.mx", "8.8.4.1" }, { 2, "b.mx", "8.8.4.2" }, { 3, "c.mx", "8.8.4.3" },
	    { 4, "d.mx", "8.8.4.4" }, { 5, "e.mx", "8.8.4.5" }, { 6, "us.example", "8.8.8.8" } },
	  NULL, false, "8.8.4.1 8.8.4.2 8.8.4.3 8.8.4.4 8.8.4.5" },
	/* ---- never ---- */
	{ "loopback", DNS_FOUND, { { 1, "a.mx", "127.0.0.2" } }, NULL, false, "5.4.4" },
	{ "our loopback", DNS_FOUND, { { 1, "a.mx", "127.0.0.1" } }, NULL, false, "5.4.6" },
	{ "loopback of IPv6", DNS_FOUND, { { 1, "a.mx", "::1" } }, NULL, false, "5.4.4" },
	{ "private", DNS_FOUND, { { 1, "a.mx", "10.0.0.1 172.16.0.1 192.168.1.1" } }, NULL, false,
	  "5.4.4" },
	{ "of a provider", DNS_FOUND, { { 1, "a.mx", "100.64.0.1" } }, NULL, false, "5.4.4" },
	{ "unique local", DNS_FOUND, { { 1, "a.mx", "fd00::1" } }, NULL, false, "5.4.4" },
	{ "link-local", DNS_FOUND, { { 1, "a.mx", "169.254.169.254 fe80::1" } }, NULL, false,
	  "5.4.4" },
	{ "unspecified", DNS_FOUND, { { 1, "a.mx", "0.0.0.0 ::" } }, NULL, false, "5.4.4" },
	{ "multicast", DNS_FOUND, { { 1, "a.mx", "224.0.0.1 ff02::1" } }, NULL, false, "5.4.4" },
	{ "broadcast", DNS_FOUND, { { 1, "a.mx", "255.255.255.255" } }, NULL, false, "5.4.4" },
	{ "documentation", DNS_FOUND, { { 1, "a.mx", "192.0.2.1 2001:db8::1" } }, NULL, false,
	  "192.0.2.1 2001:db8::1" },
	{ "benchmarks", DNS_FOUND, { { 1, "a.mx", "198.18.0.1" } }, NULL, false, "5.4.4" },
	{ "loopback within IPv6", DNS_FOUND, { { 1, "a.mx", "64:ff9b::7f00:1 2002:7f00:1::1" } },
	  NULL, false, "5.4.4" },
	{ "we in IPv6 clothes", DNS_FOUND, { { 1, "a.mx", "::ffff:8.8.8.8" } }, NULL, false, "5.4.6" },
	{ "loopback in IPv6 clothes", DNS_FOUND, { { 1, "a.mx", "::ffff:127.0.0.1" } }, NULL, false,
	  "5.4.6" },
	{ "public in IPv6 clothes", DNS_FOUND, { { 1, "a.mx", "::ffff:8.8.4.1" } }, NULL, false,
	  "8.8.4.1" },
	{ "private beside public", DNS_FOUND,
	  { { 1, "a.mx", "10.0.0.1 8.8.4.1" }, { 2, "b.mx", "::1" } }, NULL, false, "8.8.4.1" },
	{ "private, and no answer", DNS_FOUND,
	  { { 1, "a.mx", "10.0.0.1" }, { 2, "b.mx", "servfail" } }, NULL, false, "4.4.3" },
	{ "private domain without MX", DNS_NODATA, { { 0 } }, "192.168.0.1", false, "5.4.4" },
	/* ---- a laboratory ---- */
	{ "lab: loopback", DNS_FOUND, { { 1, "a.mx", "127.0.0.1 127.0.0.2 ::1" } }, NULL, true,
	  "127.0.0.1 127.0.0.2 ::1" },
	{ "lab: private", DNS_FOUND, { { 1, "a.mx", "10.0.0.1 fe80::1 0.0.0.0" } }, NULL, true,
	  "5.4.4" },
	{ "lab: our own", DNS_FOUND, { { 1, "a.mx", "8.8.8.8" } }, NULL, true, "5.4.6" },
	/* ---- limits ---- */
	{ "many addresses", DNS_FOUND,
	  { { 1, "a.mx", "8.8.4.1 8.8.4.2 8.8.4.3 8.8.4.4 8.8.4.5 2a00::1 2a00::2" } }, NULL, false,
	  "8.8.4.1 8.8.4.2 8.8.4.3 2a00::1" },
	{ "many of IPv4", DNS_FOUND,
	  { { 1, "a.mx", "8.8.4.1 8.8.4.2 8.8.4.3 8.8.4.4 8.8.4.5" } }, NULL, false,
	  "8.8.4.1 8.8.4.2 8.8.4.3 8.8.4.4" },
};

static const struct ip own[] = {
	{ 4, { 8, 8, 8, 8 } }, { 6, { 0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8 } },
	{ 4, { 127, 0, 0, 1 } },
};

static uint32_t no_chance(void *arg)
{
	(void)arg;
	return UINT32_MAX;       /* for up to two equals: as they came */
}

static uint32_t seeded(void *arg)
{
	uint32_t *seed = arg;
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void answer_ips(const char *text, struct ip ips[IPS], struct dns_result *out)
{
	struct str rest = str_of(text), word;
	*out = (struct dns_result){ .status = DNS_NODATA, .ips = ips };
	if (strcmp(text, "servfail") == 0) {
		out->status = DNS_SERVFAIL;
		return;
	}
	while (str_word(&rest, &word)) {
		struct ip *ip = &ips[out->ip_count++];
		assert_int_equal(ip_parse(word, ip, NULL), ERR_OK);
		/* The parser gives it in plain; a record has it as it is written. */
		if (str_prefix(word, STR("::ffff:")))
			*ip = (struct ip){ 6, { [10] = 0xff, [11] = 0xff, [12] = ip->b[0],
			                        ip->b[1], ip->b[2], ip->b[3] } };
		out->status = DNS_FOUND;
	}
}

static const char *addresses_of(const struct row *row, const char *host)
{
	for (size_t i = 0; i < HOSTS && row->mx[i].host; i++)
		if (strncasecmp(row->mx[i].host, host, strlen(host)) == 0)
			return row->mx[i].addresses;
	return row->self_addresses ? row->self_addresses : "";
}

static void judge(const struct row *row, struct gateway_mx_result *result)
{
	const struct gateway_mx_self self = {
		.hostname = "us.example", .own = own, .own_count = 3,
		.laboratory = row->laboratory,
	};
	struct dns_mx mx[HOSTS];
	struct dns_result answer = { .status = row->status, .mx = mx, .ttl_s = 60 };
	struct gateway_mx_facts facts;
	for (; answer.mx_count < HOSTS && row->mx[answer.mx_count].host; answer.mx_count++)
		mx[answer.mx_count] = (struct dns_mx){
			(uint16_t)row->mx[answer.mx_count].preference,
			row->mx[answer.mx_count].host };
	if (!gateway_mx_hosts(&self, STR("dom.example"), &answer, no_chance, NULL, &facts, result))
		return;
	for (size_t i = 0; i < facts.host_count; i++) {
		struct ip ips[IPS];
		answer_ips(addresses_of(row, facts.host[i].name), ips, &answer);
		gateway_mx_addresses(&facts, i, &answer);
	}
	gateway_mx_judge(&self, &facts, result);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_mx_result r = { 0 };
		struct buf got = { 0 };
		char text[IP_TEXT_MAX];
		judge(&rows[i], &r);
		for (size_t j = 0; j < r.place_count; j++)
			buf_printf(&got, "%s%s", j ? " " : "", ip_format(&r.place[j].ip, text));
		if (!r.found)
			buf_add_cstr(&got, r.enhanced);
		if (strcmp(buf_cstr(&got), rows[i].expected) != 0)
			fail_msg("%s: expected %s, found %s (%s)", rows[i].name, rows[i].expected,
			         buf_cstr(&got), r.why);
		CHECK_ROW(rows[i].name, r.found || r.why[0]);
		CHECK_ROW(rows[i].name, r.found || (r.fate == GATEWAY_FATE_DEFERRED) ==
		                                   (r.enhanced[0] == '4'));
		buf_fini(&got);
	}
}

/* Of four equals each is first about as often as another; preferences are never mixed. */
static void test_equals(void **state)
{
	static const struct dns_mx mx[] = {
		{ 5, "best.mx" }, { 10, "a.mx" }, { 10, "b.mx" }, { 10, "c.mx" }, { 10, "d.mx" },
	};
	const struct gateway_mx_self self = { .hostname = "us.example" };
	const struct dns_result answer = { .status = DNS_FOUND, .mx = mx, .mx_count = 5 };
	unsigned first[4] = { 0 };
	uint32_t seed = 7;
	enum { TIMES = 4000 };
	(void)state;
	for (int i = 0; i < TIMES; i++) {
		struct gateway_mx_facts facts;
		struct gateway_mx_result result;
		assert_true(gateway_mx_hosts(&self, STR("dom.example"), &answer, seeded, &seed,
		                             &facts, &result));
		assert_string_equal(facts.host[0].name, "best.mx");
		assert_int_equal(facts.host_count, 5);
		first[facts.host[1].name[0] - 'a']++;
	}
	for (size_t i = 0; i < 4; i++)
		assert_in_range(first[i], TIMES / 4 - 150, TIMES / 4 + 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_equals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
