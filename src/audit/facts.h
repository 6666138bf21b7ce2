/* SPDX-License-Identifier: ISC
 *
 * What the machine's network is: interfaces, addresses, routes, who listens, how addresses are
 * translated, which programs pass connections on, and whether all of this is a container's. From
 * these arrival.h judges by which address strangers reach a mail server, and kinds.h who asks it.
 *
 * Parsers take texts as the kernel or a tool wrote them and append to struct facts; they open
 * nothing. facts_look() gathers the texts. Hostile input: all of them, as names of interfaces,
 * chains and programs, command lines and comments of rules are other people's, and an audited
 * image may hold any. What is not understood becomes a row of `unread`, never an abort; what is
 * above a limit is ERR_LIMIT, with what was read before.
 *
 * Strings and arrays live in the arena that the facts were begun with.
 */
#ifndef PORTREEVE_AUDIT_FACTS_H
#define PORTREEVE_AUDIT_FACTS_H

#include "audit/setting.h"
#include "base/arena.h"
#include "base/ip.h"

enum {
	FACTS_TEXT_MAX_BYTES = 16 << 20, /* of one input */
	FACTS_INTERFACES_MAX = 4096, FACTS_ADDRESSES_MAX = 4096 /* of all interfaces */,
	FACTS_ROUTES_MAX = 20000, FACTS_LISTENERS_MAX = 20000, FACTS_CHAINS_MAX = 8192,
	FACTS_RULES_MAX = 50000, FACTS_VALUES_MAX = 4096 /* of one match */,
	FACTS_ALL_VALUES_MAX = 300000, FACTS_PROXIES_MAX = 4096, FACTS_UNREAD_MAX = 200,
};

enum facts_kind {
	FACTS_LOOPBACK, FACTS_ETHERNET, FACTS_BRIDGE, FACTS_CONTAINER_END /* of a veth pair */,
	FACTS_TUNNEL, FACTS_DUMMY, FACTS_OTHER,
};

struct facts_address {
	struct ip ip;
	uint8_t len;                     /* of its network */
};

struct facts_interface {
	const char *name;
	const char *master;              /* the bridge it is a port of; NULL: none */
	enum facts_kind kind;
	bool up;
	struct facts_address *addresses;
	size_t address_n;
};

struct facts_route {
	struct prefix to;
	struct ip via;                   /* family 0: on the link */
	const char *interface;
	uint32_t metric;
};

struct facts_listener {
	struct endpoint at;              /* :: stands for both families (net.ipv6.bindv6only=0) */
	uint64_t inode;
	unsigned pid;                    /* 0: not known */
	const char *program;             /* ""; as /proc/PID/comm says */
	bool elsewhere;                  /* it has another root than we: a container's */
	/* Of a mail server of this machine the options by which it runs, as daemon_text() has them;
	 * NULL: they are not known. */
	const char *started;
	const char *other_program;       /* it is not the one that is installed: its file; NULL */
};

/* ---- translation of addresses ---- */

enum facts_hook { FACTS_NO_HOOK, FACTS_PREROUTING, FACTS_INPUT, FACTS_OUTPUT, FACTS_POSTROUTING };
enum facts_field {
	FACTS_IN, FACTS_OUT,             /* names; a "*" at the end stands for any rest */
	FACTS_FROM, FACTS_TO,            /* spans of addresses */
	FACTS_PORT, FACTS_PROTOCOL,      /* spans of numbers; tcp is 6 */
	FACTS_MARK,                      /* one span: low the value, high the mask */
	FACTS_TO_LOCAL,                  /* for an address of this machine */
	FACTS_UNKNOWN,                   /* a condition that we don't understand: may hold or not */
};

struct facts_span {
	struct ip first, last;           /* of the same family; or: */
	uint32_t low, high;
};

struct facts_match {
	enum facts_field field;
	bool negated;
	const char **names;
	struct facts_span *spans;
	size_t n;                        /* of names or spans: one of them must hold */
};

enum facts_action {
	FACTS_NOTHING, FACTS_ACCEPT, FACTS_RETURN, FACTS_JUMP, FACTS_GOTO, FACTS_SET_MARK,
	FACTS_MASQUERADE, FACTS_SNAT, FACTS_DNAT, FACTS_REDIRECT,
	FACTS_TPROXY,                    /* to a socket here, if that takes such connections */
};

struct facts_rule {
	enum facts_action action;
	struct facts_match *matches;     /* all must hold */
	size_t match_n;
	const char *target;              /* of FACTS_JUMP, FACTS_GOTO */
	struct endpoint to;              /* of all five; family 0, port 0: as it was */
	bool to_others;                  /* to more addresses, or to one that is not understood */
	uint32_t mark, mark_mask;        /* mark = (mark & ~mask) ^ value */
	const char *text;                /* the rule as its tool shows it */
};

struct facts_chain {
	const char *source;              /* "nft", "iptables", "ip6tables-legacy" */
	const char *table, *name;
	uint8_t family;                  /* 4, 6; 0: both */
	enum facts_hook hook;
	int priority;                    /* lower ones come first */
	struct facts_rule *rules;
	size_t rule_n;
};

/* ---- programs that pass connections on ---- */

enum facts_proxy_kind {
	FACTS_DOCKER_PROXY, FACTS_ROOTLESSKIT, FACTS_ROOTLESSPORT /* of Podman */,
	FACTS_SLIRP4NETNS, FACTS_PASTA, FACTS_SOCAT, FACTS_HAPROXY, FACTS_SOCKET_PROXYD,
	FACTS_KLIPPER, FACTS_FORKPROXY   /* of LXD, Incus */,
};

struct facts_proxy {
	enum facts_proxy_kind kind;
	unsigned pid;
	const char *program;             /* its name for people: "docker-proxy" */
	struct endpoint from, to;        /* family 0, port 0: not on its command line */
	uint16_t ports;                  /* how many ports in a row, from 1 on */
	bool keeps_source;               /* the server sees the client's own address */
	const char *text;                /* the command line */
};

/* ---- containers ---- */

enum facts_container {
	FACTS_NO_CONTAINER, FACTS_DOCKER, FACTS_PODMAN, FACTS_LXC, FACTS_KUBERNETES, FACTS_NSPAWN,
	FACTS_SOME_CONTAINER             /* which kind is not known */,
};

struct facts {
	struct arena *arena;
	struct facts_interface *interfaces;
	struct facts_route *routes;      /* unicast ones of the main table */
	struct facts_listener *listeners;
	struct facts_chain *chains;
	struct facts_proxy *proxies;
	struct audit_unread *unread;
	size_t interface_n, route_n, listener_n, chain_n, rule_n, proxy_n, unread_n;
	const uint16_t *inner_ports;     /* of mail servers in other networks of this machine */
	size_t inner_port_n;
	bool inner_cut;                  /* there are more of them */
	enum facts_container container;  /* in which we are */
	const char *container_why;       /* the evidence; "" */
	size_t chain_last;               /* that was found last */
	bool has_xt;                     /* nft has rules that only iptables-save can show */
	size_t value_n, address_n;       /* of all matches, of all interfaces */
	bool cut;                        /* a limit was met, or a tool did not come to its end */
	uint64_t work;                   /* compared in searches, so that they stay bounded */
};

/* Empty facts. All that is added lives in `a`. */
void facts_begin(struct facts *f, struct arena *a);
const char *facts_kind_name(enum facts_kind kind);
const char *facts_container_name(enum facts_container container);

/* `nft -j list ruleset`. Only chains of type nat, filters in the hook prerouting (they may have
 * tproxy) and those that they jump to matter; others are kept without harm. ERR_INVALID: no JSON of
 * that form. ERR_LIMIT. */
int facts_parse_nft(struct facts *f, struct str json);
/* `iptables-save` (family 4), `ip6tables-save` (6): the tables nat and mangle (TPROXY). The kernel
 * can have the tables of iptables-legacy beside those of nft: they are another source.
 * ERR_LIMIT. */
int facts_parse_iptables(struct facts *f, unsigned family, struct str text);
int facts_parse_iptables_legacy(struct facts *f, unsigned family, struct str text);

/* /proc/net/route, /proc/net/ipv6_route. */
int facts_parse_route(struct facts *f, struct str text);
int facts_parse_ipv6_route(struct facts *f, struct str text);
/* /proc/net/tcp, /proc/net/tcp6: sockets that listen. */
int facts_parse_tcp(struct facts *f, unsigned family, struct str text);
/* /proc/net/if_inet6. Of IPv4 the kernel has no such file: facts_parse_fib_trie() takes addresses
 * from /proc/net/fib_trie; networks and interfaces from the routes read before. Where
 * getifaddrs() can be asked, facts_add_address() is better. */
int facts_parse_if_inet6(struct facts *f, struct str text);
int facts_parse_fib_trie(struct facts *f, struct str text);

/* The interface of that name, made if it is new; NULL above the limit or without a sound name.
 * The pointer holds until the next is made. */
struct facts_interface *facts_interface_of(struct facts *f, struct str name);
int facts_add_address(struct facts *f, struct str interface, const struct ip *ip, unsigned len);

/* What /sys/class/net/NAME says of an interface. */
struct facts_sys {
	const char *name;
	unsigned type;                   /* `type`: ARPHRD_*: 1 Ethernet, 772 loopback */
	uint32_t flags;                  /* `flags`: IFF_UP is 1 */
	const char *uevent;              /* `uevent`, for DEVTYPE=; "" */
	bool is_bridge;                  /* the directory `bridge` is there */
	bool is_virtual;                 /* its link goes to devices/virtual/ */
	bool is_tun;                     /* the file `tun_flags` is there */
	unsigned index, link;            /* `ifindex`, `iflink`: they differ at a veth's end */
	const char *master;              /* the last part of the link `master`; NULL: none */
};
int facts_add_sys(struct facts *f, const struct facts_sys *sys);

/* One process: `cmdline` and `environ` as in /proc/PID, NUL between words. Appends a row of
 * `proxies` for each port if it is one that passes connections on; true if so. */
bool facts_add_process(struct facts *f, unsigned pid, struct str cmdline, struct str environ_);
/* The process in whose network LXD's forkproxy of this command connects; 0: it is none. */
unsigned facts_forkproxy_target(struct str cmdline);
/* The process that has the socket; Postfix's master, or one that is no supervisor (1), is
 * preferred. A proxy whose
 * command line does not say where it listens gets that from here. */
void facts_add_holder(struct facts *f, uint64_t inode, unsigned pid, struct str comm);
void facts_settle_proxies(struct facts *f);

/* What tells a container from a machine; a text that could not be read is empty. */
struct facts_signs {
	bool dockerenv, containerenv;    /* /.dockerenv, /run/.containerenv are there */
	struct str cgroup, mountinfo;    /* /proc/1/cgroup, /proc/self/mountinfo */
	struct str environ1;             /* /proc/1/environ */
	struct str systemd;              /* /run/systemd/container */
	bool serviceaccount;             /* /var/run/secrets/kubernetes.io is there */
};
void facts_judge_container(struct facts *f, const struct facts_signs *signs);

/* ---- gathering; it blocks ---- */

/* Reads the kernel's files of this machine, and runs nft, iptables-save and ip6tables-save where
 * they are, each for at most `tool_ms`. What could not be read is in `unread`. ERR_LIMIT: something
 * was cut. */
int facts_look(struct facts *f, int tool_ms);

/* The same of another network, by a descriptor of its namespace: interfaces, routes, who listens,
 * and what the machine's own nft and iptables-save say there; no processes, nor whether it is a
 * container's. In a process of one thread. Also ERR_DENIED. */
int facts_look_into(struct facts *f, int network, int tool_ms);

/* ---- questions; pure ---- */

/* The interface that has this address; NULL. */
const struct facts_interface *facts_holder(const struct facts *f, const struct ip *ip);
bool facts_is_own(const struct facts *f, const struct ip *ip);
/* Where packets for `ip` go: the interface, and our own address that they would come from
 * (family 0: none there). NULL: no way. */
const struct facts_interface *facts_way(const struct facts *f, const struct ip *ip,
                                        struct ip *source);
/* The default gateway of a family; NULL: none. */
const struct facts_route *facts_gateway(const struct facts *f, unsigned family);
/* No private, shared, link-local, loopback, documentation or multicast address. */
bool facts_is_public(const struct ip *ip);

/* Of a private or shared network: what a router translates. */
bool facts_is_private(const struct ip *ip);
/* 25, 465, 587, 2525. */
bool facts_is_for_mail(unsigned port);
/* Whether somebody who listens there, at so many ports in a row, takes what is sent `at`. */
bool facts_listens_at(const struct endpoint *listener, unsigned ports, const struct endpoint *at);

/* A first packet of a connection, on its way through the chains of a hook. */
struct facts_packet {
	struct endpoint from, to;
	const char *in, *out;            /* ""; names of interfaces */
	uint32_t mark;
};
enum { FACTS_OTHERS_MAX = 8 };
struct facts_verdict {
	const struct facts_chain *chain;
	const struct facts_rule *rule;   /* NULL: nothing translates it */
	bool certain;                    /* no condition that we don't understand was on the way */
	/* If not certain: rules behind it that may do it instead; more of them than there is room
	 * for are left out, and counted. */
	const struct facts_rule *others[FACTS_OTHERS_MAX];
	size_t other_n;
};
/* The rule that translates the packet there, with its marks changed on the way. ERR_LIMIT: the
 * chains go in circles, or too far. */
int facts_walk(const struct facts *f, enum facts_hook hook, struct facts_packet *packet,
               struct facts_verdict *verdict);

#endif
