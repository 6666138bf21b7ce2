/* SPDX-License-Identifier: ISC
 *
 * Where strangers' mail arrives at a machine, and whether that was asked: rules, programs and
 * containers that lead a mail port elsewhere, and those that lead nowhere new.
 */
#include "test.h"

#include "audit/entrance.h"
#include "audit/installed.h"
#include "audit/report.h"
#include "host.h"

#include <stdio.h>

#define LO "lo loopback 127.0.0.1/8 ::1/128\n"
#define ETH LO "eth0 ethernet 203.0.113.5/24 2001:db8::5/64\n" \
	"default eth0 203.0.113.1\ndefault eth0 fe80::1\n"
#define BRIDGED ETH "docker0 bridge 172.17.0.1/16\n"
#define POSTFIX "listen 0.0.0.0:25 master 100\nlisten [::]:25 master 100\n"
#define PROXY4 "run /usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 " \
	"-container-ip 172.17.0.2 -container-port 25\n"
#define NAT(rules) "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" \
	rules "COMMIT\n"
#define TO "--to-destination "
#define NFT(target) "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"c\"," \
	"\"type\":\"nat\",\"hook\":\"prerouting\",\"prio\":-100}},{\"rule\":{\"family\":\"ip\"," \
	"\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{" \
	"\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":25}},{\"dnat\":" target "}]}}]}"
#define MANGLE(rules) "*mangle\n:PREROUTING ACCEPT [0:0]\n" rules "COMMIT\n"
#define NFT_TPROXY "{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\"," \
	"\"type\":\"filter\",\"hook\":\"prerouting\",\"prio\":-150}},{\"rule\":{\"family\":\"inet\"," \
	"\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{" \
	"\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":25}},{\"tproxy\":{\"family\":\"ip\"," \
	"\"addr\":\"127.0.0.1\",\"port\":2600}},{\"mangle\":{\"key\":{\"meta\":{\"key\":\"mark\"}}," \
	"\"value\":1}},{\"accept\":null}]}}]}"
#define NUMGEN(data) "{\"addr\":{\"map\":{\"key\":{\"numgen\":{\"mode\":\"inc\",\"mod\":2}}," \
	"\"data\":{\"set\":[[0,\"172.17.0.2\"],[1," data "]]}}},\"port\":25}"
#define DOCKER NAT(":DOCKER - [0:0]\n" \
	"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n" \
	"-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER\n" \
	"-A DOCKER -i docker0 -j RETURN\n" \
	"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 25 -j DNAT " TO "172.17.0.2:25\n")

/* asked: "postfix 0.0.0.0:25", with the process of a container's server behind it, or "by" and the
 * options; ";" between.
 * want: a line for each place that was not asked: the port, and where it leads. */
static const struct {
	const char *label, *host, *rules, *asked, *want;
} rows[] = {
	{ "Postfix alone", ETH POSTFIX, "", "postfix 0.0.0.0:25", "" },
	{ "nobody listens", ETH, "", "postfix 0.0.0.0:25", "" },
	{ "its ports by name", ETH "listen 0.0.0.0:25 master 7\nlisten 0.0.0.0:587 master 7\n", "",
	  "postfix 0.0.0.0:25", "" },
	{ "it runs by files of another day", ETH "listen 0.0.0.0:25 master 7\n", "",
	  "postfix 0.0.0.0:587; postfix 0.0.0.0:465", "" },
	{ "one that listens for the machine alone", ETH POSTFIX "listen 127.0.0.1:2525 mailpit 9\n",
	  "", "postfix 0.0.0.0:25", "" },
	{ "a second Postfix, which nobody knows of", ETH "listen 203.0.113.5:25 master 7\n"
	  "listen 127.0.0.1:25 master 8\nlisten 203.0.113.5:2525 master 9\n", "",
	  "postfix 203.0.113.5:25; postfix 127.0.0.1:25", "2525 203.0.113.5:2525 master\n" },
	{ "two instances, both asked", ETH "listen 203.0.113.5:25 master 7\n"
	  "listen 203.0.113.5:587 master 8\n", "", "postfix 0.0.0.0:25; postfix 0.0.0.0:587", "" },
	{ "Exim beside", ETH "listen 203.0.113.5:25 master 7\nlisten 0.0.0.0:587 exim4 9\n", "",
	  "postfix 0.0.0.0:25", "587 203.0.113.5:587 exim4\n" },
	{ "Exim beside, asked", ETH "listen 203.0.113.5:25 master 7\nlisten 0.0.0.0:587 exim4 9\n",
	  "", "postfix 0.0.0.0:25; exim 0.0.0.0:587", "" },
	{ "Exim by other options", ETH "listen 0.0.0.0:25 exim4 9 by -C /etc/x\n", "",
	  "exim 0.0.0.0:25", "25 203.0.113.5:25 exim4\n" },
	{ "Exim by those", ETH "listen 0.0.0.0:25 exim4 9 by -C /etc/x\n", "",
	  "exim 0.0.0.0:25 by -C /etc/x", "" },
	{ "a second Exim, where the first could listen", ETH "listen 203.0.113.5:25 exim4 9\n"
	  "listen 203.0.113.5:587 exim4 10 by -oX 587\n", "", "exim 0.0.0.0:25; exim 0.0.0.0:587",
	  "587 203.0.113.5:587 exim4\n" },
	{ "both asked", ETH "listen 203.0.113.5:25 exim4 9\n"
	  "listen 203.0.113.5:587 exim4 10 by -oX 587\n", "",
	  "exim 0.0.0.0:25; exim 0.0.0.0:587 by -oX 587", "" },
	{ "Sendmail, whose options cannot be seen", ETH "listen 0.0.0.0:25 sendmail 9 by\n", "",
	  "sendmail 0.0.0.0:25", "25 203.0.113.5:25 sendmail\n" },
	{ "Exim by another program", ETH "listen 0.0.0.0:25 exim 9 of /opt/exim/bin/exim\n", "",
	  "exim 0.0.0.0:25", "25 203.0.113.5:25 exim\n" },
	{ "Postfix of another directory", ETH "listen 0.0.0.0:25 master 9 by /etc/p2\n", "",
	  "postfix 0.0.0.0:25", "25 203.0.113.5:25 master\n" },
	{ "Postfix of that directory", ETH "listen 0.0.0.0:25 master 9 by /etc/p2\n", "",
	  "postfix 0.0.0.0:25; postfix 0.0.0.0:25 by /etc/p2", "" },
	{ "a mail server's port that is none of the usual", ETH "listen 0.0.0.0:26 exim4 9\n", "", "",
	  "26 203.0.113.5:26 exim4\n" },
	{ "a server that is not known", ETH POSTFIX "listen 0.0.0.0:2525 haraka 9\n", "",
	  "postfix 0.0.0.0:25", "2525 203.0.113.5:2525 haraka\n" },
	{ "Dovecot takes who logs in", ETH POSTFIX "listen 0.0.0.0:587 dovecot 9\n", "",
	  "postfix 0.0.0.0:25", "" },
	{ "systemd holds the socket", ETH "listen 0.0.0.0:25 systemd 1\n", "",
	  "exim 0.0.0.0:25", "" },
	{ "systemd holds another", ETH "listen 0.0.0.0:25 systemd 1\nlisten 0.0.0.0:587 systemd 1\n",
	  "", "exim 0.0.0.0:25", "587 203.0.113.5:587 systemd\n" },
	{ "another in its place", ETH "listen 0.0.0.0:25 python3 7\n", "", "postfix 0.0.0.0:25",
	  "25 203.0.113.5:25 python3\n" },
	{ "a container in the machine's network", ETH "listen 0.0.0.0:25 master 7 elsewhere\n", "",
	  "postfix 0.0.0.0:25", "25 203.0.113.5:25 master\n" },
	{ "that container was asked", ETH "listen 0.0.0.0:25 master 7 elsewhere\n", "",
	  "postfix 0.0.0.0:25 7", "" },
	{ "another container was", ETH "listen 0.0.0.0:25 master 7 elsewhere\n", "",
	  "postfix 0.0.0.0:25 8", "25 203.0.113.5:25 master\n" },

	{ "Docker by rules", BRIDGED POSTFIX, DOCKER, "postfix 0.0.0.0:25",
	  "25 172.17.0.2:25\n" },
	{ "Docker by rules and program", BRIDGED PROXY4, DOCKER, "", "25 172.17.0.2:25\n" },
	{ "Docker by program", BRIDGED PROXY4, "", "", "25 172.17.0.2:25\n" },
	{ "Docker, asked", BRIDGED PROXY4, DOCKER, "postfix 172.17.0.2:25 4711", "" },
	{ "another port of it was asked", BRIDGED PROXY4, DOCKER, "postfix 172.17.0.2:587 4711",
	  "25 172.17.0.2:25\n" },
	{ "its address as this machine's own is another's", BRIDGED PROXY4, DOCKER,
	  "postfix 172.17.0.2:25", "25 172.17.0.2:25\n" },
	{ "by the other family than it says", BRIDGED PROXY4 "listen [::]:25 docker-proxy 321\n", "",
	  "exim 172.17.0.2:25 4711", "" },
	{ "at another port than it says", BRIDGED PROXY4 "listen [::]:587 docker-proxy 321\n", "",
	  "exim 172.17.0.2:25 4711", "587 203.0.113.5:587 docker-proxy\n" },
	{ "a program that leads to Postfix here", ETH POSTFIX "run socat TCP-LISTEN:2525,fork "
	  "TCP:127.0.0.1:25\n", "", "postfix 0.0.0.0:25", "" },
	{ "one that leads to another here", ETH POSTFIX "listen 127.0.0.1:2600 mailpit 9\n"
	  "run socat TCP-LISTEN:2525,fork TCP:127.0.0.1:2600\n", "", "postfix 0.0.0.0:25",
	  "2525 127.0.0.1:2600 mailpit\n" },
	{ "one behind the other", ETH POSTFIX "run socat TCP-LISTEN:587,fork TCP:127.0.0.1:2600\n"
	  "run socat TCP-LISTEN:2600,fork,bind=127.0.0.1 TCP:10.0.0.9:25\n", "",
	  "postfix 0.0.0.0:25", "587 10.0.0.9:25\n" },
	{ "in a circle", ETH "run socat TCP-LISTEN:25,fork TCP:127.0.0.1:25\n", "", "", "limit\n" },
	{ "from another port to one for mail, by a program", BRIDGED "run /usr/bin/docker-proxy -proto tcp "
	  "-host-ip 0.0.0.0 -host-port 10026 -container-ip 172.17.0.2 -container-port 25\n", "", "",
	  "10026 172.17.0.2:25\n" },
	{ "by rules", BRIDGED, NAT(":DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
	  "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 10026 -j DNAT " TO "172.17.0.2:587\n"), "",
	  "10026 172.17.0.2:587\n" },
	{ "where the port stands before a jump", BRIDGED, NAT(":A - [0:0]\n:B - [0:0]\n"
	  "-A PREROUTING -p tcp --dport 10026 -j A\n-A A -j B\n-A B -p tcp -j DNAT " TO "172.17.0.2:25\n"),
	  "exim 172.17.0.2:25 4711; postfix 0.0.0.0:25", "" },
	{ "and it was not asked", BRIDGED, NAT(":A - [0:0]\n:B - [0:0]\n"
	  "-A PREROUTING -p tcp --dport 10026 -j A\n-A A -j B\n-A B -p tcp -j DNAT " TO "172.17.0.2:25\n"),
	  "postfix 0.0.0.0:25", "10026 172.17.0.2:25\n" },
	{ "by a rule, and a program behind it", ETH "run socat TCP-LISTEN:10025,fork TCP:10.0.0.9:25\n",
	  NAT("-A PREROUTING -p tcp --dport 10026 -j REDIRECT --to-ports 10025\n"), "",
	  "10025 10.0.0.9:25\n10026 10.0.0.9:25\n" },
	{ "some of many ports", ETH "run pasta -t 10000-10100:25-125\n", "", "",
	  "10000 -\n" },
	{ "to a port at which a container's server listens", BRIDGED "inner 2600\n",
	  NAT("-A PREROUTING -p tcp --dport 80 -j DNAT " TO "172.17.0.2:2600\n"
	      "-A PREROUTING -p tcp --dport 81 -j DNAT " TO "172.17.0.3:80\n"), "",
	  "80 172.17.0.2:2600\n" },
	{ "another port than for mail", ETH POSTFIX "run socat TCP-LISTEN:8080,fork "
	  "TCP:10.0.0.9:80\n", "", "postfix 0.0.0.0:25", "" },
	{ "rootless Podman", ETH "run rootlessport\nlisten [::]:587 rootlessport 321\n", "", "",
	  "587 -\n" },
	{ "HAProxy before it", ETH "run haproxy -f x\nlisten 0.0.0.0:25 haproxy 321\n"
	  "listen 127.0.0.1:10025 master 7\n", "", "postfix 127.0.0.1:10025", "25 -\n" },

	{ "to a machine behind", ETH POSTFIX,
	  NAT("-A PREROUTING -i eth0 -p tcp --dport 587 -j DNAT " TO "10.0.0.9\n"),
	  "postfix 0.0.0.0:25", "587 10.0.0.9:587\n" },
	{ "many ports", ETH POSTFIX,
	  NAT("-A PREROUTING -p tcp -m multiport --dports 80,465,2500:2600 -j DNAT " TO "10.0.0.9\n"),
	  "postfix 0.0.0.0:25", "465 10.0.0.9:465\n2525 10.0.0.9:2525\n" },
	{ "all ports", ETH, NAT("-A PREROUTING -d 203.0.113.5 -j DNAT " TO "10.0.0.9\n"),
	  "", "25 10.0.0.9:25\n465 10.0.0.9:465\n587 10.0.0.9:587\n2525 10.0.0.9:2525\n" },
	{ "an address that no interface has", ETH POSTFIX,
	  NAT("-A PREROUTING -d 203.0.113.99/32 -p tcp --dport 25 -j DNAT " TO "10.0.0.9:25\n"),
	  "postfix 0.0.0.0:25", "25 10.0.0.9:25\n" },
	{ "one port before another", ETH "listen 0.0.0.0:2500 master 7\n",
	  NAT("-A PREROUTING -p tcp --dport 25 -j REDIRECT --to-ports 2500\n"),
	  "postfix 0.0.0.0:2500", "" },
	{ "to a port that was not asked", ETH POSTFIX "listen 0.0.0.0:2600 mailpit 9\n",
	  NAT("-A PREROUTING -p tcp --dport 587 -j REDIRECT --to-ports 2600\n"),
	  "postfix 0.0.0.0:25", "587 203.0.113.5:2600 mailpit\n" },
	{ "what a container sends is none of strangers'", BRIDGED POSTFIX,
	  NAT("-A PREROUTING -i docker0 -p tcp --dport 25 -j DNAT " TO "10.0.0.9:25\n"),
	  "postfix 0.0.0.0:25", "" },
	{ "what the machine sends", ETH POSTFIX,
	  NAT("-A OUTPUT -p tcp --dport 25 -j DNAT " TO "10.0.0.9:25\n"),
	  "postfix 0.0.0.0:25", "" },
	{ "by a condition that is not known", ETH POSTFIX,
	  NAT("-A PREROUTING -p tcp --dport 25 -m set --match-set a src -j DNAT " TO "10.0.0.9:25\n"),
	  "postfix 0.0.0.0:25", "25 10.0.0.9:25\n" },
	{ "by the second of two such", BRIDGED POSTFIX,
	  NAT("-A PREROUTING -p tcp --dport 25 -m set --match-set a src -j DNAT " TO "172.17.0.2:25\n"
	      "-A PREROUTING -p tcp --dport 25 -m set --match-set b src -j DNAT " TO "172.17.0.3:25\n"),
	  "postfix 0.0.0.0:25; exim 172.17.0.2:25 4711", "25 172.17.0.3:25\n" },
	{ "behind one that holds", BRIDGED,
	  NAT("-A PREROUTING -p tcp --dport 25 -j DNAT " TO "172.17.0.2:25\n"
	      "-A PREROUTING -p tcp --dport 25 -j DNAT " TO "172.17.0.3:25\n"),
	  "exim 172.17.0.2:25 4711", "" },
	{ "to more than one", BRIDGED,
	  NAT("-A PREROUTING -p tcp --dport 25 -j DNAT " TO "172.17.0.2-172.17.0.9:25\n"),
	  "exim 172.17.0.2:25 4711", "25 -\n" },
	{ "to a place that is not understood", ETH POSTFIX,
	  NAT("-A PREROUTING -p tcp --dport 25 -j DNAT " TO "nonsense\n"),
	  "postfix 0.0.0.0:25", "25 -\n" },
	{ "in turns, by nft", BRIDGED, NFT(NUMGEN("\"172.17.0.3\"")),
	  "exim 172.17.0.2:25 4711", "25 172.17.0.3:25\n" },
	{ "in turns, both asked", BRIDGED, NFT(NUMGEN("\"172.17.0.3\"")),
	  "exim 172.17.0.2:25 4711; exim 172.17.0.3:25 4712", "" },
	{ "in turns, one to a range", BRIDGED,
	  NFT(NUMGEN("{\"range\":[\"172.17.0.3\",\"172.17.0.9\"]}")),
	  "exim 172.17.0.2:25 4711", "25 -\n" },
	{ "to a range, by nft", BRIDGED,
	  NFT("{\"addr\":{\"range\":[\"172.17.0.2\",\"172.17.0.9\"]},\"port\":25}"),
	  "exim 172.17.0.2:25 4711", "25 -\n" },
	{ "to more ports of one", BRIDGED,
	  NAT("-A PREROUTING -p tcp --dport 25 -j DNAT " TO "172.17.0.2:25-30\n"),
	  "exim 172.17.0.2:25 4711", "" },
	{ "TPROXY", ETH POSTFIX "listen 0.0.0.0:2600 mailpit 9\n",
	  MANGLE("-A PREROUTING -p tcp -m tcp --dport 587 -j TPROXY --on-port 2600 --on-ip 0.0.0.0 "
	         "--tproxy-mark 0x1/0x1\n"), "postfix 0.0.0.0:25", "587 203.0.113.5:2600 mailpit\n" },
	{ "TPROXY to loopback, behind a jump", ETH "listen 127.0.0.1:2600 mailpit 9\n",
	  MANGLE(":DIVERT - [0:0]\n-A PREROUTING -p tcp -m socket -j DIVERT\n"
	         "-A DIVERT -j MARK --set-xmark 0x1/0xffffffff\n-A DIVERT -j ACCEPT\n:P - [0:0]\n"
	         "-A PREROUTING -p tcp --dport 25 -j P\n-A P -p tcp -j TPROXY --on-port 2600 "
	         "--on-ip 127.0.0.1 --tproxy-mark 0x1/0x1\n"), "", "25 127.0.0.1:2600 mailpit\n" },
	{ "TPROXY from another port", ETH POSTFIX, MANGLE("-A PREROUTING -p tcp --dport 10026 -j TPROXY "
	  "--on-port 25 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1\n"), "postfix 0.0.0.0:587", "" },
	{ "TPROXY of a connection to another machine", ETH "listen 0.0.0.0:2600 mailpit 9\n",
	  MANGLE("-A PREROUTING -d 203.0.113.99/32 -p tcp --dport 25 -j TPROXY --on-port 2600 --on-ip "
	         "0.0.0.0 --tproxy-mark 0x1/0x1\n"), "", "25 203.0.113.5:2600 mailpit\n" },
	{ "TPROXY by nft", ETH POSTFIX "listen 127.0.0.1:2600 mailpit 9\n", NFT_TPROXY,
	  "postfix 0.0.0.0:25", "25 127.0.0.1:2600 mailpit\n" },
	{ "TPROXY of what comes in elsewhere", BRIDGED POSTFIX "listen 0.0.0.0:2600 mailpit 9\n",
	  MANGLE("-A PREROUTING -i docker0 -p tcp -m tcp --dport 25 -j TPROXY --on-port 2600 --on-ip "
	         "0.0.0.0 --tproxy-mark 0x1/0x1\n"), "postfix 0.0.0.0:25", "" },
	{ "rules in a circle", ETH POSTFIX,
	  NAT("-A PREROUTING -j A\n-A A -j B\n-A B -j A\n"), "postfix 0.0.0.0:25", "limit\n" },
	{ "no way for strangers is known", LO "eth0 ethernet 10.0.0.5/24\nlisten 10.0.0.5:25 exim4 9\n",
	  "", "", "25 10.0.0.5:25 exim4\n" },
};

static int parse_rules(struct facts *f, const char *rules)
{
	return rules[0] == '{' ? facts_parse_nft(f, str_of(rules))
	                       : facts_parse_iptables(f, 4, str_of(rules));
}

static size_t parse_asked(struct str text, struct arena *a, struct audit_asked_at *asked)
{
	struct str one, name, at, number = { "", 0 };
	size_t n = 0;
	while (str_token(&text, ";", &one)) {
		uint64_t pid = 0;
		if (!str_word(&one, &name))
			continue;
		assert_true(str_word(&one, &at));
		assert_int_equal(mta_parse(name, &asked[n].mta), ERR_OK);
		assert_int_equal(endpoint_parse(at, 0, &asked[n].at, NULL), ERR_OK);
		asked[n].started = "";
		if (str_word(&one, &number) && str_eq(number, STR("by")))
			asked[n].started = arena_strdup(a, str_trim(one));
		else if (number.n)
			assert_int_equal(str_u64(number, UINT32_MAX, &pid), ERR_OK);
		asked[n++].pid = (unsigned)pid;
	}
	return n;
}

static void format(struct buf *got, const struct audit_entrance *e)
{
	char text[ENDPOINT_TEXT_MAX];
	if (e->asked)
		return;
	buf_printf(got, "%u %s", e->at.port,
	           e->to.ip.family ? endpoint_format(&e->to, text) : "-");
	if (e->listener)
		buf_printf(got, " %s", e->listener->program);
	buf_add_byte(got, '\n');
}

static void what_was_not_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct facts f;
		struct audit_asked_at asked[8] = { 0 };
		struct audit_entrance *v;
		struct buf got = { 0 };
		size_t n, asked_n = parse_asked(str_of(rows[i].asked), &a, asked);
		host_build(&f, &a, rows[i].host);
		facts_settle_proxies(&f);
		assert_int_equal(parse_rules(&f, rows[i].rules), ERR_OK);
		if (audit_entrances(&f, asked, asked_n, &v, &n) == ERR_LIMIT)
			buf_add_cstr(&got, "limit\n");
		audit_entrances_mark(&f, asked, asked_n, v, n);
		for (size_t k = 0; k < n; k++)
			format(&got, &v[k]);
		if (strcmp(buf_cstr(&got), rows[i].want) != 0)
			fail_msg("%s: got\n%swanted\n%s", rows[i].label, buf_cstr(&got), rows[i].want);
		buf_fini(&got);
		arena_fini(&a);
	}
}

/* Each sentence names the port, who leads on, and where to. */
static const struct { const char *host, *rules, *what, *why; } sentences[] = {
	{ BRIDGED PROXY4, "", "port 25 of this machine", "it leads by docker-proxy (process 321) "
	  "(/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 -container-ip 172.17.0.2 "
	  "-container-port 25) to 172.17.0.2:25, which was not asked" },
	{ ETH, NAT("-A PREROUTING -p tcp --dport 587 -j DNAT " TO "10.0.0.9\n"),
	  "port 587 of this machine", "it leads by a rule of iptables in chain PREROUTING "
	  "(-A PREROUTING -p tcp --dport 587 -j DNAT " TO "10.0.0.9) to 10.0.0.9:587, "
	  "which was not asked" },
	{ ETH "listen 0.0.0.0:2525 exim4 9\n", "", "port 2525 of this machine",
	  "Exim (process 9) listens there, which was not asked" },
	{ ETH "listen 0.0.0.0:2525 exim4 9 by -C /x -DA\n", "", "port 2525 of this machine",
	  "Exim (process 9) by -C /x -DA listens there, which was not asked" },
	{ ETH "listen 0.0.0.0:25 sendmail 9 by\n", "", "port 25 of this machine",
	  "Sendmail (process 9), by which options is not known, listens there, which was not asked" },
	{ ETH "listen 0.0.0.0:25 exim4 9 of /opt/exim\n", "", "port 25 of this machine",
	  "Exim (process 9), whose program is /opt/exim and not the one that is installed, listens "
	  "there, which was not asked" },
	{ ETH "listen 0.0.0.0:2525 - 0\n", "", "port 2525 of this machine",
	  "a program that could not be seen listens there, which was not asked" },
	{ ETH "listen 0.0.0.0:25 master 9 elsewhere\n", "", "port 25 of this machine",
	  "Postfix (process 9) in a container listens there, which was not asked" },
	{ ETH "run rootlessport\nlisten [::]:587 rootlessport 321\n", "", "port 587 of this machine",
	  "it leads by rootlessport (process 321) (rootlessport) to where its command line does not "
	  "say, which was not asked" },
};

static void sentences_name_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		struct arena a = { 0 };
		struct facts f;
		struct audit_entrance *v;
		size_t n;
		host_build(&f, &a, sentences[i].host);
		facts_settle_proxies(&f);
		assert_int_equal(facts_parse_iptables(&f, 4, str_of(sentences[i].rules)), ERR_OK);
		assert_int_equal(audit_entrances(&f, NULL, 0, &v, &n), ERR_OK);
		assert_int_equal(n, 1);
		assert_string_equal(audit_entrance_what(&a, &v[0]), sentences[i].what);
		assert_string_equal(audit_entrance_why(&a, &v[0]), sentences[i].why);
		arena_fini(&a);
	}
}

/* Postfix's instances: none is dropped in silence. */
static void instances_are_counted(void **state)
{
	(void)state;
	struct arena a = { 0 };
	const char *v[3], *beyond;
	assert_int_equal(audit_instance_directories(STR(""), &a, v, 3, &beyond), 0);
	assert_null(beyond);
	assert_int_equal(audit_instance_directories(STR("/a, /b\t/c relative"), &a, v, 3, &beyond), 3);
	assert_string_equal(v[2], "/c");
	assert_null(beyond);
	assert_int_equal(audit_instance_directories(STR("/a /b /c /d,/e"), &a, v, 3, &beyond), 5);
	assert_string_equal(beyond, "/d");
	arena_fini(&a);
}

static void doubts_forbid_closed(void **state)
{
	(void)state;
	struct arena a = { 0 };
	for (enum audit_verdict v = AUDIT_CLOSED; v <= AUDIT_UNKNOWN; v++) {
		struct audit_report r = { .arena = &a, .verdict = v, .summary = "as it was" };
		audit_report_doubt(&r, "port 25", "nobody asked");
		audit_report_doubt(&r, "port 587", "nobody asked");
		assert_int_equal(r.unasked_n, 2);
		assert_string_equal(r.unasked[0].what, "port 25");
		assert_int_equal(r.verdict, v == AUDIT_CLOSED ? AUDIT_UNKNOWN : v);
		assert_string_equal(r.summary, v != AUDIT_CLOSED ? "as it was" :
		                    "not known: port 25 could not be asked: nobody asked");
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_counted),
		cmocka_unit_test(doubts_forbid_closed),
		cmocka_unit_test(what_was_not_asked),
		cmocka_unit_test(sentences_name_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
