/* SPDX-License-Identifier: ISC
 *
 * Whether mail for the collector's domains finds the collector: their MX, or without one
 * their own addresses (RFC 5321 section 5.1). Asked once. What is wrong is a remark and no
 * more: a closed network may route this mail in another way.
 *
 * Hostile input: names and addresses in answers of name servers.
 */
#include "relaytest/tester-private.h"

#include "base/mem.h"

#include <stdlib.h>

enum { HOSTS_MAX = 4 };

struct reach_mx {
	struct tester *tester;
	struct dns_query *query;
	unsigned domain;                     /* which one is asked for; 2: all done */
	char hosts[HOSTS_MAX][256];          /* its MX, or itself */
	size_t host_count, host;
	bool has_mx;
};

static const char *mx_domain(const struct reach_mx *m)
{
	const struct tester_config *c = m->tester->setup.config;
	return m->domain == 0 ? c->domain : c->domain2;
}

static void remark(struct reach_mx *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void remark(struct reach_mx *m, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_printf(&text, "mail for %s: ", mx_domain(m));
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	tester_remark(m->tester, "collector-mx", buf_cstr(&text));
	buf_fini(&text);
}

static void next_domain(struct reach_mx *m);

static bool is_collector(const struct reach_mx *m, const struct ip *ip)
{
	const struct config_endpoints *all = &m->tester->setup.config->collector;
	for (size_t i = 0; i < all->n; i++)
		if (ip_eq(&all->v[i].ip, ip))
			return true;
	return false;
}

static void leads_elsewhere(struct reach_mx *m)
{
	const struct config_endpoints *all = &m->tester->setup.config->collector;
	struct buf host = { 0 };
	char address[IP_TEXT_MAX] = "the collector";
	if (all->n)
		ip_format(&all->v[0].ip, address);
	buf_add_escaped(&host, str_of(m->hosts[0]));
	remark(m, m->has_mx ? "its MX, %s, does not lead to %s, the collector"
	                    : "no MX, and %s does not lead to %s, the collector",
	       buf_cstr(&host), address);
	buf_fini(&host);
}

static void on_ips(void *arg, const struct dns_result *result);

static void ask_host(struct reach_mx *m)
{
	m->query = dns_resolve_ips(m->tester->setup.resolver, str_of(m->hosts[m->host]), on_ips,
	                           m);
}

static void on_ips(void *arg, const struct dns_result *result)
{
	struct reach_mx *m = arg;
	m->query = NULL;
	for (size_t i = 0; i < result->ip_count; i++) {
		if (!is_collector(m, &result->ips[i]))
			continue;
		next_domain(m);
		return;
	}
	if (++m->host < m->host_count) {
		ask_host(m);
		return;
	}
	leads_elsewhere(m);
	next_domain(m);
}

static void mx_came(void *arg, const struct dns_result *result)
{
	struct reach_mx *m = arg;
	m->query = NULL;
	if (!dns_status_final(result->status)) {
		remark(m, "its MX could not be looked up (%s)", dns_status_name(result->status));
		next_domain(m);
		return;
	}
	m->host = m->host_count = 0;
	m->has_mx = result->mx_count > 0;
	for (size_t i = 0; i < result->mx_count && m->host_count < HOSTS_MAX; i++)
		if (str_copy(m->hosts[m->host_count], sizeof(m->hosts[0]),
		             str_of(result->mx[i].host)))
			m->host_count++;
	if (!m->has_mx && str_copy(m->hosts[0], sizeof(m->hosts[0]), str_of(mx_domain(m))))
		m->host_count = 1;
	if (m->host_count) {
		ask_host(m);
	} else {
		leads_elsewhere(m);
		next_domain(m);
	}
}

static void ask_domain(struct reach_mx *m)
{
	m->query = dns_resolve_mx(m->tester->setup.resolver, str_of(mx_domain(m)), mx_came, m);
}

static void next_domain(struct reach_mx *m)
{
	if (++m->domain < 2)
		ask_domain(m);
}

struct reach_mx *reach_mx_create(struct tester *t)
{
	struct reach_mx *m = mem_zalloc(sizeof(*m));
	m->tester = t;
	ask_domain(m);
	return m;
}

void reach_mx_destroy(struct reach_mx *m)
{
	if (!m)
		return;
	dns_query_cancel(m->query);
	free(m);
}
