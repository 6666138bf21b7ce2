/* SPDX-License-Identifier: ISC
 *
 * By rtnetlink: a container has no `ip`. Each interface is one end of a veth pair, or a dummy where
 * the kernel has no veth.
 */
#include "closed/net.h"

#include <libmnl/libmnl.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum { REQUEST_BYTES = 1024, INTERFACES_MAX = 512 };

struct talk {
	struct mnl_socket *socket;
	unsigned sequence;
};

/* Sends the request and waits for its answer; 0 or -1 with errno. */
static int netlink_ask(struct talk *t, struct nlmsghdr *request)
{
	char answer[8192];
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = ++t->sequence;
	if (mnl_socket_sendto(t->socket, request, request->nlmsg_len) < 0)
		return -1;
	ssize_t n = mnl_socket_recvfrom(t->socket, answer, sizeof(answer));
	if (n < 0)
		return -1;
	return mnl_cb_run(answer, (size_t)n, t->sequence, mnl_socket_get_portid(t->socket),
	                  NULL, NULL) < 0 ? -1 : 0;
}

static struct nlmsghdr *link_request(char *bytes, unsigned flags, unsigned index, unsigned up)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_flags = (uint16_t)flags;
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	info->ifi_flags = info->ifi_change = up;
	return h;
}

static int link_up(struct talk *t, const char *name)
{
	char bytes[REQUEST_BYTES];
	unsigned index = if_nametoindex(name);
	return index ? netlink_ask(t, link_request(bytes, 0, index, IFF_UP)) : -1;
}

/* With the peer's name, a veth pair; without one, a dummy. */
static int link_create(struct talk *t, const char *name, const char *peer)
{
	char bytes[REQUEST_BYTES];
	struct nlmsghdr *h = link_request(bytes, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	struct nlattr *about = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, peer ? "veth" : "dummy");
	if (peer) {
		struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
		struct nlattr *other = mnl_attr_nest_start(h, VETH_INFO_PEER);
		mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
		mnl_attr_put_strz(h, IFLA_IFNAME, peer);
		mnl_attr_nest_end(h, other);
		mnl_attr_nest_end(h, data);
	}
	mnl_attr_nest_end(h, about);
	return netlink_ask(t, h);
}

static int address_add(struct talk *t, unsigned index, const struct closed_address *a)
{
	char bytes[REQUEST_BYTES];
	size_t size = ip_bits(&a->ip) / 8;
	bool link_local = a->ip.family == 6 && a->ip.b[0] == 0xfe && (a->ip.b[1] & 0xc0) == 0x80;
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = RTM_NEWADDR;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifa_family = a->ip.family == 4 ? AF_INET : AF_INET6;
	m->ifa_prefixlen = a->len;
	m->ifa_scope = link_local ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->ifa_index = index;
	mnl_attr_put(h, IFA_LOCAL, size, a->ip.b);
	mnl_attr_put(h, IFA_ADDRESS, size, a->ip.b);
	mnl_attr_put_u32(h, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	return netlink_ask(t, h);
}

/* All addresses of the family become ours. */
static int all_local(struct talk *t, int family)
{
	char bytes[REQUEST_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_CREATE;
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = (unsigned char)family;
	m->rtm_table = RT_TABLE_LOCAL;
	m->rtm_protocol = RTPROT_BOOT;
	m->rtm_scope = RT_SCOPE_HOST;
	m->rtm_type = RTN_LOCAL;
	mnl_attr_put_u32(h, RTA_OIF, if_nametoindex("lo"));
	return netlink_ask(t, h);
}

/* What goes to the range, NULL for all, is looked up among the local addresses or, where it is a
 * call by TCP, finds no way. RULE_ANSWERS is the first for what a server answers to port 25. Port 0
 * is any. */
enum rule { RULE_LOCAL, RULE_ANSWERS, RULE_NO_CALLS };
static int rule_add(struct talk *t, int family, uint32_t order, enum rule rule,
                    const struct closed_address *to, uint16_t port)
{
	static const struct fib_rule_port_range cut = { 1, CLOSED_CALLED_MAX }, mail = { 25, 25 };
	const struct fib_rule_port_range called = { port, port };
	char bytes[REQUEST_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = RTM_NEWRULE;
	h->nlmsg_flags = NLM_F_CREATE;
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->family = (uint8_t)family;
	m->action = rule == RULE_NO_CALLS ? FR_ACT_UNREACHABLE : FR_ACT_TO_TBL;
	m->table = rule == RULE_NO_CALLS ? RT_TABLE_UNSPEC : RT_TABLE_LOCAL;
	m->dst_len = to ? to->len : 0;
	mnl_attr_put_u32(h, FRA_PRIORITY, order);
	if (to)
		mnl_attr_put(h, FRA_DST, ip_bits(&to->ip) / 8, to->ip.b);
	if (rule != RULE_LOCAL || port)
		mnl_attr_put_u8(h, FRA_IP_PROTO, IPPROTO_TCP);
	if (rule == RULE_NO_CALLS)
		mnl_attr_put(h, FRA_DPORT_RANGE, sizeof(cut), &cut);
	else if (port)
		mnl_attr_put(h, FRA_DPORT_RANGE, sizeof(called), &called);
	if (rule == RULE_ANSWERS) {
		mnl_attr_put(h, FRA_SPORT_RANGE, sizeof(cut), &cut);
		mnl_attr_put(h, FRA_DPORT_RANGE, sizeof(mail), &mail);
	}
	return netlink_ask(t, h);
}

/* The kernel's own rule, before all others, that looks among the local addresses. */
static int rule_first_remove(struct talk *t, int family)
{
	char bytes[REQUEST_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	h->nlmsg_type = RTM_DELRULE;
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->family = (uint8_t)family;
	m->action = FR_ACT_TO_TBL;
	m->table = RT_TABLE_LOCAL;
	mnl_attr_put_u32(h, FRA_PRIORITY, 0);
	return netlink_ask(t, h);
}

static int stand_ins_reach(struct talk *t, const struct closed_setup *setup, int family,
                           uint32_t order)
{
	for (size_t i = 0; i < setup->stand_in_n; i++) {
		const struct closed_stand_in *s = &setup->stand_ins[i];
		const struct closed_address to = { s->at.ip, (uint8_t)ip_bits(&s->at.ip) };
		if (s->path || s->at.ip.family != (family == AF_INET ? 4 : 6))
			continue;
		/* Where two ask the same, one is enough. */
		if (rule_add(t, family, order, RULE_LOCAL, &to, s->at.port) != 0 &&
		    errno != EEXIST)
			return -1;
	}
	return 0;
}

/* First what is the machine's own, and answers to port 25; then the calls that are cut off; then
 * all else. */
static int calls_cut(struct talk *t, const struct closed_setup *setup, int family)
{
	enum { OWN = 10, CALLS = 20, ALL = 30 };
	const int version = family == AF_INET ? 4 : 6;
	const struct closed_address loopback = { { 4, { 127 } }, 8 };
	if (version == 4 && rule_add(t, family, OWN, RULE_LOCAL, &loopback, 0) != 0)
		return -1;
	for (size_t i = 0; i < setup->interface_n; i++)
		for (size_t k = 0; k < setup->interfaces[i].address_n; k++) {
			struct closed_address own = setup->interfaces[i].addresses[k];
			own.len = (uint8_t)ip_bits(&own.ip);
			if (own.ip.family == version &&
			    rule_add(t, family, OWN, RULE_LOCAL, &own, 0) != 0)
				return -1;
		}
	if (stand_ins_reach(t, setup, family, OWN) != 0)
		return -1;
	return rule_add(t, family, OWN, RULE_ANSWERS, NULL, 0) == 0 &&
	       rule_add(t, family, CALLS, RULE_NO_CALLS, NULL, 0) == 0 &&
	       rule_add(t, family, ALL, RULE_LOCAL, NULL, 0) == 0 &&
	       rule_first_remove(t, family) == 0 ? 0 : -1;
}

/* A parameter of the kernel that is missing has nothing to say. */
static void sysctl_set(const char *name, const char *value)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t n = write(fd, value, strlen(value));
	(void)n;
	close(fd);
}

static int net_failed(struct buf *message, const char *what, const char *name)
{
	int why = errno;
	buf_printf(message, "%s %s: %s", what, name, strerror(why));
	return why == EOPNOTSUPP ? ERR_UNSUPPORTED : why == EPERM ? ERR_DENIED : ERR_IO;
}

static int interface_make(struct talk *t, const struct closed_interface *i, size_t number,
                          struct buf *message)
{
	char peer[IFNAMSIZ], setting[96];
	size_t n = strlen(i->name);
	if (n == 0 || n >= IFNAMSIZ || strchr(i->name, '/') || i->name[0] == '.') {
		buf_add_cstr(message, "an interface has a name that is none");
		return ERR_INVALID;
	}
	snprintf(peer, sizeof(peer), "room-%zu", number);
	if (!i->loopback && link_create(t, i->name, peer) != 0 &&
	    (errno != EOPNOTSUPP || link_create(t, i->name, NULL) != 0))
		return net_failed(message, "interface", i->name);
	/* No address but those that we give it. */
	snprintf(setting, sizeof(setting), "ipv6/conf/%s/addr_gen_mode", i->name);
	sysctl_set(setting, "1");
	if (link_up(t, i->name) != 0)
		return net_failed(message, "interface", i->name);
	if (!i->loopback && if_nametoindex(peer))
		link_up(t, peer);
	for (size_t k = 0; k < i->address_n; k++) {
		char text[IP_TEXT_MAX];
		/* The loopback interface has its own already: EEXIST of those is fine. */
		if (address_add(t, if_nametoindex(i->name), &i->addresses[k]) != 0 &&
		    errno != EEXIST)
			return net_failed(message, "address", ip_format(&i->addresses[k].ip, text));
	}
	return ERR_OK;
}

static bool has_family(const struct closed_setup *setup, int family)
{
	for (size_t i = 0; i < setup->interface_n; i++)
		for (size_t k = 0; k < setup->interfaces[i].address_n; k++)
			if (setup->interfaces[i].addresses[k].ip.family == family)
				return true;
	return false;
}

static int net_fill(struct talk *t, const struct closed_setup *setup, struct buf *message)
{
	bool six = has_family(setup, 6);
	sysctl_set("ipv6/conf/all/disable_ipv6", six ? "0" : "1");
	sysctl_set("ipv6/conf/default/disable_ipv6", six ? "0" : "1");
	sysctl_set("ipv6/conf/default/addr_gen_mode", "1");
	sysctl_set("ipv4/conf/all/rp_filter", "0");
	sysctl_set("ipv4/conf/default/rp_filter", "0");
	if (link_up(t, "lo") != 0)
		return net_failed(message, "interface", "lo");
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < setup->interface_n; i++)
		e = interface_make(t, &setup->interfaces[i], i, message);
	if (e != ERR_OK)
		return e;
	if (all_local(t, AF_INET) != 0 || (six && all_local(t, AF_INET6) != 0))
		return net_failed(message, "route", "to all addresses");
	if (calls_cut(t, setup, AF_INET) != 0 || (six && calls_cut(t, setup, AF_INET6) != 0))
		return net_failed(message, "rules", "for the server's own calls");
	sysctl_set("ipv6/ip_nonlocal_bind", "1");
	sysctl_set("ipv4/ip_local_port_range", "32768 60999");
	/* A connection that finds the server's queue full comes again. By a cookie it would be
	 * one that we have and the server never hears of. */
	sysctl_set("ipv4/tcp_syncookies", "0");
	return ERR_OK;
}

int closed_net_make(const struct closed_setup *setup, struct buf *message)
{
	if (setup->interface_n > INTERFACES_MAX) {
		buf_printf(message, "more than %d interfaces", INTERFACES_MAX);
		return ERR_LIMIT;
	}
	struct talk t = { .socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC) };
	if (!t.socket)
		return net_failed(message, "netlink", "socket");
	int e = mnl_socket_bind(t.socket, 0, MNL_SOCKET_AUTOPID) == 0 ?
	        net_fill(&t, setup, message) : net_failed(message, "netlink", "socket");
	mnl_socket_close(t.socket);
	return e;
}
