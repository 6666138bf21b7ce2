/* SPDX-License-Identifier: ISC
 *
 * The parsers of network facts: the kernel's tables, command lines of programs that pass
 * connections on, signs of containers, rules of nft and iptables in the forms that they have.
 */
#include "test.h"

#include "audit/facts.h"
#include "host.h"

#include <stdio.h>

static struct arena arena;
static struct facts facts;

static int begin(void **state)
{
	(void)state;
	facts_begin(&facts, &arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* ---- the kernel's tables ---------- */

static const char *route_text(const struct facts_route *r)
{
	static char text[120];
	char to[PREFIX_TEXT_MAX], via[IP_TEXT_MAX] = "-";
	prefix_format(&r->to, to);
	if (r->via.family)
		ip_format(&r->via, via);
	snprintf(text, sizeof(text), "%s via %s dev %s metric %u", to, via, r->interface, r->metric);
	return text;
}

static void routes_are_read(void **state)
{
	(void)state;
	assert_int_equal(facts_parse_route(&facts, STR(
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
		"eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
		"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		"eth0\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0\n"    /* reject */
		"eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FF00FF\t0\t0\t0\n"    /* no mask */
		"eth0\t0000000A\n")), ERR_OK);
	assert_int_equal(facts_parse_ipv6_route(&facts, STR(
		"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0\n"
		"00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000000 00000004 00000000 80200001       lo\n")), ERR_OK);
	assert_int_equal(facts.route_n, 4);
	assert_string_equal(route_text(&facts.routes[0]), "0.0.0.0/0 via 192.0.2.1 dev eth0 metric 100");
	assert_string_equal(route_text(&facts.routes[1]), "192.0.2.0/24 via - dev eth0 metric 0");
	assert_string_equal(route_text(&facts.routes[2]), "2001:db8::/64 via - dev eth0 metric 256");
	assert_string_equal(route_text(&facts.routes[3]), "::/0 via fe80::1 dev eth0 metric 1024");
	assert_string_equal(route_text(facts_gateway(&facts, 4)), route_text(&facts.routes[0]));
}

static void addresses_are_read(void **state)
{
	struct ip own = ip_from_v4(192, 0, 2, 2), far = ip_from_v4(8, 8, 8, 8), source;
	(void)state;
	facts_parse_route(&facts, STR("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	                              "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"));
	assert_int_equal(facts_parse_fib_trie(&facts, STR(
		"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
		"           |-- 192.0.2.0\n              /24 link UNICAST\n"
		"           |-- 192.0.2.2\n              /32 host LOCAL\n"
		"           |-- 192.0.2.255\n              /32 link BROADCAST\n"
		"           |-- 10.0.0.9\n              /32 host LOCAL\n")), ERR_OK);
	assert_int_equal(facts_parse_if_inet6(&facts, STR(
		"00000000000000000000000000000001 01 80 10 80       lo\n"
		"fd000000000000000000000000000002 04 40 00 82     eth0\nfd 04 40 00 82 eth0\n")), ERR_OK);
	const struct facts_interface *i = facts_interface_of(&facts, STR("eth0"));
	assert_int_equal(i->address_n, 3);
	assert_int_equal(i->addresses[0].len, 24);
	assert_int_equal(i->addresses[1].len, 32);
	assert_int_equal(i->addresses[2].len, 64);
	assert_ptr_equal(facts_holder(&facts, &own), i);
	assert_ptr_equal(facts_way(&facts, &far, &source), i);
	assert_true(ip_eq(&source, &own));
	assert_null(facts_interface_of(&facts, STR("a/b")));
	assert_null(facts_interface_of(&facts, STR("a-name-of-16-chr")));
	assert_null(facts_interface_of(&facts, STR("\x1b[2J")));
}

static void listeners_are_read(void **state)
{
	(void)state;
	assert_int_equal(facts_parse_tcp(&facts, 4, STR(
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		"timeout inode\n"
		"   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 653 1 0\n"
		"   1: 0100007F:0019 0100007F:8888 01 00000000:00000000 00:00000000 00000000 0 0 654 1 0\n")),
		ERR_OK);
	assert_int_equal(facts_parse_tcp(&facts, 6, STR(
		"   0: 00000000000000000000000000000000:024B 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000 0 0 700 1 0\n")), ERR_OK);
	assert_int_equal(facts.listener_n, 2);
	assert_int_equal(facts.listeners[0].at.port, 25);
	assert_int_equal(facts.listeners[0].at.ip.b[0], 127);
	assert_int_equal(facts.listeners[1].at.port, 587);
	assert_int_equal(facts.listeners[1].at.ip.family, 6);
	facts_add_holder(&facts, 653, 1, STR("systemd\n"));
	facts_add_holder(&facts, 653, 88, STR("mas\033ter\n"));
	facts_add_holder(&facts, 653, 89, STR("smtpd\n"));
	assert_int_equal(facts.listeners[0].pid, 88);
	assert_string_equal(facts.listeners[0].program, "mas\\x1bter");
}

static void interfaces_have_kinds(void **state)
{
	static const struct {
		struct facts_sys sys;
		enum facts_kind kind;
	} rows[] = {
		{ { "lo", 772, 9, "", .index = 1, .link = 1 }, FACTS_LOOPBACK },
		{ { "eth0", 1, 1, "INTERFACE=eth0\n", .index = 2, .link = 2 }, FACTS_ETHERNET },
		{ { "docker0", 1, 1, "DEVTYPE=bridge\n", .is_virtual = true, .index = 3, .link = 3 },
		  FACTS_BRIDGE },
		{ { "br-1", 1, 1, "", .is_bridge = true }, FACTS_BRIDGE },
		{ { "veth1", 1, 1, "", .is_virtual = true, .index = 9, .link = 8, .master = "docker0" },
		  FACTS_CONTAINER_END },
		{ { "eth0.5", 1, 1, "DEVTYPE=vlan\n", .is_virtual = true, .index = 9, .link = 2 },
		  FACTS_ETHERNET },
		{ { "wg0", 65534, 1, "DEVTYPE=wireguard\n" }, FACTS_TUNNEL },
		{ { "tun0", 65534, 1, "", .is_tun = true }, FACTS_TUNNEL },
		{ { "tap0", 1, 1, "", .is_tun = true }, FACTS_TUNNEL },
		{ { "dummy0", 1, 0, "", .is_virtual = true }, FACTS_DUMMY },
		{ { "can0", 280, 0, "" }, FACTS_OTHER },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK_ROW(rows[i].sys.name, facts_add_sys(&facts, &rows[i].sys) == ERR_OK);
		const struct facts_interface *at =
			facts_interface_of(&facts, str_of(rows[i].sys.name));
		CHECK_ROW(rows[i].sys.name, at->kind == rows[i].kind);
		CHECK_ROW(rows[i].sys.name, at->up == (rows[i].sys.flags & 1));
	}
}

/* ---- programs ---------- */

static const struct {
	const char *command;
	const char *want;                        /* "from to": none if it passes nothing on */
} programs[] = {
	{ "run /usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 -container-ip 172.17.0.2 "
	  "-container-port 2525", "0.0.0.0:25 172.17.0.2:2525" },
	{ "run docker-proxy -proto tcp -host-ip :: -host-port 25 -container-ip fd00::2 "
	  "-container-port 25 -use-listen-fd", "[::]:25 [fd00::2]:25" },
	{ "run rootlesskit --net=slirp4netns --port-driver=builtin --publish=0.0.0.0:25:2525/tcp",
	  "0.0.0.0:25 -:2525" },
	{ "run rootlesskit -p 25:10.0.2.100:25/tcp dockerd", "-:25 10.0.2.100:25" },
	{ "run slirp4netns --mtu=65520 99 tap0", "-:0 -:0" },
	{ "run containers-rootlessport", "-:0 -:0" },
	{ "run pasta --config-net -t 127.0.0.1%lo/25-27:2525-2527 -u none", "127.0.0.1:25 -:2525 keeps" },
	{ "run pasta --tcp-ports=none", "-:0 -:0 keeps" },
	{ "run socat -d TCP6-LISTEN:25,fork TCP6:[fd00::9]:25", "[::]:25 [fd00::9]:25" },
	{ "run socat tcp-l:25,bind=192.0.2.1,fork OPENSSL:localhost:465,verify=0",
	  "192.0.2.1:25 127.0.0.1:465" },
	{ "run socat TCP-LISTEN:25 TCP:mail.example:25", "0.0.0.0:25 -:25" },
	{ "run /lib/systemd/systemd-socket-proxyd --exit-idle-time=60 127.0.0.1:2525",
	  "-:0 127.0.0.1:2525" },
	{ "run haproxy -W -f /etc/haproxy/haproxy.cfg", "-:0 -:0" },
	{ "run incusd forkproxy -- 1 3 tcp:[::]:25 5 6 tcp:127.0.0.1:25", "[::]:25 127.0.0.1:25" },
	{ "run /bin/sh /usr/bin/entry|A=B SRC_PORT=25 DEST_PORT=30025 DEST_IPS=10.0.0.1,10.0.0.2",
	  "-:25 10.0.0.1:30025" },
};

static const char *end_text(const struct endpoint *e, char *dst, size_t size)
{
	char text[ENDPOINT_TEXT_MAX];
	if (e->ip.family)
		snprintf(dst, size, "%s", endpoint_format(e, text));
	else
		snprintf(dst, size, "-:%u", e->port);
	return dst;
}

static void programs_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		char from[80], to[80], got[200];
		host_build(&facts, &arena, programs[i].command);
		CHECK_ROW(programs[i].command, facts.proxy_n == 1);
		snprintf(got, sizeof(got), "%s %s%s", end_text(&facts.proxies[0].from, from, 80),
		         end_text(&facts.proxies[0].to, to, 80),
		         facts.proxies[0].keeps_source ? " keeps" : "");
		if (strcmp(got, programs[i].want) != 0)
			fail_msg("%s: %s, not %s", programs[i].command, got, programs[i].want);
	}
	assert_int_equal(facts_forkproxy_target(
		STR("lxd\0forkproxy\0--\0001\0003\0tcp:[::]:25\0005\0006\0")), 5);
	assert_int_equal(facts_forkproxy_target(STR("lxd\0forkproxy\0--\0001\0003\0tcp:[::]:25")), 0);
	assert_int_equal(facts_forkproxy_target(STR("cat\0--\0001\0003\0tcp:[::]:25\0005\0006\0")), 0);
	assert_false(facts_add_process(&facts, 1, STR("/usr/sbin/master\0-w\0"), STR("")));
	assert_false(facts_add_process(&facts, 1, STR(""), STR("")));
	assert_false(facts_add_process(&facts, 1, STR("docker-proxy\0-proto\0udp\0"), STR("")));
}

static void sockets_say_where_proxies_listen(void **state)
{
	(void)state;
	facts_parse_tcp(&facts, 4, STR(
		"0: 00000000:0019 00000000:0000 0A 0:0 00:0 0 0 0 653 1 0\n"
		"0: 00000000:024B 00000000:0000 0A 0:0 00:0 0 0 0 654 1 0\n"));
	facts_add_process(&facts, 7, STR("haproxy\0"), STR(""));
	facts_add_holder(&facts, 653, 7, STR("haproxy"));
	facts_add_holder(&facts, 654, 7, STR("haproxy"));
	facts_settle_proxies(&facts);
	assert_int_equal(facts.proxy_n, 2);
	assert_int_equal(facts.proxies[0].from.port, 25);
	assert_int_equal(facts.proxies[1].from.port, 587);
}

/* ---- containers ---------- */

static void containers_are_known(void **state)
{
	static const struct {
		const char *label;
		struct facts_signs signs;
		enum facts_container want;
	} rows[] = {
		{ "a machine", { .cgroup = STR("0::/init.scope\n"), .mountinfo = STR(
		  "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
		  "90 27 0:50 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw,"
		  "lowerdir=/var/lib/docker/overlay2/l/B\n") }, FACTS_NO_CONTAINER },
		{ "Docker", { .dockerenv = true, .cgroup = STR("0::/\n") }, FACTS_DOCKER },
		{ "a machine made of an image", { .dockerenv = true, .cgroup = STR("0::/\n"),
		  .mountinfo = STR("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n") },
		  FACTS_NO_CONTAINER },
		{ "Docker, with what it mounts", { .dockerenv = true, .mountinfo = STR(
		  "1 2 0:52 / / rw - btrfs /dev/sda rw\n"
		  "512 500 8:1 /a/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n") },
		  FACTS_DOCKER },
		{ "Docker, by its mounts", { .mountinfo = STR(
		  "500 400 0:52 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n") },
		  FACTS_DOCKER },
		{ "Docker, by a file of its own", { .mountinfo = STR("512 500 8:1 "
		  "/var/lib/docker/containers/ab/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n") },
		  FACTS_DOCKER },
		{ "Docker, by its cgroup", { .cgroup = STR("12:cpu:/docker/0123\n") }, FACTS_DOCKER },
		{ "Podman", { .containerenv = true, .environ1 = { "A=1\0container=oci\0", 18 } },
		  FACTS_PODMAN },
		{ "Podman, by its environment", { .environ1 = { "container=podman", 16 } }, FACTS_PODMAN },
		{ "Kubernetes over Docker's file", { .dockerenv = true,
		  .environ1 = { "KUBERNETES_SERVICE_HOST=10.96.0.1", 33 } }, FACTS_KUBERNETES },
		{ "Kubernetes, by its cgroup", { .cgroup = STR("0::/kubepods.slice/a\n") },
		  FACTS_KUBERNETES },
		{ "LXC", { .environ1 = { "container=lxc\0", 14 } }, FACTS_LXC },
		{ "LXC, by lxcfs", { .mountinfo = STR(
		  "9 8 0:42 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw\n") }, FACTS_LXC },
		{ "nspawn", { .systemd = STR("systemd-nspawn\n") }, FACTS_NSPAWN },
		{ "one that we don't know", { .systemd = STR("zones\n") }, FACTS_SOME_CONTAINER },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		facts_begin(&facts, &arena);
		facts_judge_container(&facts, &rows[i].signs);
		if (facts.container != rows[i].want)
			fail_msg("%s: %s", rows[i].label, facts_container_name(facts.container));
		CHECK_ROW(rows[i].label, (facts.container_why[0] != '\0') ==
		          (facts.container != FACTS_NO_CONTAINER));
	}
}

/* ---- rules ---------- */

#define NFT(expr) \
	"{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\",\"type\":" \
	"\"nat\",\"hook\":\"prerouting\",\"prio\":-100}},{\"map\":{\"family\":\"inet\",\"table\":" \
	"\"t\",\"name\":\"m\",\"elem\":[[25,\"10.0.0.1\"],[587,\"10.0.0.2\"]]}},{\"set\":{\"family\":" \
	"\"inet\",\"table\":\"t\",\"name\":\"s\",\"elem\":[\"192.0.2.1\",{\"range\":[\"8.8.0.0\"," \
	"\"8.9.0.0\"]}]}},{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[" \
	expr "]}}]}"
#define DPORT "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}"
#define SADDR "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}"
#define MATCH(op, left, right) \
	"{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define DNAT ",{\"dnat\":{\"addr\":\"10.0.0.9\",\"port\":2525}}"

/* A packet from 8.8.8.8 to 192.0.2.2:25 through one chain. */
static const struct {
	const char *label, *rules, *want;        /* want: "certain text", "maybe text", "none" */
} walks[] = {
	{ "a port", NFT(MATCH("==", DPORT, "25") DNAT),
	  "certain tcp dport 25 dnat to 10.0.0.9:2525" },
	{ "another port", NFT(MATCH("==", DPORT, "26") DNAT), "none" },
	{ "ports", NFT(MATCH("==", DPORT, "{\"set\":[{\"range\":[20,30]},587]}") DNAT),
	  "certain tcp dport { 20-30, 587 } dnat to 10.0.0.9:2525" },
	{ "not a port", NFT(MATCH("!=", DPORT, "25") DNAT), "none" },
	{ "a named set", NFT(MATCH("==", SADDR, "\"@s\"") DNAT),
	  "certain ip saddr @s dnat to 10.0.0.9:2525" },
	{ "a set that isn't there", NFT(MATCH("==", SADDR, "\"@x\"") DNAT),
	  "maybe ip saddr @x dnat to 10.0.0.9:2525" },
	{ "a target of the other family", NFT("{\"dnat\":{\"family\":\"ip6\",\"addr\":\"fd00::9\"}}"),
	  "none" },
	{ "a named map", NFT("{\"dnat\":{\"family\":\"ip\",\"addr\":{\"map\":{\"key\":" DPORT
	  ",\"data\":\"@m\"}}}}"), "certain dnat to tcp dport map @m" },
	{ "a verdict map", NFT("{\"vmap\":{\"key\":" DPORT ",\"data\":{\"set\":[[25,{\"drop\":null}]]}}}")
	  , "none" },
	{ "an interface", NFT(MATCH("==", "{\"meta\":{\"key\":\"iifname\"}}", "\"eth*\"") DNAT),
	  "certain iifname eth* dnat to 10.0.0.9:2525" },
	{ "UDP", NFT(MATCH("==", "{\"meta\":{\"key\":\"l4proto\"}}", "\"udp\"") DNAT), "none" },
	{ "a condition on less", NFT(MATCH("<", DPORT, "30") DNAT),
	  "maybe tcp dport 30 dnat to 10.0.0.9:2525" },
	{ "an unknown condition", NFT(MATCH("==", "{\"ct\":{\"key\":\"state\"}}", "\"new\"") DNAT),
	  "maybe ct key state new dnat to 10.0.0.9:2525" },
	{ "a rule of iptables' own", NFT("{\"xt\":{\"type\":\"target\",\"name\":\"DNAT\"}}"), "none" },
	{ "iptables", "*nat\n:PREROUTING ACCEPT [0:0]\n[5:300] -A PREROUTING -p tcp -m multiport "
	  "--dports 25,465:587 -j DNAT --to-destination 10.0.0.9-10.0.0.20:25-30\nCOMMIT\n",
	  "certain -A PREROUTING -p tcp -m multiport --dports 25,465:587 -j DNAT --to-destination "
	  "10.0.0.9-10.0.0.20:25-30" },
	{ "iptables of another table", "*filter\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT "
	  "--to-destination 10.0.0.9\nCOMMIT\n", "none" },
	{ "a comment that looks like options", "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m comment "
	  "--comment \"-p udp \\\" -j\" -j REDIRECT\nCOMMIT\n",
	  "certain -A PREROUTING -m comment --comment \"-p udp \\\" -j\" -j REDIRECT" },
	{ "a jump to nowhere", "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j NONE\nCOMMIT\n", "none" },
	{ "a return before", "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 8.0.0.0/8 -j RETURN\n"
	  "-A PREROUTING -j REDIRECT\nCOMMIT\n", "none" },
	{ "a goto doesn't come back", "*nat\n:PREROUTING ACCEPT [0:0]\n:A - [0:0]\n"
	  "-A PREROUTING -g A\n-A PREROUTING -j REDIRECT\n-A A -s 9.0.0.0/8 -j RETURN\nCOMMIT\n",
	  "none" },
};

static void packets_are_walked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(walks) / sizeof(*walks); i++) {
		struct facts_packet packet = { { { 4, { 8, 8, 8, 8 } }, 40000 },
		                               { { 4, { 192, 0, 2, 2 } }, 25 }, "eth0", "", 0 };
		struct facts_verdict verdict;
		char got[300] = "none";
		facts_begin(&facts, &arena);
		struct str rules = str_of(walks[i].rules);
		int err = rules.p[0] == '{' ? facts_parse_nft(&facts, rules)
		                            : facts_parse_iptables(&facts, 4, rules);
		CHECK_ROW(walks[i].label, err == ERR_OK);
		err = facts_walk(&facts, FACTS_PREROUTING, &packet, &verdict);
		CHECK_ROW(walks[i].label, err == ERR_OK);
		if (verdict.rule)
			snprintf(got, sizeof(got), "%s %s", verdict.certain ? "certain" : "maybe",
			         verdict.rule->text);
		if (strcmp(got, walks[i].want) != 0)
			fail_msg("%s: got %s", walks[i].label, got);
	}
}

/* Each chain jumps twice to the next: 2^30 ways. */
static void doubling_ends(void **state)
{
	struct facts_packet packet = { { { 4, { 8, 8, 8, 8 } }, 40000 },
	                               { { 4, { 192, 0, 2, 2 } }, 25 }, "eth0", "", 0 };
	struct facts_verdict verdict;
	struct buf text = { 0 };
	(void)state;
	buf_add_cstr(&text, "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j C0\n");
	for (unsigned i = 0; i < 30; i++)
		buf_printf(&text, "-A C%u -j C%u\n-A C%u -j C%u\n", i, i + 1, i, i + 1);
	buf_add_cstr(&text, "-A C30 -s 9.9.9.9 -j RETURN\n");
	assert_int_equal(facts_parse_iptables(&facts, 4, buf_str(&text)), ERR_OK);
	assert_int_equal(facts_walk(&facts, FACTS_PREROUTING, &packet, &verdict), ERR_LIMIT);
	buf_fini(&text);
}

static void wrong_json_is_refused(void **state)
{
	static const char *const texts[] = { "", "[]", "{", "{\"nftables\":{}}", "nft: error" };
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK_ROW(texts[i], facts_parse_nft(&facts, str_of(texts[i])) == ERR_INVALID);
	assert_int_equal(facts_parse_nft(&facts, STR("{\"nftables\":[1,{\"rule\":7},{\"chain\":[]},"
		"{\"rule\":{\"family\":\"ip\",\"expr\":[3,{\"match\":4},{\"dnat\":5},{\"vmap\":6}]}}]}")),
		ERR_OK);
}

/* This machine, whatever it is. */
static void the_machine_is_looked_at(void **state)
{
	struct ip loopback = ip_from_v4(127, 0, 0, 1);
	(void)state;
	int err = facts_look(&facts, 2000);
	assert_true(err == ERR_OK || err == ERR_LIMIT);
	assert_true(facts_is_own(&facts, &loopback));
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(routes_are_read), ROW(addresses_are_read), ROW(listeners_are_read),
		ROW(interfaces_have_kinds), ROW(programs_are_known),
		ROW(sockets_say_where_proxies_listen), ROW(containers_are_known),
		ROW(packets_are_walked), ROW(doubling_ends), ROW(wrong_json_is_refused),
		ROW(the_machine_is_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
