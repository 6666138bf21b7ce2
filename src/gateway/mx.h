/* SPDX-License-Identifier: ISC
 *
 * Where mail for a domain of somebody else's goes: its mail exchangers, and their addresses (RFC
 * 5321 5.1). The judgement is a pure function over what DNS said; the asking is a thin shell.
 *
 *   the order      by preference; equals in random order; no MX: the domain's own addresses. At
 *                  most GATEWAY_MX_HOSTS hosts, of each at most GATEWAY_MX_ADDRESSES.
 *   no mail        a null MX (RFC 7505 3): 5.1.10; no such name: 5.1.2; neither MX nor address:
 *                  5.4.4. Failed at once. DNS that does not answer: put off, 4.4.3.
 *   ourselves      If we are among the hosts, by name or address, only those with a better
 *                  preference count; none: 5.4.6.
 *   never          an address that is no public one (store/fuse.h has the ranges): a stranger's
 *                  DNS could lead us to a service of this machine or network, which takes what we
 *                  say for an insider's word. A transport (route.h) names such hosts.
 *                  Documentation addresses (RFC 5737, RFC 3849) are no such service: on the
 *                  Internet they lead nowhere, and laboratories are made of them.
 *   a laboratory   is a configuration whose remote_port is not 25, by which no mail reaches the
 *                  Internet: there loopback addresses are as good as others. Private ones are
 *                  not, nor our own beside those.
 *
 * Hostile input: any records of strangers' domains.
 */
#ifndef PORTREEVE_GATEWAY_MX_H
#define PORTREEVE_GATEWAY_MX_H

#include "dns/resolver.h"
#include "gateway/queue.h"

enum {
	GATEWAY_MX_HOSTS = 5, GATEWAY_MX_ADDRESSES = 4,
	GATEWAY_MX_PLACES = GATEWAY_MX_HOSTS * GATEWAY_MX_ADDRESSES,
	GATEWAY_MX_NAME_MAX = 256, GATEWAY_MX_WHY_MAX = 400,
	GATEWAY_MX_KEPT_S = 300,      /* an answer counts no longer, whatever its TTL */
};

/* ---- pure ---------------------------------------------------------------------------------- */

struct gateway_mx_host {
	char name[GATEWAY_MX_NAME_MAX];
	uint16_t preference;
	enum dns_status status;       /* of its addresses */
	struct ip ips[GATEWAY_MX_ADDRESSES];
	size_t ip_count;
};
struct gateway_mx_facts {
	char domain[GATEWAY_MX_NAME_MAX];
	bool has_mx;                  /* else hosts[0] is the domain itself */
	bool we_are_named;            /* one of its MX is our own name, with this preference */
	uint16_t our_preference;
	struct gateway_mx_host host[GATEWAY_MX_HOSTS];
	size_t host_count;
};
struct gateway_mx_self {
	const char *hostname;
	const struct ip *own;
	size_t own_count;
	bool laboratory;
};

/* An address to connect to, and the name of its host. */
struct gateway_mx_place {
	struct ip ip;
	char name[GATEWAY_MX_NAME_MAX];
};
struct gateway_mx_result {
	bool found;
	struct gateway_mx_place place[GATEWAY_MX_PLACES];    /* in the order to be tried */
	size_t place_count;
	uint32_t ttl_s;               /* how long it may be used */
	/* Not found: */
	enum gateway_fate fate;       /* DEFERRED, FAILED */
	char enhanced[12];
	char why[GATEWAY_MX_WHY_MAX];
};

/* What the answer to the question for MX says: true, ask for the addresses of facts->host; false,
 * *result has the end. `chance` gives any number at each call. */
bool gateway_mx_hosts(const struct gateway_mx_self *self, struct str domain,
                      const struct dns_result *mx, uint32_t (*chance)(void *arg), void *arg,
                      struct gateway_mx_facts *facts, struct gateway_mx_result *result);
/* The addresses of that host came. */
void gateway_mx_addresses(struct gateway_mx_facts *facts, size_t host,
                          const struct dns_result *ips);
/* All have come. */
void gateway_mx_judge(const struct gateway_mx_self *self, const struct gateway_mx_facts *facts,
                      struct gateway_mx_result *result);

/* ---- asking -------------------------------------------------------------------------------- */

struct gateway_mx;
/* Calls back once, from the loop, never from within. `self` is copied, but what it points at must
 * stay as it is meanwhile. */
struct gateway_mx *gateway_mx_ask(struct dns_resolver *resolver,
                                  const struct gateway_mx_self *self, struct str domain,
                                  void (*done)(void *arg, const struct gateway_mx_result *result),
                                  void *arg);
/* The addresses of a host that the configuration names: any of them is a place to connect to. */
struct gateway_mx *gateway_mx_ask_host(struct dns_resolver *resolver, struct str host,
                                       void (*done)(void *arg,
                                                    const struct gateway_mx_result *result),
                                       void *arg);
/* It will not call back. NULL is fine. */
void gateway_mx_cancel(struct gateway_mx *m);

#endif
