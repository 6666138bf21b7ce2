/* SPDX-License-Identifier: ISC
 *
 * Who is to ask: the kinds of client of machines and configurations, and that no address stands
 * for two of them.
 */
#include "test.h"

#include "audit/kinds.h"
#include "host.h"

#include <stdio.h>

#define LO "lo loopback 127.0.0.1/8 ::1/128\n"
#define LAN LO "eth0 ethernet 192.168.1.5/24\ndefault eth0 192.168.1.1\n"
#define PUBLIC LO "eth0 ethernet 198.51.100.7/24 2001:db8::7/64 fe80::7/64\n" \
	"default eth0 198.51.100.1\ndefault eth0 2001:db8::1\n"

static const char *const kind_names[] = {
	[AUDIT_STRANGER4] = "stranger4", [AUDIT_STRANGER6] = "stranger6",
	[AUDIT_NEIGHBOUR] = "neighbour", [AUDIT_BRIDGE] = "bridge",
	[AUDIT_CONTAINER] = "container", [AUDIT_GATEWAY] = "gateway",
	[AUDIT_LOOPBACK] = "loopback", [AUDIT_OWN] = "own", [AUDIT_RANGE] = "range",
	[AUDIT_OUTSIDE] = "outside", [AUDIT_SEEN] = "seen",
};

static const struct {
	const char *label, *host, *trusted, *seen, *want;
} rows[] = {
	{ "a LAN and its loopback trusted", LAN, "127.0.0.0/8 192.168.1.0/24", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\n"
	  "neighbour 192.168.1.2 192.168.1.0/24\nrange 127.0.0.2 127.0.0.0/8\n"
	  "range 192.168.1.3 192.168.1.0/24\noutside 192.168.2.0 192.168.1.0/24\n" },
	{ "a host with containers", PUBLIC "docker0 bridge 172.17.0.1/16\n", "172.16.0.0/12",
	  "172.17.0.1",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 198.51.100.7 198.51.100.7/32\nown 2001:db8::7 2001:db8::7/128\n"
	  "loopback 127.0.0.1 127.0.0.1/32\nloopback ::1 ::1/128\n"
	  "gateway 198.51.100.1 198.51.100.1/32\ngateway 2001:db8::1 2001:db8::1/128\n"
	  "bridge 172.17.0.1 172.17.0.1/32\nneighbour 198.51.100.2 198.51.100.0/24\n"
	  "neighbour 2001:db8::2 2001:db8::/64\ncontainer 172.17.0.2 172.17.0.0/16\n"
	  "range 172.16.0.1 172.16.0.0/12\noutside 172.32.0.0 172.16.0.0/12\n" },
	{ "a bridge that is the way out is no container's", LO "br0 bridge 10.0.0.5/24\n"
	  "default br0 10.0.0.1\n", "", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\nown 10.0.0.5 10.0.0.5/32\n"
	  "loopback 127.0.0.1 127.0.0.1/32\nloopback ::1 ::1/128\ngateway 10.0.0.1 10.0.0.1/32\n"
	  "neighbour 10.0.0.2 10.0.0.0/24\n" },
	{ "ranges within and beside each other", LAN,
	  "10.0.0.0/8 10.0.0.0/16 11.0.0.0/8 9.255.0.0/16 10.0.0.0/8", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\n"
	  "neighbour 192.168.1.2 192.168.1.0/24\nrange 10.1.0.0 10.0.0.0/8\n"
	  "range 10.0.0.1 10.0.0.0/16\nrange 11.0.0.1 11.0.0.0/8\nrange 9.255.0.1 9.255.0.0/16\n"
	  "outside 12.0.0.0 10.0.0.0/8\noutside 12.0.0.1 10.0.0.0/16\n"
	  "outside 12.0.0.2 11.0.0.0/8\noutside 12.0.0.3 9.255.0.0/16\n" },
	{ "a part of the LAN: its neighbour is not in it", LAN, "192.168.1.0/28", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\n"
	  "neighbour 192.168.1.16 192.168.1.0/24\nrange 192.168.1.2 192.168.1.0/28\n"
	  "outside 192.168.1.17 192.168.1.0/28\n" },
	{ "all is trusted", LAN, "0.0.0.0/0 ::/0", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\n"
	  "neighbour 192.168.1.2 192.168.1.0/24\nrange 1.0.0.1 0.0.0.0/0\nrange 2000::1 ::/0\n" },
	{ "half of all: the stranger is in the other", LAN, "0.0.0.0/1", "",
	  "stranger4 156.154.70.1 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\n"
	  "neighbour 192.168.1.2 192.168.1.0/24\nrange 1.0.0.1 0.0.0.0/1\n"
	  "outside 128.0.0.0 0.0.0.0/1\n" },
	{ "lone addresses", LAN, "192.168.1.5/32 192.0.2.9/32 ::1/128", "10.9.9.9",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "own 192.168.1.5 192.168.1.5/32\nloopback 127.0.0.1 127.0.0.1/32\n"
	  "loopback ::1 ::1/128\ngateway 192.168.1.1 192.168.1.1/32\nseen 10.9.9.9 10.9.9.9/32\n"
	  "neighbour 192.168.1.2 192.168.1.0/24\nrange 192.168.1.5 192.168.1.5/32 shared\n"
	  "range 192.0.2.9 192.0.2.9/32\nrange ::1 ::1/128 shared\n"
	  "outside 192.168.1.6 192.168.1.5/32\noutside 192.0.2.10 192.0.2.9/32\n" },
	{ "the last of all", LO, "192.0.0.0/2 224.0.0.0/4", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "loopback 127.0.0.1 127.0.0.1/32\nloopback ::1 ::1/128\nrange 192.0.0.1 192.0.0.0/2\n"
	  "outside 191.255.255.255 192.0.0.0/2\n"
	  "outside 191.255.255.254 224.0.0.0/4\n" },
	{ "a pair of two", LO "ppp0 tunnel 192.0.2.0/31\n", "", "",
	  "stranger4 8.8.8.8 0.0.0.0/0\nstranger6 2a00::25 ::/0\n"
	  "loopback 127.0.0.1 127.0.0.1/32\nloopback ::1 ::1/128\n"
	  "neighbour 192.0.2.1 192.0.2.0/31\n" },
};

/* No address in two rows but where a row says so, and none that nobody can have. */
static void check_apart(const char *label, const struct audit_asker *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CHECK_ROW(label, v[i].ip.family && !ip_is_unspecified(&v[i].ip));
		CHECK_ROW(label, v[i].kind == AUDIT_OUTSIDE ||
		          prefix_contains(&v[i].network, &v[i].ip));
		CHECK_ROW(label, v[i].kind != AUDIT_OUTSIDE ||
		          !prefix_contains(&v[i].network, &v[i].ip));
		for (size_t k = 0; k < i; k++)
			CHECK_ROW(label, v[i].shared || !ip_eq(&v[i].ip, &v[k].ip));
		CHECK_ROW(label, audit_asker_name(&v[i])[0]);
	}
}

static void kinds_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct facts f;
		struct prefix trusted[16];
		struct ip seen[16];
		struct audit_asked asked = { trusted, 0, seen, 0 };
		struct audit_asker *v;
		struct str rest, word;
		struct buf got = { 0 };
		size_t n;
		host_build(&f, &a, rows[i].host);
		for (rest = str_of(rows[i].trusted); str_word(&rest, &word);)
			assert_int_equal(prefix_parse(word, &trusted[asked.trusted_n++], NULL), 0);
		for (rest = str_of(rows[i].seen); str_word(&rest, &word);)
			seen[asked.seen_n++] = host_ip(word);
		CHECK_ROW(rows[i].label, audit_kinds(&f, &asked, &v, &n) == ERR_OK);
		check_apart(rows[i].label, v, n);
		for (size_t k = 0; k < n; k++) {
			char ip[IP_TEXT_MAX], network[PREFIX_TEXT_MAX];
			prefix_format(&v[k].network, network);
			buf_printf(&got, "%s %s %s%s%s\n", kind_names[v[k].kind],
			           ip_format(&v[k].ip, ip), network,
			           strchr(network, '/') ? "" : v[k].ip.family == 4 ? "/32" : "/128",
			           v[k].shared ? " shared" : "");
		}
		if (strcmp(buf_cstr(&got), rows[i].want) != 0)
			fail_msg("%s: got\n%swanted\n%s", rows[i].label, buf_cstr(&got), rows[i].want);
		buf_fini(&got);
		arena_fini(&a);
	}
}

/* Thousands of networks and ranges: the first are asked for, and it is said. */
static void many_are_cut(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct prefix trusted[400];
	struct audit_asked asked = { trusted, 400, NULL, 0 };
	struct audit_asker *v;
	size_t n;
	facts_begin(&f, &a);
	for (unsigned i = 0; i < 1000; i++) {
		struct ip ip = ip_from_v4(10, (uint8_t)(i / 250), (uint8_t)(i % 250), 1);
		char name[16];
		snprintf(name, sizeof(name), "eth%u", i % 300);
		facts_add_address(&f, str_of(name), &ip, 24);
		if (i < 400)
			trusted[i] = prefix_of(&ip, 25);
	}
	assert_int_equal(audit_kinds(&f, &asked, &v, &n), ERR_LIMIT);
	assert_true(n > 300 && n <= AUDIT_ASKERS_MAX);
	check_apart("many", v, n);
	arena_fini(&a);
}

/* A wide range behind many narrow ones is not among those left out; and where not all that is
 * trusted is known, nobody is outside of it. */
static void wide_before_narrow(void **state)
{
	(void)state;
	for (int partial = 0; partial < 2; partial++) {
		struct arena a = { 0 };
		struct facts f;
		struct prefix trusted[200];
		struct audit_asked asked = { trusted, 200, NULL, 0, partial };
		struct audit_asker *v;
		size_t n, wide = 0, outside = 0;
		facts_begin(&f, &a);
		for (unsigned i = 0; i < 200; i++) {
			struct ip ip = ip_from_v4(10, 1, (uint8_t)i, 1);
			trusted[i] = prefix_of(&ip, 32);
		}
		trusted[199] = (struct prefix){ ip_from_v4(60, 0, 0, 0), 8 };
		assert_int_equal(audit_kinds(&f, &asked, &v, &n), ERR_LIMIT);
		for (size_t i = 0; i < n; i++) {
			wide += v[i].kind == AUDIT_RANGE && v[i].network.len == 8;
			outside += v[i].kind == AUDIT_OUTSIDE;
		}
		assert_int_equal(wide, 1);
		assert_int_equal(outside > 0, !partial);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_found),
		cmocka_unit_test(many_are_cut),
		cmocka_unit_test(wide_before_narrow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
