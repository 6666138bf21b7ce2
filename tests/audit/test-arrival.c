/* SPDX-License-Identifier: ISC
 *
 * By which address strangers arrive: rulesets and programs as Docker, Podman, LXC, Kubernetes and
 * firewalls leave them, sound ones and those that lose the source.
 */
#include "test.h"

#include "audit/arrival.h"
#include "host.h"

#include <stdio.h>

#define LO "lo loopback 127.0.0.1/8 ::1/128\n"
#define ETH LO "eth0 ethernet 203.0.113.5/24 2001:db8::5/64\n" \
	"default eth0 203.0.113.1\ndefault eth0 fe80::1\n"
#define ETH4 LO "eth0 ethernet 203.0.113.5/24\ndefault eth0 203.0.113.1\n"
#define DOCKER "docker0 bridge 172.17.0.1/16\n"

/* Docker 20 to 28 with its defaults and -p 25:25. */
#define DOCKER_RULES \
	"*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n" \
	":POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n" \
	"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n" \
	"-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER\n" \
	"-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n" \
	"-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 25 -j MASQUERADE\n" \
	"-A DOCKER -i docker0 -j RETURN\n" \
	"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.17.0.2:25\n"
#define DOCKER_PROXY \
	"run /usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 " \
	"-container-ip 172.17.0.2 -container-port 25\n" \
	"run /usr/bin/docker-proxy -proto tcp -host-ip :: -host-port 25 " \
	"-container-ip 172.17.0.2 -container-port 25\n"
#define MASQUERADE_ALL DOCKER_RULES "-A POSTROUTING -j MASQUERADE\nCOMMIT\n"

#define KUBE(policy) \
	"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n" \
	":KUBE-NODEPORTS - [0:0]\n:KUBE-EXT-A - [0:0]\n:KUBE-SVC-A - [0:0]\n" \
	":KUBE-SEP-A - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n:KUBE-POSTROUTING - [0:0]\n" \
	"-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n" \
	"-A POSTROUTING -m comment --comment \"kubernetes -j postrouting\" -j KUBE-POSTROUTING\n" \
	"-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m tcp --dport 25 -j KUBE-SVC-A\n" \
	"-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n" \
	"-A KUBE-NODEPORTS -p tcp -m comment --comment mail -m tcp --dport 30025 -j KUBE-EXT-A\n" \
	policy \
	"-A KUBE-SVC-A -m statistic --mode random --probability 0.5 -j KUBE-SEP-A\n" \
	"-A KUBE-SEP-A -s 10.244.0.9/32 -j KUBE-MARK-MASQ\n" \
	"-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.0.9:25\n" \
	"-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n" \
	"-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n" \
	"-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0\n" \
	"-A KUBE-POSTROUTING -j MASQUERADE --random-fully\nCOMMIT\n"
#define KUBE_CLUSTER "-A KUBE-EXT-A -j KUBE-MARK-MASQ\n-A KUBE-EXT-A -j KUBE-SVC-A\n"
#define KUBE_LOCAL "-A KUBE-EXT-A -j KUBE-SVC-A\n"
#define KUBE_NODE ETH4 "cni0 bridge 10.244.0.1/24\n"

/* Podman's netavark, and a firewall that masquerades without an interface. */
#define NFT_TABLE(family, name) \
	"{\"table\":{\"family\":\"" family "\",\"name\":\"" name "\",\"handle\":1}}"
#define NFT_BASE(family, table, name, hook, prio) \
	"{\"chain\":{\"family\":\"" family "\",\"table\":\"" table "\",\"name\":\"" name \
	"\",\"handle\":2,\"type\":\"nat\",\"hook\":\"" hook "\",\"prio\":" prio \
	",\"policy\":\"accept\"}}"
#define NFT_RULE(family, table, chain, expr) \
	"{\"rule\":{\"family\":\"" family "\",\"table\":\"" table "\",\"chain\":\"" chain \
	"\",\"handle\":3,\"expr\":[" expr "]}}"
#define NFT_MATCH(op, left, right) \
	"{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define NFT_FIELD(protocol, field) \
	"{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"" field "\"}}"
#define NFT_META(key) "{\"meta\":{\"key\":\"" key "\"}}"

static const char netavark[] =
	"{\"nftables\":[{\"metainfo\":{\"json_schema_version\":1}}," NFT_TABLE("inet", "netavark") ","
	NFT_BASE("inet", "netavark", "PREROUTING", "prerouting", "-100") ","
	NFT_BASE("inet", "netavark", "POSTROUTING", "postrouting", "100") ","
	NFT_RULE("inet", "netavark", "PREROUTING",
	         NFT_MATCH("==", "{\"fib\":{\"result\":\"type\",\"flags\":\"daddr\"}}", "\"local\"")
	         ",{\"jump\":{\"target\":\"DNAT\"}}") ","
	NFT_RULE("inet", "netavark", "DNAT",
	         NFT_MATCH("==", NFT_FIELD("ip", "saddr"),
	                   "{\"prefix\":{\"addr\":\"10.88.0.0\",\"len\":16}}")
	         "," NFT_MATCH("==", NFT_FIELD("tcp", "dport"), "25")
	         ",{\"jump\":{\"target\":\"SETMARK\"}}") ","
	NFT_RULE("inet", "netavark", "DNAT",
	         NFT_MATCH("==", NFT_FIELD("tcp", "dport"), "25")
	         ",{\"dnat\":{\"family\":\"ip\",\"addr\":\"10.88.0.7\",\"port\":25}}") ","
	NFT_RULE("inet", "netavark", "SETMARK",
	         "{\"mangle\":{\"key\":" NFT_META("mark") ",\"value\":{\"|\":[" NFT_META("mark")
	         ",8192]}}}") ","
	NFT_RULE("inet", "netavark", "POSTROUTING",
	         NFT_MATCH("==", "{\"&\":[" NFT_META("mark") ",8192]}", "8192")
	         ",{\"masquerade\":null}") ","
	NFT_RULE("inet", "netavark", "POSTROUTING",
	         NFT_MATCH("==", NFT_FIELD("ip", "saddr"),
	                   "{\"prefix\":{\"addr\":\"10.88.0.0\",\"len\":16}}")
	         ",{\"masquerade\":null}") "]}";

/* firewalld: masquerading in a zone that the bridge's interface is in. */
static const char firewalld[] =
	"{\"nftables\":[" NFT_BASE("inet", "firewalld", "nat_PREROUTING", "prerouting", "-90") ","
	NFT_BASE("inet", "firewalld", "nat_POSTROUTING", "postrouting", "110") ","
	NFT_RULE("inet", "firewalld", "nat_PREROUTING",
	         NFT_MATCH("==", NFT_META("iifname"), "\"eth0\"") ","
	         NFT_MATCH("==", NFT_FIELD("tcp", "dport"), "{\"set\":[25,587]}")
	         ",{\"dnat\":{\"family\":\"ip\",\"addr\":\"10.0.3.9\",\"port\":25}}") ","
	NFT_RULE("inet", "firewalld", "nat_POSTROUTING", "{\"jump\":{\"target\":\"ZONES\"}}") ","
	NFT_RULE("inet", "firewalld", "ZONES",
	         NFT_MATCH("==", NFT_META("oifname"), "\"lxcbr*\"")
	         ",{\"goto\":{\"target\":\"nat_POST_trusted\"}}") ","
	NFT_RULE("inet", "firewalld", "nat_POST_trusted",
	         NFT_MATCH("!=", NFT_META("oifname"), "\"lo\"") ",{\"masquerade\":null}") "]}";

static const struct {
	const char *label, *host, *iptables, *ip6tables, *nft, *server, *want;
} rows[] = {
	{ "a machine of its own", ETH, "", "", "", "0.0.0.0:25", "4:25 direct\n" },
	{ "of both families", ETH, "", "", "", "[::]:25", "4:25 direct\n6:25 direct\n" },
	{ "no IPv6 there", ETH4, "", "", "", "[::]:25", "4:25 direct\n" },
	{ "no route to strangers in the main table", LO "eth0 ethernet 10.0.0.5/24 203.0.113.5/24 "
	  "fe80::5/64\n", "", "", "", "[::]:25", "4:25 direct\n" },
	{ "no address that strangers know", LO "eth0 ethernet 10.0.0.5/24 fe80::5/64\n", "", "", "",
	  "[::]:25", "" },
	{ "only the loopback", ETH, "", "", "", "127.0.0.1:25", "" },
	{ "Docker, IPv6 on the host: C1", ETH DOCKER DOCKER_PROXY, DOCKER_RULES "COMMIT\n", "", "",
	  "172.17.0.2:25", "4:25 direct\n6:25 proxy 172.17.0.1 C1\n" },
	{ "Docker, no IPv6: sound", ETH4 DOCKER DOCKER_PROXY, DOCKER_RULES "COMMIT\n", "", "",
	  "172.17.0.2:25", "4:25 direct\n" },
	{ "Docker with iptables=false: C2", ETH4 DOCKER DOCKER_PROXY, "", "", "",
	  "172.17.0.2:25", "4:25 proxy 172.17.0.1 C2\n" },
	{ "Docker without a proxy, IPv6 by rules: sound",
	  ETH DOCKER "docker0 bridge fd00:17::1/64\n", DOCKER_RULES "COMMIT\n",
	  "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
	  "-A PREROUTING -p tcp -m tcp --dport 25 -j DNAT --to-destination [fd00:17::2]:25\n"
	  "-A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE\nCOMMIT\n", "",
	  "[fd00:17::2]:25", "6:25 direct\n" },
	{ "masquerade without an interface: C3", ETH4 DOCKER DOCKER_PROXY, MASQUERADE_ALL, "", "",
	  "172.17.0.2:25", "4:25 masquerade 172.17.0.1 C3\n" },
	{ "masquerade on the way out only: sound", ETH4 DOCKER DOCKER_PROXY,
	  DOCKER_RULES "-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n", "", "",
	  "172.17.0.2:25", "4:25 direct\n" },
	{ "a condition that we don't know", ETH4 DOCKER DOCKER_PROXY,
	  DOCKER_RULES "-A POSTROUTING -m set --match-set some src -j MASQUERADE\nCOMMIT\n", "", "",
	  "172.17.0.2:25", "4:25 direct ?\n4:25 masquerade 172.17.0.1 C3 ?\n" },
	{ "source NAT to an address", ETH4 DOCKER, DOCKER_RULES
	  "-A POSTROUTING -o docker+ -j SNAT --to-source 172.17.0.99\nCOMMIT\n", "", "",
	  "172.17.0.2:25", "4:25 masquerade 172.17.0.99 C3\n" },
	{ "source NAT at the input", ETH4, "*nat\n:INPUT ACCEPT [0:0]\n"
	  "-A INPUT -p tcp --dport 25 -j SNAT --to-source 10.9.9.9\nCOMMIT\n", "", "",
	  "0.0.0.0:25", "4:25 masquerade 10.9.9.9 C3\n" },
	{ "Podman: sound", ETH4 "podman0 bridge 10.88.0.1/16\n", "", "", netavark,
	  "10.88.0.7:25", "4:25 direct\n" },
	{ "firewalld masquerades to the bridge: C3", ETH4 "lxcbr0 bridge 10.0.3.1/24\n", "", "",
	  firewalld, "10.0.3.9:25",
	  "4:25 masquerade 10.0.3.1 C3\n4:587 masquerade 10.0.3.1 C3\n" },
	{ "Kubernetes, policy Cluster: C4", KUBE_NODE, KUBE(KUBE_CLUSTER), "", "",
	  "10.244.0.9:30025", "" },
	{ "Kubernetes, policy Cluster, by the node port: C4", KUBE_NODE "run socat "
	  "TCP-LISTEN:30025 TCP:10.244.0.9:25\n", KUBE(KUBE_CLUSTER), "", "",
	  "10.244.0.9:25", "4:30025 node 10.244.0.1 C4\n" },
	{ "Kubernetes, policy Local: sound", KUBE_NODE "run socat "
	  "TCP-LISTEN:30025 TCP:10.244.0.9:25\n", KUBE(KUBE_LOCAL), "", "",
	  "10.244.0.9:25", "4:30025 direct\n" },
	{ "Kubernetes, policy Cluster, the node port in a chain before: C4", KUBE_NODE,
	  KUBE(KUBE_CLUSTER), "", "", "10.244.0.9:25", "4:30025 node 10.244.0.1 C4\n" },
	{ "where a rule may hold, the other way, too", ETH4 DOCKER DOCKER_PROXY,
	  "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
	  "-A PREROUTING -p tcp -m set --match-set a src -j DNAT --to-destination 10.9.9.9\nCOMMIT\n",
	  "", "", "172.17.0.2:25", "4:25 proxy 172.17.0.1 C2 ?\n" },
	{ "k3s: C4", ETH4 "cni0 bridge 10.42.0.1/24\n"
	  "run /bin/sh /usr/bin/entry|SRC_PORT=25 DEST_PROTO=TCP DEST_PORT=25 DEST_IPS=10.43.1.1\n",
	  "*nat\n:PREROUTING ACCEPT [0:0]\n"
	  "-A PREROUTING -p tcp --dport 25 -j DNAT --to-destination 10.42.0.8:25\nCOMMIT\n", "", "",
	  "10.42.0.9:25", "4:25 node 10.42.0.8 C4 ?\n" },
	{ "LXD's proxy device: C5", ETH4 "lxdbr0 bridge 10.1.1.1/24\nrun /snap/lxd/current/bin/lxd "
	  "forkproxy -- 1 3 tcp:0.0.0.0:25 4711 4 tcp:127.0.0.1:25\n", "", "", "",
	  "127.0.0.1:25", "4:25 loopback 127.0.0.1 C5\n" },
	{ "socat to the loopback", ETH4 "run socat TCP-LISTEN:25,fork TCP:localhost:2525\n", "", "",
	  "", "127.0.0.1:2525", "4:25 loopback 127.0.0.1 C3\n" },
	{ "two in a row", ETH4 "run socat TCP-LISTEN:25,fork TCP:127.0.0.1:2600\n"
	  "run socat TCP-LISTEN:2600,fork,bind=127.0.0.1 TCP:203.0.113.5:2525\n", "", "", "",
	  "0.0.0.0:2525", "4:2525 direct\n4:25 proxy 203.0.113.5 C3\n" },
	{ "one that leads to itself", ETH4 "run socat TCP-LISTEN:25,fork TCP:127.0.0.1:25\n", "", "",
	  "", "127.0.0.1:25", "4:25 loopback 127.0.0.1 C3\n" },
	{ "pasta keeps the source", ETH4 "run pasta --config-net -t 25\n", "", "", "",
	  "0.0.0.0:25", "4:25 direct\n" },
	{ "a redirected port", ETH4, "*nat\n:PREROUTING ACCEPT [0:0]\n"
	  "-A PREROUTING -p tcp --dport 2525 -j REDIRECT --to-ports 25\nCOMMIT\n", "", "",
	  "0.0.0.0:25", "4:25 direct\n4:2525 direct\n" },
	{ "inside Docker", LO "eth0 container-end 172.18.0.3/16\ndefault eth0 172.18.0.1\nin docker\n",
	  "", "", "", "0.0.0.0:25",
	  "4:25 direct ?\n6:0 proxy 172.18.0.1 C1 ?\n4:0 proxy 172.18.0.1 C2 ?\n" },
	{ "inside LXC", LO "eth0 container-end 10.0.3.9/24\ndefault eth0 10.0.3.1\nin lxc\n",
	  "", "", "", "0.0.0.0:25", "4:25 direct ?\n4:0 loopback 127.0.0.1 C5 ?\n"
	  "6:0 proxy 10.0.3.1 C1 ?\n4:0 proxy 10.0.3.1 C2 ?\n" },
	{ "inside a pod", LO "eth0 container-end 10.244.0.9/24\ndefault eth0 10.244.0.1\n"
	  "in kubernetes\n", "", "", "", "0.0.0.0:25",
	  "4:25 direct ?\n4:0 node 10.244.0.1 C4 ?\n4:0 node - C4 ?\n" },
	{ "rootless Podman", LO "tap0 tunnel 10.0.2.100/24\ndefault tap0 10.0.2.2\nin podman\n", "", "",
	  "", "0.0.0.0:25", "4:25 direct ?\n4:0 proxy 10.0.2.100 C2 ?\n6:0 proxy 10.0.2.2 C1 ?\n"
	  "4:0 proxy 10.0.2.2 C2 ?\n" },
	{ "behind a router", LO "eth0 ethernet 192.168.1.5/24\ndefault eth0 192.168.1.1\n", "", "", "",
	  "0.0.0.0:25", "4:25 direct\n4:0 masquerade 192.168.1.1 C3 ?\n" },
	{ "Docker Swarm", ETH4 "docker_gwbridge bridge 172.18.0.1/16\n",
	  "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER-INGRESS - [0:0]\n"
	  "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS\n"
	  "-A DOCKER-INGRESS -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.18.0.2:25\n"
	  "-A DOCKER-INGRESS -j RETURN\nCOMMIT\n", "", "", "10.0.1.5:25", "4:25 node - C2 ?\n" },
	{ "rules in a circle", ETH4, "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j A\n"
	  "-A A -j B\n-A B -j A\nCOMMIT\n", "", "", "0.0.0.0:25", "limit\n" },
};

static void parse_rules(struct facts *f, size_t i)
{
	CHECK_ROW(rows[i].label,
	          facts_parse_iptables(f, 4, str_of(rows[i].iptables)) == ERR_OK &&
	          facts_parse_iptables(f, 6, str_of(rows[i].ip6tables)) == ERR_OK &&
	          (!rows[i].nft[0] || facts_parse_nft(f, str_of(rows[i].nft)) == ERR_OK));
}

static void strangers_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct facts f;
		struct endpoint server;
		struct audit_arrival *v;
		struct buf got = { 0 };
		size_t n;
		host_build(&f, &a, rows[i].host);
		parse_rules(&f, i);
		assert_int_equal(endpoint_parse(str_of(rows[i].server), 0, &server, NULL), ERR_OK);
		if (audit_arrivals(&f, &server, &v, &n) == ERR_LIMIT)
			buf_add_cstr(&got, "limit\n");
		for (size_t k = 0; k < n; k++) {
			char text[IP_TEXT_MAX] = "";
			buf_printf(&got, "%u:%u %s", v[k].family, v[k].port,
			           audit_way_name(v[k].way));
			if (v[k].way != AUDIT_DIRECT)
				buf_printf(&got, " %s %s", v[k].as.family ?
				           ip_format(&v[k].as, text) : "-", v[k].cause);
			buf_add_cstr(&got, v[k].certain ? "\n" : " ?\n");
			CHECK_ROW(rows[i].label, v[k].text[0] && v[k].line && v[k].cause);
		}
		if (strcmp(buf_cstr(&got), rows[i].want) != 0)
			fail_msg("%s: got\n%swanted\n%s", rows[i].label, buf_cstr(&got), rows[i].want);
		buf_fini(&got);
		arena_fini(&a);
	}
}

/* The evidence is the rule or command as it stands there. */
static void evidence_is_named(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct endpoint server = { { 4, { 172, 17, 0, 2 } }, 25 };
	struct audit_arrival *v;
	size_t n;
	host_build(&f, &a, ETH DOCKER DOCKER_PROXY);
	assert_int_equal(facts_parse_iptables(&f, 4, str_of(MASQUERADE_ALL)), ERR_OK);
	assert_int_equal(audit_arrivals(&f, &server, &v, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].line, "-A POSTROUTING -j MASQUERADE");
	assert_non_null(strstr(v[1].line, "docker-proxy -proto tcp -host-ip :: -host-port 25"));
	assert_string_equal(v[1].text, "Strangers who connect to port 25 by IPv6 arrive as "
	                    "172.17.0.1: docker-proxy (process 321) takes their connections and "
	                    "makes new ones to the server.");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_arrive),
		cmocka_unit_test(evidence_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
