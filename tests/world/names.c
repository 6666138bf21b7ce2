/* SPDX-License-Identifier: ISC
 *
 * The names of the world: what its name servers would answer.
 */
#include "names.h"

#include "host.h"

#include <stdio.h>

enum { TTL_S = 300, SLOW_NAME_MS = 9000 };

const struct endpoint names_collector = { { 4, { 45, 9, 0, 25 } }, 25 };
const struct ip names_tester = { 4, { 45, 9, 0, 7 } };

void names_host(unsigned n, char name[static 64], char domain[static 64])
{
	snprintf(domain, 64, "host%u.example", n);
	snprintf(name, 64, "mail.host%u.example", n);
}

static const struct host *host_named(struct str name)
{
	for (unsigned i = 0; i < host_n; i++)
		if (str_caseeq(name, str_of(hosts[i].name)) ||
		    str_caseeq(name, str_of(hosts[i].domain)))
			return &hosts[i];
	return NULL;
}

static const struct host *host_at(struct str address)
{
	struct ip ip;
	return ip_parse(address, &ip, NULL) == ERR_OK ? host_of(&ip) : NULL;
}

static bool is_collector(struct str name)
{
	return str_caseeq(name, STR(NAMES_DOMAIN)) || str_caseeq(name, STR(NAMES_DOMAIN2));
}

int64_t names_delay_ms(struct str name)
{
	const struct host *h = host_at(name);
	return h && h->kind->slow_name ? SLOW_NAME_MS : 0;
}

static void found_ip(struct arena *a, struct dns_result *r, const struct ip *ip)
{
	struct ip *copy = arena_alloc(a, sizeof(*copy));
	*copy = *ip;
	r->status = DNS_FOUND;
	r->ttl_s = TTL_S;
	r->ips = copy;
	r->ip_count = 1;
}

static void found_mx(struct arena *a, struct dns_result *r, const char *name)
{
	struct dns_mx *mx = arena_alloc(a, sizeof(*mx));
	*mx = (struct dns_mx){ 10, arena_strdup(a, str_of(name)) };
	r->status = DNS_FOUND;
	r->ttl_s = TTL_S;
	r->mx = mx;
	r->mx_count = 1;
}

static void found_name(struct arena *a, struct dns_result *r, const char *name)
{
	const char **names = arena_alloc(a, sizeof(*names));
	names[0] = arena_strdup(a, str_of(name));
	r->status = DNS_FOUND;
	r->ttl_s = TTL_S;
	r->names = names;
	r->name_count = 1;
}

void names_answer(enum names_type type, struct arena *a, struct dns_result *r)
{
	const struct host *h = type == NAMES_PTR ? host_at(r->name) : host_named(r->name);
	r->status = h || is_collector(r->name) ? DNS_NODATA : DNS_NXDOMAIN;
	if (type == NAMES_PTR && h)
		found_name(a, r, h->name);
	else if (type == NAMES_IPS && h)
		found_ip(a, r, &h->at.ip);
	else if (type == NAMES_IPS && is_collector(r->name))
		found_ip(a, r, &names_collector.ip);
	else if (type == NAMES_MX && h && str_caseeq(r->name, str_of(h->domain)))
		found_mx(a, r, h->name);
}
